// Register blocks of AVX2: a few rows by a few vectors of columns, whose sums stay in registers over the depth.
#pragma once

#include "packing.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#define CT_AVX2 __attribute__((target("avx2,fma")))
#define CT_AVX2_INLINE inline __attribute__((always_inline)) CT_AVX2

namespace ct::avx2 {

/// Floats of a vector.
constexpr int kWide = 8;
/// Rows of a register block: with two vectors twelve of the sixteen registers are sums.
constexpr int kRows = 6;

/// A left operand whose rows are contiguous.
struct Rows {
    const float *data;
    int64_t stride;

    CT_AVX2_INLINE const float *at(int row, int64_t depth) const { return data + row * stride + depth; }
};

/// One of `Count` rows whose elements of one depth are contiguous.
template <int Count> struct Depths {
    const float *data;

    CT_AVX2_INLINE const float *at(int row, int64_t depth) const { return data + depth * Count + row; }
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

/// `Count` rows by `Vectors` vectors of columns, the sums of `depth` depths in order. Depths of `right`, or pairs of them, lie `step` apart.
template <class Element, int Count, int Vectors, bool is_partial, class Left>
CT_AVX2_INLINE void block(Left left, const Element *right, int64_t step, int64_t depth, Sums to, int64_t columns, const char *fetch) {
    constexpr int64_t pair = kPair<Element>;
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
                const __m256 a = _mm256_broadcast_ss(left.at(r, k));
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
                    const __m256 a = _mm256_broadcast_ss(left.at(r, k + second));
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

} // namespace ct::avx2

#endif
