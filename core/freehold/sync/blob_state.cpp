#include "freehold/sync/blob_state.hpp"

#include "freehold/codec/cbor.hpp"
#include "freehold/sync/names.hpp"

namespace freehold {

namespace {

/// {name, message} of an error, as one line.
std::string text_of_error(const Value& error) {
  std::string text;
  for (const char* field : {"name", "message"}) {
    const Value* part = error.find(field);
    if (part == nullptr || part->as_text() == nullptr) continue;
    if (!text.empty()) text += ": ";
    text += *part->as_text();
  }
  return text.empty() ? "error" : text;
}

std::uint64_t size_of(const Ucan& add) {
  const Value* blob = add.capabilities[0].nb ? add.capabilities[0].nb->find("blob") : nullptr;
  const Value* size = blob == nullptr ? nullptr : blob->find("size");
  return uint_of(size).value_or(0);
}

class Deriver {
 public:
  Deriver(const Tree& tree, const BlockStore& blocks, const Recogniser& recogniser,
          Missing* missing)
      : tree_(&tree), blocks_(&blocks), recogniser_(&recogniser), missing_(missing) {}

  /// Of one slot of a /blob/ entry.
  Result<BlobStatus> of_slot(ByteView multihash, const Did& service, const Value& slot) {
    BlobStatus status;
    status.multihash = copy_of(multihash);
    status.service = service;
    const Recognition add = recogniser_->blob(multihash, service, slot);
    if (!add) {
      note(add.missing);
      status.reason = add.reason;
      return status;
    }
    status.invocation = add.receipt->ran;
    if (add.invocation.capabilities[0].can == ability::blob_remove) {
      status.state = BlobState::removed;
      return status;
    }
    status.size = size_of(add.invocation);
    if (const Value* error = add.receipt->error()) return failed(std::move(status), *error);
    const Value* site = select(add.receipt->out, ".out.ok.site");
    const auto await = site == nullptr ? std::nullopt : as_await(*site);
    if (!await) {
      status.reason = "the receipt awaits no acceptance";
      return status;
    }
    FH_TRY(const auto accept, receipt_of(await->task, *add.receipt));
    if (!accept) return pending(std::move(status), *add.receipt);
    if (const Value* error = accept->receipt->error()) return failed(std::move(status), *error);
    return settled(std::move(status), *accept);
  }

 private:
  void note(const Cid& block) {
    if (!block.is_null()) missing_->add(block);
  }

  /// The recognised receipt of an effect of `cause`; none if there is none.
  Result<std::optional<Recognition>> receipt_of(const Cid& task, const Receipt& cause) {
    FH_TRY(const auto value, tree_->get(key_of(key_prefix::receipt, task), missing_));
    if (!value) return std::optional<Recognition>();
    const auto encoded = value->encoded(*blocks_);
    if (!encoded) {
      note(node_cid(value->link()));
      return std::optional<Recognition>();
    }
    FH_TRY(const Value link, decode_cbor(*encoded));
    Recognition found = recogniser_->receipt(task, link, &cause);
    if (!found) {
      note(found.missing);
      return std::optional<Recognition>();
    }
    return std::optional<Recognition>(std::move(found));
  }

  static BlobStatus failed(BlobStatus status, const Value& error) {
    status.state = BlobState::failed;
    status.reason = text_of_error(error);
    return status;
  }

  BlobStatus settled(BlobStatus status, const Recognition& accept) {
    const Recogniser::Site site =
        recogniser_->site_of(*accept.receipt, accept.invocation.audience, status.multihash);
    note(site.missing);
    status.site = site.cid;
    status.locations = site.locations;
    status.reason = site.reason;
    status.state = site.cid          ? BlobState::stored
                   : site.is_expired ? BlobState::expired
                                     : BlobState::unrecognised;
    return status;
  }

  /// Which effect is waited for: the first of allocate, put, accept without a receipt.
  Result<BlobStatus> pending(BlobStatus status, const Receipt& add) {
    status.state = BlobState::pending;
    const auto allocate = effect(add, ability::blob_allocate);
    const auto put = effect(add, ability::http_put);
    if (!allocate || !put) {
      status.awaits = "allocate";
      return status;
    }
    FH_TRY(const auto allocation, receipt_of(*allocate, add));
    if (!allocation) {
      status.awaits = "allocate";
      return status;
    }
    if (const Value* error = allocation->receipt->error()) {
      return failed(std::move(status), *error);
    }
    FH_TRY(const auto delivered, receipt_of(*put, add));
    const Value* address = select(allocation->receipt->out, ".out.ok.address");
    if (delivered || address == nullptr) {
      status.awaits = "accept";
      return status;
    }
    status.awaits = "put";
    status.put_task = *put;
    read_address(*address, status);
    if (status.put_expires != 0 && status.put_expires <= recogniser_->now()) {
      status.state = BlobState::expired;
      status.reason = "the allocation has expired";
    }
    return status;
  }

