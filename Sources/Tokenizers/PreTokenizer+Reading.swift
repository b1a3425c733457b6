// The reader of `pre_tokenizer`, and its refusals.

extension PreTokenizer {
    /// Reads the member `pre_tokenizer`, null for none.
    /// - Throws: `TokenizerError` naming the step or setting that is not supported.
    init(_ field: JSONField?) throws(TokenizerError) {
        if let field { try read(field) }
    }

    private mutating func read(_ field: JSONField) throws(TokenizerError) {
        let type = try field.required("type")
        if isByteLevel { throw type.failure(.unsupported, "follows a step ByteLevel, which must be the last") }
        switch try type.string() {
        case "Sequence": for step in try field.required("pretokenizers").elements() { try read(step) }
        case "Split": try readSplit(field)
        case "ByteLevel": try readByteLevel(field)
        case "Metaspace": try readMetaspace(field)
        case "Digits":
            let isIndividual = try field.required("individual_digits").bool()
            steps.append(.digits(isIndividual ? .isolated : .contiguous))
        default: throw try type.unsupportedStep("Sequence, Split, ByteLevel, Metaspace or Digits")
        }
    }

    private mutating func readSplit(_ field: JSONField) throws(TokenizerError) {
        let pattern = try field.required("pattern")
        let behaviour = try field.required("behavior")
        let inverts = try field.optional("invert")
        let isInverted = try inverts?.bool() ?? false
        if let literal = try pattern.optional("String") {
            let separator = try literal.scalars()
            if separator.isEmpty { throw literal.failure(.malformed, "must not be empty") }
            let kind = try behaviour.choice(Behaviour.self)
            return steps.append(.literal(separator, kind, inverts: isInverted))
        }
        let expression = try pattern.required("Regex")
        // The known patterns match everywhere, so that what they match is isolated, or what they do not is removed.
        let kind = try behaviour.string()
        if !isInverted || kind != Behaviour.removed.rawValue { try behaviour.require(Behaviour.isolated.rawValue) }
        guard let known = SplitPattern(text: try expression.bytes()) else {
            throw expression.failure(
                .unsupported,
                "is a pattern that is not known, \(try expression.string()); known are those of Qwen2, Llama 3, "
                    + "tekken and GPT-2")
        }
        steps.append(.words(known))
    }

    private mutating func readByteLevel(_ field: JSONField) throws(TokenizerError) {
        if try field.required("add_prefix_space").bool() { steps.append(.prefixSpace) }
        // Absent means true: then ByteLevel splits by GPT-2's pattern.
        if try field.optional("use_regex")?.bool() ?? true { steps.append(.words(.gpt2)) }
        isByteLevel = true
    }

    private mutating func readMetaspace(_ field: JSONField) throws(TokenizerError) {
        let (mark, scheme) = try field.metaspace()
        if scheme == .first, !steps.isEmpty {
            throw try field.required("prepend_scheme").failure(
                .unsupported, "is \"first\", which is supported in the first step only")
        }
        steps.append(.metaspace(mark: mark, scheme, splits: try field.optional("split")?.bool() ?? true))
    }
}

extension JSONField {
    /// `replacement` and `prepend_scheme` of a step Metaspace, in pre-tokenizers and decoders.
    func metaspace() throws(TokenizerError) -> (mark: UInt32, scheme: PreTokenizer.PrependScheme) {
        let replacement = try required("replacement")
        let scalars = try replacement.scalars()
        guard scalars.count == 1 else { throw replacement.failure(.malformed, "must be one character") }
        let scheme = try optional("prepend_scheme")
        // Files of older versions say only whether a mark goes in front.
        if let older = try optional("add_prefix_space"), try !older.bool() {
            if let scheme { try scheme.require(PreTokenizer.PrependScheme.never.rawValue) }
            return (scalars[0], .never)
        }
        return (scalars[0], try scheme?.choice(PreTokenizer.PrependScheme.self) ?? .always)
    }

    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ type: Choice.Type
    ) throws(TokenizerError) -> Choice {
        let word = try string()
        guard let choice = Choice(rawValue: word) else {
            let choices = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw failure(.unsupported, "is \"\(word)\"; supported are \(choices)")
        }
        return choice
    }
}
