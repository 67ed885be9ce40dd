#include "native/service/rebuild.hpp"

#include <algorithm>

#include "freehold/codec/cbor.hpp"
#include "freehold/sync/attachments.hpp"
#include "freehold/sync/recognise.hpp"
#include "native/fault.hpp"
#include "native/service/blob_tasks.hpp"
#include "native/service/queue.hpp"
#include "native/service/usage.hpp"

namespace freehold::native {

namespace {

constexpr std::size_t entries_by_step_max = 512;

/// In this order: without a plan nothing is counted, and a slot of a blob adds only what is not
/// told by a receipt of its own.
constexpr std::string_view phases[] = {key_prefix::subscription, key_prefix::receipt,
                                       key_prefix::blob, key_prefix::queue};

/// How far it is, as the space's record keeps it: the phase and the last key looked at.
struct Progress {
  std::size_t phase = 0;
  Bytes key;
};

Progress progress_of(const Bytes& record) {
  if (record.empty()) return {};
  return {record[0], Bytes(record.begin() + 1, record.end())};
}

Bytes record_of(const Progress& progress) {
  Bytes record{static_cast<std::uint8_t>(progress.phase)};
  append(record, progress.key);
  return record;
}

/// The terms of a blob/allocate or blob/accept of this space; none if it is neither.
std::optional<BlobTerms> terms_of(const Ucan& task, const Did& space) {
  const Capability& capability = task.capabilities[0];
  const Value* of = capability.nb ? capability.nb->find("space") : nullptr;
  if (of == nullptr || of->as_bytes() == nullptr || *of->as_bytes() != space.bytes()) return {};
  const Value* blob = capability.nb->find("blob");
  const Value* digest = blob == nullptr ? nullptr : blob->find("digest");
  const auto size = blob == nullptr ? std::nullopt : uint_of(blob->find("size"));
  if (digest == nullptr || digest->as_bytes() == nullptr || !size) return {};
  BlobTerms terms;
  terms.space = space;
  terms.multihash = *digest->as_bytes();
  if (terms.multihash.size() != 2 + digest_size) return {};
  std::copy(terms.multihash.begin() + 2, terms.multihash.end(), terms.digest.begin());
  terms.size = *size;
  const Value* cause = capability.nb->find("cause");
  if (cause != nullptr && cause->as_link() != nullptr) terms.cause = *cause->as_link();
  return terms;
}

class Rebuilder {
 public:
  Rebuilder(Turn& turn, Space& space)
      : turn_(&turn),
        space_(&space),
        recogniser_(space.did(), space.blocks(), turn.context().tenants, turn.seconds()) {}

  Result<> look_at(std::string_view prefix, const Entry& entry) {
    const auto encoded = entry.value.encoded(space_->blocks());
    if (!encoded) return fail(Errc::missing, "the block of a large value");
    const Result<Value> value = decode_cbor(*encoded);
    if (!value) return {};
    if (prefix == key_prefix::subscription) return look_at_subscription(entry.key, *value);
    if (prefix == key_prefix::receipt) return look_at_receipt(entry.key, *value);
    if (prefix == key_prefix::blob) return look_at_slots(entry.key, *value);
    look_at_queued(entry.key, *value);
    return {};
  }

 private:
  struct Signed {
    const Tenant* tenant;
    Receipt receipt;
    Ucan task;
  };

  /// The receipt that the value links to, if a tenant of ours has signed it.
  std::optional<Signed> signed_by_us(const Value& link) const {
    if (link.as_link() == nullptr) return std::nullopt;
    const auto bytes = space_->blocks().find(*link.as_link());
    if (!bytes) return std::nullopt;
    const Result<Receipt> receipt = Receipt::decode(Block(*link.as_link(), copy_of(*bytes)));
    if (!receipt || !receipt->issuer) return std::nullopt;
    const Tenant* tenant = turn_->context().tenants.find(*receipt->issuer);
    if (tenant == nullptr) return std::nullopt;
    Recognition found = recogniser_.receipt(receipt->ran, link, nullptr);
    if (!found) return std::nullopt;
    return Signed{tenant, *std::move(found.receipt), std::move(found.invocation)};
  }

