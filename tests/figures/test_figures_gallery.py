"""What every figure of the gallery keeps to: its parts, its configs, and a plot that needs its data alone.

Rows are those of the smoke presets, the first seed's; figures that share rows share them here.
"""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from matplotlib.figure import Figure

from figures.claims import Claim, Missing, judge
from figures.sheets import PRESETS, Declared, names, sheet_module
from figures.style import styled
from robustlaw.sweep import Row, Status, canonical, cell_key, load_study

EVERY = pytest.mark.parametrize("name", names())
ROOT = Path(__file__).resolve().parents[2]
FEW = 40  # configs of a preset that are looked at one by one
# Cells are computed in a process of their own, without the tests' checks of every call.
COMPUTE = """
import json, sys
import torch
from robustlaw.sweep import canonical, load_study

torch.set_num_threads(1)
found = []
for path, group in json.load(sys.stdin):
    found += [json.loads(canonical(result)) for result in load_study(path).run(group)]
print(json.dumps(found))
"""
WITHOUT_TORCH = """
import json, sys
from importlib.machinery import ModuleSpec
from pathlib import Path


class Forbidden:
    # whoever imports torch learns that there is none; asking whether it is installed is no import

    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self) if name.split(".")[0] == "torch" else None

    def create_module(self, spec):
        raise ImportError("torch is forbidden here")

    def exec_module(self, module):
        raise ImportError("torch is forbidden here")


sys.meta_path.insert(0, Forbidden())
import polars as pl
from figures.claims import judge
from figures.sheets import sheet_module
from figures.style import styled

found = {}
for name in sys.argv[2:]:
    folder = Path(sys.argv[1]) / name
    try:
        module = sheet_module(name)
        table = pl.read_csv(folder / "data.csv", infer_schema_length=None)
        with styled():
            module.plot(table).savefig(folder / "figure.svg", metadata={"Date": None})
        found[name] = [str(j.evidence.verdict) for j in judge(module.claims(table))]
        distances = module.deviations(table) if hasattr(module, "deviations") else {}
        assert all(value >= 0.0 for value in distances.values())
    except Exception as error:
        found[name] = f"{type(error).__name__}: {error}"
assert "torch" not in sys.modules
print(json.dumps(found))
"""


@cache
def grids(study, preset):
    """Several figures have one study."""
    return study(preset)


def first_seed(configs):
    """The cells of the first seed, where there are seeds."""
    least = min((c["seed"] for c in configs if "seed" in c), default=0)
    return [c for c in configs if c.get("seed", least) == least]


def python(code, *arguments, **more):
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        **more,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def rows():
    """The rows of each figure's smoke preset, those of the first seed; each cell is computed once."""
    wanted = {name: [] for name in names()}
    groups: dict[tuple, list] = {}
    for name in names():
        for path, configs in grids(sheet_module(name).study, "smoke"):
            study = load_study(path)
            for config in first_seed(configs):
                key = cell_key(study.name, study.version, config)
                if (key, config) not in groups.setdefault((path, study.bucket(config)), []):
                    groups[path, study.bucket(config)].append((key, config))
                wanted[name].append((key, study, config))
    asked = [(path, [config for _, config in cells]) for (path, _), cells in groups.items()]
    results = python(COMPUTE, input=json.dumps(asked))
    keys = [key for cells in groups.values() for key, _ in cells]
    computed = dict(zip(keys, results, strict=True))
    return {
        name: [
            Row(key, study.name, study.version, config, Status.OK, computed[key], None, 0.0, {})
            for key, study, config in cells
        ]
        for name, cells in wanted.items()
    }


@pytest.fixture(scope="module")
def tables(rows):
    return {name: sheet_module(name).tidy(rows[name]) for name in names()}


