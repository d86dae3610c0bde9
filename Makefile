# Needs Python 3.11 or newer and make; everything else goes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: run test fuzz bench docs clean

run: $(VENV)/.installed
	$(BIN)/kvmdbg

test: $(VENV)/.installed-dev
	$(BIN)/ruff check
	$(BIN)/mypy --strict -p kvmdbg.machine -p kvmdbg.session -p kvmdbg.explore -p kvmdbg.oracle
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 -q

# Hostile words by the ten thousand; some of them are part of `test`.
fuzz: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -q tests/session/test_fuzz.py --hypothesis-profile=fuzz --hypothesis-show-statistics

bench: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/run.py

# The README's picture is the real screen, the tables of docs/COMMITS.md are what the program prints.
docs: $(VENV)/.installed
	$(BIN)/python scripts/make_picture.py
	$(BIN)/python scripts/make_commits.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Editable installs: a change of the source needs no second installation, a change of pyproject.toml does.
$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(PIP) --editable .
	touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	$(PIP) --editable '.[test,dev]'
	touch $(VENV)/.installed $@

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
