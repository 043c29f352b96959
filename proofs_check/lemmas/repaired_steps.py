"""Steps of the printed proof of the sparse law, as they can be proved; the audit names them."""

from __future__ import annotations

import sympy as sp

from ..engines import Expectation, Identity, Polynomial, Shannon, conditional, entropies
from ..engines import information as mutual
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import eq, exact, ge, le, reals
from .entropy_basics import mean_of, means

NFP = "here, after Kumar, Luo & Sellke, arXiv 2402.01089v1"
HALF = exact("1/2")

label, value, rounded = reals("y f g")
eps, variance = reals("eps sigma2", positive=True)
error, moved = (label - value) ** 2, (label - rounded) ** 2
squared, squared_moved = reals("square square_moved")
mse, mse_moved = mean_of("square"), mean_of("square_moved")
NEAR = le(squared_moved, squared + exact("2/15") * eps)
ROUNDED = le(mse_moved, variance - exact("13/15") * eps)
diameter, sensitivity = reals("W J", positive=True)
NET = eq(1 + 2 * diameter / (eps / (30 * sensitivity)), 1 + 60 * diameter * sensitivity / eps)
ROUNDING = Lemma(
    name="rounding to a finer net",
    source=f"{NFP}, Appendix B",
    says=(
        "Outputs g of the nearest point of a net of radius eps/(30 J) differ by at most eps/30 from the "
        "outputs f; labels and (clipped) outputs lie in [-1,1], so a squared error moves by at most |f-g|"
        " |2y-f-g| <= 4 eps/30. From MSE <= sigma2 - eps follows MSE <= sigma2 - 13 eps/15 at the net's "
        "point. An r-separated set in a set of diameter W has at most (1 + 2W/r)^s points in s "
        "dimensions: here (1 + 60 W J/eps)^s, as printed."
    ),
    statement=(NEAR, ROUNDED, NET),
    hypotheses={
        "y": le(sp.Abs(label), 1),
        "f": le(sp.Abs(value), 1),
        "g": le(sp.Abs(rounded), 1),
        "net": le(sp.Abs(value - rounded), eps / 30),
        "square": eq(squared, error),
        "square moved": eq(squared_moved, moved),
        "fit": le(mse, variance - eps),
    },
    steps=(
        Step("one example", NEAR, Polynomial()),
        Step(
            "mean over examples",
            le(mse_moved, mse + exact("2/15") * eps),
            Expectation(NEAR, {squared_moved: mse_moved, squared: mse}),
            uses=("one example",),
        ),
        Step("fit", ROUNDED, Polynomial(), uses=("mean over examples",)),
        Step("size of the net", NET, Identity(), uses=()),
    ),
    mutants=(
        Mutant(
            "4/30 becomes 3.88/30",
            {
                **{eps: "1/100", label: 1, value: -1 + exact("1/3000"), rounded: -1, variance: 5},
                **{
                    squared: (2 - exact("1/3000")) ** 2,
                    squared_moved: 4,
                    **means(mse, 0),
                    **means(mse_moved, 0),
                },
            },
            le(squared_moved, squared + exact("388/3000") * eps),
        ),
        Mutant(
            "13/15 becomes 14/15",
            {
                **{eps: "1/100", label: 1, value: -1 + exact("1/3000"), rounded: -1},
                **{variance: (2 - exact("1/3000")) ** 2 + exact("1/100")},
                **{squared: (2 - exact("1/3000")) ** 2, squared_moved: 4},
                **means(mse, (2 - exact("1/3000")) ** 2),
                **means(mse_moved, 4),
            },
            le(mse_moved, variance - exact("14/15") * eps),
            of=1,
        ),
        Mutant(
            "outputs are not clipped",
            {
                **{eps: 1, label: 0, value: 10, rounded: 10 + exact("1/30"), variance: 101},
                **{squared: 100, squared_moved: (10 + exact("1/30")) ** 2, **means(mse, 100)},
                **means(mse_moved, (10 + exact("1/30")) ** 2),
            },
            without=("f", "g"),
        ),
    ),
)


