#include "native/service/queue.hpp"

#include <chrono>

#include "native/fault.hpp"
#include "native/service/errors.hpp"

namespace freehold::native {

using layout::Kind;

namespace {

/// How long the tasks of one sync may keep its answer waiting; the rest runs after it.
constexpr std::chrono::milliseconds inline_time_max{500};

Bytes claimed_key(const Cid& task) {
  return layout::key(layout::no_space, Kind::claimed, {layout::hash_of(task)});
}

bool is_held(const Context& context) {
  return !context.hold_file.empty() && std::filesystem::exists(context.hold_file);
}

class Taker {
 public:
  Taker(Turn& turn, Space& space)
      : turn_(&turn), space_(&space), started_(std::chrono::steady_clock::now()) {}

  /// The entry under `key`. Errors are those of our own storage.
  Result<> take(const Bytes& key) {
    const auto cid = cid_of_key(key_prefix::queue, key);
    if (!cid) return {};
    FH_TRY(const auto value, space_->get(key));
    // It counts if its value links to the invocation that its key names, and the block is here.
    if (!value || value->as_link() == nullptr || !(*value->as_link() == *cid)) return {};
    const auto bytes = find_inline(space_->blocks(), *cid);
    if (!bytes) return {};
    const Result<Ucan> invocation = Ucan::decode(Block(*cid, copy_of(*bytes)));
    if (!invocation) return {};
    const Tenant* tenant = turn_->context().tenants.find(invocation->audience);
    const std::int64_t due = invocation->not_before.value_or(0);
    if (tenant == nullptr || due >= turn_->seconds()) {
      keep_waiting(turn_->kv(), space_->id(), *invocation);
      return {};
    }
    return move(*invocation, *tenant);
  }

  bool is_left() const noexcept { return is_left_; }

 private:
  Result<> move(const Ucan& invocation, const Tenant& tenant) {
    const Cid& task = invocation.cid();
    space_->erase(key_of(key_prefix::queue, task));
    space_->set(key_of(key_prefix::invoked, task), Value(task));
    auto record = find_task(turn_->kv(), task);
    if (record && record->state == TaskRecord::State::done) {
      FH_TRY(const Answer before, answer_of(task, *record));
      tell(before);
      return {};
    }
    if (record && record->state == TaskRecord::State::claimed) return {};  // its receipt will come
    if (auto error = error_before_running(invocation, tenant)) {
      tell(answer_of(tenant, invocation, space_->blocks(), Outcome::failed(*std::move(error))));
      return {};
    }
    claim(invocation, tenant, record.value_or(TaskRecord()));
    if (is_held(turn_->context()) ||
        std::chrono::steady_clock::now() - started_ > inline_time_max) {
      is_left_ = true;
      return {};
    }
    return run_claimed(*turn_, task);
  }

  std::optional<Value> error_before_running(const Ucan& invocation, const Tenant& tenant) {
    if (invocation.capabilities.size() != 1) return error_value::invocation_capability(invocation);
    const Capability& capability = invocation.capabilities.front();
    // space/state/* is found in no table either: a sync cannot wait in the queue that it empties.
    if (find_ability(capability.can) == nullptr) return error_value::handler_not_found(capability);
    if (auto error = size_error(invocation, space_->blocks())) return error;
    return denial_of(invocation, tenant, space_->blocks(), turn_->seconds());
  }

  void claim(const Ucan& invocation, const Tenant& tenant, TaskRecord record) {
    record.state = TaskRecord::State::claimed;
    record.tenant = tenant.did();
    record.space = space_->did();
    record.archive = encode_message(std::span(&invocation.cid(), 1), {},
                                    with_proofs(invocation, space_->blocks()));
    save_task(turn_->kv(), invocation.cid(), record);
    turn_->kv().put(claimed_key(invocation.cid()), invocation.cid().bytes());
    fault_point("sync-claimed");
  }

  void tell(const Answer& answer) {
    for (const Block& block : answer.blocks) space_->put(block);
    space_->set(key_of(key_prefix::receipt, answer.receipt.ran), Value(answer.receipt.cid()));
  }

