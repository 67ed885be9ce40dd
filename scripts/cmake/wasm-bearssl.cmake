# BearSSL for wasm: just the check of an RSA PKCS#1 v1.5 signature (br_rsa_i31_pkcs1_vrfy), from the
# sources of Debian's package. The headers are <bearssl.h> and <bearssl/bearssl_rsa.h> in both worlds.

set(bearssl_source ${FREEHOLD_CACHE}/bearssl-0.6)
set(bearssl_headers ${CMAKE_BINARY_DIR}/bearssl-headers)
file(MAKE_DIRECTORY ${bearssl_headers})
file(CREATE_LINK ${bearssl_source}/inc ${bearssl_headers}/bearssl SYMBOLIC)
file(CREATE_LINK ${bearssl_source}/debian/bearssl.h ${bearssl_headers}/bearssl.h SYMBOLIC)

set(bearssl_files
  rsa/rsa_i31_pkcs1_vrfy.c
  rsa/rsa_i31_pub.c
  rsa/rsa_pkcs1_sig_unpad.c
  rsa/rsa_pkcs1_sig_pad.c
  int/i31_add.c
  int/i31_bitlen.c
  int/i31_decmod.c
  int/i31_decode.c
  int/i31_encode.c
  int/i31_fmont.c
  int/i31_modpow2.c
  int/i31_montmul.c
  int/i31_muladd.c
  int/i31_ninv31.c
  int/i31_sub.c
  int/i31_tmont.c
  int/i32_div32.c
  codec/ccopy.c)
list(TRANSFORM bearssl_files PREPEND ${bearssl_source}/src/)

add_library(bearssl_rsa STATIC ${bearssl_files})
add_library(bearssl::bearssl ALIAS bearssl_rsa)
target_include_directories(bearssl_rsa SYSTEM PUBLIC ${bearssl_headers} PRIVATE
  ${bearssl_source}/inc ${bearssl_source}/src)
target_compile_options(bearssl_rsa PRIVATE -w)
