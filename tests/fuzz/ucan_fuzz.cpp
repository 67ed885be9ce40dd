// A UCAN that was read can be sealed again, with the same signed text; a receipt likewise.

#include <cstdlib>

#include "freehold/ucan/receipt.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace freehold;
  const Block block = Block::of_cbor({data, data + size});
  if (const auto ucan = Ucan::decode(block)) {
    const auto again = Ucan::decode(seal(*ucan, ucan->signature).block);
    if (!again || signed_text(*again) != signed_text(*ucan)) std::abort();
    verify_signature(*ucan, ucan->issuer);
  }
  if (const auto receipt = Receipt::decode(block)) {
    const auto again = Receipt::decode(seal(*receipt, receipt->signature).block);
    if (!again || signed_bytes(*again) != signed_bytes(*receipt)) std::abort();
  }
  return 0;
}
