# SPDX-License-Identifier: MIT
#
# A thin front door: meson and ninja build, the scripts of tools/ do the rest.
# Every target first sees that what it needs is on this machine (tools/deps).

BUILD  ?= build
PREFIX ?= /usr/local

# ninja says that there is nothing to do however quiet it is asked to be.
UP_TO_DATE = ninja -n -C $(BUILD) | grep -q 'no work to do'

.DEFAULT_GOAL := all
.PHONY: all run check check-aarch64 check-vm lint recipes bench soak fuzz format install clean help

all: ## build build/pier, build/libpier.so, build/libpier.a, build/pier.pc
	@tools/deps build
	@[ -f $(BUILD)/build.ninja ] || meson setup $(BUILD) \
		--prefix=$(PREFIX) -Dtests=false >$(BUILD).log || \
		{ cat $(BUILD).log; rm -rf $(BUILD) $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log
	@$(UP_TO_DATE) || ninja --quiet -C $(BUILD)

# Ctrl-C strikes make too. A shell that ends after pier stays between them: a make
# that finds its child gone by then (4.3) complains and ends with 2.
run: all ## build, then serve echo on localhost until Ctrl-C
	@trap : INT; tools/run-demo $(BUILD)

check: ## build under every compiler and sanitizer and run all tests
	@tools/deps build check
	@tools/check $(ONLY)

check-aarch64: ## build for aarch64 and run the tests under qemu
	@tools/deps build check aarch64
	@tools/check aarch64-full

check-vm: ## run the tests that need another kernel, in a machine of qemu
	@tools/deps build check
	@tools/check vm-full

lint: ## layers, symbols, errno, sizes, documents, format, analysers
	@tools/deps build lint
	@tools/lint $(ONLY)

recipes: all ## run every example against a peer pier did not write
	@tools/deps check
	@tools/recipes $(BUILD) $(ONLY)

bench: ## measure against the yardsticks; BENCH=--short takes a minute
	@tools/deps build bench
	@[ -f $(BUILD)/bench/build.ninja ] || CC=gcc meson setup \
		$(BUILD)/bench -Dbench=true -Dtests=false -Dexamples=false
	@ninja --quiet -C $(BUILD)/bench
	@bench/run.py --build $(BUILD)/bench $(BENCH)

soak: all ## serve mixed clients for SOAK_SECONDS (300), watch what it holds
	@tools/deps check
	@python3 -B tests/soak.py $(BUILD)

fuzz: ## run each fuzz target for FUZZ_SECONDS (20) seconds
	@tools/deps build fuzz
	@tools/fuzz

format: ## let clang-format have its way
	@git ls-files '*.c' '*.h' | xargs clang-format -i

install: all ## install below DESTDIR, for PREFIX (/usr/local)
	@grep -qx 'prefix=$(PREFIX)' $(BUILD)/pier.pc || { \
		meson configure $(BUILD) -Dprefix=$(PREFIX) && \
		ninja --quiet -C $(BUILD); } >$(BUILD).log || \
		{ cat $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log
	@meson install -C $(BUILD) --no-rebuild --quiet \
		$(if $(DESTDIR),--destdir $(abspath $(DESTDIR)))

clean: ## remove everything that was built
	@rm -rf $(BUILD)

help: ## show this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile
