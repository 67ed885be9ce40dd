#include <cmath>

#include "freehold/base/heap_sort.hpp"
#include "freehold/base/limits.hpp"
#include "freehold/base/multibase.hpp"
#include "freehold/base/utf8.hpp"
#include "freehold/codec/dag_json.hpp"
#include "freehold/codec/number.hpp"

namespace freehold {

namespace {

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

Result<Value> decode_dag_json(std::string_view text) {
  return Parser(text).parse();
}

}  // namespace freehold
