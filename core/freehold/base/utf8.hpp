/// UTF-8, as strict as Unicode is: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include "freehold/base/bytes.hpp"

namespace freehold {

bool is_utf8(ByteView bytes) noexcept;

/// Appends `code_point`; surrogates and what is too large become U+FFFD, as in JavaScript.
void write_utf8(std::string& to, std::uint32_t code_point);

}  // namespace freehold
