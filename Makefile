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
DEMO_CPU  = $(or $(CPU),$(call unquote,$(CONFIG_PKVM_CPU)),max)
DEMO_FLAVOUR = $(or $(FLAVOUR),release)
export KERNEL LLVM VCPUS MEMORY
export T CPU FLAVOUR APPEND JOBS FORCE NODEPS TALLY FROM OURS
export ROOT GUEST_CPUS GUEST_KERNEL VMM VERBOSE UPDATE

run := tools/pkvm

# A failing step has said why; make's own line would only hide it.
help:
	@echo 'A fixed CPU for protected VMs: the series, and how to build, boot and prove it'
	@echo
	@echo '  make demo       from nothing to Debian in a protected VM, and what CPU it sees:'
	@echo '                  CPU= GUEST_CPUS= ROOT=debian VERBOSE=1 GUEST_KERNEL= VMM='
	@echo '  make check      every test; T=name CPU=max narrow it; with FLAVOUR=debug'
	@echo '                  on a kernel that looks for mistakes'
	@echo '  make shell      a shell in the booted host: CPU= FLAVOUR='
	@echo
	@echo '  KERNEL=/path/to/linux  put the series onto a tree of your own'
	@echo
	@echo '  to work on it (tools/pkvm/README.md):'
	@echo '  make series     patches/ as commits in build/linux'
	@echo '  make refresh    the commits of build/linux as patches/ and files to read'
	@echo '  make lint       series, checkpatch, sparse, gcc, clang, shellcheck, documentation'
	@echo '  make mutate     put an error into each bit that EL2 decides, and see a test notice: T= CPU='
	@echo '  make coverage   the lines of EL2 that no test reaches: CPU='
	@echo '  make bisect     build every patch by itself: FROM=number LLVM=1'
	@echo '  make baseline   the selftests on the unpatched base: T= CPU= OURS=1'
	@echo '  make bench      what exits cost, in instructions, base and series: CPU= UPDATE=1'
	@echo '  make matrix     the tests on other CPU models, kernels, memory, a GICv2, EFI: T= CPU='
	@echo '  make kernel     just the kernel: FLAVOUR=release|debug LLVM=1'
	@echo '  make tarball    the selftests with a runner, for a board that runs the kernel'
	@echo '  make deb        a Debian package of the kernel: CONFIG=cloud-arm64|arm64|host'
	@echo '  make menuconfig the choices, all of which have defaults'
	@echo '  make clean      remove what was built; distclean: what was fetched, too'

series:
	@$(run)/deps.sh series
	@$(run)/series.sh

refresh:
	@$(run)/refresh.sh

kernel: series
	@$(run)/stages.sh kernel=$(or $(FLAVOUR),release)
	@echo "    $(BUILD)/kernel/$(or $(FLAVOUR),release)$(if $(LLVM),-llvm)/arch/arm64/boot/Image"

check: series
	@$(run)/stages.sh qemu kernel=$(or $(FLAVOUR),release) $(if $(CPU),kernels) selftests \
		native
	@$(run)/check.sh

baseline: series
	@$(run)/stages.sh qemu base_kernel selftests
	@$(run)/baseline.sh

bench: series
	@OURS=1 $(run)/stages.sh qemu kernel=release base_kernel selftests
	@$(run)/bench.py

matrix: series
	@$(run)/stages.sh qemu $(if $(CPU),,efi) kernels selftests
	@$(run)/matrix.sh

mutate: series
	@$(run)/stages.sh qemu kernel=release selftests
	@$(run)/mutate.py

coverage: series
	@$(run)/stages.sh qemu kernel=debug selftests native
	@$(run)/coverage.py

demo: series
	@$(run)/stages.sh choices qemu kernel=$(DEMO_FLAVOUR) $(if $(ROOT),kernel=guest) selftests guests
	@$(run)/demo.sh $(DEMO_CPU) $(DEMO_FLAVOUR)

tarball: series
	@$(run)/stages.sh kernel=release selftests && $(run)/tarball.sh

deb: series
	@$(run)/stages.sh deb=$(or $(CONFIG),cloud-arm64)

bisect: series
	@$(run)/deps.sh build $(if $(LLVM),llvm)
	@$(run)/bisect.sh

lint: series
	@$(run)/deps.sh build lint llvm
	@$(run)/lint.sh

shell: series
	@$(run)/stages.sh qemu kernel=$(DEMO_FLAVOUR) selftests busybox
	@$(run)/boot.sh shell $(DEMO_CPU) $(BUILD)/kernel/$(DEMO_FLAVOUR)$(if $(LLVM),-llvm) $(BUILD)/selftests

# The kernel's own kconfig program, on our Kconfig. Without a terminal it waits forever.
menuconfig: terminal series
	@$(run)/deps.sh build menuconfig
	@$(MAKE) -s -C $(BUILD)/linux O=$(BUILD)/kconfig ARCH=arm64 \
		KBUILD_KCONFIG=$(CURDIR)/Kconfig KCONFIG_CONFIG=$(CURDIR)/.config $@

terminal:
	@[ -t 0 ] && [ -t 1 ] || { echo 'error: this asks questions and needs a terminal;' \
		'choices can also be given as in "make demo CPU=cortex-a57".' >&2; exit 1; }

clean:
	rm -rf $(BUILD)/kernel $(BUILD)/selftests $(BUILD)/native $(BUILD)/results $(BUILD)/plans \
		$(BUILD)/logs $(BUILD)/host $(BUILD)/kconfig $(BUILD)/docs $(BUILD)/bisect $(BUILD)/.stamp-*

distclean:
	rm -rf $(BUILD)

.PHONY: help series refresh kernel check baseline bench matrix mutate coverage demo tarball deb \
	bisect lint shell menuconfig terminal clean distclean
.NOTPARALLEL:
