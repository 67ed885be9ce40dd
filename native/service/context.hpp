/// What all of the service shares, and does not change while it runs.
#pragma once

#include "freehold/ucan/validator.hpp"
#include "native/config/config.hpp"
#include "native/storage/blob_files.hpp"

namespace freehold::native {

/// The services for which this server answers, and their keys.
class Tenants final : public KeyResolver {
 public:
  explicit Tenants(std::vector<Tenant> all) : all_(std::move(all)) {}

  /// The one by that DID, or null.
  const Tenant* find(const Did& did) const noexcept {
    for (const Tenant& tenant : all_) {
      if (tenant.did() == did) return &tenant;
    }
    return nullptr;
  }
  /// Who answers for what is addressed to nobody here.
  const Tenant& main() const noexcept { return all_.front(); }
  const std::vector<Tenant>& all() const noexcept { return all_; }

  std::vector<Did> keys_of(const Did& did) const override {
    const Tenant* tenant = find(did);
    return tenant == nullptr ? std::vector<Did>() : std::vector<Did>{tenant->key_did};
  }

 private:
  std::vector<Tenant> all_;  // at least one
};

struct Context {
  Tenants tenants;
  std::string public_url;  // without a slash at the end
  std::int64_t allocation_seconds;
  BlobFiles* blobs;
  std::string hold_file;  // tests: while it is there, tasks taken from a queue do not run
  WatchTerms watch = {};
};

}  // namespace freehold::native
