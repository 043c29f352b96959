"""Networks in .npz files: arrays only, nothing in a file is ever executed.

Keys W1, b1, W2, b2, ... in float64 or float32, W being (out, in); a missing b counts as zeros.
Optional: M1, M2, ... boolean masks, and `activation`, a string.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from ..errors import RobustlawError, UnreadableFile
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
        if size > MOST_BYTES:
            raise UnreadableFile(f"{file}: unpacks to {size} bytes, more than the {MOST_BYTES} allowed")
        with np.load(file, allow_pickle=False) as arrays:
            return {name: np.asarray(arrays[name]) for name in arrays.files}
    except UnreadableFile:
        raise
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, NotImplementedError) as error:
        raise UnreadableFile(
            f"{file}: cannot be read as arrays ({error}); pickled objects are refused"
        ) from error


def load_network(path: str | Path) -> Network:
    """The network in an .npz file. Raises UnreadableFile, ShapeMismatch, NonFinite or UnknownName."""
    arrays = read_arrays(path)
    depth = sum(name[0] == "W" and name[1:].isdigit() for name in arrays)
    if not depth or any(f"W{i + 1}" not in arrays for i in range(depth)):
        raise UnreadableFile(f"{path}: weights have to be called W1, W2, ...; found {sorted(arrays)}")
    for name, array in arrays.items():
        if name[0] in "WbM" and not (np.issubdtype(array.dtype, np.number) or array.dtype == bool):
            raise UnreadableFile(f"{path}: {name} holds {array.dtype}, not numbers")
    layers = [
        (arrays[f"W{i + 1}"], arrays.get(f"b{i + 1}", np.zeros(len(arrays[f"W{i + 1}"]))))
        for i in range(depth)
    ]
    masks = [arrays[f"M{i + 1}"] for i in range(depth)] if "M1" in arrays else None
    name = str(arrays["activation"]) if "activation" in arrays else "relu"
    try:
        return Network.from_arrays(layers, name, masks)
    except RobustlawError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableFile(f"{path}: the arrays do not make a network ({error})") from error


def save_network(net: Network, path: str | Path) -> None:
    """Write a network so that `load_network` gives the same numbers back."""
    arrays = {f"W{i + 1}": w for i, w in enumerate(net.weights)}
    arrays |= {f"b{i + 1}": b for i, b in enumerate(net.biases)}
    arrays |= {f"M{i + 1}": m for i, m in enumerate(net.masks)}
    np.savez_compressed(path, activation=np.array(net.arch.activation), **arrays)  # type: ignore[arg-type]
