/// A service on a real LMDB in a folder of its own, without sockets: messages in, messages out. Its
/// clock is the test's.
#pragma once

#include "freehold/db/replica.hpp"
#include "native/service/audit.hpp"
#include "native/service/state_sync.hpp"
#include "native/service/state_watch.hpp"
#include "native/storage/journal.hpp"
#include "native/storage/kv_stage.hpp"
#include "native/storage/lmdb.hpp"
#include "support/authority.hpp"

namespace freehold::test {

/// A folder that is gone with the object.
class TempFolder {
 public:
  TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder();
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

class Server final : public Service {
 public:
  Server(native::StateTerms terms, const Signer& signer);

  /// The reply to a message with one sync or read, committed.
  Bytes answer(ByteView message, std::int64_t now) override;
  /// The ok or error of a `space/state/read`, `watch` or `restore` by the space itself.
  Value ask(const Signer& space, const char* can, Map nb, std::int64_t now);
  /// What the background does: whether that was all.
  bool tidy(const Did& space, std::int64_t now);
  /// Bounded, as the background is.
  bool tidy_once(const Did& space, std::int64_t now);
  /// Fails the test if anything is wrong.
  native::Audit audit(const Did& space);
  std::uint64_t oldest(const Did& space);

  native::KvEngine& engine() noexcept { return *engine_; }
  const Signer& signer() const noexcept { return signer_; }

 private:
  TempFolder folder_;
  Signer signer_;
  std::unique_ptr<native::KvEngine> engine_;
  native::Context context_;
};

}  // namespace freehold::test
