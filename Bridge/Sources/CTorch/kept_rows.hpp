// What linear layers and attention computed for rows of a model's pass, kept while it samples, so that an update need not compute it again.
#pragma once

#include <ATen/ATen.h>

namespace ct {

/// Whether operators of the present thread find their values kept.
bool takes_kept();
/// Values [n, ...] of the next operator, of those that are kept, for the rows of the present pass.
at::Tensor take_kept(at::IntArrayRef sizes);
/// Whether operators of the present thread are to keep what they compute.
bool keeps_values();
/// Keeps the values [n, ...] of the next operator, if the present thread's are to be kept.
void keep(const at::Tensor &values);

/// The values of the next operator: kept ones, or what `make` computes, which may then be kept.
template <class Make> at::Tensor kept_or(at::IntArrayRef sizes, Make &&make) {
    if (takes_kept()) return take_kept(sizes);
    auto values = make();
    keep(values);
    return values;
}

} // namespace ct
