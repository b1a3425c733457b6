// Products on AMX tiles, one depth step at a time, so that vector work can run between the steps while the tile unit computes.
//
// Operands lie in panels of 32 rows (left) or 32 columns (right). A panel is a sequence of depth steps of 32, each two tiles of 1 KiB:
// 16 rows of 32 depths on the left, 16 pairs of depths of 16 columns on the right. A block of the result is 32 x 32, four tiles.
#pragma once

#if defined(__x86_64__)
#define CT_HAS_AMX 1

#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 warns of its own header: the operand that an unmasked instruction leaves undefined
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>

#define CT_AMX __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")))
#define CT_AMX_INLINE CT_AMX inline __attribute__((always_inline))

namespace ct::amx {

/// Rows or columns of a panel, depths of a step, and the bytes of a step of a panel and of a tile.
constexpr int64_t kWide = 32, kStep = 32, kStepBytes = 2048, kTileBytes = 1024;
/// Lanes of a vector, rows of a tile.
constexpr int64_t kRows = 16;
/// Steps of the held panel that are left to the L1 cache (2 KiB each); the rest of it and all of the other operand pass it by.
constexpr int64_t kKept = 20;

/// Whether this process may use AMX with bfloat16 here; asks the kernel for the permission once.
bool is_available();

/// Tiles of full size on the calling thread until the scope ends.
class TileScope {
public:
    TileScope();
    ~TileScope();
    TileScope(const TileScope &) = delete;
    TileScope &operator=(const TileScope &) = delete;
};

/// The same, and tiny numbers as zeros: a square or a cube of a small probability would trap into microcode.
class Scope {
public:
    Scope();
    ~Scope();

private:
    TileScope tiles_;
    unsigned control_;
};

/// Touches a few lines of a step: enough for the processor's prefetcher to follow, which has more lines on the way than a program may.
CT_AMX_INLINE void fetch_step(const char *step) {
    for (const int64_t line : {0, 1, 2, 16, 31}) _mm_prefetch(step + 64 * line, _MM_HINT_T1);
}

/// Where blocks of a result go: tile (i, j) of a block lies at i * down + j * across bytes, its rows `row` bytes apart.
struct Place {
    char *data;
    int64_t row, down, across;
};

/// The product of one held panel with a run of panels: C_n = A_n B (held on the right) or A B_n (held on the left).
template <bool held_is_left> class Walk {
public:
    /// `kept` steps of `held` stay in the L1 cache. Blocks lie `next` bytes apart; `adds` to what is there. Where operands are split, what
    /// rounding left over lies `low` bytes behind the rounded values.
    CT_AMX_INLINE void start(
        const char *held, const char *moving, int64_t steps, int64_t panels, int64_t stride, Place place, int64_t next, bool adds,
        int64_t held_low = 0, int64_t moving_low = 0) {
        held_ = held;
        from_ = moving;
        steps_ = steps;
        panels_ = panels;
        stride_ = stride;
        place_ = place;
        next_ = next;
        adds_ = adds;
        held_low_ = held_low;
        moving_low_ = moving_low;
        if (panels_ > 0) open();
    }

    /// With every step, fetches into the L2 cache what lies so many bytes behind the moving operand; 0 fetches nothing.
    CT_AMX_INLINE void fetch_ahead(int64_t bytes) { ahead_ = bytes; }

    CT_AMX_INLINE bool is_done() const { return panels_ == 0; }

    /// Calls to step() until the walk is done.
    int64_t left() const { return panels_ * steps_; }

    CT_AMX_INLINE void step() {
        const char *held = held_ + at_ * kStepBytes, *moving = from_ + at_ * kStepBytes;
        if (ahead_ != 0) {
            fetch_step(moving + ahead_);
            if (moving_low_ != 0) fetch_step(moving + moving_low_ + ahead_);
        }
        if (held_low_ == 0) {
            load_held(held, at_ < kKept);
            multiply_add(moving);
        } else {
            // rest by value, value by value, value by rest; that of both rests, 2^-16 of the whole at most, is left out (1904.06376)
            load_held(held + held_low_, at_ < kKept / 2);
            multiply_add(moving);
            load_held(held, at_ < kKept / 2);
            multiply_add_loaded();
            multiply_add(moving + moving_low_);
        }
        if (++at_ == steps_) close();
    }

    CT_AMX_INLINE void finish() {
        while (!is_done()) step();
    }

private:
    CT_AMX_INLINE static void load_held(const char *held, bool keeps) {
        if (keeps) {
            if constexpr (held_is_left) {
                _tile_loadd(4, held, 64);
                _tile_loadd(5, held + kTileBytes, 64);
            } else {
                _tile_loadd(6, held, 64);
                _tile_loadd(7, held + kTileBytes, 64);
            }
        } else {
            if constexpr (held_is_left) {
                _tile_stream_loadd(4, held, 64);
                _tile_stream_loadd(5, held + kTileBytes, 64);
            } else {
                _tile_stream_loadd(6, held, 64);
                _tile_stream_loadd(7, held + kTileBytes, 64);
            }
        }
    }

    CT_AMX_INLINE static void multiply_add(const char *moving) {
        if constexpr (held_is_left) {
            _tile_stream_loadd(6, moving, 64);
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(2, 5, 6);
            _tile_stream_loadd(7, moving + kTileBytes, 64);
            _tile_dpbf16ps(1, 4, 7);
            _tile_dpbf16ps(3, 5, 7);
        } else {
            _tile_stream_loadd(4, moving, 64);
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(1, 4, 7);
            _tile_stream_loadd(5, moving + kTileBytes, 64);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
    }

    /// The same of the moving tiles that are there.
    CT_AMX_INLINE static void multiply_add_loaded() {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }

    CT_AMX_INLINE void open() {
        at_ = 0;
        if (adds_) {
            _tile_loadd(0, place_.data, place_.row);
            _tile_loadd(1, place_.data + place_.across, place_.row);
            _tile_loadd(2, place_.data + place_.down, place_.row);
            _tile_loadd(3, place_.data + place_.down + place_.across, place_.row);
        } else {
            _tile_zero(0);
            _tile_zero(1);
            _tile_zero(2);
            _tile_zero(3);
        }
    }

    CT_AMX_INLINE void close() {
        _tile_stored(0, place_.data, place_.row);
        _tile_stored(1, place_.data + place_.across, place_.row);
        _tile_stored(2, place_.data + place_.down, place_.row);
        _tile_stored(3, place_.data + place_.down + place_.across, place_.row);
        from_ += stride_;
        place_.data += next_;
        if (--panels_ > 0) open();
    }

    const char *held_, *from_;
    int64_t steps_, at_ = 0, panels_ = 0, stride_, next_, held_low_ = 0, moving_low_ = 0, ahead_ = 0;
    Place place_;
    bool adds_;
};

/// A compiler takes tile loads for arithmetic: what was stored by other means must be in memory before them.
inline void settle() { __asm__ volatile("" ::: "memory"); }

/// Spreads the steps of a walk evenly over a number of pieces of vector work.
class Pace {
public:
    CT_AMX_INLINE Pace(int64_t steps, int64_t pieces) : steps_(steps), pieces_(std::max<int64_t>(1, pieces)) {}

    template <class Steps> CT_AMX_INLINE void tick(Steps &walk) {
        for (credit_ += steps_; credit_ >= pieces_ && !walk.is_done(); credit_ -= pieces_) walk.step();
    }

private:
    int64_t steps_, pieces_, credit_ = 0;
};

} // namespace ct::amx

#endif
