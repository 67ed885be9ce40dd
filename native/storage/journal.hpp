/// A journal in front of an engine: a commit costs one record, whatever keys it changes.
///
/// An engine that keeps its data as a tree of pages writes, for each key, the pages down to it;
/// keys that are hashes lie on as many pages as there are keys. So a commit is written as one
/// value, the *record* of its changes, beside the data; the changes of all records stand in memory,
/// on top of what the engine has. When they are many, one commit writes them to their places and
/// drops the records: what was put and erased again in between (most nodes of a tree that is edited
/// are) is never written there. (The log and the table of O'Neil, Cheng, Gawlick and O'Neil, "The
/// log-structured merge-tree", 1996, over a tree of pages.)
///
///     "journal"            -> the number of the last commit whose changes are at their places, and
///                             of the last commit (8 bytes each, big-endian)
///     "journal" + number   -> a record: per changed key its length, the key, then 0 if it is
///                             erased, else the length of the value plus 1, and the value (varints)
///
/// These two are hidden; no other key may begin with "journal". Several processes may use the
/// engine through journals at once: whoever begins a transaction first reads the records that
/// others have added.
#pragma once

#include <memory>

#include "native/storage/kv.hpp"

namespace freehold::native {

struct JournalBounds {
  std::size_t bytes = std::size_t{1} << 20;  // of changes in memory, together
  std::size_t keys = 2048;                   // changed
  std::size_t record_bytes = 128 << 10;      // of one commit: a larger one is written once
};

/// `engine` with a journal. The commit that passes a bound writes all to their places.
std::unique_ptr<KvEngine> journaled(std::unique_ptr<KvEngine> engine, JournalBounds bounds = {});

}  // namespace freehold::native
