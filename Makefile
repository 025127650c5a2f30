# The commands that CONTRIBUTING.md names. Each installs the Python packages that it needs into .venv.

PYTHON ?= python3
PORT ?= 8000
PROCESSES ?= auto
# Compiled tests are stored whatever the environment says: compiling them anew takes each process 6 seconds.
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(PROCESSES) --maxprocesses 4 --dist worksteal
BIN = .venv/bin
DEMO = KAJOOM_DEMO=1

.PHONY: run setup test test-fast check bench bench-peer bench-radio storm fuzz mutants journey sixty-days engines words lock clean

run: .venv/installed instance/loaded
	@echo
	@echo "  Kajoom: http://127.0.0.1:$(PORT)"
	@echo "  fr@example.com, en@example.com or staff@example.com, password kajoom-demonstration"
	@echo
	@KAJOOM_BASE_URL="$${KAJOOM_BASE_URL:-http://127.0.0.1:$(PORT)}" $(DEMO) exec $(BIN)/gunicorn --bind 127.0.0.1:$(PORT) --log-level warning "app:create_app()"

# Compiled here, as the user who runs a server or a command often may not write beside the sources.
setup: .venv/installed
	@$(BIN)/python -m compileall -q app.py kajoom migrations
	@$(BIN)/flask words compile

test: .venv/tested
	@.ci/tools
	@$(PYTEST)

# Without PostgreSQL, browser, process kills and what is slow. PROCESSES is how many processes run tests.
test-fast: .venv/tested
	@$(PYTEST) -m "not (postgres or browser or chaos or slow)"

check: .venv/tested
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo --no-cache
	@$(BIN)/flask words compile
	@$(BIN)/python -m pytest tests/architecture

# Four minutes; prints nothing where other programs use the processors. Fewer rounds: make bench BENCH="--rounds 3"
bench: .venv/tested
	@.ci/tools
	@$(BIN)/flask words compile
	@$(BIN)/python -m tests.bench $(BENCH)

# The same for django-plans, which is installed in an environment of its own (docs/performance.md). Not part of CI.
bench-peer: .venv/tested .venv/peer/installed
	@.ci/tools
	@$(BIN)/flask words compile
	@$(BIN)/python -m tests.bench --peer $(BENCH)

# The time from the press of a radio to the painted price, in Chromium.
bench-radio: .venv/tested
	@.ci/tools
	@$(BIN)/flask words compile
	@$(BIN)/python -m tests.bench.radio $(BENCH)

# The large storm of docs/reliability.md; for a small one: make storm STORM="--changes 100 --kills 10 --on sqlite"
storm: .venv/tested
	@.ci/tools
	@$(BIN)/flask words compile
	@$(BIN)/python -m tests.chaos $(STORM)

# The large fuzz of docs/security.md; for a small one: make fuzz FUZZ="--cases 1000 --on SQLite"
fuzz: .venv/tested
	@.ci/tools
	@$(BIN)/flask words compile
	@$(BIN)/python -m tests.chaos.fuzz $(FUZZ)

# Mutation testing of kajoom/domain; of some modules only: make mutants MODULES="money tax"
mutants: .venv/tested
	@$(BIN)/python -m tests.mutants $(MODULES)

# Follows a plan change in Chromium, from the product page to the order, and retakes the pictures of docs/images.
journey: .venv/tested
	@.ci/tools
	@$(BIN)/flask words compile
	@$(BIN)/python -m tests.browser.screenshots

# Sixty days of a host, compared with an oracle; for fewer: make sixty-days DAYS="--days 20 --seeds 7 --on postgresql"
sixty-days: .venv/tested
	@.ci/tools
	@$(BIN)/flask words compile
	@$(BIN)/python -m tests.journeys $(DAYS)

# Follows a plan change in Firefox and WebKit, with screenshots in instance/engines (docs/browsers.md). Not part of CI.
engines: .venv/tested
	@tests/engines/tools
	@$(BIN)/flask words compile
	@PYTHONPATH=.venv/engines $(BIN)/python -m tests.engines

words: .venv/tested
	@$(BIN)/flask words update
	@$(BIN)/flask words compile

lock: .venv/tested
	@for name in requirements requirements-dev tests/engines/requirements tests/bench/peer/requirements; do \
		$(BIN)/pip-compile --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe --no-header \
			--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --output-file $$name.txt $$name.in; \
	done

clean:
	rm -rf .venv instance

# The demonstration is loaded once, and the tables brought up to date when a revision or its files are newer.
instance/loaded: .venv/installed $(wildcard migrations/versions/*.py) $(wildcard demo/*)
	@$(DEMO) $(BIN)/flask demo load
	@mkdir -p instance && touch $@
ifdef KAJOOM_DATABASE_URL
.PHONY: instance/loaded
endif

.venv/installed: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/peer/installed: tests/bench/peer/requirements.txt
	@test -x .venv/peer/bin/python || $(PYTHON) -m venv .venv/peer
	@.venv/peer/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/bench/peer/requirements.txt
	@touch $@

.venv/tested: .venv/installed requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
