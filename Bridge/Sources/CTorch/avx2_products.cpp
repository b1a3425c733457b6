// The order in which a block of a product is walked on AVX2.
#include "avx2_products.hpp"

#include <ATen/Version.h>

#include <algorithm>

#if defined(__x86_64__)

#include "avx2_blocks.hpp"

namespace ct::avx2 {

namespace {

/// So few rows wait for the right operand, not for the arithmetic: it is read in the order in which it lies.
constexpr int64_t kFewRows = 128;
constexpr int64_t kFewDepths = 128, kDepths = 256, kColumns = 512;

/// `Count` rows across `columns` columns of one panel.
template <class Element, int Count> CT_AVX2_INLINE void across(Rows left, const Element *right, int64_t depth, Sums to, int64_t columns, const char *fetch) {
    // few rows need more columns for as many sums as hide the latency of a multiply-add
    constexpr int kVectors = Count > 3 ? 2 : Count > 1 ? 4 : kPanel<Element> / kWide;
    constexpr int64_t kStep = kPanel<Element> * kPair<Element>;
    int64_t done = 0;
    const auto at = [&] { return Sums{to.data + done, to.stride, to.adds}; };
    for (; done + kVectors * kWide <= columns; done += kVectors * kWide) {
        block<Element, Count, kVectors, false>(left, right + done * kPair<Element>, kStep, depth, at(), columns, fetch);
        if (fetch) fetch += depth / kPair<Element> * kVectors * kWide * 4;
    }
    for (; done < columns; done += 2 * kWide) {
        if (done + 2 * kWide <= columns) block<Element, Count, 2, false>(left, right + done * kPair<Element>, kStep, depth, at(), columns, nullptr);
        else block<Element, Count, 2, true>(left, right + done * kPair<Element>, kStep, depth, at(), columns - done, nullptr);
    }
}

template <class Element>
CT_AVX2 void multiply(
    LeftOperand<Element> a, int64_t rows, const RightOperand<Element> &b, int64_t from_depth, int64_t depth, int64_t from_column, int64_t columns,
    float *c, int64_t c_stride, bool add) {
    const bool is_few = rows <= kFewRows;
    const int64_t longest = is_few ? kFewDepths : kDepths, widest = is_few ? kPanel<Element> : kColumns;
    alignas(64) float expanded[kPair<Element> == 2 ? kRows * kDepths : 1];
    for (int64_t group = from_column, group_end; group < from_column + columns; group = group_end) {
        group_end = std::min(from_column + columns, (group / widest + 1) * widest);
        for (int64_t k = 0; k < depth; k += longest) {
            const int64_t run = std::min(longest, depth - k);
            for (int64_t row = 0, count; row < rows; row += count) {
                count = std::min<int64_t>(kRows, rows - row);
                Rows left;
                if constexpr (kPair<Element> == 1) left = {a.data + row * a.stride + k, a.stride};
                else {
                    for (int64_t r = 0; r < count; ++r) {
                        const auto *from = reinterpret_cast<const uint16_t *>(a.data + (row + r) * a.stride + k);
                        for (int64_t i = 0; i < run; i += kWide) {
                            const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(from + i)));
                            _mm256_store_ps(expanded + r * kDepths + i, _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16)));
                        }
                    }
                    left = {expanded, kDepths};
                }
                for (int64_t column = group, width; column < group_end; column += width) {
                    width = std::min(group_end - column, kPanel<Element> - column % kPanel<Element>);
                    const auto *right = b.at(from_depth + k, column);
                    const Sums to{c + row * c_stride + column - from_column, c_stride, add || k > 0};
                    // the first rows fetch what follows in the panel
                    const char *fetch = is_few && row == 0 ? reinterpret_cast<const char *>(right + run / kPair<Element> * b.stride) : nullptr;
                    switch (count) {
                    case 1: across<Element, 1>(left, right, run, to, width, fetch); break;
                    case 2: across<Element, 2>(left, right, run, to, width, fetch); break;
                    case 3: across<Element, 3>(left, right, run, to, width, fetch); break;
                    case 4: across<Element, 4>(left, right, run, to, width, fetch); break;
                    case 5: across<Element, 5>(left, right, run, to, width, fetch); break;
                    default: across<Element, kRows>(left, right, run, to, width, fetch); break;
                    }
                }
            }
        }
    }
}

} // namespace

bool is_used() {
    static const bool used = at::get_cpu_capability() == "AVX2" && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    return used;
}

void multiply_block(
    LeftOperand<float> a, int64_t rows, const RightOperand<float> &b, int64_t from_depth, int64_t depth, int64_t from_column, int64_t columns,
    float *c, int64_t c_stride, bool add) {
    multiply(a, rows, b, from_depth, depth, from_column, columns, c, c_stride, add);
}

void multiply_block(
    LeftOperand<at::BFloat16> a, int64_t rows, const RightOperand<at::BFloat16> &b, int64_t from_depth, int64_t depth, int64_t from_column,
    int64_t columns, float *c, int64_t c_stride, bool add) {
    multiply(a, rows, b, from_depth, depth, from_column, columns, c, c_stride, add);
}

} // namespace ct::avx2

#else

namespace ct::avx2 {

bool is_used() { return false; }

void multiply_block(LeftOperand<float>, int64_t, const RightOperand<float> &, int64_t, int64_t, int64_t, int64_t, float *, int64_t, bool) {
    TORCH_INTERNAL_ASSERT(false, "AVX2 on another processor");
}

void multiply_block(
    LeftOperand<at::BFloat16>, int64_t, const RightOperand<at::BFloat16> &, int64_t, int64_t, int64_t, int64_t, float *, int64_t, bool) {
    TORCH_INTERNAL_ASSERT(false, "AVX2 on another processor");
}

} // namespace ct::avx2

#endif
