// The contract between Swift and libtorch: opaque handles, status codes, no exception crosses it.
//
// Rules that hold for every function below unless it says otherwise:
//  - It returns CT_OK and fills its out-parameters, or another status and leaves them untouched; ct_last_message() then
//    holds the reason on this thread until the next failing call on this thread.
//  - A ct_tensor received through an out-parameter belongs to the caller, who ends it with ct_tensor_free (NULL is allowed).
//    Handles passed in stay the caller's.
//  - Shapes are pointer + count. Pointers passed in are read during the call only.
//  - Operations record gradients while grad mode is on (per thread), except where marked "no gradient".
//  - CT_INVALID: libtorch refused the arguments (shape, dtype, index). CT_MEMORY: out of memory. CT_UNSUPPORTED: not
//    available on this device or build. CT_INTERNAL: anything else. Every function may return any of them.
#ifndef CTORCH_H
#define CTORCH_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ct_tensor_box *ct_tensor;

typedef enum { CT_OK = 0, CT_INVALID = 1, CT_MEMORY = 2, CT_UNSUPPORTED = 3, CT_INTERNAL = 4 } ct_status;
typedef enum { CT_FLOAT32 = 0, CT_BFLOAT16 = 1, CT_FLOAT16 = 2, CT_FLOAT64 = 3, CT_INT32 = 4, CT_INT64 = 5, CT_BOOL = 6 } ct_dtype;
typedef enum { CT_CPU = 0, CT_CUDA = 1 } ct_device;

/// Message of the last failure on this thread; "" before any. Valid until the next failure on this thread.
const char *ct_last_message(void);

// ---- the process (process.cpp) ----

/// libtorch's version of the headers this shim was compiled with, e.g. "2.13.0". Static storage.
const char *ct_version(void);
/// Vector capability libtorch dispatches to, e.g. "AVX512". Static storage.
const char *ct_vector_capability(void);
/// Call once before anything else: keeps freed blocks in the process (large temporaries otherwise cost page faults).
void ct_initialize(void);
ct_status ct_set_threads(int32_t count);
int32_t ct_threads(void);
/// Number of CUDA devices libtorch can use; -1 when it was built without CUDA.
int32_t ct_cuda_devices(void);
/// The device this thread makes tensors on unless told otherwise, like grad mode; the CPU until set.
ct_device ct_default_device(void);
/// Sets it and returns what it was.
ct_device ct_set_default_device(ct_device device);
/// Waits until a device has done what it was given.
ct_status ct_synchronize(ct_device device);

// ---- the precision of matrix products (compute.cpp) ----

/// What the operands of a product of a linear layer or of the policy head are rounded to. Weights, activations, results and the
/// accumulation are float32 in both.
/// BFLOAT16X3 splits operands into two bfloat16 parts, 17 significant bits, and leaves out the product of the small ones (1904.06376);
/// where that is not faster it is FLOAT32.
typedef enum { CT_PRECISION_FLOAT32 = 0, CT_PRECISION_BFLOAT16 = 1, CT_PRECISION_BFLOAT16X3 = 2 } ct_precision;

