"""Run the cells of a store again that have no result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import InvalidArgument
from .catalogue import module_of
from .protocol import Config, Study, load_study
from .rows import Status
from .runner import Progress, run_sweep
from .store import Store
from .summaries import tallies


@dataclass(frozen=True)
class Retried:
    """The cells of one version of a study that had no result.

    cells    : how many there were
    mended   : how many are ok now
    outdated : the study has another version now, under which they would be other cells: none was run
    """

    study: str
    version: int
    cells: int
    mended: int
    outdated: bool


def retry(
    store_path: str | Path,
    study: str | None = None,
    module: str | None = None,
    jobs: int = 1,
    progress: Callable[[Progress], None] | None = None,
    deadline: float | None = None,
) -> list[Retried]:
    """Run cells again that failed, were killed or took too long; ok rows stay as they are.

    study    : only cells of this study
    module   : module path of that study; robustlaw's own studies are found by their names
    deadline : seconds that a cell may take this time

    Raises, before anything is run, InvalidArgument for a study whose module is not known, and what
    run_sweep raises.
    """
    if module is not None and study is None:
        raise InvalidArgument("module", module, "say which study it is, too")
    results = []
    for loaded, version, configs in _open_cells(store_path, study, module):
        rows, outdated = [], loaded.version != version
        if not outdated:
            rows = run_sweep(
                loaded.path,
                configs,
                store_path,
                jobs,
                progress=progress,
                retry_failed=True,
                deadline=deadline,
            )
        mended = sum(row.status is Status.OK for row in rows)
        results.append(Retried(loaded.name, version, len(configs), mended, outdated))
    return results


def _open_cells(
    store_path: str | Path, study: str | None, module: str | None
) -> list[tuple[Study, int, list[Config]]]:
    """Configs without a result, by study and version, once every study's module is known."""
    with Store.reading(store_path) as store:
        found = tallies(store)
        if study is not None and study not in {one.study for one in found}:
            raise InvalidArgument("study", study, f"{store.path} has no cells of it")
        lost = {
            (one.study, one.version): _loaded(one.study, module)
            for one in found
            if one.status != Status.OK and study in (None, one.study)
        }
        return [
            (
                loaded,
                version,
                [row.config for row in store.rows(name, version) if row.status is not Status.OK],
            )
            for (name, version), loaded in lost.items()
        ]


def _loaded(name: str, module: str | None) -> Study:
    loaded = load_study(module or module_of(name))
    if loaded.name != name:
        raise InvalidArgument("module", loaded.path, f"it is the study {loaded.name!r}, not {name!r}")
    return loaded
