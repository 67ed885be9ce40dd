// freehold space proof, verify: what a space holds, for those who have no replica of it.
#include "native/cli/space.hpp"
#include "native/cli/verify.hpp"
#include "native/replica/local_replica.hpp"
#include "native/replica/out_file.hpp"

namespace freehold::native {

namespace {

std::vector<Claim> claims_said(const Arguments& arguments, const Console& console) {
  std::vector<Claim> claims;
  const Words& words = arguments.rest();
  for (std::size_t i = 1; i < words.size(); ++i) {
    claims.push_back({console.key_of_word(words[i])});
    unwrap(check_key(*claims.back().key), "KEY");
  }
  const auto bound = [&](const char* name) -> std::optional<Bytes> {
    const auto word = arguments.option(name);
    if (!word) return std::nullopt;
    return console.key_of_word(*word);
  };
  const auto prefix = bound("--prefix");
  Claim range{std::nullopt, prefix.value_or(Bytes()), bound("--from"), bound("--to")};
  if (!prefix && !range.from && !range.to) return claims;
  if (!claims.empty()) throw Failure("Usage", "proof: say keys, or a range, not both");
  claims.push_back(std::move(range));
  return claims;
}

std::vector<Cid> receipts_said(const Arguments& arguments) {
  std::vector<Cid> receipts;
  for (const std::string& word : arguments.all("--receipt")) {
    const Result<Cid> cid = Cid::parse(word);
    if (!cid) throw Failure("Usage", "--receipt: not a CID: " + word.substr(0, 200));
    receipts.push_back(*cid);
  }
  return receipts;
}

int run_proof(const Arguments& arguments, const Console& console) {
  const auto name = arguments.option("--out");
  if (!name && console.is_json()) throw Failure("Usage", "--json: say --out FILE");
  ProofFields fields;
  fields.claims = claims_said(arguments, console);
  fields.receipts = receipts_said(arguments);
  LocalReplica replica(arguments.rest()[0], LmdbMode::read_only);
  Bytes bytes;
  std::uint64_t seq = 0;
  replica.read([&](const Snapshot& state) {
    fields.space = state.head.space();
    fields.root = state.head.root();
    if (!arguments.has_flag("--head")) {
      const auto& cid = state.head.checkpoint();
      const auto block = cid ? state.blocks.find(*cid) : std::nullopt;
      if (!block) {
        throw Failure("NotFound", "no checkpoint is known: sync first, or say --head");
      }
      fields.checkpoint = cid;
      fields.root = unwrap(Checkpoint::decode(Block(*cid, copy_of(*block)))).root;
      seq = state.head.seq();
    }
    bytes = unwrap(make_proof(state.blocks, fields), "proof");
  });
  OutFile out(name);
  if (std::fwrite(bytes.data(), 1, bytes.size(), out.file()) != bytes.size()) {
    throw Failure("NotFound", "the proof cannot be written");
  }
  out.finish();
  if (console.is_json()) {
    console.record(Map{{"root", text_of_root(fields.root)},
                       {"seq", Value(seq)},
                       {"bytes", Value(std::uint64_t{bytes.size()})}});
  }
  return status::ok;
}

std::optional<Digest> root_said(const Arguments& arguments) {
  const auto word = arguments.option("--root");
  if (!word) return std::nullopt;
  const Result<Cid> cid = Cid::parse(*word);
  if (!cid || !cid->is_cbor_sha256()) throw Failure("Usage", "--root: not the CID of a tree");
  return digest_of(*cid);
}

int run_verify(const Arguments& arguments, const Console& console) {
  const std::optional<Digest> root = root_said(arguments);
  const std::string& name = arguments.rest()[1];
  const Bytes file = read_input(name, limits::proof_bytes_max);
  LocalReplica replica(arguments.rest()[0], LmdbMode::read_only);
  int code = status::ok;
  replica.read([&](const Snapshot& state) {
    const ProofTrust trust{now_seconds(), &state.head.services(), state.head.space(), root};
    const Result<ProofVerdict> verdict = verify_proof(file, trust);
    if (verdict) return tell_verdict(*verdict, console.is_json());
    tell_refusal(name, verdict.error(), console.is_json());
    code = status::unsound;
  });
  return code;
}

}  // namespace

SpaceCommand space_proof() {
  return {
      "proof",
      "freehold space proof DIR [KEY... | --prefix P --from A --to B] [--out FILE]\n"
      "\n"
      "Writes a proof file, to standard output unless told otherwise: the value of each KEY or\n"
      "that it has none, or all entries of a range, with the nodes, receipts and delegations that\n"
      "prove it up to the last checkpoint. What was edited since is not in it.\n"
      "\n"
      "  --prefix      all entries whose keys begin so\n"
      "  --from --to   all from A on, up to but not B; also within a prefix\n"
      "  --receipt     the CID of a receipt to go with it; may be repeated\n"
      "  --head        of the tree as it is now, which nobody has signed\n"
      "\n"
      "JSON (with --out): {\"root\", \"seq\" (0: of the head), \"bytes\"}\n",
      {"--prefix", "--from", "--to", "--receipt", "--out"},
      {"--head"},
      1,
      SIZE_MAX,
      run_proof};
}

SpaceCommand space_verify() {
  return {
      "verify",
      "freehold space verify DIR FILE [--root CID]\n"
      "\n"
      "Says what a proof file proves of the space in DIR, by the keys of the services that the\n"
      "replica knows. (`freehold verify FILE` does without a replica.) Exit status 9 if it proves\n"
      "nothing.\n"
      "\n"
      "  --root   it must be of this tree; needed if it has no checkpoint (proof --head)\n"
      "\n"
      "JSON: as of freehold verify\n",
      {"--root"},
      {},
      2,
      2,
      run_verify};
}

}  // namespace freehold::native
