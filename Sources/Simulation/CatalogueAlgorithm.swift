// Algorithms of the catalogue by the text a configuration would hold.

import Algorithms
import ConfigCoding

/// The algorithm of a flow mapping such as `{name: clip_v, mu_neg: 3}`; unknown keys are refused.
func catalogueAlgorithm(_ yaml: String) throws -> Algorithm {
    let section = try ConfigSection.parse(yaml, name: "simulate")
    let algorithm = try AlgorithmCatalogue.algorithm(from: section)
    try section.finish()
    return algorithm
}
