// Permission to use AMX, the tile configuration, and the packing of operands.
#include "amx.hpp"

#if CT_HAS_AMX

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "amx_packing.hpp"
#include "avx2_products.hpp"
#include "vectors512.hpp"

namespace ct::amx {

namespace {

struct alignas(64) Configuration {
    uint8_t palette = 1, start = 0, reserved[14] = {};
    uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

bool has_instructions() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    // bits 22 and 24 of leaf 7: AMX-BF16 and AMX-TILE
    const bool has_tiles = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 22 & 1) && (d >> 24 & 1);
    return has_tiles && __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}

/// The kernel hands out tile registers, 8 KiB per thread, to processes that asked.
bool is_permitted() {
#if defined(__linux__)
    constexpr long kRequestPermission = 0x1023, kTileData = 18;
    return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
    return false;
#endif
}

} // namespace

bool is_available() {
    // not where libtorch was told to do with less
    static const bool available = has_instructions() && !avx2::is_used() && is_permitted();
    return available;
}

TileScope::TileScope() {
    const Configuration configuration;
    // not the intrinsic: GCC 12 believes that it reads eight bytes
    __asm__ volatile("ldtilecfg %0" ::"m"(configuration));
}

TileScope::~TileScope() { __asm__ volatile("tilerelease"); }

Scope::Scope() : control_(_mm_getcsr()) {
    // flush to zero, and denormals are zeros
    _mm_setcsr(control_ | 0x8040u);
}

Scope::~Scope() { _mm_setcsr(control_); }

namespace {

/// 32 values of a row, or what rounding them leaves over.
CT_AMX_INLINE __m512i narrow_part(bool is_rest, const float *row, int64_t column, int64_t columns) {
    return is_rest ? narrow_rest(row, column, columns) : narrow(row, column, columns);
}

} // namespace

CT_AMX void pack_left(const float *x, int64_t stride, int64_t rows, int64_t columns, char *panel, bool is_split) {
    const int64_t part_bytes = (columns + kStep - 1) / kStep * kStepBytes;
    for (int64_t row = 0; row < kWide; ++row)
        for (int part = 0; part <= is_split; ++part) {
            char *to = panel + part * part_bytes + row / kRows * kTileBytes + row % kRows * 64;
            for (int64_t column = 0; column < columns; column += kStep, to += kStepBytes)
                _mm512_store_si512(to, row < rows ? narrow_part(part == 1, x + row * stride, column, columns) : _mm512_setzero_si512());
        }
}

CT_AMX void pack_right_transposed(const float *x, int64_t stride, int64_t rows, int64_t columns, char *panel, bool is_split) {
    const int64_t part_bytes = (columns + kStep - 1) / kStep * kStepBytes;
    for (int64_t column = 0; column < columns; column += kStep, panel += kStepBytes)
        for (int part = 0; part <= is_split; ++part)
            for (int64_t tile = 0; tile < 2; ++tile) {
                __m512i block[16];
                for (int64_t i = 0; i < kRows; ++i) {
                    const int64_t row = tile * kRows + i;
                    block[i] = row < rows ? narrow_part(part == 1, x + row * stride, column, columns) : _mm512_setzero_si512();
                }
                transpose(block);
                for (int64_t i = 0; i < kRows; ++i) _mm512_store_si512(panel + part * part_bytes + tile * kTileBytes + i * 64, block[i]);
            }
}

CT_AMX void pack_right(const float *x, int64_t stride, int64_t rows, int64_t columns, char *panel, int64_t panel_stride, int64_t low) {
    const auto part_of = [&](int part, int64_t row, int64_t column) CT_AMX {
        return row < rows ? narrow_part(part == 1, x + row * stride, column, columns) : _mm512_setzero_si512();
    };
    for (int64_t row = 0; row < kStep; row += 2)
        for (int64_t column = 0; column < columns; column += kWide)
            for (int part = 0; part < (low == 0 ? 1 : 2); ++part) {
                __m512i first, second;
                pairs(part_of(part, row, column), part_of(part, row + 1, column), first, second);
                char *to = panel + part * low + column / kWide * panel_stride + row / 2 * 64;
                _mm512_store_si512(to, first);
                _mm512_store_si512(to + kTileBytes, second);
            }
}

CT_AMX void transpose_step(const char *in, char *out) {
    for (int64_t half = 0; half < 2; ++half) {
        __m512i block[16];
        for (int64_t i = 0; i < kRows; ++i) {
            const auto *row = reinterpret_cast<const __m256i *>(in + 2 * i * 64 + half * 32);
            block[i] = pairs(_mm256_load_si256(row), _mm256_load_si256(row + 2));
        }
        transpose(block);
        for (int64_t i = 0; i < kRows; ++i) _mm512_store_si512(out + half * kTileBytes + i * 64, block[i]);
    }
}

} // namespace ct::amx

#endif
