// Overlong filtering: a completion that the token limit cut off teaches nothing.

import ConfigCoding

/// A = 0 for completions that the token limit ended, after the base has credited the whole group (DAPO, 2503.14476,
/// primary: its overlong filtering).
///
/// What would have followed is not known, so that the verdict on such a completion is noise. It still counts in its
/// group's baseline and in denominators. Void for a model without a stop token, whose completions all end there.
public struct OverlongFilter: Credit {
    public var base: any Credit

    public init(_ base: any Credit) { self.base = base }

    public var smallestGroup: Int { base.smallestGroup }
    public var reads: Signals { base.reads }

    public func advantages(of groups: [[Outcome]]) -> [[Double]] {
        zip(base.advantages(of: groups), groups).map { advantages, outcomes in
            zip(advantages, outcomes).map { $1.isTruncated ? 0 : $0 }
        }
    }

    /// `overlong_filtered`, the share of completions that were cut off; then what the base reports.
    public func metrics(for groups: [[Outcome]]) -> [Metric] {
        let outcomes = groups.flatMap { $0 }
        let share = Double(outcomes.count { $0.isTruncated }) / Double(max(outcomes.count, 1))
        return [Metric("overlong_filtered", share)] + base.metrics(for: groups)
    }
}
