# Needs python3 (3.11 or later, with venv), make and git. Everything else lands in .venv.
PYTHON ?= python3
EXAMPLE ?= breast_cancer
VENV := .venv
BIN := $(VENV)/bin
# The commands of a scaffolded project say `python` and `crispq`, and mean these.
WITH_PATH := PATH="$(CURDIR)/$(BIN):$$PATH"

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test test-all lint format docs bench-data constraints clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.installed-core ## scaffold an example, walk its six phases, write the report (EXAMPLE=diabetes for the other)
	$(WITH_PATH) sh tests/demo.sh $(EXAMPLE)

test: $(VENV)/.installed-test ## run the tests, with branch coverage of the engine
	$(WITH_PATH) python -m pytest -n auto --cov

test-all: $(VENV)/.installed-test ## run the tests and the slow ones
	$(WITH_PATH) python -m pytest -n auto --cov -m "slow or not slow"

lint: $(VENV)/.installed-test $(VENV)/.installed-lint ## ruff, mypy, import-linter
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-lint ## let ruff mend what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(VENV)/.installed-docs ## build docs/_build/html, warnings are errors
	$(BIN)/sphinx-build -W --keep-going --fresh-env --quiet docs docs/_build/html

bench-data: $(VENV)/.installed-core build/peers/.installed ## time the data gate beside its peers, whole processes (half an hour, 3 GB of disk)
	$(BIN)/python benchmarks/data_quality/run.py --peers build/peers/bin/python --write docs/reference/bench-data.md

build/peers/.installed: benchmarks/data_quality/requirements.txt
	$(PYTHON) -m venv --clear build/peers
	build/peers/bin/python -m pip install --quiet --requirement benchmarks/data_quality/requirements.txt
	@touch $@

constraints: ## pin anew: install everything in a fresh venv and write down what came
	rm -rf build/pin && $(PYTHON) -m venv build/pin
	build/pin/bin/python -m pip install --quiet ".[dev]"
	{ echo "# What crispq and its extras were tested with. Written by \`make constraints\`, not by hand." \
		&& build/pin/bin/python -m pip freeze --exclude crispq | grep -F == | LC_ALL=C sort -f; } > build/pin/constraints.txt
	mv build/pin/constraints.txt constraints.txt && rm -rf build

clean: ## remove .venv and all that was built
	rm -rf $(VENV) build demo dist docs/_build docs/reference/built htmlcov .coverage* .*_cache .hypothesis

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "crispq needs Python 3.11 or later: make PYTHON=python3.12 ..." >&2; exit 2; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

# An install is done once, and again when what it was made from has changed.
$(VENV)/.installed-core: pyproject.toml constraints.txt | $(VENV)/.created
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-%: pyproject.toml constraints.txt | $(VENV)/.created
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[$*]"
	@touch $@
