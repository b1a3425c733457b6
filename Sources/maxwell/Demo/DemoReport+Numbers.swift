// How numbers read in the report's sentences, and what several seeds of an algorithm come to.

import Analysis
import Plots

extension DemoReport {
    /// A number of one algorithm over its seeds: those that are finite. NaN throughout if there is none.
    struct Spread {
        var count = 0
        var mean = Double.nan
        var low = Double.nan
        var high = Double.nan

        init(_ values: [Double]) {
            guard let summary = try? Summary(values.filter(\.isFinite)) else { return }
            (count, mean, low, high) = (summary.count, summary.mean, summary.minimum, summary.maximum)
        }
    }

    func spread(_ arms: [Int], _ value: (DemoArm) -> Double) -> Spread {
        Spread(arms.map { value(summary.arms[$0]) })
    }

    /// The mean over the seeds of `contender`.
    func mean(_ contender: Contender, _ value: (DemoArm) -> Double) -> Double {
        spread(contender.arms, value).mean
    }
}

extension DemoArm {
    /// Entropy after over entropy before, minus 1.
    var entropyChange: Double { entropyFinal / entropyInitial - 1 }
}
