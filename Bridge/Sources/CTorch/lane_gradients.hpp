// dz of 32 rows and a strip of the vocabulary, a row per lane, written as operands of both products that take it.
#pragma once

#include "amx.hpp"
#include "exponentials.hpp"
#include "policy_head.hpp"

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

    char *left_row(int64_t token) const { return left + token / kWide * left_panel + token % kWide / kRows * kTileBytes + token % kRows * 64; }
    char *right_row(int64_t token, int64_t tile) const { return right + token / kWide * kStepBytes + tile * kTileBytes + token % kWide / 2 * 64; }

    /// Replaces one value of a panel row that was written before.
    void set(int64_t token, int64_t row, float value) const {
        uint32_t bits;
        std::memcpy(&bits, &value, sizeof bits);
        const auto rounded = static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
        std::memcpy(left_row(token) + row * 2, &rounded, sizeof rounded);
        std::memcpy(right_row(token, row / kRows) + row % kRows * 4 + token % 2 * 2, &rounded, sizeof rounded);
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
        const __m512 shifted = _mm512_add_ps(t, powers.shift), rest = _mm512_sub_ps(t, _mm512_sub_ps(shifted, powers.shift));
        return _mm512_mul_ps(powers(0xffff, shifted, rest), _mm512_fmadd_ps(factor[tile], t, constant[tile]));
    };
    const auto row = [&](int64_t token) CT_AMX __attribute__((always_inline)) {
        return token < count ? (__m512i)_mm512_cvtne2ps_pbh(slope(token, 1), slope(token, 0)) : _mm512_setzero_si512();
    };
    for (int64_t token = 0; token < round_up(count, kWide); token += 2) {
        const __m512i even = row(token), odd = row(token + 1);
        _mm512_store_si512(to.left_row(token), even);
        _mm512_store_si512(to.left_row(token + 1), odd);
        _mm512_store_si512(to.right_row(token, 0), _mm512_permutex2var_epi16(even, first, odd));
        _mm512_store_si512(to.right_row(token, 1), _mm512_permutex2var_epi16(even, second, odd));
        pace.tick(walk);
    }
}

} // namespace ct::amx

#endif
