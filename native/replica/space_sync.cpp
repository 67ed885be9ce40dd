#include "native/replica/space_sync.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "freehold/codec/cbor.hpp"
#include "freehold/sync/names.hpp"
#include "native/replica/failure.hpp"
#include "native/replica/rights.hpp"
#include "native/replica/service_call.hpp"

namespace freehold::native {

namespace {

constexpr int attempts_max = 5;  // when others are in the way: see is_passing

/// Held by one process at a time; the kernel lets go of it when the process dies.
class SyncLock {
 public:
  explicit SyncLock(const std::filesystem::path& folder)
      : descriptor_(::open((folder / "sync.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    if (descriptor_ < 0 || ::flock(descriptor_, LOCK_EX) != 0) {
      throw Failure("NotFound", (folder / "sync.lock").string() + ": cannot be locked");
    }
  }
  SyncLock(const SyncLock&) = delete;
  SyncLock& operator=(const SyncLock&) = delete;
  ~SyncLock() { ::close(descriptor_); }

 private:
  int descriptor_;
};

class Session {
 public:
  Session(LocalReplica& replica, const SpaceSyncOptions& options)
      : replica_(&replica), options_(&options), proof_(replica.proof()) {
    replica.read([&](const Snapshot& state) { about_ = state.about; });
    if (!about_.service) {
      throw Failure("NoService", "the space knows no service yet: say --remote URL");
    }
    url_ = parse_url(about_.service->url);
  }

  SyncReport run() {
    bool is_new_here = false;
    bool is_partial = false;
    replica_->read([&](const Snapshot& state) {
      is_new_here = about_.is_imported && state.head.seq() == 0;
      is_partial = !state.head.is_whole();
    });
    // A space that came from another device is asked for first: the right may be there already. So
    // it is if the service's checkpoints are proven: then a lazy replica need not read where.
    if (!is_new_here && !is_partial) authorise();
    do {
      exchange();
    } while (report_.proven == Proven::no && authorise());
    replica_->sweep();
    replica_->read([&](const Snapshot& state) {
      report_.root = state.head.root();
      report_.is_whole = state.head.is_whole();
      report_.scopes = state.head.scopes();
    });
    return std::move(report_);
  }

 private:
  void exchange();
  bool exchange_round();
  bool pull();
  bool fill();
  bool read_all(Result<std::optional<ReadCall>> (Replica::*next)());
  SyncOutcome attempt();
  SyncOutcome exchange_once();
  bool authorise();
  void tell_progress();

