"""Wrong types as a user meets them: in a process without the tests' checks of every call."""

import subprocess
import sys


def outcomes(setup: str, expressions: list[str]) -> dict[str, str]:
    """For each expression the name of the RobustlawError and its message, "fine" or "raw: ..."."""
    code = f"""
import json, warnings
warnings.simplefilter("error")
import numpy as np, torch, robustlaw as rl
from robustlaw import data, networks, pruning
torch.set_num_threads(1)
{setup}
found = {{}}
for text in {expressions!r}:
    try:
        eval(text)
        found[text] = "fine"
    except rl.RobustlawError as error:
        found[text] = f"{{type(error).__name__}}: {{error}}"
    except Exception as error:
        found[text] = f"raw: {{type(error).__name__}}: {{error}}"
print(json.dumps(found))
"""
    import json

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))
