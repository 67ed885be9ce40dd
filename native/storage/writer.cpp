#include "native/storage/writer.hpp"

#include <vector>

#include "native/fault.hpp"

namespace freehold::native {

namespace {
constexpr std::size_t jobs_per_commit_max = 64;
}

Writer::Writer(KvEngine& engine) : engine_(&engine), thread_([this] { run(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Writer::submit(Work work, Done done) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({std::move(work), std::move(done)});
  }
  wake_.notify_one();
}

void Writer::run() {
  for (;;) {
    std::vector<Job> jobs;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return is_ending_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      while (!jobs_.empty() && jobs.size() < jobs_per_commit_max) {
        jobs.push_back(std::move(jobs_.front()));
        jobs_.pop_front();
      }
    }
    commit(jobs);
  }
}

void Writer::commit(std::vector<Job>& jobs) {
  const Result<> result = engine_->update([&jobs](KvTransaction& kv) {
    for (Job& job : jobs) job.work(kv);
    fault_point("commit-before");
  });
  fault_point("commit-after");
  for (Job& job : jobs) job.done(result);
}

}  // namespace freehold::native
