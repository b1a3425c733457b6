// Answers that are meant to be dear: a grammar of what makes mathematics grow, and fixture pairs with pieces exchanged.

import Trajectories

/// Draws pairs of gold and answer from a random source.
struct HostileMathematics {
    /// Pairs as a problem has them, the matter of mutations.
    let pairs: [(gold: String, answer: String)]
    var random: RandomSource

    mutating func pair() -> (gold: String, answer: String) {
        let gold = text()
        switch random.integer(below: 6) {
        // An answer that is nearly the gold one keeps a comparison longest.
        case 0: return (gold, gold + "+0")
        case 1: return (gold, gold + ["+1", "-x", "+1e-9", "^{1}", "\\cdot 1", "+\\sqrt{2}-\\sqrt{2}"][below(6)])
        case 2: return (gold, mutated(gold))
        case 3:
            let pair = pairs[below(pairs.count)]
            return (pair.gold, mutated(pair.answer))
        case 4: return (gold, pairs[below(pairs.count)].answer)
        default: return (gold, text())
        }
    }

    private mutating func below(_ bound: Int) -> Int { random.integer(below: bound) }

    private mutating func text() -> String {
        switch below(10) {
        case 0: return sum(of: 1 + below(200))
        case 1: return matrix()
        case 2: return list()
        case 3: return nested(below(60))
        case 4: return mutated(pairs[below(pairs.count)].gold)
        case 5: return (0...below(30)).map { _ in "(\(sum(of: 1 + below(4))))^{\(exponent())}" }.joined()
        case 6:
            return (0...below(12)).map { _ in "\\frac{\(sum(of: 2))}{\(sum(of: 1 + below(5)))}" }.joined(separator: "+")
        case 7: return "\(expression(2))=\(expression(3))"
        case 8: return "\(expression(2))\\\(["cup", "cap", "setminus"][below(3)]) (\(atom()),\(atom())]"
        default: return expression(1 + below(6))
        }
    }

    private mutating func expression(_ depth: Int) -> String {
        guard depth > 0 else { return atom() }
        let (left, right) = (expression(depth - 1 - below(2)), expression(depth - 1 - below(3)))
        switch below(16) {
        case 0: return "\\sqrt{\(left)}"
        case 1: return "\\sqrt[\(exponent())]{\(left)+\(right)}"
        case 2: return "(\(left))^{\(right)}"
        case 3: return "(\(left)+\(right))^{\(exponent())}"
        case 4: return "\\frac{\(left)}{\(right)}"
        case 5: return "(\(left))(\(right))"
        case 6: return "\(left)-\(right)"
        case 7: return "\\log_{\(left)}{\(right)}"
        case 8: return "\\\(["sin", "cos", "tan", "ln", "exp", "arctan"][below(6)])(\(left))"
        case 9: return "|\(left)|"
        case 10: return "(\(left))!"
        case 11: return "\\binom{\(left)}{\(right)}"
        case 12: return "\\\(["gcd", "max", "min", "lcm"][below(4)])(\(left),\(right))"
        case 13: return "\\lfloor \(left)\\rfloor"
        case 14: return "\(left)\\pm \(right)"
        default: return "\(left)+\(right)"
        }
    }

    private mutating func atom() -> String {
        switch below(9) {
        case 0: return String(below(20))
        case 1: return (0...below(80)).map { _ in String(1 + below(9)) }.joined()
        case 2: return ["0.5", "1e300", "1e-300", "3.14159", "0.\\overline{142857}", "1e999"][below(6)]
        case 3: return ["\\pi", "e", "i", "\\infty", "\\sqrt{2}", "\\sqrt[3]{5}", "\\sqrt{-3}"][below(7)]
        case 4: return "\\frac{\(below(1_000))}{\(1 + below(1_000))}"
        case 5: return "\(1 + below(30))^{\(exponent())}"
        default: return letter()
        }
    }

    /// Many letters: polynomials grow with their number.
    private mutating func letter() -> String { String(Array("abcdfghjklmnopqrstuvwxyz")[below(24)]) }

    private mutating func exponent() -> String {
        switch below(6) {
        case 0: return String(2 + below(60))
        case 1: return "\(1 + below(9))/\(1 + below(60))"
        case 2: return ["99999999", "-9223372036854775808", "1e9", "\\frac{1}{7}", "0.5", "-1"][below(6)]
        case 3: return "\(2 + below(9))^{\(2 + below(9))}"
        default: return String(2 + below(9))
        }
    }

    private mutating func sum(of count: Int) -> String {
        let coefficient = below(3)
        return (0..<count).map { index in
            let term = coefficient == 0 ? atom() : "\(1 + below(99))\(letter())\(below(2) == 0 ? letter() : "")"
            return (index == 0 ? "" : below(3) == 0 ? "-" : "+") + term + (below(3) == 0 ? "^{\(2 + below(9))}" : "")
        }.joined()
    }

    private mutating func matrix() -> String {
        let (rows, columns) = (1 + below(12), 1 + below(12))
        let body = (0..<rows).map { _ in (0..<columns).map { _ in expression(below(2)) }.joined(separator: "&") }
        return "\\begin{pmatrix}\(body.joined(separator: "\\\\"))\\end{pmatrix}"
    }

    private mutating func list() -> String {
        let items = (0...below(150)).map { _ in expression(below(3) / 2) }.joined(separator: ",")
        let (left, right) = [("\\{", "\\}"), ("(", ")"), ("", ""), ("[", "]")][below(4)]
        return left + items + right
    }

    private mutating func nested(_ depth: Int) -> String {
        let (left, right) = [
            ("(", ")"), ("\\sqrt{1+", "}"), ("\\frac{1}{x+", "}"), ("{", "}"), ("2^{", "}"), ("\\sqrt[3]{2+", "}"),
            ("-", ""),
            ("(x+", ")^2"), ("|", "|"), ("\\left(", "\\right)!"), ("\\{", "\\}"), ("\\ln(", ")"),
        ][below(12)]
        return String(repeating: left, count: depth) + atom() + String(repeating: right, count: depth)
    }

    /// Characters lost, doubled and exchanged, a piece from elsewhere put in.
    private mutating func mutated(_ text: String) -> String {
        var characters = Array(text)
        for _ in 0...below(3) {
            let place = below(characters.count + 1)
            let end = min(characters.count, place + 1 + below(8))
            switch below(5) {
            case 0: characters.removeSubrange(place..<end)
            case 1: characters.insert(contentsOf: characters[place..<end], at: below(characters.count + 1))
            case 2: characters.insert(contentsOf: Array(expression(below(3))), at: place)
            case 3: characters.replaceSubrange(place..<end, with: Array(atom()))
            default: characters.insert(contentsOf: Array("^{\(exponent())}"), at: place)
            }
        }
        return String(characters)
    }
}
