// freehold space log, diff: where a replica comes from, and what it has changed.
#include <algorithm>
#include <map>

#include "freehold/codec/cbor.hpp"
#include "freehold/codec/dag_json.hpp"
#include "native/cli/space.hpp"
#include "native/replica/local_replica.hpp"

namespace freehold::native {

namespace {

std::optional<Checkpoint> checkpoint_at(const Snapshot& state, const Cid& cid) {
  const auto bytes = state.blocks.find(cid);
  if (!bytes) return std::nullopt;
  Result<Checkpoint> checkpoint = Checkpoint::decode(Block(cid, copy_of(*bytes)));
  if (!checkpoint) return std::nullopt;
  return *std::move(checkpoint);
}

/// All whose blocks are here: those taken in, and those that their links lead to; newest first.
std::vector<Checkpoint> known_checkpoints(const Snapshot& state) {
  std::map<std::uint64_t, Checkpoint, std::greater<>> found;
  std::vector<Cid> open;
  for (const auto& [seq, cid] : state.checkpoints()) open.push_back(cid);
  while (!open.empty()) {
    const Cid cid = open.back();
    open.pop_back();
    auto checkpoint = checkpoint_at(state, cid);
    if (!checkpoint || found.contains(checkpoint->seq)) continue;
    for (const auto& link : {checkpoint->prev, checkpoint->skip}) {
      if (link) open.push_back(*link);
    }
    const std::uint64_t seq = checkpoint->seq;
    found.emplace(seq, *std::move(checkpoint));
  }
  std::vector<Checkpoint> all;
  for (auto& [seq, checkpoint] : found) all.push_back(std::move(checkpoint));
  return all;
}

/// "proven": the space gave its issuer the right; "unproven": it did not; "unknown": the issuer's
/// key is not known here; "forged".
const char* verdict_on(const Checkpoint& checkpoint, const Snapshot& state) {
  const Did& issuer = checkpoint.ucan.issuer;
  std::vector<Did> keys = state.head.services().keys_of(issuer);
  if (issuer.is_key()) keys = {issuer};
  if (keys.empty()) return "unknown";
  const auto proven =
      verify_checkpoint(checkpoint, issuer, keys.front(), state.blocks, now_seconds());
  if (!proven) return "forged";
  return *proven == Proven::yes ? "proven" : "unproven";
}

Value value_of(const Checkpoint& checkpoint, const Snapshot& state) {
  return Map{{"seq", Value(checkpoint.seq)},
             {"cid", checkpoint.cid().text()},
             {"time", Value(checkpoint.time)},
             {"root", text_of_root(checkpoint.root)},
             {"count", Value(checkpoint.weight.count)},
             {"bytes", Value(checkpoint.weight.bytes)},
             {"issuer", checkpoint.ucan.issuer.text()},
             {"signature", verdict_on(checkpoint, state)}};
}

std::string line_of(const Checkpoint& checkpoint, const Snapshot& state) {
  return std::to_string(checkpoint.seq) + "  " + text_of_time(checkpoint.time) + "  " +
         text_of_root(checkpoint.root) + "  " +
         counted(checkpoint.weight.count, "entry", "entries") + ", " +
         counted(checkpoint.weight.bytes, "byte", "bytes") + ", " + checkpoint.ucan.issuer.text() +
         ", " + verdict_on(checkpoint, state);
}

void print_log(const Snapshot& state, std::uint64_t limit, const Console& console) {
  std::vector<Checkpoint> known = known_checkpoints(state);
  if (known.size() > limit) known.resize(limit);
  const std::uint64_t ahead =
      unwrap(diff(state.blocks, state.head.base_root(), state.head.root())).size();
  if (!console.is_json()) {
    console.line("head  " + text_of_root(state.head.root()) + ", " +
                 counted(ahead, "edit", "edits") + " ahead of checkpoint " +
                 std::to_string(state.head.seq()));
    for (const Checkpoint& checkpoint : known) console.line(line_of(checkpoint, state));
    return;
  }
  List checkpoints;
  for (const Checkpoint& checkpoint : known) checkpoints.push_back(value_of(checkpoint, state));
  console.record(Map{{"space", state.head.space().text()},
                     {"name", state.about.name},
                     {"service", state.about.service ? Value(state.about.service->url) : Value()},
                     {"root", text_of_root(state.head.root())},
                     {"base", text_of_root(state.head.base_root())},
                     {"seq", Value(state.head.seq())},
                     {"ahead", Value(ahead)},
                     {"checkpoints", std::move(checkpoints)}});
}

int run_log(const Arguments& arguments, const Console& console) {
  const std::uint64_t limit = number_option(arguments, "--limit", 1).value_or(UINT64_MAX);
  LocalReplica replica(arguments.rest()[0], LmdbMode::read_only);
  replica.read([&](const Snapshot& state) { print_log(state, limit, console); });
  return status::ok;
}

// --- diff ---------------------------------------------------------------------------------------

/// The tree that a word names: base, head, the number of a checkpoint, or a root.
Digest root_said(const std::string& word, const Snapshot& state) {
  if (word == "base") return state.head.base_root();
  if (word == "head") return state.head.root();
  const bool is_number = !word.empty() && std::all_of(word.begin(), word.end(),
                                                      [](char c) { return c >= '0' && c <= '9'; });
  if (is_number) {
    for (const Checkpoint& checkpoint : known_checkpoints(state)) {
      if (std::to_string(checkpoint.seq) == word) return checkpoint.root;
    }
    throw Failure("NotFound",
                  "checkpoint " + word + " is not known here: `log` lists those that are");
  }
  const Result<Cid> cid = Cid::parse(word);
  if (!cid || !cid->is_cbor_sha256()) {
    throw Failure("Usage", "not base, head, a checkpoint's number or a root: " + word);
  }
  return digest_of(*cid);
}

void print(const Difference& difference, const Snapshot& state, const Console& console) {
  if (!console.is_json()) {
    const char* mark = !difference.before ? "+ " : !difference.after ? "- " : "~ ";
    return console.line(mark + console.text_of_key(difference.key));
  }
  Map fields{{"key", console.value_of_key(difference.key)}};
  const auto add = [&](const char* name, const std::optional<StoredValue>& value) {
    if (!value) return;
    const auto encoded = value->encoded(state.blocks);
    fields.set(name, encoded
                         ? Map{{"value", unwrap(decode_cbor(*encoded))}}
                         : Map{{"link", node_cid(value->link())}, {"size", Value(value->size)}});
  };
  add("before", difference.before);
  add("after", difference.after);
  console.record(fields);
}

int run_diff(const Arguments& arguments, const Console& console) {
  const Words& words = arguments.rest();
  LocalReplica replica(words[0], LmdbMode::read_only);
  replica.read([&](const Snapshot& state) {
    const Digest from = root_said(words.size() > 1 ? words[1] : "base", state);
    const Digest to = root_said(words.size() > 2 ? words[2] : "head", state);
    const auto differences = diff(state.blocks, from, to);
    if (!differences && differences.error().code == Errc::missing) {
      throw Failure("NotFound", "not all nodes of these trees are held: old ones are let go of");
    }
    for (const Difference& each : unwrap(differences)) print(each, state, console);
  });
  return status::ok;
}

}  // namespace

SpaceCommand space_log() {
  return {
      "log",
      "freehold space log DIR [--limit N]\n"
      "\n"
      "Prints how far the replica is ahead of the last checkpoint, and the checkpoints known "
      "here,\n"
      "newest first: number, time, root, entries, bytes, issuer, and what its signature is worth\n"
      "(proven, unproven: the space gave the issuer no right to sign; unknown: nor is its key\n"
      "known; forged).\n"
      "\n"
      "JSON: {\"space\", \"name\", \"service\", \"root\", \"base\", \"seq\", \"ahead\", "
      "\"checkpoints\":\n"
      "[{\"seq\", \"cid\", \"time\", \"root\", \"count\", \"bytes\", \"issuer\", "
      "\"signature\"}]}\n",
      {"--limit"},
      {},
      1,
      1,
      run_log};
}

SpaceCommand space_diff() {
  return {
      "diff",
      "freehold space diff DIR [A] [B]\n"
      "\n"
      "Prints what leads from tree A to tree B: + put, - removed, ~ changed. A and B are `base`\n"
      "(what was synced last; A without words), `head` (B without words), the number of a\n"
      "checkpoint, or a root; of old trees not all nodes may be held.\n"
      "\n"
      "JSON, one a line: {\"key\", \"before\"?, \"after\"?}, each {\"value\"}, or {\"link\", "
      "\"size\"} if\n"
      "it is large and not held.\n",
      {},
      {},
      1,
      3,
      run_diff};
}

}  // namespace freehold::native
