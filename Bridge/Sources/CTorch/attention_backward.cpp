// The backward of attention: blocks of keys, whose probabilities are computed again from the log-sum-exp of each row.
#include "attention_kernels.hpp"
#include "lanes.hpp"
#include "panels.hpp"

namespace {

using ct::kLanes;
using ct::Panels;

/// Keys of one step: a tile of scores and one of their gradients fill most of a 48 KiB cache.
constexpr int64_t kBlock = 96;

/// Keys and values of one segment as the products want them.
struct Keys {
    Panels keys_transposed, keys, values_transposed;
    int64_t count;
};

/// One tile of queries in the backward: its rows in panels, and what every block of keys needs of them.
struct Tile {
    const float *queries, *d_out;
    Panels query_panels, d_out_panels;
    float logsum[ct::kAttentionTile], weight[ct::kAttentionTile]; // weight: d_out . out
    int64_t first, rows;
    float *d_queries;
    int64_t step;
};

/// One block of keys: with P = exp(scale q k - logsum), dV += P^T dO, dS = scale P (dO V^T - weight), dQ += dS K, dK += dS^T Q.
CT_INLINE void attend_block_backward(
    const Tile &tile, const Keys &keys, int64_t at, int64_t count, bool causal, float *d_k, float *d_v, int64_t key_step,
    ct::AttentionHeads h, float *p, float *ds) {
    const int64_t columns = ct::padded(count), skipped = at / kLanes;
    const Panels k = {keys.keys_transposed.data + skipped * keys.keys_transposed.panel, keys.keys_transposed.panel};
    const Panels v = {keys.values_transposed.data + skipped * keys.values_transposed.panel, keys.values_transposed.panel};
    ct::product_by_rows(tile.queries, tile.step, k, h.width, p, kBlock, tile.rows, columns, false);
    ct::product_by_rows(tile.d_out, tile.step, v, h.width, ds, kBlock, tile.rows, columns, false);
    for (int64_t i = 0; i < tile.rows; ++i) {
        float *p_row = p + i * kBlock, *ds_row = ds + i * kBlock;
        const int64_t visible = causal ? tile.first + i + 1 - at : count, seen = visible < 0 ? 0 : visible < count ? visible : count;
        const float logsum = tile.logsum[i], weight = tile.weight[i];
        for (int64_t s = 0; s < columns; s += kLanes)
            for (int l = 0; l < kLanes; ++l) {
                const float probability = ct::exponential(h.scale * p_row[s + l] - logsum);
                p_row[s + l] = probability;
                ds_row[s + l] = h.scale * probability * (ds_row[s + l] - weight);
            }
        for (int64_t s = seen; s < columns; ++s) p_row[s] = ds_row[s] = 0;
    }
    ct::product_by_columns(p, kBlock, tile.d_out_panels, tile.rows, d_v + at * key_step, key_step, count, h.width, true);
    ct::product_by_columns(ds, kBlock, tile.query_panels, tile.rows, d_k + at * key_step, key_step, count, h.width, true);
    const Panels natural = {keys.keys.data + at * kLanes, keys.keys.panel};
    ct::product_by_rows(ds, kBlock, natural, count, tile.d_queries, tile.step, tile.rows, h.width, true);
}

} // namespace

namespace ct {

int64_t attend_backward_scratch(AttentionGroup group, AttentionHeads heads) {
    const int64_t keys = padded(group.lengths[0]) + padded(group.longest), width = padded(heads.width);
    return 3 * keys * width + 2 * kAttentionTile * (kBlock + width);
}

CT_CLONES void attend_backward(
    AttentionInput x, const float *out, const float *logsum, const float *d_out, AttentionGroup group, AttentionHeads h, int64_t head,
    AttentionPiece piece, AttentionGradient d, float *scratch) {
    const int64_t q_step = h.queries * h.width, k_step = h.keys * h.width, ratio = h.queries / h.keys;
    const int64_t room = padded(h.width), most = padded(group.lengths[0]) * room;
    float *own_place = scratch + 3 * most, *p = own_place + 3 * padded(group.longest) * room, *ds = p + kAttentionTile * kBlock;
    float *query_place = ds + kAttentionTile * kBlock, *d_out_place = query_place + kAttentionTile * room;
    Keys prompt = {}, own = {};
    int64_t row = 0, number = 0;
    for (int64_t segment = 0; segment < group.segments; ++segment) {
        const int64_t length = group.lengths[segment], size = padded(length) * room;
        float *place = segment == 0 ? scratch : own_place;
        const float *k = x.k + row * k_step + head * h.width, *v = x.v + row * k_step + head * h.width;
        own.count = length;
        own.keys_transposed = pack_transposed(k, k_step, length, h.width, place);
        own.values_transposed = pack_transposed(v, k_step, length, h.width, place + size);
        own.keys = pack(k, k_step, length, h.width, place + 2 * size);
        for (int64_t first = 0; first < length; first += kAttentionTile) {
            if (number++ % piece.of != piece.index) continue;
            const int64_t rows = length - first < kAttentionTile ? length - first : kAttentionTile;
            for (int64_t each = head * ratio; each < (head + 1) * ratio; ++each) {
                const int64_t at = (row + first) * q_step + each * h.width;
                Tile tile;
                tile.queries = x.q + at;
                tile.d_out = d_out + at;
                tile.query_panels = pack(x.q + at, q_step, rows, h.width, query_place);
                tile.d_out_panels = pack(d_out + at, q_step, rows, h.width, d_out_place);
                tile.first = first;
                tile.rows = rows;
                tile.d_queries = d.q + at;
                tile.step = q_step;
                for (int64_t i = 0; i < rows; ++i) {
                    tile.logsum[i] = logsum[(row + first + i) * h.queries + each];
                    tile.weight[i] = dot(d_out + at + i * q_step, out + at + i * q_step, h.width);
                }
                for (int64_t b = 0; b < prompt.count; b += kBlock)
                    attend_block_backward(
                        tile, prompt, b, prompt.count - b < kBlock ? prompt.count - b : kBlock, false, d.k, d.v, d.key_step, h, p, ds);
                for (int64_t b = 0; b < first + rows; b += kBlock)
                    attend_block_backward(
                        tile, own, b, first + rows - b < kBlock ? first + rows - b : kBlock, true, d.k + row * d.key_step,
                        d.v + row * d.key_step, d.key_step, h, p, ds);
            }
        }
        if (segment == 0) prompt = own;
        row += length;
    }
}

} // namespace ct
