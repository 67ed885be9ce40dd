// freehold space watch: each new checkpoint, as it is made.
#include "native/replica/space_watch.hpp"

#include <cstdio>

#include "native/cli/space.hpp"
#include "native/cli/space_report.hpp"

namespace freehold::native {

namespace {

void print(const Noted& noted, const Console& console) {
  const bool is_stale = noted.standing == Standing::stale;
  if (console.is_json()) {
    console.record(Map{{"seq", Value(noted.seq)},
                       {"checkpoint", noted.checkpoint.text()},
                       {"root", text_of_root(noted.root)},
                       {"stale", is_stale}});
  } else {
    console.line(std::to_string(noted.seq) + "  " + text_of_root(noted.root) +
                 (is_stale ? " (stale)" : ""));
  }
  std::fflush(stdout);
}

std::uint64_t seq_of(LocalReplica& replica) {
  std::uint64_t seq = 0;
  replica.read([&](const Snapshot& state) { seq = state.head.seq(); });
  return seq;
}

int run_watch(const Arguments& arguments, const Console& console) {
  LocalReplica replica(arguments.rest()[0]);
  std::uint64_t left = number_option(arguments, "--count", 1).value_or(UINT64_MAX);
  int worst = status::ok;
  const auto sync = [&] {
    const int status = sync_and_report(replica, false, "sync", console);
    worst = std::max(worst, status);
    std::fflush(stdout);
  };
  SpaceWatchOptions options;
  const bool syncs = arguments.has_flag("--sync");
  if (syncs) options.prepare = sync;
  options.take = [&](const Noted& noted) {
    print(noted, console);
    if (syncs && noted.seq > seq_of(replica)) sync();
    return --left > 0;
  };
  options.complain = [](const Failure& failure) { complain(failure.what()); };
  watch_space(replica, options);
  return worst;
}

}  // namespace

SpaceCommand space_watch() {
  return {
      "watch",
      "freehold space watch DIR [--sync] [--count N]\n"
      "\n"
      "Prints the newest checkpoint, then each new one when the service has made it durable, "
      "until\n"
      "a signal ends it. Nothing is polled. A service that is away is connected again.\n"
      "\n"
      "  --sync    exchange edits too: at the start, and at each new checkpoint\n"
      "  --count   end after so many checkpoints\n"
      "\n"
      "JSON: a line for each, {\"seq\", \"checkpoint\", \"root\", \"stale\"}; with --sync also "
      "what\n"
      "`sync` prints. A stale one is older than what was seen before: harmless, nothing new. Exit\n"
      "status: with --sync that of the worst sync; 5 the service refused, 7 it went back, 8 it\n"
      "contradicts itself.\n",
      {"--count"},
      {"--sync"},
      1,
      1,
      run_watch};
}

}  // namespace freehold::native
