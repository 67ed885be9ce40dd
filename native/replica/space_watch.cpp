#include "native/replica/space_watch.hpp"

#include <random>
#include <thread>

#include "freehold/db/watch.hpp"
#include "freehold/ucan/dispatch.hpp"
#include "native/client/http.hpp"
#include "native/replica/failure.hpp"
#include "native/replica/service_call.hpp"

namespace freehold::native {

namespace {

class Session {
 public:
  Session(LocalReplica& replica, const SpaceWatchOptions& options)
      : replica_(&replica), options_(&options), proof_(replica.proof()) {
    replica.read([&](const Snapshot& state) { about_ = state.about; });
    if (!about_.service) {
      throw Failure("NoService", "the space knows no service yet: sync --remote URL first");
    }
    url_ = parse_url(about_.service->url);
  }

  void run() {
    while (!is_enough_) {
      try {
        connect();
      } catch (const Failure& failure) {
        if (!may_pass(failure)) throw;
        if (options_->complain) options_->complain(failure);
      }
      if (!is_enough_) pause();
    }
  }

 private:
  /// One connection, as long as it lasts.
  void connect() {
    if (options_->prepare) options_->prepare();
    SyncDraft draft;
    replica_->bring([&](Replica& held) -> Result<> {
      FH_TRY(draft, held.begin_watch(replica_->agent_did(), about_.service->did, {proof_.root},
                                     now_seconds()));
      return {};
    });
    Signed sent = sign_draft(replica_->agent(), std::move(draft), proof_);
    Watch watch(std::move(sent.invocation));
    Bytes message;  // of an answer that is no stream
    const HttpRequest request{"POST", std::string(car_media_type), std::move(sent.message)};
    exchange_in_pieces(url_, request, [&](std::string_view content_type, ByteView piece) {
      if (content_type == watch_media_type) {
        watch.push(piece);
        take_all(watch);
      } else {
        if (message.size() + piece.size() > limits::watch_frame_bytes_max) {
          throw Failure(name_of(Errc::limit), "watch: the answer is too long");
        }
        append(message, piece);
      }
      return !is_enough_;
    });
    if (!message.empty()) {
      unwrap(watch.push_message(message));
      take_all(watch);
    }
    if (!is_enough_ && !watch.end()) {
      throw Failure("Offline", url_.authority() + ": the connection broke");
    }
  }

  void take_all(Watch& watch) {
    while (!is_enough_ && unwrap(watch.is_ready())) {
      Noted noted;
      replica_->change([&](Replica& held) -> Result<Commit> {
        Result<Noted> judged = watch.judge(held);
        if (!judged) {
          throw_if_told(held, judged.error());
          return tl::unexpected(judged.error());
        }
        noted = *std::move(judged);
        return noted.commit;
      });
      watch.pop();
      failures_ = 0;
      if (noted.checkpoint == last_) continue;  // told before the connection broke
      is_enough_ = !options_->take(noted);
      last_ = noted.checkpoint;
    }
  }

  bool may_pass(const Failure& failure) const {
    const std::string& name = failure.name();
    const bool is_forgotten =
        name == name_of(Errc::base_unknown) || name == name_of(Errc::recovering);
    return name == "Offline" || name == "HttpError" || name == "TooManyWatchers" ||
           (is_forgotten && options_->prepare);
  }

  /// At random, so that not all come back to a service at once.
  void pause() {
    const int seconds = std::min(1 << std::min(failures_, 10), limits::watch_retry_seconds_max);
    ++failures_;
    std::uniform_int_distribution<int> milliseconds(seconds * 500, seconds * 1000);
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds(random_)));
  }

  LocalReplica* replica_;
  const SpaceWatchOptions* options_;
  Proof proof_;
  ReplicaAbout about_;
  Url url_;
  Cid last_;
  bool is_enough_ = false;
  int failures_ = 0;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace

void watch_space(LocalReplica& replica, const SpaceWatchOptions& options) {
  Session(replica, options).run();
}

}  // namespace freehold::native