KEPT = eq(mutual("m_L", "D"), mutual("m", "D"))
WHOLE = le(mutual("m_L w_L", "D"), mutual("m", "D") + conditional("w_L", "m"))
SAME_MASK = {"m_L from m": eq(conditional("m_L", "m"), 0), "m from m_L": eq(conditional("m", "m_L"), 0)}
_SWAPPED = {(0, a, a, a): HALF for a in (0, 1)}
_WEIGHTS_ONLY = {(0, 0, a, a): HALF for a in (0, 1)}
KEEP_MASK = Lemma(
    name="swap the weights, keep the mask",
    source=f"{NFP}, Appendix B",
    says=(
        "(m_L, w_L) is the output after a network with too large a Lipschitz constant was exchanged for "
        "another one. If only its weights are exchanged, m_L = m: I(m_L;D) = I(m;D), and the whole output"
        " tells at most I(m;D) + H(w_L|m)."
    ),
    statement=(KEPT, WHOLE),
    hypotheses=SAME_MASK,
    steps=(Step("Shannon", KEPT, Shannon()), Step("weights", WHOLE, Shannon())),
    mutants=(
        Mutant(
            "the mask is exchanged too",
            entropies(("m", "m_L", "w_L", "D"), _SWAPPED),
            without=("m_L from m",),
        ),
        Mutant(
            "the weights cost 3 % less",
            entropies(("m", "m_L", "w_L", "D"), _WEIGHTS_ONLY),
            le(WHOLE.lhs, mutual("m", "D") + exact("97/100") * conditional("w_L", "m")),
            of=1,
        ),
    ),
)


power, noise_target, noise_output, fit = reals("zz zg zf MSE")
rest = reals("gap_squared", nonnegative=True)
first, second, sum_1, sum_2, centred = reals("E_1f E_2f S_1 S_2 X")
CORRELATED = ge(noise_output, eps / 4)
GUARANTEED = ge(centred, eps / 8)
BALANCED = le(sp.Abs(sum_1) + sp.Abs(sum_2), eps / 8)
CENTRED = {
    "centred": ge(centred, noise_output - first * sum_1 - second * sum_2),
    "|E_1 f| <= 1": le(sp.Abs(first), 1),
    "|E_2 f| <= 1": le(sp.Abs(second), 1),
}
CORRELATION = Lemma(
    name="a good fit correlates with the noise",
    source="Bubeck & Sellke 2021, Lemma 2.1",
    says=(
        "zz, zg, zf: means of z^2, z g(x), z f(x). MSE = zz + 2 zg - 2 zf + mean (g-f)^2. If MSE <= "
        "sigma2 - eps, zz >= sigma2 - eps/6 and zg >= -eps/6, then zf >= eps/4. If also the noise is "
        "balanced, S_1 and S_2 being (1/n) times its sums over the two components with |S_1| + |S_2| <= "
        "eps/8, then, with the means |E_l f| <= 1, X >= zf - E_1 f S_1 - E_2 f S_2 >= eps/8. (More "
        "components: the same, longer.)"
    ),
    statement=(CORRELATED, GUARANTEED),
    hypotheses={
        "error": ge(fit, power + 2 * noise_target - 2 * noise_output + rest),
        "fit": le(fit, variance - eps),
        "noise level": ge(power, variance - eps / 6),
        "noise and target": ge(noise_target, -eps / 6),
        **CENTRED,
        "balanced": BALANCED,
    },
    steps=(
        Step("correlation", CORRELATED, Polynomial()),
        Step("centred", GUARANTEED, Polynomial(), uses=("correlation",)),
    ),
    mutants=(
        Mutant(
            "1/4 becomes 0.26",
            {
                **{eps: 12, variance: 12, power: 10, noise_target: -2, noise_output: 3, fit: 0, rest: 0},
                **{first: 1, second: 1, sum_1: "3/2", sum_2: 0, centred: "3/2"},
            },
            ge(noise_output, exact("26/100") * eps),
        ),
        Mutant(
            "unbalanced noise",
            {
                **{eps: 12, variance: 12, power: 10, noise_target: -2, noise_output: 3, fit: 0, rest: 0},
                **{first: 1, second: 1, sum_1: 3, sum_2: 0, centred: 0},
            },
            of=1,
            without=("balanced",),
        ),
    ),
    ranges={
        **{eps: ("1/10", "1/2"), variance: ("1/2", 1), power: (1, 2), noise_target: (0, "1/4")},
        **{noise_output: (2, 4), fit: ("-1/2", 0), rest: (0, "1/10"), centred: (4, 6)},
        **{first: (-1, 1), second: (-1, 1), sum_1: ("-1/200", "1/200"), sum_2: ("-1/200", "1/200")},
    },
)

LEMMAS = (ROUNDING, KEEP_MASK, CORRELATION)
