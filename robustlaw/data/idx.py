"""IDX files, the format of MNIST and its relatives: big-endian sizes, then bytes. Nothing is executed.

Images start with 2051 and (count, rows, columns), labels with 2049 and (count); each number has four
bytes, each entry one. A file may be packed by gzip, whatever it is called.
"""

from __future__ import annotations

import math
import struct
import zlib
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from ..errors import UnreadableFile

IMAGES, LABELS = 2051, 2049
KINDS = {IMAGES: "images", LABELS: "labels"}
GZIP = b"\x1f\x8b"
# A file, packed or not, may have this much and no more; the largest published one unpacks to 47 MB.
MOST_BYTES = 2**28


def read_images(path: str | Path) -> UInt8[np.ndarray, "samples rows columns"]:
    """The images of an IDX file. Raises UnreadableFile."""
    return images_of(file_bytes(path), str(path))


def read_labels(path: str | Path, classes: int = 10) -> UInt8[np.ndarray, " samples"]:
    """The labels of an IDX file, all below `classes`. Raises UnreadableFile."""
    return labels_of(file_bytes(path), str(path), classes)


def file_bytes(path: str | Path) -> bytes:
    """What a file holds, as it is. Raises UnreadableFile: missing, unreadable or too large."""
    file = Path(path)
    try:
        if not file.is_file():
            raise UnreadableFile(f"{file}: there is no such file; name an IDX file, plain or packed by gzip")
        with file.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise UnreadableFile(f"{file}: cannot be read ({error}); check its name and permissions") from error
    if len(raw) > MOST_BYTES:
        raise UnreadableFile(f"{file}: more than {MOST_BYTES} bytes; no IDX file of images here is so large")
    return raw


def images_of(raw: bytes, name: str) -> UInt8[np.ndarray, "samples rows columns"]:
    """The images in the bytes of the file called `name`. Raises UnreadableFile."""
    return _entries(raw, name, IMAGES, axes=3)


def labels_of(raw: bytes, name: str, classes: int = 10) -> UInt8[np.ndarray, " samples"]:
    """The labels in the bytes of the file called `name`. Raises UnreadableFile."""
    labels = _entries(raw, name, LABELS, axes=1)
    if labels.max() >= classes:
        raise UnreadableFile(
            f"{name}: holds a label {labels.max()} where labels are 0 to {classes - 1}; "
            "it is damaged, or of another data set"
        )
    return labels


def _entries(raw: bytes, name: str, magic: int, axes: int) -> UInt8[np.ndarray, ...]:
    data = _unpacked(raw, name) if raw.startswith(GZIP) else raw
    head = 4 * (1 + axes)
    if len(data) < head:
        raise UnreadableFile(
            f"{name}: {len(data)} bytes, shorter than the header of an IDX file of {KINDS[magic]}; "
            "it is damaged, fetch it again"
        )
    found, *shape = struct.unpack(f">{1 + axes}I", data[:head])
    if found != magic:
        other = f"it holds {KINDS[found]}: exchange the files" if found in KINDS else "it is no IDX file"
        raise UnreadableFile(f"{name}: starts with {found}, {KINDS[magic]} start with {magic}; {other}")
    if 0 in shape:
        raise UnreadableFile(f"{name}: its header announces sizes {shape}, none may be 0; fetch it again")
    wanted = head + math.prod(shape)
    if len(data) != wanted:
        how = "cut off" if len(data) < wanted else "followed by other bytes"
        raise UnreadableFile(
            f"{name}: {len(data)} bytes where its header announces {wanted}, sizes {shape}; "
            f"it is {how}, fetch it again"
        )
    return np.frombuffer(data, dtype=np.uint8, offset=head).reshape(shape)


def _unpacked(raw: bytes, name: str) -> bytes:
    """What a single gzip stream holds, and not a byte more than allowed is made of it."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        data = unpacker.decompress(raw, MOST_BYTES + 1)
    except zlib.error as error:
        raise UnreadableFile(f"{name}: damaged gzip data ({error}); fetch it again") from error
    if len(data) > MOST_BYTES:
        raise UnreadableFile(f"{name}: unpacks to more than {MOST_BYTES} bytes; it is no such IDX file")
    if not unpacker.eof:
        raise UnreadableFile(f"{name}: its gzip data are cut off; fetch it again")
    if unpacker.unused_data:
        raise UnreadableFile(
            f"{name}: {len(unpacker.unused_data)} bytes follow its gzip data; fetch it again"
        )
    return data
