// Sampling from the policy head in the pass that computes the statistics: a candidate per tile, and a choice among the tiles.
#include "device.hpp"
#include "draws.hpp"
#include "head_tiles.hpp"
#include "parallel.hpp"
#include "policy_head.hpp"

using ct::Candidate;
using ct::Draws;
using ct::in;
using ct::RowState;

namespace {

/// Inverts the distribution of a tile at `share` of its mass.
CT_CLONES void invert(const float *z, int64_t count, double scale, double share, Candidate &candidate) {
    const double target = share * candidate.mass;
    double sum = 0;
    int64_t chosen = -1;
    for (int64_t i = 0; i < count && sum <= target; ++i) {
        const float u = z[i] * static_cast<float>(scale) - static_cast<float>(candidate.top);
        const double e = u < 0 ? ct::exponential(u) : 1.0;
        if (e > 0) chosen = i; // rounding may leave the target just past the last sum
        sum += e;
    }
    candidate.token = chosen < 0 ? 0 : chosen;
    candidate.logit = static_cast<double>(z[candidate.token] * static_cast<float>(scale));
}

} // namespace

namespace ct {

Candidate candidate(const float *z, int64_t count, double scale, int64_t first_token, const RowState &state, const Draws &draws, int64_t row, int64_t tile) {
    Candidate result{state.top, state.mass(), state.top, 0};
    if (draws.is_greedy) {
        result.token = ct::first_maximum(z, count);
    } else if (result.mass > 0) {
        const auto numbers = draws.words(row, tile);
        invert(z, count, scale, ct::uniform(numbers[2], numbers[3]), result);
    }
    result.token += first_token;
    return result;
}

bool Passed::take(double tile_top, double tile_mass, const Draws &draws, int64_t row, int64_t tile, double slack) {
    if (draws.is_greedy) {
        const bool is_higher = tile_top > top;
        top = std::max(top, tile_top);
        return is_higher;
    }
    if (tile_mass == 0) return false;
    const double highest = std::max(top, tile_top), own = tile_mass * std::exp(tile_top - highest);
    mass = (mass == 0 ? 0 : mass * std::exp(top - highest)) + own;
    top = highest;
    const auto numbers = draws.words(row, tile);
    return ct::uniform(numbers[0], numbers[1]) * mass * (1 - slack) < own;
}

/// The last choice is distributed as softmax.
Candidate choice(const Candidate *candidates, int64_t tiles, const Draws &draws, int64_t row) {
    Candidate chosen = candidates[0];
    Passed passed;
    for (int64_t tile = 0; tile < tiles; ++tile)
        if (passed.take(candidates[tile].top, candidates[tile].mass, draws, row, tile)) chosen = candidates[tile];
    return chosen;
}

void check_draw(double sum, double mass, int64_t row) {
    TORCH_CHECK(
        std::isfinite(sum) && mass > 0, "the logits of row ", row, " are not finite: no token can be sampled from them");
}

} // namespace ct

namespace {

template <class Logits>
at::Tensor sample(const Logits &logits, int64_t rows, int64_t width, const ct::Partition &part, double scale, const Draws &draws, int64_t *tokens) {
    std::vector<RowState> states(part.sections * rows);
    std::vector<Candidate> candidates(rows * part.tiles);
    const int64_t groups = ct::pieces(rows, ct::kRowBlock), stride = ct::round_up(part.tile, 16) + 16;
    const double values = static_cast<double>(part.tile * part.tiles_per_section), size = static_cast<double>(width);
    const double operations = static_cast<double>(std::min(rows, ct::kRowBlock)) * values * (2 * size + 100);
    ct::parallel_for(0, part.sections * groups, ct::grain(operations, 2 * values * size, Logits::is_narrow), [&](int64_t begin, int64_t end) {
        [[maybe_unused]] const typename Logits::Scope scope;
        const auto buffer = at::empty({std::min(rows, ct::kRowBlock) * stride}, at::kFloat);
        float *z = buffer.mutable_data_ptr<float>();
        std::vector<RowState> of_tile;
        for (int64_t task = begin; task < end; ++task) {
            const int64_t section = task / groups, first = task % groups * ct::kRowBlock, block = std::min(ct::kRowBlock, rows - first);
            for (int64_t tile = part.first_tile(section); tile < part.end_tile(section); ++tile) {
                const int64_t token = tile * part.tile, count = part.count(tile);
                of_tile.assign(block, RowState());
                for (int64_t done = 0; done < count; done += ct::kStrip) {
                    const int64_t strip = std::min(ct::kStrip, count - done);
                    logits(first, block, token + done, strip, z + done, stride);
                    ct::take_block(z + done, stride, block, strip, scale, of_tile.data());
                }
                for (int64_t i = 0; i < block; ++i) {
                    candidates[(first + i) * part.tiles + tile] =
                        ct::candidate(z + i * stride, count, scale, token, of_tile[i], draws, first + i, tile);
                    states[section * rows + first + i].absorb(of_tile[i]);
                }
            }
        }
    });
    std::vector<double> own(rows);
    for (int64_t row = 0; row < rows; ++row) {
        const auto chosen = ct::choice(candidates.data() + row * part.tiles, part.tiles, draws, row);
        tokens[row] = chosen.token;
        own[row] = chosen.logit;
        for (int64_t section = 0; section < part.sections; ++section)
            ct::check_draw(states[section * rows + row].tail.a1, chosen.mass, row);
    }
    return ct::finished(states, own);
}

} // namespace

extern "C" ct_status ct_policy_head_sample(
    ct_tensor hidden_in, ct_tensor weight_in, double temperature, int32_t greedy, uint64_t key, const uint32_t *counters, int64_t tile,
    int64_t *tokens, ct_tensor *statistics) {
    return ct::making(statistics, [&] {
        const c10::NoGradGuard guard;
        const auto &hidden = in(hidden_in), &weight = in(weight_in);
        const Draws draws{greedy != 0, key, counters};
        if (ct::uses_library(hidden)) return ct::library_head_sample(hidden, weight, temperature, draws, tile, tokens);
        ct::check_head(hidden, weight, temperature);
        const ct::Partition part(weight.size(0), tile);
#if CT_HAS_AMX
        if (ct::amx::takes_heads()) return ct::amx::sample(hidden, weight, part, 1 / temperature, draws, tokens);
#endif
        return ct::with_logits(hidden, weight, [&](const auto &logits) {
            return sample(logits, hidden.size(0), hidden.size(1), part, 1 / temperature, draws, tokens);
        });
    });
}
