// The head's gradient on AMX tiles: logits are computed again strip by strip, and dz, rounded or split, multiplies both operands.
//
// Each thread owns a run of strips. Of a strip and a block of rows, dz is written twice, as the operand of d_weight = dz^T x and of
// d_x^T = W^T dz^T. A strip's part of d_weight is complete after one sweep over the rows; d_x^T is summed per thread in float32
// blocks of 32 x 32, and over threads at the end, in order.
#include <ATen/Parallel.h>

#include "head_tiles.hpp"
#include "lane_gradients.hpp"
#include "parallel.hpp"

#if CT_HAS_AMX

namespace ct::amx {

namespace {

/// Steps of operands that a block may have: half as many where they are split, so that it fills as much of the cache.
constexpr int64_t kBlockSteps = kStripRows / kWide;

/// What all threads read.
struct Shared {
    Operands operands;
    /// x as right panels [D / 32][N / 32 steps]: rows are the depth.
    Buffer x;
    std::vector<LaneGradient> gradients;
    const RowGradient *rows;
    float scale;
    float *d_weight;
    bool adds;
    int64_t strip;

    Shared(const at::Tensor &hidden, const at::Tensor &head, const RowGradient *rows, float scale, float *d_weight, bool adds, int64_t strip)
        : operands(hidden, head), x(d_weight ? x_bytes() : 0), gradients(2 * operands.panels()), rows(rows), scale(scale), d_weight(d_weight),
          adds(adds), strip(strip) {
        for (int64_t tile = 0; tile < 2 * operands.panels(); ++tile)
            gradients[tile].set(rows + tile * kRows, operands.rows - tile * kRows, scale);
        if (!d_weight) return;
        const float *from = hidden.const_data_ptr<float>();
        const int64_t width = operands.width;
        parallel_for(0, operands.panels(), std::max<int64_t>(1, 4096 / width), [&](int64_t begin, int64_t end) {
            for (int64_t panel = begin; panel < end; ++panel)
                pack_right(
                    from + panel * kWide * width, width, std::min(kWide, operands.rows - panel * kWide), width, x.data() + panel * kStepBytes,
                    x_panel_bytes(), x_low());
        });
    }

    int64_t x_panel_bytes() const { return operands.panels() * kStepBytes; }
    /// From rounded values to what rounding left over; 0 where operands are not split.
    int64_t x_low() const { return operands.is_split ? operands.steps * x_panel_bytes() : 0; }
    int64_t x_bytes() const { return parts() * operands.steps * x_panel_bytes(); }
    int64_t parts() const { return operands.is_split ? 2 : 1; }
    /// Panels of rows in a block: the depth of d_weight's products, in steps. As many tokens are the depth of d_x's.
    int64_t block_panels() const { return kBlockSteps / parts(); }
    int64_t block_bytes() const { return kBlockSteps * block_panels() * kStepBytes; }
};

/// One thread's strips.
class Strips {
public:
    explicit Strips(const Shared &shared)
        : shared_(shared), operands_(shared.operands), stride_(half_stride(shared.strip)), z_(4 * stride_ * static_cast<int64_t>(sizeof(float))),
          weight_(operands_.steps * kBlockSteps * kStepBytes), left_(shared.block_bytes()), right_(shared.block_bytes()),
          rest_(kBlockSteps * kBlockFloats * 4),
          d_x_(operands_.steps * operands_.panels() * kBlockFloats * 4) {}

    /// d_x^T in blocks [D / 32][N / 32], each of tiles [2][2][16][16].
    const float *d_x() const { return d_x_.floats(); }

