// Decoding with a key-value cache: one token per slot, over a prefix that slots share and what each slot appended itself.
//
// Keys and values lie in panels (cache.hpp), so that the rows of one prefix are one product. Each number is one sum in a fixed order,
// so a row's result does not depend on the rows beside it.
#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>
#include <vector>

#include "attention_kernels.hpp"
#include "boundary.hpp"
#include "cache.hpp"
#include "compute.hpp"
#include "device.hpp"
#include "kept_rows.hpp"
#include "parallel.hpp"

using ct::in;
using ct::kLanes;

namespace {

/// Rows of one prefix computed together.
constexpr int64_t kRows = 16;

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

/// Attention of a tile of rows over float32 panels. `longest` and `most`: places of the longest prefix, and of the fullest slot.
struct OnVectors {
    using Segment = ct::Segment;
    static Segment segment(const ct::Cache &cache, int64_t slot, int64_t head, int64_t count) { return cache.segment(slot, head, count); }
    static int64_t columns(int64_t longest, int64_t most) { return ct::padded(longest) + ct::padded(most); }
    static int64_t scratch(int64_t rows, int64_t longest, int64_t most, int64_t) { return rows * (columns(longest, most) + 1); }
    static void attend(
        const float *q, const Segment &prefix, const Segment *own, int64_t rows, int64_t ratio, int64_t width, float scale, int64_t longest,
        int64_t most, float *scratch, float *out, float *logsum) {
        const int64_t across = columns(longest, most);
        ct::attend_rows(q, prefix, own, rows, ratio, width, scale, scratch, across, scratch + rows * ratio * across, out, logsum);
    }
};

#if CT_HAS_AMX
/// The same over rounded panels.
struct OnTiles {
    using Segment = ct::amx::CachedHead;
    static Segment segment(const ct::Cache &cache, int64_t slot, int64_t head, int64_t count) { return cache.rounded_head(slot, head, count); }
    static int64_t scratch(int64_t rows, int64_t longest, int64_t most, int64_t width) {
        return ct::amx::attend_cached_scratch(rows, ct::amx::blocks_of(longest) + ct::amx::blocks_of(most), width);
    }
    static void attend(
        const float *q, const Segment &prefix, const Segment *own, int64_t rows, int64_t ratio, int64_t width, float scale, int64_t, int64_t,
        float *scratch, float *out, float *) {
        ct::amx::attend_cached(q, prefix, own, rows, ratio, width, scale, scratch, out);
    }
};
#endif

/// Queries [S, H, D] over a cache and its prefixes of one kind; `logsums` [S, H] get the log-sum-exps of scores if defined.
template <class Kind>
at::Tensor attended(
    const at::Tensor &queries, const ct::Cache &cache, const std::vector<ct::Cache> &prefixes, const int64_t *slots, const int64_t *places,
    const int64_t *prefix_of_row, float scale, const at::Tensor &logsums) {
    const int64_t rows = queries.size(0), heads = queries.size(1), width = queries.size(2), shared = cache.keys.size(1), ratio = heads / shared;
    int64_t longest = 0, most = 0;
    for (const auto &prefix : prefixes) longest = std::max(longest, prefix.length());
    for (int64_t i = 0; i < rows; ++i) most = std::max(most, places[i] + 1);
    const auto tiles = tiles_of(prefix_of_row, rows, static_cast<int64_t>(prefixes.size()));
    auto result = at::empty_like(queries);
    const float *query = queries.const_data_ptr<float>();
    float *y = result.mutable_data_ptr<float>(), *sums = logsums.defined() ? logsums.mutable_data_ptr<float>() : nullptr;
    const int64_t block = ratio * width;
    ct::parallel_for(0, static_cast<int64_t>(tiles.size()) * shared, 1, [&](int64_t begin, int64_t end) {
        const auto memory = std::make_unique_for_overwrite<float[]>(kRows * (2 * block + ratio) + Kind::scratch(kRows * ratio, longest, most, width));
        float *own_q = memory.get(), *own_out = own_q + kRows * block, *own_sums = own_out + kRows * block, *scratch = own_sums + kRows * ratio;
        std::vector<typename Kind::Segment> own(kRows);
        for (int64_t task = begin; task < end; ++task) {
            const auto &tile = tiles[task / shared];
            const int64_t head = task % shared, count = static_cast<int64_t>(tile.rows.size());
            for (int64_t i = 0; i < count; ++i) {
                const int64_t row = tile.rows[i];
                own[i] = Kind::segment(cache, slots[row], head, places[row] + 1);
                std::memcpy(own_q + i * block, query + row * heads * width + head * block, block * sizeof(float));
            }
            const auto prefix =
                tile.prefix < 0 ? typename Kind::Segment{} : Kind::segment(prefixes[tile.prefix], 0, head, prefixes[tile.prefix].length());
            Kind::attend(own_q, prefix, own.data(), count, ratio, width, scale, longest, most, scratch, own_out, sums ? own_sums : nullptr);
            for (int64_t i = 0; i < count; ++i) {
                std::memcpy(y + tile.rows[i] * heads * width + head * block, own_out + i * block, block * sizeof(float));
                if (sums) std::memcpy(sums + tile.rows[i] * heads + head * ratio, own_sums + i * ratio, ratio * sizeof(float));
            }
        }
    });
    return result;
}

/// Whether decoding of the present precision rounds keys and values, as attention on tiles does.
bool rounds_cache() {
#if CT_HAS_AMX
    return ct::product_kernel() == ct::Kernel::bfloat16_tiles && ct::amx::is_available();
#else
    return false;
#endif
}

void append(const ct::Cache &cache, const float *key, const float *value, int64_t width, int64_t slot, int64_t head, int64_t place) {
#if CT_HAS_AMX
    if (cache.is_rounded()) return ct::amx::cache_append(cache.rounded_head(slot, head, place), place, key, value, width);
#endif
    float *to = ct::Cache::of_head<float>(cache.keys, slot, head) + place / kLanes * width * kLanes + place % kLanes;
    for (int64_t d = 0; d < width; ++d) to[d * kLanes] = key[d];
    for (int64_t d = 0; d < width; d += kLanes)
        std::memcpy(
            ct::Cache::of_head<float>(cache.values, slot, head) + d * cache.length() + place * kLanes, value + d,
            std::min<int64_t>(kLanes, width - d) * sizeof(float));
}

} // namespace

