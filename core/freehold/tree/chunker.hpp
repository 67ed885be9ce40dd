/// Decides where one level of a tree is cut into nodes.
///
/// The cuts are a pure function of the level's sorted entries, so equal maps have equal roots,
/// whatever order they were written in (docs/design.md section 4):
///
///   natural  after an entry whose cut hash is greater than that of every entry within
///            cut_window_bytes on either side (local maximum: Bjorner, Blass and Gurevich,
///            "Content-dependent chunking for differential compression", 2010), if there are that
///            many bytes on either side
///   ceiling  a node about to outgrow node_bytes_max is cut after the entry past its first
///            node_bytes_min whose anchor hash is the lowest
///
/// Both look past the node that they close: an entry is settled only when the window after it is
/// full, or the level at its end.
#pragma once

#include <vector>

#include "freehold/tree/key_hash.hpp"
#include "freehold/tree/node.hpp"

namespace freehold {

/// Push the entries of a level in order; take the nodes as they become ready.
class Chunker {
 public:
  explicit Chunker(int level, KeyHash hash = xxh64);

  /// For another level of this number, or another part of it: as new, but for its memory.
  void clear() noexcept;

  /// To resume in the middle of a level, at a node start: tells the entries just before it, in
  /// order, at least cut_window_bytes of them or all back to the level's start.
  void remember(ByteView prefix, ByteView suffix, std::uint64_t bytes);

  /// To resume behind a natural cut: tells its entry alone, which is above all that could matter.
  void resume_behind(ByteView key);

  /// The next entry; its bytes are copied. `tag` comes back with the node that it ends.
  void push(ByteView prefix, ByteView suffix, ByteView payload, bool is_linked, Weight weight,
            std::uint32_t tag = 0);
  /// Changes the tag of the entry last pushed, if it is not yet in a node taken.
  void tag_last(std::uint32_t tag);
  /// The level is at its end: what is left becomes ready.
  void finish();
  /// After `resume_behind`: whether that cut stands, and the entry last pushed is a natural cut
  /// too, as it was when it stood behind other entries. What comes behind it need not be pushed
  /// then: what is left becomes ready.
  bool finish_at_cut();

  /// The least node that is cut and not yet taken.
  bool is_ready() const noexcept { return !cuts_.empty(); }
  struct Group {
    std::span<const EntryView> entries;
    bool is_natural = false;  // how it was cut
    std::uint32_t tag = 0;    // of its last entry
  };
  /// Views into the chunker, valid until the next call of another function.
  Group front();
  void pop();

 private:
  struct Entry {
    std::uint64_t hash;
    std::uint64_t end;  // bytes of the level up to its end
    Weight weight;
    std::size_t at;  // of its key in buffer_; the payload follows
    std::uint32_t key_size;
    std::uint32_t payload_size;
    std::uint32_t tag;
    std::uint32_t bytes;
    bool is_linked;
    bool is_natural;
  };
  struct Peak {
    std::uint64_t hash;
    std::uint64_t end;
  };
  struct Cut {
    std::size_t entries;  // how many of entries_, counted from its start
    bool is_natural;
  };

  std::uint64_t start_of(const Entry& entry) const noexcept { return entry.end - entry.bytes; }
  ByteView key_of(const Entry& entry) const noexcept;
  bool rises_above_window_before(std::uint64_t hash, std::uint64_t start);
  void settle_candidate_before(std::uint64_t start, std::uint64_t hash);
  void take_up_to(std::size_t end);
  void cut_at_anchor(std::size_t over);
  void forget_taken();

  int level_;
  KeyHash hash_;
  std::uint64_t end_ = 0;         // bytes seen of the level
  std::uint64_t cut_before_ = 0;  // hash of the cut resumed behind
  Bytes buffer_;                  // keys and payloads of entries_
  std::size_t taken_ = 0;         // entries_ before this are in nodes taken, their bytes stale
  std::vector<Entry> entries_;
  std::vector<Cut> cuts_;
  std::size_t node_first_ = 0;  // first entry of the open node
  std::size_t next_ = 0;        // first entry not yet settled
  // Entries of falling hash, each above all that came after it: the nearest one that is not below
  // a new entry is all that must be asked. Those before first_peak_ are out of the window.
  std::vector<Peak> peaks_;
  std::size_t first_peak_ = 0;
  // Index of the one entry that rises above its window before and waits for the one after. There
  // is never a second: a later one within the window that is as high ends the first.
  std::optional<std::size_t> candidate_;
  std::vector<EntryView> group_;  // what `front` gives
};

}  // namespace freehold
