#include "freehold/codec/cbor.hpp"

#include <bit>
#include <cassert>
#include <cmath>

#include "freehold/base/limits.hpp"
#include "freehold/base/utf8.hpp"
#include "freehold/codec/cbor_reader.hpp"

namespace freehold {

namespace {

constexpr std::uint64_t link_tag = 42;
constexpr std::uint64_t int64_max = (std::uint64_t{1} << 63) - 1;

/// Whether the reference writes `number` as an integer: it cannot tell the two apart (-0 neither).
bool is_written_as_integer(double number) noexcept {
  constexpr auto max = static_cast<double>(limits::integer_safe_max);
  return number >= -max && number <= max && std::trunc(number) == number;
}

}  // namespace

// --- reading, item by item ----------------------------------------------------------------------

CborHead CborReader::head() noexcept {
  const std::uint8_t first = byte();
  CborHead head{static_cast<CborMajor>(first >> 5), static_cast<std::uint8_t>(first & 31), 0};
  head.n = head.info;
  if (head.major == CborMajor::simple) {
    if (head.info == cbor_info::is_float64) {
      head.n = big_endian(8);
    } else if (head.info < cbor_info::is_false || head.info > cbor_info::is_null) {
      fail();
    }
  } else if (head.info >= 24) {
    static constexpr std::uint64_t least[] = {24, 0x100, 0x10000, 0x1'0000'0000};
    if (head.info > 27) {
      fail();  // reserved, or of indefinite length
      return head;
    }
    head.n = big_endian(std::size_t{1} << (head.info - 24));
    if (head.n < least[head.info - 24]) fail();
  }
  return head;
}

std::string_view CborReader::text(std::uint64_t n) noexcept {
  const ByteView bytes = take(n);
  const std::string_view text = text_of(bytes);
  // The JavaScript reader drops a byte order mark, so that the text would not survive it.
  if (!is_utf8(bytes) || text.starts_with("\xef\xbb\xbf")) {
    fail();
    return {};
  }
  return text;
}

std::string_view CborReader::key(std::uint64_t n) noexcept {
  const std::string_view key = text(n);
  if (key == "__proto__") fail();
  return key;
}

double CborReader::float64(std::uint64_t bits) noexcept {
  const auto number = std::bit_cast<double>(bits);
  if (!std::isfinite(number) || is_written_as_integer(number)) fail();
  return number;
}

ByteView CborReader::link(std::uint64_t tag) noexcept {
  const CborHead inner = head();
  const ByteView bytes = take(inner.major == CborMajor::bytes ? inner.n : 0);
  if (tag != link_tag || bytes.empty() || bytes[0] != 0) {
    fail();
    return {};
  }
  return bytes.subspan(1);
}

std::uint64_t CborReader::expect(CborMajor major) noexcept {
  const CborHead next = head();
  if (next.major != major) fail();
  return ok() ? next.n : 0;
}

// --- walking a whole value ----------------------------------------------------------------------

namespace {

/// Goes over one value and everything in it. `Visitor` may look at integers and links.
/// Recursion ends at the visitor's depth_max, and takes less than 200 bytes of stack a level.
template <class Visitor>
void walk(CborReader& reader, Visitor& visitor, int depth) {
  const CborHead head = reader.head();
  switch (head.major) {
    case CborMajor::uint:
    case CborMajor::negative: visitor.integer(reader, head.n); return;
    case CborMajor::bytes: reader.bytes(head.n); return;
    case CborMajor::text: reader.text(head.n); return;
    case CborMajor::tag: visitor.link(reader, reader.link(head.n)); return;
    case CborMajor::simple:
      if (head.info == cbor_info::is_float64) reader.float64(head.n);
      return;
    case CborMajor::list:
    case CborMajor::map: break;
  }
  if (depth == Visitor::depth_max) {
    reader.fail();
    return;
  }
  const bool is_map = head.major == CborMajor::map;
  std::string_view before;
  for (std::uint64_t i = 0; i < head.n && reader.ok(); ++i) {
    if (is_map) {
      const std::string_view key = reader.key(reader.expect(CborMajor::text));
      if (i > 0 && map_key_order(before, key) >= 0) reader.fail();
      before = key;
    }
    walk(reader, visitor, depth + 1);
  }
}

struct ValueChecker {
  static constexpr int depth_max = limits::cbor_depth_max;
  void integer(CborReader& reader, std::uint64_t n) noexcept {
    if (n > int64_max) reader.fail();
  }
  void link(CborReader& reader, ByteView bytes) noexcept {
    if (!Cid::is_valid(bytes)) reader.fail();
  }
};

struct LinkCollector {
  static constexpr int depth_max = limits::cbor_block_depth_max;
  std::vector<Cid> links;
  void integer(CborReader&, std::uint64_t) noexcept {}
  void link(CborReader& reader, ByteView bytes) {
    if (auto cid = Cid::decode(bytes)) {
      links.push_back(*std::move(cid));
    } else {
      reader.fail();
    }
  }
};

}  // namespace

Result<> check_value(ByteView bytes) {
  CborReader reader(bytes);
  ValueChecker checker;
  walk(reader, checker, 0);
  if (!reader.ok() || !reader.is_done()) return fail(Errc::invalid_value, "not canonical DAG-CBOR");
  return {};
}

Result<std::vector<Cid>> links_of_cbor(ByteView bytes) {
  CborReader reader(bytes);
  LinkCollector collector;
  walk(reader, collector, 0);
  if (!reader.ok() || !reader.is_done()) return fail(Errc::malformed, "not canonical DAG-CBOR");
  return std::move(collector.links);
}

// --- decoding -----------------------------------------------------------------------------------

namespace {

class Decoder {
 public:
  explicit Decoder(ByteView bytes) noexcept : reader_(bytes) {}

