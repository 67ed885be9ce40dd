#include "freehold/codec/dag_json.hpp"

#include <algorithm>
#include <cmath>

#include "freehold/base/limits.hpp"
#include "freehold/base/multibase.hpp"
#include "freehold/base/utf8.hpp"
#include "freehold/codec/number.hpp"

namespace freehold {

namespace {

constexpr std::string_view lowest_digits = "18446744073709551616";  // of -2^64, one over 64 bits

/// Instead of std::sort, of which each use is 8 KB in the wasm.
void heap_sort(auto& items, auto is_before) {
  std::make_heap(items.begin(), items.end(), is_before);
  std::sort_heap(items.begin(), items.end(), is_before);
}

// --- writing ------------------------------------------------------------------------------------

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

// --- reading ------------------------------------------------------------------------------------

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

/// Recursive descent with a sticky failure: after it, nothing is left to read.
class Parser {
 public:
  explicit Parser(std::string_view text) noexcept : text_(text) {}

  Result<Value> parse() {
    Value value = read(0);
    skip_space();
    if (limit_ != nullptr) return fail(Errc::limit, limit_);
    if (failed_ || at_ != text_.size()) return fail(Errc::malformed, "not DAG-JSON");
    return value;
  }

 private:
  char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  char next() noexcept { return at_ < text_.size() ? text_[at_++] : '\0'; }
  Value refuse() noexcept {
    failed_ = true;
    at_ = text_.size();
    return {};
  }
  Value over(const char* limit) noexcept {
    limit_ = limit;
    return refuse();
  }
  void skip_space() noexcept {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
  }
  bool take(char c) noexcept {
    skip_space();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view word) noexcept {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  Value read(int depth) {
    if (++values_ > limits::decoded_values_max) return over("decoded_values_max");
    if (depth > limits::cbor_depth_max) return over("cbor_depth_max");
    if (take('{')) return read_map(depth);
    if (take('[')) return read_list(depth);
    if (take('"')) return read_text();
    if (take(std::string_view("null"))) return nullptr;
    if (take(std::string_view("true"))) return true;
    if (take(std::string_view("false"))) return false;
    return read_number();
  }

  Value read_list(int depth) {
    List list;
    if (take(']')) return list;
    do list.push_back(read(depth + 1));
    while (take(','));
    return take(']') ? Value(std::move(list)) : refuse();
  }

  Value read_map(int depth) {
    std::vector<Map::Entry> entries;
    if (take('}')) return Map();
    do {
      if (!take('"')) return refuse();
      std::string key = read_text();
      if (!take(':')) return refuse();
      entries.emplace_back(std::move(key), read(depth + 1));
    } while (take(','));
    if (!take('}')) return refuse();
    return finish_map(std::move(entries));
  }

  Value finish_map(std::vector<Map::Entry> entries) {
    heap_sort(entries, [](const Map::Entry& a, const Map::Entry& b) {
      return map_key_order(a.first, b.first) < 0;
    });
    const auto repeated = std::adjacent_find(
        entries.begin(), entries.end(),
        [](const Map::Entry& a, const Map::Entry& b) { return a.first == b.first; });
    if (repeated != entries.end()) return refuse();
    if (entries.size() == 1 && entries[0].first == "/") return finish_special(entries[0].second);
    return Map::of_sorted(std::move(entries));
  }

  /// {"/": "<CID>"} or {"/": {"bytes": "<base64>"}}.
  Value finish_special(Value& inner) {
    if (const std::string* text = inner.as_text()) {
      auto cid = Cid::parse(*text);
      return cid ? Value(*std::move(cid)) : refuse();
    }
    const Value* base64 = inner.find("bytes");
    if (base64 != nullptr && inner.as_map()->size() == 1 && base64->as_text() != nullptr) {
      auto bytes = decode_base(Base::base64, *base64->as_text());
      return bytes ? Value(*std::move(bytes)) : refuse();
    }
    return Map{{"/", std::move(inner)}};
  }

  /// After the opening quote.
  std::string read_text() {
    std::string text;
    for (;;) {
      const std::size_t from = at_;
      while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
             static_cast<std::uint8_t>(text_[at_]) >= 0x20) {
        ++at_;
      }
      text.append(text_.substr(from, at_ - from));
      const char c = next();
      if (c == '"') break;
      if (c != '\\' || !read_escape(text)) {
        refuse();
        return {};
      }
    }
    if (!is_utf8(view_of(text))) refuse();
    return text;
  }

