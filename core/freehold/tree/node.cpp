#include "freehold/tree/node.hpp"

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

void write_link(Bytes& to, const Digest& digest) {
  append(to, link_head);
  append(to, digest);
}

}  // namespace

/// Reads heads one after the other; after the first failure everything reads as zero.
class NodeReader {
 public:
  explicit NodeReader(ByteView bytes) noexcept : bytes_(bytes) {}

  bool failed() const noexcept { return failed_; }
  std::size_t at() const noexcept { return at_; }
  bool is_done() const noexcept { return at_ == bytes_.size(); }

  std::uint64_t head(CborMajor want) noexcept {
    std::uint8_t major = 0;
    const std::uint64_t n = any_head(&major);
    if (major != static_cast<std::uint8_t>(want)) failed_ = true;
    return failed_ ? 0 : n;
  }

  ByteView bytes_item() noexcept { return take(head(CborMajor::bytes)); }

  bool next_is_link() const noexcept {
    return at_ + link_size <= bytes_.size() &&
           std::memcmp(bytes_.data() + at_, link_head, sizeof link_head) == 0;
  }

  void skip_link() noexcept {
    if (!next_is_link()) failed_ = true;
    take(link_size);
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
        case CborMajor::list: open += n; break;
        case CborMajor::map: open += 2 * n; break;
        case CborMajor::tag: open += 1; break;
        default: break;
      }
      if (open > bytes_.size() - at_) failed_ = true;  // each item has at least a byte
    }
  }

 private:
  ByteView take(std::uint64_t size) noexcept {
    if (failed_ || size > bytes_.size() - at_) {
      failed_ = true;
      return {};
    }
    const ByteView part = bytes_.subspan(at_, static_cast<std::size_t>(size));
    at_ += part.size();
    return part;
  }

  std::uint64_t any_head(std::uint8_t* major) noexcept {
    if (failed_ || at_ == bytes_.size()) {
      failed_ = true;
      return 0;
    }
    const std::uint8_t first = bytes_[at_++];
    *major = first >> 5;
    const std::uint8_t info = first & 31;
    if (info < 24) return info;
    if (info > 27) {
      failed_ = true;
      return 0;
    }
    const ByteView more = take(std::uint64_t{1} << (info - 24));
    std::uint64_t n = 0;
    for (const std::uint8_t byte : more) n = n << 8 | byte;
    // A float's bits are no number; a number must not be longer than need be.
    const bool is_float = *major == static_cast<std::uint8_t>(CborMajor::simple);
    if (!is_float && cbor_head_size(n) != 1 + more.size()) failed_ = true;
    return n;
  }

  ByteView bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

Result<Node> Node::decode(ByteView block) {
  NodeReader reader(block);
  Node node;
  node.block_ = block;
  if (reader.head(CborMajor::list) != 3) return fail(Errc::malformed, "node: not a list of three");
  const std::uint64_t level = reader.head(CborMajor::uint);
  if (level >= limits::height_max) return fail(Errc::limit, "node: level over height_max");
  node.level_ = static_cast<int>(level);
  node.prefix_ = reader.bytes_item();
  const std::uint64_t entries = reader.head(CborMajor::list);
  if (reader.failed() || entries > block.size()) {
    return fail(Errc::malformed, "node: broken head");
  }

  node.items_.reserve(static_cast<std::size_t>(entries));
  for (std::uint64_t i = 0; i < entries && !reader.failed(); ++i) {
    const std::uint64_t elements = reader.head(CborMajor::list);
    Item item{};
    const ByteView suffix = reader.bytes_item();
    item.suffix_size = static_cast<std::uint32_t>(suffix.size());
    item.suffix_at = static_cast<std::uint32_t>(reader.at() - suffix.size());
    item.payload_at = static_cast<std::uint32_t>(reader.at());
    item.is_linked = level > 0 || elements == 3;
    if (item.is_linked) {
      reader.skip_link();
      item.count = reader.head(CborMajor::uint);
      if (level > 0) item.bytes = reader.head(CborMajor::uint);
    } else {
      reader.skip_item();
    }
    if (elements != (level > 0 ? 4u : item.is_linked ? 3u : 2u)) {
      return fail(Errc::malformed, "node: entry of a wrong number of elements");
    }
    item.payload_size = static_cast<std::uint32_t>(reader.at() - item.payload_at);
    if (node.prefix_.size() + suffix.size() > limits::key_bytes_max) {
      return fail(Errc::limit, "node: key longer than key_bytes_max");
    }
    if (!node.items_.empty() && !reader.failed()) {
      const std::size_t last = node.items_.size() - 1;
      if (compare(node.suffix(last), suffix) >= 0) {
        return fail(Errc::malformed, "node: keys do not ascend");
      }
    }
    node.items_.push_back(item);
  }
  if (reader.failed() || !reader.is_done()) return fail(Errc::malformed, "node: broken encoding");
  return node;
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
    const Item& item = items_[i];
    sum += entry_bytes(i);
    if (level_ > 0) {
      if (item.count == 0) return fail(Errc::malformed, "node: empty child");
      continue;
    }
    if (prefix_.size() + item.suffix_size == 0) return fail(Errc::invalid_key, "key: empty");
    if (item.is_linked) {
      if (item.count <= limits::value_inline_bytes_max || item.count > limits::value_bytes_max) {
        return fail(Errc::malformed, "node: linked value of a size that is never linked");
      }
      continue;
    }
    if (item.payload_size > limits::value_inline_bytes_max) {
      return fail(Errc::malformed, "node: inline value over value_inline_bytes_max");
    }
    FH_CHECK(check_value(payload(i)));
  }
  if (size() > 1 && sum > limits::node_bytes_max) {
    return fail(Errc::malformed, "node: entries over node_bytes_max");
  }
  return {};
}

