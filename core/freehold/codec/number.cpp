#include "freehold/codec/number.hpp"

#include <cmath>

#ifdef __EMSCRIPTEN__
#include <emscripten/em_js.h>
#else
#include <charconv>
#include <cstdlib>
#endif

namespace freehold {

#ifdef __EMSCRIPTEN__

// In wasm JavaScript itself is asked: the tables of a shortest-float printer would cost a tenth of
// the whole module, and libc++ 18 cannot read floats without strtod.
// clang-format off
EM_JS(int, freehold_text_of_double, (double number, char* to), {
  const text = String(number);
  for (let i = 0; i < text.length; i++) HEAPU8[to + i] = text.charCodeAt(i);
  return text.length;
})
EM_JS(double, freehold_double_of_text, (const char* from, int size), {
  let text = "";
  for (let i = 0; i < size; i++) text += String.fromCharCode(HEAPU8[from + i]);
  return Number(text);
})
// clang-format on

std::string text_of_double(double number) {
  char text[32];  // the longest, as of -1.2345678901234567e-300, has 24
  return {text, static_cast<std::size_t>(freehold_text_of_double(number, text))};
}

std::optional<double> double_of_text(std::string_view text) {
  const double number = freehold_double_of_text(text.data(), static_cast<int>(text.size()));
  if (!std::isfinite(number)) return std::nullopt;
  return number;
}

#else

namespace {

/// Lays out `digits` (no point, no trailing zero) times 10^(exponent + 1 - digits) as ECMA-262's
/// Number::toString does: no exponent from 1e-7 (exclusive) up to 1e21.
std::string lay_out(std::string_view digits, int exponent) {
  const int count = static_cast<int>(digits.size());
  std::string text(digits);
  if (exponent >= 21 || exponent < -6) {
    if (count > 1) text.insert(1, ".");
    return text + (exponent < 0 ? "e-" : "e+") + std::to_string(std::abs(exponent));
  }
  if (exponent < 0) return "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + text;
  if (count <= exponent + 1) {
    return text.append(static_cast<std::size_t>(exponent + 1 - count), '0');
  }
  return text.insert(static_cast<std::size_t>(exponent + 1), ".");
}

}  // namespace

std::string text_of_double(double number) {
  if (number == 0) return "0";
  char buffer[32];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, std::abs(number), std::chars_format::scientific)
          .ptr;
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  const std::size_t e = text.find('e');
  std::string digits(1, text[0]);
  if (e > 1) digits += text.substr(2, e - 2);  // behind the point

  int exponent = 0;
  const char* sign = text.data() + e + 1;
  std::from_chars(*sign == '+' ? sign + 1 : sign, end, exponent);
  return (number < 0 ? "-" : "") + lay_out(digits, exponent);
}

std::optional<double> double_of_text(std::string_view text) {
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec == std::errc::result_out_of_range) {
    // It does not say which: too large, which has no value, or too small, which is zero.
    number = std::strtod(std::string(text).c_str(), nullptr);
  }
  if (!std::isfinite(number)) return std::nullopt;
  return number;
}

#endif

}  // namespace freehold
