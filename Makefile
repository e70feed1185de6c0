.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3
STRATA := .venv/bin/strata
export UV_PROJECT_ENVIRONMENT := .venv
export UV_PYTHON_DOWNLOADS := never
# Costs five seconds once and saves one and a half at each start of a command where Python may not write its caches.
export UV_COMPILE_BYTECODE := 1
# Where an environment sets it, each process compiles every module and every rewritten assertion again: twice the time.
export PYTHONDONTWRITEBYTECODE :=
INSTALLED := .venv/.installed
COMPOSE_ENV ?= compose.env

# Parameters of `make test-deep`: its duration, and the seed of its cases (random and printed unless set).
MINUTES ?= 20
SEED ?=
# Parameters of `make mutants` and `make mutants-sample`.
PACKAGE ?=
PART ?=
SAMPLE_SECONDS ?= 150
# Parameter of `make test-outages`: how long each fault lasts.
HOLD ?= 180
# Parameters of `make impact-replay`: the consumers, and how often a quarter of them repeats its requests.
CONSUMERS ?= 200
ROUNDS ?= 150

# Parameter of the tests: `written`, `random` or the seed of an order. CI runs them in random order.
ORDER ?=
PYTEST := $(if $(ORDER),TESTS_ORDER=$(ORDER) ).venv/bin/python -m pytest
# Tests that start `strata`, browsers or the tools of the contracts; CI runs them beside the others.
SYSTEM := tests/system tests/contracts tests/browser

