"""What a law needs, and that it says so: an unmet condition is NOT_APPLICABLE, a wrong call an error."""

import math

import numpy as np
import pytest

import robustlaw as rl
from robustlaw.accounting import Code
from robustlaw.data import (
    Assumed,
    Dataset,
    Flips,
    Gaussian,
    Linear,
    Mixture,
    Problem,
    RandomSigns,
    Shifted,
    Sphere,
    StatedNoise,
    StudentT,
    Zero,
)
from robustlaw.errors import InvalidArgument, ShapeMismatch
from robustlaw.evidence import Bracket, Verdict
from robustlaw.laws import (
    DescriptionLength,
    Measured,
    MemorisationConverse,
    SparsePrinted,
    SparseRepaired,
    SparseSharp,
    UniversalPrinted,
)
from robustlaw.networks import Network

PRINTED = (UniversalPrinted, SparsePrinted, SparseRepaired)
HERE = (SparseSharp, DescriptionLength)
CODES = (Code(2),)
DIM = 3


def ramp(slope=10.0, dim=DIM, activation="relu"):
    """relu(slope x_1 + 1) - relu(slope x_1 - 1) - 1: the sign of x_1 wherever |x_1| >= 1/slope."""
    w = np.zeros((2, dim))
    w[:, 0] = slope
    layers = [(w, np.array([1.0, -1.0])), (np.array([[1.0, -1.0]]), np.array([-1.0]))]
    return Network.from_arrays(layers, activation)


def signs(n=4900, law=None, noise=None, y=None, target=None):
    """Inputs whose labels happen to be the sign of x_1, which a ramp fits without error."""
    x = np.random.default_rng(0).normal(size=(n, DIM))
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    x = x[np.abs(x[:, 0]) > 0.1]
    labels = np.sign(x[:, 0]) if y is None else y * np.sign(x[:, 0])
    problem = Problem(law or Sphere(DIM), target or Zero(), noise or RandomSigns())
    return Dataset.from_arrays(x, labels, np.zeros(len(x)), problem=problem)


def failed(evidence):
    assert evidence.verdict is Verdict.NOT_APPLICABLE
    assert evidence.measured is None
    return {h.name: h.sentence for h in evidence.hypotheses if h.holds is False}


def make(law, **options):
    if law in PRINTED:
        return law(**{"eps": 0.9, "radius": 64.0, **options})
    return law(**options) if law is SparseSharp else law(codes=CODES, **options)


@pytest.mark.parametrize("law", [*PRINTED, *HERE, MemorisationConverse])
def test_every_law_applies_where_its_hypotheses_hold(law):
    evidence = make(law).check(ramp(), signs())
    assert evidence.verdict is not Verdict.NOT_APPLICABLE, str(evidence)
    assert all(h.holds is True for h in evidence.hypotheses)
    assert "the samples are independent draws from the stated problem" in evidence.assumptions
    assert evidence.probability == 0.95


@pytest.mark.parametrize("law", PRINTED)
def test_printed_laws_do_not_speak_of_unbounded_inputs(law):
    found = failed(make(law).check(ramp(), signs(law=Gaussian(DIM))))
    assert set(found) == {"bounded inputs"}
    assert "no finite parameter sensitivity J" in found["bounded inputs"]


@pytest.mark.parametrize("law", PRINTED)
def test_printed_laws_need_an_error_below_the_noise_level(law):
    flat = ramp().replace([w * 0.0 for w in ramp().weights], [b * 0.0 for b in ramp().biases])
    found = failed(make(law).check(flat, signs()))
    assert "MSE 1 is not below sigma^2 - 0.9" in found["fit"]
    assert "MSE 1 is not below sigma^2 - eps" in failed(law().check(flat, signs()))["fit"]
    for eps in (1.0, 1.5):
        assert set(failed(make(law, eps=eps).check(ramp(), signs()))) == {"fit"}
    assert make(law, eps=0.95).check(ramp(), signs()).verdict is not Verdict.NOT_APPLICABLE


