#include "freehold/tree/chunker.hpp"

#include <cassert>

#include "freehold/base/limits.hpp"

namespace freehold {

namespace {

// So much is left behind before it is moved out of the way.
constexpr std::size_t stale_bytes_max = 32 << 10;
constexpr std::size_t stale_peaks_max = 256;

}  // namespace

Chunker::Chunker(int level, KeyHash hash) : level_(level), hash_(hash) {
  buffer_.reserve(limits::node_bytes_max);
  entries_.reserve(64);
  peaks_.reserve(64);
}

void Chunker::clear() noexcept {
  end_ = 0;
  buffer_.clear();
  taken_ = 0;
  entries_.clear();
  cuts_.clear();
  node_first_ = 0;
  next_ = 0;
  peaks_.clear();
  first_peak_ = 0;
  candidate_.reset();
}

void Chunker::remember(ByteView prefix, ByteView suffix, std::uint64_t bytes) {
  assert(entries_.empty());
  buffer_.assign(prefix.begin(), prefix.end());
  append(buffer_, suffix);
  rises_above_window_before(hash_.cut(level_, buffer_), end_);
  buffer_.clear();
  end_ += bytes;
  peaks_.back().end = end_;
}

void Chunker::resume_behind(ByteView key) {
  assert(entries_.empty());
  cut_before_ = hash_.cut(level_, key);
  end_ = limits::cut_window_bytes;  // so many there are, else it were no natural cut
  peaks_.push_back({cut_before_, end_});
}

void Chunker::push(ByteView prefix, ByteView suffix, ByteView payload, bool is_linked,
                   Weight weight, std::uint32_t tag) {
  const std::size_t key_size = prefix.size() + suffix.size();
  Entry& entry = entries_.emplace_back();
  entry.at = buffer_.size();
  append(buffer_, prefix);
  append(buffer_, suffix);
  append(buffer_, payload);
  entry.hash = hash_.cut(level_, ByteView(buffer_).subspan(entry.at, key_size));
  entry.bytes = static_cast<std::uint32_t>(level_ > 0 ? internal_entry_bytes_of(key_size)
                                                      : leaf_entry_bytes(key_size, payload.size()));
  assert(entry.bytes <= limits::node_bytes_max / 4);  // else a ceiling cut could find no place
  entry.end = end_ + entry.bytes;
  entry.weight = weight;
  entry.key_size = static_cast<std::uint32_t>(key_size);
  entry.payload_size = static_cast<std::uint32_t>(payload.size());
  entry.tag = tag;
  entry.is_linked = is_linked;
  entry.is_natural = false;

  settle_candidate_before(end_, entry.hash);
  const bool rises = rises_above_window_before(entry.hash, end_);
  peaks_.back().end = entry.end;
  if (rises && end_ >= limits::cut_window_bytes) candidate_ = entries_.size() - 1;
  end_ = entry.end;
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

bool Chunker::finish_at_cut() {
  if (candidate_ != entries_.size() - 1) return false;
  for (const Entry& entry : entries_) {
    if (start_of(entry) >= 2 * limits::cut_window_bytes) break;
    if (entry.hash >= cut_before_) return false;
  }
  entries_.back().is_natural = true;
  candidate_.reset();
  finish();
  return true;
}

/// Remembers the entry as a peak, and says whether it is above all that end in the window before.
bool Chunker::rises_above_window_before(std::uint64_t hash, std::uint64_t start) {
  while (first_peak_ < peaks_.size() &&
         start - peaks_[first_peak_].end >= limits::cut_window_bytes) {
    ++first_peak_;
  }
  if (first_peak_ >= stale_peaks_max) {
    peaks_.erase(peaks_.begin(), peaks_.begin() + static_cast<std::ptrdiff_t>(first_peak_));
    first_peak_ = 0;
  }
  while (first_peak_ < peaks_.size() && peaks_.back().hash < hash) peaks_.pop_back();
  const bool rises = first_peak_ == peaks_.size();
  if (rises) {
    peaks_.clear();
    first_peak_ = 0;
  } else if (peaks_.back().hash == hash) {
    peaks_.pop_back();
  }
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

Chunker::Group Chunker::front() {
  assert(is_ready());
  const Cut& cut = cuts_.front();
  group_.clear();
  for (std::size_t i = taken_; i < cut.entries; ++i) {
    const Entry& entry = entries_[i];
    group_.push_back({key_of(entry),
                      ByteView(buffer_).subspan(entry.at + entry.key_size, entry.payload_size),
                      entry.is_linked, entry.weight});
  }
  return {group_, cut.is_natural, entries_[cut.entries - 1].tag};
}

void Chunker::pop() {
  assert(is_ready());
  taken_ = cuts_.front().entries;
  cuts_.erase(cuts_.begin());
  if (cuts_.empty()) forget_taken();  // else: several nodes at once
}

/// Moves what is left to the front, now and then, so that each byte is moved less than once.
void Chunker::forget_taken() {
  const bool is_all = taken_ == entries_.size();
  const std::size_t stale = is_all ? buffer_.size() : entries_[taken_].at;
  if (!is_all && stale < stale_bytes_max) return;
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(stale));
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(taken_));
  for (Entry& entry : entries_) entry.at -= stale;
  node_first_ -= taken_;
  next_ -= taken_;
  if (candidate_) *candidate_ -= taken_;
  taken_ = 0;
}

}  // namespace freehold
