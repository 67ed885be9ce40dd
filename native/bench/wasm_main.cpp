// The bench as a program for node: node build/wasm/freehold_bench.js [--n N] [--workloads
// W1,W2,...]
#include <cstdio>

#include "native/bench/run.hpp"

int main(int argc, char** argv) {
  using namespace freehold::bench;
  std::string n;
  std::string workloads;
  Trouble trouble;
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 == argc) {
      trouble = name + " wants a value";
    } else if (name == "--n") {
      n = argv[i + 1];
    } else if (name == "--workloads") {
      workloads = argv[i + 1];
    } else {
      trouble = "no such option: " + name;
    }
  }
  Options options;
  if (trouble.empty()) trouble = read_options(n, workloads, &options);
  if (!trouble.empty()) {
    std::fprintf(stderr, "freehold_bench: %s\n", trouble.c_str());
    return 2;
  }
  const Dataset data(options.n);
  return run_in_memory("freehold-wasm", "floor-wasm", options, data) ? 0 : 1;
}
