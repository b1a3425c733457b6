// The sums of one tile of logits per row, on any device: what the policy head keeps of a tile before the next one replaces it.
//
// Row 0 is the tile's maximum m of the tempered logits (-inf if all are), rows 1 to 9 are sum e, e u, e u^2, e^2, e^2 u, e^2 u^2, e^3,
// e^3 u, e^3 u^2 with u = z / T - m and e = exp(u), where the three sums without u leave one entry at the maximum out.
#pragma once

#include <ATen/ATen.h>

namespace ct {

constexpr int64_t kTileSums = 10;

/// z [n, count] with contiguous rows -> `out` [kTileSums, n] with contiguous rows, in z's type; `scale` is 1 / temperature. Takes the
/// fused kernel on a GPU where it could be compiled, else libtorch's operators.
void reduce_tile(const at::Tensor &z, double scale, const at::Tensor &out);

/// The fused kernel (tile_reduction_cuda.cpp); false where there is none.
bool reduce_tile_fused(const at::Tensor &z, double scale, const at::Tensor &out);

/// The state of whole rows, double [kTileSums, n], from the sums of their tiles [kTileSums, tiles, n].
at::Tensor merge_tiles(const at::Tensor &sums);

/// Statistics float32 [CT_STAT_ROWS, n] of tokens with the tempered logits `logit` [n], from the state of their rows.
at::Tensor finish_rows(const at::Tensor &state, const at::Tensor &logit);

} // namespace ct
