// The passes of packing.hpp that round, on processors with bfloat16 vectors.
#pragma once

#include "amx.hpp"
#include "packing.hpp"

#if CT_HAS_AMX

namespace ct::amx {

/// Whether this processor has the instructions.
bool has_vectors();

/// What rounding left over goes `low` elements on, unless that is 0.
void round_rows(Source x, at::BFloat16 *out, int64_t stride, int64_t low = 0);
void transpose_rows(Source x, at::BFloat16 *out, int64_t stride, int64_t low = 0);
void pack_transposed_panel(Source x, at::BFloat16 *out, int64_t low = 0);
void pack_panel(Source x, at::BFloat16 *out, int64_t low = 0);

} // namespace ct::amx

#endif
