#include "native/client/http.hpp"

#include <boost/asio/ssl.hpp>
#include <boost/beast/ssl.hpp>

#include "freehold/base/limits.hpp"
#include "native/boost.hpp"

namespace freehold::native {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;

namespace {

using Body = http::vector_body<std::uint8_t>;
using asio::use_awaitable;

constexpr std::chrono::seconds idle_max{limits::client_idle_seconds_max};

http::request<Body> message_of(const Url& url, const HttpRequest& request) {
  http::request<Body> message{http::string_to_verb(request.method), url.path, 11};
  message.set(http::field::host, url.authority());
  message.set(http::field::user_agent, "freehold/" FREEHOLD_VERSION);
  message.set(http::field::connection, "close");
  if (!request.content_type.empty()) {
    message.set(http::field::content_type, request.content_type);
    message.set(http::field::accept, request.content_type);
  }
  message.body() = request.body;
  message.prepare_payload();
  return message;
}

/// The answer, whatever its status. Each step has its own time: a slow line is not a stalled one.
template <class Stream>
asio::awaitable<http::response<Body>> talk(Stream& stream, http::request<Body>& message,
                                           std::size_t bytes_max) {
  auto& tcp = beast::get_lowest_layer(stream);
  http::request_serializer<Body> serializer{message};
  while (!serializer.is_done()) {
    tcp.expires_after(idle_max);
    co_await http::async_write_some(stream, serializer, use_awaitable);
  }
  beast::flat_buffer buffer;
  http::response_parser<Body> parser;
  parser.body_limit(bytes_max);
  parser.header_limit(limits::client_header_bytes_max);
  while (!parser.is_done()) {
    tcp.expires_after(idle_max);
    co_await http::async_read_some(stream, buffer, parser, use_awaitable);
  }
  co_return parser.release();
}

asio::awaitable<void> connect(beast::tcp_stream& tcp, const Url& url) {
  asio::ip::tcp::resolver resolver(co_await asio::this_coro::executor);
  const auto addresses = co_await resolver.async_resolve(url.host, url.port, use_awaitable);
  tcp.expires_after(idle_max);
  co_await tcp.async_connect(addresses, use_awaitable);
}

asio::awaitable<http::response<Body>> talk_plainly(const Url& url, http::request<Body>& message,
                                                   std::size_t bytes_max) {
  beast::tcp_stream tcp(co_await asio::this_coro::executor);
  co_await connect(tcp, url);
  co_return co_await talk(tcp, message, bytes_max);
}

asio::awaitable<http::response<Body>> talk_over_tls(const Url& url, http::request<Body>& message,
                                                    std::size_t bytes_max) {
  ssl::context context(ssl::context::tls_client);
  context.set_default_verify_paths();
  context.set_verify_mode(ssl::verify_peer);
  beast::ssl_stream<beast::tcp_stream> stream(co_await asio::this_coro::executor, context);
  stream.set_verify_callback(ssl::host_name_verification(url.host));
  SSL_set_tlsext_host_name(stream.native_handle(), url.host.c_str());
  auto& tcp = beast::get_lowest_layer(stream);
  co_await connect(tcp, url);
  tcp.expires_after(idle_max);
  co_await stream.async_handshake(ssl::stream_base::client, use_awaitable);
  co_return co_await talk(stream, message, bytes_max);
}

http::response<Body> run(const Url& url, const HttpRequest& request, std::size_t bytes_max) {
  asio::io_context context(1);
  http::request<Body> message = message_of(url, request);
  http::response<Body> answer;
  std::exception_ptr thrown;
  auto task = url.is_secure ? talk_over_tls(url, message, bytes_max)
                            : talk_plainly(url, message, bytes_max);
  asio::co_spawn(context, std::move(task), [&](std::exception_ptr error, http::response<Body> got) {
    thrown = error;
    answer = std::move(got);
  });
  context.run();
  if (thrown) std::rethrow_exception(thrown);
  return answer;
}

/// The start of an answer that refuses, as far as people can read it.
std::string excerpt_of(const Bytes& body) {
  std::string text(text_of(ByteView(body).first(std::min<std::size_t>(body.size(), 200))));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  return text;
}

}  // namespace

Bytes exchange(const Url& url, const HttpRequest& request, std::size_t bytes_max) {
  http::response<Body> answer;
  try {
    answer = run(url, request, bytes_max);
  } catch (const boost::system::system_error& error) {
    if (error.code() == http::error::body_limit || error.code() == http::error::header_limit) {
      throw Failure("LimitExceeded", url.authority() + ": the answer is too long");
    }
    throw Failure("Offline", url.authority() + " cannot be reached: " + error.code().message());
  }
  const unsigned status = answer.result_int();
  if (status < 200 || status > 299) {
    throw Failure("HttpError", url.authority() + ": status " + std::to_string(status) + ": " +
                                   excerpt_of(answer.body()));
  }
  return std::move(answer.body());
}

}  // namespace freehold::native
