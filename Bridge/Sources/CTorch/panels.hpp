// Matrix products of the size of an attention tile: the right operand lies in panels of kLanes columns, so every load is contiguous.
//
// A library call per tile would cost as much as the tile.
#pragma once

#include <cstdint>

#include "lanes.hpp"

namespace ct {

CT_INLINE int64_t padded(int64_t count) { return (count + kLanes - 1) / kLanes * kLanes; }

/// A matrix [depth, columns] in panels: (k, j) lies at data[j / kLanes * panel + k * kLanes + j % kLanes]; missing columns are 0.
struct Panels {
    const float *data;
    int64_t panel;
};

/// C [rows, columns] = A B, or C += A B; each element is one sum over k in order. A's rows are contiguous and lie `row` apart.
void product_by_rows(const float *a, int64_t row, Panels b, int64_t depth, float *c, int64_t c_row, int64_t rows, int64_t columns, bool adds);
/// The same where A's columns are contiguous and lie `column` apart.
void product_by_columns(const float *a, int64_t column, Panels b, int64_t depth, float *c, int64_t c_row, int64_t rows, int64_t columns, bool adds);

/// Panels of a matrix [rows, columns] whose rows lie `step` apart; writes padded(columns) * rows floats.
Panels pack(const float *from, int64_t step, int64_t rows, int64_t columns, float *to);

/// Panels of the transpose of a matrix [rows, columns]; writes padded(rows) * columns floats.
Panels pack_transposed(const float *from, int64_t step, int64_t rows, int64_t columns, float *to);

} // namespace ct
