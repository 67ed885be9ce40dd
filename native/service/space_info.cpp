// space/info, and the table of handlers.
#include "native/service/errors.hpp"
#include "native/service/handlers.hpp"
#include "native/service/usage.hpp"

namespace freehold::native {

Result<Outcome> space_info(Call& call) {
  const std::string& did = call.capability().with;
  const Space* space = call.turn.space(did);
  const auto subscription = space == nullptr
                                ? std::nullopt
                                : find_subscription(call.turn.kv(), space->id(), call.tenant.did());
  if (!subscription) {
    return Outcome::failed(error_of("SpaceUnknown", "Space not found: " + did));
  }
  return Outcome::ok(
      Map{{"did", Value(did)}, {"providers", Value(List{Value(subscription->provider.text())})}});
}

const Ability* find_ability(std::string_view can) noexcept {
  static constexpr Ability abilities[] = {
      {ability::blob_add, add_blob, false},
      {ability::conclude, conclude, false},
      {"space/info", space_info, true},
  };
  for (const Ability& one : abilities) {
    if (one.can == can) return &one;
  }
  return nullptr;
}

}  // namespace freehold::native
