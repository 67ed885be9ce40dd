#include "native/storage/lmdb.hpp"

#include <mutex>
#include <shared_mutex>

#include <fcntl.h>
#include <lmdb.h>
#include <sys/file.h>
#include <unistd.h>

namespace freehold::native {

namespace {

constexpr std::size_t map_bytes_min = std::size_t{1} << 30;  // sparse: costs no disk
constexpr unsigned readers_max = 510;

/// `mdb_strerror` gives literals for all that LMDB itself reports.
tl::unexpected<Error> failed(int code) {
  return fail(code == ENOSPC ? Errc::limit : Errc::corrupt, mdb_strerror(code));
}

MDB_val val_of(ByteView bytes) {
  return {bytes.size(), const_cast<std::uint8_t*>(bytes.data())};  // LMDB does not write there
}
ByteView view_of_val(const MDB_val& val) {
  return {static_cast<const std::uint8_t*>(val.mv_data), val.mv_size};
}

class LmdbTransaction final : public KvTransaction {
 public:
  LmdbTransaction(MDB_txn* txn, MDB_dbi dbi) noexcept : txn_(txn), dbi_(dbi) {}

  std::optional<ByteView> get(ByteView key) override {
    if (code_ != 0 || !accepts(key)) return std::nullopt;
    MDB_val name = val_of(key);
    MDB_val value{};
    const int code = mdb_get(txn_, dbi_, &name, &value);
    if (code == MDB_NOTFOUND) return std::nullopt;
    if (code != 0) {
      code_ = code;
      return std::nullopt;
    }
    return view_of_val(value);
  }

  void scan(ByteView prefix, const Visit& visit) override {
    if (code_ != 0) return;
    MDB_cursor* cursor = nullptr;
    code_ = mdb_cursor_open(txn_, dbi_, &cursor);
    if (code_ != 0) return;
    MDB_val key = val_of(prefix);
    MDB_val value{};
    int code = mdb_cursor_get(cursor, &key, &value, prefix.empty() ? MDB_FIRST : MDB_SET_RANGE);
    while (code == 0 && starts_with(view_of_val(key), prefix)) {
      if (!visit(view_of_val(key), view_of_val(value))) break;
      code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    if (code != 0 && code != MDB_NOTFOUND) code_ = code;
    mdb_cursor_close(cursor);
  }

  void put(ByteView key, ByteView value) override {
    if (code_ != 0 || !accepts(key)) return;
    MDB_val name = val_of(key);
    MDB_val data = val_of(value);
    code_ = mdb_put(txn_, dbi_, &name, &data, 0);
  }

  void erase(ByteView key) override {
    if (code_ != 0 || !accepts(key)) return;
    MDB_val name = val_of(key);
    const int code = mdb_del(txn_, dbi_, &name, nullptr);
    if (code != MDB_NOTFOUND) code_ = code;
  }

  Result<> status() const override {
    if (code_ != 0) return failed(code_);
    return {};
  }
  int code() const noexcept { return code_; }

 private:
  bool accepts(ByteView key) {
    if (key.size() > kv_key_bytes_max) code_ = MDB_BAD_VALSIZE;
    return code_ == 0;
  }

  MDB_txn* txn_;
  MDB_dbi dbi_;
  int code_ = 0;  // the first that went wrong
};

class LmdbEngine final : public KvEngine {
 public:
  LmdbEngine() = default;
  LmdbEngine(const LmdbEngine&) = delete;
  LmdbEngine& operator=(const LmdbEngine&) = delete;
  ~LmdbEngine() override {
    if (env_ != nullptr) mdb_env_close(env_);
    if (lock_ >= 0) ::close(lock_);  // gives the lock up
  }

