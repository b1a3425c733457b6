// The backward of attention on tiles, from scores computed again with keys as rows, so that probabilities come out transposed.
//
// With P = exp(scale Q K^T - logsum): dV = P^T dO, dS = scale P (dO V^T - dO . O), dQ = dS K, dK = dS^T Q. P^T and dS^T are then left operands
// as they are written; dS is dS^T transposed.
#include "attention_tiles.hpp"

#if CT_HAS_AMX


namespace ct::amx {

namespace {

/// Blocks of 32 queries, and of keys, that are computed together.
constexpr int64_t kQueries = 4, kBlocks = 2;
/// Bytes of a left panel of kQueries steps, and of kBlocks.
constexpr int64_t kAcross = kQueries * kStepBytes, kDown = kBlocks * kStepBytes;

/// Keys and values of one segment, and their gradients.
struct Keys {
    char *rows, *values;      // left operands, 32 keys each
    char *columns;            // keys as right operand
    float *d_keys, *d_values; // [32 blocks, columns]
    int64_t count = 0, blocks = 0;

    Keys(Room &room, HeadShape shape, int64_t most)
        : rows(room.bytes(blocks_of(most) * shape.panel())), values(room.bytes(blocks_of(most) * shape.panel())),
          columns(room.bytes(shape.steps() * shape.bytes(blocks_of(most)))), d_keys(room.floats(blocks_of(most) * kWide * shape.columns())),
          d_values(room.floats(blocks_of(most) * kWide * shape.columns())) {}

    CT_AMX void pack(const float *k, const float *v, int64_t stride, int64_t length, HeadShape shape) {
        count = length;
        blocks = blocks_of(length);
        for (int64_t block = 0; block < blocks; ++block) {
            const int64_t row = block * kWide, filled = std::min(kWide, length - row);
            pack_left(k + row * stride, stride, filled, shape.width, rows + block * shape.panel(), shape.is_split);
            pack_left(v + row * stride, stride, filled, shape.width, values + block * shape.panel(), shape.is_split);
            pack_right(k + row * stride, stride, filled, shape.width, columns + block * kStepBytes, shape.bytes(blocks), shape.low(blocks));
        }
        const auto bytes = static_cast<size_t>(4 * blocks * kWide * shape.columns());
        std::memset(d_keys, 0, bytes);
        std::memset(d_values, 0, bytes);
    }

    void store(float *d_k, float *d_v, int64_t stride, HeadShape shape) const {
        const auto bytes = static_cast<size_t>(4 * shape.width);
        for (int64_t row = 0; row < count; ++row) {
            std::memcpy(d_k + row * stride, d_keys + row * shape.columns(), bytes);
            std::memcpy(d_v + row * stride, d_values + row * shape.columns(), bytes);
        }
    }
};

/// Blocks of queries of one segment, in the order of their first rows.
struct Queries {
    int64_t count = 0;
    int64_t first[kQueries];
    char *columns[2], *rows[2]; // of queries and of d_out: transposed, 32 rows each; and as they are, a step each
    float *logsum, *weight;     // [kQueries, 32]; weight = d_out . out
    float *d_queries;           // [kQueries, 32, columns]
    float *to[kQueries];        // where rows of d_queries go
    int64_t filled[kQueries];

    Queries(Room &room, HeadShape shape)
        : columns{room.bytes(kQueries * shape.panel()), room.bytes(kQueries * shape.panel())},
          rows{room.bytes(shape.steps() * shape.bytes(kQueries)), room.bytes(shape.steps() * shape.bytes(kQueries))},
          logsum(room.floats(kQueries * kWide)), weight(room.floats(kQueries * kWide)), d_queries(room.floats(kQueries * kWide * shape.columns())) {}
};

/// What a block of keys and queries is computed in.
struct Scratch {
    Keys prompt, own;
    Queries queries;
    float *scores, *d_scores;                        // [32 keys, 32 queries]
    char *probabilities, *d_transposed, *d_straight; // P^T and dS^T, kBlocks panels; dS, kQueries panels

