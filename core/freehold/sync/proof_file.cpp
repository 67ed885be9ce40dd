#include "freehold/sync/proof_file.hpp"

#include "freehold/base/limits.hpp"
#include "freehold/codec/cbor.hpp"
#include "freehold/sync/attachments.hpp"
#include "freehold/sync/authority_chain.hpp"
#include "freehold/sync/exact_car.hpp"
#include "freehold/sync/names.hpp"

namespace freehold {

namespace {

constexpr const char* tag = "freehold/proof@1";

// --- the proof block ----------------------------------------------------------------------------

Value encode(const Claim& claim) {
  if (claim.key) return Value(Map{{"key", Value(*claim.key)}});
  Map map;
  if (!claim.prefix.empty()) map.set("prefix", Value(claim.prefix));
  if (claim.from) map.set("from", Value(*claim.from));
  if (claim.to) map.set("to", Value(*claim.to));
  return Value(std::move(map));
}

Block encode(const ProofFields& fields) {
  List claims;
  for (const Claim& claim : fields.claims) claims.push_back(encode(claim));
  Map map{{"space", Value(fields.space.text())},
          {"root", Value(node_cid(fields.root))},
          {"claims", Value(std::move(claims))}};
  if (fields.checkpoint) map.set("checkpoint", Value(*fields.checkpoint));
  if (!fields.receipts.empty()) {
    List links;
    for (const Cid& receipt : fields.receipts) links.push_back(Value(receipt));
    map.set("receipts", Value(std::move(links)));
  }
  return Block::of_cbor(encode_cbor(Value(Map{{tag, Value(std::move(map))}})));
}

/// Whether the map has all `needed` and beside them only `possible` keys.
bool has_keys(const Map& map, std::initializer_list<const char*> needed,
              std::initializer_list<const char*> possible) {
  std::size_t known = 0;
  for (const char* key : needed) {
    if (map.find(key) == nullptr) return false;
    ++known;
  }
  for (const char* key : possible) known += map.find(key) != nullptr ? 1 : 0;
  return known == map.size();
}

Result<Claim> decode_claim(const Value& value) {
  const Map* map = value.as_map();
  Claim claim;
  const bool is_key = map != nullptr && has_keys(*map, {"key"}, {});
  if (map == nullptr || (!is_key && !has_keys(*map, {}, {"prefix", "from", "to"}))) {
    return fail(Errc::malformed, "proof block: a claim is {key} or {prefix?, from?, to?}");
  }
  for (const auto& [name, bound] : *map) {
    const Bytes* bytes = bound.as_bytes();
    if (bytes == nullptr) return fail(Errc::malformed, "proof block: a claim's key is no bytes");
    if (name == "key") claim.key = *bytes;
    if (name == "prefix") claim.prefix = *bytes;
    if (name == "prefix" && bytes->empty()) {  // the one thing that could be written otherwise
      return fail(Errc::malformed, "proof block: an empty prefix");
    }
    if (name == "from") claim.from = *bytes;
    if (name == "to") claim.to = *bytes;
  }
  return claim;
}

Result<ProofFields> decode_fields(ByteView block) {
  FH_TRY(const Value value, decode_cbor(block));
  const Value* inner = value.find(tag);
  const Map* map = inner == nullptr ? nullptr : inner->as_map();
  if (map == nullptr || value.as_map()->size() != 1) {
    return fail(Errc::malformed, "proof block: not a freehold/proof@1");
  }
  if (!has_keys(*map, {"space", "root", "claims"}, {"checkpoint", "receipts"})) {
    return fail(Errc::malformed, "proof block: fields");
  }
  ProofFields fields;
  const std::string* space = map->find("space")->as_text();
  const auto root = node_of(map->find("root"));
  const List* claims = map->find("claims")->as_list();
  if (space == nullptr || !root || claims == nullptr) {
    return fail(Errc::malformed, "proof block: space, root or claims");
  }
  if (claims->size() > limits::proof_claims_max) return fail(Errc::limit, "proof_claims_max");
  FH_TRY(fields.space, Did::parse(*space));
  fields.root = *root;
  for (const Value& claim : *claims) {
    FH_TRY(Claim decoded, decode_claim(claim));
    fields.claims.push_back(std::move(decoded));
  }
  if (const Value* link = map->find("checkpoint")) {
    if (link->as_link() == nullptr) return fail(Errc::malformed, "proof block: checkpoint");
    fields.checkpoint = *link->as_link();
  }
  if (const Value* receipts = map->find("receipts")) {
    const List* list = receipts->as_list();
    if (list == nullptr || list->empty()) return fail(Errc::malformed, "proof block: receipts");
    if (list->size() > limits::proof_receipts_max) return fail(Errc::limit, "proof_receipts_max");
    for (const Value& link : *list) {
      if (link.as_link() == nullptr) return fail(Errc::malformed, "proof block: receipts");
      fields.receipts.push_back(*link.as_link());
    }
  }
  return fields;
}

// --- what both sides do -------------------------------------------------------------------------

/// All blocks of a file but the proof block, once each.
std::vector<Cid> blocks_of(const ProofFields& fields, const TreeProof& proof,
                           const BlockStore& store) {
  std::vector<Cid> found = proof.blocks;
  CidSet seen(found.begin(), found.end());
  if (fields.checkpoint) collect_reached(*fields.checkpoint, store, &seen, &found);
  for (const Cid& receipt : fields.receipts) collect_reached(receipt, store, &seen, &found);
  for (const std::vector<Entry>& entries : proof.entries) {
    for (const Entry& entry : entries) {
      collect_attachments(entry.key, entry.value, store, &seen, &found);
    }
  }
  return found;
}

Result<Checkpoint> checkpoint_of(const ProofFields& fields, const Weight& weight,
                                 const BlockStore& store, Missing* missing) {
  const auto bytes = store.find(*fields.checkpoint);
  if (!bytes) {
    if (missing != nullptr) missing->add(*fields.checkpoint);
    return fail(Errc::missing, "proof: the checkpoint is missing");
  }
  FH_TRY(Checkpoint checkpoint, Checkpoint::decode(Block(*fields.checkpoint, copy_of(*bytes))));
  if (checkpoint.space != fields.space) {
    return fail(Errc::unauthorized, "proof: the checkpoint is of another space");
  }
  if (checkpoint.root != fields.root) {
    return fail(Errc::root_mismatch, "proof: the checkpoint is of another root");
  }
  if (checkpoint.weight.count != weight.count || checkpoint.weight.bytes != weight.bytes) {
    return fail(Errc::malformed, "proof: the checkpoint has not the root's count and bytes");
  }
  return checkpoint;
}

// --- the verifier -------------------------------------------------------------------------------

class Verifier {
 public:
  Verifier(ProofFields fields, const BlockStore& store, const ProofTrust& trust)
      : fields_(std::move(fields)),
        store_(&store),
        trust_(&trust),
        recogniser_(fields_.space, store, *trust.keys, trust.now, &signatures_) {}

