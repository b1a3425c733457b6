// The streaming statistics of one row of logits: nine sums, merged tile by tile, in the tail form that keeps small entropies exact.
//
// With m the running maximum, u = z - m and e = exp(u): A_j = sum e u^j, B_j = sum e^2 u^j, C_j = sum e^3 u^j, where the zeroth
// sums leave out the top token itself (a0 = A0 - 1, ...). See ctorch.h for the outputs and docs/metrics.md for their meaning.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

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

/// Sums of a block are added in double.
constexpr int64_t kBlock = 512;

/// Each term and sum in double; for logits that are given, where accuracy is asked for and speed is not.
CT_INLINE void add_tile(const float *z, int64_t count, double scale, double top, TileSums &sums) {
    for (int64_t i = 0; i < count; ++i) {
        // compared before the subtraction: a compiler may fuse that with the product, and the top itself then misses u = 0
        const double tempered = z[i] * scale, raw = tempered - top;
        // a masked logit of -inf weighs nothing; a NaN passes through and spoils every sum, as it must
        const double u = raw < -1e5 ? -1e5 : raw, e = tempered < top ? std::exp(u) : 0, eu = e * u;
        sums.tops += tempered == top ? 1 : 0;
        sums.a0 += e;
        sums.a1 += eu;
        sums.a2 += eu * u;
        sums.b0 += e * e;
        sums.b1 += e * eu;
        sums.b2 += eu * eu;
        sums.c0 += e * e * e;
        sums.c1 += e * e * eu;
        sums.c2 += e * eu * eu;
    }
}

/// One AVX-512 register, or as many narrower ones as it takes. By reference only: how such vectors are passed depends on the level.
using Floats __attribute__((vector_size(64))) = float;
using Words __attribute__((vector_size(64))) = int32_t;

CT_INLINE float total(const Floats &x) {
    using Half __attribute__((vector_size(32))) = float;
    using Quarter __attribute__((vector_size(16))) = float;
    const Half h = __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7) + __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15);
    const Quarter q = __builtin_shufflevector(h, h, 0, 1, 2, 3) + __builtin_shufflevector(h, h, 4, 5, 6, 7);
    return (q[0] + q[2]) + (q[1] + q[3]);
}

/// Each term in float, for the streaming passes.
CT_INLINE void add_tile(const float *z, int64_t count, float scale, float top, TileSums &sums) {
    for (int64_t start = 0; start < count; start += kBlock) {
        const int64_t end = start + kBlock < count ? start + kBlock : count;
        Floats a0 = {}, a1 = {}, a2 = {}, b0 = {}, b1 = {}, b2 = {}, c0 = {}, c1 = {}, c2 = {};
        Words tops = {};
        const auto take = [&](const Floats &logit) __attribute__((always_inline)) {
            // as in double; -87 is where the exponential ends
            const Floats tempered = logit * scale, raw = tempered - top;
            const Floats u = raw < -87.0f ? Floats{} - 87.0f : raw;
            Floats e;
            exponential(u, e);
            e = reinterpret_cast<Floats>(reinterpret_cast<Words>(e) & (tempered < top) & (raw >= -87.0f));
            tops -= tempered == top;
            const Floats eu = e * u, e2 = e * e, eu2 = eu * u;
            a0 += e;
            a1 += eu;
            a2 += eu2;
            b0 += e2;
            b1 += e * eu;
            b2 += eu * eu;
            c0 += e2 * e;
            c1 += e2 * eu;
            c2 += e2 * eu2;
        };
        int64_t i = start;
        Floats logit;
        for (; i + kLanes <= end; i += kLanes) {
            std::memcpy(&logit, z + i, sizeof logit);
            take(logit);
        }
        if (i < end) {
            logit = Floats{} - std::numeric_limits<float>::infinity();
            std::memcpy(&logit, z + i, static_cast<size_t>(end - i) * sizeof(float));
            take(logit);
        }
        for (int l = 0; l < kLanes; ++l) sums.tops += tops[l];
        sums.a0 += total(a0);
        sums.a1 += total(a1);
        sums.a2 += total(a2);
        sums.b0 += total(b0);
        sums.b1 += total(b1);
        sums.b2 += total(b2);
        sums.c0 += total(c0);
        sums.c1 += total(c1);
        sums.c2 += total(c2);
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

    /// Takes in the state of other logits of the same row.
    void absorb(RowState other) {
        if (other.top > top) std::swap(*this, other);
        // before a finite logit there is nothing to add but what spoils the sums: a NaN
        if (!other.empty()) {
            const double ties = other.top == top ? 1 : 0;
            if (ties == 0) other.raise(top);
            other.tail.a0 += ties;
            other.tail.b0 += ties;
            other.tail.c0 += ties;
        }
        other.tail.tops = 0;
        merge(other.tail, false);
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

/// The largest of `count` floats, NaN left out; minus infinity if there is none.
CT_INLINE float maximum(const float *z, int64_t count) {
    float lanes[kLanes];
    for (int l = 0; l < kLanes; ++l) lanes[l] = -std::numeric_limits<float>::infinity();
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes)
        for (int l = 0; l < kLanes; ++l) lanes[l] = z[i + l] > lanes[l] ? z[i + l] : lanes[l];
    float top = -std::numeric_limits<float>::infinity();
    for (; i < count; ++i) top = z[i] > top ? z[i] : top;
    for (int l = 0; l < kLanes; ++l) top = lanes[l] > top ? lanes[l] : top;
    return top;
}

/// The lowest index of the largest of `count` floats; 0 if all are NaN.
inline int64_t first_maximum(const float *z, int64_t count) {
    const float top = maximum(z, count);
    for (int64_t j = 0; j < count; ++j)
        if (z[j] == top) return j;
    return 0;
}

/// Takes logits into the state of their row; `scale` is 1 / temperature.
template <class Real> CT_INLINE void take_logits(const float *z, int64_t count, double scale, RowState &state) {
    const double top = static_cast<double>(static_cast<Real>(maximum(z, count)) * static_cast<Real>(scale));
    const bool raised = top > state.top;
    if (raised) state.raise(top);
    TileSums sums = {};
    // before the first finite logit any reference will do; -inf would turn masked logits into NaN
    add_tile(z, count, static_cast<Real>(scale), static_cast<Real>(state.empty() ? 0 : state.top), sums);
    state.merge(sums, raised);
}

} // namespace ct
