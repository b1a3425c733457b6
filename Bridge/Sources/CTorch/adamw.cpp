// AdamW: one fused pass per parameter, the real step measured against a given direction, and its correction along it.
#include <cmath>
#include <vector>

#include "boundary.hpp"
#include "device.hpp"
#include "lanes.hpp"
#include "parallel.hpp"

using ct::in;

namespace {

/// Elements per part: parts are summed in order, so a sum does not depend on the thread count.
constexpr int64_t kPart = 16384;

struct Update {
    // 1 - beta in float loses five digits of a beta2 of 0.999, hence its own field
    float rate, beta1, beta2, fresh1, fresh2, epsilon, shrink, scale, correction1, correction2;
};

/// Sums over a part of what ct_step_geometry holds of the whole. Without a constructor: clang leaves out of the object file one that
/// only functions with clones call.
struct Geometry {
    double projection, direction_square, step_square;
    Geometry &operator+=(const Geometry &other) {
        projection += other.projection;
        direction_square += other.direction_square;
        step_square += other.step_square;
        return *this;
    }
};

/// theta <- theta (1 - rate decay) - rate m^ / (sqrt(v^) + epsilon); the geometry of the part, if there is a direction.
CT_CLONES Geometry adamw_part(
    float *theta, const float *gradient, float *m, float *v, const float *direction, int64_t count, Update u) {
    Geometry sums = {0, 0, 0};
    float lanes[ct::kLanes], metric[ct::kLanes];
    for (int64_t start = 0; start < count; start += ct::kLanes) {
        const int64_t width = count - start < ct::kLanes ? count - start : ct::kLanes;
        for (int64_t l = 0; l < width; ++l) {
            const int64_t i = start + l;
            const float g = gradient[i] * u.scale;
            m[i] = u.beta1 * m[i] + u.fresh1 * g;
            v[i] = u.beta2 * v[i] + u.fresh2 * g * g;
            metric[l] = std::sqrt(v[i] * u.correction2) + u.epsilon;
            const float after = theta[i] * u.shrink - u.rate * (m[i] * u.correction1) / metric[l];
            lanes[l] = after - theta[i];
            theta[i] = after;
        }
        if (direction)
            for (int64_t l = 0; l < width; ++l) {
                const double step = lanes[l], along = direction[start + l];
                sums.projection += step * along;
                sums.direction_square += along * along / metric[l];
                sums.step_square += step * step * metric[l];
            }
    }
    return sums;
}

/// theta <- theta + factor direction / (sqrt(v^) + epsilon); returns direction . (theta after - before) of the part.
CT_CLONES double corrected_part(
    float *theta, const float *v, const float *direction, int64_t count, float factor, float correction2, float epsilon) {
    double projection = 0;
    float lanes[ct::kLanes];
    for (int64_t start = 0; start < count; start += ct::kLanes) {
        const int64_t width = count - start < ct::kLanes ? count - start : ct::kLanes;
        for (int64_t l = 0; l < width; ++l) {
            const int64_t i = start + l;
            const float after = theta[i] + factor * direction[i] / (std::sqrt(v[i] * correction2) + epsilon);
            lanes[l] = after - theta[i];
            theta[i] = after;
        }
        for (int64_t l = 0; l < width; ++l) projection += static_cast<double>(lanes[l]) * direction[start + l];
    }
    return projection;
}

/// Sum of a b / (sqrt(v'^) + epsilon), v' being v with the gradient taken in.
CT_CLONES double preconditioned_part(
    const float *a, const float *b, const float *gradient, const float *v, int64_t count, Update u) {
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) {
        const float g = gradient[i] * u.scale;
        const float metric = std::sqrt((u.beta2 * v[i] + u.fresh2 * g * g) * u.correction2) + u.epsilon;
        sum += static_cast<double>(a[i]) * b[i] / metric;
    }
    return sum;
}

CT_CLONES double squares(const float *x, int64_t count) {
    double sum = 0;
    for (int64_t i = 0; i < count; i += 256) sum += ct::dot(x + i, x + i, count - i < 256 ? count - i : 256);
    return sum;
}

/// Calls body(first, count) on every part and adds the results, numbers or geometries, in order.
template <class Body> auto summed(int64_t count, Body &&body) {
    const int64_t parts = (count + kPart - 1) / kPart;
    std::vector<decltype(body(int64_t{}, int64_t{}))> sums(parts);
    ct::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
        for (int64_t part = begin; part < end; ++part)
            sums[part] = body(part * kPart, std::min(kPart, count - part * kPart));
    });
    decltype(body(int64_t{}, int64_t{})) total{};
    for (const auto &sum : sums) total += sum;
    return total;
}

const at::Tensor &dense(ct_tensor tensor) {
    TORCH_CHECK_NOT_IMPLEMENTED(
        in(tensor).is_cpu() && in(tensor).scalar_type() == at::kFloat && in(tensor).is_contiguous(),
        "the fused optimiser needs contiguous float32 tensors on the CPU");
    return in(tensor);
}

Update settings(const ct_adamw_options &o, bool decays) {
    return Update{
        static_cast<float>(o.learning_rate),
        static_cast<float>(o.beta1),
        static_cast<float>(o.beta2),
        static_cast<float>(1 - o.beta1),
        static_cast<float>(1 - o.beta2),
        static_cast<float>(o.epsilon),
        static_cast<float>(decays ? 1 - o.learning_rate * o.weight_decay : 1.0),
        static_cast<float>(o.gradient_scale),
        static_cast<float>(1 / (1 - std::pow(o.beta1, static_cast<double>(o.step)))),
        static_cast<float>(1 / (1 - std::pow(o.beta2, static_cast<double>(o.step)))),
    };
}

} // namespace

