// The policy head's gradient: logits are computed again strip by strip, turned into dz, and multiplied into d_hidden and d_weight.
//
// Each thread owns a run of strips. A strip's part of d_weight is complete after one sweep over the rows; d_hidden is summed per
// thread, and over threads at the end, in order.
#include <ATen/Parallel.h>

#include "device.hpp"
#include "head_tiles.hpp"
#include "parallel.hpp"
#include "policy_head.hpp"

using ct::in;
using ct::RowGradient;

namespace {

/// Rows of a block of dz: both products that read it then reuse their other operand this often.
constexpr int64_t kBlock = 512;
/// Rows swept at once: bounds the threads' copies of d_hidden.
constexpr int64_t kSweep = 8192;

/// dz_i = (-p_i (g1 + g2 (z_i - mean)) + g1 [i = k]) / T in place over a block of rows (derivation: docs/metrics.md).
CT_CLONES void gradient_block(float *z, int64_t stride, int64_t rows, int64_t count, float scale, int64_t token, const RowGradient *gradients) {
    for (int64_t row = 0; row < rows; ++row, z += stride) {
        const auto &gradient = gradients[row];
        const float lse = gradient.lse, mean = gradient.mean, g1 = gradient.g1, g2 = gradient.g2;
        const int64_t own = gradient.id - token;
        const bool has_own = 0 <= own && own < count;
        const float own_logit = has_own ? z[own] * scale : 0;
        for (int64_t i = 0; i < count; i += ct::kLanes) {
            // past the strip's end lies room for whole vectors
            ct::Floats logit, p;
            std::memcpy(&logit, z + i, sizeof logit);
            const ct::Floats tempered = logit * scale, u = tempered - lse;
            ct::exponential(u < -87.0f ? ct::Floats{} - 87.0f : u, p);
            p = reinterpret_cast<ct::Floats>(reinterpret_cast<ct::Words>(p) & ~(u < -87.0f));
            const ct::Floats dz = p * (g1 + g2 * (tempered - mean)) * -scale;
            std::memcpy(z + i, &dz, sizeof dz);
        }
        if (has_own) z[own] = gradient.own(own_logit, scale);
    }
}

/// The operands of one sweep: hidden states of its rows, the head, and where a strip's products go.
struct Strip {
    int64_t token, count;
    float *d_weight; // NULL if it is not wanted
    bool adds;       // to what d_weight holds
};

/// Products of dz by brgemm. One per thread.
template <class Element> class TiledProducts {
public:
    struct Shared {
        ct::TiledLogits<Element> logits;
        at::Tensor weight;
        ct::PackedRight<Element> x;

        Shared(const at::Tensor &hidden, const at::Tensor &head)
            : logits(hidden, head), weight(ct::wide(head)), x(ct::right<Element>(hidden)) {}
    };

    explicit TiledProducts(const Shared &shared)
        : shared_(shared), width_(shared.weight.size(1)), w_(ct::operand_memory<Element>(ct::panel_elements<Element>(kStride, width_))),
          dz_(ct::operand_memory<Element>(ct::kPair<Element> == 2 ? kBlock * kStride : 0)), dz_transposed_(ct::operand_memory<Element>(ct::kStrip * kStride)) {}

    void start(const Strip &strip) {
        const auto operand = ct::panels<Element>(at(w_), strip.count, width_);
        const float *rows = shared_.weight.template const_data_ptr<float>() + strip.token * width_;
        for (int64_t column = 0; column < width_; column += ct::kPanel<Element>)
            ct::pack_panel(
                ct::Source{rows + column, width_, strip.count, std::min(ct::kPanel<Element>, width_ - column)},
                at(w_) + column / ct::kPanel<Element> * operand.panel_stride);
    }

    void logits(int64_t row, int64_t rows, const Strip &strip, float *z, int64_t stride) const {
        shared_.logits(row, rows, strip.token, strip.count, z, stride);
    }

    /// d_x [rows, D] (+)= dz W, and d_weight += dz^T x, for rows from `row` on.
    void add(float *dz, int64_t stride, int64_t row, int64_t rows, const Strip &strip, float *d_x, bool adds_to_x) {
        const ct::Source source{dz, stride, rows, strip.count};
        const auto w = ct::panels<Element>(at(w_), strip.count, width_);
        ct::multiply_block(left(source), rows, w, 0, strip.count, 0, width_, d_x, width_, adds_to_x);
        if (!strip.d_weight) return;
        ct::transpose_rows(source, at(dz_transposed_), kStride);
        ct::multiply_block<Element>(
            {at(dz_transposed_), kStride}, strip.count, shared_.x.operand, row, rows, 0, width_, strip.d_weight, width_, strip.adds || row > 0);
    }

private:
    static constexpr int64_t kStride = std::max(kBlock, ct::kStrip) + 32;

    static ct::Pointer<Element> at(const at::Tensor &memory) { return ct::operand_data<Element>(memory); }

    ct::LeftOperand<Element> left(ct::Source dz) {
        if constexpr (ct::kPair<Element> == 2) {
            ct::round_rows(dz, at(dz_), kStride);
            return {at(dz_), kStride};
        } else {
            return {dz.data, dz.stride};
        }
    }

    const Shared &shared_;
    int64_t width_;
    at::Tensor w_, dz_, dz_transposed_;
    typename ct::TileScope<Element> scope_;
};

/// The same by libtorch's BLAS.
template <bool rounds> class BlasProducts {
public:
    struct Shared {
        ct::BlasLogits logits;
        at::Tensor x, weight;

        Shared(const at::Tensor &hidden, const at::Tensor &head)
            : logits(hidden, head, rounds), x(rounds ? ct::rounded(hidden) : hidden),
              weight(rounds ? ct::rounded_weight(head) : ct::wide(head)) {}
    };

    explicit BlasProducts(const Shared &shared) : shared_(shared), width_(shared.weight.size(1)) {}

    void start(const Strip &) {}

    void logits(int64_t row, int64_t rows, const Strip &strip, float *z, int64_t stride) const {
        shared_.logits(row, rows, strip.token, strip.count, z, stride);
    }

    void add(float *dz, int64_t stride, int64_t row, int64_t rows, const Strip &strip, float *d_x, bool adds_to_x) {
        auto gradient = ct::view(dz, rows, strip.count, stride);
        if constexpr (rounds) gradient = ct::rounded(gradient);
        ct::view(d_x, rows, width_, width_).addmm_(gradient, shared_.weight.narrow(0, strip.token, strip.count), adds_to_x ? 1 : 0);
        if (strip.d_weight)
            ct::view(strip.d_weight, strip.count, width_, width_)
                .addmm_(gradient.t(), shared_.x.narrow(0, row, rows), strip.adds || row > 0 ? 1 : 0);
    }

private:
    const Shared &shared_;
    int64_t width_;
};

/// Sums of the threads' parts, in order.
CT_CLONES void add_parts(const float *const *parts, int64_t count, float *out, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) out[i] = parts[0][i];
    for (int64_t part = 1; part < count; ++part)
        for (int64_t i = begin; i < end; ++i) out[i] += parts[part][i];
}

