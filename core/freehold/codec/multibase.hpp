/// Multibase lies in base/, since CIDs are written with it; this is its old place.
#pragma once

#include "freehold/base/multibase.hpp"
