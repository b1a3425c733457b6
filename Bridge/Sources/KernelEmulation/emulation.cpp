// Lanes as coroutines: each runs until it meets the others, in a shuffle or at a barrier, and goes on when they have come as far.
#include "kernel_emulation.h"

#include <math.h>
#include <string.h>
#include <ucontext.h>

#include <mutex>
#include <vector>

namespace {

struct Index {
    unsigned x = 0;
};

Index threadIdx, blockIdx, blockDim;

constexpr size_t kStack = 32768;

struct Lane {
    ucontext_t context;
    std::vector<char> stack = std::vector<char>(kStack);
    bool is_done = false;
    /// What it brought to its last two shuffles: a lane may be one shuffle ahead of its neighbours, not two.
    float brought[2] = {};
    unsigned shuffles = 0;
};

std::vector<Lane> lanes;
ucontext_t scheduler;
unsigned waiting = 0, generation = 0;

/// Lets every other lane run up to its next meeting.
void pass() {
    const unsigned self = threadIdx.x;
    swapcontext(&lanes[self].context, &scheduler);
    threadIdx.x = self;
}

/// The value of the lane `offset` above in the same warp; one's own where there is none.
float __shfl_down_sync(unsigned, float value, int offset) {
    const unsigned self = threadIdx.x, other = self + static_cast<unsigned>(offset);
    const unsigned turn = lanes[self].shuffles++ % 2;
    lanes[self].brought[turn] = value;
    pass();
    return other / 32 == self / 32 ? lanes[other].brought[turn] : value;
}

void __syncthreads() {
    const unsigned mine = generation;
    if (++waiting == blockDim.x) {
        waiting = 0;
        ++generation;
    }
    while (generation == mine) pass();
}

float __fmul_rn(float a, float b) { return a * b; }

float __int_as_float(int bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

struct Arguments {
    const float *z;
    long long stride;
    int count;
    float scale;
    float *out;
    long long out_stride;
} arguments;

} // namespace

#define __global__
#define __shared__ static
#define CT_KERNEL(...) __VA_ARGS__
#include "../CTorch/tile_reduction_kernel.hpp"

namespace {

void run_lane() {
    const auto &a = arguments;
    tile_sums(a.z, a.stride, a.count, a.scale, a.out, a.out_stride);
    lanes[threadIdx.x].is_done = true;
}

bool prepare(Lane &lane) {
    if (getcontext(&lane.context) != 0) return false;
    lane.context.uc_stack.ss_sp = lane.stack.data();
    lane.context.uc_stack.ss_size = lane.stack.size();
    lane.context.uc_link = &scheduler;
    makecontext(&lane.context, run_lane, 0);
    return true;
}

} // namespace

extern "C" int32_t emulate_tile_sums(
    const float *z, int64_t rows, int64_t stride, int32_t count, float scale, int32_t threads, float *out) {
    // the lanes share variables, as one GPU would
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    arguments = {z, stride, count, scale, out, rows};
    blockDim.x = static_cast<unsigned>(threads);
    for (blockIdx.x = 0; blockIdx.x < rows; ++blockIdx.x) {
        lanes = std::vector<Lane>(blockDim.x);
        waiting = 0;
        for (auto &lane : lanes)
            if (!prepare(lane)) return 0;
        for (bool is_running = true; is_running;) {
            is_running = false;
            for (unsigned index = 0; index < blockDim.x; ++index) {
                if (lanes[index].is_done) continue;
                threadIdx.x = index;
                if (swapcontext(&scheduler, &lanes[index].context) != 0) return 0;
                is_running = true;
            }
        }
    }
    return 1;
}
