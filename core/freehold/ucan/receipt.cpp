#include "freehold/ucan/receipt.hpp"

#include "freehold/codec/cbor.hpp"

namespace freehold {

namespace {

constexpr std::string_view await_key = "ucan/await";

Value model_of(const ReceiptFields& fields) {
  Map effects{{"fork", List(fields.fork.begin(), fields.fork.end())}};
  if (fields.join) effects.set("join", *fields.join);
  Map model{{"fx", std::move(effects)},
            {"meta", fields.meta},
            {"out", fields.out},
            {"prf", List(fields.proofs.begin(), fields.proofs.end())},
            {"ran", fields.ran}};
  if (fields.issuer) model.set("iss", fields.issuer->text());
  return model;
}

Result<std::vector<Cid>> read_links(const Value* value, const char* what) {
  std::vector<Cid> links;
  if (value == nullptr) return links;
  if (value->as_list() == nullptr) return fail(Errc::malformed, what);
  for (const Value& item : *value->as_list()) {
    if (item.as_link() == nullptr) return fail(Errc::malformed, what);
    links.push_back(*item.as_link());
  }
  return links;
}

Result<> read_effects(const Value& effects, ReceiptFields* fields) {
  FH_TRY(fields->fork, read_links(effects.find("fork"), "fx.fork"));
  if (const Value* join = effects.find("join")) {
    if (join->as_link() == nullptr) return fail(Errc::malformed, "fx.join");
    fields->join = *join->as_link();
  }
  return {};
}

Result<> read_outcome(const Value& model, ReceiptFields* fields) {
  const Value* ran = model.find("ran");
  if (ran == nullptr || ran->as_link() == nullptr) return fail(Errc::malformed, "ran");
  fields->ran = *ran->as_link();

  // One of the two: a receipt that says both could be read either way.
  const Value* out = model.find("out");
  if (out == nullptr || (out->find("ok") != nullptr) == (out->find("error") != nullptr)) {
    return fail(Errc::malformed, "out is neither ok nor error");
  }
  fields->out = *out;

  const Value* effects = model.find("fx");
  if (effects == nullptr || effects->as_map() == nullptr) return fail(Errc::malformed, "fx");
  FH_CHECK(read_effects(*effects, fields));
  if (const Value* meta = model.find("meta")) {
    if (meta->as_map() == nullptr) return fail(Errc::malformed, "meta");
    fields->meta = *meta->as_map();
  }
  if (const Value* issuer = model.find("iss")) {
    if (issuer->as_text() == nullptr) return fail(Errc::malformed, "iss");
    FH_TRY(fields->issuer, Did::parse(*issuer->as_text()));
  }
  FH_TRY(fields->proofs, read_links(model.find("prf"), "prf"));
  return {};
}

/// The block from the two parts as they are encoded: `ocm` is never encoded twice.
Block block_of(ByteView outcome, const Varsig& signature) {
  Bytes bytes;
  write_cbor_head(bytes, CborMajor::map, 2);
  write_cbor_text(bytes, "ocm");
  append(bytes, outcome);
  write_cbor_text(bytes, "sig");
  write_cbor_bytes(bytes, signature.encode());
  return Block::of_cbor(std::move(bytes));
}

}  // namespace

Result<Receipt> Receipt::decode(Block block) {
  FH_TRY(const Value model, decode_cbor(block.bytes()));
  const Value* outcome = model.find("ocm");
  const Value* signature = model.find("sig");
  if (outcome == nullptr || outcome->as_map() == nullptr || signature == nullptr ||
      signature->as_bytes() == nullptr) {
    return fail(Errc::malformed, "not a receipt");
  }
  Receipt receipt;
  FH_CHECK(read_outcome(*outcome, &receipt));
  FH_TRY(receipt.signature, Varsig::decode(*signature->as_bytes()));
  // Fields of `ocm` that are not known are covered by the signature as well.
  receipt.signed_bytes = encode_cbor(*outcome);
  receipt.block = std::move(block);
  return receipt;
}

Bytes signed_bytes(const ReceiptFields& fields) {
  return encode_cbor(model_of(fields));
}

Receipt seal(ReceiptFields fields, Varsig signature) {
  Receipt receipt;
  receipt.signed_bytes = signed_bytes(fields);
  receipt.block = block_of(receipt.signed_bytes, signature);
  receipt.signature = std::move(signature);
  static_cast<ReceiptFields&>(receipt) = std::move(fields);
  return receipt;
}

Receipt issue(ReceiptFields fields, const Signer& signer) {
  fields.issuer = signer.did;
  Varsig signature = Varsig::eddsa(signer.key.sign(signed_bytes(fields)));
  return seal(std::move(fields), std::move(signature));
}

bool verify_signature(const Receipt& receipt, const Did& key) {
  return verify(key, receipt.signed_bytes, receipt.signature);
}

Value await_of(std::string_view selector, const Cid& task) {
  return Map{{std::string(await_key), List{selector, task}}};
}

std::optional<Await> as_await(const Value& value) {
  const Value* parts = value.find(await_key);
  const List* list = parts != nullptr ? parts->as_list() : nullptr;
  if (list == nullptr || list->size() != 2 || value.as_map()->size() != 1) return std::nullopt;
  const std::string* selector = list->front().as_text();
  const Cid* task = list->back().as_link();
  if (selector == nullptr || task == nullptr) return std::nullopt;
  return Await{*selector, *task};
}

const Value* select(const Value& out, std::string_view selector) {
  constexpr std::string_view start = ".out";
  if (!selector.starts_with(start)) return nullptr;
  selector.remove_prefix(start.size());
  const Value* value = &out;
  while (!selector.empty() && value != nullptr) {
    if (selector[0] != '.') return nullptr;
    selector.remove_prefix(1);
    const std::string_view field = selector.substr(0, selector.find('.'));
    value = value->find(field);
    selector.remove_prefix(field.size());
  }
  return value;
}

}  // namespace freehold
