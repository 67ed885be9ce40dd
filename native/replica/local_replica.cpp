#include "native/replica/local_replica.hpp"

#include <chrono>
#include <exception>

#include "freehold/codec/cbor.hpp"
#include "native/config/key_file.hpp"
#include "native/fault.hpp"
#include "native/replica/about.hpp"
#include "native/replica/evidence_file.hpp"
#include "native/replica/service_call.hpp"
#include "native/service/layout.hpp"

namespace freehold::native {

namespace {

namespace fs = std::filesystem;

const Bytes record_key{'r'};
const Bytes about_key{'m'};
constexpr std::size_t blocks_at_hand_max = 50'000;
constexpr int looks_max = 5;  // when other processes move the head between two of them

fs::path key_path(const fs::path& folder) {
  return folder / "agent.key";
}

std::unique_ptr<KvEngine> open_engine(const fs::path& folder, LmdbMode mode) {
  auto engine = open_data_folder(folder, replica_format, mode);
  if (!engine) throw Failure(engine.error().name, engine.error().message);
  return *std::move(engine);
}

Bytes key_of(std::uint8_t kind, ByteView of) {
  Bytes key(1 + of.size(), kind);
  std::copy(of.begin(), of.end(), key.begin() + 1);
  return key;
}
Bytes block_key(const Cid& cid) {
  return key_of('b', cid.bytes());
}

/// Checkpoints are small, and the log of a space: they stay.
bool is_checkpoint(KvReader& kv, const Cid& cid) {
  const auto bytes = kv.get(block_key(cid));
  return bytes && Checkpoint::decode(Block(cid, copy_of(*bytes))).has_value();
}
Bytes checkpoint_key(std::uint64_t seq) {
  return key_of('c', layout::ordered(seq));
}

/// Puts blocks as they come. One that carries itself in its CID needs no place.
class FolderSink final : public BlockSink {
 public:
  explicit FolderSink(KvTransaction& kv) noexcept : kv_(&kv) {}
  void put(Block block) override {
    if (block.cid.hash_code() != multihash_code::identity) {
      kv_->put(block_key(block.cid), block.bytes());
    }
  }

 private:
  KvTransaction* kv_;
};

void write_head(KvTransaction& kv, const Replica& replica, ByteView record) {
  if (replica.checkpoint()) {
    kv.put(checkpoint_key(replica.seq()), replica.checkpoint()->bytes());
  }
  kv.put(record_key, record);
}

void write(KvTransaction& kv, const Replica& replica, const Commit& commit) {
  FolderSink sink(kv);
  for (const Block& block : commit.added) sink.put(block);
  for (const Cid& cid : commit.freed) {
    if (!is_checkpoint(kv, cid)) kv.erase(block_key(cid));
  }
  write_head(kv, replica, commit.record);
  fault_point("replica-before");
}

/// All blocks in the folder but those `kept`.
std::vector<Cid> blocks_but(KvReader& kv, const std::vector<Cid>& kept) {
  const CidSet own(kept.begin(), kept.end());
  std::vector<Cid> blocks;
  kv.scan(Bytes{'b'}, [&](ByteView key, ByteView) {
    Result<Cid> cid = Cid::decode(key.subspan(1));
    if (cid && !own.contains(*cid)) blocks.push_back(*std::move(cid));
    return true;
  });
  return blocks;
}

Bytes stored(KvReader& kv, const Bytes& key) {
  const auto bytes = kv.get(key);
  if (!bytes) throw Failure("NotFound", "no replica of a space is in the folder");
  return copy_of(*bytes);
}

}  // namespace

std::int64_t now_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::optional<ByteView> FolderBlocks::find(const Cid& cid) const {
  return kv_->get(block_key(cid));
}

Checkpoints Snapshot::checkpoints() const {
  Checkpoints found;
  kv->scan(Bytes{'c'}, [&](ByteView key, ByteView value) {
    const Result<Cid> cid = Cid::decode(value);
    if (cid && key.size() == 9) found.emplace_back(layout::number_of(key.subspan(1)), *cid);
    return true;
  });
  return found;
}

// --- making and opening -------------------------------------------------------------------------

bool LocalReplica::is_there(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::exists(state_path(folder) / "data.mdb", ignored)) return false;
  const auto engine = open_data_folder(folder, replica_format, LmdbMode::read_only);
  bool is_found = false;
  if (engine) {
    const Result<> read =
        (*engine)->read([&](KvReader& kv) { is_found = kv.get(record_key).has_value(); });
    return read && is_found;
  }
  return true;  // something is: whoever opens it will be told what is wrong
}

Ed25519Key LocalReplica::key_in(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Failure("NotFound", folder.string() + ": the folder cannot be made");
  if (!fs::exists(key_path(folder))) {
    fs::permissions(folder, fs::perms::owner_all, error);
    unwrap(write_key_file(key_path(folder), new_key()), key_path(folder).string());
  }
  return unwrap(read_key_file(key_path(folder)), key_path(folder).string());
}

