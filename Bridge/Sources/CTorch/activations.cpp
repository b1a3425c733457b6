// The passes of activations.hpp in vectors of any processor: float32 first, then rounded by packing.hpp.
#include "activations.hpp"

#include <algorithm>
#include <cstring>

#include "activations512.hpp"
#include "lanes.hpp"
#include "packing512.hpp"

namespace {

// by reference only: passing such vectors by value depends on the vector level
using Floats __attribute__((vector_size(sizeof(float) * ct::kLanes))) = float;
using Words __attribute__((vector_size(sizeof(float) * ct::kLanes))) = uint32_t;
using Halves __attribute__((vector_size(sizeof(uint16_t) * ct::kLanes))) = uint16_t;

/// 1 / (1 + e^-x), 0 and 1 to rounding beyond 87.
CT_INLINE void sigmoid(const Floats &x, Floats &out) {
    const Floats negated = x < -87.0f ? Floats{} + 87.0f : x > 87.0f ? Floats{} - 87.0f : -x;
    ct::exponential(negated, out);
    out = 1.0f / (1.0f + out);
}

/// x is rounded to bfloat16, ties to even; what is kept of it is its upper half.
CT_INLINE void keep(Floats &x, uint16_t *to) {
    const Words bits = reinterpret_cast<Words>(x), rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
    const Words is_nan = reinterpret_cast<Words>((bits & 0x7fffffffu) > 0x7f800000u);
    const Words result = ((is_nan & 0x7fc00000u) | (~is_nan & rounded)) & 0xffff0000u;
    x = reinterpret_cast<Floats>(result);
    const Halves kept = __builtin_convertvector(result >> 16, Halves);
    if (to) std::memcpy(to, &kept, sizeof kept);
}

CT_INLINE void widen(const uint16_t *from, Floats &out) {
    Halves kept;
    std::memcpy(&kept, from, sizeof kept);
    out = reinterpret_cast<Floats>(__builtin_convertvector(kept, Words) << 16);
}

/// gate := silu(gate) up of the rounded values of both.
CT_CLONES void activate_row(float *gate, const float *up, uint16_t *kept_gate, uint16_t *kept_up, int64_t count) {
    for (int64_t i = 0; i < count; i += ct::kLanes) {
        Floats g, u, s;
        std::memcpy(&g, gate + i, sizeof g);
        std::memcpy(&u, up + i, sizeof u);
        keep(g, kept_gate ? kept_gate + i : nullptr);
        keep(u, kept_up ? kept_up + i : nullptr);
        sigmoid(g, s);
        const Floats h = g * s * u;
        std::memcpy(gate + i, &h, sizeof h);
    }
}

/// From dh (in `d_gate`) and the kept values: d_gate, d_up and h = silu(gate) up.
CT_CLONES void activate_row_backward(const uint16_t *gate, const uint16_t *up, float *d_gate, float *d_up, float *h, int64_t count) {
    for (int64_t i = 0; i < count; i += ct::kLanes) {
        Floats g, u, s, dh;
        widen(gate + i, g);
        widen(up + i, u);
        std::memcpy(&dh, d_gate + i, sizeof dh);
        sigmoid(g, s);
        const Floats a = g * s, joined = a * u, from_up = dh * a, from_gate = dh * u * (s + a * (1.0f - s));
        std::memcpy(h + i, &joined, sizeof joined);
        std::memcpy(d_up + i, &from_up, sizeof from_up);
        std::memcpy(d_gate + i, &from_gate, sizeof from_gate);
    }
}

} // namespace

namespace ct {

template <>
void activate<at::BFloat16>(Chunk x, Rows<uint16_t *> kept_gate, uint16_t *kept_up, Rows<at::BFloat16 *> h) {
#if CT_HAS_AMX
    if (amx::has_vectors()) return amx::activate(x, kept_gate, kept_up, h.data, h.stride, 0);
#endif
    for (int64_t i = 0; i < x.rows; ++i) {
        const int64_t at = i * x.stride, kept = i * kept_gate.stride;
        activate_row(x.gate + at, x.up + at, kept_gate.data ? kept_gate.data + kept : nullptr, kept_up ? kept_up + kept : nullptr, x.count);
    }
    round_rows({x.gate, x.stride, x.rows, x.count}, h.data, h.stride);
}

template <>
void activate_backward<at::BFloat16>(
    Chunk x, Rows<const uint16_t *> kept_gate, const uint16_t *kept_up, float *scratch, ChunkGradients<at::BFloat16> to) {
#if CT_HAS_AMX
    if (amx::has_vectors())
        return amx::activate_backward(
            x, kept_gate, kept_up,
            {{to.gate, 0}, {to.up, 0}, to.stride, {to.gate_transposed, 0}, {to.up_transposed, 0}, to.stride_transposed, {to.h, 0}, to.panel_stride});
#endif
    for (int64_t i = 0; i < x.rows; ++i) {
        const int64_t at = i * x.stride, kept = i * kept_gate.stride;
        activate_row_backward(kept_gate.data + kept, kept_up + kept, x.gate + at, x.up + at, scratch + at, x.count);
    }
    const Source gate{x.gate, x.stride, x.rows, x.count}, up{x.up, x.stride, x.rows, x.count};
    round_rows(gate, to.gate, to.stride);
    round_rows(up, to.up, to.stride);
    transpose_rows(gate, to.gate_transposed, to.stride_transposed);
    transpose_rows(up, to.up_transposed, to.stride_transposed);
    constexpr int64_t width = kPanel<at::BFloat16>;
    for (int64_t column = 0; column < x.count; column += width)
        pack_panel(Source{scratch + column, x.stride, x.rows, std::min(width, x.count - column)}, to.h + column / width * to.panel_stride);
}

#if CT_HAS_AMX
template <> void activate<Split>(Chunk x, Rows<float *> kept_gate, float *kept_up, Rows<SplitPointer> h) {
    amx::activate(x, kept_gate, kept_up, h.data.high, h.stride, h.data.low);
}

template <>
void activate_backward<Split>(Chunk x, Rows<const float *> kept_gate, const float *kept_up, float *, ChunkGradients<Split> to) {
    amx::activate_backward(x, kept_gate, kept_up, to);
}
#else
template <> void activate<Split>(Chunk, Rows<float *>, float *, Rows<SplitPointer>) { TORCH_INTERNAL_ASSERT(false, "split operands without AMX"); }
template <> void activate_backward<Split>(Chunk, Rows<const float *>, const float *, float *, ChunkGradients<Split>) {
    TORCH_INTERNAL_ASSERT(false, "split operands without AMX");
}
#endif

} // namespace ct