    Scratch(Room &room, AttentionGroup group, HeadShape shape)
        : prompt(room, shape, group.lengths[0]), own(room, shape, group.longest), queries(room, shape), scores(room.floats(kWide * kWide)),
          d_scores(room.floats(kWide * kWide)), probabilities(room.bytes(shape.parts() * kBlocks * kAcross)),
          d_transposed(room.bytes(shape.parts() * kBlocks * kAcross)), d_straight(room.bytes(shape.parts() * kQueries * kDown)) {}
};

/// P^T and dS^T of a block from its scores. Of `count` keys the first is `ahead` rows later than the first query, which sees no later key.
CT_AMX_INLINE void differentiate(
    const float *scores, const float *d_scores, const float *logsums, const float *weights, int64_t count, int64_t ahead, float factor, char *p_to,
    char *ds_to, int64_t low) {
    const __m512 scale = _mm512_set1_ps(factor);
    for (int64_t j = 0; j < kWide; ++j, p_to += 64, ds_to += 64) {
        __m512 p[2], ds[2];
        const int64_t hidden = j >= count ? kWide : std::clamp<int64_t>(j + ahead, 0, kWide);
        for (int half = 0; half < 2; ++half) {
            const int64_t at = j * kWide + 16 * half;
            const auto seen = static_cast<__mmask16>(((0xffffffffull << hidden) & 0xffffffffull) >> (16 * half));
            const __m512 score = _mm512_mul_ps(_mm512_load_ps(scores + at), scale);
            p[half] = _mm512_maskz_mov_ps(seen, exponentials(_mm512_sub_ps(score, _mm512_load_ps(logsums + 16 * half))));
            const __m512 pull = _mm512_sub_ps(_mm512_load_ps(d_scores + at), _mm512_load_ps(weights + 16 * half));
            ds[half] = _mm512_maskz_mul_ps(seen, _mm512_mul_ps(scale, p[half]), pull);
        }
        put(p_to, low, p[0], p[1]);
        put(ds_to, low, ds[0], ds[1]);
    }
}

struct Pass {
    AttentionHeads h;
    HeadShape shape;
    Scratch &scratch;

    CT_AMX void product(
        const char *held, const char *moving, int64_t steps, int64_t panels, int64_t stride, float *to, int64_t row, bool adds, int64_t held_low,
        int64_t moving_low) const {
        Walk<true> walk;
        walk.start(held, moving, steps, panels, stride, place(to, row), kBesides, adds, held_low, moving_low);
        walk.finish();
    }

    /// Adds what the queries at hand give to the gradients of a segment's keys, and what its keys give to theirs.
    CT_AMX void attend(Keys &keys, bool causal) const {
        const auto &q = scratch.queries;
        const int64_t columns = shape.columns(), low = shape.low(shape.steps());
        // the low parts lie behind all panels of the rounded values
        const int64_t across_low = shape.low(kBlocks * kQueries), down_low = shape.low(kQueries * kBlocks);
        for (int64_t from = 0; from < keys.blocks; from += kBlocks) {
            // queries seen by a block of keys are the last ones, and blocks that a query sees the first ones
            int64_t start[kBlocks], blocks = 0;
            for (; blocks < std::min(kBlocks, keys.blocks - from); ++blocks) {
                const int64_t key = (from + blocks) * kWide;
                int64_t t = 0;
                while (causal && t < q.count && q.first[t] < key) ++t;
                if (t == q.count) break;
                start[blocks] = t;
                const char *rows = keys.rows + (from + blocks) * shape.panel(), *values = keys.values + (from + blocks) * shape.panel();
                for (; t < q.count; ++t) {
                    product(rows, q.columns[0] + t * shape.panel(), shape.steps(), 1, 0, scratch.scores, kWide, false, low, low);
                    product(values, q.columns[1] + t * shape.panel(), shape.steps(), 1, 0, scratch.d_scores, kWide, false, low, low);
                    settle();
                    const int64_t at = blocks * kAcross + t * kStepBytes;
                    differentiate(
                        scratch.scores, scratch.d_scores, q.logsum + t * kWide, q.weight + t * kWide, keys.count - key,
                        causal ? key - q.first[t] : -kWide, h.scale, scratch.probabilities + at, scratch.d_transposed + at, across_low);
                    for (int part = 0; part < shape.parts(); ++part)
                        transpose_step(
                            scratch.d_transposed + at + part * across_low, scratch.d_straight + t * kDown + blocks * kStepBytes + part * down_low);
                    settle();
                }
            }
            for (int64_t block = 0; block < blocks; ++block) {
                const int64_t t = start[block] * kStepBytes, at = block * kAcross + t, to = (from + block) * kWide * columns;
                const int64_t steps = q.count - start[block], stride = shape.bytes(kQueries), q_low = shape.low(kQueries);
                product(scratch.probabilities + at, q.rows[1] + t, steps, shape.steps(), stride, keys.d_values + to, columns, true, across_low, q_low);
                product(scratch.d_transposed + at, q.rows[0] + t, steps, shape.steps(), stride, keys.d_keys + to, columns, true, across_low, q_low);
            }
            for (int64_t t = 0; t < q.count; ++t) {
                int64_t steps = 0;
                while (steps < blocks && start[steps] <= t) ++steps;
                if (steps == 0) continue;
                product(
                    scratch.d_straight + t * kDown, keys.columns + from * kStepBytes, steps, shape.steps(), shape.bytes(keys.blocks),
                    q.d_queries + t * kWide * columns, columns, true, down_low, shape.low(keys.blocks));
            }
            if (blocks < std::min(kBlocks, keys.blocks - from)) break;
        }
        settle();
    }

