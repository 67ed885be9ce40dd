#include "freehold/tree/node.hpp"

#include <bit>
#include <cassert>

#include "freehold/base/limits.hpp"
#include "freehold/codec/cbor.hpp"

namespace freehold {

namespace {

// d8 2a 58 25 00 | 01 71 12 20: tag 42, 37 bytes, the leading zero, CIDv1 dag-cbor sha2-256.
constexpr std::uint8_t link_head[] = {0xd8, 0x2a, 0x58, 0x25, 0x00, 0x01, 0x71, 0x12, 0x20};
constexpr std::size_t link_size = sizeof link_head + digest_size;

/// The head of an entry's list: how many elements it has.
constexpr std::uint8_t list_head(int level, bool is_linked) noexcept {
  return static_cast<std::uint8_t>(0x80 + (level > 0 ? 4 : is_linked ? 3 : 2));
}

// Writers into memory that has room; each gives the place behind what it wrote.
std::uint8_t* put(std::uint8_t* at, ByteView bytes) noexcept {
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}
std::uint8_t* put_head(std::uint8_t* at, CborMajor major, std::uint64_t n) noexcept {
  const std::size_t more = cbor_head_size(n) - 1;
  const std::uint8_t info = more == 0   ? static_cast<std::uint8_t>(n)
                            : more == 1 ? 24
                            : more == 2 ? 25
                            : more == 4 ? 26
                                        : 27;
  *at++ = static_cast<std::uint8_t>(static_cast<unsigned>(major) << 5 | info);
  for (std::size_t i = more; i-- > 0;) *at++ = static_cast<std::uint8_t>(n >> (8 * i));
  return at;
}
std::uint8_t* put_bytes(std::uint8_t* at, ByteView bytes) noexcept {
  return put(put_head(at, CborMajor::bytes, bytes.size()), bytes);
}

/// The first eight bytes as a number of the same order, with zeros behind a shorter suffix.
std::uint64_t head_of(ByteView suffix) noexcept {
  std::uint64_t head = 0;
  const std::size_t size = std::min<std::size_t>(suffix.size(), sizeof head);
  if (size == sizeof head) {
    std::memcpy(&head, suffix.data(), sizeof head);
    return std::endian::native == std::endian::little ? __builtin_bswap64(head) : head;
  }
  for (std::size_t i = 0; i < size; ++i) head |= std::uint64_t{suffix[i]} << (56 - 8 * i);
  return head;
}

void write_link(Bytes& to, const Digest& digest) {
  append(to, link_head);
  append(to, digest);
}

}  // namespace

/// Reads heads one after the other; after the first failure everything reads as zero.
class NodeReader {
 public:
  explicit NodeReader(ByteView bytes) noexcept
      : begin_(bytes.data()), at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool failed() const noexcept { return failed_; }
  std::uint32_t at() const noexcept { return static_cast<std::uint32_t>(at_ - begin_); }
  bool is_done() const noexcept { return at_ == end_; }

  std::uint64_t head(CborMajor want) noexcept {
    std::uint8_t major = 0;
    const std::uint64_t n = any_head(&major);
    if (major != static_cast<std::uint8_t>(want)) fail();
    return failed_ ? 0 : n;
  }

  ByteView bytes_item() noexcept { return take(head(CborMajor::bytes)); }

  /// Zero at the end, which begins no list.
  std::uint8_t byte() noexcept {
    if (at_ != end_) return *at_++;
    fail();
    return 0;
  }

  void skip_link() noexcept {
    if (left() < link_size || std::memcmp(at_, link_head, sizeof link_head) != 0) return fail();
    at_ += link_size;
  }

  /// Over one item, whatever it is. The number of open items stands for a stack.
  void skip_item() noexcept {
    std::uint64_t open = 1;
    while (open > 0 && !failed_) {
      --open;
      std::uint8_t major = 0;
      const std::uint64_t n = any_head(&major);
      switch (static_cast<CborMajor>(major)) {
        case CborMajor::bytes:
        case CborMajor::text: take(n); break;
        // Each item has at least a byte.
        case CborMajor::list: n <= left() ? void(open += n) : fail(); break;
        case CborMajor::map: n <= left() ? void(open += 2 * n) : fail(); break;
        case CborMajor::tag: open += 1; break;
        default: break;
      }
      if (open > left()) fail();
    }
  }

 private:
  std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  void fail() noexcept {
    failed_ = true;
    at_ = end_;
  }

  ByteView take(std::uint64_t size) noexcept {
    if (size > left()) {
      fail();
      return {};
    }
    const ByteView part(at_, static_cast<std::size_t>(size));
    at_ += size;
    return part;
  }

