#include "freehold/sync/merge.hpp"

#include "freehold/codec/cbor.hpp"
#include "freehold/sync/names.hpp"

namespace freehold {

namespace {

using Optional = std::optional<StoredValue>;

bool is_under(std::string_view prefix, ByteView key) {
  return starts_with(key, view_of(prefix));
}

Value link_side(const Digest& block, std::uint64_t size) {
  return Value(Map{{"link", Value(node_cid(block))}, {"size", Value(size)}});
}

/// A map of DID -> link, absence counting as the empty one; nothing if the value is something else.
std::optional<Map> issuer_map_of(const Optional& value, const BlockStore& store) {
  if (!value) return Map{};
  const auto encoded = value->encoded(store);
  if (!encoded) return std::nullopt;
  const Result<Value> decoded = decode_cbor(*encoded);
  if (!decoded || decoded->as_map() == nullptr) return std::nullopt;
  for (const auto& [slot, link] : *decoded->as_map()) {
    if (!slot.starts_with("did:") || link.as_link() == nullptr) return std::nullopt;
  }
  return *decoded->as_map();
}

bool is_same(const Value* left, const Value* right) {
  if (left == nullptr || right == nullptr) return left == right;
  return *left == *right;
}

class Merger {
 public:
  Merger(const MergeBy& by, const Recogniser& recogniser, const BlockStore& store,
         const BaseDigests& digests)
      : by_(&by), recogniser_(&recogniser), store_(&store), digests_(&digests) {}

  /// The key was changed on our side only.
  void take_ours(const Difference& ours) { put(ours.key, ours.after); }

  /// The key was changed on both sides. `base`, `l` and `s` by design.md section 3.
  void settle(const Difference& ours, const Optional& s) {
    const Optional& base = ours.before;
    const Optional& l = ours.after;
    if (l == s) return;
    if (is_under(key_prefix::conflict, ours.key)) {
      if (!s) put(ours.key, l);
      return;
    }
    if (is_under(key_prefix::blob, ours.key) || is_under(key_prefix::upload, ours.key)) {
      if (settle_slots(ours.key, base, l, s)) return;
    } else if (is_reserved(ours.key) && l && recognised(ours.key, *l) &&
               !(s && recognised(ours.key, *s))) {
      put(ours.key, l);
      if (s) lose(ours.key, s, base);
      return;
    }
    // An edit beats a delete, whichever side made it; else the authority's side stays.
    if (l && !s) {
      put(ours.key, l);
      lose(ours.key, std::nullopt, base);
    } else {
      lose(ours.key, l, base);
    }
  }

  MergeResult finish() {
    for (auto& [key, value] : edits_) result_.edits.push_back({key, std::move(value)});
    return std::move(result_);
  }

 private:
  bool recognised(ByteView key, const StoredValue& value) const {
    const auto encoded = value.encoded(*store_);
    if (!encoded) return false;
    const Result<Value> decoded = decode_cbor(*encoded);
    return decoded && recogniser_->is_recognised(key, "", *decoded);
  }

  /// False if one of the three is no issuer map: then the plain rules hold.
  bool settle_slots(const Bytes& key, const Optional& base, const Optional& l, const Optional& s) {
    const auto base_map = issuer_map_of(base, *store_);
    const auto l_map = issuer_map_of(l, *store_);
    const auto s_map = issuer_map_of(s, *store_);
    if (!base_map || !l_map || !s_map) return false;
    Map merged = *s_map;
    for (const Map* side : {&*base_map, &*l_map}) {
      for (const auto& [slot, ignored] : *side) {
        const Value* b = base_map->find(slot);
        const Value* ours = l_map->find(slot);
        const Value* theirs = s_map->find(slot);
        if (is_same(ours, b) || is_same(ours, theirs)) continue;
        if (is_same(theirs, b)) {
          if (ours == nullptr) {
            merged.erase(slot);
          } else {
            merged.set(slot, *ours);
          }
        } else if (ours != nullptr && recogniser_->is_recognised(key, slot, *ours)) {
          const auto of_slot = [name = slot](const Value* link) -> Optional {
            if (link == nullptr) return std::nullopt;
            return StoredValue::of_inline(encode_cbor(Value(Map{{name, *link}})));
          };
          lose(key, of_slot(ours), of_slot(b));
        }
      }
    }
    if (merged == *s_map) return true;
    put(key, merged.empty() ? Optional() : stored(Value(std::move(merged))));
    return true;
  }

  void put(const Bytes& key, Optional value) { edits_.insert_or_assign(key, std::move(value)); }

  StoredValue stored(const Value& value) {
    Bytes encoded = encode_cbor(value);
    if (encoded.size() <= limits::value_inline_bytes_max) return StoredValue::of_inline(encoded);
    Block block = Block::of_cbor(std::move(encoded));
    StoredValue linked = StoredValue::of_link(digest_of(block.cid), block.bytes().size());
    result_.blocks.push_back(std::move(block));
    return linked;
  }

  /// `x` of a conflict entry: a value that may be absent. One that is nested so deep that the
  /// conflict around it would be over cbor_depth_max is linked, however small.
  Value side_of(const Optional& value) {
    if (!value) return Value(Map{});
    if (value->is_linked) return link_side(value->link(), value->size);
    const Result<Value> decoded = decode_cbor(value->payload);
    const Value side(Map{{"value", decoded ? *decoded : Value()}});
    if (check_value(encode_cbor(Value(List{side})))) return side;
    result_.blocks.push_back(Block::of_cbor(value->payload));
    return link_side(sha256(value->payload), value->size);
  }

  Value base_of(const Bytes& key, const Optional& base) {
    const auto digest = digests_->find(key);
    if (digest == digests_->end() || digest->second.empty()) return side_of(base);
    return Value(Map{{"digest", Value(digest->second)}});
  }

  void lose(const Bytes& key, const Optional& lost, const Optional& base) {
    const Value conflict(Map{{"key", Value(key)},
                             {"lost", side_of(lost)},
                             {"base", base_of(key, base)},
                             {"by", Value(by_->device.text())},
                             {"n", Value(by_->n)}});
    const Bytes under = key_of(key_prefix::conflict, Cid::of_cbor(encode_cbor(conflict)));
    put(under, stored(conflict));
    result_.conflicts.push_back(under);
  }

  const MergeBy* by_;
  const Recogniser* recogniser_;
  const BlockStore* store_;
  const BaseDigests* digests_;
  std::map<Bytes, Optional, BytesLess> edits_;
  MergeResult result_;
};

}  // namespace

Result<std::vector<Difference>> changed_at(const Tree& theirs, std::span<const Difference> ours,
                                           Missing* missing) {
  std::vector<Difference> changed;
  for (const Difference& one : ours) {
    FH_TRY(auto value, theirs.get(one.key, missing));
    if (!(value == one.before)) changed.push_back({one.key, one.before, std::move(value)});
  }
  return changed;
}

MergeResult merge(std::span<const Difference> ours, std::span<const Difference> theirs,
                  const MergeBy& by, const Recogniser& recogniser, const BlockStore& store,
                  const BaseDigests& digests) {
  Merger merger(by, recogniser, store, digests);
  std::size_t t = 0;
  for (const Difference& one : ours) {
    while (t < theirs.size() && compare(theirs[t].key, one.key) < 0) ++t;
    if (t < theirs.size() && equal(theirs[t].key, one.key)) {
      merger.settle(one, theirs[t].after);
    } else {
      merger.take_ours(one);
    }
  }
  return merger.finish();
}

}  // namespace freehold
