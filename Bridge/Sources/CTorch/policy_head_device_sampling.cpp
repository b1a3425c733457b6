// Sampling on any device, in the pass that computes the statistics: a candidate per tile, and a choice among the tiles.
//
// Draws are those of the fused pass: they depend on the tiles, so both use its size.
#include <algorithm>
#include <vector>

#include "draws.hpp"
#include "policy_head_device.hpp"

namespace {

/// A token per tile and row: drawn from the tile's distribution at uniform `share` [n], or its first maximum.
struct TileDraw {
    at::Tensor token, logit;
};

TileDraw tile_draw(const at::Tensor &z, double scale, const at::Tensor &sums, const at::Tensor &share, bool is_greedy) {
    at::Tensor place;
    const auto tempered = z * scale;
    if (is_greedy) {
        place = tempered.argmax(1);
    } else {
        const auto u = tempered - sums[0].unsqueeze(1);
        const auto e = at::where(u >= -87, at::exp(u), at::zeros_like(u));
        const auto target = share * (1 + sums[1].to(at::kDouble));
        // rounding may leave the target just past the last sum: then the last token of some mass is taken
        const auto last = at::where(e > 0, at::arange(z.size(1), z.options().dtype(at::kLong)), 0).amax(1);
        place = at::minimum((at::cumsum(e, 1, at::kDouble) <= target.unsqueeze(1)).sum(1), last);
    }
    return {place, tempered.gather(1, place.unsqueeze(1)).squeeze(1)};
}

/// Per row the tile whose candidate is the sample [1, n]. A tile replaces the choice so far with probability mass / mass so far, so the
/// last that does is distributed as softmax.
at::Tensor chosen_tile(const at::Tensor &sums, const at::Tensor &replaces, bool is_greedy) {
    const auto top = sums[0].to(at::kDouble);
    if (is_greedy) return top.argmax(0, true);
    const auto highest = top.amax(0, true);
    const auto mass = at::where(top == -INFINITY, 0.0, at::exp(top - highest) * (1 + sums[1].to(at::kDouble)));
    const auto taken = replaces * mass.cumsum(0) < mass;
    return at::where(taken, at::arange(top.size(0), top.options().dtype(at::kLong)).unsqueeze(1), 0).amax(0, true);
}

} // namespace

ct::DrawnTokens ct::library_head_draw(
    const at::Tensor &hidden, const at::Tensor &weight, double temperature, const at::Tensor &uniform, int64_t tile) {
    check_head(hidden, weight, temperature);
    const int64_t all = hidden.size(0);
    const bool is_greedy = !uniform.defined();
    const Partition part(weight.size(0), tile);
    const double scale = 1 / temperature;
    HeadOperands operands(hidden, weight);
    DrawnTokens drawn;
    drawn.statistics = at::empty({CT_STAT_ROWS, all}, operands.x.options().dtype(at::kFloat));
    drawn.tokens = at::empty({all}, drawn.statistics.options().dtype(at::kLong));
    drawn.is_possible = at::empty_like(drawn.tokens);
    for (int64_t row = 0; row < all; row += kDeviceRows) {
        const int64_t rows = std::min(kDeviceRows, all - row);
        const auto numbers = is_greedy ? at::Tensor() : uniform.narrow(2, row, rows);
        auto sums = at::empty({kTileSums, part.tiles, rows}, drawn.statistics.options());
        std::vector<at::Tensor> places, logits;
        for (int64_t index = 0; index < part.tiles; ++index) {
            const int64_t token = index * part.tile;
            const auto z = operands.logits(row, rows, token, part.count(index));
            const auto own = sums.select(1, index);
            reduce_tile(z, scale, own);
            const auto found = tile_draw(z, scale, own, is_greedy ? at::Tensor() : numbers[1][index], is_greedy);
            places.push_back(found.token + token);
            logits.push_back(found.logit);
        }
        const auto state = merge_tiles(sums), tile_of_row = chosen_tile(sums, is_greedy ? at::Tensor() : numbers[0], is_greedy);
        drawn.is_possible.narrow(0, row, rows).copy_(state[2].isfinite().logical_and_(state[0] > -INFINITY));
        drawn.tokens.narrow(0, row, rows).copy_(at::stack(places).gather(0, tile_of_row).squeeze(0));
        drawn.statistics.narrow(1, row, rows).copy_(finish_rows(state, at::stack(logits).gather(0, tile_of_row).squeeze(0)));
    }
    return drawn;
}

void ct::write_uniforms(const Draws &draws, int64_t rows, int64_t tiles, int64_t stride, double *numbers) {
    for (int64_t tile = 0; tile < tiles; ++tile)
        for (int64_t row = 0; row < rows; ++row) {
            const auto words = draws.words(row, tile);
            numbers[tile * stride + row] = uniform(words[0], words[1]);
            numbers[(tiles + tile) * stride + row] = uniform(words[2], words[3]);
        }
}

void ct::check_drawn(int64_t is_possible, int64_t row) {
    TORCH_CHECK(is_possible != 0, "the logits of row ", row, " are not finite: no token can be sampled from them");
}

at::Tensor ct::library_head_sample(
    const at::Tensor &hidden, const at::Tensor &weight, double temperature, const Draws &draws, int64_t tile, int64_t *tokens) {
    check_head(hidden, weight, temperature);
    const int64_t all = hidden.size(0), tiles = Partition(weight.size(0), tile).tiles;
    at::Tensor numbers;
    if (!draws.is_greedy) {
        numbers = at::empty({2, tiles, all}, at::kDouble);
        write_uniforms(draws, all, tiles, all, numbers.mutable_data_ptr<double>());
        numbers = sent(numbers, hidden);
    }
    const auto drawn = library_head_draw(hidden, weight, temperature, numbers, tile);
    // what makes a row impossible comes down with the tokens: one wait for the device
    note_transfer("down");
    const auto down = at::stack({drawn.tokens, drawn.is_possible}).cpu();
    const int64_t *found = down.const_data_ptr<int64_t>();
    for (int64_t row = 0; row < all; ++row) {
        check_drawn(found[all + row], row);
        tokens[row] = found[row];
    }
    return drawn.statistics;
}
