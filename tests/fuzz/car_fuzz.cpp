// The blocks of a CAR are found again when they are written to another.

#include <cstdlib>

#include "freehold/codec/car.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace freehold;
  const auto car = decode_car({data, size}, CheckHashes::no);
  const auto checked = decode_car({data, size});
  if (checked && !car) std::abort();
  if (!car) return 0;
  const auto again = decode_car(encode_car(car->roots, car->blocks), CheckHashes::no);
  if (!again || again->roots != car->roots || again->blocks.size() != car->blocks.size()) {
    std::abort();
  }
  return 0;
}
