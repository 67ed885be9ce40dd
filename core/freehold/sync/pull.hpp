/// The asking side of reading a tree from somebody who has it, without I/O: which blocks to ask for
/// next, and which of those that come were asked for (docs/design.md section 6).
#pragma once

#include "freehold/sync/attachments.hpp"
#include "freehold/sync/calls.hpp"

namespace freehold {

/// What a pull has and wants.
struct PullGoal {
  Digest root{};  // of the tree that is wanted
  /// A tree of which all is held: what both have is not asked for. The empty one if there is none;
  /// then the entries come in the order of their keys, and those before `from` are here, with all
  /// that belongs to them; none: all are.
  Digest have{};
  std::optional<Bytes> from;
  Bytes prefix = {};  // of all keys in order that are wanted; `from` is not below it
};

/// The same of some intervals of keys: of `have` all that is in them is held.
struct IntervalGoal {
  Digest root{};
  Digest have{};
  std::vector<Interval> intervals;
};

/// Which of the blocks that are not at hand are nowhere near: those are asked for.
class Absence {
 public:
  virtual ~Absence() = default;
  virtual bool is_absent(const Cid& cid) const = 0;
  /// Asked for, and the other side has it not either: it is done without.
  virtual bool is_lost(const Cid& cid) const = 0;
};

/// What to ask for next; nothing if all is held. Every level of the tree below `have` takes one
/// round trip, as do attachments; from nothing, a budget of entries takes one.
/// Fails with Errc::missing if blocks have to be brought from storage first (`*missing`),
/// Errc::protocol if a node is lost: the other side does not hold what it signed.
Result<std::optional<ReadCall>> next_read(const BlockStore& held, const PullGoal& goal,
                                          const Absence& absence, Missing* missing);

/// What to ask for next so that the nodes of the intervals (diff_within.hpp) are held, with what
/// belongs to their entries. As above; a node of `have` that is nowhere counts as not held.
Result<std::optional<ReadCall>> next_read_within(const BlockStore& held, const IntervalGoal& goal,
                                                 const Absence& absence, Missing* missing);

/// Whether `call` asks for all entries of the goal from its `from` on.
bool is_next_in_order(const ReadCall& call, const PullGoal& goal);

/// The blocks of an answer that belong to what was asked for, parents first; the rest is ignored.
/// `upto`: the budget was spent, and this is the last key whose entry came whole. With a goal, a
/// read in key order moves its `from` on; fails then with Errc::protocol if nodes were left out.
Result<std::vector<Cid>> take_read(const ReadCall& call, const MemoryStore& answer,
                                   const std::optional<Bytes>& upto, const BlockStore& held,
                                   PullGoal* goal);

}  // namespace freehold
