/// CARs that can be written in one way only: what proof files and evidence are kept in
/// (docs/design.md section 11).
#pragma once

#include "freehold/codec/car.hpp"

namespace freehold {

/// Reads a CAR of one root, whose block comes first, with each block once and no length longer than
/// need be; all hashes are checked. The reader of CARs takes more than that.
/// Errc::malformed, Errc::limit.
Result<Car> decode_exact_car(ByteView file);

/// The blocks of a CAR, which must outlive it, found by binary search: nothing is copied.
class CarStore final : public BlockStore {
 public:
  explicit CarStore(const Car& car);
  std::optional<ByteView> find(const Cid& cid) const override;

 private:
  std::vector<const Block*> blocks_;  // ascending by CID
};

}  // namespace freehold
