// The policy head's sums by libtorch's operators: of a tile, merged over tiles in double, and the statistics that follow from them.
#include "tile_reduction.hpp"

#include <limits>
#include <vector>

#include "ctorch.h"
#include "device.hpp"

namespace ct {

namespace {

constexpr double kNothing = -std::numeric_limits<double>::infinity();

void reduce_by_library(const at::Tensor &z, double scale, const at::Tensor &out) {
    const auto tempered = z * scale, top = std::get<0>(tempered.max(1));
    // before the first finite logit any reference will do; -inf would turn masked logits into NaN
    const auto reference = at::where(top == kNothing, at::zeros_like(top), top).unsqueeze(1);
    const auto raw = tempered - reference;
    const double least = z.scalar_type() == at::kDouble ? -1e5 : -87.0;
    // a masked logit weighs nothing; a NaN passes through and spoils every sum, as it must
    const auto u = raw.clamp_min(least);
    const auto e = at::exp(u).mul_((tempered < reference).logical_and_(raw >= least));
    const auto ties = (tempered == reference).sum(1).sub_(1).clamp_min_(0).to(z.scalar_type());
    const auto eu = e * u, e2 = e * e;
    const auto put = [&](int64_t row, const at::Tensor &terms) { out[row].copy_(terms.sum(1)); };
    out[0].copy_(top);
    put(1, e);
    put(2, eu);
    put(3, eu * u);
    put(4, e2);
    put(5, e * eu);
    put(6, eu * eu);
    put(7, e2 * e);
    put(8, e2 * eu);
    put(9, (e2 * eu).mul_(u));
    for (const int64_t row : {1, 4, 7}) out[row].add_(ties);
}

} // namespace

void reduce_tile(const at::Tensor &z, double scale, const at::Tensor &out) {
    if (!reduce_tile_fused(z, scale, out)) reduce_by_library(z, scale, out);
}

at::Tensor merge_tiles(const at::Tensor &sums) {
    const auto s = sums.to(at::kDouble);
    const auto top = s[0], highest = std::get<0>(top.max(0));
    const auto is_empty = top == kNothing;
    const auto reference = at::where(highest == kNothing, at::zeros_like(highest), highest);
    // the top of one tile is the row's; the tops of all others join the tail
    const auto is_first = at::arange(top.size(0), top.options().dtype(at::kLong)).unsqueeze(1) == top.argmax(0);
    const auto joining = at::where(is_first.logical_or(is_empty), 0.0, 1.0).to(at::kDouble);
    const auto d = at::where(is_empty, at::zeros_like(top), top - reference), r = at::exp(d);
    std::vector<at::Tensor> state{highest};
    auto weight = r;
    for (int64_t power = 0; power < 3; ++power) {
        const auto f0 = s[1 + 3 * power] + joining, f1 = s[2 + 3 * power], f2 = s[3 + 3 * power];
        state.push_back((weight * f0).sum(0));
        state.push_back((weight * (f1 + d * f0)).sum(0));
        state.push_back((weight * (f2 + 2 * d * f1 + d * d * f0)).sum(0));
        weight = weight * r;
    }
    return at::stack(state);
}

at::Tensor finish_rows(const at::Tensor &state, const at::Tensor &logit) {
    const auto rows = state.unbind(0);
    const auto &top = rows[0], &a1 = rows[2], &b1 = rows[5], &b2 = rows[6], &c1 = rows[8], &c2 = rows[9], &b0 = rows[4], &c0 = rows[7];
    // a NaN among the logits shows in the weighted sums only, and without a finite logit there is no distribution
    const auto a0 = at::where((top == kNothing).logical_or(a1.isnan()), std::numeric_limits<double>::quiet_NaN(), rows[1]);
    const auto s = 1 / (1 + a0), log_mass = at::log1p(a0), mean = a1 * s, u = logit.to(at::kDouble) - top, logprob = u - log_mass;
    const auto p = at::exp(logprob), s2 = s * s, s3 = s2 * s;
    const auto expected = (b1 - mean * (1 + b0)) * s2;
    // two forms of the variance: the first where the top token has half the mass or more (docs/metrics.md)
    const auto peak = -mean * s, t = (b1 - mean * b0) * s2;
    const auto q = (c2 - 2 * mean * c1 + mean * mean * c0) * s3 - 2 * peak * t + peak * peak * a0 * s;
    const auto tail = q - (t - peak * a0 * s).square();
    const auto plain = (c2 - 2 * mean * c1 + mean * mean * (1 + c0)) * s3 - expected.square();
    std::vector<at::Tensor> out(CT_STAT_ROWS);
    out[CT_STAT_LOGPROB] = logprob;
    out[CT_STAT_LSE] = top + log_mass;
    out[CT_STAT_ENTROPY] = log_mass - mean;
    out[CT_STAT_DISCRIMINANT] = at::where(p == 0, at::zeros_like(p), p * (u - mean));
    out[CT_STAT_EXPECTED] = expected;
    out[CT_STAT_VARIANCE] = at::where(s >= 0.5, tail, plain).clamp_min(0);
    out[CT_STAT_COLLISION] = (1 + b0) * s2;
    out[CT_STAT_SQUARED] = (b2 - 2 * mean * b1 + mean * mean * (1 + b0)) * s2;
    out[CT_STAT_MEAN_LOGIT] = top + mean;
    return at::stack(out).to(at::kFloat);
}

} // namespace ct
