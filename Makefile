# The few commands of the project. `make` alone lists them. Needs Python 3.11 and make, nothing else.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PLATFORM := $(BIN)/platform
SOURCES := platform_assets tests feature_repo

.DEFAULT_GOAL := help
.PHONY: help setup demo up down status check test lint types bench bench-serving soak soak-rollouts faults format clean clean-venv

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## Make the virtual environment from the hash-checked lock

# The native engine is optional: without a C compiler its step says so and succeeds. An edited kernel is built anew.
$(VENV)/.ready: $(VENV)/.packages platform_assets/inference/native/forest.c platform_assets/inference/native/binary.py
	@$(BIN)/python -m platform_assets.inference.native.build '$(CC)'
	@touch $@

# The project itself is not installed: a .pth file puts this directory on the path, which works offline and follows
# every edit. The stamp comes last, so a set-up that was interrupted is done again.
$(VENV)/.packages: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
	  || { echo 'Python 3.11 is needed: make PYTHON=/path/to/python3.11'; exit 1; }
	@echo 'Making $(VENV) from requirements.lock (a few minutes, once)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --no-input --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -c "import pathlib, sysconfig; \
	  pathlib.Path(sysconfig.get_path('purelib'), 'platform_assets.pth').write_text('$(CURDIR)\n')"
	@printf '#!/bin/sh\nexec "$$(dirname "$$0")/python" -m platform_assets.cli "$$@"\n' > $(PLATFORM)
	@chmod +x $(PLATFORM)
	@touch $@

demo: $(VENV)/.ready ## Everything once on real data: raw files to served, traceable predictions
	@$(PLATFORM) demo

up: $(VENV)/.ready ## Start Dagster, MLflow, the online store and the endpoint
	@$(PLATFORM) up

down: $(VENV)/.ready ## Stop all that `make up` and `make demo` started
	@$(PLATFORM) down

status: $(VENV)/.ready ## Show what runs, and what each product has published
	@$(PLATFORM) doctor; running=$$?; echo; $(PLATFORM) status && exit $$running

check: lint types ## The quick gate: lint, types, architecture, unit tests
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/architecture tests/unit

test: $(VENV)/.ready ## Every test, with real servers (JOBS=2 runs them in two processes)
	$(BIN)/python -m pytest $(if $(JOBS),-n $(JOBS) --dist loadgroup) tests

lint: $(VENV)/.ready ## Style and layout
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.ready ## Types
	$(BIN)/mypy

format: $(VENV)/.ready ## Rewrite files in the project's layout
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.ready ## Measure what the documents promise
	$(BIN)/python -m pytest -q -s -o python_files='bench_*.py' tests/bench

bench-serving: $(VENV)/.ready ## Measure the endpoint beside other model servers (WORK= ROUNDS= SECONDS= ONLY= QUICK=1 FRESH=1)
	$(BIN)/python -m tests.bench.serving $(if $(WORK),--work '$(WORK)') $(if $(ROUNDS),--rounds $(ROUNDS)) \
	  $(if $(SECONDS),--seconds $(SECONDS)) $(if $(ONLY),--only '$(ONLY)') $(if $(QUICK),--quick) $(if $(FRESH),--fresh)

soak: $(VENV)/.ready ## Ten minutes of the endpoint under load, swaps and outages: flat memory, no answer lost (SECONDS=)
	$(BIN)/python -m tests.faults.soak_endpoint $(or $(SECONDS),600)

soak-rollouts: $(VENV)/.ready ## A thousand promotions and rollbacks under load: no answer mixed, no request dropped (TURNS=)
	$(BIN)/python -m tests.faults.rollout_soak $(or $(TURNS),1000)

faults: $(VENV)/.ready ## Kills, full disks and rivals at work on pointer, tables and whole batches (TRIALS= KILLS= STORMS= SEED=)
	PLATFORM_FAULT_TRIALS=$(or $(TRIALS),200) PLATFORM_FAULT_KILLS=$(or $(KILLS),1000) \
	  PLATFORM_FAULT_STORMS=$(or $(STORMS),200) $(if $(SEED),PLATFORM_FAULT_SEED=$(SEED)) \
	  $(BIN)/python -m pytest -q -s --timeout 14400 \
	  tests/faults/test_kill_publish.py tests/faults/test_kill_batch.py tests/faults/test_rollout_pointer.py

clean: ## Remove caches; state in .platform and the environment stay
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	rm -rf dbt_project/target dbt_project/logs
	find platform_assets tests feature_repo -name __pycache__ -type d -prune -exec rm -rf {} +

clean-venv: ## Remove the virtual environment; the next command makes it again
	rm -rf $(VENV)
