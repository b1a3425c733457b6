// Activations 32 numbers at a time, and their gradients in blocks of 32 x 32 that are transposed and paired before they leave the cache.
#include "activations512.hpp"

#if CT_HAS_AMX

#include "lanes.hpp"
#include "vectors512.hpp"

namespace ct::amx {

namespace {

/// Two vectors: 32 numbers of a row.
struct Pair {
    __m512 low, high;
};

/// 1 / (1 + e^-x); 0 and 1 to rounding beyond 87.
CT_AMX_INLINE __m512 sigmoid(__m512 x) {
    // in this order of operands a NaN stays one
    const __m512 negated = _mm512_max_ps(_mm512_set1_ps(-87), _mm512_min_ps(_mm512_set1_ps(87), _mm512_sub_ps(_mm512_setzero_ps(), x)));
    __m512 e;
    exponential(negated, e);
    // one step of Newton's takes the estimate from 14 bits to float32's
    const __m512 d = _mm512_add_ps(_mm512_set1_ps(1), e), estimate = _mm512_rcp14_ps(d);
    return _mm512_mul_ps(estimate, _mm512_fnmadd_ps(d, estimate, _mm512_set1_ps(2)));
}

/// Rounds x as what is kept of it is rounded, and keeps it.
CT_AMX_INLINE void keep(Pair &x, uint16_t *to) {
    const auto rounded = (__m512i)_mm512_cvtne2ps_pbh(x.high, x.low);
    if (to) _mm512_storeu_si512(to, rounded);
    x = {widened(_mm512_castsi512_si256(rounded)), widened(_mm512_extracti64x4_epi64(rounded, 1))};
}
CT_AMX_INLINE void keep(Pair &x, float *to) {
    if (!to) return;
    _mm512_storeu_ps(to, x.low);
    _mm512_storeu_ps(to + 16, x.high);
}

CT_AMX_INLINE Pair kept(const uint16_t *from) {
    const __m512i values = _mm512_loadu_si512(from);
    return {widened(_mm512_castsi512_si256(values)), widened(_mm512_extracti64x4_epi64(values, 1))};
}
CT_AMX_INLINE Pair kept(const float *from) { return {_mm512_loadu_ps(from), _mm512_loadu_ps(from + 16)}; }

/// The first `count` of 32 numbers, zeros after them.
CT_AMX_INLINE Pair first(Pair x, int64_t count) {
    if (count >= 32) return x;
    const auto mask = static_cast<uint32_t>((uint64_t{1} << count) - 1);
    return {_mm512_maskz_mov_ps(static_cast<__mmask16>(mask), x.low), _mm512_maskz_mov_ps(static_cast<__mmask16>(mask >> 16), x.high)};
}

/// The rounded values, and what rounding them left over.
struct Rounded {
    __m512i parts[2];