  Result<Value> decode() {
    Value value = read(0);
    if (limit_ != nullptr) return fail(Errc::limit, limit_);
    if (!reader_.ok()) return fail(Errc::malformed, "not canonical DAG-CBOR");
    if (!reader_.is_done()) return fail(Errc::malformed, "bytes after the value");
    return value;
  }

 private:
  Value read(int depth) {
    if (++values_ > limits::decoded_values_max) return over("decoded_values_max");
    const CborHead head = reader_.head();
    switch (head.major) {
      case CborMajor::uint: return Integer{head.n, false};
      case CborMajor::negative: return Integer{head.n, true};
      case CborMajor::bytes: return reader_.bytes(head.n);
      case CborMajor::text: return reader_.text(head.n);
      case CborMajor::list: return read_list(head.n, depth);
      case CborMajor::map: return read_map(head.n, depth);
      case CborMajor::tag: return read_link(head.n);
      case CborMajor::simple: break;
    }
    if (head.info == cbor_info::is_float64) return reader_.float64(head.n);
    if (head.info == cbor_info::is_null) return nullptr;
    return head.info == cbor_info::is_true;
  }

  Value read_list(std::uint64_t n, int depth) {
    if (depth == limits::cbor_block_depth_max) return over("cbor_block_depth_max");
    List list;
    list.reserve(reserve_of(n));
    for (std::uint64_t i = 0; i < n && reader_.ok(); ++i) list.push_back(read(depth + 1));
    return list;
  }

  Value read_map(std::uint64_t n, int depth) {
    if (depth == limits::cbor_block_depth_max) return over("cbor_block_depth_max");
    std::vector<Map::Entry> entries;
    entries.reserve(reserve_of(n));
    std::string_view before;
    for (std::uint64_t i = 0; i < n && reader_.ok(); ++i) {
      const std::string_view key = reader_.key(reader_.expect(CborMajor::text));
      if (i > 0 && map_key_order(before, key) >= 0) reader_.fail();
      before = key;
      entries.emplace_back(std::string(key), read(depth + 1));
    }
    return Map::of_sorted(std::move(entries));
  }

  Value read_link(std::uint64_t tag) {
    auto cid = Cid::decode(reader_.link(tag));
    if (cid) return *std::move(cid);
    reader_.fail();
    return {};
  }

