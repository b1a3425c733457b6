// The cache of packed weights, keyed by storage; a write shows in the version counter and makes the copies stale.
#include "packed_weights.hpp"

#include "amx_packing.hpp"
#include "parallel.hpp"

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace ct {

namespace {

enum Form { kForwardFloat, kForwardBFloat16, kBackwardBFloat16, kForwardSplit, kBackwardSplit, kRounded, kTiles, kTilesSplit, kNarrow, kForms };

struct Entry {
    c10::weak_intrusive_ptr<c10::StorageImpl> storage;
    int64_t offset, rows, columns;
    uint32_t version;
    std::array<at::Tensor, kForms> forms;
};

struct Cache {
    std::mutex mutex;
    std::unordered_multimap<const c10::StorageImpl *, Entry> entries;
    std::atomic<bool> is_empty = true;

    void drop_expired() {
        for (auto it = entries.begin(); it != entries.end();) it = it->second.storage.expired() ? entries.erase(it) : std::next(it);
    }
};

Cache &cache() {
    // never destroyed: tensors may be freed while the process ends
    static Cache *const held = new Cache;
    return *held;
}

bool is_cacheable(const at::Tensor &weight) { return weight.has_storage() && weight.is_contiguous() && !weight.is_inference(); }

uint32_t version(const at::Tensor &weight) { return weight.unsafeGetTensorImpl()->version_counter().current_version(); }

/// The memory of one form of a weight; `make` packs it.
template <class Make> at::Tensor form(const at::Tensor &weight, Form which, Make &&make) {
    if (!is_cacheable(weight)) return make();
    const auto *key = weight.storage().unsafeGetStorageImpl();
    const auto find = [&]() -> Entry * {
        const auto [first, last] = cache().entries.equal_range(key);
        for (auto it = first; it != last; ++it) {
            auto &entry = it->second;
            const bool is_same = entry.offset == weight.storage_offset() && entry.rows == weight.size(0) && entry.columns == weight.size(1);
            if (is_same && !entry.storage.expired()) return &entry;
        }
        return nullptr;
    };
    const auto now = version(weight);
    {
        const std::lock_guard lock(cache().mutex);
        if (auto *entry = find(); entry) {
            // the stale copies go before the fresh ones are made: they can be as large as the model
            if (entry->version != now) {
                entry->forms = {};
                entry->version = now;
            }
            if (entry->forms[which].defined()) return entry->forms[which];
        }
    }
    auto made = make();
    const std::lock_guard lock(cache().mutex);
    cache().drop_expired();
    auto *entry = find();
    if (!entry) {
        Entry fresh{weight.storage().getWeakStorageImpl(), weight.storage_offset(), weight.size(0), weight.size(1), now, {}};
        entry = &cache().entries.emplace(key, std::move(fresh))->second;
        cache().is_empty = false;
    }
    if (entry->version == now) entry->forms[which] = made;
    return made;
}

/// float32 values of a weight, packed in panels over contiguous memory.
at::Tensor values(const at::Tensor &weight) { return weight.detach().to(at::kFloat).contiguous(); }

} // namespace

template <class Element> PackedRight<Element> packed_for_forward(const at::Tensor &weight) {
    constexpr Form which = kBytes<Element> == 4 ? kForwardFloat : Elements<Element>::parts == 2 ? kForwardSplit : kForwardBFloat16;
    const auto memory = form(weight, which, [&] { return right_transposed<Element>(values(weight)).memory; });
    return {memory, panels<Element>(operand_data<Element>(memory), weight.size(1), weight.size(0))};
}

template PackedRight<float> packed_for_forward<float>(const at::Tensor &weight);
template PackedRight<at::BFloat16> packed_for_forward<at::BFloat16>(const at::Tensor &weight);
template PackedRight<Split> packed_for_forward<Split>(const at::Tensor &weight);

template <class Element> PackedRight<Element> packed_for_backward(const at::Tensor &weight) {
    constexpr Form which = Elements<Element>::parts == 2 ? kBackwardSplit : kBackwardBFloat16;
    const auto memory = form(weight, which, [&] { return right<Element>(values(weight)).memory; });
    return {memory, panels<Element>(operand_data<Element>(memory), weight.size(0), weight.size(1))};
}

template <> PackedRight<float> packed_for_backward<float>(const at::Tensor &weight) { return right<float>(values(weight)); }

template PackedRight<at::BFloat16> packed_for_backward<at::BFloat16>(const at::Tensor &weight);
template PackedRight<Split> packed_for_backward<Split>(const at::Tensor &weight);

at::Tensor rounded_weight(const at::Tensor &weight) {
    return form(weight, kRounded, [&] { return rounded(values(weight)); });
}

#if CT_HAS_AMX
at::Tensor packed_for_tiles(const at::Tensor &weight, bool is_split) {
    return form(weight, is_split ? kTilesSplit : kTiles, [&] {
        const auto from = values(weight);
        const int64_t rows = from.size(0), width = from.size(1), bytes = (is_split ? 2 : 1) * pieces(width, amx::kStep) * amx::kStepBytes;
        const auto memory = at::empty({pieces(rows, amx::kWide) * bytes}, at::kByte);
        const auto *data = from.const_data_ptr<float>();
        auto *to = static_cast<char *>(memory.mutable_data_ptr());
        parallel_for(0, pieces(rows, amx::kWide), std::max<int64_t>(1, 4096 / width), [&](int64_t begin, int64_t end) {
            for (int64_t panel = begin; panel < end; ++panel)
                amx::pack_left(data + panel * amx::kWide * width, width, std::min(amx::kWide, rows - panel * amx::kWide), width, to + panel * bytes, is_split);
        });
        return memory;
    });
}
#endif

at::Tensor narrowed_weight(const at::Tensor &weight) {
    if (weight.is_cpu()) return rounded_weight(weight);
    return form(weight, kNarrow, [&] { return values(weight).to(at::kBFloat16); });
}

void release_packed(const at::Tensor &tensor) {
    if (cache().is_empty || !tensor.defined() || !tensor.has_storage()) return;
    if (tensor.use_count() > 1 || tensor.storage().use_count() > 1) return;
    const std::lock_guard lock(cache().mutex);
    cache().entries.erase(tensor.storage().unsafeGetStorageImpl());
    cache().is_empty = cache().entries.empty();
}

void release_forward_copies(const at::Tensor &weight) {
    if (cache().is_empty || !weight.has_storage()) return;
    const std::lock_guard lock(cache().mutex);
    const auto [first, last] = cache().entries.equal_range(weight.storage().unsafeGetStorageImpl());
    for (auto it = first; it != last; ++it)
        for (const auto which : {kForwardFloat, kForwardBFloat16, kForwardSplit}) it->second.forms[which] = at::Tensor();
}

int64_t packed_bytes() {
    const std::lock_guard lock(cache().mutex);
    cache().drop_expired();
    int64_t bytes = 0;
    for (const auto &[key, entry] : cache().entries)
        for (const auto &form : entry.forms) bytes += form.defined() ? static_cast<int64_t>(form.nbytes()) : 0;
    return bytes;
}

} // namespace ct
