"""Databases as search engines, for benchmarks/search.py: the same documents, totals, first hits and facets.

FTS5          SQLite's FTS5 with every ideograph a word of its own (unicode61), ranked by BM25
FTS5 trigram  SQLite's FTS5 with trigrams; terms under three characters, which it cannot look up, by looking through
PostgreSQL    text LIKE '%…%' with a GIN index of trigrams (pg_trgm), in the order of the numbers

PostgreSQL's server is Debian's. It is started in the scratch folder, as a user without rights where root runs this, on
a socket and no port, and is spoken to by one psql that stays open.
"""

import contextlib
import os
import pwd
import shutil
import sqlite3
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from archive.index.engine import COUNTED, Document
from archive.index.query import parse
from archive.index.words import fold

PAGE = 20
COLUMNS = ("number", *COUNTED)


class Fts5:
    """Every ideograph apart."""

    tokenizer, least = "unicode61", 1  # characters of a term that it can look up

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._base = sqlite3.connect(folder / "fts.db")
        columns = ", ".join(f"{name} UNINDEXED" for name in COLUMNS)
        self._base.execute(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS page USING fts5({columns}, text, tokenize = '{self.tokenizer}')"
        )
        self._base.execute("CREATE TABLE IF NOT EXISTS place (number TEXT PRIMARY KEY, at INTEGER)")

    def build(self, documents: Iterable[Document]) -> None:
        with self._base:
            for one in documents:
                known = self._base.execute("SELECT at FROM place WHERE number = ?", [one.number]).fetchone()
                if known:
                    self._base.execute("DELETE FROM page WHERE rowid = ?", known)
                row = self._base.execute(
                    f"INSERT INTO page VALUES ({', '.join('?' * (len(COLUMNS) + 1))})",  # noqa: S608
                    [*values(one), self.indexed(text_of(one))],
                )
                self._base.execute("INSERT OR REPLACE INTO place VALUES (?, ?)", [one.number, row.lastrowid])

    def answer(self, typed: str) -> int:
        where, given = self._where([self.indexed(term) for term in terms_of(typed)])
        order = "ORDER BY rank" if "MATCH" in where else "ORDER BY number"
        self._base.execute(f"SELECT number FROM page {where} {order} LIMIT {PAGE}", given).fetchall()  # noqa: S608
        total = 0
        for name in COUNTED:
            query = f"SELECT {name}, count(*) FROM page {where} GROUP BY 1"  # noqa: S608
            total = sum(count for _, count in self._base.execute(query, given))
        return total

    def beside(self) -> int:
        return 0

    def close(self) -> None:
        self._base.close()

    def indexed(self, text: str) -> str:
        return "".join(f" {letter} " if ord(letter) > 0x2E80 else letter for letter in fold(text))

    def _where(self, terms: Sequence[str]) -> tuple[str, list[str]]:
        terms = [term.strip().replace('"', "") for term in terms]
        long = " ".join(f'"{term}"' for term in terms if len(term) >= self.least)
        short = [term for term in terms if 0 < len(term) < self.least]
        every = [*(["page MATCH ?"] if long else []), *["instr(text, ?)" for _ in short]]
        return (f"WHERE {' AND '.join(every)}" if every else "", [*([long] if long else []), *short])


class Trigram(Fts5):
    """Every three characters a token."""

    tokenizer, least = "trigram", 3

    def indexed(self, text: str) -> str:
        return fold(text)


