/// Finds the addresses of nodes, some of them at a time while the next are made: that is faster
/// than one by one.
#pragma once

#include <vector>

#include "freehold/crypto/hash_group.hpp"

namespace freehold {

/// `Note` is what is to be known of a node when its address is. Nodes come back in their order, by
/// `owner.sealed(digest, bytes, note)`.
template <class Note>
class Sealer {
 public:
  /// May give back nodes added before.
  template <class Owner>
  void add(Bytes bytes, Note note, Owner& owner) {
    if constexpr (hashed_at_once == 1) {
      const Digest digest = sha256(bytes);
      owner.sealed(digest, std::move(bytes), std::move(note));
    } else {
      open_.push_back({std::move(bytes), std::move(note)});
      if (open_.size() == hashed_at_once) turn(owner);
    }
  }
  /// Gives back all that are left.
  template <class Owner>
  void finish(Owner& owner) {
    if constexpr (hashed_at_once > 1) {
      while (!open_.empty() || !under_way_.empty()) turn(owner);
    }
  }

 private:
  struct Unsealed {
    Bytes bytes;
    Note note;
  };

  template <class Owner>
  void turn(Owner& owner) {
    const std::span<const Digest> digests = group_.finish();
    for (std::size_t i = 0; i < digests.size(); ++i) {
      owner.sealed(digests[i], std::move(under_way_[i].bytes), std::move(under_way_[i].note));
    }
    under_way_.clear();
    under_way_.swap(open_);
    std::array<ByteView, hashed_at_once> each;
    for (std::size_t i = 0; i < under_way_.size(); ++i) each[i] = under_way_[i].bytes;
    group_.start(std::span(each).first(under_way_.size()));
  }

  std::vector<Unsealed> open_;
  std::vector<Unsealed> under_way_;
  HashGroup group_;  // of those under way
};

}  // namespace freehold
