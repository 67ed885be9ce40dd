#include "freehold/sync/calls.hpp"

namespace freehold {

namespace {

const Value* field(const Value& map, const char* name) {
  const Value* value = map.find(name);
  return value != nullptr && value->is_null() ? nullptr : value;  // null is as good as absent
}

/// Sets `to` from an optional link. False if there is something else.
bool read_link(const Value& map, const char* name, std::optional<Cid>* to) {
  const Value* value = field(map, name);
  if (value == nullptr) return true;
  if (value->as_link() == nullptr) return false;
  *to = *value->as_link();
  return true;
}

bool read_flag(const Value& map, const char* name, bool* to) {
  const Value* value = field(map, name);
  if (value == nullptr) return true;
  if (value->as_bool() == nullptr) return false;
  *to = *value->as_bool();
  return true;
}

bool read_key(const Value& map, const char* name, std::optional<Bytes>* to) {
  const Value* value = field(map, name);
  if (value == nullptr) return true;
  if (value->as_bytes() == nullptr) return false;
  *to = *value->as_bytes();
  return true;
}

Result<Range> decode_range(const Value& value) {
  Range range;
  std::optional<Bytes> prefix;
  if (value.as_map() == nullptr || !read_key(value, "from", &range.from) ||
      !read_key(value, "to", &range.to) || !read_key(value, "prefix", &prefix) ||
      !read_flag(value, "reverse", &range.reverse)) {
    return fail(Errc::malformed, "nb.range: not {from?, to?, prefix?, reverse?, limit?}");
  }
  if (prefix) range.prefix = *std::move(prefix);
  if (field(value, "limit") != nullptr) {
    const auto limit = uint_of(field(value, "limit"));
    if (!limit) return fail(Errc::malformed, "nb.range.limit: not a count");
    range.limit = static_cast<std::size_t>(std::min<std::uint64_t>(*limit, SIZE_MAX));
  }
  return range;
}

/// Intervals that ascend, are not empty and do not overlap.
Result<std::vector<Interval>> decode_scopes(const Value& list) {
  const auto malformed = [] {
    return fail(Errc::malformed, "nb.scopes: not a list of {from, to?} that ascend");
  };
  if (list.as_list() == nullptr) return malformed();
  if (list.as_list()->size() > limits::scopes_max) {
    return fail(Errc::limit, "nb.scopes: more than scopes_max (64)");
  }
  std::vector<Interval> scopes;
  for (const Value& one : *list.as_list()) {
    Range range;
    if (one.as_map() == nullptr || !read_key(one, "from", &range.from) || !range.from ||
        !read_key(one, "to", &range.to)) {
      return malformed();
    }
    Interval keys(range);
    const std::size_t longest = std::max(keys.low.size(), keys.high ? keys.high->size() : 0);
    if (longest > limits::key_bytes_max + 1) {  // the key behind a key is a byte longer
      return fail(Errc::limit, "nb.scopes: longer than key_bytes_max (1,024)");
    }
    const bool follows =
        scopes.empty() || (scopes.back().high && compare(*scopes.back().high, keys.low) <= 0);
    if (keys.is_empty() || !follows) return malformed();
    scopes.push_back(std::move(keys));
  }
  return scopes;
}

}  // namespace

Value encode(const SyncCall& call) {
  Map nb{{"n", Value(call.n)},
         {"root", Value(node_cid(call.root))},
         {"since", call.since ? Value(*call.since) : Value()}};
  if (call.edits) nb.set("edits", Value(*call.edits));
  if (call.strict) nb.set("strict", Value(true));
  if (call.lazy) nb.set("lazy", Value(true));
  if (!call.scopes.empty()) {
    List scopes;
    for (const Interval& keys : call.scopes) {
      Map scope{{"from", Value(keys.low)}};
      if (keys.high) scope.set("to", Value(*keys.high));
      scopes.push_back(Value(std::move(scope)));
    }
    nb.set("scopes", Value(std::move(scopes)));
  }
  if (!call.sent.empty()) {
    List sent;
    for (const Digest& root : call.sent) sent.push_back(Value(node_cid(root)));
    nb.set("sent", Value(std::move(sent)));
  }
  return Value(std::move(nb));
}

Result<SyncCall> decode_sync_call(const Value& nb) {
  SyncCall call;
  const auto n = uint_of(field(nb, "n"));
  if (!n || *n == 0 || *n > limits::integer_safe_max) {
    return fail(Errc::malformed, "nb.n: not an integer from 1");
  }
  const auto root = node_of(field(nb, "root"));
  if (!root) return fail(Errc::malformed, "nb.root: not a link to a node");
  if (!read_link(nb, "since", &call.since)) return fail(Errc::malformed, "nb.since: no link");
  if (!read_link(nb, "edits", &call.edits)) return fail(Errc::malformed, "nb.edits: no link");
  if (!read_flag(nb, "strict", &call.strict)) return fail(Errc::malformed, "nb.strict: no boolean");
  if (!read_flag(nb, "lazy", &call.lazy)) return fail(Errc::malformed, "nb.lazy: no boolean");
  if (const Value* sent = field(nb, "sent")) {
    if (sent->as_list() == nullptr || sent->as_list()->size() > limits::syncs_unanswered_max) {
      return fail(Errc::malformed, "nb.sent: not a list of syncs_unanswered_max (64) links");
    }
    for (const Value& link : *sent->as_list()) {
      const auto sent_root = node_of(&link);
      if (!sent_root) return fail(Errc::malformed, "nb.sent: not links to nodes");
      call.sent.push_back(*sent_root);
    }
  }
  if (const Value* scopes = field(nb, "scopes")) {
    FH_TRY(call.scopes, decode_scopes(*scopes));
  }
  call.n = *n;
  call.root = *root;
  return call;
}

Value encode(const SyncAnswer& answer) {
  List conflicts;
  for (const Bytes& key : answer.conflicts) conflicts.push_back(Value(key));
  List refused;
  for (const Refusal& one : answer.refused) {
    refused.push_back(Value(Map{{"key", Value(one.key)}, {"name", Value(one.name)}}));
  }
  Map ok{{"checkpoint", Value(answer.checkpoint)},
         {"from", answer.from ? Value(*answer.from) : Value()},
         {"conflicts", Value(std::move(conflicts))},
         {"refused", Value(std::move(refused))}};
  if (answer.edits) ok.set("edits", Value(*answer.edits));
  if (answer.nodes) ok.set("nodes", Value(true));
  if (answer.more) {
    ok.set("more", Value(Map{{"root", Value(node_cid(answer.more->root))},
                             {"upto", Value(answer.more->upto)}}));
  }
  return Value(std::move(ok));
}

Result<SyncAnswer> decode_sync_answer(const Value& ok) {
  SyncAnswer answer;
  std::optional<Cid> checkpoint;
  if (!read_link(ok, "checkpoint", &checkpoint) || !checkpoint ||
      !read_link(ok, "from", &answer.from) || !read_link(ok, "edits", &answer.edits) ||
      !read_flag(ok, "nodes", &answer.nodes) || (answer.nodes && answer.edits)) {
    return fail(Errc::protocol, "sync: ok: checkpoint, from, edits or nodes");
  }
  answer.checkpoint = *checkpoint;
  const Value* conflicts = field(ok, "conflicts");
  const Value* refused = field(ok, "refused");
  if (conflicts != nullptr && conflicts->as_list() != nullptr) {
    for (const Value& key : *conflicts->as_list()) {
      if (key.as_bytes() == nullptr) return fail(Errc::protocol, "sync: ok.conflicts: not keys");
      answer.conflicts.push_back(*key.as_bytes());
    }
  }
  if (refused != nullptr && refused->as_list() != nullptr) {
    for (const Value& one : *refused->as_list()) {
      const Value* key = one.find("key");
      const Value* name = one.find("name");
      if (key == nullptr || key->as_bytes() == nullptr || name == nullptr ||
          name->as_text() == nullptr) {
        return fail(Errc::protocol, "sync: ok.refused: not {key, name}");
      }
      answer.refused.push_back({*key->as_bytes(), *name->as_text()});
    }
  }
  if (const Value* more = field(ok, "more")) {
    const auto root = node_of(more->find("root"));
    std::optional<Bytes> upto;
    if (!root || !read_key(*more, "upto", &upto) || !upto) {
      return fail(Errc::protocol, "sync: ok.more: not {root, upto}");
    }
    answer.more = SyncAnswer::More{*root, *std::move(upto)};
  }
  return answer;
}

Value encode(const ReadCall& call) {
  Map nb;
  if (call.root) nb.set("root", Value(node_cid(*call.root)));
  if (call.since) nb.set("since", Value(*call.since));
  if (!call.nodes.empty()) {
    List nodes;
    for (const Cid& node : call.nodes) nodes.push_back(Value(node));
    nb.set("nodes", Value(std::move(nodes)));
  }
  if (call.depth) nb.set("depth", Value(static_cast<std::uint64_t>(*call.depth)));
  if (!call.keys.empty()) {
    List keys;
    for (const Bytes& key : call.keys) keys.push_back(Value(key));
    nb.set("keys", Value(std::move(keys)));
  }
  if (call.range) {
    Map range;
    if (call.range->from) range.set("from", Value(*call.range->from));
    if (call.range->to) range.set("to", Value(*call.range->to));
    if (!call.range->prefix.empty()) range.set("prefix", Value(call.range->prefix));
    if (call.range->reverse) range.set("reverse", Value(true));
    if (call.range->limit != SIZE_MAX) {
      range.set("limit", Value(static_cast<std::uint64_t>(call.range->limit)));
    }
    nb.set("range", Value(std::move(range)));
  }
  if (call.budget != 0) nb.set("budget", Value(static_cast<std::uint64_t>(call.budget)));
  return Value(std::move(nb));
}

Result<ReadCall> decode_read_call(const Value& nb) {
  ReadCall call;
  if (field(nb, "root") != nullptr) {
    call.root = node_of(field(nb, "root"));
    if (!call.root) return fail(Errc::malformed, "nb.root: not a link to a node");
  }
  if (!read_link(nb, "since", &call.since)) return fail(Errc::malformed, "nb.since: no link");
  for (const char* name : {"nodes", "keys"}) {
    const Value* list = field(nb, name);
    if (list == nullptr) continue;
    if (list->as_list() == nullptr) return fail(Errc::malformed, "nb.nodes, nb.keys: not lists");
    if (list->as_list()->size() > limits::read_keys_max) {
      return fail(Errc::limit, "nb.nodes, nb.keys: more than read_keys_max (4,096)");
    }
    for (const Value& one : *list->as_list()) {
      if (name[0] == 'n') {
        if (one.as_link() == nullptr) return fail(Errc::malformed, "nb.nodes: not links");
        call.nodes.push_back(*one.as_link());
      } else {
        if (one.as_bytes() == nullptr) return fail(Errc::malformed, "nb.keys: not bytes");
        call.keys.push_back(*one.as_bytes());
      }
    }
  }
  if (const Value* range = field(nb, "range")) {
    FH_TRY(call.range, decode_range(*range));
  }
  if (field(nb, "depth") != nullptr) {
    const auto depth = uint_of(field(nb, "depth"));
    if (!depth) return fail(Errc::malformed, "nb.depth: not a number of levels");
    call.depth = static_cast<std::size_t>(std::min<std::uint64_t>(*depth, limits::height_max));
  }
  if (field(nb, "budget") != nullptr) {
    const auto budget = uint_of(field(nb, "budget"));
    if (!budget) return fail(Errc::malformed, "nb.budget: not a number of bytes");
    call.budget = static_cast<std::size_t>(std::min<std::uint64_t>(*budget, SIZE_MAX));
  }
  return call;
}

Value encode(const ReadAnswer& answer) {
  Map ok{{"root", Value(node_cid(answer.root))},
         {"checkpoint", Value(answer.checkpoint)},
         {"complete", Value(answer.is_complete)}};
  if (answer.upto) ok.set("upto", Value(*answer.upto));
  return Value(std::move(ok));
}

Result<ReadAnswer> decode_read_answer(const Value& ok) {
  ReadAnswer answer;
  const auto root = node_of(field(ok, "root"));
  std::optional<Cid> checkpoint;
  if (!root || !read_link(ok, "checkpoint", &checkpoint) || !checkpoint ||
      !read_flag(ok, "complete", &answer.is_complete) || !read_key(ok, "upto", &answer.upto)) {
    return fail(Errc::protocol, "read: ok: not {root, checkpoint, complete, upto?}");
  }
  answer.root = *root;
  answer.checkpoint = *checkpoint;
  return answer;
}

Value encode(const WatchCall& call) {
  Map nb;
  if (call.since) nb.set("since", Value(*call.since));
  return Value(std::move(nb));
}

Result<WatchCall> decode_watch_call(const Value& nb) {
  WatchCall call;
  if (!read_link(nb, "since", &call.since)) return fail(Errc::malformed, "nb.since: no link");
  return call;
}

Value encode(const WatchAnswer& answer) {
  return Value(Map{{"checkpoint", Value(answer.checkpoint)}});
}

Result<WatchAnswer> decode_watch_answer(const Value& ok) {
  std::optional<Cid> checkpoint;
  if (!read_link(ok, "checkpoint", &checkpoint) || !checkpoint) {
    return fail(Errc::protocol, "watch: ok: not {checkpoint}");
  }
  return WatchAnswer{*checkpoint};
}

Value error_of(std::string_view name, std::string_view message, Map more) {
  more.set("name", Value(name));
  more.set("message", Value(message));
  return Value(std::move(more));
}

Value error_of(const Error& error) {
  return error_of(name_of(error.code), error.what);
}

Value missing_blocks(const std::vector<Cid>& links) {
  List list;
  for (const Cid& link : links) list.push_back(Value(link));
  return error_of("MissingBlocks", "Blocks are neither stored for the space nor in the message",
                  Map{{"links", Value(std::move(list))}});
}

}  // namespace freehold
