// What of the C++ library is larger than what it is used for.
#include <unordered_map>

// libc++ looks for a prime with a table and a wheel, 1.5 KB of code. Its hash tables take any
// number, and the keys of ours are cryptographic hashes, of which the lowest bits do.
std::size_t std::__next_prime(std::size_t n) {
  std::size_t power = 2;
  while (power < n) power *= 2;
  return power;
}