void LocalReplica::create(const fs::path& folder, const Ed25519Key& agent,
                          const ReplicaAbout& about, const Proof* proof, const Replica& head,
                          const std::function<void(BlockSink&)>& blocks) {
  if (is_there(folder)) throw Failure("Exists", folder.string() + ": has a replica already");
  if (!fs::exists(key_path(folder))) {
    fs::create_directories(folder);
    unwrap(write_key_file(key_path(folder), agent), key_path(folder).string());
  }
  const auto engine = open_engine(folder, LmdbMode::shared);
  bool is_taken = false;
  const auto work = [&](KvTransaction& kv) {
    is_taken = kv.get(record_key).has_value();
    if (is_taken) return;
    FolderSink sink(kv);
    sink.put(empty_node());
    for (std::size_t i = 0; proof != nullptr && i < proof->blocks.size(); ++i) {
      sink.put(proof->blocks[i]);
    }
    if (blocks) blocks(sink);
    kv.put(about_key, encode_about(about));
    write_head(kv, head, head.record());
    fault_point("replica-before");
  };
  unwrap(engine->update(work), folder.string());
  if (is_taken) throw Failure("Exists", folder.string() + ": has a replica already");
}

LocalReplica LocalReplica::to_read(const fs::path& folder) {
  LocalReplica replica(folder, LmdbMode::read_only);
  if (replica.is_whole()) return replica;
  replica.engine_.reset();  // a process may have a folder open but once
  LocalReplica keeping(folder);
  keeping.sweep();
  return keeping;
}

LocalReplica::LocalReplica(fs::path folder, LmdbMode mode)
    : folder_(std::move(folder)), agent_(Ed25519Seed{}) {
  if (!is_there(folder_)) {
    throw Failure("NotFound", folder_.string() + ": no replica of a space is there");
  }
  engine_ = open_engine(folder_, mode);
  agent_ = unwrap(read_key_file(key_path(folder_)), key_path(folder_).string());
}

// --- reading ------------------------------------------------------------------------------------

void LocalReplica::view(const std::function<void(KvReader&)>& look) {
  std::exception_ptr thrown;  // must not fly through the engine, which has a transaction to end
  const Result<> done = engine_->read([&](KvReader& kv) {
    try {
      look(kv);
    } catch (...) {
      thrown = std::current_exception();
    }
  });
  if (thrown) std::rethrow_exception(thrown);
  unwrap(done, folder_.string());
}

void LocalReplica::read(const std::function<void(const Snapshot&)>& look) {
  view([&](KvReader& kv) {
    const Bytes record = stored(kv, record_key);
    const Value fields = unwrap(decode_cbor(record), "head record");
    const Snapshot state{unwrap(decode_about(stored(kv, about_key))), unwrap(Replica::load(record)),
                         uint_of(fields.find("n")).value_or(0), FolderBlocks(kv), &kv};
    try {
      look(state);
    } catch (const Failure& failure) {
      if (failure.name() != name_of(Errc::missing) || state.head.is_whole()) throw;
      throw Failure(failure.name(), "not all of the space is in the folder: sync --whole first");
    }
  });
}

bool LocalReplica::is_whole() {
  bool is_whole = false;
  read([&](const Snapshot& state) { is_whole = state.head.is_whole(); });
  return is_whole;
}

Digest LocalReplica::bring(const Reading& operation) {
  for (;;) {
    std::optional<ReadCall> call;
    view([&](KvReader& kv) {
      take_up(kv);
      call = run(kv, operation);
    });
    if (!call) return replica_->root();
    fetch(*call);
  }
}

void LocalReplica::read_through(const std::function<Digest()>& bring_all,
                                const std::function<void(const Snapshot&)>& look) {
  for (int looks = 0; looks < looks_max; ++looks) {
    std::optional<Digest> brought;
    if (!is_whole()) brought = bring_all();
    bool is_seen = false;
    read([&](const Snapshot& state) {
      is_seen = state.head.is_whole() || brought == state.head.root();
      if (is_seen) look(state);
    });
    if (is_seen) return;
  }
  throw Failure("HeadMoved", "other processes keep changing the replica");
}

Proof LocalReplica::proof() {
  Proof proof;
  read([&](const Snapshot& state) {
    if (!state.about.proof) {
      throw Failure("Unauthorized", "this device has no delegation for the space");
    }
    proof.root = *state.about.proof;
    for (const Cid& cid : state.about.proof_blocks) {
      const auto bytes = state.blocks.find(cid);
      if (!bytes) throw Failure("Corrupt", "a block of the delegation is gone");
      proof.blocks.emplace_back(cid, copy_of(*bytes));
    }
  });
  return proof;
}

// --- changing -----------------------------------------------------------------------------------

void LocalReplica::update(const std::function<void(KvTransaction&)>& work) {
  std::exception_ptr thrown;
  const Result<> done = engine_->update([&](KvTransaction& kv) {
    thrown = nullptr;
    try {
      work(kv);  // writes last: if it throws there is nothing to be committed
    } catch (...) {
      thrown = std::current_exception();
    }
  });
  if (thrown) std::rethrow_exception(thrown);
  unwrap(done, folder_.string());
}

void LocalReplica::change(const Operation& operation) {
  while (const auto call = try_change(operation)) fetch(*call);
}

