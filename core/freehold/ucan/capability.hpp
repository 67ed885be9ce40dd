/// Capability definitions as data: which resource an ability acts on, what its caveats (`nb`) look
/// like, and when a delegated capability covers a claimed one. Source: protocol.md sections 6, 8
/// and 11.
#pragma once

#include "freehold/ucan/shape.hpp"

namespace freehold {

struct CapabilityDefinition {
  std::string_view can;
  std::string_view with_prefix;  // of the resource's text
  std::span<const CaveatField> nb = {};
  std::string_view with_prefix_other = {};  // a second one that will do, if not empty
  /// A delegated resource that ends in `*` covers what begins like it (the reference's default).
  bool is_resource_pattern = false;
  /// `nb` may be any map, and goes by Rule::loose: for abilities without a definition.
  bool is_open = false;
  /// Delegations of exactly these abilities with the same resource will do as well.
  std::span<const std::string_view> derived_from = {};
};

namespace resource {
inline constexpr std::string_view any = "";
inline constexpr std::string_view did = "did:";
inline constexpr std::string_view space = "did:key:";
inline constexpr std::string_view account = "did:mailto:";
inline constexpr std::string_view provider = "did:web:";
}  // namespace resource

/// The definition of an ability that we know, or null.
const CapabilityDefinition* find_capability(std::string_view can) noexcept;

/// The caveats in the form of `fields`: known fields only, URIs normalised. Misfit if they are not
/// of that form.
Misfit read_caveats(const CapabilityDefinition& definition, const Map& nb, Map* read);
bool fits_resource(const CapabilityDefinition& definition, std::string_view with) noexcept;

/// One capability by its definition, as it is claimed or delegated.
struct ParsedCapability {
  std::string can;
  std::string with;
  Map nb;
};

/// Whether `delegated`, of which `spelled` are the caveats that its UCAN itself has, covers
/// `claimed`; both were read by `definition`.
Misfit derives(const CapabilityDefinition& definition, const ParsedCapability& claimed,
               const ParsedCapability& delegated, const Map& spelled);

}  // namespace freehold
