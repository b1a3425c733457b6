// From text to ids and back.

extension BytePairTokenizer {
    /// The ids of a text. Added tokens in it become their own ids, special ones too.
    ///
    /// - Parameter addingSpecialTokens: puts the tokens around it that the file's `post_processor` names, such as the
    ///   one that begins every text of Llama, Mistral and Gemma. A text that a chat template made has them already.
    /// - Parameter continuing: the text follows another one, so that the space which Llama 2, Mistral and GPT-2 put before
    ///   every text is left out, and the ids are those that a model would write behind the other's.
    public func encode(_ text: String, addingSpecialTokens: Bool = false, continuing: Bool = false) -> [Int32] {
        var result = addingSpecialTokens ? template.prefix : []
        let scalars = text.unicodeScalars.map(\.value)
        for part in matcher.parts(of: scalars) {
            switch part {
            case .token(let id): result.append(id)
            case .text(let range):
                let isFirst = range.lowerBound == 0
                encodeWithoutTokens(
                    scalars[range], isFirst: isFirst && !continuing, isBare: isFirst && continuing, into: &result)
            }
        }
        if addingSpecialTokens { result += template.suffix }
        return result
    }

    /// Encodes a stretch in which only tokens that are matched after normalisation can be.
    ///
    /// - Parameter isBare: nothing is put before its first character.
    private func encodeWithoutTokens(
        _ scalars: ArraySlice<UInt32>, isFirst: Bool, isBare: Bool, into result: inout [Int32]
    ) {
        let text = normaliser.normalise(scalars, isBare: isBare)
        for part in normalisedMatcher.parts(of: text) {
            switch part {
            case .token(let id): result.append(id)
            case .text(let range):
                let isStart = range.lowerBound == 0
                preTokenizer.forEachWord(
                    of: Array(text[range]), isFirst: isFirst && isStart, isBare: isBare && isStart
                ) { encodeWord($0, into: &result) }
            }
        }
    }

    private func encodeWord(_ word: [UInt32], into result: inout [Int32]) {
        switch symbols {
        case .bytes(let tokens):
            var bytes: [UInt8] = []
            bytes.reserveCapacity(word.count)
            for scalar in word { appendUTF8(scalar, to: &bytes) }
            if let wholeWords, let id = wholeWords[ByteAlphabet.written(bytes)] { return result.append(id) }
            merges.appendTokens(merging: bytes.map { tokens[Int($0)] }, to: &result)
        case .characters(let characters):
            if let wholeWords {
                var written: [UInt8] = []
                for scalar in word { appendUTF8(scalar, to: &written) }
                if let id = wholeWords[written] { return result.append(id) }
            }
            merges.appendTokens(merging: characters.symbols(of: word), to: &result)
        }
    }

    /// The text of ids. Ids without a token are skipped; bytes that are not UTF-8 become U+FFFD, one for each maximal
    /// piece of a character, or, where the file has byte tokens, one for each of them in the run.
    public func decode(_ ids: [Int32], skippingSpecialTokens: Bool = false) -> String {
        var stream = textStream(skippingSpecialTokens: skippingSpecialTokens)
        var text = ""
        for id in ids { text += stream.append(id) }
        return text + stream.end()
    }

    /// Decodes token by token.
    public func textStream(skippingSpecialTokens: Bool = false) -> TextStream {
        TextStream(self, skippingSpecialTokens: skippingSpecialTokens)
    }

    /// The bytes that a token adds to a text; nil if the id has no token.
    func piece(of id: Int32, isFirst: Bool) -> [UInt8]? {
        guard written.indices.contains(Int(id)), let token = written[Int(id)] else { return nil }
        return isFirst ? decoder.bytes(of: token, isFirst: true) : pieces[Int(id)]
    }
}
