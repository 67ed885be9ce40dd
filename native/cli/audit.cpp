// freehold audit: whether what is stored of a space is what it needs, and how much that is.
#include "native/service/audit.hpp"

#include <cstdio>

#include "native/boost.hpp"
#include "native/cli/command.hpp"
#include "native/storage/data_folder.hpp"

namespace freehold::native {

namespace {

constexpr const char* help =
    "freehold audit --data DIR --space DID\n"
    "\n"
    "Reads all that is stored of a space and compares it with what its head, its checkpoints and\n"
    "its retention window need. Prints {\"fault\", \"entries\", ..., \"usedBytes\", "
    "\"fileBytes\"};\n"
    "the status is 1 if there is a fault. A server may be running on DIR.\n";

void print(const Audit& audit, const KvUsage& usage) {
  const boost::json::value line{{"fault", audit.fault},
                                {"entries", audit.entries},
                                {"liveNodes", audit.live_nodes},
                                {"liveNodeBytes", audit.live_node_bytes},
                                {"deadNodes", audit.dead_nodes},
                                {"deadNodeBytes", audit.dead_node_bytes},
                                {"liveBlocks", audit.live_blocks},
                                {"liveBlockBytes", audit.live_block_bytes},
                                {"deadBlocks", audit.dead_blocks},
                                {"deadBlockBytes", audit.dead_block_bytes},
                                {"checkpoints", audit.checkpoints},
                                {"checkpointBytes", audit.checkpoint_bytes},
                                {"oldest", audit.oldest},
                                {"usedBytes", usage.used},
                                {"fileBytes", usage.file}};
  std::printf("%s\n", boost::json::serialize(line).c_str());
}

}  // namespace

int audit_command(const Words& words) {
  const Arguments arguments(words, {"--data", "--space"});
  const auto data = arguments.option("--data");
  const auto space = arguments.option("--space");
  if (arguments.wants_help() || !arguments.error().empty() || !data || !space) {
    return usage(help, arguments);
  }
  const Result<Did> did = Did::parse(*space);
  if (!did) return complain(*space + ": not a DID");
  const auto engine = open_data_folder(*data, server_format, LmdbMode::read_only);
  if (!engine) return complain(engine.error().message);
  Result<Audit> audit = fail(Errc::not_found, "not read");
  const Result<> read = (*engine)->read([&](KvReader& kv) { audit = audit_space(kv, *did); });
  if (!read) return complain(read.error().what);
  if (!audit) return complain(*space + ": " + audit.error().what);
  const auto used = (*engine)->usage();
  if (!used) return complain(used.error().what);
  print(*audit, *used);
  return audit->fault.empty() ? 0 : 1;
}

}  // namespace freehold::native
