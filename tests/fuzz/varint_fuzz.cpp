// What a varint decodes to encodes to the same bytes, or fewer where it was longer than need be.

#include <cstdlib>

#include "freehold/base/varint.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto varint = freehold::read_varint({data, size});
  if (!varint) return 0;
  if (varint->size == 0 || varint->size > size) std::abort();

  freehold::Bytes encoded;
  freehold::write_varint(encoded, varint->value);
  if (encoded.size() > varint->size) std::abort();
  if (encoded.size() != freehold::varint_size(varint->value)) std::abort();
  const auto again = freehold::read_varint(encoded);
  if (!again || again->value != varint->value) std::abort();
  return 0;
}
