# The first command on a fresh machine is `make up`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Options for the program that is run, as in: make up ARGS="--port 0"
ARGS ?=

.PHONY: up openstack test conformance bench bench-nova clean

up: $(VENV)/embedded.stamp
	@exec $(BIN)/registry-glance up $(ARGS)

# The same with Nova, which boots containers on the machine's Docker Engine.
openstack: $(VENV)/openstack.stamp
	@tests/install-system-packages.sh mariadb-server rabbitmq-server
	@exec $(BIN)/registry-glance up --nova $(ARGS)

# tox: lint, types and all tests. `make test ARGS="-e unit"` runs a part.
test:
	@PYTHON=$(PYTHON) tests/run.sh $(ARGS)

# The OCI's own program; its reports go to results/conformance.
conformance:
	@PYTHON=$(PYTHON) tests/conformance/run.sh $(ARGS)

bench: $(VENV)/embedded.stamp
	$(BIN)/python -m bench $(ARGS)

# Servers booted with our driver beside Nova's own fake one; as root, for a Docker Engine.
bench-nova: $(VENV)/openstack.stamp
	@tests/install-system-packages.sh mariadb-server rabbitmq-server docker.io docker-cli \
	  busybox-static
	$(BIN)/python -m bench.nova $(ARGS)

# Your images are in var/, which stays.
clean:
	-@test ! -x $(BIN)/registry-glance || $(BIN)/registry-glance down
	rm -rf $(VENV) .tools .tox .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info results

$(VENV)/%.stamp: setup.py pyproject.toml | $(BIN)/pip
	@echo "installing registry-glance[$*] into $(VENV), this takes a minute or two"
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@

# Debian's python3 comes without venv and pip.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "registry-glance needs Python 3.11 or newer: make PYTHON=python3.x" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
	    echo "installing the package python3-venv"; \
	    apt-get -qq update && apt-get -qq install --yes --no-install-recommends python3-venv >/dev/null; \
	  else \
	    echo "venv is missing; run: sudo apt-get install python3-venv" >&2; exit 1; \
	  fi
	@$(PYTHON) -m venv $(VENV)
