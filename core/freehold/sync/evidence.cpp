#include "freehold/sync/evidence.hpp"

#include "freehold/base/limits.hpp"
#include "freehold/codec/cbor.hpp"
#include "freehold/sync/attachments.hpp"
#include "freehold/sync/authority_chain.hpp"
#include "freehold/sync/exact_car.hpp"
#include "freehold/sync/lineage.hpp"
#include "freehold/sync/names.hpp"

namespace freehold {

namespace {

constexpr const char* tag = "freehold/evidence@1";

// --- the evidence block -------------------------------------------------------------------------

Block encode(const EvidenceFields& fields) {
  Map map{{"kind", Value(fields.kind == EvidenceKind::fork ? "fork" : "rollback")},
          {"space", Value(fields.space.text())},
          {"authority", Value(fields.authority.text())}};
  if (fields.receipt) {
    map.set("receipt", Value(*fields.receipt));
  } else {
    List links;
    for (const Cid& checkpoint : fields.checkpoints) links.push_back(Value(checkpoint));
    map.set("checkpoints", Value(std::move(links)));
  }
  return Block::of_cbor(encode_cbor(Value(Map{{tag, Value(std::move(map))}})));
}

/// Two links, or one receipt; false if neither, or both.
bool read_links(const Map& map, EvidenceFields* fields) {
  const Value* receipt = map.find("receipt");
  const Value* checkpoints = map.find("checkpoints");
  if ((receipt == nullptr) == (checkpoints == nullptr)) return false;
  if (receipt != nullptr) {
    if (receipt->as_link() == nullptr) return false;
    fields->receipt = *receipt->as_link();
    return true;
  }
  const List* list = checkpoints->as_list();
  if (list == nullptr || list->size() != 2 || fields->kind != EvidenceKind::fork) return false;
  for (const Value& link : *list) {
    if (link.as_link() == nullptr) return false;
    fields->checkpoints.push_back(*link.as_link());
  }
  return true;
}

Result<EvidenceFields> decode_fields(ByteView block) {
  FH_TRY(const Value value, decode_cbor(block));
  const Value* inner = value.find(tag);
  const Map* map = inner == nullptr ? nullptr : inner->as_map();
  if (map == nullptr || value.as_map()->size() != 1) {
    return fail(Errc::malformed, "evidence block: not a freehold/evidence@1");
  }
  const Value* kind = map->find("kind");
  const Value* space = map->find("space");
  const Value* authority = map->find("authority");
  for (const Value* text : {kind, space, authority}) {
    if (text == nullptr || text->as_text() == nullptr) {
      return fail(Errc::malformed, "evidence block: kind, space or authority");
    }
  }
  EvidenceFields fields;
  const bool is_fork = *kind->as_text() == "fork";
  if (!is_fork && *kind->as_text() != "rollback") {
    return fail(Errc::malformed, "evidence block: kind: neither fork nor rollback");
  }
  fields.kind = is_fork ? EvidenceKind::fork : EvidenceKind::rollback;
  FH_TRY(fields.space, Did::parse(*space->as_text()));
  FH_TRY(fields.authority, Did::parse(*authority->as_text()));
  if (map->size() != 4 || !read_links(*map, &fields)) {
    return fail(Errc::malformed, "evidence block: neither two checkpoints of a fork nor a receipt");
  }
  return fields;
}

// --- what both sides do -------------------------------------------------------------------------

/// A receipt of sync, read or watch, and what it answers.
struct Told {
  Receipt receipt;
  Ucan invocation;
  std::optional<Cid> since;  // the checkpoint that the authority was shown
  bool is_sync = false;
  std::optional<Cid> from;  // of a sync: the checkpoint that it says it was shown
  Cid checkpoint;
};

Result<Block> block_at(const BlockStore& blocks, const Cid& cid) {
  const auto bytes = blocks.find(cid);
  if (!bytes) return fail(Errc::missing, "evidence: a block that it needs is missing");
  return Block(cid, copy_of(*bytes));
}

/// Sets `to` from a link, which may be null or absent. False if there is something else.
bool read_link(const Value& map, const char* name, std::optional<Cid>* to) {
  const Value* value = map.find(name);
  if (value == nullptr || value->is_null()) return true;
  if (value->as_link() == nullptr) return false;
  *to = *value->as_link();
  return true;
}

Result<Told> told_by(const Cid& link, const BlockStore& blocks) {
  Told told;
  FH_TRY(Block block, block_at(blocks, link));
  FH_TRY(told.receipt, Receipt::decode(std::move(block)));
  FH_TRY(block, block_at(blocks, told.receipt.ran));
  FH_TRY(told.invocation, Ucan::decode(std::move(block)));
  if (told.receipt.ok() == nullptr || told.invocation.capabilities.size() != 1 ||
      !told.invocation.capabilities[0].nb) {
    return fail(Errc::malformed,
                "evidence: the receipt is not of a sync, read or watch that went well");
  }
  const Capability& task = told.invocation.capabilities[0];
  told.is_sync = task.can == ability::state_sync;
  std::optional<Cid> checkpoint;
  const bool is_known =
      told.is_sync || task.can == ability::state_read || task.can == ability::state_watch;
  if (!is_known || !read_link(*task.nb, "since", &told.since) ||
      !read_link(*told.receipt.ok(), "from", &told.from) ||
      !read_link(*told.receipt.ok(), "checkpoint", &checkpoint) || !checkpoint) {
    return fail(Errc::malformed,
                "evidence: the receipt is not of a sync, read or watch that went well");
  }
  told.checkpoint = *checkpoint;
  return told;
}

/// All blocks of a file but the evidence block, once each.
std::vector<Cid> blocks_of(const EvidenceFields& fields, const std::optional<Told>& told,
                           const BlockStore& store) {
  std::vector<Cid> found;
  CidSet seen;
  for (const Cid& checkpoint : fields.checkpoints) {
    collect_reached(checkpoint, store, &seen, &found);
  }
  if (!told) return found;
  for (const Cid& cid : {told->receipt.cid(), told->invocation.cid()}) {
    if (seen.insert(cid).second) found.push_back(cid);
  }
  if (fields.kind == EvidenceKind::rollback && told->since) {
    collect_reached(*told->since, store, &seen, &found);
  }
  collect_reached(told->checkpoint, store, &seen, &found);
  return found;
}

Result<std::optional<Told>> told_in(const EvidenceFields& fields, const BlockStore& blocks) {
  if (!fields.receipt) return std::optional<Told>();
  FH_TRY(Told told, told_by(*fields.receipt, blocks));
  return std::optional<Told>(std::move(told));
}

// --- the verifier -------------------------------------------------------------------------------

class Judge {
 public:
  Judge(EvidenceFields fields, const BlockStore& blocks, const ProofTrust& trust)
      : fields_(std::move(fields)),
        blocks_(&blocks),
        trust_(&trust),
        keys_(fields_.authority, *trust.keys) {
    verdict_.kind = fields_.kind;
    verdict_.space = fields_.space;
    verdict_.authority = fields_.authority;
  }

