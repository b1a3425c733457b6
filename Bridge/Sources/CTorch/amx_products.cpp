// Blocks of 32 x 32 of a product, four tiles of sums each; a step of the depth loads four tiles for four products.
//
// With split operands a step is twelve products of eight loads: rest times value, value times value, value times rest. The product of both
// rests, 2^-16 of the whole at most, is left out (1904.06376).
#include "amx_products.hpp"

#include <memory>

#include "amx_packing.hpp"

#if CT_HAS_AMX

namespace ct::amx {

namespace {

/// Bytes from one pair of depths of a panel to the next.
constexpr int64_t kPairBytes = kPanel * 4;

CT_AMX_INLINE void load_left(const char *a, int64_t row_bytes) {
    _tile_loadd(4, a, row_bytes);
    _tile_loadd(5, a + kRows * row_bytes, row_bytes);
}

CT_AMX_INLINE void load_right(const char *b) {
    _tile_loadd(6, b, kPairBytes);
    _tile_loadd(7, b + 64, kPairBytes);
}

CT_AMX_INLINE void multiply_add() {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
}

/// Fetches a step of a right operand into the L2 cache.
CT_AMX_INLINE void prefetch(const char *b) {
    for (int64_t i = 0; i < kRows; ++i) {
        _mm_prefetch(b + i * kPairBytes, _MM_HINT_T1);
        _mm_prefetch(b + i * kPairBytes + 64, _MM_HINT_T1);
    }
}

/// One block; `low` in bytes, of both operands. Fetches the right operand of the block after it from `next` on, unless that is NULL.
template <bool is_split>
CT_AMX_INLINE void block(
    const char *a, int64_t row_bytes, int64_t a_low, const char *b, int64_t b_low, const char *next, int64_t steps, float *c, int64_t c_stride,
    bool add) {
    const int64_t c_bytes = c_stride * 4;
    if (add) {
        _tile_loadd(0, c, c_bytes);
        _tile_loadd(1, c + kRows, c_bytes);
        _tile_loadd(2, c + kRows * c_stride, c_bytes);
        _tile_loadd(3, c + kRows * c_stride + kRows, c_bytes);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
    for (int64_t step = 0; step < steps; ++step, a += 2 * kStep, b += kStep / 2 * kPairBytes) {
        load_right(b);
        if (next) {
            prefetch(next);
            if constexpr (is_split) prefetch(next + b_low);
            next += kStep / 2 * kPairBytes;
        }
        if constexpr (is_split) {
            load_left(a + a_low, row_bytes);
            multiply_add();
        }
        load_left(a, row_bytes);
        multiply_add();
        if constexpr (is_split) {
            load_right(b + b_low);
            multiply_add();
        }
    }
    _tile_stored(0, c, c_bytes);
    _tile_stored(1, c + kRows, c_bytes);
    _tile_stored(2, c + kRows * c_stride, c_bytes);
    _tile_stored(3, c + kRows * c_stride + kRows, c_bytes);
}

/// Memory of this thread for rows that do not fill a block.
at::BFloat16 *padded_rows(int64_t bytes) {
    thread_local std::unique_ptr<Buffer> held;
    thread_local int64_t size = 0;
    if (size < bytes) {
        held = std::make_unique<Buffer>(bytes);
        size = bytes;
    }
    return reinterpret_cast<at::BFloat16 *>(held->data());
}

template <bool is_split>
CT_AMX void multiply(Operand a, int64_t rows, Operand b, int64_t depth, int64_t from_column, int64_t columns, float *c, int64_t c_stride, bool add) {
    const int64_t steps = depth / kStep, end = from_column + columns, whole = rows / kWide * kWide;
    const auto *right = reinterpret_cast<const char *>(b.data);
    const auto *left = reinterpret_cast<const char *>(a.data);
    int64_t row_bytes = 2 * a.stride, a_low = 2 * a.low;
    alignas(64) float rest[kWide * kWide] = {};
    const auto run = [&](const char *from, int64_t row, int64_t count, int64_t column, bool is_last) CT_AMX {
        const auto at = [&](int64_t column) { return right + 2 * (column / kPanel * b.stride + column % kPanel * 2); };
        const char *panel = at(column), *next = is_last && column + kWide < end ? at(column + kWide) : nullptr;
        const int64_t first = std::max(column, from_column), last = std::min(column + kWide, end);
        float *to = c + row * c_stride + (first - from_column);
        if (count == kWide && last - first == kWide) return block<is_split>(from, row_bytes, a_low, panel, 2 * b.low, next, steps, to, c_stride, add);
        // a sum starts from what is there, as in a whole block: a row's result does not depend on the rows beside it
        float *place = rest + (first - column);
        const auto bytes = static_cast<size_t>(4 * (last - first));
        for (int64_t i = 0; add && i < count; ++i) std::memcpy(place + i * kWide, to + i * c_stride, bytes);
        settle();
        block<is_split>(from, row_bytes, a_low, panel, 2 * b.low, next, steps, rest, kWide, add);
        settle();
        for (int64_t i = 0; i < count; ++i) std::memcpy(to + i * c_stride, place + i * kWide, bytes);
    };
    const int64_t begin = from_column / kWide * kWide;
    settle();
    // 32 columns stay in the L1 cache while the rows pass
    for (int64_t column = begin; column < end; column += kWide)
        for (int64_t row = 0; row < whole; row += kWide) run(left + row * row_bytes, row, kWide, column, row + kWide >= whole);
    if (whole < rows) {
        // filled up with zeros, both parts one after the other
        const int64_t parts = is_split ? 2 : 1, stride = row_stride<at::BFloat16>(depth), count = rows - whole;
        auto *padded = padded_rows(2 * parts * kWide * stride);
        for (int64_t part = 0; part < parts; ++part)
            for (int64_t i = 0; i < kWide; ++i) {
                auto *to = padded + (part * kWide + i) * stride;
                if (i < count) std::memcpy(to, a.data + part * a.low + (whole + i) * a.stride, static_cast<size_t>(2 * depth));
                else std::memset(to, 0, static_cast<size_t>(2 * depth));
            }
        row_bytes = 2 * stride;
        a_low = 2 * kWide * stride;
        settle();
        for (int64_t column = begin; column < end; column += kWide) run(reinterpret_cast<const char *>(padded), whole, count, column, true);
    }
    settle();
}

} // namespace

void multiply_block(Operand a, int64_t rows, Operand b, int64_t depth, int64_t from_column, int64_t columns, float *c, int64_t c_stride, bool add) {
    if (a.low == 0) multiply<false>(a, rows, b, depth, from_column, columns, c, c_stride, add);
    else multiply<true>(a, rows, b, depth, from_column, columns, c, c_stride, add);
}

} // namespace ct::amx

#endif
