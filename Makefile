# The two commands are `make run` and `make test`; both make .venv first.

PYTHON ?= python3
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
CONFIG ?= config/config.yaml
FOUNDATION ?= config/foundation.yaml
BIN := .venv/bin
key = $(shell sed -n 's/^$(1): *//p' $(FOUNDATION))
NAME = $(shell sed -n 's/^name: *//p' $(CONFIG))
SNAKEMAKE = $(BIN)/snakemake --cores $(CORES) --configfile $(CONFIG)
CODE := workflow/scripts tests bench

.PHONY: run test test-tts check bench foundation voice envs clean-orphans help

run: .venv/.run  ## the default experiment, or CONFIG=config/NAME.yaml
	@$(SNAKEMAKE)
	@$(BIN)/python workflow/scripts/show_results.py results/$(NAME)

test: .venv/.test check  ## linters, then the tests
	$(BIN)/python -m pytest

check: .venv/.test  ## ruff, snakefmt and snakemake --lint
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint

test-tts: .venv/.test  ## tests with Coqui TTS, whose environment (2 GB) is made first
	@$(BIN)/python workflow/scripts/make_environment.py coqui
	$(BIN)/python -m pytest -m tts

bench: .venv/.test  ## benchmarks; each prints a table with ratios
	@for script in bench/bench_*.py; do $(BIN)/python $$script || exit 1; done

foundation: .venv/.run  ## train a shipped foundation again (about an hour on two cores), or FOUNDATION=config/NAME.yaml
	$(BIN)/snakemake --cores $(CORES) --configfile $(FOUNDATION)
	$(BIN)/python workflow/scripts/ship_foundation.py results/$(call key,name)/models/base resources/foundation/$(call key,size)

voice: .venv/.run  ## train the shipped neural voice again (about ten minutes)
	$(BIN)/snakemake --cores $(CORES) --configfile config/rare_words_neural.yaml --config 'speech={"voices": {"zh": ["coqui/mini"]}, "retrain_voice": true}' -- results/rare_words_neural/voices/mini/receipt.json
	rm -rf resources/voices/mini && cp -r results/rare_words_neural/voices/mini resources/voices/mini

envs: .venv/.run  ## make the environments of all engines that need one of their own
	@$(SNAKEMAKE) -- environments

clean-orphans: .venv/.run  ## list what no plan names any more; DELETE=yes removes it
	@$(BIN)/python workflow/scripts/clean_orphans.py results/$(NAME) $(DELETE)

help:
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' $(MAKEFILE_LIST)

.venv/.run: envs/requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("tauspeech needs Python 3.11 or newer, and $(PYTHON) is %d.%d: make PYTHON=python3.11 ..." % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing what envs/requirements.txt locks ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -r envs/requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

.venv/.test: .venv/.run envs/requirements-dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check -r envs/requirements-dev.txt
	@touch $@