  LocalReplica* replica_;
  const SpaceSyncOptions* options_;
  Proof proof_;
  ReplicaAbout about_;
  Url url_;
  SyncReport report_;
  bool is_forgotten_ = false;  // the service has not all of the base any more
  bool is_nearer_ = false;     // it asked for what it lost: that goes with the next attempt
};

/// Until nothing moves, and all is here unless the replica is lazy.
void Session::exchange() {
  for (int attempts = 1;; ++attempts) {
    while (exchange_round()) {
    }
    if (about_.is_lazy ? fill() : pull()) return;
    if (attempts == attempts_max) {
      throw Failure(name_of(Errc::missing), "the service forgets each tree before it is read");
    }
    is_forgotten_ = true;
  }
}

/// Reads until the replica is whole; false if the service has that tree no more.
bool Session::pull() {
  if (replica_->is_whole()) return true;
  if (!read_all(&Replica::next_read)) return false;
  replica_->change([](Replica& held) { return held.finish_pull(); });
  return true;
}

/// The same until all that is in its scopes is here.
bool Session::fill() {
  bool is_filled = false;
  replica_->read([&](const Snapshot& state) { is_filled = state.head.is_filled(); });
  if (is_filled) return true;
  if (!read_all(&Replica::next_fill)) return false;
  replica_->change([](Replica& held) { return Result<Commit>(held.save()); });
  return true;
}

/// Each answer is durable, and so is how far they went.
bool Session::read_all(Result<std::optional<ReadCall>> (Replica::*next)()) {
  for (;;) {
    replica_->trim();
    std::optional<ReadCall> call;
    replica_->bring([&](Replica& held) -> Result<> {
      FH_TRY(call, (held.*next)());
      return {};
    });
    if (!call) return true;
    try {
      replica_->fetch(*call);
    } catch (const Failure& failure) {
      const bool is_forgotten = failure.name() == name_of(Errc::not_found) ||
                                failure.name() == name_of(Errc::base_unknown);
      if (!is_forgotten) throw;
      return false;
    }
    report_.reads += 1;
    if (options_->progress) tell_progress();
  }
}

/// Whether either side has more to tell.
bool Session::exchange_round() {
  SyncOutcome outcome = attempt();
  report_.rounds += 1;
  report_.seq = outcome.seq;
  report_.proven = outcome.proven;
  const auto move_to = [](auto& to, auto& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  move_to(report_.changed, outcome.changed);
  move_to(report_.conflicts, outcome.conflicts);
  move_to(report_.refused, outcome.refused);
  if (options_->progress) tell_progress();
  return outcome.is_more;
}

void Session::tell_progress() {
  replica_->read([&](const Snapshot& state) {
    const Tree base(state.blocks, state.head.base_root());
    const auto from = state.head.read_up_to();
    const Result<std::uint64_t> here = from ? base.rank(*from) : base.count({});
    const auto block = state.blocks.find(*state.head.checkpoint());
    if (!here || !block) return;
    const auto checkpoint = Checkpoint::decode(Block(*state.head.checkpoint(), copy_of(*block)));
    if (checkpoint) options_->progress(*here, checkpoint->weight.count);
  });
}

/// Whether another attempt may go well. Then the answer counts for nothing: the service knows by
/// `since` and `sent` that it was never taken.
bool is_passing(const Failure& failure) {
  if (failure.name() == name_of(Errc::missing)) return !failure.is_told();
  return failure.name() == "HeadMoved" || failure.name() == name_of(Errc::not_found) ||
         failure.name() == name_of(Errc::superseded) ||  // counts on from what was told
         failure.name() == name_of(Errc::base_unknown);  // tells the bases next
}

SyncOutcome Session::attempt() {
  replica_->trim();  // not between attempts: what the last one learnt lies in memory
  int recoveries = 0;
  for (int attempts = 1;; ++attempts) {
    is_nearer_ = false;
    try {
      SyncOutcome outcome = exchange_once();
      is_forgotten_ = false;
      return outcome;
    } catch (const Failure& failure) {
      if (is_nearer_ && ++recoveries < limits::recovery_rounds_max) {
        attempts = 0;
        continue;
      }
      if (!is_passing(failure) || attempts == attempts_max) throw;
      is_forgotten_ = is_forgotten_ || failure.name() == name_of(Errc::missing) ||
                      failure.name() == name_of(Errc::not_found);
    }
  }
}

SyncOutcome Session::exchange_once() {
  const Did agent = replica_->agent_did();
  SyncDraft draft;
  replica_->change([&](Replica& held) -> Result<Commit> {
    // What a clone gets first is read in the order of keys, so that it can go on after any end.
    const bool is_first = about_.is_imported && held.seq() == 0;
    const SyncOptions how{options_->is_strict, about_.is_lazy || is_first || is_forgotten_};
    FH_TRY(draft, held.begin_sync(agent, about_.service->did, {proof_.root}, now_seconds(), how));
    return Commit{{}, {}, held.record()};
  });
  const std::uint64_t generation = replica_->generation();
  const Exchanged answer = exchange_with(replica_->agent(), url_, std::move(draft), proof_);
  SyncOutcome outcome;
  replica_->change_on(generation, [&](Replica& held) -> Result<Commit> {
    Result<SyncOutcome> finished = held.finish_sync(answer.invocation, answer.bytes, now_seconds());
    if (!finished) {
      is_nearer_ = finished.error().code == Errc::recovering &&
                   held.service_error().find("links") != nullptr;
      throw_if_told(held, finished.error());
      return tl::unexpected(finished.error());
    }
    outcome = *std::move(finished);
    return outcome.commit;
  });
  return outcome;
}

/// Gives the service the right to sign the space's checkpoints, if nobody has and this device can.
/// Whether that was done now.
bool Session::authorise() {
  const Did& service = about_.service->did;
  Range range;
  range.prefix = copy_of(view_of(key_prefix::delegation));
  append(range.prefix, view_of(service.text() + "/"));
  range.limit = 1;
  bool is_given = false;
  Did space;
  replica_->bring([&](Replica& held) -> Result<> {
    FH_TRY(const Page page, held.list(range));
    space = held.space();
    is_given = !page.entries.empty();
    return {};
  });
  if (is_given || !gives(proof_, ability::assert_state)) return false;
  const Grant grant{space, about_.name, service, {ability::assert_state}, std::nullopt};
  const Proof given = delegate(Signer(replica_->agent()), grant, &proof_);
  Bytes key = range.prefix;
  append(key, view_of(given.root.text()));
  const Replica::Change put{std::move(key), encode_cbor(Value(given.root))};
  replica_->change([&](Replica& held) { return held.edit(std::span(&put, 1), given.blocks); });
  return true;
}

}  // namespace

void connect(LocalReplica& replica, const std::string& url) {
  const ServiceIdentity service = identity_of(parse_url(url));
  ReplicaAbout about;
  replica.read([&](const Snapshot& state) { about = state.about; });
  if (about.service && about.service->did == service.did && about.service->key != service.key) {
    throw Failure("ServiceChanged", service.did.text() + " shows another key than it did before");
  }
  replica.change([&](Replica& held) -> Result<Commit> {
    held.know_service(service.did, service.key);
    return Commit{{}, {}, held.record()};
  });
  about.service = service;
  replica.set_about(about);
}

SyncReport sync_space(LocalReplica& replica, const SpaceSyncOptions& options) {
  const SyncLock lock(replica.folder());
  return Session(replica, options).run();
}

}  // namespace freehold::native
