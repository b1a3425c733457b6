// Causal grouped-query attention of packed groups: a prompt's rows once, then the rows of each completion, which see all of the prompt.
//
// On the CPU in float32 it is one fused pass over tiles (attention_forward.cpp, attention_backward.cpp, or attention_tiles*.cpp where
// products round their operands); elsewhere libtorch's attention (attention_device.cpp).
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "attention_kernels.hpp"
#include "attention_tiles.hpp"
#include "boundary.hpp"
#include "compute.hpp"
#include "device.hpp"
#include "kept_rows.hpp"
#include "parallel.hpp"

using ct::in;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

/// The segments of all groups, in row order; group g has those from starts[g] to starts[g + 1], its prompt first.
struct Layout {
    std::vector<int64_t> lengths, starts, first_rows;

    Layout(std::vector<int64_t> lengths_in, const std::vector<int64_t> &segments) : lengths(std::move(lengths_in)), starts{0} {
        int64_t row = 0;
        for (const auto count : segments) {
            first_rows.push_back(row);
            for (int64_t i = starts.back(); i < starts.back() + count; ++i) row += lengths[i];
            starts.push_back(starts.back() + count);
        }
        first_rows.push_back(row);
    }

    int64_t groups() const { return static_cast<int64_t>(starts.size()) - 1; }
    int64_t rows() const { return first_rows.back(); }
    ct::AttentionGroup group(int64_t g) const {
        const auto first = lengths.begin() + starts[g], last = lengths.begin() + starts[g + 1];
        return {&*first, last - first, last - first > 1 ? *std::max_element(first + 1, last) : 0};
    }
};

ct::AttentionHeads heads_of(const at::Tensor &q, const at::Tensor &k, double scale) {
    return {q.size(1), k.size(1), q.size(2), static_cast<float>(scale)};
}

/// Runs `body(group, head, piece)` once for each. Groups and heads are cut into pieces only where there are fewer of them than threads.
template <class Body>
void over_pieces(
    const Layout &layout, ct::AttentionHeads heads, int64_t pieces, int64_t (*scratch_of)(ct::AttentionGroup, ct::AttentionHeads), Body &&body) {
    int64_t room = 0;
    for (int64_t g = 0; g < layout.groups(); ++g) room = std::max(room, scratch_of(layout.group(g), heads));
    ct::parallel_for(0, layout.groups() * heads.keys * pieces, 1, [&](int64_t begin, int64_t end) {
        const auto scratch = std::make_unique_for_overwrite<float[]>(room);
        for (int64_t task = begin; task < end; ++task)
            body(
                task / pieces % layout.groups(), task / pieces / layout.groups(), ct::AttentionPiece{task % pieces, pieces}, scratch.get());
    });
}

int64_t pieces_of(const Layout &layout, ct::AttentionHeads heads) {
    return std::max<int64_t>(1, int64_t{ct::loop_threads()} / std::max<int64_t>(1, layout.groups() * heads.keys));
}

/// The pass of a precision's products.
ct::AttentionPass pass_of(ct::Kernel kernel) {
#if CT_HAS_AMX
    if (kernel == ct::Kernel::split_tiles)
        return {
            ct::amx::TileAttention<true>::forward_scratch, ct::amx::TileAttention<true>::forward, ct::amx::TileAttention<true>::backward_scratch,
            ct::amx::TileAttention<true>::backward, true};
    if (kernel == ct::Kernel::bfloat16_tiles && ct::amx::is_available())
        return {
            ct::amx::TileAttention<false>::forward_scratch, ct::amx::TileAttention<false>::forward, ct::amx::TileAttention<false>::backward_scratch,
            ct::amx::TileAttention<false>::backward, true};
#endif
    // called and not pointed to: which clone it is, is known only when the library has been loaded
    return {
        ct::attend_scratch, [](auto... of) { ct::attend(of...); }, ct::attend_backward_scratch, [](auto... of) { ct::attend_backward(of...); }, false};
}

/// Values like q [N, H, D], and the log-sum-exps of scores [N, H].
std::pair<at::Tensor, at::Tensor> attended(
    const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const Layout &layout, ct::AttentionHeads heads, ct::Kernel kernel) {
    auto out = at::empty_like(q), logsum = at::empty({q.size(0), q.size(1)}, q.options());
    const int64_t q_row = heads.queries * heads.width, k_row = heads.keys * heads.width;
    const float *qp = q.const_data_ptr<float>(), *kp = k.const_data_ptr<float>(), *vp = v.const_data_ptr<float>();
    float *outp = out.mutable_data_ptr<float>(), *logsump = logsum.mutable_data_ptr<float>();
    const int64_t pieces = pieces_of(layout, heads);
    const auto pass = pass_of(kernel);
    over_pieces(layout, heads, pieces, pass.forward_scratch, [&](int64_t g, int64_t head, ct::AttentionPiece piece, float *scratch) {
        const int64_t row = layout.first_rows[g];
        pass.forward(
            {qp + row * q_row, kp + row * k_row, vp + row * k_row}, layout.group(g), heads, head, piece, outp + row * q_row,
            logsump + row * heads.queries, scratch);
    });
    return {out, logsum};
}

