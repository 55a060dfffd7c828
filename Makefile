# SPDX-License-Identifier: GPL-2.0-only
#
# The one entry point. A bare `make` prints what there is. The work is done by
# the scripts in tools/pkvm; everything made is below build/.

MAKEFLAGS += --no-print-directory
SHELL := /bin/bash

BUILD ?= $(CURDIR)/build
export BUILD

# Choices: the command line, then .config (`make menuconfig`), then defaults.
-include .config
unquote = $(patsubst "%",%,$(1))

KERNEL   ?= $(call unquote,$(CONFIG_PKVM_KERNEL))
LLVM     ?= $(if $(CONFIG_PKVM_LLVM),1)
VCPUS    ?= $(or $(CONFIG_PKVM_HOST_CPUS),2)
MEMORY   ?= $(or $(CONFIG_PKVM_HOST_MEMORY),2G)
DEMO_CPU  = $(or $(CPU),$(call unquote,$(CONFIG_PKVM_CPU)),max)
DEMO_FLAVOUR = $(or $(FLAVOUR),$(call unquote,$(CONFIG_PKVM_FLAVOUR)),release)
export KERNEL LLVM VCPUS MEMORY
export T CPU MODE FLAVOUR SEED APPEND JOBS FORCE SIGNOFF STRICT NODEPS TALLY FROM
export GUEST_KERNEL GUEST_INITRD VMM ROOT COMPARE VERBOSE IMAGE UPDATE SOAK

run := tools/pkvm

# A failing step has said why; make's own line would only hide it.
help:
	@echo 'A fixed CPU for protected VMs: the series, and how to build, boot and prove it'
	@echo
	@echo '  make demo       from nothing to Debian in a protected VM, and what CPU it sees:'
	@echo '                  CPU= COMPARE=1 VERBOSE=1 ROOT=debian GUEST_KERNEL= GUEST_INITRD= VMM='
	@echo '  make check      every test; T=name CPU=max MODE=hvhe FLAVOUR=debug narrow it'
	@echo
	@echo '  make fuzz       attack EL2 at random: MINUTES=5 SEED=1 CPU=max'
	@echo '  make soak       kill guests at random: SOAK=100 SEED=1 CPU=max'
	@echo
	@echo '  make series     the patches as mails for git am, in build/series'
	@echo '  make refresh    take edits made in build/linux back into the repository'
	@echo '  make bisect     build every patch by itself'
	@echo '  make lint       series, checkpatch, sparse, gcc, clang, stack of EL2, documentation'
	@echo '  make docs       make the page of the contract from its headers, and the series'
	@echo '  make mutate     an error in each row and bit: does a test notice? T= CPU='
	@echo '  make coverage   the lines of EL2 that no test reaches: T= CPU= MODE='
	@echo '  make baseline   the kvm selftests on the unpatched base, against what is expected'
	@echo '  make bench      what traps cost, base and series: CPU= MODE= IMAGE=FILE UPDATE=1'
	@echo '  make kernel     just the kernel: FLAVOUR=release|debug|hostile LLVM=1'
	@echo '  make shell      a shell in the booted host: CPU= MODE= FLAVOUR='
	@echo '  make gdb        a debugger on the host and on EL2: CPU= MODE='
	@echo '  make list       the names of tests and configurations'
	@echo '  make menuconfig the choices, all of which have defaults'
	@echo '  make clean      remove what was built; distclean: what was fetched, too'
	@echo
	@echo '  KERNEL=/path/to/linux  put the series onto a tree of your own'

base:
	@$(run)/deps.sh series
	@$(run)/base.sh

series:
	@$(run)/deps.sh series
	@$(run)/series.sh

refresh:
	@$(run)/refresh.sh

kernel: series
	@$(run)/deps.sh build $(if $(LLVM),llvm)
	@$(run)/stages.sh kernel $(or $(FLAVOUR),release)

