// A key-value cache of panels on the CPU: float32 numbers, or rounded ones where attention rounds its operands.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "boundary.hpp"
#include "decode_tiles.hpp"
#include "packing.hpp"
#include "panels.hpp"

namespace ct {

/// Shapes and layouts of the two kinds: ctorch.h.
struct Cache {
    at::Tensor keys, values;

    static Cache make(int64_t slots, int64_t heads, int64_t length, int64_t width, bool is_rounded) {
        const auto options = at::TensorOptions(is_rounded ? at::kBFloat16 : at::kFloat);
        const int64_t panel = panel_of(is_rounded);
        return {
            at::zeros({slots, heads, pieces(length, panel), whole(width, is_rounded), panel}, options),
            at::zeros({slots, heads, pieces(width, panel), whole(length, is_rounded), panel}, options).narrow(3, 0, length)};
    }

    /// A cache that rows [.., heads, width] can be appended to or attend to.
    static Cache fitting(ct_tensor keys_in, ct_tensor values_in, const at::Tensor &rows, int64_t heads) {
        const Cache cache{in(keys_in), in(values_in)};
        const auto &[keys, values] = cache;
        TORCH_CHECK_NOT_IMPLEMENTED(
            rows.is_cpu() && rows.scalar_type() == at::kFloat && keys.is_cpu() && values.is_cpu() &&
                (keys.scalar_type() == at::kFloat || keys.scalar_type() == at::kBFloat16),
            "cached decoding needs float32 rows and a cache of float32 or bfloat16 numbers on the CPU");
        const bool is_rounded = cache.is_rounded();
        const int64_t panel = panel_of(is_rounded), width = rows.size(-1);
        const int64_t slots = values.dim() == 5 ? values.size(0) : 0, length = values.dim() == 5 ? values.size(3) : 0;
        const int64_t across = whole(length, is_rounded) * panel, down = pieces(width, panel);
        const std::vector<int64_t> keys_shape{slots, heads, pieces(length, panel), whole(width, is_rounded), panel};
        const std::vector<int64_t> values_shape{slots, heads, down, length, panel}, strides{heads * down * across, down * across, across, panel, 1};
        TORCH_CHECK(
            rows.dim() == 3 && keys.scalar_type() == values.scalar_type() && keys.is_contiguous() && keys.sizes() == keys_shape &&
                values.sizes() == values_shape && values.strides() == strides,
            "a cache of shapes ", keys.sizes(), " and ", values.sizes(), " does not fit rows of shape ", rows.sizes(), " with ", heads,
            " key heads");
        return cache;
    }

    bool is_rounded() const { return keys.scalar_type() == at::kBFloat16; }
    int64_t length() const { return values.size(3); }

    void check(const int64_t *slots, const int64_t *places, int64_t count) const {
        for (int64_t i = 0; i < count; ++i)
            TORCH_CHECK(
                0 <= slots[i] && slots[i] < keys.size(0) && 0 <= places[i] && places[i] < length(), "slot ", slots[i], ", place ",
                places[i], " lies outside a cache of ", keys.size(0), " slots of ", length());
    }

    /// One head of a slot of float32 numbers, of which the first `count` places are seen.
    Segment segment(int64_t slot, int64_t head, int64_t count) const {
        return {{of_head<float>(keys, slot, head), keys.stride(2)}, {of_head<float>(values, slot, head), values.stride(2)}, count};
    }
#if CT_HAS_AMX
    /// The same of rounded numbers.
    amx::CachedHead rounded_head(int64_t slot, int64_t head, int64_t count) const {
        return {of_head<at::BFloat16>(keys, slot, head), of_head<at::BFloat16>(values, slot, head), keys.size(2), count};
    }
#endif

    template <class Number> static Number *of_head(const at::Tensor &part, int64_t slot, int64_t head) {
        return part.mutable_data_ptr<Number>() + slot * part.stride(0) + head * part.stride(1);
    }

private:
    static int64_t panel_of(bool is_rounded) { return is_rounded ? CT_ROUNDED_PANEL : CT_PANEL; }
    /// Depths of a panel: rounded numbers come in whole steps.
    static int64_t whole(int64_t depth, bool is_rounded) { return is_rounded ? round_up(depth, CT_ROUNDED_PANEL) : depth; }
};

static_assert(kLanes == CT_PANEL);
#if CT_HAS_AMX
static_assert(amx::kWide == CT_ROUNDED_PANEL && amx::kStep == CT_ROUNDED_PANEL);
#endif

} // namespace ct
