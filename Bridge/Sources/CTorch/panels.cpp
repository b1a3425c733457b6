// The register blocks of panels.hpp, and packing.
#include "panels.hpp"

#include <cstring>

namespace {

using ct::kLanes;

/// One vector of a panel, at any alignment.
typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float)), aligned(sizeof(float)), may_alias));

CT_INLINE void store(const Lanes &sum, float *to, int64_t columns, bool adds) {
    if (columns >= kLanes) {
        Lanes &place = *reinterpret_cast<Lanes *>(to);
        place = adds ? place + sum : sum;
    } else {
        for (int64_t l = 0; l < columns; ++l) to[l] = adds ? to[l] + sum[l] : sum[l];
    }
}

/// A left operand whose rows, or whose columns, are contiguous; `step` is the distance of the others.
template <bool rows_are_contiguous> struct Left {
    const float *data;
    int64_t step;

    CT_INLINE Left from_row(int64_t row) const { return {data + (rows_are_contiguous ? row * step : row), step}; }
};

/// `Rows` rows of `Across` panels side by side; only the last panel may be cut off.
template <int Rows, int Across, bool contiguous>
CT_INLINE void block(Left<contiguous> a, const float *b, int64_t panel, int64_t depth, float *c, int64_t c_row, int64_t columns, bool adds) {
    Lanes sum[Rows][Across];
    for (int r = 0; r < Rows; ++r)
        for (int j = 0; j < Across; ++j) sum[r][j] = Lanes{};
    const float *left = a.data, *right_place = b;
    for (int64_t k = 0; k < depth; ++k, left += contiguous ? 1 : a.step, right_place += kLanes) {
        Lanes right[Across];
        for (int j = 0; j < Across; ++j) right[j] = *reinterpret_cast<const Lanes *>(right_place + j * panel);
        for (int r = 0; r < Rows; ++r)
            for (int j = 0; j < Across; ++j) sum[r][j] += left[contiguous ? r * a.step : r] * right[j];
    }
    for (int r = 0; r < Rows; ++r)
        for (int j = 0; j < Across; ++j) store(sum[r][j], c + r * c_row + j * kLanes, columns - j * kLanes, adds);
}

/// Blocks of `Rows` rows while they fit, then of fewer.
template <int Rows, int Across, bool contiguous>
CT_INLINE void blocks(
    Left<contiguous> a, const float *b, int64_t panel, int64_t depth, float *c, int64_t c_row, int64_t rows, int64_t columns, bool adds) {
    int64_t i = 0;
    for (; i + Rows <= rows; i += Rows)
        block<Rows, Across>(a.from_row(i), b, panel, depth, c + i * c_row, c_row, columns, adds);
    if constexpr (Rows > 1)
        if (i < rows)
            blocks<(Rows == 6 ? 4 : Rows / 2), Across>(
                a.from_row(i), b, panel, depth, c + i * c_row, c_row, rows - i, columns, adds);
}

} // namespace

namespace ct {

namespace {

/// 32 registers, of which a panel's row takes one, hold the sums of eight rows of two panels: each value that is broadcast then serves two
/// multiply-adds. Where a panel's row takes two of 16 registers, or four of 32, they hold those of six rows.
bool has_many_registers() {
#if defined(__x86_64__)
    static const bool has = __builtin_cpu_supports("avx512f");
    return has;
#else
    return false;
#endif
}

/// Columns from `j` on while whole blocks of `Across` panels, the last cut off or not, are left; returns where they end.
template <int Rows, int Across, bool contiguous>
CT_INLINE int64_t columns_from(
    int64_t j, Left<contiguous> a, Panels b, int64_t depth, float *c, int64_t c_row, int64_t rows, int64_t columns, bool adds) {
    for (; columns - j > (Across - 1) * kLanes; j += Across * kLanes)
        blocks<Rows, Across>(a, b.data + j / kLanes * b.panel, b.panel, depth, c + j, c_row, rows, columns - j, adds);
    return j;
}

template <bool contiguous>
CT_INLINE void product_of(Left<contiguous> a, Panels b, int64_t depth, float *c, int64_t c_row, int64_t rows, int64_t columns, bool adds) {
    int64_t j = 0;
    // few rows give too few sums to hide a multiply-add's latency: several panels give them; each sum stays as it is
    if (has_many_registers()) {
        if (rows <= 2) j = columns_from<2, 4>(j, a, b, depth, c, c_row, rows, columns, adds);
        if (rows <= 4) j = columns_from<4, 2>(j, a, b, depth, c, c_row, rows, columns, adds);
        j = columns_from<8, 2>(j, a, b, depth, c, c_row, rows, columns, adds);
        columns_from<8, 1>(j, a, b, depth, c, c_row, rows, columns, adds);
    } else {
        if (rows == 1) j = columns_from<1, 4>(j, a, b, depth, c, c_row, rows, columns, adds);
        if (rows <= 2) j = columns_from<2, 2>(j, a, b, depth, c, c_row, rows, columns, adds);
        columns_from<6, 1>(j, a, b, depth, c, c_row, rows, columns, adds);
    }
}

} // namespace

CT_CLONES void product_by_rows(const float *a, int64_t row, Panels b, int64_t depth, float *c, int64_t c_row, int64_t rows, int64_t columns, bool adds) {
    product_of(Left<true>{a, row}, b, depth, c, c_row, rows, columns, adds);
}

CT_CLONES void product_by_columns(const float *a, int64_t column, Panels b, int64_t depth, float *c, int64_t c_row, int64_t rows, int64_t columns, bool adds) {
    product_of(Left<false>{a, column}, b, depth, c, c_row, rows, columns, adds);
}

Panels pack(const float *from, int64_t step, int64_t rows, int64_t columns, float *to) {
    for (int64_t j = 0; j < columns; j += kLanes) {
        const int64_t width = columns - j < kLanes ? columns - j : kLanes;
        float *panel = to + j * rows;
        for (int64_t i = 0; i < rows; ++i) {
            std::memcpy(panel + i * kLanes, from + i * step + j, width * sizeof(float));
            for (int64_t l = width; l < kLanes; ++l) panel[i * kLanes + l] = 0;
        }
    }
    return {to, rows * kLanes};
}

Panels pack_transposed(const float *from, int64_t step, int64_t rows, int64_t columns, float *to) {
    for (int64_t i = 0; i < rows; i += kLanes) {
        const int64_t width = rows - i < kLanes ? rows - i : kLanes;
        float *panel = to + i * columns;
        for (int64_t k = 0; k < columns; ++k) {
            for (int64_t l = 0; l < width; ++l) panel[k * kLanes + l] = from[(i + l) * step + k];
            for (int64_t l = width; l < kLanes; ++l) panel[k * kLanes + l] = 0;
        }
    }
    return {to, columns * kLanes};
}

} // namespace ct
