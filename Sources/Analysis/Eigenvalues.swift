// Eigenvalues of a small real matrix: Hessenberg form, then QR steps with complex shifts.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A complex number.
public struct Complex: Sendable, Equatable {
    public var real: Double
    public var imaginary: Double

    public init(_ real: Double, _ imaginary: Double = 0) {
        self.real = real
        self.imaginary = imaginary
    }

    /// |z|, without overflow on the way.
    public var modulus: Double { hypot(real, imaginary) }

    static func + (a: Complex, b: Complex) -> Complex { Complex(a.real + b.real, a.imaginary + b.imaginary) }
    static func - (a: Complex, b: Complex) -> Complex { Complex(a.real - b.real, a.imaginary - b.imaginary) }
    static func * (a: Complex, b: Complex) -> Complex {
        Complex(a.real * b.real - a.imaginary * b.imaginary, a.real * b.imaginary + a.imaginary * b.real)
    }
    static func * (a: Double, b: Complex) -> Complex { Complex(a * b.real, a * b.imaginary) }
    var conjugate: Complex { Complex(real, -imaginary) }

    /// The root with real part at least 0.
    var squareRoot: Complex {
        let size = modulus
        let real = ((size + self.real) / 2).squareRoot()
        let imaginary = (max(0, size - self.real) / 2).squareRoot()
        return Complex(real, self.imaginary < 0 ? -imaginary : imaginary)
    }
}

public enum Eigenvalues {
    /// The eigenvalues of a square matrix [n][n], in no order; nil if the matrix is not finite or the iteration does not
    /// settle (which no finite matrix of this size has been seen to do).
    ///
    /// Cost n³. Void for large or very non-normal matrices, whose eigenvalues rounding moves far.
    public static func of(_ matrix: [[Double]]) -> [Complex]? {
        guard matrix.allSatisfy({ $0.count == matrix.count && $0.allSatisfy(\.isFinite) }) else { return nil }
        var h = hessenberg(matrix).map { $0.map { Complex($0) } }
        var found: [Complex] = []
        var last = matrix.count - 1
        var steps = 0
        while last >= 0 {
            var first = last
            while first > 0 {
                let scale = h[first - 1][first - 1].modulus + h[first][first].modulus
                if h[first][first - 1].modulus <= .ulpOfOne * max(scale, .leastNormalMagnitude) { break }
                first -= 1
            }
            if first == last {
                found.append(h[last][last])
                last -= 1
                steps = 0
                continue
            }
            steps += 1
            guard steps <= 100 else { return nil }
            // now and then a shift that is not the usual one breaks a cycle
            let shift =
                steps.isMultiple(of: 11)
                ? h[last][last] + Complex(h[last][last - 1].modulus) : wilkinson(h, last)
            step(&h, first...last, shift)
        }
        return found
    }

    /// The eigenvalue of the last 2 × 2 block that is nearer its corner.
    private static func wilkinson(_ h: [[Complex]], _ last: Int) -> Complex {
        let (a, b) = (h[last - 1][last - 1], h[last - 1][last])
        let (c, d) = (h[last][last - 1], h[last][last])
        let half = 0.5 * (a - d)
        let root = (half * half + b * c).squareRoot
        let centre = 0.5 * (a + d)
        let (one, other) = (centre + root, centre - root)
        return (one - d).modulus <= (other - d).modulus ? one : other
    }

    /// H ← R Q + μ with Q R = H − μ on the rows and columns of one block, by plane rotations.
    private static func step(_ h: inout [[Complex]], _ block: ClosedRange<Int>, _ shift: Complex) {
        for index in block { h[index][index] = h[index][index] - shift }
        var rotations: [(c: Double, s: Complex)] = []
        for row in block.dropLast() {
            let (x, y) = (h[row][row], h[row + 1][row])
            let size = hypot(x.modulus, y.modulus)
            // G (x, y) = (phase · size, 0) with c real
            let c = size > 0 ? x.modulus / size : 1
            let phase = x.modulus > 0 ? (1 / x.modulus) * x : Complex(1)
            let s = size > 0 ? (1 / size) * (phase * y.conjugate) : Complex(0)
            rotations.append((c, s))
            for column in row...block.upperBound {
                let (top, bottom) = (h[row][column], h[row + 1][column])
                h[row][column] = c * top + s * bottom
                h[row + 1][column] = c * bottom - s.conjugate * top
            }
        }
        for (offset, (c, s)) in rotations.enumerated() {
            let column = block.lowerBound + offset
            for row in block.lowerBound...min(column + 1, block.upperBound) {
                let (left, right) = (h[row][column], h[row][column + 1])
                h[row][column] = c * left + s.conjugate * right
                h[row][column + 1] = c * right - s * left
            }
        }
        for index in block { h[index][index] = h[index][index] + shift }
    }

    /// A similar matrix with zeros below the first subdiagonal, by Householder reflections.
    private static func hessenberg(_ matrix: [[Double]]) -> [[Double]] {
        var a = matrix
        let n = a.count
        guard n > 2 else { return a }
        for column in 0..<(n - 2) {
            var v = ((column + 1)..<n).map { a[$0][column] }
            let length = v.reduce(0) { $0 + $1 * $1 }.squareRoot()
            guard length > 0 else { continue }
            v[0] += v[0] < 0 ? -length : length
            let square = v.reduce(0) { $0 + $1 * $1 }
            for other in 0..<n {
                let dot = v.indices.reduce(0) { $0 + v[$1] * a[column + 1 + $1][other] }
                for index in v.indices { a[column + 1 + index][other] -= 2 * dot / square * v[index] }
            }
            for row in 0..<n {
                let dot = v.indices.reduce(0) { $0 + a[row][column + 1 + $1] * v[$1] }
                for index in v.indices { a[row][column + 1 + index] -= 2 * dot / square * v[index] }
            }
        }
        return a
    }
}
