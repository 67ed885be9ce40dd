/// The services of this server, as functions of messages: what HTTP carries to them is server/'s.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "freehold/ucan/dispatch.hpp"
#include "native/service/meter.hpp"
#include "native/service/turn.hpp"
#include "native/service/watchers.hpp"
#include "native/storage/writer.hpp"

namespace freehold::native {

/// What a message is answered with. Of a watch that was accepted, `http` has the first frame, and
/// what `watcher` gets until `lasts` is over goes behind it.
struct Reply {
  HttpReply http;
  std::unique_ptr<Watcher> watcher = nullptr;
  std::chrono::seconds lasts{};
};

/// Any number of threads may use a service.
class Service {
 public:
  /// Given the reply once all that it says is durable.
  using Done = std::function<void(Reply)>;

  /// Goes on with the tasks that were left when it ended last. `engine` must outlive it.
  Service(KvEngine& engine, Context context);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service();

  const Context& context() const noexcept { return context_; }

  /// Answers the body of a POST. `done` may be called on another thread, or before this returns.
  void answer(ByteView car, Done done);

  /// The message that tells of a task: its receipt and what goes with it. None: not there yet.
  Result<std::optional<Bytes>> archive_of(const Cid& task);
  /// Whether a space was promised these bytes.
  Result<bool> serves(const Digest& digest);

  static Now now();

 private:
  struct Exchange;  // one message under way
  struct Item;      // one of its invocations

  Item prepare(Ucan invocation, const Exchange& request) const;
  std::optional<Value> refusal_of(const Item& item, const Tenant& tenant,
                                  const MemoryStore& blocks) const;
  void run_all(KvReader& kv, KvTransaction* writable, Exchange& request);
  void run(KvReader& kv, KvTransaction* writable, Exchange& request, Item& item);
  Result<> run_query(Turn& turn, Exchange& request, Item& item);
  Result<bool> run_command(Turn& turn, Exchange& request, Item& item);

  void submit(const std::shared_ptr<Exchange>& request);
  void begin_watch(const std::shared_ptr<Exchange>& request);
  void finish_watch(Exchange& request, const Result<>& stored);
  void finish(Exchange& request, const Result<>& stored);
  void charge(Turn& turn, const Call& call, std::uint64_t bytes);
  bool is_ending();

  void run_left();
  bool rebuild_ledgers();
  bool tidy_spaces();
  using Spaces = std::vector<layout::SpaceId>;
  bool work_on_spaces(const std::function<Spaces(KvReader&, std::size_t)>& list,
                      const std::function<Result<bool>(Turn&, Space&)>& step);
  Result<> run_one_left(const Cid& task);
  bool write(const std::function<bool(KvTransaction&)>& work);
  void wake();

  KvEngine* engine_;
  Context context_;
  Meter meter_;
  Watchers watchers_;

  std::mutex mutex_;
  std::condition_variable woken_;
  bool is_woken_ = true;
  bool is_ending_ = false;
  Writer writer_;  // as it ends it runs what was delayed, which uses all above
  std::thread worker_;
};

}  // namespace freehold::native
