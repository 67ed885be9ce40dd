#include "native/replica/evidence_file.hpp"

#include "native/replica/out_file.hpp"

namespace freehold::native {

namespace {

constexpr std::size_t name_bytes = 8;  // of the file's hash

}  // namespace

Failure with_evidence(Failure failure, const std::filesystem::path& folder, ByteView evidence,
                      const KnownServices& services) {
  const Digest digest = sha256(evidence);
  const std::string hash = hex_of(ByteView(digest).first(name_bytes));
  const std::string file = folder / ("evidence-" + hash + ".car");
  try {
    OutFile out(file);
    std::fwrite(evidence.data(), 1, evidence.size(), out.file());
    out.finish();
  } catch (const Failure& unwritten) {
    return Failure(failure.name(),
                   failure.what() + std::string("; of the evidence, ") + unwritten.what());
  }
  std::string verification = "freehold verify " + file;
  for (const auto& [did, key] : services.all()) {
    if (did != key.text()) verification += " --key " + did + "=" + key.text();
  }
  failure.set_evidence(file, std::move(verification));
  return failure;
}

}  // namespace freehold::native
