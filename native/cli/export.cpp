// freehold export: all of a space's state in one CAR, that anyone can verify.
#include <cstdio>

#include "native/cli/command.hpp"
#include "native/cli/stored_space.hpp"
#include "native/replica/car_file.hpp"
#include "native/replica/state_walk.hpp"
#include "native/service/authority.hpp"

namespace freehold::native {

namespace {

constexpr const char* help =
    "freehold export --data DIR --space DID [--out FILE]\n"
    "\n"
    "Writes the state of a space as a CAR, to standard output unless told otherwise: the nodes of\n"
    "its tree, large values, the attachments of its entries, its last checkpoint with proofs. The\n"
    "first root is the tree's, the second the checkpoint. A server may be running on DIR.\n";

Result<> write_space(Space& space, std::FILE* file) {
  const SpaceRecord& head = space.record();
  CarWriter car(file, {node_cid(head.root), *head.checkpoint});
  StateWalk walk;
  walk.block = [&](const Cid& cid, ByteView bytes) { car.block(cid, bytes); };
  FH_CHECK(walk_state(space.blocks(), head.root, walk));
  for (const Block& block : checkpoint_with_proofs(space, *head.checkpoint)) {
    car.block(block.cid, block.bytes());
  }
  if (!car.ok()) return fail(Errc::limit, "cannot be written");
  return {};
}

}  // namespace

int export_command(const Words& words) {
  const Arguments arguments(words, {"--data", "--space", "--out"});
  const auto data = arguments.option("--data");
  const auto space = arguments.option("--space");
  if (arguments.wants_help() || !arguments.error().empty() || !data || !space) {
    return usage(help, arguments);
  }
  const Result<Did> did = Did::parse(*space);
  if (!did) return complain(*space + ": not a DID");
  const auto out = arguments.option("--out");
  std::FILE* file = out ? std::fopen(out->c_str(), "wb") : stdout;
  if (file == nullptr) return complain(*out + ": cannot be written");
  const std::string wrong =
      read_space(*data, *did, [&](Space& stored) { return write_space(stored, file); });
  if (out) std::fclose(file);
  if (!wrong.empty()) return complain(wrong);
  return 0;
}

}  // namespace freehold::native
