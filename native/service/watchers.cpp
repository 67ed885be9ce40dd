#include "native/service/watchers.hpp"

namespace freehold::native {

struct Watcher::Room {
  std::mutex mutex;
  std::map<layout::SpaceId, std::set<Watcher*>> spaces;  // none without watchers
  std::size_t count = 0;
};

Watcher::~Watcher() {
  const std::lock_guard lock(room_->mutex);
  const auto at = room_->spaces.find(space_);
  at->second.erase(this);
  if (at->second.empty()) room_->spaces.erase(at);
  --room_->count;
}

void Watcher::listen(std::function<void()> wake) {
  const std::lock_guard lock(room_->mutex);
  wake_ = std::move(wake);
}

void Watcher::skip_to(std::uint64_t seq) {
  const std::lock_guard lock(room_->mutex);
  if (seq < seq_) return;
  seq_ = seq;
  pending_.reset();
}

Frame Watcher::take() {
  const std::lock_guard lock(room_->mutex);
  return std::move(pending_);
}

Watchers::Watchers(const WatchTerms& terms)
    : terms_(terms), room_(std::make_shared<Watcher::Room>()) {}

std::unique_ptr<Watcher> Watchers::join(const layout::SpaceId& space, const char** what) {
  const std::lock_guard lock(room_->mutex);
  const auto at = room_->spaces.find(space);
  const std::size_t here = at == room_->spaces.end() ? 0 : at->second.size();
  *what = here >= terms_.watchers_of_space_max  ? "watchers_of_space_max"
          : room_->count >= terms_.watchers_max ? "watchers_max"
                                                : nullptr;
  if (*what != nullptr) return nullptr;
  std::unique_ptr<Watcher> watcher(new Watcher(room_, space));
  room_->spaces[space].insert(watcher.get());
  ++room_->count;
  return watcher;
}

bool Watchers::is_watched(const layout::SpaceId& space) const {
  const std::lock_guard lock(room_->mutex);
  return room_->spaces.contains(space);
}

void Watchers::publish(const std::vector<News>& news) {
  const std::lock_guard lock(room_->mutex);
  for (const News& one : news) {
    const auto at = room_->spaces.find(one.space);
    if (at == room_->spaces.end()) continue;
    for (Watcher* watcher : at->second) {
      if (one.seq <= watcher->seq_) continue;
      watcher->seq_ = one.seq;
      watcher->pending_ = one.frame;
      if (watcher->wake_) watcher->wake_();
    }
  }
}

}  // namespace freehold::native
