"""Claims on pruning and generalisation, judged on made-up tables: true ones hold, false ones do not."""

import numpy as np
import polars as pl
import pytest

from figures import patch_rows
from figures.claims import judge
from figures.gallery import companion_generalisation as sheet

COUNT = 240


def table(
    window=0.15, sparse=0.45, lost=0.5, kept=0.1, placed=0.02, blind=0.5, verdict="HOLDS", steep=9.0
) -> pl.DataFrame:
    """Errors around the given means, with a little noise of a fixed seed."""
    rng = np.random.default_rng(0)

    def around(mean: float) -> float:
        return float(np.clip(mean + 0.02 * rng.standard_normal(), 0.0, 1.0))

    common = {"accuracy": 1.0, "loss": 0.01, "sees_signal": True, "mask_nats": 0.0, "kept": 484}
    means = {patch_rows.SPARSEST: 0.5, sheet.SPARSE: sparse, sheet.INSIDE: window, sheet.DENSE: 0.46}
    lines = [
        {
            "kind": "curve",
            "mask": "bernoulli",
            "density": p,
            "seed": s,
            "error": around(mean),
            "test_loss": 3.0,
            **common,
        }
        for p, mean in means.items()
        for s in range(COUNT)
    ]
    lines.append({**lines[0], "density": 0.035, "error": blind, "sees_signal": False})
    lines += [
        {"kind": "edge", "mask": "bernoulli", "edge": p, "seed": s, "error": around(mean), **common}
        for p, mean in ((2.0, 0.0), (0.5, 0.44))
        for s in range(40)
    ]
    for s in range(COUNT):
        covered = s % 3
        arms = {"removed": lost, "random": (lost, 0.3, kept)[covered], "placed": placed}
        for arm, mean in arms.items():
            nats = 12.0 if arm == "placed" else 0.0
            own = {"covered": covered if arm == "random" else 0, "live": covered, "error": around(mean)}
            lines.append({"kind": "equal", "mask": arm, "seed": s, **common, **own, "mask_nats": nats})
    for labels, word in (("flipped", verdict), ("clean", "NOT_APPLICABLE")):
        told = {"kind": "law", "law": "SparseSharp", "labels": labels, "verdict": word, "vacuous": True}
        for arm, slope in (("removed", steep), ("random", steep), ("placed", 1.0)):
            ends = {"lipschitz_lower": slope, "lipschitz_upper": 1.1 * slope}
            lines += [{**told, "mask": arm, "seed": s, **ends} for s in range(12)]
    return pl.DataFrame(lines, infer_schema_length=None)


def verdicts(made: pl.DataFrame) -> dict[str, str]:
    return {j.claim.name: str(j.evidence.verdict) for j in judge(sheet.claims(made))}


def test_on_the_expected_numbers_all_hold_and_the_mutants_die():
    judged = judge(sheet.claims(table()))
    assert [j.claim.name for j in judged if not j.agrees] == []
    assert sum(j.claim.mutant for j in judged) == 4


@pytest.mark.parametrize(
    ("change", "failing"),
    [
        ({"window": 0.44}, "dense"),
        ({"sparse": 0.2}, "over-pruned"),
        ({"lost": 0.42}, "guessing, least"),
        ({"lost": 0.58}, "guessing, most"),
        ({"kept": 0.6}, "signal neurons"),
        ({"placed": 0.25}, "placed"),
        ({"blind": 0.49}, "blind"),
        ({"steep": 1.5}, "smoother"),
        ({"verdict": "VIOLATED"}, "laws, flipped labels"),
        ({"verdict": "INCONCLUSIVE"}, "laws, flipped labels"),
    ],
)
def test_a_claim_fails_where_its_number_is_wrong(change, failing):
    assert verdicts(table(**change))[failing] == "VIOLATED"


def test_a_network_that_does_not_fit_breaks_the_claim_on_training():
    made = table().with_columns(
        pl.when(pl.col("seed") == 5).then(0.9).otherwise(pl.col("accuracy")).alias("accuracy")
    )
    found = verdicts(made)
    assert found["training"] == found["interpolation"] == "VIOLATED"
