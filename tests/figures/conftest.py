"""A figure that is none, in a gallery that it joins for one test."""

import sys
from collections import Counter

import pytest
from figure_toys import SOURCE

import figures.gallery
from figures import produce as producing
from figures import sensitivity as varying
from figures import sheets
from robustlaw.sweep import SerialExecutor, run_sweeps


def _serially(grids, store_path, jobs=1, executor_factory=None, progress=None, deadline=None):
    return run_sweeps(grids, store_path, jobs, SerialExecutor, progress, deadline)


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """Puts a module with this source into the gallery under a name; again, with another source."""
    folder = tmp_path / "gallery"
    folder.mkdir()
    monkeypatch.setattr(figures.gallery, "__path__", [*figures.gallery.__path__, str(folder)])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for room in (producing, varying):
        monkeypatch.setattr(room, "run_sweeps", _serially)
    made = set()

    def put(source=SOURCE, name="toy_figure"):
        (folder / f"{name}.py").write_text(source)
        made.add(name)
        forget()
        return name

    def forget():
        sheets.names.cache_clear()
        for name in made:
            sys.modules.pop(f"figures.gallery.{name}", None)
            figures.gallery.__dict__.pop(name, None)
        sys.path_importer_cache.pop(str(folder), None)

    yield put
    forget()


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """How often each seed was run, up to the time of the call."""
    trace = tmp_path / "trace"
    monkeypatch.setenv("FIGURE_TRACE", str(trace))
    return lambda: Counter(int(s) for s in trace.read_text().split()) if trace.exists() else Counter()
