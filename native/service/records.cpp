#include "native/service/records.hpp"

#include "freehold/sync/record.hpp"

namespace freehold::native {

Bytes encode(const SpaceRecord& record) {
  return encode_cbor(Map{{"authority", Value(record.authority.text())},
                         {"root", record::of(record.root)},
                         {"seq", Value(record.seq)},
                         {"checkpoint", record::of(record.checkpoint)},
                         {"time", Value(record.time)},
                         {"proof", record::of(record.proof)},
                         {"oldest", Value(record.oldest)},
                         {"liveBytes", Value(record.live_bytes)},
                         {"deadBytes", Value(record.dead_bytes)},
                         {"sweepDue", Value(record.sweep_due)},
                         {"recovering", record::of(record.recovering)},
                         {"recoveringSeq", Value(record.recovering_seq)},
                         {"recoveredSeq", Value(record.recovered_seq)},
                         {"offeredAt", Value(record.offered_at)},
                         {"rebuilding", record.rebuilding ? Value(*record.rebuilding) : Value()}});
}

Result<SpaceRecord> decode_space(ByteView bytes) {
  record::Reader in(bytes);
  SpaceRecord record;
  record.authority = in.did("authority").value_or(Did());
  record.root = in.digest("root");
  record.seq = in.number("seq");
  record.checkpoint = in.link("checkpoint");
  record.time = in.time("time");
  record.proof = in.link("proof");
  record.oldest = in.number("oldest");
  record.live_bytes = in.number("liveBytes");
  record.dead_bytes = in.number("deadBytes");
  record.sweep_due = in.time("sweepDue");
  record.recovering = in.link("recovering");
  if (record.recovering) record.recovering_seq = in.number("recoveringSeq");
  record.recovered_seq = in.number("recoveredSeq");
  record.offered_at = in.time("offeredAt");
  const Value* rebuilding = in.at("rebuilding");
  if (rebuilding != nullptr && !rebuilding->is_null()) record.rebuilding = in.bytes("rebuilding");
  return record::finish(in, std::move(record));
}

Bytes encode(const SubscriptionRecord& record) {
  return encode_cbor(Map{{"provider", Value(record.provider.text())},
                         {"capacity", Value(record.capacity)},
                         {"reserved", Value(record.reserved)},
                         {"stored", Value(record.stored)}});
}

Result<SubscriptionRecord> decode_subscription(ByteView bytes) {
  record::Reader in(bytes);
  SubscriptionRecord record;
  record.provider = in.did("provider").value_or(Did());
  record.capacity = in.number("capacity");
  record.reserved = in.number("reserved");
  record.stored = in.number("stored");
  return record::finish(in, std::move(record));
}

Bytes encode(const BlobRecord& record) {
  return encode_cbor(Map{{"size", Value(record.size)},
                         {"stored", Value(record.is_stored)},
                         {"expires", Value(record.expires)},
                         {"cause", record::of(record.cause)},
                         {"provider", Value(record.provider.text())},
                         {"insertedAt", Value(record.inserted_at)}});
}

Result<BlobRecord> decode_blob(ByteView bytes) {
  record::Reader in(bytes);
  BlobRecord record;
  record.size = in.number("size");
  record.is_stored = in.flag("stored");
  record.expires = in.time("expires");
  record.cause = in.link("cause").value_or(Cid());
  record.provider = in.did("provider").value_or(Did());
  record.inserted_at = in.time("insertedAt");
  return record::finish(in, std::move(record));
}

Bytes encode(const TaskRecord& record) {
  return encode_cbor(Map{{"state", Value(static_cast<int>(record.state))},
                         {"tenant", Value(record.tenant.text())},
                         {"space", record::of(record.space)},
                         {"archive", Value(record.archive)},
                         {"cause", record::of(record.cause)},
                         {"multihash", Value(record.multihash)},
                         {"size", Value(record.size)},
                         {"blobSpace", Value(record.blob_space.text())}});
}

Result<TaskRecord> decode_task(ByteView bytes) {
  record::Reader in(bytes);
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
  return record::finish(in, std::move(record));
}

void note_owed(KvTransaction& kv, const layout::SpaceId& space, ByteView key, const Cid& task) {
  kv.put(layout::key(space, layout::Kind::owed, {sha256(key)}),
         encode_cbor(Map{{"key", Value(key)}, {"task", Value(task)}}));
}

std::optional<Owed> find_owed(KvReader& kv, const layout::SpaceId& space, ByteView key) {
  const auto bytes = kv.get(layout::key(space, layout::Kind::owed, {sha256(key)}));
  if (!bytes) return std::nullopt;
  Result<Owed> owed = decode_owed(*bytes);
  if (!owed) return std::nullopt;
  return *std::move(owed);
}

Result<Owed> decode_owed(ByteView bytes) {
  record::Reader in(bytes);
  Owed owed;
  owed.key = in.bytes("key");
  owed.task = in.link("task").value_or(Cid());
  return record::finish(in, std::move(owed));
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
