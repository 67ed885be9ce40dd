#include "freehold/tree/builder.hpp"

#include <cassert>

namespace freehold {

ByteView separator_of(int level, ByteView first_key, bool is_first_node, ByteView last_key_before) {
  if (level > 0) return first_key;
  if (is_first_node) return {};
  return first_key.first(shared_prefix(first_key, last_key_before) + 1);
}

Builder::Level& Builder::level_at(std::size_t i) {
  if (i == levels_.size()) {
    levels_.push_back(std::make_unique<Level>(first_level_ + static_cast<int>(i), hash_));
  }
  return *levels_[i];
}

void Builder::push(ByteView key, ByteView payload, bool is_linked, Weight weight) {
  level_at(0).chunker.push(key, {}, payload, is_linked, weight);
  write_ready(0);
}

void Builder::write_ready(std::size_t i) {
  Level& level = level_at(i);
  const int number = first_level_ + static_cast<int>(i);
  while (level.chunker.is_ready()) {
    const Chunker::Group group = level.chunker.front();
    Unsealed& node = level.unsealed[level.unsealed_size++];
    node.bytes = encode_node(number, group.entries);
    node.weight = {};
    for (const EntryView& entry : group.entries) {
      node.weight.count += entry.weight.count;
      node.weight.bytes += entry.weight.bytes;
    }
    const ByteView separator =
        separator_of(number, group.entries.front().key, level.nodes == 0, level.last_key);
    node.separator.assign(separator.begin(), separator.end());
    const ByteView last_key = group.entries.back().key;
    level.last_key.assign(last_key.begin(), last_key.end());
    level.weight.count += node.weight.count;
    level.weight.bytes += node.weight.bytes;
    ++level.nodes;
    level.chunker.pop();
    if (level.unsealed_size == level.unsealed.size()) seal(i);
  }
}

/// Finds the addresses of the nodes of level `i` that have none yet, and tells the level above.
void Builder::seal(std::size_t i) {
  Level& level = level_at(i);
  const std::span<Unsealed> nodes = std::span(level.unsealed).first(level.unsealed_size);
  std::array<ByteView, hashed_at_once> bytes;
  std::array<Digest, hashed_at_once> digests;
  for (std::size_t k = 0; k < nodes.size(); ++k) bytes[k] = nodes[k].bytes;
  sha256_each(std::span(bytes).first(nodes.size()), digests);
  for (std::size_t k = 0; k < nodes.size(); ++k) {
    Unsealed& node = nodes[k];
    level.last_node = digests[k];
    level_at(i + 1).chunker.push(node.separator, {}, child_payload(digests[k], node.weight), true,
                                 node.weight);
    sink_->put(Block(node_cid(digests[k]), std::move(node.bytes)));
  }
  level.unsealed_size = 0;
  write_ready(i + 1);
}

TreeStats Builder::finish() {
  TreeStats stats;
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    levels_[i]->chunker.finish();
    write_ready(i);
    seal(i);
    stats.nodes += levels_[i]->nodes;
    if (levels_[i]->nodes == 1) {
      stats.root = levels_[i]->last_node;
      stats.height = first_level_ + static_cast<int>(i) + 1;
      stats.weight = levels_[i]->weight;
      return stats;
    }
  }
  Block empty = empty_node();
  stats.root = digest_of(empty.cid);
  stats.height = 1;
  stats.nodes = 1;
  sink_->put(std::move(empty));
  return stats;
}

}  // namespace freehold
