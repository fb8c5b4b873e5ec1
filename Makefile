# `make demo` and `make test` set up all they need on a machine with Python 3.11, make, git and a C compiler.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
UV := .tools/bin/uv
BIN := .venv/bin
PACKAGES := osprey-claude osprey-core osprey-epics osprey-labview osprey-openai osprey-sim osprey-tango
WORKERS ?= 2
export UV_PYTHON_DOWNLOADS := never
export UV_COMPILE_BYTECODE := 1
# A site whose proxy has a certificate of its own puts it into the system's store, which pip reads and uv does not unless told.
export UV_SYSTEM_CERTS ?= $(if $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem),true,false)

.PHONY: help setup system-packages demo demo-epics test test-alone proof lint format bench docs clean

help: ## Show what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Osprey needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null 2>&1 \
	  || { echo "$(PYTHON) has no pip. Install it, for example: apt install python3-pip"; exit 1; }
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target .tools uv

.venv/.ready: $(UV) pyproject.toml uv.lock osprey-core/pyproject.toml $(wildcard plugins/*/pyproject.toml)
	$(UV) sync --frozen --quiet --python $(PYTHON)
	@touch $@

setup: .venv/.ready ## Build .venv with every package of the workspace
	@$(BIN)/python -m compileall -q osprey-core/src plugins/*/src

system-packages:
	@.ci/system-packages

demo: setup system-packages ## Ask, plan, approve and apply on the simulated ring
	@$(BIN)/python -m tests.demo ring

demo-epics: setup system-packages ## The same on a real EPICS IOC that serves the ring
	@$(BIN)/python -m tests.demo epics

test: setup system-packages ## Run every test: what crosses packages here, each distribution's in an environment of its own
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal tests
	@$(MAKE) --no-print-directory test-alone

test-alone: $(UV)
	@for name in $(PACKAGES); do .ci/test-alone "$$name"; done

proof: setup system-packages ## Run the long safety and crash runs in full; writes docs/reference/proofs.md
	$(BIN)/python -m tests.proof

lint: setup ## Check style, types and the floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports

format: setup ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup ## Measure the budgets; prints the tables of docs/reference/benchmarks.md
	$(BIN)/python -m tests.benchmarks

docs: setup ## Regenerate the generated pages of docs/reference
	$(BIN)/python -m tests.docs.generate

clean: ## Remove what was built
	rm -rf .venv .venvs .tools .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
