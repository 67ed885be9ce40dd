// freehold space export: all of a replica's state in one CAR.
#include "native/cli/progress.hpp"
#include "native/cli/space.hpp"
#include "native/replica/car_file.hpp"
#include "native/replica/local_replica.hpp"
#include "native/replica/out_file.hpp"
#include "native/replica/state_walk.hpp"

namespace freehold::native {

namespace {

void write_checkpoint(const Snapshot& state, const Cid& cid, CarWriter& car) {
  const auto bytes = state.blocks.find(cid);
  if (!bytes) throw Failure("MissingBlocks", "the checkpoint is not held");
  const Checkpoint checkpoint = unwrap(Checkpoint::decode(Block(cid, copy_of(*bytes))));
  for (const Block& block : with_proofs(checkpoint.ucan, state.blocks)) {
    car.block(block.cid, block.bytes());
  }
  if (checkpoint.root != state.head.base_root()) return;  // part of a sync: nothing to go on from
  const auto nodes =
      unwrap(nodes_since(state.blocks, state.head.root(), checkpoint.root), "the base");
  for (const Digest& node : nodes) {
    const auto held = state.blocks.find(node_cid(node));
    if (held) car.block(node_cid(node), *held);
  }
}

void write_state(const Snapshot& state, std::FILE* file) {
  std::vector<Cid> roots{node_cid(state.head.root())};
  if (state.head.checkpoint()) roots.push_back(*state.head.checkpoint());
  CarWriter car(file, roots);
  Progress progress("export");
  const std::uint64_t total = unwrap(state.tree().weight()).count;
  StateWalk walk;
  walk.block = [&](const Cid& cid, ByteView bytes) { car.block(cid, bytes); };
  walk.entries = [&](std::uint64_t done) { progress.set(done, total); };
  unwrap(walk_state(state.blocks, state.head.root(), walk));
  if (state.head.checkpoint()) write_checkpoint(state, *state.head.checkpoint(), car);
  if (!car.ok()) throw Failure("NotFound", "the CAR cannot be written");
}

int run_export(const Arguments& arguments, const Console& console) {
  const auto name = arguments.option("--out");
  if (!name && console.is_json()) throw Failure("Usage", "--json: say --out FILE");
  LocalReplica replica(arguments.rest()[0], LmdbMode::read_only);
  replica.read([&](const Snapshot& state) {
    OutFile out(name);
    write_state(state, out.file());
    out.finish();
    if (!console.is_json()) return;
    console.record(Map{{"root", text_of_root(state.head.root())},
                       {"entries", Value(unwrap(state.tree().weight()).count)},
                       {"seq", Value(state.head.seq())}});
  });
  return status::ok;
}

}  // namespace

SpaceCommand space_export() {
  return {
      "export",
      "freehold space export DIR [--out FILE]\n"
      "\n"
      "Writes the state as a CAR, to standard output unless told otherwise: the nodes of the "
      "tree,\n"
      "large values, attachments, and the last checkpoint with what proves it and the nodes of "
      "its\n"
      "tree. The first root is the tree's, the second the checkpoint. FILE has its name only once\n"
      "it is whole.\n"
      "\n"
      "JSON (with --out): {\"root\", \"entries\", \"seq\"}\n",
      {"--out"},
      {},
      1,
      1,
      run_export};
}

}  // namespace freehold::native