  static void read_address(const Value& address, BlobStatus& status) {
    const Value* url = address.find("url");
    if (url != nullptr && url->as_text() != nullptr) status.put_url = *url->as_text();
    const Value* expires = address.find("expires");
    if (expires != nullptr && expires->as_integer() != nullptr) {
      status.put_expires = expires->as_integer()->as_int64().value_or(0);
    }
    const Value* headers = address.find("headers");
    if (headers == nullptr || headers->as_map() == nullptr) return;
    for (const auto& [name, value] : *headers->as_map()) {
      if (value.as_text() != nullptr) status.put_headers.emplace_back(name, *value.as_text());
    }
  }

  std::optional<Cid> effect(const Receipt& receipt, std::string_view can) {
    for (const Cid& task : receipt.fork) {
      const auto bytes = blocks_->find(task);
      if (!bytes) {
        note(task);
        continue;
      }
      const Result<Ucan> ucan = Ucan::decode(Block(task, copy_of(*bytes)));
      if (ucan && ucan->capabilities.size() == 1 && ucan->capabilities[0].can == can) return task;
    }
    return std::nullopt;
  }

  const Tree* tree_;
  const BlockStore* blocks_;
  const Recogniser* recogniser_;
  Missing* missing_;
};

/// The space/blob/add under a /queue/ entry; nothing if it is something else.
std::optional<BlobStatus> queued_add(const Entry& entry, const Did& space, const BlockStore& blocks,
                                     Missing* missing) {
  const auto cid = cid_of_key(key_prefix::queue, entry.key);
  if (!cid) return std::nullopt;
  const auto bytes = blocks.find(*cid);
  if (!bytes) {
    missing->add(*cid);
    return std::nullopt;
  }
  const Result<Ucan> add = Ucan::decode(Block(*cid, copy_of(*bytes)));
  if (!add || add->capabilities.size() != 1 || add->capabilities[0].can != ability::blob_add ||
      add->capabilities[0].with != space.text() || !add->capabilities[0].nb) {
    return std::nullopt;
  }
  const Value* blob = add->capabilities[0].nb->find("blob");
  const Value* digest = blob == nullptr ? nullptr : blob->find("digest");
  if (digest == nullptr || digest->as_bytes() == nullptr) return std::nullopt;
  BlobStatus status;
  status.multihash = *digest->as_bytes();
  status.size = size_of(*add);
  status.service = add->audience;
  status.state = BlobState::queued;
  status.invocation = *cid;
  return status;
}

}  // namespace

const char* name_of(BlobState state) {
  switch (state) {
    case BlobState::queued: return "queued";
    case BlobState::pending: return "pending";
    case BlobState::stored: return "stored";
    case BlobState::failed: return "failed";
    case BlobState::expired: return "expired";
    case BlobState::removed: return "removed";
    case BlobState::unrecognised: return "unrecognised";
  }
  return "";
}

Result<std::vector<BlobStatus>> blob_statuses(const Tree& tree, const BlockStore& blocks,
                                              const Recogniser& recogniser, const Range& range,
                                              Missing* missing) {
  std::vector<BlobStatus> statuses;
  Range of_blobs = range;
  if (of_blobs.prefix.empty()) of_blobs.prefix = copy_of(view_of(key_prefix::blob));
  FH_TRY(const Page blobs, tree.list(of_blobs, missing));
  Deriver deriver(tree, blocks, recogniser, missing);
  for (const Entry& entry : blobs.entries) {
    const auto multihash = multihash_of_key(entry.key);
    const auto encoded = entry.value.encoded(blocks);
    if (!encoded) missing->add(node_cid(entry.value.link()));
    if (!multihash || !encoded) continue;
    FH_TRY(const Value value, decode_cbor(*encoded));
    if (value.as_map() == nullptr || value.as_map()->empty()) {
      BlobStatus junk;
      junk.multihash = *multihash;
      junk.reason = "the value is no map of services";
      statuses.push_back(std::move(junk));
      continue;
    }
    for (const auto& [slot, link] : *value.as_map()) {
      const Result<Did> service = Did::parse(slot);
      FH_TRY(BlobStatus status, deriver.of_slot(*multihash, service ? *service : Did(), link));
      statuses.push_back(std::move(status));
    }
  }
  Range of_queue;
  of_queue.prefix = copy_of(view_of(key_prefix::queue));
  FH_TRY(const Page queue, tree.list(of_queue, missing));
  for (const Entry& entry : queue.entries) {
    auto status = queued_add(entry, recogniser.space(), blocks, missing);
    if (status) statuses.push_back(*std::move(status));
  }
  return statuses;
}

}  // namespace freehold
