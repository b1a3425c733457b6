// Packing with rounding to bfloat16 by AVX-512's instruction for it, 32 values at once.
#include "packing512.hpp"

#if CT_HAS_AMX

#include "vectors512.hpp"

namespace ct::amx {

namespace {

constexpr int64_t kColumns = kPanel<at::BFloat16>;

/// Part 0 is the values rounded, part 1 what that leaves over.
CT_AMX_INLINE __m512i row_or_zeros(const Source &x, int part, int64_t row, int64_t column) {
    if (row >= x.rows) return _mm512_setzero_si512();
    const float *from = x.data + row * x.stride;
    return part == 0 ? narrow(from, column, x.columns) : narrow_rest(from, column, x.columns);
}

CT_AMX_INLINE int parts(int64_t low) { return low == 0 ? 1 : 2; }

CT_AMX_INLINE void store(at::BFloat16 *to, __m512i values) { _mm512_storeu_si512(to, values); }

} // namespace

bool has_vectors() {
    static const bool has = __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                            __builtin_cpu_supports("avx512vl");
    return has;
}

CT_AMX void round_rows(Source x, at::BFloat16 *out, int64_t stride, int64_t low) {
    for (int64_t row = 0; row < x.rows; ++row)
        for (int64_t column = 0; column < x.columns; column += 32)
            for (int part = 0; part < parts(low); ++part) store(out + row * stride + column + part * low, row_or_zeros(x, part, row, column));
}

CT_AMX void transpose_rows(Source x, at::BFloat16 *out, int64_t stride, int64_t low) {
    for (int64_t row = 0; row < x.rows; row += 32)
        for (int64_t column = 0; column < x.columns; column += 32) {
            // rows lie pages apart, where the hardware does not look ahead
            for (int64_t i = 32; i < 64; ++i) {
                __builtin_prefetch(x.data + (row + i) * x.stride + column);
                __builtin_prefetch(x.data + (row + i) * x.stride + column + 16);
            }
            for (int part = 0; part < parts(low); ++part) {
                __m512i left[16], right[16];
                for (int64_t i = 0; i < 16; ++i)
                    pairs(row_or_zeros(x, part, row + 2 * i, column), row_or_zeros(x, part, row + 2 * i + 1, column), left[i], right[i]);
                const int64_t count = std::min<int64_t>(32, x.columns - column);
                at::BFloat16 *to = out + column * stride + row + part * low;
                transpose(left);
                for (int64_t i = 0; i < std::min<int64_t>(16, count); ++i) store(to + i * stride, left[i]);
                if (count <= 16) continue;
                transpose(right);
                for (int64_t i = 16; i < count; ++i) store(to + i * stride, right[i - 16]);
            }
        }
}

CT_AMX void pack_transposed_panel(Source x, at::BFloat16 *out, int64_t low) {
    for (int64_t row = 0; row < kColumns; row += 16)
        for (int64_t column = 0; column < x.columns; column += 32)
            for (int part = 0; part < parts(low); ++part) {
                __m512i block[16];
                for (int64_t i = 0; i < 16; ++i) block[i] = row_or_zeros(x, part, row + i, column);
                transpose(block);
                for (int64_t i = 0; i < 16; ++i) store(out + (column / 2 + i) * 2 * kColumns + 2 * row + part * low, block[i]);
            }
}

CT_AMX void pack_panel(Source x, at::BFloat16 *out, int64_t low) {
    for (int64_t row = 0; row < padded_depth<at::BFloat16>(x.rows); row += 2)
        for (int64_t column = 0; column < kColumns; column += 32)
            for (int part = 0; part < parts(low); ++part) {
                __m512i first, second;
                pairs(row_or_zeros(x, part, row, column), row_or_zeros(x, part, row + 1, column), first, second);
                at::BFloat16 *to = out + row * kColumns + 2 * column + part * low;
                store(to, first);
                store(to + 32, second);
            }
}

} // namespace ct::amx

#endif
