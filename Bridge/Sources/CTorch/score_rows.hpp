// The softmax of attention on a row of scores whose storage is padded to full vectors: no loop has a scalar rest.
#pragma once

#include <cmath>
#include <cstdint>

#include "lanes.hpp"
#include "panels.hpp"

namespace ct {

/// Scores of one row: the first `seen` are scaled, those up to the next full vector become -inf. Returns the largest, or `top`.
CT_INLINE float scale_row(float *row, int64_t seen, float scale, float top) {
    float lanes[kLanes];
    for (int l = 0; l < kLanes; ++l) lanes[l] = top;
    for (int64_t s = seen; s < padded(seen); ++s) row[s] = -INFINITY;
    for (int64_t s = 0; s < seen; s += kLanes)
        for (int l = 0; l < kLanes; ++l) {
            const float scaled = row[s + l] * scale;
            row[s + l] = scaled;
            lanes[l] = scaled > lanes[l] ? scaled : lanes[l];
        }
    for (int l = 0; l < kLanes; ++l) top = lanes[l] > top ? lanes[l] : top;
    return top;
}

/// exp(score - top) in place, 0 from `seen` up to `columns`; returns the sum.
CT_INLINE float exponential_row(float *row, int64_t seen, int64_t columns, float top) {
    float lanes[kLanes] = {}, sum = 0;
    for (int64_t s = 0; s < seen; s += kLanes)
        for (int l = 0; l < kLanes; ++l) {
            const float p = exponential(row[s + l] - top);
            row[s + l] = p;
            lanes[l] += p;
        }
    for (int64_t s = padded(seen); s < columns; ++s) row[s] = 0;
    for (int l = 0; l < kLanes; ++l) sum += lanes[l];
    return sum;
}

} // namespace ct
