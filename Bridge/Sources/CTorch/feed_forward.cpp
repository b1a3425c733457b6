// The feed-forward layer: residual + (silu(x Wg^T) x Wu^T) Wd^T (2002.05202).
//
// With bfloat16 or split tiles it is one operator: gate and up are made, joined and multiplied by Wd while they lie in the cache, and
// only they are kept for the backward pass, rounded where products are. Elsewhere it is composed of the layers it is made of.
#include <torch/csrc/autograd/custom_function.h>

#include "activations.hpp"
#include "boundary.hpp"
#include "compute.hpp"
#include "layers.hpp"
#include "packed_weights.hpp"
#include "parallel.hpp"

using ct::in;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

/// Inner units computed at once.
constexpr int64_t kChunk = 256;
/// Floats between rows of a chunk; a power of two would put them into the same sets of the cache.
constexpr int64_t kChunkStride = kChunk + 16;
/// What a block of rows may occupy of the L2 cache.
constexpr int64_t kBlockBytes = 1 << 20;

template <class Element> at::Tensor memory(int64_t elements) { return ct::operand_memory<Element>(elements); }
template <class Element> ct::Pointer<Element> at(const at::Tensor &memory) { return ct::operand_data<Element>(memory); }
template <class Element> ct::Kept<Element> *kept_data(const at::Tensor &memory) { return static_cast<ct::Kept<Element> *>(memory.mutable_data_ptr()); }

/// Sizes of a layer and of what is computed at a time.
template <class Element> struct Shape {
    int64_t rows, width, inner;
    /// Elements between rows of a matrix [.., inner] in bfloat16.
    int64_t inner_stride = ct::row_stride<Element>(inner), width_stride = ct::row_stride<Element>(width);

    Shape(int64_t rows, int64_t width, int64_t inner) : rows(rows), width(width), inner(inner) {}

    /// Whole groups of 32 rows, so that every block but the last fills its part of a transposed operand.
    int64_t block(int64_t inner_matrices) const {
        const int64_t row_bytes = 2 * ct::Elements<Element>::parts * (inner_matrices * inner + width) + 12 * kChunk, share = ct::pieces(rows, ct::loop_threads());
        return ct::round_up(std::clamp<int64_t>(std::min(kBlockBytes / row_bytes, share), 32, 256), 32);
    }
};

/// What a thread computes in.
struct Scratch {
    at::Tensor memory;
    float *a, *b, *c;

    explicit Scratch(int64_t rows) : memory(at::empty({3 * rows * kChunkStride}, at::kFloat)), a(memory.mutable_data_ptr<float>()) {
        b = a + rows * kChunkStride;
        c = b + rows * kChunkStride;
    }
};

template <class Element> struct Forward {
    Shape<Element> shape;
    const float *x;
    ct::PackedRight<Element> gate, up, down;
    ct::Kept<Element> *kept_gate, *kept_up; // NULL if nothing is kept
    float *y;                           // holds the residual, which is added to

    /// h of `count` inner units from `from` on, for rows from `row` on, into h.
    void inner(ct::LeftOperand<Element> x, int64_t row, int64_t rows, int64_t from, int64_t count, const Scratch &scratch, ct::Pointer<Element> h) const {
        ct::multiply_block(x, rows, gate.operand, 0, shape.width, from, count, scratch.a, kChunkStride, false);
        ct::multiply_block(x, rows, up.operand, 0, shape.width, from, count, scratch.b, kChunkStride, false);
        const int64_t kept = row * shape.inner_stride + from;
        ct::activate<Element>(
            {scratch.a, scratch.b, kChunkStride, rows, count}, {kept_gate ? kept_gate + kept : nullptr, shape.inner_stride},
            kept_gate ? kept_up + kept : nullptr, {h + from, shape.inner_stride});
    }

    /// A block of rows per task: one parallel region, and h never leaves the cache.
    void by_rows() const {
        const int64_t block = shape.block(1);
        ct::parallel_for(0, ct::pieces(shape.rows, block), 1, [&](int64_t begin, int64_t end) {
            const ct::TileScope<Element> scope;
            const Scratch scratch(block);
            const auto narrow = memory<Element>(block * shape.width_stride), h = memory<Element>(block * shape.inner_stride);
            for (int64_t index = begin; index < end; ++index) {
                const int64_t row = index * block, rows = std::min(block, shape.rows - row);
                ct::round_rows({x + row * shape.width, shape.width, rows, shape.width}, at<Element>(narrow), shape.width_stride);
                for (int64_t from = 0; from < shape.inner; from += kChunk)
                    inner({at<Element>(narrow), shape.width_stride}, row, rows, from, std::min(kChunk, shape.inner - from), scratch, at<Element>(h));
                ct::multiply_block<Element>(
                    {at<Element>(h), shape.inner_stride}, rows, down.operand, 0, shape.inner, 0, shape.width, y + row * shape.width, shape.width, true);
            }
        });
    }

    /// Inner units and then columns are shared out: few rows, each weight read by one thread only. The sums are those of `by_rows`.
    void by_columns() const {
        const auto narrow = memory<Element>(shape.rows * shape.width_stride), h = memory<Element>(shape.rows * shape.inner_stride);
        ct::round_rows({x, shape.width, shape.rows, shape.width}, at<Element>(narrow), shape.width_stride);
        const double panel = static_cast<double>(shape.rows) * ct::kPanel<Element>;
        const auto grain = [&](int64_t depth, int64_t products) {
            const double work = static_cast<double>(products * depth);
            return ct::grain(2 * panel * work, 2 * work * ct::kPanel<Element>, true);
        };
        ct::parallel_for(0, ct::pieces(shape.inner, ct::kPanel<Element>), grain(shape.width, 2), [&](int64_t begin, int64_t end) {
            const ct::TileScope<Element> scope;
            const Scratch scratch(shape.rows);
            const int64_t last = std::min(end * ct::kPanel<Element>, shape.inner);
            for (int64_t from = begin * ct::kPanel<Element>; from < last; from += kChunk)
                inner({at<Element>(narrow), shape.width_stride}, 0, shape.rows, from, std::min(kChunk, last - from), scratch, at<Element>(h));
        });
        ct::parallel_for(0, ct::pieces(shape.width, ct::kPanel<Element>), grain(shape.inner, 1), [&](int64_t begin, int64_t end) {
            const ct::TileScope<Element> scope;
            const int64_t from = begin * ct::kPanel<Element>, count = std::min(end * ct::kPanel<Element>, shape.width) - from;
            ct::multiply_block<Element>(
                {at<Element>(h), shape.inner_stride}, shape.rows, down.operand, 0, shape.inner, from, count, y + from, shape.width, true);
        });
    }

    void run() const { shape.rows < 64 * ct::loop_threads() ? by_columns() : by_rows(); }
};

