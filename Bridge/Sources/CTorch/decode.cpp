// Decoding with a key-value cache: one token per slot, over a prefix that slots share and what each slot appended itself.
//
// Keys and values lie in panels (panels.hpp), so that the rows of one prefix are one product. Each number is one sum in a fixed order,
// so a row's result does not depend on the rows beside it.
#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>
#include <vector>

#include "attention_kernels.hpp"
#include "boundary.hpp"
#include "device.hpp"
#include "panels.hpp"
#include "parallel.hpp"

using ct::in;
using ct::kLanes;
static_assert(kLanes == CT_PANEL);

namespace {

/// Rows of one prefix computed together.
constexpr int64_t kRows = 16;

/// Keys [slots, K, ceil(L / 16), D, 16] and values [slots, K, ceil(D / 16), L, 16].
struct Cache {
    at::Tensor keys, values;

    Cache(ct_tensor keys_in, ct_tensor values_in, const at::Tensor &rows, int64_t heads) : keys(in(keys_in)), values(in(values_in)) {
        for (const auto &tensor : {keys, values, rows})
            TORCH_CHECK_NOT_IMPLEMENTED(
                tensor.is_cpu() && tensor.scalar_type() == at::kFloat, "cached decoding needs float32 tensors on the CPU");
        TORCH_CHECK(
            keys.dim() == 5 && values.dim() == 5 && rows.dim() == 3 && keys.is_contiguous() && values.is_contiguous() &&
                keys.size(0) == values.size(0) && keys.size(1) == heads && values.size(1) == heads && keys.size(3) == rows.size(2) &&
                values.size(2) == ct::padded(rows.size(2)) / kLanes && keys.size(2) == ct::padded(values.size(3)) / kLanes &&
                keys.size(4) == kLanes && values.size(4) == kLanes,
            "a cache of shapes ", keys.sizes(), " and ", values.sizes(), " does not fit rows of shape ", rows.sizes(), " with ", heads,
            " key heads");
    }

    int64_t length() const { return values.size(3); }

    void check(const int64_t *slots, const int64_t *places, int64_t count) const {
        for (int64_t i = 0; i < count; ++i)
            TORCH_CHECK(
                0 <= slots[i] && slots[i] < keys.size(0) && 0 <= places[i] && places[i] < length(), "slot ", slots[i], ", place ",
                places[i], " lies outside a cache of ", keys.size(0), " slots of ", length());
    }

    float *key(int64_t slot, int64_t head) const {
        return keys.mutable_data_ptr<float>() + slot * keys.stride(0) + head * keys.stride(1);
    }
    float *value(int64_t slot, int64_t head) const {
        return values.mutable_data_ptr<float>() + slot * values.stride(0) + head * values.stride(1);
    }
};

/// Rows of one prefix, at most kRows of them.
struct Tile {
    int64_t prefix;
    std::vector<int64_t> rows;
};

std::vector<Tile> tiles_of(const int64_t *prefix_of_row, int64_t rows, int64_t prefixes) {
    std::vector<int64_t> order(rows);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return prefix_of_row[a] < prefix_of_row[b]; });
    std::vector<Tile> tiles;
    for (const auto row : order) {
        const auto prefix = prefix_of_row[row];
        TORCH_CHECK(-1 <= prefix && prefix < prefixes, "row ", row, " names prefix ", prefix, " of ", prefixes);
        if (tiles.empty() || tiles.back().prefix != prefix || static_cast<int64_t>(tiles.back().rows.size()) == kRows)
            tiles.push_back({prefix, {}});
        tiles.back().rows.push_back(row);
    }
    return tiles;
}

} // namespace

