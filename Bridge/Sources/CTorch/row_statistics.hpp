// The streaming statistics of one row of logits: nine sums, merged tile by tile, in the tail form that keeps small entropies exact.
//
// With m the running maximum, u = z - m and e = exp(u): A_j = sum e u^j, B_j = sum e^2 u^j, C_j = sum e^3 u^j, where the zeroth
// sums leave out the top token itself (a0 = A0 - 1, ...). See ctorch.h for the outputs and docs/metrics.md for their meaning.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "ctorch.h"
#include "lanes.hpp"

namespace ct {

/// The nine sums of a run of logits, relative to a given maximum; the u = 0 entries are only counted. Start from `{}`.
///
/// No default initialisers, and members of RowState are always inlined: clang emits no out-of-line copy of a function that only
/// cloned functions call, and the library would not load.
struct TileSums {
    double a0, a1, a2, b0, b1, b2, c0, c1, c2;
    int64_t tops;
};

CT_INLINE float exponential_of(float u) { return exponential(u); }
CT_INLINE double exponential_of(double u) { return std::exp(u); }

/// `Real` is the precision of each term; sums of a block are added in double either way.
template <class Real> CT_INLINE void add_tile(const float *z, int64_t count, double scale, double top, TileSums &sums) {
    constexpr int64_t kBlock = 512;
    const Real factor = static_cast<Real>(scale), maximum = static_cast<Real>(top);
    for (int64_t start = 0; start < count; start += kBlock) {
        const int64_t end = start + kBlock < count ? start + kBlock : count;
        Real a0[kLanes] = {}, a1[kLanes] = {}, a2[kLanes] = {}, b0[kLanes] = {}, b1[kLanes] = {}, b2[kLanes] = {};
        Real c0[kLanes] = {}, c1[kLanes] = {}, c2[kLanes] = {};
        int32_t tops[kLanes] = {};
        const auto take = [&](Real logit, int l) __attribute__((always_inline)) {
            // compared before the subtraction: a compiler may fuse that with the product, and the top itself then misses u = 0
            const Real tempered = logit * factor;
            const bool tail = tempered < maximum;
            const Real raw = tempered - maximum;
            // a masked logit of -inf weighs nothing; a NaN passes through and spoils every sum, as it must
            const Real u = raw < Real(-1e5) ? Real(-1e5) : raw;
            const Real e = tail ? exponential_of(u) : Real(0);
            const Real eu = e * u, e2 = e * e, e2u = e * eu, e3 = e2 * e, e3u = e2 * eu;
            tops[l] += tempered == maximum ? 1 : 0;
            a0[l] += e;
            a1[l] += eu;
            a2[l] += eu * u;
            b0[l] += e2;
            b1[l] += e2u;
            b2[l] += e2u * u;
            c0[l] += e3;
            c1[l] += e3u;
            c2[l] += e3u * u;
        };
        int64_t i = start;
        for (; i + kLanes <= end; i += kLanes)
            for (int l = 0; l < kLanes; ++l) take(static_cast<Real>(z[i + l]), l);
        for (int l = 0; i < end; ++i, ++l) take(static_cast<Real>(z[i]), l);
        for (int l = 0; l < kLanes; ++l) {
            sums.tops += tops[l];
            sums.a0 += a0[l];
            sums.a1 += a1[l];
            sums.a2 += a2[l];
            sums.b0 += b0[l];
            sums.b1 += b1[l];
            sums.b2 += b2[l];
            sums.c0 += c0[l];
            sums.c1 += c1[l];
            sums.c2 += c2[l];
        }
    }
}

/// One row's running state.
struct RowState {
    double top = -std::numeric_limits<double>::infinity(); // m, already divided by the temperature
    TileSums tail = {};                                    // sums without the top token; `tops` unused

    CT_INLINE bool empty() const { return top == -std::numeric_limits<double>::infinity(); }
    /// A0, the whole mass relative to e^m.
    CT_INLINE double mass() const { return empty() ? 0 : 1 + tail.a0; }

