// libtorch's variable-length attention on the CPU, where libtorch has none: plain products, a segment after another.
//
// It takes the operator's own name when it is first wanted, so that tests on the CPU make the very call that a GPU gets. It holds to the
// contract of the CUDA kernels (ATen/native/transformers/cuda/mem_eff_attention) and refuses what they refuse; what they leave unwritten
// is NaN. With lengths of keys, starts of keys may stand anywhere and segments may be without queries. A recording sees one operator, as
// on a GPU.

// libtorch is built so (recording.cpp)
#ifndef NDEBUG
#define NDEBUG
#endif
#include <ATen/record_function.h>
#include <torch/library.h>

#include <limits>
#include <memory>

#include "attention_rows.hpp"

namespace {

using Starts = std::vector<int64_t>;

Starts numbers_of(const std::optional<at::Tensor> &given) {
    TORCH_CHECK(given.has_value() && given->dim() == 1 && given->scalar_type() == at::kInt && given->is_contiguous(), "starts of segments");
    const auto wide = given->to(at::kLong);
    return {wide.const_data_ptr<int64_t>(), wide.const_data_ptr<int64_t>() + wide.numel()};
}

/// `least` rows per segment, or more.
Starts starts_of(const std::optional<at::Tensor> &given, int64_t rows, int64_t longest, int64_t least) {
    const auto starts = numbers_of(given);
    TORCH_CHECK(!starts.empty() && starts.front() == 0 && starts.back() == rows, "segments that do not end at row ", rows);
    for (size_t s = 0; s + 1 < starts.size(); ++s)
        TORCH_CHECK(
            starts[s] + least <= starts[s + 1] && starts[s + 1] - starts[s] <= longest, "a segment from ", starts[s], " to ", starts[s + 1],
            " where the longest has ", longest);
    return starts;
}

void check_rows(const at::Tensor &x, const at::Tensor &like) {
    // a head's rows are loaded in vectors
    TORCH_CHECK(
        x.dim() == 4 && x.size(0) == 1 && x.size(2) == like.size(2) && x.size(3) == like.size(3) && x.scalar_type() == like.scalar_type() &&
            x.stride(3) == 1 && x.stride(2) % 4 == 0,
        "variable-length attention of rows ", x.sizes(), " beside ", like.sizes());
}

/// What both directions are given.
struct Call {
    at::Tensor q, k, v;
    /// Starts, one more than there are segments, and numbers of keys.
    Starts queries, keys, key_counts;
    int64_t longest, mask;
    double scale;

    Call(
        const at::Tensor &q_in, const at::Tensor &k_in, const at::Tensor &v_in, const std::optional<at::Tensor> &query_starts,
        const std::optional<at::Tensor> &key_starts, int64_t longest_queries, int64_t longest_keys, int64_t mask_in,
        std::optional<double> scale_in, const std::optional<at::Tensor> &key_lengths = std::nullopt)
        : longest(longest_queries), mask(mask_in), scale(scale_in.value_or(0)) {
        for (const auto &rows : {q_in, k_in, v_in}) check_rows(rows, q_in);
        TORCH_CHECK(
            scale > 0 && (mask == ct::kUnmasked || mask == ct::kCausal) && 0 < longest_queries && longest_queries <= q_in.size(1) &&
                0 < longest_keys && longest_keys <= k_in.size(1),
            "variable-length attention with mask ", mask, ", scale ", scale, ", longest ", longest_queries, " over ", longest_keys);
        queries = starts_of(query_starts, q_in.size(1), longest_queries, key_lengths ? 0 : 1);
        keys = key_lengths ? numbers_of(key_starts) : starts_of(key_starts, k_in.size(1), longest_keys, 1);
        TORCH_CHECK(queries.size() == keys.size(), queries.size(), " starts of queries, ", keys.size(), " of keys");
        if (key_lengths) key_counts = numbers_of(key_lengths);
        else
            for (int64_t s = 0; s < segments(); ++s) key_counts.push_back(keys[s + 1] - keys[s]);
        TORCH_CHECK(static_cast<int64_t>(key_counts.size()) == segments(), key_counts.size(), " lengths of keys for ", segments(), " segments");
        for (int64_t s = 0; s < segments(); ++s)
            TORCH_CHECK(
                queries[s] == queries[s + 1] || (0 <= keys[s] && 0 < key_counts[s] && keys[s] + key_counts[s] <= k_in.size(1)), "keys from ",
                keys[s], ", ", key_counts[s], " of them, of ", k_in.size(1));
        q = heads_first(q_in);
        k = heads_first(k_in);
        v = heads_first(v_in);
    }

