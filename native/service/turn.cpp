#include "native/service/turn.hpp"

#include <algorithm>

#include "native/fault.hpp"
#include "native/service/errors.hpp"

namespace freehold::native {

Space* Turn::space(const Did& did) {
  if (const auto found = spaces_.find(did.text()); found != spaces_.end()) {
    return found->second.get();
  }
  const auto id = space_id_of(did);
  if (!id) return nullptr;
  return spaces_.emplace(did.text(), std::make_unique<Space>(*kv_, did, *id)).first->second.get();
}

Space* Turn::space(std::string_view did) {
  const Result<Did> parsed = Did::parse(did);
  return parsed ? space(*parsed) : nullptr;
}

std::vector<Space*> Turn::spaces() const {
  std::vector<Space*> all;
  for (const auto& [did, space] : spaces_) all.push_back(space.get());
  return all;
}

Result<> Turn::commit() {
  for (const auto& [did, space] : spaces_) FH_CHECK(space->commit(context_->tenants, seconds()));
  return {};
}

Answer answer_of(const Tenant& tenant, const Ucan& invocation, const BlockStore& blocks,
                 Outcome outcome) {
  Answer answer = answer_of(tenant, invocation, std::move(outcome));
  const std::vector<Block> told = with_proofs(invocation, blocks);
  answer.blocks.insert(answer.blocks.begin(), told.begin(), told.end());
  return answer;
}

Answer answer_of(const Tenant& tenant, const Ucan& invocation, Outcome outcome) {
  ReceiptFields fields;
  fields.ran = invocation.cid();
  fields.out = std::move(outcome.out);
  fields.fork = std::move(outcome.fork);
  fields.meta = std::move(outcome.meta);
  Answer answer{issue(std::move(fields), tenant.signer), std::move(outcome.blocks)};
  answer.blocks.push_back(answer.receipt.block);
  return answer;
}

Result<Answer> answer_of(const Cid& task, const TaskRecord& record) {
  FH_TRY(const Message message, decode_message(record.archive));
  FH_TRY(const auto receipt, message.receipt_of(task));
  if (!receipt) return fail(Errc::corrupt, "the archive of a task has no receipt");
  Answer answer{*receipt, {}};
  for (const auto& [cid, block] : message.blocks.blocks()) {
    if (!(cid == message.root)) answer.blocks.push_back(block);
  }
  return answer;
}

void keep_receipt(Turn& turn, const Did& tenant, const Answer& answer, TaskRecord::State state,
                  Space* space) {
  const Cid& task = answer.receipt.ran;
  TaskRecord record = find_task(turn.kv(), task).value_or(TaskRecord());
  record.state = state;
  record.tenant = tenant;
  record.archive = encode_message({}, std::span(&answer.receipt, 1), answer.blocks);
  save_task(turn.kv(), task, record);
  if (space == nullptr || !space->is_ours()) return;
  note_owed(turn.kv(), space->id(), key_of(key_prefix::receipt, task), task);
  for (const Block& block : answer.blocks) space->put(block);
  space->set(key_of(key_prefix::receipt, task), Value(answer.receipt.cid()));
}

std::optional<TaskRecord::State> state_of(const Value& out) noexcept {
  // What says nothing for good, of all errors that our receipts have.
  constexpr std::string_view open[] = {"HandlerExecutionError", "MissingBlocks",
                                       "AllocationExpired", "AllocatedMemoryHadNotBeenWrittenTo"};
  constexpr std::string_view not_run[] = {"Unauthorized",    "HandlerNotFound",
                                          "InvalidAudience", "InvocationCapabilityError",
                                          "LimitExceeded",   "Recovering"};
  const Value* error = out.find("error");
  const Value* name = error == nullptr ? nullptr : error->find("name");
  const std::string* text = name == nullptr ? nullptr : name->as_text();
  const std::string_view said = text == nullptr ? std::string_view() : *text;
  const auto is_among = [said](auto& names) {
    return std::find(std::begin(names), std::end(names), said) != std::end(names);
  };
  if (is_among(not_run)) return std::nullopt;
  return is_among(open) ? TaskRecord::State::open : TaskRecord::State::done;
}

Result<Answer> run_task(Call& call, Space* home) {
  const Capability& capability = call.capability();
  const Ability* known = find_ability(capability.can);
  if (known == nullptr) return fail(Errc::not_found, "no handler");
  Result<Outcome> handled = known->handler(call);
  if (!handled) {
    handled = Outcome::failed(handler_execution_error(capability, handled.error()));
  }
  Outcome outcome = *std::move(handled);
  fault_point("task-ran");

  Space* space = outcome.space;
  if (home == nullptr && !outcome.leaves_trace) {
    return answer_of(call.tenant, call.invocation, call.blocks, std::move(outcome));
  }
  if (home == nullptr && space != nullptr && space->is_ours()) {
    home = space;
    home->set(key_of(key_prefix::invoked, call.invocation.cid()), Value(call.invocation.cid()));
  } else if (home != nullptr) {
    // Whoever deleted it from /invoked/ wants to hear no more of it.
    FH_TRY(const bool is_wanted, home->has(key_of(key_prefix::invoked, call.invocation.cid())));
    if (!is_wanted) {
      note_owed(call.turn.kv(), home->id(), key_of(key_prefix::receipt, call.invocation.cid()),
                call.invocation.cid());
      home = nullptr;
    }
  }
  const auto state = state_of(outcome.out).value_or(TaskRecord::State::open);
  const std::optional<Bytes> multihash = outcome.multihash;
  const Answer answer = answer_of(call.tenant, call.invocation, call.blocks, std::move(outcome));
  keep_receipt(call.turn, call.tenant.did(), answer, state, home);
  if (multihash && space != nullptr && space->is_ours() && home != nullptr) {
    for (const Block& block : answer.blocks) space->put(block);
    note_owed(call.turn.kv(), space->id(), blob_key(*multihash), call.invocation.cid());
    FH_CHECK(space->set_slot(blob_key(*multihash), call.tenant.did(), answer.receipt.cid()));
  }
  return answer;
}

}  // namespace freehold::native