  bool is_done(const Cid& task) const {
    const auto record = find_task(turn_->kv(), task);
    return record && record->state == TaskRecord::State::done;
  }

  Result<> look_at_receipt(const Bytes& key, const Value& link) {
    const auto task = cid_of_key(key_prefix::receipt, key);
    if (!task) return {};
    if (!is_done(*task)) {
      const auto found = signed_by_us(link);
      if (!found || !(found->receipt.ran == *task)) return {};
      FH_CHECK(take(*found));
    }
    if (is_done(*task)) note_owed(turn_->kv(), space_->id(), key, *task);
    return {};
  }

  Result<> look_at_slots(const Bytes& key, const Value& slots) {
    const auto multihash = multihash_of_key(key);
    if (!multihash || slots.as_map() == nullptr) return {};
    for (const Tenant& tenant : turn_->context().tenants.all()) {
      const Value* slot = slots.find(tenant.did().text());
      if (slot == nullptr) continue;
      const Recognition add = recogniser_.blob(*multihash, tenant.did(), *slot);
      if (!add) continue;
      if (!is_done(add.receipt->ran)) {
        FH_CHECK(take({&tenant, *add.receipt, add.invocation}));
      }
      note_owed(turn_->kv(), space_->id(), key, add.receipt->ran);
    }
    return {};
  }

  /// Takes note of a task, and of what its receipt promises. One that says "not yet" promises
  /// nothing: the task may run again.
  Result<> take(const Signed& found) {
    if (state_of(found.receipt.out) != TaskRecord::State::done) return {};
    std::vector<Block> effects;
    save(found, &effects);
    if (found.receipt.ok() == nullptr) return {};
    const std::string& can = found.task.capabilities[0].can;
    if (can == ability::blob_allocate) return take_allocation(found);
    if (can == ability::blob_accept) return take_acceptance(found);
    for (const Block& effect : effects) {  // receipts that were concluded in this one
      FH_CHECK(take_effect(effect.cid));
    }
    return {};
  }

  Result<> take_effect(const Cid& link) {
    const auto effect = signed_by_us(Value(link));
    if (!effect || is_done(effect->receipt.ran)) return {};
    const std::string& can = effect->task.capabilities[0].can;
    if (can != ability::blob_allocate && can != ability::blob_accept) return {};
    return take(*effect);
  }

  void save(const Signed& found, std::vector<Block>* effects) {
    const Cid& task = found.task.cid();
    CidSet seen;
    std::vector<Cid> reached;
    for (const Cid& effect : found.receipt.fork) {
      collect_reached(effect, space_->blocks(), &seen, &reached);
      if (reached.size() >= limits::attachments_held_max) break;
    }
    for (const Cid& cid : reached) {
      effects->emplace_back(cid, copy_of(*space_->blocks().find(cid)));
    }
    const bool is_small = !size_error(found.task, space_->blocks());
    std::vector<Block> blocks =
        is_small ? with_proofs(found.task, space_->blocks()) : std::vector{found.task.block};
    blocks.insert(blocks.end(), effects->begin(), effects->end());
    blocks.push_back(found.receipt.block);

    TaskRecord record = find_task(turn_->kv(), task).value_or(TaskRecord());
    if (record.state == TaskRecord::State::claimed) forget_claim(turn_->kv(), task);
    record.state = TaskRecord::State::done;
    record.tenant = found.tenant->did();
    record.archive = encode_message({}, std::span(&found.receipt, 1), blocks);
    save_task(turn_->kv(), task, record);
  }

