// A stand-in on the CPU for a graph of a device's work: the operators that a piece of work calls, kept with what they were given and
// called again, so that a replay sees the host's numbers as they were and the tensors' as they are. For tests.

// libtorch is built so (recording.cpp)
#ifndef NDEBUG
#define NDEBUG
#endif
#include <torch/library.h>

#include <memory>
#include <vector>

#include "boundary.hpp"

namespace {

struct Call {
    c10::OperatorHandle operation;
    std::vector<c10::IValue> inputs, outputs;
};

/// Every tensor in a value.
template <class Visit> void visit_tensors(const c10::IValue &value, Visit &&visit) {
    if (value.isTensor() && value.toTensor().defined()) visit(value.toTensor());
    if (value.isTensorList())
        for (const at::Tensor &tensor : value.toTensorVector()) visit(tensor);
    if (value.isOptionalTensorList())
        for (const std::optional<at::Tensor> &tensor : value.toOptionalTensorVector())
            if (tensor) visit(*tensor);
}

thread_local std::vector<Call> *running_tape = nullptr;

constexpr auto kMode = c10::DispatchKey::TESTING_ONLY_GenericMode;

void keep(const c10::OperatorHandle &operation, torch::jit::Stack *stack) {
    // what an operator calls is part of it
    const c10::impl::ExcludeDispatchKeyGuard inside(kMode);
    const size_t given = operation.schema().arguments().size(), made = operation.schema().returns().size();
    std::vector<c10::IValue> inputs(stack->end() - static_cast<std::ptrdiff_t>(given), stack->end());
    operation.callBoxed(stack);
    if (running_tape)
        running_tape->push_back({operation, std::move(inputs), {stack->end() - static_cast<std::ptrdiff_t>(made), stack->end()}});
}

void register_mode() {
    // never destroyed: that would take the fallback away again
    static torch::Library *const fallback = [] {
        auto library = std::make_unique<torch::Library>(torch::Library::IMPL, "_", kMode, __FILE__, __LINE__);
        library->fallback(torch::CppFunction::makeFromBoxedFunction<&keep>());
        return library.release();
    }();
    static_cast<void>(fallback);
}

/// Calls an operator again, and puts what it makes where it put it first. A result that shares memory with an operand is there already.
void again(const Call &call) {
    torch::jit::Stack stack(call.inputs);
    call.operation.callBoxed(stack);
    for (size_t i = 0; i < stack.size(); ++i) {
        std::vector<at::Tensor> before, now;
        visit_tensors(call.outputs[i], [&](const at::Tensor &tensor) { before.push_back(tensor); });
        visit_tensors(stack[i], [&](const at::Tensor &tensor) { now.push_back(tensor); });
        TORCH_CHECK(before.size() == now.size(), call.operation.schema().name(), " made ", now.size(), " tensors where it had made ", before.size());
        for (size_t j = 0; j < before.size(); ++j) {
            bool is_shared = false;
            for (const auto &input : call.inputs)
                visit_tensors(input, [&](const at::Tensor &tensor) { is_shared = is_shared || tensor.is_alias_of(before[j]); });
            if (is_shared) continue;
            TORCH_CHECK(
                before[j].sizes() == now[j].sizes() && before[j].scalar_type() == now[j].scalar_type(), call.operation.schema().name(), " made ",
                now[j].sizes(), " where it had made ", before[j].sizes());
            before[j].copy_(now[j]);
        }
    }
}

} // namespace

struct ct_tape_box {
    std::vector<Call> calls;
};

extern "C" {

ct_status ct_tape_record(void (*body)(void *), void *context, ct_tape *out) {
    return ct::guarded([&] {
        TORCH_CHECK(!running_tape, "operators are being kept already");
        register_mode();
        auto made = std::make_unique<ct_tape_box>();
        running_tape = &made->calls;
        {
            const c10::impl::IncludeDispatchKeyGuard mode(kMode);
            body(context);
        }
        running_tape = nullptr;
        *out = made.release();
    });
}

ct_status ct_tape_replay(ct_tape tape) {
    return ct::guarded([&] {
        TORCH_CHECK(tape != nullptr, "a missing tape was to be replayed");
        const c10::NoGradGuard guard;
        for (const auto &call : tape->calls) again(call);
    });
}

void ct_tape_free(ct_tape tape) { delete tape; }

} // extern "C"
