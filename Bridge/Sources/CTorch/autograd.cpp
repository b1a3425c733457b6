// Gradients: grad mode and reverse-mode differentiation.
#include <torch/csrc/autograd/autograd.h>

#include "boundary.hpp"

using ct::in;

extern "C" {

int32_t ct_set_grad_enabled(int32_t enabled) {
    const bool before = at::GradMode::is_enabled();
    at::GradMode::set_enabled(enabled != 0);
    return before ? 1 : 0;
}

ct_status ct_require_grad(ct_tensor tensor, int32_t required) {
    return ct::guarded([&] { in(tensor).set_requires_grad(required != 0); });
}

ct_status ct_detach(ct_tensor tensor, ct_tensor *out) {
    return ct::making(out, [&] { return in(tensor).detach(); });
}

ct_status ct_gradients(
    const ct_tensor *outputs, const ct_tensor *output_gradients, int32_t output_count, const ct_tensor *inputs,
    int32_t input_count, int32_t retain_graph, ct_tensor *grads) {
    return ct::guarded([&] {
        torch::autograd::variable_list roots, seeds, leaves;
        for (int32_t i = 0; i < output_count; ++i) {
            roots.push_back(in(outputs[i]));
            seeds.push_back(in(output_gradients[i]));
        }
        for (int32_t i = 0; i < input_count; ++i) leaves.push_back(in(inputs[i]));
        const auto found = torch::autograd::grad(roots, leaves, seeds, retain_graph != 0, false, true);
        for (int32_t i = 0; i < input_count; ++i) {
            grads[i] = found[i].defined() ? new ct_tensor_box{found[i].detach()} : nullptr;
        }
    });
}

} // extern "C"