/// Of this thread, like grad mode; float32 until set. A backward pass uses the precision of its forward.
ct_precision ct_compute_precision(void);
/// Sets the precision of this thread and returns what it was.
ct_precision ct_set_compute_precision(ct_precision precision);
/// The kernel this machine computes products of a precision with, in words. Static storage.
const char *ct_product_kernel(ct_precision precision);
/// Threads the kernels of this shim use: ct_threads(), or 1 where no OpenMP runtime was found for them.
int32_t ct_loop_threads(void);
/// For tests and comparisons: 1 makes products of this thread take libtorch's BLAS whatever the machine has. Returns what it was.
int32_t ct_set_library_products(int32_t enabled);
/// For tests: 1 makes every operator of this thread the composition of libtorch's that other devices than the CPU take
/// (device.hpp). Returns what it was.
int32_t ct_set_library_operators(int32_t enabled);
int32_t ct_library_operators(void);
/// For tests: 1 starts to write down every operator that this thread hands to libtorch's dispatcher, 0 ends it (recording.cpp).
ct_status ct_record_operators(int32_t wanted);
/// A line each: the name, then device and shape of each tensor given to it, as in "aten::mm cpux2x3 cpux3x4"; "maxwell::up" and
/// "maxwell::down" where this shim hands a tensor's elements from or to the host. Valid until the next.
const char *ct_recorded_operators(void);
/// How tiles of the policy head's logits are reduced on a device, in words. Valid until the next call.
const char *ct_reduction_kernel(ct_device device);
/// For tests: compiles the fused reduction for an architecture such as "sm_90"; needs NVRTC, but no GPU. Bytes of machine code.
ct_status ct_compile_reduction(const char *architecture, int64_t *bytes);
/// Bytes held in packed copies of weights.
int64_t ct_packed_bytes(void);
/// Frees the copies that only forward passes read of a weight; the next one packs it again.
void ct_release_forward_copies(ct_tensor weight);

// ---- tensors (tensor.cpp) ----

void ct_tensor_free(ct_tensor tensor);
ct_status ct_empty(const int64_t *shape, int32_t rank, ct_dtype dtype, ct_device device, ct_tensor *out);
ct_status ct_zeros(const int64_t *shape, int32_t rank, ct_dtype dtype, ct_device device, ct_tensor *out);
/// Copies `bytes` bytes, which must equal the size of the shape, from host memory.
ct_status ct_from_bytes(const void *data, int64_t bytes, const int64_t *shape, int32_t rank, ct_dtype dtype, ct_device device, ct_tensor *out);
/// Copies the elements, made contiguous and moved to the host, into `data`; `bytes` must equal their size.
ct_status ct_copy_bytes(ct_tensor tensor, void *data, int64_t bytes);
int32_t ct_rank(ct_tensor tensor);
int64_t ct_size(ct_tensor tensor, int32_t axis);
int64_t ct_count(ct_tensor tensor);
/// For tests: the address of the first element; NULL for a missing tensor.
const void *ct_address(ct_tensor tensor);
/// CT_OK also for dtypes this contract does not name: those fail with CT_UNSUPPORTED.
ct_status ct_dtype_of(ct_tensor tensor, ct_dtype *out);
ct_device ct_device_of(ct_tensor tensor);

ct_status ct_to_dtype(ct_tensor tensor, ct_dtype dtype, ct_tensor *out);
ct_status ct_clone(ct_tensor tensor, ct_tensor *out);
ct_status ct_reshape(ct_tensor tensor, const int64_t *shape, int32_t rank, ct_tensor *out);
ct_status ct_transpose(ct_tensor tensor, int32_t first, int32_t second, ct_tensor *out);
/// View of `tensor[start ..< end]` along an axis.
ct_status ct_slice(ct_tensor tensor, int32_t axis, int64_t start, int64_t end, ct_tensor *out);
/// Rows of axis 0 named by int64 `index` [M].
ct_status ct_index_rows(ct_tensor tensor, ct_tensor index, ct_tensor *out);
/// destination <- source, in place, no gradient.
ct_status ct_copy(ct_tensor destination, ct_tensor source);
ct_status ct_add(ct_tensor a, ct_tensor b, ct_tensor *out);
ct_status ct_subtract(ct_tensor a, ct_tensor b, ct_tensor *out);
ct_status ct_multiply(ct_tensor a, ct_tensor b, ct_tensor *out);
ct_status ct_scale(ct_tensor a, double factor, ct_tensor *out);
/// a + amount, elementwise.
ct_status ct_shift(ct_tensor a, double amount, ct_tensor *out);
ct_status ct_sum(ct_tensor a, ct_tensor *out);
ct_status ct_exp(ct_tensor a, ct_tensor *out);
ct_status ct_matmul(ct_tensor a, ct_tensor b, ct_tensor *out);

