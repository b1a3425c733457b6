// The policy head: token statistics, their gradient and sampling in streaming passes over vocabulary tiles; nothing of size N V.
#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "boundary.hpp"
#include "philox.hpp"
#include "row_statistics.hpp"

using ct::in;
using ct::RowState;

namespace {

constexpr int64_t kRowBlock = 256;
constexpr int64_t kTile = 2048;

/// What sampling keeps per row between tiles.
struct Draw {
    int64_t token = 0;
    double logit = 0;
};

struct SampleOptions {
    bool greedy;
    uint64_t key;
    const uint32_t *counters;
};

/// Takes one tile of raw logits into the state of a row.
template <class Real> CT_INLINE void take_tile_body(const float *z, int64_t count, double scale, RowState &state) {
    const int64_t best = ct::first_maximum(z, count);
    const double maximum = static_cast<double>(static_cast<Real>(z[best]) * static_cast<Real>(scale));
    const bool raised = maximum > state.top;
    if (raised) state.raise(maximum);
    ct::TileSums sums = {};
    // before the first finite logit any reference will do; -inf would turn masked logits into NaN
    ct::add_tile<Real>(z, count, scale, state.empty() ? 0 : state.top, sums);
    state.merge(sums, raised);
}

CT_CLONES void take_tile(const float *z, int64_t count, double scale, RowState &state) {
    take_tile_body<float>(z, count, scale, state);
}

CT_CLONES void take_tile_exactly(const float *z, int64_t count, double scale, RowState &state) {
    take_tile_body<double>(z, count, scale, state);
}

/// Replaces the row's candidate by a token of this tile with probability mass(tile) / mass(so far): after the last tile the
/// candidate is distributed as softmax, and no tile had to be kept. `before` is the mass before the tile, relative to state.top.
void draw_from_tile(
    const float *z, int64_t count, double scale, int64_t first_token, double before, const RowState &state,
    const std::array<uint32_t, 4> &words, uint32_t tile, Draw &draw) {
    const double whole = state.mass(), mass = whole - before;
    const auto numbers = tile == 0 ? words : ct::philox({tile, 0, 0, 0}, uint64_t{words[0]} << 32 | words[1]);
    if (tile > 0 && ct::uniform(numbers[0], numbers[1]) * whole >= mass) return;
    const double target = ct::uniform(numbers[2], numbers[3]) * mass;
    double sum = 0;
    int64_t chosen = -1;
    for (int64_t i = 0; i < count; ++i) {
        const float u = z[i] * static_cast<float>(scale) - static_cast<float>(state.top);
        const double e = u < 0 ? ct::exponential(u) : 1.0;
        if (e > 0) chosen = i; // rounding may leave the target just past the last sum
        sum += e;
        if (sum > target) break;
    }
    draw = {first_token + chosen, static_cast<double>(z[chosen] * static_cast<float>(scale))};
}

/// Runs body(logits tile [rows, count], first row, rows, first token, count) over all blocks of rows and tiles of the vocabulary.
template <class Body> void for_tiles(const at::Tensor &hidden, const at::Tensor &weight, int64_t tile, Body &&body) {
    const int64_t rows = hidden.size(0), vocabulary = weight.size(0);
    auto buffer = at::empty({std::min(rows, kRowBlock) * std::min(tile, vocabulary)}, hidden.options().dtype(at::kFloat));
    for (int64_t first = 0; first < rows; first += kRowBlock) {
        const int64_t block = std::min(kRowBlock, rows - first);
        const auto x = hidden.narrow(0, first, block).to(at::kFloat);
        for (int64_t token = 0; token < vocabulary; token += tile) {
            const int64_t count = std::min(tile, vocabulary - token);
            auto logits = buffer.narrow(0, 0, block * count).view({block, count});
            at::mm_out(logits, x, weight.narrow(0, token, count).to(at::kFloat).t());
            body(logits, first, block, token, count);
        }
    }
}

struct Shapes {
    int64_t rows, tile;
};

Shapes check(const at::Tensor &hidden, const at::Tensor &weight, double temperature, int64_t tile) {
    TORCH_CHECK(
        hidden.dim() == 2 && weight.dim() == 2 && hidden.size(1) == weight.size(1), "hidden states of shape ", hidden.sizes(),
        " do not fit a head of shape ", weight.sizes());
    TORCH_CHECK(weight.size(0) > 0, "the vocabulary is empty");
    TORCH_CHECK(temperature > 0 && std::isfinite(temperature), "temperature must be positive, got ", temperature);
    TORCH_CHECK_NOT_IMPLEMENTED(hidden.is_cpu() && weight.is_cpu(), "the policy head runs on the CPU");
    return {hidden.size(0), tile > 0 ? tile : kTile};
}

std::vector<int64_t> checked_ids(const at::Tensor &ids, int64_t rows, int64_t vocabulary) {
    TORCH_CHECK(ids.dim() == 1 && ids.size(0) == rows && ids.scalar_type() == at::kLong, "token ids must be int64 [", rows, "], got ", ids.sizes());
    const auto host = ids.contiguous();
    std::vector<int64_t> result(host.const_data_ptr<int64_t>(), host.const_data_ptr<int64_t>() + rows);
    for (int64_t id : result) TORCH_CHECK(0 <= id && id < vocabulary, "token id ", id, " lies outside a vocabulary of ", vocabulary);
    return result;
}

at::Tensor finished(const std::vector<RowState> &states, const std::vector<double> &logits) {
    const int64_t rows = static_cast<int64_t>(states.size());
    auto out = at::empty({CT_STAT_ROWS, rows}, at::kFloat);
    for (int64_t row = 0; row < rows; ++row) states[row].finish(logits[row], out.mutable_data_ptr<float>(), row, rows);
    return out;
}

/// Rows per task of a reduction over `count` logits a row.
int64_t grain(int64_t count) { return std::max<int64_t>(1, 16384 / std::max<int64_t>(1, count)); }

/// dz_i = (-p_i (g1 + g2 (z_i - mean)) + g1 [i = k]) / T in place over one row's tile (derivation: docs/metrics.md).
CT_CLONES void gradient_tile(
    float *z, int64_t count, float scale, float lse, float mean, float g1, float g2, int64_t own, float own_logprob) {
    const float own_logit = own >= 0 ? z[own] * scale : 0;
    for (int64_t i = 0; i < count; ++i) {
        const float tempered = z[i] * scale;
        z[i] = -ct::exponential(tempered - lse) * (g1 + g2 * (tempered - mean)) * scale;
    }
    if (own >= 0) {
        // g1 (1 - p) without cancellation
        const float p = std::exp(own_logprob);
        z[own] = (-g1 * std::expm1(own_logprob) - g2 * p * (own_logit - mean)) * scale;
    }
}

} // namespace

