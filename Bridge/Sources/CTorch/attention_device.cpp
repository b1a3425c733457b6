// Attention of packed groups by libtorch's variable-length attention: rows as they lie, nothing padded, no prompt copied.
//
// A row sees its own segment up to itself, and the whole prompt of its group if it lies in a completion. The first is one causal call
// over all segments, the second one call without a mask over all groups, whose queries are the rows of a group's completions end to
// end and whose keys are its prompt's, once. The parts are merged by their log-sum-exps. The gradient of either part is the call's own,
// given the merged output and log-sum-exp: with them exp(score - logsum) is the probability over both.
//
// The operator is a kernel in tiles on a GPU (float32 products there are three of TF32 each); variable_attention.cpp is it on the CPU.
#include <torch/csrc/autograd/custom_function.h>

#include "attention_rows.hpp"
#include "device.hpp"

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

/// [N, K, D] -> [N, K copies, D], each head `copies` times in a row: the operator knows no shared key heads.
at::Tensor repeated(const at::Tensor &rows, int64_t copies) {
    if (copies == 1) return rows;
    return rows.unsqueeze(2).expand({rows.size(0), rows.size(1), copies, rows.size(2)}).reshape({rows.size(0), -1, rows.size(2)});
}

/// What the copies of each head add up to.
at::Tensor folded(const at::Tensor &rows, int64_t copies) {
    return copies == 1 ? rows : rows.view({rows.size(0), -1, copies, rows.size(2)}).sum(2);
}

struct Attended {
    /// [M, H, D] and [M, H].
    at::Tensor out, logsum;
};

/// Queries [M, H, D] over keys and values [S, H, D].
Attended attend(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const ct::AttentionSegments &segments, double scale) {
    const auto result = at::_efficient_attention_forward(
        q.unsqueeze(0), k.unsqueeze(0), v.unsqueeze(0), std::nullopt, segments.query_starts, segments.key_starts, segments.longest_queries,
        segments.longest_keys, 0.0, segments.is_causal ? ct::kCausal : ct::kUnmasked, true, scale);
    return {std::get<0>(result).squeeze(0), segments.rows_of(std::get<1>(result))};
}

struct Gradients {
    at::Tensor q, k, v;
};

Gradients attend_backward(
    const at::Tensor &dy, const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const Attended &whole,
    const ct::AttentionSegments &segments, double scale) {
    // dropout's seeds, which nothing reads
    const auto none = at::empty({}, q.options().dtype(at::kLong));
    // keys in one piece: several would add to dQ in the order they finish in
    const auto result = at::_efficient_attention_backward(
        dy.unsqueeze(0), q.unsqueeze(0), k.unsqueeze(0), v.unsqueeze(0), std::nullopt, whole.out.unsqueeze(0), segments.query_starts,
        segments.key_starts, segments.longest_queries, segments.longest_keys, segments.columns_of(whole.logsum), 0.0, none, none,
        segments.is_causal ? ct::kCausal : ct::kUnmasked, false, scale, 1);
    return {std::get<0>(result).squeeze(0), std::get<1>(result).squeeze(0), std::get<2>(result).squeeze(0)};
}

struct PackedAttention : torch::autograd::Function<PackedAttention> {
    static at::Tensor forward(
        AutogradContext *ctx, const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const std::vector<int64_t> &lengths,
        const std::vector<int64_t> &segments, double scale) {
        const auto rows = ct::attention_rows(lengths, segments, q);
        const int64_t copies = q.size(1) / k.size(1);
        auto [out, logsum] = attend(q, repeated(k, copies), repeated(v, copies), rows->own, scale);
        if (rows->readers.defined()) {
            const auto of_prompts = [&](const at::Tensor &x) { return repeated(x.index_select(0, rows->prompts), copies); };
            const auto seen = attend(q.index_select(0, rows->readers), of_prompts(k), of_prompts(v), rows->shared, scale);
            const auto own = logsum.index_select(0, rows->readers), both = at::logaddexp(own, seen.logsum);
            // the two weights add up to 1, which exponentials of differences to `both` need not
            const auto share = own.sub_(seen.logsum).sigmoid_().unsqueeze(2).to(out.scalar_type());
            out.index_copy_(0, rows->readers, seen.out.lerp(out.index_select(0, rows->readers), share));
            logsum.index_copy_(0, rows->readers, both);
        }
        ctx->save_for_backward({q, k, v, out, logsum});
        ctx->saved_data["lengths"] = lengths;
        ctx->saved_data["segments"] = segments;
        ctx->saved_data["scale"] = scale;
        return out;
    }

    static variable_list backward(AutogradContext *ctx, variable_list grads) {
        const auto saved = ctx->get_saved_variables();
        const auto &q = saved[0], &k = saved[1], &v = saved[2];
        const Attended whole{saved[3], saved[4]};
        const auto dy = grads[0].contiguous();
        const double scale = ctx->saved_data["scale"].toDouble();
        const auto rows = ct::attention_rows(ctx->saved_data["lengths"].toIntVector(), ctx->saved_data["segments"].toIntVector(), q);
        const int64_t copies = q.size(1) / k.size(1);
        const auto own = attend_backward(dy, q, repeated(k, copies), repeated(v, copies), whole, rows->own, scale);
        auto dk = folded(own.k, copies), dv = folded(own.v, copies);
        if (rows->readers.defined()) {
            const auto of_prompts = [&](const at::Tensor &x) { return repeated(x.index_select(0, rows->prompts), copies); };
            const auto of_readers = [&](const at::Tensor &x) { return x.index_select(0, rows->readers); };
            const auto seen = attend_backward(
                of_readers(dy), of_readers(q), of_prompts(k), of_prompts(v), {of_readers(whole.out), of_readers(whole.logsum)}, rows->shared,
                scale);
            // each row occurs once, so that the sums have one order
            own.q.index_add_(0, rows->readers, seen.q);
            dk.index_add_(0, rows->prompts, folded(seen.k, copies));
            dv.index_add_(0, rows->prompts, folded(seen.v, copies));
        }
        return {own.q, dk, dv, at::Tensor(), at::Tensor(), at::Tensor()};
    }
};

} // namespace

at::Tensor ct::library_attention(
    const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const std::vector<int64_t> &lengths,
    const std::vector<int64_t> &segments, double scale) {
    // the operator would read the keys' bytes as the queries' type
    TORCH_CHECK(
        q.scalar_type() == k.scalar_type() && q.scalar_type() == v.scalar_type() && q.device() == k.device() && q.device() == v.device(),
        "attention of ", q.scalar_type(), " queries on ", q.device(), " over ", k.scalar_type(), " keys on ", k.device(), " and ",
        v.scalar_type(), " values on ", v.device());
    if (q.numel() == 0) return at::zeros_like(q);
    if (q.is_cpu()) stand_in_for_variable_attention();
    // the kernel loads rows in vectors: zeros behind a head's width change no score
    const int64_t width = q.size(2), missing = (kAttentionAlignment - width % kAttentionAlignment) % kAttentionAlignment;
    const auto aligned = [&](const at::Tensor &x) { return (missing == 0 ? x : at::constant_pad_nd(x, {0, missing})).contiguous(); };
    const auto out = PackedAttention::apply(aligned(q), aligned(k), aligned(v), lengths, segments, scale);
    return missing == 0 ? out : out.narrow(2, 0, width);
}
