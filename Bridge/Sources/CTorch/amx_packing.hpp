// Passes that write AMX panels (amx.hpp) from float32 matrices, rounding to bfloat16.
#pragma once

#include "amx.hpp"

#if CT_HAS_AMX

#include <new>

namespace ct::amx {

/// Memory that whole cache lines of panels fit into.
class Buffer {
public:
    explicit Buffer(int64_t bytes) : bytes_(static_cast<char *>(::operator new(static_cast<size_t>(bytes) + 64, std::align_val_t(64)))) {}
    ~Buffer() { ::operator delete(bytes_, std::align_val_t(64)); }
    Buffer(const Buffer &) = delete;
    Buffer &operator=(const Buffer &) = delete;

    char *data() const { return bytes_; }
    float *floats() const { return reinterpret_cast<float *>(bytes_); }

private:
    char *bytes_;
};

/// A left panel from up to 32 rows of x; missing rows are zeros. A split panel has what rounding left over behind the rounded values.
void pack_left(const float *x, int64_t stride, int64_t rows, int64_t columns, char *panel, bool is_split = false);
/// A right panel of x^T: its columns are up to 32 rows of x.
void pack_right_transposed(const float *x, int64_t stride, int64_t rows, int64_t columns, char *panel, bool is_split = false);
/// One step, of up to 32 rows of x, of all right panels of x; what rounding left over goes `low` bytes on, unless that is 0.
void pack_right(const float *x, int64_t stride, int64_t rows, int64_t columns, char *panel, int64_t panel_stride, int64_t low = 0);
/// One step of a left panel, [32 rows, 32 depths], as one step of the left panel of the transpose.
void transpose_step(const char *in, char *out);

} // namespace ct::amx

#endif
