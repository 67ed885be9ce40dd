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
    Note note{i, {}, {}};
    for (const EntryView& entry : group.entries) {
      note.weight.count += entry.weight.count;
      note.weight.bytes += entry.weight.bytes;
    }
    const ByteView separator =
        separator_of(number, group.entries.front().key, level.nodes == 0, level.last_key);
    note.separator.assign(separator.begin(), separator.end());
    const ByteView last_key = group.entries.back().key;
    level.last_key.assign(last_key.begin(), last_key.end());
    level.weight.count += note.weight.count;
    level.weight.bytes += note.weight.bytes;
    ++level.nodes;
    Bytes bytes = encode_node(number, group.entries);
    level.chunker.pop();
    level.sealer.add(std::move(bytes), std::move(note), *this);
  }
}

/// The address of a node is known: tells the level above.
void Builder::sealed(const Digest& digest, Bytes bytes, const Note& note) {
  level_at(note.level).last_node = digest;
  level_at(note.level + 1)
      .chunker.push(note.separator, {}, child_payload(digest, note.weight), true, note.weight);
  sink_->put(Block(node_cid(digest), std::move(bytes)));
  write_ready(note.level + 1);
}

TreeStats Builder::finish() {
  TreeStats stats;
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    levels_[i]->chunker.finish();
    write_ready(i);
    levels_[i]->sealer.finish(*this);
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
