// The program `freehold`.
#include <csignal>
#include <cstdio>
#include <exception>

#include "native/cli/command.hpp"

int main(int count, char** words) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that is gone is an error of that write, no more
  try {
    return freehold::native::run_program({words + 1, words + count});
  } catch (const std::exception& error) {  // Boost's, or no memory: nothing of ours throws
    std::fprintf(stderr, "freehold: %s\n", error.what());
    return 1;
  }
}
