/// A file in memory, read only. The kernel pages it: it may be larger than what is free.
#pragma once

#include <filesystem>

#include "freehold/base/bytes.hpp"

namespace freehold::native {

class MappedFile {
 public:
  /// Of a regular file; `is_open` says whether it could be.
  explicit MappedFile(const std::filesystem::path& file);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();
  bool is_open() const noexcept { return is_open_; }
  ByteView bytes() const noexcept { return {static_cast<const std::uint8_t*>(data_), size_}; }

 private:
  void* data_ = nullptr;
  std::size_t size_ = 0;
  bool is_open_ = false;
};

}  // namespace freehold::native