    CT_AMX void run(int64_t begin, int64_t end, bool adds_to_x) {
        const int64_t panels = pieces(end - begin, kWide), first = begin / kWide;
        const int64_t parts = shared_.parts();
        for (int64_t panel = 0; panel < panels; ++panel)
            for (int64_t part = 0; part < parts; ++part)
                for (int64_t step = 0; step < operands_.steps; ++step)
                    transpose_step(
                        operands_.token_panel(first + panel) + part * operands_.low() + step * kStepBytes,
                        weight_.data() + ((step * parts + part) * panels + panel) * kStepBytes);
        for (int64_t row = 0; row < operands_.panels(); row += shared_.block_panels()) {
            const int64_t block = std::min(shared_.block_panels(), operands_.panels() - row);
            for (int64_t panel = 0; panel < block; ++panel)
                take(
                    row + panel, begin, end,
                    {left_.data() + panel * kStepBytes, parts * block * kStepBytes, right_.data() + panel * parts * panels * kStepBytes,
                     low(block), low(panels)});
            drain();
            settle();
            if (shared_.d_weight) multiply_weight(begin, end, row, block);
            multiply_rows(panels, row, block, adds_to_x);
        }
    }

private:
    static constexpr int64_t kBlockFloats = kWide * kWide;

    /// From the rounded values of a panel to what rounding left over; 0 where operands are not split.
    int64_t low(int64_t steps) const { return operands_.is_split ? steps * kStepBytes : 0; }

    CT_AMX void take(int64_t panel, int64_t begin, int64_t end, const GradientPanels &to) {
        const Logits logits{panel, begin, end, begin, z_.floats() + (turn_ ? 2 * stride_ : 0), stride_};
        turn_ = !turn_;
        Walk<false> walk;
        start(walk, operands_, logits);
        close(walk);
        walk.finish();
        pending_ = logits;
        to_ = to;
    }

    CT_AMX void drain() {
        Walk<false> none;
        close(none);
        pending_.z = nullptr;
    }

    /// dz of the strip before, while the walk computes the next one's logits.
    CT_AMX_INLINE void close(Walk<false> &walk) {
        if (!pending_.z) return;
        const int64_t count = pending_.end - pending_.begin, first = pending_.panel * kWide;
        Pace pace(walk.left(), round_up(count, kWide) / 2);
        take_gradients(pending_.z, stride_, count, shared_.scale, shared_.gradients.data() + 2 * pending_.panel, to_, walk, pace);
        for (int64_t row = 0; row < std::min(kWide, operands_.rows - first); ++row) {
            const auto &gradient = shared_.rows[first + row];
            if (pending_.begin <= gradient.id && gradient.id < pending_.end)
                to_.set(gradient.id - pending_.begin, row, gradient.own(pending_.at(row, gradient.id) * shared_.scale, shared_.scale));
        }
    }

    /// d_weight of the strip (+)= dz^T x over a block of rows.
    CT_AMX void multiply_weight(int64_t begin, int64_t end, int64_t row, int64_t block) {
        const int64_t width = operands_.width, row_bytes = width * 4, whole = (end - begin) / kWide, panels = pieces(end - begin, kWide);
        const bool adds = shared_.adds || row > 0;
        const int64_t left_panel = shared_.parts() * block * kStepBytes, x_low = shared_.x_low();
        for (int64_t step = 0; step < operands_.steps; ++step) {
            const char *x = shared_.x.data() + step * shared_.x_panel_bytes() + row * kStepBytes;
            float *to = shared_.d_weight + begin * width + step * kWide;
            const int64_t columns = std::min(kWide, width - step * kWide), direct = columns == kWide ? whole : 0;
            Walk<false> walk;
            walk.start(
                x, left_.data(), block, direct, left_panel, Place{reinterpret_cast<char *>(to), row_bytes, 16 * row_bytes, 64}, 32 * row_bytes,
                adds, x_low, low(block));
            walk.finish();
            if (direct == panels) continue;
            // blocks that stick out of the matrix
            walk.start(
                x, left_.data() + direct * left_panel, block, panels - direct, left_panel,
                Place{rest_.data(), kWide * 4, kRows * kWide * 4, 64}, kBlockFloats * 4, false, x_low, low(block));
            walk.finish();
            settle();
            for (int64_t token = direct * kWide; token < end - begin; ++token) {
                const float *from = rest_.floats() + (token - direct * kWide) * kWide;
                for (int64_t i = 0; i < columns; ++i) to[token * width + i] = adds ? to[token * width + i] + from[i] : from[i];
            }
        }
    }

