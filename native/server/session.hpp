/// One connection: its requests, one after the other.
#pragma once

#include <atomic>
#include <list>
#include <mutex>

#include "native/boost.hpp"
#include "native/server/http_api.hpp"

namespace freehold::native {

namespace asio = boost::asio;

struct Connection {
  explicit Connection(asio::ip::tcp::socket socket)
      : stream(std::move(socket)), alarm(stream.get_executor()) {}
  boost::beast::tcp_stream stream;
  asio::steady_timer alarm;  // cancelled when a watch that sleeps has something to look at
  bool is_idle = true;       // between requests: may be closed at once
  bool is_gone = false;      // the other side has ended a watch
};

/// What all connections of a listener share.
struct Connections {
  const Api* api = nullptr;
  asio::thread_pool* disk = nullptr;  // where threads may wait for fsync
  std::atomic<bool> is_stopping{false};

  std::mutex mutex;
  std::list<std::shared_ptr<Connection>> open;
};

asio::awaitable<void> serve_connection(std::shared_ptr<Connection> connection,
                                       Connections* connections);

}  // namespace freehold::native
