// A block of a product on AMX tiles, of operands as packing.hpp lays them out.
#pragma once

#include "amx.hpp"
#include "packing.hpp"

#if CT_HAS_AMX

namespace ct::amx {

/// Rows of a left operand, and panels of a right one; `low` as in SplitPointer, 0 where there is one part.
struct Operand {
    const at::BFloat16 *data;
    int64_t stride, low;
};

inline Operand operand(const at::BFloat16 *data, int64_t stride) { return {data, stride, 0}; }
inline Operand operand(SplitPointer data, int64_t stride) { return {data.high, stride, data.low}; }

/// c [rows, columns] = a [rows, depth] b [.., from_column ...], added to c if `add`; `depth` in whole steps of 32. Within a TileScope.
void multiply_block(Operand a, int64_t rows, Operand b, int64_t depth, int64_t from_column, int64_t columns, float *c, int64_t c_stride, bool add);

} // namespace ct::amx

#endif
