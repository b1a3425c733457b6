// Decoding over rounded keys and values: a prefix on tiles, for all rows that share it; a row's own places on bfloat16 vectors.
//
// One row alone would leave a tile's other fifteen empty; the vector instruction multiplies pairs of bfloat16 numbers and reads half of what
// float32 keys and values would be.
#include "decode_tiles.hpp"

#if CT_HAS_AMX

namespace ct::amx {

namespace {

/// Bytes of a tile's row: 16 pairs.
constexpr int64_t kPairs = 64;

/// sums[r][half] += left row r times a right panel of 32 columns, two depths at a time: `pairs` of them from the start.
template <int Rows>
CT_AMX_INLINE void add_products(const char *const (&left)[Rows], int64_t left_step, const char *panel, int64_t pairs, __m512 (&sums)[Rows][2]) {
    for (int64_t pair = 0; pair < pairs; ++pair) {
        const int64_t step = pair / kRows, at = pair % kRows;
        const char *right = panel + step * kStepBytes + at * kPairs;
        const auto first = (__m512bh)_mm512_load_si512(right), second = (__m512bh)_mm512_load_si512(right + kTileBytes);
        for (int r = 0; r < Rows; ++r) {
            int32_t both;
            std::memcpy(&both, left[r] + step * left_step + 4 * at, 4);
            const auto value = (__m512bh)_mm512_set1_epi32(both);
            sums[r][0] = _mm512_dpbf16_ps(sums[r][0], first, value);
            sums[r][1] = _mm512_dpbf16_ps(sums[r][1], second, value);
        }
    }
}

/// c [Rows, 32 panels] (+)= rows of a left operand times right panels `stride` bytes apart, `pairs` pairs of depths.
template <int Rows>
CT_AMX_INLINE void multiply_rows(
    const char *left, int64_t left_step, const char *panel, int64_t panels, int64_t stride, int64_t pairs, float *c, int64_t c_row, bool adds) {
    const char *rows[Rows];
    for (int r = 0; r < Rows; ++r) rows[r] = left + r * kPairs;
    for (int64_t j = 0; j < panels; ++j, panel += stride, c += kWide) {
        __m512 sums[Rows][2];
        for (int r = 0; r < Rows; ++r)
            for (int half = 0; half < 2; ++half)
                sums[r][half] = adds ? _mm512_loadu_ps(c + r * c_row + 16 * half) : _mm512_setzero_ps();
        add_products<Rows>(rows, left_step, panel, pairs, sums);
        for (int r = 0; r < Rows; ++r)
            for (int half = 0; half < 2; ++half) _mm512_storeu_ps(c + r * c_row + 16 * half, sums[r][half]);
    }
}

/// The same for any number of rows of one left panel of 32.
CT_AMX void multiply_rows(
    int64_t rows, const char *left, int64_t left_step, const char *panel, int64_t panels, int64_t stride, int64_t pairs, float *c, int64_t c_row,
    bool adds) {
    for (; rows >= 4; rows -= 4, left += 4 * kPairs, c += 4 * c_row) multiply_rows<4>(left, left_step, panel, panels, stride, pairs, c, c_row, adds);
    if (rows >= 2) {
        multiply_rows<2>(left, left_step, panel, panels, stride, pairs, c, c_row, adds);
        rows -= 2, left += 2 * kPairs, c += 2 * c_row;
    }
    if (rows == 1) multiply_rows<1>(left, left_step, panel, panels, stride, pairs, c, c_row, adds);
}

/// What the query rows of a tile are computed in: left panels of 32 rows, and rows of scores and of results.
struct Scratch {
    HeadShape shape;
    int64_t panels, blocks;
    char *queries, *probabilities;
    float *scores, *out, *mass;

    Scratch(Room &room, int64_t rows, int64_t blocks, int64_t width)
        : shape{width, false}, panels(blocks_of(rows)), blocks(blocks), queries(room.bytes(panels * shape.panel())),
          probabilities(room.bytes(panels * blocks * kStepBytes)), scores(room.floats(panels * kWide * columns())),
          out(room.floats(panels * kWide * shape.columns())), mass(room.floats(panels * kWide)) {}

