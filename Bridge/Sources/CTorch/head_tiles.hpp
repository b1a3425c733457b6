// The policy head in bfloat16, or split into two bfloat16 parts, on AMX tiles: logits of 32 rows and a strip of the vocabulary, computed while the strip before is reduced.
#pragma once

#include "amx_packing.hpp"
#include "draws.hpp"
#include "policy_head.hpp"

#if CT_HAS_AMX

#include "lane_statistics.hpp"

namespace ct::amx {

/// Whether the head of the present precision is computed here.
inline bool takes_heads() {
    const auto kernel = product_kernel();
    return (kernel == Kernel::bfloat16_tiles || kernel == Kernel::split_tiles) && is_available();
}

/// Vocabulary rows of a strip: its weights stay in the L2 cache while rows pass.
constexpr int64_t kStripRows = 512;

/// Hidden states as right panels [N / 32][D / 32 steps], and the head as left panels.
struct Operands {
    int64_t rows, width, steps;
    bool is_split;
    at::Tensor x, w;

    Operands(const at::Tensor &hidden, const at::Tensor &weight);

    int64_t panels() const { return pieces(rows, kWide); }
    int64_t panel_bytes() const { return (is_split ? 2 : 1) * steps * kStepBytes; }
    /// From rounded values to what rounding left over; 0 where operands are not split.
    int64_t low() const { return is_split ? steps * kStepBytes : 0; }
    const char *row_panel(int64_t index) const { return static_cast<const char *>(x.const_data_ptr()) + index * panel_bytes(); }
    const char *token_panel(int64_t index) const { return static_cast<const char *>(w.const_data_ptr()) + index * panel_bytes(); }
};

/// Logits of a panel of rows and of tokens [begin, end): those of row r lie at z[r / 16 * stride + (token - base) * 16 + r % 16],
/// where base is a multiple of 32.
struct Logits {
    int64_t panel, begin, end, base;
    float *z;
    int64_t stride;

    int64_t first_panel() const { return begin / kWide; }
    int64_t panels() const { return pieces(end, kWide) - first_panel(); }
    float at(int64_t row, int64_t token) const { return z[row / kRows * stride + (token - base) * kRows + row % kRows]; }
    const float *lanes(int64_t tile) const { return z + tile * stride + (begin - base) * kRows; }
};

/// Floats between the two halves of a buffer for `tokens` tokens; a power of two would put them into the same sets of the cache.
inline int64_t half_stride(int64_t tokens) { return (round_up(tokens, kWide) + kWide) * kRows + 80; }

CT_AMX_INLINE void start(Walk<false> &walk, const Operands &operands, const Logits &logits) {
    char *to = reinterpret_cast<char *>(logits.z) + (logits.first_panel() * kWide - logits.base) * 64;
    walk.start(
        operands.row_panel(logits.panel), operands.token_panel(logits.first_panel()), operands.steps, logits.panels(), operands.panel_bytes(),
        Place{to, 64, kTileBytes, logits.stride * static_cast<int64_t>(sizeof(float))}, kWide * 64, false, operands.low(), operands.low());
}

/// Statistics of rows [CT_STAT_ROWS, N].
at::Tensor statistics(const at::Tensor &hidden, const at::Tensor &weight, const Partition &part, const std::vector<int64_t> &ids, double scale);

/// Draws a token for each row, into `tokens` [N], and returns the statistics.
at::Tensor sample(const at::Tensor &hidden, const at::Tensor &weight, const Partition &part, double scale, const Draws &draws, int64_t *tokens);

/// The backward pass of rows x [n, D] that all have a gradient: returns d_x and writes, or adds to, d_weight unless it is NULL.
at::Tensor sweep(const at::Tensor &x, const at::Tensor &head, const RowGradient *gradients, float scale, float *d_weight, bool adds);

/// Rows of one task, such that there is work for all threads.
int64_t rows_per_task(int64_t rows, int64_t sections);

/// Takes a strip into the states of its rows' tiles; between vectors `walk` computes the next strip.
CT_AMX_INLINE void reduce(const Logits &logits, int64_t rows, double scale, LaneState *states, Walk<false> &walk) {
    const int64_t tiles = std::min<int64_t>(2, pieces(rows - logits.panel * kWide, kRows)), count = logits.end - logits.begin;
    Pace pace(walk.left(), tiles * (count / 2));
    for (int64_t tile = 0; tile < tiles; ++tile) take_lanes(logits.lanes(tile), count, scale, states[tile], walk, pace);
}

/// Calls body(begin, end) with the strips of a tile: where one ends depends on the vocabulary alone.
template <class Body> CT_AMX_INLINE void for_strips(const Partition &part, int64_t tile, Body &&body) {
    const int64_t end = tile * part.tile + part.count(tile);
    for (int64_t token = tile * part.tile; token < end;) {
        const int64_t next = std::min(end, (token / kStripRows + 1) * kStripRows);
        body(token, next);
        token = next;
    }
}

/// The states [sections, N / 16] of each row, summed over sections in order.
std::vector<RowState> merged(std::vector<LaneState> &states, int64_t sections, int64_t rows);

} // namespace ct::amx

#endif
