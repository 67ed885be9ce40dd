#include "freehold/tree/proof.hpp"

#include <array>
#include <unordered_set>

#include "freehold/base/limits.hpp"
#include "freehold/codec/cbor.hpp"

namespace freehold {

namespace {

/// What a node's parent says of it; of a root nothing but that it covers all keys.
struct Place {
  int level = 0;
  bool is_root = true;
  Bytes separator;
  std::optional<Bytes> end;  // the next separator, of whatever level
  Weight weight;
};

/// Everything under the node. Sums that no honest tree has are refused, lest they wrap around.
Result<Weight> total_of(const Node& node) {
  Weight sum;
  for (std::size_t i = 0; i < node.size(); ++i) {
    const Weight one = node.weight(i);
    if (one.count > limits::integer_safe_max - sum.count ||
        one.bytes > limits::integer_safe_max - sum.bytes) {
      return fail(Errc::malformed, "proof: a node states sums over integer_safe_max");
    }
    sum.count += one.count;
    sum.bytes += one.bytes;
  }
  return sum;
}

class Walk {
 public:
  Walk(const BlockStore& store, TreeProof* proof) : store_(&store), proof_(proof) {}

  Result<> root(const Digest& root) {
    FH_TRY(const Checked* checked, node(root, -1));
    if (checked == nullptr) return {};
    if (!checked->node.is_leaf() && checked->node.size() < 2) {
      return fail(Errc::malformed, "proof: a root with a single child");
    }
    proof_->weight = checked->weight;
    height_ = checked->node.level() + 1;
    return {};
  }

  Result<> claim(const Digest& root, const Interval& interval) {
    proof_->entries.emplace_back();
    leaf_before_.reset();
    if (height_ == 0) return {};  // the root is missing
    Place place;
    place.level = height_ - 1;
    place.weight = proof_->weight;
    return visit(root, place, interval);
  }

  const std::vector<Cid>& missing() const noexcept { return missing_; }

 private:
  struct Checked {
    Digest digest;
    Node node;
    Weight weight;
  };

  /// A node that is sound by itself; null if it is not held. Valid until the next one of its level.
  Result<const Checked*> node(const Digest& digest, int level) {
    if (level >= 0 && path_[static_cast<std::size_t>(level)].has_value() &&
        path_[static_cast<std::size_t>(level)]->digest == digest) {
      return &*path_[static_cast<std::size_t>(level)];
    }
    const Cid cid = node_cid(digest);
    const auto bytes = store_->find(cid);
    if (!bytes) {
      missing_.push_back(cid);
      return nullptr;
    }
    FH_TRY(Node node, Node::decode(*bytes));
    FH_CHECK(node.check());
    if (level >= 0 && node.level() != level) {
      return fail(Errc::malformed, "proof: a node is not of the level below its parent's");
    }
    FH_TRY(const Weight weight, total_of(node));
    proof_->blocks.push_back(cid);
    auto& step = path_[static_cast<std::size_t>(node.level())];
    step = Checked{digest, std::move(node), weight};
    return &*step;
  }

  Result<> visit(const Digest& digest, const Place& place, const Interval& interval) {
    FH_TRY(const Checked* checked, node(digest, place.level));
    if (checked == nullptr) {
      leaf_before_.reset();
      return {};
    }
    const Node& node = checked->node;
    FH_CHECK(check_place(*checked, place));
    const Interval::Slice slice = interval.slice_of(node);
    if (node.is_leaf()) {
      FH_CHECK(check_separator(node, place));
      for (std::size_t i = slice.begin; i < slice.end; ++i) FH_CHECK(take(node, i));
      return {};
    }
    for (std::size_t i = slice.begin; i < slice.end; ++i) {
      const std::optional<Bytes> end =
          i + 1 < node.size() ? std::optional<Bytes>(node.key(i + 1)) : place.end;
      FH_CHECK(visit(node.link(i), {node.level() - 1, false, node.key(i), end, node.weight(i)},
                     interval));
    }
    return {};
  }

