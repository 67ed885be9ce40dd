/// A file that has its name only once it is whole; or standard output.
#pragma once

#include <cstdio>
#include <optional>
#include <string>

namespace freehold::native {

class OutFile {
 public:
  /// Without a name: standard output. Failures: NotFound.
  explicit OutFile(std::optional<std::string> name);
  OutFile(const OutFile&) = delete;
  OutFile& operator=(const OutFile&) = delete;
  /// Removes what was not finished.
  ~OutFile();
  std::FILE* file() const noexcept { return file_; }
  /// Failures: NotFound.
  void finish();

 private:
  std::string part() const { return *name_ + ".part"; }

  std::optional<std::string> name_;
  std::FILE* file_ = stdout;
};

}  // namespace freehold::native
