#include "native/storage/blob_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "native/fault.hpp"

namespace freehold::native {

namespace fs = std::filesystem;

namespace {

constexpr const char* part_folder = "part";

/// So that a rename in it, or a folder made in it, is there after a power cut.
bool sync_folder(const fs::path& folder) {
  const FileHandle handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return handle && ::fsync(handle.descriptor()) == 0;
}

}  // namespace

FileHandle::~FileHandle() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool FileHandle::read_at(std::span<std::uint8_t> to, std::uint64_t offset) const noexcept {
  while (!to.empty()) {
    const ssize_t count = ::pread(descriptor_, to.data(), to.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    to = to.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return true;
}

BlobUpload::~BlobUpload() {
  std::error_code ignored;
  if (!part_.empty()) fs::remove(part_, ignored);
}

Result<> BlobUpload::write(ByteView bytes) {
  if (bytes.size() > size_ - written_) return fail(Errc::limit, "more bytes than announced");
  hash_.update(bytes);
  written_ += bytes.size();
  while (!bytes.empty()) {
    const ssize_t count = ::write(file_.descriptor(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(Errc::corrupt, "the disk does not take the blob");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<> BlobUpload::finish() {
  if (written_ != size_) return fail(Errc::malformed, "fewer bytes than announced");
  if (hash_.finish() != digest_) return fail(Errc::malformed, "the bytes have another hash");
  fault_point("put-written");
  if (::fsync(file_.descriptor()) != 0) return fail(Errc::corrupt, "the disk does not take it");
  fault_point("put-synced");
  std::error_code error;
  if (fs::create_directory(name_.parent_path(), error)) {
    sync_folder(name_.parent_path().parent_path());
  }
  if (error) return fail(Errc::corrupt, "no folder for the blob");
  fs::rename(part_, name_, error);
  if (error || !sync_folder(name_.parent_path())) {
    return fail(Errc::corrupt, "the blob cannot be named");
  }
  part_.clear();
  fault_point("put-renamed");
  return {};
}

Result<std::unique_ptr<BlobFiles>> BlobFiles::open(const fs::path& folder) {
  std::error_code error;
  fs::remove_all(folder / part_folder, error);
  fs::create_directories(folder / part_folder, error);
  if (error) return fail(Errc::not_found, "the folder for blobs cannot be made");
  return std::unique_ptr<BlobFiles>(new BlobFiles(folder));
}

fs::path BlobFiles::name_of(const Digest& digest) const {
  const std::string name = hex_of(digest);
  return folder_ / name.substr(0, 2) / name;
}

std::optional<std::uint64_t> BlobFiles::size_of(const Digest& digest) const {
  std::error_code error;
  const auto size = fs::file_size(name_of(digest), error);
  if (error) return std::nullopt;
  return size;
}

Result<BlobUpload> BlobFiles::begin(const Digest& digest, std::uint64_t size) {
  BlobUpload upload;
  fs::path part = folder_ / part_folder / std::to_string(++parts_);
  upload.file_ = FileHandle(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!upload.file_) return fail(Errc::corrupt, "no file for the blob");
  upload.part_ = std::move(part);
  upload.name_ = name_of(digest);
  upload.digest_ = digest;
  upload.size_ = size;
  return upload;
}

FileHandle BlobFiles::open(const Digest& digest, std::uint64_t* size) const {
  FileHandle file(::open(name_of(digest).c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (!file || ::fstat(file.descriptor(), &info) != 0) return {};
  *size = static_cast<std::uint64_t>(info.st_size);
  return file;
}

}  // namespace freehold::native