  std::uint64_t any_head(std::uint8_t* major) noexcept {
    if (at_ == end_) {
      fail();
      return 0;
    }
    const std::uint8_t first = *at_++;
    *major = first >> 5;
    const std::uint8_t info = first & 31;
    return info < 24 ? info : long_head(*major, info);
  }

  std::uint64_t long_head(std::uint8_t major, std::uint8_t info) noexcept {
    const std::size_t size = std::size_t{1} << (info & 3);
    if (info > 27 || left() < size) {
      fail();
      return 0;
    }
    std::uint64_t n = at_[0];
    for (std::size_t i = 1; i < size; ++i) n = n << 8 | at_[i];
    at_ += size;
    // A float's bits are no number; a number must not be longer than need be.
    const bool is_float = major == static_cast<std::uint8_t>(CborMajor::simple);
    if (!is_float && cbor_head_size(n) != 1 + size) fail();
    return n;
  }

  const std::uint8_t* begin_;
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  bool failed_ = false;
};

namespace {

// What follows the link in a payload; `decode` has seen that it is there.
std::uint64_t linked_bytes(ByteView payload) noexcept {
  return NodeReader(payload.subspan(link_size)).head(CborMajor::uint);
}
Weight child_weight(ByteView payload) noexcept {
  NodeReader reader(payload.subspan(link_size));
  const std::uint64_t count = reader.head(CborMajor::uint);
  return {count, reader.head(CborMajor::uint)};
}

}  // namespace

Result<Node> Node::decode(ByteView block) {
  Node node;
  FH_CHECK(decode(block, &node));
  return node;
}

Result<> Node::decode(ByteView block, Node* to) {
  // The smallest entry takes three bytes; positions are kept in 32 bits.
  if (block.size() > limits::message_bytes_max) return fail(Errc::limit, "node: block too large");
  // Decoding looks at a few bytes of every entry; it is waiting for memory that takes long.
  for (std::size_t at = 0; at < block.size(); at += 64) __builtin_prefetch(block.data() + at);
  NodeReader reader(block);
  to->block_ = block;
  to->items_.clear();
  if (reader.head(CborMajor::list) != 3) return fail(Errc::malformed, "node: not a list of three");
  const std::uint64_t level = reader.head(CborMajor::uint);
  if (level >= limits::height_max) return fail(Errc::limit, "node: level over height_max");
  to->level_ = static_cast<int>(level);
  to->prefix_ = reader.bytes_item();
  const std::uint64_t entries = reader.head(CborMajor::list);
  if (reader.failed() || entries > block.size() / 3) {
    return fail(Errc::malformed, "node: broken head");
  }
  to->items_.reserve(static_cast<std::size_t>(entries));
  FH_CHECK(to->decode_entries(reader, entries));
  if (reader.failed() || !reader.is_done()) return fail(Errc::malformed, "node: broken encoding");
  return {};
}

Result<> Node::decode_entries(NodeReader& reader, std::uint64_t count) {
  ByteView last;
  std::uint64_t last_head = 0;
  for (std::uint64_t i = 0; i < count && !reader.failed(); ++i) {
    const std::uint8_t list = reader.byte();
    const ByteView suffix = reader.bytes_item();
    if (prefix_.size() + suffix.size() > limits::key_bytes_max) {
      return fail(Errc::limit, "node: key longer than key_bytes_max");
    }
    const std::uint32_t payload_at = reader.at();
    const bool is_linked = level_ > 0 || list == list_head(0, true);
    if (is_linked) {
      reader.skip_link();
      reader.head(CborMajor::uint);
      if (level_ > 0) reader.head(CborMajor::uint);
    } else {
      reader.skip_item();
    }
    if (list != list_head(level_, is_linked)) {
      return fail(Errc::malformed, "node: entry of a wrong number of elements");
    }
    const std::uint64_t head = head_of(suffix);
    if (i > 0 && head <= last_head && !reader.failed() && compare(last, suffix) >= 0) {
      return fail(Errc::malformed, "node: keys do not ascend");
    }
    const std::uint32_t payload_size = reader.at() - payload_at;
    if (payload_size > limits::value_inline_bytes_max) {
      return fail(Errc::malformed, "node: inline value over value_inline_bytes_max");
    }
    Item item{};
    item.head = head;
    item.suffix_at = payload_at - static_cast<std::uint32_t>(suffix.size());
    item.payload_size = static_cast<std::uint16_t>(payload_size);
    item.suffix_size = suffix.size() & 0x7fff;
    item.is_linked = is_linked;
    items_.push_back(item);
    last = suffix;
    last_head = head;
  }
  return {};
}

Result<> Node::check() const {
  if (items_.empty()) {
    if (level_ == 0 && prefix_.empty()) return {};
    return fail(Errc::malformed, "node: no entries");
  }
  if (size() == 1 ? !suffix(0).empty() : shared_prefix(suffix(0), suffix(size() - 1)) != 0) {
    return fail(Errc::malformed, "node: prefix is not the longest");
  }
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < size(); ++i) {
    sum += entry_bytes(i);
    if (level_ > 0) {
      if (weight(i).count == 0) return fail(Errc::malformed, "node: empty child");
      continue;
    }
    if (prefix_.size() + items_[i].suffix_size == 0) return fail(Errc::invalid_key, "key: empty");
    if (items_[i].is_linked) {
      const std::uint64_t linked = value_bytes(i);
      if (linked <= limits::value_inline_bytes_max || linked > limits::value_bytes_max) {
        return fail(Errc::malformed, "node: linked value of a size that is never linked");
      }
      continue;
    }
    FH_CHECK(check_value(payload(i)));
  }
  if (size() > 1 && sum > limits::node_bytes_max) {
    return fail(Errc::malformed, "node: entries over node_bytes_max");
  }
  return {};
}

