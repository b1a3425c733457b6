// Every family of tokenizers against the reference library, on 100,000 generated texts each.

import Testing

@testable import Tokenizers

@Suite("Families against the reference library")
struct FamilyParityTests {
    static let texts: (fixture: FamilyFixture, texts: [String])? = {
        guard let fixture = try? FamilyFixture.load() else { return nil }
        var generator = TextGenerator(fixture.source, seed: fixture.header.seed)
        return (fixture, (0..<100_000).map { _ in generator.text() })
    }()

    @Test("the generator makes the texts that the script made")
    func sameTexts() throws {
        let (fixture, texts) = try #require(Self.texts)
        var digests = RowDigests()
        for text in texts { digests.add(text.utf8) }
        #expect(digests.values == fixture.texts)
        #expect(fixture.families.count == 8)
    }

    @Test(
        "ids, and the texts they decode to, are the same",
        arguments: ["qwen", "llama3", "tekken", "gpt2", "llama2", "mistral", "gemma", "steps"])
    func coding(name: String) throws {
        let (fixture, texts) = try #require(Self.texts)
        let family = try #require(fixture.families[name])
        let tokenizer = try FamilyFixture.tokenizer(name)
        for example in family.cases {
            let text = Fixture.text(hex: example[0])
            let ids = tokenizer.encode(text, addingSpecialTokens: true)
            #expect(ids == Fixture.numbers(example[1]), "\(text.debugDescription)")
        }
        var ids = RowDigests()
        var decoded = RowDigests()
        for (index, text) in texts.enumerated() {
            let row = tokenizer.encode(text, addingSpecialTokens: true)
            ids.add(row)
            decoded.add(tokenizer.decode(row, skippingSpecialTokens: index % 2 == 1).utf8)
        }
        #expect(Self.differing(ids.values, family.ids).isEmpty)
        #expect(Self.differing(decoded.values, family.decoded).isEmpty)

        var generator = TextGenerator(fixture.source, seed: fixture.header.seed + 2)
        var random = RowDigests()
        for _ in 0..<10_000 {
            let row = generator.ids(size: tokenizer.vocabularySize, bytesFrom: family.bytesFrom)
            random.add(tokenizer.decode(row).utf8)
        }
        #expect(Self.differing(random.values, family.random).isEmpty)
    }

    /// The thousands of rows whose digests differ.
    private static func differing(_ found: [String], _ expected: [String]) -> [Int] {
        found.count == expected.count ? found.indices.filter { found[$0] != expected[$0] } : [-1]
    }
}
