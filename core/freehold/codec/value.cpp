#include "freehold/codec/value.hpp"

#include <algorithm>

namespace freehold {

namespace {

constexpr std::uint64_t int64_max = (std::uint64_t{1} << 63) - 1;

}  // namespace

std::optional<std::int64_t> Integer::as_int64() const noexcept {
  if (magnitude > int64_max) return std::nullopt;
  const auto number = static_cast<std::int64_t>(magnitude);
  return negative ? -1 - number : number;
}

std::optional<std::uint64_t> Integer::as_uint64() const noexcept {
  if (negative) return std::nullopt;
  return magnitude;
}

Value::Value(std::int64_t number)
    : data_(Integer{static_cast<std::uint64_t>(number < 0 ? -1 - number : number), number < 0}) {}

Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value() = default;

const Value* Value::find(std::string_view key) const noexcept {
  const Map* map = as_map();
  return map != nullptr ? map->find(key) : nullptr;
}

bool operator==(const Value& left, const Value& right) {
  return left.data_ == right.data_;
}
bool operator==(const Map& left, const Map& right) {
  return left.entries_ == right.entries_;
}

int map_key_order(std::string_view left, std::string_view right) noexcept {
  if (left.size() != right.size()) return left.size() < right.size() ? -1 : 1;
  return left.empty() ? 0 : std::memcmp(left.data(), right.data(), left.size());
}

namespace {

auto place_of(auto& entries, std::string_view key) noexcept {
  return std::lower_bound(entries.begin(), entries.end(), key,
                          [](const Map::Entry& entry, std::string_view wanted) {
                            return map_key_order(entry.first, wanted) < 0;
                          });
}

}  // namespace

Map::Map(std::initializer_list<Field> fields) {
  entries_.reserve(fields.size());
  for (const Field& field : fields) set(std::string(field.key), field.value);
}

Map Map::of_sorted(std::vector<Entry> entries) {
  Map map;
  map.entries_ = std::move(entries);
  return map;
}

const Value* Map::find(std::string_view key) const noexcept {
  const auto place = place_of(entries_, key);
  return place != entries_.end() && place->first == key ? &place->second : nullptr;
}

void Map::set(std::string key, Value value) {
  const auto place = place_of(entries_, key);
  if (place != entries_.end() && place->first == key) {
    place->second = std::move(value);
  } else {
    entries_.emplace(place, std::move(key), std::move(value));
  }
}

void Map::erase(std::string_view key) {
  const auto place = place_of(entries_, key);
  if (place != entries_.end() && place->first == key) entries_.erase(place);
}

}  // namespace freehold
