/// Changes held back in memory until they are wanted: a transaction within a transaction.
///
/// As nothing under it is written meanwhile, views stay valid until the flush; and dropping the
/// stage undoes everything. On a mere reader it lets what writes be tried.
#pragma once

#include <map>

#include "native/storage/kv.hpp"

namespace freehold::native {

class KvStage final : public KvTransaction {
 public:
  /// `under` must outlive the stage.
  explicit KvStage(KvReader& under) noexcept : under_(&under) {}

  std::optional<ByteView> get(ByteView key) override;
  void scan(ByteView prefix, const Visit& visit) override;
  Result<> status() const override { return under_->status(); }
  void put(ByteView key, ByteView value) override;
  void erase(ByteView key) override;

  /// Writes all changes to `to`, which is what lies under it.
  void flush(KvTransaction& to);

 private:
  KvReader* under_;
  std::map<Bytes, std::optional<Bytes>, BytesLess> changes_;  // nothing: erased
};

}  // namespace freehold::native
