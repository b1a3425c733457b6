# Everything from a clean clone: `make demo`, `make test`; `make help` lists the rest.
# LIBTORCH=/path uses that libtorch (2.11 to 2.13) instead of fetching one.

SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help demo test theory build check format torture fuzz shim-gxx libtorch clean clean-run FORCE

ifneq ($(strip $(LIBTORCH)),)
override LIBTORCH := $(abspath $(LIBTORCH))
export LIBTORCH
else
unexport LIBTORCH
endif
libtorch_root := $(or $(strip $(LIBTORCH)),$(CURDIR)/.deps/libtorch)

# One configuration for everything, so that demo and tests share every object file.
swift_flags := -c release -Xswiftc -enable-testing
maxwell := .build/release/maxwell
shim := Bridge/Sources/CTorch
demo_out ?= runs/demo

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 12

demo: build ## fine-tune a small model three ways and write runs/demo/report.html
	$(maxwell) demo --out $(demo_out) $(DEMO_FLAGS)

build: libtorch ## build the maxwell program
	swift build $(swift_flags) --product maxwell

# Several tests run at once and libtorch has threads of its own: those that wait should not spin.
test: export OMP_WAIT_POLICY ?= passive
test: ## build and run all tests and checks
	tools/prepare.sh --tests
	$(MAKE) --no-print-directory check
	$(MAKE) --no-print-directory shim-gxx
	$(MAKE) --no-print-directory theory
	swift build $(swift_flags) --build-tests
	swift test $(swift_flags) --skip-build --disable-xctest --skip EntropyDynamicsTests

theory: ## build and test EntropyDynamics as on a machine without libtorch
	WITHOUT_LIBTORCH=1 LIBTORCH=/nonexistent swift build $(swift_flags) --build-tests
	WITHOUT_LIBTORCH=1 LIBTORCH=/nonexistent swift test $(swift_flags) --skip-build --disable-xctest --filter EntropyDynamicsTests

check: ## style, declared imports, links of the documents
	swift format lint --strict --parallel --recursive Package.swift Bridge/Package.swift Sources Tests
	python3 tools/check_imports.py
	python3 tools/check_links.py

torture: build ## kill training runs, fail their system calls, let one make 10,000 updates (docs/reliability.md)
	python3 tools/torture.py --quiet
	python3 tools/faults.py
	python3 tools/soak.py

fuzz: ## a million spoiled inputs for each reader, with sanitizers
	tools/fuzz.sh

format: ## bring all Swift sources into style
	swift format --in-place --parallel --recursive Package.swift Bridge/Package.swift Sources Tests

shim-gxx: libtorch ## compile the libtorch shim with plain g++
	$(MAKE) --no-print-directory -j 2 .build/shim-gxx/libCTorch.so

.build/shim-gxx/libCTorch.so: $(patsubst $(shim)/%.cpp,.build/shim-gxx/%.o,$(wildcard $(shim)/*.cpp))
	g++ -shared $^ -o $@ -Wl,--no-undefined -L $(libtorch_root)/lib -Wl,-rpath,$(libtorch_root)/lib -ltorch_cpu -lc10

.build/shim-gxx/%.o: $(shim)/%.cpp $(wildcard $(shim)/*.hpp $(shim)/include/*.h) .build/shim-gxx/libtorch
	g++ -std=c++20 -O2 -fPIC -Wall -Wextra -I $(shim)/include -isystem $(libtorch_root)/include \
	    -isystem $(libtorch_root)/include/torch/csrc/api/include -c $< -o $@

# Another libtorch means compiling again.
.build/shim-gxx/libtorch: FORCE
	@mkdir -p $(@D)
	@echo '$(libtorch_root)' | cmp -s - $@ || echo '$(libtorch_root)' > $@

libtorch: ## fetch libtorch and system packages if they are missing
	tools/prepare.sh

clean: ## remove what was built (libtorch stays)
	rm -rf .build

clean-run: ## remove what the demo wrote
	rm -rf $(demo_out)