  Result<ProofVerdict> run(const TreeProof& proof) {
    ProofVerdict verdict;
    verdict.space = fields_.space;
    verdict.root = fields_.root;
    verdict.weight = proof.weight;
    FH_CHECK(check_expected());
    if (fields_.checkpoint) FH_CHECK(check_checkpoint(&verdict));
    for (std::size_t i = 0; i < fields_.claims.size(); ++i) {
      ProvenClaim claim{fields_.claims[i], {}};
      for (const Entry& entry : proof.entries[i]) {
        FH_TRY(ProvenEntry proven, proven_entry(entry));
        claim.entries.push_back(std::move(proven));
      }
      verdict.claims.push_back(std::move(claim));
    }
    for (const Cid& link : fields_.receipts) {
      FH_TRY(Recognition receipt, receipt_at(link));
      verdict.receipts.push_back(std::move(receipt));
    }
    return verdict;
  }

 private:
  Result<> check_expected() const {
    if (trust_->root && *trust_->root != fields_.root) {
      return fail(Errc::root_mismatch, "proof: of another root than the one expected");
    }
    if (!trust_->space) return {};
    if (*trust_->space != fields_.space) {
      return fail(Errc::unauthorized, "proof: of another space than the one expected");
    }
    // Anyone can write the space's name beside any root.
    if (!fields_.checkpoint && !trust_->root) {
      return fail(Errc::unauthorized, "proof: no checkpoint binds the root to the space");
    }
    return {};
  }

