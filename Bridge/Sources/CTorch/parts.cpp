// Independent parts of a computation, each through all its operators on one thread.
//
// A decoding step of a small model is a hundred small operators; threads that meet at each of them spend more time waking up than
// computing. A part's operators find themselves in a parallel region and stay on its thread.
#include "ctorch.h"

#include <c10/core/GradMode.h>

#include "parallel.hpp"

extern "C" void ct_run_parts(int64_t parts, void (*body)(void *, int64_t), void *context) {
    const auto precision = ct_compute_precision();
    const auto library_products = ct_set_library_products(0);
    ct_set_library_products(library_products);
    const auto library_operators = ct_library_operators();
    const bool differentiates = c10::GradMode::is_enabled();
    ct::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
        const c10::AutoGradMode mode(differentiates);
        const auto precision_before = ct_set_compute_precision(precision);
        const auto products_before = ct_set_library_products(library_products);
        const auto operators_before = ct_set_library_operators(library_operators);
        for (int64_t part = begin; part < end; ++part) body(context, part);
        ct_set_library_operators(operators_before);
        ct_set_library_products(products_before);
        ct_set_compute_precision(precision_before);
    });
}
