/// Numbers as JavaScript writes and reads them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace freehold {

/// The shortest text that reads back as `number`, in the form of JavaScript's String(number).
/// @pre `number` is finite.
std::string text_of_double(double number);

/// The double nearest to a JSON number. Nothing if that is infinite.
/// @pre `text` is a number by JSON's grammar.
std::optional<double> double_of_text(std::string_view text);

/// The digits of -2^64, the least integer of CBOR: one over 64 bits.
inline constexpr std::string_view lowest_digits = "18446744073709551616";

}  // namespace freehold
