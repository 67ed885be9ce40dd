// freehold space sync: edits out, checkpoints in.
#include <cstdio>
#include <thread>

#include "native/cli/progress.hpp"
#include "native/cli/space.hpp"
#include "native/cli/space_report.hpp"

namespace freehold::native {

namespace {

SyncReport sync_with_bar(LocalReplica& replica, bool is_strict, const char* label) {
  Progress progress(label);
  SpaceSyncOptions options;
  options.is_strict = is_strict;
  options.progress = [&](std::uint64_t done, std::uint64_t total) { progress.set(done, total); };
  return sync_space(replica, options);
}

void print(const SyncReport& report, const Console& console) {
  List refused;
  for (const Refusal& refusal : report.refused) {
    refused.push_back(Map{{"key", console.value_of_key(refusal.key)}, {"name", refusal.name}});
  }
  if (console.is_json()) {
    console.record(Map{{"root", text_of_root(report.root)},
                       {"seq", Value(report.seq)},
                       {"proven", report.proven == Proven::yes},
                       {"rounds", Value(report.rounds)},
                       {"reads", Value(report.reads)},
                       {"whole", report.is_whole},
                       {"scopes", console.value_of_keys(report.scopes)},
                       {"changed", console.value_of_keys(report.changed)},
                       {"conflicts", console.value_of_keys(report.conflicts)},
                       {"refused", std::move(refused)}});
    return;
  }
  console.line("checkpoint " + std::to_string(report.seq) +
               (report.proven == Proven::yes ? "" : " (unproven)") + ", " +
               counted(report.changed.size(), "entry", "entries") + " changed here, " +
               counted(report.conflicts.size(), "conflict", "conflicts") + ", " +
               std::to_string(report.refused.size()) + " refused" +
               (report.is_whole ? "" : "; the rest is read when it is asked for"));
  for (const Bytes& key : report.conflicts) console.line("conflict " + console.text_of_key(key));
  for (const Refusal& refusal : report.refused) {
    console.line("refused " + console.text_of_key(refusal.key) + " (" + refusal.name + ")");
  }
}

int status_of(const SyncReport& report) {
  if (!report.refused.empty()) return status::refused;
  return report.conflicts.empty() ? status::ok : status::conflict;
}

/// Until a signal ends the process, which it may at any moment: each round is durable by itself.
[[noreturn]] void watch(LocalReplica& replica, bool is_strict, std::uint64_t seconds,
                        const Console& console) {
  std::uint64_t seq = 0;
  for (;;) {
    try {
      const SyncReport report = sync_with_bar(replica, is_strict, "sync");
      if (report.seq != seq) print(report, console);
      seq = report.seq;
    } catch (const Failure& failure) {
      if (failure.name() != "Offline" && failure.name() != "HttpError") throw;
      complain(failure.what());
    }
    std::fflush(stdout);
    std::this_thread::sleep_for(std::chrono::seconds(seconds));
  }
}

int run_sync(const Arguments& arguments, const Console& console) {
  LocalReplica replica(arguments.rest()[0]);
  const auto interval = number_option(arguments, "--watch-interval", 1);
  if (interval && *interval > 86'400) throw Failure("Usage", "--watch-interval: a day at the most");
  if (const auto url = arguments.option("--remote")) connect(replica, *url);
  if (arguments.has_flag("--whole")) replica.set_lazy(false);
  change_scopes(replica, arguments);
  const bool is_strict = arguments.has_flag("--strict");
  if (interval) watch(replica, is_strict, *interval, console);
  return sync_and_report(replica, is_strict, "sync", console);
}

}  // namespace

void change_scopes(LocalReplica& replica, const Arguments& arguments) {
  const auto added = arguments.all("--scope");
  const auto removed = arguments.all("--no-scope");
  if (added.empty() && removed.empty()) return;
  replica.change([&](Replica& held) -> Result<Commit> {
    std::vector<Bytes> scopes = held.scopes();
    for (const std::string& prefix : removed) {
      if (std::erase(scopes, copy_of(view_of(prefix))) == 0) {
        throw Failure("NotFound", "--no-scope: not one of the scopes: " + prefix);
      }
    }
    for (const std::string& prefix : added) scopes.push_back(copy_of(view_of(prefix)));
    return held.set_scopes(std::move(scopes));
  });
}

int sync_and_report(LocalReplica& replica, bool is_strict, const char* label,
                    const Console& console) {
  const SyncReport report = sync_with_bar(replica, is_strict, label);
  print(report, console);
  return status_of(report);
}

SpaceCommand space_sync() {
  return {
      "sync",
      "freehold space sync DIR [--remote URL] [--strict] [--whole] [--scope PREFIX]...\n"
      "                    [--no-scope PREFIX]... [--watch-interval SECONDS]\n"
      "\n"
      "Exchanges edits with the service until nothing moves. Each round trip is durable before\n"
      "the next; one process syncs a folder at a time.\n"
      "\n"
      "  --remote           the service, from now on; without it, the one of last time\n"
      "  --strict           change nothing if others have: exit status 10\n"
      "  --whole            of a lazy clone: bring all of it, now and from now on\n"
      "  --scope            of a lazy clone: all keys that begin so are here after each sync, from "
      "now on\n"
      "  --no-scope         no longer; what was there is freed\n"
      "  --watch-interval   go on for ever, this long apart; being offline is no end (see also\n"
      "                     `watch --sync`, which waits for what the service tells)\n"
      "\n"
      "JSON: {\"root\", \"seq\", \"proven\", \"rounds\", \"reads\", \"whole\", \"scopes\": "
      "[prefix],\n"
      "\"changed\": [key], \"conflicts\": [key], \"refused\": [{\"key\", \"name\"}]}. `changed` "
      "has what came as "
      "edits, not\n"
      "what was read of a tree (a clone's first sync). Exit status: 4 there were conflicts, 5 keys "
      "or the\n"
      "sync were refused, 6 offline, 7 the service went back, 8 it contradicts itself, 10 see\n"
      "--strict.\n",
      {"--remote", "--watch-interval", "--scope", "--no-scope"},
      {"--strict", "--whole"},
      1,
      1,
      run_sync};
}

}  // namespace freehold::native
