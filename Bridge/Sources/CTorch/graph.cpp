// Graphs of a device's work: what a piece of the program launches is captured once and launched again as a whole.
//
// libtorch has them for any device from 2.13 on, in its CPU half, for which the CUDA half registers itself. A capture runs on a stream
// of its own and computes nothing.
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <memory>

#include "boundary.hpp"
#include "device.hpp"

#if __has_include(<ATen/accelerator/Graph.h>)
#include <ATen/accelerator/Graph.h>
#define CT_HAS_GRAPHS 1
#else
#define CT_HAS_GRAPHS 0
#endif

#if CT_HAS_GRAPHS

struct ct_graph_box {
    at::accelerator::Graph graph;
};

static bool is_known() { return at::has_graph_impl(at::kCUDA); }

void *ct::current_stream(at::Device device) { return c10::impl::VirtualGuardImpl(device.type()).getStream(device).native_handle(); }

#else

struct ct_graph_box {};

static bool is_known() { return false; }

// stream 0 is libtorch's own unless a program chooses another one, which this shim does for captures alone
void *ct::current_stream(at::Device) { return nullptr; }

#endif

namespace {

/// The stream that captures run on; the shim uses the first device alone.
c10::Stream capture_stream() {
    static const c10::Stream stream = c10::impl::VirtualGuardImpl(at::kCUDA).getStreamFromGlobalPool(at::Device(at::kCUDA, 0));
    return stream;
}

void wait() { TORCH_CHECK(ct_synchronize(CT_CUDA) == CT_OK, ct_last_message()); }

} // namespace

extern "C" {

int32_t ct_can_capture(void) { return ct_cuda_devices() > 0 && is_known() ? 1 : 0; }

const char *ct_graph_support(ct_device device) {
    if (!CT_HAS_GRAPHS) return "operator by operator: libtorch before 2.13 has no graphs";
    if (device == CT_CPU) return "operator by operator";
    if (ct_cuda_devices() <= 0) return "none: no CUDA device";
    return is_known() ? "as graphs where asked for, else operator by operator" : "operator by operator: this libtorch has no CUDA graphs";
}

ct_status ct_on_graph_stream(void (*body)(void *), void *context) {
    return ct::guarded([&] {
        TORCH_CHECK_NOT_IMPLEMENTED(ct_can_capture(), ct_graph_support(CT_CUDA));
        wait();
        {
            const c10::StreamGuard guard(capture_stream());
            body(context);
        }
        wait();
    });
}

ct_status ct_graph_capture(ct_graph beside, int32_t (*body)(void *), void *context, ct_graph *out) {
    return ct::guarded([&] {
        TORCH_CHECK_NOT_IMPLEMENTED(ct_can_capture(), ct_graph_support(CT_CUDA));
#if CT_HAS_GRAPHS
        auto made = std::make_unique<ct_graph_box>();
        wait();
        const c10::StreamGuard guard(capture_stream());
        made->graph.capture_begin(beside ? beside->graph.pool() : c10::MempoolId_t{0, 0});
        const bool is_whole = body(context) != 0;
        made->graph.capture_end();
        TORCH_CHECK(is_whole, "an operator failed while it was captured");
        *out = made.release();
#else
        static_cast<void>(beside), static_cast<void>(body), static_cast<void>(context), static_cast<void>(out);
#endif
    });
}

ct_status ct_graph_replay(ct_graph graph) {
    return ct::guarded([&] {
        TORCH_CHECK(graph != nullptr, "a missing graph was to be replayed");
#if CT_HAS_GRAPHS
        graph->graph.replay();
#endif
    });
}

void ct_graph_free(ct_graph graph) { delete graph; }

} // extern "C"
