// Matrix products by tiles: float32 results of operands packed as float32, bfloat16 or split. AMX where the processor has it, brgemm
// where it has AVX-512, else our own blocks of AVX2.
//
// Every element of a result is one sum over the depth in a fixed order (in runs of kDepthRun), whichever thread computes it.
#pragma once

#include <ATen/native/CPUBlas.h>

#include <optional>
#include <span>

#include "amx_products.hpp"
#include "avx2_products.hpp"

namespace ct {

constexpr int64_t kDepthRun = 2048;

/// Tasks per thread that are worth starting one, from what a task computes and reads; `is_narrow` for bfloat16 products.
int64_t grain(double operations, double bytes, bool is_narrow);

/// Tiles belong to the thread; other code that uses them must find them released.
template <class Element> class TileScope {
public:
    TileScope() {
#if CT_HAS_AMX
        if constexpr (kPair<Element> == 2)
            if (amx::is_available()) tiles_.emplace();
#endif
    }
    ~TileScope() {
        if constexpr (kPair<Element> == 2)
            if (!has_tiles() && !avx2::is_used()) at::native::cpublas::brgemm_release(true);
    }

private:
#if CT_HAS_AMX
    bool has_tiles() const { return tiles_.has_value(); }
    std::optional<amx::TileScope> tiles_;
#else
    bool has_tiles() const { return false; }
#endif
};

/// c [rows, columns] = a [rows, depth] b[from_depth ..., from_column ...], added to c if `add`. On the calling thread, in a TileScope.
template <class Element>
void multiply_block(
    LeftOperand<Element> a, int64_t rows, const RightOperand<Element> &b, int64_t from_depth, int64_t depth, int64_t from_column,
    int64_t columns, float *c, int64_t c_stride, bool add) {
    const int64_t padded = padded_depth<Element>(depth);
#if CT_HAS_AMX
    if constexpr (kPair<Element> == 2) {
        if (amx::is_available()) {
            const auto left = amx::operand(a.data, a.stride), right = amx::operand(b.at(from_depth, 0), b.panel_stride);
            return amx::multiply_block(left, rows, right, padded, from_column, columns, c, c_stride, add);
        }
    }
#endif
    if constexpr (Elements<Element>::parts == 1) {
        if (avx2::is_used()) return avx2::multiply_block(a, rows, b, from_depth, padded, from_column, columns, c, c_stride, add);
        // brgemm compiles a kernel for every shape it meets: whole blocks of 16 rows and a rest keep them few
        const int64_t whole = rows / 16 * 16;
        for (int64_t done = 0, width; done < columns; done += width) {
            const int64_t column = from_column + done;
            width = std::min(columns - done, kPanel<Element> - column % kPanel<Element>);
            const auto run = [&](LeftOperand<Element> part, int64_t count, float *to) {
                at::native::cpublas::brgemm(
                    count, width, padded, part.stride, b.leading(), c_stride, add, part.data, b.at(from_depth, column), to, kPair<Element> == 2);
            };
            if (whole > 0) run(a, whole, c + done);
            if (rows > whole) run(a.from_row(whole), rows - whole, c + whole * c_stride + done);
        }
    } else {
        TORCH_INTERNAL_ASSERT(false, "split operands without AMX");
    }
}

/// One product among several of the same left operand: c [rows, b.width] = a b, plus `bias` [b.width] if given.
template <class Element> struct Target {
    RightOperand<Element> b;
    const float *bias;
    float *c;
};

/// All targets, or added to what they hold if `adds`, in one parallel loop; the depth of all is the same.
void multiply(LeftOperand<float> a, int64_t rows, std::span<const Target<float>> targets, bool adds = false);
void multiply(LeftOperand<at::BFloat16> a, int64_t rows, std::span<const Target<at::BFloat16>> targets, bool adds = false);
void multiply(LeftOperand<Split> a, int64_t rows, std::span<const Target<Split>> targets, bool adds = false);

/// c [rows, b.width] = a b, plus `bias` [b.width] if given. In parallel.
template <class Element> void multiply(LeftOperand<Element> a, int64_t rows, const RightOperand<Element> &b, const float *bias, float *c) {
    const Target<Element> target{b, bias, c};
    multiply(a, rows, std::span(&target, 1));
}

/// A matrix as an operand, with the memory it needs.
template <class Element> struct PackedLeft {
    at::Tensor memory;
    LeftOperand<Element> operand;
};
template <class Element> struct PackedRight {
    at::Tensor memory;
    RightOperand<Element> operand;
};

/// x as left operand; x^T as left operand; x as right operand; x^T as right operand. x is a contiguous float32 matrix.
template <class Element> PackedLeft<Element> left(const at::Tensor &x);
template <class Element> PackedLeft<Element> left_transposed(const at::Tensor &x);
template <class Element> PackedRight<Element> right(const at::Tensor &x);
template <class Element> PackedRight<Element> right_transposed(const at::Tensor &x);

} // namespace ct
