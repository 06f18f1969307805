# gwcard: builds the card, checks it, boots it. `make help` lists the targets.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := image

OS ?= from-debian
OUT := out
TSX := node --import tsx

BUILD_PACKAGES := gcc gcc-multilib libc6-dev-i386 make bc flex bison perl libelf-dev libssl-dev dpkg-dev xz-utils lz4 cpio \
  debian-archive-keyring e2fsprogs mtools dosfstools gdisk grub-common grub-efi-ia32-bin binutils python3 rsync patch bzip2
TEST_PACKAGES := qemu-system-x86 qemu-utils qemu-user ovmf-ia32 mosquitto mosquitto-clients openssl socat bmap-tools tshark \
  clang libclang-rt-dev llvm cmake iproute2 shellcheck python3-magic
BENCH_PACKAGES := valgrind
# What Buildroot's manual asks for beyond that
BUILDROOT_PACKAGES := g++ unzip wget file git

ifeq ($(OS),buildroot)
BUILD_PACKAGES += $(BUILDROOT_PACKAGES)
os: bundle
endif

.PHONY: image all os app bundle buildroot payload test requirements isa run soak bench lint help clean
all: image

image: payload ## build the flashable card: out/card.img (the default)
	$(TSX) image/main.ts build --payload $(OUT)/payload --output $(OUT)/card.img

payload: os app ## what goes on the card: out/payload
	$(TSX) buildroot/payload.ts --os $(OUT)/os --app $(OUT)/app --output $(OUT)/payload

os: node_modules build-packages ## the operating system: out/os (OS=from-debian, or OS=buildroot BUILDROOT=<tree>)
	$(TSX) buildroot/$(OS)/main.ts --out $(OUT)/os

bundle: node_modules ## the gateway as one file, without bytecode: out/app/gateway.js
	$(TSX) app/bundle/main.ts --output $(OUT)/app

buildroot: node_modules ## fetch and check the Buildroot release that README names (RELEASE=lts or stable)
	$(TSX) buildroot/buildroot/download.ts $(if $(RELEASE),--release $(RELEASE))

app: node_modules os ## the gateway: one file, compiled to bytecode: out/app
	$(TSX) app/bundle/main.ts --os $(OUT)/os --output $(OUT)/app

test: lint image test-packages isa ## every test, QEMU included
	$(TSX) --test --test-concurrency=1 --test-reporter=spec $$(for room in unit runtime fuzz lab e2e; do find test/$$room -name '*.test.ts' | sort; done)

requirements: node_modules ## the table requirement → test out of the tests' titles: test/requirements/TABLE.md
	$(TSX) test/requirements/main.ts

isa: image ## disassemble everything on the card: only what a Quark X1000 can run
	$(TSX) buildroot/isa/main.ts --os $(OUT)/os --card $(OUT)/card.img

run: image test-packages ## boot the card in QEMU with a demo OPC UA server and broker, watch values arrive
	$(TSX) test/lab/run.ts $(RUN)

soak: image test-packages ## server and broker fail at random for MINUTES (120): every value accounted for, memory flat
	$(TSX) test/soak/main.ts --minutes $(or $(MINUTES),120) $(if $(SEED),--seed $(SEED))

bench: image test-packages bench-packages ## figures at Quark pace: a table and out/bench.json
	$(TSX) test/bench/main.ts

lint: node_modules ## formatting, lint rules, types
	npx --no-install biome check .
	npx --no-install tsc --noEmit

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

clean: ## remove build results, keep the caches
	rm -rf $(OUT)

.PHONY: build-packages test-packages bench-packages
build-packages:
	@buildroot/host-packages.sh $(BUILD_PACKAGES)
test-packages:
	@buildroot/host-packages.sh $(TEST_PACKAGES)
bench-packages:
	@buildroot/host-packages.sh $(BENCH_PACKAGES)

node_modules: package-lock.json
	@node -e 'const [major, minor] = process.versions.node.split(".").map(Number); if (major < 20 || (major === 20 && minor < 11)) { console.error("gwcard needs Node.js 20.11 or newer; this is " + process.version); process.exit(1); }'
	npm ci --no-audit --no-fund --loglevel=error
	@touch node_modules