    /// Moves the reference to a larger maximum; the former top joins the tail.
    CT_INLINE void raise(double maximum) {
        if (!empty()) {
            const double d = top - maximum, r = std::exp(d);
            const auto shift = [d](double &f0, double &f1, double &f2, double weight) {
                const double whole = 1 + f0;
                f2 = weight * (f2 + 2 * d * f1 + d * d * whole);
                f1 = weight * (f1 + d * whole);
                f0 = weight * whole;
            };
            shift(tail.a0, tail.a1, tail.a2, r);
            shift(tail.b0, tail.b1, tail.b2, r * r);
            shift(tail.c0, tail.c1, tail.c2, r * r * r);
        }
        top = maximum;
    }

    /// Takes in a tile's sums relative to `top`; `raised` says that this tile brought the top.
    CT_INLINE void merge(const TileSums &sums, bool raised) {
        const double ties = static_cast<double>(sums.tops - (raised ? 1 : 0));
        tail.a0 += sums.a0 + ties;
        tail.a1 += sums.a1;
        tail.a2 += sums.a2;
        tail.b0 += sums.b0 + ties;
        tail.b1 += sums.b1;
        tail.b2 += sums.b2;
        tail.c0 += sums.c0 + ties;
        tail.c1 += sums.c1;
        tail.c2 += sums.c2;
    }

    /// Writes the statistics of the token with tempered logit `logit` to column `row` of `out` [CT_STAT_ROWS, rows].
    void finish(double logit, float *out, int64_t row, int64_t rows) const {
        const auto &[a0, a1, a2, b0, b1, b2, c0, c1, c2, unused] = tail;
        // a NaN among the logits shows in the weighted sums only, and without a finite logit there is no distribution
        const double rest = empty() || std::isnan(a1) ? std::numeric_limits<double>::quiet_NaN() : a0;
        const double s = 1 / (1 + rest), log_mass = std::log1p(rest), mean = a1 * s, u = logit - top, p = std::exp(u - log_mass);
        const double logprob = u - log_mass;
        const double expected = (b1 - mean * (1 + b0)) * s * s;
        double variance;
        if (s >= 0.5) {
            const double peak = -mean * s, t = (b1 - mean * b0) * s * s;
            const double q = (c2 - 2 * mean * c1 + mean * mean * c0) * s * s * s - 2 * peak * t + peak * peak * a0 * s;
            const double off = t - peak * a0 * s;
            variance = q - off * off;
        } else {
            variance = (c2 - 2 * mean * c1 + mean * mean * (1 + c0)) * s * s * s - expected * expected;
        }
        const auto set = [&](int which, double value) { out[which * rows + row] = static_cast<float>(value); };
        set(CT_STAT_LOGPROB, logprob);
        set(CT_STAT_LSE, top + log_mass);
        set(CT_STAT_ENTROPY, log_mass - mean);
        set(CT_STAT_DISCRIMINANT, p == 0 ? 0 : p * (u - mean));
        set(CT_STAT_EXPECTED, expected);
        set(CT_STAT_VARIANCE, variance < 0 ? 0 : variance);
        set(CT_STAT_COLLISION, (1 + b0) * s * s);
        set(CT_STAT_SQUARED, (b2 - 2 * mean * b1 + mean * mean * (1 + b0)) * s * s);
        set(CT_STAT_MEAN_LOGIT, top + mean);
    }
};

/// The largest of `count` floats and the lowest index that holds it.
CT_INLINE int64_t first_maximum(const float *z, int64_t count) {
    float lanes[kLanes];
    for (int l = 0; l < kLanes; ++l) lanes[l] = -std::numeric_limits<float>::infinity();
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes)
        for (int l = 0; l < kLanes; ++l) lanes[l] = z[i + l] > lanes[l] ? z[i + l] : lanes[l];
    float top = -std::numeric_limits<float>::infinity();
    for (; i < count; ++i) top = z[i] > top ? z[i] : top;
    for (int l = 0; l < kLanes; ++l) top = lanes[l] > top ? lanes[l] : top;
    for (int64_t j = 0; j < count; ++j)
        if (z[j] == top) return j;
    return 0;
}

} // namespace ct
