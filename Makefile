# One command each: run, test, check, docs, sweep, soak, format, benchmark, recordings.
PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin
# The library's reference: every folder but those of the app and the commands. pdoc finds explain,
# which is also the name of a public function, by itself.
DOCUMENTED := resnet_viz $(filter-out resnet_viz.ui resnet_viz.cli resnet_viz.explain,$(patsubst resnet_viz/%/__init__.py,resnet_viz.%,$(wildcard resnet_viz/*/__init__.py)))

.PHONY: run test check docs sweep soak format benchmark recordings

run: .venv/.run .venv/bin/resnet-viz
	$(BIN)/resnet-viz app --port $(PORT)

test: .venv/.dev
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not slow"

sweep: .venv/.dev
	$(BIN)/python -m pytest -m slow
	$(BIN)/python -m benchmarks.load --sessions 20 --minutes 5

check: .venv/.dev docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

docs: .venv/.dev
	PYTHONWARNINGS=error::UserWarning $(BIN)/python -m scripts.reference build/reference $(DOCUMENTED)

# An hour of 20 visitors who ask for ResNet-152, then 100 who look: memory must not grow.
soak: .venv/.dev
	$(BIN)/python -m benchmarks.load --sessions 20 --heavy --share 0.3 --pause 5 --minutes 60
	$(BIN)/python -m benchmarks.load --sessions 100 --pause 5 --minutes 60

format: .venv/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

benchmark: .venv/.dev
	$(BIN)/python -m pip install --quiet -r benchmarks/requirements.txt
	$(BIN)/python -m benchmarks.analysis --out benchmarks/results/analysis.json
	$(BIN)/python -m benchmarks.building --out benchmarks/results/building.json
	$(BIN)/python -m benchmarks.training --out benchmarks/results/training.json
	$(BIN)/python -m benchmarks.explain --out benchmarks/results/explain.json
	$(BIN)/python -m benchmarks.page --clicks 60 --out benchmarks/results/page.json
	$(BIN)/python -m scripts.recordings

recordings: .venv/.dev
	$(BIN)/python -m scripts.experiment_recordings
	$(BIN)/python -m scripts.recordings

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name it with: make run PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.run: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

# The command that every page prints. The library itself stays in this folder.
.venv/bin/resnet-viz: pyproject.toml | .venv/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $@

.venv/.dev: requirements.txt requirements-dev.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@ .venv/.run
