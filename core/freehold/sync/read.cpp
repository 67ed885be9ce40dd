#include "freehold/sync/attachments.hpp"
#include "freehold/sync/serve.hpp"
#include "freehold/tree/cursor.hpp"

namespace freehold {

namespace {

/// Gathers blocks once each until the budget is spent.
class Gatherer {
 public:
  Gatherer(const BlockStore& store, std::size_t budget)
      : store_(&store), source_(store), budget_(budget) {}

  /// The blocks and, if they are nodes, up to `depth` levels below them, breadth first.
  void descendants(std::vector<Cid> blocks, std::size_t depth) {
    for (std::size_t level = 0; !blocks.empty() && !is_full(); ++level) {
      std::vector<Cid> below;
      for (const Cid& cid : blocks) {
        const auto bytes = take_block(cid);
        if (!bytes || level == depth) continue;
        const Result<Node> node = Node::decode(*bytes);
        if (!node || node->is_leaf()) continue;
        for (std::size_t i = 0; i < node->size(); ++i) below.push_back(node_cid(node->link(i)));
      }
      blocks = std::move(below);
    }
  }

  /// The path to the key, and what belongs to its entry if there is one.
  void key(const Digest& root, ByteView key) {
    std::size_t one = 1;
    interval(root, Interval::of_key(key), false, &one);
    upto_.reset();
  }

  void range(const Digest& root, const Range& range) {
    std::size_t entries = range.limit;
    upto_.reset();
    interval(root, Interval(range), range.reverse, &entries);
    if (range.reverse || !is_full()) upto_.reset();
  }

  /// All nodes that reach into the interval with what belongs to its first entries (in reverse: its
  /// last), `*entries` of them.
  void interval(const Digest& digest, const Interval& keys, bool reverse, std::size_t* entries) {
    const Node* node = take(digest);
    if (node == nullptr) return;
    const Interval::Slice slice = keys.slice_of(*node);
    for (std::size_t k = 0; k < slice.size() && *entries > 0 && !is_full(); ++k) {
      const std::size_t i = reverse ? slice.end - 1 - k : slice.begin + k;
      if (!node->is_leaf()) {
        interval(node->link(i), keys, reverse, entries);
        continue;
      }
      entry(*node, i);
      --*entries;
      upto_ = node->key(i);
    }
  }

  bool is_full() const noexcept { return spent_ >= budget_; }
  ReadReply finish() { return {std::move(blocks_), !is_full() && !lacks_, std::move(upto_)}; }

 private:
  std::optional<ByteView> take_block(const Cid& cid) {
    if (is_full()) return std::nullopt;
    const auto bytes = store_->find(cid);
    if (bytes) add(cid);
    lacks_ = lacks_ || !bytes;
    return bytes;
  }

  const Node* take(const Digest& digest) {
    if (is_full()) return nullptr;
    const Node* node = source_.node(digest);
    if (node == nullptr) {
      lacks_ = true;
      return nullptr;
    }
    add(node_cid(digest));
    return node;
  }

  void entry(const Node& leaf, std::size_t i) {
    std::vector<Cid> found;
    collect_attachments(leaf.key(i), value_at(leaf, i), *store_, &seen_, &found);
    for (const Cid& cid : found) count(cid);
  }

  void add(const Cid& cid) {
    if (seen_.insert(cid).second) count(cid);
  }

  void count(const Cid& cid) {
    const auto bytes = store_->find(cid);
    if (!bytes) return;
    spent_ += bytes->size();
    blocks_.push_back(cid);
  }

  const BlockStore* store_;
  NodeSource source_;
  std::size_t budget_;
  std::size_t spent_ = 0;
  bool lacks_ = false;
  std::optional<Bytes> upto_;
  CidSet seen_;
  std::vector<Cid> blocks_;
};

}  // namespace

Result<ReadReply> read(const BlockStore& store, const ReadCall& call, const Digest& head_root) {
  const std::size_t most = limits::read_budget_bytes_max;
  Gatherer gatherer(store, call.budget == 0 ? most : std::min(call.budget, most));
  const Digest root = call.root.value_or(head_root);
  if (!store.find(node_cid(root))) return fail(Errc::not_found, "nb.root: not held for the space");
  const std::size_t depth = call.depth.value_or(limits::height_max);
  if (!call.nodes.empty()) gatherer.descendants(call.nodes, depth);
  for (const Bytes& key : call.keys) gatherer.key(root, key);
  if (call.range) gatherer.range(root, *call.range);
  if (call.nodes.empty() && call.keys.empty() && !call.range) {
    gatherer.descendants({node_cid(root)}, depth);
  }
  return gatherer.finish();
}

}  // namespace freehold
