#include "freehold/tree/level_pass.hpp"

#include <cassert>

#include "freehold/base/limits.hpp"
#include "freehold/tree/builder.hpp"

namespace freehold {

struct LevelPass::Region {
  std::vector<OldNode> old;  // streamed so far
  std::uint64_t run = 0;     // bytes streamed since the last change of structure
  ByteView last_key;         // of the new node before the next
  bool is_level_start = false;
  std::size_t nodes = 0;        // new ones
  std::size_t entries = 0;      // in them
  std::size_t settled_old = 0;  // old nodes whose end was also the end of the last new one
  bool is_aligned = true;       // the last new node ended where an old one did
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
    const std::size_t end = edits_within(cursor_, next_);
    replaced_.clear();
    Weight gained;
    std::optional<std::size_t> structural;  // where the first change of structure is
    for (std::size_t k = next_; k < end && !structural; ++k) {
      const LevelEdit& edit = edits_[k];
      std::size_t at = 0;
      const Change change = change_of(node, edit, &at);
      if (change == Change::structure) structural = at;
      if (change != Change::content) continue;
      const Weight before = node.weight(at);
      gained.count += edit.weight.count - before.count;  // unsigned: the sums come out right
      gained.bytes += edit.weight.bytes - before.bytes;
      replaced_.push_back({at, *edit.payload, edit.is_linked});
    }
    if (!structural) {
      if (!replaced_.empty()) rewrite(node, gained);
      next_ = end;
      continue;
    }
    std::uint64_t lead = 0;  // bytes before it
    for (std::size_t i = 0; i < *structural; ++i) lead += node.entry_bytes(i);
    const Within within = run_within(end);
    if (within == Within::missing || (within == Within::no && !run_region(lead))) {
      // What was made is void. But the other regions may lack nodes too, and all are to be named.
      is_whole = false;
      next_ = end;
      boundary_.reset();
      rewrites_.clear();
    }
  }
  if (is_whole) {
    settle_boundary();
    sealer_.finish(*this);
  }
  return is_whole;
}

void LevelPass::write(Bytes bytes, Written written) {
  ++written_;
  sealer_.add(std::move(bytes), std::move(written), *this);
}

/// The address of a node written is known.
void LevelPass::sealed(const Digest& digest, Bytes bytes, Written written) {
  puts_above_[written.above].digest = digest;
  const Block& block = blocks_.emplace_back(node_cid(digest), std::move(bytes));
  if (Node* node = written.view.get()) source_->keep(digest, block.data, std::move(*node));
}

