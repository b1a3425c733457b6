// What the policy head's passes on any device share: products of a block of rows and a tile of the vocabulary, nothing of size N V.
//
// One buffer holds the logits of a block and a tile. Sums of a tile are float32, what joins them is double.
#pragma once

#include "compute.hpp"
#include "device.hpp"
#include "packed_weights.hpp"
#include "policy_head.hpp"
#include "tile_reduction.hpp"

namespace ct {

/// Rows of a block.
constexpr int64_t kDeviceRows = 2048;
/// Vocabulary rows of a tile where no draw depends on it: the logits of a block then take 32 MiB.
constexpr int64_t kWideTile = 4096;

/// Token ids on the device of `like`, checked on the host: an id out of range would end a CUDA process.
inline at::Tensor ids_beside(const at::Tensor &ids, int64_t rows, int64_t vocabulary, const at::Tensor &like) {
    note_transfer("down");
    checked_ids(ids.cpu(), rows, vocabulary);
    return ids.to(like.device());
}

/// Hidden states and head as the products of the present precision read them.
class HeadOperands {
public:
    HeadOperands(const at::Tensor &hidden, const at::Tensor &weight) : is_narrow_(ct_compute_precision() == CT_PRECISION_BFLOAT16) {
        x = is_narrow_ ? narrowed(wide(hidden)) : wide(hidden);
        w = is_narrow_ ? narrowed_weight(weight) : wide(weight);
    }

    /// dz as an operand.
    at::Tensor operand(const at::Tensor &dz) const { return is_narrow_ ? narrowed(dz) : dz; }

    /// Logits of a block of rows and a tile of tokens, in a buffer that the next call takes again.
    at::Tensor logits(int64_t row, int64_t rows, int64_t token, int64_t count) {
        const auto a = x.narrow(0, row, rows), b = w.narrow(0, token, count).t();
        if (a.scalar_type() == at::kBFloat16) return at::mm(a, b, at::kFloat);
        if (!buffer_.defined() || buffer_.numel() < rows * count) buffer_ = at::empty({rows * count}, x.options().dtype(at::kFloat));
        auto out = buffer_.narrow(0, 0, rows * count).view({rows, count});
        at::mm_out(out, a, b);
        return out;
    }

    at::Tensor x, w;

private:
    bool is_narrow_;
    at::Tensor buffer_;
};

/// Which rows have their token in a tile, and where in it, [n, 1].
struct OwnLogits {
    at::Tensor is_inside, place;

    OwnLogits(const at::Tensor &ids, int64_t token, int64_t count) {
        const auto offset = ids - token;
        is_inside = (offset >= 0).logical_and_(offset < count);
        place = offset.clamp(0, count - 1).unsqueeze(1);
    }
    at::Tensor logit(const at::Tensor &z) const { return z.gather(1, place).squeeze(1); }
};

} // namespace ct
