// The operators as compositions of libtorch's, for tensors of any device; and when they are taken.
//
// On the CPU they are slower than the fused passes and hold the same tests: that is how what a GPU would run is tested without one.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "ctorch.h"

namespace ct {

/// Whether operators on `x` are compositions of libtorch's: on every device but the CPU, and there where the thread asks for them.
bool uses_library(const at::Tensor &x);
/// Whether this thread asks for them on the CPU too.
bool library_operators();

/// The path of a library that lies beside libtorch's.
std::string torch_library(const std::string &name);
/// Loads libtorch's CUDA half, once, and says whether this libtorch has one; the shim is linked with the CPU half alone. Before any
/// other use of libtorch: autograd counts devices at its first backward.
bool load_cuda();

/// Tells a recording (recording.cpp) that elements go "up" to a tensor or come "down" from one: on the CPU no operator shows it.
void note_transfer(const char *direction);
/// A tensor of the host on the device of `like`; the host does not wait for it.
at::Tensor sent(const at::Tensor &host, const at::Tensor &like);
/// A host vector on the device of `like`, likewise.
at::Tensor uploaded(const int64_t *values, int64_t count, const at::Tensor &like);

/// The stream that libtorch's operators on a device go to now, as its driver knows it (graph.cpp).
void *current_stream(at::Device device);

// ---- products in bfloat16 with float32 results ----

/// A float32 matrix as such a product reads it: bfloat16 on a GPU, rounded values in float32 on the CPU, which lacks the product.
at::Tensor narrowed(const at::Tensor &x);
/// a b in float32 of two float32 or two narrowed matrices.
at::Tensor wide_product(const at::Tensor &a, const at::Tensor &b);

// ---- layers and attention (linear_device.cpp, attention_device.cpp) ----

at::Tensor library_linear(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias);
/// Attention of packed groups; the lengths of all segments, and the segments of each group.
at::Tensor library_attention(
    const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const std::vector<int64_t> &lengths, const std::vector<int64_t> &segments,
    double scale);

// ---- decoding over a cache of rows, keys and values [slots, K, L, D] (decode_device.cpp) ----

/// Rows of a decoding step: slot and last place of each, and its prefix or -1.
struct DecodingRows {
    const int64_t *slots, *places, *prefixes;
};
void library_cache_append(
    const at::Tensor &k_cache, const at::Tensor &v_cache, const at::Tensor &k, const at::Tensor &v, DecodingRows rows);
at::Tensor library_cached_attention(
    const at::Tensor &q, const at::Tensor &k_cache, const at::Tensor &v_cache, DecodingRows rows, const ct_tensor *prefix_keys,
    const ct_tensor *prefix_values, int64_t prefixes, double scale);

// ---- the policy head (policy_head_device*.cpp); arguments as in ctorch.h ----

at::Tensor library_head_statistics(
    const at::Tensor &hidden, const at::Tensor &weight, const at::Tensor &ids, double temperature, int64_t tile);
at::Tensor library_logits_statistics(const at::Tensor &logits, const at::Tensor &ids, double temperature);
struct HeadGradients {
    at::Tensor hidden, weight;
};
HeadGradients library_head_backward(
    const at::Tensor &hidden, const at::Tensor &weight, const at::Tensor &ids, const at::Tensor &statistics, const at::Tensor &g1,
    const at::Tensor &g2, double temperature, int64_t tile, bool wants_weight, const at::Tensor &sum);
/// Tokens int64 [N] drawn from the rows of a head, 1 where the row allowed a draw, else 0, int64 [N], and statistics [CT_STAT_ROWS, N].
struct DrawnTokens {
    at::Tensor tokens, is_possible, statistics;
};
/// By uniform numbers double [2, tiles, N] on the device, or the arg max without; nothing of it waits for the device.
DrawnTokens library_head_draw(
    const at::Tensor &hidden, const at::Tensor &weight, double temperature, const at::Tensor &uniform, int64_t tile);
struct Draws;
/// The uniform numbers of `rows` rows and all tiles, double [2, tiles, stride] of which the first `rows` columns are written: whether a
/// tile's candidate is taken, and which token it is.
void write_uniforms(const Draws &draws, int64_t rows, int64_t tiles, int64_t stride, double *numbers);
void check_drawn(int64_t is_possible, int64_t row);
at::Tensor library_head_sample(
    const at::Tensor &hidden, const at::Tensor &weight, double temperature, const Draws &draws, int64_t tile, int64_t *tokens);

// ---- the optimiser (adamw_device.cpp) ----

double library_squared_norm(const ct_tensor *tensors, int32_t count);
ct_step_geometry library_adamw_step(
    const ct_tensor *parameters, const ct_tensor *gradients, const ct_tensor *first_moments, const ct_tensor *second_moments,
    const int32_t *decay, int32_t count, const ct_adamw_options &options, const ct_tensor *directions);
double library_adamw_correct(
    const ct_tensor *parameters, const ct_tensor *second_moments, const ct_tensor *directions, int32_t count,
    const ct_adamw_options &options, double factor);
double library_adamw_dot(
    const ct_tensor *a, const ct_tensor *b, const ct_tensor *gradients, const ct_tensor *second_moments, int32_t count,
    const ct_adamw_options &options);

} // namespace ct
