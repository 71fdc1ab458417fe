# SPDX-License-Identifier: Apache-2.0
#
#   make              the library and the program               (build/dev/weir)
#   make demo         install what is missing, build, show the main job
#   make test         everything that can be checked; ends in N passed, M failed
#
#   make deps         the Debian packages and kernel settings that are missing
#   make check        unit tests, saved fuzz inputs, the building's rules
#   make SAN=address,undefined check | SAN=thread check      with sanitizers
#   make e2e          real programs in real namespaces, E2E="tcp dns" or all
#   make fuzz-NAME    fuzz one target for T seconds (clang), T=60
#   make lint         clang-format, clang-tidy, cppcheck, -fanalyzer, man pages
#   make bench        side by side with other tools, ROWS="dns start"
#   make release      hardened, -O2                         (build/release/weir)
#   make install      DESTDIR, prefix
#
# One test alone:  make build/dev/tests/unit/packet/test_ipv4.ok

ifeq ($(origin CC),default)
CC := gcc
endif
comma  := ,
MODE   ?= dev
SAN    ?=
T      ?= 60
SUFFIX := $(if $(filter gcc cc,$(notdir $(CC))),,-$(notdir $(CC)))
B      := build/$(MODE)$(SUFFIX)$(if $(SAN),-$(subst $(comma),-,$(SAN)))
prefix ?= /usr/local
libdir ?= $(prefix)/lib
version := $(shell sed -n 's/.*WEIR_VERSION "\(.*\)"/\1/p' lib/base/version.h)
soname  := libweir.so.$(firstword $(subst ., ,$(version)))
clang  := $(findstring clang,$(CC))
arch   := $(shell uname -m)

# --- how things are compiled -------------------------------------------------

PKGS := libseccomp jansson libcyaml yaml-0.1 libidn2 libpsl openssl \
	libnghttp2
LIBS := -Wl,--as-needed $(shell pkg-config --libs $(PKGS) 2>/dev/null)
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
	-Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual \
	-Wwrite-strings -Wvla -Wundef -Wformat=2 -Wimplicit-fallthrough \
	-Wnull-dereference -Wdouble-promotion -Wswitch-enum
HARD := -fstack-protector-strong -fstack-clash-protection \
	-D_FORTIFY_SOURCE=2 \
	$(if $(filter x86_64,$(arch)),-fcf-protection) \
	$(if $(filter aarch64,$(arch)),-mbranch-protection=standard)
LTO  := $(if $(clang),,-flto=auto -ffat-lto-objects)

# gcc 12 gives false warnings under -fsanitize=undefined, so a sanitized build
# is without these and does not stop on any; the plain build always does.
QUIET := -Wno-conversion -Wno-sign-conversion -Wno-null-dereference
OPT.dev       := -Og -g $(if $(SAN),,-Werror)
OPT.release   := -O2 -g $(HARD) $(LTO)
LINK.dev      :=
LINK.release  := -pie -Wl,-z,relro,-z,now,-z,noexecstack
CFLAGS        ?= $(OPT.$(MODE))
LDFLAGS       ?= $(LINK.$(MODE))
# position-independent: the same objects are in the program and in libweir.so
ALL := -std=c11 -D_GNU_SOURCE -Ilib -I. -Iinclude -isystem /usr/share/include \
	-fvisibility=hidden -fPIC \
	$(WARN) \
	$(if $(SAN),$(QUIET) -fsanitize=$(SAN) -fno-sanitize-recover=all \
	-fno-omit-frame-pointer)
COMPILE := $(CC) $(ALL) $(CFLAGS) $(CPPFLAGS)

# --- what there is -----------------------------------------------------------