# The attacks of the tests, but for minutes and from new seeds.
fuzz: series
	@$(run)/deps.sh build run
	@FLAVOUR=hostile $(run)/stages.sh check
	@FLAVOUR=hostile FUZZ=$$(($(or $(MINUTES),5) * 60)) SEED=$(or $(SEED),$$(date +%s)) \
		$(run)/check.sh

# Guests that are killed, and nothing may be lost: this flavour counts what EL2 has.
soak: series
	@$(run)/deps.sh build run guest $(if $(LLVM),llvm)
	@$(run)/stages.sh demo $(or $(FLAVOUR),hostile)
	@$(run)/soak.sh $(DEMO_CPU) $(or $(FLAVOUR),hostile)

check: series
	@$(run)/deps.sh build run gdb guest $(if $(LLVM),llvm)
	@$(run)/stages.sh check
	@$(run)/check.sh

mutate: series
	@$(run)/deps.sh build run
	@$(run)/stages.sh mutate
	@$(run)/mutate.sh

coverage: series
	@$(run)/deps.sh build run
	@FLAVOUR=hostile $(run)/stages.sh check
	@$(run)/coverage.sh

baseline: series
	@$(run)/deps.sh build run $(if $(LLVM),llvm)
	@$(run)/stages.sh baseline
	@$(run)/baseline.sh

bench: series
	@$(run)/deps.sh build run
	@$(run)/stages.sh bench
	@$(run)/bench.sh

demo: series
	@$(run)/deps.sh build run guest $(if $(LLVM),llvm)
	@$(run)/stages.sh demo $(DEMO_FLAVOUR)
	@$(run)/demo.sh $(DEMO_CPU) $(DEMO_FLAVOUR)

bisect: series
	@$(run)/deps.sh build $(if $(LLVM),llvm)
	@$(run)/bisect.sh

docs: series
	@$(run)/deps.sh build
	@$(run)/docs.sh write
	@$(run)/series.sh

lint: series
	@$(run)/deps.sh build lint llvm
	@$(run)/lint.sh

shell: series
	@$(run)/deps.sh build run $(if $(LLVM),llvm)
	@$(run)/stages.sh shell $(DEMO_FLAVOUR)
	@$(run)/boot.sh shell $(DEMO_CPU) $(BUILD)/kernel/$(DEMO_FLAVOUR)$(if $(LLVM),-llvm) $(BUILD)/selftests

gdb: series
	@$(run)/deps.sh build run gdb $(if $(LLVM),llvm)
	@$(run)/stages.sh shell debug
	@$(run)/gdb.sh $(DEMO_CPU)

list: series
	@$(run)/deps.sh build
	@$(run)/stages.sh selftests
	@$(run)/check.sh list

# The kernel's own kconfig programs, on our Kconfig.
menuconfig config oldconfig defconfig: terminal series
	@$(run)/deps.sh build menuconfig
	@$(MAKE) -s -C $(BUILD)/linux O=$(BUILD)/kconfig ARCH=arm64 \
		KBUILD_KCONFIG=$(CURDIR)/Kconfig KCONFIG_CONFIG=$(CURDIR)/.config \
		$(if $(filter defconfig,$@),alldefconfig,$@)

terminal:
	@[ "$(MAKECMDGOALS)" = defconfig ] || { [ -t 0 ] && [ -t 1 ]; } || { echo 'error: this asks questions and needs a' \
		'terminal; choices can also be given as in "make demo CPU=cortex-a57".' >&2; exit 1; }

clean:
	rm -rf $(BUILD)/kernel $(BUILD)/selftests $(BUILD)/selftests-base \
		$(BUILD)/results $(BUILD)/plans $(BUILD)/logs $(BUILD)/host $(BUILD)/kconfig \
		$(BUILD)/docs $(BUILD)/bench $(BUILD)/coverage

distclean:
	rm -rf $(BUILD)

.PHONY: help base series refresh kernel check fuzz soak mutate coverage baseline bench demo \
	bisect docs lint shell gdb list menuconfig config oldconfig defconfig terminal clean \
	distclean
.NOTPARALLEL:
