#include "native/service/usage.hpp"

namespace freehold::native {

using layout::Kind;

std::optional<SubscriptionRecord> find_subscription(KvReader& kv, const layout::SpaceId& space,
                                                    const Did& tenant) {
  const auto bytes = kv.get(layout::key(space, Kind::subscription, {layout::hash_of(tenant)}));
  if (!bytes) return std::nullopt;
  Result<SubscriptionRecord> record = decode_subscription(*bytes);
  if (!record) return std::nullopt;
  return *std::move(record);
}

StateTerms state_terms_of(KvReader& kv, const layout::SpaceId& space, const Tenant& tenant) {
  const auto subscription = find_subscription(kv, space, tenant.did());
  for (const Provider& provider : tenant.providers) {
    if (subscription && provider.did == subscription->provider) return provider.state;
  }
  return {};
}

bool is_served(KvReader& kv, const Digest& digest) {
  bool found = false;
  kv.scan(layout::key(layout::no_space, Kind::served, {digest}), [&found](ByteView, ByteView) {
    found = true;
    return false;
  });
  return found;
}

Usage::Usage(KvTransaction& kv, const layout::SpaceId& space, const Did& tenant)
    : kv_(&kv),
      space_(space),
      tenant_(layout::hash_of(tenant)),
      subscription_(find_subscription(kv, space, tenant)) {}

Bytes Usage::key(Kind kind, ByteView rest, ByteView more) const {
  return layout::key(space_, kind, {tenant_, rest, more});
}

void Usage::save_subscription() {
  kv_->put(key(Kind::subscription), encode(*subscription_));
}

void Usage::subscribe(const Did& provider, std::uint64_t capacity) {
  if (!subscription_) subscription_.emplace();
  subscription_->provider = provider;
  subscription_->capacity = capacity;
  save_subscription();
}

std::optional<BlobRecord> Usage::blob(const Digest& digest) const {
  const auto bytes = kv_->get(key(Kind::blob, digest));
  if (!bytes) return std::nullopt;
  Result<BlobRecord> record = decode_blob(*bytes);
  if (!record) return std::nullopt;
  return *std::move(record);
}

void Usage::save(const Digest& digest, const BlobRecord& record) {
  kv_->put(key(Kind::blob, digest), encode(record));
  if (record.is_stored) return;
  kv_->put(key(Kind::reserved, layout::ordered(static_cast<std::uint64_t>(record.expires)), digest),
           {});
}

void Usage::drop_reservation(const Digest& digest, const BlobRecord& record) {
  kv_->erase(
      key(Kind::reserved, layout::ordered(static_cast<std::uint64_t>(record.expires)), digest));
}

void Usage::free_expired(std::int64_t now) {
  const Bytes prefix = key(Kind::reserved);
  std::vector<Digest> expired;
  kv_->scan(prefix, [&](ByteView found, ByteView) {
    const ByteView rest = found.subspan(prefix.size());
    if (static_cast<std::int64_t>(layout::number_of(rest)) > now) return false;
    Digest& digest = expired.emplace_back();
    std::copy(rest.begin() + 8, rest.end(), digest.begin());
    return true;
  });
  for (const Digest& digest : expired) {
    const auto record = blob(digest);
    if (!record || record->is_stored) continue;
    drop_reservation(digest, *record);
    kv_->erase(key(Kind::blob, digest));
    subscription_->reserved -= record->size;
  }
  if (!expired.empty()) save_subscription();
}

bool Usage::reserve(const Digest& digest, BlobRecord record) {
  const std::uint64_t used = subscription_->reserved + subscription_->stored;
  if (used > subscription_->capacity || record.size > subscription_->capacity - used) return false;
  subscription_->reserved += record.size;
  save(digest, record);
  save_subscription();
  return true;
}

void Usage::extend(const Digest& digest, BlobRecord record) {
  if (const auto old = blob(digest)) drop_reservation(digest, *old);
  save(digest, record);
}

void Usage::store(const Digest& digest, BlobRecord record) {
  if (const auto reserved = blob(digest)) {
    drop_reservation(digest, *reserved);
    subscription_->reserved -= record.size;
  }
  subscription_->stored += record.size;
  record.is_stored = true;
  save(digest, record);
  save_subscription();
  kv_->put(layout::key(layout::no_space, Kind::served, {digest, space_}), {});
}

}  // namespace freehold::native
