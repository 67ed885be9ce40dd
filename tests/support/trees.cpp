#include "support/trees.hpp"

#include <cstdio>
#include <cstdlib>

#include "freehold/base/limits.hpp"
#include "freehold/codec/cbor.hpp"
#include "freehold/codec/dag_json.hpp"

namespace freehold::test {

namespace {

std::size_t below(std::mt19937_64& random, std::size_t n) {
  return static_cast<std::size_t>(random() % n);
}

std::string read_file(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) std::abort();
  std::string text;
  char part[65536];
  for (std::size_t n; (n = std::fread(part, 1, sizeof part, file)) > 0;) text.append(part, n);
  std::fclose(file);
  return text;
}

const Value& golden_index() {
  static const Value index =
      *decode_dag_json(read_file(std::string(FREEHOLD_VECTORS) + "/tree/vectors.json"));
  return index;
}

Digest sha(const std::string& text) {
  return sha256(view_of(text));
}
std::string sha_hex(const std::string& text) {
  return hex_of(sha(text));
}

class SetMaker {
 public:
  SetMaker(Map& map, BlockSink& sink) : map_(&map), sink_(&sink) {}

  void put(Bytes key, const Value& value) {
    map_->insert_or_assign(std::move(key), *StoredValue::of(encode_cbor(value), *sink_));
  }
  void put(std::string_view key, const Value& value) { put(test::key(key), value); }