    CT_AMX_INLINE Rounded(Pair x, int count) {
        parts[0] = (__m512i)_mm512_cvtne2ps_pbh(x.high, x.low);
        parts[1] = count == 2 ? rest(x.low, x.high, parts[0]) : _mm512_setzero_si512();
    }
};

template <class Kept> CT_AMX void activate_rows(Chunk x, Rows<Kept *> kept_gate, Kept *kept_up, at::BFloat16 *h, int64_t h_stride, int64_t low) {
    const int parts = low == 0 ? 1 : 2;
    for (int64_t row = 0; row < x.rows; ++row)
        for (int64_t column = 0; column < x.count; column += 32) {
            const int64_t at = row * x.stride + column, keeps = row * kept_gate.stride + column;
            Pair gate = kept(x.gate + at), up = kept(x.up + at);
            keep(gate, kept_gate.data ? kept_gate.data + keeps : nullptr);
            keep(up, kept_up ? kept_up + keeps : nullptr);
            const Pair joined{
                _mm512_mul_ps(_mm512_mul_ps(gate.low, sigmoid(gate.low)), up.low),
                _mm512_mul_ps(_mm512_mul_ps(gate.high, sigmoid(gate.high)), up.high)};
            const Rounded rounded(first(joined, x.count - column), parts);
            for (int part = 0; part < parts; ++part) _mm512_storeu_si512(h + row * h_stride + column + part * low, rounded.parts[part]);
        }
}

/// One vector's gradients, and h.
CT_AMX_INLINE void differentiate(__m512 g, __m512 u, __m512 dh, __m512 &d_gate, __m512 &d_up, __m512 &h) {
    const __m512 s = sigmoid(g), a = _mm512_mul_ps(g, s);
    h = _mm512_mul_ps(a, u);
    d_up = _mm512_mul_ps(dh, a);
    d_gate = _mm512_mul_ps(_mm512_mul_ps(dh, u), _mm512_fmadd_ps(a, _mm512_sub_ps(_mm512_set1_ps(1), s), s));
}

/// A block [32 rows, 32 columns] as rows of its transpose, of which `count` are wanted.
CT_AMX_INLINE void store_transposed(const __m512i (&block)[32], at::BFloat16 *to, int64_t stride, int64_t count) {
    __m512i left[16], right[16];
    for (int i = 0; i < 16; ++i) pairs(block[2 * i], block[2 * i + 1], left[i], right[i]);
    transpose(left);
    transpose(right);
    for (int64_t i = 0; i < std::min<int64_t>(32, count); ++i) _mm512_storeu_si512(to + i * stride, i < 16 ? left[i] : right[i - 16]);
}

template <class Kept> CT_AMX void activate_rows_backward(Chunk x, Rows<const Kept *> kept_gate, const Kept *kept_up, ChunkGradients<Split> to) {
    const int parts = to.gate.low == 0 ? 1 : 2;
    for (int64_t row = 0; row < x.rows; row += 32)
        for (int64_t column = 0; column < x.count; column += 32) {
            const int64_t count = x.count - column;
            // of d_gate, d_up and h; rows that are not there are zeros
            __m512i blocks[3][2][32];
            for (int64_t i = 0; i < 32; ++i) {
                if (row + i >= x.rows) {
                    for (auto &block : blocks) block[0][i] = block[1][i] = _mm512_setzero_si512();
                    continue;
                }
                const int64_t keeps = (row + i) * kept_gate.stride + column;
                const float *dh = x.gate + (row + i) * x.stride + column;
                const Pair gate = kept(kept_gate.data + keeps), up = kept(kept_up + keeps);
                // the next block's part of this row: rows lie pages apart, where the hardware does not look ahead
                for (int64_t ahead = 32; ahead < 64; ahead += 64 / static_cast<int64_t>(sizeof(Kept))) {
                    __builtin_prefetch(kept_gate.data + keeps + ahead);
                    __builtin_prefetch(kept_up + keeps + ahead);
                }
                __builtin_prefetch(dh + 32);
                __builtin_prefetch(dh + 48);
                Pair results[3];
                differentiate(gate.low, up.low, _mm512_loadu_ps(dh), results[0].low, results[1].low, results[2].low);
                differentiate(gate.high, up.high, _mm512_loadu_ps(dh + 16), results[0].high, results[1].high, results[2].high);
                for (int which = 0; which < 3; ++which) {
                    const Rounded rounded(first(results[which], count), parts);
                    for (int part = 0; part < parts; ++part) blocks[which][part][i] = rounded.parts[part];
                }
                for (int part = 0; part < parts; ++part) {
                    const int64_t at = (row + i) * to.stride + column;
                    _mm512_storeu_si512(to.gate.high + at + part * to.gate.low, blocks[0][part][i]);
                    _mm512_storeu_si512(to.up.high + at + part * to.up.low, blocks[1][part][i]);
                }
            }
            const int64_t across = column * to.stride_transposed + row;
            const int64_t panel = column / kPanel<Split> * to.panel_stride + row * kPanel<Split>;
            for (int part = 0; part < parts; ++part) {
                store_transposed(blocks[0][part], to.gate_transposed.high + across + part * to.gate_transposed.low, to.stride_transposed, count);
                store_transposed(blocks[1][part], to.up_transposed.high + across + part * to.up_transposed.low, to.stride_transposed, count);
                for (int i = 0; i < 32; i += 2) {
                    __m512i low, high;
                    pairs(blocks[2][part][i], blocks[2][part][i + 1], low, high);
                    at::BFloat16 *pair = to.h.high + panel + i * kPanel<Split> + part * to.h.low;
                    _mm512_storeu_si512(pair, low);
                    _mm512_storeu_si512(pair + 32, high);
                }
            }
        }
}

} // namespace

void activate(Chunk x, Rows<uint16_t *> kept_gate, uint16_t *kept_up, at::BFloat16 *h, int64_t h_stride, int64_t low) {
    activate_rows(x, kept_gate, kept_up, h, h_stride, low);
}
void activate(Chunk x, Rows<float *> kept_gate, float *kept_up, at::BFloat16 *h, int64_t h_stride, int64_t low) {
    activate_rows(x, kept_gate, kept_up, h, h_stride, low);
}

void activate_backward(Chunk x, Rows<const uint16_t *> kept_gate, const uint16_t *kept_up, ChunkGradients<Split> to) {
    activate_rows_backward(x, kept_gate, kept_up, to);
}
void activate_backward(Chunk x, Rows<const float *> kept_gate, const float *kept_up, ChunkGradients<Split> to) {
    activate_rows_backward(x, kept_gate, kept_up, to);
}

} // namespace ct::amx

#endif
