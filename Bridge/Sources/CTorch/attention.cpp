// Causal grouped-query attention for training: a fused pass for short sequences on the CPU, libtorch's attention otherwise.
//
// Reinforcement on verifiable problems trains many short sequences; there a library call per head costs more than its arithmetic.
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <vector>

#include "boundary.hpp"
#include "lanes.hpp"

using ct::in;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

/// Up to this length the fused pass is used: its inner loops run over one head's width, so long sequences want blocked products.
constexpr int64_t kShort = 128;

/// One sequence: q and out [T, H, D], k and v [T, K, D], probabilities [H, T, T] of which row t holds t + 1 numbers.
struct Extents {
    int64_t length, heads, shared, width;
    float scale;
};

CT_CLONES void attend_sequence(const float *q, const float *k, const float *v, float *out, float *probabilities, Extents e) {
    const int64_t q_step = e.heads * e.width, k_step = e.shared * e.width;
    for (int64_t head = 0; head < e.heads; ++head) {
        const float *keys = k + head / (e.heads / e.shared) * e.width, *values = v + head / (e.heads / e.shared) * e.width;
        for (int64_t t = 0; t < e.length; ++t) {
            const float *query = q + t * q_step + head * e.width;
            float *row = probabilities + (head * e.length + t) * e.length, *y = out + t * q_step + head * e.width;
            float top = -INFINITY;
            for (int64_t s = 0; s <= t; ++s) {
                row[s] = e.scale * ct::dot(query, keys + s * k_step, e.width);
                top = row[s] > top ? row[s] : top;
            }
            float mass = 0;
            for (int64_t s = 0; s <= t; ++s) {
                row[s] = ct::exponential(row[s] - top);
                mass += row[s];
            }
            const float share = 1 / mass;
            for (int64_t d = 0; d < e.width; ++d) y[d] = 0;
            for (int64_t s = 0; s <= t; ++s) {
                row[s] *= share;
                const float p = row[s], *value = values + s * k_step;
                for (int64_t d = 0; d < e.width; ++d) y[d] += p * value[d];
            }
        }
    }
}

/// With P the probabilities: dV = P^T dO, dP = dO V^T, dS = P (dP - rowsum(P dP)), dQ = scale dS K, dK = scale dS^T Q.
CT_CLONES void attend_sequence_backward(
    const float *q, const float *k, const float *v, const float *probabilities, const float *d_out, float *d_q, float *d_k, float *d_v,
    float *d_row, Extents e) {
    const int64_t q_step = e.heads * e.width, k_step = e.shared * e.width;
    for (int64_t i = 0; i < e.length * q_step; ++i) d_q[i] = 0;
    for (int64_t i = 0; i < e.length * k_step; ++i) d_k[i] = d_v[i] = 0;
    for (int64_t head = 0; head < e.heads; ++head) {
        const int64_t at = head / (e.heads / e.shared) * e.width;
        for (int64_t t = 0; t < e.length; ++t) {
            const float *query = q + t * q_step + head * e.width, *dy = d_out + t * q_step + head * e.width;
            const float *row = probabilities + (head * e.length + t) * e.length;
            float *dq = d_q + t * q_step + head * e.width;
            float sum = 0;
            for (int64_t s = 0; s <= t; ++s) {
                d_row[s] = ct::dot(dy, v + s * k_step + at, e.width);
                sum += row[s] * d_row[s];
            }
            for (int64_t s = 0; s <= t; ++s) {
                const float p = row[s], slope = e.scale * p * (d_row[s] - sum);
                const float *key = k + s * k_step + at;
                float *dk = d_k + s * k_step + at, *dv = d_v + s * k_step + at;
                for (int64_t d = 0; d < e.width; ++d) {
                    dv[d] += p * dy[d];
                    dq[d] += slope * key[d];
                    dk[d] += slope * query[d];
                }
            }
        }
    }
}

Extents extents(const at::Tensor &q, const at::Tensor &k, double scale) {
    return {q.size(1), q.size(2), k.size(2), q.size(3), static_cast<float>(scale)};
}

