# The two most important commands are `make demo` and `make test`. Both set up what
# they need inside this folder, in `.local/` and `.tools/`.

CARGO_DENY = cargo-deny@0.20.2
# A changed pin installs the new version beside the old one.
DENY       = .tools/$(CARGO_DENY)/bin/cargo-deny
PYTHON    ?= python3
# Always --workspace: selecting packages changes the features of their common
# dependencies, and everything is compiled again.
CARGO_ALL  = --workspace --locked
SAM        = .local/venv/sam/bin

.DEFAULT_GOAL := help
.PHONY: help demo down test check fmt lint deny audit advisories pins template unit e2e chaos pictures build dist clean

help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: ## Run the main job on a local stack and show where each alert went
	@$(PYTHON) tests/local/demo.py

down: ## Stop the local stack of the demo and remove what it left
	@$(PYTHON) tests/local/stack.py down

test: fmt lint deny template unit e2e ## Everything that must hold: format, lints, licences, template, tests, deployed stack

check: fmt lint unit ## The fast part of `test`

fmt:
	cargo fmt --all --check

lint:
	cargo clippy $(CARGO_ALL) --all-targets -- --deny warnings

deny: $(DENY)
	$(DENY) --log-level error check bans licenses sources
	@mkdir -p .local
	@$(PYTHON) tests/local/test_advisories.py $(DENY) > .local/test_advisories.log 2>&1 || \
	  { cat .local/test_advisories.log; exit 1; }
	@$(PYTHON) tests/local/advisories.py --deny $(DENY) check

audit: $(DENY) ## Look every crate and Python tool up in the advisories of today (needs the network)
	@$(PYTHON) tests/local/advisories.py --deny $(DENY) now

# FROM=DIR takes a copy of the RustSec database, a git directory, and no network.
advisories: $(DENY) ## Write the snapshot of the advisories that `deny` checks against
	@$(PYTHON) tests/local/advisories.py --deny $(DENY) refresh $(if $(FROM),--from $(FROM))

# UPGRADE=1 also takes the newest version of every indirect package.
pins: ## Write the hashes of the Python tools, tests/local/requirements-*.txt
	@$(PYTHON) tests/local/pins.py $(if $(UPGRADE),--upgrade)

$(DENY):
	@echo "• install $(CARGO_DENY), once (a few minutes) …"
	cargo install --debug --locked --quiet --root .tools/$(CARGO_DENY) $(CARGO_DENY)

template: ## Check template.yaml
	@$(PYTHON) tests/local/stack.py tools
	$(SAM)/cfn-lint template.yaml
	SAM_CLI_TELEMETRY=0 $(SAM)/sam validate --lint --region us-east-1

unit:
	cargo test $(CARGO_ALL) --lib --bins --test it --test memory
	cargo test $(CARGO_ALL) --doc

# The script of the demo runs first: the tests use its destinations. The upgrade
# has a stack of its own. All stacks go down again, also after a failure.
e2e:
	@$(PYTHON) tests/local/stack.py down --name test
	@trap '$(PYTHON) tests/local/stack.py down --name test' EXIT; \
	$(PYTHON) tests/local/demo.py --name test --through-proxy --for-tests && \
	TOCSIN_TEST_STACK=test cargo test $(CARGO_ALL) --test drill && \
	TOCSIN_TEST_STACK=test cargo test $(CARGO_ALL) --test e2e -- --nocapture && \
	TOCSIN_TEST_STACK=test cargo test $(CARGO_ALL) --test chaos -- short
	$(PYTHON) tests/local/upgrade.py

# ONLY="text …" runs the faults whose names contain one of these. The stack stays
# up afterwards: `stack.py down --name chaos`.
chaos: ## Inject every fault, and show what each cost (about 20 minutes; STORM=10000 RATE=1 for 3 hours)
	@$(PYTHON) tests/local/stack.py down --name chaos
	$(PYTHON) tests/local/demo.py --name chaos --through-proxy --for-tests
	TOCSIN_TEST_STACK=chaos cargo test $(CARGO_ALL) --test chaos -- full $(ONLY)

# Not a part of `test`: it needs Node and Chromium, and a person who looks.
pictures: tests/pictures/node_modules/.package-lock.json ## Draw ten alerts as each vendor shows them, and docs/pictures
	@cd tests/pictures && node check.mjs && npm test --silent
	@rm -rf .local/pictures
	@echo "• build the messages …"
	@TOCSIN_MESSAGES=.local/pictures/messages cargo test $(CARGO_ALL) --quiet --test it messages::
	@echo "• draw them: about a minute …"
	@node tests/pictures/main.mjs .local/pictures/messages .local/pictures docs/pictures

tests/pictures/node_modules/.package-lock.json: tests/pictures/package-lock.json
	@command -v npm > /dev/null || { echo "✗ Node 20 or newer, with npm, is not installed"; exit 1; }
	@echo "• install what draws the messages, once …"
	@cd tests/pictures && npm ci --silent
	@touch $@

build: ## Build the functions for AWS with SAM
	SAM_CLI_TELEMETRY=0 sam build

dist: ## Pack the `tocsin` command for this kind of machine into dist/
	cargo build $(CARGO_ALL) --release --bin tocsin
	@set -e; \
	built="$$(cargo metadata --format-version 1 --no-deps --offline | \
	  $(PYTHON) -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/release/tocsin"; \
	name="tocsin-$$("$$built" --version | cut -d ' ' -f 2)-$$(rustc -vV | sed -n 's/^host: //p')"; \
	rm -rf "dist/$$name"; mkdir -p "dist/$$name/completions"; \
	cp "$$built" LICENSE docs/cli.md "dist/$$name"; \
	"$$built" man "dist/$$name/man"; \
	for shell in bash elvish fish powershell zsh; do \
	  "$$built" completions $$shell > "dist/$$name/completions/tocsin.$$shell"; \
	done; \
	tar -C dist --owner=0 --group=0 --numeric-owner -czf "dist/$$name.tar.gz" "$$name"; \
	cd dist && sha256sum "$$name.tar.gz" | tee "$$name.tar.gz.sha256"

clean: down ## Remove everything that was built or installed here
	cargo clean
	rm -rf .local .tools .aws-sam dist tests/pictures/node_modules
