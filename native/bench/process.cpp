#include "native/bench/process.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace freehold::bench {

namespace {

/// The number behind `name` in a file of lines "name: number".
double number_in(const char* path, const char* name) {
  std::FILE* file = std::fopen(path, "r");
  if (file == nullptr) return 0;
  char line[256];
  double number = 0;
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, name, std::strlen(name)) == 0) {
      number = std::atof(line + std::strlen(name));
    }
  }
  std::fclose(file);
  return number;
}

}  // namespace

double rss_peak_mb() {
  return number_in("/proc/self/status", "VmHWM:") / 1024;
}
double rss_mb() {
  return number_in("/proc/self/status", "VmRSS:") / 1024;
}

void reset_rss_peak() {
  std::FILE* file = std::fopen("/proc/self/clear_refs", "w");
  if (file == nullptr) return;
  std::fputs("5", file);
  std::fclose(file);
}

double bytes_written() {
  return number_in("/proc/self/io", "wchar:");
}

}  // namespace freehold::bench
