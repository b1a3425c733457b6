// Layers that others are composed of, with gradients; shapes are in ctorch.h.
#pragma once

#include <ATen/ATen.h>

namespace ct {

/// x W^T + b on the kernel of the present precision; `bias` may be undefined.
at::Tensor linear(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias = {});
/// silu(gate) up.
at::Tensor swiglu(const at::Tensor &gate, const at::Tensor &up);

} // namespace ct
