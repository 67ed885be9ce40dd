/// The side of sync that orders a space's edits, without I/O: takes the syncs of its devices one
/// after the other, and says what to answer (docs/design.md sections 3 and 6). Rights, the queue,
/// the ledger and signatures are the server's.
#pragma once

#include "freehold/db/device.hpp"
#include "freehold/sync/serve.hpp"

namespace freehold {

/// What the authority holds of a space, as a sync finds it.
class HeldSpace : public BlockStore, public BlockSink {
 public:
  /// Of the head; the empty tree's before the first sync.
  virtual Digest root() const = 0;
  virtual std::optional<Cid> checkpoint() const = 0;
  /// The root that a checkpoint of the space states; none if its tree is not kept.
  virtual std::optional<Digest> root_of(const Cid& checkpoint) const = 0;
  /// Whether the whole tree under a root is kept.
  virtual bool is_kept(const Digest& root) const = 0;
};

/// One sync under way:
///
///     SyncTurn turn(space, message, invocation, before);
///     FH_TRY(auto refused, turn.take(call, recogniser));   // an error: nothing may be kept
///     ...                                                  // move the head to turn.merged()
///     FH_TRY(auto told, turn.tell(head, checkpoint));      // the receipt, and its blocks
class SyncTurn {
 public:
  /// Why nothing was taken: the error of the receipt. If it links a `checkpoint`, that goes along.
  struct Refused {
    Value error;
    std::vector<Block> blocks;
  };
  struct Told {
    SyncAnswer answer;
    std::vector<Block> blocks;
  };

  /// All must outlive the turn. `message` has the blocks that came, `before` what is remembered of
  /// the device that sent it.
  SyncTurn(HeldSpace& space, const MemoryStore& message, const Ucan& invocation,
           std::optional<DeviceRecord> before)
      : space_(&space),
        message_(&message),
        invocation_(&invocation),
        before_(std::move(before)),
        all_(message, space) {}

  /// Checks the edits and merges them with the head; what belongs to them is put into the space.
  /// `admission` says for which puts there is room; null: for all. Fails with Errc::corrupt if
  /// blocks of the head are lost.
  Result<std::optional<Refused>> take(const SyncCall& call, const Recogniser& recogniser,
                                      Admission* admission = nullptr);
  const SyncMerged& merged() const noexcept { return merged_; }

  /// What leads the device from what it sent to the head at `root`, that `checkpoint` states.
  Result<Told> tell(const Digest& root, const Cid& checkpoint);
  /// What to remember of the device, but for the receipt. After `tell`.
  DeviceRecord& device() noexcept { return device_; }

 private:
  using Refusing = Result<std::optional<Refused>>;
  Refusing check_order(const SyncCall& call);
  Refusing read_edits(const SyncCall& call);
  Refusing check_strict(const SyncCall& call);
  void place(const SyncCall& call);
  bool find_base();
  std::optional<Value> value_error(const StoredValue& value, std::vector<Cid>* absent) const;
  std::optional<Value> keep_blocks();
  Refusing merge_based(const Recogniser& recogniser);
  Refusing merge_without_base(const Recogniser& recogniser);
  Refused base_unknown() const;
  Result<> add_scopes(const Digest& root, std::vector<Block>* blocks) const;

  HeldSpace* space_;
  const MemoryStore* message_;
  const Ucan* invocation_;
  std::optional<DeviceRecord> before_;
  LayeredStore all_;  // the message's blocks over the space's
  EditsBlock edits_;
  CidSet known_;  // attachments that the caller has
  DeviceRecord device_;
  Digest base_{};
  Admission* admission_ = nullptr;
  bool is_lazy_ = false;
  std::vector<Interval> scopes_;
  bool is_retry_ = false;     // of the sync remembered: its answer was never seen
  bool is_restored_ = false;  // the device knows less than it once did
  SyncMerged merged_;
};

/// The same invocation came again: what it was told, made anew.
Result<SyncTurn::Told> tell_again(HeldSpace& space, const DeviceRecord& before);

}  // namespace freehold
