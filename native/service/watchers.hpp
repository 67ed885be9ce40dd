/// Who is to be told of new checkpoints, and what they have not been told yet: the newest only.
///
/// A checkpoint is published when its transaction is durable. A watcher that is slow holds one
/// pending frame, which the next one takes the place of; the frame itself is shared by all that
/// watch the space.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "native/config/config.hpp"
#include "native/service/layout.hpp"

namespace freehold::native {

using Frame = std::shared_ptr<const Bytes>;

/// A checkpoint that was made, as watchers of its space get it.
struct News {
  layout::SpaceId space;
  std::uint64_t seq = 0;
  Frame frame;
};

class Watchers;

/// One who watches. Any thread may use it; it leaves when it is destroyed, and may outlive
/// Watchers.
class Watcher {
 public:
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  ~Watcher();

  /// `wake` is called, on any thread, after something came to be taken. It must not call back.
  void listen(std::function<void()> wake);
  /// What is numbered up to `seq` is known to it by other means.
  void skip_to(std::uint64_t seq);
  /// The newest frame that it has not taken; null if there is none.
  Frame take();

 private:
  friend class Watchers;
  struct Room;  // all who watch, and the lock
  Watcher(std::shared_ptr<Room> room, const layout::SpaceId& space)
      : room_(std::move(room)), space_(space) {}

  std::shared_ptr<Room> room_;
  layout::SpaceId space_;
  std::uint64_t seq_ = 0;  // of what was taken last, or is pending
  Frame pending_;
  std::function<void()> wake_;
};

/// Any number of threads may use it.
class Watchers {
 public:
  explicit Watchers(const WatchTerms& terms);

  /// None if there are too many: `*what` then names the bound.
  std::unique_ptr<Watcher> join(const layout::SpaceId& space, const char** what);
  /// Whether a frame would be taken by anybody. Who joins later gets what is published later.
  bool is_watched(const layout::SpaceId& space) const;
  void publish(const std::vector<News>& news);

 private:
  WatchTerms terms_;
  std::shared_ptr<Watcher::Room> room_;
};

}  // namespace freehold::native
