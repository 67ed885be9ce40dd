# Toolchain file of the wasm preset: the Emscripten that scripts/get-emscripten.sh has unpacked.

# Remembered, because neither the environment nor this variable reaches every later run of CMake.
if(NOT DEFINED FREEHOLD_CACHE)
  if(DEFINED ENV{FREEHOLD_CACHE})
    set(FREEHOLD_CACHE "$ENV{FREEHOLD_CACHE}")
  else()
    set(FREEHOLD_CACHE "$ENV{HOME}/.cache/freehold")
  endif()
endif()
set(FREEHOLD_CACHE "${FREEHOLD_CACHE}" CACHE PATH "Where scripts/setup.sh keeps what it fetched")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES FREEHOLD_CACHE)

set(EMSCRIPTEN_ROOT_PATH "${FREEHOLD_CACHE}/emscripten/usr/share/emscripten")
if(NOT EXISTS "${FREEHOLD_CACHE}/emscripten/.done")
  message(FATAL_ERROR "No Emscripten in ${FREEHOLD_CACHE}: run scripts/setup.sh first")
endif()
include("${EMSCRIPTEN_ROOT_PATH}/cmake/Modules/Platform/Emscripten.cmake")
