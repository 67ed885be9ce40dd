/// The record of what a replica knows beside its head, as it is stored.
#pragma once

#include "native/replica/local_replica.hpp"

namespace freehold::native {

Bytes encode_about(const ReplicaAbout& about);
/// Fails with Errc::corrupt.
Result<ReplicaAbout> decode_about(ByteView record);

}  // namespace freehold::native
