/// The forms of `space/state/sync` and `space/state/read` on the wire: what is in their `nb`, and
/// in the `ok` of their receipts.
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
};
Value encode(const SyncAnswer& answer);
Result<SyncAnswer> decode_sync_answer(const Value& ok);

struct ReadCall {
  std::optional<Digest> root;  // the head's if none
  std::vector<Digest> nodes;
  std::vector<Bytes> keys;
  std::optional<Range> range;
  std::size_t budget = 0;  // bytes; 0: as much as read_budget_bytes_max
};
Value encode(const ReadCall& call);
Result<ReadCall> decode_read_call(const Value& nb);

}  // namespace freehold
