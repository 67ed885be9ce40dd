#include "native/service/service.hpp"

#include <chrono>
#include <cstdio>
#include <future>
#include <unordered_set>

#include "freehold/sync/frames.hpp"
#include "native/fault.hpp"
#include "native/service/errors.hpp"
#include "native/service/queue.hpp"
#include "native/service/rebuild.hpp"
#include "native/service/state_sync.hpp"
#include "native/service/state_watch.hpp"
#include "native/service/usage.hpp"
#include "native/storage/kv_stage.hpp"

namespace freehold::native {

struct Service::Item {
  Ucan invocation;
  const Tenant* tenant = nullptr;  // who signs the receipt
  std::optional<Value> error;      // nothing is to be run: the error of the receipt ...
  std::optional<Value> denial;     // ... if there is none from before
  bool is_query = false;
  std::optional<Answer> answer;
};

struct Service::Exchange {
  Message message;
  std::vector<Item> items;
  Now now;
  Done done;
  bool is_work_left = false;         // for the background, once this is durable
  std::vector<News> news;            // told when all is durable
  std::unique_ptr<Watcher> watcher;  // of a watch
  std::uint64_t watched_seq = 0;     // of the head that it begins with
};

namespace {

bool is_state(std::string_view can) {
  return can == ability::state_sync || can == ability::state_read || can == ability::state_watch ||
         can == ability::state_restore;
}

/// A space that something was to be done to waits for what the service has lost.
bool is_stopped(const Error& error) {
  return error.code == Errc::recovering;
}

Value stopped_error() {
  return error_of(name_of(Errc::recovering),
                  "The service was restored from a backup, and the space waits for what was lost: "
                  "ask again when it has been synced");
}

/// The libraries look for an invocation beside its receipt; devices have what they sent.
Answer answer_to(const Call& call, Outcome outcome) {
  if (is_state(call.capability().can)) {
    return answer_of(call.tenant, call.invocation, std::move(outcome));
  }
  return answer_of(call.tenant, call.invocation, call.blocks, std::move(outcome));
}

HttpReply reply_of(const std::vector<Answer>& answers) {
  std::vector<Receipt> report;
  std::vector<Block> blocks;
  for (const Answer& answer : answers) {
    report.push_back(answer.receipt);
    blocks.insert(blocks.end(), answer.blocks.begin(), answer.blocks.end());
  }
  HttpReply reply;
  reply.headers.push_back({"content-type", std::string(car_media_type)});
  reply.body = encode_message({}, report, blocks);
  return reply;
}

HttpReply storage_failure(const Error& error) {
  std::fprintf(stderr, "freehold: storage: %s\n", error.what);
  HttpReply reply;
  reply.status = 500;
  reply.headers.push_back({"content-type", "text/plain"});
  reply.body = copy_of(view_of("Storage failed"));
  return reply;
}

}  // namespace

Service::Service(KvEngine& engine, Context context)
    : engine_(&engine),
      context_(std::move(context)),
      watchers_(context_.watch),
      writer_(engine),
      worker_([this] { run_left(); }) {}

Service::~Service() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  woken_.notify_all();
  worker_.join();
}

Now Service::now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

Service::Item Service::prepare(Ucan invocation, const Exchange& request) const {
  Item item;
  item.invocation = std::move(invocation);
  const Tenant* tenant = context_.tenants.find(item.invocation.audience);
  item.tenant = tenant == nullptr ? &context_.tenants.main() : tenant;
  item.error = refusal_of(item, *item.tenant, request.message.blocks);
  if (item.error) return item;
  const std::string& can = item.invocation.capabilities.front().can;
  const Ability* known = find_ability(can);
  item.is_query = can == ability::state_read || can == ability::state_watch ||
                  (known != nullptr && known->is_query);
  // Outside of the transaction: signatures are what costs.
  item.denial =
      denial_of(item.invocation, *item.tenant, request.message.blocks, request.now.seconds());
  return item;
}

std::optional<Value> Service::refusal_of(const Item& item, const Tenant& tenant,
                                         const MemoryStore& blocks) const {
  const Ucan& invocation = item.invocation;
  if (invocation.capabilities.size() != 1) return error_value::invocation_capability(invocation);
  const Capability& capability = invocation.capabilities.front();
  if (find_ability(capability.can) == nullptr && !is_state(capability.can)) {
    return error_value::handler_not_found(capability);
  }
  if (invocation.audience != tenant.did()) {
    return error_value::invalid_audience(std::span(&tenant.did(), 1), invocation.audience);
  }
  // The edits of a sync are attached to it, and have limits of their own.
  if (is_state(capability.can) && capability.can != ability::state_watch) return std::nullopt;
  return size_error(invocation, blocks);
}

