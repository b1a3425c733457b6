// The nine sums of 16 rows at once, a row per lane, taken from a strip of logits while tiles compute the next one.
//
// Sums of a strip are relative to its own maximum, so that nothing is rescaled on the way, and strips are merged in double.
#pragma once

#include "amx.hpp"
#include "exponentials.hpp"
#include "row_statistics.hpp"

#if CT_HAS_AMX

namespace ct::amx {

/// RowState of 16 rows. The sums are A0, A1, A2, B0, ... without one top token.
struct alignas(64) LaneState {
    double top[kRows];
    double sums[9][kRows];

    void clear() {
        for (int lane = 0; lane < kRows; ++lane) top[lane] = -std::numeric_limits<double>::infinity();
        std::memset(sums, 0, sizeof sums);
    }

    /// As RowState's absorb: rescales the side with the lower top, whose top token then joins the tail.
    CT_AMX_INLINE void absorb(const LaneState &other) {
        for (int lane = 0; lane < kRows; lane += 8) {
            const __m512d a = _mm512_load_pd(top + lane), b = _mm512_load_pd(other.top + lane), highest = _mm512_max_pd(a, b);
            // a side without a finite logit weighs nothing: its difference must be finite, and its power be zero
            const __m512d least = _mm512_set1_pd(-1e5);
            const __m512d da = _mm512_max_pd(_mm512_sub_pd(a, highest), least), db = _mm512_max_pd(_mm512_sub_pd(b, highest), least);
            const __m512d ra = power(a, da), rb = power(b, db), joins = _mm512_min_pd(ra, rb), one = _mm512_set1_pd(1);
            __m512d wa = ra, wb = rb, own = joins;
            for (int order = 0; order < 9; order += 3) {
                const auto shifted = [&](const LaneState &state, __m512d d, __m512d weight, __m512d (&out)[3]) CT_AMX __attribute__((always_inline)) {
                    const __m512d f0 = _mm512_load_pd(state.sums[order] + lane), f1 = _mm512_load_pd(state.sums[order + 1] + lane);
                    const __m512d f2 = _mm512_load_pd(state.sums[order + 2] + lane), whole = _mm512_add_pd(f0, one);
                    out[0] = _mm512_mul_pd(weight, f0);
                    out[1] = _mm512_mul_pd(weight, _mm512_fmadd_pd(d, whole, f1));
                    out[2] = _mm512_mul_pd(weight, _mm512_fmadd_pd(d, _mm512_fmadd_pd(d, whole, _mm512_add_pd(f1, f1)), f2));
                };
                __m512d x[3], y[3];
                shifted(*this, da, wa, x);
                shifted(other, db, wb, y);
                _mm512_store_pd(sums[order] + lane, _mm512_add_pd(_mm512_add_pd(x[0], y[0]), own));
                _mm512_store_pd(sums[order + 1] + lane, _mm512_add_pd(x[1], y[1]));
                _mm512_store_pd(sums[order + 2] + lane, _mm512_add_pd(x[2], y[2]));
                wa = _mm512_mul_pd(wa, ra);
                wb = _mm512_mul_pd(wb, rb);
                own = _mm512_mul_pd(own, joins);
            }
            _mm512_store_pd(top + lane, highest);
        }
    }

