// Matrix products in parallel: packing of whole operands, and the partition of a product into row blocks and panels.
#include "products.hpp"

#include <algorithm>

#include "lanes.hpp"
#include "parallel.hpp"

namespace ct {

namespace {

/// A parallel region costs some microseconds to start and end: a thread's share should be worth that.
constexpr double kShareSeconds = 1e-5;

CT_CLONES void add_bias(float *c, int64_t stride, int64_t rows, int64_t columns, const float *bias) {
    for (int64_t row = 0; row < rows; ++row)
        for (int64_t column = 0; column < columns; ++column) c[row * stride + column] += bias[column];
}

/// The block of rows stays in the L2 cache while panels stream by.
template <class Element> int64_t block_rows(int64_t rows, int64_t depth) {
    const int64_t most = depth * Elements<Element>::parts * kBytes<Element> > 2048 ? 128 : 256;
    return round_up(pieces(rows, pieces(rows, most)), 16);
}

template <class Element> int64_t panels_of(const Target<Element> &target) { return pieces(target.b.width, kPanel<Element>); }

template <class Element>
void multiply_in_parallel(LeftOperand<Element> a, int64_t rows, std::span<const Target<Element>> targets, bool adds) {
    const int64_t whole = targets.front().b.depth, height = block_rows<Element>(rows, std::min(whole, kDepthRun)), blocks = pieces(rows, height);
    int64_t across = 0;
    for (const auto &target : targets) across += panels_of(target);
    const double share = static_cast<double>(std::min(rows, height)) * static_cast<double>(kPanel<Element>);
    for (int64_t from = 0; from < whole; from += kDepthRun) {
        const int64_t depth = std::min(kDepthRun, whole - from);
        const bool is_last = from + depth == whole;
        const double work = static_cast<double>(depth);
        parallel_for(
            0, blocks * across, grain(2 * share * work, work * kPanel<Element> * kBytes<Element>, kPair<Element> == 2), [&](int64_t begin, int64_t end) {
                const TileScope<Element> scope;
                for (int64_t task = begin, run; task < end; task += run) {
                    int64_t panel = task % across;
                    const auto *target = targets.data();
                    for (; panel >= panels_of(*target); ++target) panel -= panels_of(*target);
                    run = std::min(end - task, panels_of(*target) - panel);
                    const auto &b = target->b;
                    const int64_t row = task / across * height, count = std::min(height, rows - row), column = panel * kPanel<Element>;
                    const int64_t width = std::min(run * kPanel<Element>, b.width - column);
                    float *to = target->c + row * b.width + column;
                    auto part = a.from_row(row);
                    part.data += from;
                    multiply_block(part, count, b, from, depth, column, width, to, b.width, adds || from > 0);
                    if (target->bias && is_last) add_bias(to, b.width, count, width, target->bias + column);
                }
            });
    }
}

Source source(const at::Tensor &x) { return {x.const_data_ptr<float>(), x.size(1), x.size(0), x.size(1)}; }

/// Rows that a pass across the columns takes at a time: each may lie on a page of its own.
constexpr int64_t kPages = 256;

/// Rows, or columns, that one share of a packing pass should have.
int64_t lines(int64_t length) { return std::max<int64_t>(1, 65536 / std::max<int64_t>(1, length)); }

} // namespace

int64_t grain(double operations, double bytes, bool is_narrow) {
    // cautious rates: several times slower than what a free core reaches
    const double seconds = operations / (is_narrow ? 5e11 : 1e11) + bytes / 2e10;
    return std::max<int64_t>(1, static_cast<int64_t>(kShareSeconds / std::max(seconds, 1e-9)));
}

void multiply(LeftOperand<float> a, int64_t rows, std::span<const Target<float>> targets, bool adds) {
    multiply_in_parallel(a, rows, targets, adds);
}

void multiply(LeftOperand<at::BFloat16> a, int64_t rows, std::span<const Target<at::BFloat16>> targets, bool adds) {
    multiply_in_parallel(a, rows, targets, adds);
}

void multiply(LeftOperand<Split> a, int64_t rows, std::span<const Target<Split>> targets, bool adds) {
    multiply_in_parallel(a, rows, targets, adds);
}

template <> PackedLeft<float> left<float>(const at::Tensor &x) { return {x, {x.const_data_ptr<float>(), x.size(1)}}; }

template <class Element> PackedLeft<Element> left(const at::Tensor &x) {
    const int64_t rows = x.size(0), stride = row_stride<Element>(x.size(1));
    const auto to = operand_memory<Element>(rows * stride);
    const auto out = operand_data<Element>(to);
    const auto from = source(x);
    parallel_for(0, rows, lines(x.size(1)), [&](int64_t begin, int64_t end) {
        round_rows({from.data + begin * from.stride, from.stride, end - begin, from.columns}, out + begin * stride, stride);
    });
    return {to, {out, stride}};
}

template PackedLeft<at::BFloat16> left<at::BFloat16>(const at::Tensor &x);
template PackedLeft<Split> left<Split>(const at::Tensor &x);

template <class Element> PackedLeft<Element> left_transposed(const at::Tensor &x) {
    const int64_t columns = x.size(1), stride = row_stride<Element>(x.size(0));
    const auto to = operand_memory<Element>(columns * stride);
    const auto out = operand_data<Element>(to);
    const auto from = source(x);
    parallel_for(0, pieces(columns, kPanel<Element>), pieces(lines(x.size(0)), kPanel<Element>), [&](int64_t begin, int64_t end) {
        for (int64_t row = 0; row < from.rows; row += kPages)
            for (int64_t column = begin * kPanel<Element>; column < std::min(end * kPanel<Element>, columns); column += kPanel<Element>)
                transpose_rows(
                    {from.data + row * from.stride + column, from.stride, std::min(kPages, from.rows - row), std::min(kPanel<Element>, columns - column)},
                    out + column * stride + row, stride);
    });
    return {to, {out, stride}};
}

template PackedLeft<float> left_transposed<float>(const at::Tensor &x);
template PackedLeft<at::BFloat16> left_transposed<at::BFloat16>(const at::Tensor &x);
template PackedLeft<Split> left_transposed<Split>(const at::Tensor &x);

template <class Element> PackedRight<Element> right(const at::Tensor &x) {
    const int64_t depth = x.size(0), width = x.size(1);
    const auto to = operand_memory<Element>(panel_elements<Element>(depth, width));
    const auto operand = panels<Element>(operand_data<Element>(to), depth, width);
    const auto from = source(x);
    parallel_for(0, pieces(width, kPanel<Element>), pieces(lines(depth), kPanel<Element>), [&](int64_t begin, int64_t end) {
        for (int64_t row = 0; row < depth; row += kPages)
            for (int64_t panel = begin; panel < end; ++panel) {
                const int64_t column = panel * kPanel<Element>;
                pack_panel(
                    Source{from.data + row * from.stride + column, from.stride, std::min(kPages, depth - row), std::min(kPanel<Element>, width - column)},
                    operand_data<Element>(to) + panel * operand.panel_stride + row * kPanel<Element>);
            }
    });
    return {to, operand};
}

template PackedRight<float> right<float>(const at::Tensor &x);
template PackedRight<at::BFloat16> right<at::BFloat16>(const at::Tensor &x);
template PackedRight<Split> right<Split>(const at::Tensor &x);

template <class Element> PackedRight<Element> right_transposed(const at::Tensor &x) {
    const int64_t depth = x.size(1), width = x.size(0);
    const auto to = operand_memory<Element>(panel_elements<Element>(depth, width));
    const auto operand = panels<Element>(operand_data<Element>(to), depth, width);
    const auto from = source(x);
    parallel_for(0, pieces(width, kPanel<Element>), pieces(lines(depth), kPanel<Element>), [&](int64_t begin, int64_t end) {
        for (int64_t panel = begin; panel < end; ++panel) {
            const int64_t row = panel * kPanel<Element>;
            pack_transposed_panel(
                Source{from.data + row * from.stride, from.stride, std::min(kPanel<Element>, width - row), depth},
                operand_data<Element>(to) + panel * operand.panel_stride);
        }
    });
    return {to, operand};
}

template PackedRight<float> right_transposed<float>(const at::Tensor &x);
template PackedRight<at::BFloat16> right_transposed<at::BFloat16>(const at::Tensor &x);
template PackedRight<Split> right_transposed<Split>(const at::Tensor &x);

} // namespace ct