template <class Element> struct Backward {
    Shape<Element> shape;
    const float *dy;
    const ct::Kept<Element> *kept_gate, *kept_up;
    ct::PackedRight<Element> gate, up, down;
    float *dx;
    /// d_gate^T and d_up^T as left operands [inner, rows], h as right operand [rows, inner].
    int64_t across = ct::row_stride<Element>(shape.rows);
    at::Tensor d_gate_transposed = memory<Element>(shape.inner * across), d_up_transposed = memory<Element>(shape.inner * across),
               h = memory<Element>(ct::panel_elements<Element>(shape.rows, shape.inner));

    void run() const {
        const int64_t block = shape.block(2);
        ct::parallel_for(0, ct::pieces(shape.rows, block), 1, [&](int64_t begin, int64_t end) {
            const ct::TileScope<Element> scope;
            const Scratch scratch(block);
            const auto narrow = memory<Element>(block * shape.width_stride);
            const auto d_gate = memory<Element>(block * shape.inner_stride), d_up = memory<Element>(block * shape.inner_stride);
            for (int64_t index = begin; index < end; ++index) {
                const int64_t row = index * block, rows = std::min(block, shape.rows - row);
                ct::round_rows({dy + row * shape.width, shape.width, rows, shape.width}, at<Element>(narrow), shape.width_stride);
                for (int64_t from = 0; from < shape.inner; from += kChunk) {
                    const int64_t count = std::min(kChunk, shape.inner - from);
                    ct::multiply_block<Element>(
                        {at<Element>(narrow), shape.width_stride}, rows, down.operand, 0, shape.width, from, count, scratch.a, kChunkStride, false);
                    const int64_t kept = row * shape.inner_stride + from, transposed = from * across + row;
                    ct::activate_backward<Element>(
                        {scratch.a, scratch.b, kChunkStride, rows, count}, {kept_gate + kept, shape.inner_stride}, kept_up + kept, scratch.c,
                        {at<Element>(d_gate) + from, at<Element>(d_up) + from, shape.inner_stride, at<Element>(d_gate_transposed) + transposed,
                         at<Element>(d_up_transposed) + transposed, across, at<Element>(h) + from / ct::kPanel<Element> * panel_stride() + row * ct::kPanel<Element>,
                         panel_stride()});
                }
                float *to = dx + row * shape.width;
                ct::multiply_block<Element>({at<Element>(d_gate), shape.inner_stride}, rows, gate.operand, 0, shape.inner, 0, shape.width, to, shape.width, false);
                ct::multiply_block<Element>({at<Element>(d_up), shape.inner_stride}, rows, up.operand, 0, shape.inner, 0, shape.width, to, shape.width, true);
            }
        });
    }

    ct::LeftOperand<Element> left(const at::Tensor &transposed) const { return {at<Element>(transposed), across}; }
    ct::RightOperand<Element> inner() const { return ct::panels<Element>(at<Element>(h), shape.rows, shape.inner); }

private:
    int64_t panel_stride() const { return inner().panel_stride; }
};

template <class Element> at::Tensor product(ct::LeftOperand<Element> a, int64_t rows, const ct::RightOperand<Element> &b) {
    auto c = at::empty({rows, b.width}, at::kFloat);
    ct::multiply<Element>(a, rows, b, nullptr, c.template mutable_data_ptr<float>());
    return c;
}

