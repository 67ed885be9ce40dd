#include "native/server/session.hpp"

#include "native/boost.hpp"
#include "native/fault.hpp"
#include "native/server/watch_stream.hpp"

namespace freehold::native {

namespace beast = boost::beast;
namespace http = beast::http;

namespace {

constexpr std::size_t header_bytes_max = 16 << 10;
constexpr std::size_t chunk_bytes = 256 << 10;
constexpr std::chrono::seconds idle_time_max{60};
constexpr std::chrono::seconds chunk_time_max{30};  // for each piece of a body, either way
constexpr std::chrono::seconds linger_time_max{2};
// Whoever sends a little too much gets to the end of it, and reads why it was refused.
constexpr std::size_t linger_bytes_max = 4 * limits::message_bytes_max;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

using HeaderParser = http::request_parser<http::empty_body>;

/// Waits for what `start(done)` calls `done` with, on whatever thread it does.
template <class T, class Start>
asio::awaitable<T> wait_for(Start start) {
  const auto initiate = [](auto handler, Start begin) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    begin([shared](T value) {
      auto carried = std::make_shared<T>(std::move(value));
      asio::post(asio::get_associated_executor(*shared),
                 [shared, carried] { (*shared)(std::move(*carried)); });
    });
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(T)>(
      initiate, asio::use_awaitable, std::move(start));
}

/// Runs `work` on a thread that may wait for the disk.
template <class T, class Work>
asio::awaitable<T> on_disk(asio::thread_pool& disk, Work work) {
  return wait_for<T>([&disk, work](std::function<void(T)> done) {
    asio::post(disk, [work, done] { done(work()); });
  });
}

/// Whether the connection can take another request.
enum class After { next, close, linger };

class Session {
 public:
  Session(std::shared_ptr<Connection> connection, Connections* connections)
      : connection_(std::move(connection)),
        stream_(connection_->stream),
        connections_(connections),
        api_(connections->api) {}

  asio::awaitable<void> run() {
    After after = After::next;
    while (after == After::next && !connections_->is_stopping) {
      HeaderParser parser;
      parser.header_limit(header_bytes_max);
      parser.body_limit(boost::none);
      stream_.expires_after(idle_time_max);
      connection_->is_idle = true;
      auto [error, bytes] = co_await http::async_read_header(stream_, buffer_, parser, as_result);
      connection_->is_idle = false;
      if (error == http::error::header_limit) {
        co_await send(text_reply(431, "Header too large"), 11, false);
        after = After::linger;
        break;
      }
      if (error) {
        const bool is_http =
            error != http::error::end_of_stream &&
            error.category() == make_error_code(http::error::end_of_stream).category();
        if (is_http) co_await send(text_reply(400, "Bad request"), 11, false);
        break;
      }
      after = co_await handle(parser);
    }
    if (after == After::linger) co_await linger();
    beast::error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
    stream_.close();
  }

 private:
  asio::awaitable<After> handle(HeaderParser& parser) {
    const auto& request = parser.get();
    is_head_ = request.method() == http::verb::head;
    const std::string target_text(request.target());
    const Target target = split_target(target_text);
    switch (request.method()) {
      case http::verb::options: co_return co_await preflight(parser);
      case http::verb::post: co_return co_await post(parser);
      case http::verb::put: co_return co_await put(parser, target);
      case http::verb::get:
      case http::verb::head: break;
      default: co_return co_await refuse(parser, text_reply(405, "Method not allowed"));
    }
    if (const auto name = blob_name_of(target.path)) co_return co_await get_blob(parser, *name);
    const std::string tag(request[http::field::if_none_match]);
    co_return co_await reply(parser, get(*api_, target.path, tag));
  }

  // --- bodies in ---------------------------------------------------------------------------------

  asio::awaitable<After> post(HeaderParser& parser) {
    std::vector<Header> headers;
    for (const auto& field : parser.get()) {
      headers.push_back({std::string(field.name_string()), std::string(field.value())});
    }
    if (const auto formats = negotiate(headers); !formats) {
      co_return co_await refuse(parser, formats.error());
    }
    const HttpReply too_large = text_reply(413, "Over message_bytes_max (33,554,432 bytes)");
    if (parser.content_length().value_or(0) > limits::message_bytes_max) {
      co_return co_await refuse(parser, too_large);
    }
    co_await send_continue(parser);
    http::request_parser<http::vector_body<std::uint8_t>> body(std::move(parser));
    body.body_limit(limits::message_bytes_max);
    while (!body.is_done()) {
      stream_.expires_after(chunk_time_max);
      auto [error, bytes] = co_await http::async_read_some(stream_, buffer_, body, as_result);
      if (error == http::error::body_limit) {
        co_await send(too_large, body.get().version(), false);
        co_return After::linger;
      }
      if (error) co_return After::close;
    }
    stream_.expires_never();
    const Bytes& car = body.get().body();
    Reply answer = co_await wait_for<Reply>(
        [this, &car](std::function<void(Reply)> done) { api_->service->answer(car, done); });
    if (answer.watcher) co_return co_await watch(std::move(answer), body.get().version());
    co_return co_await reply(body, std::move(answer.http));
  }