extern "C" {

ct_status ct_policy_head_forward(
    ct_tensor hidden_in, ct_tensor weight_in, ct_tensor ids_in, double temperature, int64_t tile, ct_tensor *statistics) {
    return ct::making(statistics, [&] {
        const c10::NoGradGuard guard;
        const auto &hidden = in(hidden_in), &weight = in(weight_in);
        const auto shapes = check(hidden, weight, temperature, tile);
        const auto ids = checked_ids(in(ids_in), shapes.rows, weight.size(0));
        const double scale = 1 / temperature;
        std::vector<RowState> states(shapes.rows);
        std::vector<double> own(shapes.rows);
        for_tiles(hidden, weight, shapes.tile, [&](const at::Tensor &logits, int64_t first, int64_t rows, int64_t token, int64_t count) {
            const float *z = logits.const_data_ptr<float>();
            at::parallel_for(0, rows, grain(count), [&](int64_t begin, int64_t end) {
                for (int64_t row = begin; row < end; ++row) {
                    take_tile(z + row * count, count, scale, states[first + row]);
                    const int64_t id = ids[first + row] - token;
                    if (0 <= id && id < count) own[first + row] = z[row * count + id] * static_cast<float>(scale);
                }
            });
        });
        return finished(states, own);
    });
}

ct_status ct_logits_statistics(ct_tensor logits_in, ct_tensor ids_in, double temperature, ct_tensor *statistics) {
    return ct::making(statistics, [&] {
        const c10::NoGradGuard guard;
        TORCH_CHECK(
            in(logits_in).dim() == 2 && in(logits_in).size(1) > 0 && in(logits_in).scalar_type() == at::kFloat,
            "logits must be float32 [N, V], got ", in(logits_in).sizes());
        TORCH_CHECK(temperature > 0 && std::isfinite(temperature), "temperature must be positive, got ", temperature);
        const auto logits = in(logits_in).contiguous();
        const int64_t rows = logits.size(0), count = logits.size(1);
        const auto ids = checked_ids(in(ids_in), rows, count);
        std::vector<RowState> states(rows);
        std::vector<double> own(rows);
        at::parallel_for(0, rows, grain(count), [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; ++row) {
                const float *z = logits.const_data_ptr<float>() + row * count;
                take_tile_exactly(z, count, 1 / temperature, states[row]);
                own[row] = static_cast<double>(z[ids[row]]) * (1 / temperature);
            }
        });
        return finished(states, own);
    });
}

