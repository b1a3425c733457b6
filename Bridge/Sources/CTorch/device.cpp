// The device new tensors are made on, libtorch's CUDA half, and what all device-generic operators share.
#include "device.hpp"

#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>

#include <string>

#include "boundary.hpp"

namespace {

thread_local ct_device default_device = CT_CPU;
thread_local bool library_only = false;

} // namespace

namespace ct {

bool uses_library(const at::Tensor &x) { return library_only || !x.is_cpu(); }

bool library_operators() { return library_only; }

std::string torch_library(const std::string &name) {
    Dl_info half;
    // by symbol, not by a pointer to the function: that may lead to this library's own stub
    const void *inside = dlsym(RTLD_DEFAULT, "_ZN2at15set_num_threadsEi");
    if (!inside || !dladdr(inside, &half)) return name;
    const std::string path = half.dli_fname;
    return path.substr(0, path.rfind('/') + 1) + name;
}

bool load_cuda() {
    // its own dependencies are found by the paths it was built with; libtorch must not be asked before, since it keeps the answer
    static const bool is_loaded = dlopen(torch_library("libtorch_cuda.so").c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr;
    return is_loaded;
}

at::Tensor sent(const at::Tensor &host, const at::Tensor &like) {
    note_transfer("up");
    // from pinned memory a copy is queued as a kernel is; from any other the host waits until all that was queued before is done
    return like.is_cuda() ? host.pin_memory().to(like.device(), host.scalar_type(), true) : host.to(like.device());
}

at::Tensor uploaded(const int64_t *values, int64_t count, const at::Tensor &like) {
    const auto host = at::from_blob(const_cast<int64_t *>(values), {count}, at::kLong);
    if (!like.is_cpu()) return sent(host, like);
    note_transfer("up");
    return host.clone();
}

at::Tensor narrowed(const at::Tensor &x) {
    const auto narrow = x.to(at::kBFloat16);
    return x.is_cpu() ? narrow.to(at::kFloat) : narrow;
}

at::Tensor wide_product(const at::Tensor &a, const at::Tensor &b) {
    return a.scalar_type() == at::kBFloat16 ? at::mm(a, b, at::kFloat) : at::mm(a, b);
}

} // namespace ct

extern "C" {

ct_device ct_default_device(void) { return default_device; }

ct_device ct_set_default_device(ct_device wanted) {
    const auto before = default_device;
    default_device = wanted;
    return before;
}

ct_status ct_synchronize(ct_device device) {
    return ct::guarded([&] {
        // the shim uses the first device alone
        if (device == CT_CUDA) at::detail::getCUDAHooks().deviceSynchronize(0);
    });
}

int32_t ct_set_library_operators(int32_t wanted) {
    const bool before = library_only;
    library_only = wanted != 0;
    return before ? 1 : 0;
}

int32_t ct_library_operators(void) { return library_only ? 1 : 0; }

} // extern "C"
