/// What a peer should hold, and the streams of changes that it is given.
#pragma once

#include <unordered_map>
#include <vector>

#include "native/bench/generator.hpp"

namespace freehold::bench {

struct Change {
  std::uint32_t id;
  std::uint32_t version;
  bool is_insert;
  Key key;
  Value300 value;
};

class Model {
 public:
  /// `data` must outlive the model.
  explicit Model(const Dataset& data);

  std::uint32_t random_below(std::size_t n) noexcept { return random_.below(n); }
  Key key(std::uint32_t id) const { return key_of(id); }
  Value300 value(std::uint32_t id) const;
  std::size_t size() const noexcept { return live_; }

  /// Inserts of fresh keys and overwrites of random ones, in turn.
  Change next_put();
  /// `d` changes of different keys, half and half. Fresh ids are used up.
  std::vector<Change> changes(std::size_t d);
  /// A key of the data set that is still there.
  std::uint32_t pick_live();

  void applied(const Change& change);
  void deleted(std::uint32_t id);
  /// The ids of all entries, in key order.
  std::vector<std::uint32_t> ids() const;

 private:
  Change insert();
  Change overwrite(std::uint32_t id) const;

  const Dataset* data_;
  Sfc32 random_;
  std::unordered_map<std::uint32_t, std::uint32_t> versions_;  // of what was overwritten
  std::vector<std::uint32_t> inserted_;
  std::vector<bool> is_dead_;
  std::size_t live_;
  std::uint32_t fresh_;
  bool is_insert_next_ = true;
};

}  // namespace freehold::bench
