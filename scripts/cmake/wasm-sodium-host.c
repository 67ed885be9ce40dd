/* What libsodium asks of its host, in wasm: entropy, which Emscripten's getentropy takes from
 * crypto.getRandomValues, and a way to stop. Stands in for its randombytes.c and core.c. */
#include <stdlib.h>
#include <unistd.h>

#include "core.h"
#include "randombytes.h"

enum { getentropy_bytes_max = 256 };

void randombytes_buf(void* const bytes, const size_t size) {
  unsigned char* next = bytes;
  size_t left = size;
  while (left > 0) {
    const size_t part = left < getentropy_bytes_max ? left : getentropy_bytes_max;
    if (getentropy(next, part) != 0) abort();
    next += part;
    left -= part;
  }
}

void sodium_misuse(void) {
  abort();
}

int sodium_init(void) {
  return 0;
} /* nothing to choose: there is one implementation of each */
