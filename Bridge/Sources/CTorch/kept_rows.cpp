// The store of kept values: reservations of rows, in each one matrix per operator, in the order in which a pass calls them.
#include "kept_rows.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <vector>

#include "boundary.hpp"
#include "parallel.hpp"

namespace {

/// Rows that one thread writes, with room for `capacity`.
struct Reservation {
    int64_t first, count, capacity;
    std::vector<at::Tensor> values;
};

/// Prompts differ in length from step to step, and room for a few rows more costs less than new memory.
constexpr int64_t kRowsAtOnce = 512;

} // namespace

struct ct_kept_box {
    std::mutex mutex;
    std::vector<std::unique_ptr<Reservation>> reservations;
    /// Of what was cleared, whose memory is used again: a system may take longer to give a page than a row takes to compute.
    std::vector<std::unique_ptr<Reservation>> spare;
    int64_t rows = 0;

    Reservation &holding(int64_t row) {
        const std::lock_guard lock(mutex);
        const auto after = std::upper_bound(
            reservations.begin(), reservations.end(), row, [](int64_t row, const auto &each) { return row < each->first; });
        TORCH_CHECK(after != reservations.begin() && row < (*std::prev(after))->first + (*std::prev(after))->count, "row ", row, " was not reserved");
        return **std::prev(after);
    }
};

namespace {

/// A pass of the present thread: the rows its operators compute, and how many of them it has called.
struct Pass {
    std::vector<int64_t> rows;
    /// Where each row lies.
    std::vector<Reservation *> places;
    size_t next = 0;
    bool reads;
};

thread_local std::unique_ptr<Pass> pass;

int64_t row_bytes(const at::Tensor &values) { return values.numel() / std::max<int64_t>(1, values.size(0)) * values.element_size(); }

/// Rows that a thread copies at least.
int64_t copied_at_once(int64_t bytes) { return std::max<int64_t>(1, (1 << 18) / std::max<int64_t>(1, bytes)); }

} // namespace

namespace ct {

bool takes_kept() { return pass && pass->reads; }
bool keeps_values() { return pass && !pass->reads; }

at::Tensor take_kept(at::IntArrayRef sizes) {
    const auto index = pass->next++;
    auto values = at::empty(sizes, at::kFloat);
    const int64_t bytes = row_bytes(values), count = static_cast<int64_t>(pass->rows.size());
    TORCH_CHECK(values.dim() > 0 && values.size(0) == count, "kept values of ", count, " rows were asked for ", sizes);
    for (const auto *place : pass->places)
        TORCH_CHECK(
            index < place->values.size() && place->values[index].size(1) * 4 == bytes, "operator ", index, " of the pass kept other values than ", sizes);
    auto *to = static_cast<char *>(values.mutable_data_ptr());
    // the pass is this thread's; those that help see it by reference
    parallel_for(0, count, copied_at_once(bytes), [&, &rows = pass->rows, &places = pass->places](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const auto *from = static_cast<const char *>(places[i]->values[index].const_data_ptr());
            std::memcpy(to + i * bytes, from + (rows[i] - places[i]->first) * bytes, bytes);
        }
    });
    return values;
}

void keep(const at::Tensor &values) {
    if (!keeps_values()) return;
    const auto index = pass->next++;
    const int64_t bytes = row_bytes(values), count = static_cast<int64_t>(pass->rows.size());
    TORCH_CHECK(
        values.dim() > 0 && values.size(0) == count && values.is_contiguous() && values.scalar_type() == at::kFloat, "values ", values.sizes(),
        " cannot be kept for ", count, " rows");
    if (count == 0) return;
    auto &place = *pass->places.front();
    if (place.values.size() <= index) place.values.resize(index + 1);
    auto &kept = place.values[index];
    if (!kept.defined()) kept = at::empty({place.capacity, bytes / 4}, at::kFloat);
    TORCH_CHECK(kept.size(1) * 4 == bytes, "operator ", index, " of the pass gave ", kept.size(1), " values a row before, and now ", bytes / 4);
    const auto *from = static_cast<const char *>(values.const_data_ptr());
    auto *to = static_cast<char *>(kept.mutable_data_ptr());
    for (int64_t i = 0; i < count; ++i) std::memcpy(to + (pass->rows[i] - place.first) * bytes, from + i * bytes, bytes);
}

} // namespace ct

extern "C" {

ct_status ct_kept_make(ct_kept *out) {
    return ct::guarded([&] { *out = new ct_kept_box; });
}

void ct_kept_free(ct_kept kept) { delete kept; }

ct_status ct_kept_reserve(ct_kept kept, int64_t rows, int64_t *first) {
    return ct::guarded([&] {
        TORCH_CHECK(rows > 0, "a reservation of ", rows, " rows");
        const std::lock_guard lock(kept->mutex);
        *first = kept->rows;
        auto &spare = kept->spare;
        const auto fitting = std::find_if(spare.begin(), spare.end(), [&](const auto &each) { return each->capacity >= rows; });
        auto made = std::make_unique<Reservation>();
        if (fitting != spare.end()) made = std::move(*fitting);
        else made->capacity = (rows + kRowsAtOnce - 1) / kRowsAtOnce * kRowsAtOnce;
        if (!spare.empty()) spare.erase(fitting != spare.end() ? fitting : spare.begin());
        made->first = kept->rows;
        made->count = rows;
        kept->reservations.push_back(std::move(made));
        kept->rows += rows;
    });
}

ct_status ct_kept_clear(ct_kept kept) {
    return ct::guarded([&] {
        const std::lock_guard lock(kept->mutex);
        for (auto &reservation : kept->reservations) kept->spare.push_back(std::move(reservation));
        kept->reservations.clear();
        kept->rows = 0;
    });
}

ct_status ct_kept_begin(ct_kept kept, int32_t reads, const int64_t *rows, int64_t count) {
    return ct::guarded([&] {
        TORCH_CHECK(!pass, "a pass whose values are kept is under way");
        auto made = std::make_unique<Pass>();
        made->reads = reads != 0;
        made->rows.assign(rows, rows + count);
        made->places.reserve(count);
        for (const auto row : made->rows) {
            const auto *last = made->places.empty() ? nullptr : made->places.back();
            const bool is_near = last && last->first <= row && row < last->first + last->count;
            made->places.push_back(is_near ? made->places.back() : &kept->holding(row));
        }
        TORCH_CHECK(
            reads || std::all_of(made->places.begin(), made->places.end(), [&](auto *place) { return place == made->places.front(); }),
            "rows of several reservations cannot be kept at once");
        pass = std::move(made);
    });
}

void ct_kept_end(void) { pass.reset(); }

} // extern "C"
