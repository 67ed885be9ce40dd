#include "freehold/ucan/payload.hpp"

#include <cmath>

#include "freehold/base/limits.hpp"
#include "freehold/ucan/uri.hpp"

namespace freehold {

namespace {

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

Result<Did> read_principal(const Value* value, PayloadForm form, const char* what) {
  if (form == PayloadForm::cbor) {
    const Bytes* bytes = value != nullptr ? value->as_bytes() : nullptr;
    if (bytes == nullptr) return fail(Errc::malformed, what);
    return Did::decode(*bytes);
  }
  const std::string* text = value != nullptr ? value->as_text() : nullptr;
  if (text == nullptr) return fail(Errc::malformed, what);
  return Did::parse(*text);
}

/// `*`, or segments with a `/` that is neither first nor last. In lower case.
Result<std::string> read_ability(const Value* value) {
  const std::string* text = value != nullptr ? value->as_text() : nullptr;
  if (text == nullptr) return fail(Errc::malformed, "can is not text");
  const std::size_t slash = text->find('/', 1);
  if (*text != "*" && (slash == text->npos || slash + 1 == text->size())) {
    return fail(Errc::malformed, "can has no path segment");
  }
  std::string ability = *text;
  for (char& c : ability) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return ability;
}

Result<Capability> read_capability(const Value& value) {
  const Map* map = value.as_map();
  if (map == nullptr) return fail(Errc::malformed, "a capability that is not a map");
  Capability capability;
  FH_TRY(capability.can, read_ability(map->find("can")));
  const Value* with = map->find("with");
  if (with == nullptr || with->as_text() == nullptr || !is_uri(*with->as_text())) {
    return fail(Errc::malformed, "with is not a URI");
  }
  capability.with = *with->as_text();
  for (const auto& [key, item] : *map) {
    if (key == "nb") {
      capability.nb = item;
    } else if (key != "can" && key != "with") {
      capability.more.set(key, item);
    }
  }
  return capability;
}

Result<Cid> read_proof(const Value& value, PayloadForm form) {
  if (form == PayloadForm::cbor) {
    if (value.as_link() == nullptr) return fail(Errc::malformed, "prf has what is not a link");
    return *value.as_link();
  }
  const std::string* text = value.as_text();
  if (text == nullptr) return fail(Errc::malformed, "prf has what is not text");
  if (auto cid = Cid::parse(*text)) return cid;
  // A JWT inside the JWT: the link carries it in itself.
  return Cid::of_identity(codec::raw, view_of(*text));
}

/// An optional list: absent reads as empty, and null is not absent.
Result<const List*> read_list(const Map& payload, std::string_view key, std::size_t max,
                              const char* what) {
  static const List none;
  const Value* value = payload.find(key);
  if (value == nullptr) return &none;
  if (value->as_list() == nullptr) return fail(Errc::malformed, what);
  if (value->as_list()->size() > max) return fail(Errc::limit, what);
  return value->as_list();
}

Result<> read_lists(const Map& payload, PayloadForm form, UcanFields* fields) {
  if (payload.find("att") == nullptr) return fail(Errc::malformed, "att is missing");
  FH_TRY(const List* capabilities, read_list(payload, "att", limits::ucan_capabilities_max, "att"));
  for (const Value& value : *capabilities) {
    FH_TRY(Capability capability, read_capability(value));
    fields->capabilities.push_back(std::move(capability));
  }
  FH_TRY(const List* proofs, read_list(payload, "prf", limits::ucan_proofs_max, "prf"));
  for (const Value& value : *proofs) {
    FH_TRY(Cid proof, read_proof(value, form));
    fields->proofs.push_back(std::move(proof));
  }
  FH_TRY(const List* facts, read_list(payload, "fct", limits::decoded_values_max, "fct"));
  for (const Value& value : *facts) {
    if (value.as_map() == nullptr) return fail(Errc::malformed, "fct has what is not a map");
    fields->facts.push_back(*value.as_map());
  }
  return {};
}

}  // namespace

std::optional<std::int64_t> safe_integer(const Value& value) noexcept {
  constexpr auto max = static_cast<std::int64_t>(limits::integer_safe_max);
  if (const double* real = value.as_double()) {
    if (std::trunc(*real) != *real || std::abs(*real) > static_cast<double>(max))
      return std::nullopt;
    return static_cast<std::int64_t>(*real);
  }
  const auto number = value.as_integer() ? value.as_integer()->as_int64() : std::nullopt;
  if (!number || *number > max || *number < -max) return std::nullopt;
  return number;
}

bool is_version(std::string_view text) noexcept {
  int dots = 0;  // that stand between digits, in an unbroken run
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_digit(text[i])) {
      if (dots == 2) return true;
    } else {
      const bool is_dot = text[i] == '.' && i > 0 && is_digit(text[i - 1]);
      dots = is_dot ? dots + 1 : 0;
    }
  }
  return false;
}

Result<> read_payload(const Map& payload, PayloadForm form, UcanFields* fields) {
  FH_TRY(fields->issuer, read_principal(payload.find("iss"), form, "iss"));
  FH_TRY(fields->audience, read_principal(payload.find("aud"), form, "aud"));
  FH_CHECK(read_lists(payload, form, fields));
  const Value* expires = payload.find("exp");
  if (expires == nullptr) return fail(Errc::malformed, "exp is missing");
  if (!expires->is_null()) {
    fields->expires = safe_integer(*expires);
    if (!fields->expires) return fail(Errc::malformed, "exp is not an integer");
  }
  if (const Value* not_before = payload.find("nbf")) {
    fields->not_before = safe_integer(*not_before);
    if (!fields->not_before) return fail(Errc::malformed, "nbf is not an integer");
  }
  if (const Value* nonce = payload.find("nnc")) {
    if (nonce->as_text() == nullptr) return fail(Errc::malformed, "nnc is not text");
    fields->nonce = *nonce->as_text();
  }
  return {};
}

}  // namespace freehold
