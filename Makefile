# What there is to do in this repository. ARGS go to the program, or to `swift test`:
#
#     make serve ARGS="--listen 127.0.0.1:8000"
#     make test ARGS="--filter BreakerCoreTests"

.DEFAULT_GOAL := help

ARGS ?=

swift_sources := Package.swift Sources Tests

.PHONY: help setup serve demo test format lint clean

help: ## Say what there is
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 10

setup: ## Check that Swift and SQLite are here; install what is missing
	@.ci/setup

# The shell is replaced by the program, so that signals reach it.

serve: setup ## Run the server, built for release
	swift build -c release --product fusebox
	@exec "$$(swift build -c release --show-bin-path)/fusebox" serve $(ARGS)

demo: setup ## Show an outage and its end
	swift build -c release --product fusebox
	@exec "$$(swift build -c release --show-bin-path)/fusebox" demo $(ARGS)

test: setup ## Run the tests
	swift test $(ARGS)

format: ## Format all Swift
	swift format --in-place --recursive $(swift_sources)

lint: ## Check the format of all Swift
	swift format lint --strict --recursive $(swift_sources)

clean: ## Remove what was built
	rm -rf .build .build-*
