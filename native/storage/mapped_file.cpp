#include "native/storage/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace freehold::native {

MappedFile::MappedFile(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info {};
  if (descriptor >= 0 && ::fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode)) {
    size_ = static_cast<std::size_t>(info.st_size);
    if (size_ > 0) data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    is_open_ = data_ != MAP_FAILED;
  }
  if (descriptor >= 0) ::close(descriptor);
}

MappedFile::~MappedFile() {
  if (is_open_ && size_ > 0) ::munmap(data_, size_);
}

}  // namespace freehold::native
