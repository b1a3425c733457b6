// Philox4x32-10 (Salmon et al., SC 2011), the same function as Trajectories.Philox: a draw depends on its coordinates alone.
#pragma once

#include <array>
#include <cstdint>

namespace ct {

inline std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, uint64_t seed) {
    uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
    for (int round = 0; round < 10; ++round) {
        const uint64_t left = uint64_t{0xD2511F53} * counter[0], right = uint64_t{0xCD9E8D57} * counter[2];
        counter = {
            static_cast<uint32_t>(right >> 32) ^ counter[1] ^ k0, static_cast<uint32_t>(right),
            static_cast<uint32_t>(left >> 32) ^ counter[3] ^ k1, static_cast<uint32_t>(left)};
        k0 += 0x9E3779B9;
        k1 += 0xBB67AE85;
    }
    return counter;
}

/// Uniform in [0, 1) with 53 bits from two words.
inline double uniform(uint32_t high, uint32_t low) {
    return static_cast<double>((uint64_t{high} << 32 | low) >> 11) * 0x1p-53;
}

} // namespace ct
