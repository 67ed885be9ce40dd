#include "freehold/sync/parcel.hpp"

#include "freehold/sync/edits.hpp"

namespace freehold {

Parcel pack(std::span<const Difference> differences, const BlockStore& store, const CidSet& known,
            std::vector<Cid>* absent) {
  Parcel parcel;
  CidSet seen = known;
  std::size_t edits_bytes = 16;
  std::size_t blocks_bytes = 0;
  for (const Difference& one : differences) {
    Edit edit{one.key, one.after};
    const std::size_t bytes = edit_bytes_bound(edit);
    std::vector<Cid> blocks;
    if (one.after) collect_attachments(one.key, *one.after, store, &seen, &blocks, absent);
    std::size_t more = 0;
    for (const Cid& cid : blocks) more += cid.bytes().size() + store.find(cid)->size() + 10;
    const bool fits = parcel.edits.size() < limits::edits_entries_max &&
                      edits_bytes + bytes <= limits::edits_bytes_max &&
                      edits_bytes + bytes + blocks_bytes + more <= limits::parcel_bytes_max;
    if (!fits && !parcel.edits.empty()) {
      parcel.is_all = false;
      break;
    }
    edits_bytes += bytes;
    blocks_bytes += more;
    parcel.edits.push_back(std::move(edit));
    parcel.blocks.insert(parcel.blocks.end(), blocks.begin(), blocks.end());
  }
  return parcel;
}

}  // namespace freehold