  Result<> check_checkpoint(ProofVerdict* verdict) const {
    FH_TRY(Checkpoint checkpoint, checkpoint_of(fields_, verdict->weight, *store_, nullptr));
    const AuthorityKeys keys(checkpoint.ucan.issuer, *trust_->keys);
    if (!keys.is_known()) {
      return fail(Errc::invalid_signature, "proof: no key is known for the checkpoint's issuer");
    }
    if (!keys.has_signed(checkpoint.ucan)) {
      return fail(Errc::invalid_signature, "proof: the checkpoint is not signed by its issuer");
    }
    verdict->proven = authority_by_chain(checkpoint, *store_, trust_->now);
    if (verdict->proven == Proven::no && !keys.is_named()) {
      return fail(Errc::unauthorized,
                  "proof: neither the space nor the caller has named the checkpoint's issuer");
    }
    verdict->checkpoint = std::move(checkpoint);
    return {};
  }

  Result<ProvenEntry> proven_entry(const Entry& entry) {
    ProvenEntry proven{entry.key, copy_of(*entry.value.encoded(*store_)), {}};
    const auto multihash = multihash_of_key(entry.key);
    const auto task = cid_of_key(key_prefix::receipt, entry.key);
    if (!multihash && !task) return proven;
    FH_TRY(const Value value, decode_cbor(proven.value));
    if (task) {
      FH_CHECK(count_receipt());
      proven.commitments.push_back({"", recogniser_.receipt(*task, value, nullptr)});
    }
    const Map* slots = multihash ? value.as_map() : nullptr;
    if (slots == nullptr) return proven;
    for (const auto& [service, slot] : *slots) {
      FH_CHECK(count_receipt());
      const Result<Did> did = Did::parse(service);
      proven.commitments.push_back(
          {service, recogniser_.blob(*multihash, did ? *did : Did(), slot)});
    }
    return proven;
  }

  /// One that the file itself names must hold.
  Result<Recognition> receipt_at(const Cid& link) {
    FH_CHECK(count_receipt());
    const auto bytes = store_->find(link);
    if (!bytes) return fail(Errc::missing, "proof: a receipt is missing");
    FH_TRY(const Receipt receipt, Receipt::decode(Block(link, copy_of(*bytes))));
    Recognition recognition = recogniser_.receipt(receipt.ran, Value(link), nullptr);
    if (!recognition) return fail(Errc::unauthorized, recognition.reason);
    return recognition;
  }

  Result<> count_receipt() {
    if (receipts_++ == limits::proof_receipts_max) return fail(Errc::limit, "proof_receipts_max");
    return {};
  }

  ProofFields fields_;
  const BlockStore* store_;
  const ProofTrust* trust_;
  SignatureCache signatures_;
  Recogniser recogniser_;
  std::size_t receipts_ = 0;
};

}  // namespace

Result<Bytes> make_proof(const BlockStore& blocks, ProofFields fields, Missing* missing) {
  sort_claims(&fields.claims);
  if (fields.receipts.size() > limits::proof_receipts_max) {
    return fail(Errc::limit, "proof_receipts_max");
  }
  FH_TRY(const TreeProof proof, prove(blocks, fields.root, fields.claims, missing));
  if (fields.checkpoint) {
    FH_CHECK(checkpoint_of(fields, proof.weight, blocks, missing));
  }
  for (const Cid& receipt : fields.receipts) {
    if (blocks.find(receipt)) continue;
    if (missing != nullptr) missing->add(receipt);
    return fail(Errc::missing, "proof: a receipt is missing");
  }
  const Block root = encode(fields);
  std::vector<Block> all{root};
  std::size_t bytes = root.bytes().size();
  for (const Cid& cid : blocks_of(fields, proof, blocks)) {
    all.emplace_back(cid, copy_of(*blocks.find(cid)));
    bytes += all.back().bytes().size();
    if (bytes > limits::proof_bytes_max) return fail(Errc::limit, "proof_bytes_max");
  }
  Bytes file = encode_car(std::span(&root.cid, 1), all);
  if (file.size() > limits::proof_bytes_max) return fail(Errc::limit, "proof_bytes_max");
  return file;
}

Result<ProofVerdict> verify_proof(ByteView file, const ProofTrust& trust) {
  if (file.size() > limits::proof_bytes_max) return fail(Errc::limit, "proof_bytes_max");
  FH_TRY(const Car car, decode_exact_car(file));
  const CarStore store(car);
  FH_TRY(ProofFields fields, decode_fields(car.blocks[0].bytes()));
  FH_TRY(const TreeProof proof, prove(store, fields.root, fields.claims));
  if (blocks_of(fields, proof, store).size() + 1 != car.blocks.size()) {
    return fail(Errc::malformed, "proof: a block that has nothing to do with what is claimed");
  }
  return Verifier(std::move(fields), store, trust).run(proof);
}

}  // namespace freehold
