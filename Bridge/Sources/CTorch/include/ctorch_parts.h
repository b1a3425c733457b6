// Work in parts, each on one thread (part of the contract of ctorch.h).
#pragma once

#include "ctorch.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Calls body(context, part) once for every part in 0..<parts, on libtorch's threads, and returns when all have ended.
/// Operators within a part run on its thread alone, at the caller's precision, kernels and grad mode.
void ct_run_parts(int64_t parts, void (*body)(void *context, int64_t part), void *context);

#ifdef __cplusplus
}
#endif