  asio::awaitable<After> put(HeaderParser& parser, Target target) {
    const auto name = blob_name_of(target.path);
    if (!name) co_return co_await refuse(parser, text_reply(404, "Not found"));
    const auto terms = accept_put(*api_, *name, target.query);
    if (!terms) co_return co_await refuse(parser, terms.error());
    if (parser.content_length() && *parser.content_length() != terms->size) {
      const bool is_over = *parser.content_length() > terms->size;
      co_return co_await refuse(
          parser, text_reply(is_over ? 413 : 400, "content-length is not the size allocated"));
    }
    Result<BlobUpload> upload = blobs().begin(terms->digest, terms->size);
    if (!upload) co_return co_await refuse(parser, text_reply(500, upload.error().what));
    co_await send_continue(parser);

    http::request_parser<http::buffer_body> body(std::move(parser));
    body.body_limit(boost::none);  // the upload counts
    Bytes chunk(chunk_bytes);
    Result<> status;
    while (status && !body.is_done()) {
      body.get().body().data = chunk.data();
      body.get().body().size = chunk.size();
      stream_.expires_after(chunk_time_max);
      auto [error, bytes] = co_await http::async_read(stream_, buffer_, body, as_result);
      if (error && error != http::error::need_buffer) co_return After::close;
      status = upload->write(ByteView(chunk).first(chunk.size() - body.get().body().size));
    }
    stream_.expires_never();
    if (status) {
      BlobUpload* whole = &*upload;
      status = co_await on_disk<Result<>>(*connections_->disk, [whole] { return whole->finish(); });
    }
    if (status) co_return co_await reply(body, text_reply(200, ""));
    const int code = status.error().code == Errc::limit       ? 413
                     : status.error().code == Errc::malformed ? 400
                                                              : 500;
    if (body.is_done()) co_return co_await reply(body, text_reply(code, status.error().what));
    co_await send(text_reply(code, status.error().what), body.get().version(), false);
    co_return After::linger;
  }

  asio::awaitable<void> send_continue(const HeaderParser& parser) {
    if (!beast::iequals(parser.get()[http::field::expect], "100-continue")) co_return;
    http::response<http::empty_body> response(http::status::continue_, parser.get().version());
    co_await http::async_write(stream_, response, as_result);
  }

  // --- bodies out --------------------------------------------------------------------------------

  asio::awaitable<After> get_blob(HeaderParser& parser, std::string_view name) {
    const Result<Digest> digest = digest_of_blob_name(name);
    if (!digest) co_return co_await reply(parser, text_reply(400, "Not a SHA-256 multihash"));
    const Result<bool> is_served = api_->service->serves(*digest);
    if (!is_served) co_return co_await reply(parser, text_reply(500, "Storage failed"));
    std::uint64_t size = 0;
    const FileHandle file = *is_served ? blobs().open(*digest, &size) : FileHandle();
    if (!file) co_return co_await reply(parser, text_reply(404, "Not found"));

    HttpReply head;
    const std::string tag = "\"" + std::string(name) + "\"";
    head.headers = {{"content-type", "application/octet-stream"},
                    {"accept-ranges", "bytes"},
                    {"etag", tag},
                    {"cache-control", "public, max-age=31536000, immutable"}};
    const auto& request = parser.get();
    if (request[http::field::if_none_match].find(tag) != beast::string_view::npos) {
      head.status = 304;
      co_return co_await reply(parser, std::move(head));
    }
    ByteRange range;
    const std::string wanted(request[http::field::range]);
    const RangeKind kind = read_range(wanted, size, &range);
    if (kind == RangeKind::unsatisfiable) {
      HttpReply none = text_reply(416, "Range not satisfiable");
      none.headers.push_back({"content-range", "bytes */" + std::to_string(size)});
      co_return co_await reply(parser, std::move(none));
    }
    if (kind == RangeKind::part) {
      head.status = 206;
      head.headers.push_back({"content-range", "bytes " + std::to_string(range.begin) + "-" +
                                                   std::to_string(range.end - 1) + "/" +
                                                   std::to_string(size)});
    }
    co_return co_await send_file(parser, head, file, range);
  }