struct GroupedAttention : torch::autograd::Function<GroupedAttention> {
    static at::Tensor forward(
        AutogradContext *ctx, const at::Tensor &q_in, const at::Tensor &k_in, const at::Tensor &v_in, const std::vector<int64_t> &lengths,
        const std::vector<int64_t> &segments, double scale) {
        const auto q = q_in.contiguous(), k = k_in.contiguous(), v = v_in.contiguous();
        const Layout layout(lengths, segments);
        const auto heads = heads_of(q, k, scale);
        const auto kernel = ct::product_kernel();
        at::Tensor out, logsum;
        if (ct::takes_kept()) {
            out = ct::take_kept(q.sizes());
            logsum = ct::take_kept({q.size(0), q.size(1)});
        } else {
            std::tie(out, logsum) = attended(q, k, v, layout, heads, kernel);
            ct::keep(out);
            ct::keep(logsum);
        }
        ctx->save_for_backward({q, k, v, out, logsum});
        ctx->saved_data["lengths"] = lengths;
        ctx->saved_data["segments"] = segments;
        ctx->saved_data["scale"] = scale;
        ctx->saved_data["kernel"] = static_cast<int64_t>(kernel);
        return out;
    }

    static variable_list backward(AutogradContext *ctx, variable_list grads) {
        const auto saved = ctx->get_saved_variables();
        const auto &q = saved[0], &k = saved[1], &v = saved[2], &out = saved[3], &logsum = saved[4];
        const auto dy = grads[0].contiguous();
        const Layout layout(ctx->saved_data["lengths"].toIntVector(), ctx->saved_data["segments"].toIntVector());
        const auto heads = heads_of(q, k, ctx->saved_data["scale"].toDouble());
        const int64_t pieces = pieces_of(layout, heads), q_row = heads.queries * heads.width, k_row = heads.keys * heads.width;
        const auto pass = pass_of(static_cast<ct::Kernel>(ctx->saved_data["kernel"].toInt()));
        const auto made = [&](at::IntArrayRef sizes) { return pass.writes_gradients ? at::empty(sizes, q.options()) : at::zeros(sizes, q.options()); };
        auto d_q = made(q.sizes());
        // each piece sums into keys and values of its own, which are then added in order
        auto d_k = made({pieces, k.size(0), k.size(1), k.size(2)}), d_v = made(d_k.sizes());
        const float *qp = q.const_data_ptr<float>(), *kp = k.const_data_ptr<float>(), *vp = v.const_data_ptr<float>();
        const float *outp = out.const_data_ptr<float>(), *logsump = logsum.const_data_ptr<float>(), *dyp = dy.const_data_ptr<float>();
        float *dqp = d_q.mutable_data_ptr<float>(), *dkp = d_k.mutable_data_ptr<float>(), *dvp = d_v.mutable_data_ptr<float>();
        over_pieces(layout, heads, pieces, pass.backward_scratch, [&](int64_t g, int64_t head, ct::AttentionPiece piece, float *scratch) {
            const int64_t row = layout.first_rows[g], keys = (piece.index * k.size(0) + row) * k_row + head * heads.width;
            pass.backward(
                {qp + row * q_row, kp + row * k_row, vp + row * k_row}, outp + row * q_row, logsump + row * heads.queries, dyp + row * q_row,
                layout.group(g), heads, head, piece, {dqp + row * q_row, dkp + keys, dvp + keys, k_row}, scratch);
        });
        return {d_q, pieces == 1 ? d_k[0] : d_k.sum(0), pieces == 1 ? d_v[0] : d_v.sum(0), at::Tensor(), at::Tensor(), at::Tensor()};
    }
};

} // namespace

extern "C" ct_status ct_attention(
    ct_tensor q_in, ct_tensor k_in, ct_tensor v_in, const int64_t *lengths, const int64_t *segments, int64_t groups, double scale,
    ct_tensor *out) {
    return ct::making(out, [&] {
        const auto &q = in(q_in), &k = in(k_in), &v = in(v_in);
        TORCH_CHECK(
            q.dim() == 3 && k.dim() == 3 && k.sizes() == v.sizes() && q.size(0) == k.size(0) && q.size(2) == k.size(2),
            "attention of queries ", q.sizes(), " over keys ", k.sizes(), " and values ", v.sizes());
        TORCH_CHECK(k.size(1) > 0 && q.size(1) % k.size(1) == 0, q.size(1), " query heads cannot share ", k.size(1), " key heads");
        TORCH_CHECK(scale > 0, "attention with a scale of ", scale);
        const std::vector<int64_t> counts(segments, segments + groups);
        int64_t total = 0;
        for (const auto count : counts) {
            TORCH_CHECK(count > 0, "a group of ", count, " segments has no prompt");
            total += count;
        }
        const std::vector<int64_t> each(lengths, lengths + total);
        TORCH_CHECK(std::all_of(each.begin(), each.end(), [](int64_t length) { return length >= 0; }), "a segment of negative length");
        const Layout layout(each, counts);
        TORCH_CHECK(layout.rows() == q.size(0), "groups of ", layout.rows(), " rows do not fit ", q.size(0), " queries");
        const auto fused = [](const at::Tensor &t) { return !ct::uses_library(t) && t.scalar_type() == at::kFloat; };
        if (fused(q) && fused(k) && fused(v)) return GroupedAttention::apply(q, k, v, each, counts, scale);
        return ct::library_attention(q, k, v, each, counts, scale);
    });
}
