// Decoding with a cache of rows by libtorch's batched products: scores over prefix and own places side by side, one softmax.
//
// Nothing waits for the device: what a row sees is known on the host, and goes up in one copy. A prefix's rows are one product per
// prefix; all own places are one batched product.
#include <algorithm>
#include <limits>
#include <numeric>

#include "boundary.hpp"
#include "device.hpp"

namespace {

void check_cache(const at::Tensor &keys, const at::Tensor &values, const at::Tensor &rows, int64_t heads) {
    TORCH_CHECK(
        keys.dim() == 4 && keys.sizes() == values.sizes() && rows.dim() == 3 && keys.size(1) == heads && keys.size(3) == rows.size(2),
        "a cache of shapes ", keys.sizes(), " and ", values.sizes(), " does not fit rows of shape ", rows.sizes(), " with ", heads, " key heads");
}

void check_places(const at::Tensor &keys, ct::DecodingRows rows, int64_t count) {
    for (int64_t i = 0; i < count; ++i)
        TORCH_CHECK(
            0 <= rows.slots[i] && rows.slots[i] < keys.size(0) && 0 <= rows.places[i] && rows.places[i] < keys.size(2), "slot ", rows.slots[i],
            ", place ", rows.places[i], " lies outside a cache of ", keys.size(0), " slots of ", keys.size(2));
}

/// Consecutive rows, after sorting, of one prefix.
struct Run {
    int64_t prefix, first, count;
};

} // namespace

void ct::library_cache_append(
    const at::Tensor &k_cache, const at::Tensor &v_cache, const at::Tensor &k, const at::Tensor &v, DecodingRows rows) {
    const c10::NoGradGuard guard;
    TORCH_CHECK(k.dim() == 3 && k.sizes() == v.sizes(), "keys ", k.sizes(), " and values ", v.sizes());
    check_cache(k_cache, v_cache, k, k.size(1));
    const int64_t count = k.size(0);
    check_places(k_cache, rows, count);
    if (count == 0) return;
    const auto slots = uploaded(rows.slots, count, k_cache), places = uploaded(rows.places, count, k_cache);
    k_cache.transpose(1, 2).index_put_({slots, places}, k);
    v_cache.transpose(1, 2).index_put_({slots, places}, v);
}

at::Tensor ct::library_cached_attention(
    const at::Tensor &q, const at::Tensor &k_cache, const at::Tensor &v_cache, DecodingRows rows, const ct_tensor *prefix_keys,
    const ct_tensor *prefix_values, int64_t prefixes, double scale) {
    const c10::NoGradGuard guard;
    const int64_t count = q.size(0), heads = q.size(1), width = q.size(2), shared = k_cache.size(1), ratio = heads / shared;
    check_cache(k_cache, v_cache, q, shared);
    check_places(k_cache, rows, count);
    if (count == 0) return at::empty_like(q);

    std::vector<int64_t> order(count);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return rows.prefixes[a] < rows.prefixes[b]; });
    // four rows of one matrix, so that they go up together: what is taken, whence, how far it sees, and where it goes
    std::vector<int64_t> plan(4 * count);
    std::vector<Run> runs;
    int64_t most = 0, longest = 0;
    bool is_in_place = true;
    for (int64_t i = 0; i < count; ++i) {
        const int64_t row = order[i], prefix = rows.prefixes[row];
        TORCH_CHECK(-1 <= prefix && prefix < prefixes, "row ", row, " names prefix ", prefix, " of ", prefixes);
        plan[i] = row;
        plan[count + i] = rows.slots[row];
        plan[2 * count + i] = rows.places[row];
        plan[3 * count + row] = i;
        is_in_place = is_in_place && rows.slots[row] == i;
        most = std::max(most, rows.places[row] + 1);
        if (prefix < 0) continue;
        if (runs.empty() || runs.back().prefix != prefix) {
            const auto &keys = in(prefix_keys[prefix]), &values = in(prefix_values[prefix]);
            check_cache(keys, values, q, shared);
            longest = std::max(longest, keys.size(2));
            runs.push_back({prefix, i, 0});
        }
        ++runs.back().count;
    }
    const auto up = uploaded(plan.data(), 4 * count, q).view({4, count});
    const auto queries = q.index_select(0, up[0]).view({count, shared, ratio, width});
    const auto own = [&](const at::Tensor &cache) {
        return is_in_place ? cache.narrow(0, 0, count).narrow(2, 0, most) : cache.narrow(2, 0, most).index_select(0, up[1]);
    };
    /// Rows of a run as the left operand of one product per key head: [n, K, ratio, ..] -> [K, n ratio, ..].
    const auto stacked = [&](const at::Tensor &part) { return part.transpose(0, 1).reshape({shared, part.size(0) * ratio, part.size(3)}); };
    const auto unstacked = [&](const at::Tensor &part, int64_t n) { return part.view({shared, n, ratio, part.size(2)}).transpose(0, 1); };

    const double nothing = -std::numeric_limits<double>::infinity();
    auto scores = at::full({count, shared, ratio, longest + most}, nothing, q.options());
    for (const auto &[prefix, first, n] : runs) {
        const auto keys = in(prefix_keys[prefix])[0];
        const auto product = at::bmm(stacked(queries.narrow(0, first, n)), keys.transpose(1, 2));
        scores.narrow(0, first, n).narrow(3, 0, keys.size(1)).copy_(unstacked(product, n));
    }
    const auto unseen = at::arange(most, up.options()).view({1, 1, 1, most}) > up[2].view({count, 1, 1, 1});
    scores.narrow(3, longest, most).copy_(at::matmul(queries, own(k_cache).transpose(2, 3)).masked_fill_(unseen, nothing));
    const auto p = at::softmax(scores.mul_(scale), -1);
    // the own part's p is 0 beyond a row's place, and what lies there in the cache is finite
    auto out = at::matmul(p.narrow(3, longest, most), own(v_cache));
    for (const auto &[prefix, first, n] : runs) {
        const auto values = in(prefix_values[prefix])[0];
        const auto product = at::bmm(stacked(p.narrow(0, first, n).narrow(3, 0, values.size(1))), values);
        out.narrow(0, first, n).add_(unstacked(product, n));
    }
    return out.view({count, heads, width}).index_select(0, up[3]);
}
