// The sums of one tile of logits (tile_reduction.hpp) as CUDA: one block per row, each lane every blockDim.x-th token, sums joined by
// warp shuffles and then across warps. CT_KERNEL turns the text into a string for the compiler of the GPU, or, in a test, leaves it for
// the host's: no line of it may be a preprocessor directive. Whole warps only.
CT_KERNEL(
extern "C" __global__ void tile_sums(const float *z, long long stride, int count, float scale, float *out, long long out_stride) {
    __shared__ float shared[32 * 10];
    const float nothing = -__int_as_float(0x7f800000);
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
    const float *row = z + blockIdx.x * stride;

    float top = nothing;
    for (int i = threadIdx.x; i < count; i += blockDim.x) top = fmaxf(top, __fmul_rn(row[i], scale));
    for (int step = 16; step > 0; step /= 2) top = fmaxf(top, __shfl_down_sync(0xffffffffu, top, step));
    if (lane == 0) shared[warp] = top;
    __syncthreads();
    for (int i = 0; i < warps; ++i) top = i == 0 ? shared[0] : fmaxf(top, shared[i]);
    __syncthreads();

    // before the first finite logit any reference will do; -inf would turn masked logits into NaN
    const float reference = top == nothing ? 0.0f : top;
    float sums[10];
    for (int k = 0; k < 10; ++k) sums[k] = 0.0f;
    for (int i = threadIdx.x; i < count; i += blockDim.x) {
        // rounded before the subtraction: fused into it, the maximum itself would miss u = 0
        const float tempered = __fmul_rn(row[i], scale);
        const float raw = tempered - reference;
        // a masked logit weighs nothing; a NaN passes through and spoils every sum, as it must
        const float u = raw < -87.0f ? -87.0f : raw;
        const float e = tempered < reference && raw >= -87.0f ? expf(u) : 0.0f;
        const float eu = e * u, e2 = e * e, eu2 = eu * u;
        sums[0] += tempered == reference ? 1.0f : 0.0f;
        sums[1] += e;
        sums[2] += eu;
        sums[3] += eu2;
        sums[4] += e2;
        sums[5] += e * eu;
        sums[6] += eu * eu;
        sums[7] += e2 * e;
        sums[8] += e2 * eu;
        sums[9] += e2 * eu2;
    }
    for (int k = 0; k < 10; ++k)
        for (int step = 16; step > 0; step /= 2) sums[k] += __shfl_down_sync(0xffffffffu, sums[k], step);
    if (lane == 0)
        for (int k = 0; k < 10; ++k) shared[k * 32 + warp] = sums[k];
    __syncthreads();
    if (warp == 0)
        for (int k = 0; k < 10; ++k) {
            float sum = lane < warps ? shared[k * 32 + lane] : 0.0f;
            for (int step = 16; step > 0; step /= 2) sum += __shfl_down_sync(0xffffffffu, sum, step);
            if (k == 0) sums[0] = lane == 0 && sum > 0.0f ? sum - 1.0f : 0.0f;
            if (lane == 0) out[k * out_stride + blockIdx.x] = k == 0 ? top : k % 3 == 1 ? sum + sums[0] : sum;
        }
}
)