  /// blob/allocate: the room is reserved again, as long as it was to be.
  Result<> take_allocation(const Signed& found) {
    const auto terms = terms_of(found.task, space_->did());
    Usage usage(turn_->kv(), space_->id(), found.tenant->did());
    if (!terms || !usage.subscription()) return {};
    const auto known = usage.blob(terms->digest);
    if (known && (known->is_stored || known->size != terms->size)) return {};
    FH_TRY(const BlobTasks tasks, tasks_of(*found.tenant, *terms));
    if (tasks.allocate.cid() == found.task.cid()) {
      expect_put(turn_->kv(), found.tenant->did(), *terms, tasks);
    }
    const Value* expires = select(found.receipt.out, ".out.ok.address.expires");
    BlobRecord record = known.value_or(BlobRecord());
    record.size = terms->size;
    record.expires = std::max(record.expires, time_of(expires));
    if (record.expires <= turn_->seconds()) return {};
    if (known) {
      usage.extend(terms->digest, record);
      return {};
    }
    record.cause = terms->cause;
    record.provider = provider_of(found.receipt, usage);
    // Without room (the capacity was granted to others since the backup) it counts as expired.
    (void)usage.reserve(terms->digest, record);
    return {};
  }

  static std::int64_t time_of(const Value* seconds) {
    return static_cast<std::int64_t>(
        std::min(uint_of(seconds).value_or(0), limits::integer_safe_max));
  }

  /// The plan that an allocation was under.
  static Did provider_of(const Receipt& allocation, const Usage& usage) {
    const Value* text = allocation.meta.find("provider");
    const bool is_text = text != nullptr && text->as_text() != nullptr;
    const Result<Did> did = is_text ? Did::parse(*text->as_text()) : fail(Errc::malformed, "");
    return did ? *did : usage.subscription()->provider;
  }

  /// blob/accept: the blob is stored, if its bytes are here. If not, what was promised cannot be
  /// kept: it counts for nothing, and a new space/blob/add asks for the bytes.
  Result<> take_acceptance(const Signed& found) {
    const auto terms = terms_of(found.task, space_->did());
    if (!terms) return {};
    const Value* link = found.task.capabilities[0].nb->find("_put");
    const auto put = link == nullptr ? std::nullopt : as_await(*link);
    if (put) FH_CHECK(take_put(put->task, *terms, found.tenant->did()));
    Usage usage(turn_->kv(), space_->id(), found.tenant->did());
    if (!usage.subscription()) return {};
    if (turn_->context().blobs->size_of(terms->digest) != terms->size) return {};
    const auto known = usage.blob(terms->digest);
    if (known && (known->is_stored || known->size != terms->size)) return {};
    BlobRecord record = known.value_or(BlobRecord());
    record.size = terms->size;
    record.inserted_at = turn_->seconds();  // when it really was nobody has signed
    if (!known) FH_CHECK(describe(put, usage, &record));
    usage.store(terms->digest, record);
    return {};
  }

  /// http/put of a blob that was accepted: it is not waited for any more. Its receipt is signed by
  /// the key of the blob; it tells nothing that the acceptance does not.
  Result<> take_put(const Cid& put, const BlobTerms& terms, const Did& tenant) {
    TaskRecord record = find_task(turn_->kv(), put).value_or(TaskRecord());
    if (record.state == TaskRecord::State::done) return {};
    record.state = TaskRecord::State::done;
    record.tenant = tenant;
    record.multihash = terms.multihash;
    record.size = terms.size;
    record.blob_space = terms.space;
    FH_TRY(const auto value, space_->get(key_of(key_prefix::receipt, put)));
    const Recognition told = value ? recogniser_.receipt(put, *value, nullptr) : Recognition();
    if (told && is_by_blob_key(*told.receipt, terms.multihash)) {
      const std::vector<Block> blocks{told.invocation.block, told.receipt->block};
      record.archive = encode_message({}, std::span(&*told.receipt, 1), blocks);
    }
    save_task(turn_->kv(), put, record);
    return {};
  }

  /// Cause and plan of an accepted blob: by the allocation that its http/put names.
  Result<> describe(const std::optional<Await>& put, const Usage& usage, BlobRecord* record) {
    record->provider = usage.subscription()->provider;
    const auto bytes = put ? space_->blocks().find(put->task) : std::nullopt;
    const Result<Ucan> task = bytes ? Ucan::decode(Block(put->task, copy_of(*bytes)))
                                    : Result<Ucan>(fail(Errc::missing, ""));
    if (!task || task->capabilities.size() != 1 || !task->capabilities[0].nb) return {};
    const Value* url = task->capabilities[0].nb->find("url");
    const auto allocate = url == nullptr ? std::nullopt : as_await(*url);
    if (!allocate) return {};
    FH_TRY(const auto value, space_->get(key_of(key_prefix::receipt, allocate->task)));
    const auto found = value ? signed_by_us(*value) : std::nullopt;
    const auto terms = found ? terms_of(found->task, space_->did()) : std::nullopt;
    if (!terms || !(found->task.cid() == allocate->task)) return {};
    record->cause = terms->cause;
    record->provider = provider_of(found->receipt, usage);
    return {};
  }

