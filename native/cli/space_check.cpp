// freehold space check: is all of a replica there, and what it should be?
#include "freehold/tree/check.hpp"
#include "native/cli/progress.hpp"
#include "native/cli/space.hpp"
#include "native/replica/local_replica.hpp"
#include "native/replica/rights.hpp"
#include "native/replica/state_walk.hpp"

namespace freehold::native {

namespace {

/// Hashes each block that is read; one that is not what its CID says counts as not there.
class HashedBlocks final : public BlockStore {
 public:
  explicit HashedBlocks(const BlockStore& under) noexcept : under_(&under) {}
  std::optional<ByteView> find(const Cid& cid) const override {
    const auto bytes = under_->find(cid);
    if (!bytes || cid.matches(*bytes)) return bytes;
    corrupt_.insert(cid);
    return std::nullopt;
  }
  const CidSet& corrupt() const noexcept { return corrupt_; }

 private:
  const BlockStore* under_;
  mutable CidSet corrupt_;
};

struct Findings {
  TreeStats stats;
  std::uint64_t blocks = 0;
  std::uint64_t absent = 0;
  bool is_whole = true;  // else what is not here is yet to be read
  CidSet missing;
  std::vector<std::string> problems;
};

void check_tree(const HashedBlocks& blocks, const Digest& root, const char* name,
                Findings* findings) {
  const Result<TreeStats> stats = check(blocks, root);
  if (stats) {
    findings->stats = *stats;
  } else if (findings->is_whole || stats.error().code != Errc::missing) {
    findings->problems.push_back(std::string(name) + ": " + stats.error().what);
    if (stats.error().code != Errc::missing) return;  // no tree: there is no walking it
  }
  Progress progress(name);
  StateWalk walk;
  walk.block = [&](const Cid&, ByteView) { ++findings->blocks; };
  walk.missing = [&](const Cid& cid) {
    if (findings->is_whole) findings->missing.insert(cid);
    if (!findings->is_whole) ++findings->absent;
  };
  walk.absent = [&](const Cid&) { ++findings->absent; };
  walk.entries = [&](std::uint64_t done) {
    if (!stats) findings->stats.weight.count = done;
    progress.set(done, 0);
  };
  const Result<> walked = walk_state(blocks, root, walk);
  if (!walked) findings->problems.push_back(std::string(name) + ": " + walked.error().what);
}

void check_checkpoint(const Snapshot& state, const HashedBlocks& blocks, Findings* findings) {
  const auto& cid = state.head.checkpoint();
  if (!cid) return;
  const auto bytes = blocks.find(*cid);
  if (!bytes) {
    findings->missing.insert(*cid);
    return;
  }
  const auto checkpoint = Checkpoint::decode(Block(*cid, copy_of(*bytes)));
  if (!checkpoint || checkpoint->space != state.head.space() ||
      checkpoint->seq != state.head.seq()) {
    findings->problems.emplace_back("checkpoint: not the one of the head record");
    return;
  }
  const auto keys = state.head.services().keys_of(checkpoint->ucan.issuer);
  if (!keys.empty() && !verify_signature(checkpoint->ucan, keys.front())) {
    findings->problems.emplace_back("checkpoint: its signature is not the service's");
  }
}

void check_rights(LocalReplica& replica, const Snapshot& state, Findings* findings) {
  if (!state.about.proof) return;
  Proof proof{*state.about.proof, {}};
  for (const Cid& cid : state.about.proof_blocks) {
    const auto bytes = state.blocks.find(cid);
    if (bytes) proof.blocks.emplace_back(cid, copy_of(*bytes));
    if (!bytes) findings->missing.insert(cid);
  }
  try {
    examine(proof, replica.agent_did(), now_seconds());
  } catch (const Failure& failure) {
    findings->problems.push_back(std::string("delegation: ") + failure.what());
  }
}

List texts_of(const CidSet& cids) {
  List list;
  for (const Cid& cid : cids) list.push_back(Value(cid.text()));
  return list;
}

int report(const Findings& findings, const CidSet& corrupt, const Digest& root,
           const Console& console) {
  const bool is_sound = findings.problems.empty() && findings.missing.empty() && corrupt.empty();
  if (console.is_json()) {
    console.record(Map{{"ok", is_sound},
                       {"whole", findings.is_whole},
                       {"root", text_of_root(root)},
                       {"entries", Value(findings.stats.weight.count)},
                       {"nodes", Value(findings.stats.nodes)},
                       {"height", Value(findings.stats.height)},
                       {"blocks", Value(findings.blocks)},
                       {"absent", Value(findings.absent)},
                       {"missing", texts_of(findings.missing)},
                       {"corrupt", texts_of(corrupt)},
                       {"problems", List(findings.problems.begin(), findings.problems.end())}});
    return is_sound ? status::ok : status::unsound;
  }
  if (is_sound) {
    console.line("sound: " + counted(findings.stats.weight.count, "entry", "entries") + " in " +
                 counted(findings.blocks, "block", "blocks") +
                 (findings.is_whole ? "" : "; the rest is not here yet"));
  }
  for (const std::string& problem : findings.problems) console.line(problem);
  for (const Cid& cid : findings.missing) {
    console.line((corrupt.contains(cid) ? "corrupt " : "missing ") + cid.text());
  }
  return is_sound ? status::ok : status::unsound;
}

int run_check(const Arguments& arguments, const Console& console) {
  LocalReplica replica(arguments.rest()[0], LmdbMode::read_only);
  int code = status::ok;
  replica.read([&](const Snapshot& state) {
    const HashedBlocks blocks(state.blocks);
    Findings base;
    base.is_whole = state.head.is_whole();
    if (state.head.base_root() != state.head.root()) {
      check_tree(blocks, state.head.base_root(), "base", &base);
    }
    Findings findings;
    findings.is_whole = base.is_whole;
    findings.problems = std::move(base.problems);
    findings.missing = std::move(base.missing);
    check_tree(blocks, state.head.root(), "head", &findings);
    check_checkpoint(state, blocks, &findings);
    check_rights(replica, state, &findings);
    code = report(findings, blocks.corrupt(), state.head.root(), console);
  });
  return code;
}

}  // namespace

SpaceCommand space_check() {
  return {
      "check",
      "freehold space check DIR\n"
      "\n"
      "Reads all of a replica: is each block what its CID says, are the trees of head and base\n"
      "canonical, are all large values there, is the checkpoint the service's, does the "
      "delegation\n"
      "still count? Exit status 9 if not. (Receipts may name effects that nobody sent: absent. So\n"
      "is what a lazy clone, or one under way, has not read yet.)\n"
      "\n"
      "JSON: {\"ok\", \"whole\", \"root\", \"entries\", \"nodes\", \"height\", \"blocks\", "
      "\"absent\": n,\n"
      "\"missing\": [cid], \"corrupt\": [cid], \"problems\": [text]}\n",
      {},
      {},
      1,
      1,
      run_check};
}

}  // namespace freehold::native
