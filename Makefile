.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3
STRATA := .venv/bin/strata
export UV_PROJECT_ENVIRONMENT := .venv
export UV_PYTHON_DOWNLOADS := never
# Five seconds once, against a second and a half at every start of a command where Python may not write its caches.
export UV_COMPILE_BYTECODE := 1
INSTALLED := .venv/.installed

.PHONY: help up test lint types check fmt bench contracts clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  \033[1m%-10s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(INSTALLED): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Strata needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@test -x .venv/bin/uv || { echo "making .venv"; $(PYTHON) -m venv .venv && .venv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'; }
	.venv/bin/uv sync --locked
	@touch $@

up: $(INSTALLED) ## start everything: PostgreSQL, migrations, API, worker; Ctrl-C stops it
	@exec $(STRATA) up

test: $(INSTALLED) ## run the tests
	.venv/bin/python -m pytest

lint: $(INSTALLED) ## ruff, import contracts, spelling
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports
	.venv/bin/typos

types: $(INSTALLED) ## mypy, strict
	.venv/bin/mypy

contracts: $(INSTALLED) ## the frozen contracts say what the code says
	$(STRATA) contract check

check: lint types contracts ## everything that CI checks beside the tests

fmt: $(INSTALLED) ## format and mend what can be mended
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: $(INSTALLED) ## ratios of the full stack against the stack with layers off
	.venv/bin/python -m tests.benchmarks

clean: ## remove caches and the environment, never the data
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
