/// Text from outside, as it may be printed on a terminal.
#pragma once

#include <string>

#include "freehold/codec/value.hpp"

namespace freehold::native {

/// On one line, without what a terminal would obey, and not too long.
std::string shown(std::string_view text);
std::string shown_key(const Bytes& key);
std::string shown_value(const Value& value);
std::string shown_time(std::int64_t seconds);

}  // namespace freehold::native
