/// The forms of `space/state/sync`, `space/state/read` and `space/state/watch` on the wire: what is
/// in their `nb`, and in the `ok` of their receipts.
#pragma once

#include "freehold/codec/value.hpp"
#include "freehold/tree/tree.hpp"

namespace freehold {

struct SyncCall {
  std::uint64_t n = 0;       // the device's sync counter, from 1
  std::optional<Cid> since;  // the last checkpoint that the device accepted
  Digest root{};             // base + edits
  std::optional<Cid> edits;  // an `edits` block; none: nothing to tell
  bool strict = false;
  /// The device reads nodes as it needs them: the answer need not bring edits.
  bool lazy = false;
  /// Roots of syncs that the device sent since `since` and had no answer to. If the last that was
  /// taken is none of them, this is no retry: the device's storage was put back, or copied.
  std::vector<Digest> sent;
  /// Of a lazy device: what it always holds of its tree. What is new there comes with the answer.
  std::vector<Interval> scopes;
};
Value encode(const SyncCall& call);
Result<SyncCall> decode_sync_call(const Value& nb);

struct Refusal {
  Bytes key;
  std::string name;
};
struct SyncAnswer {
  Cid checkpoint;
  std::optional<Cid> from;   // since
  std::optional<Cid> edits;  // lead from the caller's root to the checkpoint's, or to more.root
  std::vector<Bytes> conflicts;
  std::vector<Refusal> refused;
  struct More {
    Digest root{};
    Bytes upto;  // the last key of these edits
  };
  std::optional<More> more;  // this was not all: sync again
  /// No edits come: the authority has not the caller's tree, or the caller is lazy. The nodes of
  /// the checkpoint's root are to be read.
  bool nodes = false;
};
Value encode(const SyncAnswer& answer);
Result<SyncAnswer> decode_sync_answer(const Value& ok);

struct ReadCall {
  std::optional<Digest> root;        // the head's if none
  std::optional<Cid> since;          // the newest checkpoint that the caller has seen
  std::vector<Cid> nodes;            // of the space, and what belongs to its entries
  std::optional<std::size_t> depth;  // levels below `nodes` that come too; none: all
  std::vector<Bytes> keys;
  std::optional<Range> range;
  std::size_t budget = 0;  // bytes; 0: as much as read_budget_bytes_max
};
Value encode(const ReadCall& call);
Result<ReadCall> decode_read_call(const Value& nb);

struct ReadAnswer {
  Digest root{};
  Cid checkpoint;             // of the head
  bool is_complete = true;    // false: the budget was spent, or blocks are not held
  std::optional<Bytes> upto;  // the last key of a range whose entry came whole, if that was not all
};
Value encode(const ReadAnswer& answer);
Result<ReadAnswer> decode_read_answer(const Value& ok);

struct WatchCall {
  std::optional<Cid> since;  // the newest checkpoint that the caller has seen
};
Value encode(const WatchCall& call);
Result<WatchCall> decode_watch_call(const Value& nb);

struct WatchAnswer {
  Cid checkpoint;  // of the head
};
Value encode(const WatchAnswer& answer);
Result<WatchAnswer> decode_watch_answer(const Value& ok);

/// The error of a receipt: {name, message, ...}.
Value error_of(std::string_view name, std::string_view message, Map more = {});
Value error_of(const Error& error);
Value missing_blocks(const std::vector<Cid>& links);

}  // namespace freehold
