// Powers of two of 16 lanes in eleven instructions, and exponentials of 8 doubles.
#pragma once

#include "amx.hpp"

#if CT_HAS_AMX

#include <array>
#include <bit>
#include <cmath>

namespace ct::amx {

/// 2^(j / 32), each less its place j, which the sum with the exponent's bits brings back.
alignas(64) inline const std::array<float, 32> kPowers = [] {
    std::array<float, 32> table;
    for (int j = 0; j < 32; ++j) table[j] = std::bit_cast<float>(std::bit_cast<int32_t>(static_cast<float>(std::exp2(j / 32.0))) - (j << 18));
    return table;
}();

/// Powers of two by a table of 32 and a parabola on [-1/64, 1/64], relative error below 1.2e-7. Exactly 1 at 0.
struct PowersOfTwo {
    __m512 low, high, shift, slope, bend;

    CT_AMX_INLINE PowersOfTwo() {
        low = _mm512_load_ps(kPowers.data());
        high = _mm512_load_ps(kPowers.data() + 16);
        // adding 1.5 * 2^18 rounds to a multiple of 1/32
        shift = _mm512_set1_ps(393216.0f);
        // the cubic term's share at the ends of the interval is spread over the slope
        slope = _mm512_set1_ps(0.693157341f);
        bend = _mm512_set1_ps(0.240226507f);
    }

    /// 2^(whole + rest), where shifted = whole + 1.5 * 2^18 and |rest| <= 1/64; exponents from -126 to 127. Other lanes than
    /// `lanes` are 0.
    CT_AMX_INLINE __m512 operator()(__mmask16 lanes, __m512 shifted, __m512 rest) const {
        const __m512i bits = _mm512_castps_si512(shifted);
        const __m512 entry = _mm512_permutex2var_ps(low, bits, high);
        const __m512 power = _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(entry), _mm512_slli_epi32(bits, 18)));
        const __m512 growth = _mm512_mul_ps(_mm512_fmadd_ps(rest, bend, slope), rest);
        return _mm512_maskz_fmadd_ps(lanes, power, growth, power);
    }
};

/// e^x of doubles for x <= 0; 0 for NaN. Taylor's polynomial of degree 12 on [-ln 2 / 2, ln 2 / 2].
CT_AMX_INLINE __m512d exponential_of(__m512d x) {
    const __m512d clamped = _mm512_max_pd(x, _mm512_set1_pd(-745));
    const __m512d n = _mm512_roundscale_pd(_mm512_mul_pd(clamped, _mm512_set1_pd(1.4426950408889634)), 0);
    const __m512d high = _mm512_fnmadd_pd(n, _mm512_set1_pd(0.693147180369123816490), clamped);
    const __m512d f = _mm512_fnmadd_pd(n, _mm512_set1_pd(1.90821492927058770002e-10), high);
    __m512d p = _mm512_set1_pd(1.0 / 479001600);
    for (const double coefficient :
         {1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0})
        p = _mm512_fmadd_pd(p, f, _mm512_set1_pd(coefficient));
    return _mm512_scalef_pd(p, n);
}

} // namespace ct::amx

#endif