  bool read_escape(std::string& text) {
    const char c = next();
    if (c == 'u') return read_unicode_escape(text);
    static constexpr std::string_view letters = "\"\\/bfnrt";
    static constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    const std::size_t index = letters.find(c);
    if (index == letters.npos) return false;
    text += meanings[index];
    return true;
  }

  bool read_unicode_escape(std::string& text) {
    std::optional<std::uint32_t> unit = read_hex4();
    if (!unit) return false;
    std::uint32_t point = *unit;
    if (point >= 0xd800 && point < 0xdc00 && text_.substr(at_).starts_with("\\u")) {
      const std::size_t back = at_;
      at_ += 2;
      const std::optional<std::uint32_t> low = read_hex4();
      if (low && *low >= 0xdc00 && *low < 0xe000) {
        point = 0x10000 + ((point - 0xd800) << 10 | (*low - 0xdc00));
      } else {
        at_ = back;  // a lone surrogate: becomes U+FFFD, and what follows is read for itself
      }
    }
    write_utf8(text, point);
    return true;
  }

  std::optional<std::uint32_t> read_hex4() {
    const auto bytes = bytes_of_hex(text_.substr(std::min(at_, text_.size()), 4));
    if (!bytes || bytes->size() != 2) return std::nullopt;
    at_ += 4;
    return static_cast<std::uint32_t>((*bytes)[0]) << 8 | (*bytes)[1];
  }

  void skip_digits() noexcept {
    if (!is_digit(peek())) refuse();
    while (is_digit(peek())) ++at_;
  }

  Value read_number() {
    skip_space();
    const std::size_t from = at_;
    const bool negative = peek() == '-';
    if (negative) ++at_;
    const std::size_t first = at_;
    skip_digits();
    if (!failed_ && at_ - first > 1 && text_[first] == '0') return refuse();
    bool is_integer = true;
    if (peek() == '.') {
      is_integer = false;
      ++at_;
      skip_digits();
    }
    if (peek() == 'e' || peek() == 'E') {
      is_integer = false;
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      skip_digits();
    }
    if (failed_) return {};
    if (is_integer) {
      if (const auto number = integer_of(text_.substr(first, at_ - first), negative))
        return *number;
    }
    const auto real = double_of_text(text_.substr(from, at_ - from));
    return real ? Value(*real) : refuse();
  }

  /// Nothing if it is out of CBOR's range: then it is a double, as in JavaScript.
  static std::optional<Integer> integer_of(std::string_view digits, bool negative) noexcept {
    if (negative && digits == lowest_digits) return Integer{UINT64_MAX, true};
    std::uint64_t n = 0;
    for (const char c : digits) {
      const auto digit = static_cast<std::uint64_t>(c - '0');
      if (n > (UINT64_MAX - digit) / 10) return std::nullopt;
      n = n * 10 + digit;
    }
    if (!negative || n == 0) return Integer{n, false};
    return Integer{n - 1, true};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t values_ = 0;
  bool failed_ = false;
  const char* limit_ = nullptr;
};

}  // namespace

std::string encode_dag_json(const Value& value, KeyOrder order) {
  Writer writer(order);
  writer.write(value);
  return std::move(writer).take();
}

Result<Value> decode_dag_json(std::string_view text) {
  return Parser(text).parse();
}

}  // namespace freehold
