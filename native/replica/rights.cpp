#include "native/replica/rights.hpp"

#include <algorithm>

#include "native/replica/failure.hpp"

namespace freehold::native {

namespace {

std::optional<Ucan> ucan_in(const MemoryStore& blocks, const Cid& cid) {
  const Block block = blocks.block(cid);
  if (block.cid.is_null() || !cid.matches(block.bytes())) return std::nullopt;
  Result<Ucan> ucan = Ucan::decode(block);
  if (!ucan) return std::nullopt;
  return *std::move(ucan);
}

MemoryStore store_of(const Proof& proof) {
  MemoryStore store;
  for (const Block& block : proof.blocks) store.put(block);
  return store;
}

bool leads_to(const MemoryStore& blocks, const Cid& cid, const Did& audience, const Did& space,
              std::int64_t now, std::size_t depth) {
  const auto ucan = ucan_in(blocks, cid);
  if (!ucan || depth == 0 || ucan->audience != audience || !ucan->issuer.is_key()) return false;
  if (ucan->expires && *ucan->expires <= now) return false;
  if (!verify_signature(*ucan, ucan->issuer)) return false;
  if (ucan->issuer == space) return true;
  return std::any_of(ucan->proofs.begin(), ucan->proofs.end(), [&](const Cid& each) {
    return leads_to(blocks, each, ucan->issuer, space, now, depth - 1);
  });
}

std::string name_in(const Ucan& ucan) {
  for (const Map& fact : ucan.facts) {
    const Value* space = fact.find("space");
    const Value* name = space == nullptr ? nullptr : space->find("name");
    if (name != nullptr && name->as_text() != nullptr) return *name->as_text();
  }
  return "";
}

bool covers(std::string_view given, std::string_view ability) {
  return given == "*" || given == ability ||
         (given.ends_with("/*") && ability.starts_with(given.substr(0, given.size() - 1)));
}

}  // namespace

Proof delegate(const Signer& issuer, const Grant& grant, const Proof* proof) {
  UcanFields fields;
  fields.audience = grant.audience;
  for (const std::string& can : grant.can) {
    fields.capabilities.push_back({can, grant.space.text(), std::nullopt, {}});
  }
  fields.expires = grant.expires;
  fields.facts.push_back(Map{{"space", Value(Map{{"name", Value(grant.name)}})}});
  if (proof != nullptr) fields.proofs.push_back(proof->root);
  const Ucan ucan = issue(std::move(fields), issuer);
  Proof given{ucan.cid(), proof == nullptr ? std::vector<Block>() : proof->blocks};
  given.blocks.push_back(ucan.block);
  return given;
}

Examined examine(const Proof& proof, const Did& audience, std::int64_t now) {
  const MemoryStore blocks = store_of(proof);
  const auto ucan = ucan_in(blocks, proof.root);
  if (!ucan || ucan->capabilities.empty()) throw Failure("Malformed", "not a delegation");
  const std::string& with = ucan->capabilities.front().with;
  const bool is_one = std::all_of(ucan->capabilities.begin(), ucan->capabilities.end(),
                                  [&](const Capability& each) { return each.with == with; });
  const Result<Did> space = Did::parse(with);
  if (!is_one || !space) throw Failure("Malformed", "not a delegation for one space");
  if (ucan->audience != audience) {
    throw Failure("Unauthorized", "the delegation is to " + ucan->audience.text() +
                                      ", this device is " + audience.text());
  }
  if (!leads_to(blocks, proof.root, audience, *space, now, limits::proof_chain_max)) {
    throw Failure("Unauthorized", "no signatures that count now lead from the space to the device");
  }
  return {*space, name_in(*ucan)};
}

bool gives(const Proof& proof, std::string_view ability) {
  const auto ucan = ucan_in(store_of(proof), proof.root);
  return ucan && std::any_of(ucan->capabilities.begin(), ucan->capabilities.end(),
                             [&](const Capability& each) { return covers(each.can, ability); });
}

std::string text_of_proof(const Proof& proof) {
  const MemoryStore blocks = store_of(proof);
  const auto ucan = ucan_in(blocks, proof.root);
  if (!ucan) throw Failure("Corrupt", "the delegation is not what was stored");
  return text_of_archive(encode_archive(*ucan, blocks));
}

Proof parse_proof(ByteView bytes) {
  std::string_view text = text_of(bytes);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.remove_suffix(1);
  }
  const bool is_text = text.starts_with('m');
  Archive archive = unwrap(is_text ? parse_archive(text) : decode_archive(bytes), "the delegation");
  return {std::move(archive.root), std::move(archive.blocks)};
}

}  // namespace freehold::native
