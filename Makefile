.PHONY: demo test test-full lint setup layouts lock pictures clean
MAKEFLAGS += --no-print-directory
unexport PYTHONHOME PYTHONPATH

demo: setup  # the whole way on an invented town, into demo/
	.venv/bin/huyue demo

test: lint  # checks, then tests; they start many processes, each of which would compile the program anew
	.venv/bin/python -m compileall -q archive pipeline web tests
	.venv/bin/pytest

test-full: lint  # the same with every test in its long form
	HUYUE_FULL=1 .venv/bin/pytest

lint: setup
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

setup:  # installs what is missing; nothing, and offline, if all is there
	@bash .ci/setup.sh

layouts: setup  # the layouts that ship, anew: after a change of a stock template or of how layouts are made
	.venv/bin/python -m pipeline.make_shipped

pictures: setup  # the guide's pictures of the desk's pages, anew
	@[ -d demo ] || .venv/bin/huyue demo
	.venv/bin/python -m tests.web.make_pictures demo

lock:  # requirements.lock anew from pyproject.toml; keeps versions (UPGRADE=--upgrade lifts them)
	folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && python3.11 -m venv "$$folder" && \
	"$$folder/bin/pip" install -q pip-tools && "$$folder/bin/pip-compile" -q $(UPGRADE) --all-extras \
		--generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header \
		--strip-extras --allow-unsafe pyproject.toml -o requirements.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
