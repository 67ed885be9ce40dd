// ucan/conclude: the receipt of a task that somebody else ran. That of http/put lets a blob be
// accepted, if its bytes are really here.
#include "native/fault.hpp"
#include "native/service/blob_tasks.hpp"
#include "native/service/errors.hpp"
#include "native/service/handlers.hpp"
#include "native/service/usage.hpp"

namespace freehold::native {

namespace {

Outcome taken(const Call& call) {
  return Outcome::ok(Map{{"time", Value(call.turn.now().ms)}});
}

/// Whoever knows a blob can send such things: they must not fill our disk, nor the space's tree.
Outcome without_trace(Outcome outcome) {
  outcome.leaves_trace = false;
  return outcome;
}

Outcome refuse(std::string_view name, std::string_view message) {
  return without_trace(Outcome::failed(error_of(name, message)));
}

/// May be concluded again later (state_of): what was missing may have come by then.
Outcome not_yet(Value error) {
  return without_trace(Outcome::failed(std::move(error)));
}

BlobTerms terms_of(const TaskRecord& put) {
  BlobTerms terms;
  terms.space = put.blob_space;
  terms.multihash = put.multihash;
  std::copy(put.multihash.end() - digest_size, put.multihash.end(), terms.digest.begin());
  terms.size = put.size;
  terms.cause = put.cause;
  return terms;
}

/// Runs blob/accept and registers the blob. The receipt of http/put, which `put` is, is kept too.
Result<Outcome> accept(Call& call, const BlobTerms& terms, const Receipt& put, Space& space) {
  FH_TRY(const BlobTasks tasks, tasks_of(call.tenant, terms));
  if (!(tasks.put.cid() == put.ran)) return fail(Errc::corrupt, "an upload under another key");
  Usage usage(call.turn.kv(), space.id(), call.tenant.did());
  auto record = usage.blob(terms.digest);
  if (!usage.subscription() || !record ||
      (!record->is_stored && record->expires <= call.turn.seconds())) {
    return not_yet(error_of("AllocationExpired", "The allocation has expired: add the blob again"));
  }
  if (!record->is_stored) {
    record->inserted_at = call.turn.seconds();
    usage.store(terms.digest, *record);
    fault_point("accept-stored");
  }
  FH_TRY(const bool is_wanted, is_upload_wanted(space, terms, call.tenant.did()));
  Space* told = is_wanted ? &space : nullptr;
  const Answer delivered{put, {tasks.put.block, put.block}};
  keep_receipt(call.turn, call.tenant.did(), delivered, TaskRecord::State::done, told);
  const Answer accepted =
      answer_acceptance(call.tenant, terms, tasks.accept, call.turn.context().public_url);
  keep_receipt(call.turn, call.tenant.did(), accepted, TaskRecord::State::done, told);
  if (!is_wanted) {  // the user can ask for them
    for (const Cid& task : {put.ran, tasks.accept.cid()}) {
      note_owed(call.turn.kv(), space.id(), key_of(key_prefix::receipt, task), task);
    }
  }
  Outcome outcome = taken(call);
  outcome.space = &space;
  return outcome;
}

}  // namespace

Result<Outcome> conclude(Call& call) {
  const Value* link = call.nb("receipt");
  if (link == nullptr || link->as_link() == nullptr) {
    return refuse("InvalidReceipt", "nb.receipt: no link");
  }
  const auto bytes = find_inline(call.blocks, *link->as_link());
  if (!bytes) return not_yet(missing_blocks({*link->as_link()}));
  const Result<Receipt> receipt = Receipt::decode(Block(*link->as_link(), copy_of(*bytes)));
  if (!receipt) return refuse("InvalidReceipt", receipt.error().what);

  const auto put = find_task(call.turn.kv(), receipt->ran);
  const bool is_awaited = put && put->state == TaskRecord::State::effect &&
                          put->tenant == call.tenant.did() && put->multihash.size() >= digest_size;
  // Of no task that waits here; or one that could not be done, and so goes on waiting.
  if (!is_awaited || receipt->ok() == nullptr) return without_trace(taken(call));
  if (!is_by_blob_key(*receipt, put->multihash)) {
    return refuse("InvalidSignature", "The receipt is not signed by the key of the http/put task");
  }
  const BlobTerms terms = terms_of(*put);
  if (call.turn.context().blobs->size_of(terms.digest) != terms.size) {
    return not_yet(error_of("AllocatedMemoryHadNotBeenWrittenTo",
                            "Blob not found: its bytes have not been put to the address"));
  }
  Space* space = call.turn.space(put->blob_space);
  if (space == nullptr) return fail(Errc::corrupt, "an upload to no space");
  return accept(call, terms, *receipt, *space);
}

}  // namespace freehold::native