/// One sweep over rows x [n, D]: returns d_x and writes, or adds to, d_weight.
template <class Products>
at::Tensor sweep(const at::Tensor &x, const at::Tensor &head, const RowGradient *gradients, float scale, float *d_weight, bool adds) {
    const typename Products::Shared shared(x, head);
    const int64_t rows = x.size(0), width = x.size(1), vocabulary = head.size(0), strips = ct::pieces(vocabulary, ct::kStrip);
    std::vector<at::Tensor> parts(at::get_num_threads());
    ct::parallel_for(0, strips, 1, [&](int64_t begin, int64_t end) {
        const c10::NoGradGuard guard;
        Products products(shared);
        const auto part = at::empty({rows, width}, at::kFloat);
        const auto buffer = at::empty({std::min(rows, kBlock) * ct::kStripStride}, at::kFloat);
        float *z = buffer.mutable_data_ptr<float>(), *d_x = part.mutable_data_ptr<float>();
        for (int64_t index = begin; index < end; ++index) {
            const int64_t token = index * ct::kStrip;
            const Strip strip{token, std::min(ct::kStrip, vocabulary - token), d_weight ? d_weight + token * width : nullptr, adds};
            products.start(strip);
            for (int64_t row = 0; row < rows; row += kBlock) {
                const int64_t block = std::min(kBlock, rows - row);
                products.logits(row, block, strip, z, ct::kStripStride);
                gradient_block(z, ct::kStripStride, block, strip.count, scale, token, gradients + row);
                products.add(z, ct::kStripStride, row, block, strip, d_x + row * width, index > begin);
            }
        }
        parts[at::get_thread_num()] = part;
    });
    std::vector<const float *> found;
    for (const auto &part : parts)
        if (part.defined()) found.push_back(part.const_data_ptr<float>());
    auto d_x = at::empty({rows, width}, at::kFloat);
    ct::parallel_for(0, d_x.numel(), 65536, [&](int64_t begin, int64_t end) {
        add_parts(found.data(), static_cast<int64_t>(found.size()), d_x.mutable_data_ptr<float>(), begin, end);
    });
    return d_x;
}

