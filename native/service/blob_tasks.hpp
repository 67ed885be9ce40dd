/// The tasks that an upload is made of, and what concludes them (protocol.md section 10). The
/// service is its own storage node.
#pragma once

#include "native/service/turn.hpp"

namespace freehold::native {

struct BlobTerms {
  Did space;
  Bytes multihash;
  Digest digest{};
  std::uint64_t size = 0;
  Cid cause;  // the space/blob/add
};

/// Allocate, put, accept. They follow from the terms alone: made again they are the same.
struct BlobTasks {
  Ucan allocate;
  Ucan put;
  Ucan accept;
};
Result<BlobTasks> tasks_of(const Tenant& tenant, const BlobTerms& terms);

/// So that a receipt of http/put is known when it comes.
void expect_put(KvTransaction& kv, const Did& tenant, const BlobTerms& terms,
                const BlobTasks& tasks);
/// Signed by the key that follows from the blob? It proves nothing, but others have no say.
bool is_by_blob_key(const Receipt& receipt, ByteView multihash);

/// ucan/conclude of a receipt by the service itself, and the blocks that it names.
void conclude_inline(const Tenant& tenant, const Answer& answer, Outcome* outcome);

/// ok of blob/allocate, with the address for the bytes unless they are here.
Answer answer_allocation(const Tenant& tenant, const Ucan& allocate, const BlobRecord& record,
                         std::uint64_t reserved, const std::optional<std::string>& url);
/// ok of http/put, by the key that whoever has the bytes can derive.
Result<Answer> answer_put(const BlobTerms& terms, const Ucan& put);
/// ok of blob/accept, with the location commitment.
Answer answer_acceptance(const Tenant& tenant, const BlobTerms& terms, const Ucan& accept,
                         const std::string& public_url);

/// Whether the tree still wants to hear of an upload: nobody deleted what started it.
Result<bool> is_upload_wanted(const Space& space, const BlobTerms& terms, const Did& tenant);

}  // namespace freehold::native
