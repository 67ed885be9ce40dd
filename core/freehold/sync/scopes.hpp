/// What a partial replica always holds: the entries under some prefixes, with what belongs to them;
/// and how it comes to, without I/O (docs/design.md section 6).
#pragma once

#include "freehold/sync/pull.hpp"

namespace freehold {

/// The scopes of a replica, and how far they are here.
struct Scopes {
  std::vector<Bytes> prefixes;  // ascending, none within another
  /// Of each: the entries before this key are here, which is not below the prefix; empty: all are.
  /// (A new one is read in the order of its keys.)
  std::vector<Bytes> from;
  Digest root{};          // of the tree of which they are here
  bool is_filled = true;  // of the base, with the nodes beside them: nothing is to be read

  /// The keys whose entries are here.
  std::vector<Interval> held() const;
  /// All of the tree is here.
  void fill();
};

/// As they lie in a record. Decoding fails with Errc::corrupt.
Value encode(const Scopes& scopes);
Result<Scopes> decode_scopes(const Value& value);

/// The prefixes in order, without those that others cover. Fails with Errc::limit (scopes_max),
/// Errc::invalid_key (empty: that is a whole replica; or longer than a key).
Result<std::vector<Bytes>> normalise_scopes(std::vector<Bytes> prefixes);

/// The scopes of the prefixes, which are normalised; of what `before` has held of them, that is
/// known.
Scopes changed_scopes(const Scopes& before, std::vector<Bytes> prefixes);

/// What to ask for next so that the scopes are filled of the tree `root`; nothing once they are.
/// Each level of what is new takes one round trip, as do attachments; of a scope that is new, a
/// budget of entries. Fails with Errc::missing if blocks have to be brought from storage first
/// (`*missing`), Errc::protocol if a node is lost; then nothing has changed.
Result<std::optional<ReadCall>> next_fill(const BlockStore& held, const Digest& root,
                                          const Absence& absence, Scopes* scopes, Missing* missing);

}  // namespace freehold