template <class Element> struct FeedForward : torch::autograd::Function<FeedForward<Element>> {
    /// The layer's value; `kept` [2, N, stride] gets gate and up if it is defined.
    static at::Tensor value(
        const at::Tensor &x, const at::Tensor &gate, const at::Tensor &up, const at::Tensor &down, const at::Tensor &residual, const at::Tensor &kept) {
        const Shape<Element> shape(x.size(0), x.size(1), gate.size(0));
        auto y = residual.clone(at::MemoryFormat::Contiguous);
        auto *first = kept.defined() ? kept_data<Element>(kept) : nullptr;
        Forward<Element>{
            shape, x.const_data_ptr<float>(), ct::packed_for_forward<Element>(gate), ct::packed_for_forward<Element>(up),
            ct::packed_for_forward<Element>(down), first, kept.defined() ? first + shape.rows * shape.inner_stride : nullptr,
            y.mutable_data_ptr<float>()}
            .run();
        return y;
    }

    static at::Tensor forward(
        AutogradContext *ctx, const at::Tensor &input, const at::Tensor &gate, const at::Tensor &up, const at::Tensor &down,
        const at::Tensor &residual) {
        const auto x = input.contiguous();
        const auto kept = at::empty({2 * x.size(0) * ct::row_stride<Element>(gate.size(0))}, sizeof(ct::Kept<Element>) == 4 ? at::kFloat : at::kBFloat16);
        ctx->save_for_backward({x, gate, up, down, kept});
        return value(x, gate, up, down, residual, kept);
    }

    static variable_list backward(AutogradContext *ctx, variable_list grads) {
        const auto saved = ctx->get_saved_variables();
        const auto &x = saved[0], &gate = saved[1], &up = saved[2], &down = saved[3], &kept = saved[4];
        const auto dy = grads[0].contiguous();
        const Shape<Element> shape(x.size(0), x.size(1), gate.size(0));
        auto dx = at::empty_like(x);
        const auto *first = kept_data<Element>(kept);
        const Backward<Element> pass{
            shape, dy.const_data_ptr<float>(), first, first + shape.rows * shape.inner_stride, ct::packed_for_backward<Element>(gate),
            ct::packed_for_backward<Element>(up), ct::packed_for_backward<Element>(down), dx.mutable_data_ptr<float>()};
        pass.run();
        const auto columns = ct::right<Element>(x);
        const auto dy_transposed = ct::left_transposed<Element>(dy);
        return {
            dx, product<Element>(pass.left(pass.d_gate_transposed), shape.inner, columns.operand),
            product<Element>(pass.left(pass.d_up_transposed), shape.inner, columns.operand),
            product<Element>(dy_transposed.operand, shape.width, pass.inner()), dy};
    }
};

template <class Element>
at::Tensor fused(
    const at::Tensor &x, const at::Tensor &gate, const at::Tensor &up, const at::Tensor &down, const at::Tensor &residual, bool differentiates) {
    if (!differentiates) return FeedForward<Element>::value(x.contiguous(), gate, up, down, residual, at::Tensor());
    return FeedForward<Element>::apply(x, gate, up, down, residual);
}

bool is_plain(const at::Tensor &t) { return t.is_cpu() && t.scalar_type() == at::kFloat && t.numel() > 0; }

} // namespace

extern "C" ct_status ct_feed_forward(ct_tensor x_in, ct_tensor gate_in, ct_tensor up_in, ct_tensor down_in, ct_tensor residual_in, ct_tensor *out) {
    return ct::making(out, [&] {
        const auto &x = in(x_in), &gate = in(gate_in), &up = in(up_in), &down = in(down_in), &residual = in(residual_in);
        TORCH_CHECK(
            x.dim() == 2 && gate.dim() == 2 && gate.sizes() == up.sizes() && gate.size(1) == x.size(1) && down.dim() == 2 &&
                down.size(0) == x.size(1) && down.size(1) == gate.size(0) && residual.sizes() == x.sizes(),
            "feed-forward of ", x.sizes(), " with gate ", gate.sizes(), ", up ", up.sizes(), ", down ", down.sizes(), " and residual ",
            residual.sizes());
        const auto kernel = ct::product_kernel();
        const bool has_tiles = (kernel == ct::Kernel::bfloat16_tiles || kernel == ct::Kernel::split_tiles) && is_plain(x) && is_plain(gate) && is_plain(up) &&
                               is_plain(down) && is_plain(residual);
        if (!has_tiles) return residual + ct::linear(ct::swiglu(ct::linear(x, gate), ct::linear(x, up)), down);
        const bool differentiates = at::GradMode::is_enabled() && (x.requires_grad() || gate.requires_grad() || up.requires_grad() ||
                                                                   down.requires_grad() || residual.requires_grad());
        return kernel == ct::Kernel::split_tiles ? fused<ct::Split>(x, gate, up, down, residual, differentiates)
                                                 : fused<at::BFloat16>(x, gate, up, down, residual, differentiates);
    });
}
