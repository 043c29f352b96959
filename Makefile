# Each target sets up what it needs: a fresh machine needs Python 3.11 or newer and this folder.
VENV ?= .venv
PYTHON ?= python3
BIN = $(VENV)/bin
OUT ?= verify-report
READY = $(VENV)/.ready

OUT_PROOFS ?= proofs.html
# such as --quick, or the names of some parts
BENCH ?=

.PHONY: verify full proofs bench test lint format clean

verify: $(READY)
	$(BIN)/robustlaw verify --preset quick --out $(OUT)

full: $(READY)
	$(BIN)/robustlaw verify --preset full --out $(OUT)-full

proofs: $(READY)
	$(BIN)/python -m proofs_check --html $(OUT_PROOFS)

bench: $(READY)
	$(BIN)/python benchmarks/bench.py $(BENCH)

test: lint
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	PIP_CONSTRAINT=constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --quiet --editable ".[cluster,data,dev,proofs]"
	touch $(READY)

clean:
	rm -rf $(VENV) $(OUT) $(OUT)-full .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
