// What a loop does with an algorithm's controllers: a plan before each update, the outcome after it, states in between.

import Foundation
public import Trajectories

extension Algorithm {
    /// The plan of one update: this algorithm as its controllers adjust it, in order.
    /// - Throws: `EntropyDynamicsError` if a controller refuses a measurement.
    public mutating func plan(for update: PendingUpdate) throws -> UpdatePlan {
        var plan = UpdatePlan(algorithm: self)
        for index in controllers.indices { try controllers[index].prepare(&plan, for: update) }
        return plan
    }

    /// Tells the controllers what the update of the last plan did.
    public mutating func observe(_ outcome: UpdateOutcome) throws {
        for index in controllers.indices { try controllers[index].observe(outcome) }
    }

    /// The controllers' reports on the last update, each name with its controller's prefix.
    public var controllerMetrics: [Metric] {
        controllers.flatMap { controller in
            controller.metrics.map { Metric("\(controller.name)/\($0.name)", $0.value) }
        }
    }

    /// Whether a controller needs the gradient of entropy.
    public var steersSteps: Bool { controllers.contains { $0.steersSteps } }

    /// The state of every controller, in order, for a checkpoint. Doubles survive to the last bit.
    public func controllerStates() throws -> [JSONValue] { try controllers.map { try $0.saved() } }

    /// Puts the states of a checkpoint back.
    /// - Throws: `AlgorithmError` if they belong to other controllers.
    public mutating func restore(controllerStates states: [JSONValue]) throws {
        guard states.count == controllers.count else {
            throw AlgorithmError.foreignState(
                name, "there are \(states.count) states for \(controllers.count) controllers")
        }
        for index in controllers.indices {
            do {
                try controllers[index].restore(saved: states[index])
            } catch {
                throw AlgorithmError.foreignState(controllers[index].name, "\(error)")
            }
        }
    }
}

extension Controller {
    fileprivate func saved() throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: try JSONEncoder().encode(state))
    }

    fileprivate mutating func restore(saved: JSONValue) throws {
        try restore(try JSONDecoder().decode(State.self, from: try JSONEncoder().encode(saved)))
    }
}

extension AlgorithmError {
    fileprivate static func foreignState(_ controller: String, _ reason: String) -> AlgorithmError {
        AlgorithmError(
            .foreignState,
            "the controllers of \(controller) cannot go on from the state in this checkpoint (\(reason)); "
                + "resume from an earlier one, or start the run again",
            place: controller)
    }
}