  /// The keys of a node lie between its separator and the next one. So of all leaves only one can
  /// have a given key, and the walk goes to that one.
  static Result<> check_place(const Checked& checked, const Place& place) {
    const Node& node = checked.node;
    if (!place.is_root && node.size() == 0) {
      return fail(Errc::malformed, "proof: an empty node below the root");
    }
    if (checked.weight.count != place.weight.count || checked.weight.bytes != place.weight.bytes) {
      return fail(Errc::malformed,
                  "proof: a node has not the count and bytes that its parent says");
    }
    if (!node.is_leaf() && node.compare_key(0, place.separator) != 0) {
      return fail(Errc::malformed, "proof: an internal node does not begin with its separator");
    }
    if (node.is_leaf() && node.size() > 0 && !starts_with(node.key(0), place.separator)) {
      return fail(Errc::malformed, "proof: a separator does not begin the first key of its leaf");
    }
    if (place.end && node.compare_key(node.size() - 1, *place.end) >= 0) {
      return fail(Errc::malformed, "proof: a node reaches up to the next separator");
    }
    return {};
  }

  /// Where the leaf before was read too, the separator must be the shortest that divides them.
  Result<> check_separator(const Node& leaf, const Place& place) {
    if (leaf_before_) {
      const Bytes first = leaf.key(0);
      if (place.separator.size() != shared_prefix(*leaf_before_, first) + 1) {
        return fail(Errc::malformed, "proof: a separator is not the shortest");
      }
    }
    if (leaf.size() > 0) leaf_before_ = leaf.key(leaf.size() - 1);
    return {};
  }

  Result<> take(const Node& leaf, std::size_t i) {
    Entry entry{leaf.key(i), value_at(leaf, i)};
    if (entry.value.is_linked) FH_CHECK(take_value(entry.value));
    proof_->entries.back().push_back(std::move(entry));
    return {};
  }

  Result<> take_value(const StoredValue& value) {
    const Cid cid = node_cid(value.link());
    const auto bytes = store_->find(cid);
    if (!bytes) {
      missing_.push_back(cid);
      return {};
    }
    if (bytes->size() != value.size) {
      return fail(Errc::malformed, "proof: a large value is not of the size that its entry says");
    }
    FH_CHECK(check_value(*bytes));
    if (values_.insert(cid).second) proof_->blocks.push_back(cid);
    return {};
  }

  const BlockStore* store_;
  TreeProof* proof_;
  // The last node read of each level. Claims ascend, so of what was read before, the next one asks
  // for these at most.
  std::array<std::optional<Checked>, limits::height_max> path_;
  int height_ = 0;
  std::unordered_set<Cid, CidHash> values_;
  std::vector<Cid> missing_;
  std::optional<Bytes> leaf_before_;  // last key of the leaf before, if this claim has read it
};

Result<> check_claim(const Claim& claim) {
  if (claim.key) return check_key(*claim.key);
  for (const Bytes* bound :
       {&claim.prefix, claim.from ? &*claim.from : nullptr, claim.to ? &*claim.to : nullptr}) {
    if (bound != nullptr && bound->size() > limits::key_bytes_max) {
      return fail(Errc::invalid_key, "claim: a bound over key_bytes_max");
    }
  }
  return {};
}

bool comes_before(const Claim& left, const Claim& right) {
  return compare(left.interval().low, right.interval().low) < 0;
}

}  // namespace

Interval Claim::interval() const {
  if (key) return Interval::of_key(*key);
  Range range;
  range.prefix = prefix;
  range.from = from;
  range.to = to;
  return Interval(range);
}

void sort_claims(std::vector<Claim>* claims) {
  std::stable_sort(claims->begin(), claims->end(), comes_before);
  const auto is_same = [](const Claim& left, const Claim& right) {
    return left.key && right.key && *left.key == *right.key;
  };
  claims->erase(std::unique(claims->begin(), claims->end(), is_same), claims->end());
}

Result<TreeProof> prove(const BlockStore& store, const Digest& root, std::span<const Claim> claims,
                        Missing* missing) {
  if (claims.size() > limits::proof_claims_max) return fail(Errc::limit, "proof_claims_max");
  TreeProof proof;
  Walk walk(store, &proof);
  FH_CHECK(walk.root(root));
  std::optional<Bytes> end = Bytes();  // of the claim before
  for (const Claim& claim : claims) {
    FH_CHECK(check_claim(claim));
    const Interval interval = claim.interval();
    if (interval.is_empty()) return fail(Errc::malformed, "claim: an empty range");
    if (!end || compare(interval.low, *end) < 0) {
      return fail(Errc::malformed, "claims: out of order, or overlapping");
    }
    end = interval.high;
    FH_CHECK(walk.claim(root, interval));
  }
  if (walk.missing().empty()) return proof;
  if (missing != nullptr) {
    for (const Cid& cid : walk.missing()) missing->add(cid);
  }
  return fail(Errc::missing, "proof: a block of what it claims is missing");
}

}  // namespace freehold
