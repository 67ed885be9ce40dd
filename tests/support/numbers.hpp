/// Trees that are cut by numbers which a test gives, instead of by hashes.
#pragma once

#include "freehold/tree/check.hpp"
#include "support/trees.hpp"

namespace freehold::test {

/// The draws of one key on level 0. Above, separators are drawn by a hash of few values, so that
/// equal draws occur there too.
struct Numbers {
  std::uint64_t cut;
  std::uint64_t anchor;
};

/// Gives the key of `order` its numbers from now on. For one test at a time: a draw is a plain
/// function, so what it reads is global.
void set_numbers(std::vector<Numbers> numbers);
KeyHash hash_of_numbers();

/// Keys ascend with `order`, which is below 65,536.
Bytes numbered_key(std::size_t order);

/// The tree of `map`, cut by the numbers.
Digest build_by_numbers(const Map& map, BlockSink& sink);

}  // namespace freehold::test
