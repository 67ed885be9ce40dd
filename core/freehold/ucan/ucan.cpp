#include "freehold/ucan/ucan.hpp"

#include "freehold/base/limits.hpp"
#include "freehold/base/multibase.hpp"
#include "freehold/codec/cbor.hpp"
#include "freehold/codec/dag_json.hpp"
#include "freehold/ucan/payload.hpp"

namespace freehold {

namespace {

List values_of(const std::vector<Capability>& capabilities) {
  List list;
  for (const Capability& capability : capabilities) list.push_back(value_of(capability));
  return list;
}

List values_of(const std::vector<Map>& facts) {
  return {facts.begin(), facts.end()};
}

Value value_of(const std::optional<std::int64_t>& seconds) {
  return seconds ? Value(*seconds) : Value();
}

std::string base64url_json(const Value& value) {
  return encode_base(Base::base64url, view_of(encode_dag_json(value)));
}

Result<Ucan> decode_cbor_form(const Block& block) {
  FH_TRY(const Value model, decode_cbor(block.bytes()));
  const Map* map = model.as_map();
  if (map == nullptr) return fail(Errc::malformed, "a UCAN that is not a map");
  Ucan ucan;
  FH_CHECK(read_payload(*map, PayloadForm::cbor, &ucan));
  const Value* version = map->find("v");
  if (version == nullptr || version->as_text() == nullptr || !is_version(*version->as_text())) {
    return fail(Errc::malformed, "v is not a version");
  }
  ucan.version = *version->as_text();
  const Value* signature = map->find("s");
  if (signature == nullptr || signature->as_bytes() == nullptr) {
    return fail(Errc::malformed, "s is not a signature");
  }
  FH_TRY(ucan.signature, Varsig::decode(*signature->as_bytes()));
  return ucan;
}

}  // namespace

Value value_of(const Capability& capability) {
  Map map = capability.more;
  map.set("can", capability.can);
  map.set("with", capability.with);
  if (capability.nb) map.set("nb", *capability.nb);
  return map;
}

Result<Ucan> Ucan::decode(Block block) {
  if (block.bytes().size() > limits::invocation_bytes_max) {
    return fail(Errc::limit, "invocation_bytes_max");
  }
  auto ucan = decode_cbor_form(block);
  if (!ucan && ucan.error().code == Errc::malformed) {
    // What the error was about matters only if it is not the other form.
    if (auto jwt = decode_jwt(text_of(block.bytes()))) ucan = std::move(jwt);
  }
  if (ucan) ucan->block = std::move(block);
  return ucan;
}

std::string signed_text(const UcanFields& fields, std::string_view algorithm) {
  const Value header = Map{{"alg", algorithm}, {"typ", "JWT"}, {"ucv", fields.version}};
  List proofs;
  for (const Cid& proof : fields.proofs) proofs.push_back(proof.text());
  Map payload{{"att", values_of(fields.capabilities)},
              {"aud", fields.audience.text()},
              {"exp", value_of(fields.expires)},
              {"iss", fields.issuer.text()},
              {"prf", std::move(proofs)}};
  // Left out when empty, whatever the block says: so the two forms have one signed text.
  if (!fields.facts.empty()) payload.set("fct", values_of(fields.facts));
  if (fields.nonce && !fields.nonce->empty()) payload.set("nnc", *fields.nonce);
  if (fields.not_before.value_or(0) != 0) payload.set("nbf", *fields.not_before);
  return base64url_json(header) + "." + base64url_json(payload);
}

Ucan seal(UcanFields fields, Varsig signature) {
  List proofs(fields.proofs.begin(), fields.proofs.end());
  Map model{{"s", signature.encode()},
            {"v", fields.version},
            {"att", values_of(fields.capabilities)},
            {"aud", fields.audience.bytes()},
            {"exp", value_of(fields.expires)},
            {"iss", fields.issuer.bytes()},
            {"prf", std::move(proofs)}};
  if (!fields.facts.empty()) model.set("fct", values_of(fields.facts));
  if (fields.nonce) model.set("nnc", *fields.nonce);
  if (fields.not_before.value_or(0) != 0) model.set("nbf", *fields.not_before);

  Ucan ucan;
  static_cast<UcanFields&>(ucan) = std::move(fields);
  ucan.block = Block::of_cbor(encode_cbor(model));
  ucan.signature = std::move(signature);
  return ucan;
}

Ucan issue(UcanFields fields, const Signer& signer) {
  fields.issuer = signer.did;
  Varsig signature = Varsig::eddsa(signer.key.sign(view_of(signed_text(fields))));
  return seal(std::move(fields), std::move(signature));
}

bool verify_signature(const Ucan& ucan, const Did& key) {
  const std::string text = signed_text(ucan, ucan.signature.algorithm());
  return verify(key, view_of(text), ucan.signature);
}

}  // namespace freehold
