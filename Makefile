# PayFlow: `make demo` runs the main job, `make test` runs all tests. Everything else is in `make help`.
# Nothing is written outside of this folder, apart from the caches of pip and npm.
SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?= python3
# ape needs an older Python than the node does, see tools/setup/check_tools.sh.
CONTRACTS_PYTHON ?= $(shell for p in $(PYTHON) python3.12 python3.11; do \
    $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null && echo $$p && break; done)

NODE_ENV := .venv/bin
APE_ENV := .venv-contracts/bin
STAMPS := .toolchain/stamps
IN_TOOLS := . ./activate &&
PIP := -m pip --disable-pip-version-check --no-input install --quiet

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- set-up -------------------------------------------------------------------------------------

.PHONY: setup tools
setup: tools $(STAMPS)/node-packages $(STAMPS)/node-env $(STAMPS)/contracts-env ## install everything, pinned, inside this folder
tools:
	@tools/setup/check_tools.sh "$(PYTHON)" "$(CONTRACTS_PYTHON)"

$(STAMPS)/node-packages: package.json package-lock.json tools/setup/toolchain.sh tools/solc/launcher.js | tools
	@echo "Set-up 1/3: Solidity compiler, OpenZeppelin and Foundry's binaries (npm) into node_modules/ and .toolchain/"
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@tools/setup/toolchain.sh
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/node-env: pyproject.toml constraints/node.txt constraints/build.txt | tools
	@echo "Set-up 2/3: the node's Python environment (.venv)"
	@test -x $(NODE_ENV)/python || $(PYTHON) -m venv .venv
	@$(NODE_ENV)/python $(PIP) -r constraints/build.txt
	@$(NODE_ENV)/python $(PIP) --no-build-isolation -c constraints/node.txt -e '.[dev]'
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/contracts-env: pyproject.toml constraints/contracts.txt constraints/build.txt | tools
	@echo "Set-up 3/3: ape's Python environment (.venv-contracts)"
	@test -x $(APE_ENV)/python || $(CONTRACTS_PYTHON) -m venv .venv-contracts
	@$(APE_ENV)/python $(PIP) -r constraints/build.txt
	@$(APE_ENV)/python $(PIP) --no-build-isolation -c constraints/contracts.txt -e '.[contracts]'
	@mkdir -p $(STAMPS) && touch $@

# --- the two commands ---------------------------------------------------------------------------

.PHONY: demo demo-real test
demo: setup ## deploy to an own devnet, send about 400 payments, show what was caught
	@$(IN_TOOLS) payflow demo

demo-real: setup ## the same with real stablecoin transfers (needs the data sets)
	@$(IN_TOOLS) payflow demo --real

test: lint typecheck test-oracle test-contracts fuzz-short ## everything that must hold before a change lands

# --- parts of it --------------------------------------------------------------------------------

.PHONY: lint typecheck test-oracle test-contracts compile
lint: setup ## ruff: style and formatting
	@echo "Lint"
	@$(NODE_ENV)/ruff check --quiet . && $(NODE_ENV)/ruff format --quiet --check .

typecheck: setup ## mypy in strict mode, in both environments
	@echo "Types"
	@$(NODE_ENV)/mypy
	@MYPYPATH=.:scripts:tools/contracts:tests/contracts $(APE_ENV)/python -m mypy --explicit-package-bases \
	    --cache-dir .mypy_cache/contracts scripts tools tests/contracts

compile: setup ## compile the contracts
	@$(IN_TOOLS) ape compile && forge build --quiet

# One more than the cores that CI has: the tests wait for blocks and processes now and then.
WORKERS ?= 3

# glibc keeps what many short-lived nodes in many threads gave back: a worker would grow to six gigabytes instead of one
test-oracle: export MALLOC_ARENA_MAX := 2
test-oracle: export MALLOC_MMAP_THRESHOLD_ := 1048576
test-oracle: setup ## the node: scoring, chain, API, commands
	@echo "Tests of the oracle"
	@$(IN_TOOLS) forge build --quiet
	@$(IN_TOOLS) python -m pytest -q -n $(WORKERS) --dist loadfile tests/oracle

test-contracts: setup ## the contracts, through ape on a devnet
	@echo "Tests of the contracts"
	@$(IN_TOOLS) ape compile >/dev/null && $(APE_ENV)/python -m pytest -q -n $(WORKERS) --dist loadfile \
	    --no-showlocals --tb=short --show-capture=no tests/contracts

