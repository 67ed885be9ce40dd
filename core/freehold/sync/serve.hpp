/// The answering side of sync, without I/O: what the authority computes from the trees that it has
/// and the edits that it got. Storing, signing and the queue are the service's (native/).
#pragma once

#include "freehold/sync/calls.hpp"
#include "freehold/sync/edits.hpp"
#include "freehold/sync/merge.hpp"
#include "freehold/sync/parcel.hpp"

namespace freehold {

/// Says of each put whether there is room for it.
class Admission {
 public:
  virtual ~Admission() = default;
  /// The put counts as made if this says yes.
  virtual bool admits(const Difference& put) = 0;
};

struct SyncInput {
  Digest since_root{};  // what the edits are made to: the root of `since`, or the empty tree
  Digest base_root{};   // what is merged against: since_root, or the root that the device sent last
  Digest head_root{};   // the authority's
  Digest stated_root{};
  EditsBlock edits;
  MergeBy by;
  /// The device was heard of before, but sends no `since`, and does not know what it sent last: it
  /// has lost what it had, or some of it. So a key that it lacks is not taken for a delete, and
  /// another value than it sent then is not taken for a newer one.
  bool may_lack_keys = false;
  /// It has lost its base, or its storage was put back: what it has in /queue/ may be from long
  /// ago, and is refused.
  bool may_be_taken = false;
  /// Puts that this does not admit are refused, one by one; null admits all. Deletes always pass,
  /// and so do the conflicts that the merge makes.
  Admission* admission = nullptr;
};

struct SyncMerged {
  Digest caller_root{};             // = stated_root, checked
  Applied applied;                  // of the merge to the head; applied.root is the new head
  std::vector<Difference> changes;  // from the old head to the new
  std::vector<Bytes> conflicts;
  std::vector<Refusal> refused;
};

/// Checks base + edits = root, merges, and puts the nodes of the caller's tree and of the new head
/// into `sink`. `store` must have the three trees and, for large values, see `sink`'s blocks too.
/// Fails with Errc::invalid_edits (a delete of what is absent, a put of what is there),
/// Errc::root_mismatch, Errc::missing.
Result<SyncMerged> merge_sync(const BlockStore& store, const SyncInput& input,
                              const Recogniser& recogniser, BlockSink& sink,
                              Missing* missing = nullptr);

/// A sync whose base is no longer known.
struct BaselessInput {
  Digest head_root{};
  EditsBlock edits;  // with base digests, unless there are no entries
  MergeBy by;
  /// The answer to an earlier sync from that base was never seen, and these had come then.
  std::optional<EditsBlock> sent;
  /// Nobody knows any more what was taken from the device's queue: what it has there is refused.
  bool may_be_taken = false;
  Admission* admission = nullptr;  // as above
};

/// Merges without a base tree: only the values of edited keys are asked for, and a digest tells
/// whether the authority's is the base's. Fails with Errc::invalid_edits (a put of the base's
/// value, a delete of what it has not), Errc::missing.
Result<SyncMerged> merge_baseless(const BlockStore& store, const BaselessInput& input,
                                  const Recogniser& recogniser, BlockSink& sink,
                                  Missing* missing = nullptr);

struct SyncReply {
  std::optional<Bytes> edits;  // an `edits` block, if there is a difference
  std::vector<Cid> blocks;     // attachments and large values that go with it
  std::optional<SyncAnswer::More> more;
};

/// What leads from the caller's tree to the head, within the limits of one sync. Blocks in `known`
/// (those that the caller has just sent) are left out. Nodes of a partial root go to `sink`.
Result<SyncReply> reply_to(const BlockStore& store, const Digest& caller_root,
                           const Digest& head_root, const CidSet& known, BlockSink& sink);

/// What a device lacks in its scopes, that has them of the tree `from`: nodes, upper levels first,
/// then what belongs to new entries, up to the budget.
Result<std::vector<Cid>> new_in_scopes(const BlockStore& store, const Digest& from,
                                       const Digest& to, std::span<const Interval> scopes,
                                       std::size_t budget);

struct ReadReply {
  std::vector<Cid> blocks;  // in the order to be sent
  bool is_complete = true;  // false: the budget ended it
  /// Of a range in key order that the budget ended: the last key whose entry came whole.
  std::optional<Bytes> upto;
};

/// The nodes that prove what `call` asks: of keys and ranges with their large values and
/// attachments, of `nodes` with their descendants, breadth first, up to the budget.
Result<ReadReply> read(const BlockStore& store, const ReadCall& call, const Digest& head_root);

}  // namespace freehold
