# Everything that is done with tlslab, by name: `make help`. Needs a Rust toolchain and Python 3.10 or newer.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := $(CURDIR)/.venv
BIN := $(VENV)/bin

# The interpreter that pyo3 builds for, whichever cargo command asks.
export PYO3_PYTHON := $(BIN)/python
# The environment that maturin installs into; it refuses to choose between this one and conda's.
export VIRTUAL_ENV := $(VENV)
unexport CONDA_PREFIX
# How the extension is built: as users get it, or as cargo builds tests, which then share its crates.
PROFILE := dist
check docs test: PROFILE := release
# On Linux zig links the wheel with the C library of 2014, so that all distributions of today take it.
ZIG := $(if $(filter Linux,$(shell uname -s)),--zig --compatibility manylinux2014)
# For maturin's calls of pip too.
export PIP_QUIET := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## Say what there is to make.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: reproduce
reproduce: $(VENV)/.made ## Install tlslab in .venv and run the main experiment.
	$(BIN)/python -m pip install .
	$(BIN)/tlslab reproduce

.PHONY: test
test: peers extension ## Set everything up and run all tests, Rust and Python.
	cargo test --workspace --release --locked --quiet
	$(BIN)/python -m pytest

.PHONY: check
check: extension ## Check formats, lints, types, and that what is generated is up to date.
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	CUSTOM_LIBFUZZER_PATH=/nonexistent cargo check --manifest-path fuzz/Cargo.toml --locked --quiet \
		--target-dir $${CARGO_TARGET_DIR:-target}
	scripts/check-stacks
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 python/tlslab
	$(BIN)/basedpyright
	PYTHONPATH=python $(BIN)/basedpyright --verifytypes tlslab --ignoreexternal | grep -E ' error: |score'
	$(BIN)/stubtest --mypy-config-file pyproject.toml tlslab._tlslab
	$(BIN)/python scripts/generate-knobs --check

.PHONY: format
format: $(VENV)/.dev ## Format all sources.
	cargo fmt --all
	cargo fmt --manifest-path fuzz/Cargo.toml
	$(BIN)/ruff check --quiet --select I --fix
	$(BIN)/ruff format --quiet

.PHONY: knobs
knobs: extension ## Write what follows from the table of knobs: typed keywords and the reference.
	$(BIN)/python scripts/generate-knobs

.PHONY: peer-table
peer-table: peers extension ## Run the matrix of real peers and write its table, docs/peers.md.
	$(BIN)/python -m pytest --quiet python/tests/peers/test_matrix.py --write-docs

.PHONY: resumption-table
resumption-table: peers extension ## Resume with real peers and write their table, docs/resumption-peers.md.
	$(BIN)/python -m pytest --quiet python/tests/peers/test_resumption.py --write-docs

.PHONY: survey
survey: extension ## Probe TLS stacks, as far as they are installed, and write their table, docs/survey.md.
	$(BIN)/python scripts/survey/survey.py

.PHONY: survey-stacks
survey-stacks: extension ## The same, installing what is missing first.
	$(BIN)/python scripts/survey/survey.py --install

.PHONY: crowd
crowd: extension ## Hold the server against 500 clients at once, half of them hostile, for a minute.
	cd python/tests && $(BIN)/python -m peers.crowd

.PHONY: probe-table
probe-table: ## Probe thousands of random simulated peers and write the table of what was found, in docs/probe.md.
	cargo run --release --locked --quiet --package tlslab --example probe_table -- docs/probe.md

.PHONY: seeded-bugs
seeded-bugs: extension ## Look for every seeded bug with ten seeds, and write the table in docs/fuzzing.md.
	$(BIN)/python scripts/seeded-bugs

.PHONY: fuzz
fuzz: ## Have libFuzzer run a target: make fuzz TARGET=handshake SECONDS=60.
	@scripts/fuzz "$(TARGET)" "$(or $(SECONDS),60)"

.PHONY: fuzz-seeds
fuzz-seeds: ## Write the fuzzers' seeds and dictionaries, of connections and registries.
	cargo run --locked --quiet --release --package tlslab --example fuzz_seeds -- fuzz

.PHONY: fuzz-merge
fuzz-merge: ## Add to the seeds what runs other code: make fuzz-merge TARGET=scenario FROM=fuzz/corpus/scenario.
	@scripts/fuzz "$(TARGET)" merge "$(or $(FROM),fuzz/corpus/$(TARGET))"

.PHONY: fuzz-coverage
fuzz-coverage: ## Measure which lines of wire, record and endpoint the fuzzers' seeds run.
	@scripts/fuzz-coverage

.PHONY: bench
bench: extension ## Measure speed: each layer, then the lab beside OpenSSL and tlslite-ng.
	cargo bench --locked --quiet --package tlslab-dh --package tlslab-proto --package tlslab --bench '*'
	$(BIN)/tlslab bench

.PHONY: bench-instructions
bench-instructions: ## Count instructions under valgrind, which other work on the machine does not change.
	cargo build --release --locked --quiet --package tlslab --example instructions
	$(PYTHON) scripts/bench-instructions $${CARGO_TARGET_DIR:-target}/release/examples/instructions

.PHONY: extension
extension: $(VENV)/.dev ## Build the extension as users get it and install the package, editable, in .venv.
	$(BIN)/maturin develop --profile $(PROFILE) --locked --quiet

.PHONY: docs
docs: extension $(VENV)/.docs ## Build the documentation as a site, without a network, in site/html.
	$(BIN)/sphinx-build --quiet --fail-on-warning --fresh-env -c docs/site -d site/doctrees . site/html
	@echo site/html/index.html

.PHONY: peers
peers: ## Install the TLS and FTP implementations that the tests talk to, where possible.
	@scripts/install-peers

.PHONY: wheel
wheel: $(VENV)/.wheel ## Build the source distribution, and from it the wheel, in dist/.
	PATH=$(BIN):$$PATH $(BIN)/maturin build --profile dist --locked --quiet --sdist $(ZIG) --out dist

.PHONY: check-wheel
check-wheel: ## Install what is in dist/ in empty environments, with all Pythons that are here, and try it.
	@scripts/check-wheel

.PHONY: clean
clean: ## Remove all that was made.
	cargo clean --quiet
	rm -rf $(VENV) dist site .mypy_cache .pytest_cache .ruff_cache python/tlslab/*.so
	find python -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made: scripts/venv
	PYTHON=$(PYTHON) scripts/venv $(VENV)
	@touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml
	$(BIN)/python -m pip install --group dev
	@touch $@

$(VENV)/.docs $(VENV)/.wheel: $(VENV)/.%: $(VENV)/.dev
	$(BIN)/python -m pip install --group $*
	@touch $@
