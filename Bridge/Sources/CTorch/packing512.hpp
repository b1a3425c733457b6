// The passes of packing.hpp that round, on processors with bfloat16 vectors.
#pragma once

#include "amx.hpp"
#include "packing.hpp"

#if CT_HAS_AMX

namespace ct::amx {

/// Whether this processor has the instructions.
bool has_vectors();

void round_rows(Source x, at::BFloat16 *out, int64_t stride);
void transpose_rows(Source x, at::BFloat16 *out, int64_t stride);
void pack_transposed_panel(Source x, at::BFloat16 *out);
void pack_panel(Source x, at::BFloat16 *out);

} // namespace ct::amx

#endif
