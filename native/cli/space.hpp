/// `freehold space`: commands on a replica of a space in a folder. docs/cli.md describes them.
#pragma once

#include "native/cli/command.hpp"
#include "native/cli/console.hpp"

namespace freehold::native {

/// One command. The first line of `help` is its form.
struct SpaceCommand {
  const char* name;
  const char* help;
  std::vector<std::string> options;  // besides --json and --base, which all commands have
  std::vector<std::string> flags;
  std::size_t words_min;
  std::size_t words_max;
  int (*run)(const Arguments& arguments, const Console& console);
};

SpaceCommand space_new();
SpaceCommand space_clone();
SpaceCommand space_share();
SpaceCommand space_sync();
SpaceCommand space_watch();
SpaceCommand space_ls();
SpaceCommand space_get();
SpaceCommand space_put();
SpaceCommand space_rm();
SpaceCommand space_log();
SpaceCommand space_diff();
SpaceCommand space_merge();
SpaceCommand space_export();
SpaceCommand space_import();
SpaceCommand space_check();
SpaceCommand space_proof();
SpaceCommand space_verify();

/// What a command ends with.
namespace status {
inline constexpr int ok = 0;
inline constexpr int failed = 1;
inline constexpr int usage = 2;
inline constexpr int not_found = 3;  // the key
inline constexpr int conflict = 4;   // all is done; entries lost a merge
inline constexpr int refused = 5;    // by the service: some keys, or the whole request
inline constexpr int offline = 6;
inline constexpr int rollback = 7;
inline constexpr int fork = 8;
inline constexpr int unsound = 9;  // what was checked is not what it should be
inline constexpr int rebase_required = 10;
}  // namespace status

}  // namespace freehold::native
