// freehold export: all of a space's state in one CAR, that anyone can verify.
#include <cstdio>

#include "freehold/base/varint.hpp"
#include "freehold/codec/cbor.hpp"
#include "freehold/sync/attachments.hpp"
#include "native/cli/command.hpp"
#include "native/cli/stored_space.hpp"
#include "native/service/authority.hpp"

namespace freehold::native {

namespace {

constexpr const char* help =
    "freehold export --data DIR --space DID [--out FILE]\n"
    "\n"
    "Writes the state of a space as a CAR, to standard output unless told otherwise: the nodes of\n"
    "its tree, large values, the attachments of its entries, its last checkpoint with proofs. The\n"
    "first root is the tree's, the second the checkpoint. A server may be running on DIR.\n";

/// Writes a CAR block by block.
class CarFile {
 public:
  CarFile(std::FILE* file, const std::vector<Cid>& roots) : file_(file) {
    List links;
    for (const Cid& root : roots) links.push_back(Value(root));
    section(encode_cbor(Map{{"roots", Value(std::move(links))}, {"version", Value(1)}}), {});
  }
  void block(const Cid& cid, ByteView bytes) {
    if (seen_.insert(cid).second) section(cid.bytes(), bytes);
  }
  bool ok() const { return ok_ && std::fflush(file_) == 0; }

 private:
  void section(ByteView first, ByteView second) {
    Bytes head;
    write_varint(head, first.size() + second.size());
    for (const ByteView part : {ByteView(head), first, second}) {
      if (part.empty()) continue;
      ok_ = ok_ && std::fwrite(part.data(), 1, part.size(), file_) == part.size();
    }
  }

  std::FILE* file_;
  CidSet seen_;
  bool ok_ = true;
};

/// The nodes of the tree, parents first, each leaf with what belongs to its entries. Depth first:
/// what waits is one path of siblings.
Result<> write_tree(const SpaceBlocks& blocks, const Digest& root, CarFile& car) {
  CidSet attached;
  std::vector<Digest> open{root};
  while (!open.empty()) {
    const Cid cid = node_cid(open.back());
    open.pop_back();
    const auto bytes = blocks.find(cid);
    if (!bytes) return fail(Errc::corrupt, "a node is missing");
    car.block(cid, *bytes);
    FH_TRY(const Node node, Node::decode(*bytes));
    for (std::size_t i = node.size(); !node.is_leaf() && i-- > 0;) open.push_back(node.link(i));
    for (std::size_t i = 0; node.is_leaf() && i < node.size(); ++i) {
      std::vector<Cid> found;
      collect_attachments(node.key(i), value_at(node, i), blocks, &attached, &found);
      for (const Cid& one : found) car.block(one, *blocks.find(one));
    }
  }
  return {};
}

Result<> write_space(Space& space, std::FILE* file) {
  const SpaceRecord& head = space.record();
  CarFile car(file, {node_cid(head.root), *head.checkpoint});
  FH_CHECK(write_tree(space.blocks(), head.root, car));
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
