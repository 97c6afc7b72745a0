# Each target is one readable line. PYTHON is an environment with `pip install -e '.[test]'`.
PYTHON ?= .venv/bin/python
BIN = $(dir $(PYTHON))

.PHONY: check format lint types imports unit test test-root test-network snapshots bench docs reproduce faults fuzz ci clean

check: lint types imports unit

format:
	$(BIN)ruff check --fix . && $(BIN)ruff format .

lint:
	$(BIN)ruff check . && $(BIN)ruff format --check .

types:
	$(BIN)mypy

imports:
	PYTHONPATH=. $(BIN)lint-imports

unit:
	$(PYTHON) -m pytest -q tests/unit tests/properties tests/test_style.py tests/test_packaging.py

test:
	bash tests/run

test-root:
	$(PYTHON) -m pytest -q -m 'root and not network'

# Needs the package registries: builds from Debian's packages, pip and npm.
test-network:
	$(PYTHON) -m pytest -q -m network

snapshots:
	$(PYTHON) -m pytest -q --snapshot-update

bench:
	$(PYTHON) -m benchmarks --compare

docs:
	PYTHONPATH=. $(PYTHON) -m lithify.linting.pages docs/rules
	$(PYTHON) -m pytest -q tests/test_docs.py

# Builds the whole corpus twice; needs the package mirrors and some minutes.
reproduce:
	$(PYTHON) -m tests.reproducibility

# Kills two hundred builds at random moments, a dozen in the usual run.
faults:
	LITHIFY_TEST_KILLS=200 $(PYTHON) -m pytest -q tests/faults

fuzz:
	$(PYTHON) -m tests.fuzz.dockerfiles --count 1000000
	$(PYTHON) -m tests.fuzz.formatting --count 100000
	$(PYTHON) -m tests.fuzz.linting --count 100000
	$(PYTHON) -m tests.fuzz.archives --count 20000
	$(PYTHON) -m pytest -q --hypothesis-profile=thorough tests/properties

ci:
	./.ci/run

clean:
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
