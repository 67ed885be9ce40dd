#include "native/replica/about.hpp"

#include "freehold/codec/cbor.hpp"

namespace freehold::native {

namespace {

Value encode_service(const ServiceIdentity& service) {
  return Map{{"url", Value(service.url)},
             {"did", Value(service.did.text())},
             {"key", Value(service.key.text())}};
}

const std::string* text_in(const Value& map, const char* field) {
  const Value* value = map.find(field);
  return value == nullptr ? nullptr : value->as_text();
}

Result<ServiceIdentity> decode_service(const Value& service) {
  const std::string* url = text_in(service, "url");
  const std::string* did = text_in(service, "did");
  const std::string* key = text_in(service, "key");
  if (url == nullptr || did == nullptr || key == nullptr) {
    return fail(Errc::corrupt, "service: not what was stored");
  }
  FH_TRY(Did name, Did::parse(*did));
  FH_TRY(Did key_did, Did::parse(*key));
  return ServiceIdentity{*url, std::move(name), std::move(key_did)};
}

}  // namespace

Bytes encode_about(const ReplicaAbout& about) {
  List blocks;
  for (const Cid& cid : about.proof_blocks) blocks.push_back(Value(cid));
  return encode_cbor(Map{{"v", Value(1)},
                         {"name", Value(about.name)},
                         {"imported", Value(about.is_imported)},
                         {"lazy", Value(about.is_lazy)},
                         {"proof", about.proof ? Value(*about.proof) : Value()},
                         {"proofBlocks", Value(std::move(blocks))},
                         {"service", about.service ? encode_service(*about.service) : Value()}});
}

Result<ReplicaAbout> decode_about(ByteView record) {
  FH_TRY(const Value value, decode_cbor(record));
  const Value* imported = value.find("imported");
  const Value* lazy = value.find("lazy");
  const Value* proof = value.find("proof");
  const Value* blocks = value.find("proofBlocks");
  const Value* service = value.find("service");
  if (uint_of(value.find("v")) != 1u || text_in(value, "name") == nullptr || imported == nullptr ||
      imported->as_bool() == nullptr || lazy == nullptr || lazy->as_bool() == nullptr ||
      proof == nullptr || blocks == nullptr || blocks->as_list() == nullptr || service == nullptr) {
    return fail(Errc::corrupt, "what is known of the space: not what was stored");
  }
  ReplicaAbout about;
  about.name = *text_in(value, "name");
  about.is_imported = *imported->as_bool();
  about.is_lazy = *lazy->as_bool();
  if (proof->as_link() != nullptr) about.proof = *proof->as_link();
  for (const Value& block : *blocks->as_list()) {
    if (block.as_link() != nullptr) about.proof_blocks.push_back(*block.as_link());
  }
  if (!service->is_null()) {
    FH_TRY(about.service, decode_service(*service));
  }
  return about;
}

}  // namespace freehold::native
