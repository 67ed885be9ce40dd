#include "freehold/db/replica.hpp"

#include "freehold/codec/cbor.hpp"
#include "freehold/db/gathered.hpp"
#include "freehold/db/tree_holdings.hpp"
#include "freehold/sync/names.hpp"
#include "freehold/tree/cursor.hpp"

namespace freehold {

// --- the head record ----------------------------------------------------------------------------

Replica Replica::create(const Did& space) {
  Replica replica(space);
  replica.head_ = empty_root();
  replica.base_ = replica.head_;
  replica.held_ = replica.head_;
  replica.held_of_ = replica.head_;
  replica.scopes_.root = replica.head_;
  replica.blocks_.put(empty_node());
  return replica;
}

namespace {

Value links_of(const std::vector<Digest>& roots) {
  List links;
  for (const Digest& root : roots) links.push_back(Value(node_cid(root)));
  return Value(std::move(links));
}

bool read_roots(const Value& map, const char* name, std::vector<Digest>* roots) {
  const Value* list = map.find(name);
  if (list == nullptr || list->as_list() == nullptr) return false;
  for (const Value& link : *list->as_list()) {
    const auto root = node_of(&link);
    if (!root) return false;
    roots->push_back(*root);
  }
  return true;
}

}  // namespace

Replica Replica::of_state(const Did& space, const Digest& head, const Checkpoint* base) {
  Replica replica = create(space);
  replica.head_ = head;
  if (base != nullptr) {
    replica.base_ = base->root;
    replica.checkpoint_ = base->cid();
    replica.seq_ = base->seq;
    replica.checkpoint_time_ = base->time;
  }
  return replica;
}

Bytes Replica::record() const {
  Map services;
  for (const auto& [did, key] : services_.all()) services.set(did, Value(key.text()));
  return encode_cbor(
      Value(Map{{"v", Value(1)},
                {"have", pulling_ ? links_of(pulling_->have) : Value()},
                {"from", pulling_ && pulling_->from ? Value(*pulling_->from) : Value()},
                {"space", Value(space_.text())},
                {"head", Value(node_cid(head_))},
                {"base", Value(node_cid(base_))},
                {"held", Value(node_cid(held_))},
                {"heldOf", Value(node_cid(held_of_))},
                {"sentRoot", sent_root_ ? Value(node_cid(*sent_root_)) : Value()},
                {"checkpoint", checkpoint_ ? Value(*checkpoint_) : Value()},
                {"seq", Value(seq_)},
                {"time", Value(checkpoint_time_)},
                {"authority", authority_ ? Value(authority_->text()) : Value()},
                {"seen", seen_ ? Value(seen_->cid) : Value()},
                {"seenSeq", Value(seq_seen())},
                {"n", Value(n_)},
                {"scopes", encode(scopes_)},
                {"cached", Value(cached_)},
                {"sent", links_of(unanswered_)},
                {"services", Value(std::move(services))}}));
}

Result<Replica> Replica::load(ByteView record) {
  const auto broken = [] { return fail(Errc::corrupt, "head record: not what was stored"); };
  const Result<Value> value = decode_cbor(record);
  if (!value) return broken();
  const Value* space = value->find("space");
  const auto head = node_of(value->find("head"));
  const auto base = node_of(value->find("base"));
  const auto seq = uint_of(value->find("seq"));
  const auto n = uint_of(value->find("n"));
  const auto time = uint_of(value->find("time"));
  if (uint_of(value->find("v")) != 1u || space == nullptr || space->as_text() == nullptr || !head ||
      !base || !seq || !n || !time) {
    return broken();
  }
  const Result<Did> did = Did::parse(*space->as_text());
  if (!did) return broken();
  Replica replica(*did);
  replica.head_ = *head;
  replica.base_ = *base;
  replica.held_ = node_of(value->find("held")).value_or(empty_root());
  replica.held_of_ = node_of(value->find("heldOf")).value_or(empty_root());
  replica.sent_root_ = node_of(value->find("sentRoot"));
  replica.seq_ = *seq;
  replica.n_ = *n;
  replica.checkpoint_time_ = static_cast<std::int64_t>(*time);
  const Value* checkpoint = value->find("checkpoint");
  if (checkpoint != nullptr && checkpoint->as_link() != nullptr) {
    replica.checkpoint_ = *checkpoint->as_link();
    replica.seen_ = Seen{*replica.checkpoint_, *seq};
  }
  const Value* seen = value->find("seen");
  const auto seen_seq = uint_of(value->find("seenSeq"));
  if (seen != nullptr && seen->as_link() != nullptr && seen_seq) {
    replica.seen_ = Seen{*seen->as_link(), *seen_seq};
  }
  const Value* authority = value->find("authority");
  if (authority != nullptr && authority->as_text() != nullptr) {
    const Result<Did> authority_did = Did::parse(*authority->as_text());
    if (!authority_did) return broken();
    replica.authority_ = *authority_did;
  }
  if (value->find("sent") != nullptr && !read_roots(*value, "sent", &replica.unanswered_)) {
    return broken();
  }
  const Value* have = value->find("have");
  if (have != nullptr && !have->is_null()) {
    replica.pulling_.emplace();
    const Value* from = value->find("from");
    if (!read_roots(*value, "have", &replica.pulling_->have) || replica.pulling_->have.empty()) {
      return broken();
    }
    if (from != nullptr && from->as_bytes() != nullptr) replica.pulling_->from = *from->as_bytes();
  }
  // Records from before there were scopes have none.
  const Value* scopes = value->find("scopes");
  replica.scopes_.root = replica.base_;
  if (scopes != nullptr) {
    FH_TRY(replica.scopes_, decode_scopes(*scopes));
  }
  replica.cached_ = uint_of(value->find("cached")).value_or(0);
  const Value* services = value->find("services");
  if (services == nullptr || services->as_map() == nullptr) return broken();
  for (const auto& [service, key] : *services->as_map()) {
    const Result<Did> service_did = Did::parse(service);
    const Result<Did> key_did = Did::parse(key.as_text() == nullptr ? "" : *key.as_text());
    if (!service_did || !key_did) return broken();
    replica.services_.set(*service_did, *key_did);
  }
  replica.blocks_.put(empty_node());  // need not be stored: it is a constant
  return replica;
}

// --- reading ------------------------------------------------------------------------------------

/// An operation begins, that may look for `wanted`.
void Replica::start(std::optional<ReadCall> wanted) {
  missing_ = Missing();
  wanted_ = std::move(wanted);
  is_reading_ = false;
}

ReadCall Replica::call_of_keys(std::vector<Bytes> keys) const {
  ReadCall call;
  call.root = base_;
  keys.resize(std::min(keys.size(), limits::read_keys_max));
  call.keys = std::move(keys);
  return call;
}

Result<std::optional<Bytes>> Replica::get(ByteView key) {
  start(call_of_keys({copy_of(key)}));
  FH_TRY(const auto value, Tree(blocks_, head_).get(key, &missing_));
  if (!value) return std::optional<Bytes>();
  FH_TRY(Bytes encoded, value_of(*value));
  return std::optional<Bytes>(std::move(encoded));
}

Result<Page> Replica::list(const Range& range) {
  ReadCall call;
  call.root = base_;
  call.range = range;
  start(std::move(call));
  return Tree(blocks_, head_).list(range, &missing_);
}

Result<FolderPage> Replica::list_folder(const FolderQuery& query) {
  start();
  return Tree(blocks_, head_).list_folder(query, &missing_);
}

Result<Weight> Replica::weight() {
  start();
  return Tree(blocks_, head_).weight(&missing_);
}

Result<Bytes> Replica::value_of(const StoredValue& value) {
  const auto encoded = value.encoded(blocks_);
  if (encoded) return copy_of(*encoded);
  missing_.add(node_cid(value.link()));
  return fail(Errc::missing, "the block of a large value is not held");
}

Result<std::vector<BlobStatus>> Replica::blobs(const Range& range, std::int64_t now) {
  ReadCall call;
  call.root = base_;
  call.range = range;
  if (range.prefix.empty()) call.range->prefix = copy_of(view_of(key_prefix::blob));
  start(std::move(call));
  FH_TRY(auto statuses,
         blob_statuses(Tree(blocks_, head_), blocks_, recogniser(now), range, &missing_));
  if (is_wanting(missing_.cids())) return fail(Errc::missing, "a block of a receipt is not held");
  return statuses;
}

/// Whether any of the blocks may yet be found, in storage or by the service.
bool Replica::is_wanting(const std::vector<Cid>& cids) const {
  return std::any_of(cids.begin(), cids.end(), [&](const Cid& cid) {
    return !absent_.contains(cid) || (may_read() && !lost_.contains(cid));
  });
}

// --- editing ------------------------------------------------------------------------------------

Result<Commit> Replica::edit(std::span<const Change> changes, std::vector<Block> attached) {
  std::vector<Bytes> keys;
  if (pulling_) {
    for (const Change& change : changes) keys.push_back(change.key);
  }
  start(call_of_keys(std::move(keys)));
  std::map<ByteView, const Change*, BytesLess> last;  // of each key
  for (const Change& change : changes) {
    FH_CHECK(check_key(change.key));
    last[change.key] = &change;
  }
  Gathered gathered;
  std::vector<Edit> edits;
  for (const auto& [key, change] : last) {
    Edit edit{change->key, std::nullopt};
    if (change->value) {
      FH_TRY(edit.value, StoredValue::of(*change->value, gathered));
    }
    edits.push_back(std::move(edit));
  }
  FH_TRY(const Applied applied, apply(blocks_, head_, edits, gathered, &missing_));
  for (Block& block : attached) gathered.put(std::move(block));

  Commit commit;
  const LayeredStore all(gathered.store(), blocks_);
  const Digest others[] = {base_, sent_root_.value_or(base_)};
  // One that is not whole may not know what other trees have: it leaves that to the sweep.
  if (!pulling_) FH_CHECK(free_dropped(applied.dropped, all, others, &commit.freed));
  Digest held = held_;
  const bool may_move =
      held_ != empty_root() || std::any_of(edits.begin(), edits.end(), [](const Edit& edit) {
        return may_hold(edit.key, edit.value);
      });
  if (may_move && !pulling_) {
    FH_TRY(held, move_held(applied.root, sent_.has_value(), gathered, &commit.freed));
  }
  head_ = applied.root;
  held_ = held;
  if (!pulling_) held_of_ = head_;
  hold(commit, gathered.take());
  return commit;
}

/// The commit is made: what it adds is at hand, what it frees is not.
void Replica::hold(Commit& commit, std::vector<Block> added, bool is_cached) {
  if (!pulling_) cached_ = 0;
  for (const Block& block : added) cached_ += pulling_ && is_cached ? block.bytes().size() : 0;
  std::erase(commit.freed, node_cid(empty_root()));  // a constant: it is always at hand
  for (const Cid& cid : commit.freed) blocks_.erase(cid);
  for (const Block& block : added) {
    absent_.erase(block.cid);
    lost_.erase(block.cid);
    blocks_.put(block);
  }
  commit.added = std::move(added);
  commit.record = record();
}

bool Replica::trim() {
  if (blocks_.bytes() <= limits::replica_memory_bytes_max) return false;
  blocks_.clear();
  blocks_.put(empty_node());
  return true;
}

/// Those of the nodes that no tree under `roots` has are free. Blocks that storage has lost count
/// as there.
Result<> Replica::free_dropped(std::span<const Digest> nodes, const BlockStore& all,
                               std::span<const Digest> roots, std::vector<Cid>* freed) {
  NodeSource source(all);
  const auto has = [&](const Digest& root, const Digest& digest) {
    const Node* node = source.node(digest);
    const Node* top = source.node(root);
    if (node == nullptr || top == nullptr || root == digest) return true;
    if (node->size() == 0 || top->level() <= node->level()) return false;
    LevelCursor cursor(source, root, node->level());
    return !cursor.seek(node->key(0)) || cursor.digest() == digest;
  };
  for (const Digest& node : nodes) {
    const bool is_needed = std::any_of(roots.begin(), roots.end(),
                                       [&](const Digest& root) { return has(root, node); });
    if (!is_needed) freed->push_back(node_cid(node));
  }
  source.tell_missing(&missing_);
  if (is_wanting(source.missing().cids())) return fail(Errc::missing, "a node is not held");
  return {};
}

/// The tree of what the entries of `head` hold.
Result<Digest> Replica::move_held(const Digest& head, bool keeps_dead, Gathered& gathered,
                                  std::vector<Cid>* freed) {
  const LayeredStore all(gathered.store(), blocks_);
  FH_TRY(const auto changes, diff(all, held_of_, head, &missing_));
  TreeHoldings holdings(all, held_, &missing_);
  std::vector<Cid> absent;
  FH_CHECK(move_holdings(changes, all, holdings, &absent));
  for (const Cid& cid : absent) missing_.add(cid);
  if (is_wanting(absent)) return fail(Errc::missing, "an attachment is not held");
  FH_TRY(const auto finished, holdings.finish(keeps_dead, gathered));
  CidSet proving;  // the base's checkpoint: it stays, and does not come again
  if (checkpoint_ && !finished.freed.empty()) {
    FH_TRY(proving, reached(*checkpoint_, all));
  }
  for (const Cid& cid : finished.freed) {
    if (!proving.contains(cid)) freed->push_back(cid);
  }
  for (const Digest& node : finished.applied.dropped) freed->push_back(node_cid(node));
  return finished.applied.root;
}

}  // namespace freehold
