/// What the service does with /queue/: takes the invocations that are addressed to it, moves them
/// to /invoked/, and runs each once (docs/design.md section 6).
#pragma once

#include "native/service/turn.hpp"

namespace freehold::native {

/// Whether `invocation` is authorized for `tenant`, with proofs from `blocks`; else why not, as the
/// error of its receipt.
std::optional<Value> denial_of(const Ucan& invocation, const Tenant& tenant,
                               const BlockStore& blocks, std::int64_t now);

/// The error of an invocation that is too large with its proofs, if it is.
std::optional<Value> size_error(const Ucan& invocation, const BlockStore& blocks);

/// Takes from the queue of `space` what is for us: the entries under `keys`, and older ones that
/// waited for us or for their time. What was taken and has not been run yet is left to the worker:
/// `*is_left` says so.
Result<> take_queue(Turn& turn, Space& space, std::span<const Bytes> keys, bool* is_left);

/// An invocation in the queue is found again by `take_queue` when its time has come, or when its
/// tenant has.
void keep_waiting(KvTransaction& kv, const layout::SpaceId& space, const Ucan& invocation);

/// A task that was taken is not to be run any more.
void forget_claim(KvTransaction& kv, const Cid& task);

/// Runs a task that was taken; nothing if it is no longer waiting to be run.
Result<> run_claimed(Turn& turn, const Cid& task);

/// Tasks that were taken and have not run, at most `most`.
std::vector<Cid> claimed_tasks(KvReader& kv, std::size_t most);

}  // namespace freehold::native
