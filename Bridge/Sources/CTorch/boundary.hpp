// The one place where C++ exceptions end: every fallible function of the contract runs its body through guarded().
#pragma once

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <new>
#include <string>

#include "ctorch.h"

struct ct_tensor_box {
    at::Tensor value;
};

namespace ct {

/// The message of the last failure on this thread.
inline std::string &last_message() {
    thread_local std::string message;
    return message;
}

inline ct_status fail(ct_status status, const char *what) {
    std::string text = what;
    // libtorch appends a native backtrace after the sentence; the sentence is what a reader needs
    const auto end = text.find("\nException raised from");
    last_message() = end == std::string::npos ? text : text.substr(0, end);
    return status;
}

/// Runs `body`, turning whatever it throws into a status. Nowhere else in the bridge does an exception end.
template <class Body> ct_status guarded(Body &&body) noexcept {
    try {
        body();
        return CT_OK;
    } catch (const c10::OutOfMemoryError &error) {
        return fail(CT_MEMORY, error.what_without_backtrace());
    } catch (const c10::NotImplementedError &error) {
        return fail(CT_UNSUPPORTED, error.what_without_backtrace());
    } catch (const c10::Error &error) {
        return fail(CT_INVALID, error.what_without_backtrace());
    } catch (const std::bad_alloc &) {
        return fail(CT_MEMORY, "out of memory");
    } catch (const std::exception &error) {
        return fail(CT_INTERNAL, error.what());
    } catch (...) {
        return fail(CT_INTERNAL, "unknown C++ exception");
    }
}

inline const at::Tensor &in(ct_tensor tensor) {
    TORCH_CHECK(tensor != nullptr, "a missing tensor was passed to libtorch");
    return tensor->value;
}

inline void give(ct_tensor *out, at::Tensor value) { *out = new ct_tensor_box{std::move(value)}; }

/// Runs a body that makes one tensor.
template <class Body> ct_status making(ct_tensor *out, Body &&body) noexcept {
    return guarded([&] { give(out, body()); });
}

} // namespace ct
