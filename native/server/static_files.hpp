/// Files of the operator's, served as they are: the pages that use the service from its own origin.
#pragma once

#include <filesystem>
#include <optional>

#include "freehold/ucan/dispatch.hpp"

namespace freehold::native {

/// A folder and the path under which its files appear; "/" for the root.
struct Mount {
  std::filesystem::path folder;
  std::string path = "/";  // begins with a slash, ends with one
};

/// From "DIR" or "DIR=/path". Nothing if there is no such folder.
std::optional<Mount> parse_mount(std::string_view text);

/// The reply to GET `path` (still percent-encoded, without query): a file, 304, or a redirect to a
/// folder's proper name. Nothing if no mount has it. Never anything outside of the folders.
std::optional<HttpReply> static_reply(const std::vector<Mount>& mounts, std::string_view path,
                                      std::string_view if_none_match);

}  // namespace freehold::native
