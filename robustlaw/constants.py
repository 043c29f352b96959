"""Every number of the laws, once, exact.

The laws compute with these objects, and proofs_check proves its lemmas about the same ones.
Sources: [BS] Bubeck & Sellke, arXiv 2105.12806; [KLS] Kumar, Luo & Sellke, arXiv 2402.01089v1.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

SAMPLE_SIZE: Final = 512
"""512 k log(8k/delta) <= n eps^2, 512 = 8^3: Hoeffding's inequality for deviations of eps/8 and
variables in [-2, 2]. [KLS] Theorem 4."""

SAMPLE_LOG: Final = 8
"""The 8 of log(8k/delta): 2k + 2 events of that probability make at most delta/2. [KLS] Theorem 4."""

UNIVERSAL: Final = 512
"""2^9 of the universal law. [BS] Theorem 3."""

SPARSE: Final = 1152
"""96 a_1 sqrt 2 of the sparse law. [KLS] Theorem 4."""

A1_SQUARED: Final = 72
"""a_1^2: |X_W| < a_1 sqrt(C (I/delta + log(2/delta))), P(|X_t| >= s) <= 2 exp(-s^2/C). [KLS] Lemma 1."""

TAIL_LOG: Final = 4
"""The 4 of log(4/delta): a two-sided tail, at half of delta. [BS] Theorem 3, [KLS] Theorem 4."""

TAIL_SHARE: Final = Fraction(1, 2)
"""The half of delta in (delta/2) log(4/delta): the other half is for the samples. [KLS] Theorem 4."""

NET: Final = 60
"""log(1 + 60 W J/eps) a weight: a net of radius eps/(30 J) in a set of diameter W. [BS], [KLS]."""

SHRINK: Final = Fraction(13, 15)
"""What moving to the nearest point of that net leaves of eps: 1 - 4/30. Here, repairing [KLS] Appendix B."""

CHERNOFF: Final = 2
"""The 2 of 2 v rho: proxy p gives P(X >= a) <= exp(-a^2/(2p)), and E X_W <= sqrt(2 p I). Here."""

ONE_SIDED: Final = Fraction(1)
"""eps = 2^-k, k >= 0, has the share 1/(1 (k+1)(k+2)) of delta: they sum to 1. Here."""

TWO_SIDED: Final = Fraction(3, 2)
"""R = 2^j has the share 1/((3/2) (|j|+1)(|j|+2)), and so have integers in a code: they sum to 1. Here."""

FLOAT32_BITS: Final = 32
"""Bits of a number of a program that writes float32, which is one of at most 2^32. Here."""

FLOAT64_BITS: Final = 64
"""The same for float64. Here."""

SYMMETRISATION: Final = 2
"""E sup |R - R_D| <= 2 E sup |Rademacher mean|. [KLS] Theorems 5 and 6."""

VC_SUPREMUM: Final = 2
"""The 2 of sqrt(2 (log(class) + log 2)/n) = 2 (1/2) sqrt(2 log(2 class)/n): losses less 1/2. Here."""

GAP_PROXY: Final = Fraction(1, 4)
"""b^2/(4 n) is the mgf proxy of a mean of n losses in [0, b]: Hoeffding's lemma. Here, b^2 where [KLS]
Theorem 6 prints b."""

CLIPPED_SQUARE: Final = 4
"""(f - y)^2 <= 4 for f and y in [-1, 1]: b of the squared loss. Here."""

TAIL_EXPONENT: Final = 30
"""Ratios of the information law are clipped where a larger one has chance exp(-30) at most. Here."""

TAIL_CHANCE: Final = Fraction(1, 10**13)
"""Above exp(-30). Here."""

REACH: Final = 2
"""|f(x) - E f| <= Lip (|x - mu| + sqrt(d rho)), on average at most 2 Lip sqrt(d rho). Here."""

FAIR: Final = Fraction(1, 2)
"""Chance that a network gets a fair label wrong; n (log 2 - h(e)) is for e below it. Here."""

PURE_DP: Final = Fraction(1, 8)
"""An epsilon-DP result tells at most epsilon^2/8 nats of one example given the others. Here."""