extern "C" {

ct_status ct_cache_append(
    ct_tensor k_cache, ct_tensor v_cache, ct_tensor k, ct_tensor v, const int64_t *slots, const int64_t *places) {
    return ct::guarded([&] {
        if (in(k_cache).dim() == 4) return ct::library_cache_append(in(k_cache), in(v_cache), in(k), in(v), {slots, places, nullptr});
        const auto k_rows = in(k).contiguous(), v_rows = in(v).contiguous();
        TORCH_CHECK(k_rows.dim() == 3 && k_rows.sizes() == v_rows.sizes(), "keys ", k_rows.sizes(), " and values ", v_rows.sizes());
        const int64_t heads = k_rows.size(1), width = k_rows.size(2);
        const Cache cache(k_cache, v_cache, k_rows, heads);
        cache.check(slots, places, k_rows.size(0));
        for (int64_t i = 0; i < k_rows.size(0); ++i)
            for (int64_t head = 0; head < heads; ++head) {
                const float *key = k_rows.const_data_ptr<float>() + (i * heads + head) * width;
                const float *value = v_rows.const_data_ptr<float>() + (i * heads + head) * width;
                float *to = cache.key(slots[i], head) + places[i] / kLanes * width * kLanes + places[i] % kLanes;
                for (int64_t d = 0; d < width; ++d) to[d * kLanes] = key[d];
                for (int64_t d = 0; d < width; d += kLanes)
                    std::memcpy(
                        cache.value(slots[i], head) + d * cache.length() + places[i] * kLanes, value + d,
                        std::min<int64_t>(kLanes, width - d) * sizeof(float));
            }
    });
}

ct_status ct_cached_attention(
    ct_tensor q, ct_tensor k_cache, ct_tensor v_cache, const int64_t *slots, const int64_t *places, const ct_tensor *prefix_keys,
    const ct_tensor *prefix_values, int64_t prefixes, const int64_t *prefix_of_row, double scale, ct_tensor *out) {
    return ct::making(out, [&] {
        const auto queries = in(q).contiguous();
        TORCH_CHECK(queries.dim() == 3 && in(k_cache).dim() >= 4, "cached attention of queries ", queries.sizes());
        const int64_t heads = queries.size(1), width = queries.size(2), shared = in(k_cache).size(1);
        TORCH_CHECK(shared > 0 && heads % shared == 0, heads, " query heads cannot share ", shared, " key heads");
        if (in(k_cache).dim() == 4)
            return ct::library_cached_attention(
                queries, in(k_cache), in(v_cache), {slots, places, prefix_of_row}, prefix_keys, prefix_values, prefixes, scale);
        const int64_t ratio = heads / shared, block = ratio * width;
        const Cache cache(k_cache, v_cache, queries, shared);
        cache.check(slots, places, queries.size(0));
        std::vector<Cache> common;
        int64_t longest = 0;
        for (int64_t i = 0; i < prefixes; ++i) {
            common.emplace_back(prefix_keys[i], prefix_values[i], queries, shared);
            longest = std::max(longest, common.back().length());
        }
        const auto tiles = tiles_of(prefix_of_row, queries.size(0), prefixes);
        const auto segment = [&](const Cache &from, int64_t slot, int64_t head, int64_t count) {
            return ct::Segment{{from.key(slot, head), width * kLanes}, {from.value(slot, head), from.length() * kLanes}, count};
        };
        const int64_t most = queries.size(0) > 0 ? *std::max_element(places, places + queries.size(0)) + 1 : 0;
        const int64_t columns = ct::padded(longest) + ct::padded(most);
        auto result = at::empty_like(queries);
        const float *query = queries.const_data_ptr<float>();
        float *y = result.mutable_data_ptr<float>();
        ct::parallel_for(0, static_cast<int64_t>(tiles.size()) * shared, 1, [&](int64_t begin, int64_t end) {
            const auto scratch = std::make_unique_for_overwrite<float[]>(kRows * ratio * (columns + 2 * width + 1));
            float *scores = scratch.get(), *own_q = scores + kRows * ratio * columns, *own_out = own_q + kRows * block;
            std::vector<ct::Segment> own(kRows);
            for (int64_t task = begin; task < end; ++task) {
                const auto &tile = tiles[task / shared];
                const int64_t head = task % shared, count = static_cast<int64_t>(tile.rows.size());
                for (int64_t i = 0; i < count; ++i) {
                    const int64_t row = tile.rows[i];
                    own[i] = segment(cache, slots[row], head, places[row] + 1);
                    std::memcpy(own_q + i * block, query + row * heads * width + head * block, block * sizeof(float));
                }
                const auto prefix = tile.prefix < 0 ? ct::Segment{} : segment(common[tile.prefix], 0, head, common[tile.prefix].length());
                ct::attend_rows(
                    own_q, prefix, own.data(), count, ratio, width, static_cast<float>(scale), scores, columns, own_out + kRows * block,
                    own_out);
                for (int64_t i = 0; i < count; ++i)
                    std::memcpy(y + tile.rows[i] * heads * width + head * block, own_out + i * block, block * sizeof(float));
            }
        });
        return result;
    });
}

} // extern "C"
