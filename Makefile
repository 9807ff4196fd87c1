# icetop: `make run` shows this machine live, `make test` checks everything; both first set up what is missing.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

# bcc comes from the distribution and serves the distribution's python3 only, wherever `python3` points.
PYTHON := $(if $(filter Linux,$(shell uname -s)),/usr/bin/python3,python3)
# A new python3, or a folder that moved, asks for a new environment.
KEY := $(shell $(PYTHON) -Ic 'import os, sys, zlib; print("%d.%d-%x" % (*sys.version_info[:2], zlib.crc32(os.getcwd().encode())))')
ifeq ($(KEY),)
$(error $(PYTHON) does not run: install python3, 3.10 or newer)
endif
MADE := .venv/.made-$(KEY)
READY := .venv/.ready-$(KEY)
READY_TO_TEST := .venv/.ready-to-test-$(KEY)
PIP := .venv/bin/python -m pip --disable-pip-version-check --quiet install

# $$root, put before a command, makes it root's: with sudo, which may ask for a password only where there is a terminal.
define find_root
	root=
	if [ "$$(id -u)" != 0 ] && command -v sudo >/dev/null; then
	  if sudo -n true 2>/dev/null; then root='sudo -n'; elif [ -t 0 ]; then root=sudo; fi
	fi
endef
TERMINAL := env TERM="$$TERM" $${COLORTERM+COLORTERM="$$COLORTERM"} $${NO_COLOR+NO_COLOR="$$NO_COLOR"}

.PHONY: help setup setup-test packages test-packages run demo test lint soak bench pictures sample clean

help:
	@printf '%s\n' 'make run     icetop live (or a sample recording where eBPF is not permitted)' \
	  'make demo    a slow search in PostgreSQL, and what an index makes of it, watched by icetop' \
	  'make test    style, types, layers and tests' \
	  'make soak    the long tests' \
	  'make bench   the figures of the README' \
	  'make sample  record the sample anew that is shown where eBPF is not permitted' \
	  'make pictures   those of the README' \
	  'make setup   only what run needs: packages, .venv, .venv/bin/icetop' \
	  'make clean   remove .venv and caches'

setup: packages $(READY)

setup-test: packages test-packages $(READY_TO_TEST)

# $(call install,WHAT FOR,PACKAGES): only what is named, without questions; tells when this user may not.
define install
	$(find_root)
	if ! command -v apt-get >/dev/null || { [ "$$(id -u)" != 0 ] && [ -z "$$root" ]; }; then
	  echo "icetop: missing for $(1):$(2). Not installed: this needs apt-get and root or sudo." >&2
	else
	  echo "icetop: installing for $(1):$(2)"
	  apt() { $$root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a "$$@" </dev/null; }
	  apt dpkg --configure -a
	  apt apt-get -qq -o DPkg::Lock::Timeout=300 update || echo 'icetop: apt-get update failed; trying all the same' >&2
	  apt apt-get -qq -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install --no-install-recommends $(2) >/dev/null ||
	    echo "icetop: apt-get could not install$(2); going on without" >&2
	fi
endef

.ONESHELL:

packages:
	@[ "$$(uname -s)" = Linux ] || exit 0
	missing=$$($(PYTHON) -Ic 'from importlib.util import find_spec as has
	for module, package in ("bcc", "python3-bpfcc"), ("ensurepip", "python3-venv"): has(module) or print("", package, end="")')
	if [ -n "$$missing" ]; then
	$(call install,live sampling and .venv,$$missing)
	fi
	$(PYTHON) -Ic 'import ensurepip' 2>/dev/null || { echo "icetop: $(PYTHON) cannot make .venv without python3-venv" >&2; exit 1; }

test-packages:
	@[ "$$(uname -s)" = Linux ] || exit 0
	missing=$$(for program in g++ tmux; do command -v $$program >/dev/null || printf ' %s' $$program; done)
	if [ -n "$$missing" ]; then
	$(call install,the test programs,$$missing)
	fi

$(MADE):
	@echo 'icetop: making .venv on $(PYTHON)'
	$(PYTHON) -m venv --clear --system-site-packages .venv
	touch $@

$(READY): pyproject.toml | $(MADE)
	@echo 'icetop: installing icetop into .venv'
	$(PIP) --editable .
	.venv/bin/python -m compileall -q -x '/(\.venv|\.git|tests|benchmarks)/' .
	touch $@

$(READY_TO_TEST): pyproject.toml | $(MADE)
	@echo 'icetop: installing icetop and its tests into .venv'
	$(PIP) --editable '.[dev]'
	touch $(READY) $@

run: setup
	@$(find_root)
	if $$root .venv/bin/python -m icetop.sampler.doctor; then exec $$root $(TERMINAL) .venv/bin/icetop $(ARGS); fi
	exec .venv/bin/icetop open snapshots/sample.pb.gz

# With a terminal icetop is open meanwhile; q leads on to the figures.
demo: setup
	@$(find_root)
	live=--live
	[ -t 0 ] && [ -t 1 ] || live=
	exec $$root $(TERMINAL) ICETOP="$$PWD/.venv/bin/python -m icetop" tests/programs/demo/run.sh \
	  /srv/shop/venv/bin/python tests/programs/demo/scenario.py $$live $(ARGS) demo.pb.gz

lint: setup-test
	@.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

# Whole recordings are taken one at a time; all other tests share the CPUs, those that sample among themselves. Those that
# sample nothing often wait for screens and disks: one at a time more than there are CPUs keeps these busy.
define ALL_PASSES
passed=true
	tests -m 'not bpf and not soak' -n $$(($$(getconf _NPROCESSORS_ONLN) + 1)) --maxprocesses 4 || passed=false
	tests -m 'bpf and not soak' -n logical --maxprocesses 2 --ignore tests/whole || passed=false
	tests -m 'bpf and not soak' tests/whole || passed=false
	$$passed
endef

test: lint
	@root=
	if [ "$${ICETOP_REQUIRE_BPF:-}" = 1 ]; then
	$(find_root)
	fi
	tests() {
	$$root env ICETOP_REQUIRE_BPF="$${ICETOP_REQUIRE_BPF:-}" PATH="$$PATH" $${root:+PYTHONDONTWRITEBYTECODE=1} \
	  .venv/bin/python -m pytest $${root:+-p no:cacheprovider} "$$@"
	}
	$(if $(ARGS),tests $(ARGS),$(ALL_PASSES))

soak: setup-test
	@.venv/bin/python -m pytest -m soak --durations 0 --durations-min 10 $(ARGS)

bench: setup-test
	@for script in benchmarks/[!_]*.py; do .venv/bin/python "$$script"; done

pictures: setup-test
	@$(find_root)
	exec $$root env PATH="$$PATH" .venv/bin/python docs/pictures.py

sample: setup
	@$(find_root)
	exec $$root env PATH="$$PATH" ALONE=1 .venv/bin/python tests/programs/demo/record_sample.py snapshots/sample.pb.gz

clean:
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
