// Vectors of AVX-512 with bfloat16: what passes that write operands share.
#pragma once

#include "amx.hpp"

#if CT_HAS_AMX

namespace ct::amx {

/// Transposes 16 x 16 words.
CT_AMX_INLINE void transpose(__m512i (&x)[16]) {
    __m512i y[16];
    for (int i = 0; i < 16; i += 2) {
        y[i] = _mm512_unpacklo_epi32(x[i], x[i + 1]);
        y[i + 1] = _mm512_unpackhi_epi32(x[i], x[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        x[i] = _mm512_unpacklo_epi64(y[i], y[i + 2]);
        x[i + 1] = _mm512_unpackhi_epi64(y[i], y[i + 2]);
        x[i + 2] = _mm512_unpacklo_epi64(y[i + 1], y[i + 3]);
        x[i + 3] = _mm512_unpackhi_epi64(y[i + 1], y[i + 3]);
    }
    for (int i = 0; i < 4; ++i) {
        y[i] = _mm512_shuffle_i32x4(x[i], x[i + 4], 0x88);
        y[i + 4] = _mm512_shuffle_i32x4(x[i], x[i + 4], 0xdd);
        y[i + 8] = _mm512_shuffle_i32x4(x[i + 8], x[i + 12], 0x88);
        y[i + 12] = _mm512_shuffle_i32x4(x[i + 8], x[i + 12], 0xdd);
    }
    for (int i = 0; i < 4; ++i) {
        x[i] = _mm512_shuffle_i32x4(y[i], y[i + 8], 0x88);
        x[i + 8] = _mm512_shuffle_i32x4(y[i], y[i + 8], 0xdd);
        x[i + 4] = _mm512_shuffle_i32x4(y[i + 4], y[i + 12], 0x88);
        x[i + 12] = _mm512_shuffle_i32x4(y[i + 4], y[i + 12], 0xdd);
    }
}

/// 32 values of a row from `column` on, 16 in each vector, zeros beyond `columns`.
CT_AMX_INLINE void load(const float *row, int64_t column, int64_t columns, __m512 &low, __m512 &high) {
    const int64_t rest = columns - column;
    if (rest >= 32) {
        low = _mm512_loadu_ps(row + column);
        high = _mm512_loadu_ps(row + column + 16);
        return;
    }
    const auto mask = [](int64_t count) { return static_cast<__mmask16>(count >= 16 ? 0xffff : count <= 0 ? 0 : (1u << count) - 1); };
    low = _mm512_maskz_loadu_ps(mask(rest), row + column);
    high = _mm512_maskz_loadu_ps(mask(rest - 16), row + column + 16);
}

/// The same as bfloat16, to nearest with ties to even; tiny numbers become zeros, as they do in the products.
CT_AMX_INLINE __m512i narrow(const float *row, int64_t column, int64_t columns) {
    __m512 low, high;
    load(row, column, columns, low, high);
    return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

/// 16 bfloat16 numbers as floats.
CT_AMX_INLINE __m512 widened(__m256i values) { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(values), 16)); }

/// What rounding 32 values leaves over, rounded likewise.
CT_AMX_INLINE __m512i rest(__m512 low, __m512 high, __m512i rounded) {
    const __m512 low_rest = _mm512_sub_ps(low, widened(_mm512_castsi512_si256(rounded)));
    const __m512 high_rest = _mm512_sub_ps(high, widened(_mm512_extracti64x4_epi64(rounded, 1)));
    return (__m512i)_mm512_cvtne2ps_pbh(high_rest, low_rest);
}
CT_AMX_INLINE __m512i narrow_rest(const float *row, int64_t column, int64_t columns) {
    __m512 low, high;
    load(row, column, columns, low, high);
    return rest(low, high, (__m512i)_mm512_cvtne2ps_pbh(high, low));
}

/// Words of 16 values of each of two rows, the first in the lower halves.
CT_AMX_INLINE __m512i pairs(__m256i first, __m256i second) {
    return _mm512_or_si512(_mm512_cvtepu16_epi32(first), _mm512_slli_epi32(_mm512_cvtepu16_epi32(second), 16));
}

/// The same of 32 values of each: words of the first 16, and of the others.
CT_AMX_INLINE void pairs(__m512i first, __m512i second, __m512i &low, __m512i &high) {
    low = pairs(_mm512_castsi512_si256(first), _mm512_castsi512_si256(second));
    high = pairs(_mm512_extracti64x4_epi64(first, 1), _mm512_extracti64x4_epi64(second, 1));
}

} // namespace ct::amx

#endif
