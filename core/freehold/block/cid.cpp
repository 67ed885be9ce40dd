#include "freehold/block/cid.hpp"

#include <cassert>

#include "freehold/base/limits.hpp"
#include "freehold/base/multibase.hpp"
#include "freehold/base/reader.hpp"

namespace freehold {

namespace {

constexpr std::size_t v0_size = 2 + digest_size;

bool begins_v0(ByteView bytes) noexcept {
  return bytes.size() >= 2 && bytes[0] == multihash_code::sha2_256 && bytes[1] == digest_size;
}

/// The parts of a CID that was checked when it was made.
struct Parts {
  std::uint64_t codec = codec::dag_pb;
  ByteView multihash;
  std::uint64_t hash_code = multihash_code::sha2_256;
  ByteView digest;
};

Parts parts_of(ByteView bytes) noexcept {
  if (begins_v0(bytes)) {
    return {codec::dag_pb, bytes, multihash_code::sha2_256, bytes.subspan(2)};
  }
  Reader reader(bytes);
  reader.varint();  // the version
  Parts parts;
  parts.codec = reader.varint();
  parts.multihash = bytes.subspan(reader.position());
  parts.hash_code = reader.varint();
  reader.varint();  // the length
  parts.digest = bytes.subspan(reader.position());
  return parts;
}

/// How many of `bytes` are the CID that they begin with.
Result<std::size_t> size_of_prefix(ByteView bytes) noexcept {
  if (begins_v0(bytes)) {
    if (bytes.size() < v0_size) return fail(Errc::malformed, "a CID is cut short");
    return v0_size;
  }
  // A long form of a varint would give one address two spellings, so it is refused.
  Reader reader(bytes);
  if (reader.shortest_varint() != 1) return fail(Errc::malformed, "a CID of an unknown version");
  reader.shortest_varint();  // the codec
  reader.shortest_varint();  // the hash function
  reader.take(reader.shortest_varint());
  if (!reader.ok()) return fail(Errc::malformed, "a CID is cut short");
  if (reader.position() > limits::cid_bytes_max) return fail(Errc::limit, "cid_bytes_max");
  return reader.position();
}

}  // namespace

Cid Cid::of_bytes(ByteView bytes) {
  Cid cid;
  cid.size_ = static_cast<std::uint32_t>(bytes.size());
  if (bytes.size() <= cid.short_.size()) {
    std::copy(bytes.begin(), bytes.end(), cid.short_.begin());
  } else {
    cid.long_ = std::make_shared<const Bytes>(copy_of(bytes));
  }
  return cid;
}

Cid Cid::of_digest(std::uint64_t codec, const Digest& digest) {
  if (codec < 0x80) {  // a varint of one byte: nearly always
    Cid cid;
    cid.size_ = 4 + digest_size;
    cid.short_[0] = 1;
    cid.short_[1] = static_cast<std::uint8_t>(codec);
    cid.short_[2] = multihash_code::sha2_256;
    cid.short_[3] = digest_size;
    std::copy(digest.begin(), digest.end(), cid.short_.begin() + 4);
    return cid;
  }
  std::array<std::uint8_t, 2 + digest_size> multihash;
  multihash[0] = multihash_code::sha2_256;
  multihash[1] = digest_size;
  std::copy(digest.begin(), digest.end(), multihash.begin() + 2);
  return of_parts(codec, multihash);
}

Cid Cid::of_parts(std::uint64_t codec, ByteView multihash) {
  Bytes bytes;
  bytes.reserve(1 + varint_size(codec) + multihash.size());
  bytes.push_back(1);
  write_varint(bytes, codec);
  append(bytes, multihash);
  return of_bytes(bytes);
}

Cid Cid::of_identity(std::uint64_t codec, ByteView block) {
  Bytes multihash;
  write_varint(multihash, multihash_code::identity);
  write_varint(multihash, block.size());
  append(multihash, block);
  return of_parts(codec, multihash);
}

Result<Cid> Cid::decode_prefix(ByteView bytes, std::size_t* size) {
  FH_TRY(*size, size_of_prefix(bytes));
  return of_bytes(bytes.first(*size));
}

bool Cid::is_valid(ByteView bytes) noexcept {
  const auto size = size_of_prefix(bytes);
  return size && *size == bytes.size();
}

Result<Cid> Cid::decode(ByteView bytes) {
  std::size_t size = 0;
  FH_TRY(auto cid, decode_prefix(bytes, &size));
  if (size != bytes.size()) return fail(Errc::malformed, "bytes after a CID");
  return cid;
}

Result<Cid> Cid::parse(std::string_view text) {
  if (text.empty()) return fail(Errc::malformed, "an empty CID");
  if (text[0] == 'Q') {
    FH_TRY(const auto bytes, decode_base(Base::base58btc, text));
    if (!begins_v0(bytes)) return fail(Errc::malformed, "a CID of version 0 that is none");
    return decode(bytes);
  }
  if (text[0] != 'b' && text[0] != 'z' && text[0] != 'k') {
    return fail(Errc::malformed, "a CID in a base that CIDs do not have");
  }
  FH_TRY(const auto bytes, decode_multibase(text));
  if (begins_v0(bytes)) return fail(Errc::malformed, "a CID of version 0 with a prefix");
  return decode(bytes);
}

int Cid::version() const noexcept {
  return begins_v0(bytes()) ? 0 : 1;
}
std::uint64_t Cid::codec() const noexcept {
  return parts_of(bytes()).codec;
}
ByteView Cid::multihash() const noexcept {
  return parts_of(bytes()).multihash;
}
std::uint64_t Cid::hash_code() const noexcept {
  return parts_of(bytes()).hash_code;
}
ByteView Cid::digest() const noexcept {
  return parts_of(bytes()).digest;
}

bool Cid::is_cbor_sha256() const noexcept {
  return size_ == 4 + digest_size && short_[0] == 1 && short_[1] == codec::dag_cbor &&
         short_[2] == multihash_code::sha2_256 && short_[3] == digest_size;
}

std::string Cid::text() const {
  if (is_null()) return {};
  return version() == 0 ? encode_base(Base::base58btc, bytes())
                        : encode_multibase(Base::base32, bytes());
}

bool Cid::matches(ByteView block) const noexcept {
  if (is_null()) return false;
  const Parts parts = parts_of(bytes());
  if (parts.hash_code == multihash_code::identity) return equal(parts.digest, block);
  return parts.hash_code == multihash_code::sha2_256 && equal(parts.digest, sha256(block));
}

}  // namespace freehold