    int64_t columns() const { return blocks * kWide; }
    char *query(int64_t row) const { return queries + row / kWide * shape.panel() + row % kWide * kPairs; }
    char *probability(int64_t row) const { return probabilities + row / kWide * blocks * kStepBytes + row % kWide * kPairs; }
};

/// Products of all rows with the prefix, a panel of 32 rows at a time.
CT_AMX void multiply_all(
    const char *left, int64_t left_panel, int64_t left_panels, const c10::BFloat16 *right, int64_t steps, int64_t panels, int64_t stride, float *to,
    int64_t row) {
    const TileScope tiles;
    settle();
    for (int64_t panel = 0; panel < left_panels; ++panel) {
        Walk<true> walk;
        walk.start(
            left + panel * left_panel, reinterpret_cast<const char *>(right), steps, panels, stride, place(to + panel * kWide * row, row), kBesides,
            false);
        walk.finish();
    }
    settle();
}

} // namespace

CT_AMX void cache_append(CachedHead head, int64_t place, const float *key, const float *value, int64_t width) {
    const int64_t steps = HeadShape{width, false}.steps(), tile = place % kWide / kRows;
    for (int64_t step = 0; step < steps; ++step) {
        // pairs of depths, a column of a tile
        alignas(64) int32_t pairs[kRows];
        _mm512_store_si512(pairs, narrow(key, step * kStep, width));
        char *to = reinterpret_cast<char *>(head.keys) + (place / kWide * steps + step) * kStepBytes + tile * kTileBytes + place % kRows * 4;
        for (int64_t i = 0; i < kRows; ++i) std::memcpy(to + i * kPairs, pairs + i, 4);
        // one half of every pair of a row of each tile; the other half is that of the place before, or is to come and must be a number
        const __m512i rounded = narrow(value, step * kStep, width);
        char *row = reinterpret_cast<char *>(head.values) + (step * head.blocks + place / kWide) * kStepBytes + place % kWide / 2 * kPairs;
        for (int64_t half = 0; half < 2; ++half, row += kTileBytes) {
            const __m512i words = _mm512_cvtepu16_epi32(half == 0 ? _mm512_castsi512_si256(rounded) : _mm512_extracti64x4_epi64(rounded, 1));
            const __m512i before = _mm512_and_si512(_mm512_load_si512(row), _mm512_set1_epi32(0xffff));
            _mm512_store_si512(row, place % 2 == 0 ? words : _mm512_or_si512(before, _mm512_slli_epi32(words, 16)));
        }
    }
}

int64_t attend_cached_scratch(int64_t rows, int64_t blocks, int64_t width) {
    Room room(nullptr);
    Scratch(room, rows, blocks, width);
    return room.total();
}

CT_AMX void attend_cached(
    const float *q, CachedHead prefix, const CachedHead *own, int64_t rows, int64_t ratio, int64_t width, float scale, float *memory, float *out) {
    int64_t most = 0;
    for (int64_t i = 0; i < rows; ++i) most = std::max(most, blocks_of(own[i].count));
    const int64_t before = blocks_of(prefix.count), all = rows * ratio;
    Room room(memory);
    const Scratch scratch(room, all, before + most, width);
    const auto &shape = scratch.shape;
    const int64_t columns = scratch.columns(), out_columns = shape.columns();
    for (int64_t panel = 0; panel < scratch.panels; ++panel)
        pack_left(q + panel * kWide * width, width, std::min(kWide, all - panel * kWide), width, scratch.queries + panel * shape.panel());
    if (before > 0)
        multiply_all(
            scratch.queries, shape.panel(), scratch.panels, prefix.keys, shape.steps(), before, shape.panel(), scratch.scores, columns);
    const __m512 factor = _mm512_set1_ps(scale);
    for (int64_t i = 0; i < rows; ++i) {
        const int64_t blocks = blocks_of(own[i].count), pairs = (width + 1) / 2;
        for (int64_t r = i * ratio, left; r < (i + 1) * ratio; r += left) {
            // rows that lie in one panel
            left = std::min((i + 1) * ratio - r, kWide - r % kWide);
            multiply_rows(
                left, scratch.query(r), kStepBytes, reinterpret_cast<const char *>(own[i].keys), blocks, shape.panel(), pairs,
                scratch.scores + r * columns + before * kWide, columns, false);
        }
        for (int64_t r = i * ratio; r < (i + 1) * ratio; ++r) {
            const float *prefix_scores = scratch.scores + r * columns, *own_scores = prefix_scores + before * kWide;
            const __m512 top = largest(own_scores, own[i].count, largest(prefix_scores, prefix.count, _mm512_set1_ps(-INFINITY)));
            const __m512 scaled = _mm512_set1_ps(scale * _mm512_reduce_max_ps(top));
            __m512 mass = _mm512_setzero_ps();
            weigh(prefix_scores, prefix.count, before, factor, scaled, scratch.probability(r), 0, mass);
            weigh(own_scores, own[i].count, blocks, factor, scaled, scratch.probability(r) + before * kStepBytes, 0, mass);
            scratch.mass[r] = _mm512_reduce_add_ps(mass);
        }
    }
    if (before > 0)
        multiply_all(
            scratch.probabilities, scratch.blocks * kStepBytes, scratch.panels, prefix.values, before, shape.steps(),
            prefix.blocks * kStepBytes, scratch.out, out_columns);
    for (int64_t i = 0; i < rows; ++i)
        for (int64_t r = i * ratio, left; r < (i + 1) * ratio; r += left) {
            left = std::min((i + 1) * ratio - r, kWide - r % kWide);
            multiply_rows(
                left, scratch.probability(r) + before * kStepBytes, kStepBytes, reinterpret_cast<const char *>(own[i].values), shape.steps(),
                own[i].blocks * kStepBytes, (own[i].count + 1) / 2, scratch.out + r * out_columns, out_columns, before > 0);
        }
    for (int64_t r = 0; r < all; ++r) {
        const float share = 1 / scratch.mass[r];
        for (int64_t d = 0; d < width; ++d) out[r * width + d] = scratch.out[r * out_columns + d] * share;
    }
}

} // namespace ct::amx

#endif
