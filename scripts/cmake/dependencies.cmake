# The libraries that core/ uses, under the same names in both worlds: natively Debian's packages, in
# wasm the same headers and sources, compiled here.
#
#   tl::expected  xxhash::xxhash  sodium::sodium  bearssl::bearssl
#   only natively: OpenSSL::Crypto; only in wasm: Catch2::Catch2, which tests/ finds natively

add_library(xxhash::xxhash INTERFACE IMPORTED)
target_compile_definitions(xxhash::xxhash INTERFACE XXH_INLINE_ALL=1)  # header only

if(EMSCRIPTEN)
  # Never give em++ /usr/include: it would take glibc's headers. So a folder of links to just these.
  set(host_headers ${CMAKE_BINARY_DIR}/host-headers)
  file(MAKE_DIRECTORY ${host_headers})
  foreach(name tl xxhash.h catch2)
    file(CREATE_LINK /usr/include/${name} ${host_headers}/${name} SYMBOLIC)
  endforeach()
  foreach(target tl::expected Catch2::Catch2)
    add_library(${target} INTERFACE IMPORTED)
    target_include_directories(${target} SYSTEM INTERFACE ${host_headers})
  endforeach()
  target_include_directories(xxhash::xxhash SYSTEM INTERFACE ${host_headers})
  include(wasm-sodium)
  include(wasm-bearssl)
else()
  find_package(OpenSSL REQUIRED COMPONENTS Crypto)
  find_package(tl-expected REQUIRED)

  foreach(library sodium bearssl)
    find_library(${library}_LIBRARY ${library} REQUIRED)
    add_library(${library}::${library} UNKNOWN IMPORTED)
    set_target_properties(${library}::${library} PROPERTIES
      IMPORTED_LOCATION ${${library}_LIBRARY})
  endforeach()
endif()
