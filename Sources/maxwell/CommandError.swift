// What can be wrong with a command's arguments or files, as one sentence.

/// A refusal by a command; printed as it is, with a non-zero exit.
struct CommandError: Error, CustomStringConvertible {
    var description: String

    init(_ sentence: String) { description = sentence }
}
