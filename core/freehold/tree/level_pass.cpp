#include "freehold/tree/level_pass.hpp"

#include <cassert>

#include "freehold/base/limits.hpp"
#include "freehold/tree/builder.hpp"

namespace freehold {

struct LevelPass::Region {
  std::vector<OldNode> old;  // streamed so far
  std::uint64_t run = 0;     // bytes streamed since the last change of structure
  Bytes last_key;            // of the new node before the next
  bool is_level_start = false;
  std::size_t nodes = 0;        // new ones
  std::size_t entries = 0;      // in them
  std::size_t settled_old = 0;  // old nodes whose end was also the end of the last new one
  bool is_aligned = true;       // the last new node ended where an old one did
  std::vector<bool> is_kept;    // of old: it is also a new node
  Digest only_child{};          // of the last entry taken, above the leaves
};

bool LevelPass::run() {
  bool is_whole = true;
  while (next_ < edits_.size()) {
    if (!cursor_.seek(edits_[next_].key)) {
      is_whole = false;
      ++next_;
      continue;
    }
    const Node& node = cursor_.node();
    const std::size_t end = edits_up_to(cursor_.upper_bound(), next_);
    // The bytes before the first change of structure, or no such change.
    std::uint64_t lead = 0;
    bool is_structural = false;
    std::size_t at = 0;
    for (std::size_t k = next_; k < end && !is_structural; ++k) {
      if (change_of(node, edits_[k]) != Change::structure) continue;
      is_structural = true;
      for (const std::size_t until = node.lower_bound(edits_[k].key); at < until; ++at) {
        lead += node.entry_bytes(at);
      }
    }
    if (!is_structural) {
      rewrite(node, end);
    } else if (!run_region(lead)) {
      // What was made is void. But the other regions may lack nodes too, and all are to be named.
      is_whole = false;
      next_ = end;
      boundary_.reset();
      rewrites_.clear();
    }
  }
  if (is_whole) settle_boundary();
  return is_whole;
}

LevelPass::Change LevelPass::change_of(const Node& node, const LevelEdit& edit) const {
  const std::size_t i = node.lower_bound(edit.key);
  const bool is_there = i < node.size() && node.compare_key(i, edit.key) == 0;
  if (!edit.payload) return is_there ? Change::structure : Change::none;
  if (!is_there) return Change::structure;
  if (equal(node.payload(i), *edit.payload) &&
      (level_ > 0 || node.is_linked(i) == edit.is_linked)) {
    return Change::none;
  }
  // Above the leaves a size depends on the key alone: another child moves no cut.
  if (level_ > 0 || node.payload(i).size() == edit.payload->size()) return Change::content;
  return Change::structure;
}

std::size_t LevelPass::edits_up_to(const std::optional<Bytes>& upper, std::size_t from) const {
  if (!upper) return edits_.size();
  while (from < edits_.size() && compare(edits_[from].key, *upper) < 0) ++from;
  return from;
}

bool LevelPass::is_at_boundary() const {
  return boundary_ && !cursor_.is_first() && equal(cursor_.separator(), boundary_->separator);
}

/// The leaf after a region may need another separator, since that depends on the key before it.
void LevelPass::settle_boundary() {
  if (!boundary_ || boundary_->is_settled) return;
  boundary_->is_settled = true;
  if (level_ > 0) return;
  LevelCursor after(*source_, root_, level_);
  if (!after.seek(boundary_->separator)) return;  // cannot be: the region has read it
  const Bytes first_key = after.node().key(0);
  const ByteView separator = separator_of(level_, first_key, false, boundary_->last_key);
  if (equal(separator, boundary_->separator)) return;
  erase_above(boundary_->separator);
  put_above(separator, after.digest(), after.node().total());
}

void LevelPass::rewrite(const Node& node, std::size_t edits_end) {
  const Digest digest = cursor_.digest();
  const Bytes old_separator = cursor_.separator();
  Bytes separator = old_separator;
  const bool at_boundary = is_at_boundary();
  if (at_boundary && level_ == 0) {
    const Bytes first_key = node.key(0);
    separator = copy_of(separator_of(level_, first_key, false, boundary_->last_key));
  }
  const Rewrite undo{digest,
                     next_,
                     puts_above_.size(),
                     erases_above_.size(),
                     written_.size(),
                     dropped_.size(),
                     effective_,
                     boundary_ && !boundary_->is_settled};

  std::vector<Node::Replacement> replaced;
  Weight weight = node.total();
  for (; next_ < edits_end; ++next_) {
    const LevelEdit& edit = edits_[next_];
    if (change_of(node, edit) != Change::content) continue;
    const std::size_t i = node.lower_bound(edit.key);
    const Weight before = node.weight(i);
    weight.count += edit.weight.count - before.count;  // unsigned: the sums come out right
    weight.bytes += edit.weight.bytes - before.bytes;
    replaced.push_back({i, *edit.payload, edit.is_linked});
  }
  if (replaced.empty()) return;
  effective_ += replaced.size();
  rewrites_.push_back(undo);
  if (at_boundary) boundary_->is_settled = true;
  settle_boundary();  // the separator there goes up before this one
  Block block = Block::of_cbor(node.encode_with(replaced));
  erase_above(old_separator);
  put_above(separator, digest_of(block.cid), weight);
  dropped_.push_back(digest);
  written_.push_back(std::move(block));
}

bool LevelPass::run_region(std::uint64_t lead) {
  if (!step_back(lead)) return false;
  Region region;
  chunker_.clear();
  region.is_level_start = cursor_.is_first();
  if (!remember_before(region)) return false;
  if (is_at_boundary()) {
    region.last_key = boundary_->last_key;
    boundary_->is_settled = true;
  }
  settle_boundary();
  rewrites_.clear();

  for (bool more = true; more;) {
    stream_node(region);
    bool stopped = false;
    if (!take_ready(region, &stopped)) return false;
    if (stopped) return true;
    if (!cursor_.next(&more)) return false;
  }
  chunker_.finish();
  bool stopped = false;
  if (!take_ready(region, &stopped)) return false;
  return stopped || end_region(region, region.old.size());
}

/// To the latest node start that the first change, `lead` bytes behind this node's start, cannot
/// have moved.
bool LevelPass::step_back(std::uint64_t lead) {
  while (!cursor_.is_first() && !is_at_boundary() && lead < limits::resume_bytes) {
    if (lead >= limits::cut_window_bytes) {
      bool natural = false;
      if (!is_natural_before(cursor_, &natural)) return false;
      if (natural) break;
    }
    bool moved = false;
    if (!cursor_.previous(&moved)) return false;
    lead += cursor_.node().entries_bytes();
    if (!rewrites_.empty() && rewrites_.back().digest == cursor_.digest()) {
      const Rewrite& undo = rewrites_.back();
      next_ = undo.edits_from;
      puts_above_.resize(undo.puts);
      erases_above_.resize(undo.erases);
      written_.resize(undo.written);
      dropped_.resize(undo.dropped);
      effective_ = undo.effective;
      if (undo.settles_boundary) boundary_->is_settled = false;
      rewrites_.pop_back();
    }
  }
  return true;
}

/// Tells the chunker the entries in the window before the region.
bool LevelPass::remember_before(Region& region) {
  if (region.is_level_start) return true;
  LevelCursor before = cursor_;
  struct Part {
    const Node* node;
    std::size_t from;
  };
  std::vector<Part> parts;  // last first
  for (std::uint64_t bytes = 0; bytes < limits::cut_window_bytes;) {
    bool moved = false;
    if (!before.previous(&moved)) return false;
    if (!moved) break;
    Part part{&before.node(), before.node().size()};
    while (part.from > 0 && bytes < limits::cut_window_bytes) {
      bytes += part.node->entry_bytes(--part.from);
    }
    parts.push_back(part);
  }
  region.last_key = parts.front().node->key(parts.front().node->size() - 1);
  for (std::size_t n = parts.size(); n-- > 0;) {
    const auto& [node, from] = parts[n];
    for (std::size_t i = from; i < node->size(); ++i) {
      chunker_.remember(node->prefix(), node->suffix(i), node->entry_bytes(i));
    }
  }
  return true;
}

/// Pushes the entries of the cursor's node with the edits that fall into it.
void LevelPass::stream_node(Region& region) {
  const Node& node = cursor_.node();
  OldNode old;
  old.separator = cursor_.separator();
  old.digest = cursor_.digest();
  old.edits_from = next_;
  old.effective_before = effective_;
  const std::size_t end = edits_up_to(cursor_.upper_bound(), next_);

  const auto put = [&](const LevelEdit& edit) {
    chunker_.push(edit.key, {}, *edit.payload, edit.is_linked, edit.weight);
  };
  const auto note = [&](Change change) {
    if (change == Change::none) return;
    ++effective_;
    old.is_changed = true;
    if (change != Change::structure) return;
    old.is_moved = true;
    region.run = 0;
  };
  for (std::size_t i = 0; i < node.size(); ++i) {
    for (; next_ < end && node.compare_key(i, edits_[next_].key) > 0; ++next_) {
      if (!edits_[next_].payload) continue;
      put(edits_[next_]);
      note(Change::structure);
    }
    if (next_ < end && node.compare_key(i, edits_[next_].key) == 0) {
      const LevelEdit& edit = edits_[next_++];
      const Change change = change_of(node, edit);
      note(change);
      if (!edit.payload) continue;
      put(edit);
      if (change != Change::structure) region.run += node.entry_bytes(i);
      continue;
    }
    chunker_.push(node.prefix(), node.suffix(i), node.payload(i), node.is_linked(i),
                  node.weight(i));
    region.run += node.entry_bytes(i);
  }
  for (; next_ < end; ++next_) {
    if (!edits_[next_].payload) continue;
    put(edits_[next_]);
    note(Change::structure);
  }
  old.run_at_end = region.run;
  region.old.push_back(std::move(old));
  region.is_kept.push_back(false);
  chunker_.tag_last(static_cast<std::uint32_t>(region.old.size()));
}

/// Makes nodes of what is cut, until the region may end.
bool LevelPass::take_ready(Region& region, bool* stopped) {
  while (chunker_.is_ready()) {
    const Chunker::Group group = chunker_.front();
    const std::size_t t = group.tag;  // old nodes up to the boundary here; 0: no old boundary
    Weight weight;
    for (const EntryView& entry : group.entries) {
      weight.count += entry.weight.count;
      weight.bytes += entry.weight.bytes;
    }
    const bool is_first = region.is_level_start && region.nodes == 0;
    const ByteView separator =
        separator_of(level_, group.entries.front().key, is_first, region.last_key);
    const bool is_same =
        t != 0 && region.is_aligned && region.settled_old + 1 == t && !region.old[t - 1].is_changed;
    Digest digest;
    if (is_same) {
      digest = region.old[t - 1].digest;
      region.is_kept[t - 1] = true;
    } else {
      Block block = Block::of_cbor(encode_node(level_, group.entries));
      digest = digest_of(block.cid);
      written_.push_back(std::move(block));
    }
    put_above(separator, digest, weight);
    region.last_key = copy_of(group.entries.back().key);
    ++region.nodes;
    region.entries += group.entries.size();
    if (level_ > 0) region.only_child = link_of(group.entries[0].payload);
    region.is_aligned = t != 0;
    if (t != 0) region.settled_old = t;

    bool stop = false;
    if (t != 0 && !may_stop(region, group, t, &stop)) return false;
    chunker_.pop();
    if (stop) {
      *stopped = true;
      next_ = region.old[t].edits_from;  // those behind the boundary were seen but not made
      effective_ = region.old[t].effective_before;
      return end_region(region, t);
    }
  }
  return true;
}

/// Whether from the end of old node `t` (counted from 1) on, old and new are cut alike.
bool LevelPass::may_stop(const Region& region, const Chunker::Group& group, std::size_t t,
                         bool* stop) {
  for (std::size_t i = t; i < region.old.size(); ++i) {
    if (region.old[i].is_moved) return true;  // seen past the boundary, and changes something
  }
  if (t == region.old.size()) return true;  // at the end of what was read: the level may go on
  if (region.old[t - 1].run_at_end >= limits::cut_window_bytes) {
    *stop = true;
    return true;
  }
  if (!group.is_natural) return true;
  LevelCursor after(*source_, root_, level_);
  return after.seek(region.old[t].separator) && is_natural_before(after, stop);
}

/// The first `old_nodes` streamed are replaced by what was made of them.
bool LevelPass::end_region(Region& region, std::size_t old_nodes) {
  for (std::size_t i = 0; i < old_nodes; ++i) {
    erase_above(region.old[i].separator);
    if (!region.is_kept[i]) dropped_.push_back(region.old[i].digest);
  }
  if (old_nodes < region.old.size()) {
    boundary_ = Boundary{region.old[old_nodes].separator, region.last_key};
    return true;
  }
  if (region.is_level_start) {
    is_empty_ = region.entries == 0;
    if (level_ > 0 && region.entries == 1) only_child_ = region.only_child;
  }
  return true;
}

/// Whether the boundary before the node of `at` is a natural cut of the old level.
bool LevelPass::is_natural_before(LevelCursor at, bool* natural) {
  *natural = false;
  LevelCursor before = at;
  bool moved = false;
  if (!before.previous(&moved)) return false;
  assert(moved);
  const Node* node = &before.node();
  const std::uint64_t hash = hash_.cut(level_, node->key(node->size() - 1, key_));

  std::uint64_t bytes = 0;  // between the cut's entry and the one looked at
  for (std::size_t i = node->size() - 1; bytes < limits::cut_window_bytes;) {
    if (i == 0) {
      if (!before.previous(&moved)) return false;
      if (!moved) return true;  // too near the level's start
      node = &before.node();
      i = node->size();
    }
    --i;
    if (hash_.cut(level_, node->key(i, key_)) >= hash) return true;
    bytes += node->entry_bytes(i);
  }
  bytes = 0;
  node = &at.node();
  for (std::size_t i = 0; bytes < limits::cut_window_bytes; ++i) {
    if (i == node->size()) {
      if (!at.next(&moved)) return false;
      if (!moved) return true;  // too near the level's end
      node = &at.node();
      i = 0;
    }
    if (hash_.cut(level_, node->key(i, key_)) >= hash) return true;
    bytes += node->entry_bytes(i);
  }
  *natural = true;
  return true;
}

void LevelPass::put_above(ByteView key, const Digest& child, Weight weight) {
  puts_above_.push_back({copy_of(key), child_payload(child, weight), true, weight});
}

void LevelPass::erase_above(ByteView key) {
  erases_above_.push_back(copy_of(key));
}

std::vector<LevelEdit> LevelPass::take_edits_above() {
  std::vector<LevelEdit> edits;
  edits.reserve(puts_above_.size() + erases_above_.size());
  auto erase = erases_above_.begin();
  for (LevelEdit& put : puts_above_) {
    for (; erase != erases_above_.end() && compare(*erase, put.key) < 0; ++erase) {
      edits.push_back({std::move(*erase), std::nullopt, true, {}});
    }
    if (erase != erases_above_.end() && equal(*erase, put.key)) ++erase;
    assert(edits.empty() || compare(edits.back().key, put.key) < 0);
    edits.push_back(std::move(put));
  }
  for (; erase != erases_above_.end(); ++erase) {
    edits.push_back({std::move(*erase), std::nullopt, true, {}});
  }
  return edits;
}

}  // namespace freehold
