// The process: version, threads, devices and the allocator's habits.
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <torch/csrc/api/include/torch/version.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "boundary.hpp"
#include "device.hpp"

extern "C" {

const char *ct_last_message(void) { return ct::last_message().c_str(); }

const char *ct_version(void) { return TORCH_VERSION; }

const char *ct_vector_capability(void) {
    static const std::string capability = at::get_cpu_capability();
    return capability.c_str();
}

void ct_initialize(void) {
    ct::load_cuda();
#if defined(__GLIBC__)
    // blocks of up to 1 GiB come from the heap and stay there: fresh mmaps fault page by page at every temporary
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, -1);
    mallopt(M_TOP_PAD, 64 << 20);
#endif
}

ct_status ct_set_threads(int32_t count) {
    return ct::guarded([&] { at::set_num_threads(count); });
}

int32_t ct_threads(void) { return at::get_num_threads(); }

int32_t ct_cuda_devices(void) {
    if (!ct::load_cuda()) return -1;
    int32_t count = 0;
    // without a driver the query throws; that means none
    ct::guarded([&] { count = at::hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0; });
    return count;
}

} // extern "C"