    /// [1, M, H, D] -> [H, M, D], in the type that sums have.
    static at::Tensor heads_first(const at::Tensor &x) {
        return x[0].transpose(0, 1).to(x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
    }
    /// And back.
    static at::Tensor rows_first(const at::Tensor &x, at::ScalarType type) { return x.transpose(0, 1).unsqueeze(0).to(type).contiguous(); }

    int64_t room() const { return (longest + ct::kLogsumAlignment - 1) / ct::kLogsumAlignment * ct::kLogsumAlignment; }
    int64_t segments() const { return static_cast<int64_t>(queries.size()) - 1; }
    at::Tensor of_queries(const at::Tensor &x, int64_t s) const { return x.narrow(1, queries[s], queries[s + 1] - queries[s]); }
    at::Tensor of_keys(const at::Tensor &x, int64_t s) const { return x.narrow(1, keys[s], key_counts[s]); }

    /// Scores of a segment [H, queries, keys].
    at::Tensor scores(int64_t s) const {
        auto z = at::bmm(of_queries(q, s), of_keys(k, s).transpose(1, 2)).mul_(scale);
        if (mask == ct::kUnmasked) return z;
        const auto unseen = at::ones({z.size(1), z.size(2)}, z.options().dtype(at::kBool)).triu(1);
        return z.masked_fill_(unseen, -std::numeric_limits<double>::infinity());
    }
};

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, c10::SymInt, c10::SymInt> forward(
    const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const std::optional<at::Tensor> &bias,
    const std::optional<at::Tensor> &query_starts, const std::optional<at::Tensor> &key_starts, std::optional<c10::SymInt> longest_queries,
    std::optional<c10::SymInt> longest_keys, double dropout, int64_t mask, bool wants_logsum, std::optional<double> scale,
    const std::optional<at::Tensor> &key_lengths, std::optional<int64_t> window) {
    TORCH_CHECK_NOT_IMPLEMENTED(
        !bias && dropout == 0 && wants_logsum && !window && longest_queries && longest_keys,
        "variable-length attention on the CPU has no bias, dropout or window, and always log-sum-exps");
    const at::DisableRecordFunctionGuard unseen;
    const int64_t most = longest_queries->expect_int(), most_keys = longest_keys->expect_int();
    const Call call(q, k, v, query_starts, key_starts, most, most_keys, mask, scale, key_lengths);
    auto out = at::full_like(call.q, std::numeric_limits<double>::quiet_NaN());
    auto logsum = at::full({call.segments(), call.q.size(0), call.room()}, std::numeric_limits<double>::quiet_NaN(), call.q.options());
    for (int64_t s = 0; s < call.segments(); ++s) {
        if (call.queries[s] == call.queries[s + 1]) continue;
        const auto z = call.scores(s), sums = z.logsumexp(2);
        // weights by the greatest score, as the kernels have them: log-sum-exps are rounded
        call.of_queries(out, s).copy_(at::bmm(z.softmax(2), call.of_keys(call.v, s)));
        const int64_t rows = z.size(1), written = (rows + ct::kLogsumAlignment - 1) / ct::kLogsumAlignment * ct::kLogsumAlignment;
        logsum[s].narrow(1, 0, written).fill_(std::numeric_limits<double>::infinity());
        logsum[s].narrow(1, 0, rows).copy_(sums);
    }
    const auto none = at::empty({}, q.options().dtype(at::kLong));
    return {Call::rows_first(out, q.scalar_type()), logsum, none, none, c10::SymInt(most), c10::SymInt(most_keys)};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> backward(
    const at::Tensor &dy_in, const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const std::optional<at::Tensor> &bias,
    const at::Tensor &out, const std::optional<at::Tensor> &query_starts, const std::optional<at::Tensor> &key_starts,
    c10::SymInt longest_queries, c10::SymInt longest_keys, const at::Tensor &logsum, double dropout, const at::Tensor &, const at::Tensor &,
    int64_t mask, bool wants_bias, std::optional<double> scale, std::optional<int64_t>, std::optional<int64_t> window, bool shares_storage) {
    TORCH_CHECK_NOT_IMPLEMENTED(
        !bias && dropout == 0 && !wants_bias && !window && !shares_storage,
        "gradients of variable-length attention on the CPU have no bias, dropout, window or shared storage");
    const at::DisableRecordFunctionGuard unseen;
    const Call call(q, k, v, query_starts, key_starts, longest_queries.expect_int(), longest_keys.expect_int(), mask, scale);
    check_rows(dy_in, q);
    check_rows(out, q);
    TORCH_CHECK(
        dy_in.sizes() == q.sizes() && out.sizes() == q.sizes() && logsum.is_contiguous() && logsum.scalar_type() == call.q.scalar_type() &&
            logsum.sizes() == at::IntArrayRef({call.segments(), call.q.size(0), call.room()}),
        "log-sum-exps ", logsum.sizes(), " beside queries ", q.sizes());
    const auto dy = Call::heads_first(dy_in), delta = (dy * Call::heads_first(out)).sum(2, true);
    auto dq = at::empty_like(call.q), dk = at::empty_like(call.k), dv = at::empty_like(call.v);
    for (int64_t s = 0; s < call.segments(); ++s) {
        const auto given = call.of_queries(dy, s), keys = call.of_keys(call.k, s);
        const auto p = call.scores(s).sub_(logsum[s].narrow(1, 0, given.size(1)).unsqueeze(2)).exp_();
        const auto dz = at::bmm(given, call.of_keys(call.v, s).transpose(1, 2)).sub_(call.of_queries(delta, s)).mul_(p).mul_(call.scale);
        call.of_queries(dq, s).copy_(at::bmm(dz, keys));
        call.of_keys(dk, s).copy_(at::bmm(dz.transpose(1, 2), call.of_queries(call.q, s)));
        call.of_keys(dv, s).copy_(at::bmm(p.transpose(1, 2), given));
    }
    const auto type = q.scalar_type();
    return {Call::rows_first(dq, type), Call::rows_first(dk, type), Call::rows_first(dv, type), at::Tensor()};
}

} // namespace

void ct::stand_in_for_variable_attention() {
    // never destroyed: that would take the operator away again
    static torch::Library *const operators = [] {
        auto made = std::make_unique<torch::Library>(torch::Library::IMPL, "aten", at::DispatchKey::CPU, __FILE__, __LINE__);
        made->impl("_efficient_attention_forward", forward);
        made->impl("_efficient_attention_backward", backward);
        return made.release();
    }();
    static_cast<void>(operators);
}
