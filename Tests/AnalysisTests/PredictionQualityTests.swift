// The agreement of predictions and measurements, on data whose answer is known.

import Analysis
import Testing
import Trajectories

@Suite struct PredictionQualityTests {
    @Test func `a perfect prediction is perfect`() throws {
        let quality = try PredictionQuality(predicted: [1, 2, 4, -3], measured: [1, 2, 4, -3])
        #expect(quality.n == 4)
        #expect(quality.slope == 1)
        #expect(quality.intercept == 0)
        #expect(abs(quality.correlation - 1) < 1e-15)
        #expect(quality.r2Identity == 1)
        #expect(abs(quality.r2Fit - 1) < 1e-15)
    }

    @Test func `a small example worked by hand`() throws {
        // p deviates by -1, 0, 1 and m by -2, 1, 1 from 2 and 3: products 3, squares 2 and 6, residuals 0, 4, 1.
        let quality = try PredictionQuality(predicted: [1, 2, 3], measured: [1, 4, 4])
        #expect(quality.slope == 1.5)
        #expect(quality.intercept == 0)
        #expect(abs(quality.correlation - 3 / 12.0.squareRoot()) < 1e-15)
        #expect(abs(quality.r2Identity - (1 - 5.0 / 6)) < 1e-15)
        #expect(abs(quality.r2Fit - 0.75) < 1e-15)
    }

    @Test func `a straight line is found, however steep, at any scale`() throws {
        for number in 0..<1000 {
            var random = RandomSource(seed: 17, purpose: .testing, step: number)
            let slope = random.uniform() * 20 - 10
            let intercept = random.uniform() - 0.5
            let predicted = (0..<30).map { _ in random.uniform() - 0.5 }
            let measured = predicted.map { intercept + slope * $0 }
            let quality = try PredictionQuality(predicted: predicted, measured: measured)
            #expect(abs(quality.slope - slope) < 1e-12)
            #expect(abs(quality.intercept - intercept) < 1e-12)
            #expect(abs(abs(quality.correlation) - 1) < 1e-9 || abs(slope) < 1e-3)
            let tiny = try PredictionQuality(
                predicted: predicted.map { $0 * 1e-9 }, measured: measured.map { $0 * 1e-9 })
            #expect(abs(tiny.slope - quality.slope) < 1e-9)
            #expect(abs(tiny.r2Identity - quality.r2Identity) <= 1e-9 * max(1, abs(quality.r2Identity)))
        }
    }

    @Test func `noise gives the correlation it must`() throws {
        // m = p + noise of the same spread: correlation sqrt(1/2), r2Identity 1 - 1/2, slope 1.
        var random = RandomSource(seed: 23, purpose: .testing)
        let pairs = (0..<200_000).map { _ in random.normalPair() }
        let quality = try PredictionQuality(predicted: pairs.map(\.0), measured: pairs.map { $0.0 + $0.1 })
        #expect(abs(quality.correlation - 0.5.squareRoot()) < 0.01)
        #expect(abs(quality.r2Identity - 0.5) < 0.01)
        #expect(abs(quality.r2Fit - 0.5) < 0.01)
        #expect(abs(quality.slope - 1) < 0.01)
    }

    @Test func `a prediction of the wrong sign is worse than none`() throws {
        let quality = try PredictionQuality(predicted: [1, 2, 3], measured: [-1, -2, -3])
        #expect(quality.r2Identity < 0)
        #expect(abs(quality.r2Fit - 1) < 1e-15)
        #expect(abs(quality.correlation + 1) < 1e-15)
        #expect(quality.slope == -1)
    }

    @Test func `where there is no spread there is no number`() throws {
        let flat = try PredictionQuality(predicted: [0.1, 0.1, 0.1], measured: [1, 2, 3])
        #expect(flat.correlation.isNaN && flat.slope.isNaN && flat.r2Fit.isNaN)
        #expect(!flat.r2Identity.isNaN)
        let still = try PredictionQuality(predicted: [1, 2, 3], measured: [0.1, 0.1, 0.1])
        #expect(still.correlation.isNaN && still.r2Identity.isNaN)
        #expect(abs(still.slope) < 1e-15)
    }

    @Test func `unequal, too few and not finite are refused`() {
        #expect(
            message { _ = try PredictionQuality(predicted: [1, 2], measured: [1]) }
                == "2 predictions cannot be compared with 1 measurements; give one for each")
        #expect(
            message { _ = try PredictionQuality(predicted: [1], measured: [1]) }
                == "the quality of predictions needs at least two points, got 1")
        #expect(message { _ = try PredictionQuality(predicted: [1, .infinity], measured: [1, 2]) } != nil)
    }
}
