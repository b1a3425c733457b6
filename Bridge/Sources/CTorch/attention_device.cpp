// Attention of packed groups by libtorch's attention: per group one call for the prompt and one for all its completions.
//
// The completions of a group are padded to the longest and see prompt and own rows under one mask, which they share: row i of each
// sees the prompt and its own rows up to i. Scores are never kept where libtorch has a kernel that computes them in tiles.
#include <algorithm>

#include "device.hpp"

namespace {

/// [B, T, K, D] -> [B, K copies, T, D], each head `copies` times in a row.
at::Tensor heads_first(const at::Tensor &rows, int64_t copies) {
    const auto heads = rows.transpose(1, 2);
    if (copies == 1) return heads;
    const auto sizes = heads.sizes();
    return heads.unsqueeze(2).expand({sizes[0], sizes[1], copies, sizes[2], sizes[3]}).reshape({sizes[0], sizes[1] * copies, sizes[2], sizes[3]});
}

at::Tensor attended(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const std::optional<at::Tensor> &mask, double scale) {
    const int64_t copies = q.size(2) / k.size(2);
    return at::scaled_dot_product_attention(
               heads_first(q, 1), heads_first(k, copies), heads_first(v, copies), mask, 0.0, !mask.has_value(), scale)
        .transpose(1, 2);
}

/// The rows of a group's completions as [C, R, ..] and back; C completions that have rows, the longest R.
struct Padding {
    int64_t first, count = 0, longest = 0, total = 0;
    at::Tensor padded, kept;

    Padding(const int64_t *lengths, int64_t segments, int64_t first_row, const at::Tensor &like) : first(first_row) {
        bool is_ragged = false;
        for (int64_t i = 0; i < segments; ++i) {
            if (lengths[i] == 0) continue;
            is_ragged = is_ragged || (count > 0 && lengths[i] != longest);
            longest = std::max(longest, lengths[i]);
            total += lengths[i];
            ++count;
        }
        if (!is_ragged) return;
        std::vector<int64_t> from, to;
        int64_t row = first, index = 0;
        for (int64_t i = 0; i < segments; ++i) {
            if (lengths[i] == 0) continue;
            // room behind a completion repeats its last row: any numbers will do, but finite ones
            for (int64_t t = 0; t < longest; ++t) from.push_back(row + std::min(t, lengths[i] - 1));
            for (int64_t t = 0; t < lengths[i]; ++t) to.push_back(index * longest + t);
            row += lengths[i];
            ++index;
        }
        padded = ct::uploaded(from.data(), static_cast<int64_t>(from.size()), like);
        kept = ct::uploaded(to.data(), static_cast<int64_t>(to.size()), like);
    }

    at::Tensor pad(const at::Tensor &rows) const {
        const auto own = padded.defined() ? rows.index_select(0, padded) : rows.narrow(0, first, total);
        return own.view({count, longest, rows.size(1), rows.size(2)});
    }

    at::Tensor unpad(const at::Tensor &rows) const {
        const auto flat = rows.reshape({count * longest, rows.size(2), rows.size(3)});
        return kept.defined() ? flat.index_select(0, kept) : flat;
    }
};

} // namespace

at::Tensor ct::library_attention(
    const at::Tensor &q_in, const at::Tensor &k_in, const at::Tensor &v_in, const std::vector<int64_t> &lengths,
    const std::vector<int64_t> &segments, double scale) {
    const auto q = q_in.contiguous(), k = k_in.contiguous(), v = v_in.contiguous();
    std::vector<at::Tensor> parts;
    const int64_t *length = lengths.data();
    int64_t row = 0;
    for (const int64_t count : segments) {
        const int64_t prompt = length[0];
        const auto of_prompt = [&](const at::Tensor &rows) { return rows.narrow(0, row, prompt).unsqueeze(0); };
        if (prompt > 0) parts.push_back(attended(of_prompt(q), of_prompt(k), of_prompt(v), std::nullopt, scale).squeeze(0));
        const Padding padding(length + 1, count - 1, row + prompt, q);
        if (padding.count > 0) {
            const auto seen = [&](const at::Tensor &rows) {
                return at::cat({of_prompt(rows).expand({padding.count, prompt, rows.size(1), rows.size(2)}), padding.pad(rows)}, 1);
            };
            const auto mask = at::ones({padding.longest, prompt + padding.longest}, q.options().dtype(at::kBool).requires_grad(false)).tril(prompt);
            parts.push_back(padding.unpad(attended(padding.pad(q), seen(k), seen(v), mask, scale)));
        }
        row += prompt + padding.total;
        length += count;
    }
    return parts.empty() ? at::zeros_like(q) : at::cat(parts, 0);
}