    RowState row(int64_t lane) const {
        RowState state;
        state.top = top[lane];
        state.tail = {sums[0][lane], sums[1][lane], sums[2][lane], sums[3][lane], sums[4][lane],
                      sums[5][lane], sums[6][lane], sums[7][lane], sums[8][lane], 0};
        return state;
    }

private:
    /// e^d, and 0 for a side that is empty.
    CT_AMX_INLINE static __m512d power(__m512d top, __m512d d) {
        const __mmask8 is_finite = _mm512_cmp_pd_mask(top, _mm512_set1_pd(-std::numeric_limits<double>::infinity()), _CMP_NEQ_UQ);
        return _mm512_maskz_mov_pd(is_finite, exponential_of(d));
    }
};

/// Vectors whose terms are summed in registers before they join the strip's sums.
constexpr int64_t kRun = 64;

/// Takes logits z [count, 16] into a state, `scale` being 1 / temperature. Between vectors `walk` makes progress.
template <class Steps> CT_AMX_INLINE void take_lanes(const float *z, int64_t count, double scale, LaneState &state, Steps &walk, Pace &pace) {
    if (count == 0) return;
    const float infinity = std::numeric_limits<float>::infinity();
    // a NaN in the first place is dropped
    __m512 most[4];
    for (auto &part : most) part = _mm512_set1_ps(-infinity);
    int64_t i = 0;
    for (; i + 4 <= count; i += 4)
        for (int j = 0; j < 4; ++j) most[j] = _mm512_max_ps(_mm512_load_ps(z + (i + j) * kRows), most[j]);
    for (; i < count; ++i) most[0] = _mm512_max_ps(_mm512_load_ps(z + i * kRows), most[0]);
    const __m512 top = _mm512_max_ps(_mm512_max_ps(most[0], most[1]), _mm512_max_ps(most[2], most[3]));
    // before the first finite logit any reference will do
    const __m512 reference = _mm512_max_ps(top, _mm512_set1_ps(-std::numeric_limits<float>::max()));

    const PowersOfTwo powers;
    const float unit = static_cast<float>(scale * 1.4426950408889634);
    const __m512 units = _mm512_set1_ps(unit), least = _mm512_set1_ps(-125 / unit), zero = _mm512_setzero_ps();
    const __m512i one = _mm512_set1_epi32(1);
    __m512 sums[9];
    for (auto &sum : sums) sum = zero;
    __m512i below = _mm512_setzero_si512();
    for (int64_t start = 0; start < count; start += kRun) {
        const int64_t end = std::min(count, start + kRun);
        __m512 a0 = zero, a1 = zero, a2 = zero, b0 = zero, b1 = zero, b2 = zero, c0 = zero, c1 = zero, c2 = zero;
        const auto take = [&](const float *from) CT_AMX __attribute__((always_inline)) {
            // a NaN in the second place is kept
            const __m512 d = _mm512_max_ps(least, _mm512_sub_ps(_mm512_load_ps(from), reference));
            const __m512 shifted = _mm512_fmadd_ps(d, units, powers.shift);
            const __m512 rest = _mm512_fmsub_ps(d, units, _mm512_sub_ps(shifted, powers.shift));
            const __mmask16 is_below = _mm512_cmp_ps_mask(d, zero, _CMP_LT_OQ);
            below = _mm512_mask_add_epi32(below, is_below, below, one);
            const __m512 e = powers(is_below, shifted, rest), ed = _mm512_mul_ps(e, d), e2 = _mm512_mul_ps(e, e), eed = _mm512_mul_ps(e, ed);
            a0 = _mm512_add_ps(a0, e);
            a1 = _mm512_add_ps(a1, ed);
            a2 = _mm512_fmadd_ps(ed, d, a2);
            b0 = _mm512_add_ps(b0, e2);
            b1 = _mm512_add_ps(b1, eed);
            b2 = _mm512_fmadd_ps(ed, ed, b2);
            c0 = _mm512_fmadd_ps(e2, e, c0);
            c1 = _mm512_fmadd_ps(e2, ed, c1);
            c2 = _mm512_fmadd_ps(eed, ed, c2);
        };
        int64_t at = start;
        for (; at + 2 <= end; at += 2) {
            take(z + at * kRows);
            take(z + (at + 1) * kRows);
            pace.tick(walk);
        }
        if (at < end) take(z + at * kRows);
        const __m512 run[9] = {a0, a1, a2, b0, b1, b2, c0, c1, c2};
        for (int k = 0; k < 9; ++k) sums[k] = _mm512_add_ps(sums[k], run[k]);
    }

    LaneState strip;
    for (int half = 0; half < 2; ++half) {
        const auto wide = [half](__m512 x) CT_AMX __attribute__((always_inline)) {
            return _mm512_cvtps_pd(half == 0 ? _mm512_castps512_ps256(x) : _mm512_extractf32x8_ps(x, 1));
        };
        const __m512d factor = _mm512_set1_pd(scale), square = _mm512_mul_pd(factor, factor);
        // all but one of the tokens at the top belong to the tail
        const __m512 tops = _mm512_cvtepi32_ps(_mm512_sub_epi32(_mm512_set1_epi32(static_cast<int32_t>(count) - 1), below));
        const __m512d ties = wide(tops);
        _mm512_store_pd(strip.top + 8 * half, _mm512_mul_pd(wide(top), factor));
        for (int order = 0; order < 9; order += 3) {
            _mm512_store_pd(strip.sums[order] + 8 * half, _mm512_add_pd(wide(sums[order]), ties));
            _mm512_store_pd(strip.sums[order + 1] + 8 * half, _mm512_mul_pd(wide(sums[order + 1]), factor));
            _mm512_store_pd(strip.sums[order + 2] + 8 * half, _mm512_mul_pd(wide(sums[order + 2]), square));
        }
    }
    state.absorb(strip);
}

} // namespace ct::amx

#endif
