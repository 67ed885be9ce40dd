# For find_package(freehold): the target freehold::core and what it links.
set(EMSCRIPTEN OFF)
include(${CMAKE_CURRENT_LIST_DIR}/dependencies.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/freehold-targets.cmake)
