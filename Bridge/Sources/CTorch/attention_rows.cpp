// The rows of packed groups for variable-length attention, put together on the host and brought to the device in one copy.
#include "attention_rows.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "device.hpp"

namespace {

int64_t rounded(int64_t rows) { return (rows + ct::kLogsumAlignment - 1) / ct::kLogsumAlignment * ct::kLogsumAlignment; }

/// Lengths of the segments of a call, none of them 0.
struct Lengths {
    std::vector<int64_t> queries, keys;

    void add(int64_t query_rows, int64_t key_rows) {
        if (query_rows == 0 || key_rows == 0) return;
        queries.push_back(query_rows);
        keys.push_back(key_rows);
    }
    static int64_t longest(const std::vector<int64_t> &lengths) { return lengths.empty() ? 0 : *std::max_element(lengths.begin(), lengths.end()); }
};

/// Host vectors end to end, then one tensor and its parts.
class Upload {
public:
    /// Index of the part.
    size_t add(const std::vector<int64_t> &values) {
        starts_.push_back(values_.size());
        values_.insert(values_.end(), values.begin(), values.end());
        return starts_.size() - 1;
    }
    void send(const at::Tensor &like) { all_ = ct::uploaded(values_.data(), static_cast<int64_t>(values_.size()), like); }
    at::Tensor part(size_t index) const {
        const size_t end = index + 1 < starts_.size() ? starts_[index + 1] : values_.size();
        return all_.narrow(0, static_cast<int64_t>(starts_[index]), static_cast<int64_t>(end - starts_[index]));
    }

private:
    std::vector<int64_t> values_;
    std::vector<size_t> starts_;
    at::Tensor all_;
};

std::vector<int64_t> starts_of(const std::vector<int64_t> &lengths) {
    std::vector<int64_t> starts(lengths.size() + 1, 0);
    std::partial_sum(lengths.begin(), lengths.end(), starts.begin() + 1);
    return starts;
}

/// What one call needs, in an upload.
struct Parts {
    size_t query_starts, key_starts, places;

    Parts(Upload &upload, const Lengths &lengths) {
        query_starts = upload.add(starts_of(lengths.queries));
        key_starts = upload.add(starts_of(lengths.keys));
        const int64_t room = rounded(Lengths::longest(lengths.queries));
        std::vector<int64_t> of_rows;
        for (size_t s = 0; s < lengths.queries.size(); ++s)
            for (int64_t t = 0; t < lengths.queries[s]; ++t) of_rows.push_back(static_cast<int64_t>(s) * room + t);
        places = upload.add(of_rows);
    }

    ct::AttentionSegments segments(const Upload &upload, const Lengths &lengths, bool is_causal) const {
        return {
            upload.part(query_starts).to(at::kInt), upload.part(key_starts).to(at::kInt), Lengths::longest(lengths.queries),
            Lengths::longest(lengths.keys), is_causal, upload.part(places)};
    }
};

void append(std::vector<int64_t> &rows, int64_t first, int64_t count) {
    for (int64_t i = 0; i < count; ++i) rows.push_back(first + i);
}

std::shared_ptr<const ct::AttentionRows> made(
    const std::vector<int64_t> &lengths, const std::vector<int64_t> &segments, const at::Tensor &like) {
    Lengths own, shared;
    std::vector<int64_t> readers, prompts;
    const int64_t *length = lengths.data();
    int64_t row = 0;
    for (const int64_t count : segments) {
        const int64_t prompt = length[0], completions = std::accumulate(length + 1, length + count, int64_t{0});
        for (int64_t s = 0; s < count; ++s) own.add(length[s], length[s]);
        shared.add(completions, prompt);
        if (prompt > 0 && completions > 0) {
            append(prompts, row, prompt);
            append(readers, row + prompt, completions);
        }
        row += prompt + completions;
        length += count;
    }
    TORCH_CHECK(row <= std::numeric_limits<int32_t>::max(), "attention of ", row, " rows in one pass");
    TORCH_CHECK(
        static_cast<int64_t>(own.queries.size()) <= ct::kMostSegments, "attention of ", own.queries.size(),
        " prompts and completions in one pass; a smaller micro-batch has fewer");
    Upload upload;
    const Parts of_own(upload, own), of_shared(upload, shared);
    const size_t of_readers = upload.add(readers), of_prompts = upload.add(prompts);
    upload.send(like);
    auto rows = std::make_shared<ct::AttentionRows>();
    rows->own = of_own.segments(upload, own, true);
    if (readers.empty()) return rows;
    rows->shared = of_shared.segments(upload, shared, false);
    rows->readers = upload.part(of_readers);
    rows->prompts = upload.part(of_prompts);
    return rows;
}

} // namespace

at::Tensor ct::AttentionSegments::rows_of(const at::Tensor &columns) const {
    TORCH_CHECK(
        columns.dim() == 3 && columns.size(0) == count() && columns.size(2) == rounded(longest_queries),
        "libtorch's attention returned log-sum-exps of shape ", columns.sizes(), " for ", count(), " segments of at most ", longest_queries);
    return columns.transpose(1, 2).reshape({-1, columns.size(1)}).index_select(0, places);
}

at::Tensor ct::AttentionSegments::columns_of(const at::Tensor &rows) const {
    const int64_t room = rounded(longest_queries);
    const auto all = at::full({count() * room, rows.size(1)}, std::numeric_limits<double>::infinity(), rows.options());
    return all.index_copy(0, places, rows).view({count(), room, rows.size(1)}).transpose(1, 2).contiguous();
}

std::shared_ptr<const ct::AttentionRows> ct::attention_rows(
    const std::vector<int64_t> &lengths, const std::vector<int64_t> &segments, const at::Tensor &like) {
    struct Last {
        std::vector<int64_t> lengths, segments;
        at::Device device = at::kCPU;
        std::shared_ptr<const AttentionRows> rows;
    };
    thread_local Last last;
    if (!last.rows || last.device != like.device() || last.lengths != lengths || last.segments != segments)
        last = {lengths, segments, like.device(), made(lengths, segments, like)};
    return last.rows;
}
