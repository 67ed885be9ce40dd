#include "native/bench/tree_peer.hpp"

#include "freehold/codec/cbor.hpp"
#include "freehold/tree/builder.hpp"
#include "freehold/tree/scan.hpp"
#include "freehold/tree/tree.hpp"

namespace freehold::bench {

namespace {

class MemoryMedium final : public Medium {
 public:
  Trouble read(const Read& read) override { return read(store_); }
  Trouble write(const Write& write) override { return write(store_, store_); }
  void drop(const std::vector<Digest>& nodes) override {
    for (const Digest& node : nodes) store_.erase(node_cid(node));
  }

 private:
  MemoryStore store_;
};

/// Passes blocks on, and counts them.
class Counter final : public BlockSink {
 public:
  explicit Counter(BlockSink& sink) : sink_(&sink) {}
  void put(Block block) override {
    ++written.blocks;
    written.bytes += block.bytes().size();
    sink_->put(std::move(block));
  }
  Written written;

 private:
  BlockSink* sink_;
};

class Nowhere final : public BlockSink {
 public:
  void put(Block) override {}
};

constexpr std::size_t head_size = cbor_head_size(value_size);

/// A value as a tree holds it: DAG-CBOR bytes.
class Encoded {
 public:
  Encoded() { write_cbor_head(bytes_, CborMajor::bytes, value_size); }
  ByteView of(ByteView value) {
    bytes_.resize(head_size);
    append(bytes_, value);
    return bytes_;
  }

 private:
  Bytes bytes_;
};

void push(Builder& builder, Encoded& encoded, ByteView key, ByteView value) {
  const ByteView payload = encoded.of(value);
  builder.push(key, payload, false, {1, leaf_entry_bytes(key.size(), payload.size())});
}

void push_all(Builder& builder, Encoded& encoded, const Dataset& data) {
  for (std::size_t i = 0; i < data.size(); ++i) push(builder, encoded, data.key(i), data.value(i));
}

std::vector<Edit> edits_of(std::span<const Change> changes) {
  Encoded encoded;
  std::vector<Edit> edits;
  edits.reserve(changes.size());
  for (const Change& change : changes) {
    edits.push_back({copy_of(change.key), StoredValue::of_inline(encoded.of(change.value))});
  }
  std::sort(edits.begin(), edits.end(),
            [](const Edit& a, const Edit& b) { return compare(a.key, b.key) < 0; });
  return edits;
}

class TreePeer final : public Peer {
 public:
  explicit TreePeer(std::unique_ptr<Medium> medium) : medium_(std::move(medium)) {}

  Trouble build(const Dataset& data) override {
    return medium_->write([&](const BlockStore&, BlockSink& sink) {
      Counter counter(sink);
      Builder builder(counter);
      Encoded encoded;
      push_all(builder, encoded, data);
      const TreeStats stats = builder.finish();
      root_ = stats.root;
      height_ = stats.height;
      built_ = counter.written;
      return Trouble();
    });
  }

  Trouble get(ByteView key, ByteView* value) override { return get_by(&cache_, key, value); }
  Trouble get_cold(ByteView key, ByteView* value) override { return get_by(nullptr, key, value); }

  Trouble scan(ByteView from, std::size_t limit, std::size_t* seen, std::uint64_t* sum) override {
    return scan_by(&cache_, from, limit, seen, sum);
  }
  Trouble scan_cold(std::size_t* seen, std::uint64_t* sum) override {
    return scan_by(nullptr, {}, SIZE_MAX, seen, sum);
  }

  Trouble put(std::span<const Change> changes, Written* written) override {
    return commit(edits_of(changes), written);
  }
  Trouble erase(ByteView key) override {
    Written written;
    return commit({{copy_of(key), std::nullopt}}, &written);
  }

  bool is_tree() const noexcept override { return true; }
  std::uint64_t stored_bytes() override { return built_.bytes; }
  std::uint64_t blocks() override { return built_.blocks; }
  int height() override { return height_; }
  Digest root() const override { return root_; }

  Trouble fork(std::span<const Change> changes, Digest* root) override {
    const std::vector<Edit> edits = edits_of(changes);
    Written written;
    std::vector<Digest> dropped;  // stays: the main tree has it
    return make(edits, root, &written, &dropped);
  }

  Trouble diff(const Digest& to, std::size_t* count, std::size_t* visited) override {
    return medium_->read([&](const BlockStore& store) {
      NodeSource nodes(store, &cache_);
      const auto differences = freehold::diff(nodes, root_, to);
      if (!differences) return Trouble(differences.error().what);
      *count = differences->size();
      *visited = nodes.nodes_visited();
      return Trouble();
    });
  }

  Trouble rebuilt_root(const Model& model, Digest* root) override {
    Nowhere nowhere;
    Builder builder(nowhere);
    Encoded encoded;
    for (const std::uint32_t id : model.ids()) {
      push(builder, encoded, model.key(id), model.value(id));
    }
    *root = builder.finish().root;
    return {};
  }

 private:
  Trouble get_by(NodeCache* cache, ByteView key, ByteView* value) {
    return medium_->read([&](const BlockStore& store) {
      auto found = Tree(store, root_, cache).get(key);
      if (!found) return Trouble(found.error().what);
      *value = {};
      got_ = *std::move(found);
      if (got_) *value = ByteView(got_->payload).subspan(head_size);
      return Trouble();
    });
  }

  Trouble scan_by(NodeCache* cache, ByteView from, std::size_t limit, std::size_t* seen,
                  std::uint64_t* sum) {
    return medium_->read([&](const BlockStore& store) {
      NodeSource nodes(store, cache);
      Scan scan(nodes, root_);
      *seen = 0;
      for (bool ok = scan.seek(from); ok && !scan.is_end() && *seen < limit; ok = scan.next()) {
        ++*seen;
        *sum +=
            scan.key().back() + scan.payload()[head_size] + std::uint64_t{scan.payload().back()};
      }
      const Result<> status = nodes.status();
      return status ? Trouble() : Trouble(status.error().what);
    });
  }

  Trouble commit(const std::vector<Edit>& edits, Written* written) {
    Digest root;
    std::vector<Digest> dropped;
    Trouble trouble = make(edits, &root, written, &dropped);
    if (!trouble.empty()) return trouble;
    medium_->drop(dropped);
    root_ = root;
    return {};
  }

  Trouble make(const std::vector<Edit>& edits, Digest* root, Written* written,
               std::vector<Digest>* dropped) {
    return medium_->write([&](const BlockStore& store, BlockSink& sink) {
      NodeSource nodes(store, &cache_);
      Counter counter(sink);
      auto applied = apply(nodes, root_, edits, counter);
      if (!applied) return Trouble(applied.error().what);
      *root = applied->root;
      *dropped = std::move(applied->dropped);
      *written = counter.written;
      return Trouble();
    });
  }

  std::unique_ptr<Medium> medium_;
  NodeCache cache_{SIZE_MAX / 4};  // "warm" is to mean it
  Digest root_{};
  int height_ = 0;
  Written built_;
  std::optional<StoredValue> got_;
};

}  // namespace

std::unique_ptr<Medium> memory_medium() {
  return std::make_unique<MemoryMedium>();
}

Digest build_nowhere(const Dataset& data) {
  Nowhere nowhere;
  Builder builder(nowhere);
  Encoded encoded;
  push_all(builder, encoded, data);
  return builder.finish().root;
}

std::unique_ptr<Peer> tree_peer(std::unique_ptr<Medium> medium) {
  return std::make_unique<TreePeer>(std::move(medium));
}

}  // namespace freehold::bench