  /// A count from outside: believed as far as a small block goes, or the bytes that are left.
  std::size_t reserve_of(std::uint64_t n) const noexcept {
    return static_cast<std::size_t>(std::min<std::uint64_t>({n, reader_.left(), 64}));
  }

  Value over(const char* limit) {
    limit_ = limit;
    reader_.fail();
    return {};
  }

  CborReader reader_;
  std::size_t values_ = 0;
  const char* limit_ = nullptr;  // the bound that was overstepped, if one was
};

}  // namespace

Result<Value> decode_cbor(ByteView bytes) {
  return Decoder(bytes).decode();
}

// --- encoding -----------------------------------------------------------------------------------

void write_cbor_head(Bytes& to, CborMajor major, std::uint64_t n) {
  const auto kind = static_cast<std::uint8_t>(static_cast<int>(major) << 5);
  std::uint8_t head[9];
  const std::size_t size = cbor_head_size(n);
  if (size == 1) {
    head[0] = static_cast<std::uint8_t>(kind | n);
  } else {
    // 24, 25, 26, 27 for the 1, 2, 4 and 8 bytes that follow
    head[0] = static_cast<std::uint8_t>(kind | (24 + std::bit_width(size - 1) - 1));
    for (std::size_t i = size - 1; i > 0; --i, n >>= 8) head[i] = static_cast<std::uint8_t>(n);
  }
  to.insert(to.end(), head, head + size);
}

void write_cbor_bytes(Bytes& to, ByteView bytes) {
  write_cbor_head(to, CborMajor::bytes, bytes.size());
  append(to, bytes);
}

void write_cbor_text(Bytes& to, std::string_view text) {
  write_cbor_head(to, CborMajor::text, text.size());
  append(to, view_of(text));
}

void write_cbor_link(Bytes& to, const Cid& cid) {
  assert(!cid.is_null());
  write_cbor_head(to, CborMajor::tag, link_tag);
  write_cbor_head(to, CborMajor::bytes, cid.bytes().size() + 1);
  to.push_back(0);
  append(to, cid.bytes());
}

namespace {

void write_simple(Bytes& to, std::uint8_t info) {
  to.push_back(0xe0 | info);
}

void write_integer(Bytes& to, const Integer& number) {
  write_cbor_head(to, number.negative ? CborMajor::negative : CborMajor::uint, number.magnitude);
}

void write_double(Bytes& to, double number) {
  assert(std::isfinite(number));
  if (is_written_as_integer(number)) {
    write_integer(to, *Value(static_cast<std::int64_t>(number)).as_integer());
    return;
  }
  write_simple(to, cbor_info::is_float64);
  const auto bits = std::bit_cast<std::uint64_t>(number);
  for (int shift = 56; shift >= 0; shift -= 8)
    to.push_back(static_cast<std::uint8_t>(bits >> shift));
}

/// Values come from our own code or from a decoder, so their depth is bounded.
void write_value(Bytes& to, const Value& value) {
  if (const auto* text = value.as_text()) {
    write_cbor_text(to, *text);
  } else if (const auto* number = value.as_integer()) {
    write_integer(to, *number);
  } else if (const auto* map = value.as_map()) {
    write_cbor_head(to, CborMajor::map, map->size());
    for (const auto& [key, item] : *map) {
      write_cbor_text(to, key);
      write_value(to, item);
    }
  } else if (const auto* list = value.as_list()) {
    write_cbor_head(to, CborMajor::list, list->size());
    for (const Value& item : *list) write_value(to, item);
  } else if (const auto* link = value.as_link()) {
    write_cbor_link(to, *link);
  } else if (const auto* bytes = value.as_bytes()) {
    write_cbor_bytes(to, *bytes);
  } else if (const auto* flag = value.as_bool()) {
    write_simple(to, *flag ? cbor_info::is_true : cbor_info::is_false);
  } else if (const auto* real = value.as_double()) {
    write_double(to, *real);
  } else {
    write_simple(to, cbor_info::is_null);
  }
}

}  // namespace

Bytes encode_cbor(const Value& value) {
  Bytes bytes;
  bytes.reserve(256);  // most blocks grow no further than once
  write_value(bytes, value);
  return bytes;
}

}  // namespace freehold
