#include "freehold/ucan/capability.hpp"

#include <algorithm>

#include "freehold/codec/dag_json.hpp"
#include "freehold/ucan/payload.hpp"
#include "freehold/ucan/shape.hpp"

namespace freehold {

namespace {

// --- derivation ---------------------------------------------------------------------------------

bool is_at_most(const Value& claimed, const Value& delegated) noexcept {
  const auto claim = safe_integer(claimed);
  const auto bound = safe_integer(delegated);
  return claim && bound && *claim <= *bound;
}

bool is_blob_within(const Value& claimed, const Value& delegated) {
  const Value* digest = claimed.find("digest");
  const Value* size = claimed.find("size");
  return digest != nullptr && size != nullptr && *digest == *delegated.find("digest") &&
         is_at_most(*size, *delegated.find("size"));
}

/// Of a link, or of {digest}.
Bytes multihash_of(const Value& content) {
  if (const Cid* link = content.as_link()) return copy_of(link->multihash());
  const Value* digest = content.find("digest");
  return digest != nullptr && digest->as_bytes() != nullptr ? *digest->as_bytes() : Bytes();
}

List items_of(const Value& value) {
  if (const List* list = value.as_list()) return *list;
  List items;
  if (const Map* map = value.as_map()) {
    for (const auto& [key, item] : *map) items.push_back(item);
  }
  return items;
}

bool is_subset(const List& claimed, const List& delegated) {
  return std::all_of(claimed.begin(), claimed.end(), [&delegated](const Value& item) {
    return std::find(delegated.begin(), delegated.end(), item) != delegated.end();
  });
}

bool are_abilities_within(const Value& claimed, const Value& delegated) {
  const List allowed = items_of(delegated);
  const auto is_all = [](const Value& item) {
    return item.find("can") != nullptr && *item.find("can") == Value("*");
  };
  return std::any_of(allowed.begin(), allowed.end(), is_all) ||
         is_subset(items_of(claimed), allowed);
}

bool is_range_within(const Value& claimed, const Value& delegated) {
  const List claim = items_of(claimed);
  const List bound = items_of(delegated);
  return claim.size() == 2 && bound.size() == 2 && is_at_most(bound[0], claim[0]) &&
         is_at_most(claim[1], bound[1]);
}

/// JavaScript's `==`: two objects are equal only if they are one.
bool is_loosely_equal(const Value& claimed, const Value& delegated) {
  const bool is_object =
      delegated.as_link() || delegated.as_bytes() || delegated.as_list() || delegated.as_map();
  return !is_object && claimed == delegated;
}

bool holds(Rule rule, const Value& claimed, const Value& delegated) {
  switch (rule) {
    case Rule::same: return claimed == delegated;
    case Rule::loose: return is_loosely_equal(claimed, delegated);
    case Rule::free: return true;
    case Rule::at_most: return is_at_most(claimed, delegated);
    case Rule::blob: return is_blob_within(claimed, delegated);
    case Rule::content: return multihash_of(claimed) == multihash_of(delegated);
    case Rule::subset: return is_subset(items_of(claimed), items_of(delegated));
    case Rule::abilities: return are_abilities_within(claimed, delegated);
    case Rule::within: return is_range_within(claimed, delegated);
  }
  return false;
}

bool covers_resource(const CapabilityDefinition& definition, std::string_view claimed,
                     std::string_view delegated) noexcept {
  if (definition.is_resource_pattern && delegated.ends_with('*')) {
    return claimed.starts_with(delegated.substr(0, delegated.size() - 1));
  }
  return claimed == delegated;
}

Misfit violation(std::string_view name, const Value* claimed, const Value& delegated) {
  return std::string(name) + ": " + (claimed ? encode_dag_json(*claimed) : "nothing") +
         " violates imposed " + encode_dag_json(delegated);
}

}  // namespace

bool fits_resource(const CapabilityDefinition& definition, std::string_view with) noexcept {
  return with.starts_with(definition.with_prefix) ||
         (!definition.with_prefix_other.empty() && with.starts_with(definition.with_prefix_other));
}

Misfit read_caveats(const CapabilityDefinition& definition, const Map& nb, Map* read) {
  if (definition.is_open) {
    *read = nb;
    return {};
  }
  return read_fields(definition.nb, nb, read);
}

Misfit derives(const CapabilityDefinition& definition, const ParsedCapability& claimed,
               const ParsedCapability& delegated, const Map& spelled) {
  if (!covers_resource(definition, claimed.with, delegated.with)) {
    return "Resource " + claimed.with + " is not contained by " + delegated.with;
  }
  const auto check = [&](std::string_view name, Rule rule) -> Misfit {
    const Value* bound = delegated.nb.find(name);
    if (bound == nullptr || spelled.find(name) == nullptr) return {};
    const Value* claim = claimed.nb.find(name);
    if (rule == Rule::free || (claim != nullptr && holds(rule, *claim, *bound))) return {};
    return violation(name, claim, *bound);
  };
  if (definition.is_open) {
    for (const auto& [name, value] : spelled) {
      if (Misfit misfit = check(name, Rule::loose); !misfit.empty()) return misfit;
    }
  }
  for (const CaveatField& field : definition.nb) {
    if (Misfit misfit = check(field.name, field.rule); !misfit.empty()) return misfit;
  }
  return {};
}

}  // namespace freehold
