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
constexpr int64_t kPairBytes = kWide * 4;
static_assert(kPanel<at::BFloat16> == kWide);

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

/// Steps of a right operand from what is multiplied to what is fetched into the L2 cache.
constexpr int64_t kAhead = 24;

/// One block of `blocks` that read the same columns; `low` in bytes, of both operands. Every block fetches its share of what comes next.
template <bool is_split>
CT_AMX_INLINE void block(
    const char *a, int64_t row_bytes, int64_t a_low, const char *b, int64_t b_low, int64_t steps, float *c, int64_t c_stride, bool add, int64_t index,
    int64_t blocks) {
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
        if (index-- == 0) {
            index = blocks - 1;
            fetch_step(b + kAhead * kStepBytes);
            if constexpr (is_split) fetch_step(b + b_low + kAhead * kStepBytes);
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
    const int64_t steps = depth / kStep, end = from_column + columns, blocks = pieces(rows, kWide), count = rows % kWide;
    const auto *right = reinterpret_cast<const char *>(b.data);
    const auto *left = reinterpret_cast<const char *>(a.data);
    const char *last = left + (blocks - 1) * kWide * 2 * a.stride;
    int64_t last_bytes = 2 * a.stride, last_low = 2 * a.low;
    if (count > 0) {
        // filled up with zeros, both parts one after the other
        const int64_t parts = is_split ? 2 : 1, stride = row_stride<at::BFloat16>(depth);
        auto *padded = padded_rows(2 * parts * kWide * stride);
        for (int64_t part = 0; part < parts; ++part)
            for (int64_t i = 0; i < kWide; ++i) {
                auto *to = padded + (part * kWide + i) * stride;
                if (i < count) std::memcpy(to, a.data + part * a.low + (rows - count + i) * a.stride, static_cast<size_t>(2 * depth));
                else std::memset(to, 0, static_cast<size_t>(2 * depth));
            }
        last = reinterpret_cast<const char *>(padded);
        last_bytes = 2 * stride;
        last_low = 2 * kWide * stride;
    }
    alignas(64) float rest[kWide * kWide] = {};
    settle();
    // the columns' operand stays in the cache while the rows pass
    for (int64_t column = from_column / kWide * kWide; column < end; column += kWide) {
        const char *held = right + column / kWide * b.stride * 2;
        const int64_t first = std::max(column, from_column), width = std::min(column + kWide, end) - first;
        for (int64_t index = 0; index < blocks; ++index) {
            const bool is_last = index + 1 == blocks;
            const char *from = is_last ? last : left + index * kWide * 2 * a.stride;
            const int64_t row_bytes = is_last ? last_bytes : 2 * a.stride, low = is_last ? last_low : 2 * a.low;
            float *to = c + index * kWide * c_stride + (first - from_column);
            if (width == kWide && !(is_last && count > 0)) {
                block<is_split>(from, row_bytes, low, held, 2 * b.low, steps, to, c_stride, add, index, blocks);
                continue;
            }
            // a sum starts from what is there, as in a whole block: a row's result does not depend on the rows beside it
            const int64_t there = std::min(kWide, rows - index * kWide);
            float *place = rest + (first - column);
            const auto bytes = static_cast<size_t>(4 * width);
            for (int64_t i = 0; add && i < there; ++i) std::memcpy(place + i * kWide, to + i * c_stride, bytes);
            settle();
            block<is_split>(from, row_bytes, low, held, 2 * b.low, steps, rest, kWide, add, index, blocks);
            settle();
            for (int64_t i = 0; i < there; ++i) std::memcpy(to + i * c_stride, place + i * kWide, bytes);
        }
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
