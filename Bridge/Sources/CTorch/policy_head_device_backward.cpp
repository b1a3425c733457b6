// The policy head's gradient on any device: each tile's logits again, turned into dz, and multiplied into d_hidden and d_weight.
#include <algorithm>
#include <vector>

#include "policy_head_device.hpp"

namespace {

/// to (+)= a b.
void put_product(at::Tensor to, const at::Tensor &a, const at::Tensor &b, bool adds) {
    if (a.scalar_type() == at::kBFloat16) {
        const auto product = ct::wide_product(a, b);
        adds ? to.add_(product) : to.copy_(product);
    } else {
        adds ? to.addmm_(a, b) : at::mm_out(to, a, b);
    }
}

} // namespace

ct::HeadGradients ct::library_head_backward(
    const at::Tensor &hidden, const at::Tensor &weight, const at::Tensor &ids_in, const at::Tensor &statistics, const at::Tensor &g1_in,
    const at::Tensor &g2_in, double temperature, int64_t tile, bool wants_weight, const at::Tensor &sum) {
    check_head(hidden, weight, temperature);
    const int64_t all = hidden.size(0), width = hidden.size(1), vocabulary = weight.size(0);
    const auto all_ids = ids_beside(ids_in, all, vocabulary, hidden);
    TORCH_CHECK(
        g1_in.scalar_type() == at::kFloat && g2_in.scalar_type() == at::kFloat && g1_in.numel() == all && g2_in.numel() == all &&
            statistics.dim() == 2 && statistics.size(0) == CT_STAT_ROWS && statistics.size(1) == all,
        "g1, g2 and the statistics must have ", all, " columns");
    // rows without a gradient are left out on the host, where g1 and g2 come from
    const auto host1 = g1_in.cpu().contiguous(), host2 = g2_in.cpu().contiguous();
    std::vector<int64_t> live;
    for (int64_t row = 0; row < all; ++row)
        if (host1.const_data_ptr<float>()[row] != 0 || host2.const_data_ptr<float>()[row] != 0) live.push_back(row);
    const int64_t rows = static_cast<int64_t>(live.size());
    const auto options = hidden.options().dtype(at::kFloat).requires_grad(false);
    HeadGradients result{at::zeros({all, width}, options), sum};
    if (wants_weight && !sum.defined()) result.weight = rows == 0 ? at::zeros(weight.sizes(), options) : at::empty(weight.sizes(), options);
    if (rows == 0) return result;

    const auto chosen = uploaded(live.data(), rows, hidden);
    const auto of_rows = [&](const at::Tensor &x) { return x.reshape({-1}).to(hidden.device()).index_select(0, chosen).unsqueeze(1); };
    const auto ids = all_ids.index_select(0, chosen);
    const auto g1 = of_rows(g1_in), g2 = of_rows(g2_in), lse = of_rows(statistics[CT_STAT_LSE]), mean = of_rows(statistics[CT_STAT_MEAN_LOGIT]),
               logprob = of_rows(statistics[CT_STAT_LOGPROB]);
    const double scale = 1 / temperature;
    HeadOperands operands(hidden.detach().index_select(0, chosen), weight);
    auto d_x = at::empty({rows, width}, options);
    const Partition part(vocabulary, tile > 0 ? tile : kWideTile);
    for (int64_t index = 0; index < part.tiles; ++index) {
        const int64_t token = index * part.tile, count = part.count(index);
        for (int64_t row = 0; row < rows; row += kDeviceRows) {
            const int64_t block = std::min(kDeviceRows, rows - row);
            const auto of_block = [&](const at::Tensor &x) { return x.narrow(0, row, block); };
            const auto z = operands.logits(row, block, token, count).mul_(scale);
            const OwnLogits own(of_block(ids), token, count);
            const auto above = own.logit(z).unsqueeze(1) - of_block(mean);
            // g1 (1 - p) without cancellation
            const auto of_own = (-of_block(g1) * at::expm1(of_block(logprob)) - of_block(g2) * at::exp(of_block(logprob)) * above) * scale;
            // dz_i = (-p_i (g1 + g2 (z_i - mean)) + g1 [i = k]) / T (derivation: docs/metrics.md)
            const auto p = at::exp(z - of_block(lse));
            auto dz = (z - of_block(mean)).mul_(of_block(g2)).add_(of_block(g1)).mul_(p).mul_(-scale);
            dz.scatter_(1, own.place, at::where(own.is_inside.unsqueeze(1), of_own, dz.gather(1, own.place)));
            const auto left = operands.operand(dz);
            put_product(of_block(d_x), left, operands.w.narrow(0, token, count), index > 0);
            if (result.weight.defined())
                put_product(result.weight.narrow(0, token, count), left.t(), operands.x.narrow(0, row, block), sum.defined() || row > 0);
        }
    }
    result.hidden.index_copy_(0, chosen, d_x);
    return result;
}
