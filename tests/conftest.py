"""Shape and type checks of every call, one thread, and fixed hypothesis seeds."""

import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

from jaxtyping import install_import_hook

install_import_hook("robustlaw", "beartype.beartype")

import hypothesis
import torch

torch.set_num_threads(1)
hypothesis.settings.register_profile(
    "robustlaw",
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.filter_too_much],
)
hypothesis.settings.load_profile("robustlaw")
