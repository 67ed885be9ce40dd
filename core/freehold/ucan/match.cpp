#include "freehold/ucan/match.hpp"

#include "freehold/ucan/denial.hpp"

namespace freehold {

namespace {

bool covers_ability(std::string_view pattern, std::string_view can) noexcept {
  if (pattern == can || pattern == "*") return true;
  return pattern.ends_with("/*") && can.starts_with(pattern.substr(0, pattern.size() - 1));
}

bool is_derivation(const CapabilityDefinition& definition, std::string_view can) noexcept {
  const auto from = definition.derived_from;
  return std::find(from.begin(), from.end(), can) != from.end();
}

/// The caveats, empty if it has none; null if they are no map.
const Map* caveats_of(const Capability& capability) noexcept {
  static const Map none;
  return capability.nb ? capability.nb->as_map() : &none;
}

std::string underivable(const ParsedCapability& value, std::string_view why) {
  // A claim that is malformed itself has no value yet; the reference then prints this.
  const std::string text = value.can.empty() ? std::string("[object Object]")
                                             : denial::text_of(value.can, value.with, value.nb);
  return "Can not derive " + text + " from delegated capabilities:\n" + denial::item(why);
}

/// Reads resource and caveats of `match` by its definition; a text if they do not fit what is
/// `claimed`.
std::string read(const Capability& capability, const Map* nb, const ParsedCapability& claimed,
                 Match* match, Reasons* reasons) {
  std::string misfit;
  if (!fits_resource(*match->definition, match->value.with)) {
    misfit = "Expected a " + std::string(match->definition->with_prefix) + " but got \"" +
             match->value.with + "\" instead";
  } else if (nb == nullptr) {
    misfit = "Expected value of type object";
  } else {
    misfit = read_caveats(*match->definition, *nb, &match->value.nb);
  }
  if (misfit.empty()) return {};
  reasons->note("MalformedCapability");
  return underivable(claimed, denial::malformed(capability, misfit));
}

std::string escalation(const Match& claimed, const std::string& misfit, Reasons* reasons) {
  reasons->note("EscalatedCapability");
  return underivable(claimed.value, "Constraint violation: " + misfit);
}

void add(Match match, std::string misfit, Selection* selection) {
  if (misfit.empty()) {
    selection->matches.push_back(std::move(match));
  } else {
    selection->errors.push_back(std::move(misfit));
  }
}

/// A few abilities can also be had from certain others, complete ones, for the same resource. The
/// search then goes on for that other ability.
void match_derived(const Match& claimed, const Source& source, Selection* selection,
                   Reasons* reasons) {
  const CapabilityDefinition* other = find_capability(source.capability->can);
  if (other == nullptr) return;
  Selection found;
  match_claim(*other, source, &found, reasons);
  for (std::string& error : found.errors) selection->errors.push_back(std::move(error));
  for (Match& match : found.matches) {
    if (match.value.with == claimed.value.with) {
      selection->derived.push_back(std::move(match));
    } else {
      const std::string misfit = "Can not derive " + claimed.value.can + " with " +
                                 claimed.value.with + " from " + match.value.with;
      selection->errors.push_back(escalation(claimed, misfit, reasons));
    }
  }
}

}  // namespace

void match_claim(const CapabilityDefinition& definition, const Source& source, Selection* selection,
                 Reasons* reasons) {
  const Capability& capability = *source.capability;
  if (capability.can != definition.can) {
    selection->unknown.push_back(denial::text_of(capability));
    return;
  }
  Match match{&definition, {capability.can, capability.with, {}}, source.token};
  std::string misfit = read(capability, caveats_of(capability), {}, &match, reasons);
  add(std::move(match), std::move(misfit), selection);
}

void match_delegated(const Match& claimed, const Source& source, Selection* selection,
                     Reasons* reasons) {
  const Capability& capability = *source.capability;
  if (!covers_ability(capability.can, claimed.value.can)) {
    if (is_derivation(*claimed.definition, capability.can)) {
      match_derived(claimed, source, selection, reasons);
    } else {
      selection->unknown.push_back(denial::text_of(capability));
    }
    return;
  }
  // `ucan:*` stands for whatever is claimed: the search goes on for that in the issuer's proofs.
  const bool is_any = capability.with == "ucan:*";
  Match match{claimed.definition,
              {claimed.value.can, is_any ? claimed.value.with : capability.with, {}},
              source.token};
  const Map* spelled = caveats_of(capability);
  std::string misfit;
  if (spelled == nullptr) {
    misfit = read(capability, nullptr, claimed.value, &match, reasons);
  } else {
    Map nb = claimed.value.nb;  // what the delegation leaves out is as it was claimed
    for (const auto& [key, value] : *spelled) nb.set(key, value);
    misfit = read(capability, &nb, claimed.value, &match, reasons);
  }
  if (misfit.empty()) {
    misfit = derives(*claimed.definition, claimed.value, match.value, *spelled);
    if (!misfit.empty()) misfit = escalation(claimed, misfit, reasons);
  }
  add(std::move(match), std::move(misfit), selection);
}

}  // namespace freehold
