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

.PHONY: dist
dist: setup ## One archive to install from without the internet
	@deploy/dist/make.sh

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

.PHONY: faults
faults: setup ## Every fault by itself, the long forms as well, and a table of what was seen (some need root; 20 minutes)
	@cargo build --locked -p huiliu
	@export HUILIU_NATS_SERVER=$(LOCAL_NATS) HUILIU_BIN=$(DEBUG)/huiliu; set -o pipefail; mkdir -p .local; \
	cargo test --locked -p huiliu-tests --test whole -- --include-ignored --test-threads=1 --nocapture faults:: \
	    2>&1 | tee .local/faults.log; made=$$?; \
	echo; echo '| fault | what those outside see | proof | recovery |'; echo '|---|---|---|---|'; \
	grep -oE '\| .* \|$$' .local/faults.log; exit $$made

TARGET ?= form
SECONDS ?= 60
.PHONY: fuzz
fuzz: ## Fuzz one target, guided by coverage: make fuzz TARGET=map SECONDS=1200 (form, map, signature, envelope, judge)
	@tests/fuzz/run.sh $(TARGET) $(SECONDS)

.PHONY: lint
lint: ## Format, clippy, documentation: no warnings
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps --document-private-items

.PHONY: schemas
schemas: ## Write the JSON Schemas, the AsyncAPI and the OpenAPI document from types and endpoints
	cargo run --locked --quiet -p huiliu-schemas --bin export-schemas schemas/json
	@mkdir -p .local && cargo run --locked --quiet -p huiliu -- openapi > .local/openapi.json && mv .local/openapi.json schemas/json/

.PHONY: conformance
conformance: setup ## Other people's tools hold a running hub to its documents
	cargo build --locked -p huiliu
	@HUILIU_NATS_SERVER="$${HUILIU_NATS_SERVER:-$(LOCAL_NATS)}" tests/conformance/run.sh $(DEBUG)/huiliu

# Labelled appeals to measure the judgements on, if there are any: appeals/labelled.jsonl in a folder beside this tree, or
# where MEASURE_DATA says.
MEASURE_DATA ?= $(patsubst %/appeals/labelled.jsonl,%,$(firstword $(wildcard ../*/data/appeals/labelled.jsonl)))

.PHONY: pieces
pieces: ## Learn anew, from the texts in this tree, which pieces of a text speak for an accusation, and which for danger
	HUILIU_WRITE_PIECES=1 cargo test --locked --quiet -p huiliu --lib the_pieces_that_ship

.PHONY: measure
measure: build ## Measure the judgements: what, where, how bad, who accuses whom
	@deploy/measure.sh $(BIN)/huiliu '$(MEASURE_DATA)'

.PHONY: bench
bench: setup build ## Measure the whole pipeline
	@HUILIU_NATS_SERVER=$(LOCAL_NATS) $(BIN)/huiliu bench

.PHONY: bench-peers
bench-peers: setup build ## Measure receipts beside mq-bridge, FastStream and Node-RED
	@tests/peers/run.sh $(BIN)/huiliu $(LOCAL_NATS)
