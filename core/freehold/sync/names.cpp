#include "freehold/sync/names.hpp"

#include "freehold/codec/multibase.hpp"

namespace freehold {

Bytes key_of(std::string_view prefix, const Cid& cid) {
  Bytes key = copy_of(view_of(prefix));
  append(key, view_of(cid.text()));
  return key;
}

Bytes blob_key(ByteView multihash) {
  Bytes key = copy_of(view_of(key_prefix::blob));
  append(key, view_of(encode_multibase(Base::base58btc, multihash)));
  return key;
}

std::optional<Cid> cid_of_key(std::string_view prefix, ByteView key) {
  if (!starts_with(key, view_of(prefix))) return std::nullopt;
  const Result<Cid> cid = Cid::parse(text_of(key.subspan(prefix.size())));
  if (!cid || !equal(key_of(prefix, *cid), key)) return std::nullopt;
  return *cid;
}

std::optional<Bytes> multihash_of_key(ByteView key) {
  if (!starts_with(key, view_of(key_prefix::blob))) return std::nullopt;
  Result<Bytes> multihash = decode_multibase(text_of(key.subspan(key_prefix::blob.size())));
  if (!multihash || !equal(blob_key(*multihash), key)) return std::nullopt;
  return *std::move(multihash);
}

bool is_reserved(ByteView key) {
  for (const std::string_view prefix :
       {key_prefix::blob, key_prefix::upload, key_prefix::subscription, key_prefix::delegation,
        key_prefix::queue, key_prefix::invoked, key_prefix::receipt}) {
    if (starts_with(key, view_of(prefix))) return true;
  }
  return false;
}

}  // namespace freehold
