/// A value of the IPLD data model: what DAG-CBOR blocks hold, and tokens are made of.
#pragma once

#include <initializer_list>
#include <utility>
#include <variant>

#include "freehold/block/cid.hpp"

namespace freehold {

/// An integer from -2^64 to 2^64 - 1, as CBOR has them: `magnitude`, or -1 - `magnitude`.
struct Integer {
  std::uint64_t magnitude = 0;
  bool negative = false;

  bool operator==(const Integer&) const = default;
  /// The number, if it is in the range of the type.
  std::optional<std::int64_t> as_int64() const noexcept;
  std::optional<std::uint64_t> as_uint64() const noexcept;
};

class Value;
using List = std::vector<Value>;

/// String keys to values, kept in the order of DAG-CBOR: shorter keys first, then bytewise.
class Map {
 public:
  using Entry = std::pair<std::string, Value>;

  struct Field;  // for literals: no string is made where they stand

  Map() = default;
  Map(std::initializer_list<Field> fields);
  /// @pre `entries` ascend strictly by map_key_order.
  static Map of_sorted(std::vector<Entry> entries);

  /// The value under `key`, or null.
  const Value* find(std::string_view key) const noexcept;
  void set(std::string key, Value value);
  void erase(std::string_view key);
  std::size_t size() const noexcept;
  bool empty() const noexcept;
  const std::vector<Entry>& entries() const noexcept { return entries_; }
  auto begin() const noexcept { return entries_.begin(); }
  auto end() const noexcept { return entries_.end(); }
  friend bool operator==(const Map&, const Map&);

 private:
  std::vector<Entry> entries_;  // ascending by map_key_order
};

/// Negative if `left` comes before `right` in a canonical map.
int map_key_order(std::string_view left, std::string_view right) noexcept;

class Value {
 public:
  Value() = default;  // null
  Value(std::nullptr_t) {}
  Value(bool flag) : data_(flag) {}
  Value(int number) : Value(static_cast<std::int64_t>(number)) {}
  Value(std::int64_t number);
  Value(std::uint64_t number) : data_(Integer{number, false}) {}
  Value(Integer number) : data_(number) {}
  Value(double number) : data_(number) {}
  Value(Bytes bytes) : data_(std::move(bytes)) {}
  Value(ByteView bytes) : data_(copy_of(bytes)) {}
  Value(std::string text) : data_(std::move(text)) {}
  Value(std::string_view text) : data_(std::string(text)) {}
  Value(const char* text) : data_(std::string(text)) {}
  Value(Cid link) : data_(std::move(link)) {}
  Value(List list) : data_(std::move(list)) {}
  Value(Map map) : data_(std::move(map)) {}

  // Out of line: inlined, copying and destroying a variant is most of a small function.
  Value(const Value&);
  Value(Value&&) noexcept;
  Value& operator=(const Value&);
  Value& operator=(Value&&) noexcept;
  ~Value();

  bool is_null() const noexcept { return std::holds_alternative<std::monostate>(data_); }
  /// The value as the type asked for, or null if it is of another.
  const bool* as_bool() const noexcept { return std::get_if<bool>(&data_); }
  const Integer* as_integer() const noexcept { return std::get_if<Integer>(&data_); }
  const double* as_double() const noexcept { return std::get_if<double>(&data_); }
  const Bytes* as_bytes() const noexcept { return std::get_if<Bytes>(&data_); }
  const std::string* as_text() const noexcept { return std::get_if<std::string>(&data_); }
  const Cid* as_link() const noexcept { return std::get_if<Cid>(&data_); }
  const List* as_list() const noexcept { return std::get_if<List>(&data_); }
  const Map* as_map() const noexcept { return std::get_if<Map>(&data_); }

  /// The value at `key` if this is a map that has it, else null: chains stay short by it.
  const Value* find(std::string_view key) const noexcept;

  friend bool operator==(const Value&, const Value&);

 private:
  std::variant<std::monostate, bool, Integer, double, Bytes, std::string, Cid, List, Map> data_;
};

// Here, since they need to know how large a Value is.
struct Map::Field {
  std::string_view key;
  Value value;
};
inline std::size_t Map::size() const noexcept {
  return entries_.size();
}
inline bool Map::empty() const noexcept {
  return entries_.empty();
}

/// The number, if there is a value and it is an integer from 0 to 2^64 - 1: for fields of maps.
inline std::optional<std::uint64_t> uint_of(const Value* value) noexcept {
  if (value == nullptr || value->as_integer() == nullptr) return std::nullopt;
  return value->as_integer()->as_uint64();
}

}  // namespace freehold
