#include "native/service/records.hpp"

#include "freehold/codec/cbor.hpp"

namespace freehold::native {

namespace {

Value bytes_of(const Digest& digest) {
  return Value(ByteView(digest));
}
Value link_or_null(const std::optional<Cid>& cid) {
  return cid ? Value(*cid) : Value();
}
Value link_or_null(const Cid& cid) {
  return cid.is_null() ? Value() : Value(cid);
}
Value did_or_empty(const std::optional<Did>& did) {
  return Value(did ? did->text() : "");
}

/// Reads our own maps: what is wrong is noted, and asked for once at the end.
class RecordReader {
 public:
  explicit RecordReader(ByteView bytes) : value_(decode_cbor(bytes)) { ok_ = value_.has_value(); }

  bool ok() const noexcept { return ok_; }
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
  std::optional<Cid> link(const char* name) {
    const Value* value = at(name);
    if (value == nullptr || value->as_link() == nullptr) return std::nullopt;
    return *value->as_link();
  }
  std::optional<Did> did(const char* name) {
    const Value* value = at(name);
    if (value == nullptr || value->as_text() == nullptr) return wrong<std::optional<Did>>();
    if (value->as_text()->empty()) return std::nullopt;
    const Result<Did> did = Did::parse(*value->as_text());
    return did ? std::optional<Did>(*did) : wrong<std::optional<Did>>();
  }

 private:
  const Value* at(const char* name) { return ok_ ? value_->find(name) : nullptr; }
  template <class T>
  T wrong() {
    ok_ = false;
    return T{};
  }

  Result<Value> value_;
  bool ok_ = false;
};

template <class Record>
Result<Record> finish(const RecordReader& reader, Record record) {
  if (!reader.ok()) return fail(Errc::corrupt, "a record is not what was written");
  return record;
}

}  // namespace

Bytes encode(const SpaceRecord& record) {
  return encode_cbor(Map{{"authority", Value(record.authority.text())},
                         {"root", bytes_of(record.root)},
                         {"seq", Value(record.seq)},
                         {"checkpoint", link_or_null(record.checkpoint)},
                         {"time", Value(record.time)},
                         {"proof", link_or_null(record.proof)}});
}

Result<SpaceRecord> decode_space(ByteView bytes) {
  RecordReader in(bytes);
  SpaceRecord record;
  record.authority = in.did("authority").value_or(Did());
  record.root = in.digest("root");
  record.seq = in.number("seq");
  record.checkpoint = in.link("checkpoint");
  record.time = in.time("time");
  record.proof = in.link("proof");
  return finish(in, std::move(record));
}

Bytes encode(const DeviceRecord& record) {
  return encode_cbor(Map{{"n", Value(record.n)},
                         {"since", link_or_null(record.since)},
                         {"sinceRoot", bytes_of(record.since_root)},
                         {"root", bytes_of(record.root)},
                         {"invocation", Value(record.invocation)},
                         {"receipt", Value(record.receipt)},
                         {"checkpoint", Value(record.checkpoint)},
                         {"answered", bytes_of(record.answered)},
                         {"part", Value(record.is_part)}});
}

Result<DeviceRecord> decode_device(ByteView bytes) {
  RecordReader in(bytes);
  DeviceRecord record;
  record.n = in.number("n");
  record.since = in.link("since");
  record.since_root = in.digest("sinceRoot");
  record.root = in.digest("root");
  record.invocation = in.link("invocation").value_or(Cid());
  record.receipt = in.bytes("receipt");
  record.checkpoint = in.link("checkpoint").value_or(Cid());
  record.answered = in.digest("answered");
  record.is_part = in.flag("part");
  return finish(in, std::move(record));
}

Bytes encode(const SubscriptionRecord& record) {
  return encode_cbor(Map{{"provider", Value(record.provider.text())},
                         {"capacity", Value(record.capacity)},
                         {"reserved", Value(record.reserved)},
                         {"stored", Value(record.stored)}});
}

Result<SubscriptionRecord> decode_subscription(ByteView bytes) {
  RecordReader in(bytes);
  SubscriptionRecord record;
  record.provider = in.did("provider").value_or(Did());
  record.capacity = in.number("capacity");
  record.reserved = in.number("reserved");
  record.stored = in.number("stored");
  return finish(in, std::move(record));
}

Bytes encode(const BlobRecord& record) {
  return encode_cbor(Map{{"size", Value(record.size)},
                         {"stored", Value(record.is_stored)},
                         {"expires", Value(record.expires)},
                         {"cause", link_or_null(record.cause)},
                         {"provider", Value(record.provider.text())},
                         {"insertedAt", Value(record.inserted_at)}});
}

Result<BlobRecord> decode_blob(ByteView bytes) {
  RecordReader in(bytes);
  BlobRecord record;
  record.size = in.number("size");
  record.is_stored = in.flag("stored");
  record.expires = in.time("expires");
  record.cause = in.link("cause").value_or(Cid());
  record.provider = in.did("provider").value_or(Did());
  record.inserted_at = in.time("insertedAt");
  return finish(in, std::move(record));
}

Bytes encode(const TaskRecord& record) {
  return encode_cbor(Map{{"state", Value(static_cast<int>(record.state))},
                         {"tenant", Value(record.tenant.text())},
                         {"space", did_or_empty(record.space)},
                         {"archive", Value(record.archive)},
                         {"cause", link_or_null(record.cause)},
                         {"multihash", Value(record.multihash)},
                         {"size", Value(record.size)},
                         {"blobSpace", Value(record.blob_space.text())}});
}

Result<TaskRecord> decode_task(ByteView bytes) {
  RecordReader in(bytes);
  TaskRecord record;
  const std::uint64_t state = in.number("state");
  record.state = static_cast<TaskRecord::State>(std::min<std::uint64_t>(state, 3));
  record.tenant = in.did("tenant").value_or(Did());
  record.space = in.did("space");
  record.archive = in.bytes("archive");
  record.cause = in.link("cause").value_or(Cid());
  record.multihash = in.bytes("multihash");
  record.size = in.number("size");
  record.blob_space = in.did("blobSpace").value_or(Did());
  return finish(in, std::move(record));
}

std::optional<TaskRecord> find_task(KvReader& kv, const Cid& task) {
  const auto bytes =
      kv.get(layout::key(layout::no_space, layout::Kind::task, {layout::hash_of(task)}));
  if (!bytes) return std::nullopt;
  Result<TaskRecord> record = decode_task(*bytes);
  if (!record) return std::nullopt;
  return *std::move(record);
}

void save_task(KvTransaction& kv, const Cid& task, const TaskRecord& record) {
  kv.put(layout::key(layout::no_space, layout::Kind::task, {layout::hash_of(task)}),
         encode(record));
}

}  // namespace freehold::native
