// The forward pass of attention on tiles: 32 queries of one head at a time, scores of whole rows, softmax, values.
#include "attention_tiles.hpp"

#if CT_HAS_AMX

#include <cmath>

namespace ct::amx {

namespace {

/// Keys and values of one segment as right operands, in blocks of 32 keys.
struct Keys {
    char *keys, *values;
    int64_t count = 0, blocks = 0;

    /// Room for so many keys.
    Keys(Room &room, HeadShape shape, int64_t count)
        : keys(room.bytes(blocks_of(count) * shape.panel())), values(room.bytes(shape.steps() * shape.bytes(blocks_of(count)))) {}

    CT_AMX void pack(const float *k, const float *v, int64_t stride, int64_t length, HeadShape shape) {
        count = length;
        blocks = blocks_of(length);
        for (int64_t block = 0; block < blocks; ++block) {
            const int64_t row = block * kWide, rows = std::min(kWide, length - row);
            pack_right_transposed(k + row * stride, stride, rows, shape.width, keys + block * shape.panel(), shape.is_split);
            pack_right(v + row * stride, stride, rows, shape.width, values + block * kStepBytes, shape.bytes(blocks), shape.low(blocks));
        }
    }
};

/// What 32 queries are computed in.
struct Scratch {
    Keys prompt, own;
    int64_t most; // blocks of keys that a query may see
    char *queries, *probabilities;
    float *scores, *out;

    Scratch(Room &room, AttentionGroup group, HeadShape shape)
        : prompt(room, shape, group.lengths[0]), own(room, shape, group.longest), most(blocks_of(group.lengths[0]) + blocks_of(group.longest)),
          queries(room.bytes(shape.panel())), probabilities(room.bytes(shape.bytes(most))), scores(room.floats(kWide * most * kWide)),
          out(room.floats(kWide * shape.columns())) {}
};

/// Queries [first, first + rows) of the segment `own` for one head: they see all of the prompt, and of `own` what is not later.
CT_AMX void attend_tile(
    const float *q, float *out, float *logsum, int64_t first, int64_t rows, const Keys *prompt, const Keys &own, HeadShape shape, AttentionHeads h,
    const Scratch &scratch) {
    const int64_t step = h.queries * h.width, before = prompt ? prompt->blocks : 0, after = blocks_of(first + rows);
    const int64_t row_of_scores = scratch.most * kWide, columns = shape.columns(), low = shape.low(shape.steps()), p_low = shape.low(scratch.most);
    pack_left(q, step, rows, h.width, scratch.queries, shape.is_split);
    settle();
    Walk<true> walk;
    if (before > 0) {
        walk.start(
            scratch.queries, prompt->keys, shape.steps(), before, shape.panel(), place(scratch.scores, row_of_scores), kBesides, false, low, low);
        walk.finish();
    }
    walk.start(
        scratch.queries, own.keys, shape.steps(), after, shape.panel(), place(scratch.scores + before * kWide, row_of_scores), kBesides, false,
        low, low);
    walk.finish();
    settle();
    const __m512 scale = _mm512_set1_ps(h.scale);
    float share[kWide] = {};
    for (int64_t i = 0; i < kWide; ++i) {
        const float *prompt_scores = scratch.scores + i * row_of_scores, *own_scores = prompt_scores + before * kWide;
        // rows that are not there see nothing: their probabilities are zeros
        const int64_t seen = i < rows ? first + i + 1 : 0, seen_before = i < rows && prompt ? prompt->count : 0;
        const float top = h.scale * _mm512_reduce_max_ps(largest(own_scores, seen, largest(prompt_scores, seen_before, _mm512_set1_ps(-INFINITY))));
        char *to = scratch.probabilities + i * 64;
        __m512 mass = _mm512_setzero_ps();
        weigh(prompt_scores, seen_before, before, scale, _mm512_set1_ps(top), to, p_low, mass);
        weigh(own_scores, seen, after, scale, _mm512_set1_ps(top), to + before * kStepBytes, p_low, mass);
        if (i >= rows) continue;
        const float sum = _mm512_reduce_add_ps(mass);
        share[i] = 1 / sum;
        logsum[i * h.queries] = top + std::log(sum);
    }
    settle();
    if (before > 0) {
        walk.start(
            scratch.probabilities, prompt->values, before, shape.steps(), shape.bytes(before), place(scratch.out, columns), kBesides, false, p_low,
            shape.low(before));
        walk.finish();
    }
    walk.start(
        scratch.probabilities + before * kStepBytes, own.values, after, shape.steps(), shape.bytes(own.blocks), place(scratch.out, columns), kBesides,
        before > 0, p_low, shape.low(own.blocks));
    walk.finish();
    settle();
    for (int64_t i = 0; i < rows; ++i)
        for (int64_t d = 0; d < h.width; ++d) out[i * step + d] = scratch.out[i * columns + d] * share[i];
}

} // namespace

template <bool is_split> int64_t TileAttention<is_split>::forward_scratch(AttentionGroup group, AttentionHeads heads) {
    Room room(nullptr);
    Scratch(room, group, HeadShape{heads.width, is_split});
    return room.total();
}

template <bool is_split>
void TileAttention<is_split>::forward(
    AttentionInput x, AttentionGroup group, AttentionHeads h, int64_t head, AttentionPiece piece, float *out, float *logsum, float *memory) {
    const TileScope tiles;
    const HeadShape shape{h.width, is_split};
    Room room(memory);
    Scratch scratch(room, group, shape);
    const int64_t q_step = h.queries * h.width, k_step = h.keys * h.width;
    int64_t row = 0, number = 0;
    for (int64_t segment = 0; segment < group.segments; ++segment) {
        const int64_t length = group.lengths[segment];
        auto &own = segment == 0 ? scratch.prompt : scratch.own;
        own.pack(x.k + row * k_step + head * h.width, x.v + row * k_step + head * h.width, k_step, length, shape);
        over_queries(length, h, head, piece, number, [&](int64_t first, int64_t rows, int64_t each) {
            const int64_t at = (row + first) * q_step + each * h.width;
            attend_tile(
                x.q + at, out + at, logsum + (row + first) * h.queries + each, first, rows, segment == 0 ? nullptr : &scratch.prompt, own, shape, h,
                scratch);
        });
        row += length;
    }
}

template int64_t TileAttention<false>::forward_scratch(AttentionGroup, AttentionHeads);
template int64_t TileAttention<true>::forward_scratch(AttentionGroup, AttentionHeads);
template void TileAttention<false>::forward(AttentionInput, AttentionGroup, AttentionHeads, int64_t, AttentionPiece, float *, float *, float *);
template void TileAttention<true>::forward(AttentionInput, AttentionGroup, AttentionHeads, int64_t, AttentionPiece, float *, float *, float *);

} // namespace ct::amx

#endif
