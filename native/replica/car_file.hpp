/// States in CAR files, written block by block and read where they lie.
#pragma once

#include <cstdio>
#include <unordered_map>

#include "freehold/sync/attachments.hpp"
#include "native/replica/failure.hpp"
#include "native/storage/mapped_file.hpp"

namespace freehold::native {

class CarWriter {
 public:
  /// `file` must outlive the writer.
  CarWriter(std::FILE* file, const std::vector<Cid>& roots);
  /// Each CID once, however often it is given.
  void block(const Cid& cid, ByteView bytes);
  /// Whether all of it was written.
  bool ok() const;

 private:
  void section(ByteView first, ByteView second);

  std::FILE* file_;
  CidSet seen_;
  bool ok_ = true;
};

/// The blocks of a CAR file, each hashed when it is opened. Failures: NotFound, Malformed,
/// LimitExceeded.
class CarFile final : public BlockStore {
 public:
  explicit CarFile(const std::filesystem::path& file);
  const std::vector<Cid>& roots() const noexcept { return roots_; }
  std::size_t size() const noexcept { return blocks_.size(); }
  std::optional<ByteView> find(const Cid& cid) const override;

 private:
  MappedFile file_;
  std::vector<Cid> roots_;
  std::unordered_map<Cid, ByteView, CidHash> blocks_;  // views of file_
};

}  // namespace freehold::native
