// Catch2's own main, compiled apart because it takes long.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
