// What the host writes for a decoding step of fixed shape: its rows, spare ones behind them, and which rows read a prefix together.
#include <ATen/ATen.h>

#include <algorithm>

#include "attention_rows.hpp"
#include "decode_step.hpp"

/// Queries of a piece: a block of attention's kernel, or two where heads are wider than 64.
static constexpr int64_t kBlockQueries = 64;

ct_step_box::ct_step_box(ct_step_shape given, at::Device on)
    : shape(given), piece(std::min(given.rows, std::max<int64_t>(1, kBlockQueries / std::max<int64_t>(1, given.ratio)))),
      room((piece * given.ratio + ct::kLogsumAlignment - 1) / ct::kLogsumAlignment * ct::kLogsumAlignment),
      tiles(given.greedy ? 0 : ct::Partition(std::max<int64_t>(1, given.vocabulary), 0).tiles) {
    TORCH_CHECK(
        shape.rows <= ct::kMostSegments, "a decoding step of ", shape.rows, " rows, where attention takes ", ct::kMostSegments,
        " at most; fewer slots have fewer");
    TORCH_CHECK(
        shape.rows > 0 && shape.ratio > 0 && shape.vocabulary > 0 && shape.positions > 0 && shape.places > 1 &&
            shape.prefix_places > 0,
        "a decoding step of ", shape.rows, " rows over ", shape.places, " places and ", shape.prefix_places, " of prefixes");
    const auto numbers = at::TensorOptions().dtype(at::kLong);
    host = at::zeros({words()}, numbers);
    if (on.is_cuda()) host = host.pin_memory();
    device = at::zeros({words()}, numbers.device(on));
    results = at::zeros({2 * shape.rows + (CT_STAT_ROWS * shape.rows + 1) / 2}, numbers.device(on));
}

at::Tensor ct_step_box::uniforms() const {
    if (tiles == 0) return {};
    return device.narrow(0, words() - 2 * tiles * shape.rows, 2 * tiles * shape.rows).view(at::kDouble).view({2, tiles, shape.rows});
}

void ct_step_box::write(const ct_step_row *rows, int64_t count) {
    TORCH_CHECK(0 < count && count <= shape.rows, "a decoding step of ", count, " rows where ", shape.rows, " have room");
    const int64_t n = shape.rows, ratio = shape.ratio;
    // a spare row decodes token 0 in the last place; a row without a prefix reads the first one's first place, and weighs it with nothing
    const ct_step_row spare{0, 0, shape.places - 1, 1, 0, 0};
    int64_t *places = host.mutable_data_ptr<int64_t>() + kLines * (n + 1), pieces = 0, first = 0;
    for (int64_t i = 0; i < n; ++i) {
        const auto &row = i < count ? rows[i] : spare;
        const auto lies = [](int64_t start, int64_t length, int64_t end) { return 0 <= start && 0 <= length && start <= end - length; };
        TORCH_CHECK(
            0 <= row.token && row.token < shape.vocabulary && 0 <= row.position && row.position < shape.positions && row.length > 0 &&
                lies(row.start, row.length, shape.places) && lies(row.prefix_start, row.prefix_length, shape.prefix_places),
            "row ", i, " of a decoding step, token ", row.token, " at position ", row.position, ", lies outside a vocabulary of ", shape.vocabulary,
            ", ", shape.positions, " positions, ", shape.places, " places or ", shape.prefix_places, " of prefixes");
        host_line(kToken)[i] = row.token;
        host_line(kPosition)[i] = row.position;
        host_line(kSees)[i] = row.prefix_length > 0;
        host_line(kPlace)[i] = row.start + row.length - 1;
        host_line(kOwnStarts)[i] = row.start;
        host_line(kOwnLengths)[i] = row.length;
        host_line(kOwnQueries)[i] = i * ratio;
        const int64_t length = std::max<int64_t>(1, row.prefix_length);
        const bool continues = i > first && i - first < piece && host_line(kStarts)[pieces - 1] == row.prefix_start &&
                               host_line(kLengths)[pieces - 1] == length;
        if (!continues) {
            first = i;
            host_line(kStarts)[pieces] = row.prefix_start;
            host_line(kLengths)[pieces] = length;
            host_line(kQueries)[pieces] = i * ratio;
            ++pieces;
        }
        for (int64_t j = 0; j < ratio; ++j) places[i * ratio + j] = (pieces - 1) * room + (i - first) * ratio + j;
    }
    host_line(kOwnQueries)[n] = n * ratio;
    for (int64_t s = pieces; s <= n; ++s) {
        host_line(kStarts)[s] = 0;
        host_line(kLengths)[s] = 1;
        host_line(kQueries)[s] = n * ratio;
    }
}