extern "C" {

int32_t ct_cache_number_bytes(void) { return rounds_cache() ? sizeof(at::BFloat16) : sizeof(float); }

ct_status ct_cache(int64_t slots, int64_t heads, int64_t length, int64_t width, ct_tensor *keys, ct_tensor *values) {
    return ct::guarded([&] {
        const auto cache = ct::Cache::make(slots, heads, length, width, rounds_cache());
        ct::give(keys, cache.keys);
        ct::give(values, cache.values);
    });
}

ct_status ct_cache_append(
    ct_tensor k_cache, ct_tensor v_cache, ct_tensor k, ct_tensor v, const int64_t *slots, const int64_t *places) {
    return ct::guarded([&] {
        if (in(k_cache).dim() == 4) return ct::library_cache_append(in(k_cache), in(v_cache), in(k), in(v), {slots, places, nullptr});
        const auto k_rows = in(k).contiguous(), v_rows = in(v).contiguous();
        TORCH_CHECK(k_rows.dim() == 3 && k_rows.sizes() == v_rows.sizes(), "keys ", k_rows.sizes(), " and values ", v_rows.sizes());
        const int64_t heads = k_rows.size(1), width = k_rows.size(2);
        const auto cache = ct::Cache::fitting(k_cache, v_cache, k_rows, heads);
        cache.check(slots, places, k_rows.size(0));
        const float *key = k_rows.const_data_ptr<float>(), *value = v_rows.const_data_ptr<float>();
        for (int64_t i = 0; i < k_rows.size(0); ++i)
            for (int64_t head = 0; head < heads; ++head, key += width, value += width) append(cache, key, value, width, slots[i], head, places[i]);
    });
}

ct_status ct_cached_attention(
    ct_tensor q, ct_tensor k_cache, ct_tensor v_cache, const int64_t *slots, const int64_t *places, const ct_tensor *prefix_keys,
    const ct_tensor *prefix_values, int64_t prefixes, const int64_t *prefix_of_row, double scale, ct_tensor *out) {
    return ct::making(out, [&] {
        const auto queries = in(q).contiguous();
        TORCH_CHECK(queries.dim() == 3 && in(k_cache).dim() >= 4, "cached attention of queries ", queries.sizes());
        const int64_t heads = queries.size(1), shared = in(k_cache).size(1);
        TORCH_CHECK(shared > 0 && heads % shared == 0, heads, " query heads cannot share ", shared, " key heads");
        if (in(k_cache).dim() == 4)
            return ct::library_cached_attention(
                queries, in(k_cache), in(v_cache), {slots, places, prefix_of_row}, prefix_keys, prefix_values, prefixes, scale);
        const auto cache = ct::Cache::fitting(k_cache, v_cache, queries, shared);
        cache.check(slots, places, queries.size(0));
        std::vector<ct::Cache> common;
        for (int64_t i = 0; i < prefixes; ++i) {
            common.push_back(ct::Cache::fitting(prefix_keys[i], prefix_values[i], queries, shared));
            TORCH_CHECK(common.back().is_rounded() == cache.is_rounded(), "prefix ", i, " and the cache were made in different precisions");
        }
#if CT_HAS_AMX
        if (cache.is_rounded()) {
            TORCH_CHECK(!ct::keeps_values(), "attention over a rounded cache cannot be kept");
            return attended<OnTiles>(queries, cache, common, slots, places, prefix_of_row, static_cast<float>(scale), at::Tensor());
        }
#endif
        const auto logsums = ct::keeps_values() ? at::empty({queries.size(0), heads}, at::kFloat) : at::Tensor();
        auto values = attended<OnVectors>(queries, cache, common, slots, places, prefix_of_row, static_cast<float>(scale), logsums);
        ct::keep(values);
        if (logsums.defined()) ct::keep(logsums);
        return values;
    });
}

} // extern "C"