obj    = $(patsubst %.c,$(B)/%.o,$(1))
LIB   := $(wildcard lib/*/*.c)
CMD   := $(wildcard cmd/*.c)
TESTS := $(wildcard tests/unit/*/test_*.c)
FUZZ  := $(wildcard fuzz/fuzz_*.c)
# what stands beside the tests and the fuzz targets and is no test itself
HELP  := $(filter-out $(TESTS),$(wildcard tests/unit/*/*.c))
FHELP := $(filter-out $(FUZZ) fuzz/replay.c,$(wildcard fuzz/*.c))
# small programs, one file each, that know nothing of Weir (but two, below):
# for e2e and bench
TOOL  := $(wildcard tests/e2e/*.c tests/bench/*.c)
TBIN  := $(TESTS:%.c=$(B)/%)
FBIN  := $(FUZZ:%.c=$(B)/%)
TOOLS := $(TOOL:%.c=$(B)/%)
OBJ   := $(call obj,$(LIB) $(CMD) $(TESTS) $(HELP) $(FUZZ) $(FHELP) \
	$(TOOL) fuzz/replay.c)

EXAMPLE := $(patsubst %.c,$(B)/%,$(wildcard examples/*.c))
# one has a folder of its own, and needs what not everybody has
ifneq ($(shell pkg-config --exists lwip && echo yes),yes)
NO_LWIP := $(filter %/lwip,$(EXAMPLE))
EXAMPLE := $(filter-out %/lwip,$(EXAMPLE))
endif

all: $(B)/libweir.a $(B)/libweir.so $(B)/weir.pc $(if $(CMD),$(B)/weir)

# llhttp as Debian has it: C that a program wrote, so without our warnings.
# Strict: it wants CRLF, and no spaces where there should be none
LLHTTP := $(patsubst %,$(B)/llhttp/%.o,llhttp http api)
$(LLHTTP): $(B)/llhttp/%.o: /usr/share/llhttp/%.c $(B)/line
	@mkdir -p $(@D); echo "  CC    $<"
	@$(CC) -std=c11 -O2 -g -w $(if $(filter release,$(MODE)),$(HARD)) -fPIC \
		-fvisibility=hidden -DLLHTTP_STRICT_MODE=1 \
		-I/usr/share/include/llhttp -c $< -o $@
/usr/share/llhttp/%.c:
	@echo "node-llhttp cannot be found: run make deps"; exit 1
$(B)/lib/proxy.a: $(LLHTTP)

$(B)/libweir.a: $(call obj,$(LIB)) $(LLHTTP)
$(B)/libfuzz.a: $(call obj,$(FHELP))
$(B)/%.a:
	@mkdir -p $(@D); rm -f $@; $(AR) rcs $@ $^
	@echo "  AR    $@"

# A test of a floor is linked with that floor, those below it, and what stands
# beside the test: it works while a higher floor is being rebuilt.
FLOORS := $(shell sed -n 's/:.*//p' lib/FLOORS | grep -vx -e pure -e '\#.*')
direct  = $(shell sed -n 's/^$(1)://p' lib/FLOORS)
below   = $(sort $(call direct,$(1)) $(foreach b,$(call direct,$(1)),$(call direct,$(b))))
define floor
$(B)/lib/$(1).a: $(call obj,$(wildcard lib/$(1)/*.c))
$(B)/tests/unit/$(1).a: $(call obj,$(filter tests/unit/$(1)/%,$(HELP)))
$(filter $(B)/tests/unit/$(1)/%,$(TBIN)): $(B)/tests/unit/$(1).a \
	$(patsubst %,$(B)/lib/%.a,$(1) $(call below,$(1)))
endef
$(foreach f,$(FLOORS),$(eval $(call floor,$(f))))

# the compile line is a file: when it changes everything is built again
$(B)/line: FORCE
	@pkg-config --exists $(PKGS) || \
		{ echo "$(PKGS) cannot be found: run make deps"; exit 1; }
	@mkdir -p $(@D)
	@echo '$(COMPILE) $(LDFLAGS)' | cmp -s - $@ || \
		echo '$(COMPILE) $(LDFLAGS)' >$@
$(OBJ): $(B)/%.o: %.c $(B)/line
	@mkdir -p $(@D); echo "  CC    $<"
	@$(COMPILE) -MMD -MP -c $< -o $@

link = $(COMPILE) $(LDFLAGS) $(filter %.o,$^) -Wl,--start-group \
	$(filter %.a,$^) -Wl,--end-group $(1) $(LIBS) -pthread -o $@
$(B)/weir: $(call obj,$(CMD)) $(B)/libweir.a
	@$(call link); echo "  LINK  $@"
$(TBIN): $(B)/%: $(B)/%.o
	@$(call link,-lcmocka)
$(FBIN): $(B)/%: $(B)/%.o $(B)/fuzz/replay.o $(B)/libfuzz.a $(B)/libweir.a
	@$(call link)
$(TOOLS): $(B)/%: $(B)/%.o
	@$(call link)
# those that hold frames, or show certificates, themselves
$(B)/tests/bench/ring $(B)/tests/e2e/leafd: $(B)/libweir.a

# --- the library, as other programs see it -----------------------------------

# what is exported is what include/weir.h declares
$(B)/weir.map: include/weir.h scripts/exports
	@mkdir -p $(@D); scripts/exports map $(CC) $< >$@
$(B)/libweir.so: $(B)/libweir.a $(B)/weir.map
	@$(COMPILE) $(filter-out -pie,$(LDFLAGS)) -shared -Wl,-soname,$(soname) \
		-Wl,--version-script=$(B)/weir.map -Wl,-z,defs \
		-Wl,--whole-archive $< -Wl,--no-whole-archive $(LIBS) -pthread -o $@
	@ln -sf libweir.so $(B)/$(soname)
	@echo "  LINK  $@"
$(B)/weir.pc: FORCE # its prefix is the one of this call
	@mkdir -p $(@D)
	@{ echo 'prefix=$(prefix)'; echo 'libdir=$(libdir)'; \
	echo 'includedir=$${prefix}/include'; echo; \
	echo 'Name: weir'; echo 'Description: the network of a sandbox'; \
	echo 'Version: $(version)'; echo 'Libs: -L$${libdir} -lweir'; \
	echo 'Libs.private: -pthread'; echo 'Requires.private: $(PKGS)'; \
	echo 'Cflags: -I$${includedir}'; } >$@

# built as outside: the header and the shared library, nothing of lib/
$(B)/examples/lwip: $(wildcard examples/lwip/*.[ch])
$(B)/examples/lwip: ALSO = $(wildcard examples/lwip/*.c) \
	$(subst -I,-isystem ,$(shell pkg-config --cflags --libs lwip))
$(EXAMPLE): $(B)/examples/%: examples/%.c $(B)/libweir.so include/weir.h
	@mkdir -p $(@D)
	@$(CC) -std=c11 -Wall -Wextra -O2 $(if $(SAN),-g -fsanitize=$(SAN),-Werror) \
		-Iinclude $< $(ALSO) -L$(B) -lweir -pthread \
		-Wl,-rpath,'$$ORIGIN/..' -o $@
	@echo "  LINK  $@"
examples: $(EXAMPLE)
	@$(if $(NO_LWIP),echo "  SKIP  $(NO_LWIP): liblwip-dev is not installed")

# --- check -------------------------------------------------------------------
# A passed test is a file: it runs again only when something it is made of has
# changed.  Beside it lie its words (.log) and its count (.tally).

RULES := floors purity names shape headers limits cases exports embed
$(TBIN:=.ok): $(B)/%.ok: $(B)/%
	@scripts/tally run $(basename $@) timeout 300 scripts/steady $<
	@touch $@
.SECONDEXPANSION:
$(FBIN:=.ok): $(B)/fuzz/fuzz_%.ok: $(B)/fuzz/fuzz_% \
		$$(wildcard fuzz/corpus/$$*/*)
	@scripts/tally run $(basename $@) timeout 300 scripts/steady $< \
		$(wildcard fuzz/corpus/$*)
	@touch $@

RULE.floors  = scripts/floors lib/FLOORS
RULE.purity  = scripts/purity lib/FLOORS $(B)
RULE.names   = scripts/names $(B)
RULE.shape   = scripts/shape 70 800
RULE.headers = scripts/headers $(CC) $(ALL)
RULE.limits  = scripts/limits lib/base/limits.h doc/limits.md
RULE.cases   = scripts/cases tests/cases ../shared/spec/cases
RULE.exports = scripts/exports check $(B)/libweir.so $(B)/weir.map
RULE.embed   = scripts/embed $(B)
$(B)/rule/purity.ok $(B)/rule/names.ok: $(B)/libweir.a
$(B)/rule/exports.ok $(B)/rule/embed.ok: $(B)/libweir.so
$(RULES:%=$(B)/rule/%.ok): $(B)/rule/%.ok: FORCE
	@scripts/tally run $(basename $@) $(RULE.$*)
	@touch $@
rules: $(RULES:%=$(B)/rule/%.ok)

# the rules look at sources and plain objects: once, without sanitizers
DONE := $(TBIN:=.ok) $(FBIN:=.ok) $(if $(SAN),,$(RULES:%=$(B)/rule/%.ok))
each-check: all $(DONE)
check:
	@$(MAKE) --no-print-directory -k each-check; s=$$?; \
		scripts/tally sum $(B)/check $$s $(DONE:.ok=)

e2e: all examples $(filter $(B)/tests/e2e/%,$(TOOLS))
	@scripts/e2e $(B) $(E2E)
bench-tools: all $(filter $(B)/tests/bench/%,$(TOOLS))
bench:
	@scripts/deps build bench
	@$(MAKE) --no-print-directory MODE=release bench-tools
	@WEIR=$(CURDIR)/build/release/weir TOOLS=$(CURDIR)/build/release/tests/bench \
		tests/bench/run $(ROWS)
deps:
	@scripts/deps build demo test
demo:
	@scripts/deps build demo
	@$(MAKE) --no-print-directory MODE=release all
	@scripts/demo build/release/weir
test:
	@scripts/deps build demo test
	@scripts/deps vm || echo 'no virtual machines here: their test is skipped'
	+@scripts/test

# --- fuzz and lint -----------------------------------------------------------

# New inputs gather in build/fuzz/NAME.new; those worth keeping are moved to
# fuzz/corpus/NAME by hand and replayed by `make check` from then on.
# a target may bring twins of rooms (fuzz_engine): the first definition counts
fuzz-%: FORCE $(LLHTTP)
	@scripts/deps build fuzz
	@mkdir -p build/fuzz/$*.new fuzz/corpus/$*
	clang $(ALL) -O1 -g -fsanitize=fuzzer,address,undefined \
		-Wl,-z,muldefs \
		fuzz/fuzz_$*.c $(FHELP) $(LIB) $(LLHTTP) $(LIBS) -o build/fuzz/$*
	ASAN_OPTIONS=detect_odr_violation=0 build/fuzz/$* -max_total_time=$(T) -timeout=5 \
		-artifact_prefix=build/fuzz/$*- build/fuzz/$*.new fuzz/corpus/$*

SRC := $(LIB) $(CMD)
EACH := $(SRC) $(TESTS) $(HELP) $(FUZZ) $(FHELP) $(TOOL) fuzz/replay.c
lint: compile_commands.json
	@scripts/deps build lint
	@scripts/lint '$(ALL)' $(SRC) -- $(EACH) \
		$(wildcard lib/*/*.h cmd/*.h tests/*/*.h tests/*/*/*.h fuzz/*.h \
		examples/*.c examples/*/*.[ch])
compile_commands.json: Makefile $(EACH)
	@{ echo '['; s=; for f in $(EACH); do \
	printf '%s{"directory":"%s","file":"%s","command":"cc %s -c %s"}\n' \
	"$$s" '$(CURDIR)' $$f '$(ALL)' $$f; s=,; done; echo ']'; } >$@

# --- deliver -----------------------------------------------------------------

release:
	@$(MAKE) --no-print-directory MODE=release all
install: release
	install -D -m 755 build/release/weir $(DESTDIR)$(prefix)/bin/weir
	install -D -m 644 include/weir.h $(DESTDIR)$(prefix)/include/weir.h
	install -d $(DESTDIR)$(libdir)/pkgconfig
	install -m 644 build/release/weir.pc $(DESTDIR)$(libdir)/pkgconfig/
	install -m 644 build/release/libweir.a $(DESTDIR)$(libdir)/
	install -m 755 build/release/libweir.so \
		$(DESTDIR)$(libdir)/libweir.so.$(version)
	ln -sf libweir.so.$(version) $(DESTDIR)$(libdir)/$(soname)
	ln -sf $(soname) $(DESTDIR)$(libdir)/libweir.so
	for n in 1 5 7; do \
		install -d $(DESTDIR)$(prefix)/share/man/man$$n && \
		install -m 644 man/*.$$n $(DESTDIR)$(prefix)/share/man/man$$n || \
		exit 1; done
clean:
	rm -rf build compile_commands.json

FORCE:
.PHONY: all examples check each-check rules e2e bench bench-tools deps demo test lint release \
	install clean FORCE
.DELETE_ON_ERROR:
.PRECIOUS: $(B)/%.o
-include $(OBJ:.o=.d)
