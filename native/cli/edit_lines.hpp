/// Edits in a file, a line of JSON each: {"key", "value"} or {"key", "delete": true}.
#pragma once

#include <functional>

#include "freehold/db/replica.hpp"
#include "native/cli/console.hpp"

namespace freehold::native {

/// All of them, checked; "-" is standard input. `progress` hears of every line. Failures name the
/// line: Malformed, InvalidKey, InvalidValue, LimitExceeded, NotFound.
std::vector<Replica::Change> read_edit_lines(const std::string& name, const Console& console,
                                             const std::function<void(std::uint64_t)>& progress);

}  // namespace freehold::native
