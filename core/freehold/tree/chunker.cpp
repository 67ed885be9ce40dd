#include "freehold/tree/chunker.hpp"

#include <cassert>

#include "freehold/base/limits.hpp"

namespace freehold {

namespace {

void join(Bytes& to, ByteView prefix, ByteView suffix) {
  to.assign(prefix.begin(), prefix.end());
  append(to, suffix);
}

}  // namespace

void Chunker::remember(ByteView prefix, ByteView suffix, std::uint64_t bytes) {
  assert(entries_.empty());
  join(key_, prefix, suffix);
  rises_above_window_before(hash_.cut(level_, key_), end_);
  end_ += bytes;
  peaks_.back().end = end_;
}

void Chunker::push(ByteView prefix, ByteView suffix, ByteView payload, bool is_linked,
                   Weight weight, std::uint32_t tag) {
  join(key_, prefix, suffix);
  Entry entry{};
  entry.hash = hash_.cut(level_, key_);
  entry.bytes =
      static_cast<std::uint32_t>(level_ > 0 ? internal_entry_bytes_of(key_.size())
                                            : leaf_entry_bytes(key_.size(), payload.size()));
  entry.end = end_ + entry.bytes;
  entry.weight = weight;
  entry.at = buffer_.size();
  entry.key_size = static_cast<std::uint32_t>(key_.size());
  entry.payload_size = static_cast<std::uint32_t>(payload.size());
  entry.tag = tag;
  entry.is_linked = is_linked;
  assert(entry.bytes <= limits::node_bytes_max / 4);  // else a ceiling cut could find no place
  append(buffer_, key_);
  append(buffer_, payload);

  settle_candidate_before(end_, entry.hash);
  const bool rises = rises_above_window_before(entry.hash, end_);
  peaks_.back().end = entry.end;
  if (rises && end_ >= limits::cut_window_bytes) candidate_ = entries_.size();
  end_ = entry.end;
  entries_.push_back(entry);
  take_up_to(candidate_.value_or(entries_.size()));
}

void Chunker::tag_last(std::uint32_t tag) {
  if (entries_.size() > taken_) entries_.back().tag = tag;
}

void Chunker::finish() {
  settle_candidate_before(end_, 0);
  candidate_.reset();
  take_up_to(entries_.size());
  if (node_first_ < entries_.size()) cuts_.push_back({entries_.size(), false});
  node_first_ = entries_.size();
}

/// Remembers the entry as a peak, and says whether it is above all that end in the window before.
bool Chunker::rises_above_window_before(std::uint64_t hash, std::uint64_t start) {
  while (!peaks_.empty() && start - peaks_.front().end >= limits::cut_window_bytes) {
    peaks_.pop_front();
  }
  while (!peaks_.empty() && peaks_.back().hash < hash) peaks_.pop_back();
  const bool rises = peaks_.empty();
  if (!peaks_.empty() && peaks_.back().hash == hash) peaks_.pop_back();
  peaks_.push_back({hash, start});
  return rises;
}

/// What an entry that starts at `start` with `hash` means for the candidate: its window is full, or
/// it is beaten (an equal is enough), or neither.
void Chunker::settle_candidate_before(std::uint64_t start, std::uint64_t hash) {
  if (!candidate_) return;
  Entry& candidate = entries_[*candidate_];
  if (start - candidate.end >= limits::cut_window_bytes) {
    candidate.is_natural = true;
  } else if (hash < candidate.hash) {
    return;
  }
  candidate_.reset();
}

void Chunker::take_up_to(std::size_t end) {
  for (; next_ < end; ++next_) {
    while (next_ > node_first_ &&
           entries_[next_].end - start_of(entries_[node_first_]) > limits::node_bytes_max) {
      cut_at_anchor(next_);
    }
    if (entries_[next_].is_natural) {
      cuts_.push_back({next_ + 1, true});
      node_first_ = next_ + 1;
    }
  }
}

/// Ends the open node, which `over` would bring above the ceiling, after its lowest anchor.
void Chunker::cut_at_anchor(std::size_t over) {
  const std::uint64_t from = start_of(entries_[node_first_]);
  std::size_t lowest = over;
  std::uint64_t lowest_hash = 0;
  for (std::size_t j = node_first_; j + 2 <= over; ++j) {
    if (entries_[j].end - from < limits::node_bytes_min) continue;
    const std::uint64_t hash = hash_.anchor(level_, key_of(entries_[j]));
    if (lowest == over || hash < lowest_hash) {
      lowest = j;
      lowest_hash = hash;
    }
  }
  assert(lowest < over);
  cuts_.push_back({lowest + 1, false});
  node_first_ = lowest + 1;
}

ByteView Chunker::key_of(const Entry& entry) const noexcept {
  return ByteView(buffer_).subspan(entry.at, entry.key_size);
}

Chunker::Group Chunker::front() const {
  assert(is_ready());
  const Cut& cut = cuts_.front();
  Group group;
  group.entries.reserve(cut.entries - taken_);
  for (std::size_t i = taken_; i < cut.entries; ++i) {
    const Entry& entry = entries_[i];
    group.entries.push_back(
        {key_of(entry), ByteView(buffer_).subspan(entry.at + entry.key_size, entry.payload_size),
         entry.is_linked, entry.weight});
  }
  group.is_natural = cut.is_natural;
  group.tag = entries_[cut.entries - 1].tag;
  return group;
}

void Chunker::pop() {
  assert(is_ready());
  taken_ = cuts_.front().entries;
  cuts_.erase(cuts_.begin());
  if (!cuts_.empty()) return;  // forget several nodes at once

  const std::size_t stale = taken_ == entries_.size() ? buffer_.size() : entries_[taken_].at;
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(stale));
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(taken_));
  for (Entry& entry : entries_) entry.at -= stale;
  node_first_ -= taken_;
  next_ -= taken_;
  if (candidate_) *candidate_ -= taken_;
  taken_ = 0;
}

}  // namespace freehold
