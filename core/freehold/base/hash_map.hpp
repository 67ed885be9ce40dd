/// A hash map whose entries stay where they are until they are erased, and are found with two
/// accesses to memory that is not in the processor's cache: a slot of the table, and the entry.
/// (std::unordered_map takes three or four: its buckets point to the entry before the first.)
///
/// Open addressing with linear probing, and deletion that moves back what it made room for: Knuth,
/// "The Art of Computer Programming", volume 3, section 6.4, algorithms L and R.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace freehold {

/// `Hash` gives numbers that differ in their low bits, as parts of a cryptographic hash do.
template <class Key, class T, class Hash>
class HashMap {
 public:
  struct Entry {
    Key key;
    T value{};
  };
  using Handle = std::unique_ptr<Entry>;

  HashMap() = default;
  HashMap(HashMap&& other) noexcept
      : slots_(std::move(other.slots_)), size_(std::exchange(other.size_, 0)) {}
  HashMap(const HashMap& other) {
    for (const Entry& entry : other) insert(std::make_unique<Entry>(entry));
  }
  HashMap& operator=(HashMap other) noexcept {
    slots_.swap(other.slots_);
    std::swap(size_, other.size_);
    return *this;
  }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  void clear() noexcept {
    slots_.clear();
    size_ = 0;
  }

  /// Null if it is not there; valid until it is erased.
  T* find(const Key& key) noexcept {
    const std::size_t at = place_of(key, Hash()(key));
    return at == npos ? nullptr : &slots_[at].entry->value;
  }
  const T* find(const Key& key) const noexcept { return const_cast<HashMap*>(this)->find(key); }

  /// What is under the key, made now if it was not there (`second`).
  std::pair<T*, bool> try_emplace(const Key& key) {
    const std::size_t hash = Hash()(key);
    const std::size_t at = place_of(key, hash);
    if (at != npos) return {&slots_[at].entry->value, false};
    return {insert(hash, std::make_unique<Entry>(Entry{key})), true};
  }
  /// Of a key that is not there.
  T* insert(Handle entry) {
    const std::size_t hash = Hash()(entry->key);
    return insert(hash, std::move(entry));
  }
  /// Takes the entry out; null if there is none.
  Handle extract(const Key& key) noexcept {
    const std::size_t at = place_of(key, Hash()(key));
    if (at == npos) return nullptr;
    Handle entry = std::move(slots_[at].entry);
    --size_;
    close(at);
    return entry;
  }

 private:
  struct Slot {
    std::size_t hash = 0;
    Handle entry;  // null: free
  };

 public:
  class Iterator {
   public:
    const Entry& operator*() const noexcept { return *at_->entry; }
    Iterator& operator++() noexcept {
      ++at_;
      return skip();
    }
    bool operator==(const Iterator& other) const noexcept { return at_ == other.at_; }

   private:
    friend class HashMap;
    Iterator(const Slot* at, const Slot* end) noexcept : at_(at), end_(end) {}
    Iterator& skip() noexcept {
      while (at_ != end_ && at_->entry == nullptr) ++at_;
      return *this;
    }
    const Slot* at_;
    const Slot* end_;
  };
  Iterator begin() const noexcept {
    return Iterator(slots_.data(), slots_.data() + slots_.size()).skip();
  }
  Iterator end() const noexcept {
    const Slot* end = slots_.data() + slots_.size();
    return {end, end};
  }

 private:
  static constexpr std::size_t npos = ~std::size_t{0};

  std::size_t mask() const noexcept { return slots_.size() - 1; }

  std::size_t place_of(const Key& key, std::size_t hash) const noexcept {
    if (slots_.empty()) return npos;
    for (std::size_t at = hash & mask();; at = (at + 1) & mask()) {
      const Slot& slot = slots_[at];
      if (slot.entry == nullptr) return npos;
      if (slot.hash == hash && slot.entry->key == key) return at;
    }
  }

  T* insert(std::size_t hash, Handle entry) {
    if (2 * (size_ + 1) > slots_.size()) grow();
    ++size_;
    return &place(hash, std::move(entry)).value;
  }

  Entry& place(std::size_t hash, Handle entry) noexcept {
    std::size_t at = hash & mask();
    while (slots_[at].entry != nullptr) at = (at + 1) & mask();
    slots_[at] = {hash, std::move(entry)};
    return *slots_[at].entry;
  }

  void grow() {
    std::vector<Slot> old(slots_.empty() ? 8 : 2 * slots_.size());
    old.swap(slots_);
    for (Slot& slot : old) {
      if (slot.entry != nullptr) place(slot.hash, std::move(slot.entry));
    }
  }

  /// Moves back what was placed behind `hole` only because that was taken.
  void close(std::size_t hole) noexcept {
    for (std::size_t at = (hole + 1) & mask(); slots_[at].entry != nullptr;
         at = (at + 1) & mask()) {
      const std::size_t home = slots_[at].hash & mask();
      if (((at - home) & mask()) < ((at - hole) & mask())) continue;
      slots_[hole] = std::move(slots_[at]);
      hole = at;
    }
  }

  std::vector<Slot> slots_;  // a power of two, at most half of them taken
  std::size_t size_ = 0;
};

}  // namespace freehold
