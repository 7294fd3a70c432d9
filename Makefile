# The two commands are `make run` and `make test`; both make .venv first.

PYTHON ?= python3
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
CONFIG ?= config/config.yaml
FOUNDATION ?= config/foundation.yaml
BIN := .venv/bin
key = $(shell sed -n 's/^$(1): *//p' $(FOUNDATION))
NAME = $(shell sed -n 's/^name: *//p' $(CONFIG))
SNAKEMAKE = $(BIN)/snakemake --cores $(CORES) --configfile $(CONFIG)
CODE := workflow/scripts tools tests bench
TOOLS := .venv-tools
LOCKS := $(wildcard envs/requirements*.txt envs/engine-*.txt)
INSTALL = -m pip install --quiet --disable-pip-version-check
LOCKED = $(INSTALL) --require-hashes --no-deps
MODERN = import sys; sys.exit("tauspeech needs Python 3.11 or newer, and $(PYTHON) is %d.%d: make PYTHON=python3.11 ..." % sys.version_info[:2] if sys.version_info < (3, 11) else 0)

.PHONY: run test test-all test-tts test-slurm test-faults check docs bench foundation voice envs clean-orphans verify lock audit help

run: .venv/.run $(CONFIG)  ## the default experiment, or CONFIG=config/NAME.yaml
	@$(SNAKEMAKE)
	@$(BIN)/python tools/show_results.py results/$(NAME)

test: .venv/.test check  ## linters, then the tests, in as many processes as there are cores (CORES=1 for one)
	$(BIN)/python -m pytest --numprocesses $(CORES) --dist loadfile --no-loadscope-reorder

test-all: test test-tts test-slurm test-faults  ## everything: make test and the slow suites

check: .venv/.test  ## ruff, mypy, snakefmt, snakemake --lint, and whether what `make docs` writes is up to date
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow/Snakefile rules
	$(BIN)/snakemake --lint
	$(BIN)/python tools/config_docs.py --check
	$(BIN)/python tools/method_table.py --check

docs: .venv/.run  ## write the tables of keys and of merge methods in the docs, and the schemas for editors
	$(BIN)/python tools/config_docs.py
	$(BIN)/python tools/method_table.py

test-tts: .venv/.test  ## tests with Coqui TTS and Kokoro, whose environments (2 GB and 0.5 GB) are made first
	@$(BIN)/python workflow/scripts/make_environment.py coqui
	@$(BIN)/python workflow/scripts/make_environment.py kokoro
	$(BIN)/python -m pytest -m tts
	@$(BIN)/python tools/suites.py record tts

test-slurm: .venv/.test  ## on Debian as root: installs Slurm, starts a node on loopback, runs a tiny experiment through profiles/slurm
	@tests/slurm/install.sh
	$(BIN)/python -m pytest -m slurm tests/slurm
	@$(BIN)/python tools/suites.py record slurm

test-faults: .venv/.test  ## fifty kills at random moments, each resumed: about a quarter of an hour
	$(BIN)/python -m pytest -m faults tests/faults -s

bench: .venv/.test  ## benchmarks; each prints a table with ratios
	@for script in bench/bench_*.py; do $(BIN)/python $$script || exit 1; done

foundation: .venv/.run  ## train a shipped foundation again (about an hour on two cores), or FOUNDATION=config/NAME.yaml
	$(BIN)/snakemake --cores $(CORES) --configfile $(FOUNDATION)
	$(BIN)/python tools/ship_foundation.py results/$(call key,name)/models/base resources/foundation/$(call key,size)

voice: .venv/.run  ## train the shipped neural voice again (about ten minutes)
	$(BIN)/snakemake --cores $(CORES) --configfile config/rare_words_neural.yaml --config 'speech={"voices": {"zh": ["coqui/mini"]}, "retrain_voice": true}' -- results/rare_words_neural/voices/mini/receipt.json
	rm -rf resources/voices/mini && cp -r results/rare_words_neural/voices/mini resources/voices/mini

envs: .venv/.run  ## make the environments of all engines that need one of their own
	@$(SNAKEMAKE) -- environments

clean-orphans: .venv/.run  ## list what no plan names any more; DELETE=yes removes it
	@$(BIN)/python tools/clean_orphans.py results/$(NAME) $(DELETE)

lock: | $(TOOLS)/bin/uv  ## write the hashes of what the locks in envs/ pin, after a version was changed there
	@$(TOOLS)/bin/python tools/lock.py $(LOCKS)

audit: $(TOOLS)/.made  ## known vulnerabilities in what envs/ locks, where PyPI's advisories can be reached
	@$(TOOLS)/bin/python tools/audit.py envs/*.txt

verify: .venv/.run  ## hold all results against their receipts; REPAIR=yes removes what is damaged, for the next run to make
	@$(BIN)/python tools/verify_results.py results/$(NAME) $(REPAIR)

help:
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' $(MAKEFILE_LIST)

# torch comes after what has hashes: it finds there what it needs, and adds only what belongs to its build.
.venv/.run: envs/requirements.txt envs/torch.txt pyproject.toml
	@$(PYTHON) -c '$(MODERN)'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing what envs/requirements.txt and envs/torch.txt lock ..."
	@$(BIN)/python $(LOCKED) -r envs/requirements.txt
	@$(BIN)/python $(INSTALL) -r envs/torch.txt
	@$(BIN)/python $(INSTALL) --no-deps --editable .
	@touch $@

.venv/.test: .venv/.run envs/requirements-dev.txt
	@$(BIN)/python $(LOCKED) -r envs/requirements-dev.txt
	@touch $@

$(TOOLS)/.made: envs/requirements-tools.txt
	@$(PYTHON) -c '$(MODERN)'
	@test -x $(TOOLS)/bin/python || $(PYTHON) -m venv $(TOOLS)
	@$(TOOLS)/bin/python $(LOCKED) -r envs/requirements-tools.txt
	@touch $@

# No more than that it is there: a version that was just changed in the tools' own lock has no hash yet.
$(TOOLS)/bin/uv:
	@$(MAKE) --no-print-directory $(TOOLS)/.made
