#include "freehold/db/device.hpp"

namespace freehold {

Bytes encode(const DeviceRecord& record) {
  return encode_cbor(Map{{"n", Value(record.n)},
                         {"since", record::of(record.since)},
                         {"sinceRoot", record::of(record.since_root)},
                         {"root", record::of(record.root)},
                         {"invocation", Value(record.invocation)},
                         {"receipt", Value(record.receipt)},
                         {"checkpoint", Value(record.checkpoint)},
                         {"answered", record::of(record.answered)},
                         {"part", Value(record.is_part)},
                         {"nodes", Value(record.by_nodes)},
                         {"baseless", Value(record.is_baseless)},
                         {"edits", Value(record.edits)}});
}

Result<DeviceRecord> decode_device(ByteView bytes) {
  record::Reader in(bytes);
  DeviceRecord record;
  record.n = in.number("n");
  record.since = in.link("since");
  record.since_root = in.digest("sinceRoot");
  record.root = in.digest("root");
  record.invocation = in.link("invocation").value_or(Cid());
  record.receipt = in.bytes("receipt");
  record.checkpoint = in.link("checkpoint").value_or(Cid());
  record.answered = in.digest("answered");
  record.is_part = in.flag("part");
  record.by_nodes = in.flag("nodes");
  record.is_baseless = in.flag("baseless");
  record.edits = in.bytes("edits");
  return record::finish(in, std::move(record));
}

}  // namespace freehold
