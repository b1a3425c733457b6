// The buffers of a decoding step of fixed shape (decode_step.cpp): what the host writes before a step, and what it reads after.
#pragma once

#include <ATen/ATen.h>

#include "ctorch.h"
#include "policy_head.hpp"

struct ct_step_box {
    ct_step_box(ct_step_shape shape, at::Device device);

    /// The rows of a step as operators take them, in `plan`: int64, each n + 1 long. From kOwnStarts on they go on as int32.
    enum Line { kToken, kPosition, kSees, kPlace, kOwnStarts, kOwnLengths, kOwnQueries, kStarts, kLengths, kQueries, kLines };

    const ct_step_shape shape;
    /// Rows of one prefix that attention takes together, and what they leave of log-sum-exps.
    const int64_t piece, room;
    /// Tiles that rows are drawn from, none where the arg max is taken.
    const int64_t tiles;
    /// int64: the plan's lines, where the log-sum-exps of queries over prefixes lie [n ratio], then uniform numbers double [2, tiles, n].
    at::Tensor host, device;
    /// int64: tokens [n], which of them could be drawn [n], then statistics float [CT_STAT_ROWS, n].
    at::Tensor results;
    /// The plan's lines as int32, and which rows see no prefix [n, 1, 1]: made by ct_step_begin for the operators of one step.
    at::Tensor lines, sees_none;

    int64_t words() const { return kLines * (shape.rows + 1) + shape.rows * shape.ratio + 2 * tiles * shape.rows; }
    at::Tensor line(Line which, int64_t count) const { return device.narrow(0, which * (shape.rows + 1), count); }
    at::Tensor narrow_line(Line which, int64_t count) const { return lines[which - kOwnStarts].narrow(0, 0, count); }
    at::Tensor logsum_places() const { return device.narrow(0, kLines * (shape.rows + 1), shape.rows * shape.ratio); }
    at::Tensor uniforms() const;

    /// Checks rows and puts them, and spare ones behind them, into `host`.
    void write(const ct_step_row *rows, int64_t count);
    int64_t *host_line(Line which) { return host.mutable_data_ptr<int64_t>() + which * (shape.rows + 1); }
};
