/// A replica of a space in a folder: what the command line works on.
///
///     DIR/agent.key   the key of this device, readable by its owner only
///     DIR/state/      LMDB:  'r' -> head record (db/replica.hpp)
///                            'm' -> what else is known: name, delegation, service (ReplicaAbout)
///                            'b' + CID -> block
///                            'c' + number (8 bytes, big-endian) -> CID of the checkpoint
///                            and the mark of the format (storage/data_folder.hpp)
///     DIR/sync.lock   held while a sync is under way
///
/// Any number of processes may use a folder at once: a change is made, from reading the head to
/// writing the next one, in one write transaction, of which LMDB lets one run at a time; reading
/// sees one state from first to last, and waits for nobody. A process that dies leaves the last
/// state whole.
#pragma once

#include <filesystem>
#include <functional>

#include "freehold/db/replica.hpp"
#include "native/client/service_client.hpp"
#include "native/replica/failure.hpp"
#include "native/storage/data_folder.hpp"

namespace freehold::native {

/// A delegation and the blocks of its chain.
struct Proof {
  Cid root;
  std::vector<Block> blocks;
};

/// What a replica knows beside the head record.
struct ReplicaAbout {
  std::string name;
  bool is_imported = false;       // others may know more of it: ask before telling
  bool is_lazy = false;           // syncs do not bring all of it: it is read when it is needed
  std::optional<Cid> proof;       // what gives this device its rights; none: it may only read
  std::vector<Cid> proof_blocks;  // of the whole chain
  std::optional<ServiceIdentity> service;
};

/// The blocks of a folder, seen in one transaction.
class FolderBlocks final : public BlockStore {
 public:
  explicit FolderBlocks(KvReader& kv) noexcept : kv_(&kv) {}
  std::optional<ByteView> find(const Cid& cid) const override;

 private:
  KvReader* kv_;
};

/// Checkpoints by number, ascending.
using Checkpoints = std::vector<std::pair<std::uint64_t, Cid>>;

/// One state of a replica. Valid during the call that it is given to.
struct Snapshot {
  ReplicaAbout about;
  Replica head;             // without blocks: for what its record says
  std::uint64_t syncs = 0;  // n of the record
  FolderBlocks blocks;
  KvReader* kv;

  Tree tree() const { return {blocks, head.root()}; }
  /// Those taken in by syncs. Reads all of them.
  Checkpoints checkpoints() const;
};

class LocalReplica {
 public:
  /// Makes a folder's replica: all of it is there, or nothing. A folder that has no replica yet,
  /// but a key, keeps the key. Failures: Exists.
  static void create(const std::filesystem::path& folder, const Ed25519Key& agent,
                     const ReplicaAbout& about, const Proof* proof, const Replica& head,
                     const std::function<void(BlockSink&)>& blocks = {});
  static bool is_there(const std::filesystem::path& folder);
  /// The key in the folder; made now if there is none, with the folder.
  static Ed25519Key key_in(const std::filesystem::path& folder);

  /// Failures: NotFound, Corrupt, OtherFormat.
  explicit LocalReplica(std::filesystem::path folder, LmdbMode mode = LmdbMode::shared);

  const std::filesystem::path& folder() const noexcept { return folder_; }
  const Ed25519Key& agent() const noexcept { return agent_; }
  Did agent_did() const { return Did::of_ed25519(agent_.public_key()); }

  /// Opened for commands that read only: read-only if all is there, else to keep what is read from
  /// the service.
  static LocalReplica to_read(const std::filesystem::path& folder);

  /// What `look` throws, this throws.
  void read(const std::function<void(const Snapshot&)>& look);
  bool is_whole();

  /// Runs an operation that changes nothing until all that it needs lies in the folder: a replica
  /// that is not whole reads it from the service. Gives the root that it ran on. Failures:
  /// NoService, those of `post_message`, and what the service answers.
  using Reading = std::function<Result<>(Replica&)>;
  Digest bring(const Reading& operation);
  /// Looks at a state after `bring_all` has brought what `look` needs of it; that gives the root
  /// for which it did. Failures: HeadMoved.
  void read_through(const std::function<Digest()>& bring_all,
                    const std::function<void(const Snapshot&)>& look);
  /// Reads from the service, and makes what came durable. Failures: see `bring`.
  void fetch(const ReadCall& call);

  /// Makes durable what `operation` makes, run on the head as it is then; repeated until all blocks
  /// that it misses are at hand, from the folder or (`bring`) from the service, so it must change
  /// nothing else until it succeeds.
  using Operation = std::function<Result<Commit>(Replica&)>;
  void change(const Operation& operation);
  /// The same, of an operation that goes on from one before (finish_sync): throws a Failure,
  /// HeadMoved, if somebody else has changed the replica since.
  void change_on(std::uint64_t generation, const Operation& operation);
  /// Counts up whenever the replica was read anew.
  std::uint64_t generation() const noexcept { return generation_; }
  /// Frees what one that is not whole has read and need not hold, if that is much. Not between two
  /// steps of one operation: the second may look for what the first has read.
  void sweep();
  /// Lets go of blocks in memory if they are many. Ends what change_on goes on from.
  void trim();

  void set_about(const ReplicaAbout& about);
  void set_lazy(bool is_lazy);
  /// The blocks of the chain of rights, the delegation's own included.
  Proof proof();

 private:
  void update(const std::function<void(KvTransaction&)>& work);
  void view(const std::function<void(KvReader&)>& look);
  void take_up(KvReader& kv);
  std::optional<ReadCall> run(KvReader& kv, const Reading& operation);
  bool supply(const FolderBlocks& stored);
  Failure failure_of(const Error& error) const;
  std::optional<ReadCall> try_change(const Operation& operation);

  std::filesystem::path folder_;
  Ed25519Key agent_;
  std::unique_ptr<KvEngine> engine_;
  std::optional<Replica> replica_;
  Bytes record_;  // of replica_; empty if it is not as stored
  std::uint64_t generation_ = 0;
};

std::int64_t now_seconds();

}  // namespace freehold::native
