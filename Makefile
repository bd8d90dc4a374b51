# Needs python3 (3.11 or newer) with venv, nothing else: no root, no service.
#
#   make demo          the demo on http://127.0.0.1:8000/ (PORT=8080 for another); Ctrl-C stops it
#   make demo-reset    the demo from the start again
#   make demo-verify   proves the demo's records untouched
#   make setup         only the environment, in .venv
#
# For who works on it:
#
#   make test          the whole suite, on SQLite and PostgreSQL (COVERED=--cov for the coverage)
#   make check         all that reads the code instead of running it
#   make lock          the lock files from pyproject.toml (UPGRADE=--upgrade for newer versions)
#   make translations  the texts marked for translation into locale/nl
#   make screenshots   the pictures of README.md, taken from a demo of their own
#   make fault-day     a school's day on which everything goes wrong, some minutes; SHORT=1 for two
#                      of them, SEED=number to play one again (needs Redis; libfaketime if there)
#   make bench         what pages cost, in reference pages; red while some cost too much
#   make bench-school  a school of 2,000 at work, beside the reference page; STUDENTS=300 of fewer
#   make lighthouse    how five pages do in Lighthouse (needs Node and Chromium), some minutes

.DEFAULT_GOAL := setup
PYTHON ?= python3
PORT ?= 8000
RUN := .venv/bin/python
PYTEST := $(RUN) -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal
TEMPLATES := $(shell find templates -type f -name '*.html')

.PHONY: demo demo-reset demo-verify setup setup-dev test check lock translations \
  screenshots bench bench-school lighthouse fault-day

demo demo-reset demo-verify: export DEMO := 1

demo: setup
	@$(RUN) manage.py demo --port $(PORT)

demo-reset: setup
	@$(RUN) manage.py demo --reset --port $(PORT)

demo-verify: setup
	@$(RUN) manage.py verify_records --files

setup setup-dev:
	@command -v $(PYTHON) >/dev/null || \
	  { echo "There is no $(PYTHON). On Debian: apt-get install python3 python3-venv"; exit 1; } >&2
	@$(PYTHON) -m tools.environment $(if $(filter setup-dev,$@),--dev)
	@$(RUN) -m tools.translations --compile

# Each of the suite's processes would compile the whole framework anew.
test: export PYTHONDONTWRITEBYTECODE :=
test: setup-dev
	$(PYTEST) $(COVERED)
	$(RUN) -m tools.postgres $(PYTEST) -m "database and not any_database and (not browser or main_journey)"

check translations: export DJANGO_SETTINGS_MODULE := tests.settings
check: setup-dev
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check
	$(RUN) -m mypy
	.venv/bin/djade --check --target-version 5.2 $(TEMPLATES)
	$(RUN) manage.py makemigrations --check --dry-run
	$(RUN) -m tools.workflows --check
	$(RUN) -m tools.translations --check
	$(RUN) -m tools.lock --check
	$(RUN) -m check_jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

lock: setup-dev
	$(RUN) -m tools.lock $(UPGRADE)

translations: setup-dev
	$(RUN) -m tools.translations --update

screenshots: setup-dev
	$(RUN) -m tools.screenshots

fault-day: setup-dev
	$(RUN) -m tools.fault_day $(if $(SHORT),--short) $(if $(SEED),--seed $(SEED))

lighthouse: setup-dev
	$(RUN) -m tools.lighthouse

bench: setup-dev
	$(RUN) -m tools.bench

bench-school: setup-dev
	$(RUN) -m tools.bench.load $(STUDENTS)
