#include "native/replica/out_file.hpp"

#include "native/replica/failure.hpp"

namespace freehold::native {

OutFile::OutFile(std::optional<std::string> name) : name_(std::move(name)) {
  if (name_) file_ = std::fopen(part().c_str(), "wb");
  if (file_ == nullptr) throw Failure("NotFound", *name_ + ": cannot be written");
}

OutFile::~OutFile() {
  if (!name_ || file_ == nullptr) return;
  std::fclose(file_);
  std::remove(part().c_str());
}

void OutFile::finish() {
  if (!name_) return;
  const bool is_written = std::ferror(file_) == 0;
  const bool is_closed = std::fclose(file_) == 0;
  file_ = nullptr;
  if (!is_written || !is_closed || std::rename(part().c_str(), name_->c_str()) != 0) {
    throw Failure("NotFound", *name_ + ": cannot be written");
  }
}

}  // namespace freehold::native
