// Target schedules against their formulas, at their ends, and what is refused.

import EntropyDynamics
import Foundation
import Testing
import Trajectories

@Suite struct EntropyTargetTests {
    func value(_ shape: EntropyTarget.Shape, at step: Int, of total: Int) throws -> Double? {
        try EntropyTarget(shape, totalSteps: total).value(at: step)
    }

    @Test func `schedules worked by hand`() throws {
        #expect(try value(.constant(0.3), at: 7, of: 10) == 0.3)
        #expect(try value(.linear(from: 1, to: 0.5), at: 50, of: 100) == 0.75)
        #expect(try value(.exponential(from: 1, to: 0.25), at: 1, of: 2) == 0.5)
        let points = EntropyTarget.Shape.points([.init(step: 10, entropy: 1), .init(step: 20, entropy: 0.5)])
        let found = try [0, 10, 12, 20, 30].map { try value(points, at: $0, of: 40) }
        #expect(zip(found, [1, 1, 0.9, 0.5, 0.5]).allSatisfy { isClose($0 ?? .nan, $1, absolute: 1e-15) })
        let decay = try value(.oscillatoryDecay(initial: 0.5, floor: 0.2), at: 60, of: 240)
        #expect(isClose(try #require(decay), 0.1 + 0.4 * 0.75, absolute: 1e-15))
    }

    @Test func `steps outside the run have the values of its ends, and both ends are exact`() throws {
        try forRandomCases(seed: 101) { random, number in
            let total = 1 + random.integer(below: 1_000)
            let (from, to) = (random.uniform(in: 0.01...6), random.uniform(in: 0.01...6))
            for shape in [EntropyTarget.Shape.linear(from: from, to: to), .exponential(from: from, to: to)] {
                let target = try EntropyTarget(shape, totalSteps: total)
                #expect(target.value(at: 0) == from && target.value(at: total) == to, "case \(number)")
                #expect(target.value(at: -3) == from && target.value(at: total + 9) == to, "case \(number)")
            }
        }
    }

    @Test func `a linear target loses the same amount and an exponential one the same fraction each step`() throws {
        try forRandomCases(seed: 102) { random, number in
            let total = 2 + random.integer(below: 500)
            let (from, to) = (random.uniform(in: 0.05...6), random.uniform(in: 0.05...6))
            let linear = try EntropyTarget(.linear(from: from, to: to), totalSteps: total)
            let exponential = try EntropyTarget(.exponential(from: from, to: to), totalSteps: total)
            let step = random.integer(below: total)
            let (a, b) = (try #require(linear.value(at: step)), try #require(linear.value(at: step + 1)))
            #expect(isClose((b - a) * Double(total), to - from, absolute: 1e-11), "case \(number)")
            let (c, d) = (try #require(exponential.value(at: step)), try #require(exponential.value(at: step + 1)))
            #expect(isClose(log(d / c) * Double(total), log(to / from), absolute: 1e-11), "case \(number)")
        }
    }

    @Test func `a target by points goes through every point and straight between them`() throws {
        try forRandomCases(seed: 103) { random, number in
            var step = random.integer(below: 5)
            var points: [EntropyTarget.Point] = []
            for _ in 0...random.integer(below: 6) {
                points.append(.init(step: step, entropy: random.uniform(in: 0...5)))
                step += 1 + random.integer(below: 30)
            }
            let target = try EntropyTarget(.points(points), totalSteps: step + 10)
            let values = try (0...step + 10).map { try #require(target.value(at: $0)) }
            for point in points { #expect(values[point.step] == point.entropy, "case \(number)") }
            // Straight means no second difference anywhere but at the points.
            let corners = Set(points.map(\.step))
            for middle in 1..<(values.count - 1) where !corners.contains(middle) {
                let bend = values[middle - 1] - 2 * values[middle] + values[middle + 1]
                #expect(abs(bend) <= 1e-13, "case \(number) at \(middle)")
            }
            #expect(values.first == points.first?.entropy && values.last == points.last?.entropy, "case \(number)")
        }
    }

    @Test func `the reference curve of oscillatory decay falls from the initial entropy to its floor`() throws {
        try forRandomCases(seed: 104) { random, number in
            let total = 1 + random.integer(below: 800)
            let (initial, floor) = (random.uniform(in: 0.05...4), random.uniform())
            let target = try EntropyTarget(.oscillatoryDecay(initial: initial, floor: floor), totalSteps: total)
            let step = random.integer(below: total + 1)
            let low = floor * initial
            let formula = low + (initial - low) * (1 - Double(step) / Double(total))
            #expect(isClose(try #require(target.value(at: step)), formula, absolute: 1e-14), "case \(number)")
        }
    }

    @Test func `a released target is its inner one until the step and none after it`() throws {
        try forRandomCases(seed: 105) { random, number in
            let total = 1 + random.integer(below: 200)
            let end = random.integer(below: total + 20)
            let inner = EntropyTarget.Shape.linear(from: random.uniform(), to: random.uniform())
            let held = try EntropyTarget(inner, totalSteps: total)
            let target = try EntropyTarget(.release(inner, at: end), totalSteps: total)
            for step in 0...total {
                #expect(target.value(at: step) == (step < end ? held.value(at: step) : nil), "case \(number)")
            }
        }
    }

    @Test func `a shape survives a configuration file`() throws {
        let shapes: [EntropyTarget.Shape] = [
            .constant(0.1), .linear(from: 1, to: 0.3), .exponential(from: 1, to: 0.3),
            .points([.init(step: 3, entropy: 0.7)]), .oscillatoryDecay(initial: 0.9, floor: 0.2),
            .release(.constant(0.1), at: 7),
        ]
        for shape in shapes { #expect(try throughJSON(shape) == shape) }
    }

    @Test func `schedules that are none are refused in one sentence`() {
        func refused(_ shape: EntropyTarget.Shape, of total: Int = 10) -> String? {
            refusal { _ = try EntropyTarget(shape, totalSteps: total) }
        }
        #expect(
            refused(.constant(0.3), of: 0)
                == "an entropy target needs a run of at least one step, got 0 (totalSteps)")
        #expect(
            refused(.linear(from: 1, to: -0.5))
                == "an entropy target needs a finite number of at least 0.0 here, got -0.5 (linear.to)")
        #expect(
            refused(.exponential(from: 1, to: 0))
                == "an exponential entropy target needs a finite number above zero here, got 0.0 (exponential.to)")
        #expect(
            refused(.points([.init(step: 4, entropy: 1), .init(step: 4, entropy: 2)]))
                == "the points of an entropy target need strictly increasing steps from 0 on, got 4 after 4 "
                + "(points[1].step)")
        for shape: EntropyTarget.Shape in [
            .constant(.nan), .constant(.infinity), .points([]), .points([.init(step: -1, entropy: 1)]),
            .points([.init(step: 0, entropy: .nan)]), .oscillatoryDecay(initial: 0, floor: 0.2),
            .oscillatoryDecay(initial: 1, floor: 1.2), .release(.constant(-1), at: 3), .release(.constant(1), at: -1),
        ] {
            #expect(refused(shape) != nil, "\(shape)")
        }
    }
}
