/// The texts by which the validator says why not. Source: protocol.md section 5.
#pragma once

#include "freehold/ucan/ucan.hpp"

namespace freehold::denial {

/// `text` as an item of a list, its lines indented.
std::string item(std::string_view text);
/// Appends the items to `to`, as long as that stays within denial_bytes_max.
void append_items(std::string& to, const std::vector<std::string>& texts);

/// "Sun Sep 13 2020 12:26:40 GMT+0000 (Coordinated Universal Time)", as JavaScript writes dates.
std::string date(std::int64_t seconds);

std::string expired(const Ucan& ucan);
std::string too_early(const Ucan& ucan);
std::string invalid_signature(const Ucan& ucan, const Did& key);
std::string unavailable(const Cid& proof);
std::string misaligned(const Ucan& proof, const Did& wanted);
std::string unresolved(const Did& did);
std::string revoked(const Cid& ucan);
std::string malformed(const Capability& capability, std::string_view misfit);
/// {"can":…,"with":…,"nb":…}
std::string text_of(std::string_view can, std::string_view with, const Map& nb);
std::string text_of(const Capability& capability);

}  // namespace freehold::denial
