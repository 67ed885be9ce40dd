#include "native/cli/bench_lmdb.hpp"

#include <cstdlib>
#include <set>

#include "native/bench/tree_peer.hpp"
#include "native/storage/journal.hpp"
#include "native/storage/lmdb.hpp"

namespace freehold::native {

namespace {

using bench::Trouble;

Trouble trouble_of(const Result<>& result) {
  return result ? Trouble() : Trouble(result.error().what);
}

/// A new folder, and what is in it, for as long as this lives.
class Folder {
 public:
  explicit Folder(const std::string& parent) : path_(parent + "/freehold-bench-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

/// A database in a folder of its own.
class Database {
 public:
  Database(const std::string& parent, LmdbMode mode, bool has_journal) : folder_(parent) {
    auto opened = open_lmdb(folder_.path(), mode);
    if (opened) engine_ = has_journal ? journaled(*std::move(opened)) : *std::move(opened);
  }
  KvEngine* engine() noexcept { return engine_.get(); }

 private:
  Folder folder_;
  std::unique_ptr<KvEngine> engine_;
};

constexpr std::size_t dropped_max = 1000;  // nodes
constexpr const char* no_database = "no database can be made in that folder";

class KvStore final : public BlockStore {
 public:
  explicit KvStore(KvReader& kv) : kv_(&kv) {}
  std::optional<ByteView> find(const Cid& cid) const override { return kv_->get(cid.digest()); }

 private:
  KvReader* kv_;
};

class KvSink final : public BlockSink {
 public:
  explicit KvSink(KvTransaction& kv) : kv_(&kv) {}
  void put(Block block) override {
    kv_->put(block.cid.digest(), block.bytes());
    written.push_back(digest_of(block.cid));
  }
  std::vector<Digest> written;

 private:
  KvTransaction* kv_;
};

/// Nodes under their digests; one commit is one transaction.
class LmdbMedium final : public bench::Medium {
 public:
  explicit LmdbMedium(const std::string& folder) : database_(folder, LmdbMode::read_write, true) {}

  Trouble read(const Read& read) override {
    if (database_.engine() == nullptr) return no_database;
    Trouble trouble;
    const Result<> done =
        database_.engine()->read([&](KvReader& kv) { trouble = read(KvStore(kv)); });
    return trouble.empty() ? trouble_of(done) : trouble;
  }
  Trouble write(const Write& write) override {
    if (database_.engine() == nullptr) return no_database;
    Trouble trouble;
    std::vector<Digest> written;
    const bool is_time = dropped_.size() >= dropped_max;
    const Result<> done = database_.engine()->update([&](KvTransaction& kv) {
      // Before what is new: that may be what was dropped earlier.
      for (auto node = dropped_.begin(); is_time && node != dropped_.end(); ++node) {
        kv.erase(*node);
      }
      KvSink sink(kv);
      trouble = write(KvStore(kv), sink);
      written = std::move(sink.written);
    });
    if (done && is_time) dropped_.clear();
    for (const Digest& node : written) dropped_.erase(node);
    return trouble.empty() ? trouble_of(done) : trouble;
  }
  /// Goes with a later commit, many at a time, as the server frees what no living root has: nodes
  /// lie scattered, and so a page of the database is rewritten once for many of them.
  void drop(const std::vector<Digest>& nodes) override {
    dropped_.insert(nodes.begin(), nodes.end());
  }

 private:
  Database database_;
  std::set<Digest> dropped_;
};

/// Keys and values, and no tree.
class PlainPeer final : public bench::Peer {
 public:
  PlainPeer(const std::string& folder, LmdbMode mode) : database_(folder, mode, false) {}

  Trouble build(const bench::Dataset& data) override {
    return update([&](KvTransaction& kv) {
      for (std::size_t i = 0; i < data.size(); ++i) kv.put(data.key(i), data.value(i));
    });
  }
  Trouble put(std::span<const bench::Change> changes, bench::Written*) override {
    return update([&](KvTransaction& kv) {
      for (const bench::Change& change : changes) kv.put(change.key, change.value);
    });
  }
  bool can_seek() const noexcept override { return false; }
  Trouble erase(ByteView key) override {
    return update([&](KvTransaction& kv) { kv.erase(key); });
  }
  Trouble get(ByteView key, ByteView* value) override {
    return read([&](KvReader& kv) {
      const auto found = kv.get(key);
      got_ = found ? copy_of(*found) : Bytes();
      *value = got_;
    });
  }
  Trouble scan(ByteView from, std::size_t limit, std::size_t* seen, std::uint64_t* sum) override {
    *seen = 0;
    if (!from.empty()) return "the engine scans prefixes only";
    return read([&](KvReader& kv) {
      kv.scan({}, [&](ByteView, ByteView value) {
        *sum += value.front() + std::uint64_t{value.back()};
        return ++*seen < limit;
      });
    });
  }

 private:
  Trouble update(const KvEngine::Work& work) {
    return database_.engine() == nullptr ? Trouble(no_database)
                                         : trouble_of(database_.engine()->update(work));
  }
  Trouble read(const KvEngine::Read& read) {
    return database_.engine() == nullptr ? Trouble(no_database)
                                         : trouble_of(database_.engine()->read(read));
  }

  Database database_;
  Bytes got_;
};

bool run_plain(const bench::Options& options, const bench::Dataset& data, const std::string& folder,
               LmdbMode mode) {
  const bool is_durable = mode != LmdbMode::scratch;
  bench::Report report(is_durable ? "lmdb-sync" : "lmdb-nosync", FREEHOLD_VERSION, options.n);
  report.note("W0", "medium", is_durable ? "LMDB alone, durable commits" : "LMDB alone, no fsync");
  bench::run_workloads([&] { return std::make_unique<PlainPeer>(folder, mode); }, data,
                       options.workloads, report);
  return report.ok();
}

}  // namespace

bool run_on_lmdb(const bench::Options& options, const bench::Dataset& data,
                 const std::string& folder) {
  bench::Report tree("freehold-lmdb", FREEHOLD_VERSION, options.n);
  tree.note("W0", "medium", "LMDB, durable commits");
  bench::run_workloads([&] { return bench::tree_peer(std::make_unique<LmdbMedium>(folder)); }, data,
                       options.workloads, tree);
  return run_plain(options, data, folder, LmdbMode::read_write) && tree.ok();
}

bool run_lmdb_alone(const bench::Options& options, const bench::Dataset& data,
                    const std::string& folder) {
  return run_plain(options, data, folder, LmdbMode::scratch);
}

}  // namespace freehold::native
