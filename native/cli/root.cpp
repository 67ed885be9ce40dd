// freehold root: the tree of a list of entries, without a database.
#include <algorithm>
#include <cstdio>

#include "freehold/base/limits.hpp"
#include "freehold/codec/cbor_reader.hpp"
#include "freehold/tree/builder.hpp"
#include "freehold/tree/edit.hpp"
#include "native/cli/command.hpp"
#include "native/storage/mapped_file.hpp"

namespace freehold::native {

namespace {

constexpr const char* help =
    "freehold root FILE   print {\"root\", \"nodes\", \"height\"} of the tree of the entries in "
    "FILE\n"
    "\n"
    "FILE is a DAG-CBOR list of [key bytes, value] pairs, in any order; where a key occurs twice,\n"
    "the later one counts.\n";

/// Nodes are counted by the builder, and nobody reads them.
class NoSink final : public BlockSink {
 public:
  void put(Block) override {}
};

struct Pair {
  ByteView key;
  ByteView value;
};

/// Passes over one item with all in it; `check_value` has the last word on it.
void skip_item(CborReader& reader) {
  for (std::uint64_t open = 1; open > 0 && reader.ok(); --open) {
    const CborHead head = reader.head();
    // Every element takes a byte at least: a count above what is left is a lie.
    const bool is_lie = head.n > reader.left();
    switch (head.major) {
      case CborMajor::bytes:
      case CborMajor::text: reader.take(head.n); break;
      case CborMajor::list:
        if (is_lie) return reader.fail();
        open += head.n;
        break;
      case CborMajor::map:
        if (is_lie) return reader.fail();
        open += 2 * head.n;
        break;
      case CborMajor::tag: ++open; break;
      default: break;
    }
  }
}

std::string at(std::uint64_t i, const std::string& what) {
  return "pair " + std::to_string(i) + ": " + what;
}

/// Empty, or what is wrong.
std::string read_pairs(ByteView bytes, std::vector<Pair>* pairs) {
  CborReader reader(bytes);
  const std::uint64_t count = reader.expect(CborMajor::list);
  if (!reader.ok()) return "not a DAG-CBOR list";
  for (std::uint64_t i = 0; i < count; ++i) {
    if (reader.expect(CborMajor::list) != 2 || !reader.ok()) {
      return at(i, "not a list of two, [key, value]");
    }
    Pair pair;
    pair.key = reader.bytes(reader.expect(CborMajor::bytes));
    if (!reader.ok()) return at(i, "the key is no bytes");
    if (const Result<> checked = check_key(pair.key); !checked) return at(i, checked.error().what);
    const std::size_t begin = reader.position();
    skip_item(reader);
    if (!reader.ok()) return at(i, "the value is cut short, or not canonical DAG-CBOR");
    pair.value = bytes.subspan(begin, reader.position() - begin);
    if (pair.value.size() > limits::value_bytes_max) {
      return at(i, "the value is over value_bytes_max (1,048,576 bytes)");
    }
    if (const Result<> checked = check_value(pair.value); !checked) {
      return at(i, std::string("the value: ") + checked.error().what);
    }
    pairs->push_back(pair);
  }
  if (!reader.is_done()) return "bytes after the list";
  return "";
}

TreeStats build(std::vector<Pair>& pairs) {
  std::stable_sort(pairs.begin(), pairs.end(), [](const Pair& left, const Pair& right) {
    return compare(left.key, right.key) < 0;
  });
  NoSink sink;
  Builder builder(sink);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto& [key, value] = pairs[i];
    if (i + 1 < pairs.size() && equal(key, pairs[i + 1].key)) continue;  // the later counts
    const bool is_linked = value.size() > limits::value_inline_bytes_max;
    const Bytes link = is_linked ? linked_payload(sha256(value), value.size()) : Bytes();
    const ByteView payload = is_linked ? ByteView(link) : value;
    const Weight weight{
        1, leaf_entry_bytes(key.size(), payload.size()) + (is_linked ? value.size() : 0)};
    builder.push(key, payload, is_linked, weight);
  }
  return builder.finish();
}

}  // namespace

int root_command(const Words& words) {
  const Arguments arguments(words, {});
  if (arguments.wants_help() || !arguments.error().empty() || arguments.rest().size() != 1) {
    return usage(help, arguments);
  }
  const std::string& name = arguments.rest().front();
  const MappedFile file(name);
  if (!file.is_open()) return complain(name + ": cannot be read");
  std::vector<Pair> pairs;
  if (const std::string wrong = read_pairs(file.bytes(), &pairs); !wrong.empty()) {
    return complain(name + ": " + wrong);
  }
  const TreeStats stats = build(pairs);
  std::printf("{\"root\":\"%s\",\"nodes\":%llu,\"height\":%d}\n",
              node_cid(stats.root).text().c_str(), static_cast<unsigned long long>(stats.nodes),
              stats.height);
  return 0;
}

}  // namespace freehold::native
