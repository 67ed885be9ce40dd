#include "native/service/audit.hpp"

#include "native/service/authority.hpp"

namespace freehold::native {

using layout::Kind;

namespace {

class Auditor {
 public:
  Auditor(KvReader& kv, const layout::SpaceId& space, const SpaceRecord& head)
      : kv_(&kv), space_(space), blocks_(kv, space), head_(head) {}

  Audit run() {
    audit_.oldest = head_.oldest;
    look_at_lives();
    look_at_checkpoints();
    look_at_tree(head_.root, true);
    look_at_held();
    look_at_nodes();
    look_at_blocks();
    look_at_window();
    if (head_.live_bytes != live_bytes_) wrong("liveBytes is not what is alive");
    if (head_.dead_bytes != dead_bytes_) wrong("deadBytes is not what is dead");
    return std::move(audit_);
  }

 private:
  struct Life {
    bool is_dead = false;
    std::uint64_t number = 1;
  };

  void wrong(const char* what) {
    if (audit_.fault.empty()) audit_.fault = what;
  }

  template <class Visit>
  void scan(Kind kind, const Visit& visit) {
    const Bytes prefix = layout::key(space_, kind);
    kv_->scan(prefix, [&](ByteView key, ByteView value) {
      visit(copy_of(key.subspan(prefix.size())), value);
      return true;
    });
  }

  void look_at_lives() {
    scan(Kind::life, [&](const Bytes& id, ByteView value) {
      if (value.size() != 9) return wrong("a life record is not readable");
      lives_[id] = Life{value[0] == 'd', layout::number_of(value.subspan(1))};
    });
    std::size_t listed = 0;
    scan(Kind::dead, [&](const Bytes& rest, ByteView) {
      ++listed;
      const auto life = lives_.find(copy_of(ByteView(rest).subspan(8)));
      if (life == lives_.end() || !life->second.is_dead ||
          life->second.number != layout::number_of(rest)) {
        wrong("a block on the list of the dead is not dead since then");
      }
    });
    std::size_t dead = 0;
    for (const auto& [id, life] : lives_) dead += life.is_dead ? 1 : 0;
    if (dead != listed) wrong("a dead block is not on the list");
  }

  Life life_of(Kind kind, ByteView id) const {
    Bytes name{static_cast<std::uint8_t>(kind)};
    append(name, id);
    const auto found = lives_.find(name);
    return found == lives_.end() ? Life{} : found->second;
  }

  void look_at_checkpoints() {
    for (std::uint64_t seq = 1; seq <= head_.seq; ++seq) {
      const auto checkpoint = find_checkpoint(*kv_, space_, seq);
      if (!checkpoint && seq < head_.recovered_seq) continue;
      if (!checkpoint || find_seq(*kv_, space_, checkpoint->cid()) != seq) {
        return wrong("a checkpoint is lost");
      }
      ++audit_.checkpoints;
      audit_.checkpoint_bytes += checkpoint->ucan.block.bytes().size();
      checkpoints_.insert(checkpoint->cid());
    }
    if (!head_.proof) return;
    const auto bytes = blocks_.find(*head_.proof);
    if (!bytes) return wrong("the proof of the authority is lost");
    const Result<Ucan> proof = Ucan::decode(Block(*head_.proof, copy_of(*bytes)));
    if (!proof) return wrong("the proof of the authority is not readable");
    for (const Block& block : with_proofs(*proof, blocks_)) {
      if (block.cid.hash_code() != multihash_code::identity) ++holders_[block.cid];
    }
  }

  /// All nodes are here. Those of the head are alive; its entries' blocks are looked for.
  void look_at_tree(const Digest& root, bool is_head) {
    std::vector<Digest> open{root};
    while (!open.empty()) {
      const Digest digest = open.back();
      open.pop_back();
      const auto bytes = blocks_.find(node_cid(digest));
      const Result<Node> node =
          bytes ? Node::decode(*bytes) : Result<Node>(fail(Errc::missing, "a node"));
      if (!node) return wrong("a node of a root that can be read is lost");
      if (is_head) tree_.insert(node_cid(digest));
      for (std::size_t i = 0; i < node->size(); ++i) {
        if (!node->is_leaf()) {
          const Digest child = node->link(i);
          // Of older roots only what the head has not.
          if (is_head || !tree_.contains(node_cid(child))) open.push_back(child);
          continue;
        }
        audit_.entries += is_head ? 1 : 0;
        if (node->is_linked(i) && !blocks_.find(node_cid(node->link(i)))) {
          wrong("the block of a large value is lost");
        }
        if (is_head) keys_.insert(sha256(node->key(i)));
      }
    }
  }

