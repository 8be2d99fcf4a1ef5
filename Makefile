# The tasks of this repository. ARGS go to the program, or to `swift test`:
#
#     make serve ARGS="--listen 127.0.0.1:8000"
#     make test ARGS="--filter BreakerCoreTests"
#     make bench ARGS="--quick --only acquire"

.DEFAULT_GOAL := help

ARGS ?=

# How many Swift tests run at once. With more, tests wait for a processor, and some of them longer than a server waits
# for its client.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH ?= 12

swift_sources := Package.swift Sources Tests clients/swift Benchmarks/client Benchmarks/limits

# Python finds the package `bench` in Benchmarks/, and writes no compiled files there.
bench_python := PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=Benchmarks python3

.PHONY: help setup serve demo test openapi-test metrics-test examples-test container-image container-test dashboard-test python-test python-bench bench bench-test format lint cli-document clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 17

setup: ## Check for Swift; install git and the headers of SQLite and zlib if they are missing
	@.ci/setup

# `exec` replaces the shell by the program, so that signals reach the program.

serve: setup ## Build the server for release and run it
	swift build -c release --product fusebox
	@exec "$$(swift build -c release --show-bin-path)/fusebox" serve $(ARGS)

demo: setup ## Show an outage and the recovery
	swift build -c release --product fusebox
	@exec "$$(swift build -c release --show-bin-path)/fusebox" demo $(ARGS)

# Two runs, so that tests of connections and processes do not wait for a processor while other tests take all of it.
busy_tests := BreakerCoreTests|BreakerEngineTests|BreakerSQLiteTests

# glibc overwrites freed memory with this byte, so that code that still uses it fails each time and not only sometimes.
test: export MALLOC_PERTURB_ := 90
test: setup ## Run the Swift tests
ifeq ($(strip $(ARGS)),)
	MALLOC_PERTURB_= swift build --build-tests
	@result=0; set -x; swift test --skip-build --filter '$(busy_tests)' || result=1; \
		swift test --skip-build --skip '$(busy_tests)' || result=1; exit $$result
else
	swift test $(ARGS)
endif

openapi-test: setup .build/openapi-tests ## Test the server and a generated client against openapi.yaml for two minutes
	swift build --product fusebox
	@exec env PYTHONDONTWRITEBYTECODE=1 FUSEBOX="$$(swift build --show-bin-path)/fusebox" \
		.build/openapi-tests/bin/python -m unittest discover --verbose --start-directory Tests/OpenAPI $(ARGS)

metrics-test: setup ## Test the metrics and the alerts with a real Prometheus
	swift build --product fusebox
	@exec env PYTHONDONTWRITEBYTECODE=1 FUSEBOX="$$(swift build --show-bin-path)/fusebox" \
		python3 -m unittest discover --verbose --start-directory Tests/Metrics $(ARGS)

examples-test: setup ## Test the examples: nginx and Envoy in front of a backend, and workers in each language
	@$(MAKE) --no-print-directory .build/examples-tests || echo 'SKIPPED: Envoy is not installed and cannot be installed'
	swift build --product fusebox
	@exec env PYTHONDONTWRITEBYTECODE=1 FUSEBOX="$$(swift build --show-bin-path)/fusebox" \
		PATH="$(CURDIR)/.build/examples-tests/bin:$$PATH" \
		python3 -m unittest discover --verbose --start-directory Tests/Examples $(ARGS)

container-image: setup ## Build the container image with buildah, as root
	@Tests/Container/build-image

container-test: setup ## Test the image that container-image built
	@exec env PYTHONDONTWRITEBYTECODE=1 python3 -m unittest discover --verbose --start-directory Tests/Container $(ARGS)

dashboard-test: setup .build/dashboard-tests ## Test the dashboard in Chromium
	swift build --product fusebox
	@exec env PYTHONDONTWRITEBYTECODE=1 FUSEBOX="$$(swift build --show-bin-path)/fusebox" \
		.build/dashboard-tests/bin/python -m unittest discover --start-directory Tests/Dashboard $(ARGS)

.build/openapi-tests: Tests/OpenAPI/requirements.txt
	python3 -m venv $@
	$@/bin/python -m pip install --quiet --retries 1 --requirement $< || { rm -rf $@; exit 1; }
	@touch $@

.build/examples-tests: Tests/Examples/requirements.txt
	python3 -m venv $@
	$@/bin/python -m pip install --quiet --retries 1 --requirement $< || { rm -rf $@; exit 1; }
	@touch $@

.build/dashboard-tests: Tests/Dashboard/requirements.txt
	python3 -m venv $@
	$@/bin/python -m pip install --quiet --retries 1 --requirement $<
	@touch $@

# The tests use the server of this build, unless FUSEBOX_BINARY names another.

python-test: ## Test the Python package with the server, and check its types
	@clients/python/setup
	@test -n "$(FUSEBOX_BINARY)" || swift build --product fusebox
	@cd clients/python && export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=src PATH="$(CURDIR)/.build/python-venv/bin:$$PATH" && \
		python -m mypy && python -m ruff check --quiet . && python -m ruff format --quiet --check . && \
		vermin --quiet --violations --no-tips --eval-annotations --target=3.9- src examples && \
		python -m pytest -p no:cacheprovider $(ARGS)

python-bench: ## Measure the cost of a protected call in Python, the age of decisions, and an outage
	@clients/python/setup
	@test -n "$(FUSEBOX_BINARY)" || swift build -c release --product fusebox
	@cd clients/python && export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=src:tests:benchmarks && \
		export FUSEBOX_BINARY="$${FUSEBOX_BINARY:-$(CURDIR)/.build/release/fusebox}" && \
		$(CURDIR)/.build/python-venv/bin/python benchmarks/cost.py $(ARGS) && \
		$(CURDIR)/.build/python-venv/bin/python benchmarks/staleness.py && \
		$(CURDIR)/.build/python-venv/bin/python -m outage

bench: setup ## Compare the server with Redis, and measure its growth; takes 20 minutes
	@Benchmarks/setup
	swift build -c release --product fusebox
	swift build -c release --product client-benchmark
	swift build -c release --package-path Benchmarks/limits --scratch-path .build/bench-limits
	@exec env $(bench_python) -m bench $(ARGS)

bench-test: ## Test the benchmark itself, with Redis if it is installed
	@exec env $(bench_python) -m unittest discover --start-directory Benchmarks/tests $(ARGS)

format: ## Format the Swift code
	swift format --in-place --recursive $(swift_sources)

lint: ## Check the format of the Swift code, its names and some phrases
	swift format lint --strict --recursive $(swift_sources)
	.ci/check-names

# The file is replaced only if the script succeeds.
cli-document: setup ## Write docs/cli.md from the help of the commands
	swift build --product fusebox
	.ci/cli-document "$$(swift build --show-bin-path)/fusebox" > .build/cli.md
	mv .build/cli.md docs/cli.md

clean: ## Remove the build products
	rm -rf .build .build-*
