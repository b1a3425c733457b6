// Layouts of the operands that brgemm reads, and the passes that write them from float32 matrices.
//
// The left operand is row-major. The right operand lies in panels of columns, 64 in float32 and 32 in bfloat16, so that it is read in the
// order in which it lies; bfloat16 keeps two successive depths of a column side by side (VNNI). Rows and panels start on cache lines: AMX loads of rows
// that straddle two lines run at a third of the speed.
//
// A split operand is two bfloat16 matrices of one layout: the values rounded, and what rounding left over, rounded. Their sum has 17
// significant bits (1904.06376).
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <type_traits>

namespace ct {

constexpr int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }
constexpr int64_t pieces(int64_t n, int64_t step) { return (n + step - 1) / step; }

/// Stands for the elements of a split operand, as float and at::BFloat16 stand for those of the others.
struct Split;

/// Where elements of a split operand lie: the rounded values, and `low` elements on what was left over.
struct SplitPointer {
    at::BFloat16 *high;
    int64_t low;

    SplitPointer operator+(int64_t elements) const { return {high + elements, low}; }
    SplitPointer &operator+=(int64_t elements) {
        high += elements;
        return *this;
    }
};

template <class Element> struct Elements {
    using Scalar = Element;
    using Pointer = Element *;
    using Constant = const Element *;
    static constexpr int64_t parts = 1;
};
template <> struct Elements<Split> {
    using Scalar = at::BFloat16;
    using Pointer = SplitPointer;
    using Constant = SplitPointer;
    static constexpr int64_t parts = 2;
};
template <class Element> using Pointer = typename Elements<Element>::Pointer;
template <class Element> using Constant = typename Elements<Element>::Constant;

/// Bytes of one number in one part of an operand.
template <class Element> constexpr int64_t kBytes = sizeof(typename Elements<Element>::Scalar);

/// Depths that lie side by side in a right operand.
template <class Element> constexpr int64_t kPair = kBytes<Element> == 2 ? 2 : 1;

/// Columns of a panel: in bfloat16 those of a block of tiles.
template <class Element> constexpr int64_t kPanel = kBytes<Element> == 2 ? 32 : 64;

/// Depth as brgemm sees it: bfloat16 operands are filled up with zeros to whole AMX rows.
template <class Element> constexpr int64_t padded_depth(int64_t depth) {
    return kPair<Element> == 2 ? round_up(depth, 32) : depth;
}

/// Elements between rows of a left operand of this depth. Rows 2 KiB or 4 KiB apart would share the sets of the L1 cache.
template <class Element> constexpr int64_t row_stride(int64_t depth) {
    const int64_t stride = round_up(depth, 64 / kBytes<Element>);
    return stride * kBytes<Element> % 1024 == 0 ? stride + 64 / kBytes<Element> : stride;
}

/// A float32 matrix as it lies in memory.
struct Source {
    const float *data;
    int64_t stride, rows, columns;
};

template <class Element> struct LeftOperand {
    Constant<Element> data;
    int64_t stride;

    LeftOperand from_row(int64_t row) const { return {data + row * stride, stride}; }
};

/// The right operand [depth, width] of a product.
template <class Element> struct RightOperand {
    Constant<Element> data;
    int64_t depth, width;
    int64_t stride;       // elements from one depth (pair) to the next
    int64_t panel_stride; // elements from one panel to the next

    /// `depth` is even where depths come in pairs.
    Constant<Element> at(int64_t from_depth, int64_t column) const {
        return data + column / kPanel<Element> * panel_stride + from_depth / kPair<Element> * stride + column % kPanel<Element> * kPair<Element>;
    }
    int64_t leading() const { return stride / kPair<Element>; }
};

template <class Element> RightOperand<Element> panels(Constant<Element> data, int64_t depth, int64_t width) {
    return {data, depth, width, kPanel<Element> * kPair<Element>, padded_depth<Element>(depth) * kPanel<Element>};
}

template <class Element> int64_t panel_elements(int64_t depth, int64_t width) {
    return round_up(width, kPanel<Element>) * padded_depth<Element>(depth);
}

/// Room for so many elements, in each part if there are two.
template <class Element> at::Tensor operand_memory(int64_t elements) {
    return at::empty({Elements<Element>::parts * elements}, kBytes<Element> == 2 ? at::kBFloat16 : at::kFloat);
}

template <class Element> Pointer<Element> operand_data(const at::Tensor &memory) {
    auto *data = static_cast<typename Elements<Element>::Scalar *>(memory.mutable_data_ptr());
    if constexpr (Elements<Element>::parts == 2) return {data, memory.numel() / 2};
    else return data;
}

/// out[r, c] = bfloat16(x[r, c]), rows filled up with zeros to the padded depth.
void round_rows(Source x, at::BFloat16 *out, int64_t stride);
void round_rows(Source x, SplitPointer out, int64_t stride);
/// out[c, r] = x[r, c], rows filled up with zeros to the padded depth.
void transpose_rows(Source x, float *out, int64_t stride);
void transpose_rows(Source x, at::BFloat16 *out, int64_t stride);
void transpose_rows(Source x, SplitPointer out, int64_t stride);
/// One panel of the right operand x^T [columns of x, rows of x]: x holds the panel's columns as rows.
void pack_transposed_panel(Source x, float *out);
void pack_transposed_panel(Source x, at::BFloat16 *out);
void pack_transposed_panel(Source x, SplitPointer out);
/// One panel of the right operand x, whose columns are all of x.
void pack_panel(Source x, float *out);
void pack_panel(Source x, at::BFloat16 *out);
void pack_panel(Source x, SplitPointer out);

} // namespace ct