@pytest.fixture(scope="module")
def redrawn(tables, tmp_path_factory):
    """Folder, and the verdicts of each figure, or its error, in a process where torch cannot be imported."""
    folder = tmp_path_factory.mktemp("redrawn")
    for name, table in tables.items():
        (folder / name).mkdir()
        table.write_csv(folder / name / "data.csv")
    return folder, python(WITHOUT_TORCH, str(folder), *tables)


@EVERY
def test_it_says_what_it_is(name):
    module = sheet_module(name)
    for part in ("LABEL", "TITLE", "SOURCE", "CAPTION"):
        assert isinstance(getattr(module, part), str)
        assert getattr(module, part).strip()
    assert all(isinstance(d, Declared) for d in module.DECLARED)
    assert len({d.name for d in module.DECLARED}) == len(module.DECLARED)


def test_no_two_figures_have_one_label():
    labels = [sheet_module(name).LABEL for name in names()]
    assert len(set(labels)) == len(labels)


@EVERY
@pytest.mark.parametrize("preset", PRESETS)
def test_its_configs_are_plain_and_its_studies_accept_them(name, preset):
    for path, configs in grids(sheet_module(name).study, preset):
        study, module = load_study(path), sys.modules[path]
        assert len({json.dumps(c, sort_keys=True) for c in configs}) == len(configs) > 0
        (kind,) = (v for k, v in vars(module).items() if k.endswith("Config") and v.__module__ == path)
        for config in configs[:: 1 + len(configs) // FEW]:
            hash(study.bucket(config))
            again = json.loads(canonical(config))
            assert cell_key(study.name, study.version, again) == cell_key(study.name, study.version, config)
            read = kind.of(again) if hasattr(kind, "of") else kind(**again)
            # what a config leaves to its study is filled in, and what it says is kept
            assert canonical({**read.plain(), **again}) == canonical(read.plain())


@EVERY
def test_smoke_asks_for_no_more_than_the_other_presets(name):
    sizes = [sum(len(c) for _, c in grids(sheet_module(name).study, preset)) for preset in PRESETS]
    assert sizes == sorted(sizes)


@EVERY
def test_a_table_is_plain_and_in_an_order_of_its_own(tables, name):
    table = tables[name]
    if not table.height:  # a user's files are not there, and every claim says so
        assert all(isinstance(c, Missing) for c in sheet_module(name).claims(table))
    assert not any(kind.is_nested() for kind in table.dtypes)
    text = pl.read_csv(table.write_csv().encode(), infer_schema_length=None)
    assert text.columns == table.columns
    assert text.height == table.height


@EVERY
def test_a_plot_changes_neither_its_table_nor_the_state_of_chance(tables, name):
    table = tables[name]
    before, chance = table.clone(), np.random.get_state()[1].copy()  # noqa: NPY002
    figure = sheet_module(name).plot(table)
    assert isinstance(figure, Figure)
    assert figure.axes
    assert table.equals(before)
    assert (np.random.get_state()[1] == chance).all()  # noqa: NPY002


@EVERY
def test_it_is_drawn_and_judged_from_its_saved_data_where_torch_cannot_be_imported(
    tables, redrawn, name, tmp_path
):
    folder, verdicts = redrawn
    module, table = sheet_module(name), tables[name]
    assert verdicts[name] == [str(j.evidence.verdict) for j in judge(module.claims(table))]
    with styled():
        module.plot(table).savefig(tmp_path / "figure.svg", metadata={"Date": None})
    assert (tmp_path / "figure.svg").read_bytes() == (folder / name / "figure.svg").read_bytes()


@EVERY
def test_its_claims_have_names_of_their_own_and_one_is_a_mutant(tables, name):
    claims = list(sheet_module(name).claims(tables[name]))
    assert claims
    assert all(isinstance(c, Claim) for c in claims)
    assert len({c.name for c in claims}) == len(claims)
    assert {c.whose for c in claims} <= {"paper", "here"}
    assert any(c.mutant or isinstance(c, Missing) for c in claims)  # a preset may be too small to judge
