#include "freehold/tree/interval.hpp"

namespace freehold {

namespace {

Bytes behind(ByteView key) {
  Bytes next = copy_of(key);
  next.push_back(0);
  return next;
}

}  // namespace

Interval::Interval(const Range& range) : low(range.prefix), high(prefix_end(range.prefix)) {
  if (range.from) {
    Bytes from = range.from_exclusive ? behind(*range.from) : *range.from;
    if (compare(from, low) > 0) low = std::move(from);
  }
  if (range.to) {
    Bytes to = range.to_inclusive ? behind(*range.to) : *range.to;
    if (!high || compare(to, *high) < 0) high = std::move(to);
  }
}

Interval Interval::of_key(ByteView key) {
  Interval interval;
  interval.low = copy_of(key);
  interval.high = behind(key);
  return interval;
}

Interval::Slice Interval::slice_of(const Node& node) const noexcept {
  const std::size_t begin = node.is_leaf() ? node.lower_bound(low) : node.child_of(low);
  const std::size_t end = high ? node.lower_bound(*high) : node.size();
  return {begin, std::max(begin, end)};
}

std::optional<Bytes> prefix_end(ByteView prefix) {
  Bytes end = copy_of(prefix);
  while (!end.empty() && end.back() == 0xff) end.pop_back();
  if (end.empty()) return std::nullopt;
  ++end.back();
  return end;
}

}  // namespace freehold
