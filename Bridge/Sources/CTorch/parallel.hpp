// Parallel loops of this shim, on libtorch's own threads.
//
// at::parallel_for is a template: it is parallel only in sources compiled for OpenMP, and clang would bring a second OpenMP runtime
// beside the one libtorch loads. This loop enters that one by its binary interface instead.
#pragma once

#include <cstdint>
#include <type_traits>

namespace ct {

/// Calls body(context, begin, end) on consecutive ranges that cover [begin, end), one per thread, none shorter than `grain` but the
/// last; the ranges depend on the numbers and the thread count alone. Within a parallel region there is one range.
void run_in_parallel(int64_t begin, int64_t end, int64_t grain, void (*body)(void *, int64_t, int64_t), void *context);

/// Threads that a loop may use; 1 where no OpenMP runtime was found.
int32_t loop_threads();

template <class Body> void parallel_for(int64_t begin, int64_t end, int64_t grain, Body &&body) {
    using Plain = std::remove_reference_t<Body>;
    run_in_parallel(
        begin, end, grain, [](void *context, int64_t from, int64_t to) { (*static_cast<Plain *>(context))(from, to); },
        const_cast<std::remove_const_t<Plain> *>(&body));
}

} // namespace ct
