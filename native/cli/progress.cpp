#include "native/cli/progress.hpp"

#include <algorithm>
#include <cstdio>

#include <unistd.h>

namespace freehold::native {

namespace {

constexpr std::uint64_t columns = 30;
constexpr std::chrono::milliseconds pause{100};

}  // namespace

Progress::Progress(std::string label)
    : label_(std::move(label)), is_shown_(::isatty(STDERR_FILENO) == 1), next_(Clock::now()) {}

Progress::~Progress() {
  if (is_drawn_) std::fputs("\r\x1b[K", stderr);
}

void Progress::set(std::uint64_t done, std::uint64_t total) {
  if (!is_shown_ || (Clock::now() < next_ && done != total)) return;
  next_ = Clock::now() + pause;
  is_drawn_ = true;
  const auto count = static_cast<unsigned long long>(done);
  if (total == 0) {
    std::fprintf(stderr, "\r\x1b[K%s %llu", label_.c_str(), count);
    return;
  }
  const double part = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const std::string bar(static_cast<std::size_t>(part * columns), '#');
  std::fprintf(stderr, "\r\x1b[K%s [%-*s] %3d%% %llu/%llu", label_.c_str(),
               static_cast<int>(columns), bar.c_str(), static_cast<int>(part * 100), count,
               static_cast<unsigned long long>(total));
}

}  // namespace freehold::native
