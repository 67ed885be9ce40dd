// The program `freehold`.
#include <csignal>
#include <cstdio>
#include <exception>

#include "native/cli/command.hpp"
#include "native/storage/hash_thread.hpp"

int main(int count, char** words) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that is gone is an error of that write, no more
  try {
    freehold::native::HashThread hashes;
    return freehold::native::run_program({words + 1, words + count});
  } catch (const std::exception& error) {  // Boost's, or no memory: nothing of ours throws
    std::fprintf(stderr, "freehold: %s\n", error.what());
    return 1;
  }
}
