"""Networks in .npz files: arrays only, nothing in a file is ever executed.

Keys W1, b1, W2, b2, ... in float64 or float32, W being (out, in); a missing b counts as zeros.
Optional: M1, M2, ... boolean masks of the weights, Mb1, Mb2, ... of the biases, all or none of a kind,
and `activation`, a string. Other keys are refused.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from ..errors import UnreadableFile
from .network import Network

# A file may unpack to this much and no more.
MOST_BYTES = 4 * 2**30


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """All arrays of an .npz file. Raises UnreadableFile: missing, not an npz, pickled, or too large."""
    file = Path(path)
    if not file.is_file():
        raise UnreadableFile(f"{file}: there is no such file")
    if not zipfile.is_zipfile(file):
        raise UnreadableFile(f"{file}: not an .npz file (a zip of arrays); save one with numpy.savez")
    try:
        with zipfile.ZipFile(file) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size <= MOST_BYTES:
            with np.load(file, allow_pickle=False) as arrays:
                return {name: np.asarray(arrays[name]) for name in arrays.files}
    except Exception as error:
        # zip, zlib, lzma and numpy each have errors of their own for broken bytes
        raise UnreadableFile(
            f"{file}: cannot be read as arrays ({error}); pickled objects are refused"
        ) from error
    raise UnreadableFile(f"{file}: unpacks to {size} bytes, more than the {MOST_BYTES} allowed")


def load_network(path: str | Path) -> Network:
    """The network in an .npz file.

    Raises UnreadableFile, ShapeMismatch, NonFinite, UnknownName or InvalidArgument.
    """
    arrays = read_arrays(path)
    depth = sum(name[:1] == "W" and name[1:].isdigit() for name in arrays)
    wanted = {kind: [f"{kind}{i + 1}" for i in range(depth)] for kind in ("W", "b", "M", "Mb")}
    if not depth or any(name not in arrays for name in wanted["W"]):
        raise UnreadableFile(f"{path}: weights have to be called W1, W2, ...; found {sorted(arrays)}")
    for kind, names in wanted.items():
        _check_names(path, arrays, kind, names)
    allowed = [*wanted["W"], *wanted["b"], *wanted["M"], "activation", *wanted["Mb"]]
    for name in arrays:
        if name not in allowed:
            raise UnreadableFile(f"{path}: unknown array {name!r}; a network has {', '.join(allowed)}")
    masks, bias_masks = (_masks(path, arrays, wanted[kind]) for kind in ("M", "Mb"))
    weights = [arrays[name] for name in wanted["W"]]
    biases = [arrays.get(name, np.zeros(w.shape[:1])) for name, w in zip(wanted["b"], weights, strict=True)]
    return Network.from_arrays(
        list(zip(weights, biases, strict=True)),
        str(arrays.get("activation", "relu")),
        masks,
        bias_masks=bias_masks,
    )


def _masks(path: str | Path, arrays: dict[str, np.ndarray], names: list[str]) -> list[np.ndarray] | None:
    found = [arrays[name] for name in names if name in arrays]
    if found and len(found) < len(names):
        raise UnreadableFile(f"{path}: give a mask for every layer or for none; found {sorted(arrays)}")
    return found or None


def _check_names(path: str | Path, arrays: dict[str, np.ndarray], kind: str, wanted: list[str]) -> None:
    """Arrays of a kind are numbers and belong to a layer: nothing of the user's is passed over."""
    for name in arrays:
        if not name.startswith(kind) or not name[len(kind) :].isdigit():
            continue
        if name not in wanted:
            raise UnreadableFile(f"{path}: {name} belongs to no layer; the weights are W1 to W{len(wanted)}")
        dtype = arrays[name].dtype
        if not np.can_cast(dtype, np.float64):
            raise UnreadableFile(f"{path}: {name} holds {dtype}, not real numbers")


def save_network(net: Network, path: str | Path) -> None:
    """Write a network so that `load_network` gives the same numbers back."""
    arrays = {f"W{i + 1}": w for i, w in enumerate(net.weights)}
    arrays |= {f"b{i + 1}": b for i, b in enumerate(net.biases)}
    arrays |= {f"M{i + 1}": m for i, m in enumerate(net.masks)}
    arrays |= {f"Mb{i + 1}": m for i, m in enumerate(net.bias_masks or ())}
    with Path(path).open("wb") as file:  # given a name, numpy would append .npz to it
        np.savez_compressed(file, activation=np.array(net.arch.activation), **arrays)  # type: ignore[arg-type]
