/// Agent messages: invocations one way, receipts the other. Source: protocol.md section 3.
#pragma once

#include "freehold/codec/car.hpp"
#include "freehold/ucan/receipt.hpp"

namespace freehold {

struct Message {
  Cid root;                                         // of the message block
  std::vector<Cid> execute;                         // invocations
  std::vector<std::pair<std::string, Cid>> report;  // task (CID text) -> receipt
  MemoryStore blocks;                               // all that came in the CAR

  /// The receipt of `task`, if reported and there. Errc::malformed if it is none.
  Result<std::optional<Receipt>> receipt_of(const Cid& task) const;
};

/// The CAR of a message: `blocks` in this order without repetitions, the message block last. They
/// are all that travels: what is listed in `execute` and `report` has to be among them.
Bytes encode_message(std::span<const Cid> execute, std::span<const Receipt> report,
                     std::span<const Block> blocks);

/// Reads a message and checks the hash of every block. Errc::malformed (what the server answers
/// with status 400), Errc::limit.
Result<Message> decode_message(ByteView car);

}  // namespace freehold
