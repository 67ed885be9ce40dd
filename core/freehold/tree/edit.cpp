#include "freehold/tree/edit.hpp"

#include <cassert>

#include "freehold/codec/cbor.hpp"

namespace freehold {

Result<StoredValue> StoredValue::of(ByteView encoded, BlockSink& sink) {
  if (encoded.size() > limits::value_bytes_max) {
    return fail(Errc::limit, "value: larger than value_bytes_max (1 MiB encoded)");
  }
  FH_CHECK(check_value(encoded));
  if (encoded.size() <= limits::value_inline_bytes_max) return of_inline(encoded);
  Block block = Block::of_cbor(copy_of(encoded));
  const Digest digest = digest_of(block.cid);
  sink.put(std::move(block));
  return of_link(digest, encoded.size());
}

StoredValue StoredValue::of_inline(ByteView encoded) {
  return {copy_of(encoded), false, encoded.size()};
}

StoredValue StoredValue::of_link(const Digest& block, std::uint64_t size) {
  return {linked_payload(block, size), true, size};
}

Digest StoredValue::link() const noexcept {
  assert(is_linked);
  return link_of(payload);
}

std::optional<ByteView> StoredValue::encoded(const BlockStore& store) const {
  if (!is_linked) return ByteView(payload);
  return store.find(node_cid(link()));
}

Result<> check_key(ByteView key) {
  if (key.empty()) return fail(Errc::invalid_key, "key: empty");
  if (key.size() > limits::key_bytes_max) {
    return fail(Errc::invalid_key, "key: longer than key_bytes_max (1024 bytes)");
  }
  return {};
}

StoredValue value_at(const Node& leaf, std::size_t i) {
  assert(leaf.is_leaf());
  return {copy_of(leaf.payload(i)), leaf.is_linked(i), leaf.value_bytes(i)};
}

}  // namespace freehold
