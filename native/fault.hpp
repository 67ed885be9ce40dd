/// Places where the process can be made to die, for tests that prove that nothing acknowledged is
/// lost. FREEHOLD_CRASH_AT=<name>[:<k>] ends the process, as kill -9 would, at the k-th passing
/// (the first, unless told) of the place with that name:
///
///   commit-before    all of a transaction is written, its commit is not
///   commit-after     it is durable; nobody was told
///   sync-merged      a sync has merged, taken nothing from the queue
///   sync-claimed     an invocation was taken from the queue, not run
///   sync-stated      a new checkpoint is made, what the old head alone had still counts as alive
///   lifetimes-settled  ... it is listed as dead
///   blocks-freed     blocks that are long dead are freed
///   window-moved     the oldest roots cannot be read any more
///   recovery-kept    blocks of a tree that is not whole yet are written, not committed
///   ledger-rebuilt   of a recovered space some more of the ledger is rebuilt, not committed
///   task-ran         a handler has run, its receipt is not signed
///   add-allocated    space for a blob is reserved, the receipt of blob/allocate not issued
///   accept-stored    a blob counts as stored, the receipt of blob/accept is not issued
///   put-written      the bytes of a blob are in a temporary file
///   put-synced       ... and on the disk, not under their name
///   put-renamed      they are under their name; nobody was told
///   answer-before    an answer is made, not sent
///   replica-before   a change of a local replica is written, not committed
///   replica-after    it is durable
///   replica-answered a sync or read of a local replica has its answer, and has not taken it
///
/// And FREEHOLD_HOLD=<file>: as long as that file is there, invocations that were taken from a
/// queue are not run, as if their handlers took long.
#pragma once

namespace freehold::native {

void fault_point(const char* name) noexcept;

}  // namespace freehold::native
