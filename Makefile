# `make help` lists the targets. PYTHON=python3.11 picks another interpreter for any of them.
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: run test check bench conformance soak crash clean help

ARGS ?=
NAME ?=
SEEDS ?= 20000
CRASHES ?= 20

run: ## start the embedded host with two demo retailers and a short day (ARGS=--once ends after it)
	@python="$$(tools/venv local)" && exec "$$python" -m local demo $(ARGS)

test: ## everything that CI runs
	@tools/check $(ARGS)

check: ## the same without the slow tests and without coverage
	@tools/check --fast

bench: ## benchmarks as JSON lines (NAME=work_unit picks one)
	@python="$$(tools/venv dev)" && exec "$$python" -m bench $(NAME)

conformance: ## the worked examples with their published results, a line each
	@python="$$(tools/venv dev)" && exec "$$python" -m pytest tests/conformance -vv -s -p no:randomly

soak: ## the simulator at length (SEEDS=20000)
	@python="$$(tools/venv local)" && exec "$$python" -m local simulate --seeds $(SEEDS)

crash: ## kill -9 of the host at random moments of the demo day (CRASHES=20)
	@python="$$(tools/venv dev)" && \
		ORDERLOOM_CRASHES=$(CRASHES) exec "$$python" -m pytest tests -m crash -s --timeout=0

clean: ## removes environments, caches and reports; keeps data
	@rm -rf .venv .venv-* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis htmlcov
	@rm -f .coverage .coverage.*
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## this list
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /make \1|/' | \
		while IFS='|' read -r name text; do printf '%-18s %s\n' "$$name" "$$text"; done