  void small_ones(const std::string& name) {
    if (name != "empty") put("/a", Value(1));
    if (name == "two") put("/b", Value("two"));
  }
  void binary() {
    for (const unsigned n : {0u, 1u, 127u, 128u, 255u}) {
      const auto b = static_cast<std::uint8_t>(n);
      put(Bytes{b}, Value(Bytes{b, b}));
    }
  }
  void values() {
    put("a", Value());
    put("b", Value(true));
    put("c", Value(-1));
    put("d", Value((std::uint64_t{1} << 53) - 1));
    put("e", Value(1.5));
    put("f", Value(List{}));
    put("g",
        Value(freehold::Map{{"b", Value(1)}, {"a", Value(List{Value(2)})}, {"aa", Value("x")}}));
    put("h", Value(""));
  }
  void edges() {
    put("in", Value(Bytes(1021, 0)));
    put("out", Value(Bytes(1022, 0)));
    put("big", Value(Bytes(100'000, 7)));
  }
  void long_keys() {
    for (int i = 0; i < 300; ++i) {
      Bytes key(990, 'a');
      append(key, sha("dev/long/" + std::to_string(i)));
      put(std::move(key), Value(i));
    }
  }
  void prefixes() {
    for (int i = 0; i < 1000; ++i) put(Bytes(static_cast<std::size_t>(i) + 1, 'a'), Value(i));
  }
  void receipts(int count) {
    for (int i = 0; i < count; ++i) {
      const std::string hex = sha_hex("dev/r/" + std::to_string(i));
      std::string value;
      while (value.size() < 300) value += hex;
      value.resize(300);
      put("/receipt/" + hex, Value(copy_of(view_of(value))));
    }
  }
  void small50000() {
    for (int i = 0; i < 50'000; ++i) {
      const Digest digest = sha("dev/k/" + std::to_string(i));
      put(copy_of(ByteView(digest).first(8)), Value(i));
    }
  }
  void mixed20000() {
    for (int i = 0; i < 20'000; ++i) {
      const Digest h = sha("dev/m/" + std::to_string(i));
      put(copy_of(ByteView(h).first(4u + h[0] % 29)), Value(Bytes(h[1] * 8u + h[2], h[3])));
    }
  }
  void mined(const Value& vector, std::size_t size, std::uint8_t fill) {
    for (const Value& hex : *vector.find("keys")->as_list()) {
      put(*bytes_of_hex(*hex.as_text()), Value(Bytes(size, fill)));
    }
  }
  /// The key's middle is mined here: t is the first for which the last leaf has a single entry.
  void single_last() {
    for (int t = 0;; ++t) {
      map_->clear();
      for (int i = 0; i < 12; ++i) {
        Bytes key{static_cast<std::uint8_t>(i)};
        append(key, sha("dev/s/" + std::to_string(t) + "/" + std::to_string(i)));
        key.resize(key.size() + 991, 'b');
        put(std::move(key), Value(Bytes(1021, static_cast<std::uint8_t>(i))));
      }
      Chunker chunker(0);
      for (const auto& [key, value] : *map_) chunker.push(key, {}, value.payload, false, {});
      chunker.finish();
      std::size_t last = 0;
      for (; chunker.is_ready(); chunker.pop()) last = chunker.front().entries.size();
      if (last == 1) return;
    }
  }

 private:
  Map* map_;
  BlockSink* sink_;
};

}  // namespace

void push_all(Builder& builder, const Map& map) {
  for (const auto& [key, value] : map) {
    builder.push(key, value.payload, value.is_linked,
                 {1, leaf_entry_bytes(key.size(), value.payload.size()) +
                         (value.is_linked ? value.size : 0)});
  }
}

TreeStats build(const Map& map, BlockSink& sink) {
  Builder builder(sink);
  push_all(builder, map);
  return builder.finish();
}

Bytes cbor_bytes(std::size_t size, std::uint8_t fill) {
  Bytes encoded;
  write_cbor_bytes(encoded, Bytes(size, fill));
  return encoded;
}

StoredValue inline_value(ByteView encoded) {
  return StoredValue::of_inline(encoded);
}
Bytes key(std::string_view text) {
  return copy_of(view_of(text));
}

Bytes Shape::key() {
  std::mt19937_64& random = *random_;
  std::size_t size = 0;
  Bytes key;
  switch (number_) {
    case 0: size = 60; break;
    case 1: size = 1 + below(random, 8); break;  // crowded: few different keys
    case 2: size = 900 + below(random, 124); break;
    case 3: size = 4; break;
    default: size = 1 + below(random, 200); break;
  }
  if (number_ == 2 || number_ == 4) key.assign(size - std::min<std::size_t>(size, 12), 'a');
  while (key.size() < size) {
    key.push_back(static_cast<std::uint8_t>(below(random, number_ == 1 ? 4 : 256)));
  }
  return key;
}

StoredValue Shape::value() {
  std::mt19937_64& random = *random_;
  const std::size_t size = number_ == 3 ? 0 : below(random, number_ == 5 ? 1000 : 300);
  return inline_value(cbor_bytes(size, static_cast<std::uint8_t>(random())));
}

Map random_map(Shape& shape, std::uint64_t entries) {
  Map map;
  for (; entries > 0; --entries) map[shape.key()] = shape.value();
  return map;
}

std::vector<Edit> random_edits(Map& map, Shape& shape, std::mt19937_64& random,
                               std::size_t* effective) {
  std::map<Bytes, std::optional<StoredValue>, BytesLess> batch;
  std::vector<Bytes> keys;
  for (const auto& [key, value] : map) keys.push_back(key);
  const std::size_t mode = below(random, 5);
  if (mode == 4 && !keys.empty()) {  // a run of deletes; now and then of all, or all but one
    std::size_t from = below(random, keys.size());
    std::size_t to = from + below(random, keys.size() - from + 1);
    if (below(random, 4) == 0) from = 0, to = keys.size();
    if (below(random, 8) == 0 && to > from) ++from;
    for (std::size_t i = from; i < to; ++i) batch[keys[i]] = std::nullopt;
  }
  const std::size_t edits = below(random, 3) == 0   ? 1
                            : below(random, 5) == 0 ? below(random, 1000)
                                                    : below(random, 30);
  for (std::size_t i = 0; i < edits; ++i) {
    const bool is_known = !keys.empty() && below(random, 2) == 0;
    Bytes key = is_known ? keys[below(random, keys.size())] : shape.key();
    std::optional<StoredValue> value;
    if (mode == 0 || (mode < 3 && below(random, 2) == 0)) {
      const auto now = map.find(key);
      value = shape.value();
      if (now != map.end() && below(random, 3) > 0) {  // as it is, or of the same size
        value = now->second;
        if (value->payload.size() > 1 && below(random, 4) > 0) value->payload.back() ^= 1;
      }
    }
    batch[std::move(key)] = std::move(value);
  }
  std::vector<Edit> list;
  *effective = 0;
  for (auto& [key, value] : batch) {
    const auto now = map.find(key);
    if (value ? now == map.end() || now->second != *value : now != map.end()) ++*effective;
    if (value) {
      map[key] = *value;
    } else {
      map.erase(key);
    }
    list.push_back({key, value});
  }
  return list;
}

std::vector<std::string> golden_names() {
  std::vector<std::string> names;
  for (const Value& vector : *golden_index().as_list()) {
    names.push_back(*vector.find("name")->as_text());
  }
  return names;
}

GoldenSet golden_set(const std::string& name, BlockSink& sink) {
  GoldenSet set;
  set.name = name;
  const Value* vector = nullptr;
  for (const Value& one : *golden_index().as_list()) {
    if (*one.find("name")->as_text() == name) vector = &one;
  }
  if (vector == nullptr) std::abort();
  set.root = *Cid::parse(*vector->find("root")->as_text());
  set.nodes = *vector->find("nodes")->as_integer()->as_uint64();
  set.height = static_cast<int>(*vector->find("height")->as_integer()->as_int64());

  SetMaker maker(set.map, sink);
  if (name == "empty" || name == "one" || name == "two")
    maker.small_ones(name);
  else if (name == "binary")
    maker.binary();
  else if (name == "values")
    maker.values();
  else if (name == "edge1024")
    maker.edges();
  else if (name == "longkeys")
    maker.long_keys();
  else if (name == "prefixes")
    maker.prefixes();
  else if (name.starts_with("receipts"))
    maker.receipts(std::atoi(name.c_str() + 8));
  else if (name == "small50000")
    maker.small50000();
  else if (name == "mixed20000")
    maker.mixed20000();
  else if (name == "rising2000")
    maker.mined(*vector, 100, 1);
  else if (name == "risingFalling100")
    maker.mined(*vector, 1000, 2);
  else if (name == "singleLast")
    maker.single_last();
  else
    std::abort();  // a set that nobody told us how to make
  return set;
}

std::vector<std::string> golden_operation_roots() {
  const std::string path = std::string(FREEHOLD_VECTORS) + "/tree/operations.json";
  const auto list = decode_dag_json(read_file(path));
  if (!list) std::abort();
  std::vector<std::string> roots;
  for (const Value& root : *list->as_list()) roots.push_back(*root.as_text());
  return roots;
}

}  // namespace freehold::test
