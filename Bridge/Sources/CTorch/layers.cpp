// Transformer layers. On CPU float32 each elementwise layer is one fused pass with its own backward; elsewhere it is at:: operators.
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "boundary.hpp"
#include "device.hpp"
#include "lanes.hpp"
#include "layers.hpp"
#include "parallel.hpp"

using ct::in;
using ct::making;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

bool fused(const at::Tensor &x) { return !ct::uses_library(x) && x.scalar_type() == at::kFloat; }

// ---- RMSNorm: y = x r w with r = (mean x^2 + epsilon)^-1/2 ----

CT_CLONES void rms_forward(const float *x, const float *w, float *y, float *r, int64_t begin, int64_t end, int64_t width, float epsilon) {
    for (int64_t row = begin; row < end; ++row) {
        const float *xr = x + row * width;
        float *yr = y + row * width;
        const float scale = 1.0f / std::sqrt(ct::dot(xr, xr, width) / static_cast<float>(width) + epsilon);
        r[row] = scale;
        for (int64_t i = 0; i < width; ++i) yr[i] = xr[i] * scale * w[i];
    }
}

/// dx = r (w dy - x r^2 mean(w dy x)); dw += dy x r.
CT_CLONES void rms_backward(
    const float *x, const float *w, const float *r, const float *dy, float *dx, float *dw, int64_t begin, int64_t end, int64_t width) {
    for (int64_t row = begin; row < end; ++row) {
        const float *xr = x + row * width, *dyr = dy + row * width;
        float *dxr = dx + row * width;
        const float scale = r[row];
        float lanes[ct::kLanes] = {};
        int64_t i = 0;
        for (; i + ct::kLanes <= width; i += ct::kLanes)
            for (int l = 0; l < ct::kLanes; ++l) lanes[l] += w[i + l] * dyr[i + l] * xr[i + l];
        float mean = 0;
        for (; i < width; ++i) mean += w[i] * dyr[i] * xr[i];
        for (int l = 0; l < ct::kLanes; ++l) mean += lanes[l];
        mean /= static_cast<float>(width);
        const float pull = scale * scale * mean;
        for (int64_t j = 0; j < width; ++j) {
            dxr[j] = scale * (w[j] * dyr[j] - xr[j] * pull);
            dw[j] += dyr[j] * xr[j] * scale;
        }
    }
}

/// Rows are cut into a fixed number of parts, so the sum over rows does not depend on the thread count.
constexpr int64_t kParts = 16;

struct RMSNorm : torch::autograd::Function<RMSNorm> {
    static at::Tensor forward(AutogradContext *ctx, const at::Tensor &input, const at::Tensor &weight_input, double epsilon) {
        const auto x = input.contiguous(), weight = weight_input.contiguous();
        const int64_t width = x.size(-1), rows = x.numel() / std::max<int64_t>(width, 1);
        auto y = at::empty_like(x);
        auto r = at::empty({rows}, x.options());
        ct::parallel_for(0, rows, std::max<int64_t>(1, 16384 / std::max<int64_t>(width, 1)), [&](int64_t begin, int64_t end) {
            rms_forward(
                x.const_data_ptr<float>(), weight.const_data_ptr<float>(), y.mutable_data_ptr<float>(), r.mutable_data_ptr<float>(), begin, end,
                width, static_cast<float>(epsilon));
        });
        ctx->save_for_backward({x, weight, r});
        return y;
    }

    static variable_list backward(AutogradContext *ctx, variable_list grads) {
        const auto saved = ctx->get_saved_variables();
        const auto &x = saved[0], &weight = saved[1], &r = saved[2];
        const auto dy = grads[0].contiguous();
        const int64_t width = x.size(-1), rows = x.numel() / std::max<int64_t>(width, 1);
        auto dx = at::empty_like(x);
        auto partial = at::zeros({kParts, width}, x.options());
        ct::parallel_for(0, kParts, 1, [&](int64_t first, int64_t last) {
            for (int64_t part = first; part < last; ++part) {
                rms_backward(
                    x.const_data_ptr<float>(), weight.const_data_ptr<float>(), r.const_data_ptr<float>(), dy.const_data_ptr<float>(),
                    dx.mutable_data_ptr<float>(), partial.mutable_data_ptr<float>() + part * width, rows * part / kParts,
                    rows * (part + 1) / kParts, width);
            }
        });
        return {dx, partial.sum(0), at::Tensor()};
    }
};

