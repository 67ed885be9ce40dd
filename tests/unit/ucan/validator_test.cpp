#include "freehold/ucan/validator.hpp"

#include <algorithm>
#include <map>

#include <catch2/catch.hpp>

#include "freehold/base/limits.hpp"
#include "freehold/codec/cbor.hpp"
#include "support/tokens.hpp"

namespace freehold {

namespace {

constexpr std::int64_t now = 1'800'000'000;

class RevokedBy final : public Revocations {
 public:
  RevokedBy(Cid ucan, Did by) : ucan_(std::move(ucan)), by_(std::move(by)) {}
  std::vector<Did> revokers_of(const Cid& ucan) const override {
    return ucan == ucan_ ? std::vector<Did>{by_} : std::vector<Did>{};
  }

 private:
  Cid ucan_;
  Did by_;
};

/// A space, a service and some agents; what they issue is kept.
struct World {
  MemoryStore store;
  Signer space = test::signer(1);
  Signer alice = test::signer(2);
  Signer bob = test::signer(3);
  Signer service = test::signer("did:web:up.example", 4);

  ValidationContext context() const {
    ValidationContext context;
    context.now = now;
    context.authority = service.did;
    context.authority_key = Did::of_ed25519(service.key.public_key());
    context.proofs = &store;
    return context;
  }
  Ucan grant(const Signer& from, const Signer& to, std::string_view can, std::string_view with,
             std::vector<Cid> proofs = {}, std::optional<Value> nb = std::nullopt) {
    return test::issue_into(store, from,
                            test::fields(to.did, can, with, std::move(nb), std::move(proofs)));
  }
  Ucan invoke(const Signer& by, std::vector<Cid> proofs) {
    return grant(by, service, "upload/list", space.did.text(), std::move(proofs));
  }
};

bool has_reason(const tl::expected<Authorization, Denial>& verdict, std::string_view reason) {
  if (verdict) return false;
  const auto& reasons = verdict.error().reasons;
  return std::find(reasons.begin(), reasons.end(), reason) != reasons.end();
}

}  // namespace

TEST_CASE("Validator: a chain from the owner authorizes, and is told") {
  World w;
  const Ucan first = w.grant(w.space, w.alice, "*", w.space.did.text());
  const Ucan second = w.grant(w.alice, w.bob, "upload/*", w.space.did.text(), {first.cid()});
  const Ucan invocation = w.invoke(w.bob, {second.cid()});
  const auto verdict = authorize(invocation, w.context());
  REQUIRE(verdict);
  CHECK(verdict->chain == std::vector<Cid>{invocation.cid(), second.cid(), first.cid()});
  CHECK(verdict->capability.can == "upload/list");
}

TEST_CASE("Validator: bad proofs beside a good one do no harm") {
  World w;
  UcanFields expired = test::fields(w.alice.did, "*", w.space.did.text());
  expired.expires = now;
  const Ucan bad = test::issue_into(w.store, w.space, expired);
  const Ucan stranger = w.grant(w.bob, w.alice, "*", w.space.did.text());
  const Ucan good = w.grant(w.space, w.alice, "upload/list", w.space.did.text());
  const Block garbage = Block::of_cbor(Bytes{0x00});
  w.store.put(garbage);
  const Ucan invocation = w.invoke(
      w.alice, {bad.cid(), Cid::of_cbor(Bytes{1}), garbage.cid, stranger.cid(), good.cid()});
  CHECK(authorize(invocation, w.context()));
}

TEST_CASE("B9: Validator: a revoked path does not hide a valid one") {
  World w;
  const Ucan first = w.grant(w.space, w.alice, "*", w.space.did.text());
  const Ucan second = w.grant(w.space, w.alice, "upload/*", w.space.did.text());
  const Ucan invocation = w.invoke(w.alice, {first.cid(), second.cid()});
  const RevokedBy revoked(first.cid(), w.space.did);
  ValidationContext context = w.context();
  context.revocations = &revoked;
  const auto verdict = authorize(invocation, context);
  REQUIRE(verdict);
  CHECK(verdict->chain.back() == second.cid());
}

TEST_CASE("B9: Validator: who may revoke: issuer, audience, and those above; not those below") {
  World w;
  const Ucan first = w.grant(w.space, w.alice, "*", w.space.did.text());
  const Ucan second = w.grant(w.alice, w.bob, "*", w.space.did.text(), {first.cid()});
  const Ucan invocation = w.invoke(w.bob, {second.cid()});
  const auto is_revoked = [&](const Ucan& ucan, const Did& by) {
    const RevokedBy revoked(ucan.cid(), by);
    ValidationContext context = w.context();
    context.revocations = &revoked;
    const auto verdict = authorize(invocation, context);
    if (!verdict) CHECK(has_reason(verdict, "Revoked"));
    return !verdict;
  };
  CHECK(is_revoked(second, w.alice.did));
  CHECK(is_revoked(second, w.bob.did));
  CHECK(is_revoked(second, w.space.did));
  CHECK(is_revoked(first, w.alice.did));
  CHECK_FALSE(is_revoked(first, w.bob.did));
  CHECK_FALSE(is_revoked(second, test::signer(9).did));
}

TEST_CASE("Validator: an account needs an attestation by the service, beside its login") {
  World w;
  const Did account = *Did::parse("did:mailto:example.com:alice");
  UcanFields login = test::fields(w.alice.did, "*", "ucan:*");
  login.issuer = account;
  const Ucan unsigned_login = seal(login, Varsig());
  w.store.put(unsigned_login.block);
  const Ucan attestation = w.grant(w.service, w.alice, "ucan/attest", w.service.did.text(), {},
                                   Map{{"proof", unsigned_login.cid()}});
  const auto plan = [&](std::vector<Cid> proofs) {
    return authorize(w.grant(w.alice, w.service, "plan/get", account.text(), std::move(proofs)),
                     w.context());
  };
  CHECK(plan({unsigned_login.cid(), attestation.cid()}));
  CHECK(has_reason(plan({unsigned_login.cid()}), "DIDKeyResolutionError"));
  const Ucan by_alice = w.grant(w.alice, w.alice, "ucan/attest", w.service.did.text(), {},
                                Map{{"proof", unsigned_login.cid()}});
  CHECK(has_reason(plan({unsigned_login.cid(), by_alice.cid()}), "SessionEscalation"));
}

TEST_CASE("X4: Validator: a chain may have so many links, and no more") {
  World w;
  const auto chain_of = [&w](std::size_t links) {
    Signer holder = w.alice;
    Cid last = w.grant(w.space, holder, "*", w.space.did.text()).cid();
    for (std::size_t i = 2; i < links; ++i) {
      const Signer next = test::signer(static_cast<int>(100 + i));
      last = w.grant(holder, next, "*", w.space.did.text(), {last}).cid();
      holder = next;
    }
    return authorize(w.invoke(holder, {last}), w.context());
  };
  CHECK(chain_of(limits::proof_chain_max));
  CHECK(has_reason(chain_of(limits::proof_chain_max + 1), "LimitExceeded"));
}

TEST_CASE("X4: Validator: shared proofs that make 2^n paths are given up after so many steps") {
  World w;
  // Each layer delegates to the next by two UCANs, both with all of the layer before as proofs, and
  // nobody at the bottom owns the space.
  std::vector<Cid> layer;
  for (int i = 0; i < 12; ++i) {
    std::vector<Cid> next;
    for (int twin = 0; twin < 4; ++twin) {
      UcanFields fields = test::fields(w.alice.did, "*", w.space.did.text(), {}, layer);
      fields.nonce = std::to_string(i) + "/" + std::to_string(twin);
      next.push_back(test::issue_into(w.store, w.alice, fields).cid());
    }
    layer = next;
  }
  const auto verdict = authorize(w.invoke(w.alice, layer), w.context());
  CHECK(has_reason(verdict, "LimitExceeded"));
  CHECK(verdict.error().message.size() < 2 * limits::denial_bytes_max);
}

TEST_CASE("X4: Validator: attestations that attest each other end") {
  World w;
  const Did account = *Did::parse("did:mailto:example.com:alice");
  std::vector<Cid> proofs;
  UcanFields login = test::fields(w.alice.did, "*", "ucan:*");
  login.issuer = account;
  Ucan last = seal(login, Varsig());
  w.store.put(last.block);
  proofs.push_back(last.cid());
  for (int i = 0; i < 40; ++i) {  // each by the account itself, for the one before
    UcanFields fields =
        test::fields(w.alice.did, "ucan/attest", w.service.did.text(), Map{{"proof", last.cid()}});
    fields.issuer = account;
    fields.nonce = std::to_string(i);
    last = seal(fields, Varsig());
    w.store.put(last.block);
    proofs.push_back(last.cid());
  }
  const Ucan invocation = w.grant(w.alice, w.service, "plan/get", account.text(), proofs);
  CHECK_FALSE(authorize(invocation, w.context()));
}

TEST_CASE("R19: Validator: a delegation cannot be widened by whoever received it") {
  World w;
  const Ucan narrow = w.grant(w.space, w.alice, "upload/add", w.space.did.text());
  const Ucan wide = w.grant(w.alice, w.bob, "*", w.space.did.text(), {narrow.cid()});
  CHECK_FALSE(authorize(w.invoke(w.bob, {wide.cid()}), w.context()));
  const Ucan other = w.grant(w.bob, w.alice, "*", w.bob.did.text());
  CHECK_FALSE(authorize(w.invoke(w.alice, {other.cid()}), w.context()));
}

TEST_CASE("Validator: an ability without a definition goes by the default rule") {
  World w;
  const auto verdict_of = [&w](const Map& claimed, const Map& delegated) {
    const Ucan grant =
        w.grant(w.space, w.alice, "own/thing", w.space.did.text(), {}, Value(delegated));
    return authorize(
        w.grant(w.alice, w.service, "own/thing", w.space.did.text(), {grant.cid()}, Value(claimed)),
        w.context());
  };
  CHECK(verdict_of(Map{{"a", 1}}, Map()));
  CHECK(verdict_of(Map{{"a", 1}}, Map{{"a", 1}}));
  CHECK_FALSE(verdict_of(Map{{"a", 1}}, Map{{"a", 2}}));
  CHECK_FALSE(verdict_of(Map(), Map{{"a", 2}}));
}

TEST_CASE("Validator: time: expired when it is due, too early when not yet past nbf") {
  World w;
  const auto verdict_at = [&w](std::optional<std::int64_t> expires,
                               std::optional<std::int64_t> not_before) {
    UcanFields fields = test::fields(w.service.did, "upload/list", w.space.did.text());
    fields.expires = expires;
    fields.not_before = not_before;
    return authorize(issue(fields, w.space), w.context());
  };
  CHECK(verdict_at(now + 1, now - 1));
  CHECK(has_reason(verdict_at(now, {}), "Expired"));
  CHECK(has_reason(verdict_at({}, now), "NotValidBefore"));
  CHECK(verdict_at({}, 0));
  CHECK(has_reason(verdict_at(-1, {}), "Expired"));
}

}  // namespace freehold
