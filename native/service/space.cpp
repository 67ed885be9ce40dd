#include "native/service/space.hpp"

#include "freehold/codec/cbor.hpp"
#include "native/fault.hpp"
#include "native/service/usage.hpp"

namespace freehold::native {

using layout::Kind;

namespace {

constexpr std::size_t freed_by_commit_max = 1024;  // blocks
constexpr std::size_t freed_by_sweep_max = 4096;
constexpr int window_steps_max = 1024;

Result<Checkpoint> checkpoint_at(KvReader& kv, const layout::SpaceId& space, std::uint64_t seq) {
  auto checkpoint = find_checkpoint(kv, space, seq);
  if (!checkpoint) return fail(Errc::corrupt, "a checkpoint is lost");
  return *std::move(checkpoint);
}

Bytes sweep_key(std::int64_t due, const layout::SpaceId& space) {
  return layout::key(layout::no_space, Kind::sweep,
                     {layout::ordered(static_cast<std::uint64_t>(due)), space});
}

}  // namespace

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
  const auto head = find_space(kv, space);
  const auto seq = find_seq(kv, space, checkpoint);
  if (!head || !seq || *seq < head->oldest) return std::nullopt;
  const auto stated = find_checkpoint(kv, space, *seq);
  return stated ? std::optional(stated->root) : std::nullopt;
}

Space::Space(KvTransaction& kv, const Did& did, const layout::SpaceId& id)
    : kv_(&kv), did_(did), id_(id), blocks_(kv, id), record_(find_space(kv, id)) {
  root_before_ = record_ ? record_->root : empty_root();
  seq_before_ = record_ ? record_->seq : 0;
}

void Space::put(Block block) {
  // Others than those of SHA-256 are not let in; an identity CID carries its block.
  if (block.cid.hash_code() == multihash_code::identity || block.cid.bytes().size() > 64) return;
  if (!blocks_.find(block.cid)) blocks_.pending().put(std::move(block));
}

void Space::found(const Did& authority) {
  record_ = SpaceRecord{};
  record_->authority = authority;
  record_->root = empty_root();
}

Lifetimes Space::lifetimes(std::uint64_t seq) {
  Lifetimes lifetimes(*kv_, id_, blocks_, *record_);
  lifetimes.set_seq(seq);
  return lifetimes;
}

Result<> Space::keep_forever(Block block) {
  const Cid cid = block.cid;
  put(std::move(block));
  FH_CHECK(lifetimes(record_->seq).hold(cid));
  return {};
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
  if (record_->is_stopped()) {
    return fail(Errc::recovering, "the space waits for what the service has lost");
  }
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
  if (!record_->checkpoint || record_->root != root_before_) {
    FH_TRY(const Weight weight, Tree(blocks_, record_->root).weight());
    FH_CHECK(state(*authority, weight, now));
  }
  fault_point("sync-stated");
  FH_CHECK(settle_lifetimes());
  fault_point("lifetimes-settled");
  // By the window as it was: an answer may yet read what it has just lost.
  lifetimes(record_->seq).sweep(record_->oldest, freed_by_commit_max);
  const StateTerms terms = state_terms_of(*kv_, id_, *authority);
  FH_CHECK(move_window(terms, now));
  return plan_sweep(terms, now);
}

/// The nodes and blocks in which the head differs from what it was.
Result<> Space::settle_lifetimes() {
  const Digest& root = record_->root;
  if (root == root_before_) return {};
  Lifetimes lives = lifetimes(record_->seq);
  FH_TRY(const auto added, nodes_since(blocks_, root_before_, root));
  FH_TRY(const auto dropped, nodes_since(blocks_, root, root_before_));
  FH_TRY(const auto changes, diff(blocks_, root_before_, root));
  FH_CHECK(lives.hold_nodes(added));
  FH_CHECK(move_holdings(changes, blocks_, lives));
  lives.release_nodes(dropped);
  nodes_written_ += lives.nodes_written();
  root_before_ = root;
  return {};
}

/// A root goes when there are `retention_checkpoints` after it, or the one after it is older than
/// `retention_seconds`, whichever comes first.
Result<> Space::move_window(const StateTerms& terms, std::int64_t now) {
  record_->oldest = std::max<std::uint64_t>(record_->oldest, 1);
  for (int step = 0; step < window_steps_max && record_->oldest < record_->seq; ++step) {
    FH_TRY(const Checkpoint next, checkpoint_at(*kv_, id_, record_->oldest + 1));
    const bool are_enough_after = record_->seq - record_->oldest >= terms.retention_checkpoints;
    if (!are_enough_after && next.time > now - terms.retention_seconds) break;
    ++record_->oldest;
  }
  fault_point("window-moved");
  return {};
}

