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
  while (level.chunker.is_ready()) {
    const Chunker::Group group = level.chunker.front();
    const int number = first_level_ + static_cast<int>(i);
    Block block = Block::of_cbor(encode_node(number, group.entries));
    Weight weight;
    for (const EntryView& entry : group.entries) {
      weight.count += entry.weight.count;
      weight.bytes += entry.weight.bytes;
    }
    const ByteView separator =
        separator_of(number, group.entries.front().key, level.nodes == 0, level.last_key);
    level.last_node = digest_of(block.cid);
    level_at(i + 1).chunker.push(separator, {}, child_payload(level.last_node, weight), true,
                                 weight);
    level.last_key = copy_of(group.entries.back().key);
    level.weight.count += weight.count;
    level.weight.bytes += weight.bytes;
    ++level.nodes;
    level.chunker.pop();
    sink_->put(std::move(block));
    write_ready(i + 1);
  }
}

TreeStats Builder::finish() {
  TreeStats stats;
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    levels_[i]->chunker.finish();
    write_ready(i);
    stats.nodes += levels_[i]->nodes;
    if (levels_[i]->nodes == 1) {
      stats.root = levels_[i]->last_node;
      stats.height = first_level_ + static_cast<int>(i) + 1;
      stats.weight = levels_[i]->weight;
      return stats;
    }
  }
  Block empty = Block::of_cbor(encode_node(0, {}));
  stats.root = digest_of(empty.cid);
  stats.height = 1;
  stats.nodes = 1;
  sink_->put(std::move(empty));
  return stats;
}

}  // namespace freehold
