// Packing of float32 matrices: rounding to bfloat16 pairs and transposition in blocks of 16 x 16 words.
#include <cstring>
#include <utility>

#include "lanes.hpp"
#include "packing512.hpp"

namespace {

using ct::Source;
// by reference only: passing such vectors by value depends on the vector level
using Words __attribute__((vector_size(64))) = uint32_t;
constexpr int kWords = 16;

/// 16 values of a row from `column` on, zeros outside the matrix.
CT_INLINE void load(const Source &x, int64_t row, int64_t column, Words &out) {
    if (row < x.rows && column + kWords <= x.columns) {
        std::memcpy(&out, x.data + row * x.stride + column, sizeof(Words));
        return;
    }
    out = Words{};
    if (row >= x.rows || column >= x.columns) return;
    std::memcpy(&out, x.data + row * x.stride + column, static_cast<size_t>(x.columns - column) * sizeof(float));
}

/// The first `width` words; whole vectors without a call.
CT_INLINE void store(uint32_t *to, const Words &words, int64_t width) {
    if (width == kWords) std::memcpy(to, &words, sizeof(Words));
    else std::memcpy(to, &words, static_cast<size_t>(width) * sizeof(uint32_t));
}

/// To the nearest bfloat16, ties to even, in the upper half of each word; the lower half is left over.
CT_INLINE void round(Words &x) {
    const Words rounded = x + 0x7fffu + ((x >> 16) & 1u);
    const Words is_nan = reinterpret_cast<Words>((x & 0x7fffffffu) > 0x7f800000u);
    x = (is_nan & 0x7fc00000u) | (~is_nan & rounded);
}

CT_INLINE void pair(Words &first, Words &second, Words &out) {
    round(first);
    round(second);
    out = (first >> 16) | (second & 0xffff0000u);
}

template <int... I> CT_INLINE void even(const Words &a, const Words &b, Words &out, std::integer_sequence<int, I...>) {
    out = __builtin_shufflevector(a, b, (2 * I)...);
}
template <int... I> CT_INLINE void odd(const Words &a, const Words &b, Words &out, std::integer_sequence<int, I...>) {
    out = __builtin_shufflevector(a, b, (2 * I + 1)...);
}

using Lanes = std::make_integer_sequence<int, kWords>;

/// Where a block's row of 16 words comes from.
struct Single {
    static constexpr int64_t height = 1;
    CT_INLINE static void take(const Source &x, int64_t row, int64_t column, Words &out) { load(x, row, column, out); }
};
struct PairOfColumns {
    static constexpr int64_t height = 1;
    CT_INLINE static void take(const Source &x, int64_t row, int64_t column, Words &out) {
        Words a, b, first, second;
        load(x, row, 2 * column, a);
        load(x, row, 2 * column + kWords, b);
        even(a, b, first, Lanes());
        odd(a, b, second, Lanes());
        pair(first, second, out);
    }
};
struct PairOfRows {
    static constexpr int64_t height = 2;
    CT_INLINE static void take(const Source &x, int64_t row, int64_t column, Words &out) {
        Words first, second;
        load(x, 2 * row, column, first);
        load(x, 2 * row + 1, column, second);
        pair(first, second, out);
    }
};

/// Exchanges the off-diagonal squares of size S in each pair of rows S apart.
template <int S, int... I> CT_INLINE void exchange(Words (&block)[kWords], std::integer_sequence<int, I...>) {
    for (int row = 0; row < kWords; ++row) {
        if (row & S) continue;
        const Words a = block[row], b = block[row + S];
        block[row] = __builtin_shufflevector(a, b, ((I & S) ? I - S + kWords : I)...);
        block[row + S] = __builtin_shufflevector(a, b, ((I & S) ? I + kWords : I + S)...);
    }
}

CT_INLINE void transpose(Words (&block)[kWords]) {
    exchange<1>(block, Lanes());
    exchange<2>(block, Lanes());
    exchange<4>(block, Lanes());
    exchange<8>(block, Lanes());
}

/// Words [rows, columns] of x -> out [columns, rows], `stride` words apart; `rows` beyond the source are zeros.
template <class Load>
CT_INLINE void transpose_words(const Source &x, uint32_t *out, int64_t stride, int64_t rows, int64_t columns) {
    for (int64_t row = 0; row < rows; row += kWords)
        for (int64_t column = 0; column < columns; column += kWords) {
            Words block[kWords];
            // rows lie pages apart, where the hardware does not look ahead
            for (int64_t i = 0; i < kWords * Load::height; ++i)
                __builtin_prefetch(x.data + ((row + kWords) * Load::height + i) * x.stride + column);
            for (int i = 0; i < kWords; ++i) Load::take(x, row + i, column, block[i]);
            transpose(block);
            const int64_t height = columns - column < kWords ? columns - column : kWords;
            const int64_t width = rows - row < kWords ? rows - row : kWords;
            for (int64_t i = 0; i < height; ++i) store(out + (column + i) * stride + row, block[i], width);
        }
}

/// Words [rows, columns] of x -> out, `stride` words apart.
template <class Load> CT_INLINE void copy_words(const Source &x, uint32_t *out, int64_t stride, int64_t rows, int64_t columns) {
    for (int64_t row = 0; row < rows; ++row)
        for (int64_t column = 0; column < columns; column += kWords) {
            Words words;
            Load::take(x, row, column, words);
            const int64_t width = columns - column < kWords ? columns - column : kWords;
            store(out + row * stride + column, words, width);
        }
}

uint32_t *words(at::BFloat16 *out) { return reinterpret_cast<uint32_t *>(out); }
uint32_t *words(float *out) { return reinterpret_cast<uint32_t *>(out); }

CT_CLONES void round_rows_words(Source x, uint32_t *out, int64_t stride, int64_t columns) {
    copy_words<PairOfColumns>(x, out, stride, x.rows, columns);
}
CT_CLONES void transpose_single(Source x, uint32_t *out, int64_t stride, int64_t rows) {
    transpose_words<Single>(x, out, stride, rows, x.columns);
}
CT_CLONES void transpose_row_pairs(Source x, uint32_t *out, int64_t stride, int64_t rows) {
    transpose_words<PairOfRows>(x, out, stride, rows, x.columns);
}
CT_CLONES void transpose_column_pairs(Source x, uint32_t *out, int64_t stride, int64_t columns) {
    transpose_words<PairOfColumns>(x, out, stride, stride, columns);
}
CT_CLONES void copy_single(Source x, uint32_t *out, int64_t stride) { copy_words<Single>(x, out, stride, x.rows, stride); }
CT_CLONES void copy_row_pairs(Source x, uint32_t *out, int64_t stride, int64_t rows) {
    copy_words<PairOfRows>(x, out, stride, rows, stride);
}

} // namespace

