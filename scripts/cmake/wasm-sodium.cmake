# libsodium for wasm: just Ed25519, SHA-256, SipHash and what these need, from Debian's sources.

set(sodium_source ${FREEHOLD_CACHE}/libsodium-1.0.18/src/libsodium)
set(sodium_headers ${CMAKE_BINARY_DIR}/sodium-headers)

set(VERSION 1.0.18)
set(SODIUM_LIBRARY_VERSION_MAJOR 10)
set(SODIUM_LIBRARY_VERSION_MINOR 3)
set(SODIUM_LIBRARY_MINIMAL_DEF "")
configure_file(${sodium_source}/include/sodium/version.h.in ${sodium_headers}/sodium/version.h
  @ONLY)
file(COPY ${sodium_source}/include/ DESTINATION ${sodium_headers} PATTERN *.in EXCLUDE)

set(sodium_files
  crypto_sign/crypto_sign.c
  crypto_sign/ed25519/sign_ed25519.c
  crypto_sign/ed25519/ref10/keypair.c
  crypto_sign/ed25519/ref10/open.c
  crypto_sign/ed25519/ref10/sign.c
  crypto_core/ed25519/ref10/ed25519_ref10.c
  crypto_hash/sha256/hash_sha256.c
  crypto_hash/sha256/cp/hash_sha256_cp.c
  crypto_hash/sha512/hash_sha512.c
  crypto_hash/sha512/cp/hash_sha512_cp.c
  crypto_shorthash/crypto_shorthash.c
  crypto_shorthash/siphash24/ref/shorthash_siphash24_ref.c
  crypto_verify/sodium/verify.c
  sodium/utils.c)
list(TRANSFORM sodium_files PREPEND ${sodium_source}/)

add_library(sodium STATIC ${sodium_files}
  ${CMAKE_CURRENT_LIST_DIR}/wasm-sodium-base.c ${CMAKE_CURRENT_LIST_DIR}/wasm-sodium-host.c)
# wasm-sodium-base.c has another; this one, and its table, the linker then leaves out.
set_source_files_properties(${sodium_source}/crypto_core/ed25519/ref10/ed25519_ref10.c PROPERTIES
  COMPILE_DEFINITIONS ge25519_scalarmult_base=ge25519_scalarmult_base_by_table)
add_library(sodium::sodium ALIAS sodium)
target_include_directories(sodium SYSTEM PUBLIC ${sodium_headers} PRIVATE ${sodium_headers}/sodium)
target_compile_definitions(sodium
  PUBLIC SODIUM_STATIC=1
  PRIVATE CONFIGURED=1 HAVE_STDINT_H=1 HAVE_INTTYPES_H=1 NATIVE_LITTLE_ENDIAN=1 HAVE_WEAK_SYMBOLS=1)
# For size: signatures take a tenth longer. But SHA-256, of which all blocks are made, would be six
# times slower. Not HAVE_TI_MODE: 128-bit products are slow in wasm.
target_compile_options(sodium PRIVATE -w -Oz)
set_source_files_properties(${sodium_source}/crypto_hash/sha256/cp/hash_sha256_cp.c PROPERTIES
  COMPILE_OPTIONS -O3)
