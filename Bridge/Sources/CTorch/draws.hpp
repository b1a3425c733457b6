// Draws from a vocabulary that passes in tiles: a candidate of each tile, and a choice among them.
#pragma once

#include <array>

#include "philox.hpp"
#include "row_statistics.hpp"

namespace ct {

/// What a row keeps of a tile: its mass relative to e^top, and a token drawn from it.
struct Candidate {
    double top = -std::numeric_limits<double>::infinity(), mass = 0, logit = 0;
    int64_t token = 0;
};

struct Draws {
    bool is_greedy;
    uint64_t key;
    const uint32_t *counters;

    std::array<uint32_t, 4> words(int64_t row) const {
        const uint32_t *c = counters + 4 * row;
        return philox({c[0], c[1], c[2], c[3]}, key);
    }
    /// Two words that say whether the tile's candidate is taken, and two that draw it.
    std::array<uint32_t, 4> words(int64_t row, int64_t tile) const {
        const auto first = words(row);
        return tile == 0 ? first : philox({static_cast<uint32_t>(tile), 0, 0, 0}, uint64_t{first[0]} << 32 | first[1]);
    }
};

/// The tiles that have passed: the mass of all, relative to e^top.
struct Passed {
    double top = -std::numeric_limits<double>::infinity(), mass = 0;

    /// Takes a tile in, and says whether its candidate becomes the choice: with probability mass(tile) / mass(so far), or if it is higher.
    /// `slack` makes that likelier by its own size.
    bool take(double tile_top, double tile_mass, const Draws &draws, int64_t row, int64_t tile, double slack = 0);
};

/// A token of a tile whose logits z [count] have the given state.
Candidate candidate(const float *z, int64_t count, double scale, int64_t first_token, const RowState &state, const Draws &draws, int64_t row, int64_t tile);

/// One of the tiles' candidates: distributed as softmax.
Candidate choice(const Candidate *candidates, int64_t tiles, const Draws &draws, int64_t row);

/// Fails unless the row's sum, finite where all logits are numbers below infinity, and its mass allow a draw.
void check_draw(double sum, double mass, int64_t row);

} // namespace ct
