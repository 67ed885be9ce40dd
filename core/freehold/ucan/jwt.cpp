#include "freehold/base/multibase.hpp"
#include "freehold/codec/dag_json.hpp"
#include "freehold/ucan/payload.hpp"

namespace freehold {

Result<Ucan> decode_jwt(std::string_view text) {
  const std::size_t first = text.find('.');
  const std::size_t last = text.rfind('.');
  if (first == text.npos || text.find('.', first + 1) != last || first == last) {
    return fail(Errc::malformed, "not a JWT of three parts");
  }
  FH_TRY(const Bytes header_text, decode_base(Base::base64url, text.substr(0, first)));
  FH_TRY(const Bytes payload_text,
         decode_base(Base::base64url, text.substr(first + 1, last - first - 1)));
  FH_TRY(Bytes signature, decode_base(Base::base64url, text.substr(last + 1)));
  FH_TRY(const Value header, decode_dag_json(text_of(header_text)));
  FH_TRY(const Value payload, decode_dag_json(text_of(payload_text)));

  const auto text_under = [&header](std::string_view key) {
    const Value* value = header.find(key);
    return value != nullptr ? value->as_text() : nullptr;
  };
  const std::string* type = text_under("typ");
  const std::string* version = text_under("ucv");
  const std::string* algorithm = text_under("alg");
  if (type == nullptr || *type != "JWT") return fail(Errc::malformed, "typ is not JWT");
  if (version == nullptr || !is_version(*version)) return fail(Errc::malformed, "ucv");
  if (algorithm == nullptr) return fail(Errc::malformed, "alg is not text");
  if (payload.as_map() == nullptr) return fail(Errc::malformed, "a payload that is not a map");

  Ucan ucan;
  FH_CHECK(read_payload(*payload.as_map(), PayloadForm::jwt, &ucan));
  ucan.version = *version;
  ucan.signature = Varsig::named(*algorithm, std::move(signature));
  return ucan;
}

}  // namespace freehold