@pytest.mark.parametrize("law", PRINTED)
def test_printed_laws_need_enough_samples(law):
    shrink = 13.0 / 15.0 if law is SparseRepaired else 1.0
    for n in (1000, 4900):
        data = signs(n)
        need = 512.0 * math.log(8.0 / 0.05) / (shrink * 0.9) ** 2
        evidence = make(law).check(ramp(), data)
        if data.n >= need:
            assert evidence.verdict is not Verdict.NOT_APPLICABLE
        else:
            assert f"{need:.0f}" in failed(evidence)["sample size"]


@pytest.mark.parametrize("law", PRINTED)
def test_printed_laws_need_weights_in_the_declared_ball(law):
    found = failed(make(law, radius=4.0).check(ramp(), signs()))
    assert set(found) == {"weight set"}
    assert "> R = 4" in found["weight set"]


@pytest.mark.parametrize("activation", ["sigmoid", "gelu", "silu", "softplus"])
@pytest.mark.parametrize("law", PRINTED)
def test_printed_laws_need_an_activation_whose_sensitivity_is_derived(law, activation):
    found = failed(make(law).check(ramp(activation=activation), signs()))
    assert activation in found["sensitivity"]


@pytest.mark.parametrize("law", PRINTED)
def test_printed_laws_need_a_known_noise_level(law):
    found = failed(make(law).check(ramp(), signs(noise=StatedNoise(1.0))))
    assert "sigma^2 is unknown" in found["fit"]


@pytest.mark.parametrize("law", [*PRINTED, *HERE])
def test_arrays_without_a_problem_say_what_is_missing(law):
    data = Dataset.from_arrays(np.zeros((4, DIM)), np.ones(4))
    found = failed(make(law).check(ramp(), data))
    assert "no variance proxy" in found["isoperimetry"]
    if law in HERE:
        assert found["noise"].startswith("the label noise is unknown: give")
    assert "fair signs" in failed(make(MemorisationConverse).check(ramp(), data))


@pytest.mark.parametrize("law", [*PRINTED, *HERE])
def test_a_law_of_inputs_without_a_certificate_is_named(law):
    assert (
        "StudentT has no isoperimetry certificate"
        in failed(make(law).check(ramp(), signs(law=StudentT(DIM, 5.0))))["isoperimetry"]
    )


@pytest.mark.parametrize("law", HERE)
def test_the_clean_target_is_needed(law):
    known = signs()
    blind = Dataset(known.x, known.y, None, None, known.component, known.problem)
    assert set(failed(make(law).check(ramp(), blind))) == {"noise"}


@pytest.mark.parametrize("law", HERE)
def test_noise_beyond_its_bound_or_without_any_is_refused(law):
    found = failed(make(law).check(ramp(), signs(noise=StatedNoise(0.5))))
    assert found["noise"] == "a label is 1 from its target, above the bound 0.5"
    clean = Problem(Sphere(DIM), Linear(), Flips(0.0)).sample(50, 0)
    assert "no noise" in failed(make(law).check(ramp(), clean))["noise"]


@pytest.mark.parametrize("law", [*PRINTED, *HERE])
def test_an_assumed_proxy_is_printed_in_every_verdict(law):
    data = signs(law=Assumed(Sphere(DIM), 0.25, "measured on cats"))
    for seed in (None, 3):  # samples drawn by the package rest on the assumption as well
        given = Dataset(data.x, data.y, data.g, data.z, data.component, data.problem, seed)
        evidence = make(law).check(ramp(), given)
        assert evidence.verdict is not Verdict.NOT_APPLICABLE
        assert "rho = 0.25 (measured on cats)" in evidence.assumptions
        assert "rho = 0.25 (measured on cats)" in str(evidence)
        assert next(h for h in evidence.hypotheses if h.name == "isoperimetry").holds is None


@pytest.mark.parametrize("law", HERE)
def test_a_stated_noise_bound_is_printed_as_well(law):
    evidence = make(law).check(ramp(), signs(noise=StatedNoise(1.0)))
    assert "the label noise has mean 0 given the inputs and size at most 1" in evidence.assumptions