Bytes Node::key(std::size_t i) const {
  Bytes key;
  key.reserve(prefix_.size() + items_[i].suffix_size);
  append(key, prefix_);
  append(key, suffix(i));
  return key;
}

ByteView Node::key(std::size_t i, Bytes& to) const {
  to.assign(prefix_.begin(), prefix_.end());
  append(to, suffix(i));
  return to;
}

std::uint64_t Node::entries_bytes() const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < size(); ++i) sum += entry_bytes(i);
  return sum;
}

std::uint64_t Node::entry_bytes(std::size_t i) const noexcept {
  const std::size_t key_size = prefix_.size() + items_[i].suffix_size;
  return level_ > 0 ? internal_entry_bytes_of(key_size)
                    : leaf_entry_bytes(key_size, items_[i].payload_size);
}

Weight Node::weight(std::size_t i) const noexcept {
  if (level_ > 0) return child_weight(payload(i));
  return {1, entry_bytes(i) + (items_[i].is_linked ? linked_bytes(payload(i)) : 0)};
}

Digest Node::link(std::size_t i) const noexcept {
  assert(items_[i].is_linked);
  return link_of(payload(i));
}

std::uint64_t Node::value_bytes(std::size_t i) const noexcept {
  return items_[i].is_linked ? linked_bytes(payload(i)) : items_[i].payload_size;
}

int Node::compare_key(std::size_t i, ByteView key) const noexcept {
  const std::size_t shared = std::min(prefix_.size(), key.size());
  if (const int order = compare(prefix_.first(shared), key.first(shared)); order != 0) return order;
  if (shared < prefix_.size()) return 1;
  return compare(suffix(i), key.subspan(shared));
}

std::size_t Node::lower_bound(ByteView key, bool* is_there) const noexcept {
  if (is_there != nullptr) *is_there = false;
  const std::size_t shared = std::min(prefix_.size(), key.size());
  const int order = compare(prefix_.first(shared), key.first(shared));
  if (order < 0) return size();
  if (order > 0 || shared < prefix_.size()) return 0;
  const ByteView rest = key.subspan(shared);
  const std::uint64_t head = head_of(rest);
  std::size_t low = 0;
  std::size_t high = items_.size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    const std::uint64_t other = items_[middle].head;
    const int found = other == head ? compare(suffix(middle), rest) : other < head ? -1 : 1;
    if (found < 0) {
      low = middle + 1;
    } else {
      high = middle;
      if (found == 0 && is_there != nullptr) *is_there = true;
    }
  }
  return low;
}

std::size_t Node::child_of(ByteView key) const noexcept {
  bool is_there = false;
  const std::size_t at = lower_bound(key, &is_there);
  return is_there || at == 0 ? at : at - 1;
}

Weight Node::total() const noexcept {
  Weight sum;
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const Weight one = weight(i);
    sum.count += one.count;
    sum.bytes += one.bytes;
  }
  return sum;
}

