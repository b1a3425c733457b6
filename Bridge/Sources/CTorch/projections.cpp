// Queries, keys and values of one input: three linear layers.
//
// With bfloat16 or split tiles the input is packed once for all three, and their products are one parallel loop. Elsewhere they are three
// layers.
#include <torch/csrc/autograd/custom_function.h>

#include <array>
#include <optional>

#include "boundary.hpp"
#include "compute.hpp"
#include "layers.hpp"
#include "packed_weights.hpp"

using ct::in;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

constexpr int kCount = 3;

/// A weight [O, I] and its bias [O], which may be undefined.
struct Layer {
    at::Tensor weight, bias;
};
using Layers = std::array<Layer, kCount>;

template <class Element> variable_list values(const at::Tensor &x, const Layers &layers) {
    const auto left = ct::left<Element>(x);
    variable_list out;
    std::array<ct::PackedRight<Element>, kCount> packed;
    std::array<at::Tensor, kCount> biases;
    std::array<ct::Target<Element>, kCount> targets;
    for (int i = 0; i < kCount; ++i) {
        packed[i] = ct::packed_for_forward<Element>(layers[i].weight);
        if (layers[i].bias.defined()) biases[i] = layers[i].bias.contiguous();
        out.push_back(at::empty({x.size(0), layers[i].weight.size(0)}, x.options()));
        targets[i] = {packed[i].operand, biases[i].defined() ? biases[i].const_data_ptr<float>() : nullptr, out[i].mutable_data_ptr<float>()};
    }
    ct::multiply(left.operand, x.size(0), std::span<const ct::Target<Element>>(targets));
    return out;
}

template <class Element> struct Projections : torch::autograd::Function<Projections<Element>> {
    using Bias = std::optional<at::Tensor>;

    static variable_list forward(
        AutogradContext *ctx, const at::Tensor &input, const at::Tensor &q, const Bias &q_bias, const at::Tensor &k, const Bias &k_bias,
        const at::Tensor &v, const Bias &v_bias) {
        const auto x = input.contiguous();
        const at::Tensor none;
        ctx->save_for_backward({x, q, k, v});
        ctx->saved_data["has bias"] = std::vector<bool>{q_bias.has_value(), k_bias.has_value(), v_bias.has_value()};
        return values<Element>(x, {{{q, q_bias.value_or(none)}, {k, k_bias.value_or(none)}, {v, v_bias.value_or(none)}}});
    }

    /// dX = sum of dY W, dW = dY^T X, db = sum of dY's rows.
    static variable_list backward(AutogradContext *ctx, variable_list grads) {
        const auto saved = ctx->get_saved_variables();
        const auto has_bias = ctx->saved_data["has bias"].toBoolList();
        const auto &x = saved[0];
        const auto columns = ct::right<Element>(x);
        auto dx = at::empty_like(x);
        variable_list result{dx};
        bool adds = false;
        for (int i = 0; i < kCount; ++i) {
            const auto &weight = saved[1 + i];
            if (!grads[i].defined()) {
                result.insert(result.end(), {at::Tensor(), at::Tensor()});
                continue;
            }
            const auto dy = grads[i].contiguous();
            const auto w = ct::packed_for_backward<Element>(weight);
            const ct::Target<Element> to_x{w.operand, nullptr, dx.mutable_data_ptr<float>()};
            ct::multiply(ct::left<Element>(dy).operand, dy.size(0), std::span(&to_x, 1), adds);
            adds = true;
            auto dw = at::empty_like(weight);
            ct::multiply<Element>(ct::left_transposed<Element>(dy).operand, dy.size(1), columns.operand, nullptr, dw.mutable_data_ptr<float>());
            result.push_back(dw);
            result.push_back(has_bias[i] ? dy.sum(0) : at::Tensor());
        }
        if (!adds) dx.zero_();
        return result;
    }
};

template <class Element> variable_list projected(const at::Tensor &x, const Layers &layers, bool differentiates) {
    if (!differentiates) return values<Element>(x.contiguous(), layers);
    // an undefined tensor is no variable, an empty optional is understood
    const auto given = [&](int i) { return layers[i].bias.defined() ? std::optional<at::Tensor>(layers[i].bias) : std::nullopt; };
    return Projections<Element>::apply(x, layers[0].weight, given(0), layers[1].weight, given(1), layers[2].weight, given(2));
}

bool is_plain(const at::Tensor &t) { return t.is_cpu() && t.scalar_type() == at::kFloat && t.numel() > 0; }

} // namespace

extern "C" ct_status ct_projections(ct_tensor x_in, const ct_tensor *weights, const ct_tensor *biases, ct_tensor *outs) {
    return ct::guarded([&] {
        const auto &x = in(x_in);
        Layers layers;
        const auto kernel = ct::product_kernel();
        bool is_narrow = (kernel == ct::Kernel::bfloat16_tiles || kernel == ct::Kernel::split_tiles) && is_plain(x) && x.dim() == 2;
        bool differentiates = x.requires_grad();
        for (int i = 0; i < kCount; ++i) {
            layers[i] = {in(weights[i]), biases[i] ? in(biases[i]) : at::Tensor()};
            const auto &[weight, bias] = layers[i];
            is_narrow = is_narrow && is_plain(weight) && weight.dim() == 2 && weight.size(1) == x.size(1) &&
                        (!bias.defined() || (is_plain(bias) && bias.dim() == 1 && bias.size(0) == weight.size(0)));
            differentiates = differentiates || weight.requires_grad() || (bias.defined() && bias.requires_grad());
        }
        variable_list out;
        differentiates = differentiates && at::GradMode::is_enabled();
        if (!is_narrow)
            for (const auto &[weight, bias] : layers) out.push_back(ct::linear(x, weight, bias));
        else
            out = kernel == ct::Kernel::split_tiles ? projected<ct::Split>(x, layers, differentiates)
                                                    : projected<at::BFloat16>(x, layers, differentiates);
        for (int i = 0; i < kCount; ++i) outs[i] = new ct_tensor_box{out[i]};
    });
}
