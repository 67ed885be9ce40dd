// freehold space ls, get: what is in a replica.
#include <cstdio>

#include "freehold/codec/cbor.hpp"
#include "freehold/codec/dag_json.hpp"
#include "native/cli/space.hpp"
#include "native/replica/local_replica.hpp"

namespace freehold::native {

namespace {

constexpr std::size_t page_entries_max = 512;

/// Prints the lines of a listing.
class Listing {
 public:
  Listing(const Arguments& arguments, const Console& console, const Snapshot& state)
      : console_(&console),
        state_(&state),
        is_long_(arguments.has_flag("--long")),
        has_values_(arguments.has_flag("--values")) {}

  void entry(const Entry& entry) const {
    const std::string key = console_->text_of_key(entry.key);
    if (console_->is_json()) {
      Map fields{{"key", console_->value_of_key(entry.key)}, {"size", Value(entry.value.size)}};
      if (has_values_) fields.set("value", value_of(entry));
      console_->record(fields);
    } else if (has_values_) {
      console_->line(key + "\t" + encode_dag_json(value_of(entry), KeyOrder::kept));
    } else if (is_long_) {
      char size[24];
      std::snprintf(size, sizeof size, "%9llu  ",
                    static_cast<unsigned long long>(entry.value.size));
      console_->line(size + key);
    } else {
      console_->line(key);
    }
  }
  void prefix(const Bytes& prefix) const {
    if (console_->is_json()) {
      console_->record(Map{{"prefix", console_->value_of_key(prefix)}});
    } else {
      console_->line((is_long_ ? "        -  " : "") + console_->text_of_key(prefix));
    }
  }

 private:
  Value value_of(const Entry& entry) const {
    const auto encoded = entry.value.encoded(state_->blocks);
    if (!encoded) throw Failure("MissingBlocks", "the block of a large value is not held");
    return unwrap(decode_cbor(*encoded));
  }

  const Console* console_;
  const Snapshot* state_;
  bool is_long_;
  bool has_values_;
};

/// Asks for page after page of a flat listing.
template <class Turn>
void page_flat(Range range, std::uint64_t limit, Turn&& turn) {
  while (limit > 0) {
    range.limit = std::min<std::uint64_t>(limit, page_entries_max);
    const Page page = turn(range);
    limit -= page.entries.size();
    if (!page.next) return;
    if (range.reverse) range.to = page.next;
    if (!range.reverse) range.from = page.next;
    range.from_exclusive = !range.reverse;
  }
}

/// The same of one by folders.
template <class Turn>
void page_folders(FolderQuery query, std::uint64_t limit, Turn&& turn) {
  while (limit > 0) {
    query.limit = std::min<std::uint64_t>(limit, page_entries_max);
    const FolderPage page = turn(query);
    limit -= page.entries.size() + page.prefixes.size();
    if (!page.next) return;
    query.after = page.next;
  }
}

void list_flat(const Snapshot& state, const Range& range, std::uint64_t limit,
               const Listing& listing) {
  page_flat(range, limit, [&](const Range& part) {
    Page page = unwrap(state.tree().list(part));
    for (const Entry& entry : page.entries) listing.entry(entry);
    return page;
  });
}

void list_folders(const Snapshot& state, const FolderQuery& query, std::uint64_t limit,
                  const Listing& listing) {
  page_folders(query, limit, [&](const FolderQuery& part) {
    FolderPage page = unwrap(state.tree().list_folder(part));
    // The two lists are ascending; shown as one.
    auto prefix = page.prefixes.begin();
    for (const Entry& entry : page.entries) {
      while (prefix != page.prefixes.end() && compare(*prefix, entry.key) < 0) {
        listing.prefix(*prefix++);
      }
      listing.entry(entry);
    }
    while (prefix != page.prefixes.end()) listing.prefix(*prefix++);
    return page;
  });
}

/// Brings what a listing shows into the folder of a replica that is not whole, page by page.
class Bringing {
 public:
  Bringing(LocalReplica& replica, bool has_values) : replica_(&replica), has_values_(has_values) {}

  template <class Query>
  auto operator()(const Query& query) {
    decltype(list(std::declval<Replica&>(), query)) page;
    replica_->trim();
    const Digest root = replica_->bring([&](Replica& held) -> Result<> {
      page = list(held, query);
      if (!page) return tl::unexpected<Error>(page.error());
      for (std::size_t i = 0; has_values_ && i < page->entries.size(); ++i) {
        FH_CHECK(held.value_of(page->entries[i].value));
      }
      return {};
    });
    is_one_ = is_one_ && (!root_ || *root_ == root);
    root_ = root;
    return *std::move(page);
  }
  /// The root of which all pages are; none has this one, if the head has moved between two.
  Digest root() const { return is_one_ && root_ ? *root_ : Digest{}; }

