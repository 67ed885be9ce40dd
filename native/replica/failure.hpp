/// Why a command could not be done, for people and for programs.
///
/// A command ends with the first thing that goes wrong, and one place tells of it (cli/space.cpp).
/// So what only commands use (client/, replica/, cli/space*) throws it; core's errors are values,
/// and become this where they are unwrapped.
#pragma once

#include <stdexcept>
#include <string>

#include "freehold/base/result.hpp"

namespace freehold::native {

class Failure final : public std::runtime_error {
 public:
  /// `name` is one of `name_of`, or one that docs/cli.md lists.
  Failure(std::string name, const std::string& message, bool is_told = false)
      : std::runtime_error(message), name_(std::move(name)), is_told_(is_told) {}
  /// `about` says what the error is of: a file, a field.
  explicit Failure(const Error& error, const std::string& about = "")
      : Failure(name_of(error.code), (about.empty() ? "" : about + ": ") + error.what) {}
  const std::string& name() const noexcept { return name_; }
  /// Whether it is what a service answered, in an error receipt.
  bool is_told() const noexcept { return is_told_; }
  /// The file that proves to others what the authority has done; empty if there is none.
  const std::string& evidence() const noexcept { return evidence_; }
  /// The command that verifies it.
  const std::string& verification() const noexcept { return verification_; }
  void set_evidence(std::string file, std::string verification) {
    evidence_ = std::move(file);
    verification_ = std::move(verification);
  }

 private:
  std::string name_;
  bool is_told_;
  std::string evidence_;
  std::string verification_;
};

/// The value, or a Failure.
template <class T>
T unwrap(Result<T> result, const std::string& about = "") {
  if (!result) throw Failure(result.error(), about);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace freehold::native
