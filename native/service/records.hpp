/// What the server remembers, as it lies in the engine: DAG-CBOR maps.
#pragma once

#include "freehold/codec/value.hpp"
#include "freehold/tree/node.hpp"
#include "native/service/layout.hpp"
#include "native/storage/kv.hpp"

namespace freehold::native {

/// The head of a space whose authority we are.
struct SpaceRecord {
  Did authority;  // the tenant that signs
  Digest root{};
  std::uint64_t seq = 0;  // of the last checkpoint ...
  std::optional<Cid> checkpoint;
  std::int64_t time = 0;         // ... and its time, seconds
  std::optional<Cid> proof;      // the space's delegation of assert/state to the authority
  std::uint64_t oldest = 0;      // the number of the oldest root that can be read
  std::uint64_t live_bytes = 0;  // of the head's nodes, and of what its entries hold
  std::uint64_t dead_bytes = 0;  // kept for the older roots
  std::int64_t sweep_due = 0;    // when there is something to free, seconds; 0: not known
  /// A checkpoint that we signed and do not know, for we were restored from a backup: until its
  /// tree is here again nothing is signed.
  std::optional<Cid> recovering;
  std::uint64_t recovering_seq = 0;
  std::uint64_t recovered_seq = 0;  // of the last one that came so: of those before, some are lost
  std::int64_t offered_at = 0;      // when blocks were last kept for a recovery, seconds
  /// The tree came with a recovery, and the ledger is being rebuilt from it: how far (rebuild.hpp).
  std::optional<Bytes> rebuilding;

  /// Whether nothing may be signed, and nothing changed, for now.
  bool is_stopped() const noexcept { return recovering || rebuilding; }
};

/// A provider's service to a space, and what is used of it.
struct SubscriptionRecord {
  Did provider;
  std::uint64_t capacity = 0;  // bytes
  std::uint64_t reserved = 0;  // reserved + stored <= capacity, always
  std::uint64_t stored = 0;
};

/// A blob in a space: reserved, then stored.
struct BlobRecord {
  std::uint64_t size = 0;
  bool is_stored = false;
  std::int64_t expires = 0;      // of the reservation, seconds
  Cid cause;                     // the space/blob/add
  Did provider;                  // the plan in force when space was allocated
  std::int64_t inserted_at = 0;  // seconds
};

/// What is known of a task. `archive` is a message: of a claimed task with the invocation and its
/// proofs; else with the receipt and all that goes with it.
struct TaskRecord {
  enum class State {
    claimed,  // taken, has not run
    done,     // has run, once and for all
    open,     // has a receipt, but may be run again (an acceptance before its bytes came)
    effect,   // we made it and wait for its receipt
  };
  State state = State::claimed;
  Did tenant;
  std::optional<Did> space;  // in whose tree the receipt goes
  Bytes archive;
  // of http/put: the upload that it belongs to
  Cid cause;
  Bytes multihash;
  std::uint64_t size = 0;
  Did blob_space;
};

Bytes encode(const SpaceRecord& record);
Bytes encode(const SubscriptionRecord& record);
Bytes encode(const BlobRecord& record);
Bytes encode(const TaskRecord& record);

/// Errc::corrupt: it is not what we wrote.
Result<SpaceRecord> decode_space(ByteView bytes);
Result<SubscriptionRecord> decode_subscription(ByteView bytes);
Result<BlobRecord> decode_blob(ByteView bytes);
Result<TaskRecord> decode_task(ByteView bytes);

/// The entry at `key` of the space tells of `task`'s receipt, whether the user keeps it or not.
void note_owed(KvTransaction& kv, const layout::SpaceId& space, ByteView key, const Cid& task);
struct Owed {
  Bytes key;
  Cid task;
};
std::optional<Owed> find_owed(KvReader& kv, const layout::SpaceId& space, ByteView key);
Result<Owed> decode_owed(ByteView bytes);

std::optional<TaskRecord> find_task(KvReader& kv, const Cid& task);
void save_task(KvTransaction& kv, const Cid& task, const TaskRecord& record);

}  // namespace freehold::native