  Result<EvidenceVerdict> run(std::optional<Told> told) {
    if (trust_->space && *trust_->space != fields_.space) {
      return fail(Errc::unauthorized, "evidence: of another space than the one expected");
    }
    if (!keys_.is_known()) {
      return fail(Errc::invalid_signature, "evidence: no key is known for the authority");
    }
    if (!told) {
      FH_CHECK(judge_checkpoints());
    } else {
      FH_CHECK(check_parties(*told));
      FH_CHECK(fields_.kind == EvidenceKind::fork ? judge_from(*told) : judge_rollback(*told));
      verdict_.receipt = std::move(told->receipt);
      verdict_.invocation = std::move(told->invocation);
    }
    if (verdict_.proven == Proven::no && !keys_.is_named()) {
      return fail(Errc::unauthorized, "evidence: neither the space nor the caller has named it");
    }
    return std::move(verdict_);
  }

 private:
  /// Takes a checkpoint that the authority has signed for the space.
  Result<> take(const Cid& link) {
    FH_TRY(Block block, block_at(*blocks_, link));
    FH_TRY(Checkpoint checkpoint, Checkpoint::decode(std::move(block)));
    if (checkpoint.space != fields_.space) {
      return fail(Errc::unauthorized, "evidence: a checkpoint is of another space");
    }
    if (checkpoint.ucan.issuer != fields_.authority || !keys_.has_signed(checkpoint.ucan)) {
      return fail(Errc::invalid_signature, "evidence: a checkpoint is not signed by the authority");
    }
    if (verdict_.proven == Proven::no) {
      verdict_.proven = authority_by_chain(checkpoint, *blocks_, trust_->now);
    }
    verdict_.checkpoints.push_back(std::move(checkpoint));
    return {};
  }