at::Tensor sweep(const at::Tensor &x, const at::Tensor &head, const RowGradient *gradients, float scale, float *d_weight, bool adds) {
#if CT_HAS_AMX
    if (ct::amx::takes_heads()) return ct::amx::sweep(x, head, gradients, scale, d_weight, adds);
#endif
    switch (ct::product_kernel()) {
    case ct::Kernel::bfloat16_tiles: return sweep<TiledProducts<at::BFloat16>>(x, head, gradients, scale, d_weight, adds);
    case ct::Kernel::split_tiles: return sweep<TiledProducts<ct::Split>>(x, head, gradients, scale, d_weight, adds);
    case ct::Kernel::float_tiles: return sweep<TiledProducts<float>>(x, head, gradients, scale, d_weight, adds);
    case ct::Kernel::rounded_blas: return sweep<BlasProducts<true>>(x, head, gradients, scale, d_weight, adds);
    case ct::Kernel::blas: break;
    }
    return sweep<BlasProducts<false>>(x, head, gradients, scale, d_weight, adds);
}

} // namespace

extern "C" ct_status ct_policy_head_backward(
    ct_tensor hidden_in, ct_tensor weight_in, ct_tensor ids_in, ct_tensor statistics_in, ct_tensor g1_in, ct_tensor g2_in, double temperature,
    int64_t tile, ct_tensor d_weight_sum, ct_tensor *d_hidden_out, ct_tensor *d_weight_out) {
    return ct::guarded([&] {
        const c10::NoGradGuard guard;
        const auto &hidden = in(hidden_in), &weight = in(weight_in);
        const auto sum = d_weight_sum ? in(d_weight_sum) : at::Tensor();
        TORCH_CHECK(
            !sum.defined() || (sum.scalar_type() == at::kFloat && sum.sizes() == weight.sizes() && sum.is_contiguous()),
            "a sum of the head's gradients must be contiguous float32 of the head's shape");
        if (ct::uses_library(hidden)) {
            auto found = ct::library_head_backward(
                hidden, weight, in(ids_in), in(statistics_in), in(g1_in), in(g2_in), temperature, tile, d_weight_out != nullptr, sum);
            ct::give(d_hidden_out, std::move(found.hidden));
            if (d_weight_out) ct::give(d_weight_out, std::move(found.weight));
            return;
        }
        ct::check_head(hidden, weight, temperature);
        const int64_t all = hidden.size(0), width = hidden.size(1);
        const auto ids = ct::checked_ids(in(ids_in), all, weight.size(0));
        const auto g1 = in(g1_in).contiguous(), g2 = in(g2_in).contiguous(), statistics = in(statistics_in).contiguous();
        TORCH_CHECK(
            g1.scalar_type() == at::kFloat && g2.scalar_type() == at::kFloat && g1.numel() == all && g2.numel() == all &&
                statistics.dim() == 2 && statistics.size(0) == CT_STAT_ROWS && statistics.size(1) == all,
            "g1, g2 and the statistics must have ", all, " columns");
        const float *a = g1.const_data_ptr<float>(), *b = g2.const_data_ptr<float>(), *stats = statistics.const_data_ptr<float>();
        std::vector<int64_t> live;
        std::vector<RowGradient> gradients;
        for (int64_t row = 0; row < all; ++row) {
            if (a[row] == 0 && b[row] == 0) continue;
            live.push_back(row);
            gradients.push_back(
                {stats[CT_STAT_LSE * all + row], stats[CT_STAT_MEAN_LOGIT * all + row], stats[CT_STAT_LOGPROB * all + row], a[row], b[row], ids[row]});
        }
        const int64_t rows = static_cast<int64_t>(live.size());
        auto d_hidden = at::zeros({all, width}, at::kFloat);
        // every strip of a sweep writes its part
        auto d_weight = sum.defined() || !d_weight_out ? sum
                        : rows == 0                    ? at::zeros(weight.sizes(), at::kFloat)
                                                       : at::empty(weight.sizes(), at::kFloat);
        const auto index = at::from_blob(live.data(), {rows}, at::kLong);
        for (int64_t first = 0; first < rows; first += kSweep) {
            const auto chosen = index.narrow(0, first, std::min(kSweep, rows - first));
            const auto x = hidden.detach().to(at::kFloat).index_select(0, chosen);
            const auto d_x = sweep(
                x, weight, gradients.data() + first, static_cast<float>(1 / temperature),
                d_weight.defined() ? d_weight.mutable_data_ptr<float>() : nullptr, sum.defined() || first > 0);
            d_hidden.index_copy_(0, chosen, d_x);
        }
        ct::give(d_hidden_out, d_hidden);
        if (d_weight_out) ct::give(d_weight_out, d_weight);
    });
}
