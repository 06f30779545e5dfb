# The one runner. `make` sets up; every other verb sets up first if it must.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Where the system has certificates of its own (a proxy's, perhaps), they count; uv brings others otherwise.
UV := $(BIN)/uv $(if $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt),--system-certs)

.PHONY: all demo test check faults bench learn-demo docs lock certs format clean
.DEFAULT_GOAL := all

all: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "fusedex needs Python 3.11 or newer; name one with: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "this Python can't make virtual environments; on Debian: apt install python3-venv" >&2; exit 1; }
	@test -e $(READY) || rm -rf .venv  # what a set-up left that was cut short
	$(PYTHON) -m venv .venv
	@awk '/^[^ #]/ { mine = /^uv==/ } mine' requirements.lock > .venv/uv.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.txt
	$(UV) pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock
	$(UV) pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python -e .
	@touch $(READY)

demo: $(READY)  ## the main job on real products; ONCE=1 ends after the searches
	@$(BIN)/fusedex demo $(if $(ONCE),--once)

test: $(READY)  ## everything; PYTEST_ARGS narrows it
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: $(READY)  ## the rules about ourselves and all tests that need no engine
	$(BIN)/python -m pytest -m "not live and not pages and not postgres" $(PYTEST_ARGS)

faults: $(READY)  ## every fault on the real engines, about eight minutes; SEED=7 chooses another course
	$(BIN)/python -m pytest tests/faults --seed=$(or $(SEED),1) $(PYTEST_ARGS)

bench: $(READY)  ## ratios against bare rivals, measured in one run; ONLY="pipeline daily" leaves the others out
	@$(BIN)/python -m benchmarks $(ONLY)

learn-demo: $(READY)  ## fusions and a tagger learned from FUSEDEX_TEST_DATA, beside what they replace; three seeds
	@$(BIN)/python -m benchmarks.learn_demo $(LEARN_ARGS)

docs: $(READY)  ## regenerate what the docs quote from the code
	$(BIN)/python -m docs.generate

lock: $(READY)  ## resolve all dependencies anew, for every platform, with hashes
	$(UV) pip compile --quiet --universal --generate-hashes --upgrade --all-extras --group dev \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" pyproject.toml -o requirements.lock

certs:  ## secrets for docker-compose.yml, under deploy/secrets; CERTS_ARGS="--yes" replaces them, "--host NAME" adds a name
	$(PYTHON) deploy/certs.py $(CERTS_ARGS)

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
