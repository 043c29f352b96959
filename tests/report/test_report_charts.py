"""Every method has a look of its own; one without would be left out of the figures."""

from robustlaw.pruning import PRUNERS
from robustlaw.report.charts import STYLE


def test_every_pruner_can_be_drawn_and_told_apart():
    assert PRUNERS.keys() <= STYLE.keys()
    assert len(set(STYLE.values())) == len(STYLE)