// ---- gradients (autograd.cpp) ----

/// Sets grad mode of this thread and returns what it was.
int32_t ct_set_grad_enabled(int32_t enabled);
ct_status ct_require_grad(ct_tensor tensor, int32_t required);
ct_status ct_detach(ct_tensor tensor, ct_tensor *out);
/// grads[i] <- d(sum_j output_j . output_gradient_j)/d(input_i), detached; NULL where an output does not depend on the input.
/// `retain_graph` keeps the graph for another call.
ct_status ct_gradients(
    const ct_tensor *outputs, const ct_tensor *output_gradients, int32_t output_count, const ct_tensor *inputs,
    int32_t input_count, int32_t retain_graph, ct_tensor *grads);

// ---- transformer layers (layers.cpp) ----

/// x [.., I], weight [O, I], bias [O] or NULL -> [.., O].
ct_status ct_linear(ct_tensor x, ct_tensor weight, ct_tensor bias, ct_tensor *out);
/// Three linear layers of one x [N, I]: weights [O_i, I], biases [O_i] or NULL -> outs [N, O_i].
ct_status ct_projections(ct_tensor x, const ct_tensor weights[3], const ct_tensor biases[3], ct_tensor outs[3]);
/// weight [V, D], ids int64 [..] -> [.., D].
ct_status ct_embedding(ct_tensor weight, ct_tensor ids, ct_tensor *out);
/// accumulator [V, D] <- accumulator + row i of rows [N, D] at row ids[i], in place and in the order of i (float32).
ct_status ct_accumulate_rows(ct_tensor accumulator, ct_tensor ids, ct_tensor rows);
/// x / sqrt(mean(x^2) + epsilon) * weight over the last axis (1910.07467, eq. 4).
ct_status ct_rms_norm(ct_tensor x, ct_tensor weight, double epsilon, ct_tensor *out);
/// silu(gate) * up, elementwise (2002.05202).
ct_status ct_swiglu(ct_tensor gate, ct_tensor up, ct_tensor *out);
/// gelu(gate) * up, elementwise, gelu by its tanh approximation (1606.08415, section 2).
ct_status ct_geglu(ct_tensor gate, ct_tensor up, ct_tensor *out);
/// residual + (silu(x gate^T) x up^T) down^T: x, residual [N, D], gate and up [I, D], down [D, I] -> [N, D] (2002.05202).
ct_status ct_feed_forward(ct_tensor x, ct_tensor gate, ct_tensor up, ct_tensor down, ct_tensor residual, ct_tensor *out);
/// Rotates the halves (i, i + D/2) of the last axis of x [.., T, H, D]; cosine and sine are [.., T, D/2] or [T, D/2] (2104.09864).
ct_status ct_rotary(ct_tensor x, ct_tensor cosine, ct_tensor sine, ct_tensor *out);

// ---- attention of packed groups (attention.cpp) ----

/// Causal grouped-query attention: q [N, H, D], k and v [N, K, D], H a multiple of K -> [N, H, D].
/// The N rows are `groups` groups end to end, group g of segments[g] >= 1 segments; `lengths` has the rows of every segment. A group's
/// first segment is its prompt, the others are completions: their rows see the whole prompt and their own earlier rows.
ct_status ct_attention(
    ct_tensor q, ct_tensor k, ct_tensor v, const int64_t *lengths, const int64_t *segments, int64_t groups, double scale,
    ct_tensor *out);

// ---- decoding with a cache (decode.cpp), no gradient ----

