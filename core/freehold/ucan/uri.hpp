/// URIs, as far as capabilities need them: does the text parse, and what is its normal form.
///
/// Source: the URL standard (WHATWG), which the reference uses. Not covered: names in other than
/// ASCII (taken as they are), and the odd spellings of IPv4 addresses.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace freehold {

/// Whether `new URL(text)` of JavaScript would take `text`.
bool is_uri(std::string_view text);

/// Scheme and host in lower case, no default port, at least "/" as path of an http URL; nothing if
/// `text` is no URI.
std::optional<std::string> href_of(std::string_view text);

}  // namespace freehold