  Result<> judge_checkpoints() {
    for (const Cid& link : fields_.checkpoints) FH_CHECK(take(link));
    const auto number = contradiction_of(verdict_.checkpoints[0], verdict_.checkpoints[1]);
    if (!number) {
      return fail(Errc::malformed, "evidence: the two checkpoints do not contradict each other");
    }
    verdict_.number = *number;
    return {};
  }

  /// Who asked does not matter: by its receipt the authority says what it was asked.
  Result<> check_parties(const Told& told) const {
    if (told.invocation.capabilities[0].with != fields_.space.text()) {
      return fail(Errc::unauthorized, "evidence: the receipt is of another space");
    }
    if (told.invocation.audience != fields_.authority || told.receipt.issuer != fields_.authority ||
        !keys_.has_signed(told.receipt)) {
      return fail(Errc::invalid_signature, "evidence: the receipt is not signed by the authority");
    }
    return {};
  }

  Result<> judge_from(const Told& told) {
    if (!told.is_sync || told.from == told.since) {
      return fail(Errc::malformed, "evidence: the receipt's `from` is what the invocation asked");
    }
    // It proves who the authority is, and is not needed otherwise.
    return blocks_->find(told.checkpoint) ? take(told.checkpoint) : Result<>();
  }

  Result<> judge_rollback(const Told& told) {
    if (!told.since) {
      return fail(Errc::malformed, "evidence: the invocation shows no checkpoint in `since`");
    }
    FH_CHECK(take(*told.since));
    FH_CHECK(take(told.checkpoint));
    if (verdict_.checkpoints[1].seq >= verdict_.checkpoints[0].seq) {
      return fail(Errc::malformed, "evidence: the receipt's checkpoint is not below `since`");
    }
    return {};
  }

  EvidenceFields fields_;
  const BlockStore* blocks_;
  const ProofTrust* trust_;
  AuthorityKeys keys_;
  EvidenceVerdict verdict_;
};

}  // namespace

Result<Bytes> make_evidence(const BlockStore& blocks, const EvidenceFields& fields) {
  FH_TRY(const auto told, told_in(fields, blocks));
  const Block root = encode(fields);
  std::vector<Block> all{root};
  std::vector<Cid> needed = fields.checkpoints;
  if (told && fields.kind == EvidenceKind::rollback) {
    if (told->since) needed.push_back(*told->since);
    needed.push_back(told->checkpoint);
  }
  for (const Cid& cid : needed) FH_CHECK(block_at(blocks, cid));
  for (const Cid& cid : blocks_of(fields, told, blocks)) {
    all.emplace_back(cid, copy_of(*blocks.find(cid)));
  }
  Bytes file = encode_car(std::span(&root.cid, 1), all);
  if (file.size() > limits::evidence_bytes_max) return fail(Errc::limit, "evidence_bytes_max");
  return file;
}

bool is_evidence(ByteView file) {
  if (file.size() > limits::evidence_bytes_max) return false;
  const Result<Car> car = decode_car(file);
  if (!car || car->blocks.empty()) return false;
  const Result<Value> root = decode_cbor(car->blocks[0].bytes());
  return root && root->find(tag) != nullptr;
}

Result<EvidenceVerdict> verify_evidence(ByteView file, const ProofTrust& trust) {
  if (file.size() > limits::evidence_bytes_max) return fail(Errc::limit, "evidence_bytes_max");
  FH_TRY(const Car car, decode_exact_car(file));
  const CarStore blocks(car);
  FH_TRY(EvidenceFields fields, decode_fields(car.blocks[0].bytes()));
  FH_TRY(std::optional<Told> told, told_in(fields, blocks));
  if (blocks_of(fields, told, blocks).size() + 1 != car.blocks.size()) {
    return fail(Errc::malformed, "evidence: a block that has nothing to do with it, or too few");
  }
  return Judge(std::move(fields), blocks, trust).run(std::move(told));
}

}  // namespace freehold
