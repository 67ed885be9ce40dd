#include "freehold/codec/car.hpp"

#include <unordered_set>

#include "freehold/base/limits.hpp"
#include "freehold/base/reader.hpp"
#include "freehold/codec/cbor.hpp"

namespace freehold {

namespace {

Bytes encode_header(std::span<const Cid> roots) {
  Bytes header;
  write_cbor_head(header, CborMajor::map, 2);
  write_cbor_text(header, "roots");
  write_cbor_head(header, CborMajor::list, roots.size());
  for (const Cid& root : roots) write_cbor_link(header, root);
  write_cbor_text(header, "version");
  write_cbor_head(header, CborMajor::uint, 1);
  return header;
}

/// One section, of which the length has been read.
Result<Block> decode_section(ByteView section, CheckHashes check) {
  std::size_t size = 0;
  FH_TRY(Cid cid, Cid::decode_prefix(section, &size));
  const ByteView bytes = section.subspan(size);
  if (check == CheckHashes::yes && !cid.matches(bytes)) {
    return fail(Errc::malformed, "a block that does not match its CID");
  }
  return Block(std::move(cid), copy_of(bytes));
}

}  // namespace

Bytes encode_car(std::span<const Cid> roots, std::span<const Block> blocks) {
  const Bytes header = encode_header(roots);
  std::size_t size = varint_size(header.size()) + header.size();
  for (const Block& block : blocks)
    size += 2 * 10 + block.cid.bytes().size() + block.bytes().size();

  Bytes bytes;
  bytes.reserve(size);
  write_varint(bytes, header.size());
  append(bytes, header);
  for (const Block& block : blocks) {
    write_varint(bytes, block.cid.bytes().size() + block.bytes().size());
    append(bytes, block.cid.bytes());
    append(bytes, block.bytes());
  }
  return bytes;
}

Result<std::vector<Cid>> decode_car_header(ByteView bytes) {
  FH_TRY(const Value header, decode_cbor(bytes));
  const Map* map = header.as_map();
  const Value* version = header.find("version");
  const Value* roots = header.find("roots");
  if (map == nullptr || map->size() != 2 || version == nullptr || roots == nullptr ||
      *version != Value(1) || roots->as_list() == nullptr) {
    return fail(Errc::malformed, "Invalid CAR header format");
  }
  std::vector<Cid> links;
  for (const Value& root : *roots->as_list()) {
    if (root.as_link() == nullptr) return fail(Errc::malformed, "Invalid CAR header format");
    links.push_back(*root.as_link());
  }
  return links;
}

Result<Car> decode_car(ByteView bytes, CheckHashes check) {
  Reader reader(bytes);
  const ByteView header = reader.take(reader.varint());
  if (!reader.ok()) return fail(Errc::malformed, "Unexpected end of data");
  if (header.size() > limits::car_header_bytes_max) {
    return fail(Errc::limit, "car_header_bytes_max");
  }
  FH_TRY(std::vector<Cid> roots, decode_car_header(header));

  Car car;
  std::unordered_set<Cid, CidHash> seen;
  while (!reader.is_done()) {
    const ByteView section = reader.take(reader.varint());
    if (!reader.ok()) return fail(Errc::malformed, "Unexpected end of data");
    if (section.empty()) return fail(Errc::malformed, "Invalid CAR section (zero length)");
    if (seen.size() == limits::car_blocks_max) return fail(Errc::limit, "car_blocks_max");
    FH_TRY(Block block, decode_section(section, check));
    if (seen.insert(block.cid).second) car.blocks.push_back(std::move(block));
  }
  for (Cid& root : roots) {
    if (seen.contains(root)) car.roots.push_back(std::move(root));
  }
  return car;
}

}  // namespace freehold
