// Which cell of an arena holds the prefix of which prompt, and for how long: a state machine without tensors.

/// Cells of one size. A cell is held by the prompt that took it, until its last sample begins, and by every slot that decodes one.
///
/// As many cells as slots are enough where samples begin prompt by prompt: whoever begins next finds its own prompt's cell or a free one.
struct PrefixCells {
    struct Held: Equatable {
        var cell, length: Int
    }

    let count: Int
    /// Free cells, lowest last.
    private var free: [Int]
    private var ofPrompt: [Int: Held] = [:]
    private var ofSlot: [Held?]
    /// Who holds a cell: slots, and its prompt.
    private var holders: [Int]

    init(cells: Int, slots: Int) {
        count = cells
        free = (0..<cells).reversed()
        ofSlot = Array(repeating: nil, count: slots)
        holders = Array(repeating: 0, count: cells)
    }

    /// A cell for a prompt's prefix.
    mutating func take(for prompt: Int, length: Int) -> Int {
        guard let cell = free.popLast() else { preconditionFailure("more prefixes at once than slots") }
        holders[cell] = 1
        ofPrompt[prompt] = Held(cell: cell, length: length)
        return cell
    }

    mutating func begin(slot: Int, prompt: Int, isLast: Bool) {
        end(slot: slot)
        guard let held = ofPrompt[prompt] else { return }
        ofSlot[slot] = held
        holders[held.cell] += 1
        guard isLast else { return }
        ofPrompt[prompt] = nil
        release(held.cell)
    }

    mutating func end(slot: Int) {
        guard let held = ofSlot[slot] else { return }
        ofSlot[slot] = nil
        release(held.cell)
    }

    func held(slot: Int) -> Held? { ofSlot[slot] }

    private mutating func release(_ cell: Int) {
        holders[cell] -= 1
        if holders[cell] == 0 { free.append(cell) }
    }
}