  /// provider/add that the ledger does not know: the plan is in force. Of several of one tenant the
  /// one with the largest capacity: which came last nobody has signed.
  Result<> look_at_subscription(const Bytes& key, const Value& link) {
    const auto found = signed_by_us(link);
    if (!found || is_done(found->task.cid()) || found->receipt.ok() == nullptr) return {};
    const Capability& capability = found->task.capabilities[0];
    if (capability.can != "provider/add" || !capability.nb) return {};
    const Value* provider = capability.nb->find("provider");
    const Value* consumer = capability.nb->find("consumer");
    const std::string_view named =
        text_of(ByteView(key).subspan(std::string_view(key_prefix::subscription).size()));
    if (provider == nullptr || provider->as_text() == nullptr || *provider->as_text() != named ||
        consumer == nullptr || consumer->as_text() == nullptr ||
        *consumer->as_text() != space_->did().text()) {
      return {};
    }
    std::vector<Block> effects;
    save(*found, &effects);
    Usage usage(turn_->kv(), space_->id(), found->tenant->did());
    for (const Provider& plan : found->tenant->providers) {
      const bool is_larger =
          !usage.subscription() || usage.subscription()->capacity < plan.capacity;
      if (plan.did.text() == named && is_larger) usage.subscribe(plan.did, plan.capacity);
    }
    return {};
  }

  /// What waited in the queue is found by the next sync.
  void look_at_queued(const Bytes& key, const Value& link) {
    const auto cid = cid_of_key(key_prefix::queue, key);
    if (!cid || link.as_link() == nullptr || !(*link.as_link() == *cid)) return;
    const auto bytes = find_inline(space_->blocks(), *cid);
    if (!bytes) return;
    const Result<Ucan> invocation = Ucan::decode(Block(*cid, copy_of(*bytes)));
    if (invocation) keep_waiting(turn_->kv(), space_->id(), *invocation);
  }

  Turn* turn_;
  Space* space_;
  Recogniser recogniser_;
};

}  // namespace

Result<bool> rebuild_ledger(Turn& turn, Space& space) {
  if (!space.record().rebuilding) return true;
  Progress progress = progress_of(*space.record().rebuilding);
  const Tree tree(space.blocks(), space.record().root);
  Rebuilder rebuilder(turn, space);
  std::size_t left = entries_by_step_max;
  while (progress.phase < std::size(phases) && left > 0) {
    Range range;
    range.prefix = copy_of(view_of(phases[progress.phase]));
    if (!progress.key.empty()) range.from = progress.key;
    range.from_exclusive = true;
    range.limit = left;
    FH_TRY(const Page page, tree.list(range));
    for (const Entry& entry : page.entries) {
      FH_CHECK(rebuilder.look_at(phases[progress.phase], entry));
    }
    left -= page.entries.size();
    progress = page.next ? Progress{progress.phase, *page.next} : Progress{progress.phase + 1, {}};
  }
  const bool is_all = progress.phase == std::size(phases);
  space.set_rebuilding(is_all ? std::nullopt : std::optional(record_of(progress)));
  fault_point("ledger-rebuilt");
  return is_all;
}

std::vector<layout::SpaceId> spaces_to_rebuild(KvReader& kv, std::size_t most) {
  std::vector<layout::SpaceId> spaces;
  const Bytes prefix = layout::key(layout::no_space, layout::Kind::rebuild);
  kv.scan(prefix, [&](ByteView key, ByteView) {
    std::copy(key.begin() + static_cast<std::ptrdiff_t>(prefix.size()), key.end(),
              spaces.emplace_back().begin());
    return spaces.size() < most;
  });
  return spaces;
}

}  // namespace freehold::native
