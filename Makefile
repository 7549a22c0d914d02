# Two commands do everything on a fresh machine with Python 3.11, 3.12 or 3.13: `make lab` and `make test`.
PYTHON ?= python3
VENV := $(if $(CUDA),.venv-cuda,.venv)
BACKEND := $(if $(CUDA),cuda,tensorflow)
BIN := $(VENV)/bin
FOLDER ?= my-course
WORKERS ?= 2
comma := ,

.DEFAULT_GOAL := help
.PHONY: help lab test test-all test-fast lint lessons slides clean

help:
	@echo "make lab       set up, and open the course in JupyterLab (CUDA=1: with TensorFlow's GPU build)"
	@echo "make test      set up, and run the tests"
	@echo "make test-all  the slow ones, too"
	@echo "make test-fast what a contributor waits for: no browser, no lesson, no start of a backend"
	@echo "make lessons   make the notebooks from notebooks/source"
	@echo "make slides    make the lecture: slides/deck.html, and in build/slides its PDF and a handout (needs npm, chromium)"
	@echo "make lint      ruff, mypy, and where there is npm Biome for the widgets (import-linter runs in the tests)"

$(VENV)/bin/python:
	@$(PYTHON) cnn_course/_install.py
	$(PYTHON) -m venv $(VENV)

$(VENV)/.lab: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Setting up the course in $(VENV): TensorFlow, JupyterLab and what they need: 2.5 GB on disk$(if $(CUDA),$(comma) NVIDIA's libraries not counted)."
	@echo "This happens once and takes some minutes; pip says little meanwhile. Ctrl+C stops it, and make lab goes on later."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[lab,$(BACKEND)]"
	@touch $@

$(VENV)/.test: $(VENV)/.lab
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[lab,$(BACKEND),test]"
	@touch $@

lab: $(VENV)/.lab
	$(BIN)/cnn-course lab --folder $(FOLDER)

PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

test: $(VENV)/.test lint
	$(PYTEST) -m "not slow"

test-all: $(VENV)/.test lint
	$(PYTEST)

test-fast: $(VENV)/.test
	$(PYTEST) --fast tests

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@if command -v npm >/dev/null && { [ -d node_modules ] || npm ci --silent --no-audit --no-fund; }; \
	then npx --no-install biome check; else echo "No npm: the widgets' JavaScript was not looked at."; fi

lessons: $(VENV)/.test
	$(BIN)/python scripts/build_lessons.py

$(VENV)/.slides: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[lab,$(BACKEND),test,slides]"
	@touch $@

slides/node_modules/.package-lock.json: slides/package-lock.json
	cd slides && npm ci --silent --no-audit --no-fund

slides: $(VENV)/.slides slides/node_modules/.package-lock.json
	$(BIN)/python scripts/build_slides.py

clean:
	rm -rf build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis
