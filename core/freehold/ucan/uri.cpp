#include "freehold/ucan/uri.hpp"

#include <cstdint>

namespace freehold {

namespace {

bool is_alpha(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

/// Schemes whose URLs must have a host, with their default ports.
struct Special {
  std::string_view scheme;
  std::string_view port;
};
constexpr Special specials[] = {
    {"http", "80"}, {"https", "443"}, {"ws", "80"}, {"wss", "443"}, {"ftp", "21"}};

const Special* special_of(std::string_view scheme) noexcept {
  for (const Special& special : specials) {
    if (special.scheme == scheme) return &special;
  }
  return nullptr;
}

/// The scheme in lower case; empty if `text` does not begin with one.
std::string scheme_of(std::string_view text) {
  std::string scheme;
  for (const char c : text) {
    if (c == ':') return scheme;
    const bool fits =
        is_alpha(c) || (!scheme.empty() && (is_digit(c) || c == '+' || c == '-' || c == '.'));
    if (!fits) return {};
    scheme += lower(c);
  }
  return {};
}

bool is_host_char(char c) noexcept {
  return static_cast<std::uint8_t>(c) > 0x20 && c != 0x7f &&
         std::string_view("#/:<>?@[\\]^|%").find(c) == std::string_view::npos;
}

bool is_ipv6(std::string_view text) noexcept {
  if (text.size() < 4 || text.front() != '[' || text.back() != ']') return false;
  for (const char c : text.substr(1, text.size() - 2)) {
    const bool fits = is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f') || c == ':' || c == '.';
    if (!fits) return false;
  }
  return text.find(':') != text.npos;
}

struct Authority {
  std::string_view user;  // with its '@'
  std::string_view host;
  std::string_view port;
};

std::optional<Authority> parse_authority(std::string_view text) noexcept {
  Authority parts;
  if (const std::size_t at = text.rfind('@'); at != text.npos) {
    parts.user = text.substr(0, at + 1);
    text.remove_prefix(at + 1);
  }
  const std::size_t colon = text.rfind(':');
  if (colon != text.npos && text.find(']', colon) == text.npos) {
    parts.port = text.substr(colon + 1);
    text = text.substr(0, colon);
  }
  parts.host = text;
  unsigned port = 0;
  for (const char c : parts.port) {
    if (!is_digit(c)) return std::nullopt;
    port = port * 10 + static_cast<unsigned>(c - '0');
    if (port > 65535) return std::nullopt;
  }
  if (is_ipv6(parts.host)) return parts;
  for (const char c : parts.host) {
    if (!is_host_char(c)) return std::nullopt;
  }
  return parts;
}

std::string_view trimmed(std::string_view text) noexcept {
  const auto is_space = [](char c) { return static_cast<std::uint8_t>(c) <= 0x20; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<std::string> href_of(std::string_view text) {
  text = trimmed(text);
  const std::string scheme = scheme_of(text);
  if (scheme.empty()) return std::nullopt;
  std::string_view rest = text.substr(scheme.size() + 1);
  const Special* special = special_of(scheme);
  if (special == nullptr && (!rest.starts_with("//") || scheme == "file")) {
    return scheme + ":" + std::string(rest);  // an opaque path: anything goes
  }
  if (special == nullptr) {
    rest.remove_prefix(2);
  } else {
    while (!rest.empty() && (rest[0] == '/' || rest[0] == '\\')) rest.remove_prefix(1);
  }
  const std::size_t end = std::min(rest.find_first_of(special ? "/\\?#" : "/?#"), rest.size());
  const auto authority = parse_authority(rest.substr(0, end));
  if (!authority || (special != nullptr && authority->host.empty())) return std::nullopt;

  std::string href = scheme + "://" + std::string(authority->user);
  for (const char c : authority->host) href += special ? lower(c) : c;
  const std::string_view default_port = special ? special->port : std::string_view();
  if (!authority->port.empty() && authority->port != default_port) {
    (href += ':') += authority->port;
  }
  if (special != nullptr && (end == rest.size() || rest[end] == '?' || rest[end] == '#'))
    href += '/';
  return href += rest.substr(end);
}

bool is_uri(std::string_view text) {
  return href_of(text).has_value();
}

}  // namespace freehold
