#include "freehold/sync/scopes.hpp"

#include <algorithm>

namespace freehold {

std::vector<Interval> Scopes::held() const {
  std::vector<Interval> intervals;
  for (std::size_t i = 0; i < prefixes.size(); ++i) {
    Range range;
    range.prefix = prefixes[i];
    if (!from[i].empty()) range.to = from[i];
    const Interval keys(range);
    if (!keys.is_empty()) intervals.push_back(keys);
  }
  return intervals;
}

void Scopes::fill() {
  for (Bytes& key : from) key.clear();
  is_filled = true;
}

Value encode(const Scopes& scopes) {
  List list{Value(node_cid(scopes.root)), Value(scopes.is_filled)};
  for (std::size_t i = 0; i < scopes.prefixes.size(); ++i) {
    list.push_back(Value(scopes.prefixes[i]));
    list.push_back(Value(scopes.from[i]));
  }
  return Value(std::move(list));
}

Result<Scopes> decode_scopes(const Value& value) {
  const auto broken = [] { return fail(Errc::corrupt, "scopes: not what was stored"); };
  const List* list = value.as_list();
  if (list == nullptr || list->size() < 2 || list->size() % 2 != 0) return broken();
  const auto root = node_of(&(*list)[0]);
  const bool* is_filled = (*list)[1].as_bool();
  if (!root || is_filled == nullptr) return broken();
  Scopes scopes;
  scopes.root = *root;
  scopes.is_filled = *is_filled;
  for (std::size_t i = 2; i < list->size(); ++i) {
    const Bytes* key = (*list)[i].as_bytes();
    if (key == nullptr) return broken();
    (i % 2 == 0 ? scopes.prefixes : scopes.from).push_back(*key);
  }
  return scopes;
}

namespace {

/// Up to where the entries under `prefix` are here; empty: all are.
Bytes reached(const Scopes& before, const Bytes& prefix) {
  for (std::size_t i = 0; i < before.prefixes.size(); ++i) {
    if (!starts_with(prefix, before.prefixes[i])) continue;
    const Bytes& from = before.from[i];
    const auto end = prefix_end(prefix);
    if (from.empty() || (end && compare(from, *end) >= 0)) return {};
    return compare(from, prefix) > 0 ? from : prefix;
  }
  return prefix;
}

}  // namespace

Scopes changed_scopes(const Scopes& before, std::vector<Bytes> prefixes) {
  Scopes scopes;
  scopes.root = before.root;
  scopes.is_filled = before.is_filled;
  scopes.prefixes = std::move(prefixes);
  for (const Bytes& prefix : scopes.prefixes) {
    scopes.from.push_back(reached(before, prefix));
    scopes.is_filled = scopes.is_filled && scopes.from.back().empty();
  }
  return scopes;
}

Result<std::vector<Bytes>> normalise_scopes(std::vector<Bytes> prefixes) {
  if (prefixes.size() > limits::scopes_max) return fail(Errc::limit, "scopes_max (64)");
  std::vector<Bytes> scopes;
  for (std::size_t i = 0; i < prefixes.size(); ++i) {
    // The least of the rest first: they are few, and std::sort is 8 KB in the wasm.
    for (std::size_t k = i + 1; k < prefixes.size(); ++k) {
      if (compare(prefixes[k], prefixes[i]) < 0) prefixes[k].swap(prefixes[i]);
    }
    const Bytes& prefix = prefixes[i];
    if (prefix.empty() || prefix.size() > limits::key_bytes_max) {
      return fail(Errc::invalid_key, "a scope is a prefix of 1 to key_bytes_max (1,024) bytes");
    }
    if (scopes.empty() || !starts_with(prefix, scopes.back())) scopes.push_back(prefix);
  }
  return scopes;
}

Result<std::optional<ReadCall>> next_fill(const BlockStore& held, const Digest& root,
                                          const Absence& absence, Scopes* scopes,
                                          Missing* missing) {
  const auto next_scope = [&] {
    std::size_t i = 0;
    while (i < scopes->from.size() && scopes->from[i].empty()) ++i;
    return i;
  };
  // While a scope is read in order its end moves; the nodes beside it are looked at when that is
  // over.
  if (scopes->root != root || next_scope() == scopes->from.size()) {
    FH_TRY(auto call,
           next_read_within(held, {root, scopes->root, scopes->held()}, absence, missing));
    if (call && scopes->root != empty_root()) return call;
    if (call) scopes->from = scopes->prefixes;  // nothing was here: in order, then
    scopes->root = root;
  }
  const std::size_t i = next_scope();
  if (i == scopes->from.size()) {
    scopes->is_filled = true;
    return std::optional<ReadCall>();
  }
  ReadCall call;
  call.root = root;
  call.range.emplace();
  call.range->prefix = scopes->prefixes[i];
  if (scopes->from[i] != scopes->prefixes[i]) call.range->from = scopes->from[i];
  return std::optional<ReadCall>(std::move(call));
}

}  // namespace freehold
