// The names that the lexer knows, of LaTeX commands, of plain words, and of signs outside ASCII.

enum MathVocabulary {
    /// Commands that only arrange.
    static let ignored: Set<String> = [
        "left", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "displaystyle", "textstyle",
        "limits", "quad", "qquad", "!", ",", ";", ":", " ", ">", "hspace", "boldsymbol", "middle", "nolimits",
        "scriptstyle", "mathstrut", "hfill", "phantom", "bf", "rm", "it",
    ]
    /// Commands whose argument is words.
    static let textual: Set<String> = [
        "text", "mathrm", "textbf", "textit", "textrm", "mbox", "hbox", "operatorname", "mathbf", "mathit", "mathsf",
        "texttt", "textsf", "textnormal", "mathtt", "emph",
    ]
    static let relations: [String: MathRelation] = [
        "le": .lessOrEqual, "leq": .lessOrEqual, "leqslant": .lessOrEqual, "ge": .greaterOrEqual,
        "geq": .greaterOrEqual,
        "geqslant": .greaterOrEqual, "lt": .less, "gt": .greater, "ne": .notEqual, "neq": .notEqual, "in": .element,
        "approx": .equal, "simeq": .equal, "equiv": .equal, "cong": .equal,
    ]
    static let functions: [String: MathFunction] = [
        "sin": .sin, "cos": .cos, "tan": .tan, "cot": .cot, "sec": .sec, "csc": .csc, "arcsin": .arcsin,
        "arccos": .arccos, "arctan": .arctan, "asin": .arcsin, "acos": .arccos, "atan": .arctan, "sinh": .sinh,
        "cosh": .cosh, "tanh": .tanh, "exp": .exp, "ln": .ln, "log": .log, "lg": .log, "gcd": .gcd, "lcm": .lcm,
        "max": .max, "min": .min, "abs": .abs, "floor": .floor, "ceil": .ceil, "binom": .binomial,
    ]
    /// Functions that plain words may name; `max` of a sentence is a word.
    static let greek: Set<String> = [
        "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta", "iota", "kappa",
        "lambda", "mu", "nu", "xi", "rho", "sigma", "tau", "upsilon", "phi", "varphi", "chi", "psi", "omega", "Gamma",
        "Delta", "Theta", "Lambda", "Xi", "Sigma", "Phi", "Psi", "Omega", "ell",
    ]
    /// Commands with a meaning in the grammar, by the name that the parser uses.
    static let commands: [String: String] = [
        "frac": "frac", "dfrac": "frac", "tfrac": "frac", "cfrac": "frac", "sqrt": "sqrt", "binom": "binom",
        "dbinom": "binom", "tbinom": "binom", "pm": "pm", "mp": "mp", "cdot": "times", "times": "times", "div": "div",
        "ast": "times", "cup": "cup", "cap": "cap", "setminus": "setminus", "backslash": "setminus", "pi": "pi",
        "infty": "infinity", "infinity": "infinity", "inf": "infinity", "emptyset": "empty", "varnothing": "empty",
        "lfloor": "lfloor", "rfloor": "rfloor", "lceil": "lceil", "rceil": "rceil", "circ": "degree",
        "degree": "degree", "vert": "bar", "lvert": "bar", "rvert": "bar", "mid": "bar", "Vert": "unsupported",
        "wedge": "and", "land": "and", "lor": "or", "vee": "or", "mathbb": "mathbb", "overline": "overline",
        "bar": "overline", "langle": "langle", "rangle": "rangle", "bmod": "unsupported",
    ]
    /// Plain words of the grammar; functions apply as well.
    static let plain: [String: String] = [
        "sqrt": "sqrt", "pi": "pi", "infinity": "infinity", "inf": "infinity", "infty": "infinity", "degrees": "degree",
        "union": "cup",
    ]
    /// Signs outside ASCII as the text they stand for.
    static let signs: [Unicode.Scalar: String] = [
        "\u{2212}": "-", "\u{2013}": "-", "\u{2014}": "-", "\u{2010}": "-", "\u{2011}": "-", "\u{D7}": "\\times ",
        "\u{F7}": "\\div ", "\u{B7}": "\\cdot ", "\u{22C5}": "\\cdot ", "\u{2217}": "*", "\u{2215}": "/",
        "\u{2044}": "/", "\u{3C0}": "\\pi ", "\u{221E}": "\\infty ", "\u{221A}": "\\sqrt ", "\u{2264}": "\\le ",
        "\u{2265}": "\\ge ", "\u{2260}": "\\ne ", "\u{2248}": "\\approx ", "\u{B0}": "\\degree ", "\u{B1}": "\\pm ",
        "\u{B2}": "^{2}", "\u{B3}": "^{3}", "\u{B9}": "^{1}", "\u{2074}": "^{4}", "\u{2075}": "^{5}",
        "\u{2070}": "^{0}",
        "\u{BD}": "\\frac{1}{2}", "\u{BC}": "\\frac{1}{4}", "\u{BE}": "\\frac{3}{4}", "\u{2153}": "\\frac{1}{3}",
        "\u{2154}": "\\frac{2}{3}", "\u{222A}": "\\cup ", "\u{2229}": "\\cap ", "\u{2208}": "\\in ",
        "\u{2205}": "\\emptyset ", "\u{2216}": "\\setminus ", "\u{211D}": "\\mathbb{R}", "\u{2124}": "\\mathbb{Z}",
        "\u{2115}": "\\mathbb{N}", "\u{3B1}": "\\alpha ", "\u{3B2}": "\\beta ", "\u{3B3}": "\\gamma ",
        "\u{3B8}": "\\theta ", "\u{3BB}": "\\lambda ", "\u{3BC}": "\\mu ", "\u{3C6}": "\\phi ", "\u{3C9}": "\\omega ",
        "\u{394}": "\\Delta ", "\u{2009}": " ", "\u{200A}": " ", "\u{202F}": " ", "\u{A0}": " ", "\u{2003}": " ",
        "\u{FF0C}": ",", "\u{3002}": ".", "\u{FF08}": "(", "\u{FF09}": ")", "\u{FF1D}": "=", "\u{2032}": "'",
        "\u{230A}": "\\lfloor ", "\u{230B}": "\\rfloor ", "\u{2308}": "\\lceil ", "\u{2309}": "\\rceil ",
        "\u{20AC}": "\\text{euros}", "\u{A3}": "\\text{pounds}", "\u{221B}": "\\sqrt[3]",
    ]
}
