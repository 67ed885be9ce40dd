// freehold prove: a file that proves what a space holds, from the data folder of a server.
#include <cstdio>

#include "freehold/sync/proof_file.hpp"
#include "native/cli/command.hpp"
#include "native/cli/stored_space.hpp"

namespace freehold::native {

namespace {

constexpr const char* help =
    "freehold prove --data DIR --space DID WHAT [--out FILE]\n"
    "\n"
    "Writes a proof file (for `freehold verify`, and freehold/verify in JavaScript), to standard\n"
    "output unless told otherwise: what is claimed of the space, the nodes that prove it, large\n"
    "values, receipts with what they belong to, the last checkpoint and what that rests on. A\n"
    "server may be running on DIR. WHAT is some of these, which must not overlap, or nothing, to\n"
    "prove the checkpoint alone:\n"
    "\n"
    "  --key KEY...            the value of each key, or that it has none\n"
    "  --prefix P              all entries whose keys begin so\n"
    "  [--from A] [--to B]     all entries from A on, up to but not B; also within a prefix\n"
    "\n"
    "  --receipt CID...        receipts to go with it, whether or not they lie in the tree\n";

Bytes bytes_of(const std::string& text) {
  return copy_of(view_of(text));
}

void read_claims(const Arguments& arguments, std::vector<Claim>* claims) {
  const auto prefix = arguments.option("--prefix");
  const auto from = arguments.option("--from");
  const auto to = arguments.option("--to");
  for (const std::string& key : arguments.all("--key")) claims->push_back({bytes_of(key)});
  if (!prefix && !from && !to) return;
  Claim range;
  if (prefix) range.prefix = bytes_of(*prefix);
  if (from) range.from = bytes_of(*from);
  if (to) range.to = bytes_of(*to);
  claims->push_back(std::move(range));
}

std::string read_receipts(const Arguments& arguments, std::vector<Cid>* receipts) {
  for (const std::string& text : arguments.all("--receipt")) {
    const Result<Cid> cid = Cid::parse(text);
    if (!cid) return "--receipt: not a CID: " + text;
    receipts->push_back(*cid);
  }
  return "";
}

int write_file(const std::optional<std::string>& name, ByteView bytes) {
  std::FILE* file = name ? std::fopen(name->c_str(), "wb") : stdout;
  const std::string shown = name.value_or("standard output");
  if (file == nullptr) return complain(shown + ": cannot be written");
  const bool is_written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  const bool is_closed = (name ? std::fclose(file) : std::fflush(file)) == 0;
  return is_written && is_closed ? 0 : complain(shown + ": cannot be written");
}

}  // namespace

int prove_command(const Words& words) {
  const Arguments arguments(
      words, {"--data", "--space", "--key", "--prefix", "--from", "--to", "--receipt", "--out"});
  const auto data = arguments.option("--data");
  const auto space = arguments.option("--space");
  if (arguments.wants_help() || !arguments.error().empty() || !data || !space ||
      !arguments.rest().empty()) {
    return usage(help, arguments);
  }
  const Result<Did> did = Did::parse(*space);
  if (!did) return complain(*space + ": not a DID");
  ProofFields fields;
  fields.space = *did;
  read_claims(arguments, &fields.claims);
  std::string wrong = read_receipts(arguments, &fields.receipts);
  if (!wrong.empty()) return complain(wrong);

  Bytes file;
  wrong = read_space(*data, *did, [&](Space& stored) -> Result<> {
    fields.root = stored.record().root;
    fields.checkpoint = stored.record().checkpoint;
    FH_TRY(file, make_proof(stored.blocks(), fields));
    return {};
  });
  if (!wrong.empty()) return complain(wrong);
  return write_file(arguments.option("--out"), file);
}

}  // namespace freehold::native
