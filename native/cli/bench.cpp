// freehold bench: how fast the tree is on this machine, and what a sync costs.
#include <cstdio>

#include "native/bench/sync.hpp"
#include "native/cli/bench_lmdb.hpp"
#include "native/cli/command.hpp"

namespace freehold::native {

namespace {

constexpr const char* help =
    "freehold bench sync [--n N]\n"
    "freehold bench tree [--n N] [--workloads W1,W2,...] [--store memory|lmdb] [--data DIR]\n"
    "\n"
    "Measures builds (W1), single puts (W2), batches of 100 (W3), gets (W4), scans (W5), diffs "
    "(W6)\n"
    "and deletes (W8) on a tree of N entries (100000), and prints one line of JSON a figure.\n"
    "Beside it, as what to hold it against, LMDB alone, in a folder under DIR (/tmp) that is gone\n"
    "afterwards. With --store lmdb a commit is one durable transaction of either; else the tree "
    "is\n"
    "in memory, and LMDB waits for no disk.\n"
    "\n"
    "bench sync (W7): bytes and round trips of a device that lacks changes, with a shared base "
    "and\n"
    "without (cold_); of its first sync (first_); of opening the space lazily to read one key\n"
    "(lazy_); and the time of merging 400 edits on either side.\n";

}  // namespace

int bench_command(const Words& words) {
  const Arguments arguments(words, {"--n", "--workloads", "--store", "--data"});
  const bool is_tree = arguments.rest() == Words{"tree"};
  const bool is_sync = arguments.rest() == Words{"sync"};
  if (arguments.wants_help() || !arguments.error().empty() || (!is_tree && !is_sync)) {
    return usage(help, arguments);
  }
  bench::Options options;
  if (const bench::Trouble trouble =
          bench::read_options(arguments.option("--n").value_or(""),
                              arguments.option("--workloads").value_or(""), &options);
      !trouble.empty()) {
    return complain(trouble);
  }
  const std::string store = arguments.option("--store").value_or("memory");
  if (store != "memory" && store != "lmdb") return complain("--store wants memory or lmdb");
  const bench::Dataset data(options.n);
  if (is_sync) return bench::run_sync("freehold", options, data) ? 0 : 1;
  const std::string folder = arguments.option("--data").value_or("/tmp");
  if (store == "lmdb") return run_on_lmdb(options, data, folder) ? 0 : 1;
  const bool ok = bench::run_in_memory("freehold", "floor", options, data);
  return run_lmdb_alone(options, data, folder) && ok ? 0 : 1;
}

}  // namespace freehold::native
