#include "freehold/codec/dag_json.hpp"

#include <algorithm>
#include <cmath>

#include "freehold/base/heap_sort.hpp"
#include "freehold/base/limits.hpp"
#include "freehold/base/multibase.hpp"
#include "freehold/base/utf8.hpp"
#include "freehold/codec/number.hpp"

namespace freehold {

namespace {

/// The order of UTF-16 code units, of text in UTF-8. It differs from that of bytes in one place:
/// astral characters (lead bytes f0 to f4) have surrogates, which come before U+E000 to U+FFFF
/// (lead bytes ee and ef).
bool is_before_in_utf16(std::string_view left, std::string_view right) noexcept {
  const std::size_t shared = shared_prefix(view_of(left), view_of(right));
  if (shared == left.size() || shared == right.size()) return left.size() < right.size();
  const auto a = static_cast<std::uint8_t>(left[shared]);
  const auto b = static_cast<std::uint8_t>(right[shared]);
  if (a >= 0xee && b >= 0xee && (a >= 0xf0) != (b >= 0xf0)) return a > b;
  return a < b;
}

class Writer {
 public:
  explicit Writer(KeyOrder order) noexcept : order_(order) {}
  std::string take() && { return std::move(text_); }

  void write(const Value& value) {
    if (const auto* text = value.as_text()) {
      write_text(*text);
    } else if (const auto* number = value.as_integer()) {
      write_integer(*number);
    } else if (const auto* map = value.as_map()) {
      write_map(*map);
    } else if (const auto* list = value.as_list()) {
      write_list(*list);
    } else if (const auto* link = value.as_link()) {
      text_.append(R"({"/":")").append(link->text()).append(R"("})");
    } else if (const auto* bytes = value.as_bytes()) {
      text_.append(R"({"/":{"bytes":")").append(encode_base(Base::base64, *bytes)).append(R"("}})");
    } else if (const auto* flag = value.as_bool()) {
      text_ += *flag ? "true" : "false";
    } else if (const auto* real = value.as_double()) {
      write_double(*real);
    } else {
      text_ += "null";
    }
  }

 private:
  void write_map(const Map& map) {
    std::vector<const Map::Entry*> entries;
    entries.reserve(map.size());
    for (const Map::Entry& entry : map) entries.push_back(&entry);
    if (order_ == KeyOrder::utf16) {
      heap_sort(entries, [](const Map::Entry* a, const Map::Entry* b) {
        return is_before_in_utf16(a->first, b->first);
      });
    }
    text_ += '{';
    for (const Map::Entry* entry : entries) {
      if (entry != entries.front()) text_ += ',';
      write_text(entry->first);
      text_ += ':';
      write(entry->second);
    }
    text_ += '}';
  }

  void write_list(const List& list) {
    text_ += '[';
    for (const Value& item : list) {
      if (&item != &list.front()) text_ += ',';
      write(item);
    }
    text_ += ']';
  }

  void write_text(std::string_view text) {
    static constexpr char digits[] = "0123456789abcdef";
    text_ += '"';
    for (const char c : text) {
      const auto byte = static_cast<std::uint8_t>(c);
      if (c == '"' || c == '\\') {
        (text_ += '\\') += c;
      } else if (byte >= 0x20) {
        text_ += c;
      } else if (const char letter = escape_of(c)) {
        (text_ += '\\') += letter;
      } else {
        ((text_ += "\\u00") += digits[byte >> 4]) += digits[byte & 15];
      }
    }
    text_ += '"';
  }

  static char escape_of(char c) noexcept {
    switch (c) {
      case '\b': return 'b';
      case '\f': return 'f';
      case '\n': return 'n';
      case '\r': return 'r';
      case '\t': return 't';
      default: return 0;
    }
  }

  void write_integer(const Integer& number) {
    if (!number.negative) {
      text_ += std::to_string(number.magnitude);
    } else if (number.magnitude == UINT64_MAX) {
      (text_ += '-') += lowest_digits;
    } else {
      (text_ += '-') += std::to_string(number.magnitude + 1);
    }
  }

  void write_double(double number) {
    const std::string text = text_of_double(number);
    text_ += text;
    const bool is_safe_integer = std::abs(number) <= static_cast<double>(limits::integer_safe_max);
    if (!is_safe_integer && text.find_first_of(".e") == text.npos) text_ += ".0";
  }

  KeyOrder order_;
  std::string text_;
};

}  // namespace

std::string encode_dag_json(const Value& value, KeyOrder order) {
  Writer writer(order);
  writer.write(value);
  return std::move(writer).take();
}

}  // namespace freehold
