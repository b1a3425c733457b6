// A block of a product on AVX2 vectors, of operands as packing.hpp lays them out: for processors without AVX-512.
#pragma once

#include "packing.hpp"

namespace ct::avx2 {

/// Whether float32 and bfloat16 products are computed here: libtorch found AVX2 and no AVX-512.
bool is_used();

/// c [rows, columns] = a [rows, depth] b [from_depth ..., from_column ...], added to c if `add`; bfloat16 depths in whole pairs.
void multiply_block(
    LeftOperand<float> a, int64_t rows, const RightOperand<float> &b, int64_t from_depth, int64_t depth, int64_t from_column, int64_t columns,
    float *c, int64_t c_stride, bool add);
void multiply_block(
    LeftOperand<at::BFloat16> a, int64_t rows, const RightOperand<at::BFloat16> &b, int64_t from_depth, int64_t depth, int64_t from_column,
    int64_t columns, float *c, int64_t c_stride, bool add);

/// c [a.columns, b.columns] = a^T b of two matrices with as many rows, in parallel.
void multiply_transposed(Source a, Source b, float *c);

} // namespace ct::avx2
