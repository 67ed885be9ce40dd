/// Changes held back in memory until they are wanted: a transaction within a transaction.
///
/// As nothing under it is written meanwhile, views stay valid until the flush; and dropping the
/// stage undoes everything. On a mere reader it lets what writes be tried.
#pragma once

#include <map>
#include <memory>

#include "native/storage/kv.hpp"

namespace freehold::native {

/// What keys have become; null: erased.
using KvChanges = std::map<Bytes, std::shared_ptr<const Bytes>, BytesLess>;

/// Changes on top of what a reader sees. Both must outlive it.
class KvLayer : public KvReader {
 public:
  KvLayer(const KvChanges& over, KvReader& under) noexcept : over_(&over), under_(&under) {}

  std::optional<ByteView> get(ByteView key) override;
  void scan(ByteView prefix, const Visit& visit) override;
  Result<> status() const override { return under_->status(); }

 private:
  const KvChanges* over_;
  KvReader* under_;
};

class KvStage final : public KvTransaction {
 public:
  /// `under` must outlive the stage.
  explicit KvStage(KvReader& under) noexcept : layer_(changes_, under) {}
  KvStage(const KvStage&) = delete;
  KvStage& operator=(const KvStage&) = delete;

  std::optional<ByteView> get(ByteView key) override { return layer_.get(key); }
  void scan(ByteView prefix, const Visit& visit) override { layer_.scan(prefix, visit); }
  Result<> status() const override { return layer_.status(); }
  void put(ByteView key, ByteView value) override;
  void erase(ByteView key) override;

  /// Writes all changes to `to`, which is what lies under it.
  void flush(KvTransaction& to);
  /// The changes, which are no longer here.
  KvChanges take_changes() noexcept;

 private:
  KvChanges changes_;
  KvLayer layer_;
};

}  // namespace freehold::native