/// Columns of the panels of a cache on the CPU. Of float32 numbers: keys [slots, K, ceil(L / 16), D, 16], values [slots, K, ceil(D / 16), L, 16].
/// Of bfloat16 ones, where attention of the thread's precision rounds keys and values, each is a right panel of amx.hpp: keys [slots, K,
/// ceil(L / 32), D, 32] and values [slots, K, ceil(D / 32), L, 32] with D and L filled up to whole steps of 32, which the shape of values does
/// not count. A cache of rows, both [slots, K, L, D], is for any device.
enum { CT_PANEL = 16, CT_ROUNDED_PANEL = 32 };
/// Bytes of a number in the panels of the thread's precision.
int32_t ct_cache_number_bytes(void);
/// Empty panels of that kind.
ct_status ct_cache(int64_t slots, int64_t heads, int64_t length, int64_t width, ct_tensor *keys, ct_tensor *values);
/// Writes k and v [S, K, D] at place places[i] < L of slot slots[i].
ct_status ct_cache_append(
    ct_tensor k_cache, ct_tensor v_cache, ct_tensor k, ct_tensor v, const int64_t *slots, const int64_t *places);
/// q [S, H, D] attends to a prefix and then to places 0 ... places[i] of its slot -> [S, H, D]. A prefix is a cache of one slot, which
/// is seen whole; prefix_of_row[i] is -1 for none. A row's result depends on that row alone; with panels, its bits do.
ct_status ct_cached_attention(
    ct_tensor q, ct_tensor k_cache, ct_tensor v_cache, const int64_t *slots, const int64_t *places, const ct_tensor *prefix_keys,
    const ct_tensor *prefix_values, int64_t prefixes, const int64_t *prefix_of_row, double scale, ct_tensor *out);

// ---- values kept from sampling (kept_rows.cpp): float32 on the CPU's fused passes ----

/// What linear layers and attention computed for rows of a model's pass, by the order in which the pass called them.
typedef struct ct_kept_box *ct_kept;
ct_status ct_kept_make(ct_kept *out);
void ct_kept_free(ct_kept kept);
/// Numbers of `rows` more rows, of which `*first` is the first.
ct_status ct_kept_reserve(ct_kept kept, int64_t rows, int64_t *first);
/// Until ct_kept_end each linear layer and each attention of this thread, whose inputs must have `count` rows, keeps its values under
/// these numbers, all of one reservation, or, if `reads`, gives what was kept under them, with the gradients it always has.
ct_status ct_kept_begin(ct_kept kept, int32_t reads, const int64_t *rows, int64_t count);
void ct_kept_end(void);
/// Gives up what was kept and all numbers; memory stays for what is kept next.
ct_status ct_kept_clear(ct_kept kept);

// ---- decoding steps of fixed shapes (decode_step.cpp), no gradient ----

/// A step of n rows on one device: buffers at addresses that stay, for what it is told and what it found. Between ct_step_send and
/// ct_step_results the operators and their shapes follow from its shape alone, and none reads memory of the host or waits for the
/// device, so that a graph can hold them.
typedef struct ct_step_box *ct_step;
typedef struct {
    int64_t rows;                  // n; a step may have fewer, the others are spare
    int64_t ratio;                 // query heads of a key head
    int64_t vocabulary, positions; // what tokens and positions lie below
    int64_t places, prefix_places; // of a layer's cache, whose last is for spare rows, and of its prefixes
    int32_t greedy;
} ct_step_shape;
/// A row sees the places prefix_start ..< + prefix_length of the prefixes, which may be none, and start ..< + length of the cache, the
/// last of which it writes. Rows of one prefix that follow each other read it together.
typedef struct {
    int64_t token, position, start, length, prefix_start, prefix_length;
} ct_step_row;
/// Keys and values of one layer: `keys`, `values` [places, K, W] and `prefix_keys`, `prefix_values` [prefix_places, K, W], all finite
/// and contiguous, W a multiple of 8 that a head's width is filled up to.
typedef struct {
    ct_tensor keys, values, prefix_keys, prefix_values;
} ct_step_cache;