/// Notes when there is something to free, unless that is to be looked at earlier anyway; and stores
/// the record.
Result<> Space::plan_sweep(const StateTerms& terms, std::int64_t now) {
  std::int64_t due = 0;
  Lifetimes lives = lifetimes(record_->seq);
  if (lives.has_offered()) {
    due = record_->recovering ? record_->offered_at + terms.retention_seconds : now;
  } else if (const auto since = lives.dead_since()) {
    if (*since <= record_->oldest) {
      due = now;
    } else if (*since <= record_->seq) {
      FH_TRY(const Checkpoint last, checkpoint_at(*kv_, id_, *since));
      due = last.time + terms.retention_seconds;
    }
  }
  const bool is_planned = record_->sweep_due != 0;
  if (due != 0 && !(is_planned && record_->sweep_due <= due)) {
    if (is_planned) kv_->erase(sweep_key(record_->sweep_due, id_));
    record_->sweep_due = due;
    kv_->put(sweep_key(due, id_), {});
  }
  kv_->put(layout::key(id_, Kind::head), encode(*record_));
  return {};
}

void Space::stop_at(const Checkpoint& checkpoint) {
  record_->recovering = checkpoint.cid();
  record_->recovering_seq = checkpoint.seq;
  kv_->put(layout::key(id_, Kind::head), encode(*record_));
}

Result<> Space::offer(std::span<const Kept> blocks, const StateTerms& terms, std::int64_t now) {
  Lifetimes lives = lifetimes(record_->seq);
  for (const Kept& kept : blocks) FH_CHECK(lives.offer(kept));
  nodes_written_ += lives.nodes_written();
  record_->offered_at = now;
  return plan_sweep(terms, now);
}

Result<> Space::recover(const Checkpoint& checkpoint) {
  record_->root = checkpoint.root;
  record_->seq = checkpoint.seq;
  record_->checkpoint = checkpoint.cid();
  record_->time = checkpoint.time;
  record_->oldest = checkpoint.seq;  // the checkpoints before it are not all known
  record_->recovering.reset();
  record_->recovering_seq = 0;
  record_->recovered_seq = checkpoint.seq;
  store_checkpoint(*kv_, id_, checkpoint);
  FH_CHECK(settle_lifetimes());
  set_rebuilding(Bytes());
  return {};
}

void Space::set_rebuilding(std::optional<Bytes> progress) {
  record_->rebuilding = std::move(progress);
  const Bytes listed = layout::key(layout::no_space, Kind::rebuild, {id_});
  if (record_->rebuilding) {
    kv_->put(listed, {});
  } else {
    kv_->erase(listed);
  }
  kv_->put(layout::key(id_, Kind::head), encode(*record_));
}

bool Space::is_readable(const Digest& root) {
  return root == record_->root || lifetimes(record_->seq).is_readable(root, record_->oldest);
}

Result<> Space::keep_beside(const Digest& root) {
  // The empty tree is a constant; to look for what a large one has not of it would cost its size.
  if (root == record_->root || root == empty_root()) return {};
  FH_TRY(const auto nodes, nodes_since(blocks_, record_->root, root));
  Lifetimes lives = lifetimes(record_->seq + 1);
  FH_CHECK(lives.postpone_nodes(nodes));
  nodes_written_ += lives.nodes_written();
  kv_->put(layout::key(id_, Kind::head), encode(*record_));
  return {};
}

Result<bool> Space::tidy(const Tenants& tenants, std::int64_t now) {
  if (!record_) return true;
  const Tenant* authority = tenants.find(record_->authority);
  if (authority == nullptr) return fail(Errc::corrupt, "the authority of a space is no tenant");
  const StateTerms terms = state_terms_of(*kv_, id_, *authority);
  if (record_->sweep_due != 0) kv_->erase(sweep_key(record_->sweep_due, id_));
  record_->sweep_due = 0;
  FH_CHECK(move_window(terms, now));
  Lifetimes lives = lifetimes(record_->seq);
  std::size_t freed = lives.sweep(record_->oldest, freed_by_sweep_max);
  if (!record_->recovering || record_->offered_at + terms.retention_seconds <= now) {
    freed += lives.sweep_offered(freed_by_sweep_max - freed);
  }
  const bool is_all = freed < freed_by_sweep_max;
  FH_CHECK(plan_sweep(terms, now));
  return is_all;
}

std::vector<layout::SpaceId> spaces_to_tidy(KvReader& kv, std::int64_t now, std::size_t most) {
  std::vector<layout::SpaceId> spaces;
  const Bytes prefix = layout::key(layout::no_space, Kind::sweep);
  kv.scan(prefix, [&](ByteView key, ByteView) {
    const ByteView rest = key.subspan(prefix.size());
    if (static_cast<std::int64_t>(layout::number_of(rest)) > now) return false;
    std::copy(rest.begin() + 8, rest.end(), spaces.emplace_back().begin());
    return spaces.size() < most;
  });
  return spaces;
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
    // Not known if it was lost with what came after a backup.
    if (const auto skipped = find_checkpoint(*kv_, id_, skip)) fields.skip = skipped->cid();
  }
  const Checkpoint checkpoint = issue_checkpoint(fields, authority.signer, record_->proof);
  const Cid& cid = checkpoint.cid();
  store_checkpoint(*kv_, id_, checkpoint);
  record_->seq = fields.seq;
  record_->checkpoint = cid;
  record_->time = fields.time;
  return {};
}

}  // namespace freehold::native
