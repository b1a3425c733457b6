// The choice of matrix kernels: made once from the processor and a trial product, never from timing, so that it is repeatable.
#include <ATen/Version.h>
#include <ATen/native/CPUBlas.h>

#include <string>

#include "boundary.hpp"
#include "compute.hpp"
#include "device.hpp"
#include "packed_weights.hpp"
#include "parallel.hpp"

namespace {

thread_local ct_precision precision = CT_PRECISION_FLOAT32;
thread_local bool library_only = false;

/// brgemm throws where it has no kernel for the layout, and a product of small integers is exact where it has one.
template <class Element> bool multiplies() {
    bool right = false;
#if defined(__x86_64__)
    constexpr int64_t kRows = 2, kColumns = 16, kDepth = 32;
    alignas(64) Element a[kRows * kDepth], b[kDepth * kColumns];
    alignas(64) float c[kRows * kColumns] = {};
    for (int64_t i = 0; i < kRows * kDepth; ++i) a[i] = static_cast<Element>(static_cast<float>(1 + i / kDepth));
    for (int64_t i = 0; i < kDepth * kColumns; ++i) b[i] = static_cast<Element>(3.0f);
    constexpr bool pairs = sizeof(Element) == 2;
    ct::guarded([&] {
        at::native::cpublas::brgemm(kRows, kColumns, kDepth, kDepth, kColumns, kColumns, false, a, b, c, pairs);
        if (pairs) at::native::cpublas::brgemm_release(true);
        right = true;
    });
    for (int64_t i = 0; i < kRows * kColumns; ++i) right = right && c[i] == static_cast<float>(3 * kDepth * (1 + i / kColumns));
#endif
    return right;
}

struct Machine {
    bool float_tiles = false, bfloat16_tiles = false, amx = false, intel = false;

    Machine() {
#if defined(__x86_64__)
        intel = at::hasMKL() && __builtin_cpu_is("intel");
        if (ct::avx2::is_used()) {
            float_tiles = bfloat16_tiles = true;
            return;
        }
        // below AVX-512 brgemm is not faster than BLAS; without bfloat16 instructions it would emulate them
        if (!at::hasMKLDNN() || at::get_cpu_capability().find("AVX512") == std::string::npos) return;
        float_tiles = multiplies<float>();
        amx = ct::amx::is_available();
        bfloat16_tiles = amx || (__builtin_cpu_supports("avx512bf16") && multiplies<at::BFloat16>());
#endif
    }
};

const Machine &machine() {
    static const Machine found;
    return found;
}

} // namespace

namespace ct {

Kernel product_kernel() {
    if (precision == CT_PRECISION_BFLOAT16)
        return machine().bfloat16_tiles && !library_only && !library_operators() ? Kernel::bfloat16_tiles : Kernel::rounded_blas;
    // three products of bfloat16 vectors would be slower than one in float32, which is the more accurate
    if (precision == CT_PRECISION_BFLOAT16X3 && machine().amx && !library_only && !library_operators())
        return Kernel::split_tiles;
    return machine().float_tiles && !library_only && !library_operators() ? Kernel::float_tiles : Kernel::blas;
}

bool blas_is_faster(int64_t rows, bool differentiates) { return machine().intel && (rows > 128 || differentiates); }

} // namespace ct

extern "C" {

ct_precision ct_compute_precision(void) { return precision; }

ct_precision ct_set_compute_precision(ct_precision wanted) {
    const auto before = precision;
    precision = wanted;
    return before;
}

int32_t ct_set_library_products(int32_t wanted) {
    const bool before = library_only;
    library_only = wanted != 0;
    return before ? 1 : 0;
}

const char *ct_product_kernel(ct_precision asked) {
    if (ct_default_device() == CT_CUDA) return asked == CT_PRECISION_BFLOAT16 ? "cuBLAS bfloat16, float32 results" : "cuBLAS";
    if (asked == CT_PRECISION_BFLOAT16) {
        if (!machine().bfloat16_tiles || ct::library_operators()) return "BLAS on rounded operands, no faster than float32";
        if (machine().amx) return "AMX tiles";
        return ct::avx2::is_used() ? "AVX2 on bfloat16 operands, as fast as float32" : "brgemm AVX-512 BF16";
    }
    if (asked == CT_PRECISION_BFLOAT16X3 && machine().amx && !ct::library_operators()) return "AMX tiles, three products each";
    if (!machine().float_tiles || ct::library_operators()) return "BLAS";
    if (ct::avx2::is_used()) return machine().intel ? "AVX2 for decoding and the head, BLAS for training" : "AVX2";
    return machine().intel ? "brgemm AVX-512 for decoding and the head, BLAS for training" : "brgemm AVX-512";
}

int32_t ct_loop_threads(void) { return ct::loop_threads(); }

int64_t ct_packed_bytes(void) { return ct::packed_bytes(); }

void ct_release_forward_copies(ct_tensor weight) { ct::release_forward_copies(ct::in(weight)); }

} // extern "C"
