/// How much of its plan a space uses. At every moment reserved + stored <= capacity: what would
/// break that is refused, and all of it changes in one transaction with what it counts. (Only what
/// was signed before a backup was restored may be more: it is upheld, and nothing else fits.)
#pragma once

#include "native/config/config.hpp"
#include "native/service/records.hpp"

namespace freehold::native {

/// The blobs of one space with one tenant.
class Usage {
 public:
  Usage(KvTransaction& kv, const layout::SpaceId& space, const Did& tenant);

  /// None: no plan, nothing may be stored.
  const std::optional<SubscriptionRecord>& subscription() const noexcept { return subscription_; }
  /// What is used stays what it was.
  void subscribe(const Did& provider, std::uint64_t capacity);

  std::optional<BlobRecord> blob(const Digest& digest) const;
  /// Gives up the reservations that have expired.
  void free_expired(std::int64_t now);
  /// False if there is no room. @pre a subscription; no record of the blob.
  bool reserve(const Digest& digest, BlobRecord record);
  /// A reservation lasts until `record.expires`. @pre there is one.
  void extend(const Digest& digest, BlobRecord record);
  /// A reserved blob is stored now; or one that was stored before, and of which the record was
  /// lost.
  void store(const Digest& digest, BlobRecord record);

 private:
  Bytes key(layout::Kind kind, ByteView rest = {}, ByteView more = {}) const;
  void save(const Digest& digest, const BlobRecord& record);
  void drop_reservation(const Digest& digest, const BlobRecord& record);
  void save_subscription();

  KvTransaction* kv_;
  layout::SpaceId space_;
  Digest tenant_;
  std::optional<SubscriptionRecord> subscription_;
};

/// Whether a space was promised these bytes: only then are they served.
bool is_served(KvReader& kv, const Digest& digest);

/// What the plan of a space with a tenant grants to its state; without a plan, what is usual.
StateTerms state_terms_of(KvReader& kv, const layout::SpaceId& space, const Tenant& tenant);

/// The provider of a space with a tenant, if it has one.
std::optional<SubscriptionRecord> find_subscription(KvReader& kv, const layout::SpaceId& space,
                                                    const Did& tenant);

}  // namespace freehold::native
