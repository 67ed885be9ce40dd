// What decodes as DAG-CBOR is canonical: it encodes to the bytes that it came from. The walkers
// that build no value agree with the decoder.

#include <cstdlib>

#include "freehold/codec/cbor.hpp"
#include "freehold/codec/dag_json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace freehold;
  const ByteView bytes(data, size);
  const auto value = decode_cbor(bytes);
  const auto links = links_of_cbor(bytes);
  if (value && !equal(encode_cbor(*value), bytes)) std::abort();
  if (value && !links) std::abort();
  if (check_value(bytes) && !links) std::abort();
  if (value) encode_dag_json(*value);
  if (const auto json = decode_dag_json(text_of(bytes))) {
    const std::string text = encode_dag_json(*json);
    if (!decode_cbor(encode_cbor(*json)) && text.find("__proto__") == text.npos &&
        text.find("\xef\xbb\xbf") == text.npos) {
      std::abort();
    }
  }
  return 0;
}