    /// d_x^T of a block of rows (+)= W^T dz^T over the strip.
    CT_AMX void multiply_rows(int64_t panels, int64_t row, int64_t block, bool adds) {
        for (int64_t step = 0; step < operands_.steps; ++step) {
            char *to = d_x_.data() + (step * operands_.panels() + row) * kBlockFloats * 4;
            Walk<true> walk;
            walk.start(
                weight_.data() + step * shared_.parts() * panels * kStepBytes, right_.data(), panels, block,
                shared_.parts() * panels * kStepBytes, Place{to, 64, 2 * kTileBytes, kTileBytes}, kBlockFloats * 4, adds, low(panels),
                low(panels));
            walk.finish();
        }
    }

    const Shared &shared_;
    const Operands &operands_;
    int64_t stride_;
    Buffer z_, weight_, left_, right_, rest_, d_x_;
    Logits pending_ = {};
    GradientPanels to_ = {};
    bool turn_ = false;
};

/// Sums the threads' parts of 32 rows, in order, and turns them over.
void add_parts(const std::vector<const float *> &parts, const Operands &operands, int64_t panel, float *d_x) {
    const int64_t rows = std::min(kWide, operands.rows - panel * kWide);
    for (int64_t step = 0; step < operands.steps; ++step) {
        float sum[kWide * kWide];
        const int64_t block = (step * operands.panels() + panel) * kWide * kWide;
        std::copy_n(parts[0] + block, kWide * kWide, sum);
        for (size_t part = 1; part < parts.size(); ++part)
            for (int64_t i = 0; i < kWide * kWide; ++i) sum[i] += parts[part][block + i];
        const int64_t columns = std::min(kWide, operands.width - step * kWide);
        for (int64_t row = 0; row < rows; ++row)
            for (int64_t i = 0; i < columns; ++i)
                d_x[(panel * kWide + row) * operands.width + step * kWide + i] = sum[(i / kRows * 2 + row / kRows) * 256 + i % kRows * kRows + row % kRows];
    }
}

} // namespace

at::Tensor sweep(const at::Tensor &x, const at::Tensor &head, const RowGradient *gradients, float scale, float *d_weight, bool adds) {
    const int64_t rows = x.size(0), width = x.size(1), vocabulary = head.size(0);
    // a small vocabulary is shared out in smaller strips
    const int64_t widest = product_kernel() == Kernel::split_tiles ? kStripRows / 2 : kStripRows;
    const int64_t strip = std::clamp<int64_t>(round_up(pieces(vocabulary, loop_threads()), kWide), kWide, widest), strips = pieces(vocabulary, strip);
    const Shared shared(x, head, gradients, scale, d_weight, adds, strip);
    std::vector<std::unique_ptr<Strips>> parts(at::get_num_threads());
    parallel_for(0, strips, 1, [&](int64_t begin, int64_t end) {
        const Scope scope;
        auto part = std::make_unique<Strips>(shared);
        for (int64_t index = begin; index < end; ++index) part->run(index * strip, std::min(vocabulary, (index + 1) * strip), index > begin);
        parts[at::get_thread_num()] = std::move(part);
    });
    std::vector<const float *> found;
    for (const auto &part : parts)
        if (part) found.push_back(part->d_x());
    auto d_x = at::empty({rows, width}, at::kFloat);
    float *to = d_x.mutable_data_ptr<float>();
    parallel_for(0, shared.operands.panels(), std::max<int64_t>(1, 2048 / width), [&](int64_t begin, int64_t end) {
        for (int64_t panel = begin; panel < end; ++panel) add_parts(found, shared.operands, panel, to);
    });
    return d_x;
}

} // namespace ct::amx

#endif
