// What the passes of the policy head share: the shapes, the partition of the vocabulary, and the logits of a strip on each kernel.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "boundary.hpp"
#include "compute.hpp"
#include "packed_weights.hpp"
#include "row_statistics.hpp"

namespace ct {

/// Vocabulary rows of a tile unless the caller says: draws are made tile by tile.
constexpr int64_t kTile = 2048;
/// Vocabulary rows whose logits are computed at once, and the rows they are computed for: a strip's weights stay in the L2 cache
/// while blocks of rows pass, and a block of logits stays there until it is reduced.
constexpr int64_t kStrip = 512;
constexpr int64_t kRowBlock = 128;
/// Floats between rows of a block of logits; a power of two would put them into the same sets of the cache.
constexpr int64_t kStripStride = kStrip + 16;

/// The vocabulary in tiles, and tiles in sections: each row has one state per section, merged in order at the end. Depends on the
/// vocabulary alone, so neither threads nor rows show in a result.
struct Partition {
    int64_t vocabulary, tile, tiles, tiles_per_section, sections;

    Partition(int64_t vocabulary, int64_t tile)
        : vocabulary(vocabulary), tile(std::min(tile > 0 ? tile : kTile, vocabulary)), tiles(pieces(vocabulary, this->tile)),
          tiles_per_section(pieces(tiles, 32)), sections(pieces(tiles, tiles_per_section)) {}

    int64_t first_tile(int64_t section) const { return section * tiles_per_section; }
    int64_t end_tile(int64_t section) const { return std::min(tiles, first_tile(section) + tiles_per_section); }
    int64_t count(int64_t index) const { return std::min(tile, vocabulary - index * tile); }
};

inline void check_head(const at::Tensor &hidden, const at::Tensor &weight, double temperature) {
    TORCH_CHECK(
        hidden.dim() == 2 && weight.dim() == 2 && hidden.size(1) == weight.size(1) && hidden.size(1) > 0, "hidden states of shape ",
        hidden.sizes(), " do not fit a head of shape ", weight.sizes());
    TORCH_CHECK(weight.size(0) > 0, "the vocabulary is empty");
    TORCH_CHECK(temperature > 0 && std::isfinite(temperature), "temperature must be positive, got ", temperature);
    TORCH_CHECK(hidden.device() == weight.device(), "hidden states on ", hidden.device(), " do not fit a head on ", weight.device());
}

inline std::vector<int64_t> checked_ids(const at::Tensor &ids, int64_t rows, int64_t vocabulary) {
    TORCH_CHECK(ids.dim() == 1 && ids.size(0) == rows && ids.scalar_type() == at::kLong, "token ids must be int64 [", rows, "], got ", ids.sizes());
    const auto host = ids.contiguous();
    std::vector<int64_t> result(host.const_data_ptr<int64_t>(), host.const_data_ptr<int64_t>() + rows);
    for (int64_t id : result) TORCH_CHECK(0 <= id && id < vocabulary, "token id ", id, " lies outside a vocabulary of ", vocabulary);
    return result;
}

inline at::Tensor wide(const at::Tensor &x) { return x.detach().to(at::kFloat).contiguous(); }

/// Logits of blocks of rows and strips of the vocabulary by brgemm.
template <class Element> class TiledLogits {
public:
    using Scope = TileScope<Element>;
    static constexpr bool is_narrow = kPair<Element> == 2;

    TiledLogits(const at::Tensor &hidden, const at::Tensor &weight) : x_(left<Element>(wide(hidden))), w_(packed_for_forward<Element>(weight)) {}

    void operator()(int64_t row, int64_t rows, int64_t token, int64_t count, float *z, int64_t stride) const {
        multiply_block(x_.operand.from_row(row), rows, w_.operand, 0, w_.operand.depth, token, count, z, stride, false);
    }

private:
    PackedLeft<Element> x_;
    PackedRight<Element> w_;
};

/// Part of a float32 buffer as a matrix.
inline at::Tensor view(float *data, int64_t rows, int64_t columns, int64_t stride) {
    return at::from_blob(data, {rows, columns}, {stride, 1}, at::kFloat);
}

/// The same by libtorch's BLAS, one thread at a time.
class BlasLogits {
public:
    using Scope = c10::NoGradGuard;
    static constexpr bool is_narrow = false;

    BlasLogits(const at::Tensor &hidden, const at::Tensor &weight, bool rounds)
        : x_(rounds ? rounded(wide(hidden)) : wide(hidden)), w_(rounds ? rounded_weight(weight) : wide(weight)) {}

    void operator()(int64_t row, int64_t rows, int64_t token, int64_t count, float *z, int64_t stride) const {
        auto out = view(z, rows, count, stride);
        at::mm_out(out, x_.narrow(0, row, rows), w_.narrow(0, token, count).t());
    }

private:
    at::Tensor x_, w_;
};

/// Runs body(logits) with the logits of the present precision's kernel.
template <class Body> auto with_logits(const at::Tensor &hidden, const at::Tensor &weight, Body &&body) {
    switch (product_kernel()) {
    case Kernel::bfloat16_tiles: return body(TiledLogits<at::BFloat16>(hidden, weight));
    case Kernel::split_tiles: return body(TiledLogits<Split>(hidden, weight));
    case Kernel::float_tiles: return body(TiledLogits<float>(hidden, weight));
    case Kernel::rounded_blas: return body(BlasLogits(hidden, weight, true));
    case Kernel::blas: break;
    }
    return body(BlasLogits(hidden, weight, false));
}

/// What dz of a row depends on.
struct RowGradient {
    float lse, mean, logprob, g1, g2;
    int64_t id;

    /// dz at the row's own token, from its tempered logit: g1 (1 - p) without cancellation.
    float own(float logit, float scale) const { return (-g1 * std::expm1(logprob) - g2 * std::exp(logprob) * (logit - mean)) * scale; }
};

/// Takes a block of logits into the states of its rows.
void take_block(const float *z, int64_t stride, int64_t rows, int64_t count, double scale, RowState *states);

/// Statistics of rows [CT_STAT_ROWS, N] from their states, one after the other per section, and the tempered logits of their tokens.
at::Tensor finished(const std::vector<RowState> &states, const std::vector<double> &logits);

} // namespace ct
