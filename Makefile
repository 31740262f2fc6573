# brkscope: `make help` says what there is.

OUT       ?= build$(if $(SANITIZER),/sanitizer)
PREFIX    ?= /usr/local
DESTDIR   ?=
CC        ?= gcc
CLANG     ?= clang
BPFTOOL   ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/lib/linux-tools/*/bpftool) bpftool)
JOBS      ?= $(shell nproc)
HOST_ARCH := $(shell uname -m)
ARCH      ?= $(HOST_ARCH)
BPF_ARCH  := $(patsubst x86_64,x86,$(patsubst aarch64,arm64,$(ARCH)))

ifeq ($(V),1)
Q :=
say =
else
Q := @
say = @printf '  %-8s %s\n' '$(1)' '$(patsubst $(OUT)/%,%,$(2))';
endif

WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-unused-parameter
CFLAGS  ?= -O2 -g
ALL_CFLAGS := -std=gnu11 $(WARN) $(CFLAGS) $(if $(SANITIZER),-fsanitize=$(SANITIZER) -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
CPPFLAGS_ALL := -D_GNU_SOURCE -Iinclude -Iuser -I$(OUT)
LIBS    := -lbpf -lelf -lcapstone -ljansson -liberty -pthread
BPF_CFLAGS := -g -O2 -mcpu=v3 -target bpf -D__TARGET_ARCH_$(BPF_ARCH) -Ivmlinux -Iinclude -Wall -Wextra -Wno-unused-parameter

BPF_SRCS  := $(wildcard bpf/*.bpf.c)
BPF_OBJS  := $(BPF_SRCS:%.bpf.c=$(OUT)/%.bpf.o)
SKEL      := $(OUT)/brkscope.skel.h
SRCS      := $(wildcard user/*.c user/kernel/*.c user/model/*.c user/render/*.c \
	user/selftest/*.c)
OBJS      := $(SRCS:%.c=$(OUT)/%.o)
LIB_OBJS  := $(filter-out $(OUT)/user/main.o,$(OBJS))
UNIT_SRCS := $(wildcard tests/unit/test_*.c)
UNIT_BINS := $(UNIT_SRCS:%.c=$(OUT)/%)
UNIT_HELP := $(patsubst %.c,$(OUT)/%.o,$(filter-out $(UNIT_SRCS),$(wildcard tests/unit/*.c)))
WORKLOADS := $(patsubst %.c,$(OUT)/%,$(filter-out %.bpf.c,$(wildcard tests/workload/*.c tests/oracle/*.c tests/bench/*.c)))
PRELOADS  := $(patsubst tests/preload/%.c,$(OUT)/tests/preload/lib%.so,$(wildcard tests/preload/*.c))
REFMALLOC := $(OUT)/librefmalloc.so $(OUT)/librefmalloc.a
# Last those whose variables are large and mostly never touched: what is, shares a page or two.
REFMALLOC_LAST := $(patsubst %,user/refmalloc/%.c,records sys pages heap options stats table)
REFMALLOC_OBJS := $(patsubst %.c,$(OUT)/%.o,$(filter-out $(REFMALLOC_LAST),$(wildcard user/refmalloc/*.c)) $(REFMALLOC_LAST))
REFMALLOC_TESTS := $(patsubst %.c,$(OUT)/%,$(wildcard tests/refmalloc/*.c))

.PHONY: all bpf refmalloc demo check bench bench-malloc test-build fuzz install uninstall format compdb clean help
.DELETE_ON_ERROR:
.SECONDARY:

all: $(OUT)/brkscope $(REFMALLOC) $(OUT)/compile_commands.json ## build the program (default)

bpf: $(OUT)/brkscope.bpf.o ## build the BPF side only; ARCH=arm64 for another machine's

$(OUT)/%.bpf.o: %.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF,$@)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MF $(@:.o=.d) -c $< -o $@

$(OUT)/brkscope.bpf.o: $(BPF_OBJS)
	$(call say,LINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(SKEL): $(OUT)/brkscope.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name brkscope > $@

$(OUT)/%.o: %.c | $(SKEL)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(CPPFLAGS_ALL) $(UNIT_FLAGS) -MMD -MP -c $< -o $@
	@echo '{"directory":"$(CURDIR)","file":"$<","command":"$(CC) $(ALL_CFLAGS) $(CPPFLAGS_ALL) -c $<"}' > $@.json

# Workloads: each call that is written is made, and none that is not.
$(OUT)/user/selftest/%.o: ALL_CFLAGS += -fno-builtin -pthread

$(OUT)/brkscope: $(OBJS)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

# An allocator: never with a sanitizer, which has its own.  What the compiler knows of malloc and
# its kin holds for their callers, not for them.  All of it is in the memory of every program that
# uses it, so all but the short paths is made small, and unwind tables are left to the debugger's
# copy.
REFMALLOC_CFLAGS = -std=gnu11 $(WARN) $(if $(filter $(REFMALLOC_HOT),$(*F)),-O2,-Os) -g -fPIC \
	-fvisibility=hidden -ftls-model=initial-exec -fno-asynchronous-unwind-tables \
	-fno-builtin-malloc -fno-builtin-calloc -fno-builtin-realloc -fno-builtin-free
REFMALLOC_HOT := malloc block
$(OUT)/user/refmalloc/%.o: user/refmalloc/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(REFMALLOC_CFLAGS) -D_GNU_SOURCE -Iinclude -MMD -MP -c $< -o $@
	@echo '{"directory":"$(CURDIR)","file":"$<","command":"$(CC) $(REFMALLOC_CFLAGS) -D_GNU_SOURCE -Iinclude -c $<"}' > $@.json

# initfirst: its report at exit comes after everybody else's destructors.
# nodelete: a thread that used it ends in its code, and blocks outlive a dlclose.
$(OUT)/librefmalloc.so: $(REFMALLOC_OBJS)
	$(call say,LD,$@)
	$(Q)$(CC) -shared -Wl,-soname,librefmalloc.so -Wl,-z,initfirst,-z,nodelete,-z,defs,-z,noseparate-code $^ -pthread -o $@

# One object: the whole interface or nothing, so that none of libc's malloc comes beside it.
$(OUT)/librefmalloc.a: $(filter-out %/atfork.o,$(REFMALLOC_OBJS))
	$(call say,AR,$@)
	$(Q)$(LD) -r $^ -o $(OUT)/refmalloc.o
	$(Q)objcopy --localize-hidden $(OUT)/refmalloc.o
	$(Q)rm -f $@ && $(AR) rcs $@ $(OUT)/refmalloc.o

refmalloc: $(REFMALLOC) ## build librefmalloc.so and .a only

$(OUT)/compile_commands.json: $(OBJS) $(REFMALLOC_OBJS)
	@{ echo '['; sed '$$!s/$$/,/' $(^:%=%.json); echo ']'; } > $@

compdb: $(OUT)/compile_commands.json ## compile_commands.json, for clangd, at the top
	$(Q)ln -sf $< compile_commands.json

$(OUT)/tests/unit/%: UNIT_FLAGS = -DGOLDEN_DIR='"$(CURDIR)/tests/golden"'
$(OUT)/tests/unit/test_%: $(OUT)/tests/unit/test_%.o $(UNIT_HELP) $(LIB_OBJS)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(UNIT_LDFLAGS) $^ $(LIBS) -lcmocka -o $@

# They make the n-th allocation fail.
$(OUT)/tests/unit/test_ledger $(OUT)/tests/unit/test_blocks: UNIT_LDFLAGS = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free

# It answers a system call in the kernel's place.
$(OUT)/tests/unit/test_return_probes: UNIT_LDFLAGS = -Wl,--wrap=syscall
# It makes a map refuse an entry.
$(OUT)/tests/unit/test_places: UNIT_LDFLAGS = -Wl,--wrap=bpf_map_update_elem

# Programs that are traced: no sanitizer, they must allocate as everybody does.
$(WORKLOADS): $(OUT)/%: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu11 $(WARN) -O1 -g -fno-builtin -D_GNU_SOURCE -pthread -MMD -MP $< -o $@ $(WORKLOAD_LIBS)

# It counts by BPF.
$(OUT)/tests/oracle/hits: $(OUT)/tests/oracle/hits.bpf.o
$(OUT)/tests/oracle/hits: WORKLOAD_LIBS := -lbpf

$(OUT)/tests/preload/lib%.so: tests/preload/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu11 $(WARN) -O2 -g -fno-builtin -D_GNU_SOURCE -fPIC -shared -MMD -MP $< -o $@ -ldl

# They find the library by where they are, and do on purpose what compilers warn of.
CALLS_WRONGLY := -Wno-alloc-size-larger-than -Wno-use-after-free -Wno-free-nonheap-object -Wno-deprecated-declarations
$(OUT)/tests/refmalloc/%: tests/refmalloc/%.c tests/refmalloc/test.h include/refmalloc.h $(REFMALLOC)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu11 $(WARN) $(CALLS_WRONGLY) -O1 -g -fno-builtin -D_GNU_SOURCE -Iinclude -pthread $< -o $@ \
		-L$(OUT) -Wl,-rpath,'$$ORIGIN/../..' -lrefmalloc

test-build: $(UNIT_BINS) $(WORKLOADS) $(PRELOADS) $(REFMALLOC_TESTS)

demo: ## the main job: sets up, builds, and shows it on this machine
	$(Q)scripts/deps.sh demo
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all test-build
	$(Q)scripts/demo.sh

check: ## every test: sets up, builds, and runs them
	$(Q)scripts/deps.sh check
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all test-build
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) OUT=$(OUT)/sanitizer SANITIZER=address,undefined all test-build
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) OUT=$(OUT)/arm64 ARCH=arm64 bpf
	$(Q)OUT=$(OUT) tests/run.sh $(TESTS)

# The program that is watched, and empty BPF programs to watch it with.
BENCH       := $(OUT)/tests/bench
BENCH_BINS  := $(BENCH)/watched/cost $(BENCH)/floor/floor
$(BENCH)/watched/cost: $(wildcard tests/bench/watched/*.c tests/bench/watched/*.h)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu11 $(WARN) -O1 -g -fno-builtin -D_GNU_SOURCE -pthread $(filter %.c,$^) -o $@

$(BENCH)/floor/floor.bpf.o: tests/bench/floor/floor.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF,$@)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MF $(@:.o=.d) -c $< -o $@

$(BENCH)/floor/floor.skel.h: $(BENCH)/floor/floor.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name floor_bpf > $@

$(BENCH)/floor/floor: tests/bench/floor/floor.c $(BENCH)/floor/floor.skel.h
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(CPPFLAGS_ALL) $< -lbpf -o $@

bench: ## what being watched costs, against the peers and the floor; QUICK=1 for a minute's worth
	$(Q)scripts/deps.sh bench
	$(Q)$(MAKE) --no-print-directory all test-build $(BENCH_BINS)
	$(Q)OUT=$(OUT) scripts/bench.sh $(GROUP)

bench-malloc: $(REFMALLOC) $(OUT)/tests/bench/patterns ## refmalloc against four other allocators, as ratios
	$(Q)scripts/bench-malloc.sh

FUZZERS := $(patsubst tests/fuzz/%.c,$(OUT)/fuzz/%,$(wildcard tests/fuzz/*.c))
$(OUT)/fuzz/%: tests/fuzz/%.c $(wildcard tests/fuzz/*.h tests/unit/ledger_*.[ch] user/*.[ch] user/model/*.[ch] user/kernel/*.[ch])
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(CLANG) -std=gnu11 -O1 -g -fsanitize=fuzzer,address,undefined $(CPPFLAGS_ALL) $< $(LIBS) -o $@

# Of many files, with names of their own in each.
FUZZED_OBJECT := user/alloc_fn.c $(addprefix user/kernel/,branches.c code.c course.c cut.c elf_file.c elf_segments.c \
	elf_symbols.c elf_unwind.c extent.c features.c graph.c insn_arm64.c insn_effect_x86.c insn_x86.c noreturn.c object.c placement.c return_probes.c stub.c uprobe.c usdt.c)
$(OUT)/fuzz/fuzz_object: tests/fuzz/fuzz_object.c $(FUZZED_OBJECT) $(wildcard user/*.h user/kernel/*.h)
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(CLANG) -std=gnu11 -O1 -g -fsanitize=fuzzer,address,undefined $(CPPFLAGS_ALL) $< $(FUZZED_OBJECT) $(LIBS) -o $@

# The allocator beside the sanitizer's own, by other names.
$(OUT)/fuzz/fuzz_refmalloc: tests/fuzz/fuzz_refmalloc.c $(wildcard user/refmalloc/*.[ch])
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(CLANG) -std=gnu11 -O1 -g -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude -fno-builtin \
		-include tests/refmalloc/renamed.h $< $(filter-out %/atfork.c,$(wildcard user/refmalloc/*.c)) -pthread -o $@

fuzz: $(FUZZERS) ## run each fuzzer for FUZZ_SECONDS (60)
	$(Q)for f in $(FUZZERS); do $$f -max_total_time=$(or $(FUZZ_SECONDS),60) || exit 1; done

install: $(OUT)/brkscope ## install under DESTDIR and PREFIX
	$(call say,INSTALL,$(DESTDIR)$(PREFIX)/bin/brkscope)
	$(Q)install -D -m 755 $(OUT)/brkscope $(DESTDIR)$(PREFIX)/bin/brkscope

uninstall:
	$(Q)rm -f $(DESTDIR)$(PREFIX)/bin/brkscope

format: ## format all C with clang-format
	$(Q)scripts/format.sh

clean: ## remove all that was built
	$(Q)rm -rf $(OUT) compile_commands.json

help: ## this
	@echo 'make [target] [V=1] [OUT=build] [SANITIZER=address,undefined] [ARCH=arm64]'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 14

-include $(BPF_OBJS:.o=.d) $(OBJS:.o=.d) $(REFMALLOC_OBJS:.o=.d) $(wildcard $(OUT)/tests/*/*.d)