void Service::answer(ByteView car, Done done) {
  auto decoded = decode_request(car);
  if (!decoded) return done({std::move(decoded.error())});
  auto request = std::make_shared<Exchange>();
  request->now = now();
  request->done = std::move(done);
  request->message = std::move(decoded->message);
  const bool is_alone = decoded->invocations.size() == 1;
  bool writes = false;
  bool watches = false;
  for (Ucan& invocation : decoded->invocations) {
    Item& item = request->items.emplace_back(prepare(std::move(invocation), *request));
    if (item.error) continue;
    const bool is_watch = item.invocation.capabilities.front().can == ability::state_watch;
    if (is_watch && !is_alone) item.error = watch_not_alone();
    watches = watches || (is_watch && is_alone && !item.denial);
    writes = writes || !item.is_query;
  }
  if (writes) return submit(request);
  if (watches) return begin_watch(request);
  finish(*request, engine_->read([&](KvReader& kv) { run_all(kv, nullptr, *request); }));
}

void Service::finish(Exchange& request, const Result<>& stored) {
  if (!stored) return request.done({storage_failure(stored.error())});
  std::vector<Answer> answers;
  for (Item& item : request.items) answers.push_back(*std::move(item.answer));
  if (request.is_work_left) wake();
  fault_point("answer-before");
  request.done({reply_of(answers)});
  watchers_.publish(request.news);
}

/// The head is read on the writer's thread, by one who watches already: each checkpoint is in it,
/// or is published after it; and what it has is durable when the frame leaves.
void Service::begin_watch(const std::shared_ptr<Exchange>& request) {
  Item& item = request->items.front();
  const Result<Did> did = Did::parse(item.invocation.capabilities.front().with);
  const auto space = did ? space_id_of(*did) : std::nullopt;
  const char* full = nullptr;
  if (space) request->watcher = watchers_.join(*space, &full);
  if (full != nullptr) item.error = too_many_watchers(full);
  writer_.submit(
      [this, request, space](KvTransaction& kv) {
        const auto head = space ? find_space(kv, *space) : std::nullopt;
        request->watched_seq = head ? head->seq : 0;
        run_all(kv, nullptr, *request);
      },
      [this, request](Result<> stored) { finish_watch(*request, stored); });
}

void Service::finish_watch(Exchange& request, const Result<>& stored) {
  const Item& item = request.items.front();
  if (!stored || item.answer->receipt.ok() == nullptr) return finish(request, stored);
  const std::int64_t ends = item.invocation.expires.value_or(INT64_MAX);
  const std::int64_t left = std::max<std::int64_t>(ends - request.now.seconds(), 0);
  request.watcher->skip_to(request.watched_seq);
  Reply reply{reply_of({*item.answer}), std::move(request.watcher),
              std::chrono::seconds(std::min<std::int64_t>(left, limits::watch_seconds_max))};
  reply.http.headers = {{"content-type", std::string(watch_media_type)},
                        {"cache-control", "no-store, no-transform"},
                        {"x-accel-buffering", "no"}};
  reply.http.body = encode_frame(reply.http.body);
  request.done(std::move(reply));
}

/// A message waits until all spaces in it that it may write may write again. The writer does not
/// wait for it.
void Service::submit(const std::shared_ptr<Exchange>& request) {
  const auto now = std::chrono::steady_clock::now();
  auto due = now;
  for (const Item& item : request->items) {
    if (item.error || item.denial || item.is_query) continue;
    due = std::max(due, meter_.free_at(item.invocation.capabilities.front().with, now));
  }
  if (due > now && !is_ending()) return writer_.call_at(due, [this, request] { submit(request); });
  writer_.submit([this, request](KvTransaction& kv) { run_all(kv, &kv, *request); },
                 [this, request](Result<> stored) { finish(*request, stored); });
}

bool Service::is_ending() {
  const std::lock_guard lock(mutex_);
  return is_ending_;
}

void Service::run_all(KvReader& kv, KvTransaction* writable, Exchange& request) {
  request.news.clear();  // it may be run again
  for (Item& item : request.items) run(kv, writable, request, item);
}

