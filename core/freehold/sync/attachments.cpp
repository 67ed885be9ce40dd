#include "freehold/sync/attachments.hpp"

#include "freehold/codec/cbor.hpp"
#include "freehold/sync/names.hpp"
#include "freehold/ucan/receipt.hpp"

namespace freehold {

namespace {

/// Walks from receipts and UCANs to what they reach. A block counts once, at its least depth: it
/// goes breadth first.
class Walk {
 public:
  Walk(const BlockStore& store, CidSet* seen, std::vector<Cid>* found, std::vector<Cid>* absent,
       std::size_t most)
      : store_(&store), seen_(seen), found_(found), absent_(absent), most_(most) {}

  void reach(const Cid& cid) {
    if (cid.hash_code() == multihash_code::identity) return;  // carries itself
    if (found_->size() >= most_) return;
    if (!seen_->insert(cid).second) return;
    const auto bytes = store_->find(cid);
    if (!bytes) {
      seen_->erase(cid);  // another entry may come with it
      if (absent_ != nullptr) absent_->push_back(cid);
      return;
    }
    found_->push_back(cid);
    next_.push_back(cid);
  }

  void run() {
    for (std::size_t depth = 1; depth < limits::attachment_depth_max && !next_.empty(); ++depth) {
      const std::vector<Cid> now = std::move(next_);
      next_.clear();
      for (const Cid& cid : now) follow(cid);
    }
  }

 private:
  void follow(const Cid& cid) {
    const auto bytes = store_->find(cid);
    if (!bytes) return;
    if (cid.codec() != codec::dag_cbor) return;  // a UCAN in JWT form: its proofs are inline
    const Result<Value> value = decode_cbor(*bytes);
    if (!value) return;
    if (const Value* ocm = value->find("ocm")) return follow_receipt(*ocm);
    if (value->find("att") != nullptr) follow_ucan(*value);
  }

  void follow_receipt(const Value& ocm) {
    reach_link(ocm.find("ran"));
    if (const Value* fx = ocm.find("fx")) {
      reach_all(fx->find("fork"));
      reach_link(fx->find("join"));
    }
    reach_all(ocm.find("prf"));
    if (const Value* out = ocm.find("out")) reach_link(select_site(*out));
  }

  void follow_ucan(const Value& ucan) {
    reach_all(ucan.find("prf"));
    if (!is_conclude(ucan)) return;
    const Value* facts = ucan.find("fct");
    if (facts == nullptr || facts->as_list() == nullptr) return;
    for (const Value& fact : *facts->as_list()) {
      if (fact.as_map() == nullptr) continue;
      for (const auto& [key, value] : *fact.as_map()) reach_link(&value);
    }
  }

  static const Value* select_site(const Value& out) {
    const Value* ok = out.find("ok");
    return ok == nullptr ? nullptr : ok->find("site");
  }

  static bool is_conclude(const Value& ucan) {
    const Value* att = ucan.find("att");
    if (att->as_list() == nullptr) return false;
    for (const Value& capability : *att->as_list()) {
      const Value* can = capability.find("can");
      if (can != nullptr && can->as_text() != nullptr && *can->as_text() == ability::conclude) {
        return true;
      }
    }
    return false;
  }

  void reach_link(const Value* value) {
    if (value != nullptr && value->as_link() != nullptr) reach(*value->as_link());
  }
  void reach_all(const Value* list) {
    if (list == nullptr || list->as_list() == nullptr) return;
    for (const Value& one : *list->as_list()) reach_link(&one);
  }

  const BlockStore* store_;
  CidSet* seen_;
  std::vector<Cid>* found_;
  std::vector<Cid>* absent_;
  std::size_t most_;
  std::vector<Cid> next_;
};

}  // namespace

void collect_attachments(ByteView key, const StoredValue& value, const BlockStore& store,
                         CidSet* seen, std::vector<Cid>* found, std::vector<Cid>* absent,
                         std::size_t most) {
  if (value.is_linked) {
    const Cid cid = node_cid(value.link());
    if (!store.find(cid)) {
      if (absent != nullptr) absent->push_back(cid);
    } else if (seen->insert(cid).second) {
      found->push_back(cid);
    }
  }
  const bool is_conflict = starts_with(key, view_of(key_prefix::conflict));
  if (!is_conflict && !is_reserved(key)) return;
  const auto encoded = value.encoded(store);
  if (!encoded) return;
  const Result<Value> decoded = decode_cbor(*encoded);
  if (!decoded) return;
  Walk walk(store, seen, found, absent, most);
  if (is_conflict) {  // large values that lost, or were lost to, stay with it
    for (const char* side : {"lost", "base"}) {
      const Value* of_side = decoded->find(side);
      const Value* link = of_side == nullptr ? nullptr : of_side->find("link");
      if (link != nullptr && link->as_link() != nullptr) walk.reach(*link->as_link());
    }
    return;  // a value, whatever it looks like: it is not followed
  }
  if (const Cid* link = decoded->as_link()) walk.reach(*link);
  if (const Map* slots = decoded->as_map()) {
    for (const auto& [service, slot] : *slots) {
      if (slot.as_link() != nullptr) walk.reach(*slot.as_link());
    }
  }
  walk.run();
}

void collect_reached(const Cid& token, const BlockStore& store, CidSet* seen,
                     std::vector<Cid>* found, std::vector<Cid>* absent) {
  Walk walk(store, seen, found, absent, SIZE_MAX);
  walk.reach(token);
  walk.run();
}

}  // namespace freehold