ct_status ct_step_make(ct_step_shape shape, ct_device device, ct_step *out);
void ct_step_free(ct_step step);
/// Rows, checked, and their draws (`key`, `counters`: ct_policy_head_sample), in one copy for which the host does not wait.
ct_status ct_step_send(ct_step step, const ct_step_row *rows, int64_t count, uint64_t key, const uint32_t *counters);
/// The first of a step's operators: token ids and positions of its rows, int64 [n].
ct_status ct_step_begin(ct_step step, ct_tensor *tokens, ct_tensor *positions);
/// Writes k and v [n, K, D] to the cache, then attends from q [n, H, D] -> [n, H, D].
ct_status ct_step_attention(ct_step step, ct_tensor q, ct_tensor k, ct_tensor v, ct_step_cache cache, double scale, ct_tensor *out);
/// The last: draws a token per row of hidden [n, D], as ct_policy_head_sample does.
ct_status ct_step_draw(ct_step step, ct_tensor hidden, ct_tensor weight, double temperature);
/// Waits for the step: tokens [count] and statistics float32 [CT_STAT_ROWS, count], on the host, of the rows that are not spare.
ct_status ct_step_results(ct_step step, int64_t count, int64_t *tokens, ct_tensor *statistics);

// ---- graphs of a device's work (graph.cpp) ----

/// What `body` launched, to be launched again as a whole.
typedef struct ct_graph_box *ct_graph;
/// How decoding steps run on a device, in words. Static storage.
const char *ct_graph_support(ct_device device);
/// Whether CUDA work can be captured: libtorch 2.13 or newer, with CUDA and a device.
int32_t ct_can_capture(void);
/// Runs `body` on the stream that captures run on, between two waits for the device: what it makes on first use is there afterwards.
ct_status ct_on_graph_stream(void (*body)(void *context), void *context);
/// Captures what `body` launches, without computing it; `body` returns 0 if it failed. The memory of the captured operators stays
/// theirs; a graph made beside another shares it, for neither is replayed while the other's results are wanted.
ct_status ct_graph_capture(ct_graph beside, int32_t (*body)(void *context), void *context, ct_graph *out);
ct_status ct_graph_replay(ct_graph graph);
void ct_graph_free(ct_graph graph);
/// For tests, a stand-in on the CPU: the operators that `body` calls, which it computes too, kept with what they were given (tape.cpp).
typedef struct ct_tape_box *ct_tape;
ct_status ct_tape_record(void (*body)(void *context), void *context, ct_tape *out);
/// Calls them again, with numbers of the host as they were and elements of tensors as they are; results go where they went.
ct_status ct_tape_replay(ct_tape tape);
void ct_tape_free(ct_tape tape);

// ---- the policy head (policy_head.cpp), no gradient recorded: backward is explicit ----

/// Rows of the statistics matrix, in this order.
enum {
    CT_STAT_LOGPROB = 0,      // log p of the given token
    CT_STAT_LSE = 1,          // log sum exp of z / temperature
    CT_STAT_ENTROPY = 2,      // H
    CT_STAT_DISCRIMINANT = 3, // S* = p (H + log p)
    CT_STAT_EXPECTED = 4,     // E_p[S]
    CT_STAT_VARIANCE = 5,     // Var_p[S]
    CT_STAT_COLLISION = 6,    // sum p^2
    CT_STAT_SQUARED = 7,      // sum_i S_i^2 (unweighted)
    CT_STAT_MEAN_LOGIT = 8,   // sum p z / temperature, which the backward needs
    CT_STAT_ROWS = 9
};

/// One streaming pass: hidden [N, D], weight [V, D] (float32 or bfloat16), ids int64 [N] -> statistics float32 [CT_STAT_ROWS, N].
/// Logits exist one tile at a time. `tile` is the number of vocabulary rows per tile; 0 chooses.
ct_status ct_policy_head_forward(
    ct_tensor hidden, ct_tensor weight, ct_tensor ids, double temperature, int64_t tile, ct_tensor *statistics);