ByteView Node::suffix(std::size_t i) const noexcept {
  return block_.subspan(items_[i].suffix_at, items_[i].suffix_size);
}

ByteView Node::payload(std::size_t i) const noexcept {
  return block_.subspan(items_[i].payload_at, items_[i].payload_size);
}

Bytes Node::key(std::size_t i) const {
  Bytes key;
  key.reserve(prefix_.size() + items_[i].suffix_size);
  append(key, prefix_);
  append(key, suffix(i));
  return key;
}

std::uint64_t Node::entry_bytes(std::size_t i) const noexcept {
  const std::size_t key_size = prefix_.size() + items_[i].suffix_size;
  return level_ > 0 ? internal_entry_bytes_of(key_size)
                    : leaf_entry_bytes(key_size, items_[i].payload_size);
}

Weight Node::weight(std::size_t i) const noexcept {
  if (level_ > 0) return {items_[i].count, items_[i].bytes};
  return {1, entry_bytes(i) + (items_[i].is_linked ? items_[i].count : 0)};
}

Digest Node::link(std::size_t i) const noexcept {
  assert(items_[i].is_linked);
  return link_of(payload(i));
}

std::uint64_t Node::value_bytes(std::size_t i) const noexcept {
  return items_[i].is_linked ? items_[i].count : items_[i].payload_size;
}

int Node::compare_key(std::size_t i, ByteView key) const noexcept {
  const std::size_t shared = std::min(prefix_.size(), key.size());
  if (const int order = compare(prefix_.first(shared), key.first(shared)); order != 0) return order;
  if (shared < prefix_.size()) return 1;
  return compare(suffix(i), key.subspan(shared));
}

std::size_t Node::lower_bound(ByteView key) const noexcept {
  std::size_t low = 0;
  std::size_t high = items_.size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (compare_key(middle, key) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::size_t Node::child_of(ByteView key) const noexcept {
  const std::size_t at = lower_bound(key);
  if (at < items_.size() && compare_key(at, key) == 0) return at;
  return at == 0 ? 0 : at - 1;
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

Bytes Node::encode_with(std::span<const Replacement> entries) const {
  std::size_t size = block_.size();
  for (const Replacement& entry : entries) size += entry.payload.size();
  Bytes block;
  block.reserve(size);
  std::size_t copied = 0;
  for (const Replacement& entry : entries) {
    const Item& item = items_[entry.index];
    append(block, block_.subspan(copied, item.payload_at - copied));
    // The head of the entry's list, one byte, lies before the head of its suffix.
    const std::size_t key_bytes = cbor_head_size(item.suffix_size) + item.suffix_size;
    block[block.size() - key_bytes - 1] = list_head(level_, entry.is_linked);
    append(block, entry.payload);
    copied = item.payload_at + item.payload_size;
  }
  append(block, block_.subspan(copied));
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

Bytes encode_node(int level, std::span<const EntryView> entries) {
  ByteView prefix;
  if (!entries.empty()) {
    const ByteView first = entries.front().key;
    prefix = first.first(shared_prefix(first, entries.back().key));  // sorted: shared by all
  }
  std::size_t size = 16 + prefix.size();
  for (const EntryView& entry : entries) size += 6 + entry.key.size() + entry.payload.size();
  Bytes block;
  block.reserve(size);
  write_cbor_head(block, CborMajor::list, 3);
  write_cbor_head(block, CborMajor::uint, static_cast<std::uint64_t>(level));
  write_cbor_bytes(block, prefix);
  write_cbor_head(block, CborMajor::list, entries.size());
  for (const EntryView& entry : entries) {
    block.push_back(list_head(level, entry.is_linked));
    write_cbor_bytes(block, entry.key.subspan(prefix.size()));
    append(block, entry.payload);
  }
  return block;
}

}  // namespace freehold