/// What the edit changes in the node, at index `*at`.
LevelPass::Change LevelPass::change_of(const Node& node, const LevelEdit& edit,
                                       std::size_t* at) const {
  bool is_there = false;
  const std::size_t i = *at = node.lower_bound(edit.key, &is_there);
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

/// Behind the last of the edits from `from` on that fall into the cursor's node.
std::size_t LevelPass::edits_within(const LevelCursor& cursor, std::size_t from) const {
  const auto [parent, index] = cursor.place_after();
  if (parent == nullptr) return edits_.size();
  while (from < edits_.size() && parent->compare_key(index, edits_[from].key) > 0) ++from;
  return from;
}

bool LevelPass::is_at_boundary() const {
  if (!boundary_ || cursor_.is_first()) return false;
  const auto [parent, index] = cursor_.place();
  return parent->compare_key(index, boundary_->separator) == 0;
}

/// The leaf after a region may need another separator, since that depends on the key before it.
void LevelPass::settle_boundary() {
  if (!boundary_ || boundary_->is_settled) return;
  boundary_->is_settled = true;
  if (level_ > 0) return;
  LevelCursor after(*source_, root_, level_);
  if (!after.seek(boundary_->separator)) return;  // cannot be: the region has read it
  const ByteView first_key = after.node().key(0, *arena_);
  const ByteView separator = separator_of(level_, first_key, false, boundary_->last_key);
  if (equal(separator, boundary_->separator)) return;
  erases_above_.push_back(boundary_->separator);
  puts_above_.push_back({separator, after.node().total(), after.digest()});
}

/// Writes the cursor's node anew with what `replaced_` says.
void LevelPass::rewrite(const Node& node, Weight gained) {
  const Digest digest = cursor_.digest();
  const ByteView old_separator = cursor_.separator(*arena_);
  ByteView separator = old_separator;
  const bool at_boundary = is_at_boundary();
  if (at_boundary && level_ == 0) {
    separator = separator_of(level_, node.key(0, *arena_), false, boundary_->last_key);
  }
  const Rewrite undo{
      digest,   next_,           puts_above_.size(), erases_above_.size(),
      written_, dropped_.size(), effective_,         boundary_ && !boundary_->is_settled};

  const auto [parent, index] = cursor_.place();
  Weight weight = parent != nullptr ? parent->weight(index) : node.total();
  weight.count += gained.count;
  weight.bytes += gained.bytes;
  effective_ += replaced_.size();
  rewrites_.push_back(undo);
  if (at_boundary) boundary_->is_settled = true;
  settle_boundary();  // the separator there goes up before this one
  erases_above_.push_back(old_separator);
  Written written{puts_above_.size(), {}};
  puts_above_.push_back({separator, weight, {}});
  Bytes bytes = node.encode_with(replaced_, written.view.get());
  write(std::move(bytes), std::move(written));
  dropped_.push_back(digest);
}

/// Makes the edits up to `edits_end` in the cursor's node alone. That is enough if it lies between
/// two natural cuts that stay: each is above all in its windows, so what is on one side of it is
/// not felt on the other. `no`, and nothing has happened, if that is not so or not plain to see.
LevelPass::Within LevelPass::run_within(std::size_t edits_end) {
  const auto [parent_after, index_after] = cursor_.place_after();
  if (cursor_.is_first() || parent_after == nullptr || is_at_boundary()) return Within::no;
  const Node& node = cursor_.node();
  const LevelEdit& last = edits_[edits_end - 1];
  const int order = node.compare_key(node.size() - 1, last.key);
  if (order < 0 || (order == 0 && !last.payload)) return Within::no;
  LevelCursor before = cursor_;
  bool moved = false;
  if (!before.previous(&moved)) return Within::missing;
  const Node& ahead = before.node();
  const bool reaches_after =
      edits_end < edits_.size() &&
      (index_after + 1 == parent_after->size() ||
       parent_after->compare_key(index_after + 1, edits_[edits_end].key) > 0);
  if (reaches_after || !is_between_natural_cuts()) {
    LevelCursor after = cursor_;
    if (!after.next(&moved)) return Within::missing;
    // The other half of each window is what the chunker looks at.
    const std::uint64_t start = hash_.cut(level_, ahead.key(ahead.size() - 1, key_));
    const std::uint64_t end = hash_.cut(level_, node.key(node.size() - 1, key_));
    if (!ends_above(ahead, start) || !starts_below(after.node(), end)) return Within::no;
    const std::size_t behind = edits_within(after, edits_end);
    for (std::size_t k = edits_end; k < behind; ++k) {  // may be within the window
      std::size_t at = 0;
      if (change_of(after.node(), edits_[k], &at) == Change::structure) return Within::no;
    }
  }

  Region region;
  region.last_key = ahead.key(ahead.size() - 1, *arena_);
  chunker_.clear();
  chunker_.resume_behind(region.last_key);
  const std::size_t first = next_;
  const std::size_t effective = effective_;
  stream_node(region);
  if (!chunker_.finish_at_cut()) {
    next_ = first;
    effective_ = effective;
    return Within::no;
  }
  settle_boundary();
  rewrites_.clear();
  take_ready(region);
  end_region(region, 1);
  boundary_ = Boundary{parent_after->key(index_after, *arena_), region.last_key, true};
  return Within::done;
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
    if (take_ready(region)) return true;
    if (!cursor_.next(&more)) return false;
  }
  chunker_.finish();
  if (!take_ready(region)) end_region(region, region.old.size());
  return true;
}

