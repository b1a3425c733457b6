// Rows added to rows of a matrix: repeated places, and ids and shapes that do not fit.

import Testing
import Torch

@Suite struct AccumulatedRowsTests {
    @Test func `a row that is named twice receives both, in order`() throws {
        try withTorchErrors {
            let sum = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [3, 2])
            let rows = Tensor([10, 20, 0.5, 0.25, -1, -2] as [Float], shape: [3, 2])
            sum.accumulateRows(rows, at: Tensor([2, 0, 2] as [Int64]))
            #expect(sum.floats == [1.5, 2.25, 3, 4, 14, 24])
        }
    }

    @Test(arguments: [[0, 3], [-1, 0], [0]])
    func `ids beyond the matrix or too few are refused`(ids: [Int64]) {
        #expect(throws: TorchError.self) {
            try withTorchErrors {
                Tensor.zeros([3, 2]).accumulateRows(Tensor.zeros([2, 2]), at: Tensor(ids))
            }
        }
    }
}
