/// A bar on standard error while something long goes on; nothing at all if that is no terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace freehold::native {

class Progress {
 public:
  explicit Progress(std::string label);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// Clears the line.
  ~Progress();

  /// `total` of 0: nobody knows. Draws ten times a second at the most.
  void set(std::uint64_t done, std::uint64_t total);

 private:
  using Clock = std::chrono::steady_clock;

  std::string label_;
  bool is_shown_;
  bool is_drawn_ = false;
  Clock::time_point next_;
};

}  // namespace freehold::native
