// The process: version, threads, devices and the allocator's habits.
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <torch/csrc/api/include/torch/version.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <c10/core/Allocator.h>

#include <cstdlib>
#include <cstring>

#include "boundary.hpp"
#include "device.hpp"

namespace {

/// Memory of tensors. glibc's posix_memalign takes more than it gives and frees the rest, so that the hole that a tensor leaves never fits one of
/// the same size; plain blocks with the alignment made inside fit again.
struct ReusableMemory final : c10::Allocator {
    static constexpr size_t kAlignment = 64;

    c10::DataPtr allocate(size_t bytes) override {
        const c10::Device cpu(c10::DeviceType::CPU);
        if (bytes == 0) return {nullptr, nullptr, &release, cpu};
        auto *block = static_cast<char *>(std::malloc(bytes + kAlignment));
        TORCH_CHECK_WITH(OutOfMemoryError, block, "out of memory: a tensor of ", bytes, " bytes");
        // the block's start is stored before the data: malloc aligns to 16, so there is room for it
        char *data = block + (kAlignment - reinterpret_cast<uintptr_t>(block) % kAlignment);
        std::memcpy(data - sizeof(block), &block, sizeof(block));
        return {data, data, &release, cpu};
    }

    static void release(void *data) {
        if (!data) return;
        char *block;
        std::memcpy(&block, static_cast<char *>(data) - sizeof(block), sizeof(block));
        std::free(block);
    }

    c10::DeleterFnPtr raw_deleter() const override { return &release; }
    void copy_data(void *to, const void *from, size_t bytes) const override { default_copy_data(to, from, bytes); }
};

} // namespace

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
    static ReusableMemory memory;
    c10::SetAllocator(c10::DeviceType::CPU, &memory, 1);
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
