#include "native/bench/model.hpp"

#include <unordered_set>

namespace freehold::bench {

Model::Model(const Dataset& data)
    : data_(&data),
      random_(0xc2b2ae35, static_cast<std::uint32_t>(data.size()), 7, 1),
      is_dead_(data.size()),
      live_(data.size()),
      fresh_(static_cast<std::uint32_t>(data.size())) {}

Value300 Model::value(std::uint32_t id) const {
  const auto found = versions_.find(id);
  return value_of(id, found == versions_.end() ? 0 : found->second);
}

Change Model::insert() {
  const std::uint32_t id = fresh_++;
  return {id, 0, true, key_of(id), value_of(id, 0)};
}

Change Model::overwrite(std::uint32_t id) const {
  const auto found = versions_.find(id);
  const std::uint32_t version = (found == versions_.end() ? 0 : found->second) + 1;
  return {id, version, false, key_of(id), value_of(id, version)};
}

Change Model::next_put() {
  const bool is_insert = is_insert_next_;
  is_insert_next_ = !is_insert_next_;
  return is_insert ? insert() : overwrite(pick_live());
}

std::vector<Change> Model::changes(std::size_t d) {
  std::vector<Change> changes;
  std::unordered_set<std::uint32_t> used;
  for (std::size_t i = 0; i < d; ++i) {
    if (i % 2 == 0) {
      changes.push_back(insert());
      continue;
    }
    std::uint32_t id = pick_live();
    while (!used.insert(id).second) id = pick_live();
    changes.push_back(overwrite(id));
  }
  return changes;
}

std::uint32_t Model::pick_live() {
  for (;;) {
    const std::uint32_t id = random_.below(data_->size());
    if (!is_dead_[id]) return id;
  }
}

void Model::applied(const Change& change) {
  if (!change.is_insert) {
    versions_[change.id] = change.version;
    return;
  }
  ++live_;
  inserted_.push_back(change.id);
}

void Model::deleted(std::uint32_t id) {
  is_dead_[id] = true;
  --live_;
}

std::vector<std::uint32_t> Model::ids() const {
  std::vector<std::pair<Key, std::uint32_t>> all;
  for (std::uint32_t id = 0; id < data_->size(); ++id) {
    if (!is_dead_[id]) all.emplace_back(key_of(id), id);
  }
  for (const std::uint32_t id : inserted_) all.emplace_back(key_of(id), id);
  std::sort(all.begin(), all.end());
  std::vector<std::uint32_t> ids;
  for (const auto& [key, id] : all) ids.push_back(id);
  return ids;
}

}  // namespace freehold::bench
