#include "native/bench/workloads.hpp"

#include "native/bench/process.hpp"

namespace freehold::bench {

namespace {

/// What all workloads share.
struct Bench {
  const Dataset& data;
  Report& report;
  Model model;
  std::unique_ptr<Peer> peer;
  std::uint64_t sum = 0;  // of what was read, so that no read can be left out
};

/// True until `seconds` have passed.
class Until {
 public:
  explicit Until(double seconds) : end_(now() + seconds) {}
  bool goes_on() const { return now() < end_; }

 private:
  double end_;
};

void give_rates(const Bench& bench, const char* workload, const std::vector<double>& times) {
  bench.report.figure(workload, "p50", percentile(times, 0.5) * 1e6, "us");
  bench.report.figure(workload, "p99", percentile(times, 0.99) * 1e6, "us");
  bench.report.figure(workload, "ops_per_s", static_cast<double>(times.size()) / sum_of(times),
                      "1/s");
  bench.report.figure(workload, "ops_done", static_cast<double>(times.size()), "");
}

void give_written(const Bench& bench, const char* workload, const Written& written, double puts,
                  double file_bytes) {
  if (bench.peer->is_tree()) {
    const double bytes = static_cast<double>(written.bytes) / puts;
    bench.report.figure(workload, "blocks_per_put", static_cast<double>(written.blocks) / puts, "");
    bench.report.figure(workload, "bytes_per_put", bytes, "B");
    bench.report.figure(workload, "write_amp", bytes / static_cast<double>(entry_size), "x");
  }
  if (file_bytes > 0) bench.report.figure(workload, "wchar_per_put", file_bytes / puts, "B");
}

Trouble expect_value(Bench& bench, ByteView key, ByteView value) {
  ByteView found;
  if (Trouble trouble = bench.peer->get(key, &found); !trouble.empty()) return trouble;
  return equal(found, value) ? Trouble() : Trouble("a value is not what was written");
}

// --- W1 -----------------------------------------------------------------------------------------

Trouble build(Bench& bench, const MakePeer& make) {
  const double rss_before = rss_mb();
  std::vector<double> times;
  for (int round = 0; round < 3; ++round) {
    bench.peer.reset();
    reset_rss_peak();
    bench.peer = make();
    const double start = now();
    if (Trouble trouble = bench.peer->build(bench.data); !trouble.empty()) return trouble;
    times.push_back(now() - start);
    if (round == 0) {
      bench.report.figure("W1", "rss_peak", rss_peak_mb(), "MB");
      bench.report.figure("W1", "rss_peak_minus_dataset", rss_peak_mb() - rss_before, "MB");
    }
    if (times.back() > 5) break;
  }
  const auto n = static_cast<double>(bench.data.size());
  bench.report.figure("W1", "entries_per_s", n / median(times), "1/s");
  bench.report.figure("W1", "wall", median(times) * 1e3, "ms");
  bench.report.figure("W1", "reps", static_cast<double>(times.size()), "");
  if (const std::uint64_t stored = bench.peer->stored_bytes(); stored > 0) {
    const auto bytes = static_cast<double>(stored);
    bench.report.figure("W1", "stored_bytes", bytes, "B");
    bench.report.figure("W1", "stored_ratio",
                        bytes / static_cast<double>(bench.data.logical_bytes()), "x");
  }
  if (bench.peer->is_tree()) {
    bench.report.figure("W1", "blocks", static_cast<double>(bench.peer->blocks()), "");
    bench.report.figure("W1", "height", bench.peer->height(), "levels");
  }
  int bad = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(bench.data.size(), 200); ++i) {
    const std::uint32_t id = bench.model.random_below(bench.data.size());
    if (!expect_value(bench, bench.model.key(id), bench.model.value(id)).empty()) ++bad;
  }
  bench.report.figure("W1", "verify_bad_gets", bad, "");
  return bad == 0 ? Trouble() : Trouble("values are wrong after the build");
}

// --- W4 -----------------------------------------------------------------------------------------

Trouble get_round(Bench& bench, bool is_cold, std::uint32_t round, std::vector<double>* times) {
  constexpr std::size_t ops = 20'000;
  const Until until(3);
  Sfc32 pick(0x27d4eb2f, static_cast<std::uint32_t>(bench.data.size()), round, 3);
  times->reserve(ops);
  while (times->size() < ops && (times->size() < 20 || until.goes_on())) {
    const std::size_t place = bench.data.place(pick.below(bench.data.size()));
    const ByteView key = bench.data.key(place);
    ByteView value;
    const double start = now();
    const Trouble trouble =
        is_cold ? bench.peer->get_cold(key, &value) : bench.peer->get(key, &value);
    times->push_back(now() - start);
    if (!trouble.empty()) return trouble;
    const ByteView want = bench.data.value(place);
    if (value.size() != want.size() || value[0] != want[0] || value.back() != want.back()) {
      return "a get is wrong";
    }
  }
  return {};
}

/// Three rounds; the figures of the median one are called `name`.
Trouble get_rounds(Bench& bench, const std::string& name, bool is_cold) {
  std::vector<std::vector<double>> rounds;  // {rate, p50, p99}
  for (std::uint32_t round = 0; round < 3; ++round) {
    std::vector<double> times;
    const double start = now();
    if (Trouble trouble = get_round(bench, is_cold, round, &times); !trouble.empty()) {
      return trouble;
    }
    rounds.push_back({static_cast<double>(times.size()) / (now() - start),
                      percentile(times, 0.5) * 1e6, percentile(times, 0.99) * 1e6});
  }
  std::sort(rounds.begin(), rounds.end());
  bench.report.figure("W4", name + "_ops_per_s", rounds[1][0], "1/s");
  bench.report.figure("W4", name + "_p50", rounds[1][1], "us");
  bench.report.figure("W4", name + "_p99", rounds[1][2], "us");
  return {};
}

/// As the peers do: *warm* is what the first gets have left behind. Of a large tree that is little,
/// so *hot* gets follow, when all has been read once.
Trouble gets(Bench& bench) {
  if (Trouble trouble = get_rounds(bench, "warm", false); !trouble.empty()) return trouble;
  if (!bench.peer->is_tree()) return {};
  if (Trouble trouble = get_rounds(bench, "cold", true); !trouble.empty()) return trouble;
  for (std::size_t place = 0; place < bench.data.size(); ++place) {
    ByteView value;
    if (Trouble trouble = bench.peer->get(bench.data.key(place), &value); !trouble.empty()) {
      return trouble;
    }
  }
  return get_rounds(bench, "hot", false);
}

// --- W5 -----------------------------------------------------------------------------------------

Trouble full_scan(Bench& bench, bool is_cold) {
  std::vector<double> times;
  for (int round = 0; round < 3; ++round) {
    std::size_t seen = 0;
    const double start = now();
    Trouble trouble = is_cold ? bench.peer->scan_cold(&seen, &bench.sum)
                              : bench.peer->scan({}, SIZE_MAX, &seen, &bench.sum);
    times.push_back(now() - start);
    if (!trouble.empty()) return trouble;
    if (seen != bench.model.size()) return "a scan saw another number of entries";
    if (times[0] > 5) break;
  }
  bench.report.figure("W5", is_cold ? "scan_cold_entries_per_s" : "scan_entries_per_s",
                      static_cast<double>(bench.data.size()) / median(times), "1/s");
  return {};
}

Trouble scans(Bench& bench) {
  if (Trouble trouble = full_scan(bench, false); !trouble.empty()) return trouble;
  if (bench.peer->is_tree()) {
    if (Trouble trouble = full_scan(bench, true); !trouble.empty()) return trouble;
  }
  if (!bench.peer->can_seek()) return {};
  const std::size_t limit = std::min<std::size_t>(100, bench.data.size());
  std::vector<double> times;
  const Until until(15);
  for (int i = 0; i < 1000 && (i < 5 || until.goes_on()); ++i) {
    const std::size_t place = bench.model.random_below(bench.data.size() - limit + 1);
    std::size_t seen = 0;
    const double start = now();
    Trouble trouble = bench.peer->scan(bench.data.key(place), limit, &seen, &bench.sum);
    times.push_back(now() - start);
    if (!trouble.empty()) return trouble;
    if (seen != limit) return "a range has another number of entries";
  }
  bench.report.figure("W5", "range100_p50", percentile(times, 0.5) * 1e6, "us");
  bench.report.figure("W5", "range100_p99", percentile(times, 0.99) * 1e6, "us");
  bench.report.figure("W5", "ranges_done", static_cast<double>(times.size()), "");
  bench.report.figure("W5", "range_entries_per_s",
                      static_cast<double>(times.size() * limit) / sum_of(times), "1/s");
  return {};
}

// --- W6 -----------------------------------------------------------------------------------------

Trouble diff_of(Bench& bench, std::size_t d) {
  const std::vector<Change> changes = bench.model.changes(d);
  Digest forked;
  const double start = now();
  if (Trouble trouble = bench.peer->fork(changes, &forked); !trouble.empty()) return trouble;
  bench.report.figure("W6", "apply_changes_ms", (now() - start) * 1e3, "ms", d);
  std::vector<double> times;
  std::size_t count = 0;
  std::size_t visited = 0;
  for (int round = 0; round < 3; ++round) {
    const double begin = now();
    if (Trouble trouble = bench.peer->diff(forked, &count, &visited); !trouble.empty()) {
      return trouble;
    }
    times.push_back(now() - begin);
    if (times[0] > 3) break;
  }
  bench.report.figure("W6", "diff_exact", count == d ? 1 : 0, "", d);
  bench.report.figure("W6", "diff_ms", median(times) * 1e3, "ms", d);
  bench.report.figure("W6", "diff_first_ms", times[0] * 1e3, "ms", d);
  bench.report.figure("W6", "blocks_visited", static_cast<double>(visited), "", d);
  return count == d ? Trouble() : Trouble("a diff has another number of keys");
}

Trouble diffs(Bench& bench) {
  if (!bench.peer->is_tree()) return {};
  for (const std::size_t d : {1U, 10U, 100U, 1000U, 10'000U}) {
    if (d > bench.data.size()) continue;
    if (Trouble trouble = diff_of(bench, d); !trouble.empty()) return trouble;
  }
  return {};
}

// --- W2, W3, W8 ---------------------------------------------------------------------------------

Trouble single_puts(Bench& bench) {
  constexpr int warm_up = 20;
  std::vector<double> times;
  std::vector<Change> done;
  Written all;
  const Until until(20);
  double file_bytes = 0;
  for (int i = 0; i < 1000 + warm_up && (i < warm_up || until.goes_on()); ++i) {
    const Change change = bench.model.next_put();
    if (i == warm_up) file_bytes = bytes_written();
    Written written;
    const double start = now();
    Trouble trouble = bench.peer->put(std::span(&change, 1), &written);
    const double took = now() - start;
    if (!trouble.empty()) return trouble;
    bench.model.applied(change);
    done.push_back(change);
    if (i < warm_up) continue;
    times.push_back(took);
    all.blocks += written.blocks;
    all.bytes += written.bytes;
  }
  file_bytes = bytes_written() - file_bytes;
  give_rates(bench, "W2", times);
  give_written(bench, "W2", all, static_cast<double>(times.size()), file_bytes);
  const std::size_t last = done.size() < 100 ? 0 : done.size() - 100;
  for (std::size_t i = last; i < done.size(); ++i) {
    if (Trouble trouble = expect_value(bench, done[i].key, bench.model.value(done[i].id));
        !trouble.empty()) {
      return trouble;
    }
  }
  return {};
}

std::vector<Change> next_batch(Model& model) {
  std::vector<Change> batch;
  while (batch.size() < 100) {
    const Change change = model.next_put();
    const auto is_same = [&](const Change& other) { return other.id == change.id; };
    if (!change.is_insert && std::any_of(batch.begin(), batch.end(), is_same)) continue;
    batch.push_back(change);
  }
  return batch;
}

Trouble batches(Bench& bench) {
  std::vector<double> times;
  std::vector<Change> batch;
  Written all;
  const Until until(20);
  const double file_bytes = bytes_written();
  for (int i = 0; i < 30 && (i < 3 || until.goes_on()); ++i) {
    batch = next_batch(bench.model);
    Written written;
    const double start = now();
    Trouble trouble = bench.peer->put(batch, &written);
    times.push_back(now() - start);
    if (!trouble.empty()) return trouble;
    for (const Change& change : batch) bench.model.applied(change);
    all.blocks += written.blocks;
    all.bytes += written.bytes;
  }
  const auto puts = static_cast<double>(times.size() * 100);
  bench.report.figure("W3", "batch_p50", percentile(times, 0.5) * 1e3, "ms");
  bench.report.figure("W3", "puts_per_s", puts / sum_of(times), "1/s");
  bench.report.figure("W3", "batches_done", static_cast<double>(times.size()), "");
  give_written(bench, "W3", all, puts, bytes_written() - file_bytes);
  for (const Change& change : batch) {
    if (Trouble trouble = expect_value(bench, change.key, change.value); !trouble.empty()) {
      return trouble;
    }
  }
  return {};
}

Trouble deletes(Bench& bench) {
  std::vector<double> times;
  std::vector<std::uint32_t> gone;
  const Until until(15);
  const std::size_t most = std::min<std::size_t>(1000, bench.data.size() / 2);
  for (std::size_t i = 0; i < most && (i < 10 || until.goes_on()); ++i) {
    const std::uint32_t id = bench.model.pick_live();
    const Key key = bench.model.key(id);
    const double start = now();
    Trouble trouble = bench.peer->erase(key);
    times.push_back(now() - start);
    if (!trouble.empty()) return trouble;
    bench.model.deleted(id);
    gone.push_back(id);
  }
  give_rates(bench, "W8", times);
  for (const std::uint32_t id : gone) {
    ByteView value;
    if (Trouble trouble = bench.peer->get(bench.model.key(id), &value); !trouble.empty()) {
      return trouble;
    }
    if (!value.empty()) return "a deleted key is still there";
  }
  return {};
}

// --- END ----------------------------------------------------------------------------------------

Trouble end(Bench& bench) {
  std::size_t seen = 0;
  if (Trouble trouble = bench.peer->scan({}, SIZE_MAX, &seen, &bench.sum); !trouble.empty()) {
    return trouble;
  }
  bench.report.figure("END", "final_count_ok", seen == bench.model.size() ? 1 : 0, "");
  if (seen != bench.model.size()) return "the end has another number of entries";
  if (!bench.peer->is_tree()) return {};
  Digest root;
  if (Trouble trouble = bench.peer->rebuilt_root(bench.model, &root); !trouble.empty()) {
    return trouble;
  }
  const bool is_same = root == bench.peer->root();
  bench.report.figure("END", "history_independent", is_same ? 1 : 0, "");
  return is_same ? Trouble() : Trouble("a build from nothing has another root");
}

struct Workload {
  const char* name;
  Trouble (*run)(Bench&);
};
constexpr Workload workloads[] = {{"W4", gets},        {"W5", scans},   {"W6", diffs},
                                  {"W2", single_puts}, {"W3", batches}, {"W8", deletes},
                                  {"END", end}};

}  // namespace

void run_workloads(const MakePeer& make, const Dataset& data, const Chosen& chosen,
                   Report& report) {
  Bench bench{data, report, Model(data), nullptr};
  report.figure("W0", "rss_dataset", rss_mb(), "MB");
  if (const Trouble trouble = build(bench, make); !trouble.empty()) {
    report.error("W1", trouble);
    return;
  }
  for (const auto& [name, run] : workloads) {
    const bool is_end = std::string_view(name) == "END";
    if (!chosen.empty() && !is_end && !chosen.contains(name)) continue;
    if (const Trouble trouble = run(bench); !trouble.empty()) report.error(name, trouble);
  }
  report.note("W0", "checksum", std::to_string(bench.sum));
}

}  // namespace freehold::bench
