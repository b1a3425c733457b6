// Linear layers by libtorch's products, on any device.
#include <torch/csrc/autograd/custom_function.h>

#include <optional>

#include "device.hpp"
#include "packed_weights.hpp"

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

at::Tensor matrix(const at::Tensor &x, int64_t width) { return x.reshape({-1, width}); }

/// x [.., I] W^T + b, products of bfloat16 operands with float32 results.
at::Tensor value(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias) {
    auto shape = x.sizes().vec();
    shape.back() = weight.size(0);
    auto y = ct::wide_product(ct::narrowed(matrix(x, weight.size(1))), ct::narrowed_weight(weight).t());
    if (bias.defined()) y.add_(bias);
    return y.view(shape);
}

struct NarrowLinear : torch::autograd::Function<NarrowLinear> {
    static at::Tensor forward(AutogradContext *ctx, const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias) {
        ctx->save_for_backward({x, weight});
        ctx->saved_data["has bias"] = bias.has_value();
        return value(x, weight, bias.value_or(at::Tensor()));
    }

    /// dX = dY W, dW = dY^T X, db = sum of dY's rows.
    static variable_list backward(AutogradContext *ctx, variable_list grads) {
        const auto saved = ctx->get_saved_variables();
        const auto &x = saved[0], &weight = saved[1];
        const auto dy = matrix(grads[0], weight.size(0)), narrow = ct::narrowed(dy);
        at::Tensor dx, dw, db;
        if (ctx->needs_input_grad(0)) dx = ct::wide_product(narrow, ct::narrowed_weight(weight)).view(x.sizes());
        if (ctx->needs_input_grad(1)) dw = ct::wide_product(narrow.t(), ct::narrowed(matrix(x, weight.size(1))));
        if (ctx->saved_data["has bias"].toBool() && ctx->needs_input_grad(2)) db = dy.sum(0);
        return {dx, dw, db};
    }
};

} // namespace

at::Tensor ct::library_linear(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias) {
    const bool is_narrow = ct_compute_precision() == CT_PRECISION_BFLOAT16 && x.dim() > 0 && x.numel() > 0 && weight.dim() == 2 &&
                           x.size(-1) == weight.size(1) && x.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat;
    // libtorch refuses what does not fit
    if (!is_narrow) return bias.defined() ? at::linear(x, weight, bias) : at::linear(x, weight);
    // an undefined tensor is no variable, an empty optional is understood
    return NarrowLinear::apply(x, weight, bias.defined() ? std::optional<at::Tensor>(bias) : std::nullopt);
}
