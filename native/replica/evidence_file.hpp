/// Evidence against an authority, kept in the folder of the replica that it lied to, so that others
/// can be convinced: `freehold verify` says what it proves.
#pragma once

#include <filesystem>

#include "freehold/sync/evidence.hpp"
#include "native/replica/failure.hpp"

namespace freehold::native {

/// What the authority is accused of, with the name of the file that now holds the evidence. A lie
/// that is met again has the same file. `services` are those whose keys a verifier is to be told.
Failure with_evidence(Failure failure, const std::filesystem::path& folder, ByteView evidence,
                      const KnownServices& services);

}  // namespace freehold::native
