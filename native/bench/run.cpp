#include "native/bench/run.hpp"

#include "native/bench/floors.hpp"
#include "native/bench/process.hpp"
#include "native/bench/tree_peer.hpp"

namespace freehold::bench {

namespace {
// W7 (sync) needs an authority: sync.cpp.
constexpr const char* names[] = {"W1", "W2", "W3", "W4", "W5", "W6", "W8"};
}  // namespace

Trouble read_options(const std::string& n, const std::string& workloads, Options* options) {
  if (!n.empty()) {
    const bool is_number = n.size() < 10 && n.find_first_not_of("0123456789") == std::string::npos;
    options->n = is_number ? std::stoul(n) : 0;
    if (options->n == 0 || options->n > entries_max) {
      return "--n wants a number from 1 to " + std::to_string(entries_max);
    }
  }
  for (std::size_t at = 0; at < workloads.size();) {
    const std::size_t end = std::min(workloads.find(',', at), workloads.size());
    const std::string name = workloads.substr(at, end - at);
    if (std::find(std::begin(names), std::end(names), name) == std::end(names)) {
      return "--workloads wants some of W1,W2,W3,W4,W5,W6,W8, not " + name;
    }
    options->workloads.insert(name);
    at = end + 1;
  }
  return {};
}

bool run_in_memory(const char* peer, const char* floor, const Options& options,
                   const Dataset& data) {
  Report report(peer, FREEHOLD_VERSION, options.n);
  report.note("W0", "medium", "memory");
  run_floors(data, Report(floor, FREEHOLD_VERSION, options.n));
  reset_rss_peak();
  const double before = rss_mb();
  build_nowhere(data);
  report.figure("W1", "stream_rss_peak_minus_dataset", rss_peak_mb() - before, "MB");
  run_workloads([] { return tree_peer(memory_medium()); }, data, options.workloads, report);
  return report.ok();
}

}  // namespace freehold::bench
