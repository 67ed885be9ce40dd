# How things are compiled and linked, as targets:
#   freehold::build     what all objects and links must share (sanitizers, linker); freehold::core
#                       brings it along
#   freehold::warnings  for our own code; link it PRIVATE
# and ccache in front of the compiler, if the machine has it. It learns from the compiler what a file
# includes (CCACHE_DEPEND), so that what it does not know is not preprocessed once more.

find_program(FREEHOLD_CCACHE ccache)
if(FREEHOLD_CCACHE)
  set(with_ccache env CCACHE_DEPEND=1 ${FREEHOLD_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${with_ccache})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${with_ccache})
endif()

add_library(freehold_build INTERFACE)
add_library(freehold::build ALIAS freehold_build)
target_compile_features(freehold_build INTERFACE cxx_std_20)
if(FREEHOLD_SANITIZE)
  target_compile_options(freehold_build INTERFACE
    -fsanitize=${FREEHOLD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(freehold_build INTERFACE -fsanitize=${FREEHOLD_SANITIZE})
  target_compile_definitions(freehold_build INTERFACE _GLIBCXX_ASSERTIONS)  # indexes in bounds
endif()
if(NOT EMSCRIPTEN)
  find_program(FREEHOLD_MOLD mold)
  if(FREEHOLD_MOLD)
    target_link_options(freehold_build INTERFACE -fuse-ld=mold)
  endif()
endif()

add_library(freehold_warnings INTERFACE)
add_library(freehold::warnings ALIAS freehold_warnings)
target_compile_options(freehold_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
  # g++ 12 sees these in std::string (its bug 105651) and in std::optional (105562), where are none.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict;-Wno-maybe-uninitialized>
  # libstdc++'s own stable_sort uses what it has deprecated.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)
