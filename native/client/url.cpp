#include "native/client/url.hpp"

#include <algorithm>

namespace freehold::native {

namespace {

[[noreturn]] void refuse(std::string_view text, const char* why) {
  throw Failure("Malformed", "address " + std::string(text.substr(0, 200)) + ": " + why);
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
         std::stoi(std::string(text)) > 0 && std::stoi(std::string(text)) <= 0xffff;
}

}  // namespace

std::string Url::authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (is_secure ? "443" : "80") ? name : name + ":" + port;
}

std::string Url::text() const {
  return (is_secure ? "https://" : "http://") + authority() + path;
}

Url parse_url(std::string_view text) {
  for (const char c : text) {
    if (c <= ' ' || c == '\x7f' || c == '#' || c == '@' || c == '\\') {
      refuse(text, "spaces, '#', '@' and '\\' do not belong in it");
    }
  }
  Url url;
  std::string_view rest = text;
  if (rest.starts_with("https://")) {
    url.is_secure = true;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    refuse(text, "it begins with http:// or https://");
  }
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, end);
  if (end == rest.size() || rest[end] != '/') url.path.push_back('/');
  url.path.append(rest.substr(end));
  const bool is_bracketed = authority.starts_with('[');
  const std::size_t close = is_bracketed ? authority.find(']') : authority.find(':');
  if (is_bracketed && close == std::string_view::npos) refuse(text, "a ']' is missing");
  url.host = is_bracketed ? authority.substr(1, close - 1) : authority.substr(0, close);
  authority.remove_prefix(std::min(close + (is_bracketed ? 1 : 0), authority.size()));
  url.port = url.is_secure ? "443" : "80";
  if (!authority.empty()) {
    if (authority[0] != ':' || !is_port(authority.substr(1))) {
      refuse(text, "a port is a number from 1 to 65535");
    }
    url.port.assign(authority.substr(1));
  }
  if (url.host.empty()) refuse(text, "the host is missing");
  return url;
}

}  // namespace freehold::native
