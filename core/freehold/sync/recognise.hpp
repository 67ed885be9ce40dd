/// Whether an entry under a reserved prefix is a commitment that a service made for that very key
/// and space (docs/design.md section 2). Everybody may write there; only this gives it meaning.
#pragma once

#include <map>

#include "freehold/tree/tree.hpp"
#include "freehold/ucan/receipt.hpp"
#include "freehold/ucan/validator.hpp"

namespace freehold {

struct Recognition {
  std::optional<Receipt> receipt;  // if recognised
  Ucan invocation;                 // that it ran, then
  const char* reason = "";         // if not: why, for people
  Cid missing;                     // if not: for want of this block, so it may be later

  explicit operator bool() const noexcept { return receipt.has_value(); }
};

/// Signatures that were found good, by block and key: the one thing that may be remembered.
class SignatureCache {
 public:
  bool has(const Cid& block, const Did& key) const {
    const auto found = good_.find(name_of(block));
    return found != good_.end() && found->second == key;
  }
  void add(const Cid& block, const Did& key) { good_[name_of(block)] = key; }

 private:
  static std::string name_of(const Cid& block) { return std::string(text_of(block.bytes())); }
  std::map<std::string, Did> good_;  // the key that signed each
};

/// Services that are known: their DIDs, and the did:key that each signs with.
class KnownServices final : public KeyResolver {
 public:
  void set(const Did& service, const Did& key) { keys_[service.text()] = key; }
  std::vector<Did> keys_of(const Did& did) const override;
  const std::map<std::string, Did>& all() const noexcept { return keys_; }

 private:
  std::map<std::string, Did> keys_;
};

/// Looks at entries of one space with the keys that are known for services.
class Recogniser {
 public:
  /// All must outlive the recogniser; `cache` may be null.
  Recogniser(Did space, const BlockStore& blocks, const KeyResolver& keys, std::int64_t now,
             SignatureCache* cache = nullptr)
      : space_(std::move(space)), blocks_(&blocks), keys_(&keys), now_(now), cache_(cache) {}

  /// The receipt in slot `service` of the entry at /blob/<multihash>.
  Recognition blob(ByteView multihash, const Did& service, const Value& slot) const;
  /// The receipt at /receipt/<task>. `as_effect_of` has the recognised receipt whose `fx` names the
  /// task; null for tasks that were invoked by themselves.
  Recognition receipt(const Cid& task, const Value& value, const Receipt* as_effect_of) const;
  /// Whether the value at `key` is recognised, for merging: under /blob/ and /upload/ of the slot.
  bool is_recognised(ByteView key, const std::string& slot, const Value& value) const;

  /// The location commitment that the receipt of an accept task names: signed by the node that the
  /// task was addressed to, for this content and space, and in force now.
  struct Site {
    std::optional<Cid> cid;  // none: not good, and why
    std::vector<std::string> locations;
    const char* reason = "";
    bool is_expired = false;
    Cid missing;
  };
  Site site_of(const Receipt& accept, const Did& node, ByteView multihash) const;

  const Did& space() const noexcept { return space_; }
  std::int64_t now() const noexcept { return now_; }

 private:
  Recognition of_link(const Value& value) const;
  template <class Signed>
  bool is_signed_by(const Signed& token, const Did& signer) const;

  Did space_;
  const BlockStore* blocks_;
  const KeyResolver* keys_;
  std::int64_t now_;
  SignatureCache* cache_;
};

}  // namespace freehold
