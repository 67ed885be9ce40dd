/* Multiples of Ed25519's base point without libsodium's table of them: that is 30 KB which no
 * compression makes smaller, in a module of 150. Signing takes about three times as long without
 * it; a device signs a few times a sync. Verifying never used the table. */
#include "private/ed25519_ref10.h"

/* The base point as it is encoded everywhere: y = 4/5, x even. */
static const unsigned char base_point[32] = {
    0x58, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
    0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
};

/* Constant in time, like the one that it replaces: libsodium's own for any point. */
void ge25519_scalarmult_base(ge25519_p3* h, const unsigned char* a) {
  ge25519_p3 base;
  ge25519_frombytes(&base, base_point);
  ge25519_scalarmult(h, a, &base);
}
