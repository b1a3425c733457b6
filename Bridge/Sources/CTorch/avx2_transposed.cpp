// a^T b of two row-major matrices on AVX2, as a weight's gradient is: pieces of both are laid out in the cache and multiplied there.
//
// Every element of the result is one sum over the rows of a and b in order, however the work is shared out.
#include "avx2_products.hpp"

#if defined(__x86_64__)

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstring>

#include "avx2_blocks.hpp"
#include "parallel.hpp"
#include "products.hpp"

namespace ct::avx2 {

namespace {

/// Depths of a piece, columns of a piece of b (a quarter of an L2 cache of 1 MB), and columns of a piece of a.
constexpr int64_t kDepths = 256, kAcross = 256, kDown = 96;
/// Columns of a register block.
constexpr int64_t kColumns = 2 * kWide;
/// Rows that are laid out at once: rows may lie pages apart, and share sets of the cache.
constexpr int64_t kRowsAtOnce = 8;

/// Rows of the next register block: as many as fit, but rather twice four than six and one or two.
int64_t next_rows(int64_t left) { return left == 7 || left == 8 ? 4 : std::min<int64_t>(kRows, left); }

/// Part of a matrix.
struct Piece {
    const float *data;
    int64_t stride, rows, columns;
};

/// The columns of register blocks one after the other, each [depth][rows of the block].
void lay_out_left(Piece a, float *out) {
    for (int64_t k = 0; k < a.rows; k += kRowsAtOnce) {
        const int64_t end = std::min(a.rows, k + kRowsAtOnce);
        for (int64_t column = 0, count; column < a.columns; column += count) {
            count = next_rows(a.columns - column);
            float *to = out + column * a.rows + k * count;
            const float *from = a.data + k * a.stride + column;
            for (int64_t i = k; i < end; ++i, from += a.stride, to += count) {
                if (count == kRows) std::memcpy(to, from, kRows * sizeof(float));
                else std::memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
            }
        }
    }
}

/// Panels of kColumns columns, the last filled up with zeros.
void lay_out_right(Piece b, float *out) {
    for (int64_t k = 0; k < b.rows; k += kRowsAtOnce) {
        const int64_t end = std::min(b.rows, k + kRowsAtOnce);
        for (int64_t column = 0; column < b.columns; column += kColumns) {
            const int64_t width = std::min(kColumns, b.columns - column);
            for (int64_t i = k; i < end; ++i) {
                float *to = out + column * b.rows + i * kColumns;
                const float *from = b.data + i * b.stride + column;
                if (width == kColumns) {
                    std::memcpy(to, from, kColumns * sizeof(float));
                } else {
                    std::memcpy(to, from, static_cast<size_t>(width) * sizeof(float));
                    std::fill(to + width, to + kColumns, 0.0f);
                }
            }
        }
    }
}

template <int Count> CT_AVX2_INLINE void multiply(const float *left, const float *right, int64_t depth, Sums to, int64_t columns) {
    if (columns >= kColumns) block<float, Count, 2, false>(Depths<Count>{left}, right, kColumns, depth, to, columns, nullptr);
    else block<float, Count, 2, true>(Depths<Count>{left}, right, kColumns, depth, to, columns, nullptr);
}

/// c [a.columns, b.columns] = a^T b for a part of c's rows and columns, one thread's.
CT_AVX2 void multiply(Piece a, Piece b, float *c, int64_t c_stride) {
    const int64_t depths = std::min(kDepths, a.rows);
    const auto memory = at::empty({depths * (round_up(b.columns, kColumns) + std::min(kDown, a.columns))}, at::kFloat);
    float *right = memory.mutable_data_ptr<float>(), *left = right + depths * round_up(b.columns, kColumns);
    for (int64_t k = 0; k < a.rows; k += kDepths) {
        const int64_t run = std::min(kDepths, a.rows - k);
        lay_out_right({b.data + k * b.stride, b.stride, run, b.columns}, right);
        for (int64_t row = 0; row < a.columns; row += kDown) {
            const int64_t rows = std::min(kDown, a.columns - row);
            lay_out_left({a.data + k * a.stride + row, a.stride, run, rows}, left);
            for (int64_t column = 0; column < b.columns; column += kColumns)
                for (int64_t r = 0, count; r < rows; r += count) {
                    count = next_rows(rows - r);
                    const float *from = left + r * run, *beside = right + column * run;
                    const Sums to{c + (row + r) * c_stride + column, c_stride, k > 0};
                    switch (count) {
                    case 1: multiply<1>(from, beside, run, to, b.columns - column); break;
                    case 2: multiply<2>(from, beside, run, to, b.columns - column); break;
                    case 3: multiply<3>(from, beside, run, to, b.columns - column); break;
                    case 4: multiply<4>(from, beside, run, to, b.columns - column); break;
                    case 5: multiply<5>(from, beside, run, to, b.columns - column); break;
                    default: multiply<kRows>(from, beside, run, to, b.columns - column); break;
                    }
                }
        }
    }
}

} // namespace

void multiply_transposed(Source a, Source b, float *c) {
    // few columns are shared out by rows too
    const int64_t groups = pieces(b.columns, kAcross), threads = at::in_parallel_region() ? 1 : loop_threads();
    const int64_t wanted = threads == 1 ? 1 : pieces(2 * threads, groups);
    const int64_t height = round_up(pieces(a.columns, wanted), kDown), parts = pieces(a.columns, height);
    const double work = 2.0 * static_cast<double>(a.rows) * static_cast<double>(std::min(height, a.columns) * std::min(kAcross, b.columns));
    parallel_for(0, groups * parts, grain(work, 0, false), [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const int64_t column = task / parts * kAcross, row = task % parts * height;
            multiply(
                {a.data + row, a.stride, a.rows, std::min(height, a.columns - row)},
                {b.data + column, b.stride, b.rows, std::min(kAcross, b.columns - column)}, c + row * b.columns + column, b.columns);
        }
    });
}

} // namespace ct::avx2

#else

namespace ct::avx2 {

void multiply_transposed(Source, Source, float *) { TORCH_INTERNAL_ASSERT(false, "AVX2 on another processor"); }

} // namespace ct::avx2

#endif