ct_status ct_policy_head_backward(
    ct_tensor hidden_in, ct_tensor weight_in, ct_tensor ids_in, ct_tensor statistics_in, ct_tensor g1_in, ct_tensor g2_in,
    double temperature, int64_t tile, ct_tensor *d_hidden_out, ct_tensor *d_weight_out) {
    return ct::guarded([&] {
        const c10::NoGradGuard guard;
        const auto &weight = in(weight_in);
        const auto shapes = check(in(hidden_in), weight, temperature, tile);
        const auto all_ids = checked_ids(in(ids_in), shapes.rows, weight.size(0));
        const auto g1 = in(g1_in).contiguous(), g2 = in(g2_in).contiguous(), statistics = in(statistics_in).contiguous();
        TORCH_CHECK(
            g1.scalar_type() == at::kFloat && g2.scalar_type() == at::kFloat && g1.numel() == shapes.rows && g2.numel() == shapes.rows &&
                statistics.dim() == 2 && statistics.size(0) == CT_STAT_ROWS && statistics.size(1) == shapes.rows,
            "g1, g2 and the statistics must have ", shapes.rows, " columns");
        const float *a = g1.const_data_ptr<float>(), *b = g2.const_data_ptr<float>();
        const float *stats = statistics.const_data_ptr<float>();
        std::vector<int64_t> live;
        for (int64_t row = 0; row < shapes.rows; ++row)
            if (a[row] != 0 || b[row] != 0) live.push_back(row);
        const int64_t rows = static_cast<int64_t>(live.size());
        const auto index = at::from_blob(live.data(), {rows}, at::kLong);
        const auto x = in(hidden_in).to(at::kFloat).index_select(0, index);
        auto d_x = at::zeros({rows, x.size(1)}, at::kFloat);
        auto d_weight = d_weight_out ? at::zeros({weight.size(0), weight.size(1)}, at::kFloat) : at::Tensor();
        const float scale = static_cast<float>(1 / temperature);
        for_tiles(x, weight, shapes.tile, [&](const at::Tensor &logits, int64_t first, int64_t block, int64_t token, int64_t count) {
            float *z = logits.mutable_data_ptr<float>();
            at::parallel_for(0, block, grain(count), [&](int64_t begin, int64_t end) {
                for (int64_t row = begin; row < end; ++row) {
                    const int64_t at = live[first + row], id = all_ids[at] - token;
                    gradient_tile(
                        z + row * count, count, scale, stats[CT_STAT_LSE * shapes.rows + at], stats[CT_STAT_MEAN_LOGIT * shapes.rows + at],
                        a[at], b[at], 0 <= id && id < count ? id : -1, stats[CT_STAT_LOGPROB * shapes.rows + at]);
                }
            });
            d_x.narrow(0, first, block).addmm_(logits, weight.narrow(0, token, count).to(at::kFloat));
            if (d_weight.defined()) d_weight.narrow(0, token, count).addmm_(logits.t(), x.narrow(0, first, block));
        });
        auto d_hidden = at::zeros({shapes.rows, x.size(1)}, at::kFloat);
        d_hidden.index_copy_(0, index, d_x);
        ct::give(d_hidden_out, d_hidden);
        if (d_weight_out) ct::give(d_weight_out, d_weight);
    });
}

ct_status ct_policy_head_sample(
    ct_tensor hidden_in, ct_tensor weight_in, double temperature, int32_t greedy, uint64_t key, const uint32_t *counters,
    int64_t tile, int64_t *tokens, ct_tensor *statistics) {
    return ct::making(statistics, [&] {
        const c10::NoGradGuard guard;
        const auto &hidden = in(hidden_in), &weight = in(weight_in);
        const auto shapes = check(hidden, weight, temperature, tile);
        const double scale = 1 / temperature;
        std::vector<RowState> states(shapes.rows);
        std::vector<Draw> draws(shapes.rows);
        for_tiles(hidden, weight, shapes.tile, [&](const at::Tensor &logits, int64_t first, int64_t rows, int64_t token, int64_t count) {
            const float *z = logits.const_data_ptr<float>();
            at::parallel_for(0, rows, grain(count), [&](int64_t begin, int64_t end) {
                for (int64_t row = begin; row < end; ++row) {
                    const float *own = z + row * count;
                    auto &state = states[first + row];
                    const double before_top = state.top, before_mass = state.mass();
                    take_tile(own, count, scale, state);
                    if (greedy) {
                        if (state.top > before_top) {
                            const int64_t best = ct::first_maximum(own, count);
                            draws[first + row] = {token + best, state.top};
                        }
                        continue;
                    }
                    const uint32_t *c = counters + 4 * (first + row);
                    const double before = before_mass == 0 ? 0 : before_mass * std::exp(before_top - state.top);
                    draw_from_tile(
                        own, count, scale, token, before, state, ct::philox({c[0], c[1], c[2], c[3]}, key),
                        static_cast<uint32_t>(token / shapes.tile), draws[first + row]);
                }
            });
        });
        std::vector<double> own(shapes.rows);
        for (int64_t row = 0; row < shapes.rows; ++row) {
            TORCH_CHECK(states[row].mass() > 0 && std::isfinite(states[row].tail.a1), "the logits of row ", row, " are not finite: no token can be sampled from them");
            tokens[row] = draws[row].token;
            own[row] = draws[row].logit;
        }
        return finished(states, own);
    });
}

} // extern "C"
