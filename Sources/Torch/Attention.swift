// Attention of the packed rows of a forward pass.

internal import CTorch

/// Which rows of a forward pass belong together: groups end to end without padding, each a prompt and its completions.
///
/// A row sees the rows of its prompt and the earlier rows of its own completion. A sequence by itself is a prompt
/// without completions.
public struct PackedLayout: Sendable, Equatable {
    /// Numbers of rows of one group.
    public struct Group: Sendable, Equatable {
        public var prompt: Int
        public var completions: [Int]

        public init(prompt: Int, completions: [Int] = []) {
            self.prompt = prompt
            self.completions = completions
        }
    }

    /// The position of every row in its sequence: each completion goes on where the prompt ended.
    public let positions: [Int64]
    /// Rows of every segment, and segments of every group.
    private let lengths, segments: [Int64]

    public init(_ groups: [Group]) {
        segments = groups.map { Int64($0.completions.count + 1) }
        lengths = groups.flatMap { [Int64($0.prompt)] + $0.completions.map(Int64.init) }
        positions = groups.flatMap { group in
            let prompt = Int64(group.prompt)
            return Array(0..<prompt) + group.completions.flatMap { prompt..<(prompt + Int64($0)) }
        }
    }

    /// N.
    public var rowCount: Int { positions.count }

    fileprivate func attention(_ q: Tensor, _ k: Tensor, _ v: Tensor, scale: Double) -> Tensor {
        Tensor.make("attention") {
            ct_attention(q.handle, k.handle, v.handle, lengths, segments, Int64(segments.count), scale, $0)
        }
    }
}

extension Tensor {
    /// Causal grouped-query attention of queries [N, H, D] over keys and values [N, K, D] of the same rows.
    public func attention(keys: Tensor, values: Tensor, layout: PackedLayout, scale: Double) -> Tensor {
        layout.attention(self, keys, values, scale: scale)
    }
}
