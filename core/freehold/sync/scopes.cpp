#include "freehold/sync/scopes.hpp"

#include <algorithm>

#include "freehold/tree/node.hpp"

namespace freehold {

std::vector<Interval> Scopes::held() const {
  std::vector<Interval> intervals;
  for (const Scope& scope : list) {
    Range range;
    range.prefix = scope.prefix;
    range.to = scope.from;
    Interval keys(range);
    if (!keys.is_empty()) intervals.push_back(std::move(keys));
  }
  return intervals;
}

Value encode(const Scopes& scopes) {
  List list;
  for (const Scope& scope : scopes.list) {
    list.push_back(Value(
        Map{{"prefix", Value(scope.prefix)}, {"from", scope.from ? Value(*scope.from) : Value()}}));
  }
  return Value(Map{{"list", Value(std::move(list))},
                   {"root", Value(node_cid(scopes.root))},
                   {"filled", Value(scopes.is_filled)}});
}

Result<Scopes> decode_scopes(const Value& value) {
  const Value* list = value.find("list");
  const auto root = node_of(value.find("root"));
  const Value* filled = value.find("filled");
  const auto broken = [] { return fail(Errc::corrupt, "scopes: not what was stored"); };
  if (list == nullptr || list->as_list() == nullptr || !root || filled == nullptr ||
      filled->as_bool() == nullptr) {
    return broken();
  }
  Scopes scopes;
  scopes.root = *root;
  scopes.is_filled = *filled->as_bool();
  for (const Value& one : *list->as_list()) {
    const Value* prefix = one.find("prefix");
    const Value* from = one.find("from");
    if (prefix == nullptr || prefix->as_bytes() == nullptr) return broken();
    Scope scope{*prefix->as_bytes(), std::nullopt};
    if (from != nullptr && from->as_bytes() != nullptr) scope.from = *from->as_bytes();
    scopes.list.push_back(std::move(scope));
  }
  return scopes;
}

namespace {

/// Up to where the entries under `prefix` are here.
std::optional<Bytes> reached(const Scopes& before, const Bytes& prefix) {
  for (const Scope& scope : before.list) {
    if (!starts_with(prefix, scope.prefix)) continue;
    const auto end = prefix_end(prefix);
    if (!scope.from || (end && compare(*scope.from, *end) >= 0)) return std::nullopt;
    return std::max(*scope.from, prefix, BytesLess());
  }
  return prefix;
}

}  // namespace

Scopes changed_scopes(const Scopes& before, const std::vector<Bytes>& prefixes) {
  Scopes scopes;
  scopes.root = before.root;
  scopes.is_filled = before.is_filled;
  for (const Bytes& prefix : prefixes) {
    scopes.list.push_back({prefix, reached(before, prefix)});
    if (scopes.list.back().from) scopes.is_filled = false;
  }
  return scopes;
}

Result<std::vector<Bytes>> normalise_scopes(std::vector<Bytes> prefixes) {
  std::sort(prefixes.begin(), prefixes.end(), BytesLess());
  std::vector<Bytes> scopes;
  for (Bytes& prefix : prefixes) {
    if (prefix.empty()) return fail(Errc::invalid_key, "scope: empty, which is the whole space");
    if (prefix.size() > limits::key_bytes_max) {
      return fail(Errc::invalid_key, "scope: longer than key_bytes_max (1,024)");
    }
    if (!scopes.empty() && starts_with(prefix, scopes.back())) continue;
    scopes.push_back(std::move(prefix));
  }
  if (scopes.size() > limits::scopes_max) return fail(Errc::limit, "scopes_max (64)");
  return scopes;
}

Result<std::optional<ReadCall>> next_fill(const BlockStore& held, const Digest& root,
                                          const Absence& absence, Scopes* scopes,
                                          Missing* missing) {
  const bool is_reading = std::any_of(scopes->list.begin(), scopes->list.end(),
                                      [](const Scope& scope) { return scope.from.has_value(); });
  // While a scope is read in order its end moves; the nodes beside it are looked at when that is
  // over.
  if (scopes->root != root || !is_reading) {
    FH_TRY(auto call,
           next_read_within(held, {root, scopes->root, scopes->held()}, absence, missing));
    const bool has_nothing = scopes->root == empty_root();
    if (call && !has_nothing) return call;
    if (call) {
      for (Scope& scope : scopes->list) scope.from = scope.prefix;
    }
    scopes->root = root;
  }
  for (const Scope& scope : scopes->list) {
    if (!scope.from) continue;
    ReadCall call;
    call.root = root;
    call.range.emplace();
    call.range->prefix = scope.prefix;
    if (*scope.from != scope.prefix) call.range->from = scope.from;
    return std::optional<ReadCall>(std::move(call));
  }
  scopes->is_filled = true;
  return std::optional<ReadCall>();
}

}  // namespace freehold
