/// An ordered, transactional key-value engine: all that the server asks of a database.
///
/// Errors are sticky (as with Reader): after a failure a transaction reads as empty, and its commit
/// fails, so that nothing decided on the way can leave the process. `status` is asked once, at the
/// end.
#pragma once

#include <functional>

#include "freehold/base/bytes.hpp"
#include "freehold/base/result.hpp"

namespace freehold::native {

inline constexpr std::size_t kv_key_bytes_max = 480;  // LMDB takes 511

/// A consistent view of the data.
class KvReader {
 public:
  /// Says whether to go on.
  using Visit = std::function<bool(ByteView key, ByteView value)>;

  virtual ~KvReader() = default;
  /// The view is valid until the transaction ends, or this key is written in it.
  virtual std::optional<ByteView> get(ByteView key) = 0;
  /// The entries whose keys begin with `prefix`, ascending. `visit` must not write.
  virtual void scan(ByteView prefix, const Visit& visit) = 0;
  virtual Result<> status() const = 0;
};

/// A view that can be changed; it sees its own changes.
class KvTransaction : public KvReader {
 public:
  virtual void put(ByteView key, ByteView value) = 0;
  virtual void erase(ByteView key) = 0;
};

/// What an engine takes of the disk, in bytes.
struct KvUsage {
  std::uint64_t used = 0;  // by pages that hold something
  std::uint64_t file = 0;  // free pages included
};

/// Any number of threads may use an engine.
class KvEngine {
 public:
  using Read = std::function<void(KvReader&)>;
  using Work = std::function<void(KvTransaction&)>;

  virtual ~KvEngine() = default;
  /// Runs `read` on a snapshot. Fails if anything in it did.
  virtual Result<> read(const Read& read) = 0;
  /// Runs `work` and commits what it changed, all or nothing: durable when this returns. `work` may
  /// be run more than once (after a conflict, or when the file had to grow), each time from the
  /// start and on fresh data.
  virtual Result<> update(const Work& work) = 0;
  virtual Result<KvUsage> usage() = 0;
};

}  // namespace freehold::native
