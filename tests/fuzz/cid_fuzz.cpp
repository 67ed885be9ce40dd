// A CID is the bytes that it was read from, and comes back from its text.

#include <cstdlib>

#include "freehold/block/cid.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace freehold;
  const ByteView bytes(data, size);
  const auto cid = Cid::decode(bytes);
  if (cid.has_value() != Cid::is_valid(bytes)) std::abort();
  if (cid) {
    if (!equal(cid->bytes(), bytes)) std::abort();
    const auto back = Cid::parse(cid->text());
    if (!back || *back != *cid) std::abort();
    cid->matches(bytes);
  }
  if (const auto parsed = Cid::parse(text_of(bytes))) {
    if (!Cid::is_valid(parsed->bytes())) std::abort();
  }
  return 0;
}