/// Nothing was changed if there is something to be read first. That is done between transactions:
/// others shall not wait for a network.
std::optional<ReadCall> LocalReplica::try_change(const Operation& operation) {
  std::optional<ReadCall> call;
  Bytes record;
  update([&](KvTransaction& kv) {
    take_up(kv);
    Commit commit;
    call = run(kv, [&](Replica& held) -> Result<> {
      FH_TRY(commit, operation(held));
      return {};
    });
    if (call) return;
    record_.clear();  // until it is durable, what is in memory is ahead of what is stored
    write(kv, *replica_, commit);
    record = commit.record;
  });
  if (call) return call;
  record_ = std::move(record);
  fault_point("replica-after");
  return std::nullopt;
}

void LocalReplica::fetch(const ReadCall& call) {
  ReplicaAbout about;
  read([&](const Snapshot& state) { about = state.about; });
  if (!about.service) {
    throw Failure("NoService", "not all of the space is in the folder, and it knows no service");
  }
  const Proof rights = proof();
  const Exchanged answer = exchange_with(
      agent_, parse_url(about.service->url),
      replica_->begin_read(call, agent_did(), about.service->did, {rights.root}, now_seconds()),
      rights);
  const auto more = try_change([&](Replica& held) -> Result<Commit> {
    Result<Commit> commit = held.finish_read(call, answer.invocation, answer.bytes);
    if (!commit) throw_if_told(held, commit.error());
    return commit;
  });
  if (more) throw Failure(name_of(Errc::missing), "what was read does not suffice");
}

void LocalReplica::change_on(std::uint64_t generation, const Operation& operation) {
  change([&](Replica& replica) -> Result<Commit> {
    if (generation != generation_) {
      throw Failure("HeadMoved", "another process has changed the replica meanwhile");
    }
    return operation(replica);
  });
}

/// The replica as it is stored, read anew if somebody else has changed it.
void LocalReplica::take_up(KvReader& kv) {
  const Bytes record = stored(kv, record_key);
  if (replica_ && record == record_) return;
  replica_ = unwrap(Replica::load(record));
  ++generation_;
  const ReplicaAbout about = unwrap(decode_about(stored(kv, about_key)));
  const FolderBlocks blocks(kv);
  for (const Cid& cid : about.proof_blocks) {  // they prove checkpoints, and nothing asks for them
    if (const auto bytes = blocks.find(cid)) replica_->blocks().put(Block(cid, copy_of(*bytes)));
  }
}

/// Runs it until it succeeds, or lacks what the service may have: then that is to be read.
std::optional<ReadCall> LocalReplica::run(KvReader& kv, const Reading& operation) {
  for (;;) {
    const Result<> done = operation(*replica_);
    if (done) return std::nullopt;
    if (done.error().code != Errc::missing) throw failure_of(done.error());
    if (supply(FolderBlocks(kv))) continue;
    auto call = replica_->may_read() ? replica_->missing_read() : std::nullopt;
    if (!call) throw Failure(done.error());
    return call;
  }
}

/// With the evidence, if the authority is accused of something.
Failure LocalReplica::failure_of(const Error& error) const {
  const bool is_accused = error.code == Errc::fork || error.code == Errc::rollback;
  if (!is_accused || !replica_->evidence()) return Failure(error);
  return with_evidence(Failure(error), folder_, *replica_->evidence(), replica_->services());
}

/// Holds what is missing and stored; whether anything is known that was not.
bool LocalReplica::supply(const FolderBlocks& stored) {
  bool is_new = false;
  for (const Cid& cid : std::vector<Cid>(replica_->missing())) {
    if (const auto bytes = stored.find(cid)) {
      is_new = is_new || !replica_->blocks().find(cid);
      replica_->blocks().put(Block(cid, copy_of(*bytes)));
    } else if (replica_->set_absent(cid)) {
      is_new = true;
    }
  }
  return is_new;
}

void LocalReplica::sweep() {
  Bytes record;
  update([&](KvTransaction& kv) {
    take_up(kv);
    record = record_;
    if (!replica_->is_sweep_due()) return;
    const ReplicaAbout about = unwrap(decode_about(stored(kv, about_key)));
    const FolderBlocks blocks(kv);
    const auto commit = replica_->sweep(blocks_but(kv, about.proof_blocks), &blocks);
    if (!commit) return;  // what waits to be sent is not all here: another time
    record_.clear();
    write(kv, *replica_, *commit);
    record = commit->record;
  });
  record_ = std::move(record);
}

void LocalReplica::trim() {
  if (replica_ && replica_->blocks().size() > blocks_at_hand_max) replica_.reset();
}

void LocalReplica::set_about(const ReplicaAbout& about) {
  update([&](KvTransaction& kv) { kv.put(about_key, encode_about(about)); });
}

void LocalReplica::set_lazy(bool is_lazy) {
  update([&](KvTransaction& kv) {
    ReplicaAbout about = unwrap(decode_about(stored(kv, about_key)));
    about.is_lazy = is_lazy;
    kv.put(about_key, encode_about(about));
  });
}

}  // namespace freehold::native
