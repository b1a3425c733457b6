// What a feed-forward layer does between its products: silu(gate) up and its gradient, written as operands of the next product.
#pragma once

#include <type_traits>

#include "packing.hpp"

namespace ct {

/// What is kept of gate and up: their bfloat16 values, with which the layer goes on, or what they are.
template <class Element> using Kept = std::conditional_t<Elements<Element>::parts == 2, float, uint16_t>;

/// A part of a matrix in memory: its rows lie `stride` elements apart.
template <class Where> struct Rows {
    Where data;
    int64_t stride;
};

/// Gate and up [rows, count] in float32, overwritten; rows have room for whole vectors of 32.
struct Chunk {
    float *gate, *up;
    int64_t stride, rows, count;
};

/// h = silu(gate) up as rows of a left operand. What is kept of gate and up goes to `kept_gate` and `kept_up`,
/// whose rows lie alike, unless they are NULL.
template <class Element> void activate(Chunk chunk, Rows<Kept<Element> *> kept_gate, Kept<Element> *kept_up, Rows<Pointer<Element>> h);

/// Where a chunk's gradients go: rows of left operands, their transposes as left operands, and h as part of a right operand.
template <class Element> struct ChunkGradients {
    Pointer<Element> gate, up;
    int64_t stride;
    Pointer<Element> gate_transposed, up_transposed;
    int64_t stride_transposed;
    Pointer<Element> h;
    int64_t panel_stride;
};

/// From dh, in `chunk.gate`, and what was kept: the gradients of gate and up, and h. `scratch` holds as much as one matrix of the chunk.
template <class Element>
void activate_backward(Chunk chunk, Rows<const Kept<Element> *> kept_gate, const Kept<Element> *kept_up, float *scratch, ChunkGradients<Element> to);

} // namespace ct
