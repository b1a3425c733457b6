// A decoding step whose operators and shapes follow from the number of its rows: what a graph of a device's work can hold.
//
// Attention takes its lengths from the device's memory. A row's own places are a segment of keys, and the query heads that share a key
// head are that segment's queries; rows that follow each other with one prefix are a segment over it. The two are merged by their
// log-sum-exps, as in attention of packed groups (attention_device.cpp).
#include "decode_step.hpp"

#include <limits>
#include <memory>

#include "attention_rows.hpp"
#include "boundary.hpp"
#include "device.hpp"
#include "draws.hpp"

using ct::in;

namespace {

struct Attended {
    /// [n ratio, K, W] and, as the operator leaves them, [segments, K, room].
    at::Tensor out, logsum;
};

/// Queries [n ratio, K, W] of segments over keys that start where they say and are as many as they say.
Attended attend(
    const at::Tensor &queries, const at::Tensor &keys, const at::Tensor &values, const at::Tensor &query_starts, const at::Tensor &key_starts,
    const at::Tensor &key_lengths, int64_t longest, double scale) {
    const auto result = at::_efficient_attention_forward(
        queries.unsqueeze(0), keys.unsqueeze(0), values.unsqueeze(0), std::nullopt, query_starts, key_starts, longest, keys.size(0), 0.0,
        ct::kUnmasked, true, scale, key_lengths);
    return {std::get<0>(result).squeeze(0), std::get<1>(result)};
}

void check_cache(const at::Tensor &cache, const at::Tensor &k, int64_t places) {
    TORCH_CHECK(
        cache.dim() == 3 && cache.is_contiguous() && cache.size(0) == places && cache.size(1) == k.size(1) && cache.size(2) >= k.size(2) &&
            cache.size(2) % ct::kAttentionAlignment == 0 && cache.scalar_type() == k.scalar_type(),
        "a step's cache of shape ", cache.sizes(), " does not fit ", places, " places of rows ", k.sizes());
}

at::Tensor attention(
    const ct_step_box &step, const at::Tensor &q_in, const at::Tensor &k_in, const at::Tensor &v_in, const ct_step_cache &cache, double scale) {
    const auto &keys = in(cache.keys), &values = in(cache.values), &prefix_keys = in(cache.prefix_keys), &prefix_values = in(cache.prefix_values);
    const int64_t n = step.shape.rows, ratio = step.shape.ratio;
    TORCH_CHECK(
        step.lines.defined() && q_in.dim() == 3 && k_in.dim() == 3 && k_in.sizes() == v_in.sizes() && q_in.size(0) == n && k_in.size(0) == n &&
            q_in.size(1) == k_in.size(1) * ratio && q_in.size(2) == k_in.size(2),
        "a step's attention of queries ", q_in.sizes(), " and keys ", k_in.sizes(), " where it has ", n, " rows");
    for (const auto &tensor : {keys, values}) check_cache(tensor, k_in, step.shape.places);
    for (const auto &tensor : {prefix_keys, prefix_values}) check_cache(tensor, k_in, step.shape.prefix_places);
    if (q_in.is_cpu()) ct::stand_in_for_variable_attention();
    const int64_t shared = k_in.size(1), width = q_in.size(2), filled = keys.size(2);
    // zeros behind a head's width change no score
    const auto aligned = [&](const at::Tensor &x) { return filled == width ? x : at::constant_pad_nd(x, {0, filled - width}); };
    const auto place = step.line(ct_step_box::kPlace, n);
    keys.index_copy_(0, place, aligned(k_in));
    values.index_copy_(0, place, aligned(v_in));

    const auto queries = aligned(q_in).view({n, shared, ratio, filled}).transpose(1, 2).reshape({n * ratio, shared, filled});
    const auto own = attend(
        queries, keys, values, step.narrow_line(ct_step_box::kOwnQueries, n + 1), step.narrow_line(ct_step_box::kOwnStarts, n + 1),
        step.narrow_line(ct_step_box::kOwnLengths, n), ratio, scale);
    const auto seen = attend(
        queries, prefix_keys, prefix_values, step.narrow_line(ct_step_box::kQueries, n + 1), step.narrow_line(ct_step_box::kStarts, n + 1),
        step.narrow_line(ct_step_box::kLengths, n), step.piece * ratio, scale);
    const auto own_sum = own.logsum.narrow(2, 0, ratio).transpose(1, 2);
    const auto seen_sum = seen.logsum.transpose(1, 2).reshape({-1, shared}).index_select(0, step.logsum_places()).view({n, ratio, shared});
    // the two weights add up to 1, which exponentials of log-sum-exps need not; without a prefix the first is 1
    const auto share = (own_sum - seen_sum.masked_fill(step.sees_none, -std::numeric_limits<double>::infinity())).sigmoid_().unsqueeze(3);
    const auto split = [&](const at::Tensor &x) { return x.view({n, ratio, shared, filled}); };
    const auto out = split(seen.out).lerp(split(own.out), share.to(queries.scalar_type()));
    return out.transpose(1, 2).narrow(3, 0, width).reshape({n, shared * ratio, width});
}

} // namespace

