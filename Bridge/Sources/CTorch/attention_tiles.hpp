// Attention on AMX tiles, where linear layers round their operands: what attention.cpp asks for; and what both directions share.
//
// Queries, keys, values, probabilities and gradients are rounded to bfloat16, or split into two such parts, as operands of a product; sums,
// scores, softmax and its gradient are float32.
#pragma once

#include "attention_kernels.hpp"
#include "amx_packing.hpp"

#if CT_HAS_AMX

#include "vectors512.hpp"

namespace ct::amx {

/// The passes of attention_kernels.hpp. The backward writes the gradients of all keys of a piece instead of adding to them.
template <bool is_split> struct TileAttention {
    static int64_t forward_scratch(AttentionGroup group, AttentionHeads heads);
    static void forward(
        AttentionInput x, AttentionGroup group, AttentionHeads heads, int64_t head, AttentionPiece piece, float *out, float *logsum, float *scratch);
    static int64_t backward_scratch(AttentionGroup group, AttentionHeads heads);
    static void backward(
        AttentionInput x, const float *out, const float *logsum, const float *d_out, AttentionGroup group, AttentionHeads heads, int64_t head,
        AttentionPiece piece, AttentionGradient d, float *scratch);
};

/// Blocks of 32 keys.
constexpr int64_t blocks_of(int64_t keys) { return (keys + kWide - 1) / kWide; }

/// Rows of one head, `width` numbers wide, as panels.
struct HeadShape {
    int64_t width;
    bool is_split;

    int64_t parts() const { return is_split ? 2 : 1; }
    /// Steps of the depth, and panels, that the width takes.
    int64_t steps() const { return (width + kStep - 1) / kStep; }
    int64_t columns() const { return steps() * kStep; }
    /// Bytes of 32 rows, as a panel of either side.
    int64_t panel() const { return bytes(steps()); }
    int64_t bytes(int64_t steps) const { return parts() * steps * kStepBytes; }
    /// From rounded values to what rounding left over in a panel of so many steps.
    int64_t low(int64_t steps) const { return is_split ? steps * kStepBytes : 0; }
};

/// Calls body(first, rows, query head) for the blocks of 32 rows of a segment that are a piece's, and for every query head that shares key
/// head `head`; `number` counts the blocks of a group.
template <class Body>
void over_queries(int64_t length, AttentionHeads h, int64_t head, AttentionPiece piece, int64_t &number, Body &&body) {
    const int64_t ratio = h.queries / h.keys;
    for (int64_t first = 0; first < length; first += kWide) {
        if (number++ % piece.of != piece.index) continue;
        for (int64_t each = head * ratio; each < (head + 1) * ratio; ++each) body(first, std::min(kWide, length - first), each);
    }
}

/// Hands out cache-aligned parts of a scratch; without one it counts what they take.
class Room {
public:
    explicit Room(float *scratch) : base_(scratch ? reinterpret_cast<char *>((reinterpret_cast<uintptr_t>(scratch) + 63) / 64 * 64) : nullptr) {}

    char *bytes(int64_t count) {
        char *const part = base_ ? base_ + used_ : nullptr;
        used_ += (count + 63) / 64 * 64;
        return part;
    }
    float *floats(int64_t count) { return reinterpret_cast<float *>(bytes(4 * count)); }
    /// Floats of a scratch, which may begin anywhere.
    int64_t total() const { return (used_ + 64) / 4; }

private:
    char *base_;
    int64_t used_ = 0;
};

/// A block of rows of float32 numbers, `row` of them apart, for a walk.
inline Place place(float *to, int64_t row) { return {reinterpret_cast<char *>(to), 4 * row, 4 * kRows * row, 4 * kRows}; }
/// Bytes from one block of such rows to the next beside it.
constexpr int64_t kBesides = 4 * kWide;

/// e^x of 16 numbers that are at most 88 or NaN.
CT_AMX_INLINE __m512 exponentials(__m512 x) {
    // in this order a NaN stays one
    const __m512 clamped = _mm512_max_ps(_mm512_set1_ps(-87), x);
    __m512 e;
    exponential(clamped, e);
    return e;
}

/// Rounds 32 numbers, and what that leaves over where there is a low part.
CT_AMX_INLINE void put(char *to, int64_t low, __m512 first, __m512 second) {
    const auto rounded = (__m512i)_mm512_cvtne2ps_pbh(second, first);
    _mm512_store_si512(to, rounded);
    if (low != 0) _mm512_store_si512(to + low, rest(first, second, rounded));
}

/// The first `count` lanes; all of them from 16 on.
CT_AMX_INLINE __mmask16 first_lanes(int64_t count) { return static_cast<__mmask16>(count >= 16 ? 0xffff : count <= 0 ? 0 : (1u << count) - 1); }

/// The largest of `top` and the first `count` of a row.
CT_AMX_INLINE __m512 largest(const float *row, int64_t count, __m512 top) {
    for (int64_t i = 0; i < count; i += 16) top = _mm512_mask_max_ps(top, first_lanes(count - i), _mm512_loadu_ps(row + i), top);
    return top;
}

/// Writes exp(scale score - top) of the first `count` of a row's scores, and zeros to the end of their block; adds them to `mass`.
CT_AMX_INLINE void weigh(const float *row, int64_t count, int64_t blocks, __m512 scale, __m512 top, char *to, int64_t low, __m512 &mass) {
    for (int64_t block = 0; block < blocks; ++block, row += kWide, to += kStepBytes) {
        const int64_t left = count - block * kWide;
        __m512 p[2];
        for (int half = 0; half < 2; ++half) {
            const __m512 scaled = _mm512_mul_ps(_mm512_loadu_ps(row + 16 * half), scale);
            p[half] = _mm512_maskz_mov_ps(first_lanes(left - 16 * half), exponentials(_mm512_sub_ps(scaled, top)));
            mass = _mm512_add_ps(mass, p[half]);
        }
        put(to, low, p[0], p[1]);
    }
}

} // namespace ct::amx

#endif
