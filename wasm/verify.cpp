// The verifier of proof files as a WebAssembly module by itself: it needs nothing of its host, and
// exports a memory and two functions. js/verify.js is the other side.

#include <cstdlib>

#include "freehold/codec/cbor.hpp"
#include "freehold/sync/proof_report.hpp"

namespace freehold::wasm {
namespace {

/// The next word of `text`, which is cut off from it.
std::string_view take_word(std::string_view* text, char end) {
  const std::size_t size = std::min(text->find(end), text->size());
  const std::string_view word = text->substr(0, size);
  text->remove_prefix(std::min(size + 1, text->size()));
  return word;
}

Result<> read_option(std::string_view line, ProofTrust* trust, KnownServices* keys) {
  const std::string_view name = take_word(&line, ' ');
  if (name == "now") {
    for (const char digit : line) trust->now = trust->now * 10 + (digit - '0');
  } else if (name == "space") {
    FH_TRY(trust->space, Did::parse(line));
  } else if (name == "root") {
    FH_TRY(const Cid cid, Cid::parse(line));
    if (!cid.is_cbor_sha256()) return fail(Errc::malformed, "root: not the CID of a node");
    trust->root = digest_of(cid);
  } else {
    FH_TRY(const Did service, Did::parse(take_word(&line, ' ')));
    FH_TRY(const Did key, Did::parse(line));
    if (!key.is_key()) return fail(Errc::malformed, "keys: not a did:key");
    keys->set(service, key);
  }
  return {};
}

Result<Bytes> verify(ByteView file, std::string_view options) {
  KnownServices keys;
  ProofTrust trust{.keys = &keys};
  while (!options.empty()) FH_CHECK(read_option(take_word(&options, '\n'), &trust, &keys));
  FH_TRY(const ProofVerdict verdict, verify_proof(file, trust));
  return report_of(verdict);
}

}  // namespace
}  // namespace freehold::wasm

extern "C" {

/// Room for what the host writes. Never freed: an instance is for one call.
[[clang::export_name("allocate")]] std::uint8_t* freehold_allocate(std::size_t size) {
  return static_cast<std::uint8_t*>(std::malloc(size));
}

/// `options` are lines of text: `now <seconds>`, `space <DID>`, `root <CID>`, `key <DID>
/// <did:key>`. The size of the answer in four bytes, least first, then the answer: DAG-CBOR of {ok:
/// report} or {error: {name, message}}.
[[clang::export_name("verify")]] const std::uint8_t* freehold_verify(const std::uint8_t* file,
                                                                     std::size_t file_size,
                                                                     const char* options,
                                                                     std::size_t options_size) {
  using namespace freehold;
  const Result<Bytes> report = wasm::verify({file, file_size}, {options, options_size});
  Bytes answer;
  write_cbor_head(answer, CborMajor::map, 1);
  if (report) {
    write_cbor_text(answer, "ok");
    append(answer, *report);
  } else {
    write_cbor_text(answer, "error");
    write_cbor_head(answer, CborMajor::map, 2);
    write_cbor_text(answer, "name");
    write_cbor_text(answer, name_of(report.error().code));
    write_cbor_text(answer, "message");
    write_cbor_text(answer, report.error().what);
  }
  std::uint8_t* memory = freehold_allocate(4 + answer.size());
  for (int i = 0; i < 4; ++i) memory[i] = static_cast<std::uint8_t>(answer.size() >> (8 * i));
  std::memcpy(memory + 4, answer.data(), answer.size());
  return memory;
}
}
