/// A user's own copy of a space: read and edited offline, synced when the service can be reached.
///
/// Sans-IO. Blocks lie in memory; when one is missing an operation fails with Errc::missing,
/// changes nothing, and `missing()` names all that can be named: hold them, and run the operation
/// again. A change gives a `Commit`, which the caller makes durable in one transaction with the
/// head record.
#pragma once

#include "freehold/sync/blob_state.hpp"
#include "freehold/sync/evidence.hpp"
#include "freehold/sync/scopes.hpp"
#include "freehold/sync/serve.hpp"
#include "freehold/ucan/message.hpp"

namespace freehold {

/// What one change means for storage: all of it, or none.
struct Commit {
  std::vector<Block> added;  // nodes, large values, attachments
  std::vector<Cid> freed;    // nodes and other blocks that nothing needs any more
  Bytes record;              // the head record, to be stored under the space
};

/// How a sync is to be made.
struct SyncOptions {
  bool strict = false;  // if the head has moved on, change nothing
  bool lazy = false;    // nodes will be read: the answer need not bring all entries
};

/// An invocation, unsigned, and the blocks that travel with it.
struct SyncDraft {
  UcanFields fields;          // issuer, audience, capability, proofs; times and nonce are set
  std::vector<Block> blocks;  // edits, large values, attachments, proofs
  Commit commit;              // to be made durable before anything is sent
};

/// What a sync brought.
struct SyncOutcome {
  Commit commit;
  std::uint64_t seq = 0;
  Digest root{};  // of the checkpoint
  Proven proven = Proven::no;
  std::vector<Bytes> changed;    // keys that the other side changed here
  std::vector<Bytes> conflicts;  // /conflict/ keys, old edits' and new
  std::vector<Refusal> refused;
  bool is_more = false;  // either side has more to tell: sync again
};

/// How the checkpoint that an answer named stands to the newest one seen.
enum class Standing {
  current,
  newer,
  stale,  // below it: by a mirror that lags behind, or an answer that was long under way; harmless
};

/// A checkpoint that was taken note of.
struct Noted {
  Commit commit;
  Standing standing = Standing::current;
  Cid checkpoint;
  std::uint64_t seq = 0;
  Digest root{};
};

class Gathered;

/// A replica is whole, or it has some of its nodes only and reads others when they are needed:
///
///     operation -> Errc::missing -> missing(): hold() from storage, or set_absent()
///               -> Errc::missing, all absent, and may_read(): missing_read() from the service
///
/// To become whole it is read to its end: next_read(), finish_read(), until there is nothing to
/// ask for; then finish_pull(). One that has some of its nodes only always holds what is under its
/// *scopes*: after a sync these are read in the same way, next_fill(), finish_read(), and then
/// save(). What it has read besides is swept when that is much.
class Replica {
 public:
  /// A space with nothing in it yet.
  static Replica create(const Did& space);
  /// A state that came whole from elsewhere (a file), with the checkpoint that it was made from, if
  /// that is known and verified; else all of it counts as edits.
  static Replica of_state(const Did& space, const Digest& head, const Checkpoint* base);
  /// From a head record. Its blocks are asked for as they are needed. Errc::corrupt.
  static Result<Replica> load(ByteView record);

  const Did& space() const noexcept { return space_; }
  const Digest& root() const noexcept { return head_; }
  const Digest& base_root() const noexcept { return base_; }
  const std::optional<Cid>& checkpoint() const noexcept { return checkpoint_; }
  std::uint64_t seq() const noexcept { return seq_; }
  /// Whose checkpoints count: who signed the first that was accepted.
  const std::optional<Did>& authority() const noexcept { return authority_; }
  /// The number of the newest checkpoint seen, also by reads: the base may be older.
  std::uint64_t seq_seen() const noexcept { return seen_ ? seen_->seq : 0; }
  /// Whether the head differs from the base: edits wait to be synced.
  bool is_ahead() const noexcept { return head_ != base_; }
  /// Whether all blocks that the service had of the base's tree are here, in storage at least.
  bool is_whole() const noexcept { return !pulling_; }
  /// Of one that becomes whole: the entries of the base's tree before this key are here; none: all.
  std::optional<Bytes> read_up_to() const { return pulling_ ? pulling_->from : std::nullopt; }
  /// Whether what storage has not may be read from the service: by one that is not whole, and for
  /// the answer to a sync that brought no edits.
  bool may_read() const noexcept { return pulling_ || is_reading_; }
  /// The prefixes of which all entries are held, also of one that is not whole.
  const std::vector<Bytes>& scopes() const noexcept { return scopes_.prefixes; }
  /// Whether all of the base under the scopes is here, with what belongs to it.
  bool is_filled() const noexcept { return !pulling_ || scopes_.is_filled; }
  /// Whether so much was read, and need not be held, that a sweep is due.
  bool is_sweep_due() const noexcept {
    return pulling_ && !is_pulling_ && cached_ > limits::replica_cache_bytes_max;
  }
  Bytes record() const;
  /// The record alone, to be made durable.
  Commit save();

