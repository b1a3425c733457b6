// Tensors: creation, shape, copies, views and arithmetic.
#include "boundary.hpp"
#include "device.hpp"
#include "packed_weights.hpp"

#include <cstring>

namespace {

at::ScalarType scalar_type(ct_dtype dtype) {
    switch (dtype) {
    case CT_FLOAT32: return at::kFloat;
    case CT_BFLOAT16: return at::kBFloat16;
    case CT_FLOAT16: return at::kHalf;
    case CT_FLOAT64: return at::kDouble;
    case CT_INT32: return at::kInt;
    case CT_INT64: return at::kLong;
    case CT_BOOL: return at::kBool;
    }
    TORCH_CHECK(false, "unknown dtype code ", static_cast<int>(dtype));
}

at::TensorOptions options(ct_dtype dtype, ct_device device) {
    return at::TensorOptions().dtype(scalar_type(dtype)).device(device == CT_CUDA ? at::kCUDA : at::kCPU);
}

at::IntArrayRef extents(const int64_t *shape, int32_t rank) { return {shape, static_cast<size_t>(rank)}; }

} // namespace

using ct::in;
using ct::making;

extern "C" {

void ct_tensor_free(ct_tensor tensor) {
    if (tensor) ct::release_packed(tensor->value);
    delete tensor;
}

ct_status ct_empty(const int64_t *shape, int32_t rank, ct_dtype dtype, ct_device device, ct_tensor *out) {
    return making(out, [&] { return at::empty(extents(shape, rank), options(dtype, device)); });
}

ct_status ct_zeros(const int64_t *shape, int32_t rank, ct_dtype dtype, ct_device device, ct_tensor *out) {
    return making(out, [&] { return at::zeros(extents(shape, rank), options(dtype, device)); });
}

ct_status ct_from_bytes(
    const void *data, int64_t bytes, const int64_t *shape, int32_t rank, ct_dtype dtype, ct_device device,
    ct_tensor *out) {
    return making(out, [&] {
        ct::note_transfer("up");
        auto host = at::empty(extents(shape, rank), options(dtype, CT_CPU));
        TORCH_CHECK(
            static_cast<int64_t>(host.nbytes()) == bytes, "a tensor of ", host.nbytes(), " bytes cannot be made from ",
            bytes);
        if (bytes > 0) std::memcpy(host.mutable_data_ptr(), data, bytes);
        return device == CT_CPU ? host : host.to(at::kCUDA);
    });
}

ct_status ct_copy_bytes(ct_tensor tensor, void *data, int64_t bytes) {
    return ct::guarded([&] {
        ct::note_transfer("down");
        const auto host = in(tensor).detach().to(at::kCPU).contiguous();
        TORCH_CHECK(
            static_cast<int64_t>(host.nbytes()) == bytes, "a tensor of ", host.nbytes(), " bytes cannot fill ", bytes);
        if (bytes > 0) std::memcpy(data, host.const_data_ptr(), bytes);
    });
}

int32_t ct_rank(ct_tensor tensor) { return tensor ? static_cast<int32_t>(tensor->value.dim()) : 0; }

int64_t ct_size(ct_tensor tensor, int32_t axis) {
    if (!tensor || axis < 0 || axis >= tensor->value.dim()) return 0;
    return tensor->value.sizes()[axis];
}

int64_t ct_count(ct_tensor tensor) { return tensor ? tensor->value.numel() : 0; }

const void *ct_address(ct_tensor tensor) { return tensor ? tensor->value.const_data_ptr() : nullptr; }

ct_status ct_dtype_of(ct_tensor tensor, ct_dtype *out) {
    return ct::guarded([&] {
        switch (in(tensor).scalar_type()) {
        case at::kFloat: *out = CT_FLOAT32; return;
        case at::kBFloat16: *out = CT_BFLOAT16; return;
        case at::kHalf: *out = CT_FLOAT16; return;
        case at::kDouble: *out = CT_FLOAT64; return;
        case at::kInt: *out = CT_INT32; return;
        case at::kLong: *out = CT_INT64; return;
        case at::kBool: *out = CT_BOOL; return;
        default: TORCH_CHECK_NOT_IMPLEMENTED(false, "dtype ", in(tensor).scalar_type(), " is not supported");
        }
    });
}

ct_device ct_device_of(ct_tensor tensor) { return tensor && tensor->value.is_cuda() ? CT_CUDA : CT_CPU; }

ct_status ct_to_dtype(ct_tensor tensor, ct_dtype dtype, ct_tensor *out) {
    return making(out, [&] { return in(tensor).to(scalar_type(dtype)); });
}

ct_status ct_clone(ct_tensor tensor, ct_tensor *out) {
    return making(out, [&] { return in(tensor).clone(at::MemoryFormat::Contiguous); });
}

ct_status ct_reshape(ct_tensor tensor, const int64_t *shape, int32_t rank, ct_tensor *out) {
    return making(out, [&] { return in(tensor).reshape(extents(shape, rank)); });
}

ct_status ct_transpose(ct_tensor tensor, int32_t first, int32_t second, ct_tensor *out) {
    return making(out, [&] { return in(tensor).transpose(first, second); });
}

ct_status ct_slice(ct_tensor tensor, int32_t axis, int64_t start, int64_t end, ct_tensor *out) {
    return making(out, [&] {
        const auto size = in(tensor).size(axis);
        TORCH_CHECK(
            0 <= start && start <= end && end <= size, "slice ", start, "..<", end, " leaves an axis of ", size);
        return in(tensor).slice(axis, start, end);
    });
}

ct_status ct_index_rows(ct_tensor tensor, ct_tensor index, ct_tensor *out) {
    return making(out, [&] { return in(tensor).index_select(0, in(index)); });
}

ct_status ct_copy(ct_tensor destination, ct_tensor source) {
    return ct::guarded([&] {
        const c10::NoGradGuard guard;
        TORCH_CHECK(
            in(destination).sizes() == in(source).sizes(), "cannot copy shape ", in(source).sizes(), " into ",
            in(destination).sizes());
        in(destination).copy_(in(source));
    });
}

ct_status ct_add(ct_tensor a, ct_tensor b, ct_tensor *out) {
    return making(out, [&] { return in(a) + in(b); });
}

ct_status ct_subtract(ct_tensor a, ct_tensor b, ct_tensor *out) {
    return making(out, [&] { return in(a) - in(b); });
}

ct_status ct_multiply(ct_tensor a, ct_tensor b, ct_tensor *out) {
    return making(out, [&] { return in(a) * in(b); });
}

ct_status ct_scale(ct_tensor a, double factor, ct_tensor *out) {
    return making(out, [&] { return in(a) * factor; });
}

ct_status ct_shift(ct_tensor a, double amount, ct_tensor *out) {
    return making(out, [&] { return in(a) + amount; });
}

ct_status ct_sum(ct_tensor a, ct_tensor *out) {
    return making(out, [&] { return in(a).sum(); });
}

ct_status ct_exp(ct_tensor a, ct_tensor *out) {
    return making(out, [&] { return in(a).exp(); });
}

ct_status ct_matmul(ct_tensor a, ct_tensor b, ct_tensor *out) {
    return making(out, [&] { return at::matmul(in(a), in(b)); });
}

} // extern "C"
