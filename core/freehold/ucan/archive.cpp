// Delegations together with their proofs: which blocks travel, and the archives they travel in.
#include <unordered_set>

#include "freehold/base/limits.hpp"
#include "freehold/base/multibase.hpp"
#include "freehold/codec/car.hpp"
#include "freehold/codec/cbor.hpp"
#include "freehold/ucan/ucan.hpp"

namespace freehold {

namespace {

constexpr std::string_view variant_prefix = "ucan@";
constexpr std::string_view variant_key = "ucan@0.9.1";

/// Every link in `value`, at any depth, in order. Depth is bounded by the decoder.
void collect_links(const Value& value, std::vector<Cid>& links) {
  if (const Cid* link = value.as_link()) {
    links.push_back(*link);
  } else if (const List* list = value.as_list()) {
    for (const Value& item : *list) collect_links(item, links);
  } else if (const Map* map = value.as_map()) {
    for (const auto& [key, item] : *map) collect_links(item, links);
  }
}

/// Collects blocks in the order in which they are exported, each once.
class Collector {
 public:
  explicit Collector(const BlockStore& store) noexcept : store_(&store) {}

  /// What `root` reaches by `prf`. With a stack of its own, since a chain may be as long as a
  /// message has blocks.
  void add_proofs_of(const Ucan& root) {
    seen_.insert(root.cid());
    std::vector<Frame> open;
    open.push_back({Block(), root.proofs, 0});
    while (!open.empty()) {
      Frame& frame = open.back();
      if (frame.next == frame.proofs.size()) {
        if (!frame.block.cid.is_null()) blocks_.push_back(std::move(frame.block));
        open.pop_back();
        continue;
      }
      const Cid proof = frame.proofs[frame.next++];
      if (auto block = take(proof)) {
        auto ucan = Ucan::decode(*block);
        open.push_back({*std::move(block), ucan ? std::move(ucan->proofs) : std::vector<Cid>(), 0});
      }
    }
  }

  void add_attached_to(const Ucan& root) {
    std::vector<Cid> links;
    for (const Capability& capability : root.capabilities) {
      if (capability.nb) collect_links(*capability.nb, links);
      collect_links(capability.more, links);
    }
    for (const Map& fact : root.facts) {
      for (const auto& [key, item] : fact) {
        if (item.as_link() != nullptr) links.push_back(*item.as_link());
      }
    }
    for (const Cid& link : links) {
      if (auto block = take(link)) blocks_.push_back(*std::move(block));
    }
  }

  std::vector<Block> finish(const Ucan& root) && {
    blocks_.push_back(root.block);
    return std::move(blocks_);
  }

 private:
  struct Frame {
    Block block;
    std::vector<Cid> proofs;
    std::size_t next;
  };

  std::optional<Block> take(const Cid& cid) {
    if (cid.hash_code() == multihash_code::identity) return std::nullopt;
    const auto bytes = store_->find(cid);
    if (!bytes || !seen_.insert(cid).second) return std::nullopt;
    return Block(cid, copy_of(*bytes));
  }

  const BlockStore* store_;
  std::unordered_set<Cid, CidHash> seen_;
  std::vector<Block> blocks_;
};

Result<Archive> archive_of(Cid root, std::vector<Block> blocks) {
  for (const Block& block : blocks) {
    if (block.cid == root) return Archive{std::move(root), std::move(blocks)};
  }
  return fail(Errc::malformed, "the delegation is not in its archive");
}

}  // namespace

std::vector<Block> with_proofs(const Ucan& root, const BlockStore& blocks) {
  Collector collector(blocks);
  collector.add_proofs_of(root);
  collector.add_attached_to(root);
  return std::move(collector).finish(root);
}

Bytes encode_archive(const Ucan& root, const BlockStore& blocks) {
  std::vector<Block> all = with_proofs(root, blocks);
  const Value variant = Map{{std::string(variant_prefix) + root.version, root.cid()}};
  all.push_back(Block::of_cbor(encode_cbor(variant)));
  return encode_car(std::span(&all.back().cid, 1), all);
}

Result<Archive> decode_archive(ByteView bytes) {
  FH_TRY(Car car, decode_car(bytes));
  if (car.roots.empty()) return fail(Errc::malformed, "an archive without a root");
  const auto variant =
      std::find_if(car.blocks.begin(), car.blocks.end(),
                   [&car](const Block& block) { return block.cid == car.roots.front(); });
  FH_TRY(const Value model, decode_cbor(variant->bytes()));
  const Value* link = model.find(variant_key);
  if (link == nullptr || model.as_map()->size() != 1 || link->as_link() == nullptr ||
      link->as_link()->version() != 1) {
    return fail(Errc::malformed, "an archive of something else than a UCAN");
  }
  car.blocks.erase(variant);
  return archive_of(*link->as_link(), std::move(car.blocks));
}

std::string text_of_archive(ByteView archive) {
  return encode_multibase(Base::base64, Cid::of_identity(codec::car, archive).bytes());
}

Result<Archive> parse_archive(std::string_view text) {
  if (!text.starts_with(static_cast<char>(Base::base64))) {
    return fail(Errc::malformed, "a proof not in base64");
  }
  FH_TRY(const Bytes bytes, decode_multibase(text));
  FH_TRY(const Cid cid, Cid::decode(bytes));
  if (cid.codec() != codec::car || cid.hash_code() != multihash_code::identity) {
    return fail(Errc::malformed, "a proof that is not an archive");
  }
  return decode_archive(cid.digest());
}

Result<Archive> decode_claim(ByteView bytes) {
  FH_TRY(Car car, decode_car(bytes));
  if (car.roots.empty()) return fail(Errc::malformed, "a claim without a root");
  return archive_of(car.roots.front(), std::move(car.blocks));
}

std::optional<ByteView> find_inline(const BlockStore& blocks, const Cid& cid) {
  if (cid.is_null()) return std::nullopt;
  if (cid.hash_code() == multihash_code::identity) return cid.digest();
  return blocks.find(cid);
}

}  // namespace freehold