 private:
  static Result<Page> list(Replica& held, const Range& range) { return held.list(range); }
  static Result<FolderPage> list(Replica& held, const FolderQuery& query) {
    return held.list_folder(query);
  }

  LocalReplica* replica_;
  bool has_values_;
  std::optional<Digest> root_;
  bool is_one_ = true;
};

int run_ls(const Arguments& arguments, const Console& console) {
  const Bytes prefix =
      arguments.rest().size() > 1 ? console.key_of_word(arguments.rest()[1]) : Bytes();
  const auto delimiter = arguments.option("--delimiter");
  const auto after = arguments.option("--after");
  const bool is_reverse = arguments.has_flag("--reverse");
  if (delimiter && is_reverse) throw Failure("Usage", "--delimiter and --reverse exclude another");
  if (delimiter && delimiter->empty()) throw Failure("Usage", "--delimiter: is empty");
  const std::uint64_t limit = number_option(arguments, "--limit", 1).value_or(UINT64_MAX);
  std::optional<Bytes> behind;
  if (after) behind = console.key_of_word(*after);
  const FolderQuery query{prefix, delimiter ? console.key_of_word(*delimiter) : Bytes(), behind,
                          SIZE_MAX};
  Range range;
  range.prefix = prefix;
  range.reverse = is_reverse;
  (is_reverse ? range.to : range.from) = behind;
  range.from_exclusive = !is_reverse && behind;
  LocalReplica replica = LocalReplica::to_read(arguments.rest()[0]);
  const auto bring_all = [&] {
    Bringing bringing(replica, arguments.has_flag("--values"));
    delimiter ? page_folders(query, limit, bringing) : page_flat(range, limit, bringing);
    return bringing.root();
  };
  replica.read_through(bring_all, [&](const Snapshot& state) {
    const Listing listing(arguments, console, state);
    delimiter ? list_folders(state, query, limit, listing)
              : list_flat(state, range, limit, listing);
  });
  return status::ok;
}

int run_get(const Arguments& arguments, const Console& console) {
  const bool is_raw = arguments.has_flag("--raw");
  if (is_raw && console.is_json()) throw Failure("Usage", "--raw and --json exclude another");
  const Bytes key = console.key_of_word(arguments.rest()[1]);
  unwrap(check_key(key), "KEY");
  LocalReplica replica = LocalReplica::to_read(arguments.rest()[0]);
  const auto bring = [&] {
    return replica.bring([&](Replica& held) -> Result<> {
      FH_CHECK(held.get(key));
      return {};
    });
  };
  replica.read_through(bring, [&](const Snapshot& state) {
    const auto value = unwrap(state.tree().get(key));
    if (!value) throw Failure("KeyNotFound", "no such key: " + console.text_of_key(key));
    const auto encoded = value->encoded(state.blocks);
    if (!encoded) throw Failure("MissingBlocks", "the block of the value is not held");
    if (is_raw) {
      std::fwrite(encoded->data(), 1, encoded->size(), stdout);
      return;
    }
    Value decoded = unwrap(decode_cbor(*encoded));
    if (!console.is_json()) return console.line(encode_dag_json(decoded, KeyOrder::kept));
    console.record(Map{{"key", console.value_of_key(key)},
                       {"size", Value(std::uint64_t{encoded->size()})},
                       {"value", std::move(decoded)}});
  });
  return status::ok;
}

}  // namespace

SpaceCommand space_ls() {
  return {"ls",
          "freehold space ls DIR [PREFIX] [--delimiter D] [--reverse] [--after KEY] [--limit N]\n"
          "\n"
          "Prints the keys that begin with PREFIX, in their order.\n"
          "\n"
          "  --delimiter D   up to the next D behind PREFIX only: what lies deeper is one line\n"
          "  --reverse       greatest first\n"
          "  --after KEY     begin behind this key (or line)\n"
          "  --limit N       so many lines at the most\n"
          "  --long          with the encoded size of each value\n"
          "  --values        with the values, as DAG-JSON behind a tab\n"
          "\n"
          "JSON, one a line: {\"key\", \"size\", \"value\" with --values}, {\"prefix\"}\n",
          {"--delimiter", "--after", "--limit"},
          {"--reverse", "--long", "--values"},
          1,
          2,
          run_ls};
}

SpaceCommand space_get() {
  return {
      "get",
      "freehold space get DIR KEY [--raw]\n"
      "\n"
      "Prints the value under KEY as DAG-JSON; with --raw, its DAG-CBOR bytes. Exit status 3 if\n"
      "there is none.\n"
      "\n"
      "JSON: {\"key\", \"size\", \"value\"}\n",
      {},
      {"--raw"},
      2,
      2,
      run_get};
}

}  // namespace freehold::native