Bytes Node::encode_with(std::span<const Replacement> entries, Node* as) const {
  std::size_t size = block_.size();
  for (const Replacement& entry : entries) size += entry.payload.size();
  Bytes block;
  block.reserve(size);
  if (as != nullptr) {
    as->level_ = level_;
    as->items_ = items_;
  }
  std::size_t copied = 0;
  std::uint32_t moved = 0;  // how much further behind the bytes are now; unsigned: goes round
  std::size_t item_at = 0;
  const auto move_items = [&](std::size_t end) {
    if (as == nullptr) return;
    for (; item_at < end; ++item_at) as->items_[item_at].suffix_at += moved;
  };
  for (const Replacement& entry : entries) {
    const Item& item = items_[entry.index];
    append(block, block_.subspan(copied, payload_at(item) - copied));
    // The head of the entry's list, one byte, lies before the head of its suffix.
    const std::size_t key_bytes = cbor_head_size(item.suffix_size) + item.suffix_size;
    block[block.size() - key_bytes - 1] = list_head(level_, entry.is_linked);
    append(block, entry.payload);
    copied = payload_at(item) + item.payload_size;
    move_items(entry.index + 1);
    moved = static_cast<std::uint32_t>(block.size() - copied);
    if (as == nullptr) continue;
    as->items_[entry.index].payload_size = static_cast<std::uint16_t>(entry.payload.size());
    as->items_[entry.index].is_linked = entry.is_linked;
  }
  append(block, block_.subspan(copied));
  move_items(items_.size());
  if (as != nullptr) {
    as->block_ = block;
    const auto prefix_at = static_cast<std::size_t>(prefix_.data() - block_.data());
    as->prefix_ = as->block_.subspan(prefix_at, prefix_.size());
  }
  return block;
}

std::uint64_t leaf_entry_bytes(std::size_t key_size, std::size_t payload_size) noexcept {
  return 1 + cbor_head_size(key_size) + key_size + payload_size;
}

std::uint64_t internal_entry_bytes_of(std::size_t key_size) noexcept {
  return key_size + limits::internal_entry_bytes;
}

Digest link_of(ByteView payload) noexcept {
  assert(payload.size() > link_size);
  Digest digest;
  std::memcpy(digest.data(), payload.data() + sizeof link_head, digest_size);
  return digest;
}

Bytes linked_payload(const Digest& link, std::uint64_t size) {
  Bytes payload;
  payload.reserve(link_size + 9);
  write_link(payload, link);
  write_cbor_head(payload, CborMajor::uint, size);
  return payload;
}

Bytes child_payload(const Digest& link, Weight weight) {
  Bytes payload;
  payload.reserve(link_size + 18);
  write_link(payload, link);
  write_cbor_head(payload, CborMajor::uint, weight.count);
  write_cbor_head(payload, CborMajor::uint, weight.bytes);
  return payload;
}

Bytes encode_node(int level, std::span<const EntryView> entries, Node* as) {
  ByteView prefix;
  if (!entries.empty()) {
    const ByteView first = entries.front().key;
    prefix = first.first(shared_prefix(first, entries.back().key));  // sorted: shared by all
  }
  const std::uint64_t number = static_cast<std::uint64_t>(level);
  std::size_t size = 1 + cbor_head_size(number) + cbor_head_size(prefix.size()) + prefix.size() +
                     cbor_head_size(entries.size());
  for (const EntryView& entry : entries) {
    const std::size_t suffix_size = entry.key.size() - prefix.size();
    size += 1 + cbor_head_size(suffix_size) + suffix_size + entry.payload.size();
  }
  Bytes block(size);
  std::uint8_t* at = put_head(block.data(), CborMajor::list, 3);
  at = put_head(at, CborMajor::uint, number);
  at = put_bytes(at, prefix);
  if (as != nullptr) {
    as->level_ = level;
    as->block_ = block;
    as->prefix_ = {at - prefix.size(), prefix.size()};
    as->items_.resize(entries.size());
  }
  at = put_head(at, CborMajor::list, entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const EntryView& entry = entries[i];
    const ByteView suffix = entry.key.subspan(prefix.size());
    *at++ = list_head(level, entry.is_linked);
    at = put_bytes(at, suffix);
    if (as != nullptr) {
      Node::Item& item = as->items_[i];
      item.head = head_of(suffix);
      item.suffix_at =
          static_cast<std::uint32_t>(at - block.data()) - static_cast<std::uint32_t>(suffix.size());
      item.payload_size = static_cast<std::uint16_t>(entry.payload.size());
      item.suffix_size = suffix.size() & 0x7fff;
      item.is_linked = level > 0 || entry.is_linked;
    }
    at = put(at, entry.payload);
  }
  assert(at == block.data() + block.size());
  return block;
}

Block empty_node() {
  return Block::of_cbor(encode_node(0, {}));
}
Digest empty_root() {
  return digest_of(empty_node().cid);
}

}  // namespace freehold
