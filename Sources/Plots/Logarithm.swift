// The one transcendental function that charts need, so that this module needs no Foundation.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

func base10(_ value: Double) -> Double {
    log10(value)
}