  asio::awaitable<After> send_file(HeaderParser& parser, const HttpReply& head,
                                   const FileHandle& file, ByteRange range) {
    const bool keeps = parser.keep_alive() && !connections_->is_stopping;
    http::response<http::empty_body> response;
    fill(response, head, parser.get().version(), keeps);
    response.content_length(range.end - range.begin);
    http::response_serializer<http::empty_body> serializer(response);
    stream_.expires_after(chunk_time_max);
    auto [error, bytes] = co_await http::async_write_header(stream_, serializer, as_result);
    if (error) co_return After::close;
    Bytes chunk(std::min<std::uint64_t>(chunk_bytes, range.end - range.begin));
    while (!is_head_ && range.begin < range.end) {
      const std::size_t part = std::min<std::uint64_t>(chunk.size(), range.end - range.begin);
      if (!file.read_at(std::span(chunk).first(part), range.begin)) co_return After::close;
      stream_.expires_after(chunk_time_max);
      auto [failed, sent] =
          co_await asio::async_write(stream_, asio::buffer(chunk.data(), part), as_result);
      if (failed) co_return After::close;
      range.begin += part;
    }
    co_return keeps ? After::next : After::close;
  }

  /// The last thing on its connection, which has no other way to say that it ended early.
  asio::awaitable<After> watch(Reply answer, unsigned version) {
    const bool is_chunked = version >= 11;
    http::response<http::empty_body> response;
    fill(response, answer.http, version, false);
    response.chunked(is_chunked);
    http::response_serializer<http::empty_body> serializer(response);
    stream_.expires_after(chunk_time_max);
    auto [error, bytes] = co_await http::async_write_header(stream_, serializer, as_result);
    if (!error) {
      co_await stream_watch(connection_, *connections_, std::move(answer), is_chunked);
    }
    co_return After::close;
  }

  asio::awaitable<After> preflight(HeaderParser& parser) {
    HttpReply allowed;
    allowed.status = 204;
    const std::string asked(parser.get()["access-control-request-headers"]);
    allowed.headers = {
        {"access-control-allow-methods", "GET, HEAD, POST, PUT, OPTIONS"},
        {"access-control-allow-headers", asked.empty() ? "content-type, accept" : asked},
        {"access-control-max-age", "86400"}};
    co_return co_await reply(parser, std::move(allowed));
  }

  // --- replies -----------------------------------------------------------------------------------

  template <class Response>
  static void fill(Response& response, const HttpReply& reply, unsigned version, bool keeps) {
    response.version(version);
    response.result(static_cast<unsigned>(reply.status));
    response.set(http::field::server, "freehold/" FREEHOLD_VERSION);
    response.set("access-control-allow-origin", "*");
    response.set("access-control-expose-headers",
                 "accept-ranges, content-length, content-range, etag");
    for (const Header& header : reply.headers) response.set(header.name, header.value);
    response.keep_alive(keeps);
  }

  asio::awaitable<bool> send(HttpReply reply, unsigned version, bool keeps) {
    http::response<http::vector_body<std::uint8_t>> response;
    fill(response, reply, version, keeps);
    const bool has_body = reply.status != 204 && reply.status != 304;
    const std::size_t size = reply.body.size();
    if (has_body && !is_head_) response.body() = std::move(reply.body);
    if (has_body) response.content_length(size);
    stream_.expires_after(chunk_time_max + std::chrono::seconds(size >> 18));
    auto [error, bytes] = co_await http::async_write(stream_, response, as_result);
    co_return !error;
  }

  /// The request was read to its end.
  template <class Parser>
  asio::awaitable<After> reply(Parser& parser, HttpReply content) {
    // A body that nobody asked for, as of a GET, is not waited for.
    if (parser.get().method() != http::verb::post && parser.get().method() != http::verb::put &&
        (parser.chunked() || parser.content_length().value_or(0) > 0)) {
      co_return co_await refuse(parser, std::move(content));
    }
    const bool keeps = parser.keep_alive() && !connections_->is_stopping;
    const bool is_sent = co_await send(std::move(content), parser.get().version(), keeps);
    co_return is_sent&& keeps ? After::next : After::close;
  }

  /// Its body is left unread, so this was the last request of the connection.
  template <class Parser>
  asio::awaitable<After> refuse(Parser& parser, HttpReply content) {
    co_await send(std::move(content), parser.get().version(), false);
    co_return After::linger;
  }

  /// Closing on bytes that have not been read would reset the connection, and the other side might
  /// never see the reply. So some more is read, and thrown away.
  asio::awaitable<void> linger() {
    beast::error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    Bytes chunk(chunk_bytes);
    stream_.expires_after(linger_time_max);
    for (std::size_t read = 0; read < linger_bytes_max;) {
      auto [error, bytes] =
          co_await stream_.async_read_some(asio::buffer(chunk.data(), chunk.size()), as_result);
      if (error) co_return;
      read += bytes;
    }
  }

  BlobFiles& blobs() { return *api_->service->context().blobs; }

  std::shared_ptr<Connection> connection_;
  beast::tcp_stream& stream_;
  Connections* connections_;
  const Api* api_;
  beast::flat_buffer buffer_;
  bool is_head_ = false;
};

}  // namespace

asio::awaitable<void> serve_connection(std::shared_ptr<Connection> connection,
                                       Connections* connections) {
  Session session(std::move(connection), connections);
  co_await session.run();
}

}  // namespace freehold::native