def test_fair_signs_are_told_from_other_labels():
    law = make(MemorisationConverse)
    assert law.check(ramp(), signs()).verdict is Verdict.VIOLATED  # labels that were never random
    fair = Problem(Sphere(DIM), Linear(), Flips(0.5)).sample(50, 0)
    assert law.check(ramp(), fair).verdict is Verdict.HOLDS
    for target, noise in ((Linear(), RandomSigns()), (Linear(), Flips(0.3)), (Zero(), StatedNoise(1.0))):
        if isinstance(noise, StatedNoise):
            data = signs(noise=noise)
        else:
            data = Problem(Sphere(DIM), target, noise).sample(50, 0)
        assert "fair signs" in failed(law.check(ramp(), data))
    assert "fair signs" in failed(law.check(ramp(), signs(y=0.5)))


def test_zero_counts_as_a_wrong_label():
    flat = ramp().replace([w * 0.0 for w in ramp().weights], [b * 0.0 for b in ramp().biases])
    assert Measured(flat, signs()).wrong_signs == signs().n
    assert Measured(ramp(), signs()).wrong_signs == 0


@pytest.mark.parametrize("law", [DescriptionLength, MemorisationConverse])
def test_a_family_that_cannot_write_the_network_is_a_failed_hypothesis(law):
    for codes in ((Code(2, "initial"),), (Code(2, "zero", "binned"),), ()):
        assert set(failed(law(codes=codes).check(ramp(), signs()))) == {"code"}
    some = law(codes=(Code(2, "initial"), Code(3))).check(ramp(), signs())
    assert some.details["ledger"] == "description length, 3-bit weights, uniform mask"


@pytest.mark.parametrize("law", [*PRINTED, *HERE, MemorisationConverse])
@pytest.mark.parametrize("delta", [0.0, 1.0, -0.1, 1.5, math.nan])
def test_delta_is_a_probability(law, delta):
    with pytest.raises(InvalidArgument, match="delta"):
        make(law, delta=delta)


@pytest.mark.parametrize("law", PRINTED)
@pytest.mark.parametrize("value", [0.0, -1.0, math.inf, math.nan])
def test_declared_parameters_are_positive(law, value):
    for name in ("eps", "radius"):
        with pytest.raises(InvalidArgument, match=name):
            law(**{name: value})


@pytest.mark.parametrize("law", [*PRINTED, *HERE, MemorisationConverse])
def test_networks_of_another_shape_are_a_wrong_call(law):
    two = Network.from_arrays([(np.ones((2, DIM)), np.zeros(2))])
    for net in (ramp(dim=DIM + 1), two):
        with pytest.raises(ShapeMismatch):
            make(law).check(net, signs())


def test_a_mixture_wants_to_know_where_each_sample_is_from():
    problem = Problem(Mixture((Sphere(DIM), Shifted(Sphere(DIM), np.ones(DIM)))))
    x, y = np.ones((4, DIM)), np.ones(4)
    with pytest.raises(InvalidArgument, match="component"):
        Dataset.from_arrays(x, y, np.zeros(4), problem=problem)
    data = Dataset.from_arrays(x, y, np.zeros(4), problem=problem, component=[0, 1, 1, 0])
    assert make(DescriptionLength).check(ramp(), data).measured is not None


def test_a_users_network_and_data_end_to_end():
    """The public names, with a slope of the user's own and without."""
    data = signs()
    net = rl.Network.from_arrays([(w, b) for w, b in ramp().layers], activation="relu")
    evidence = rl.laws.DescriptionLength(delta=0.05).check(net, data)
    assert evidence.measured is not None
    assert evidence.details["mask nats"] > 0.0  # of unknown origin, so everything is charged
    sharp = rl.laws.SparseSharp().check(net, data, Bracket(10.0, 20.0))
    assert (sharp.measured.lower, sharp.measured.upper) == (10.0, 20.0)
