// Attention of tiles of queries, and of decoding's single rows: scores of whole rows, softmax, values.
#include <cmath>

#include "attention_kernels.hpp"
#include "lanes.hpp"
#include "score_rows.hpp"

namespace {

/// Rows [first, first + rows) of a segment for one query head: all of `prompt`, and of `own` what is not later than the row.
CT_INLINE void attend_tile(
    const float *q, float *out, float *logsum, int64_t first, int64_t rows, const ct::Segment &prompt, const ct::Segment &own, ct::AttentionHeads h,
    float *scores) {
    const int64_t step = h.queries * h.width, before = ct::padded(prompt.count), after = first + rows;
    const int64_t columns = before + ct::padded(after);
    ct::product_by_rows(q, step, prompt.keys, h.width, scores, columns, rows, before, false);
    ct::product_by_rows(q, step, own.keys, h.width, scores + before, columns, rows, columns - before, false);
    float mass[ct::kAttentionTile];
    for (int64_t i = 0; i < rows; ++i) {
        float *row = scores + i * columns;
        const int64_t seen = first + i + 1;
        const float top = ct::scale_row(row + before, seen, h.scale, ct::scale_row(row, prompt.count, h.scale, -INFINITY));
        mass[i] = ct::exponential_row(row, prompt.count, before, top) + ct::exponential_row(row + before, seen, columns - before, top);
        logsum[i * h.queries] = top + std::log(mass[i]);
    }
    if (prompt.count > 0) ct::product_by_rows(scores, columns, prompt.values, prompt.count, out, step, rows, h.width, false);
    ct::product_by_rows(scores + before, columns, own.values, after, out, step, rows, h.width, prompt.count > 0);
    for (int64_t i = 0; i < rows; ++i) {
        const float share = 1 / mass[i];
        for (int64_t d = 0; d < h.width; ++d) out[i * step + d] *= share;
    }
}

} // namespace

namespace ct {

int64_t attend_scratch(AttentionGroup group, AttentionHeads heads) {
    const int64_t keys = padded(group.lengths[0]) + padded(group.longest);
    return keys * (2 * padded(heads.width) + kAttentionTile);
}

CT_CLONES void attend(
    AttentionInput x, AttentionGroup group, AttentionHeads h, int64_t head, AttentionPiece piece, float *out, float *logsum,
    float *scratch) {
    const int64_t q_step = h.queries * h.width, k_step = h.keys * h.width, ratio = h.queries / h.keys;
    const int64_t room = padded(h.width), most = padded(group.lengths[0]) * room;
    float *own_place = scratch + 2 * most, *scores = own_place + 2 * padded(group.longest) * room;
    Segment prompt = {}, own = {};
    int64_t row = 0, number = 0;
    for (int64_t segment = 0; segment < group.segments; ++segment) {
        const int64_t length = group.lengths[segment];
        float *place = segment == 0 ? scratch : own_place;
        own.count = length;
        own.keys = pack_transposed(x.k + row * k_step + head * h.width, k_step, length, h.width, place);
        own.values = pack(x.v + row * k_step + head * h.width, k_step, length, h.width, place + padded(length) * room);
        for (int64_t first = 0; first < length; first += kAttentionTile) {
            if (number++ % piece.of != piece.index) continue;
            const int64_t rows = length - first < kAttentionTile ? length - first : kAttentionTile;
            for (int64_t each = head * ratio; each < (head + 1) * ratio; ++each) {
                const int64_t at = (row + first) * q_step + each * h.width;
                attend_tile(x.q + at, out + at, logsum + (row + first) * h.queries + each, first, rows, prompt, own, h, scores);
            }
        }
        if (segment == 0) prompt = own;
        row += length;
    }
}

CT_CLONES void attend_rows(
    const float *q, Segment prefix, const Segment *own, int64_t rows, int64_t ratio, int64_t width, float scale, float *scores,
    int64_t columns, float *mass, float *out, float *logsum) {
    const int64_t before = padded(prefix.count);
    product_by_rows(q, width, prefix.keys, width, scores, columns, rows * ratio, before, false);
    for (int64_t i = 0; i < rows; ++i) {
        float *own_scores = scores + i * ratio * columns + before;
        product_by_rows(q + i * ratio * width, width, own[i].keys, width, own_scores, columns, ratio, padded(own[i].count), false);
        for (int64_t r = 0; r < ratio; ++r) {
            float *row = scores + (i * ratio + r) * columns;
            const float top = scale_row(row + before, own[i].count, scale, scale_row(row, prefix.count, scale, -INFINITY));
            mass[i * ratio + r] =
                exponential_row(row, prefix.count, before, top) + exponential_row(row + before, own[i].count, own[i].count, top);
            if (logsum) logsum[i * ratio + r] = top + std::log(mass[i * ratio + r]);
        }
    }
    if (prefix.count > 0) product_by_rows(scores, columns, prefix.values, prefix.count, out, width, rows * ratio, width, false);
    for (int64_t i = 0; i < rows; ++i)
        product_by_rows(
            scores + i * ratio * columns + before, columns, own[i].values, own[i].count, out + i * ratio * width, width, ratio, width,
            prefix.count > 0);
    for (int64_t i = 0; i < rows * ratio; ++i) {
        const float share = 1 / mass[i];
        for (int64_t d = 0; d < width; ++d) out[i * width + d] *= share;
    }
}

} // namespace ct
