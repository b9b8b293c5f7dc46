PYTHON ?= python3
BIN := .venv/bin
export PYTHONDONTWRITEBYTECODE :=
NPM := $(PYTHON) -m server.bootstrap npm run --silent
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-header $(UPGRADE) pyproject.toml --group build

help: ## these lines
	@sed -n 's/^\([a-z]*\):.*## /make \1|/p' Makefile | while IFS='|' read -r name what; \
		do printf '%-12s %s\n' "$$name" "$$what"; done

run: ## set up, migrate, serve on http://localhost:8000
	@$(PYTHON) -m server.bootstrap run
	@exec $(BIN)/hearth serve

demo: ## a throw-away community full of talk, with printed logins
	@$(PYTHON) -m server.bootstrap run
	@exec $(BIN)/hearth demo

test: ## set up, check, then every test
	@$(PYTHON) -m tests.setup
	@$(MAKE) --no-print-directory check
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

check: ## linters, types, layers, the web's own tests
	@$(PYTHON) -m server.bootstrap dev
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=line check-python check-web

check-python:
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry .
	$(BIN)/hearth openapi --check web/src/lib/api/schema.d.ts

check-web:
	$(NPM) check
	$(NPM) sizes
	$(NPM) lint
	$(NPM) format
	$(NPM) test

drill: ## list the drills, or run one: ONLY=name
	@$(PYTHON) -m tests.setup
	@exec $(BIN)/python -m tests.drills $(ONLY)

bench: ## measure Hearth beside its peers; QUICK=1: in a minute, FLAME=1: where the hot path's time goes
	@$(PYTHON) -m server.bootstrap $(if $(QUICK)$(FLAME),bench,peers)
	@exec $(BIN)/python -m tests.bench $(if $(QUICK),quick,$(if $(FLAME),flame,full))

train: ## train the built-in model anew: DATA=folder, SEEDS="1 2 3", WITHOUT="epitome", LABELS=folder, TAUGHT=1
	@$(PYTHON) -m server.bootstrap $(if $(TAUGHT),taught,train)
	$(BIN)/python -m moderation.training train --data $(DATA) $(if $(SEEDS),--seeds $(SEEDS)) $(if $(WITHOUT),--without $(WITHOUT)) $(if $(LABELS),--labels $(LABELS)) $(if $(TAUGHT),--taught) $(if $(MODELS),--models $(MODELS))

wheel: ## dist/hearth-....whl with the pages inside: `pip install` it anywhere, without Node
	@$(PYTHON) -m server.bootstrap run
	@$(BIN)/python -m hatchling build -t wheel

format: ## let the formatters write
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(NPM) format:write

types: ## make the web's types from the server's OpenAPI
	$(BIN)/hearth openapi --write web/src/lib/api/schema.d.ts

sbom: ## bills of materials and licences of all we build on, into build/sbom
	@$(PYTHON) -m tests.setup
	@exec $(BIN)/python -m tests.supply

lock: ## resolve the dependencies anew: UPGRADE=--upgrade for newer ones
	$(LOCK) -o requirements.lock
	$(LOCK) --group dev -c requirements.lock -o requirements-dev.lock
	$(LOCK) --extra otel -c requirements-dev.lock -o requirements-otel.lock

.PHONY: help run demo test check check-python check-web drill bench train wheel format types sbom lock