void Service::run(KvReader& kv, KvTransaction* writable, Exchange& request, Item& item) {
  KvStage stage(kv);
  Turn turn(stage, context_, request.now);
  const auto refuse = [&](const Value& error) {
    item.answer =
        answer_of(*item.tenant, item.invocation, request.message.blocks, Outcome::failed(error));
  };
  if (item.error) return refuse(*item.error);
  Result<bool> is_changed = false;
  if (item.is_query) {
    if (const Result<> queried = run_query(turn, request, item); !queried) {
      is_changed = tl::unexpected<Error>(queried.error());
    }
  } else {
    is_changed = run_command(turn, request, item);
  }
  if (!is_changed && is_stopped(is_changed.error())) return refuse(stopped_error());
  if (!is_changed) {
    std::fprintf(stderr, "freehold: %s: %s\n", item.invocation.capabilities.front().can.c_str(),
                 is_changed.error().what);
    return refuse(
        handler_execution_error(item.invocation.capabilities.front(), is_changed.error()));
  }
  if (!*is_changed || writable == nullptr) return;
  add_news(turn, watchers_, &request.news);
  stage.flush(*writable);
}

Result<> Service::run_query(Turn& turn, Exchange& request, Item& item) {
  const MemoryStore& blocks = request.message.blocks;
  Call call{turn, *item.tenant, item.invocation, blocks};
  const std::string& can = call.capability().can;
  Outcome outcome;
  if (item.denial) {
    outcome = Outcome::failed(*item.denial);
  } else if (can == ability::state_read) {
    FH_TRY(outcome, read_state(call));
  } else if (can == ability::state_watch) {
    FH_TRY(outcome, watch_state(call));
  } else {
    FH_TRY(outcome, find_ability(can)->handler(call));
  }
  item.answer = answer_to(call, std::move(outcome));
  return {};
}

/// Whether what the turn changed is to be kept.
Result<bool> Service::run_command(Turn& turn, Exchange& request, Item& item) {
  const MemoryStore& blocks = request.message.blocks;
  const Cid& task = item.invocation.cid();
  Call call{turn, *item.tenant, item.invocation, blocks};
  const bool is_sync = call.capability().can == ability::state_sync;
  const auto record = is_sync ? std::nullopt : find_task(turn.kv(), task);
  if (record && record->state == TaskRecord::State::done) {
    FH_TRY(item.answer, answer_of(task, *record));
    return false;
  }
  if (item.denial) {
    item.answer = answer_to(call, Outcome::failed(*item.denial));
    return false;
  }
  if (is_sync) {
    Answer answer;
    FH_TRY(const SyncResult result, sync_state(call, blocks, &answer));
    item.answer = std::move(answer);
    if (result.is_left || result.is_recovering) request.is_work_left = true;
    if (result.is_kept) charge(turn, call, result.nodes_written);
    return result.is_kept;
  }
  if (call.capability().can == ability::state_restore) {
    // Receipts of space/state/* never enter the tree.
    FH_TRY(Outcome outcome, restore_state(call));
    FH_CHECK(turn.commit());
    item.answer = answer_to(call, std::move(outcome));
    return true;
  }
  Space* home = record && record->space ? turn.space(*record->space) : nullptr;
  FH_TRY(item.answer, run_task(call, home));
  FH_CHECK(turn.commit());
  return true;
}

void Service::charge(Turn& turn, const Call& call, std::uint64_t bytes) {
  const std::string& did = call.capability().with;
  Space* space = turn.space(did);
  const StateTerms terms = state_terms_of(turn.kv(), space->id(), call.tenant);
  meter_.charge(did, bytes, terms, std::chrono::steady_clock::now());
}

Result<std::optional<Bytes>> Service::archive_of(const Cid& task) {
  std::optional<Bytes> archive;
  FH_CHECK(engine_->read([&](KvReader& kv) {
    auto record = find_task(kv, task);
    if (!record || record->archive.empty()) return;
    if (record->state == TaskRecord::State::claimed) return;
    archive = std::move(record->archive);
  }));
  return archive;
}

Result<bool> Service::serves(const Digest& digest) {
  bool is = false;
  FH_CHECK(engine_->read([&](KvReader& kv) { is = is_served(kv, digest); }));
  return is;
}

// --- tasks that were taken from a queue and left ------------------------------------------------

void Service::wake() {
  {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
  }
  woken_.notify_all();
}

