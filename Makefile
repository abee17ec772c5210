# Each target does its own set-up; all of it lives in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 4

.DEFAULT_GOAL := help
.PHONY: help demo test drill drills lint format bench wheel n8n browser proxies machines clean

help: ## Show what there is
	@grep -E '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/.product ## See the whole job done: a video and a carousel, published once, on this machine
	@$(BIN)/postrail demo

test: $(VENV)/.developer ## Run every test that needs Python alone (Node tests are skipped loudly without Node)
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

lint: $(VENV)/.developer ## Hold the code to its rules: style, types, import directions, manifests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/postrail check

format: $(VENV)/.developer ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.developer ## Measure, and write benchmarks/report.md (nginx for the serving part)
	$(BIN)/python -m benchmarks

wheel: $(VENV)/.developer ## Build the wheel, install it in an empty environment, run the demo there
	$(BIN)/python tests/wheel.py

n8n: $(VENV)/.developer ## Run the example workflow in a real n8n (installs it once, about 5 minutes and 1.7 GB; Node 20)
	$(BIN)/python -m pytest -n 0 tests/n8n

drills: $(VENV)/.developer ## Attack tokens, webhooks, uploads and error paths at length, and upgrade under load (about 9 minutes)
	$(BIN)/python -m pytest -n 0 tests/drills

drill: $(VENV)/.developer ## Kill, freeze and starve a publishing Postrail on SQLite and PostgreSQL, and count (about 3 minutes)
	$(BIN)/postrail drill --posts 150 --kills 12 --clock-steps 2 --seconds 45 --seed 20261120
	$(BIN)/postrail drill --posts 150 --kills 12 --stops 2 --seconds 45 --seed 20261121 --postgresql --servers 2 --workers 1

browser: $(VENV)/.browser ## Walk the login in the machine's Chromium (apt-get install chromium)
	$(BIN)/python -m pytest -n 0 tests/browser

proxies: $(VENV)/.developer ## Let real nginx, Caddy, Apache and lighttpd send media (apt-get; it says what is missing)
	$(BIN)/python -m pytest -n 0 tests/proxies

machines: $(VENV)/.developer ## Cut machines off from each other in network namespaces (root; apt-get install iproute2)
	$(BIN)/python -m pytest -n 0 tests/machines

celery: $(VENV)/.developer ## Share the work out through real RabbitMQ and Redis (apt-get; it says what is missing)
	$(BIN)/python -m pytest -n 0 tests/celery

clean: ## Remove the environment and everything built
	rm -rf $(VENV) dist build

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Postrail needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.product: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Setting up .venv (once, about a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.developer: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Setting up .venv for development (once, about a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.product

$(VENV)/.browser: $(VENV)/.developer
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[browser]'
	@touch $@