class PostgreSql:
    """A server of its own, gone with `close`."""

    END = "-- answered"

    def __init__(self, folder: Path) -> None:
        self._folder, self._user = folder, _unprivileged()
        new = not folder.exists()
        if new:
            folder.mkdir()
            if self._user:
                shutil.chown(folder, self._user)
            self._run(
                "initdb",
                "-D",
                folder / "data",
                "--locale=C.UTF-8",
                "-E",
                "UTF8",
                "-U",
                "bench",
                "-A",
                "trust",
            )
        options = f"-k {folder} -c listen_addresses='' -c shared_buffers=1GB -c maintenance_work_mem=512MB"
        self._run("pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log", "-o", options, "start")
        self._psql = subprocess.Popen(
            [
                _program("psql"),
                "-h",
                folder,
                "-U",
                "bench",
                "-d",
                "postgres",
                "-XqAt",
                "-v",
                "ON_ERROR_STOP=1",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        if self._psql.stdin is None or self._psql.stdout is None:
            raise AssertionError("pipes were asked for")
        self._said, self._heard = self._psql.stdin, self._psql.stdout
        if new:
            columns = ", ".join(f"{name} text" for name in COLUMNS[1:])
            self._ask("CREATE EXTENSION pg_trgm")
            self._ask(f"CREATE TABLE page (number text PRIMARY KEY, {columns}, text text)")
            self._ask("CREATE INDEX trigrams ON page USING gin (text gin_trgm_ops) WITH (fastupdate = off)")

    def build(self, documents: Iterable[Document]) -> None:
        """New rows at first by COPY, an index made before; then by replacing."""
        first = self._ask("SELECT count(*) FROM page LIMIT 1") == ["0"]
        target = "page" if first else "changed"
        if not first:
            self._ask("CREATE TEMPORARY TABLE changed (LIKE page)")
        pipe = self._said
        pipe.write(f"COPY {target} FROM STDIN;\n")
        for one in documents:
            row = (*values(one), fold(text_of(one)))
            pipe.write(
                "\t".join(
                    value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", " ") for value in row
                )
            )
            pipe.write("\n")
        pipe.write("\\.\n")
        if not first:
            self._ask(
                "BEGIN; DELETE FROM page USING changed WHERE page.number = changed.number; "
                "INSERT INTO page SELECT * FROM changed; DROP TABLE changed; COMMIT"
            )
        else:
            self._ask("ANALYZE page")

    def answer(self, typed: str) -> int:
        likes = [f"text LIKE '%{_quoted(fold(term))}%'" for term in terms_of(typed)]
        where = f"WHERE {' AND '.join(likes)}" if likes else ""
        self._ask(f"SELECT number FROM page {where} ORDER BY number LIMIT {PAGE}")  # noqa: S608
        sets = ", ".join(f"({name})" for name in COUNTED)
        counted = self._ask(
            f"SELECT {', '.join(COUNTED)}, count(*) FROM page {where} GROUP BY GROUPING SETS ({sets}, ())"  # noqa: S608
        )
        empty = "|" * len(COUNTED)
        return next(int(row.rpartition("|")[2]) for row in counted if row.startswith(empty))

    def beside(self) -> int:
        return _memory(int((self._folder / "data/postmaster.pid").read_text().split()[0]))

    def close(self) -> None:
        """Stop the server."""
        self._said.close()
        self._psql.wait(30)
        self._run("pg_ctl", "-D", self._folder / "data", "-w", "-m", "fast", "stop")

    def _ask(self, query: str) -> list[str]:
        found = list[str]()
        self._said.write(f"{query};\n\\echo {self.END}\n")
        self._said.flush()
        for line in self._heard:
            if line.strip() == self.END:
                return found
            found.append(line.rstrip("\n"))
        raise RuntimeError(f"PostgreSQL: {query[:80]}")

    def _run(self, program: str, *arguments: str | Path) -> None:
        subprocess.run(
            [_program(program), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            user=self._user,
            cwd=self._folder,
        )


def postgres_missing() -> str:
    """Why PostgreSQL cannot be measured, "" if it can."""
    lacking = [name for name in ("initdb", "pg_ctl", "psql") if _program(name) == ""]
    return f"PostgreSQL is not here ({', '.join(lacking)}); apt install postgresql" if lacking else ""


def text_of(one: Document) -> str:
    """All that is looked for of a document, with the number's parts apart."""
    return f"{one.party}\n{one.number.replace('-', ' ')}\n" + "\n".join(one.lines)


def values(one: Document) -> list[str]:
    """The number and what is counted."""
    return [one.number, *(str(getattr(one, name)) for name in COUNTED)]


def terms_of(typed: str) -> list[str]:
    """What stands in a query, field words and operators aside."""
    return [term.text for term in parse(typed).terms]


def _program(name: str) -> str:
    """A program of PostgreSQL's, on the path or where Debian keeps them."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return str(kept[0]) if kept else shutil.which(name) or ""


def _unprivileged() -> str | None:
    """Who the server runs as: it refuses to be root."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres").pw_name
    return "nobody"


def _memory(server: int) -> int:
    """The bytes that a server and its children hold in memory, what they share counted once."""
    total = 0
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if server in (int(folder.name), parent):
                line = next(
                    row for row in (folder / "smaps_rollup").read_text().splitlines() if "Pss:" in row
                )
                total += int(line.split()[1]) * 1024
    return total


def _quoted(text: str) -> str:
    for letter in ("\\", "%", "_"):
        text = text.replace(letter, "\\" + letter)
    return text.replace("'", "''")
