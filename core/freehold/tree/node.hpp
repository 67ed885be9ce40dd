/// One encoded node of a tree: a view of its bytes, and the writer of such bytes.
///
///     leaf     = [0, prefix, [[suffix, value], [suffix, link, size], ...]]
///     internal = [level, prefix, [[suffix, link, count, bytes], ...]]
///
/// A key is prefix + suffix. What follows the suffix is the entry's *payload*; entries move from
/// node to node by copying it, so a value is encoded once and then never touched.
#pragma once

#include <vector>

#include "freehold/base/arena.hpp"
#include "freehold/block/block.hpp"
#include "freehold/codec/value.hpp"

namespace freehold {

/// What an entry weighs, wherever it lies.
struct Weight {
  std::uint64_t count = 0;  // entries of the map under it
  std::uint64_t bytes = 0;  // their sizes as chunking counts, and the sizes of linked values
};

/// An immutable, checked view: no accessor can fail. Valid as long as the block's bytes are.
class Node {
 public:
  /// Reads the structure of a node: canonical CBOR down to the payloads, keys ascending, links of
  /// the one form that nodes have. Inline values are only skipped over: `check` reads them.
  /// Fails with Errc::malformed.
  static Result<Node> decode(ByteView block);
  /// The same into `to`, whose memory it uses again.
  static Result<> decode(ByteView block, Node* to);

  /// What `decode` takes on trust from our own store and must be looked at in blocks from outside:
  /// values canonical and of the right kind, prefix the longest, entries within the ceiling.
  Result<> check() const;

  /// About what this node and its block take.
  std::size_t memory_bytes() const noexcept {
    return sizeof(Node) + block_.size() + items_.capacity() * sizeof(Item);
  }
  /// Asks the processor for what a search looks at first, all at once.
  void prefetch() const noexcept {
    __builtin_prefetch(block_.data());
    const auto* items = reinterpret_cast<const std::uint8_t*>(items_.data());
    const std::size_t size = items_.size() * sizeof(Item);
    for (std::size_t at = 0; at < size; at += 64) __builtin_prefetch(items + at);
  }
  int level() const noexcept { return level_; }
  bool is_leaf() const noexcept { return level_ == 0; }
  std::size_t size() const noexcept { return items_.size(); }
  ByteView prefix() const noexcept { return prefix_; }
  ByteView suffix(std::size_t i) const noexcept {
    return block_.subspan(items_[i].suffix_at, items_[i].suffix_size);
  }
  /// The encoded elements after the suffix.
  ByteView payload(std::size_t i) const noexcept {
    return block_.subspan(payload_at(items_[i]), items_[i].payload_size);
  }
  Bytes key(std::size_t i) const;
  /// The same into `to`, whose memory it uses again.
  ByteView key(std::size_t i, Bytes& to) const;
  ByteView key(std::size_t i, Arena& arena) const { return arena.copy(prefix_, suffix(i)); }
  /// As chunking counts.
  std::uint64_t entry_bytes(std::size_t i) const noexcept;
  /// Of all entries.
  std::uint64_t entries_bytes() const noexcept;
  Weight weight(std::size_t i) const noexcept;

  /// Of an internal entry the child, of a leaf entry the block of a large value.
  bool is_linked(std::size_t i) const noexcept { return items_[i].is_linked; }
  Digest link(std::size_t i) const noexcept;
  /// Of a leaf entry: the encoded value if it is inline, and its size wherever it is.
  ByteView inline_value(std::size_t i) const noexcept { return payload(i); }
  std::uint64_t value_bytes(std::size_t i) const noexcept;

  /// The first entry whose key is not less than `key`; size() if none. `*is_there`, unless null, is
  /// whether it has that key.
  std::size_t lower_bound(ByteView key, bool* is_there = nullptr) const noexcept;
  /// The last entry whose key is not greater than `key`: of an internal node, the child that covers
  /// it. 0 if there is none.
  std::size_t child_of(ByteView key) const noexcept;
  /// Order of the entry's key against `key`.
  int compare_key(std::size_t i, ByteView key) const noexcept;
  /// Everything under this node.
  Weight total() const noexcept;

  /// The bytes of this node with other payloads under some of its keys: `entries` has pairs of
  /// ascending indexes and what is there now. Copies the rest as it lies.
  struct Replacement {
    std::size_t index;
    ByteView payload;
    bool is_linked;
  };
  /// `*as`, unless null, becomes the view of them.
  Bytes encode_with(std::span<const Replacement> entries, Node* as = nullptr) const;

 private:
  struct Item {          // small: there are fifty in an internal node
    std::uint64_t head;  // of the suffix: nearly all comparisons end here, without its bytes
    std::uint32_t suffix_at;
    std::uint16_t payload_size;
    std::uint16_t suffix_size : 15;
    std::uint16_t is_linked : 1;
  };
  std::size_t payload_at(const Item& item) const noexcept {
    return std::size_t{item.suffix_at} + item.suffix_size;
  }
  Result<> decode_entries(class NodeReader& reader, std::uint64_t count);
  friend Bytes encode_node(int level, std::span<const struct EntryView> entries, Node* as);

  ByteView block_;
  ByteView prefix_;
  int level_ = 0;
  std::vector<Item> items_;
};

/// The size of an entry as chunking counts: encoded, with the whole key.
std::uint64_t leaf_entry_bytes(std::size_t key_size, std::size_t payload_size) noexcept;
std::uint64_t internal_entry_bytes_of(std::size_t key_size) noexcept;

/// An entry on its way into a node. Views, valid as long as who made it says.
struct EntryView {
  ByteView key;
  ByteView payload;
  bool is_linked = false;  // on level 0: the payload is a link and a size
  Weight weight;
};

/// The digest in the payload of a linked value, or of an internal entry.
Digest link_of(ByteView payload) noexcept;

/// The payload of a linked value, and of an internal entry.
Bytes linked_payload(const Digest& link, std::uint64_t size);
Bytes child_payload(const Digest& link, Weight weight);

/// The bytes of the node with these entries, in ascending order. `*as`, unless null, becomes the
/// view of them.
Bytes encode_node(int level, std::span<const EntryView> entries, Node* as = nullptr);

/// The empty tree; a golden value.
Block empty_node();
Digest empty_root();

/// The CID of a node, or of a large value's block, by its digest.
inline Cid node_cid(const Digest& digest) {
  return Cid::of_digest(codec::dag_cbor, digest);
}

/// The digest of the node that `value` links to, if there is one and it is such a link.
inline std::optional<Digest> node_of(const Value* value) noexcept {
  if (value == nullptr || value->as_link() == nullptr) return std::nullopt;
  if (!value->as_link()->is_cbor_sha256()) return std::nullopt;
  return digest_of(*value->as_link());
}

}  // namespace freehold
