#include "freehold/ucan/dispatch.hpp"

#include <algorithm>

namespace freehold {

// --- requests -----------------------------------------------------------------------------------

HttpReply bad_request(std::string_view why) {
  const std::string text = "Bad request: Malformed payload - " + std::string(why);
  return {400, {{"content-type", "text/plain"}}, copy_of(view_of(text))};
}

tl::expected<Request, HttpReply> decode_request(ByteView body) {
  auto message = decode_message(body);
  if (!message) return tl::unexpected<HttpReply>(bad_request(message.error().what));
  Request request{*std::move(message), {}};
  for (const Cid& cid : request.message.execute) {
    const auto bytes = find_inline(request.message.blocks, cid);
    if (!bytes) return tl::unexpected<HttpReply>(bad_request("an invocation is missing"));
    auto invocation = Ucan::decode(Block(cid, copy_of(*bytes)));
    if (!invocation) return tl::unexpected<HttpReply>(bad_request(invocation.error().what));
    request.invocations.push_back(*std::move(invocation));
  }
  return request;
}

// --- error values -------------------------------------------------------------------------------

namespace error_value {

namespace {

Value brief(const Capability& capability) {
  return Map{{"can", capability.can}, {"with", capability.with}};
}

std::string quoted_ability(const Capability& capability) {
  return "{can: \"" + capability.can + "\"}";
}

std::string literal_error(const Did& expected, const Did& actual) {
  return "Expected literal \"" + expected.text() + "\" instead got \"" + actual.text() + "\"";
}

}  // namespace

Value failure(std::string_view name, std::string_view message) {
  return Map{{"name", name}, {"message", message}};
}

Value invocation_capability(const Ucan& invocation) {
  List capabilities;
  for (const Capability& capability : invocation.capabilities) {
    capabilities.push_back(value_of(capability));
  }
  return Map{{"name", "InvocationCapabilityError"},
             {"error", true},
             {"message", "Invocation is required to have a single capability."},
             {"capabilities", std::move(capabilities)}};
}

Value handler_not_found(const Capability& capability) {
  return Map{{"name", "HandlerNotFound"},
             {"error", true},
             {"capability", brief(capability)},
             {"message", "service does not implement " + quoted_ability(capability) + " handler"}};
}

Value handler_execution(const Capability& capability, std::string_view cause_name,
                        std::string_view cause_message) {
  return Map{{"name", "HandlerExecutionError"},
             {"error", true},
             {"capability", brief(capability)},
             {"cause", failure(cause_name, cause_message)},
             {"message", "service handler " + quoted_ability(capability) +
                             " error: " + std::string(cause_message)}};
}

Value invalid_audience(std::span<const Did> expected, const Did& actual) {
  std::string message;
  if (expected.size() == 1) {
    message = literal_error(expected.front(), actual);
  } else {
    message = "Value does not match any type of the union:";
    for (const Did& did : expected) message += "\n  - " + literal_error(did, actual);
  }
  return failure("InvalidAudience", message);
}

Value unauthorized(const Denial& denial) {
  return failure("Unauthorized", denial.message);
}

}  // namespace error_value

// --- one invocation -----------------------------------------------------------------------------

tl::expected<Authorization, Value> check(const Ucan& invocation,
                                         const CapabilityDefinition* definition,
                                         std::span<const Did> audiences,
                                         const ValidationContext& context) {
  const auto refuse = [](Value error) { return tl::unexpected<Value>(std::move(error)); };
  if (invocation.capabilities.size() != 1) {
    return refuse(error_value::invocation_capability(invocation));
  }
  if (definition == nullptr) {
    return refuse(error_value::handler_not_found(invocation.capabilities.front()));
  }
  // Before any signature is looked at: what is not for us costs us nothing.
  if (std::find(audiences.begin(), audiences.end(), invocation.audience) == audiences.end()) {
    return refuse(error_value::invalid_audience(audiences, invocation.audience));
  }
  auto authorization = authorize(invocation, *definition, context);
  if (!authorization) return refuse(error_value::unauthorized(authorization.error()));
  return *std::move(authorization);
}

Outcome Outcome::ok(Value value) {
  return {Map{{"ok", std::move(value)}}, {}, {}, {}};
}
Outcome Outcome::error(Value value) {
  return {Map{{"error", std::move(value)}}, {}, {}, {}};
}

namespace {

void append_blocks(std::vector<Block>& to, std::vector<Block> more) {
  std::move(more.begin(), more.end(), std::back_inserter(to));
}

}  // namespace

Outcome& Outcome::add_fork(const Cid& task) {
  fork.push_back(task);
  return *this;
}

Outcome& Outcome::add_fork(const Ucan& task, const BlockStore& store) {
  append_blocks(blocks, with_proofs(task, store));
  return add_fork(task.cid());
}

Outcome& Outcome::set_join(const Cid& task) {
  join = task;
  return *this;
}

Outcome& Outcome::set_join(const Ucan& task, const BlockStore& store) {
  append_blocks(blocks, with_proofs(task, store));
  return set_join(task.cid());
}

Answer receipt_of(const Ucan& invocation, Outcome outcome, const Signer& service,
                  const BlockStore& store) {
  ReceiptFields fields;
  fields.ran = invocation.cid();
  fields.out = std::move(outcome.out);
  fields.fork = std::move(outcome.fork);
  fields.join = std::move(outcome.join);
  Answer answer{issue(std::move(fields), service), with_proofs(invocation, store)};
  append_blocks(answer.blocks, std::move(outcome.blocks));
  return answer;
}

Bytes encode_response(std::span<const Answer> answers) {
  std::vector<Receipt> receipts;
  std::vector<Block> blocks;
  for (const Answer& answer : answers) {
    receipts.push_back(answer.receipt);
    append_blocks(blocks, answer.blocks);
    blocks.push_back(answer.receipt.block);
  }
  return encode_message({}, receipts, blocks);
}

// --- the plain case -----------------------------------------------------------------------------

std::vector<Answer> run_all(const Request& request, const Service& service, Handlers& handlers) {
  const BlockStore& store = request.message.blocks;
  std::vector<Did> audiences{service.signer.did};
  audiences.insert(audiences.end(), service.audiences.begin(), service.audiences.end());
  ValidationContext context = service.context;
  context.authority = service.signer.did;
  context.authority_key = Did::of_ed25519(service.signer.key.public_key());
  context.proofs = &store;

  std::vector<Answer> answers;
  for (const Ucan& invocation : request.invocations) {
    const auto& capabilities = invocation.capabilities;
    const CapabilityDefinition* definition =
        capabilities.size() == 1 ? handlers.find(capabilities.front().can) : nullptr;
    auto authorization = check(invocation, definition, audiences, context);
    Outcome outcome = authorization ? handlers.run({invocation, *authorization, store})
                                    : Outcome::error(std::move(authorization.error()));
    answers.push_back(receipt_of(invocation, std::move(outcome), service.signer, store));
  }
  return answers;
}

HttpReply answer_request(std::span<const Header> headers, ByteView body, const Service& service,
                         Handlers& handlers) {
  const auto formats = negotiate(headers);
  if (!formats) return formats.error();
  const auto request = decode_request(body);
  if (!request) return request.error();
  return {200,
          {{"content-type", std::string(car_media_type)}},
          encode_response(run_all(*request, service, handlers))};
}

}  // namespace freehold