  /// Takes the folder for this process alone; others may only read. The system gives the lock up
  /// when the process ends, however it does.
  Result<> claim(const std::filesystem::path& folder) {
    lock_ = ::open((folder / "writer.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_ < 0) return fail(Errc::not_found, "the data folder cannot be written to");
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
      return fail(Errc::limit, "another process writes to this data folder");
    }
    return {};
  }

  int open(const std::filesystem::path& folder, LmdbMode mode) {
    if (const int code = mdb_env_create(&env_); code != 0) return code;
    std::error_code ignored;
    const auto on_disk = std::filesystem::file_size(folder / "data.mdb", ignored);
    std::size_t map_bytes = map_bytes_min;
    while (!ignored && map_bytes < on_disk * 2) map_bytes *= 2;
    mdb_env_set_mapsize(env_, map_bytes);
    mdb_env_set_maxreaders(env_, readers_max);
    const bool is_reader = mode == LmdbMode::read_only;
    // Transactions belong to coroutines, which change threads: no reader slot by thread.
    const unsigned flags =
        MDB_NOTLS | (is_reader ? MDB_RDONLY : 0U) | (mode == LmdbMode::scratch ? MDB_NOSYNC : 0U);
    if (const int code = mdb_env_open(env_, folder.c_str(), flags, 0600); code != 0) return code;
    int dead = 0;  // readers that were killed would keep old pages for ever
    if (const int code = mdb_reader_check(env_, &dead); code != 0) return code;
    MDB_txn* txn = nullptr;
    if (const int code = begin(is_reader, &txn); code != 0) return code;
    const int code = mdb_dbi_open(txn, nullptr, 0, &dbi_);
    if (code != 0) {
      mdb_txn_abort(txn);
      return code;
    }
    return mdb_txn_commit(txn);
  }

  Result<> read(const Read& read) override {
    std::shared_lock lock(map_);
    MDB_txn* txn = nullptr;
    int code = begin(true, &txn);
    while (code == MDB_MAP_RESIZED) {
      lock.unlock();
      code = follow();
      lock.lock();
      if (code == 0) code = begin(true, &txn);
    }
    if (code != 0) return failed(code);
    LmdbTransaction transaction(txn, dbi_);
    read(transaction);
    mdb_txn_abort(txn);
    return transaction.status();
  }

  Result<> update(const Work& work) override {
    for (;;) {
      const int code = try_update(work);
      if (code == 0) return {};
      if (code != MDB_MAP_FULL && code != MDB_MAP_RESIZED) return failed(code);
      const int grown = code == MDB_MAP_FULL ? grow() : follow();
      if (grown != 0) return failed(grown);
    }
  }

  Result<KvUsage> usage() override {
    const std::shared_lock lock(map_);
    MDB_txn* txn = nullptr;
    if (const int code = begin(true, &txn); code != 0) return failed(code);
    MDB_stat stat{};
    MDB_envinfo info{};
    int code = mdb_stat(txn, dbi_, &stat);
    if (code == 0) code = mdb_env_info(env_, &info);
    mdb_txn_abort(txn);
    if (code != 0) return failed(code);
    const std::size_t pages = stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
    return KvUsage{pages * stat.ms_psize, (info.me_last_pgno + 1) * stat.ms_psize};
  }

 private:
  int begin(bool is_reader, MDB_txn** txn) {
    return mdb_txn_begin(env_, nullptr, is_reader ? static_cast<unsigned>(MDB_RDONLY) : 0U, txn);
  }

  int try_update(const Work& work) {
    const std::shared_lock lock(map_);
    MDB_txn* txn = nullptr;
    if (const int code = begin(false, &txn); code != 0) return code;
    LmdbTransaction transaction(txn, dbi_);
    work(transaction);
    if (transaction.code() != 0) {
      mdb_txn_abort(txn);
      return transaction.code();
    }
    return mdb_txn_commit(txn);
  }

  /// Doubles the map. No transaction of this process may be open meanwhile.
  int grow() {
    const std::unique_lock lock(map_);
    MDB_envinfo info{};
    if (const int code = mdb_env_info(env_, &info); code != 0) return code;
    return mdb_env_set_mapsize(env_, info.me_mapsize * 2);
  }

  /// Takes the size of the map that another process has grown.
  int follow() {
    const std::unique_lock lock(map_);
    return mdb_env_set_mapsize(env_, 0);
  }

  int lock_ = -1;
  MDB_env* env_ = nullptr;
  MDB_dbi dbi_ = 0;
  std::shared_mutex map_;  // shared by transactions, held alone to grow
};

}  // namespace

Result<std::unique_ptr<KvEngine>> open_lmdb(const std::filesystem::path& folder, LmdbMode mode) {
  std::error_code error;
  if (mode != LmdbMode::read_only) std::filesystem::create_directories(folder, error);
  if (error) return fail(Errc::not_found, "the data folder cannot be made");
  auto engine = std::make_unique<LmdbEngine>();
  const bool is_alone = mode == LmdbMode::read_write || mode == LmdbMode::scratch;
  if (is_alone) FH_CHECK(engine->claim(folder));
  if (const int code = engine->open(folder, mode); code != 0) return failed(code);
  return std::unique_ptr<KvEngine>(std::move(engine));
}

}  // namespace freehold::native
