// Which rows of packed groups attend to which, as libtorch's variable-length attention takes it: starts of segments, and indices.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <vector>

namespace ct {

/// libtorch's numbers for the masks of its operator.
enum AttentionMask : int64_t { kUnmasked = 0, kCausal = 1 };
/// Floats of a head's width that the operator loads together, at least.
constexpr int64_t kAttentionAlignment = 8;
/// Rows of a segment's log-sum-exps come in multiples of this.
constexpr int64_t kLogsumAlignment = 32;
/// Segments of one call: a dimension of a GPU's grid.
constexpr int64_t kMostSegments = 65535;

/// One call: segment s has queries query_starts[s] ..< query_starts[s + 1] over keys key_starts[s] ..< key_starts[s + 1], none empty.
struct AttentionSegments {
    /// int32 [S + 1].
    at::Tensor query_starts, key_starts;
    int64_t longest_queries = 0, longest_keys = 0;
    bool is_causal = false;
    /// Where the operator puts a query's log-sum-exp, int64 [M]: its segments are as long as the longest.
    at::Tensor places;

    int64_t count() const { return query_starts.size(0) - 1; }
    /// Log-sum-exps as the operator returns them, [S, H, L], by rows [M, H].
    at::Tensor rows_of(const at::Tensor &columns) const;
    /// And back; infinity, the weight of nothing, where there is no row.
    at::Tensor columns_of(const at::Tensor &rows) const;
};

/// The two calls of packed groups.
struct AttentionRows {
    /// Every segment over itself.
    AttentionSegments own;
    /// The completions of each group over its prompt; `readers` and `prompts` (int64) pick their rows, each once, and are undefined if
    /// no completion has a prompt.
    AttentionSegments shared;
    at::Tensor readers, prompts;
};

/// Of a layout, on the device of `like`. The last one of a thread is kept, since all layers of a pass ask for the same.
std::shared_ptr<const AttentionRows> attention_rows(
    const std::vector<int64_t> &lengths, const std::vector<int64_t> &segments, const at::Tensor &like);

/// Gives libtorch's operator an implementation on the CPU (variable_attention.cpp).
void stand_in_for_variable_attention();

} // namespace ct