  /// Blocks that are at hand: nodes, values, attachments, delegations.
  MemoryStore& blocks() noexcept { return blocks_; }
  const MemoryStore& blocks() const noexcept { return blocks_; }
  /// The blocks that the last operation which failed with Errc::missing asked for.
  const std::vector<Cid>& missing() const noexcept { return missing_.cids(); }
  /// Storage has no such block: operations that can do without it do not ask for it again. (A
  /// receipt may name effects that were never sent.) Whether that is news.
  bool set_absent(const Cid& cid) { return absent_.insert(cid).second; }
  /// Forgets all blocks if they are over replica_memory_bytes_max: storage has them. Whether it
  /// did.
  /// @pre every commit is durable, and no operation is to be repeated.
  bool trim();

  /// Services whose signatures count; persisted in the record.
  void know_service(const Did& service, const Did& key) { services_.set(service, key); }
  const KnownServices& services() const noexcept { return services_; }

  Result<std::optional<Bytes>> get(ByteView key);  // the encoded value
  Result<Page> list(const Range& range);
  Result<FolderPage> list_folder(const FolderQuery& query);
  Result<Weight> weight();
  /// The encoded value of an entry of a page.
  Result<Bytes> value_of(const StoredValue& value);
  Result<std::vector<BlobStatus>> blobs(const Range& range, std::int64_t now);

  struct Change {
    Bytes key;
    std::optional<Bytes> value;  // encoded; none: delete
  };
  /// Makes the changes; of several to one key the last counts. `attached` are blocks that belong to
  /// the new entries (an invocation under /queue/ and its proofs).
  Result<Commit> edit(std::span<const Change> changes, std::vector<Block> attached = {});

  /// Starts a sync: counts n up, so the record must be stored before the draft is sent.
  /// `proofs` give the agent the right to sync; their blocks are among `blocks()`. After
  /// Errc::base_unknown the next one tells the base's values beside its edits.
  Result<SyncDraft> begin_sync(const Did& agent, const Did& service, std::vector<Cid> proofs,
                               std::int64_t now, SyncOptions options = {});
  /// Takes the answer to the sync begun last: verifies the receipt and the checkpoint, rebuilds the
  /// authority's tree, and merges what was edited meanwhile. `invocation` is the sealed draft.
  /// Fails with the error that the service gave (Errc by its name; `service_error()` has the text),
  /// Errc::invalid_signature, Errc::root_mismatch, Errc::protocol, Errc::unauthorized (another than
  /// the space's authority), Errc::rollback and Errc::fork (of which there is `evidence()`);
  /// nothing has changed then.
  Result<SyncOutcome> finish_sync(const Ucan& invocation, ByteView response, std::int64_t now);
  /// What to read to become whole, until that is all: then `finish_pull` is due. Errc::missing.
  Result<std::optional<ReadCall>> next_read();
  /// What to read so that the operation which just failed with Errc::missing can be repeated, when
  /// storage has none of `missing()`. None: the service has it not either.
  std::optional<ReadCall> missing_read();
  /// The invocation of a read.
  SyncDraft begin_read(const ReadCall& call, const Did& agent, const Did& service,
                       std::vector<Cid> proofs, std::int64_t now) const;
  /// Takes the answer: the blocks that were asked for. Fails with Errc::not_found if the service
  /// has none of them, else as `finish_sync` does.
  Result<Commit> finish_read(const ReadCall& call, const Ucan& invocation, ByteView response);
  /// Takes note of a checkpoint that came some other way, in a proof file or from a mirror; `found`
  /// has it, and what proves it. `standing()` tells what it is worth. Errc::invalid_signature if it
  /// is not the authority's, Errc::fork, Errc::protocol.
  Result<Noted> note_checkpoint(const Cid& checkpoint, const BlockStore& found);
  /// The invocation of a watch (see db/watch.hpp). Errc::not_found before the first sync: whose
  /// checkpoints count is not known yet.
  Result<SyncDraft> begin_watch(const Did& agent, const Did& service, std::vector<Cid> proofs,
                                std::int64_t now) const;
  /// Takes the message that a watch begins with, as `finish_read` does: it names the head.
  Result<Noted> finish_watch(const Ucan& invocation, ByteView response);
  /// All was read: what only older trees had is freed. Errc::missing.
  Result<Commit> finish_pull();

