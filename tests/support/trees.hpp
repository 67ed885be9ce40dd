/// Maps to try trees on, an oracle beside them, and the golden sets.
#pragma once

#include <map>
#include <random>

#include "freehold/tree/builder.hpp"
#include "freehold/tree/tree.hpp"

namespace freehold::test {

/// The oracle: what a tree stands for. Values are encoded.
using Map = std::map<Bytes, StoredValue, BytesLess>;

void push_all(Builder& builder, const Map& map);
/// The tree of `map`, built at once.
TreeStats build(const Map& map, BlockSink& sink);

Bytes cbor_bytes(std::size_t size, std::uint8_t fill);
StoredValue inline_value(ByteView encoded);
Bytes key(std::string_view text);

/// Keys and values of one of several shapes, each meant to stress something else.
class Shape {
 public:
  static constexpr int count = 6;
  Shape(int number, std::mt19937_64& random) : number_(number), random_(&random) {}
  Bytes key();
  StoredValue value();

 private:
  int number_;
  std::mt19937_64* random_;
};

/// Of so many entries, or fewer where keys were drawn twice.
Map random_map(Shape& shape, std::uint64_t entries);

/// A batch of edits drawn from a vocabulary (scatter, cluster, churn, runs of deletes, no-ops),
/// made to `map` too; `*effective` is how many change something.
std::vector<Edit> random_edits(Map& map, Shape& shape, std::mt19937_64& random,
                               std::size_t* effective);

/// One of the golden sets of tests/vectors/tree (its README tells their entries); values over
/// 1,024 bytes go to `sink`.
struct GoldenSet {
  std::string name;
  Cid root;
  std::uint64_t nodes = 0;
  int height = 0;
  Map map;
};
std::vector<std::string> golden_names();
GoldenSet golden_set(const std::string& name, BlockSink& sink);
/// The roots after each thousandth of the operations that tests/js/operations.test.js tells.
std::vector<std::string> golden_operation_roots();

}  // namespace freehold::test
