#include "native/server/watch_stream.hpp"

#include <netinet/tcp.h>

#include "freehold/sync/frames.hpp"

namespace freehold::native {

namespace beast = boost::beast;
namespace http = beast::http;

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds frame_time_max{30};
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

/// Nobody but the other side ends this read: by closing, or by saying what is not asked for.
asio::awaitable<void> note_end(std::shared_ptr<Connection> connection) {
  char byte = 0;
  connection->stream.expires_never();
  co_await connection->stream.async_read_some(asio::buffer(&byte, 1), as_result);
  connection->is_gone = true;
  connection->alarm.cancel();
}

/// A peer that vanished without a word is found out by the keep-alives that it does not confirm.
void limit_silence(Connection& connection) {
  const int milliseconds = limits::watch_silence_seconds_max * 1000;
  ::setsockopt(connection.stream.socket().native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT,
               &milliseconds, sizeof milliseconds);
}

class WatchStream {
 public:
  WatchStream(std::shared_ptr<Connection> connection, const Connections& connections, Reply reply,
              bool is_chunked)
      : connection_(std::move(connection)),
        connections_(&connections),
        reply_(std::move(reply)),
        is_chunked_(is_chunked),
        end_(Clock::now() + reply_.lasts),
        quiet_(connections.api->service->context().watch.keep_alive_seconds) {}

  asio::awaitable<void> run() {
    limit_silence(*connection_);
    const auto executor = connection_->stream.get_executor();
    asio::co_spawn(executor, note_end(connection_), asio::detached);
    reply_.watcher->listen([connection = connection_, executor] {
      asio::post(executor, [connection] { connection->alarm.cancel(); });
    });
    bool is_sent = co_await write(reply_.http.body);
    while (is_sent && !is_over()) is_sent = co_await next();
    if (is_sent && !connection_->is_gone && is_chunked_) {
      connection_->stream.expires_after(frame_time_max);
      co_await asio::async_write(connection_->stream, http::make_chunk_last(), as_result);
    }
  }

 private:
  bool is_over() const {
    return connection_->is_gone || connections_->is_stopping || Clock::now() >= end_;
  }

  /// Writes what there is, or waits for something to happen. Between finding nothing and waiting
  /// the strand is not left, so no alarm is missed.
  asio::awaitable<bool> next() {
    if (const Frame frame = reply_.watcher->take()) co_return co_await write(*frame);
    if (Clock::now() >= quiet_until_) co_return co_await write(encode_frame({}));
    connection_->alarm.expires_at(std::min(end_, quiet_until_));
    co_await connection_->alarm.async_wait(as_result);
    co_return true;
  }

  asio::awaitable<bool> write(const Bytes& bytes) {
    connection_->stream.expires_after(frame_time_max);
    const auto content = asio::buffer(bytes.data(), bytes.size());
    beast::error_code error;
    if (is_chunked_) {
      std::tie(error, std::ignore) = co_await asio::async_write(
          connection_->stream, http::make_chunk(asio::const_buffer(content)), as_result);
    } else {
      std::tie(error, std::ignore) =
          co_await asio::async_write(connection_->stream, content, as_result);
    }
    quiet_until_ = Clock::now() + quiet_;
    co_return !error;
  }

  std::shared_ptr<Connection> connection_;
  const Connections* connections_;
  Reply reply_;
  bool is_chunked_;
  Clock::time_point end_;
  std::chrono::seconds quiet_;
  Clock::time_point quiet_until_;  // then a keep-alive is due
};

}  // namespace

asio::awaitable<void> stream_watch(std::shared_ptr<Connection> connection,
                                   const Connections& connections, Reply reply, bool is_chunked) {
  WatchStream stream(std::move(connection), connections, std::move(reply), is_chunked);
  co_await stream.run();
}

}  // namespace freehold::native
