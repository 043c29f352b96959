"""Masks of independent bits."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import log_expit, xlog1py, xlogy

Nats = Float[np.ndarray, " runs"]


def bits_log_prob(logits: Float[np.ndarray, "runs bits"], masks: Bool[np.ndarray, "runs bits"]) -> Nats:
    """sum_i log P(bit i), P(bit = 1) = 1 / (1 + exp(-logit)); logits of +-inf are sure bits."""
    return np.asarray(log_expit(np.where(masks, logits, -logits)).sum(axis=1))


def bits_entropy(probabilities: Float[np.ndarray, "runs bits"]) -> Nats:
    """Entropy of independent bits, nats."""
    return np.asarray(binary_entropy(probabilities).sum(axis=1))


def binary_entropy(p: np.ndarray | float) -> np.ndarray:
    """h(p) = -p log p - (1-p) log(1-p), nats."""
    p = np.asarray(p, dtype=np.float64)
    return np.asarray(-xlogy(p, p) - xlog1py(1.0 - p, -p))