// ---- SwiGLU: y = silu(gate) up ----

CT_CLONES void swiglu_forward(const float *gate, const float *up, float *y, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) y[i] = gate[i] * ct::sigmoid(gate[i]) * up[i];
}

CT_CLONES void swiglu_backward(
    const float *gate, const float *up, const float *dy, float *dgate, float *dup, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
        const float s = ct::sigmoid(gate[i]);
        dup[i] = dy[i] * gate[i] * s;
        dgate[i] = dy[i] * up[i] * s * (1.0f + gate[i] * (1.0f - s));
    }
}

struct SwiGLU : torch::autograd::Function<SwiGLU> {
    static at::Tensor forward(AutogradContext *ctx, const at::Tensor &gate_input, const at::Tensor &up_input) {
        const auto gate = gate_input.contiguous(), up = up_input.contiguous();
        auto y = at::empty_like(gate);
        ct::parallel_for(0, gate.numel(), 16384, [&](int64_t begin, int64_t end) {
            swiglu_forward(gate.const_data_ptr<float>(), up.const_data_ptr<float>(), y.mutable_data_ptr<float>(), begin, end);
        });
        ctx->save_for_backward({gate, up});
        return y;
    }

    static variable_list backward(AutogradContext *ctx, variable_list grads) {
        const auto saved = ctx->get_saved_variables();
        const auto dy = grads[0].contiguous();
        auto dgate = at::empty_like(saved[0]), dup = at::empty_like(saved[1]);
        ct::parallel_for(0, dy.numel(), 16384, [&](int64_t begin, int64_t end) {
            swiglu_backward(
                saved[0].const_data_ptr<float>(), saved[1].const_data_ptr<float>(), dy.const_data_ptr<float>(), dgate.mutable_data_ptr<float>(),
                dup.mutable_data_ptr<float>(), begin, end);
        });
        return {dgate, dup};
    }
};

// ---- rotary embedding ----

/// y = rotation of x by the angles; `sign` -1 is the inverse, which is also the backward. Rows of x are [tokens, heads].
CT_CLONES void rotate(
    const float *x, const float *cosine, const float *sine, float *y, int64_t begin, int64_t end, int64_t heads, int64_t half, int64_t period,
    float sign) {
    for (int64_t token = begin; token < end; ++token) {
        const float *c = cosine + (token % period) * half, *s = sine + (token % period) * half;
        for (int64_t head = 0; head < heads; ++head) {
            const float *xr = x + (token * heads + head) * 2 * half;
            float *yr = y + (token * heads + head) * 2 * half;
            for (int64_t i = 0; i < half; ++i) {
                yr[i] = xr[i] * c[i] - sign * xr[i + half] * s[i];
                yr[i + half] = xr[i + half] * c[i] + sign * xr[i] * s[i];
            }
        }
    }
}

at::Tensor rotated(const at::Tensor &input, const at::Tensor &cosine, const at::Tensor &sine, float sign) {
    const auto x = input.contiguous();
    auto y = at::empty_like(x);
    const int64_t heads = x.size(-2), half = x.size(-1) / 2, tokens = x.numel() / (heads * half * 2), period = cosine.numel() / half;
    ct::parallel_for(0, tokens, std::max<int64_t>(1, 16384 / (heads * half)), [&](int64_t begin, int64_t end) {
        rotate(
            x.const_data_ptr<float>(), cosine.const_data_ptr<float>(), sine.const_data_ptr<float>(), y.mutable_data_ptr<float>(), begin, end, heads,
            half, period, sign);
    });
    return y;
}

struct Rotary : torch::autograd::Function<Rotary> {
    static at::Tensor forward(AutogradContext *ctx, const at::Tensor &x, const at::Tensor &cosine, const at::Tensor &sine) {
        ctx->save_for_backward({cosine, sine});
        return rotated(x, cosine, sine, 1);
    }

    static variable_list backward(AutogradContext *ctx, variable_list grads) {
        const auto saved = ctx->get_saved_variables();
        return {rotated(grads[0], saved[0], saved[1], -1), at::Tensor(), at::Tensor()};
    }
};

} // namespace

at::Tensor ct::swiglu(const at::Tensor &gate, const at::Tensor &up) {
    TORCH_CHECK(gate.sizes() == up.sizes(), "SwiGLU of shapes ", gate.sizes(), " and ", up.sizes());
    if (fused(gate) && fused(up)) return SwiGLU::apply(gate, up);
    return at::silu(gate) * up;
}

