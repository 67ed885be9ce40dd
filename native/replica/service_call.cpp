#include "native/replica/service_call.hpp"

#include "native/fault.hpp"
#include "native/replica/failure.hpp"
#include "native/replica/rights.hpp"

namespace freehold::native {

Signed sign_draft(const Ed25519Key& agent, SyncDraft draft, const Proof& proof) {
  Signed done;
  done.invocation = issue(std::move(draft.fields), Signer(agent));
  std::vector<Block> blocks = std::move(draft.blocks);
  blocks.insert(blocks.end(), proof.blocks.begin(), proof.blocks.end());
  blocks.push_back(done.invocation.block);
  const Cid task = done.invocation.cid();
  done.message = encode_message(std::span(&task, 1), {}, blocks);
  return done;
}

Exchanged exchange_with(const Ed25519Key& agent, const Url& url, SyncDraft draft,
                        const Proof& proof) {
  Signed sent = sign_draft(agent, std::move(draft), proof);
  Exchanged done{std::move(sent.invocation), post_message(url, std::move(sent.message))};
  fault_point("replica-answered");
  return done;
}

void throw_if_told(const Replica& held, const Error& error) {
  const Value* name = held.service_error().find("name");
  const Value* message = held.service_error().find("message");
  if (error.code == Errc::missing || name == nullptr || name->as_text() == nullptr) return;
  const bool is_told = message != nullptr && message->as_text() != nullptr;
  throw Failure(error.code == Errc::protocol ? *name->as_text() : name_of(error.code),
                "the service refuses: " + (is_told ? *message->as_text() : *name->as_text()), true);
}

}  // namespace freehold::native
