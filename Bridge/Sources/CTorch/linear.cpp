// Linear layers: y = x W^T + b on the kernel of the chosen precision, with the backward of the same kernel.
#include <torch/csrc/autograd/custom_function.h>

#include <optional>

#include "boundary.hpp"
#include "compute.hpp"
#include "device.hpp"
#include "kept_rows.hpp"
#include "layers.hpp"
#include "packed_weights.hpp"

using ct::in;
using ct::Kernel;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

at::Tensor matrix(const at::Tensor &x, int64_t width) { return x.reshape({-1, width}).contiguous(); }

/// x [M, I] W^T + b -> [M, O].
template <class Element> void forward_tiles(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias, const at::Tensor &y) {
    const auto w = ct::packed_for_forward<Element>(weight);
    ct::multiply(ct::left<Element>(x).operand, x.size(0), w.operand, bias.defined() ? bias.const_data_ptr<float>() : nullptr, y.mutable_data_ptr<float>());
}

at::Tensor product(Kernel kernel, const at::Tensor &x_in, const at::Tensor &weight, const at::Tensor &bias_in) {
    auto shape = x_in.sizes().vec();
    shape.back() = weight.size(0);
    if (kernel == Kernel::blas) return at::linear(x_in, weight, bias_in.defined() ? std::optional<at::Tensor>(bias_in) : std::nullopt);
    const auto x = matrix(x_in, weight.size(1));
    if (kernel == Kernel::rounded_blas) {
        auto y = at::mm(ct::rounded(x), ct::rounded_weight(weight).t());
        if (bias_in.defined()) y.add_(bias_in);
        return y.view(shape);
    }
    const auto bias = bias_in.defined() ? bias_in.contiguous() : bias_in;
    auto y = at::empty(shape, x.options());
    switch (kernel) {
    case Kernel::bfloat16_tiles: forward_tiles<at::BFloat16>(x, weight, bias, y); break;
    case Kernel::split_tiles: forward_tiles<ct::Split>(x, weight, bias, y); break;
    default: forward_tiles<float>(x, weight, bias, y);
    }
    return y;
}

/// The product, or what was kept of it.
at::Tensor value(Kernel kernel, const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias) {
    auto shape = x.sizes().vec();
    shape.back() = weight.size(0);
    return ct::kept_or(shape, [&] { return product(kernel, x, weight, bias); });
}

template <class Element> at::Tensor d_input_tiles(const at::Tensor &dy, const at::Tensor &weight) {
    const auto w = ct::packed_for_backward<Element>(weight);
    auto dx = at::empty({dy.size(0), weight.size(1)}, dy.options());
    ct::multiply(ct::left<Element>(dy).operand, dy.size(0), w.operand, nullptr, dx.mutable_data_ptr<float>());
    return dx;
}

template <class Element> at::Tensor d_weight_tiles(const at::Tensor &dy, const at::Tensor &x) {
    auto dw = at::empty({dy.size(1), x.size(1)}, dy.options());
    if constexpr (std::is_same_v<Element, float>) {
        if (ct::avx2::is_used()) {
            const auto source = [](const at::Tensor &t) { return ct::Source{t.const_data_ptr<float>(), t.size(1), t.size(0), t.size(1)}; };
            ct::avx2::multiply_transposed(source(dy), source(x), dw.mutable_data_ptr<float>());
            return dw;
        }
    }
    const auto columns = ct::right<Element>(x);
    ct::multiply(ct::left_transposed<Element>(dy).operand, dy.size(1), columns.operand, nullptr, dw.mutable_data_ptr<float>());
    return dw;
}

struct Linear : torch::autograd::Function<Linear> {
    static at::Tensor forward(
        AutogradContext *ctx, const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias, int64_t kernel) {
        ctx->save_for_backward({x, weight});
        ctx->saved_data["kernel"] = kernel;
        ctx->saved_data["has bias"] = bias.has_value();
        return value(static_cast<Kernel>(kernel), x, weight, bias.value_or(at::Tensor()));
    }

    /// dX = dY W, dW = dY^T X, db = sum of dY's rows, by the forward's kernel whatever the precision is now.
    static variable_list backward(AutogradContext *ctx, variable_list grads) {
        const auto saved = ctx->get_saved_variables();
        const auto &x_in = saved[0], &weight = saved[1];
        const auto kernel = static_cast<Kernel>(ctx->saved_data["kernel"].toInt());
        const auto dy = matrix(grads[0], weight.size(0));
        at::Tensor dx, dw, db;
        if (ctx->needs_input_grad(0)) {
            if (kernel == Kernel::blas) dx = at::mm(dy, weight);
            else if (kernel == Kernel::rounded_blas) dx = at::mm(ct::rounded(dy), ct::rounded_weight(weight));
            else if (kernel == Kernel::bfloat16_tiles) dx = d_input_tiles<at::BFloat16>(dy, weight);
            else dx = kernel == Kernel::split_tiles ? d_input_tiles<ct::Split>(dy, weight) : d_input_tiles<float>(dy, weight);
            dx = dx.view(x_in.sizes());
        }
        if (ctx->needs_input_grad(1)) {
            const auto x = matrix(x_in, weight.size(1));
            if (kernel == Kernel::blas) dw = at::mm(dy.t(), x);
            else if (kernel == Kernel::rounded_blas) dw = at::mm(ct::rounded(dy).t(), ct::rounded(x));
            else if (kernel == Kernel::bfloat16_tiles) dw = d_weight_tiles<at::BFloat16>(dy, x);
            else dw = kernel == Kernel::split_tiles ? d_weight_tiles<ct::Split>(dy, x) : d_weight_tiles<float>(dy, x);
        }
        if (ctx->saved_data["has bias"].toBool() && ctx->needs_input_grad(2)) db = dy.sum(0);
        return {dx, dw, db, at::Tensor()};
    }
};

bool is_plain(const at::Tensor &t) { return t.is_cpu() && t.scalar_type() == at::kFloat && t.numel() > 0; }

} // namespace

at::Tensor ct::linear(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias) {
    if (ct::uses_library(x)) return ct::library_linear(x, weight, bias);
    const auto kernel = ct::product_kernel();
    const bool fits = x.dim() > 0 && weight.dim() == 2 && x.size(-1) == weight.size(1) &&
                      (!bias.defined() || (bias.dim() == 1 && bias.size(0) == weight.size(0) && is_plain(bias)));
    const bool differentiates =
        at::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad() || (bias.defined() && bias.requires_grad()));
    // libtorch refuses what does not fit, and has nothing to compute where a size is 0
    if (!fits || !is_plain(x) || !is_plain(weight)) return bias.defined() ? at::linear(x, weight, bias) : at::linear(x, weight);
    const bool is_for_library =
        kernel == Kernel::blas || (kernel == Kernel::float_tiles && ct::blas_is_faster(x.numel() / x.size(-1), differentiates));
    const auto chosen = is_for_library ? Kernel::blas : kernel;
    // of values that are kept libtorch knows no gradient
    if (!differentiates || (is_for_library && !ct::takes_kept())) return value(chosen, x, weight, bias);
    // an undefined tensor is no variable, an empty optional is understood
    const auto given = bias.defined() ? std::optional<at::Tensor>(bias) : std::nullopt;
    return Linear::apply(x, weight, given, static_cast<int64_t>(chosen));
}

extern "C" ct_status ct_linear(ct_tensor x, ct_tensor weight, ct_tensor bias, ct_tensor *out) {
    return ct::making(out, [&] { return ct::linear(in(x), in(weight), bias ? in(bias) : at::Tensor()); });
}
