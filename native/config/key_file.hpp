/// Private keys in files: one line of multibase text, for the owner's eyes only.
#pragma once

#include <filesystem>
#include <string>

#include "freehold/ucan/did.hpp"

namespace freehold::native {

/// From the system's randomness.
Ed25519Key new_key();

Result<Ed25519Key> read_key_file(const std::filesystem::path& file);

/// Writes a new file with mode 0600; never over an old one (Errc::invalid_key).
Result<> write_key_file(const std::filesystem::path& file, const Ed25519Key& key);

}  // namespace freehold::native
