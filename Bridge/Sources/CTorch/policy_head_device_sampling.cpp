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

/// Uniform numbers of rows from `first` on and every tile, double [2, tiles, n]: whether the tile's candidate is taken, and which token
/// it is.
at::Tensor uniforms(const ct::Draws &draws, int64_t first, int64_t rows, int64_t tiles, const at::Tensor &like) {
    auto host = at::empty({2, tiles, rows}, at::kDouble);
    double *numbers = host.mutable_data_ptr<double>();
    for (int64_t tile = 0; tile < tiles; ++tile)
        for (int64_t row = 0; row < rows; ++row) {
            const auto words = draws.words(first + row, tile);
            numbers[tile * rows + row] = ct::uniform(words[0], words[1]);
            numbers[(tiles + tile) * rows + row] = ct::uniform(words[2], words[3]);
        }
    return ct::sent(host, like);
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

at::Tensor ct::library_head_sample(
    const at::Tensor &hidden, const at::Tensor &weight, double temperature, const Draws &draws, int64_t tile, int64_t *tokens) {
    check_head(hidden, weight, temperature);
    const int64_t all = hidden.size(0);
    const Partition part(weight.size(0), tile);
    const double scale = 1 / temperature;
    HeadOperands operands(hidden, weight);
    auto out = at::empty({CT_STAT_ROWS, all}, operands.x.options().dtype(at::kFloat));
    for (int64_t row = 0; row < all; row += kDeviceRows) {
        const int64_t rows = std::min(kDeviceRows, all - row);
        const auto uniform = uniforms(draws, row, draws.is_greedy ? 0 : rows, part.tiles, out);
        auto sums = at::empty({kTileSums, part.tiles, rows}, out.options());
        std::vector<at::Tensor> places, logits;
        for (int64_t index = 0; index < part.tiles; ++index) {
            const int64_t token = index * part.tile;
            const auto z = operands.logits(row, rows, token, part.count(index));
            const auto own = sums.select(1, index);
            reduce_tile(z, scale, own);
            const auto found = tile_draw(z, scale, own, draws.is_greedy ? at::Tensor() : uniform[1][index], draws.is_greedy);
            places.push_back(found.token + token);
            logits.push_back(found.logit);
        }
        const auto state = merge_tiles(sums), tile_of_row = chosen_tile(sums, draws.is_greedy ? at::Tensor() : uniform[0], draws.is_greedy);
        // what makes a row impossible comes down with the tokens: one wait for the device
        const auto is_possible = state[2].isfinite().logical_and_(state[0] > -INFINITY).to(at::kLong);
        const auto down = at::stack({at::stack(places).gather(0, tile_of_row).squeeze(0), is_possible}).cpu();
        const int64_t *found = down.const_data_ptr<int64_t>();
        for (int64_t i = 0; i < rows; ++i) {
            TORCH_CHECK(found[rows + i] != 0, "the logits of row ", row + i, " are not finite: no token can be sampled from them");
            tokens[row + i] = found[i];
        }
        out.narrow(1, row, rows).copy_(finish_rows(state, at::stack(logits).gather(0, tile_of_row).squeeze(0)));
    }
    return out;
}
