# Everything is in devtools/; `make help` lists what there is.
PYTHON ?= python3
DEVTOOLS = $(PYTHON) -m devtools

.DEFAULT_GOAL := help
.PHONY: help run test lint bench screenshots core-tests setup stop pot coverage clean-cache

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

run: ## Odoo with the add-ons and demo data at a local address (FRESH=1 forgets old data, PORT=...)
	@FRESH="$(FRESH)" PORT="$(PORT)" $(DEVTOOLS) run

test: ## all tests (ARGS="-k word tests/browser" goes to pytest)
	@$(DEVTOOLS) test $(ARGS)

lint: ## style of all files, and the log of an installation
	@$(DEVTOOLS) lint

bench: ## benchmarks (NAME="deduct" for one)
	@$(DEVTOOLS) bench $(NAME)

screenshots: ## the guide's pictures, into docs/images
	@$(DEVTOOLS) screenshots

core-tests: ## Odoo's own tests without and with our add-ons (MODULES="sale_timesheet hr_timesheet")
	@$(DEVTOOLS) core-tests $(MODULES)

pot: ## translation templates of all add-ons
	@$(DEVTOOLS) pot

coverage: ## docs/coverage.md: which test shows what (fails where one is missing)
	@$(DEVTOOLS) coverage

setup: ## prepare everything, and keep the private PostgreSQL running
	@$(DEVTOOLS) setup

stop: ## stop the private PostgreSQL after setup
	@$(DEVTOOLS) stop

clean-cache: ## remove all that was downloaded and built
	@$(DEVTOOLS) clean-cache
