// CUDA kernels of the bridge run on the host, lane by lane, for tests: their source text is the one a GPU's compiler gets.
#ifndef KERNEL_EMULATION_H
#define KERNEL_EMULATION_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// `tile_sums` (CTorch/tile_reduction_kernel.hpp) with one block of `threads` lanes, whole warps of 32, per row of z [rows, count], whose
/// rows lie `stride` apart -> out [10, rows]. Returns 0 where the host could not make the lanes.
int32_t emulate_tile_sums(const float *z, int64_t rows, int64_t stride, int32_t count, float scale, int32_t threads, float *out);

#ifdef __cplusplus
}
#endif
#endif
