// freehold space put, rm: edits of a replica, each command one commit.
#include "freehold/base/multibase.hpp"
#include "freehold/base/utf8.hpp"
#include "freehold/codec/cbor.hpp"
#include "freehold/codec/dag_json.hpp"
#include "native/cli/edit_lines.hpp"
#include "native/cli/progress.hpp"
#include "native/cli/space.hpp"
#include "native/replica/local_replica.hpp"

namespace freehold::native {

namespace {

void edit(const std::string& folder, std::span<const Replica::Change> changes,
          const Console& console) {
  LocalReplica replica(folder);
  Digest root{};
  replica.change([&](Replica& held) {
    Result<Commit> commit = held.edit(changes);
    root = held.root();
    return commit;
  });
  if (console.is_json()) {
    console.record(
        Map{{"root", text_of_root(root)}, {"edits", Value(std::uint64_t{changes.size()})}});
  }
}

/// The value that the words and options of `put` say.
Bytes value_said(const Arguments& arguments) {
  const auto file = arguments.option("--file");
  const bool has_word = arguments.rest().size() == 3;
  if (has_word == file.has_value()) throw Failure("Usage", "put: say VALUE or --file, one of them");
  const bool is_text = arguments.has_flag("--text");
  const bool is_bytes = arguments.has_flag("--bytes");
  const bool is_cbor = arguments.has_flag("--cbor");
  if (is_text + is_bytes + is_cbor > 1) {
    throw Failure("Usage", "--text, --bytes and --cbor exclude another");
  }
  const std::string about = file ? *file : "VALUE";
  // DAG-JSON may be longer than what it says, by escapes and base64.
  Bytes bytes =
      file ? read_input(*file, is_bytes || is_text || is_cbor ? limits::value_bytes_max
                                                              : limits::edit_line_bytes_max)
           : copy_of(view_of(arguments.rest()[2]));
  if (!file && (is_bytes || is_cbor)) bytes = unwrap(decode_multibase(text_of(bytes)), about);
  if (is_text && !is_utf8(bytes)) throw Failure("InvalidValue", about + ": not UTF-8");
  if (is_text) return encode_cbor(Value(text_of(bytes)));
  if (is_bytes) return encode_cbor(Value(std::move(bytes)));
  if (!is_cbor) bytes = encode_cbor(unwrap(decode_dag_json(text_of(bytes)), about));
  unwrap(check_value(bytes), about);
  return bytes;
}

int run_put(const Arguments& arguments, const Console& console) {
  const Words& words = arguments.rest();
  std::vector<Replica::Change> changes;
  if (const auto lines = arguments.option("--lines")) {
    if (words.size() != 1) throw Failure("Usage", "--lines: there is no KEY and VALUE beside it");
    Progress progress("read");
    changes = read_edit_lines(*lines, console, [&](std::uint64_t n) { progress.set(n, 0); });
  } else {
    if (words.size() < 2) throw Failure("Usage", "put: say KEY, or --lines");
    changes.push_back({console.key_of_word(words[1]), std::nullopt});
    unwrap(check_key(changes[0].key), "KEY");
    changes[0].value = value_said(arguments);
  }
  edit(words[0], changes, console);
  return status::ok;
}

// --- rm -----------------------------------------------------------------------------------------

/// The keys named, all of which are there, and those that begin with a prefix named.
Result<std::vector<Replica::Change>> removals(Replica& held, const std::vector<Bytes>& keys,
                                              const std::vector<Bytes>& prefixes,
                                              const Console& console) {
  std::vector<Replica::Change> changes;
  for (const Bytes& key : keys) {
    FH_TRY(const auto value, held.get(key));
    if (!value) throw Failure("KeyNotFound", "no such key: " + console.text_of_key(key));
    changes.push_back({key, std::nullopt});
  }
  for (const Bytes& prefix : prefixes) {
    Range range;
    range.prefix = prefix;
    FH_TRY(Page page, held.list(range));
    for (Entry& entry : page.entries) changes.push_back({std::move(entry.key), std::nullopt});
  }
  return changes;
}

int run_rm(const Arguments& arguments, const Console& console) {
  const Words& words = arguments.rest();
  std::vector<Bytes> keys;
  for (std::size_t i = 1; i < words.size(); ++i) keys.push_back(console.key_of_word(words[i]));
  for (const Bytes& key : keys) unwrap(check_key(key), "KEY");
  std::vector<Bytes> prefixes;
  for (const std::string& word : arguments.all("--prefix")) {
    prefixes.push_back(console.key_of_word(word));
  }
  if (keys.empty() && prefixes.empty()) throw Failure("Usage", "rm: say KEY, or --prefix");
  LocalReplica replica(words[0]);
  Digest root{};
  std::uint64_t removed = 0;
  replica.change([&](Replica& held) -> Result<Commit> {
    FH_TRY(const auto before, held.weight());
    FH_TRY(const auto changes, removals(held, keys, prefixes, console));
    FH_TRY(Commit commit, held.edit(changes));
    FH_TRY(const auto after, held.weight());
    root = held.root();
    removed = before.count - after.count;
    return commit;
  });
  if (console.is_json()) {
    console.record(Map{{"root", text_of_root(root)}, {"removed", Value(removed)}});
  }
  return status::ok;
}

}  // namespace

SpaceCommand space_put() {
  return {"put",
          "freehold space put DIR KEY (VALUE | --file FILE) | put DIR --lines FILE\n"
          "\n"
          "Puts a value under KEY: DAG-JSON unless told otherwise; - is standard input.\n"
          "\n"
          "  --text     VALUE, or what is in FILE, is the text that it is\n"
          "  --bytes    the value is bytes: VALUE in multibase, or what is in FILE\n"
          "  --cbor     the same, and the bytes are the value's own encoding, DAG-CBOR\n"
          "  --lines    many edits as one: a line each, {\"key\", \"value\"} or {\"key\", "
          "\"delete\": true}\n"
          "\n"
          "All of it is durable when the command ends, or nothing was changed.\n"
          "JSON: {\"root\", \"edits\"}\n",
          {"--file", "--lines"},
          {"--text", "--bytes", "--cbor"},
          1,
          3,
          run_put};
}

SpaceCommand space_rm() {
  return {
      "rm",
      "freehold space rm DIR KEY... [--prefix PREFIX]...\n"
      "\n"
      "Removes the keys named, and those that begin with PREFIX. If one of the keys is not there,\n"
      "nothing is removed: exit status 3.\n"
      "\n"
      "JSON: {\"root\", \"removed\"}\n",
      {"--prefix"},
      {},
      1,
      SIZE_MAX,
      run_rm};
}

}  // namespace freehold::native
