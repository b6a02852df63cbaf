# What there is to do with this tree. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
BIN = $${CARGO_TARGET_DIR:-target}/release
# The tests' own build of the hub: cargo makes it along with them.
DEBUG = $${CARGO_TARGET_DIR:-$(CURDIR)/target}/debug
# An own nats-server may be named; otherwise `make setup` gets one.
LOCAL_NATS := $(CURDIR)/.local/nats/bin/nats-server

.PHONY: help
help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

.PHONY: setup
setup: ## Check the tools, get a nats-server
	@deploy/check-tools.sh
	@deploy/nats-server.sh .local/nats

.PHONY: build
build: ## The release binaries
	cargo build --release --locked -p huiliu -p huiliu-tests --bins

.PHONY: demo
demo: setup build ## Four simulated upstream systems, three departments, in a terminal and on a page
	@HUILIU_NATS_SERVER=$(LOCAL_NATS) exec $(BIN)/huiliu demo

.PHONY: test
test: setup ## All tests of the workspace, against a real nats-server; the page in a browser
	@export HUILIU_NATS_SERVER=$(LOCAL_NATS) HUILIU_BIN=$(DEBUG)/huiliu; \
	if cargo nextest --version >/dev/null 2>&1; then \
	    cargo nextest run --locked --workspace --no-fail-fast && cargo test --locked --workspace --doc --quiet; \
	else \
	    echo 'cargo-nextest is not installed: running cargo test' >&2; \
	    cargo test --locked --workspace --no-fail-fast; \
	fi
	@HUILIU_NATS_SERVER=$(LOCAL_NATS) tests/web/run.sh $(DEBUG)/huiliu

.PHONY: lint
lint: ## Format, clippy, documentation: no warnings
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps --document-private-items

.PHONY: schemas
schemas: ## Write the JSON Schemas and the AsyncAPI document from the types
	cargo run --locked --quiet -p huiliu-schemas --bin export-schemas schemas/json

# Labelled appeals to measure the judgements on, if there are any: appeals/labelled.jsonl in a folder beside this tree, or
# where MEASURE_DATA says.
MEASURE_DATA ?= $(patsubst %/appeals/labelled.jsonl,%,$(firstword $(wildcard ../*/data/appeals/labelled.jsonl)))

.PHONY: accusations
accusations: ## Learn anew, from the texts in this tree, which pieces of a text speak for an accusation
	HUILIU_WRITE_PIECES=1 cargo test --locked --quiet -p huiliu --lib the_pieces_that_ship

.PHONY: measure
measure: build ## Measure the judgements: what, where, how bad, who accuses whom
	@deploy/measure.sh $(BIN)/huiliu '$(MEASURE_DATA)'

.PHONY: bench
bench: setup build ## Measure the whole pipeline
	@HUILIU_NATS_SERVER=$(LOCAL_NATS) $(BIN)/huiliu bench
