// Which kernel multiplies matrices: the precision the caller chose for this thread, and what this machine can run.
#pragma once

#include "ctorch.h"

namespace ct {

/// How the products of linear layers and of the policy head are computed. Results and accumulation are float32 throughout.
enum class Kernel {
    blas,           // libtorch's BLAS on float32 operands
    rounded_blas,   // the same on operands rounded to bfloat16: right, not fast
    float_tiles,    // packed float32 operands: brgemm with AVX-512, or AVX2
    bfloat16_tiles, // packed bfloat16 operands: AMX tiles, brgemm with AVX-512 BF16, or AVX2
    split_tiles,    // operands split into two bfloat16 parts, three products: AMX tiles
};

/// The kernel of the present thread's precision.
Kernel product_kernel();

/// Whether BLAS computes a float32 layer of so many rows faster than float_tiles: Intel's library does on Intel's processors once
/// there is enough to reuse, or a backward pass that would have to pack. Elsewhere tiles are faster throughout.
bool blas_is_faster(int64_t rows, bool differentiates);

} // namespace ct
