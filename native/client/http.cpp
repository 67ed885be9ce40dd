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
constexpr std::size_t piece_bytes = 64 << 10;
constexpr auto as_result = asio::as_tuple(use_awaitable);

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

template <class Stream>
asio::awaitable<void> send(Stream& stream, http::request<Body>& message) {
  http::request_serializer<Body> serializer{message};
  while (!serializer.is_done()) {
    beast::get_lowest_layer(stream).expires_after(idle_max);
    co_await http::async_write_some(stream, serializer, use_awaitable);
  }
}

/// What is made of an answer: reads it from a stream, each step in its own time, since a slow line
/// is not a stalled one.
struct WholeAnswer {
  std::size_t bytes_max;
  http::response<Body> answer;

  template <class Stream>
  asio::awaitable<void> read(Stream& stream) {
    beast::flat_buffer buffer;
    http::response_parser<Body> parser;
    parser.body_limit(bytes_max);
    parser.header_limit(limits::client_header_bytes_max);
    while (!parser.is_done()) {
      beast::get_lowest_layer(stream).expires_after(idle_max);
      co_await http::async_read_some(stream, buffer, parser, use_awaitable);
    }
    answer = parser.release();
  }
};

/// The body of a good answer goes to `take`; of another, the start of it is kept.
struct AnswerInPieces {
  const TakePiece* take;
  http::response<Body> refusal;

  template <class Stream>
  asio::awaitable<void> read(Stream& stream) {
    auto& tcp = beast::get_lowest_layer(stream);
    beast::flat_buffer buffer;
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(boost::none);
    parser.header_limit(limits::client_header_bytes_max);
    tcp.expires_after(idle_max);
    co_await http::async_read_header(stream, buffer, parser, use_awaitable);
    const auto& head = parser.get();
    refusal.result(head.result());
    const bool is_good = http::to_status_class(head.result()) == http::status_class::successful;
    const std::string type(head[http::field::content_type]);
    Bytes piece(piece_bytes);
    while (!parser.is_done()) {
      auto& body = parser.get().body();
      body.data = piece.data();
      body.size = piece.size();
      tcp.expires_after(idle_max);
      auto [error, bytes] = co_await http::async_read_some(stream, buffer, parser, as_result);
      if (error && error != http::error::need_buffer) throw boost::system::system_error(error);
      const ByteView came = ByteView(piece).first(piece.size() - parser.get().body().size);
      if (!is_good) append(refusal.body(), came);
      if (refusal.body().size() > piece_bytes) co_return;
      if (is_good && !came.empty() && !(*take)(type, came)) co_return;
    }
  }
};

asio::awaitable<void> connect(beast::tcp_stream& tcp, const Url& url) {
  asio::ip::tcp::resolver resolver(co_await asio::this_coro::executor);
  const auto addresses = co_await resolver.async_resolve(url.host, url.port, use_awaitable);
  tcp.expires_after(idle_max);
  co_await tcp.async_connect(addresses, use_awaitable);
}

template <class Answer>
asio::awaitable<void> talk_plainly(const Url& url, http::request<Body>& message, Answer& answer) {
  beast::tcp_stream tcp(co_await asio::this_coro::executor);
  co_await connect(tcp, url);
  co_await send(tcp, message);
  co_await answer.read(tcp);
}

template <class Answer>
asio::awaitable<void> talk_over_tls(const Url& url, http::request<Body>& message, Answer& answer) {
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
  co_await send(stream, message);
  co_await answer.read(stream);
}

/// Sends, and reads the answer; throws what went wrong.
template <class Answer>
void run(const Url& url, const HttpRequest& request, Answer& answer) {
  asio::io_context context(1);
  http::request<Body> message = message_of(url, request);
  std::exception_ptr thrown;
  auto task =
      url.is_secure ? talk_over_tls(url, message, answer) : talk_plainly(url, message, answer);
  asio::co_spawn(context, std::move(task), [&](std::exception_ptr error) { thrown = error; });
  context.run();
  if (!thrown) return;
  try {
    std::rethrow_exception(thrown);
  } catch (const boost::system::system_error& error) {
    if (error.code() == http::error::body_limit || error.code() == http::error::header_limit) {
      throw Failure("LimitExceeded", url.authority() + ": the answer is too long");
    }
    throw Failure("Offline", url.authority() + " cannot be reached: " + error.code().message());
  }
}

/// The start of an answer that refuses, as far as people can read it.
std::string excerpt_of(const Bytes& body) {
  std::string text(text_of(ByteView(body).first(std::min<std::size_t>(body.size(), 200))));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  return text;
}

void demand_success(const Url& url, const http::response<Body>& answer) {
  const unsigned status = answer.result_int();
  if (status >= 200 && status <= 299) return;
  throw Failure("HttpError", url.authority() + ": status " + std::to_string(status) + ": " +
                                 excerpt_of(answer.body()));
}

}  // namespace

Bytes exchange(const Url& url, const HttpRequest& request, std::size_t bytes_max) {
  WholeAnswer whole{bytes_max, {}};
  run(url, request, whole);
  demand_success(url, whole.answer);
  return std::move(whole.answer.body());
}

void exchange_in_pieces(const Url& url, const HttpRequest& request, const TakePiece& take) {
  AnswerInPieces pieces{&take, {}};
  run(url, request, pieces);
  demand_success(url, pieces.refusal);
}

}  // namespace freehold::native
