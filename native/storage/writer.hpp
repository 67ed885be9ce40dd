/// The one thread that writes. Work that comes while a commit is under way waits and shares the
/// next one: a disk flushes a few hundred times a second, whatever is in the flush.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "native/storage/kv.hpp"

namespace freehold::native {

class Writer {
 public:
  using Work = KvEngine::Work;
  using Done = std::function<void(Result<>)>;

  /// `engine` must outlive the writer.
  explicit Writer(KvEngine& engine);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  /// Runs what was submitted before, then ends.
  ~Writer();

  /// `work` runs on the writer's thread, perhaps more than once, and must set its outcome afresh
  /// each time. `done` is called there when the changes are durable, or have failed.
  void submit(Work work, Done done);
  /// Calls `then` on the writer's thread, not before `due`; when the writer ends, at once.
  void call_at(std::chrono::steady_clock::time_point due, std::function<void()> then);

 private:
  struct Job {
    Work work;
    Done done;
  };
  void run();
  void take_due(std::vector<std::function<void()>>& due);
  void commit(std::vector<Job>& jobs);

  KvEngine* engine_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  std::multimap<std::chrono::steady_clock::time_point, std::function<void()>> calls_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace freehold::native
