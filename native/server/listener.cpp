#include "native/server/listener.hpp"

#include <condition_variable>
#include <thread>

#include "native/boost.hpp"
#include "native/server/session.hpp"

namespace freehold::native {

using asio::ip::tcp;

namespace {

constexpr std::size_t connections_max = 1024;
constexpr std::size_t disk_threads = 4;
constexpr std::chrono::seconds stop_time_max{5};
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

std::size_t threads_wanted() {
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 2, 8);
}

asio::awaitable<void> serve_and_forget(std::list<std::shared_ptr<Connection>>::iterator at,
                                       Connections* connections) {
  co_await serve_connection(*at, connections);
  const std::lock_guard lock(connections->mutex);
  connections->open.erase(at);
}

}  // namespace

struct Listener::State {
  // Outlives all that may still post to it.
  asio::thread_pool pool{threads_wanted()};
  asio::thread_pool disk{disk_threads};
  tcp::acceptor acceptor{pool};
  asio::signal_set signals{pool, SIGINT, SIGTERM};  // caught from the start, heard by `run`
  Connections connections;

  asio::awaitable<void> accept_all() {
    for (;;) {
      auto [error, socket] = co_await acceptor.async_accept(asio::make_strand(pool), as_result);
      if (connections.is_stopping) co_return;
      if (error) {  // out of descriptors, mostly: wait until some are free
        asio::steady_timer pause(co_await asio::this_coro::executor, std::chrono::milliseconds(50));
        co_await pause.async_wait(as_result);
        continue;
      }
      accept(std::move(socket));
    }
  }

  void accept(tcp::socket socket) {
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    const std::lock_guard lock(connections.mutex);
    if (connections.open.size() >= connections_max) return;  // closed unheard
    const auto executor = socket.get_executor();
    const auto at = connections.open.insert(connections.open.end(),
                                            std::make_shared<Connection>(std::move(socket)));
    asio::co_spawn(executor, serve_and_forget(at, &connections), asio::detached);
  }

  void stop() {
    connections.is_stopping = true;
    asio::post(acceptor.get_executor(), [this] {
      boost::system::error_code ignored;
      acceptor.close(ignored);
    });
    const std::lock_guard lock(connections.mutex);
    for (const auto& connection : connections.open) {
      asio::post(connection->stream.get_executor(), [connection] {
        if (connection->is_idle) connection->stream.close();
        connection->alarm.cancel();
      });
    }
  }

  bool is_quiet() {
    const std::lock_guard lock(connections.mutex);
    return connections.open.empty();
  }
};

Listener::Listener() : state_(std::make_unique<State>()) {}
Listener::~Listener() = default;

std::string Listener::bind(const std::string& host, std::uint16_t* port, bool* is_taken) {
  boost::system::error_code error;
  *is_taken = false;
  asio::ip::address address =
      asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
  if (error) return host + ": not an IP address";
  const tcp::endpoint endpoint(address, *port);
  tcp::acceptor& acceptor = state_->acceptor;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    *is_taken = error == asio::error::address_in_use;
    boost::system::error_code ignored;
    acceptor.close(ignored);
    return host + ":" + std::to_string(*port) + ": " + error.message();
  }
  *port = acceptor.local_endpoint(error).port();
  return "";
}

void Listener::run(const Api& api) {
  State& state = *state_;
  state.connections.api = &api;
  state.connections.disk = &state.disk;

  std::mutex mutex;
  std::condition_variable signalled;
  bool is_signalled = false;
  state.signals.async_wait([&](const boost::system::error_code& error, int) {
    if (error) return;
    const std::lock_guard lock(mutex);
    is_signalled = true;
    signalled.notify_one();
  });
  asio::co_spawn(state.acceptor.get_executor(), state.accept_all(), asio::detached);
  {
    std::unique_lock lock(mutex);
    signalled.wait(lock, [&] { return is_signalled; });
  }
  state.stop();
  const auto end = std::chrono::steady_clock::now() + stop_time_max;
  while (!state.is_quiet() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  state.disk.join();
  state.pool.stop();
  state.pool.join();
}

}  // namespace freehold::native