struct ShortAttention : torch::autograd::Function<ShortAttention> {
    static at::Tensor forward(
        AutogradContext *ctx, const at::Tensor &q_in, const at::Tensor &k_in, const at::Tensor &v_in, double scale) {
        const auto q = q_in.contiguous(), k = k_in.contiguous(), v = v_in.contiguous();
        const auto e = extents(q, k, scale);
        auto out = at::empty_like(q), probabilities = at::empty({q.size(0), e.heads, e.length, e.length}, q.options());
        at::parallel_for(0, q.size(0), 1, [&](int64_t begin, int64_t end) {
            for (int64_t b = begin; b < end; ++b) {
                const int64_t at_q = b * e.length * e.heads * e.width, at_k = b * e.length * e.shared * e.width;
                attend_sequence(
                    q.const_data_ptr<float>() + at_q, k.const_data_ptr<float>() + at_k, v.const_data_ptr<float>() + at_k,
                    out.mutable_data_ptr<float>() + at_q, probabilities.mutable_data_ptr<float>() + b * e.heads * e.length * e.length, e);
            }
        });
        ctx->save_for_backward({q, k, v, probabilities});
        ctx->saved_data["scale"] = scale;
        return out;
    }

    static variable_list backward(AutogradContext *ctx, variable_list grads) {
        const auto saved = ctx->get_saved_variables();
        const auto &q = saved[0], &k = saved[1], &v = saved[2], &probabilities = saved[3];
        const auto dy = grads[0].contiguous();
        const auto e = extents(q, k, ctx->saved_data["scale"].toDouble());
        auto d_q = at::empty_like(q), d_k = at::empty_like(k), d_v = at::empty_like(v);
        at::parallel_for(0, q.size(0), 1, [&](int64_t begin, int64_t end) {
            std::vector<float> scratch(e.length);
            for (int64_t b = begin; b < end; ++b) {
                const int64_t at_q = b * e.length * e.heads * e.width, at_k = b * e.length * e.shared * e.width;
                attend_sequence_backward(
                    q.const_data_ptr<float>() + at_q, k.const_data_ptr<float>() + at_k, v.const_data_ptr<float>() + at_k,
                    probabilities.const_data_ptr<float>() + b * e.heads * e.length * e.length, dy.const_data_ptr<float>() + at_q,
                    d_q.mutable_data_ptr<float>() + at_q, d_k.mutable_data_ptr<float>() + at_k, d_v.mutable_data_ptr<float>() + at_k,
                    scratch.data(), e);
            }
        });
        return {d_q, d_k, d_v, at::Tensor()};
    }
};

/// libtorch's attention wants [B, H, T, D] and as many key heads as query heads.
at::Tensor library_attention(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, double scale) {
    const int64_t heads = q.size(2), shared = k.size(2);
    const auto spread = [&](const at::Tensor &t) {
        if (heads == shared) return t.transpose(1, 2);
        const auto b = t.size(0), n = t.size(1), d = t.size(3);
        return t.transpose(1, 2).unsqueeze(2).expand({b, shared, heads / shared, n, d}).reshape({b, heads, n, d});
    };
    return at::scaled_dot_product_attention(q.transpose(1, 2), spread(k), spread(v), {}, 0.0, true, scale).transpose(1, 2);
}

} // namespace

extern "C" ct_status ct_causal_attention(ct_tensor q_in, ct_tensor k_in, ct_tensor v_in, double scale, ct_tensor *out) {
    return ct::making(out, [&] {
        const auto &q = in(q_in), &k = in(k_in), &v = in(v_in);
        TORCH_CHECK(
            q.dim() == 4 && k.dim() == 4 && k.sizes() == v.sizes() && q.size(0) == k.size(0) && q.size(1) == k.size(1) &&
                q.size(3) == k.size(3),
            "attention of queries ", q.sizes(), " over keys ", k.sizes(), " and values ", v.sizes());
        TORCH_CHECK(
            k.size(2) > 0 && q.size(2) % k.size(2) == 0, q.size(2), " query heads cannot share ", k.size(2), " key heads");
        const auto fused = [](const at::Tensor &t) { return t.is_cpu() && t.scalar_type() == at::kFloat; };
        const bool is_short = q.size(1) <= kShort && fused(q) && fused(k) && fused(v);
        return is_short ? ShortAttention::apply(q, k, v, scale) : library_attention(q, k, v, scale);
    });
}
