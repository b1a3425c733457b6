// Decoding with a key-value cache: one token per slot, each row computed by itself, so its result does not depend on the batch.
#include <ATen/Parallel.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "boundary.hpp"
#include "lanes.hpp"

using ct::in;

namespace {

void check_cache(const at::Tensor &cache, const at::Tensor &rows) {
    TORCH_CHECK_NOT_IMPLEMENTED(
        cache.is_cpu() && rows.is_cpu() && cache.scalar_type() == at::kFloat && rows.scalar_type() == at::kFloat,
        "cached decoding needs float32 tensors on the CPU");
    TORCH_CHECK(
        cache.dim() == 4 && rows.dim() == 3 && cache.is_contiguous() && cache.size(3) == rows.size(2), "a cache of shape ", cache.sizes(),
        " does not fit rows of shape ", rows.sizes());
}

void check_places(const at::Tensor &cache, const int64_t *slots, const int64_t *positions, int64_t count) {
    for (int64_t i = 0; i < count; ++i)
        TORCH_CHECK(
            0 <= slots[i] && slots[i] < cache.size(0) && 0 <= positions[i] && positions[i] < cache.size(2), "slot ", slots[i], ", position ",
            positions[i], " lies outside a cache of ", cache.size(0), " slots of ", cache.size(2));
}

/// One query head against `length` cached positions: softmax(q k) v, written to `out` [width].
CT_CLONES void attend(
    const float *q, const float *keys, const float *values, float *scores, float *out, int64_t length, int64_t width, float scale) {
    float top = -INFINITY;
    for (int64_t t = 0; t < length; ++t) {
        scores[t] = scale * ct::dot(q, keys + t * width, width);
        top = scores[t] > top ? scores[t] : top;
    }
    float mass = 0;
    for (int64_t d = 0; d < width; ++d) out[d] = 0;
    for (int64_t t = 0; t < length; ++t) {
        const float p = ct::exponential(scores[t] - top);
        mass += p;
        const float *value = values + t * width;
        for (int64_t d = 0; d < width; ++d) out[d] += p * value[d];
    }
    for (int64_t d = 0; d < width; ++d) out[d] /= mass;
}

} // namespace

extern "C" {

ct_status ct_cache_append(
    ct_tensor k_cache, ct_tensor v_cache, ct_tensor k, ct_tensor v, const int64_t *slots, const int64_t *positions) {
    return ct::guarded([&] {
        const auto k_rows = in(k).contiguous(), v_rows = in(v).contiguous();
        check_cache(in(k_cache), k_rows);
        check_cache(in(v_cache), v_rows);
        TORCH_CHECK(in(k_cache).sizes() == in(v_cache).sizes() && k_rows.sizes() == v_rows.sizes(), "keys and values differ in shape");
        TORCH_CHECK(in(k_cache).size(1) == k_rows.size(1), "the cache has ", in(k_cache).size(1), " heads, the rows ", k_rows.size(1));
        check_places(in(k_cache), slots, positions, k_rows.size(0));
        const int64_t heads = k_rows.size(1), length = in(k_cache).size(2), width = k_rows.size(2);
        for (int64_t i = 0; i < k_rows.size(0); ++i)
            for (int64_t head = 0; head < heads; ++head) {
                const int64_t to = ((slots[i] * heads + head) * length + positions[i]) * width, from = (i * heads + head) * width;
                std::memcpy(in(k_cache).mutable_data_ptr<float>() + to, k_rows.const_data_ptr<float>() + from, width * sizeof(float));
                std::memcpy(in(v_cache).mutable_data_ptr<float>() + to, v_rows.const_data_ptr<float>() + from, width * sizeof(float));
            }
    });
}

ct_status ct_cached_attention(
    ct_tensor q, ct_tensor k_cache, ct_tensor v_cache, const int64_t *slots, const int64_t *positions, double scale,
    ct_tensor *out) {
    return ct::making(out, [&] {
        const auto queries = in(q).contiguous();
        check_cache(in(k_cache), queries);
        check_cache(in(v_cache), queries);
        const int64_t rows = queries.size(0), heads = queries.size(1), width = queries.size(2);
        const int64_t shared = in(k_cache).size(1), length = in(k_cache).size(2);
        TORCH_CHECK(shared > 0 && heads % shared == 0, heads, " query heads cannot share ", shared, " key heads");
        check_places(in(k_cache), slots, positions, rows);
        auto result = at::empty_like(queries);
        const float *keys = in(k_cache).const_data_ptr<float>(), *values = in(v_cache).const_data_ptr<float>();
        const float *query = queries.const_data_ptr<float>();
        float *y = result.mutable_data_ptr<float>();
        at::parallel_for(0, rows, 4, [&](int64_t begin, int64_t end) {
            std::vector<float> scores(length);
            for (int64_t i = begin; i < end; ++i)
                for (int64_t head = 0; head < heads; ++head) {
                    const int64_t block = (slots[i] * shared + head / (heads / shared)) * length * width;
                    attend(
                        query + (i * heads + head) * width, keys + block, values + block, scores.data(), y + (i * heads + head) * width,
                        positions[i] + 1, width, static_cast<float>(scale));
                }
        });
        return result;
    });
}

} // extern "C"
