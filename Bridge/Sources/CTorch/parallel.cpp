// Parallel loops through the entry points that compilers call for OpenMP, found in the runtime that libtorch loaded.
#include "parallel.hpp"

#include <ATen/Parallel.h>
#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <exception>

namespace ct {

namespace {

/// GNU's interface; LLVM's runtime offers it too.
struct OpenMP {
    using Region = void (*)(void *);
    void (*parallel)(Region, void *, unsigned threads, unsigned flags) = find<decltype(parallel)>("GOMP_parallel");
    int (*thread)() = find<decltype(thread)>("omp_get_thread_num");
    int (*threads)() = find<decltype(threads)>("omp_get_num_threads");

    template <class Function> static Function find(const char *name) { return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name)); }
    bool is_found() const { return parallel && thread && threads; }
};

const OpenMP &openmp() {
    static const OpenMP found;
    return found;
}

struct Loop {
    int64_t begin, end, grain;
    void (*body)(void *, int64_t, int64_t);
    void *context;
    std::atomic_flag has_failed = ATOMIC_FLAG_INIT;
    std::exception_ptr failure;

    void run(int64_t thread, int64_t threads) {
        const int64_t shares = std::max<int64_t>(1, std::min(threads, (end - begin + grain - 1) / grain));
        const int64_t share = (end - begin + shares - 1) / shares, from = begin + thread * share;
        if (from >= end) return;
        const at::internal::ThreadIdGuard number(static_cast<int>(thread));
        const c10::ParallelGuard guard(true);
        // an exception may not leave a thread of the pool: it is carried to the caller's
        try {
            body(context, from, std::min(end, from + share));
        } catch (...) {
            if (!has_failed.test_and_set()) failure = std::current_exception();
        }
    }
};

} // namespace

int32_t loop_threads() { return openmp().is_found() ? at::get_num_threads() : 1; }

void run_in_parallel(int64_t begin, int64_t end, int64_t grain, void (*body)(void *, int64_t, int64_t), void *context) {
    if (begin >= end) return;
    Loop loop{begin, end, std::max<int64_t>(1, grain), body, context, {}, {}};
    if (end - begin <= loop.grain || loop_threads() == 1 || at::in_parallel_region()) {
        loop.run(0, 1);
    } else {
        openmp().parallel(
            [](void *data) { static_cast<Loop *>(data)->run(openmp().thread(), openmp().threads()); }, &loop, 0, 0);
    }
    if (loop.failure) std::rethrow_exception(loop.failure);
}

} // namespace ct