  Turn* turn_;
  Space* space_;
  std::chrono::steady_clock::time_point started_;
  bool is_left_ = false;
};

/// Keys of entries that waited for one of our tenants and are due; they are taken off the list.
std::vector<Bytes> waiting_keys(Turn& turn, const Space& space) {
  std::vector<Bytes> keys;
  std::vector<Bytes> listed;
  for (const Tenant& tenant : turn.context().tenants.all()) {
    const Bytes prefix = layout::key(space.id(), Kind::waiting, {layout::hash_of(tenant.did())});
    turn.kv().scan(prefix, [&](ByteView key, ByteView cid) {
      const auto due = static_cast<std::int64_t>(layout::number_of(key.subspan(prefix.size())));
      if (due >= turn.seconds() && due != 0) return false;
      listed.push_back(copy_of(key));
      if (const Result<Cid> task = Cid::decode(cid)) {
        keys.push_back(key_of(key_prefix::queue, *task));
      }
      return keys.size() < limits::queue_taken_max;
    });
  }
  for (const Bytes& key : listed) turn.kv().erase(key);
  return keys;
}

}  // namespace

std::optional<Value> size_error(const Ucan& invocation, const BlockStore& blocks) {
  std::size_t bytes = 0;
  for (const Block& block : with_proofs(invocation, blocks)) bytes += block.bytes().size();
  if (bytes <= limits::invocation_bytes_max) return std::nullopt;
  return error_of("LimitExceeded",
                  "invocation with proofs over invocation_bytes_max (262,144 bytes)");
}

std::optional<Value> denial_of(const Ucan& invocation, const Tenant& tenant,
                               const BlockStore& blocks, std::int64_t now) {
  ValidationContext context;
  context.now = now;
  context.authority = tenant.did();
  context.authority_key = tenant.key_did;
  context.proofs = &blocks;
  const auto authorized = authorize(invocation, context);
  if (authorized) return std::nullopt;
  return error_value::unauthorized(authorized.error());
}

Result<> take_queue(Turn& turn, Space& space, std::span<const Bytes> keys, bool* is_left) {
  Taker taker(turn, space);
  for (const Bytes& key : waiting_keys(turn, space)) FH_CHECK(taker.take(key));
  for (const Bytes& key : keys) FH_CHECK(taker.take(key));
  *is_left = taker.is_left();
  return {};
}

void keep_waiting(KvTransaction& kv, const layout::SpaceId& space, const Ucan& invocation) {
  const auto due = std::max<std::int64_t>(invocation.not_before.value_or(0), 0);
  kv.put(layout::key(
             space, Kind::waiting,
             {layout::hash_of(invocation.audience),
              layout::ordered(static_cast<std::uint64_t>(due)), layout::hash_of(invocation.cid())}),
         invocation.cid().bytes());
}

void forget_claim(KvTransaction& kv, const Cid& task) {
  kv.erase(claimed_key(task));
}

Result<> run_claimed(Turn& turn, const Cid& task) {
  forget_claim(turn.kv(), task);
  const auto record = find_task(turn.kv(), task);
  if (!record || record->state != TaskRecord::State::claimed) return {};
  const Tenant* tenant = turn.context().tenants.find(record->tenant);
  if (tenant == nullptr) return {};
  FH_TRY(const Message message, decode_message(record->archive));
  FH_TRY(const Ucan invocation, Ucan::decode(message.blocks.block(task)));
  Space* home = record->space ? turn.space(*record->space) : nullptr;
  Call call{turn, *tenant, invocation, message.blocks};
  FH_CHECK(run_task(call, home));
  return {};
}

std::vector<Cid> claimed_tasks(KvReader& kv, std::size_t most) {
  std::vector<Cid> tasks;
  kv.scan(layout::key(layout::no_space, Kind::claimed), [&](ByteView, ByteView bytes) {
    if (const Result<Cid> cid = Cid::decode(bytes)) tasks.push_back(*cid);
    return tasks.size() < most;
  });
  return tasks;
}

}  // namespace freehold::native
