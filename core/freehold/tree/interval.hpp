/// Which keys are asked for: ranges as callers tell them, and the half-open intervals that they,
/// and single keys, come down to.
#pragma once

#include "freehold/tree/node.hpp"

namespace freehold {

/// What to list. Empty bounds are none.
struct Range {
  Bytes prefix;               // only keys that begin so
  std::optional<Bytes> from;  // inclusive, unless from_exclusive: a cursor goes on behind a key
  bool from_exclusive = false;
  std::optional<Bytes> to;  // exclusive, unless to_inclusive
  bool to_inclusive = false;
  bool reverse = false;  // greatest key first; from and to keep their meaning
  std::size_t limit = SIZE_MAX;
};

/// The keys from `low` on, up to but not `high`. (The key right behind k is k with a zero byte: so
/// every bound becomes one of these.)
struct Interval {
  Bytes low;
  std::optional<Bytes> high;  // none: no bound

  explicit Interval(const Range& range);
  static Interval of_key(ByteView key);

  bool is_empty() const noexcept { return high && compare(low, *high) >= 0; }

  /// Entries [begin, end) of a node: of a leaf those in the interval, of an internal node the
  /// children whose keys may be, by their separators.
  struct Slice {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t size() const noexcept { return end - begin; }
  };
  Slice slice_of(const Node& node) const noexcept;

 private:
  Interval() = default;
};

/// The least key that is greater than all that begin with `prefix`; none if there is no such key.
std::optional<Bytes> prefix_end(ByteView prefix);

}  // namespace freehold
