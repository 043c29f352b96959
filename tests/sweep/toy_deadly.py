"""A study that can be imported by a parent and takes every worker down."""

import multiprocessing
import os

from toy_study import NAME, VERSION, bucket, chunk_size, run

__all__ = ["NAME", "VERSION", "bucket", "chunk_size", "run"]

if multiprocessing.parent_process() is not None:
    os._exit(5)
