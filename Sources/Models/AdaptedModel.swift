// A frozen model with low-rank adapters: the adapters are what is trained, and layers compute with the merged weights.

public import Torch
import Trajectories

/// Every adapted weight is W = W₀ + (α/r) B A, formed once after each change of A and B, so that forward passes, decoding
/// and saving run on plain weights with the kernels they always have. Since W is linear in A and in B,
/// ∂L/∂B = (α/r) ∂L/∂W Aᵀ and ∂L/∂A = (α/r) Bᵀ ∂L/∂W.
///
/// Memory in float32: beside the model itself one copy of the adapted weights (W₀), and while a micro-batch is
/// differentiated one layer's gradient. Sums of gradients, moments and directions have the size of the adapters.
public final class AdaptedModel: LanguageModel {
    public let settings: AdapterSettings
    public let parameters: [Parameter]
    let adapters: [Adapter]
    private let base: Transformer

    /// The adapter of one linear layer: A [r, I] and B [O, r] over a frozen weight [O, I].
    struct Adapter {
        /// The layer's name in the model, as `model.layers.0.self_attn.q_proj`.
        let module: String
        /// What the layer computes with.
        let weight: Tensor
        let frozen: Tensor
        let a, b: Tensor
    }

    /// Adapters that change nothing yet: B is 0, and A uniform in ±1/√I, as PEFT initialises them.
    public convenience init(_ base: Transformer, settings: AdapterSettings, seed: UInt64) {
        let targets = base.weights.filter { settings.covers($0.name) }
        let factors = targets.enumerated().map { index, target in
            let (outputs, inputs) = (target.tensor.extent(0), target.tensor.extent(1))
            // the base model's own stream has prompt 0
            var random = RandomSource(seed: seed, purpose: .initialisation, step: index, prompt: 1)
            let bound = 1 / Double(max(inputs, 1)).squareRoot()
            let a = (0..<(settings.rank * inputs)).map { _ in Float((2 * random.uniform() - 1) * bound) }
            return (Tensor(a, shape: [settings.rank, inputs]), Tensor.zeros([outputs, settings.rank]))
        }
        self.init(base, settings: settings, targets: targets, factors: factors)
    }

    /// - Parameters:
    ///   - targets: the weights of `base` that are adapted.
    ///   - factors: A and B of each.
    init(_ base: Transformer, settings: AdapterSettings, targets: [Parameter], factors: [(a: Tensor, b: Tensor)]) {
        self.base = base
        self.settings = settings
        adapters = zip(targets, factors).map { target, factors in
            Adapter(
                module: String(target.name.dropLast(".weight".count)), weight: target.tensor,
                frozen: target.tensor.detached().clone(), a: factors.a, b: factors.b)
        }
        parameters = adapters.flatMap {
            [
                Parameter(name: "base_model.model.\($0.module).lora_A.weight", tensor: $0.a),
                Parameter(name: "base_model.model.\($0.module).lora_B.weight", tensor: $0.b),
            ]
        }
        base.train(only: Set(targets.map(\.name)))
        parametersChanged()
    }

    public var config: ModelConfig { base.config }
    public var weights: [Parameter] { base.weights }
    public var headWeight: Tensor { base.headWeight }
    public var leaves: [Tensor] { base.leaves }
    public var headLeaf: Int? { base.headLeaf }
    public var recomputesLayers: Bool {
        get { base.recomputesLayers }
        set { base.recomputesLayers = newValue }
    }

    public func parametersChanged() {
        withoutGradient {
            for adapter in adapters {
                adapter.weight.assign(adapter.frozen + adapter.b.matmul(adapter.a) * settings.scale)
            }
        }
    }

    public func parameterGradients(_ gradient: Tensor, leaf: Int) -> [(place: Int, gradient: Tensor)] {
        withoutGradient {
            let adapter = adapters[leaf]
            return [
                (2 * leaf, adapter.b.transposed(0, 1).matmul(gradient) * settings.scale),
                (2 * leaf + 1, gradient.matmul(adapter.a.transposed(0, 1)) * settings.scale),
            ]
        }
    }

    public func forward(_ ids: Tensor, layout: PackedLayout, rows: [Int64]) -> ForwardPass {
        base.forward(ids, layout: layout, rows: rows)
    }

    public func hidden(_ ids: Tensor, layout: PackedLayout) -> Tensor { base.hidden(ids, layout: layout) }

    public func prefill(_ ids: Tensor, layout: PackedLayout) -> [LayerKeyValues] { base.prefill(ids, layout: layout) }

    public func prepare(positions: Int) { base.prepare(positions: positions) }

    public func decode(tokens: [Int64], positions: [Int64], slots: [Int64], cache: KeyValueCache) -> Tensor {
        base.decode(tokens: tokens, positions: positions, slots: slots, cache: cache)
    }

    public func decode(_ step: DecodingStep, cache: FixedCache) -> Tensor { base.decode(step, cache: cache) }

    public var preparedPositions: Int { base.preparedPositions }
}
