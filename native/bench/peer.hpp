/// What is measured: a map of keys to values of one medium.
#pragma once

#include <functional>
#include <memory>

#include "freehold/crypto/hash.hpp"
#include "native/bench/model.hpp"

namespace freehold::bench {

/// Of one write: the nodes that it made, where there are such.
struct Written {
  std::uint64_t blocks = 0;
  std::uint64_t bytes = 0;
};

/// Empty, or what went wrong.
using Trouble = std::string;

class Peer {
 public:
  virtual ~Peer() = default;

  virtual Trouble build(const Dataset& data) = 0;
  /// The value under `key` in `*value`, valid until the next call; empty if there is none. A cold
  /// read goes through the store, with nothing remembered.
  virtual Trouble get(ByteView key, ByteView* value) = 0;
  virtual Trouble get_cold(ByteView key, ByteView* value) { return get(key, value); }
  /// Visits up to `limit` entries from `from` on; the count in `*seen`, something of each in
  /// `*sum`.
  virtual Trouble scan(ByteView from, std::size_t limit, std::size_t* seen, std::uint64_t* sum) = 0;
  virtual Trouble scan_cold(std::size_t* seen, std::uint64_t* sum) {
    return scan({}, SIZE_MAX, seen, sum);
  }
  /// Whether a scan may begin anywhere.
  virtual bool can_seek() const noexcept { return true; }
  /// One commit.
  virtual Trouble put(std::span<const Change> changes, Written* written) = 0;
  virtual Trouble erase(ByteView key) = 0;

  // --- of trees ---
  virtual bool is_tree() const noexcept { return false; }
  virtual std::uint64_t stored_bytes() { return 0; }
  virtual std::uint64_t blocks() { return 0; }
  virtual int height() { return 0; }
  /// The root with `changes` made, beside the main one, which stays.
  virtual Trouble fork(std::span<const Change>, Digest*) { return "no tree"; }
  virtual Trouble diff(const Digest&, std::size_t*, std::size_t*) { return "no tree"; }
  virtual Digest root() const { return {}; }
  /// The root of a tree built anew of `model`'s entries.
  virtual Trouble rebuilt_root(const Model&, Digest*) { return "no tree"; }
};

/// Makes an empty one; the one before is gone by then.
using MakePeer = std::function<std::unique_ptr<Peer>()>;

}  // namespace freehold::bench
