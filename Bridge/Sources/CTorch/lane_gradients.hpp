// dz of 32 rows and a strip of the vocabulary, a row per lane, written as operands of both products that take it.
#pragma once

#include "amx.hpp"
#include "exponentials.hpp"
#include "policy_head.hpp"
#include "vectors512.hpp"

#if CT_HAS_AMX

namespace ct::amx {

/// dz of 16 rows is p (constant + factor t), where t = log2 p: all the rest of the row is in the two numbers.
struct alignas(64) LaneGradient {
    float lse[kRows], constant[kRows], factor[kRows];

    /// Lanes from `count` on have no gradient.
    void set(const RowGradient *rows, int64_t count, float scale) {
        for (int64_t lane = 0; lane < kRows; ++lane) {
            lse[lane] = constant[lane] = factor[lane] = 0;
            if (lane >= count) continue;
            const auto &row = rows[lane];
            lse[lane] = row.lse * 1.44269504f;
            constant[lane] = -scale * (row.g1 + row.g2 * (row.lse - row.mean));
            factor[lane] = -scale * row.g2 * 0.69314718f;
        }
    }
};

/// Where dz of a panel of rows goes. dz^T as left operand, [token, row]: panels of 32 tokens `left_panel` bytes apart, of which this is
/// one step. dz^T as right operand, [token, row] in pairs of tokens: one panel, a step for 32 tokens.
struct GradientPanels {
    char *left;
    int64_t left_panel;
    char *right;
    /// Bytes to what rounding left over; 0 where dz is not split.
    int64_t left_low = 0, right_low = 0;

    char *left_row(int64_t token) const { return left + token / kWide * left_panel + token % kWide / kRows * kTileBytes + token % kRows * 64; }
    char *right_row(int64_t token, int64_t tile) const { return right + token / kWide * kStepBytes + tile * kTileBytes + token % kWide / 2 * 64; }

    /// Replaces one value of a panel row that was written before.
    void set(int64_t token, int64_t row, float value) const {
        const at::BFloat16 rounded = value, rest = value - static_cast<float>(rounded);
        put(token, row, rounded, 0, 0);
        if (left_low != 0) put(token, row, rest, left_low, right_low);
    }

private:
    void put(int64_t token, int64_t row, at::BFloat16 value, int64_t to_left, int64_t to_right) const {
        std::memcpy(left_row(token) + to_left + row * 2, &value, sizeof value);
        std::memcpy(right_row(token, row / kRows) + to_right + row % kRows * 4 + token % 2 * 2, &value, sizeof value);
    }
};

/// Logits of 32 rows, `stride` floats from the first 16 to the others, and of `count` tokens, to dz. Missing tokens of the last panel
/// are zeros. Between vectors `walk` makes progress.
template <class Steps>
CT_AMX_INLINE void take_gradients(
    const float *z, int64_t stride, int64_t count, float scale, const LaneGradient *gradients, const GradientPanels &to, Steps &walk, Pace &pace) {
    const PowersOfTwo powers;
    const __m512 unit = _mm512_set1_ps(scale * 1.44269504f), least = _mm512_set1_ps(-125);
    // words of the first halves, and of the second halves, of two vectors of 32
    alignas(64) uint16_t order[64];
    for (int i = 0; i < 32; ++i) {
        order[i] = static_cast<uint16_t>(i / 2 + i % 2 * 32);
        order[32 + i] = static_cast<uint16_t>(16 + i / 2 + i % 2 * 32);
    }
    const __m512i first = _mm512_load_si512(order), second = _mm512_load_si512(order + 32);
    __m512 lse[2], constant[2], factor[2];
    for (int tile = 0; tile < 2; ++tile) {
        lse[tile] = _mm512_load_ps(gradients[tile].lse);
        constant[tile] = _mm512_load_ps(gradients[tile].constant);
        factor[tile] = _mm512_load_ps(gradients[tile].factor);
    }
    const auto slope = [&](int64_t token, int tile) CT_AMX __attribute__((always_inline)) {
        // a NaN in the second place is kept
        const __m512 t = _mm512_max_ps(least, _mm512_fmsub_ps(_mm512_load_ps(z + tile * stride + token * kRows), unit, lse[tile]));
        const __m512 shifted = _mm512_add_ps(t, powers.shift), fraction = _mm512_sub_ps(t, _mm512_sub_ps(shifted, powers.shift));
        return _mm512_mul_ps(powers(0xffff, shifted, fraction), _mm512_fmadd_ps(factor[tile], t, constant[tile]));
    };
    const auto store = [&](int64_t token, __m512i even, __m512i odd, int64_t to_left, int64_t to_right) CT_AMX __attribute__((always_inline)) {
        _mm512_store_si512(to.left_row(token) + to_left, even);
        _mm512_store_si512(to.left_row(token + 1) + to_left, odd);
        _mm512_store_si512(to.right_row(token, 0) + to_right, _mm512_permutex2var_epi16(even, first, odd));
        _mm512_store_si512(to.right_row(token, 1) + to_right, _mm512_permutex2var_epi16(even, second, odd));
    };
    const __m512 none = _mm512_setzero_ps();
    for (int64_t token = 0; token < round_up(count, kWide); token += 2) {
        __m512 values[4] = {none, none, none, none};
        if (token < count) values[0] = slope(token, 0), values[1] = slope(token, 1);
        if (token + 1 < count) values[2] = slope(token + 1, 0), values[3] = slope(token + 1, 1);
        const auto even = (__m512i)_mm512_cvtne2ps_pbh(values[1], values[0]), odd = (__m512i)_mm512_cvtne2ps_pbh(values[3], values[2]);
        store(token, even, odd, 0, 0);
        if (to.left_low != 0) store(token, rest(values[0], values[1], even), rest(values[2], values[3], odd), to.left_low, to.right_low);
        pace.tick(walk);
    }
}

} // namespace ct::amx

#endif
