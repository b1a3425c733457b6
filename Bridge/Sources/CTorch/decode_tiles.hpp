// Attention of decoding over a cache of rounded keys and values, as attention on tiles (attention_tiles.hpp) rounds them.
#pragma once

#include <c10/util/BFloat16.h>

#include "attention_tiles.hpp"

#if CT_HAS_AMX

namespace ct::amx {

/// One head's rounded keys and values in right panels (amx.hpp): keys [blocks of 32, depths, 32], values [32 columns, places, 32], depths and
/// places in whole steps. Of `blocks` blocks of places the first `count` places are seen.
struct CachedHead {
    c10::BFloat16 *keys, *values;
    int64_t blocks, count;
};

/// Writes one key and one value, `width` numbers each, at a place.
void cache_append(CachedHead head, int64_t place, const float *key, const float *value, int64_t width);

/// Floats of scratch of `attend_cached` for so many query rows that see at most so many blocks of places.
int64_t attend_cached_scratch(int64_t rows, int64_t blocks, int64_t width);

/// Single rows: q and out [rows, ratio, width] for the `ratio` query heads of one key head; row i sees `prefix` and own[i].
void attend_cached(
    const float *q, CachedHead prefix, const CachedHead *own, int64_t rows, int64_t ratio, int64_t width, float scale, float *scratch, float *out);

} // namespace ct::amx

#endif
