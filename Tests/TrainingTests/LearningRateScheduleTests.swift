// The learning rate of each update.

import Testing
import Training

@Suite struct LearningRateScheduleTests {
    private func rates(_ shape: LearningRateSchedule.Shape, warmup: Int = 4, total: Int = 12) -> [Double] {
        let schedule = LearningRateSchedule(peak: 2, shape: shape, warmup: warmup, total: total)
        return (0..<total).map(schedule.rate(at:))
    }

    @Test func `warm-up rises to the peak, then constant, linear and cosine differ`() {
        for shape in LearningRateSchedule.Shape.allCases {
            #expect(rates(shape).prefix(5) == [0.5, 1, 1.5, 2, 2], "\(shape)")
        }
        #expect(rates(.constant).suffix(8).allSatisfy { $0 == 2 })
        #expect(rates(.linear).suffix(8) == [2, 1.75, 1.5, 1.25, 1, 0.75, 0.5, 0.25])
        let cosine = rates(.cosine)
        #expect(abs(cosine[8] - 1) < 1e-12)  // half way
        #expect(abs(cosine[6] - (1 + 0.5.squareRoot())) < 1e-12)  // a quarter of the way
        for shape in LearningRateSchedule.Shape.allCases {
            let all = rates(shape)
            #expect(all.allSatisfy { $0 > 0 && $0 <= 2 }, "every update moves")
            #expect(zip(all.dropFirst(3), all.dropFirst(4)).allSatisfy { $0 >= $1 })
        }
    }

    @Test func `without warm-up the first update has the peak, and past the end nothing is negative`() {
        for shape in LearningRateSchedule.Shape.allCases {
            let schedule = LearningRateSchedule(peak: 1, shape: shape, warmup: 0, total: 5)
            #expect(schedule.rate(at: 0) == 1)
            #expect(schedule.rate(at: 5) == (shape == .constant ? 1 : 0))
            #expect(schedule.rate(at: 500) == (shape == .constant ? 1 : 0))
        }
        let onlyWarmup = LearningRateSchedule(peak: 1, shape: .linear, warmup: 8, total: 8)
        #expect((0..<8).map(onlyWarmup.rate(at:)) == (1...8).map { Double($0) / 8 })
    }
}
