#include "native/replica/car_file.hpp"

#include "freehold/base/reader.hpp"
#include "freehold/base/varint.hpp"
#include "freehold/codec/car.hpp"

namespace freehold::native {

// --- writing ------------------------------------------------------------------------------------

CarWriter::CarWriter(std::FILE* file, const std::vector<Cid>& roots) : file_(file) {
  const Bytes header = encode_car(roots, {});  // with its length
  ok_ = std::fwrite(header.data(), 1, header.size(), file_) == header.size();
}

void CarWriter::block(const Cid& cid, ByteView bytes) {
  if (seen_.insert(cid).second) section(cid.bytes(), bytes);
}

bool CarWriter::ok() const {
  return ok_ && std::fflush(file_) == 0;
}

void CarWriter::section(ByteView first, ByteView second) {
  Bytes head;
  write_varint(head, first.size() + second.size());
  for (const ByteView part : {ByteView(head), first, second}) {
    if (part.empty()) continue;
    ok_ = ok_ && std::fwrite(part.data(), 1, part.size(), file_) == part.size();
  }
}

// --- reading ------------------------------------------------------------------------------------

CarFile::CarFile(const std::filesystem::path& file) : file_(file) {
  const std::string name = file.string();
  if (!file_.is_open()) throw Failure("NotFound", name + ": cannot be read");
  Reader reader(file_.bytes());
  const ByteView header = reader.take(reader.varint());
  if (!reader.ok()) throw Failure("Malformed", name + ": not a CAR");
  if (header.size() > limits::car_header_bytes_max) {
    throw Failure("LimitExceeded", name + ": car_header_bytes_max");
  }
  roots_ = unwrap(decode_car_header(header), name);
  for (std::uint64_t i = 0; !reader.is_done(); ++i) {
    const auto at = [&] { return name + ": block " + std::to_string(i) + ": "; };
    const ByteView section = reader.take(reader.varint());
    if (!reader.ok()) throw Failure("Malformed", at() + "the file is cut short");
    std::size_t size = 0;
    const Result<Cid> cid = Cid::decode_prefix(section, &size);
    if (!cid) throw Failure("Malformed", at() + "no CID");
    const ByteView bytes = section.subspan(size);
    if (!cid->matches(bytes)) throw Failure("Malformed", at() + "does not match its CID");
    if (blocks_.size() == limits::car_file_blocks_max) {
      throw Failure("LimitExceeded", name + ": car_file_blocks_max");
    }
    blocks_.emplace(*cid, bytes);
  }
}

std::optional<ByteView> CarFile::find(const Cid& cid) const {
  const auto found = blocks_.find(cid);
  if (found == blocks_.end()) return std::nullopt;
  return found->second;
}

}  // namespace freehold::native
