// A request is answered or refused, whatever it is; an answer is a message that can be read.

#include <cstdlib>

#include "freehold/ucan/legacy.hpp"

namespace {

using namespace freehold;

class NoHandlers final : public Handlers {
 public:
  const CapabilityDefinition* find(std::string_view can) const override {
    return find_capability(can);
  }
  Outcome run(const Call&) override { return Outcome::ok(Map()); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Service service{Signer(Ed25519Key(Ed25519Seed{})), {}, {}, Dialect::with_legacy};
  NoHandlers handlers;
  for (const char* type : {"application/vnd.ipld.car", "application/car"}) {
    const Header headers[] = {{"content-type", type}, {"accept", "application/vnd.ipld.car"}};
    const HttpReply reply = answer_any_request(headers, {data, size}, service, handlers);
    if (reply.status == 200 && !decode_message(reply.body)) std::abort();
  }
  return 0;
}
