// space/blob/add: room is reserved, and the tasks begun that bring the bytes here.
#include "native/fault.hpp"
#include "native/service/blob_tasks.hpp"
#include "native/service/errors.hpp"
#include "native/service/handlers.hpp"
#include "native/service/put_url.hpp"
#include "native/service/usage.hpp"

namespace freehold::native {

namespace {

Outcome refuse(std::string_view name, const std::string& message) {
  return Outcome::failed(error_of(name, message));
}

/// The terms that the invocation asks for; or why they cannot be had.
tl::expected<BlobTerms, Outcome> terms_of(const Call& call) {
  const Value* blob = call.nb("blob");
  const Value* digest = blob == nullptr ? nullptr : blob->find("digest");
  const Value* size = blob == nullptr ? nullptr : blob->find("size");
  if (digest == nullptr || digest->as_bytes() == nullptr || size == nullptr ||
      size->as_integer() == nullptr) {
    return tl::unexpected(refuse("InvalidBlob", "nb.blob: not {digest: bytes, size: integer}"));
  }
  BlobTerms terms;
  terms.multihash = *digest->as_bytes();
  const ByteView multihash = terms.multihash;
  if (multihash.size() != 2 + digest_size || multihash[0] != multihash_code::sha2_256 ||
      multihash[1] != digest_size) {
    return tl::unexpected(
        refuse("UnsupportedMultihash", "nb.blob.digest: not a multihash of sha2-256"));
  }
  std::copy(multihash.begin() + 2, multihash.end(), terms.digest.begin());
  const auto bytes = size->as_integer()->as_uint64();
  if (!bytes || *bytes > limits::integer_safe_max) {
    return tl::unexpected(refuse("BlobSizeOutsideOfSupportedRange",
                                 "nb.blob.size: not from 0 to what a plan may allow"));
  }
  terms.size = *bytes;
  terms.cause = call.invocation.cid();
  return terms;
}

std::uint64_t blob_size_max(const Tenant& tenant, const SubscriptionRecord& subscription) {
  for (const Provider& provider : tenant.providers) {
    if (provider.did == subscription.provider) return provider.blob_size_max;
  }
  return subscription.capacity;
}

/// What became of the request for room.
struct Allocation {
  BlobRecord record;
  std::uint64_t reserved = 0;  // bytes, by this invocation
};

tl::expected<Allocation, Outcome> allocate(const Call& call, const BlobTerms& terms, Usage& usage) {
  const std::string& space = terms.space.text();
  if (!usage.subscription()) {
    return tl::unexpected(refuse("InsufficientStorage", space + " has no storage provider"));
  }
  const std::uint64_t most = blob_size_max(call.tenant, *usage.subscription());
  if (terms.size > most) {
    return tl::unexpected(refuse("BlobSizeOutsideOfSupportedRange",
                                 "Blob of " + std::to_string(terms.size) + " bytes, over the " +
                                     std::to_string(most) + " that the plan allows for one"));
  }
  const std::int64_t now = call.turn.seconds();
  usage.free_expired(now);
  Allocation allocation;
  if (auto known = usage.blob(terms.digest)) {
    if (known->size != terms.size) {
      return tl::unexpected(refuse("BlobSizeOutsideOfSupportedRange",
                                   "The same digest is allocated with another size"));
    }
    if (!known->is_stored) {
      known->expires = now + call.turn.context().allocation_seconds;
      usage.extend(terms.digest, *known);
    }
    allocation.record = *known;
    return allocation;
  }
  allocation.record.size = terms.size;
  allocation.record.expires = now + call.turn.context().allocation_seconds;
  allocation.record.cause = terms.cause;
  allocation.record.provider = usage.subscription()->provider;
  allocation.reserved = terms.size;
  if (!usage.reserve(terms.digest, allocation.record)) {
    return tl::unexpected(
        refuse("InsufficientStorage", space + " has no storage provider with enough space"));
  }
  return allocation;
}

/// The bytes are here: what remains is done at once, and told in the same receipt.
Result<> finish_at_once(const Call& call, const BlobTerms& terms, const BlobTasks& tasks,
                        BlobRecord record, Usage& usage, std::vector<Answer>* concluded) {
  FH_TRY(Answer put, answer_put(terms, tasks.put));
  if (!record.is_stored) {
    record.inserted_at = call.turn.seconds();
    usage.store(terms.digest, record);
  }
  concluded->push_back(std::move(put));
  concluded->push_back(
      answer_acceptance(call.tenant, terms, tasks.accept, call.turn.context().public_url));
  return {};
}

}  // namespace

Result<Outcome> add_blob(Call& call) {
  auto terms = terms_of(call);
  if (!terms) return terms.error();
  Space* space = call.turn.space(call.capability().with);
  if (space == nullptr) return refuse("InsufficientStorage", "No space by this DID can be stored");
  terms->space = space->did();
  Usage usage(call.turn.kv(), space->id(), call.tenant.did());

  const auto allocation = allocate(call, *terms, usage);
  if (!allocation) {
    Outcome refused = allocation.error();
    refused.space = space;
    refused.leaves_trace = usage.subscription().has_value();
    // A refusal does not take the place of what was granted before.
    if (!usage.subscription() || !usage.blob(terms->digest)) refused.multihash = terms->multihash;
    return refused;
  }
  fault_point("add-allocated");
  FH_TRY(const BlobTasks tasks, tasks_of(call.tenant, *terms));
  expect_put(call.turn.kv(), call.tenant.did(), *terms, tasks);

  const bool is_here = call.turn.context().blobs->size_of(terms->digest) == terms->size;
  std::optional<std::string> url;
  if (!is_here && !allocation->record.is_stored) {
    url = call.turn.context().public_url +
          put_target({terms->digest, terms->size, allocation->record.expires},
                     call.tenant.signer.key);
  }
  std::vector<Answer> concluded{answer_allocation(call.tenant, tasks.allocate, allocation->record,
                                                  allocation->reserved, url)};
  if (!url) {
    FH_CHECK(finish_at_once(call, *terms, tasks, allocation->record, usage, &concluded));
  }

  Outcome outcome = Outcome::ok(Map{{"site", await_of(".out.ok.site", tasks.accept.cid())}});
  for (const Ucan* task : {&tasks.allocate, &tasks.put, &tasks.accept}) {
    outcome.fork.push_back(task->cid());
    outcome.blocks.push_back(task->block);
  }
  Space* told = space->is_ours() ? space : nullptr;
  for (const Answer& answer : concluded) {
    conclude_inline(call.tenant, answer, &outcome);
    keep_receipt(call.turn, call.tenant.did(), answer, TaskRecord::State::done, told);
  }
  outcome.space = space;
  outcome.multihash = terms->multihash;
  return outcome;
}

}  // namespace freehold::native
