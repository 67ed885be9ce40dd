#include "freehold/sync/serve.hpp"

#include "freehold/base/limits.hpp"
#include "freehold/sync/names.hpp"
#include "freehold/tree/diff_within.hpp"

namespace freehold {

namespace {

/// What an operation makes goes to the caller's sink, and can be read by the operation itself.
class Tee final : public BlockSink {
 public:
  Tee(MemoryStore& made, BlockSink& sink) : made_(&made), sink_(&sink) {}
  void put(Block block) override {
    made_->put(block);
    sink_->put(std::move(block));
  }

 private:
  MemoryStore* made_;
  BlockSink* sink_;
};

/// The nodes of one merge: its trees share most of them, and each is decoded once; in a cache,
/// since the store changes meanwhile, and its views do not last. When this goes, `missing` knows
/// what could not be had.
class MergeNodes {
 public:
  MergeNodes(const BlockStore& store, Missing* missing)
      : source(store, &cache_), missing_(missing) {}
  ~MergeNodes() { source.tell_missing(missing_); }
  MergeNodes(const MergeNodes&) = delete;
  MergeNodes& operator=(const MergeNodes&) = delete;

 private:
  NodeCache cache_;

 public:
  NodeSource source;

 private:
  Missing* missing_;
};

bool by_key(const Difference& left, const Difference& right) {
  return compare(left.key, right.key) < 0;
}

Result<> finish_merge(NodeSource& nodes, const Digest& head_root, MergeResult result, Tee& tee,
                      SyncMerged* merged) {
  for (Block& block : result.blocks) tee.put(std::move(block));
  merged->conflicts = std::move(result.conflicts);
  FH_TRY(merged->applied, apply(nodes, head_root, result.edits, tee));
  FH_TRY(merged->changes, diff(nodes, head_root, merged->applied.root));
  return {};
}

/// What edits with their base digests mean against the authority's values.
class Rebasing {
 public:
  Rebasing(const BlockStore& store, const BaselessInput& input, Missing* missing)
      : head_(store, input.head_root), missing_(missing) {
    if (!input.sent) return;
    for (std::size_t i = 0; i < input.sent->entries.size(); ++i) {
      sent_.emplace(input.sent->entries[i].key, i);
    }
    sent_edits_ = &*input.sent;
  }

  Result<> add(const Edit& edit, const Bytes& base_digest) {
    if (const auto sent = sent_.find(edit.key); sent != sent_.end()) {
      const auto& before = sent_edits_->entries[sent->second].value;
      sent_.erase(sent);
      if (before == edit.value) return {};  // had come, and was merged then
      FH_TRY(const auto theirs, head_.get(edit.key, missing_));
      return settle({edit.key, before, edit.value}, theirs, !(theirs == before));
    }
    if (base_digest_of(edit.value) == base_digest) {
      return fail(Errc::invalid_edits,
                  "edits: a delete of an absent key, or a put of the value that is there");
    }
    FH_TRY(const auto theirs, head_.get(edit.key, missing_));
    if (base_digest_of(theirs) == base_digest) {
      return settle({edit.key, theirs, edit.value}, theirs, false);
    }
    digests.emplace(edit.key, base_digest);
    return settle({edit.key, std::nullopt, edit.value}, theirs, true);
  }

  /// What had come before and is not among the edits any more has gone back to the base: that is
  /// known if it was absence.
  Result<> finish() {
    for (const auto& [key, i] : sent_) {
      const auto& before = sent_edits_->entries[i].value;
      if (!sent_edits_->bases[i].empty() || !before) continue;
      FH_TRY(const auto theirs, head_.get(key, missing_));
      FH_CHECK(settle({key, before, std::nullopt}, theirs, !(theirs == before)));
    }
    std::sort(ours.begin(), ours.end(), by_key);
    std::sort(theirs_changed.begin(), theirs_changed.end(), by_key);
    return {};
  }

  std::vector<Difference> ours;
  std::vector<Difference> theirs_changed;
  BaseDigests digests;

 private:
  Result<> settle(Difference one, const std::optional<StoredValue>& theirs, bool is_changed) {
    if (is_changed) theirs_changed.push_back({one.key, one.before, theirs});
    ours.push_back(std::move(one));
    return {};
  }