namespace ct {

void round_rows(Source x, at::BFloat16 *out, int64_t stride) {
#if CT_HAS_AMX
    if (amx::has_vectors()) return amx::round_rows(x, out, stride);
#endif
    round_rows_words(x, words(out), stride / 2, padded_depth<at::BFloat16>(x.columns) / 2);
}

void transpose_rows(Source x, float *out, int64_t stride) { transpose_single(x, words(out), stride, x.rows); }

void transpose_rows(Source x, at::BFloat16 *out, int64_t stride) {
#if CT_HAS_AMX
    if (amx::has_vectors()) return amx::transpose_rows(x, out, stride);
#endif
    transpose_row_pairs(x, words(out), stride / 2, padded_depth<at::BFloat16>(x.rows) / 2);
}

void pack_transposed_panel(Source x, float *out) { transpose_single(x, words(out), kPanel<float>, kPanel<float>); }

void pack_transposed_panel(Source x, at::BFloat16 *out) {
#if CT_HAS_AMX
    if (amx::has_vectors()) return amx::pack_transposed_panel(x, out);
#endif
    transpose_column_pairs(x, words(out), kPanel<at::BFloat16>, padded_depth<at::BFloat16>(x.columns) / 2);
}

void pack_panel(Source x, float *out) { copy_single(x, words(out), kPanel<float>); }

void pack_panel(Source x, at::BFloat16 *out) {
#if CT_HAS_AMX
    if (amx::has_vectors()) return amx::pack_panel(x, out);
#endif
    copy_row_pairs(x, words(out), kPanel<at::BFloat16>, padded_depth<at::BFloat16>(x.rows) / 2);
}

// Split operands are for AMX alone (compute.cpp).
#if CT_HAS_AMX
void round_rows(Source x, SplitPointer out, int64_t stride) { amx::round_rows(x, out.high, stride, out.low); }
void transpose_rows(Source x, SplitPointer out, int64_t stride) { amx::transpose_rows(x, out.high, stride, out.low); }
void pack_transposed_panel(Source x, SplitPointer out) { amx::pack_transposed_panel(x, out.high, out.low); }
void pack_panel(Source x, SplitPointer out) { amx::pack_panel(x, out.high, out.low); }
#else
[[noreturn]] static void refuse() { TORCH_INTERNAL_ASSERT(false, "split operands without AMX"); }
void round_rows(Source, SplitPointer, int64_t) { refuse(); }
void transpose_rows(Source, SplitPointer, int64_t) { refuse(); }
void pack_transposed_panel(Source, SplitPointer) { refuse(); }
void pack_panel(Source, SplitPointer) { refuse(); }
#endif

} // namespace ct