.PHONY: help up test test-core test-system test-again test-costs request-costs test-fast test-deep test-outages impact-replay mutants mutants-sample lint types check fmt bench contracts contract-tools test-tools bench-tools dashboards dashboards-check compose-env clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  \033[1m%-14s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(INSTALLED): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Strata needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@test -x .venv/bin/uv || { echo "Creating .venv"; $(PYTHON) -m venv .venv && .venv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'; }
	.venv/bin/uv sync --locked
	@touch $@

up: $(INSTALLED) ## start PostgreSQL, migrations, API and worker; Ctrl-C stops them
	@exec $(STRATA) up

test: $(INSTALLED) ## run the whole suite; ORDER=random or a seed: in another order
	$(PYTEST)

test-core: $(INSTALLED) ## the first half of `make test`: rules, features, laws, versions, observability
	$(PYTEST) $(SYSTEM:%=--ignore=%)

test-system: $(INSTALLED) ## the second half of `make test`: processes, contracts, browser
	$(PYTEST) $(SYSTEM)

test-again: $(INSTALLED) ## run the tests that failed last, one after the other
	$(PYTEST) -n 0 --last-failed --last-failed-no-failures none

test-costs: $(INSTALLED) ## run the whole suite, and record in tests/costs.json which tests are slow
	TESTS_RECORD_COSTS=1 $(PYTEST)

request-costs: $(INSTALLED) ## record the instructions of requests by layer for this Python; its tests fail when a layer grows by a tenth
	TESTS_RECORD_REQUEST_COSTS=1 .venv/bin/python -m pytest -n 0 tests/request_costs

test-fast: $(INSTALLED) ## run the suite without tests marked slow (servers, browser) and with few random examples
	TESTS_FAST=1 $(PYTEST) -m "not slow"

test-deep: $(INSTALLED) ## many more random cases: the laws, transfers, jobs, then each version as each caller; MINUTES=20, SEED=random
	TESTS_DEEP=1 .venv/bin/python -m pytest --timeout 7200 tests/laws tests/system/test_ledger_load.py \
		tests/versions/test_list_costs.py tests/system/test_large_import.py tests/system/test_large_export.py \
		tests/system/test_jobs_under_kills.py
	.venv/bin/python -m tests.conformance --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

test-outages: $(INSTALLED) ## each dependency fails under load for HOLD=180 seconds
	CI=true TESTS_FAULT_SECONDS=$(HOLD) .venv/bin/python -m pytest -n 0 -s tests/system/test_outages.py

impact-replay: $(INSTALLED) ## compare impact verdicts with a replay against changed builds; CONSUMERS=200, ROUNDS=150, SEED=random
	REPLAY_CONSUMERS=$(CONSUMERS) REPLAY_ROUNDS=$(ROUNDS) $(if $(SEED),REPLAY_SEED=$(SEED)) \
		.venv/bin/python -m pytest -n 0 -s --timeout 3600 tests/contracts/replay/test_*.py tests/contracts/replay/live_sampling.py

mutants: $(INSTALLED) ## plant bugs in every package; fails unless its tests catch 90 %; PACKAGE=app/posts, PART=1/6
	.venv/bin/python -m tests.mutants $(PACKAGE) $(if $(PART),--part $(PART))

mutants-sample: $(INSTALLED) ## a sample of these bugs in SAMPLE_SECONDS=150, chosen by SEED; fails on new survivors
	.venv/bin/python -m tests.mutants --sample $(SAMPLE_SECONDS) $(if $(SEED),--seed $(SEED))

lint: $(INSTALLED) ## check style, import contracts and spelling
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports
	.venv/bin/typos

types: $(INSTALLED) ## check types with mypy
	.venv/bin/mypy

contracts: $(INSTALLED) ## compare the code with the frozen contracts and lifecycles, and lint them
	$(STRATA) contract check
	$(STRATA) versions check
	.venv/bin/python -m contracts.compat.reference --check
	$(STRATA) contract guide --check
	.venv/bin/python -m contracts.lint

contract-tools: contracts/lint/node_modules/.package-lock.json ## install the linters and generators of the contracts, from npm

contracts/lint/node_modules/.package-lock.json: contracts/lint/package-lock.json
	@# Packages run no scripts at installation: none is needed, and some report the installation.
	npm ci --prefix contracts/lint --ignore-scripts --no-audit --no-fund
	@touch $@

test-tools: $(INSTALLED) tests/support/oidc_provider/node_modules/.package-lock.json ## install the servers of the tests: OpenID provider and token library (npm), S3 server
	.venv/bin/uv sync --locked --inexact --group servers

bench-tools: $(INSTALLED) tests/benchmarks/peers/node_modules/.package-lock.json ## install the frameworks that `make bench` compares: Litestar, and Fastify (npm)
	.venv/bin/uv sync --locked --inexact --group servers --group peers

tests/benchmarks/peers/node_modules/.package-lock.json: tests/benchmarks/peers/package-lock.json
	npm ci --prefix tests/benchmarks/peers --ignore-scripts --no-audit --no-fund
	@touch $@

tests/support/oidc_provider/node_modules/.package-lock.json: tests/support/oidc_provider/package-lock.json
	npm ci --prefix tests/support/oidc_provider --ignore-scripts --no-audit --no-fund
	@touch $@

dashboards: $(INSTALLED) ## generate grafana/dashboards and grafana/prometheus/rules
	.venv/bin/python -m observability.dashboards

dashboards-check: $(INSTALLED)
	.venv/bin/python -m observability.dashboards --check

compose-env: $(INSTALLED) ## write compose.env with new secrets for docker-compose.yml
	@test ! -e '$(COMPOSE_ENV)' || { echo "$(COMPOSE_ENV) exists; its secrets are in use: move it away first"; exit 1; }
	@umask 077; password=$$(openssl rand -hex 12); { \
		echo "# Secrets of docker-compose.yml, created by 'make compose-env'. Keep it out of version control."; \
		echo "STRATA_DOMAIN=localhost"; \
		echo "STRATA_ACME_EMAIL=operations@strata.example"; \
		echo "OPS_USER=operator"; \
		echo "# For Prometheus, Alertmanager, the mail catcher and the names of consumers: operator, $$password"; \
		echo "OPS_PASSWORD_HASH='$$(.venv/bin/caddy hash-password --plaintext "$$password")'"; \
		for name in POSTGRES_PASSWORD POSTGRES_APP_PASSWORD REDIS_PASSWORD STRATA_AUTH__SIGNING_KEY STRATA_HTTP__CURSOR_KEY \
			STRATA_WEBHOOKS__SEALING_KEY STRATA_OPERATIONS__TOKEN GRAFANA_ADMIN_PASSWORD S3_ACCESS_KEY S3_SECRET_KEY; do echo "$$name=$$(openssl rand -hex 32)"; done; \
	} > '$(COMPOSE_ENV)'
	@echo "Written: $(COMPOSE_ENV). Set STRATA_DOMAIN in it, then: docker compose --env-file $(COMPOSE_ENV) up -d --build"

check: lint types contracts dashboards-check ## run everything that CI checks except the tests

fmt: $(INSTALLED) ## format the code and fix what ruff can fix
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: bench-tools ## CPU per request as ratios to other stacks; AGAINST=FOLDER compares with another checkout
	.venv/bin/python -m tests.benchmarks $(if $(AGAINST),--against $(AGAINST))
	$(if $(AGAINST),,.venv/bin/python -m tests.benchmarks.keys)
	$(if $(AGAINST),,.venv/bin/python -m tests.benchmarks.jobs)
	$(if $(AGAINST),,.venv/bin/python -m tests.benchmarks.ledger)
	$(if $(AGAINST),,.venv/bin/python -m tests.benchmarks.streams)
	$(if $(AGAINST),,.venv/bin/python -m tests.benchmarks.exports)
	$(if $(AGAINST),,.venv/bin/python -m tests.benchmarks.cache)
	$(if $(AGAINST),,.venv/bin/python -m tests.benchmarks.serving)
	$(if $(AGAINST),,.venv/bin/python -m tests.benchmarks.overload)

clean: ## remove caches and the environment, but no data
	rm -rf .venv contracts/lint/node_modules tests/support/oidc_provider/node_modules tests/benchmarks/peers/node_modules .pytest_cache .mypy_cache .ruff_cache .import_linter_cache contracts/lint/.cache .hypothesis
