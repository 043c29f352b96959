"""Log densities of masks, vectorised over runs, at any number of bits."""

from .bits import binary_entropy, bits_entropy, bits_log_prob
from .gibbs import gibbs_entropy, gibbs_inclusion, gibbs_log_prob, log_symmetric, log_symmetric_tilted
from .laws import LAWS, FoldedGaussian, Gaussian, Gumbel, Laplace, Logistic, ScoreLaw, score_law
from .race import DENSITY_ERROR, Group, log_separation
from .topk import layered_log_prob, race_log_prob, top_k_forms, top_k_log_prob

__all__ = [
    "DENSITY_ERROR",
    "LAWS",
    "FoldedGaussian",
    "Gaussian",
    "Group",
    "Gumbel",
    "Laplace",
    "Logistic",
    "ScoreLaw",
    "binary_entropy",
    "bits_entropy",
    "bits_log_prob",
    "gibbs_entropy",
    "gibbs_inclusion",
    "gibbs_log_prob",
    "layered_log_prob",
    "log_separation",
    "log_symmetric",
    "log_symmetric_tilted",
    "race_log_prob",
    "score_law",
    "top_k_forms",
    "top_k_log_prob",
]
