#include "freehold/ucan/dispatch.hpp"

#include <catch2/catch.hpp>

#include "freehold/ucan/legacy.hpp"
#include "support/tokens.hpp"

namespace freehold {

namespace {

int status_of(std::vector<Header> headers, Dialect dialect = Dialect::current) {
  const auto formats = negotiate(headers, dialect);
  return formats ? 200 : formats.error().status;
}

}  // namespace

TEST_CASE("Negotiation: a content type must match to the letter, its name in any case") {
  CHECK(status_of({{"Content-Type", "application/vnd.ipld.car"}}) == 200);
  CHECK(status_of({{"content-type", "application/vnd.ipld.car; version=1"}}) == 415);
  CHECK(status_of({{"content-type", "application/car"}}) == 415);
  CHECK(status_of({{"content-type", "application/car"}}, Dialect::with_legacy) == 200);
  CHECK(status_of({}) == 415);
}

TEST_CASE("Negotiation: accept is a list, of which the most preferred counts") {
  const auto with = [](std::string accept) {
    return std::vector<Header>{{"content-type", std::string(car_media_type)},
                               {"accept", std::move(accept)}};
  };
  CHECK(status_of(with("*/*")) == 200);
  CHECK(status_of(with("application/*;q=0.1, text/html")) == 200);
  CHECK(status_of(with("text/html")) == 406);
  CHECK(status_of(with(",,;")) == 200);  // items without a type are any type
  CHECK(negotiate(with("*/*"), Dialect::with_legacy)->is_legacy_response);
  CHECK_FALSE(negotiate(with("application/vnd.ipld.car, */*;q=0"), Dialect::with_legacy)
                  ->is_legacy_response);
  CHECK(negotiate(with("application/vnd.ipld.car, */*;q=0.2"), Dialect::with_legacy)
            ->is_legacy_response);
}

TEST_CASE("P7: check: who is asked is looked at before any signature") {
  const Signer alice = test::signer(1);
  const Signer service = test::signer(2);
  MemoryStore store;
  Ucan invocation = issue(test::fields(service.did, "upload/list", alice.did.text()), alice);
  ValidationContext context;
  context.proofs = &store;
  const Did tenants[] = {test::signer(5).did, service.did};
  const auto* definition = find_capability("upload/list");
  CHECK(check(invocation, definition, tenants, context));

  const auto name_of = [](const auto& verdict) { return *verdict.error().find("name"); };
  invocation.signature.raw[0] ^= 1;
  const auto refused = check(invocation, definition, std::span(tenants, 1), context);
  REQUIRE_FALSE(refused);
  CHECK(name_of(refused) == Value("InvalidAudience"));
  const auto forged = check(invocation, definition, tenants, context);
  REQUIRE_FALSE(forged);
  CHECK(name_of(forged) == Value("Unauthorized"));
  const auto unknown = check(invocation, nullptr, tenants, context);
  REQUIRE_FALSE(unknown);
  CHECK(name_of(unknown) == Value("HandlerNotFound"));
  invocation.capabilities.clear();
  const auto none = check(invocation, definition, tenants, context);
  REQUIRE_FALSE(none);
  CHECK(name_of(none) == Value("InvocationCapabilityError"));
}

TEST_CASE("X4: decode_request: what is no request is a 400") {
  CHECK(decode_request({}).error().status == 400);
  CHECK(decode_request(Bytes{1, 2, 3}).error().status == 400);
  const Cid missing = Cid::of_cbor({});
  CHECK(decode_request(encode_message(std::span(&missing, 1), {}, {})).error().status == 400);
  CHECK(decode_legacy_request({}).error().status == 400);
}

TEST_CASE("B2: effects travel with their receipt, in order") {
  const Signer service = test::signer(2);
  MemoryStore store;
  const Ucan invocation = test::issue_into(
      store, test::signer(1), test::fields(service.did, "a/b", test::signer(1).did.text()));
  const Ucan task =
      test::issue_into(store, service, test::fields(service.did, "t/x", service.did.text()));
  const Cid linked = Cid::of_cbor({});
  Outcome outcome = Outcome::ok(Map());
  outcome.add_fork(task, store).add_fork(linked).set_join(linked);
  const Answer answer = receipt_of(invocation, std::move(outcome), service, store);
  CHECK(answer.receipt.fork == std::vector<Cid>{task.cid(), linked});
  CHECK(answer.receipt.join == linked);
  const auto message = decode_message(encode_response(std::span(&answer, 1)));
  REQUIRE(message);
  CHECK(message->blocks.find(task.cid()));
  CHECK(message->blocks.find(invocation.cid()));
  CHECK(verify_signature(**message->receipt_of(invocation.cid()), service.did));
}

}  // namespace freehold