/// To the latest node start that the first change, `lead` bytes behind this node's start, cannot
/// have moved.
bool LevelPass::step_back(std::uint64_t lead) {
  while (!cursor_.is_first() && !is_at_boundary() && lead < limits::resume_bytes) {
    LevelCursor before = cursor_;
    bool moved = false;
    if (!before.previous(&moved)) return false;
    if (lead >= limits::cut_window_bytes && is_natural(before.node(), cursor_.node())) break;
    cursor_ = std::move(before);
    lead += cursor_.node().entries_bytes();
    if (!rewrites_.empty() && rewrites_.back().digest == cursor_.digest()) {
      const Rewrite& undo = rewrites_.back();
      sealer_.finish(*this);  // what it gives back still has its place among the puts above
      next_ = undo.edits_from;
      puts_above_.resize(undo.puts);
      erases_above_.resize(undo.erases);
      written_ = undo.written;
      blocks_.resize(undo.written);
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
  region.last_key = parts.front().node->key(parts.front().node->size() - 1, *arena_);
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
  old.separator = cursor_.separator(*arena_);
  old.digest = cursor_.digest();
  old.node = &node;
  old.edits_from = next_;
  old.effective_before = effective_;
  const std::size_t end = edits_within(cursor_, next_);

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
      std::size_t at = 0;
      const Change change = change_of(node, edit, &at);
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
  region.old.push_back(old);
  chunker_.tag_last(static_cast<std::uint32_t>(region.old.size()));
}

/// Makes nodes of what is cut, until the region may end; whether it does.
bool LevelPass::take_ready(Region& region) {
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
    Written written{puts_above_.size(), {}};
    puts_above_.push_back({arena_->copy(separator), weight, {}});
    if (is_same) {
      puts_above_.back().digest = region.old[t - 1].digest;
      region.old[t - 1].is_kept = true;
    } else {
      Bytes bytes = encode_node(level_, group.entries, written.view.get());
      write(std::move(bytes), std::move(written));
    }
    region.last_key = arena_->copy(group.entries.back().key);
    ++region.nodes;
    region.entries += group.entries.size();
    if (level_ > 0) region.only_child = link_of(group.entries[0].payload);
    region.is_aligned = t != 0;
    if (t != 0) region.settled_old = t;

    const bool is_end = t != 0 && may_stop(region, group, t);
    chunker_.pop();
    if (is_end) {
      next_ = region.old[t].edits_from;  // those behind the boundary were seen but not made
      effective_ = region.old[t].effective_before;
      end_region(region, t);
      return true;
    }
  }
  return false;
}

/// Whether from the end of old node `t` (counted from 1) on, old and new are cut alike.
bool LevelPass::may_stop(const Region& region, const Chunker::Group& group, std::size_t t) {
  for (std::size_t i = t; i < region.old.size(); ++i) {
    if (region.old[i].is_moved) return false;  // seen past the boundary, and changes something
  }
  if (t == region.old.size()) return false;  // at the end of what was read: the level may go on
  if (region.old[t - 1].run_at_end >= limits::cut_window_bytes) return true;
  return group.is_natural && is_natural(*region.old[t - 1].node, *region.old[t].node);
}

/// The first `old_nodes` streamed are replaced by what was made of them.
void LevelPass::end_region(Region& region, std::size_t old_nodes) {
  for (std::size_t i = 0; i < old_nodes; ++i) {
    erases_above_.push_back(region.old[i].separator);
    if (!region.old[i].is_kept) dropped_.push_back(region.old[i].digest);
  }
  if (old_nodes < region.old.size()) {
    boundary_ = Boundary{region.old[old_nodes].separator, region.last_key};
  } else if (region.is_level_start) {
    is_empty_ = region.entries == 0;
    if (level_ > 0 && region.entries == 1) only_child_ = region.only_child;
  }
}

/// Whether the boundary between two neighbours of the old level is seen to be a natural cut: its
/// windows lie in them.
bool LevelPass::is_natural(const Node& before, const Node& after) {
  const std::uint64_t hash = hash_.cut(level_, before.key(before.size() - 1, key_));
  return ends_above(before, hash) && starts_below(after, hash);
}

/// Whether the sizes in the parent of the cursor's leaf show that both its ends are natural cuts. A
/// node that the ceiling ends has node_bytes_min or more; and with those after it, up to the next
/// natural cut or the end of the level, over node_bytes_max.
bool LevelPass::is_between_natural_cuts() const {
  const auto [parent, index] = cursor_.place();
  if (level_ > 0 || index == 0) return false;
  std::uint64_t sum = 0;
  for (std::size_t i = index - 1; i < parent->size(); ++i) {
    const std::uint64_t bytes = parent->weight(i).bytes;  // or more: linked values count there
    sum += bytes;
    if (sum > limits::node_bytes_max) return false;
    if (bytes >= limits::node_bytes_min) continue;
    if (i >= index) return true;
    sum = 0;  // the end of the node before is natural: it is about that of this one now
  }
  return false;
}

/// Whether `hash`, that of the last entry, is above those in the window before it.
bool LevelPass::ends_above(const Node& before, std::uint64_t hash) {
  std::size_t i = before.size() - 1;
  for (std::uint64_t bytes = 0; bytes < limits::cut_window_bytes; bytes += before.entry_bytes(i)) {
    if (i == 0 || hash_.cut(level_, before.key(--i, key_)) >= hash) return false;
  }
  return true;
}

/// Whether `hash`, that of the entry before the first, is above those in the window after it.
bool LevelPass::starts_below(const Node& after, std::uint64_t hash) {
  std::size_t i = 0;
  for (std::uint64_t bytes = 0; bytes < limits::cut_window_bytes; bytes += after.entry_bytes(i++)) {
    if (i == after.size() || hash_.cut(level_, after.key(i, key_)) >= hash) return false;
  }
  return true;
}

std::vector<LevelEdit> LevelPass::edits_above() const {
  std::vector<LevelEdit> edits;
  edits.reserve(puts_above_.size() + erases_above_.size());
  auto erase = erases_above_.begin();
  for (const NewNode& put : puts_above_) {
    for (; erase != erases_above_.end() && compare(*erase, put.separator) < 0; ++erase) {
      edits.push_back({*erase, std::nullopt, true, {}});
    }
    if (erase != erases_above_.end() && equal(*erase, put.separator)) ++erase;
    assert(edits.empty() || compare(edits.back().key, put.separator) < 0);
    const ByteView payload = arena_->copy(child_payload(put.digest, put.weight));
    edits.push_back({put.separator, payload, true, put.weight});
  }
  for (; erase != erases_above_.end(); ++erase) edits.push_back({*erase, std::nullopt, true, {}});
  return edits;
}

}  // namespace freehold
