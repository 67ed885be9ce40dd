#include "support/tokens.hpp"

#include <cstdio>

namespace freehold::test {

namespace {

Ed25519Key key(int number) {
  Ed25519Seed seed{};
  seed[0] = static_cast<std::uint8_t>(number);
  seed[1] = static_cast<std::uint8_t>(number >> 8);
  return Ed25519Key(seed);
}

}  // namespace

Signer signer(int number) {
  return Signer(key(number));
}

Signer signer(std::string_view did, int number) {
  return Signer(*Did::parse(did), key(number));
}

UcanFields fields(const Did& audience, std::string_view can, std::string_view with,
                  std::optional<Value> nb, std::vector<Cid> proofs) {
  UcanFields fields;
  fields.audience = audience;
  fields.capabilities.push_back({std::string(can), std::string(with), std::move(nb), {}});
  fields.proofs = std::move(proofs);
  return fields;
}

Ucan issue_into(MemoryStore& store, const Signer& issuer, UcanFields fields) {
  Ucan ucan = issue(std::move(fields), issuer);
  store.put(ucan.block);
  return ucan;
}

Bytes vector_file(const std::string& name) {
  Bytes bytes;
  std::FILE* file = std::fopen((FREEHOLD_VECTORS "/" + name).c_str(), "rb");
  if (file == nullptr) return bytes;
  std::uint8_t buffer[65536];
  while (const std::size_t size = std::fread(buffer, 1, sizeof buffer, file)) {
    append(bytes, ByteView(buffer, size));
  }
  std::fclose(file);
  return bytes;
}

}  // namespace freehold::test
