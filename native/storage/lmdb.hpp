/// The embedded engine: LMDB, one folder, memory-mapped. One writer at a time, readers never wait.
#pragma once

#include <filesystem>
#include <memory>

#include "native/storage/kv.hpp"

namespace freehold::native {

/// `read_write` keeps other writers away; `shared` lets them in, one transaction at a time. What is
/// written to a `scratch` one outlives the process, but not the machine: commits wait for no disk.
enum class LmdbMode { read_write, shared, read_only, scratch };

/// Opens or makes the database in `folder`. The map grows with the data. Other processes may read
/// at the same time; a second one that would write is refused, unless the mode is `shared`.
Result<std::unique_ptr<KvEngine>> open_lmdb(const std::filesystem::path& folder,
                                            LmdbMode mode = LmdbMode::read_write);

}  // namespace freehold::native