    /// Takes in rows [first, first + filled) of one head; d_q says where their gradients go.
    CT_AMX void add(
        const float *x, const float *out, const float *logsum, const float *d_out, float *d_q, int64_t first, int64_t filled) const {
        auto &q = scratch.queries;
        const int64_t t = q.count++, step = h.queries * h.width;
        q.first[t] = first;
        q.filled[t] = filled;
        q.to[t] = d_q;
        const float *sources[] = {x, d_out};
        for (int i = 0; i < 2; ++i) {
            pack_right_transposed(sources[i], step, filled, h.width, q.columns[i] + t * shape.panel(), shape.is_split);
            pack_right(sources[i], step, filled, h.width, q.rows[i] + t * kStepBytes, shape.bytes(kQueries), shape.low(kQueries));
        }
        // rows that are not there have zeros for queries and d_out, and so give nothing
        for (int64_t i = 0; i < kWide; ++i) {
            q.logsum[t * kWide + i] = i < filled ? logsum[i * h.queries] : 0;
            q.weight[t * kWide + i] = i < filled ? dot(d_out + i * step, out + i * step, h.width) : 0;
        }
    }

    /// Computes the queries taken in, and stores their gradients.
    CT_AMX void run(Keys *prompt, Keys &own) const {
        auto &q = scratch.queries;
        if (q.count == 0) return;
        const int64_t columns = shape.columns();
        std::memset(q.d_queries, 0, static_cast<size_t>(4 * q.count * kWide * columns));
        settle();
        if (prompt) attend(*prompt, false);
        attend(own, true);
        for (int64_t t = 0; t < q.count; ++t)
            for (int64_t i = 0; i < q.filled[t]; ++i)
                std::memcpy(q.to[t] + i * h.queries * h.width, q.d_queries + (t * kWide + i) * columns, static_cast<size_t>(4 * h.width));
        q.count = 0;
    }
};

} // namespace

template <bool is_split> int64_t TileAttention<is_split>::backward_scratch(AttentionGroup group, AttentionHeads heads) {
    Room room(nullptr);
    Scratch(room, group, HeadShape{heads.width, is_split});
    return room.total();
}

template <bool is_split>
void TileAttention<is_split>::backward(
    AttentionInput x, const float *out, const float *logsum, const float *d_out, AttentionGroup group, AttentionHeads h, int64_t head,
    AttentionPiece piece, AttentionGradient d, float *memory) {
    const TileScope tiles;
    const HeadShape shape{h.width, is_split};
    Room room(memory);
    Scratch scratch(room, group, shape);
    const Pass pass{h, shape, scratch};
    const int64_t q_step = h.queries * h.width, k_step = h.keys * h.width;
    int64_t row = 0, number = 0;
    for (int64_t segment = 0; segment < group.segments; ++segment) {
        const int64_t length = group.lengths[segment];
        auto &own = segment == 0 ? scratch.prompt : scratch.own;
        auto *prompt = segment == 0 ? nullptr : &scratch.prompt;
        own.pack(x.k + row * k_step + head * h.width, x.v + row * k_step + head * h.width, k_step, length, shape);
        over_queries(length, h, head, piece, number, [&](int64_t first, int64_t rows, int64_t each) {
            const int64_t at = (row + first) * q_step + each * h.width;
            pass.add(x.q + at, out + at, logsum + (row + first) * h.queries + each, d_out + at, d.q + at, first, rows);
            if (scratch.queries.count == kQueries) pass.run(prompt, own);
        });
        pass.run(prompt, own);
        if (segment > 0) own.store(d.k + row * d.key_step, d.v + row * d.key_step, d.key_step, shape);
        row += length;
    }
    scratch.prompt.store(d.k, d.v, d.key_step, shape);
}

template int64_t TileAttention<false>::backward_scratch(AttentionGroup, AttentionHeads);
template int64_t TileAttention<true>::backward_scratch(AttentionGroup, AttentionHeads);
template void TileAttention<false>::backward(
    AttentionInput, const float *, const float *, const float *, AttentionGroup, AttentionHeads, int64_t, AttentionPiece, AttentionGradient, float *);
template void TileAttention<true>::backward(
    AttentionInput, const float *, const float *, const float *, AttentionGroup, AttentionHeads, int64_t, AttentionPiece, AttentionGradient, float *);

} // namespace ct::amx

#endif
