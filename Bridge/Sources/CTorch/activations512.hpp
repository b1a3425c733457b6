// The passes of activations.hpp on processors with bfloat16 vectors: what is computed is written as operands at once.
#pragma once

// before all that includes the intrinsics: it keeps GCC from warning of its own header
#include "amx.hpp"

#include "activations.hpp"

#if CT_HAS_AMX

namespace ct::amx {

/// What rounding h left over goes `low` elements on, unless that is 0.
void activate(Chunk x, Rows<uint16_t *> kept_gate, uint16_t *kept_up, at::BFloat16 *h, int64_t h_stride, int64_t low);
void activate(Chunk x, Rows<float *> kept_gate, float *kept_up, at::BFloat16 *h, int64_t h_stride, int64_t low);

/// A low part of 0 elements on stands for none.
void activate_backward(Chunk x, Rows<const uint16_t *> kept_gate, const uint16_t *kept_up, ChunkGradients<Split> to);
void activate_backward(Chunk x, Rows<const float *> kept_gate, const float *kept_up, ChunkGradients<Split> to);

} // namespace ct::amx

#endif
