#include "support/server.hpp"

#include <cstdlib>

#include <catch2/catch.hpp>

namespace freehold::test {

using namespace native;

TempFolder::TempFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "freehold-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) std::abort();
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

namespace {

Tenant tenant_of(const Signer& signer, const StateTerms& terms) {
  Provider provider;
  provider.did = *Did::parse("did:web:free.localhost");
  provider.plan = "free";
  provider.capacity = 1 << 20;
  provider.blob_size_max = 1 << 20;
  provider.subscribe_on_sync = true;
  provider.state = terms;
  return Tenant{signer, Did::of_ed25519(signer.key.public_key()), {provider}};
}

}  // namespace

Server::Server(StateTerms terms, const Signer& signer)
    : signer_(signer),
      engine_(journaled(*open_lmdb(folder_.path() / "state"))),
      context_{Tenants({tenant_of(signer, terms)}), "http://127.0.0.1", 3600, nullptr, ""} {}

Bytes Server::answer(ByteView bytes, std::int64_t now) {
  const auto message = decode_message(bytes);
  REQUIRE(message);
  REQUIRE(message->execute.size() == 1);
  const auto invocation = Ucan::decode(message->blocks.block(message->execute[0]));
  REQUIRE(invocation);
  native::Answer answer;
  const auto stored = engine_->update([&](KvTransaction& kv) {
    KvStage stage(kv);
    Turn turn(stage, context_, Now{now * 1000});
    Call call{turn, context_.tenants.main(), *invocation, message->blocks};
    if (call.capability().can == ability::state_read) {
      auto outcome = read_state(call);
      if (!outcome) FAIL(outcome.error().what);
      answer = answer_of(call.tenant, *invocation, message->blocks, *std::move(outcome));
      return;
    }
    const auto result = sync_state(call, message->blocks, &answer);
    if (!result) FAIL(result.error().what);
    if (result->is_kept) stage.flush(kv);
  });
  REQUIRE(stored);
  return encode_message({}, std::span(&answer.receipt, 1), answer.blocks);
}

Value Server::ask(const Signer& space, const char* can, Map nb, std::int64_t now) {
  UcanFields fields;
  fields.audience = signer_.did;
  fields.capabilities.push_back({can, space.did.text(), Value(std::move(nb)), {}});
  const Ucan invocation = issue(std::move(fields), space);
  Value out;
  const auto stored = engine_->update([&](KvTransaction& kv) {
    KvStage stage(kv);
    Turn turn(stage, context_, Now{now * 1000});
    const MemoryStore blocks;
    Call call{turn, context_.tenants.main(), invocation, blocks};
    const bool is_watch = std::string_view(can) == ability::state_watch;
    const bool is_read = std::string_view(can) == ability::state_read || is_watch;
    auto outcome = is_watch ? watch_state(call) : is_read ? read_state(call) : restore_state(call);
    if (!outcome) FAIL(outcome.error().what);
    out = std::move(outcome->out);
    if (!is_read) {
      REQUIRE(turn.commit());
      stage.flush(kv);
    }
  });
  REQUIRE(stored);
  return out;
}

bool Server::tidy(const Did& did, std::int64_t now) {
  const bool is_all = tidy_once(did, now);
  REQUIRE(is_all);
  return is_all;
}

bool Server::tidy_once(const Did& did, std::int64_t now) {
  Result<bool> is_all = false;
  const auto stored = engine_->update([&](KvTransaction& kv) {
    KvStage stage(kv);
    Space space(stage, did, *space_id_of(did));
    is_all = space.tidy(context_.tenants, now);
    stage.flush(kv);
  });
  REQUIRE(stored);
  REQUIRE(is_all);  // no error
  return *is_all;
}

Audit Server::audit(const Did& space) {
  Result<Audit> audit = fail(Errc::not_found, "");
  REQUIRE(engine_->read([&](KvReader& kv) { audit = audit_space(kv, space); }));
  REQUIRE(audit);
  CHECK(audit->fault == "");
  return *audit;
}

std::uint64_t Server::oldest(const Did& space) {
  return audit(space).oldest;
}

}  // namespace freehold::test