void Service::run_left() {
  constexpr std::size_t tasks_max = 64;
  constexpr std::chrono::milliseconds hold_interval{100};
  constexpr std::chrono::seconds tidy_interval{10};
  std::unordered_set<Cid, CidHash> failed;   // not to be tried again by this process
  std::unordered_set<Cid, CidHash> stopped;  // their spaces are: to be tried when all else is done
  bool was_busy = false;
  std::unique_lock lock(mutex_);
  for (;;) {
    if (!was_busy) stopped.clear();
    woken_.wait_for(lock, tidy_interval, [this] { return is_woken_ || is_ending_; });
    if (is_ending_) return;
    is_woken_ = false;
    lock.unlock();
    const bool is_rebuilt = rebuild_ledgers();
    const bool is_tidy = tidy_spaces();
    std::vector<Cid> tasks;
    const std::size_t listed_max = tasks_max + failed.size() + stopped.size();
    const Result<> listed =
        engine_->read([&](KvReader& kv) { tasks = claimed_tasks(kv, listed_max); });
    std::erase_if(tasks,
                  [&](const Cid& task) { return failed.contains(task) || stopped.contains(task); });
    const bool is_held = !context_.hold_file.empty() && std::filesystem::exists(context_.hold_file);
    if (is_held) std::this_thread::sleep_for(hold_interval);
    for (const Cid& task : tasks) {
      if (is_held) break;
      const Result<> run = run_one_left(task);
      if (!run) (is_stopped(run.error()) ? stopped : failed).insert(task);
    }
    lock.lock();
    // Perhaps there are more; and what was stopped may go on.
    const bool is_busy = !is_rebuilt || !is_tidy || (listed && !tasks.empty());
    if (is_busy || was_busy) is_woken_ = true;
    was_busy = is_busy;
  }
}

/// Does `work` on the writer's thread, and waits for it. Whether it was done, and is durable.
bool Service::write(const std::function<bool(KvTransaction&)>& work) {
  std::promise<bool> done;
  bool is_done = false;
  writer_.submit([&](KvTransaction& kv) { is_done = work(kv); },
                 [&](Result<> stored) { done.set_value(stored && is_done); });
  return done.get_future().get();
}

Result<> Service::run_one_left(const Cid& task) {
  Result<> run;
  std::vector<News> news;
  const bool is_stored = write([&](KvTransaction& kv) {
    news.clear();
    KvStage stage(kv);
    Turn turn(stage, context_, now());
    run = run_claimed(turn, task);
    if (run) run = turn.commit();
    if (run) add_news(turn, watchers_, &news);
    if (run) stage.flush(kv);
    return run.has_value();
  });
  if (run && !is_stored) return fail(Errc::corrupt, "storage failed");
  if (run) watchers_.publish(news);
  return run;
}

// --- what spaces need from time to time ---------------------------------------------------------

/// Does a bounded piece of work in each of a few spaces. Whether that was all there is for now.
bool Service::work_on_spaces(const std::function<Spaces(KvReader&, std::size_t)>& list,
                             const std::function<Result<bool>(Turn&, Space&)>& step) {
  constexpr std::size_t spaces_max = 16;
  Spaces spaces;
  const Result<> listed = engine_->read([&](KvReader& kv) { spaces = list(kv, spaces_max); });
  bool is_all = spaces.size() < spaces_max;
  for (const layout::SpaceId& id : spaces) {
    Result<bool> done = false;
    const bool is_stored = write([&](KvTransaction& kv) {
      KvStage stage(kv);
      Turn turn(stage, context_, now());
      Space* space = turn.space(Did::of_ed25519(id));
      done = step(turn, *space);
      if (done) stage.flush(kv);
      return done.has_value();
    });
    if (is_stored) is_all = is_all && *done;
    if (!done) std::fprintf(stderr, "freehold: in the background: %s\n", done.error().what);
  }
  return is_all || !listed;
}

/// Frees what nobody can read any more.
bool Service::tidy_spaces() {
  return work_on_spaces(
      [](KvReader& kv, std::size_t most) { return spaces_to_tidy(kv, now().seconds(), most); },
      [this](Turn& turn, Space& space) { return space.tidy(context_.tenants, turn.seconds()); });
}

bool Service::rebuild_ledgers() {
  return work_on_spaces(spaces_to_rebuild, rebuild_ledger);
}

}  // namespace freehold::native
