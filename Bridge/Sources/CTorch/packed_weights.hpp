// Packed copies of weights: made at first use, kept until the weight is written or freed.
//
// A weight [O, I] of float32 master values costs, while it lives, 2 bytes per value in bfloat16 for forward passes and decoding and
// 2 more once it has been differentiated, twice that if it is split; in float32 4 bytes per value, and as many during its backward.
#pragma once

#include "amx.hpp"
#include "products.hpp"

namespace ct {

/// W^T [I, O], the right operand of x W^T.
template <class Element> PackedRight<Element> packed_for_forward(const at::Tensor &weight);
/// W [O, I], the right operand of dY W.
template <class Element> PackedRight<Element> packed_for_backward(const at::Tensor &weight);
#if CT_HAS_AMX
/// W [O, I] as left panels (amx.hpp) one after the other, split or not.
at::Tensor packed_for_tiles(const at::Tensor &weight, bool is_split);
#endif
/// The weight rounded to bfloat16, held in float32: for machines without bfloat16 products.
at::Tensor rounded_weight(const at::Tensor &weight);
/// The weight as `narrowed` (device.hpp) gives it: bfloat16 on a GPU.
at::Tensor narrowed_weight(const at::Tensor &weight);
/// x rounded to bfloat16, in float32.
inline at::Tensor rounded(const at::Tensor &x) { return x.to(at::kBFloat16).to(at::kFloat); }

/// Frees the packed copies of a tensor about to be released, if its storage goes with it.
void release_packed(const at::Tensor &tensor);
/// Frees the copies of a weight that linear layers multiply by in forward passes and decoding.
void release_forward_copies(const at::Tensor &weight);
int64_t packed_bytes();

} // namespace ct
