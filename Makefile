# SPDX-License-Identifier: Apache-2.0
# Two commands: `make run` and `make test`. Meson does the work (tools/build.sh); state of a run is in $(DIR).
DIR ?= run
CONF ?=
up = build/weir up --dir $(DIR) $(if $(CONF),--conf $(CONF))

.PHONY: help setup build run demo test verify bench fmt clean
help:
	@echo 'make run      install what is needed, build, start Weir, print its address'
	@echo 'make demo     the same, with the traffic of a made-up office'
	@echo 'make test     install what testing needs, build with sanitizers, run all tests'
	@echo 'make build    only install and build'
	@echo 'make verify   what takes longer: clang, TSan, fuzzing, a fresh Debian, benchmarks'
	@echo 'make bench    benchmarks; make fmt: format; make clean: remove what was built'
	@echo 'DIR=folder holds the state (default: run), CONF=file is the configuration (default: built in)'

setup:
	@tools/setup.sh run
build: setup
	@tools/build.sh release
run: build
	@exec $(up)
demo: build
	@exec tools/demo.sh $(up)
test:
	@tools/setup.sh test
	@tools/build.sh release tests
	@tools/build.sh asan
	@exec tools/test.py
verify:
	@tools/setup.sh test
	@exec tools/verify.sh
bench:
	@tools/setup.sh test
	@tools/build.sh release tests
	@python3 bench/collect.py
	@python3 bench/load.py
	@python3 bench/query.py
	@python3 bench/meter.py
fmt:
	@git ls-files -z '*.c' '*.h' | xargs -0 clang-format -i
clean:
	rm -rf build build-* web/dist
