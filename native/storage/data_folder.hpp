/// The database in a data folder, if it is one that this build can read.
///
///     DIR/state/   LMDB:  "format" -> {kind, number}, the mark of its records; and these, with a
///                  journal (journal.hpp)
///
/// No key of a server or of a replica begins as these two do (service/layout.hpp,
/// replica/local_replica.hpp).
#pragma once

#include <string>

#include <tl/expected.hpp>

#include "native/storage/lmdb.hpp"

namespace freehold::native {

/// Whose records lie in a folder, and in which form: the number goes up with every change that an
/// older build would misread, or that misreads what an older build has written.
struct FolderFormat {
  const char* kind;
  std::uint64_t number;
};
inline constexpr FolderFormat server_format{"server", 1};
inline constexpr FolderFormat replica_format{"replica", 1};

/// `name` is one of `name_of`, or `OtherFormat`; `message` begins with the folder.
struct FolderError {
  std::string name;
  std::string message;
};

std::filesystem::path state_path(const std::filesystem::path& folder);

/// Opens the database in `folder`, or makes it; a new one gets the mark in its first transaction.
/// Refuses one with another mark, or with data and none.
tl::expected<std::unique_ptr<KvEngine>, FolderError> open_data_folder(
    const std::filesystem::path& folder, const FolderFormat& format,
    LmdbMode mode = LmdbMode::read_write);

}  // namespace freehold::native
