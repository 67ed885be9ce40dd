/// The bytes of blobs: one file each, under the hash of its bytes.
///
///     DATA/blobs/ab/<hexadecimal SHA-256>    ab: its first two digits
///     DATA/blobs/part/<number>               on the way in
///
/// A file gets its name only when all its bytes are on the disk and hash to that name, so a name
/// that exists is a blob that is there.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>

#include "freehold/base/result.hpp"
#include "freehold/crypto/hash.hpp"

namespace freehold::native {

/// An open file; closed when it goes.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int descriptor) noexcept : descriptor_(descriptor) {}
  FileHandle(FileHandle&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~FileHandle();
  int descriptor() const noexcept { return descriptor_; }
  explicit operator bool() const noexcept { return descriptor_ >= 0; }
  /// Reads into all of `to` from `offset`. False if there is less, or an error.
  bool read_at(std::span<std::uint8_t> to, std::uint64_t offset) const noexcept;

 private:
  int descriptor_ = -1;
};

class BlobFiles;

/// A blob on its way in: hashed as it comes. Its bytes are gone unless `finish` succeeds.
class BlobUpload {
 public:
  BlobUpload(BlobUpload&&) = default;
  BlobUpload& operator=(BlobUpload&&) = delete;
  ~BlobUpload();

  /// Fails with Errc::limit beyond the size announced, Errc::corrupt if the disk does.
  Result<> write(ByteView bytes);
  /// Durable under its name when this returns. Fails with Errc::malformed if length or hash are not
  /// those announced.
  Result<> finish();

 private:
  friend class BlobFiles;
  BlobUpload() = default;

  FileHandle file_;
  std::filesystem::path part_;
  std::filesystem::path name_;
  Digest digest_{};
  std::uint64_t size_ = 0;
  std::uint64_t written_ = 0;
  Sha256 hash_;
};

class BlobFiles {
 public:
  /// Makes the folders, and removes what uploads left that were cut short.
  static Result<std::unique_ptr<BlobFiles>> open(const std::filesystem::path& folder);

  std::optional<std::uint64_t> size_of(const Digest& digest) const;
  Result<BlobUpload> begin(const Digest& digest, std::uint64_t size);
  /// Not open if there is no such blob.
  FileHandle open(const Digest& digest, std::uint64_t* size) const;

 private:
  explicit BlobFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path name_of(const Digest& digest) const;

  std::filesystem::path folder_;
  std::atomic<std::uint64_t> parts_{0};
};

}  // namespace freehold::native
