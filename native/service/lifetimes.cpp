#include "native/service/lifetimes.hpp"

#include "freehold/tree/apply.hpp"
#include "native/fault.hpp"

namespace freehold::native {

using layout::Kind;

namespace {

constexpr std::size_t cid_bytes_kept_max = 64;  // those of SHA-256 are shorter

/// An identity CID carries its block; no other hash than SHA-256 was let in.
bool is_kept(const Cid& cid) {
  return !cid.is_null() && cid.hash_code() != multihash_code::identity &&
         cid.bytes().size() <= cid_bytes_kept_max;
}

/// In a life record: blocks that have one holder and are alive have none.
constexpr std::uint8_t tag_held = 'c';
constexpr std::uint8_t tag_dead = 'd';

}  // namespace

std::optional<Checkpoint> find_checkpoint(KvReader& kv, const layout::SpaceId& space,
                                          std::uint64_t seq) {
  const auto bytes = kv.get(layout::key(space, Kind::seq, {layout::ordered(seq)}));
  if (!bytes) return std::nullopt;
  Result<Checkpoint> checkpoint = Checkpoint::decode(Block::of_cbor(copy_of(*bytes)));
  if (!checkpoint) return std::nullopt;
  return *std::move(checkpoint);
}

std::optional<std::uint64_t> find_seq(KvReader& kv, const layout::SpaceId& space, const Cid& cid) {
  if (!cid.is_cbor_sha256()) return std::nullopt;
  const auto bytes = kv.get(layout::key(space, Kind::checkpoint, {digest_of(cid)}));
  if (!bytes || bytes->size() != 8) return std::nullopt;
  return layout::number_of(*bytes);
}

void store_checkpoint(KvTransaction& kv, const layout::SpaceId& space,
                      const Checkpoint& checkpoint) {
  const auto seq = layout::ordered(checkpoint.seq);
  kv.put(layout::key(space, Kind::seq, {seq}), checkpoint.ucan.block.bytes());
  kv.put(layout::key(space, Kind::checkpoint, {digest_of(checkpoint.cid())}), seq);
}

std::optional<ByteView> SpaceBlocks::find(const Cid& cid) const {
  if (const auto found = pending_.find(cid)) return found;
  if (!is_kept(cid)) return std::nullopt;
  if (cid.is_cbor_sha256()) {
    const Digest digest = digest_of(cid);
    if (const auto node = kv_->get(layout::key(space_, Kind::node, {digest}))) return node;
    static const Bytes empty = copy_of(empty_node().bytes());  // a constant: never stored
    if (digest == empty_root()) return ByteView(empty);
  }
  if (const auto block = kv_->get(layout::key(space_, Kind::block, {cid.bytes()}))) return block;
  const auto seq = find_seq(*kv_, space_, cid);
  if (!seq) return std::nullopt;
  return kv_->get(layout::key(space_, Kind::seq, {layout::ordered(*seq)}));
}

Bytes Lifetimes::key_of(Kind kind, const Kept& kept) const {
  if (kind == Kind::life) {
    const auto sort = static_cast<std::uint8_t>(kept.kind);
    return layout::key(space_, kind, {ByteView(&sort, 1), kept.id});
  }
  return layout::key(space_, kind, {kept.id});
}

Bytes Lifetimes::dead_key(std::uint64_t since, const Kept& kept) const {
  const auto sort = static_cast<std::uint8_t>(kept.kind);
  return layout::key(space_, Kind::dead, {layout::ordered(since), ByteView(&sort, 1), kept.id});
}

Bytes Lifetimes::held_key(ByteView key) const {
  return layout::key(space_, Kind::held, {sha256(key)});
}

std::optional<Lifetimes::Life> Lifetimes::find(const Kept& kept) const {
  if (const auto bytes = kv_->get(key_of(Kind::life, kept)); bytes && bytes->size() == 9) {
    const std::uint64_t number = layout::number_of(bytes->subspan(1));
    return (*bytes)[0] == tag_held ? Life{number, 0} : Life{0, number};
  }
  if (!kv_->get(key_of(kept.kind, kept))) return std::nullopt;
  return Life{1, 0};
}

void Lifetimes::set(const Kept& kept, const std::optional<Life>& before, const Life& life) {
  const auto bytes = kv_->get(key_of(kept.kind, kept));
  const std::uint64_t size = (bytes ? bytes->size() : 0) + block_overhead_bytes;
  if (before) (before->holders > 0 ? record_->live_bytes : record_->dead_bytes) -= size;
  (life.holders > 0 ? record_->live_bytes : record_->dead_bytes) += size;
  if (before && before->holders == 0) kv_->erase(dead_key(before->since, kept));
  if (life.holders == 0) kv_->put(dead_key(life.since, kept), {});
  if (life.holders == 1) {
    if (before && before->holders != 1) kv_->erase(key_of(Kind::life, kept));
    return;
  }
  Bytes record{life.holders > 0 ? tag_held : tag_dead};
  append(record, layout::ordered(life.holders > 0 ? life.holders : life.since));
  kv_->put(key_of(Kind::life, kept), record);
}

/// Of what is at hand; or stored as a thing of the other kind.
Result<> Lifetimes::store(const Kept& kept, const Life& life) {
  Cid cid;
  if (kept.kind == Kind::node) {
    Digest digest;
    std::copy(kept.id.begin(), kept.id.end(), digest.begin());
    cid = node_cid(digest);
  } else {
    FH_TRY(cid, Cid::decode(kept.id));
  }
  const auto found = blocks_->find(cid);
  if (!found) return fail(Errc::corrupt, "a block to be kept is neither stored nor at hand");
  const Bytes bytes = copy_of(*found);
  kv_->put(key_of(kept.kind, kept), bytes);
  if (kept.kind == Kind::node) nodes_written_ += bytes.size();
  set(kept, std::nullopt, life);
  return {};
}

Result<> Lifetimes::hold(const Kept& kept) {
  const auto life = find(kept);
  if (!life) return store(kept, Life{1, 0});
  set(kept, life, Life{life->holders + 1, 0});
  return {};
}

/// What nothing holds cannot be released: then nothing is done, so nothing is freed.
void Lifetimes::release(const Kept& kept) {
  const auto life = find(kept);
  if (!life || life->holders == 0) return;
  set(kept, life, life->holders == 1 ? Life{0, seq_} : Life{life->holders - 1, 0});
}

Result<> Lifetimes::hold_nodes(std::span<const Digest> nodes) {
  for (const Digest& node : nodes) {
    if (node != empty_root()) FH_CHECK(hold(Kept::node(node)));
  }
  return {};
}

void Lifetimes::release_nodes(std::span<const Digest> nodes) {
  for (const Digest& node : nodes) release(Kept::node(node));
}

Result<> Lifetimes::postpone_nodes(std::span<const Digest> nodes) {
  for (const Digest& node : nodes) {
    if (node == empty_root()) continue;
    const Kept kept = Kept::node(node);
    const auto life = find(kept);
    if (!life) {
      FH_CHECK(store(kept, Life{0, seq_}));
    } else if (life->holders == 0 && (life->since < seq_ || life->since == offered)) {
      set(kept, life, Life{0, seq_});
    }
  }
  return {};
}

bool Lifetimes::is_readable(const Digest& root, std::uint64_t oldest) const {
  if (root == empty_root()) return true;
  // A node's death is never later than that of what is under it: so the whole tree is there.
  const auto life = find(Kept::node(root));
  return life && (life->holders > 0 || (life->since > oldest && life->since != offered));
}

Result<> Lifetimes::offer(const Kept& kept) {
  if (find(kept)) return {};
  return store(kept, Life{0, offered});
}

Result<std::vector<Cid>> Lifetimes::held_by(ByteView key) {
  std::vector<Cid> held;
  auto rest = kv_->get(held_key(key)).value_or(ByteView());
  while (!rest.empty()) {  // each with its length before it
    const std::size_t size = rest[0];
    if (rest.size() < 1 + size) return fail(Errc::corrupt, "what an entry holds is not readable");
    FH_TRY(Cid cid, Cid::decode(rest.subspan(1, size)));
    held.push_back(std::move(cid));
    rest = rest.subspan(1 + size);
  }
  return held;
}

Result<> Lifetimes::set_held_by(ByteView key, std::span<const Cid> held) {
  const Bytes name = held_key(key);
  if (const auto before = kv_->get(name))
    record_->live_bytes -= before->size() + held_overhead_bytes;
  if (held.empty()) {
    kv_->erase(name);
    return {};
  }
  Bytes list;
  for (const Cid& cid : held) {
    list.push_back(static_cast<std::uint8_t>(cid.bytes().size()));
    append(list, cid.bytes());
  }
  kv_->put(name, list);
  record_->live_bytes += list.size() + held_overhead_bytes;
  return {};
}

Result<> Lifetimes::hold(const Cid& cid) {
  const Kept kept = Kept::block(cid);
  // An entry may name a checkpoint: that needs no holder, and `release` finds none.
  if (!find(kept) && find_seq(*kv_, space_, cid)) return {};
  return hold(kept);
}

Result<> Lifetimes::release(const Cid& cid) {
  release(Kept::block(cid));
  return {};
}

std::size_t Lifetimes::sweep(std::uint64_t oldest, std::size_t most) {
  return free_listed(layout::key(space_, Kind::dead), oldest, most);
}

std::size_t Lifetimes::sweep_offered(std::size_t most) {
  return free_listed(layout::key(space_, Kind::dead, {layout::ordered(offered)}), offered, most);
}

bool Lifetimes::has_offered() const {
  bool found = false;
  kv_->scan(layout::key(space_, Kind::dead, {layout::ordered(offered)}), [&](ByteView, ByteView) {
    found = true;
    return false;
  });
  return found;
}

/// Those on the list under `prefix`, up to a number.
std::size_t Lifetimes::free_listed(ByteView prefix, std::uint64_t last, std::size_t most) {
  const std::size_t number_at = layout::key(space_, Kind::dead).size();
  std::vector<Bytes> listed;
  kv_->scan(prefix, [&](ByteView key, ByteView) {
    if (listed.size() == most || layout::number_of(key.subspan(number_at)) > last) return false;
    listed.push_back(copy_of(key));
    return true;
  });
  for (const Bytes& key : listed) {
    const ByteView rest = ByteView(key).subspan(number_at + 8);
    const Kept kept{static_cast<Kind>(rest[0]), copy_of(rest.subspan(1))};
    const Bytes name = key_of(kept.kind, kept);
    const auto bytes = kv_->get(name);
    record_->dead_bytes -= (bytes ? bytes->size() : 0) + block_overhead_bytes;
    kv_->erase(name);
    kv_->erase(key_of(Kind::life, kept));
    kv_->erase(key);
  }
  if (!listed.empty()) fault_point("blocks-freed");
  return listed.size();
}

std::optional<std::uint64_t> Lifetimes::dead_since() const {
  const Bytes prefix = layout::key(space_, Kind::dead);
  std::optional<std::uint64_t> since;
  kv_->scan(prefix, [&](ByteView key, ByteView) {
    since = layout::number_of(key.subspan(prefix.size()));
    return false;
  });
  return since;
}

}  // namespace freehold::native
