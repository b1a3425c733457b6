// The policy head's statistics: one streaming pass over the vocabulary, nothing of size N V.
#include "policy_head.hpp"

#include "device.hpp"
#include "head_tiles.hpp"
#include "parallel.hpp"

using ct::in;
using ct::RowState;

namespace ct {

CT_CLONES void take_block(const float *z, int64_t stride, int64_t rows, int64_t count, double scale, RowState *states) {
    for (int64_t row = 0; row < rows; ++row) take_logits<float>(z + row * stride, count, scale, states[row]);
}

at::Tensor finished(const std::vector<RowState> &states, const std::vector<double> &logits) {
    const int64_t rows = static_cast<int64_t>(logits.size()), sections = rows == 0 ? 0 : static_cast<int64_t>(states.size()) / rows;
    auto out = at::empty({CT_STAT_ROWS, rows}, at::kFloat);
    for (int64_t row = 0; row < rows; ++row) {
        RowState whole = states[row];
        for (int64_t section = 1; section < sections; ++section) whole.absorb(states[section * rows + row]);
        whole.finish(logits[row], out.mutable_data_ptr<float>(), row, rows);
    }
    return out;
}

} // namespace ct

namespace {

/// Rows of one task: its strip's weights are read from memory once for all of them.
constexpr int64_t kRowGroup = 512;

CT_CLONES void take_exactly(const float *z, int64_t count, double scale, RowState &state) {
    ct::take_logits<double>(z, count, scale, state);
}

template <class Logits>
at::Tensor statistics(
    const Logits &logits, int64_t rows, int64_t width, const ct::Partition &part, const std::vector<int64_t> &ids, double scale) {
    std::vector<RowState> states(part.sections * rows);
    std::vector<double> own(rows);
    const int64_t groups = ct::pieces(rows, kRowGroup);
    const double tokens = static_cast<double>(part.tile * part.tiles_per_section), size = static_cast<double>(width);
    const double operations = static_cast<double>(std::min(rows, kRowGroup)) * tokens * (2 * size + 100);
    ct::parallel_for(0, part.sections * groups, ct::grain(operations, 2 * tokens * size, Logits::is_narrow), [&](int64_t begin, int64_t end) {
        [[maybe_unused]] const typename Logits::Scope scope;
        const auto buffer = at::empty({ct::kRowBlock * ct::kStripStride}, at::kFloat);
        float *z = buffer.mutable_data_ptr<float>();
        std::vector<RowState> of_tile;
        for (int64_t task = begin; task < end; ++task) {
            const int64_t section = task / groups, first = task % groups * kRowGroup, last = std::min(rows, first + kRowGroup);
            for (int64_t tile = part.first_tile(section); tile < part.end_tile(section); ++tile) {
                of_tile.assign(last - first, RowState());
                for (int64_t done = 0; done < part.count(tile); done += ct::kStrip) {
                    const int64_t token = tile * part.tile + done, count = std::min(ct::kStrip, part.count(tile) - done);
                    for (int64_t row = first; row < last; row += ct::kRowBlock) {
                        const int64_t block = std::min(ct::kRowBlock, last - row);
                        logits(row, block, token, count, z, ct::kStripStride);
                        ct::take_block(z, ct::kStripStride, block, count, scale, of_tile.data() + (row - first));
                        for (int64_t i = 0; i < block; ++i) {
                            const int64_t id = ids[row + i] - token;
                            if (0 <= id && id < count) own[row + i] = z[i * ct::kStripStride + id] * static_cast<float>(scale);
                        }
                    }
                }
                for (int64_t row = first; row < last; ++row) states[section * rows + row].absorb(of_tile[row - first]);
            }
        }
    });
    return ct::finished(states, own);
}

} // namespace

extern "C" {

ct_status ct_policy_head_forward(
    ct_tensor hidden_in, ct_tensor weight_in, ct_tensor ids_in, double temperature, int64_t tile, ct_tensor *statistics_out) {
    return ct::making(statistics_out, [&] {
        const c10::NoGradGuard guard;
        const auto &hidden = in(hidden_in), &weight = in(weight_in);
        if (ct::uses_library(hidden)) return ct::library_head_statistics(hidden, weight, in(ids_in), temperature, tile);
        ct::check_head(hidden, weight, temperature);
        const auto ids = ct::checked_ids(in(ids_in), hidden.size(0), weight.size(0));
        const ct::Partition part(weight.size(0), tile);
#if CT_HAS_AMX
        if (ct::amx::takes_heads()) return ct::amx::statistics(hidden, weight, part, ids, 1 / temperature);
#endif
        return ct::with_logits(hidden, weight, [&](const auto &logits) {
            return statistics(logits, hidden.size(0), hidden.size(1), part, ids, 1 / temperature);
        });
    });
}

ct_status ct_logits_statistics(ct_tensor logits_in, ct_tensor ids_in, double temperature, ct_tensor *statistics_out) {
    return ct::making(statistics_out, [&] {
        const c10::NoGradGuard guard;
        TORCH_CHECK(
            in(logits_in).dim() == 2 && in(logits_in).size(1) > 0 && in(logits_in).scalar_type() == at::kFloat,
            "logits must be float32 [N, V], got ", in(logits_in).sizes());
        TORCH_CHECK(temperature > 0 && std::isfinite(temperature), "temperature must be positive, got ", temperature);
        const auto logits = in(logits_in).contiguous();
        if (ct::uses_library(logits)) return ct::library_logits_statistics(logits, in(ids_in), temperature);
        const int64_t rows = logits.size(0), count = logits.size(1);
        const auto ids = ct::checked_ids(in(ids_in), rows, count);
        std::vector<RowState> states(rows);
        std::vector<double> own(rows);
        ct::parallel_for(0, rows, std::max<int64_t>(1, 16384 / count), [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; ++row) {
                const float *z = logits.const_data_ptr<float>() + row * count;
                take_exactly(z, count, 1 / temperature, states[row]);
                own[row] = static_cast<double>(z[ids[row]]) * (1 / temperature);
            }
        });
        return ct::finished(states, own);
    });
}

} // extern "C"
