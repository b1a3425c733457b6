// Register blocks of AVX2, and the order in which a block of a product is walked.
#include "avx2_products.hpp"

#include <ATen/Version.h>

#include <algorithm>

#if defined(__x86_64__)

#include <immintrin.h>

#define CT_AVX2 __attribute__((target("avx2,fma")))
#define CT_AVX2_INLINE inline __attribute__((always_inline)) CT_AVX2

namespace ct::avx2 {

namespace {

/// Floats of a vector.
constexpr int kWide = 8;
/// Rows of a register block: with two vectors twelve of the sixteen registers are sums.
constexpr int kRows = 6;
/// So few rows wait for the right operand, not for the arithmetic: it is read in the order in which it lies.
constexpr int64_t kFewRows = 128;
constexpr int64_t kFewDepths = 128, kDepths = 256, kColumns = 512;

/// Rows of the left operand, as floats.
struct Rows {
    const float *data;
    int64_t stride;
};

/// Where a register block's sums go, and whether they go on from what lies there.
struct Sums {
    float *data;
    int64_t stride;
    bool adds;
};

/// Lanes of the first `columns` of a vector.
CT_AVX2_INLINE __m256i lanes_of(int64_t columns) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(columns)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/// `Count` rows by `Vectors` vectors of columns, the sums of `depth` depths in order. `right` lies in a panel of `Element`.
template <class Element, int Count, int Vectors, bool is_partial>
CT_AVX2_INLINE void block(Rows left, const Element *right, int64_t depth, Sums to, int64_t columns, const char *fetch) {
    constexpr int64_t pair = kPair<Element>, step = kPanel<Element> * pair;
    __m256 sum[Count][Vectors];
    __m256i mask[Vectors];
    if constexpr (is_partial)
        for (int v = 0; v < Vectors; ++v) mask[v] = lanes_of(columns - v * kWide);
    for (int r = 0; r < Count; ++r)
        for (int v = 0; v < Vectors; ++v) {
            const float *from = to.data + r * to.stride + v * kWide;
            if (!to.adds) sum[r][v] = _mm256_setzero_ps();
            else if constexpr (is_partial) sum[r][v] = _mm256_maskload_ps(from, mask[v]);
            else sum[r][v] = _mm256_loadu_ps(from);
        }
    const auto load = [&](const Element *from, int v) CT_AVX2 __attribute__((always_inline)) {
        const auto *place = reinterpret_cast<const int *>(from + v * kWide * pair);
        if constexpr (is_partial) return _mm256_maskload_epi32(place, mask[v]);
        else return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(place));
    };
    for (int64_t k = 0; k < depth; k += pair, right += step) {
        if (fetch)
            for (int line = 0; line < Vectors * kWide * 4; line += 64, fetch += 64) _mm_prefetch(fetch, _MM_HINT_T1);
        if constexpr (pair == 1) {
            __m256 b[Vectors];
            for (int v = 0; v < Vectors; ++v) b[v] = _mm256_castsi256_ps(load(right, v));
            for (int r = 0; r < Count; ++r) {
                const __m256 a = _mm256_broadcast_ss(left.data + r * left.stride + k);
                for (int v = 0; v < Vectors; ++v) sum[r][v] = _mm256_fmadd_ps(a, b[v], sum[r][v]);
            }
        } else {
            // a bfloat16 is the upper half of a float: of two depths side by side, the first is shifted up and the second lies there
            for (int second = 0; second < 2; ++second) {
                __m256 b[Vectors];
                for (int v = 0; v < Vectors; ++v) {
                    const __m256i both = load(right, v);
                    b[v] = _mm256_castsi256_ps(second ? _mm256_and_si256(both, _mm256_set1_epi32(static_cast<int>(0xffff0000))) : _mm256_slli_epi32(both, 16));
                }
                for (int r = 0; r < Count; ++r) {
                    const __m256 a = _mm256_broadcast_ss(left.data + r * left.stride + k + second);
                    for (int v = 0; v < Vectors; ++v) sum[r][v] = _mm256_fmadd_ps(a, b[v], sum[r][v]);
                }
                // read again: sixteen registers do not hold both depths beside the sums
                __asm__ volatile("" ::: "memory");
            }
        }
    }
    for (int r = 0; r < Count; ++r)
        for (int v = 0; v < Vectors; ++v) {
            float *place = to.data + r * to.stride + v * kWide;
            if constexpr (is_partial) _mm256_maskstore_ps(place, mask[v], sum[r][v]);
            else _mm256_storeu_ps(place, sum[r][v]);
        }
}

/// `Count` rows across `columns` columns of one panel.
template <class Element, int Count> CT_AVX2_INLINE void across(Rows left, const Element *right, int64_t depth, Sums to, int64_t columns, const char *fetch) {
    // few rows need more columns for as many sums as hide the latency of a multiply-add
    constexpr int kVectors = Count > 3 ? 2 : Count > 1 ? 4 : kPanel<Element> / kWide;
    int64_t done = 0;
    const auto at = [&] { return Sums{to.data + done, to.stride, to.adds}; };
    for (; done + kVectors * kWide <= columns; done += kVectors * kWide) {
        block<Element, Count, kVectors, false>(left, right + done * kPair<Element>, depth, at(), columns, fetch);
        if (fetch) fetch += depth / kPair<Element> * kVectors * kWide * 4;
    }
    for (; done < columns; done += 2 * kWide) {
        if (done + 2 * kWide <= columns) block<Element, Count, 2, false>(left, right + done * kPair<Element>, depth, at(), columns, nullptr);
        else block<Element, Count, 2, true>(left, right + done * kPair<Element>, depth, at(), columns - done, nullptr);
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