  Tree head_;
  std::map<Bytes, std::size_t, BytesLess> sent_;  // not yet among the edits
  const EditsBlock* sent_edits_ = nullptr;
  Missing* missing_;
};

/// `theirs`, as if the authority had changed all that it has of `ours` to what it is.
std::vector<Difference> with_unchanged(std::span<const Difference> ours,
                                       std::vector<Difference> theirs) {
  const auto changed = static_cast<std::ptrdiff_t>(theirs.size());
  for (const Difference& one : ours) {
    if (!one.before) continue;
    const bool is_changed =
        std::binary_search(theirs.begin(), theirs.begin() + changed, one, by_key);
    if (!is_changed) theirs.push_back({one.key, one.before, one.before});
  }
  std::inplace_merge(theirs.begin(), theirs.begin() + changed, theirs.end(), by_key);
  return theirs;
}

/// What the authority has changed since the base, at the keys of `ours` at least: merging looks at
/// no others. Key by key if the trees differ in more entries than those, as by all of the head if
/// the base is empty.
Result<std::vector<Difference>> theirs_of(NodeSource& nodes, const BlockStore& store,
                                          const SyncInput& input, std::span<const Difference> ours,
                                          Missing* missing) {
  if (ours.empty()) return std::vector<Difference>();
  const Tree head(store, input.head_root);
  FH_TRY(const Weight before, Tree(store, input.base_root).weight(missing));
  FH_TRY(const Weight now, head.weight(missing));
  const std::uint64_t least = std::max(before.count, now.count) - std::min(before.count, now.count);
  if (least <= ours.size()) return diff(nodes, input.base_root, input.head_root);
  return changed_at(head, ours, missing);
}

void refuse_inadmissible(Admission* admission, std::vector<Difference>* ours,
                         std::vector<Refusal>* refused) {
  if (admission == nullptr) return;
  std::erase_if(*ours, [&](const Difference& one) {
    if (!one.after || admission->admits(one)) return false;
    refused->push_back({one.key, "QuotaExceeded"});
    return true;
  });
}

}  // namespace

Result<SyncMerged> merge_baseless(const BlockStore& store, const BaselessInput& input,
                                  const Recogniser& recogniser, BlockSink& sink, Missing* missing) {
  MemoryStore made;
  Tee tee(made, sink);
  const LayeredStore all(made, store);
  SyncMerged merged;
  Rebasing rebasing(store, input, missing);
  for (std::size_t i = 0; i < input.edits.entries.size(); ++i) {
    const Edit& edit = input.edits.entries[i];
    if (input.may_be_taken && starts_with(edit.key, view_of(key_prefix::queue))) {
      merged.refused.push_back({edit.key, "BaseLost"});
      continue;
    }
    FH_CHECK(rebasing.add(edit, input.edits.bases[i]));
  }
  FH_CHECK(rebasing.finish());
  refuse_inadmissible(input.admission, &rebasing.ours, &merged.refused);
  MergeNodes nodes(all, missing);
  FH_CHECK(finish_merge(
      nodes.source, input.head_root,
      merge(rebasing.ours, rebasing.theirs_changed, input.by, recogniser, all, rebasing.digests),
      tee, &merged));
  return merged;
}

Result<SyncMerged> merge_sync(const BlockStore& store, const SyncInput& input,
                              const Recogniser& recogniser, BlockSink& sink, Missing* missing) {
  MemoryStore made;
  Tee tee(made, sink);
  const LayeredStore all(made, store);
  MergeNodes nodes(all, missing);
  FH_TRY(Applied caller, apply(nodes.source, input.since_root, input.edits.entries, tee));
  if (caller.effective != input.edits.entries.size()) {
    return fail(Errc::invalid_edits,
                "edits: a delete of an absent key, or a put of the value that is there");
  }
  if (caller.root != input.stated_root) {
    return fail(Errc::root_mismatch, "nb.root: not the root of base + edits");
  }
  SyncMerged merged;
  merged.caller_root = caller.root;

  FH_TRY(auto ours, diff(nodes.source, input.base_root, caller.root));
  if (input.may_lack_keys) std::erase_if(ours, [](const Difference& one) { return !one.after; });
  if (input.may_be_taken) {
    std::erase_if(ours, [&](const Difference& one) {
      if (!starts_with(one.key, view_of(key_prefix::queue))) return false;
      merged.refused.push_back({one.key, "BaseLost"});
      return true;
    });
  }
  refuse_inadmissible(input.admission, &ours, &merged.refused);
  FH_TRY(auto theirs, theirs_of(nodes.source, all, input, ours, missing));
  if (input.may_lack_keys) theirs = with_unchanged(ours, std::move(theirs));
  FH_CHECK(finish_merge(nodes.source, input.head_root,
                        merge(ours, theirs, input.by, recogniser, all), tee, &merged));
  return merged;
}

Result<SyncReply> reply_to(const BlockStore& store, const Digest& caller_root,
                           const Digest& head_root, const CidSet& known, BlockSink& sink) {
  SyncReply reply;
  FH_TRY(const DiffPart first,
         diff_first(store, caller_root, head_root, limits::edits_entries_max));
  if (first.differences.empty()) return reply;
  Parcel parcel = pack(first.differences, store, known);
  reply.blocks = std::move(parcel.blocks);
  if (!parcel.is_all || !first.is_all) {
    FH_TRY(const Applied part, apply(store, caller_root, parcel.edits, sink));
    reply.more = SyncAnswer::More{part.root, parcel.edits.back().key};
  }
  reply.edits = encode_edits({std::move(parcel.edits), {}});
  return reply;
}

Result<std::vector<Cid>> new_in_scopes(const BlockStore& store, const Digest& from,
                                       const Digest& to, std::span<const Interval> scopes,
                                       std::size_t budget) {
  if (from == to) return std::vector<Cid>();
  FH_TRY(const DiffWithin diff,
         diff_within(store, from, to, scopes, budget / limits::cut_window_bytes));
  std::vector<Cid> blocks;
  CidSet seen;
  for (const Digest& node : diff.nodes) blocks.push_back(node_cid(node));
  for (const Difference& one : diff.differences) {
    if (one.after) collect_attachments(one.key, *one.after, store, &seen, &blocks);
  }
  std::size_t spent = 0;
  const auto end = std::find_if(blocks.begin(), blocks.end(), [&](const Cid& cid) {
    const auto bytes = store.find(cid);
    spent += bytes ? bytes->size() : 0;
    return spent > budget;
  });
  blocks.erase(end, blocks.end());
  return blocks;
}

}  // namespace freehold
