/// What a server does with a request, without the sockets: content negotiation, the decision about
/// each invocation, receipts, the response. Source: protocol.md sections 3.3, 3.4 and 5.
///
/// The pieces, for a server that runs handlers inside transactions of its own:
///
///   negotiate(headers)           which formats; or the reply that says which would do
///   decode_request(body)         the invocations; or a 400
///   check(invocation, ...)       its authorization; or an error value for its receipt
///   receipt_of(invocation, ...)  signed by the service
///   encode_response(answers)     the body
///
/// `answer_request` puts them together for the plain case.
#pragma once

#include "freehold/ucan/message.hpp"
#include "freehold/ucan/validator.hpp"

namespace freehold {

struct Header {
  std::string name;  // compared without regard to case
  std::string value;
};

struct HttpReply {
  int status = 200;
  std::vector<Header> headers;
  Bytes body;
};

inline constexpr std::string_view car_media_type = "application/vnd.ipld.car";

/// Which formats a server speaks. The legacy ones are in ucan/legacy.hpp.
enum class Dialect { current, with_legacy };

/// The formats of one exchange.
struct Formats {
  bool is_legacy_request = false;   // a CAR of bare invocations
  bool is_legacy_response = false;  // CBOR of bare results
};

/// Decides by `content-type` and `accept`; or is the reply (415, 406) that refuses.
tl::expected<Formats, HttpReply> negotiate(std::span<const Header> headers,
                                           Dialect dialect = Dialect::current);

/// An agent message and the invocations that it asks to be run, in order, with repetitions.
struct Request {
  Message message;
  std::vector<Ucan> invocations;
};

/// Or the reply (400) that refuses: no CAR, no message, a block under another's CID, an invocation
/// that is missing or no UCAN.
tl::expected<Request, HttpReply> decode_request(ByteView body);
HttpReply bad_request(std::string_view why);

// --- one invocation -----------------------------------------------------------------------------

/// Values for `out.error` of a receipt.
namespace error_value {
Value failure(std::string_view name, std::string_view message);
Value invocation_capability(const Ucan& invocation);
Value handler_not_found(const Capability& capability);
Value handler_execution(const Capability& capability, std::string_view cause_name,
                        std::string_view cause_message);
Value invalid_audience(std::span<const Did> expected, const Did& actual);
Value unauthorized(const Denial& denial);
}  // namespace error_value

/// The first of the steps of a server that `invocation` fails: a single capability, a handler
/// (which `definition` stands for; null if there is none), an audience that we answer to,
/// authorization. Or its authorization.
tl::expected<Authorization, Value> check(const Ucan& invocation,
                                         const CapabilityDefinition* definition,
                                         std::span<const Did> audiences,
                                         const ValidationContext& context);

/// What a handler brought about.
struct Outcome {
  Value out;  // {"ok": any} or {"error": any}
  std::vector<Cid> fork;
  std::optional<Cid> join;
  std::vector<Block> blocks;  // of forks and join that travel with the receipt

  static Outcome ok(Value value);
  static Outcome error(Value value);
  /// Effects by link only, or with the task and what travels with it.
  Outcome& add_fork(const Cid& task);
  Outcome& add_fork(const Ucan& task, const BlockStore& store);
  Outcome& set_join(const Cid& task);
  Outcome& set_join(const Ucan& task, const BlockStore& store);
};

/// A receipt and the blocks that go before it in a response.
struct Answer {
  Receipt receipt;
  std::vector<Block> blocks;
};

/// The receipt of `outcome`, issued by the service; with the invocation and its proofs, as far as
/// `store` has them, and the outcome's blocks.
Answer receipt_of(const Ucan& invocation, Outcome outcome, const Signer& service,
                  const BlockStore& store);

/// The body of a response: a message that reports each answer.
Bytes encode_response(std::span<const Answer> answers);

// --- the plain case -----------------------------------------------------------------------------

/// What a handler is told. References live as long as the call.
struct Call {
  const Ucan& invocation;
  const Authorization& authorization;
  const BlockStore& blocks;  // of the request
};

/// The abilities that a service offers.
class Handlers {
 public:
  virtual ~Handlers() = default;
  /// The definition of an ability that there is a handler for, by its exact name; or null.
  virtual const CapabilityDefinition* find(std::string_view can) const = 0;
  virtual Outcome run(const Call& call) = 0;
};

struct Service {
  Signer signer;
  std::vector<Did> audiences;  // besides the signer's own DID
  ValidationContext context;   // `authority` and `proofs` are filled in
  Dialect dialect = Dialect::current;
};

/// The answers to all invocations of a request, in order.
std::vector<Answer> run_all(const Request& request, const Service& service, Handlers& handlers);

/// Everything, for Dialect::current.
HttpReply answer_request(std::span<const Header> headers, ByteView body, const Service& service,
                         Handlers& handlers);

}  // namespace freehold
