# One command each; `make help` lists them. The work is done by the scripts in scripts/.
.DEFAULT_GOAL := help
.PHONY: help run test check faults bench dev e2e codegen clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Install what is missing, build, and start the server with sample data and the simulator
	@scripts/run.sh

test: ## Run every check and test: formatting, lints, Rust on both databases, web, widget, browser
	@scripts/test.sh

check: ## Only formatting, lints and types: what to run before each commit
	@scripts/check.sh

faults: ## Kill, starve, flood and cut off the server for half an hour, on both databases; `make test` does so briefly
	@tests/faults/all.sh

bench: ## Measure an optimised build on both databases, ten minutes; writes bench/results
	@scripts/bench.sh

dev: ## Run the server and the web app for development; the page reloads by itself
	@scripts/dev.sh

e2e: ## Only the browser journeys; ARGS=name.test.mjs runs one of them
	@scripts/e2e.sh $(ARGS)

codegen: ## Write the API description and the types the web app takes from it
	@scripts/codegen.sh

clean: ## Remove everything that was built; sample data in ./data stays
	@scripts/clean.sh
