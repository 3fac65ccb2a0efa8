# Every target bootstraps its own virtual environment from the lock, so that a
# fresh machine needs Python and make and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: run test test-all lint ui erp clean
.DEFAULT_GOAL := run

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

run: $(READY)  ## Plan one day of the sample world and say what was decided
	$(BIN)/equipoise demo

test: $(READY)  ## The default tests
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadscope --no-loadscope-reorder --durations 15

test-all: $(READY)  ## The slow ones too
	$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder

lint: $(READY)  ## ruff, mypy, import-linter, sqlfluff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint dbt_project --disable-progress-bar

ui: $(READY)  ## The Dagster UI on http://127.0.0.1:3000
	$(BIN)/equipoise ui

erp: $(READY)  ## A Tryton server with a small network on http://127.0.0.1:8510, in an environment of its own
	$(BIN)/python -m assets.orders.gateways.tryton.server

clean:  ## Everything that can be made again
	rm -rf $(VENV) .equipoise build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf dbt_project/target dbt_project/logs
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