.PHONY: fuzz fuzz-short
fuzz: setup ## the seven promises under 5 million random calls of everybody (about half an hour on two free cores)
	@$(IN_TOOLS) python tools/contracts/fuzz.py --calls 5000000

fuzz-short: setup ## a short cut of it
	@echo "Promises under random calls"
	@$(IN_TOOLS) python tools/contracts/fuzz.py --calls 60000 --depth 150

.PHONY: coverage mutate
coverage: setup ## lines and branches of the contracts that the contract tests run; fails where one is missed (about 5 minutes)
	@$(IN_TOOLS) PAYFLOW_COVERAGE=.build/coverage/traces.json $(APE_ENV)/python -m pytest -q tests/contracts \
	    && python tools/contracts/coverage.py .build/coverage/traces.json .build/coverage/tests.json

.build/coverage/tests.json: $(wildcard contracts/*.sol contracts/*/*.sol tests/contracts/*.py)
	@$(MAKE) coverage

MUTANTS ?= 40
mutate: setup .build/coverage/tests.json ## change one thing at a time and see whether a test notices (half a minute a mutant)
	@$(IN_TOOLS) python tools/contracts/mutate.py --sample $(MUTANTS)

.PHONY: fuzz-seeded prove prove-seeded slither
fuzz-seeded: setup ## seed mistakes into copies of the contracts: each must be found (about an hour)
	@$(IN_TOOLS) python tools/contracts/seeded.py

$(STAMPS)/prove-env: constraints/prove.txt | tools
	@echo "Set-up: halmos and slither (.venv-prove)"
	@test -x .venv-prove/bin/python || $(CONTRACTS_PYTHON) -m venv .venv-prove
	@.venv-prove/bin/python $(PIP) -r constraints/prove.txt
	@mkdir -p $(STAMPS) && touch $@

prove: setup $(STAMPS)/prove-env ## symbolic proofs (over an hour: three of them were not seen to finish)
	@$(IN_TOOLS) python tools/contracts/prove.py

prove-seeded: setup $(STAMPS)/prove-env ## seed mistakes: the proofs must fail
	@$(IN_TOOLS) python tools/contracts/prove.py --seeded

slither: setup $(STAMPS)/prove-env ## static analysis without an untriaged finding, after one that must be found
	@$(IN_TOOLS) tools/contracts/slither.sh

.PHONY: gas gas-update
gas: setup ## what each step costs, held against benchmarks/gas.json (2% more fails) and the goals
	@$(IN_TOOLS) APE_FOUNDRY_HOST=auto ape --verbosity ERROR run gas

gas-update: setup ## measure the gas anew and keep the figures
	@$(IN_TOOLS) APE_FOUNDRY_HOST=auto ape --verbosity ERROR run gas --update

.PHONY: model bench card chaos clean
model: setup ## train the risk model that ships with PayFlow anew (needs the data sets)
	@$(IN_TOOLS) payflow train --data stablecoins --out .build/model && cp .build/model/default.* oracle/scoring/models/

bench: setup $(STAMPS)/bench-env ## speed and memory beside scikit-learn, PyOD and river, into docs/speed.md (under 15 minutes)
	@$(IN_TOOLS) forge build --quiet && .venv-bench/bin/python -m benchmarks.speed

card: setup ## detection of the shipped model, into docs/model-card.md
	@$(IN_TOOLS) python -m benchmarks.scoring_card

$(STAMPS)/bench-env: constraints/bench.txt constraints/build.txt | tools
	@echo "Set-up: PyOD and river beside what the node needs (.venv-bench)"
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python $(PIP) -r constraints/build.txt
	@.venv-bench/bin/python $(PIP) -r constraints/bench.txt
	@mkdir -p $(STAMPS) && touch $@

chaos: setup ## the demo ten times over, its node killed half-way each time
	@$(IN_TOOLS) for seed in 1 2 3 4 5 6 7 8 9 10; do \
	    payflow demo --seed $$seed --pace 60 --kill-node --json >/dev/null && echo "seed $$seed: all settled once" || exit 1; done

clean: ## remove everything that set-up and builds made
	rm -rf .venv .venv-contracts .venv-prove .venv-bench .toolchain node_modules .build out cache payflow.egg-info
