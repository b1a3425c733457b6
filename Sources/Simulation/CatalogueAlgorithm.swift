// The trainer's algorithms as a configuration describes them.

import Algorithms
import ConfigCoding

/// The algorithm of an `algorithm:` section with these options, such as "name: clip_v, mu_neg: 3".
///
/// - Throws: `ConfigError`, also for an option that the algorithm does not know.
func catalogueAlgorithm(_ options: String) throws -> Algorithm {
    let section = try ConfigSection.parse("{\(options)}", name: "simulate")
    let algorithm = try AlgorithmCatalogue.algorithm(from: section)
    try section.finish()
    return algorithm
}
