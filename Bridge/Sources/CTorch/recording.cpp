// The operators that a thread hands to libtorch's dispatcher, with the shapes they are given, and what passes between host and device
// between them, written down: for tests.

// libtorch is built so: without it the header gives the recorded function a member, and a check of it, that libtorch's own has not
#ifndef NDEBUG
#define NDEBUG
#endif
#include <ATen/record_function.h>

#include <optional>
#include <string>

#include "boundary.hpp"
#include "device.hpp"

namespace {

struct Recording {
    std::optional<at::CallbackHandle> handle;
    std::string lines;
};

thread_local Recording recording;

void write(const at::Tensor &tensor) {
    if (!tensor.defined()) return;
    recording.lines += ' ';
    recording.lines += c10::DeviceTypeName(tensor.device().type(), true);
    for (const auto size : tensor.sizes()) recording.lines += 'x' + std::to_string(size);
}

std::unique_ptr<at::ObserverContext> entered(const at::RecordFunction &function) {
    recording.lines += function.name();
    for (const auto &input : function.inputs()) {
        if (input.isTensor()) write(input.toTensor());
        if (input.isTensorList())
            for (const at::Tensor &tensor : input.toTensorVector()) write(tensor);
    }
    recording.lines += '\n';
    return nullptr;
}

} // namespace

void ct::note_transfer(const char *direction) {
    if (recording.handle) recording.lines += std::string("maxwell::") + direction + '\n';
}

extern "C" {

ct_status ct_record_operators(int32_t wanted) {
    return ct::guarded([&] {
        if (recording.handle) at::removeCallback(*recording.handle);
        recording.handle.reset();
        if (!wanted) return;
        recording.lines.clear();
        recording.handle = at::addThreadLocalCallback(
            at::RecordFunctionCallback(entered).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
    });
}

const char *ct_recorded_operators(void) { return recording.lines.c_str(); }

} // extern "C"