/// The same statistics of given logits [N, V] float32.
ct_status ct_logits_statistics(ct_tensor logits, ct_tensor ids, double temperature, ct_tensor *statistics);
/// Recomputes the tiles: g1, g2 float32 [N] (dL/dlog p, dL/dH) -> d_hidden [N, D] and, if d_weight is not NULL, d_weight [V, D], float32.
/// d_weight_sum, if it is not NULL, is added to in place and is what d_weight gives. Rows whose g1 and g2 are both zero cost nothing.
ct_status ct_policy_head_backward(
    ct_tensor hidden, ct_tensor weight, ct_tensor ids, ct_tensor statistics, ct_tensor g1, ct_tensor g2,
    double temperature, int64_t tile, ct_tensor d_weight_sum, ct_tensor *d_hidden, ct_tensor *d_weight);
/// Samples one token per row in the same pass and returns its statistics. `counters` holds four words per row (position, step,
/// prompt, sample | purpose << 24), `key` is the seed: a row's draw depends on these and its logits alone, not on the batch.
/// `greedy` takes the arg max (lowest id on a tie) and reports statistics at `temperature`. tokens: int64 [N], filled.
ct_status ct_policy_head_sample(
    ct_tensor hidden, ct_tensor weight, double temperature, int32_t greedy, uint64_t key, const uint32_t *counters,
    int64_t tile, int64_t *tokens, ct_tensor *statistics);

// ---- optimiser (adamw.cpp), no gradient, float32 ----

typedef struct {
    double learning_rate, beta1, beta2, epsilon, weight_decay;
    int64_t step;          // 1 for the first update (bias correction)
    double gradient_scale; // multiplies every gradient first (global-norm clipping)
} ct_adamw_options;

/// Inner products of a step s and a direction d, in double; the metric is P = 1 / (sqrt(v^) + epsilon) after the step.
typedef struct {
    double projection;       // d . s
    double direction_square; // d . P d
    double step_square;      // s . P^-1 s
} ct_step_geometry;

/// Sum of squares of all gradients, in double.
ct_status ct_squared_norm(const ct_tensor *tensors, int32_t count, double *out);
/// One decoupled-weight-decay Adam update in place (1711.05101, algorithm 2). decay[i] 0 exempts a parameter.
/// If `directions` d is not NULL, *geometry is that of the real step s = theta_after - theta_before, all parameters together.
ct_status ct_adamw_step(
    const ct_tensor *parameters, const ct_tensor *gradients, const ct_tensor *first_moments,
    const ct_tensor *second_moments, const int32_t *decay, int32_t count, ct_adamw_options options,
    const ct_tensor *directions, ct_step_geometry *geometry);
/// theta <- theta + factor P d in place, P = 1 / (sqrt(v^) + epsilon) by the moments that the step of these options left behind.
/// *projection <- d . (theta_after - theta_before), in double.
ct_status ct_adamw_correct(
    const ct_tensor *parameters, const ct_tensor *second_moments, const ct_tensor *directions, int32_t count,
    ct_adamw_options options, double factor, double *projection);
/// *out <- sum of a b / (sqrt(v'^) + epsilon) over all elements, in double; v' is what a step of these options with these gradients
/// would make of v. Nothing is written.
ct_status ct_adamw_dot(
    const ct_tensor *a, const ct_tensor *b, const ct_tensor *gradients, const ct_tensor *second_moments, int32_t count,
    ct_adamw_options options, double *out);
/// accumulator <- accumulator + addend, in place (float32).
ct_status ct_accumulate(ct_tensor accumulator, ct_tensor addend);

// ---- work in parts ----

/// Calls body(context, part) once for every part in 0..<parts, on libtorch's threads, and returns when all have ended.
/// Operators within a part run on its thread alone, at the caller's precision, kernels and grad mode, on the CPU.
void ct_run_parts(int64_t parts, void (*body)(void *context, int64_t part), void *context);

#ifdef __cplusplus
}
#endif
#endif
