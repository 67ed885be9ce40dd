#include "freehold/sync/exact_car.hpp"

#include <algorithm>

#include "freehold/base/heap_sort.hpp"
#include "freehold/base/varint.hpp"

namespace freehold {

namespace {

/// Of the CAR header with its length: {"roots": [one link to DAG-CBOR by SHA-256], "version": 1}.
constexpr std::size_t header_size = 59;

/// Whether nothing is in the file but one root, its block first, and each block once: all else that
/// the reader of CARs takes is longer.
bool is_exact(const Car& car, std::size_t file_size) {
  if (car.roots.size() != 1 || car.blocks.empty() || !(car.roots[0] == car.blocks[0].cid) ||
      !car.roots[0].is_cbor_sha256()) {
    return false;
  }
  std::size_t size = header_size;
  for (const Block& block : car.blocks) {
    const std::size_t section = block.cid.bytes().size() + block.bytes().size();
    size += varint_size(section) + section;
  }
  return size == file_size;
}

}  // namespace

Result<Car> decode_exact_car(ByteView file) {
  FH_TRY(Car car, decode_car(file));
  if (!is_exact(car, file.size())) {
    return fail(Errc::malformed, "not a CAR of one root, that first, each block once");
  }
  return car;
}

CarStore::CarStore(const Car& car) {
  for (const Block& block : car.blocks) blocks_.push_back(&block);
  heap_sort(blocks_, [](const Block* a, const Block* b) { return a->cid < b->cid; });
}

std::optional<ByteView> CarStore::find(const Cid& cid) const {
  const auto found =
      std::lower_bound(blocks_.begin(), blocks_.end(), cid,
                       [](const Block* block, const Cid& wanted) { return block->cid < wanted; });
  if (found == blocks_.end() || !((*found)->cid == cid)) return std::nullopt;
  return (*found)->bytes();
}

}  // namespace freehold
