// The head's statistics on AMX tiles.
#include "head_tiles.hpp"

#if CT_HAS_AMX

#include "parallel.hpp"

namespace ct::amx {

Operands::Operands(const at::Tensor &hidden, const at::Tensor &weight)
    : rows(hidden.size(0)), width(hidden.size(1)), steps(pieces(width, kStep)),
      is_split(product_kernel() == Kernel::split_tiles), x(at::empty({std::max<int64_t>(1, panels() * panel_bytes())}, at::kByte)),
      w(packed_for_tiles(weight, is_split)) {
    const auto values = wide(hidden);
    const float *from = values.const_data_ptr<float>();
    auto *to = static_cast<char *>(x.mutable_data_ptr());
    parallel_for(0, panels(), std::max<int64_t>(1, 4096 / width), [&](int64_t begin, int64_t end) {
        for (int64_t panel = begin; panel < end; ++panel)
            pack_right_transposed(
                from + panel * kWide * width, width, std::min(kWide, rows - panel * kWide), width, to + panel * panel_bytes(), is_split);
    });
}

int64_t rows_per_task(int64_t rows, int64_t sections) {
    const int64_t wanted = pieces(4 * loop_threads(), sections);
    return std::clamp<int64_t>(round_up(pieces(rows, wanted), kWide), kWide, 1024);
}

CT_AMX std::vector<RowState> merged(std::vector<LaneState> &states, int64_t sections, int64_t rows) {
    const int64_t tiles = pieces(rows, kRows);
    std::vector<RowState> whole(rows);
    for (int64_t tile = 0; tile < tiles; ++tile) {
        for (int64_t section = 1; section < sections; ++section) states[tile].absorb(states[section * tiles + tile]);
        for (int64_t row = tile * kRows; row < std::min(rows, (tile + 1) * kRows); ++row) whole[row] = states[tile].row(row % kRows);
    }
    return whole;
}

namespace {

/// One task: a section of the vocabulary for some panels of rows.
class Section {
public:
    Section(const Operands &operands, const Partition &part, const std::vector<int64_t> &ids, double scale, LaneState *states, double *own)
        : operands_(operands), part_(part), ids_(ids), scale_(scale), states_(states), own_(own), stride_(half_stride(kStripRows)),
          memory_(4 * stride_ * static_cast<int64_t>(sizeof(float))) {}

    CT_AMX void run(int64_t section, int64_t first_panel, int64_t end_panel) {
        const int64_t tiles = pieces(operands_.rows, kRows);
        std::vector<LaneState> of_tile(2 * (end_panel - first_panel));
        LaneState *sums = states_ + section * tiles;
        for (int64_t tile = 2 * first_panel; tile < std::min(tiles, 2 * end_panel); ++tile) sums[tile].clear();
        for (int64_t tile = part_.first_tile(section); tile < part_.end_tile(section); ++tile) {
            for (auto &state : of_tile) state.clear();
            for_strips(part_, tile, [&](int64_t begin, int64_t end) CT_AMX {
                for (int64_t panel = first_panel; panel < end_panel; ++panel) {
                    take({panel, begin, end, begin / kWide * kWide, memory_.floats() + (turn_ ? 2 * stride_ : 0), stride_},
                         of_tile.data() + 2 * (panel - first_panel));
                    turn_ = !turn_;
                }
            });
            drain();
            for (int64_t lanes = 2 * first_panel; lanes < std::min(tiles, 2 * end_panel); ++lanes)
                sums[lanes].absorb(of_tile[lanes - 2 * first_panel]);
        }
    }

private:
    /// Computes a strip, and reduces the one before.
    CT_AMX void take(const Logits &logits, LaneState *states) {
        Walk<false> walk;
        start(walk, operands_, logits);
        close(walk);
        walk.finish();
        pending_ = logits;
        pending_states_ = states;
    }

    CT_AMX void drain() {
        Walk<false> none;
        close(none);
        pending_states_ = nullptr;
    }

    CT_AMX_INLINE void close(Walk<false> &walk) {
        if (!pending_states_) return;
        reduce(pending_, operands_.rows, scale_, pending_states_, walk);
        const int64_t first = pending_.panel * kWide;
        for (int64_t row = 0; row < std::min(kWide, operands_.rows - first); ++row) {
            const int64_t id = ids_[first + row];
            if (pending_.begin <= id && id < pending_.end) own_[first + row] = static_cast<double>(pending_.at(row, id)) * scale_;
        }
    }

    const Operands &operands_;
    const Partition &part_;
    const std::vector<int64_t> &ids_;
    double scale_;
    LaneState *states_;
    double *own_;
    int64_t stride_;
    Buffer memory_;
    Logits pending_ = {};
    LaneState *pending_states_ = nullptr;
    bool turn_ = false;
};

} // namespace

at::Tensor statistics(const at::Tensor &hidden, const at::Tensor &weight, const Partition &part, const std::vector<int64_t> &ids, double scale) {
    const Operands operands(hidden, weight);
    std::vector<LaneState> states(part.sections * pieces(operands.rows, kRows));
    std::vector<double> own(operands.rows);
    const int64_t height = rows_per_task(operands.rows, part.sections), groups = pieces(operands.rows, height);
    const double tokens = static_cast<double>(part.tile * part.tiles_per_section), size = static_cast<double>(operands.width);
    const double operations = static_cast<double>(std::min(operands.rows, height)) * tokens * (2 * size + 100);
    parallel_for(0, part.sections * groups, grain(operations, 2 * tokens * size, true), [&](int64_t begin, int64_t end) {
        const Scope scope;
        Section section(operands, part, ids, scale, states.data(), own.data());
        for (int64_t task = begin; task < end; ++task) {
            const int64_t first = task % groups * (height / kWide);
            section.run(task / groups, first, std::min(operands.panels(), first + height / kWide));
        }
    });
    return ct::finished(merged(states, part.sections, operands.rows), own);
}

} // namespace ct::amx

#endif
