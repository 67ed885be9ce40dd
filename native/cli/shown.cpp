#include "native/cli/shown.hpp"

#include <ctime>

#include "freehold/base/utf8.hpp"
#include "freehold/codec/dag_json.hpp"

namespace freehold::native {

namespace {

constexpr std::size_t shown_bytes_max = 160;

}  // namespace

std::string shown(std::string_view text) {
  std::string clean;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool is_c1 = byte == 0xc2 && i + 1 < text.size() && (text[i + 1] & 0x60) == 0;
    if (byte < 0x20 || byte == 0x7f || is_c1) {
      clean += "\\x";
      clean += hex_of(view_of(text.substr(is_c1 ? ++i : i, 1)));
    } else {
      clean += text[i];
    }
    if (clean.size() > shown_bytes_max && i + 1 < text.size()) {
      return clean + "... (" + std::to_string(text.size()) + " bytes)";
    }
  }
  return clean;
}

std::string shown_key(const Bytes& key) {
  return is_utf8(key) ? shown(text_of(key)) : "0x" + hex_of(key);
}

std::string shown_value(const Value& value) {
  return shown(encode_dag_json(value, KeyOrder::kept));
}

std::string shown_time(std::int64_t seconds) {
  const std::time_t time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  char text[32] = "";
  if (::gmtime_r(&time, &parts) != nullptr) {
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
  }
  return text;
}

}  // namespace freehold::native