  /// The scopes from now on; in any order, and one within another counts for nothing. What is under
  /// a new one comes with next_fill(), what was under an old one goes with the next sweep, which is
  /// due then. Errc::limit, Errc::invalid_key.
  Result<Commit> set_scopes(std::vector<Bytes> prefixes);
  /// What to read so that the scopes are held, until that is all: then the record is to be saved.
  /// Errc::missing; Errc::protocol if the service has not all of what it signed.
  Result<std::optional<ReadCall>> next_fill();
  /// Frees what one that is not whole need not hold: all but its scopes, unsent edits, a sync under
  /// way, and checkpoints. `stored` are all blocks of the space in storage; `storage`, if they can
  /// be had at once, them: else Errc::missing as with all operations. Reads all nodes of the
  /// scopes.
  Result<Commit> sweep(std::span<const Cid> stored, const BlockStore* storage = nullptr);

  /// Of the checkpoint that came last.
  Standing standing() const noexcept { return standing_; }
  /// What proves the fork or rollback that the last answer failed with: a file to keep and to show.
  const std::optional<Bytes>& evidence() const noexcept { return evidence_; }
  /// {name, message, ...} of the last error receipt.
  const Value& service_error() const noexcept { return service_error_; }

 private:
  struct Sent {  // a sync under way
    Digest root{};
    std::optional<Cid> since;
    std::uint64_t n = 0;
    bool is_part = false;  // over the limits: the rest goes with the next sync
  };
  /// The base's tree is not all here.
  struct Pulling {
    std::vector<Digest> have;   // trees that were, when it began: the base's first
    std::optional<Bytes> from;  // see PullGoal
  };
  class Absent final : public Absence {
   public:
    explicit Absent(const Replica& replica) noexcept : replica_(&replica) {}
    bool is_absent(const Cid& cid) const override { return replica_->absent_.contains(cid); }
    bool is_lost(const Cid& cid) const override { return replica_->lost_.contains(cid); }

   private:
    const Replica* replica_;
  };
  struct Seen {
    Cid cid;
    std::uint64_t seq = 0;
  };

  /// What an answer says, verified.
  struct Reply {
    Message message;
    Receipt receipt;
  };
  struct Answer {
    Message message;
    SyncAnswer sync;
    Checkpoint checkpoint;
    Proven proven = Proven::no;
  };