extern "C" {

ct_status ct_squared_norm(const ct_tensor *tensors, int32_t count, double *out) {
    return ct::guarded([&] {
        if (count > 0 && ct::uses_library(in(tensors[0]))) {
            *out = ct::library_squared_norm(tensors, count);
            return;
        }
        double total = 0;
        for (int32_t i = 0; i < count; ++i) {
            const auto host = in(tensors[i]).detach().to(at::kCPU, at::kFloat).contiguous();
            const float *x = host.const_data_ptr<float>();
            total += summed(host.numel(), [&](int64_t first, int64_t n) { return squares(x + first, n); });
        }
        *out = total;
    });
}

ct_status ct_adamw_step(
    const ct_tensor *parameters, const ct_tensor *gradients, const ct_tensor *first_moments,
    const ct_tensor *second_moments, const int32_t *decay, int32_t count, ct_adamw_options o,
    const ct_tensor *directions, ct_step_geometry *geometry) {
    return ct::guarded([&] {
        const c10::NoGradGuard guard;
        if (count > 0 && ct::uses_library(in(parameters[0]))) {
            const auto sums = ct::library_adamw_step(parameters, gradients, first_moments, second_moments, decay, count, o, directions);
            if (directions && geometry) *geometry = sums;
            return;
        }
        // every argument is checked before the first write: an error leaves no parameter half updated
        for (int32_t i = 0; i < count; ++i) {
            for (const auto tensor : {parameters[i], gradients[i], first_moments[i], second_moments[i]})
                TORCH_CHECK(dense(tensor).numel() == dense(parameters[i]).numel(), "parameter ", i, " and its state differ in size");
            if (directions) TORCH_CHECK(dense(directions[i]).numel() == dense(parameters[i]).numel(), "direction ", i, " differs in size");
        }
        Geometry total{};
        for (int32_t i = 0; i < count; ++i) {
            const Update update = settings(o, decay[i]);
            float *theta = in(parameters[i]).mutable_data_ptr<float>();
            const float *gradient = in(gradients[i]).const_data_ptr<float>();
            float *m = in(first_moments[i]).mutable_data_ptr<float>();
            float *v = in(second_moments[i]).mutable_data_ptr<float>();
            const float *direction = directions ? in(directions[i]).const_data_ptr<float>() : nullptr;
            total += summed(in(parameters[i]).numel(), [&](int64_t first, int64_t n) {
                return adamw_part(
                    theta + first, gradient + first, m + first, v + first, direction ? direction + first : nullptr, n, update);
            });
            // written through a pointer: packed copies and saved graphs learn of it by the version
            for (const auto written : {parameters[i], first_moments[i], second_moments[i]})
                in(written).unsafeGetTensorImpl()->bump_version();
        }
        if (directions && geometry) *geometry = {total.projection, total.direction_square, total.step_square};
    });
}

ct_status ct_adamw_correct(
    const ct_tensor *parameters, const ct_tensor *second_moments, const ct_tensor *directions, int32_t count,
    ct_adamw_options o, double factor, double *projection) {
    return ct::guarded([&] {
        const c10::NoGradGuard guard;
        if (count > 0 && ct::uses_library(in(parameters[0]))) {
            *projection = ct::library_adamw_correct(parameters, second_moments, directions, count, o, factor);
            return;
        }
        for (int32_t i = 0; i < count; ++i)
            for (const auto tensor : {parameters[i], second_moments[i], directions[i]})
                TORCH_CHECK(dense(tensor).numel() == dense(parameters[i]).numel(), "parameter ", i, " and its correction differ in size");
        const Update u = settings(o, false);
        double total = 0;
        for (int32_t i = 0; i < count; ++i) {
            float *theta = in(parameters[i]).mutable_data_ptr<float>();
            const float *v = in(second_moments[i]).const_data_ptr<float>();
            const float *direction = in(directions[i]).const_data_ptr<float>();
            total += summed(in(parameters[i]).numel(), [&](int64_t first, int64_t n) {
                return corrected_part(
                    theta + first, v + first, direction + first, n, static_cast<float>(factor), u.correction2, u.epsilon);
            });
            in(parameters[i]).unsafeGetTensorImpl()->bump_version();
        }
        *projection = total;
    });
}

ct_status ct_adamw_dot(
    const ct_tensor *a, const ct_tensor *b, const ct_tensor *gradients, const ct_tensor *second_moments, int32_t count,
    ct_adamw_options o, double *out) {
    return ct::guarded([&] {
        if (count > 0 && ct::uses_library(in(gradients[0]))) {
            *out = ct::library_adamw_dot(a, b, gradients, second_moments, count, o);
            return;
        }
        for (int32_t i = 0; i < count; ++i)
            for (const auto tensor : {a[i], b[i], second_moments[i]})
                TORCH_CHECK(dense(tensor).numel() == dense(gradients[i]).numel(), "factor ", i, " differs in size from its gradient");
        const Update u = settings(o, false);
        double total = 0;
        for (int32_t i = 0; i < count; ++i) {
            const float *x = in(a[i]).const_data_ptr<float>();
            const float *y = in(b[i]).const_data_ptr<float>();
            const float *gradient = in(gradients[i]).const_data_ptr<float>();
            const float *v = in(second_moments[i]).const_data_ptr<float>();
            total += summed(in(a[i]).numel(), [&](int64_t first, int64_t n) {
                return preconditioned_part(x + first, y + first, gradient + first, v + first, n, u);
            });
        }
        *out = total;
    });
}

ct_status ct_accumulate(ct_tensor accumulator, ct_tensor addend) {
    return ct::guarded([&] {
        const c10::NoGradGuard guard;
        in(accumulator).add_(in(addend));
    });
}

} // extern "C"
