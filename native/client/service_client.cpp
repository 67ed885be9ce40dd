#include "native/client/service_client.hpp"

#include "freehold/base/limits.hpp"
#include "freehold/codec/dag_json.hpp"
#include "freehold/ucan/dispatch.hpp"
#include "native/client/http.hpp"

namespace freehold::native {

ServiceIdentity identity_of(const Url& url) {
  Url place = url;
  place.path = "/.well-known/did.json";
  const Bytes body = exchange(place, {}, limits::did_document_bytes_max);
  const Failure unclear("ProtocolError",
                        url.authority() + ": the DID document of the service has no key");
  const Result<Value> document = decode_dag_json(text_of(body));
  if (!document) throw unclear;
  const Value* id = document->find("id");
  const Value* methods = document->find("verificationMethod");
  if (id == nullptr || id->as_text() == nullptr || methods == nullptr ||
      methods->as_list() == nullptr || methods->as_list()->empty()) {
    throw unclear;
  }
  const Value* key = methods->as_list()->front().find("publicKeyMultibase");
  if (key == nullptr || key->as_text() == nullptr) throw unclear;
  const Result<Did> did = Did::parse(*id->as_text());
  const Result<Did> key_did = Did::parse("did:key:" + *key->as_text());
  if (!did || !key_did) throw unclear;
  return {url.text(), *did, *key_did};
}

Bytes post_message(const Url& url, Bytes message) {
  const HttpRequest request{"POST", std::string(car_media_type), std::move(message)};
  return exchange(url, request, limits::message_bytes_max);
}

}  // namespace freehold::native
