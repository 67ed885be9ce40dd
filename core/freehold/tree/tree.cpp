#include "freehold/tree/tree.hpp"

#include "freehold/tree/cursor.hpp"

namespace freehold {

namespace {

Error error_of(const NodeSource& source, Missing* missing) {
  source.tell_missing(missing);
  const Result<> status = source.status();
  return status ? Error{Errc::corrupt, "tree: cannot be read"} : status.error();
}

/// Asks for the nodes between the root and the interval's leaves that can be named, but for no more
/// leaves than the `leaves` that the listing may need.
void touch(NodeSource& source, const Digest& digest, int level, const Interval& interval,
           std::size_t* leaves, bool reverse) {
  if (*leaves == 0) return;
  const Node* node = source.node(digest, level);
  if (node == nullptr || node->is_leaf()) {
    --*leaves;
    return;
  }
  const Interval::Slice slice = interval.slice_of(*node);
  for (std::size_t k = 0; k < slice.size(); ++k) {
    const std::size_t i = reverse ? slice.end - 1 - k : slice.begin + k;
    touch(source, node->link(i), node->level() - 1, interval, leaves, reverse);
  }
}

/// Where the delimiter begins behind the prefix of `key`; its size if nowhere.
std::size_t delimiter_in(const Bytes& key, const FolderQuery& query) {
  if (key.size() < query.prefix.size()) return key.size();
  const auto from = key.begin() + static_cast<std::ptrdiff_t>(query.prefix.size());
  const auto found = std::search(from, key.end(), query.delimiter.begin(), query.delimiter.end());
  return static_cast<std::size_t>(found - key.begin());
}

/// The least key behind an entry's key, or behind all that a common prefix stands for.
Bytes behind(const Bytes& key, const FolderQuery& query) {
  const std::size_t cut = delimiter_in(key, query);
  if (cut < key.size()) {
    Bytes prefix(key.begin(),
                 key.begin() + static_cast<std::ptrdiff_t>(cut + query.delimiter.size()));
    return prefix_end(prefix).value_or(Bytes());
  }
  Bytes next = key;
  next.push_back(0);
  return next;
}

/// Adds entry `i`, unless the page is full: then this was the last of it.
bool take_entry(const Node& leaf, std::size_t i, std::size_t limit, Page& page) {
  if (page.entries.size() == limit) {
    page.next = page.entries.back().key;
    return false;
  }
  page.entries.push_back({leaf.key(i), value_at(leaf, i)});
  return true;
}

bool list_forward(LevelCursor& cursor, const Interval& interval, std::size_t limit, Page& page) {
  if (!cursor.seek(interval.low)) return false;
  for (bool more = true; more;) {
    const Node& leaf = cursor.node();
    const Interval::Slice slice = interval.slice_of(leaf);
    for (std::size_t i = slice.begin; i < slice.end; ++i) {
      if (!take_entry(leaf, i, limit, page)) return true;
    }
    if (slice.end < leaf.size()) return true;
    if (!cursor.next(&more)) return false;
  }
  return true;
}

bool list_backward(LevelCursor& cursor, const Interval& interval, std::size_t limit, Page& page) {
  if (!(interval.high ? cursor.seek(*interval.high) : cursor.seek_last())) return false;
  for (bool more = true; more;) {
    const Node& leaf = cursor.node();
    const Interval::Slice slice = interval.slice_of(leaf);
    for (std::size_t i = slice.end; i-- > slice.begin;) {
      if (!take_entry(leaf, i, limit, page)) return true;
    }
    if (slice.begin > 0) return true;
    if (!cursor.previous(&more)) return false;
  }
  return true;
}

}  // namespace

Result<std::optional<StoredValue>> Tree::get(ByteView key, Missing* missing) const {
  NodeSource source(*store_, cache_);
  LevelCursor cursor(source, root_, 0);
  if (!cursor.seek(key)) return tl::unexpected<Error>(error_of(source, missing));
  const Node& leaf = cursor.node();
  bool is_there = false;
  const std::size_t i = leaf.lower_bound(key, &is_there);
  if (!is_there) return std::optional<StoredValue>();
  return std::optional<StoredValue>(value_at(leaf, i));
}

Result<Page> Tree::list(const Range& range, Missing* missing) const {
  Page page;
  const Interval interval(range);
  if (range.limit == 0 || interval.is_empty()) return page;
  NodeSource source(*store_, cache_);
  LevelCursor cursor(source, root_, 0);
  const bool done = range.reverse ? list_backward(cursor, interval, range.limit, page)
                                  : list_forward(cursor, interval, range.limit, page);
  if (done) return page;
  // Two entries a leaf at the least, but for the last: never more leaves than entries.
  std::size_t leaves = std::min<std::size_t>(range.limit, limits::read_keys_max);
  touch(source, root_, -1, interval, &leaves, range.reverse);
  return tl::unexpected<Error>(error_of(source, missing));
}

Result<FolderPage> Tree::list_folder(const FolderQuery& query, Missing* missing) const {
  FolderPage page;
  if (query.delimiter.empty()) return fail(Errc::malformed, "delimiter: empty");
  if (query.limit == 0) return page;
  const std::optional<Bytes> end = prefix_end(query.prefix);
  NodeSource source(*store_, cache_);
  LevelCursor cursor(source, root_, 0);
  Bytes at = query.prefix;  // nothing before this is looked at any more
  if (query.after) {
    const Bytes next = behind(*query.after, query);
    if (next.empty()) return page;
    at = std::max(at, next, BytesLess());
  }
  Bytes last;
  for (;;) {
    if (!cursor.seek(at)) return tl::unexpected<Error>(error_of(source, missing));
    std::size_t i = cursor.node().lower_bound(at);
    if (i == cursor.node().size()) {
      bool moved = false;
      if (!cursor.next(&moved)) return tl::unexpected<Error>(error_of(source, missing));
      if (!moved) return page;
      i = 0;
    }
    const Node& leaf = cursor.node();
    if (end && leaf.compare_key(i, *end) >= 0) return page;
    if (page.entries.size() + page.prefixes.size() == query.limit) {
      page.next = last;
      return page;
    }
    last = leaf.key(i);
    const std::size_t cut = delimiter_in(last, query);
    if (cut < last.size()) {
      last.resize(cut + query.delimiter.size());
      page.prefixes.push_back(last);
    } else {
      page.entries.push_back({last, value_at(leaf, i)});
    }
    at = behind(last, query);
    if (at.empty()) return page;
  }
}

Result<std::uint64_t> Tree::rank(ByteView key, Missing* missing) const {
  NodeSource source(*store_, cache_);
  std::uint64_t before = 0;
  const Node* node = source.node(root_);
  while (node != nullptr && !node->is_leaf()) {
    const std::size_t child = node->child_of(key);
    for (std::size_t i = 0; i < child; ++i) before += node->weight(i).count;
    node = source.node(node->link(child), node->level() - 1);
  }
  if (node == nullptr) return tl::unexpected<Error>(error_of(source, missing));
  return before + node->lower_bound(key);
}

Result<std::uint64_t> Tree::count(const Range& range, Missing* missing) const {
  const Interval interval(range);
  FH_TRY(const std::uint64_t low, rank(interval.low, missing));
  if (!interval.high) {
    FH_TRY(const Weight all, weight(missing));
    return all.count - low;
  }
  FH_TRY(const std::uint64_t high, rank(*interval.high, missing));
  return high > low ? high - low : 0;
}

Result<Weight> Tree::weight(Missing* missing) const {
  NodeSource source(*store_, cache_);
  const Node* root = source.node(root_);
  if (root == nullptr) return tl::unexpected<Error>(error_of(source, missing));
  return root->total();
}

Result<int> Tree::height(Missing* missing) const {
  NodeSource source(*store_, cache_);
  const Node* root = source.node(root_);
  if (root == nullptr) return tl::unexpected<Error>(error_of(source, missing));
  return root->level() + 1;
}

}  // namespace freehold