  void look_at_held() {
    scan(Kind::held, [&](const Bytes& hash, ByteView list) {
      live_bytes_ += list.size() + Lifetimes::held_overhead_bytes;
      Digest key;
      std::copy(hash.begin(), hash.end(), key.begin());
      if (!keys_.contains(key)) wrong("an entry that is gone holds blocks");
      for (ByteView rest = list; !rest.empty(); rest = rest.subspan(1 + rest[0])) {
        const Result<Cid> cid = Cid::decode(rest.subspan(1, rest[0]));
        if (!cid || !blocks_.find(*cid)) return wrong("a block that an entry holds is lost");
        const bool is_kept_anyway = checkpoints_.contains(*cid) &&
                                    !kv_->get(layout::key(space_, Kind::block, {cid->bytes()}));
        if (!is_kept_anyway) ++holders_[*cid];
      }
    });
  }

  void count(Kind kind, ByteView bytes, bool is_alive) {
    const std::uint64_t size = bytes.size() + Lifetimes::block_overhead_bytes;
    (is_alive ? live_bytes_ : dead_bytes_) += size;
    if (kind == Kind::node) {
      ++(is_alive ? audit_.live_nodes : audit_.dead_nodes);
      (is_alive ? audit_.live_node_bytes : audit_.dead_node_bytes) += bytes.size();
    } else {
      ++(is_alive ? audit_.live_blocks : audit_.dead_blocks);
      (is_alive ? audit_.live_block_bytes : audit_.dead_block_bytes) += bytes.size();
    }
  }

  void look_at_nodes() {
    scan(Kind::node, [&](const Bytes& id, ByteView bytes) {
      Digest digest;
      std::copy(id.begin(), id.end(), digest.begin());
      const Life life = life_of(Kind::node, id);
      if (life.is_dead == tree_.contains(node_cid(digest))) {
        wrong("a node is alive or dead, and the head's tree says otherwise");
      }
      if (!life.is_dead && life.number != 1) wrong("a node is held more than once");
      count(Kind::node, bytes, !life.is_dead);
    });
  }

  void look_at_blocks() {
    std::size_t held = 0;
    scan(Kind::block, [&](const Bytes& id, ByteView bytes) {
      const Result<Cid> cid = Cid::decode(id);
      if (!cid) return wrong("the CID of a block is not readable");
      const Life life = life_of(Kind::block, id);
      const auto expected = holders_.find(*cid);
      const std::uint64_t holders = expected == holders_.end() ? 0 : expected->second;
      if (holders != (life.is_dead ? 0 : life.number)) {
        wrong("a block has other holders than are counted");
      }
      held += life.is_dead ? 0 : 1;
      count(Kind::block, bytes, !life.is_dead);
    });
    if (held != holders_.size()) wrong("a block that is held is not stored as one");
  }

  void look_at_window() {
    for (std::uint64_t seq = head_.oldest; seq < head_.seq; ++seq) {
      const auto checkpoint = find_checkpoint(*kv_, space_, seq);
      const auto root =
          checkpoint ? root_of_checkpoint(*kv_, space_, checkpoint->cid()) : std::nullopt;
      if (!root) return wrong("a root in the window cannot be read");
      look_at_tree(*root, false);
    }
  }

  KvReader* kv_;
  layout::SpaceId space_;
  SpaceBlocks blocks_;
  SpaceRecord head_;
  Audit audit_;
  std::map<Bytes, Life, BytesLess> lives_;
  std::unordered_map<Cid, std::uint64_t, CidHash> holders_;
  CidSet checkpoints_;
  CidSet tree_;  // nodes of the head
  DigestSet keys_;
  std::uint64_t live_bytes_ = 0;
  std::uint64_t dead_bytes_ = 0;
};

}  // namespace

Result<Audit> audit_space(KvReader& kv, const Did& space) {
  const auto id = space_id_of(space);
  const auto head = id ? find_space(kv, *id) : std::nullopt;
  if (!head) return fail(Errc::not_found, "no such space here");
  return Auditor(kv, *id, *head).run();
}

}  // namespace freehold::native
