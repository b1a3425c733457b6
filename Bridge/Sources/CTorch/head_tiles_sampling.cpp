// Sampling on AMX tiles: the statistics' arithmetic, with a tile's logits kept until its candidates are drawn.
#include "head_tiles.hpp"
#include "parallel.hpp"

#if CT_HAS_AMX

namespace ct::amx {

namespace {

/// Panels of rows that share a tile's weights; each keeps the tile's logits, 256 KiB of them.
constexpr int64_t kPanels = 4;
/// More than the order of summation can make of a sum of masses.
constexpr double kSlack = 1e-9;

/// One task: a section of the vocabulary for up to kPanels panels of rows.
class Section {
public:
    Section(const Operands &operands, const Partition &part, double scale, const Draws &draws, LaneState *states, Candidate *candidates)
        : operands_(operands), part_(part), scale_(scale), draws_(draws), states_(states), candidates_(candidates), stride_(half_stride(part.tile)),
          memory_(2 * std::min(kPanels, operands.panels()) * stride_ * static_cast<int64_t>(sizeof(float))), logits_(part.tile) {}

    CT_AMX void run(int64_t section, int64_t first_panel, int64_t end_panel) {
        const int64_t tiles = pieces(operands_.rows, kRows), first = 2 * first_panel, end = std::min(tiles, 2 * end_panel);
        LaneState *sums = states_ + section * tiles;
        for (int64_t lanes = first; lanes < end; ++lanes) sums[lanes].clear();
        std::fill(std::begin(passed_), std::end(passed_), Passed());
        for (int64_t tile = part_.first_tile(section); tile < part_.end_tile(section); ++tile) {
            LaneState of_tile[2 * kPanels];
            for (auto &state : of_tile) state.clear();
            Logits pending = {};
            const auto close = [&](Walk<false> &walk) CT_AMX __attribute__((always_inline)) {
                if (pending.z) reduce(pending, operands_.rows, scale_, of_tile + 2 * (pending.panel - first_panel), walk);
            };
            for_strips(part_, tile, [&](int64_t begin, int64_t next) CT_AMX {
                for (int64_t panel = first_panel; panel < end_panel; ++panel) {
                    const Logits logits{panel, begin, next, tile * part_.tile / kWide * kWide, memory_.floats() + 2 * (panel - first_panel) * stride_, stride_};
                    Walk<false> walk;
                    start(walk, operands_, logits);
                    // the last rows to read the strip's weights bring those of the next
                    if (panel + 1 == end_panel) walk.fetch_ahead(logits.panels() * operands_.panel_bytes());
                    close(walk);
                    walk.finish();
                    pending = logits;
                }
            });
            Walk<false> none;
            close(none);
            for (int64_t lanes = first; lanes < end; ++lanes) {
                draw(tile, lanes, passed_ + (lanes - first) * kRows, of_tile[lanes - first], memory_.floats() + (lanes - first) * stride_);
                sums[lanes].absorb(of_tile[lanes - first]);
            }
        }
    }

private:
    /// Draws where the tile may be chosen: the mass before it in its section is no more than all before it, so a tile that loses among
    /// the section's is not chosen among all.
    void draw(int64_t tile, int64_t lanes, Passed *passed, const LaneState &state, const float *z) {
        const int64_t begin = tile * part_.tile, count = part_.count(tile);
        const float *first = z + begin % kWide * kRows;
        for (int64_t lane = 0; lane < std::min(kRows, operands_.rows - lanes * kRows); ++lane) {
            const int64_t row = lanes * kRows + lane;
            const RowState sums = state.row(lane);
            auto &result = candidates_[row * part_.tiles + tile];
            result = {sums.top, sums.mass(), sums.top, begin};
            if (!passed[lane].take(result.top, result.mass, draws_, row, tile, kSlack) && tile > 0) continue;
            for (int64_t i = 0; i < count; ++i) logits_[i] = first[i * kRows + lane];
            result = candidate(logits_.data(), count, scale_, begin, sums, draws_, row, tile);
            // as the statistics take it
            result.logit = static_cast<double>(logits_[result.token - begin]) * scale_;
        }
    }

    const Operands &operands_;
    const Partition &part_;
    double scale_;
    const Draws &draws_;
    LaneState *states_;
    Candidate *candidates_;
    int64_t stride_;
    Buffer memory_;
    std::vector<float> logits_;
    Passed passed_[2 * kPanels * kRows];
};

} // namespace

at::Tensor sample(const at::Tensor &hidden, const at::Tensor &weight, const Partition &part, double scale, const Draws &draws, int64_t *tokens) {
    const Operands operands(hidden, weight);
    const int64_t rows = operands.rows, groups = pieces(operands.panels(), kPanels);
    std::vector<LaneState> states(part.sections * pieces(rows, kRows));
    std::vector<Candidate> candidates(rows * part.tiles);
    const double values = static_cast<double>(part.tile * part.tiles_per_section), size = static_cast<double>(operands.width);
    const double operations = static_cast<double>(std::min(rows, kPanels * kWide)) * values * (2 * size + 100);
    parallel_for(0, part.sections * groups, grain(operations, 2 * values * size, true), [&](int64_t begin, int64_t end) {
        const Scope scope;
        Section section(operands, part, scale, draws, states.data(), candidates.data());
        for (int64_t task = begin; task < end; ++task) {
            const int64_t first = task % groups * kPanels;
            section.run(task / groups, first, std::min(operands.panels(), first + kPanels));
        }
    });
    const auto whole = merged(states, part.sections, rows);
    std::vector<double> own(rows);
    for (int64_t row = 0; row < rows; ++row) {
        const auto chosen = choice(candidates.data() + row * part.tiles, part.tiles, draws, row);
        check_draw(whole[row].tail.a1, chosen.mass, row);
        tokens[row] = chosen.token;
        own[row] = chosen.logit;
    }
    return ct::finished(whole, own);
}

} // namespace ct::amx

#endif
