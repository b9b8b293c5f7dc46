PYTHON ?= python3

help: ## what there is
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' Makefile | expand -t 14

run: ## set up, migrate, serve on http://localhost:8000
	@$(PYTHON) -m server.bootstrap run
	@.venv/bin/hearth migrate
	@exec .venv/bin/hearth serve

.PHONY: help run
