// Plain loops the compiler vectorises: fixed-width lanes keep the order of a float sum the same whatever the vector width.
#pragma once

#include <bit>
#include <cstdint>

/// Compiles a function once per x86 vector level and picks at load time; elsewhere it is the baseline build.
#if defined(__x86_64__)
#define CT_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CT_CLONES
#endif
#define CT_INLINE inline __attribute__((always_inline))

namespace ct {

/// Lanes of a blocked float sum: one AVX-512 register, two of AVX2, four of NEON.
constexpr int kLanes = 16;

/// e^x for x <= 88, relative error about 1e-7; 0 below -87. Range reduction by powers of two and a degree-7 polynomial.
CT_INLINE float exponential(float x) {
    const float clamped = x < -87.0f ? -87.0f : x;
    // adding and subtracting 1.5 * 2^23 rounds to the nearest integer without a branch
    const float shifted = clamped * 1.44269504f + 12582912.0f;
    const float n = shifted - 12582912.0f;
    const float f = (clamped - n * 0.693145752f) - n * 1.42860677e-6f;
    float p = 1.9841270e-4f;
    p = p * f + 1.3888889e-3f;
    p = p * f + 8.3333333e-3f;
    p = p * f + 4.1666667e-2f;
    p = p * f + 1.6666667e-1f;
    p = p * f + 0.5f;
    p = p * f + 1.0f;
    p = p * f + 1.0f;
    const int32_t exponent = (std::bit_cast<int32_t>(shifted) - std::bit_cast<int32_t>(12582912.0f)) << 23;
    const float value = std::bit_cast<float>(std::bit_cast<int32_t>(p) + exponent);
    return x < -87.0f ? 0.0f : value;
}

/// The same of a vector whose elements lie in [-87, 88]; a NaN stays one. The polynomial has the least relative error at degree 5.
template <class Vector> CT_INLINE void exponential(const Vector &x, Vector &out) {
    using Integers = decltype(x < x);
    const Vector shifted = x * 1.44269504f + 12582912.0f, n = shifted - 12582912.0f;
    const Vector f = (x - n * 0.693145752f) - n * 1.42860677e-6f;
    Vector p = f * 8.31252505e-3f + 4.18901138e-2f;
    p = p * f + 1.66671145e-1f;
    p = p * f + 4.99992318e-1f;
    p = p * f + 1.0f;
    p = p * f + 1.0f;
    out = reinterpret_cast<Vector>(reinterpret_cast<Integers>(p) + (reinterpret_cast<Integers>(shifted) << 23));
}

CT_INLINE float sigmoid(float x) {
    const float e = exponential(x > 0 ? -x : x);
    return (x > 0 ? 1.0f : e) / (1.0f + e);
}

CT_INLINE float dot(const float *a, const float *b, int64_t count) {
    float lanes[kLanes] = {};
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes)
        for (int l = 0; l < kLanes; ++l) lanes[l] += a[i + l] * b[i + l];
    float sum = 0;
    for (; i < count; ++i) sum += a[i] * b[i];
    for (int l = 0; l < kLanes; ++l) sum += lanes[l];
    return sum;
}

} // namespace ct
