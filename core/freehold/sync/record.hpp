/// Records: DAG-CBOR maps that only we write and read, as they lie in a database.
#pragma once

#include "freehold/codec/cbor.hpp"
#include "freehold/tree/node.hpp"
#include "freehold/ucan/did.hpp"

namespace freehold::record {

inline Value of(const Digest& digest) {
  return Value(ByteView(digest));
}
inline Value of(const Cid& cid) {
  return cid.is_null() ? Value() : Value(cid);
}
inline Value of(const std::optional<Cid>& cid) {
  return cid ? Value(*cid) : Value();
}
inline Value of(const std::optional<Did>& did) {
  return Value(did ? did->text() : "");
}

/// Reads a record: what is wrong is noted, and asked for once at the end.
class Reader {
 public:
  explicit Reader(ByteView bytes) : value_(decode_cbor(bytes)) { ok_ = value_.has_value(); }

  bool ok() const noexcept { return ok_; }
  /// The field, whatever it is; null if it is not there.
  const Value* at(const char* name) { return ok_ ? value_->find(name) : nullptr; }
  std::uint64_t number(const char* name) {
    const Value* value = at(name);
    if (value == nullptr || value->as_integer() == nullptr) return wrong<std::uint64_t>();
    return value->as_integer()->as_uint64().value_or(0);
  }
  std::int64_t time(const char* name) { return static_cast<std::int64_t>(number(name)); }
  bool flag(const char* name) {
    const Value* value = at(name);
    if (value == nullptr || value->as_bool() == nullptr) return wrong<bool>();
    return *value->as_bool();
  }
  Bytes bytes(const char* name) {
    const Value* value = at(name);
    if (value == nullptr || value->as_bytes() == nullptr) return wrong<Bytes>();
    return *value->as_bytes();
  }
  Digest digest(const char* name) {
    const Bytes all = bytes(name);
    if (all.size() != digest_size) return wrong<Digest>();
    Digest digest;
    std::copy(all.begin(), all.end(), digest.begin());
    return digest;
  }
  /// None if it is null or not there.
  std::optional<Cid> link(const char* name) {
    const Value* value = at(name);
    if (value == nullptr || value->as_link() == nullptr) return std::nullopt;
    return *value->as_link();
  }
  /// None if it is the empty text.
  std::optional<Did> did(const char* name) {
    const Value* value = at(name);
    if (value == nullptr || value->as_text() == nullptr) return wrong<std::optional<Did>>();
    if (value->as_text()->empty()) return std::nullopt;
    const Result<Did> did = Did::parse(*value->as_text());
    return did ? std::optional<Did>(*did) : wrong<std::optional<Did>>();
  }

 private:
  template <class T>
  T wrong() {
    ok_ = false;
    return T{};
  }

  Result<Value> value_;
  bool ok_ = false;
};

/// The record, if it is what was written. Errc::corrupt.
template <class Record>
Result<Record> finish(const Reader& reader, Record record) {
  if (!reader.ok()) return fail(Errc::corrupt, "a record is not what was written");
  return record;
}

}  // namespace freehold::record
