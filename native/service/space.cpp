#include "native/service/space.hpp"

#include "freehold/codec/cbor.hpp"

namespace freehold::native {

using layout::Kind;

std::optional<ByteView> SpaceBlocks::find(const Cid& cid) const {
  // An identity CID carries its block; no other hash than SHA-256 was let in.
  if (cid.is_null() || cid.hash_code() == multihash_code::identity) return std::nullopt;
  if (cid.bytes().size() > 64) return std::nullopt;
  return kv_->get(layout::key(space_, Kind::block, {cid.bytes()}));
}

std::optional<layout::SpaceId> space_id_of(const Did& did) {
  return did.ed25519_key();
}

std::optional<SpaceRecord> find_space(KvReader& kv, const layout::SpaceId& space) {
  const auto bytes = kv.get(layout::key(space, Kind::head));
  if (!bytes) return std::nullopt;
  Result<SpaceRecord> record = decode_space(*bytes);
  if (!record) return std::nullopt;
  return *std::move(record);
}

std::optional<Digest> root_of_checkpoint(KvReader& kv, const layout::SpaceId& space,
                                         const Cid& checkpoint) {
  if (checkpoint.bytes().size() > 64) return std::nullopt;
  const auto bytes = kv.get(layout::key(space, Kind::checkpoint, {checkpoint.bytes()}));
  if (!bytes || bytes->size() != digest_size) return std::nullopt;
  Digest root;
  std::copy(bytes->begin(), bytes->end(), root.begin());
  return root;
}

Space::Space(KvTransaction& kv, const Did& did, const layout::SpaceId& id)
    : kv_(&kv), did_(did), id_(id), blocks_(kv, id), record_(find_space(kv, id)) {}

void Space::put(Block block) {
  if (block.cid.hash_code() == multihash_code::identity || block.cid.bytes().size() > 64) return;
  if (blocks_.find(block.cid)) return;
  kv_->put(layout::key(id_, Kind::block, {block.cid.bytes()}), block.bytes());
}

void Space::found(const Did& authority) {
  record_ = SpaceRecord{};
  record_->authority = authority;
  record_->root = empty_root();
  put(empty_node());
}

Result<std::optional<Value>> Space::get(ByteView key) const {
  std::optional<StoredValue> stored;
  if (const auto set = entries_.find(key); set != entries_.end()) {
    stored = set->second;
  } else if (record_) {
    FH_TRY(stored, Tree(blocks_, record_->root).get(key));
  }
  if (!stored) return std::optional<Value>();
  const auto encoded = stored->encoded(blocks_);
  if (!encoded) return fail(Errc::missing, "the block of a large value");
  FH_TRY(Value value, decode_cbor(*encoded));
  return std::optional<Value>(std::move(value));
}

Result<bool> Space::has(ByteView key) const {
  if (const auto set = entries_.find(key); set != entries_.end()) return set->second.has_value();
  if (!record_) return false;
  FH_TRY(const auto stored, Tree(blocks_, record_->root).get(key));
  return stored.has_value();
}

void Space::set(Bytes key, const Value& value) {
  Bytes encoded = encode_cbor(value);
  StoredValue stored;
  if (encoded.size() <= limits::value_inline_bytes_max) {
    stored = StoredValue::of_inline(encoded);
  } else {
    const Digest digest = sha256(encoded);
    stored = StoredValue::of_link(digest, encoded.size());
    put(Block(node_cid(digest), std::move(encoded)));
  }
  entries_.insert_or_assign(std::move(key), std::move(stored));
}

Result<> Space::set_slot(const Bytes& key, const Did& service, const Cid& receipt) {
  FH_TRY(const std::optional<Value> value, get(key));
  Map slots;
  // What is no map of services is somebody's junk: it gives way.
  if (value && value->as_map() != nullptr) slots = *value->as_map();
  slots.set(service.text(), Value(receipt));
  set(key, Value(std::move(slots)));
  return {};
}

Result<> Space::commit(const Tenants& tenants, std::int64_t now) {
  if (!record_) return {};
  if (!entries_.empty()) {
    std::vector<Edit> edits;
    edits.reserve(entries_.size());
    for (auto& [key, value] : entries_) edits.push_back({key, std::move(value)});
    entries_.clear();
    FH_TRY(const Applied applied, apply(blocks_, record_->root, edits, *this));
    record_->root = applied.root;
  }
  const Tenant* authority = tenants.find(record_->authority);
  if (authority == nullptr) return fail(Errc::corrupt, "the authority of a space is no tenant");
  const auto stated =
      record_->checkpoint ? root_of_checkpoint(*kv_, id_, *record_->checkpoint) : std::nullopt;
  if (!stated || *stated != record_->root) {
    FH_TRY(const Weight weight, Tree(blocks_, record_->root).weight());
    FH_CHECK(state(*authority, weight, now));
  }
  kv_->put(layout::key(id_, Kind::head), encode(*record_));
  return {};
}

Result<> Space::state(const Tenant& authority, const Weight& weight, std::int64_t now) {
  CheckpointFields fields;
  fields.space = did_;
  fields.root = record_->root;
  fields.seq = record_->seq + 1;
  fields.prev = record_->checkpoint;
  fields.weight = weight;
  fields.time = std::max(now, record_->time);
  if (const std::uint64_t skip = fields.seq & record_->seq; skip != 0) {
    const auto bytes = kv_->get(layout::key(id_, Kind::seq, {layout::ordered(skip)}));
    if (!bytes) return fail(Errc::corrupt, "a checkpoint is lost");
    FH_TRY(fields.skip, Cid::decode(*bytes));
  }
  const Checkpoint checkpoint = issue_checkpoint(fields, authority.signer, record_->proof);
  const Cid& cid = checkpoint.cid();
  put(checkpoint.ucan.block);
  kv_->put(layout::key(id_, Kind::seq, {layout::ordered(fields.seq)}), cid.bytes());
  kv_->put(layout::key(id_, Kind::checkpoint, {cid.bytes()}), fields.root);
  record_->seq = fields.seq;
  record_->checkpoint = cid;
  record_->time = fields.time;
  return {};
}

}  // namespace freehold::native
