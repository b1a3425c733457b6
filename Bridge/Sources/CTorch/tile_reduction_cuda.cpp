// The fused reduction on a GPU: its source is compiled when it is first needed, by the compiler that the CUDA libtorch brings along.
//
// NVRTC and the driver are found by name, so that the shim is built without CUDA's headers. The declarations below are those of
// nvrtc.h and cuda.h as far as they are used; both interfaces are stable.
#include <dlfcn.h>

#include <mutex>
#include <string>
#include <vector>

#include "boundary.hpp"
#include "device.hpp"
#include "tile_reduction.hpp"

#define CT_KERNEL(...) #__VA_ARGS__
static const char *const kSource =
#include "tile_reduction_kernel.hpp"
    ;
#undef CT_KERNEL

namespace {

constexpr unsigned kThreads = 256;

/// Functions by name from the first library that opens.
class Library {
public:
    explicit Library(const std::vector<std::string> &names) {
        for (const auto &name : names)
            if (!handle_) handle_ = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    }
    template <class Function> void find(Function &function, const char *name) {
        function = handle_ ? reinterpret_cast<Function>(dlsym(handle_, name)) : nullptr;
        is_complete_ = is_complete_ && function;
    }
    bool is_complete() const { return handle_ && is_complete_; }

private:
    void *handle_ = nullptr;
    bool is_complete_ = true;
};

struct Compiler {
    using Program = struct OpaqueProgram *;
    int (*create)(Program *, const char *source, const char *name, int, const char *const *, const char *const *);
    int (*compile)(Program, int count, const char *const *options);
    int (*code_size)(Program, size_t *);
    int (*code)(Program, char *);
    int (*log_size)(Program, size_t *);
    int (*log)(Program, char *);
    int (*destroy)(Program *);
    bool is_found;

    Compiler() {
        // libtorch's own stub library is linked with the right one, wherever that lies
        Library library({ct::torch_library("libcaffe2_nvrtc.so"), "libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"});
        library.find(create, "nvrtcCreateProgram");
        library.find(compile, "nvrtcCompileProgram");
        library.find(code_size, "nvrtcGetCUBINSize");
        library.find(code, "nvrtcGetCUBIN");
        library.find(log_size, "nvrtcGetProgramLogSize");
        library.find(log, "nvrtcGetProgramLog");
        library.find(destroy, "nvrtcDestroyProgram");
        is_found = library.is_complete();
    }

    /// Machine code of the kernel for an architecture such as "sm_90", or the compiler's complaint in `complaint`. Not PTX: a driver
    /// older than the compiler would refuse to read it.
    std::string compiled(const std::string &architecture, std::string &complaint) const {
        Program program = nullptr;
        const std::string option = "--gpu-architecture=" + architecture;
        const char *options[] = {option.c_str()};
        std::string result;
        size_t size = 0;
        if (create(&program, kSource, "tile_reduction.cu", 0, nullptr, nullptr) != 0) {
            complaint = "NVRTC made no program";
            return result;
        }
        if (compile(program, 1, options) == 0) {
            if (code_size(program, &size) == 0) {
                result.resize(size);
                if (code(program, result.data()) != 0) result.clear();
            }
            if (result.empty()) complaint = "NVRTC returned no code";
        } else if (log_size(program, &size) == 0) {
            complaint.resize(size);
            log(program, complaint.data());
            complaint = "NVRTC refused the kernel: " + complaint.substr(0, complaint.find('\0'));
        }
        destroy(&program);
        return result;
    }
};

struct Driver {
    using Module = struct OpaqueModule *;
    using Function = struct OpaqueFunction *;
    int (*current_device)(int *);
    int (*attribute)(int *, int which, int device);
    int (*load)(Module *, const void *image);
    int (*function)(Function *, Module, const char *name);
    int (*launch)(
        Function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned shared, void *stream, void **arguments, void **extra);
    bool is_found;

    Driver() {
        Library library({"libcuda.so.1", "libcuda.so"});
        library.find(current_device, "cuCtxGetDevice");
        library.find(attribute, "cuDeviceGetAttribute");
        library.find(load, "cuModuleLoadData");
        library.find(function, "cuModuleGetFunction");
        library.find(launch, "cuLaunchKernel");
        is_found = library.is_complete();
    }
};

/// The kernel of the process's GPU, or why there is none. Made when a tensor on it has made its context current.
struct Kernel {
    Driver driver;
    Driver::Function function = nullptr;
    std::string words = "libtorch's operators: ";

    Kernel() {
        const Compiler compiler;
        int device = 0, major = 0, minor = 0;
        if (!compiler.is_found || !driver.is_found) {
            words += compiler.is_found ? "the driver was not found" : "NVRTC was not found";
            return;
        }
        // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR
        if (driver.current_device(&device) != 0 || driver.attribute(&major, 75, device) != 0 || driver.attribute(&minor, 76, device) != 0) {
            words += "no device is current";
            return;
        }
        std::string complaint;
        const auto code = compiler.compiled("sm_" + std::to_string(10 * major + minor), complaint);
        Driver::Module module = nullptr;
        if (code.empty()) {
            words += complaint;
        } else if (driver.load(&module, code.data()) != 0 || driver.function(&function, module, "tile_sums") != 0) {
            words += "the driver refused the compiled kernel";
            function = nullptr;
        } else {
            words = "fused kernel, compiled by NVRTC";
        }
    }
};

const Kernel &kernel() {
    // never destroyed: the driver may be gone before
    static const Kernel *const made = new Kernel;
    return *made;
}

} // namespace

bool ct::reduce_tile_fused(const at::Tensor &z, double scale, const at::Tensor &out) {
    if (!z.is_cuda() || z.scalar_type() != at::kFloat || out.scalar_type() != at::kFloat || z.numel() == 0) return false;
    if (z.stride(1) != 1 || out.stride(1) != 1 || !kernel().function) return false;
    const float *logits = z.const_data_ptr<float>();
    float *sums = out.mutable_data_ptr<float>(), factor = static_cast<float>(scale);
    long long stride = z.stride(0), out_stride = out.stride(0);
    int count = static_cast<int>(z.size(1));
    void *arguments[] = {&logits, &stride, &count, &factor, &sums, &out_stride};
    const int status = kernel().driver.launch(
        kernel().function, static_cast<unsigned>(z.size(0)), 1, 1, kThreads, 1, 1, 0, current_stream(z.device()), arguments, nullptr);
    TORCH_CHECK(status == 0, "the fused reduction kernel could not be launched (CUDA error ", status, ")");
    return true;
}

extern "C" const char *ct_reduction_kernel(ct_device device) {
    static std::string words;
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    if (device == CT_CPU) return ct::library_operators() ? "libtorch's operators" : "fused pass";
    words = "none: no CUDA device";
    if (ct_cuda_devices() > 0)
        ct::guarded([&] {
            // the first tensor on the GPU makes its context current
            const auto first = at::empty({1}, at::TensorOptions().device(at::kCUDA));
            words = kernel().words;
        });
    return words.c_str();
}

extern "C" ct_status ct_compile_reduction(const char *architecture, int64_t *bytes) {
    return ct::guarded([&] {
        const Compiler compiler;
        TORCH_CHECK_NOT_IMPLEMENTED(compiler.is_found, "NVRTC was not found");
        std::string complaint;
        const auto code = compiler.compiled(architecture, complaint);
        TORCH_CHECK(!code.empty(), complaint);
        *bytes = static_cast<int64_t>(code.size());
    });
}
