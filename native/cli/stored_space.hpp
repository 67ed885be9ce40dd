/// A space in the data folder of a server, which may be running: for commands that read one.
#pragma once

#include <functional>
#include <string>

#include "native/service/space.hpp"

namespace freehold::native {

/// Gives `use` the space as it is now. Empty, or what went wrong: there is no such folder or space,
/// or what `use` says.
std::string read_space(const std::string& data, const Did& did,
                       const std::function<Result<>(Space&)>& use);

}  // namespace freehold::native
