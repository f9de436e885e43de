# Two commands are all that is needed: `make run` and `make test`.
HOST ?= 127.0.0.1
PORT ?= 8000
PY := .venv/bin/python

.PHONY: help run install dev test lint format check-db bench screenshots lock

help:
	@echo "make run       install, migrate, load the embedded catalog, serve on http://$(HOST):$(PORT)"
	@echo "make install   .venv/ with the project and the almanac command"
	@echo "make test      everything the tests need, then the whole suite (T=tests/unit for a part)"
	@echo "make lint      ruff, mypy, templates, import contracts"
	@echo "make format    let ruff format and fix what it can"
	@echo "make check-db  migrations up, down and up again, on SQLite and PostgreSQL"
	@echo "make bench     the measurements in tests/bench"
	@echo "make screenshots  the pictures in .github/screenshots (every page, three widths, two themes)"
	@echo "make lock      the newest allowed versions into the lock files"

install:
	@.ci/install.sh runtime

dev:
	@.ci/install.sh dev

run: install
	@exec $(PY) -m app.start --host "$(HOST)" --port "$(PORT)"

test: dev
	@.ci/ensure-browser.sh
	$(PY) -m pytest --numprocesses=auto --maxprocesses=4 --dist=worksteal $(T)

lint: dev
	@.ci/lint.sh

format: dev
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

check-db: dev
	$(PY) -m tests.check_db

bench: dev
	@set -e; for script in tests/bench/bench_*.py; do \
		[ -e "$$script" ] || { echo "no measurements yet"; break; }; \
		name=$$(basename "$$script" .py); echo "== $$name"; $(PY) -m tests.bench.$$name; \
	done

screenshots: dev
	@.ci/ensure-browser.sh
	$(PY) -m tests.screenshots

lock: dev
	.ci/lock.sh
