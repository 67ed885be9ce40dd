/// Entries and changes of entries, as values that own their bytes.
#pragma once

#include <vector>

#include "freehold/base/limits.hpp"
#include "freehold/block/store.hpp"
#include "freehold/tree/node.hpp"

namespace freehold {

/// A value as a leaf holds it: inline, or as the link and size of the block that holds it.
struct StoredValue {
  Bytes payload;  // what follows the suffix in a leaf
  bool is_linked = false;
  std::uint64_t size = 0;  // of the encoded value

  /// Of an encoded value; one over value_inline_bytes_max goes to `sink` as a block.
  /// Fails with Errc::invalid_value, Errc::limit.
  static Result<StoredValue> of(ByteView encoded, BlockSink& sink);
  static StoredValue of_inline(ByteView encoded);
  static StoredValue of_link(const Digest& block, std::uint64_t size);

  /// Of a linked value.
  Digest link() const noexcept;
  /// The encoded value: the payload itself, or what `store` has under the link.
  std::optional<ByteView> encoded(const BlockStore& store) const;
  bool operator==(const StoredValue&) const = default;
};

/// A put, or with no value a delete.
struct Edit {
  Bytes key;
  std::optional<StoredValue> value;
};

/// An entry of a map.
struct Entry {
  Bytes key;
  StoredValue value;
};

/// Fails with Errc::invalid_key if `key` is empty or too long.
Result<> check_key(ByteView key);

/// The value of entry `i` of a leaf.
StoredValue value_at(const Node& leaf, std::size_t i);

}  // namespace freehold
