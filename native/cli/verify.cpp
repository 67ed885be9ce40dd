// freehold verify: what a proof file, or evidence against an authority, proves, from hashes and
// signatures alone.
#include "native/cli/verify.hpp"

#include <cstdio>
#include <ctime>

#include "freehold/base/limits.hpp"
#include "freehold/codec/cbor.hpp"
#include "freehold/codec/dag_json.hpp"
#include "freehold/sync/proof_report.hpp"
#include "native/cli/command.hpp"
#include "native/cli/evidence_report.hpp"
#include "native/cli/shown.hpp"

namespace freehold::native {

namespace {

constexpr const char* help =
    "freehold verify FILE [--space DID] [--root CID] [--key DID=did:key:...]... [--at SECONDS]\n"
    "                     [--json]\n"
    "\n"
    "Says what a proof file proves, or a file of evidence that an authority contradicted itself.\n"
    "Exit status: 0 proved, 1 not proved (and why), 2 usage.\n"
    "\n"
    "  --space   it must be of this space, by its checkpoint\n"
    "  --root    it must be of the tree with this root\n"
    "  --key     the key of a service that you trust: the keys of did:web services are not in the\n"
    "            file. Naming a service here, you take its checkpoints even if the space has not\n"
    "            made it its authority\n"
    "  --at      judge as of this time (Unix seconds) instead of now\n"
    "  --json    DAG-JSON: {\"proved\": true, ...} or {\"proved\": false, \"error\": {name, "
    "message}}\n";

void print_commitments(const ProvenEntry& entry) {
  for (const Commitment& commitment : entry.commitments) {
    const Recognition& found = commitment.recognition;
    if (!found) {
      std::printf("    not recognised: %s\n", found.reason);
      continue;
    }
    std::printf("    recognised: receipt by %s of %s, %s\n",
                shown(found.receipt->issuer->text()).c_str(),
                shown(found.invocation.capabilities[0].can).c_str(),
                shown_value(found.receipt->out).c_str());
  }
}

void print_claim(const ProvenClaim& proven) {
  const Claim& claim = proven.claim;
  if (claim.key) {
    if (proven.entries.empty()) std::printf("absent: %s\n", shown_key(*claim.key).c_str());
  } else {
    std::printf("complete range:");
    if (!claim.prefix.empty()) std::printf(" prefix %s", shown_key(claim.prefix).c_str());
    if (claim.from) std::printf(" from %s", shown_key(*claim.from).c_str());
    if (claim.to) std::printf(" to %s", shown_key(*claim.to).c_str());
    std::printf(" (%zu entries)\n", proven.entries.size());
  }
  for (const ProvenEntry& entry : proven.entries) {
    const Result<Value> value = decode_cbor(entry.value);
    std::printf("  %s = %s\n", shown_key(entry.key).c_str(),
                value ? shown_value(*value).c_str() : "");
    print_commitments(entry);
  }
}

void print_checkpoint(const ProofVerdict& verdict) {
  if (!verdict.checkpoint) {
    std::puts("no checkpoint: nobody has signed this root, and the space is what the file says");
    return;
  }
  const Checkpoint& checkpoint = *verdict.checkpoint;
  std::printf("checkpoint %llu of %s, signed by %s\n",
              static_cast<unsigned long long>(checkpoint.seq), shown_time(checkpoint.time).c_str(),
              shown(checkpoint.ucan.issuer.text()).c_str());
  std::puts(verdict.proven == Proven::yes
                ? "  proven: the space gave it the right to"
                : "  unproven: not by a delegation of the space; you named it yourself");
}

void print_verdict(const ProofVerdict& verdict) {
  std::printf("space %s\nroot %s (%llu entries, %llu bytes)\n", shown(verdict.space.text()).c_str(),
              node_cid(verdict.root).text().c_str(),
              static_cast<unsigned long long>(verdict.weight.count),
              static_cast<unsigned long long>(verdict.weight.bytes));
  print_checkpoint(verdict);
  for (const ProvenClaim& claim : verdict.claims) print_claim(claim);
  for (const Recognition& receipt : verdict.receipts) {
    std::printf("receipt by %s of %s: %s\n", shown(receipt.receipt->issuer->text()).c_str(),
                shown(receipt.invocation.capabilities[0].can).c_str(),
                shown_value(receipt.receipt->out).c_str());
  }
  std::puts("proved");
}

/// Empty, or what is wrong.
std::string read_keys(const Arguments& arguments, KnownServices* keys) {
  for (const std::string& text : arguments.all("--key")) {
    const std::size_t equals = text.rfind('=');
    const Result<Did> service = Did::parse(text.substr(0, equals));
    const Result<Did> key = Did::parse(text.substr(equals == std::string::npos ? 0 : equals + 1));
    if (!service || !key || !key->is_key()) return "--key: DID=did:key:... is expected: " + text;
    keys->set(*service, *key);
  }
  return "";
}

std::string read_trust(const Arguments& arguments, ProofTrust* trust) {
  trust->now = std::time(nullptr);
  if (const auto at = arguments.option("--at")) {
    char* end = nullptr;
    trust->now = std::strtoll(at->c_str(), &end, 10);
    if (at->empty() || *end != '\0') return "--at: seconds are expected: " + *at;
  }
  if (const auto space = arguments.option("--space")) {
    const Result<Did> did = Did::parse(*space);
    if (!did) return "--space: not a DID: " + *space;
    trust->space = *did;
  }
  if (const auto root = arguments.option("--root")) {
    const Result<Cid> cid = Cid::parse(*root);
    if (!cid || !cid->is_cbor_sha256()) return "--root: not the CID of a node: " + *root;
    trust->root = digest_of(*cid);
  }
  return "";
}

/// The file, or as much of it as shows that it is too large.
std::optional<Bytes> read_file(const std::string& name) {
  std::FILE* file = std::fopen(name.c_str(), "rb");
  if (file == nullptr) return std::nullopt;
  Bytes bytes(limits::proof_bytes_max + 1);
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
  const bool is_read = std::ferror(file) == 0;
  std::fclose(file);
  if (!is_read) return std::nullopt;
  return bytes;
}

}  // namespace

void tell_verdict(const ProofVerdict& verdict, bool is_json) {
  if (!is_json) return print_verdict(verdict);
  const Result<Value> report = decode_cbor(report_of(verdict));
  Map told = report ? *report->as_map() : Map();
  told.set("proved", Value(true));
  std::puts(encode_dag_json(Value(std::move(told))).c_str());
}

void tell_refusal(const std::string& name, const Error& error, bool is_json) {
  if (!is_json) {
    complain(name + ": not proved: " + error.what);
    return;
  }
  const Map told{{"name", Value(name_of(error.code))}, {"message", Value(error.what)}};
  std::puts(encode_dag_json(Map{{"error", Value(told)}, {"proved", Value(false)}}).c_str());
}

namespace {

int verify_evidence_file(const std::string& name, const Bytes& file, const ProofTrust& trust,
                         bool is_json) {
  if (trust.root) {
    tell_refusal(name, {Errc::root_mismatch, "evidence is of no one root: --root"}, is_json);
    return 1;
  }
  const Result<EvidenceVerdict> verdict = verify_evidence(file, trust);
  if (!verdict) {
    tell_refusal(name, verdict.error(), is_json);
    return 1;
  }
  if (is_json) {
    std::puts(encode_dag_json(report_of_evidence(*verdict)).c_str());
  } else {
    print_evidence(*verdict);
  }
  return 0;
}

}  // namespace

int verify_command(const Words& words) {
  const Arguments arguments(words, {"--space", "--root", "--key", "--at"}, {"--json"});
  if (arguments.wants_help() || !arguments.error().empty() || arguments.rest().size() != 1) {
    return usage(help, arguments);
  }
  KnownServices keys;
  ProofTrust trust{.keys = &keys};
  std::string wrong = read_keys(arguments, &keys);
  if (wrong.empty()) wrong = read_trust(arguments, &trust);
  if (!wrong.empty()) {
    complain(wrong);
    return 2;
  }
  const std::string& name = arguments.rest().front();
  const auto file = read_file(name);
  if (!file) return complain(name + ": cannot be read");
  const bool is_json = arguments.has_flag("--json");
  if (is_evidence(*file)) return verify_evidence_file(name, *file, trust, is_json);
  const Result<ProofVerdict> verdict = verify_proof(*file, trust);
  if (!verdict) {
    tell_refusal(name, verdict.error(), is_json);
    return 1;
  }
  tell_verdict(*verdict, is_json);
  return 0;
}

}  // namespace freehold::native
