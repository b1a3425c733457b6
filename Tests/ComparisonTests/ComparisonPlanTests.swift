// What a comparison runs and in which order, from any state it can be stopped in.

import Comparison
import Testing
import Trajectories

@Suite struct ComparisonPlanTests {
    private let grpo = ComparisonArm(name: "grpo", algorithm: "grpo", isPlain: true)
    private let clip = ComparisonArm(name: "clip-v", algorithm: "clip_v")
    private let dapo = ComparisonArm(name: "dapo", algorithm: "dapo", maySampleMore: true)

    /// All work of a plan when every run succeeds.
    private func work(_ plan: ComparisonPlan, from start: [RunResult] = []) -> [ComparisonPlan.Work] {
        var results = start
        var made: [ComparisonPlan.Work] = []
        while let work = plan.next(after: results), made.count <= plan.total {
            made.append(work)
            results.append(Results.finished(work, dropped: work.arm == clip ? 0.012 : nil))
        }
        return made
    }

    @Test func `seed by seed fixed arms come before open ones, and a matched control after all`() {
        let plan = ComparisonPlan(arms: [dapo, grpo, clip], seeds: [4, 5], control: .matched)
        let made = work(plan)
        #expect(
            made.map { "\($0.arm.name) \($0.seed)" } == [
                "grpo 4", "clip-v 4", "dapo 4", "grpo 5", "clip-v 5", "dapo 5", "random-drop 4", "random-drop 5",
            ])
        // the tokens that grpo sampled at the same seed
        #expect(made.map(\.tokenBudget) == [nil, nil, 1004, nil, nil, 1005, nil, nil])
        #expect(made.map(\.share) == [nil, nil, nil, nil, nil, nil, 0.012, 0.012])
        #expect(made.count == plan.total && plan.hasBudget)
    }

    @Test func `a given share puts the control beside the fixed arms of each seed`() {
        let plan = ComparisonPlan(arms: [grpo, dapo], seeds: [1, 2], control: .share(0.3), tokenBudget: 77)
        let made = work(plan)
        #expect(made.map(\.arm.name) == ["grpo", "random-drop", "dapo", "grpo", "random-drop", "dapo"])
        #expect(made.map(\.tokenBudget) == [nil, nil, 77, nil, nil, 77])
        #expect(made.map(\.share) == [nil, 0.3, nil, nil, 0.3, nil])
    }

    @Test func `a configured control is an arm like others`() {
        let control = ComparisonArm(name: "mine", algorithm: "random_drop")
        let plan = ComparisonPlan(arms: [grpo, control], seeds: [1], control: .configured)
        #expect(work(plan).map(\.arm) == [grpo, control] && plan.total == 2 && plan.allArms == [grpo, control])
        #expect(work(plan).allSatisfy { $0.share == nil })
        #expect(!ComparisonPlan(arms: [dapo], seeds: [1], control: .configured).hasBudget)
    }

    @Test(arguments: 0..<60)
    func `whatever is finished already, the rest is made once and nothing twice`(seed: Int) {
        var random = RandomSource(seed: UInt64(seed), purpose: .testing)
        let control: [ComparisonPlan.Control] = [.matched, .share(0.02)]
        let plan = ComparisonPlan(
            arms: [grpo, dapo, clip].shuffled(using: &random), seeds: Array(1...(1 + random.integer(below: 3))),
            control: control[random.integer(below: 2)])
        let all = work(plan)
        // stopped after any prefix, or with some results lost
        let kept = all.filter { _ in random.uniform() < 0.5 }
        let rest = work(plan, from: kept.map { Results.finished($0, dropped: $0.arm == clip ? 0.012 : nil) })
        func keys(_ work: [ComparisonPlan.Work]) -> [String] { work.map { "\($0.arm.name) \($0.seed)" } }
        #expect((keys(kept) + keys(rest)).sorted() == keys(all).sorted())
        #expect(Set(keys(all)).count == plan.total)
        // lost or not, a run is asked for as it was the first time
        for again in rest { #expect(all.contains(again)) }
    }

    @Test func `the matched share is the median over arms that drop tokens of the mean over seeds`() {
        let share = ComparisonPlan.matchedShare
        let runs = [
            Results.result("a", 1, dropped: 0.01), Results.result("a", 2, dropped: 0.03),
            Results.result("b", 1, dropped: 0.05), Results.result("b", 2, dropped: 0.07),
            Results.result("none", 1), Results.result("zero", 1, dropped: 0),
        ]
        #expect(share(runs) == 0.04)
        #expect(share(runs + [Results.result("c", 1, dropped: 0.8)]) == 0.06)
        #expect(share([Results.result("a", 1, dropped: 0.012_345)]) == 0.0123)
        #expect(share([Results.result("none", 1)]) == ComparisonPlan.fallbackShare)
    }

    @Test func `the baseline is plain GRPO wherever it stands, or the first arm`() {
        #expect(ComparisonPlan.baseline(of: [clip, dapo, grpo]) == grpo)
        #expect(ComparisonPlan.baseline(of: [clip, dapo]) == clip)
        #expect(ComparisonPlan.baseline(of: []) == nil)
    }
}
