#include "freehold/db/tree_holdings.hpp"

#include "freehold/codec/cbor.hpp"

namespace freehold {

namespace {

Bytes key_of(char kind, ByteView rest) {
  Bytes key(1 + rest.size());
  key[0] = static_cast<std::uint8_t>(kind);
  std::copy(rest.begin(), rest.end(), key.begin() + 1);
  return key;
}

Bytes entry_prefix(ByteView key) {
  return key_of('e', ByteView(sha256(key)).first(16));
}

Result<Cid> cid_behind(std::size_t prefix_size, const Entry& entry) {
  return Cid::decode(ByteView(entry.key).subspan(prefix_size));
}

}  // namespace

void TreeHoldings::put(Bytes key, std::uint64_t number) {
  edits_.insert_or_assign(std::move(key), StoredValue::of_inline(encode_cbor(Value(number))));
}

Result<std::optional<Bytes>> TreeHoldings::get(ByteView key) {
  if (const auto set = edits_.find(key); set != edits_.end()) {
    return set->second ? std::optional(set->second->payload) : std::nullopt;
  }
  FH_TRY(const auto stored, Tree(*blocks_, root_).get(key, missing_));
  return stored ? std::optional(stored->payload) : std::nullopt;
}

Result<std::uint64_t> TreeHoldings::count_of(const Cid& cid) {
  FH_TRY(const auto encoded, get(key_of('c', cid.bytes())));
  if (!encoded) return 0;
  FH_TRY(const Value count, decode_cbor(*encoded));
  return uint_of(&count).value_or(0);
}

Result<std::vector<Cid>> TreeHoldings::held_by(ByteView key) {
  Range range;
  range.prefix = entry_prefix(key);
  FH_TRY(const Page page, Tree(*blocks_, root_).list(range, missing_));
  std::vector<Cid> held;
  for (const Entry& entry : page.entries) {
    FH_TRY(Cid cid, cid_behind(range.prefix.size(), entry));
    held.push_back(std::move(cid));
  }
  return held;
}

Result<> TreeHoldings::set_held_by(ByteView key, std::span<const Cid> held) {
  const Bytes prefix = entry_prefix(key);
  FH_TRY(const std::vector<Cid> before, held_by(key));
  for (const Cid& cid : before) {
    Bytes at = prefix;
    append(at, cid.bytes());
    erase(std::move(at));
  }
  for (const Cid& cid : held) {
    Bytes at = prefix;
    append(at, cid.bytes());
    put(std::move(at), 1);
  }
  return {};
}

Result<> TreeHoldings::hold(const Cid& cid) {
  FH_TRY(const std::uint64_t count, count_of(cid));
  put(key_of('c', cid.bytes()), count + 1);
  if (count > 0) return {};
  dead_.erase(cid);
  FH_TRY(const auto listed, get(key_of('d', cid.bytes())));
  if (listed) erase(key_of('d', cid.bytes()));
  return {};
}

Result<> TreeHoldings::release(const Cid& cid) {
  FH_TRY(const std::uint64_t count, count_of(cid));
  if (count > 1) {
    put(key_of('c', cid.bytes()), count - 1);
  } else if (count == 1) {
    erase(key_of('c', cid.bytes()));
    dead_.insert(cid);
  }
  return {};
}

Result<TreeHoldings::Finished> TreeHoldings::finish(bool keeps_dead, BlockSink& sink) {
  Finished finished;
  if (keeps_dead) {
    for (const Cid& cid : dead_) put(key_of('d', cid.bytes()), 1);
  } else {
    finished.freed.assign(dead_.begin(), dead_.end());
    Range listed;
    listed.prefix = key_of('d', {});
    FH_TRY(const Page page, Tree(*blocks_, root_).list(listed, missing_));
    for (const Entry& entry : page.entries) {
      if (edits_.contains(entry.key)) continue;  // it is held again
      FH_TRY(Cid cid, cid_behind(1, entry));
      finished.freed.push_back(std::move(cid));
      erase(entry.key);
    }
  }
  std::vector<Edit> edits;
  edits.reserve(edits_.size());
  for (auto& [key, value] : edits_) edits.push_back({key, std::move(value)});
  FH_TRY(finished.applied, apply(*blocks_, root_, edits, sink, missing_));
  return finished;
}

}  // namespace freehold