extern "C" {

ct_status ct_step_make(ct_step_shape shape, ct_device device, ct_step *out) {
    return ct::guarded([&] { *out = new ct_step_box(shape, device == CT_CUDA ? at::kCUDA : at::kCPU); });
}

void ct_step_free(ct_step step) { delete step; }

ct_status ct_step_send(ct_step step, const ct_step_row *rows, int64_t count, uint64_t key, const uint32_t *counters) {
    return ct::guarded([&] {
        TORCH_CHECK(step != nullptr, "a missing decoding step");
        step->write(rows, count);
        const int64_t n = step->shape.rows;
        auto *numbers = reinterpret_cast<double *>(step->host.mutable_data_ptr<int64_t>() + step->words() - 2 * step->tiles * n);
        ct::write_uniforms({step->shape.greedy != 0, key, counters}, count, step->tiles, n, numbers);
        ct::note_transfer("up");
        step->device.copy_(step->host, true);
    });
}

ct_status ct_step_begin(ct_step step, ct_tensor *tokens, ct_tensor *positions) {
    return ct::guarded([&] {
        TORCH_CHECK(step != nullptr, "a missing decoding step");
        const int64_t n = step->shape.rows, first = ct_step_box::kOwnStarts;
        step->lines = step->device.narrow(0, first * (n + 1), (ct_step_box::kLines - first) * (n + 1)).view({-1, n + 1}).to(at::kInt);
        step->sees_none = step->line(ct_step_box::kSees, n).eq(0).view({n, 1, 1});
        const auto token = step->line(ct_step_box::kToken, n), position = step->line(ct_step_box::kPosition, n);
        ct::give(tokens, token);
        ct::give(positions, position);
    });
}

ct_status ct_step_attention(ct_step step, ct_tensor q, ct_tensor k, ct_tensor v, ct_step_cache cache, double scale, ct_tensor *out) {
    return ct::making(out, [&] {
        const c10::NoGradGuard guard;
        TORCH_CHECK(step != nullptr, "a missing decoding step");
        return attention(*step, in(q), in(k), in(v), cache, scale);
    });
}

ct_status ct_step_draw(ct_step step, ct_tensor hidden, ct_tensor weight, double temperature) {
    return ct::guarded([&] {
        const c10::NoGradGuard guard;
        TORCH_CHECK(step != nullptr, "a missing decoding step");
        const int64_t n = step->shape.rows;
        TORCH_CHECK(
            in(hidden).dim() == 2 && in(hidden).size(0) == n && in(weight).dim() == 2 && in(weight).size(0) == step->shape.vocabulary,
            "a step of ", n, " rows draws from hidden states ", in(hidden).sizes(), " and a head ", in(weight).sizes());
        const auto drawn = ct::library_head_draw(in(hidden), in(weight), temperature, step->uniforms(), 0);
        step->results.narrow(0, 0, n).copy_(drawn.tokens);
        step->results.narrow(0, n, n).copy_(drawn.is_possible);
        const auto rest = step->results.narrow(0, 2 * n, step->results.numel() - 2 * n).view(at::kFloat);
        rest.narrow(0, 0, CT_STAT_ROWS * n).view({CT_STAT_ROWS, n}).copy_(drawn.statistics);
        // a captured step's belong to its graph; nobody reads them again
        step->lines = step->sees_none = at::Tensor();
    });
}

ct_status ct_step_results(ct_step step, int64_t count, int64_t *tokens, ct_tensor *statistics) {
    return ct::making(statistics, [&] {
        TORCH_CHECK(step != nullptr && 0 < count && count <= step->shape.rows, "results of ", count, " rows of a decoding step");
        const int64_t n = step->shape.rows;
        ct::note_transfer("down");
        const auto down = step->results.to(at::kCPU);
        const int64_t *found = down.const_data_ptr<int64_t>();
        for (int64_t row = 0; row < count; ++row) {
            ct::check_drawn(found[n + row], row);
            tokens[row] = found[row];
        }
        const auto all = down.narrow(0, 2 * n, down.numel() - 2 * n).view(at::kFloat).narrow(0, 0, CT_STAT_ROWS * n);
        return all.view({CT_STAT_ROWS, n}).narrow(1, 0, count).contiguous().clone();
    });
}

} // extern "C"
