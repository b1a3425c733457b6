// AdamW by libtorch's operators, on any device: in place, parameter by parameter, and one wait for the device at the end.
#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <vector>

#include "boundary.hpp"
#include "device.hpp"

using ct::in;

namespace {

/// Elements taken to double at once.
constexpr int64_t kChunk = 1 << 22;

/// Every argument is checked before the first write: an error leaves no parameter half updated.
void check(std::initializer_list<const ct_tensor *> lists, int32_t count) {
    for (const auto *list : lists)
        for (int32_t i = 0; list && i < count; ++i) {
            const auto &tensor = in(list[i]), &first = in((*lists.begin())[i]);
            TORCH_CHECK_NOT_IMPLEMENTED(tensor.scalar_type() == at::kFloat, "the optimiser needs float32 tensors, got ", tensor.scalar_type());
            TORCH_CHECK(tensor.sizes() == first.sizes(), "parameter ", i, " and its state differ in size");
            TORCH_CHECK(tensor.device() == first.device(), "parameter ", i, " lies on ", first.device(), ", its state on ", tensor.device());
        }
}

/// Sum of the products of its factors, each in double; stays on the device.
at::Tensor summed_product(std::initializer_list<at::Tensor> factors) {
    const auto first = factors.begin()->reshape({-1});
    auto total = at::zeros({}, first.options().dtype(at::kDouble));
    for (int64_t start = 0; start < first.numel(); start += kChunk) {
        const int64_t count = std::min(kChunk, first.numel() - start);
        auto product = first.narrow(0, start, count).to(at::kDouble);
        for (const auto *factor = factors.begin() + 1; factor != factors.end(); ++factor) product.mul_(factor->reshape({-1}).narrow(0, start, count));
        total += product.sum();
    }
    return total;
}

double correction(double beta, const ct_adamw_options &o) { return 1 / (1 - std::pow(beta, static_cast<double>(o.step))); }

/// sqrt(v^) + epsilon, the inverse of the metric P.
at::Tensor inverse_metric(const at::Tensor &v, const ct_adamw_options &o) {
    return (v * correction(o.beta2, o)).sqrt_().add_(o.epsilon);
}

} // namespace

double ct::library_squared_norm(const ct_tensor *tensors, int32_t count) {
    const c10::NoGradGuard guard;
    at::Tensor total;
    for (int32_t i = 0; i < count; ++i) {
        const auto square = at::linalg_vector_norm(in(tensors[i]), 2, std::nullopt, false, at::kDouble).square();
        total = total.defined() ? total + square : square;
    }
    return total.defined() ? total.item<double>() : 0;
}

ct_step_geometry ct::library_adamw_step(
    const ct_tensor *parameters, const ct_tensor *gradients, const ct_tensor *first_moments, const ct_tensor *second_moments,
    const int32_t *decay, int32_t count, const ct_adamw_options &o, const ct_tensor *directions) {
    const c10::NoGradGuard guard;
    check({parameters, gradients, first_moments, second_moments, directions}, count);
    at::Tensor sums;
    for (int32_t i = 0; i < count; ++i) {
        const auto &theta = in(parameters[i]), &m = in(first_moments[i]), &v = in(second_moments[i]);
        const auto gradient = in(gradients[i]).detach() * o.gradient_scale;
        m.mul_(o.beta1).add_(gradient, 1 - o.beta1);
        v.mul_(o.beta2).addcmul_(gradient, gradient, 1 - o.beta2);
        // theta <- theta (1 - rate decay) - rate m^ / (sqrt(v^) + epsilon)
        const auto metric = inverse_metric(v, o);
        const auto before = directions ? theta.detach().clone() : at::Tensor();
        if (decay[i]) theta.mul_(1 - o.learning_rate * o.weight_decay);
        theta.addcdiv_(m, metric, -o.learning_rate * correction(o.beta1, o));
        if (!directions) continue;
        const auto step = theta.detach() - before, direction = in(directions[i]).detach();
        const auto part = at::stack(
            {summed_product({step, direction}), summed_product({direction, direction, 1 / metric}), summed_product({step, step, metric})});
        sums = sums.defined() ? sums + part : part;
    }
    if (!sums.defined()) return {0, 0, 0};
    const auto host = sums.cpu();
    const double *found = host.const_data_ptr<double>();
    return {found[0], found[1], found[2]};
}

double ct::library_adamw_correct(
    const ct_tensor *parameters, const ct_tensor *second_moments, const ct_tensor *directions, int32_t count, const ct_adamw_options &o,
    double factor) {
    const c10::NoGradGuard guard;
    check({parameters, second_moments, directions}, count);
    at::Tensor projection;
    for (int32_t i = 0; i < count; ++i) {
        const auto &theta = in(parameters[i]);
        const auto direction = in(directions[i]).detach(), before = theta.detach().clone();
        theta.addcdiv_(direction, inverse_metric(in(second_moments[i]), o), factor);
        const auto part = summed_product({theta.detach() - before, direction});
        projection = projection.defined() ? projection + part : part;
    }
    return projection.defined() ? projection.item<double>() : 0;
}

double ct::library_adamw_dot(
    const ct_tensor *a, const ct_tensor *b, const ct_tensor *gradients, const ct_tensor *second_moments, int32_t count,
    const ct_adamw_options &o) {
    const c10::NoGradGuard guard;
    check({gradients, a, b, second_moments}, count);
    at::Tensor total;
    for (int32_t i = 0; i < count; ++i) {
        const auto gradient = in(gradients[i]).detach() * o.gradient_scale;
        const auto v = (in(second_moments[i]) * o.beta2).addcmul_(gradient, gradient, 1 - o.beta2);
        const auto part = summed_product({in(a[i]).detach(), in(b[i]).detach(), 1 / inverse_metric(v, o)});
        total = total.defined() ? total + part : part;
    }
    return total.defined() ? total.item<double>() : 0;
}
