// The group of rewards that the published credits are compared on.

/// Two of eight completions correct.
let twoOfEight: [Double] = [1, 0, 0, 1, 0, 0, 0, 0]
