#include "freehold/crypto/hash.hpp"

#include <sodium.h>

#ifndef __EMSCRIPTEN__
#include <openssl/evp.h>
#endif
#ifdef FREEHOLD_SHA256_LANES
#include <intel-ipsec-mb.h>
#endif

namespace freehold {

#ifdef __EMSCRIPTEN__

Digest sha256(ByteView bytes) noexcept {
  Digest digest;
  crypto_hash_sha256(digest.data(), bytes.data(), bytes.size());
  return digest;
}

struct Sha256::State {
  crypto_hash_sha256_state value;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  crypto_hash_sha256_init(&state_->value);
}

void Sha256::update(ByteView bytes) noexcept {
  crypto_hash_sha256_update(&state_->value, bytes.data(), bytes.size());
}

Digest Sha256::finish() noexcept {
  Digest digest;
  crypto_hash_sha256_final(&state_->value, digest.data());
  return digest;
}

#else

namespace {

// A context per thread, made once: making one costs more than hashing a small node.
struct Context {
  EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* value = EVP_MD_CTX_new();
  ~Context() {
    EVP_MD_CTX_free(value);
    EVP_MD_free(algorithm);
  }
};

}  // namespace

Digest sha256(ByteView bytes) noexcept {
  thread_local Context context;
  Digest digest;
  EVP_DigestInit_ex2(context.value, context.algorithm, nullptr);
  EVP_DigestUpdate(context.value, bytes.data(), bytes.size());
  EVP_DigestFinal_ex(context.value, digest.data(), nullptr);
  return digest;
}

struct Sha256::State {
  EVP_MD_CTX* value = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(value); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  EVP_DigestInit_ex2(state_->value, EVP_sha256(), nullptr);
}

void Sha256::update(ByteView bytes) noexcept {
  EVP_DigestUpdate(state_->value, bytes.data(), bytes.size());
}

Digest Sha256::finish() noexcept {
  Digest digest;
  EVP_DigestFinal_ex(state_->value, digest.data(), nullptr);
  return digest;
}

#endif

namespace {

void one_by_one(std::span<const ByteView> each, std::span<Digest> digests) noexcept {
  for (std::size_t i = 0; i < each.size(); ++i) digests[i] = sha256(each[i]);
}

}  // namespace

#ifdef FREEHOLD_SHA256_LANES

namespace {

/// A manager of lanes per thread, made once.
struct Lanes {
  IMB_MGR* manager = alloc_mb_mgr(0);
  Lanes() noexcept {
    // Two by the SHA instructions are faster than eight by AVX2, which the library would choose.
    if ((manager->features & IMB_FEATURE_SHANI) != 0) {
      init_mb_mgr_sse(manager);
    } else {
      init_mb_mgr_auto(manager, nullptr);
    }
  }
  ~Lanes() { free_mb_mgr(manager); }
  bool is_fit() const noexcept { return imb_get_errno(manager) == 0; }
};

}  // namespace

void sha256_each(std::span<const ByteView> each, std::span<Digest> digests) noexcept {
  if (each.size() < 2) return one_by_one(each, digests);
  thread_local const Lanes lanes;
  if (!lanes.is_fit()) return one_by_one(each, digests);
  IMB_MGR* manager = lanes.manager;
  for (std::size_t i = 0; i < each.size(); ++i) {
    IMB_JOB* job = IMB_GET_NEXT_JOB(manager);  // as many at a time as it has room for
    job->cipher_mode = IMB_CIPHER_NULL;
    job->cipher_direction = IMB_DIR_ENCRYPT;
    job->chain_order = IMB_ORDER_HASH_CIPHER;
    job->hash_alg = IMB_AUTH_SHA_256;
    job->src = each[i].data();
    job->hash_start_src_offset_in_bytes = 0;
    job->msg_len_to_hash_in_bytes = each[i].size();
    job->auth_tag_output = digests[i].data();
    job->auth_tag_output_len_in_bytes = digest_size;
    IMB_SUBMIT_JOB_NOCHECK(manager);
  }
  while (IMB_FLUSH_JOB(manager) != nullptr) {
  }
}

#else

void sha256_each(std::span<const ByteView> each, std::span<Digest> digests) noexcept {
  one_by_one(each, digests);
}

#endif

std::uint64_t table_hash(ByteView bytes) noexcept {
  struct Key {
    std::array<std::uint8_t, crypto_shorthash_KEYBYTES> bytes;
    Key() noexcept { randombytes_buf(bytes.data(), bytes.size()); }
  };
  static const Key key;
  std::uint64_t hash = 0;
  crypto_shorthash(reinterpret_cast<std::uint8_t*>(&hash), bytes.data(), bytes.size(),
                   key.bytes.data());
  return hash;
}

Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

}  // namespace freehold
