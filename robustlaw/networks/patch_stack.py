"""Networks on inputs of two patches: the same filters look at both, and powers of ReLUs are added up.

F_j(x) = sum_r relu(<v_jr, x_1>)^q + relu(<v_jr, x_2>)^q for class j, v = w * mask: the second layer is fixed
to 1, so that the filters are all there is (arXiv 2301.00335, where q = 3). The order of the patches
does not matter. For q > 1 no such function is Lipschitz on the whole space.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float64, Int64

from ..data.checks import require_count
from ..data.two_patches import TwoPatches
from ..errors import InvalidArgument, NonFinite, ShapeMismatch

Filters = Float64[np.ndarray, "nets classes neurons inputs"]
Masks = Bool[np.ndarray, "nets classes neurons inputs"]
Scores = Float64[np.ndarray, "nets samples classes"]
Labels = Int64[np.ndarray, "copies samples"]
PerSample = Float64[np.ndarray, "nets samples"]


@dataclass(frozen=True, eq=False)
class PatchStack:
    """Networks of one shape; weights are 0 off the mask.

    power : q, at least 2
    Raises ShapeMismatch, NonFinite or InvalidArgument.
    """

    weights: Filters
    masks: Masks
    power: int = 3

    def __post_init__(self) -> None:
        require_count("power", self.power, 2)
        if self.weights.shape != self.masks.shape:
            raise ShapeMismatch("masks", self.masks.shape, f"the weights have {self.weights.shape}")
        if not np.isfinite(self.weights).all():
            raise NonFinite("weights", self.weights[~np.isfinite(self.weights)][:3], "they have to be finite")
        if self.weights[~self.masks].any():
            raise InvalidArgument("weights", "non-zero", "weights off the mask have to be 0")

    def __len__(self) -> int:
        return len(self.weights)

    @property
    def kept(self) -> Int64[np.ndarray, " nets"]:
        """Kept weights of each network, of classes x neurons x inputs."""
        return np.asarray(self.masks.sum(axis=(1, 2, 3), dtype=np.int64))

    @property
    def signal_neurons(self) -> Int64[np.ndarray, "nets classes"]:
        """How many neurons of each class keep the coordinate of their own class's signal."""
        return np.asarray(own_signal(self.masks).sum(axis=2, dtype=np.int64))

    @property
    def sees_signal(self) -> Bool[np.ndarray, " nets"]:
        """Whether any neuron keeps the coordinate of any class's signal.

        Where none does, the scores do not depend on the class, so that of all K labels of an input just
        one is guessed right: the error is (K-1)/K exactly, whatever the weights are.
        """
        return np.asarray(self.masks[..., : self.masks.shape[1]].any(axis=(1, 2, 3)))

    def take(self, places: Sequence[int]) -> PatchStack:
        """Some of the networks."""
        chosen = np.asarray(places, dtype=np.int64)
        return replace(self, weights=self.weights[chosen], masks=self.masks[chosen])

    def scores(self, patches: Float64[np.ndarray, "copies samples two inputs"]) -> Scores:
        """F_j of every input; `copies` is 1 or the number of networks."""
        nets, classes, neurons, inputs = self.weights.shape
        rows = self.weights.reshape(nets, classes * neurons, inputs).transpose(0, 2, 1)
        flat = patches.reshape(len(patches), -1, inputs)
        powers = relu_power(flat @ rows, self.power).reshape(nets, -1, 2, classes, neurons)
        return np.asarray(powers.sum(axis=(2, 4)))


def own_signal(entries: np.ndarray) -> np.ndarray:
    """Entries (nets, classes, neurons) at each class's own signal, of (nets, classes, neurons, inputs)."""
    classes = np.arange(entries.shape[1])
    return np.asarray(entries[:, classes, :, classes].transpose(1, 0, 2))


def fresh_scores(
    stack: PatchStack, model: TwoPatches, normals: Float64[np.ndarray, "copies samples rows"]
) -> Float64[np.ndarray, "nets samples labels classes"]:
    """Scores of fresh inputs for every class that their signal may name.

    A noise patch enters through its products with the filters alone, which are normal with the filters'
    Gram matrix as covariance: as many numbers a sample as there are neurons, exact in law.

    normals : independent standard normal numbers, one a neuron; `copies` is 1 or the number of nets
    """
    nets, classes, neurons, inputs = stack.weights.shape
    rows = stack.weights.reshape(nets, classes * neurons, inputs)
    values, vectors = np.linalg.eigh(rows @ rows.transpose(0, 2, 1))
    root = np.sqrt(np.maximum(values, 0.0))[:, :, None] * vectors.transpose(0, 2, 1)
    products = model.noise * (normals @ root)
    noise = relu_power(products, stack.power).reshape(nets, -1, 1, classes, neurons).sum(axis=4)
    signal = relu_power(model.signal * stack.weights[..., :classes], stack.power).sum(axis=2)
    return np.asarray(noise + signal.transpose(0, 2, 1)[:, None])


def relu_power(values: np.ndarray, power: int) -> np.ndarray:
    """relu(v)^power by products, which are exact where the factors are."""
    positive = np.maximum(values, 0.0)
    result = positive.copy()
    for _ in range(power - 1):
        result *= positive
    return np.asarray(result)


def log_losses(scores: Scores, labels: Labels) -> PerSample:
    """-log softmax of the label's score, without overflow."""
    largest = scores.max(axis=2, keepdims=True)
    total = largest[..., 0] + np.log(np.exp(scores - largest).sum(axis=2))
    own = np.take_along_axis(scores, np.broadcast_to(labels, scores.shape[:2])[..., None], axis=2)
    return np.asarray(total - own[..., 0])


def wrong(scores: Scores, labels: Labels) -> Bool[np.ndarray, "nets samples"]:
    """Whether another class has a larger score, or an equal one and a smaller number."""
    return np.asarray(scores.argmax(axis=2) != labels)
