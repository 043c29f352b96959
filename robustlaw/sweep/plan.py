"""What a sweep would do, and how long it would take, by the times of cells that are stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .protocol import Config, Study, load_study
from .rows import Status, cell
from .store import Store


@dataclass(frozen=True)
class Plan:
    """One grid of a sweep before it is run.

    cells   : different cells of the grid; stored: how many of them the store has
    seconds : of one worker for the others, as far as they are known
    unknown : cells of which no time is known, because no cell of their study was ever run into the store
    """

    study: str
    cells: int
    stored: int
    seconds: float
    unknown: int

    @property
    def todo(self) -> int:
        return self.cells - self.stored


def plan(grids: Sequence[tuple[str, Iterable[Config]]], store_path: str | Path) -> list[Plan]:
    """One plan a grid. Nothing is run and nothing written; a store that is missing has no cells.

    A cell is expected to take the mean time of stored cells of its bucket, of whatever version of the
    study, or else that of all cells of the study.
    """
    path = Path(store_path)
    if not path.exists():
        return [_plan(load_study(study), list(configs), None) for study, configs in grids]
    with Store.reading(path) as store:
        return [_plan(load_study(study), list(configs), store) for study, configs in grids]


def _plan(study: Study, configs: list[Config], store: Store | None) -> Plan:
    cells = {c.key: c for c in (cell(study, config) for config in configs)}
    done = {} if store is None else store.statuses(study.name, study.version)
    todo = [c for key, c in cells.items() if key not in done]
    if store is None or not todo:
        return Plan(study.name, len(cells), len(cells) - len(todo), 0.0, len(todo))
    means = _means(study, store)
    times = [means.get(c.bucket, means.get(None)) for c in todo]
    known = [t for t in times if t is not None]
    return Plan(study.name, len(cells), len(cells) - len(todo), sum(known), len(times) - len(known))


def _means(study: Study, store: Store) -> dict[object, float]:
    """Mean seconds of stored cells by bucket; of all of them under None."""
    times: dict[object, list[float]] = defaultdict(list)
    for row in store.rows(study.name):
        if row.status is Status.OK:
            times[None].append(row.seconds)
            if row.version == study.version:  # the bucket may not know the fields of older configs
                times[study.bucket(row.config)].append(row.seconds)
    return {bucket: sum(own) / len(own) for bucket, own in times.items()}
