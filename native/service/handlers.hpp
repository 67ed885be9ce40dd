/// The abilities that may wait in a queue, each a function from a call to what came of it.
#pragma once

#include "native/service/turn.hpp"

namespace freehold::native {

Result<Outcome> add_blob(Call& call);    // space/blob/add
Result<Outcome> conclude(Call& call);    // ucan/conclude
Result<Outcome> space_info(Call& call);  // space/info

}  // namespace freehold::native
