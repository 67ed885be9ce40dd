#include "freehold/sync/recognise.hpp"

#include "freehold/sync/names.hpp"

namespace freehold {

namespace {

Recognition refuse(const char* reason) {
  Recognition no;
  no.reason = reason;
  return no;
}

Recognition lacks(const Cid& block) {
  Recognition no = refuse("a block is not held");
  no.missing = block;
  return no;
}

bool names_task(const Receipt& receipt, const Cid& task) {
  if (receipt.join && *receipt.join == task) return true;
  return std::find(receipt.fork.begin(), receipt.fork.end(), task) != receipt.fork.end();
}

/// nb.blob.digest of an add, nb.digest of a remove.
const Bytes* digest_of(const Capability& capability) {
  if (!capability.nb) return nullptr;
  const Value* holder =
      capability.can == ability::blob_add ? capability.nb->find("blob") : &*capability.nb;
  const Value* digest = holder == nullptr ? nullptr : holder->find("digest");
  return digest == nullptr ? nullptr : digest->as_bytes();
}

}  // namespace

std::vector<Did> KnownServices::keys_of(const Did& did) const {
  const auto found = keys_.find(did.text());
  if (found == keys_.end()) return {};
  return {found->second};
}

template <class Signed>
bool Recogniser::is_signed_by(const Signed& token, const Did& signer) const {
  const std::vector<Did> keys = signer.is_key() ? std::vector<Did>{signer} : keys_->keys_of(signer);
  for (const Did& key : keys) {
    if (cache_ != nullptr && cache_->has(token.cid(), key)) return true;
    if (!verify_signature(token, key)) continue;
    if (cache_ != nullptr) cache_->add(token.cid(), key);
    return true;
  }
  return false;
}

/// A receipt with its invocation, signed by whom it says.
Recognition Recogniser::of_link(const Value& value) const {
  const Cid* link = value.as_link();
  if (link == nullptr) return refuse("the value is no link");
  const auto bytes = blocks_->find(*link);
  if (!bytes) return lacks(*link);
  Result<Receipt> receipt = Receipt::decode(Block(*link, copy_of(*bytes)));
  if (!receipt) return refuse("the link is to no receipt");
  const auto ran = blocks_->find(receipt->ran);
  if (!ran) return lacks(receipt->ran);
  Result<Ucan> invocation = Ucan::decode(Block(receipt->ran, copy_of(*ran)));
  if (!invocation || invocation->capabilities.size() != 1) {
    return refuse("the receipt is of no invocation");
  }
  if (!receipt->issuer) return refuse("the receipt names no issuer");
  if (*receipt->issuer != invocation->audience) {
    return refuse("the receipt is by another than the invocation was addressed to");
  }
  if (!is_signed_by(*receipt, *receipt->issuer)) {
    return refuse("the signature is not by a key of the issuer");
  }
  Recognition yes;
  yes.invocation = *std::move(invocation);
  yes.receipt = *std::move(receipt);
  return yes;
}

Recognition Recogniser::blob(ByteView multihash, const Did& service, const Value& slot) const {
  Recognition found = of_link(slot);
  if (!found) return found;
  const Capability& capability = found.invocation.capabilities[0];
  if (capability.can != ability::blob_add && capability.can != ability::blob_remove) {
    return refuse("the receipt is of another ability");
  }
  if (capability.with != space_.text()) return refuse("the receipt is of another space");
  const Bytes* digest = digest_of(capability);
  if (digest == nullptr || !equal(*digest, multihash)) {
    return refuse("the receipt is of another blob");
  }
  if (found.invocation.audience != service) return refuse("the receipt is of another service");
  return found;
}

Recognition Recogniser::receipt(const Cid& task, const Value& value,
                                const Receipt* as_effect_of) const {
  Recognition found = of_link(value);
  if (!found) return found;
  if (!(found.receipt->ran == task)) return refuse("the receipt is of another task");
  if (as_effect_of != nullptr && !names_task(*as_effect_of, task)) {
    return refuse("no recognised receipt has this task as its effect");
  }
  return found;
}

bool Recogniser::is_recognised(ByteView key, const std::string& slot, const Value& value) const {
  if (const auto multihash = multihash_of_key(key)) {
    const Result<Did> service = Did::parse(slot);
    return service && blob(*multihash, *service, value);
  }
  if (const auto task = cid_of_key(key_prefix::receipt, key)) {
    return static_cast<bool>(receipt(*task, value, nullptr));
  }
  return false;
}

Recogniser::Site Recogniser::site_of(const Receipt& accept, const Did& node,
                                     ByteView multihash) const {
  Site site;
  const Value* link = select(accept.out, ".out.ok.site");
  if (link == nullptr || link->as_link() == nullptr) {
    site.reason = "the acceptance names no site";
    return site;
  }
  const auto bytes = blocks_->find(*link->as_link());
  if (!bytes) {
    site.reason = "a block is not held";
    site.missing = *link->as_link();
    return site;
  }
  const Result<Ucan> claim = Ucan::decode(Block(*link->as_link(), copy_of(*bytes)));
  const Value* nb = nullptr;
  if (claim && claim->capabilities.size() == 1 && claim->capabilities[0].nb) {
    nb = &*claim->capabilities[0].nb;
  }
  if (nb == nullptr || claim->capabilities[0].can != ability::location ||
      claim->capabilities[0].with != node.text() || claim->issuer != node) {
    site.reason = "the site is no location commitment of the node";
    return site;
  }
  const Value* content = nb->find("content");
  const Value* digest = content == nullptr ? nullptr : content->find("digest");
  if (digest == nullptr || digest->as_bytes() == nullptr ||
      !equal(*digest->as_bytes(), multihash)) {
    site.reason = "the site is of another blob";
    return site;
  }
  const Value* space = nb->find("space");
  if (space != nullptr && (space->as_bytes() == nullptr || *space->as_bytes() != space_.bytes())) {
    site.reason = "the site is of another space";
    return site;
  }
  if (!is_signed_by(*claim, node)) {
    site.reason = "the site is not signed by the node";
    return site;
  }
  if (claim->expires && *claim->expires <= now_) {
    site.reason = "the location commitment has expired";
    site.is_expired = true;
    return site;
  }
  const Value* locations = nb->find("location");
  if (locations != nullptr && locations->as_list() != nullptr) {
    for (const Value& location : *locations->as_list()) {
      if (location.as_text() != nullptr) site.locations.push_back(*location.as_text());
    }
  }
  site.cid = claim->cid();
  return site;
}

}  // namespace freehold
