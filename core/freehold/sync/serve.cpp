#include "freehold/sync/serve.hpp"

#include "freehold/sync/names.hpp"

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

}  // namespace

Result<SyncMerged> merge_sync(const BlockStore& store, const SyncInput& input,
                              const Recogniser& recogniser, BlockSink& sink, Missing* missing) {
  MemoryStore made;
  Tee tee(made, sink);
  const LayeredStore all(made, store);
  FH_TRY(Applied caller, apply(store, input.since_root, input.edits.entries, tee, missing));
  if (caller.effective != input.edits.entries.size()) {
    return fail(Errc::invalid_edits,
                "edits: a delete of an absent key, or a put of the value that is there");
  }
  if (caller.root != input.stated_root) {
    return fail(Errc::root_mismatch, "nb.root: not the root of base + edits");
  }
  SyncMerged merged;
  merged.caller_root = caller.root;

  FH_TRY(auto ours, diff(all, input.base_root, caller.root, missing));
  if (input.may_lack_keys) std::erase_if(ours, [](const Difference& one) { return !one.after; });
  if (input.has_lost_base) {
    std::erase_if(ours, [&](const Difference& one) {
      if (!starts_with(one.key, view_of(key_prefix::queue))) return false;
      merged.refused.push_back({one.key, "BaseLost"});
      return true;
    });
  }
  FH_TRY(const auto theirs, diff(all, input.base_root, input.head_root, missing));
  MergeResult result = merge(ours, theirs, input.by, recogniser, all);
  for (Block& block : result.blocks) tee.put(std::move(block));
  merged.conflicts = std::move(result.conflicts);
  FH_TRY(merged.applied, apply(all, input.head_root, result.edits, tee, missing));
  FH_TRY(merged.changes, diff(all, input.head_root, merged.applied.root, missing));
  return merged;
}

Result<SyncReply> reply_to(const BlockStore& store, const Digest& caller_root,
                           const Digest& head_root, const CidSet& known, BlockSink& sink) {
  SyncReply reply;
  FH_TRY(const auto differences, diff(store, caller_root, head_root));
  if (differences.empty()) return reply;
  Parcel parcel = pack(differences, store, known);
  reply.blocks = std::move(parcel.blocks);
  if (!parcel.is_all) {
    FH_TRY(const Applied part, apply(store, caller_root, parcel.edits, sink));
    reply.more = SyncAnswer::More{part.root, parcel.edits.back().key};
  }
  reply.edits = encode_edits({std::move(parcel.edits), {}});
  return reply;
}

}  // namespace freehold