  explicit Replica(const Did& space) : space_(space) {}
  Recogniser recogniser(std::int64_t now) {
    return {space_, blocks_, services_, now, &signatures_};
  }
  bool is_wanting(const std::vector<Cid>& cids) const;
  void start(std::optional<ReadCall> wanted = std::nullopt);
  ReadCall call_of_keys(std::vector<Bytes> keys) const;
  Result<> free_dropped(std::span<const Digest> nodes, const BlockStore& all,
                        std::span<const Digest> roots, std::vector<Cid>* freed);
  Result<> free_left_behind(std::span<const Digest> roots, const BlockStore& all,
                            std::span<const Digest> needed, std::vector<Cid>* freed);
  Result<Digest> move_held(const Digest& head, bool keeps_dead, Gathered& gathered,
                           std::vector<Cid>* freed);
  Result<> keep_refused(std::span<const Refusal> refused, const Digest& theirs,
                        const BlockStore& all, std::vector<Difference>* ours,
                        std::vector<Difference>* other);
  void hold(Commit& commit, std::vector<Block> added, bool is_cached = true);
  Result<Scopes> filled_by(const Digest& theirs, bool by_nodes, const BlockStore& all);
  bool is_in_order(const ReadCall& call, PullGoal* goal) const;
  void reach_in_order(const PullGoal& goal);
  Result<> keep_scopes(const BlockStore& all, std::vector<Cid>* kept, std::vector<Cid>* absent);
  Result<> keep_edits(const BlockStore& all, std::vector<Cid>* kept, std::vector<Cid>* absent);
  Did key_of_service(const Did& service) const;
  Result<Reply> verify_reply(const Ucan& invocation, ByteView response);
  Result<Answer> verify_answer(const Ucan& invocation, ByteView response, std::int64_t now);
  Result<std::vector<Edit>> edits_of(const Answer& answer) const;
  Result<Digest> theirs_of(const Answer& answer, std::span<const Edit> edits, const BlockStore& all,
                           BlockSink& sink);
  Result<Digest> merge_meanwhile(const Ucan& invocation, const SyncAnswer& sync,
                                 const Digest& theirs, const BlockStore& all, Gathered& gathered,
                                 std::int64_t now, SyncOutcome* outcome);
  void move_to(const Checkpoint& checkpoint, const Digest& theirs, const Digest& head);
  Result<std::vector<Block>> shown_to_service();
  bool collect_shown(const Cid& cid, CidSet* seen, std::vector<Cid>* group,
                     std::vector<Cid>* absent) const;
  Result<CidSet> reached(const Cid& checkpoint, const BlockStore& all);
  Result<Checkpoint> earlier(const Seen& seen, const BlockStore& all);
  Result<> check_lineage(const Checkpoint& checkpoint, const BlockStore& all);
  Result<> check_sync(const Ucan& invocation, const Receipt& receipt, const Answer& answer);
  Result<Checkpoint> stated(const Cid& cid, const BlockStore& all) const;
  Result<Checkpoint> authentic(const Cid& checkpoint, const Did& authority, const BlockStore& all);
  Result<std::optional<Checkpoint>> check_read(const Ucan& invocation, const Reply& reply,
                                               const Cid& checkpoint);
  tl::unexpected<Error> accuse(EvidenceFields fields, const BlockStore& all, const char* what);
  tl::unexpected<Error> accuse(EvidenceKind kind, const Ucan& invocation, const Receipt& receipt,
                               const BlockStore& all, const char* what);
  Noted noted(const Checkpoint& checkpoint, const BlockStore& found);
  std::vector<Block> note(const Checkpoint& checkpoint, const BlockStore& found,
                          std::vector<Cid>* freed);
  void free_checkpoints(const Checkpoint& accepted, std::vector<Cid>* freed) const;
  tl::unexpected<Error> fail_as_told(const Value& error);

  Did space_;
  Digest head_{};
  Digest base_{};     // what the head was merged with last: the checkpoint's root, or a part of it
  Digest held_{};     // the tree of what the entries hold (tree_holdings.hpp) ...
  Digest held_of_{};  // ... of this tree: the head's, or while reads are due the last whole one's
  std::optional<Cid> checkpoint_;
  std::uint64_t seq_ = 0;
  std::uint64_t n_ = 0;
  std::int64_t checkpoint_time_ = 0;
  std::optional<Did> authority_;
  std::optional<Seen> seen_;  // the newest checkpoint: checkpoint_, or one above it
  KnownServices services_;

  MemoryStore blocks_;
  Missing missing_;
  CidSet absent_;
  SignatureCache signatures_;
  CidSet lost_;                     // of what is absent: the service has it not either
  std::optional<ReadCall> wanted_;  // what the operation under way looks for
  CidSet asked_;                    // what was missing when it was read last
  std::optional<Sent> sent_;
  std::optional<Digest> sent_root_;  // of the sync begun last, also by another life, if unfinished
  std::vector<Digest> unanswered_;   // roots sent since the last answer
  std::optional<Pulling> pulling_;
  bool is_pulling_ = false;  // it is about to become whole
  Scopes scopes_;
  std::uint64_t cached_ = 0;  // bytes that came since the last sweep, and may be swept
  bool needs_bases_ = false;
  CidSet recovery_;  // blocks that the service asked for since it was restored from a backup
  bool is_reading_ = false;
  Standing standing_ = Standing::current;
  std::optional<Bytes> evidence_;
  Value service_error_;
};

}  // namespace freehold
