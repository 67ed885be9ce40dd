// freehold space merge, import: another copy of a space, taken in.
#include "native/replica/space_merge.hpp"

#include "freehold/tree/check.hpp"
#include "native/cli/space.hpp"
#include "native/replica/rights.hpp"
#include "native/replica/state_walk.hpp"

namespace freehold::native {

namespace {

namespace fs = std::filesystem;

int report(const SpaceMerged& merged, const Console& console) {
  if (console.is_json()) {
    console.record(Map{{"root", text_of_root(merged.root)},
                       {"base", text_of_root(merged.base)},
                       {"seq", Value(merged.seq)},
                       {"changed", console.value_of_keys(merged.changed)},
                       {"conflicts", console.value_of_keys(merged.conflicts)}});
  } else {
    console.line("merged from " +
                 (merged.seq == 0 ? std::string("no common checkpoint")
                                  : "checkpoint " + std::to_string(merged.seq)) +
                 ", " + counted(merged.changed.size(), "entry", "entries") + " changed here, " +
                 counted(merged.conflicts.size(), "conflict", "conflicts"));
    for (const Bytes& key : merged.conflicts) console.line("conflict " + console.text_of_key(key));
  }
  return merged.conflicts.empty() ? status::ok : status::conflict;
}

void check_space(const Did& ours, const Did& theirs, const std::string& name) {
  if (ours == theirs) return;
  throw Failure("Malformed", name + ": is of another space, " + theirs.text());
}

Did space_of(LocalReplica& replica) {
  Did space;
  replica.read([&](const Snapshot& state) { space = state.head.space(); });
  return space;
}

SpaceMerged merge_folder(LocalReplica& replica, const std::string& name) {
  if (fs::equivalent(replica.folder(), name)) {
    throw Failure("Usage", "merge: the two folders are one");
  }
  LocalReplica from(name, LmdbMode::read_only);
  check_space(space_of(replica), space_of(from), name);
  SpaceMerged merged;
  from.read([&](const Snapshot& state) {
    merged = merge_into(replica, {&state.blocks, state.head.root(), state.checkpoints(),
                                  from.agent_did(), state.syncs});
  });
  return merged;
}

SpaceMerged merge_car(LocalReplica& replica, const std::string& name) {
  const CarFile car(name);
  const CarState state = state_in(car, name);
  OtherState other{&car, state.head, {}, std::nullopt, 0};
  if (state.checkpoint) {
    check_space(space_of(replica), state.checkpoint->space, name);
    other.checkpoints.emplace_back(state.checkpoint->seq, state.checkpoint->cid());
  }
  return merge_into(replica, other);
}

int run_merge(const Arguments& arguments, const Console& console) {
  const std::string& name = arguments.rest()[1];
  LocalReplica replica(arguments.rest()[0]);
  std::error_code ignored;
  const bool is_folder = fs::is_directory(name, ignored);
  return report(is_folder ? merge_folder(replica, name) : merge_car(replica, name), console);
}

// --- import -------------------------------------------------------------------------------------

/// The checkpoint, if it can be the base: signed by a key that is known, its tree in the file.
const Checkpoint* base_in(const CarFile& car, const CarState& state,
                          const std::optional<ServiceIdentity>& service) {
  if (!state.checkpoint) return nullptr;
  const Checkpoint& checkpoint = *state.checkpoint;
  const Did& issuer = checkpoint.ucan.issuer;
  Did key;
  if (issuer.is_key()) key = issuer;
  if (service && service->did == issuer) key = service->key;
  if (key.text().empty() || !verify_checkpoint(checkpoint, issuer, key, car, now_seconds())) {
    return nullptr;
  }
  return check(car, checkpoint.root) ? &checkpoint : nullptr;
}

Did space_said(const Arguments& arguments, const CarState& state, const std::string& name) {
  const auto said = arguments.option("--space");
  if (!said && !state.checkpoint) {
    throw Failure("Usage", name + ": does not tell the space: say --space DID");
  }
  const Did space = said ? did_of_word(*said, "--space") : state.checkpoint->space;
  if (!space.ed25519_key()) throw Failure("Usage", "--space: not a did:key of Ed25519");
  if (state.checkpoint) check_space(space, state.checkpoint->space, name);
  return space;
}

void put_all(const CarFile& car, const CarState& state, const Checkpoint* base, BlockSink& sink) {
  StateWalk walk;
  walk.block = [&](const Cid& cid, ByteView bytes) { sink.put(Block(cid, copy_of(bytes))); };
  unwrap(walk_state(car, state.head, walk));
  if (!state.checkpoint) return;
  for (Block& block : with_proofs(state.checkpoint->ucan, car)) sink.put(std::move(block));
  if (base == nullptr) return;
  for (const Digest& node : unwrap(nodes_since(car, state.head, base->root))) {
    sink.put(Block(node_cid(node), copy_of(*car.find(node_cid(node)))));
  }
}

int import_new(const Arguments& arguments, const Console& console) {
  const fs::path folder = arguments.rest()[0];
  const std::string& name = arguments.rest()[1];
  const CarFile car(name);
  const CarState state = state_in(car, name);
  const Did space = space_said(arguments, state, name);
  unwrap(walk_state(car, state.head, {}), name);  // before anything is made
  ReplicaAbout about;
  about.name = arguments.option("--name").value_or("imported");
  about.is_imported = true;
  if (const auto url = arguments.option("--remote")) about.service = identity_of(parse_url(*url));
  const Checkpoint* base = base_in(car, state, about.service);
  const Ed25519Key agent = LocalReplica::key_in(folder);
  Proof proof;
  if (const auto file = arguments.option("--delegation")) {
    proof = parse_proof(read_input(*file, limits::delegation_file_bytes_max));
    const Did device = Did::of_ed25519(agent.public_key());
    check_space(space, examine(proof, device, now_seconds()).space, *file);
    about.proof = proof.root;
    for (const Block& block : proof.blocks) about.proof_blocks.push_back(block.cid);
  }
  Replica head = Replica::of_state(space, state.head, base);
  if (about.service) head.know_service(about.service->did, about.service->key);
  LocalReplica::create(folder, agent, about, &proof, head,
                       [&](BlockSink& sink) { put_all(car, state, base, sink); });
  const Weight weight = unwrap(Tree(car, state.head).weight());
  const std::uint64_t seq = base == nullptr ? 0 : base->seq;
  if (console.is_json()) {
    console.record(Map{{"space", space.text()},
                       {"root", text_of_root(state.head)},
                       {"entries", Value(weight.count)},
                       {"seq", Value(seq)}});
  } else {
    console.line("imported " + counted(weight.count, "entry", "entries") + " of " + space.text() +
                 (seq == 0 ? ", all as edits" : ", from checkpoint " + std::to_string(seq)));
  }
  return status::ok;
}

int run_import(const Arguments& arguments, const Console& console) {
  if (!LocalReplica::is_there(arguments.rest()[0])) return import_new(arguments, console);
  for (const char* option : {"--space", "--name", "--remote", "--delegation"}) {
    if (arguments.option(option)) {
      throw Failure("Usage", std::string(option) + ": the folder has a replica already");
    }
  }
  LocalReplica replica(arguments.rest()[0]);
  return report(merge_car(replica, arguments.rest()[1]), console);
}

}  // namespace

SpaceCommand space_merge() {
  return {
      "merge",
      "freehold space merge DIR OTHER\n"
      "\n"
      "Merges another copy of the space into DIR: a folder with a replica, or a CAR that `export`\n"
      "or the server wrote. Three-way against the newest checkpoint that both come from. DIR "
      "keeps\n"
      "its values; what loses is under /conflict/ and listed: exit status 4. Without a common\n"
      "checkpoint a key that only one side has is kept, so no delete comes through.\n"
      "\n"
      "JSON: {\"root\", \"base\", \"seq\" (0: none), \"changed\": [key], \"conflicts\": [key]}\n",
      {},
      {},
      2,
      2,
      run_merge};
}

SpaceCommand space_import() {
  return {
      "import",
      "freehold space import DIR FILE [--space DID] [--remote URL] [--delegation FILE]\n"
      "\n"
      "Takes in the state in a CAR. Every block is hashed, and the tree must be canonical. If DIR\n"
      "has a replica, this is `merge DIR FILE`; else one is made. If the service at --remote has\n"
      "signed the checkpoint in the file (or a did:key has), the replica goes on from there; else\n"
      "all entries count as its own edits. Without --delegation it cannot sync.\n"
      "\n"
      "  --space        of a file without a checkpoint\n"
      "  --delegation   as for clone\n"
      "  --name         what you call the space\n"
      "\n"
      "JSON: {\"space\", \"root\", \"entries\", \"seq\" (0: all are edits)}\n",
      {"--space", "--remote", "--delegation", "--name"},
      {},
      2,
      2,
      run_import};
}

}  // namespace freehold::native
