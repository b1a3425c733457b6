// The float32 loops of attention on plain pointers: what attention.cpp and decode.cpp ask for.
#pragma once

#include <cstdint>

#include "panels.hpp"

namespace ct {

/// Query rows computed together.
constexpr int64_t kAttentionTile = 48;

/// Rows of one group: a prompt of lengths[0] rows, then the rows of each completion, the longest of which has `longest`.
struct AttentionGroup {
    const int64_t *lengths;
    int64_t segments, longest;
};

/// Heads of queries and of keys, numbers per head, and the factor of a score.
struct AttentionHeads {
    int64_t queries, keys, width;
    float scale;
};

/// Every `of`-th tile of query rows, starting at the `index`-th: how one group is shared among threads.
struct AttentionPiece {
    int64_t index, of;
};

/// Rows of a group, q [rows, queries, width], k and v [rows, keys, width].
struct AttentionInput {
    const float *q, *k, *v;
};

/// Gradients of a group's rows; those of k and v start at one head and lie `key_step` apart, so that a piece can have its own.
struct AttentionGradient {
    float *q, *k, *v;
    int64_t key_step;
};

/// One way to compute attention: `attend` and `attend_backward` below, or on tiles (attention_tiles.hpp).
struct AttentionPass {
    int64_t (*forward_scratch)(AttentionGroup, AttentionHeads);
    void (*forward)(AttentionInput, AttentionGroup, AttentionHeads, int64_t head, AttentionPiece, float *out, float *logsum, float *scratch);
    int64_t (*backward_scratch)(AttentionGroup, AttentionHeads);
    void (*backward)(
        AttentionInput, const float *out, const float *logsum, const float *d_out, AttentionGroup, AttentionHeads, int64_t head, AttentionPiece,
        AttentionGradient, float *scratch);
    /// Whether the backward writes every gradient of its rows and keys; else it adds to them.
    bool writes_gradients;
};

/// Floats of scratch of `attend`, and of `attend_backward`.
int64_t attend_scratch(AttentionGroup group, AttentionHeads heads);
int64_t attend_backward_scratch(AttentionGroup group, AttentionHeads heads);

/// Writes `out` [rows, queries, width] and the log-sum-exp of the scores, `logsum` [rows, queries], for the rows of a piece and the
/// query heads that share key head `head`.
void attend(
    AttentionInput x, AttentionGroup group, AttentionHeads heads, int64_t head, AttentionPiece piece, float *out, float *logsum,
    float *scratch);

/// Adds to the gradients, for the same rows and heads.
void attend_backward(
    AttentionInput x, const float *out, const float *logsum, const float *d_out, AttentionGroup group, AttentionHeads heads, int64_t head,
    AttentionPiece piece, AttentionGradient d, float *scratch);

/// Keys (transposed) and values in panels, of which the first `count` are seen.
struct Segment {
    Panels keys, values;
    int64_t count;
};

/// Single rows: q and out [rows, ratio, width] for the `ratio` query heads of one key head; row i sees `prefix` and own[i]. Scores take
/// rows * ratio * columns floats, where a row of columns has room for both segments, each padded; `mass` takes rows * ratio. `logsum` gets the
/// log-sum-exps of scores [rows, ratio] unless it is NULL.
void attend_rows(
    const float *q, Segment prefix, const Segment *own, int64_t rows, int64_t ratio, int64_t width, float scale, float *scores,
    int64_t columns, float *mass, float *out, float *logsum);

} // namespace ct