extern "C" {

ct_status ct_embedding(ct_tensor weight, ct_tensor ids, ct_tensor *out) {
    return making(out, [&] { return at::embedding(in(weight), in(ids)); });
}

ct_status ct_accumulate_rows(ct_tensor accumulator, ct_tensor ids_in, ct_tensor rows_in) {
    return ct::guarded([&] {
        const c10::NoGradGuard guard;
        const auto &sum = in(accumulator);
        TORCH_CHECK(
            sum.dim() == 2 && in(rows_in).dim() == 2 && sum.size(1) == in(rows_in).size(1) && in(ids_in).numel() == in(rows_in).size(0), "rows ",
            in(rows_in).sizes(), " of ", in(ids_in).numel(), " ids, to be added to ", sum.sizes());
        if (!sum.is_cpu()) {
            sum.add_(at::embedding_dense_backward(in(rows_in), in(ids_in), sum.size(0), -1, false));
            return;
        }
        TORCH_CHECK(sum.is_contiguous() && sum.scalar_type() == at::kFloat, "rows are added to a contiguous float32 matrix");
        const auto ids = in(ids_in).to(at::kLong).contiguous(), rows = in(rows_in).to(at::kFloat).contiguous();
        const auto *places = ids.const_data_ptr<int64_t>();
        const auto *from = rows.const_data_ptr<float>();
        auto *to = sum.mutable_data_ptr<float>();
        const int64_t width = sum.size(1);
        for (int64_t i = 0; i < ids.numel(); ++i) {
            TORCH_CHECK_INDEX(places[i] >= 0 && places[i] < sum.size(0), "id ", places[i], " of ", sum.size(0), " rows");
            for (int64_t j = 0; j < width; ++j) to[places[i] * width + j] += from[i * width + j];
        }
    });
}

ct_status ct_rms_norm(ct_tensor x, ct_tensor weight, double epsilon, ct_tensor *out) {
    return making(out, [&] {
        TORCH_CHECK(in(x).size(-1) == in(weight).numel(), "RMSNorm over ", in(x).size(-1), " with a weight of ", in(weight).numel());
        if (fused(in(x)) && fused(in(weight))) return RMSNorm::apply(in(x), in(weight), epsilon);
        const auto wide = in(x).to(at::kFloat);
        return (wide * at::rsqrt(wide.pow(2).mean(-1, true) + epsilon)).to(in(x).scalar_type()) * in(weight);
    });
}

ct_status ct_swiglu(ct_tensor gate, ct_tensor up, ct_tensor *out) {
    return making(out, [&] { return ct::swiglu(in(gate), in(up)); });
}

ct_status ct_geglu(ct_tensor gate, ct_tensor up, ct_tensor *out) {
    return making(out, [&] {
        TORCH_CHECK(in(gate).sizes() == in(up).sizes(), "GeGLU of shapes ", in(gate).sizes(), " and ", in(up).sizes());
        return at::gelu(in(gate), "tanh") * in(up);
    });
}

ct_status ct_rotary(ct_tensor x, ct_tensor cosine, ct_tensor sine, ct_tensor *out) {
    return making(out, [&] {
        const auto &input = in(x);
        const int64_t half = input.size(-1) / 2;
        const int64_t tokens = input.numel() / std::max<int64_t>(1, input.size(-1) * input.size(-2));
        TORCH_CHECK(
            input.dim() >= 3 && half > 0 && input.size(-1) == 2 * half && in(cosine).size(-1) == half && in(cosine).sizes() == in(sine).sizes() &&
                (in(cosine).numel() == input.size(-3) * half || in(cosine).numel() == tokens * half),
            "rotary embedding of ", input.sizes(), " with angles ", in(cosine).sizes());
        if (fused(input)) return Rotary::apply(input, in(cosine).contiguous(), in(sine).contiguous());
        const auto shape = in(cosine).dim() == 3 ? in(cosine).unsqueeze(2) : in(cosine).unsqueeze(1);
        const auto c = shape.to(input.scalar_type());
        const auto s = (in(sine).dim() == 3 ? in(sine).unsqueeze(2) : in(sine).unsqueeze(1)).to(input.scalar_type());
        const auto a = input.slice(-1, 0, half), b = input.slice(-1, half);
        return at::cat({a * c - b * s, b * c + a * s}, -1);
    });
}

} // extern "C"
