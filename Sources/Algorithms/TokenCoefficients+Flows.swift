// Which part of a loss raises the entropy of its own tokens, and which lowers it.

extension TokenCoefficients {
    /// The same loss with g1 negated where it lowers its token's entropy, 0 where it does neither, and without g2: the part
    /// that raises entropy minus the part that lowers it. The first-order change is η g1 C, C = S − E[S] (2602.03392,
    /// theorem 3.3, for a loss that is minimised).
    public func flows(in tokens: TokenTable) -> TokenCoefficients {
        var result = self
        for token in g1.indices {
            let change = Double(g1[token]) * tokens.centredDiscriminant(token)
            result.g1[token] = change > 0 ? g1[token] : change < 0 ? -g1[token] : 0
            result.g2[token] = 0
        }
        return result
    }
}
