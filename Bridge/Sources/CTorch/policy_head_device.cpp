// The policy head's statistics on any device: a tile's product by the library, then one reduction.
#include <algorithm>

#include "policy_head_device.hpp"

/// Elements of given logits taken to double at once.
static constexpr int64_t kGiven = 1 << 22;

at::Tensor ct::library_head_statistics(
    const at::Tensor &hidden, const at::Tensor &weight, const at::Tensor &ids_in, double temperature, int64_t tile) {
    check_head(hidden, weight, temperature);
    const int64_t all = hidden.size(0), vocabulary = weight.size(0);
    const auto ids = ids_beside(ids_in, all, vocabulary, hidden);
    const Partition part(vocabulary, tile > 0 ? tile : kWideTile);
    const double scale = 1 / temperature;
    HeadOperands operands(hidden, weight);
    auto out = at::empty({CT_STAT_ROWS, all}, operands.x.options().dtype(at::kFloat));
    for (int64_t row = 0; row < all; row += kDeviceRows) {
        const int64_t rows = std::min(kDeviceRows, all - row);
        const auto own_ids = ids.narrow(0, row, rows);
        auto sums = at::empty({kTileSums, part.tiles, rows}, out.options()), logit = at::zeros({rows}, out.options());
        for (int64_t index = 0; index < part.tiles; ++index) {
            const int64_t token = index * part.tile, count = part.count(index);
            const auto z = operands.logits(row, rows, token, count);
            reduce_tile(z, scale, sums.select(1, index));
            const OwnLogits own(own_ids, token, count);
            logit = at::where(own.is_inside, own.logit(z) * scale, logit);
        }
        out.narrow(1, row, rows).copy_(finish_rows(merge_tiles(sums), logit));
    }
    return out;
}

at::Tensor ct::library_logits_statistics(const at::Tensor &logits, const at::Tensor &ids_in, double temperature) {
    const int64_t all = logits.size(0), vocabulary = logits.size(1);
    const auto ids = ids_beside(ids_in, all, vocabulary, logits);
    auto out = at::empty({CT_STAT_ROWS, all}, logits.options());
    // the product with the inverse, as in the reduction: the top itself must meet u = 0
    const double scale = 1 / temperature;
    const int64_t step = std::max<int64_t>(1, kGiven / vocabulary);
    for (int64_t row = 0; row < all; row += step) {
        const int64_t rows = std::min(step, all - row);
        const auto z = logits.narrow(0, row, rows).to(at::kDouble);
        auto sums = at::empty({kTileSums, 1, rows}, z.options());
        reduce_tile(z, scale, sums.select(1, 0));
        const auto logit = z.gather(1, ids.narrow(0, row, rows).unsqueeze(1)).squeeze(1) * scale;
        out.narrow(1, row, rows).copy_(finish_rows(merge_tiles(sums), logit));
    }
    return out;
}
