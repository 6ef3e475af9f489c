"""What is found stays through updates, crashes and readers elsewhere; what is no index of ours is told."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.index.engine import ENGINES, STAMP, Document, Engine, IndexUnreadable, open_engine
from archive.index.plan import plan
from archive.index.query import parse
from archive.index.words import Words
from tests.archive.conftest import Search
from tests.archive.index_documents import DIVISIONS, STATES, TITLES, WORDS, document, generated, numbers


def test_an_update_replaces_and_a_deletion_removes(engine: Engine, search: Search) -> None:
    engine.update(document(serial) for serial in (1, 2, 3))
    engine.update([document(2, "韦秀英", state="void"), document(4)])
    assert engine.count() == 4
    assert search("覃小明") == numbers(1, 3, 4)
    assert search("韦秀英 状态:作废") == numbers(2)
    engine.delete([*numbers(1, 4), "no such number"])
    assert engine.count() == 2
    assert search("覃小明") == numbers(3)
    engine.delete(numbers(2, 3))
    assert engine.count() == 0
    assert search("") == []


def test_of_a_number_given_twice_the_later_stays(engine: Engine, search: Search) -> None:
    engine.update([document(1), document(2), document(1, "韦秀英"), document(1, "潘月娥")])
    assert engine.count() == 2
    assert search("韦秀英") == []
    assert search("潘月娥") == numbers(1)


def test_the_marker_is_kept_with_the_commit_and_is_no_document(name: str, tmp_path: Path) -> None:
    engine = open_engine(name, tmp_path / "index", WORDS)
    assert engine.stored_marker() == ""
    engine.update([document(1)], marker="journal 1")
    engine.set_marker("journal 2")
    engine.update([document(2)])
    engine.close()
    again = open_engine(name, tmp_path / "index", WORDS)
    assert again.stored_marker() == "journal 2"
    assert again.count() == again.search(plan(parse(""), WORDS), 0, 10).total == 2
    again.delete(numbers(1), marker="journal 3")
    assert (again.stored_marker(), again.count()) == ("journal 3", 1)


def test_an_update_that_fails_changes_nothing(engine: Engine, search: Search) -> None:
    def failing() -> Iterator[Document]:
        yield document(1, "韦秀英")
        yield document(2)
        raise RuntimeError("the catalogue went away")

    engine.update([document(1)], marker="old")
    with pytest.raises(RuntimeError):
        engine.update(failing(), marker="new")
    assert (engine.count(), engine.stored_marker(), search("覃小明")) == (1, "old", numbers(1))
    engine.update([document(2)])
    assert engine.count() == 2


def test_many_updates_leave_each_contract_once(engine: Engine, search: Search) -> None:
    for turn in range(30):
        engine.update(
            document(serial, f"覃{'一二三四五六七八九十'[turn % 10]}") for serial in range(turn, turn + 5)
        )
    assert search("") == numbers(*range(34))
    assert search("覃十") == numbers(9, 19, *range(29, 34))  # as the last update of each left it


def test_a_reader_elsewhere_sees_the_newest_commit(name: str, engine: Engine, tmp_path: Path) -> None:
    reader = open_engine(name, tmp_path / "index", WORDS)
    assert reader.count() == 0
    engine.update([document(1)])
    assert reader.search(plan(parse("覃"), WORDS), 0, 1).total == 1
    engine.delete(numbers(1))
    assert reader.search(plan(parse("覃"), WORDS), 0, 1).total == 0


READER = """
import sys, threading
from pathlib import Path
from archive.index.engine import open_engine
from archive.index.plan import plan
from archive.index.query import parse
from tests.archive.index_documents import WORDS
done = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), done.set()), daemon=True).start()
engine = open_engine(sys.argv[1], Path(sys.argv[2]), WORDS)
print("ready", flush=True)
seen = set()
while not done.is_set():
    found = engine.search(plan(parse("覃"), WORDS), 0, 5)
    assert found.total == 200 and len(found.hits) == 5, found
    ((state, count),) = found.facets["state"]
    assert count == 200
    seen.add(state)
    again = open_engine(sys.argv[1], Path(sys.argv[2]), WORDS)
    assert again.count() == 200
    again.close()
print(len(seen), flush=True)
"""


def test_a_reader_in_another_process_never_fails_while_a_writer_commits(
    name: str, engine: Engine, tmp_path: Path
) -> None:
    engine.update(document(serial, state="planned") for serial in range(200))
    command = [sys.executable, "-c", READER, name, str(tmp_path / "index")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as reader:
        assert reader.stdout and reader.stdout.readline() == b"ready\n"
        for turn in range(12):
            engine.update(document(serial, state=STATES[turn % 4]) for serial in range(200))
        out, problems = reader.communicate(b"")
    assert reader.returncode == 0, problems.decode()
    assert int(out) > 1


WRITER = """
import sys
from pathlib import Path
from archive.index.engine import open_engine
from tests.archive.index_documents import WORDS, document
def documents():
    for serial in range(3000):
        yield document(serial, "韦秀英")
    print("in the midst", flush=True)
    sys.stdin.read()
open_engine(sys.argv[1], Path(sys.argv[2]), WORDS).update(documents(), marker="new")
"""


def test_a_writer_killed_in_an_update_leaves_the_old_index(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    engine = open_engine(name, folder, WORDS)
    engine.update((document(serial) for serial in range(10)), marker="old")
    engine.close()
    command = [sys.executable, "-c", WRITER, name, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout and writer.stdout.readline() == b"in the midst\n"
        writer.kill()
    engine = open_engine(name, folder, WORDS)
    assert (engine.count(), engine.stored_marker()) == (10, "old")
    assert engine.search(plan(parse("韦秀英"), WORDS), 0, 1).total == 0
    assert name == "tantivy" or list(folder.glob("*.tmp"))  # where names of the killed update stand
    engine.update([document(1, "潘月娥")], marker="new")
    assert (engine.count(), engine.stored_marker()) == (10, "new")
    assert engine.search(plan(parse("潘月娥"), WORDS), 0, 1).total == 1
    engine.close()
    assert not list(folder.glob("*.tmp"))


@pytest.mark.parametrize("found", ["other engine", "other dictionary", "no stamp", "damaged", "a file"])
def test_what_is_no_index_of_ours_is_unreadable(name: str, tmp_path: Path, found: str) -> None:
    folder, words = tmp_path / "index", WORDS
    if found == "a file":
        folder.mkdir()
        (folder / "notes.txt").write_text("mine")
    else:
        engine = open_engine(name, folder, words)
        engine.update(generated(50))
        engine.close()
    if found == "other engine":
        name = next(other for other in ENGINES if other != name)
    elif found == "other dictionary":
        words = Words(DIVISIONS | {"451225100203": "平洛村委会"}, TITLES)
    elif found == "no stamp":
        (folder / STAMP).unlink()
    elif found == "damaged":
        for path in folder.iterdir():
            if path.name != STAMP:
                path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(IndexUnreadable):
        open_engine(name, folder, words).search(plan(parse("覃"), words), 0, 10)


def test_an_unknown_engine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lucene"):
        open_engine("lucene", tmp_path / "index", WORDS)
    assert not (tmp_path / "index").exists()


def test_no_identity_or_phone_number_is_in_the_files(name: str, engine: Engine, tmp_path: Path) -> None:
    strayed = {
        "responsible": "潘建国13912345678",
        "place": "身份证45122519800614001X，电话１３８１２３４５６７８",
    }
    engine.update(
        [document(1, "覃小明４５１２２５１９９００６１４００１Ｘ、韦秀英45122519850614002X", **strayed)]
    )
    assert engine.people("覃", 5) == ["覃小明"]
    engine.close()
    held = b"".join(path.read_bytes() for path in (tmp_path / "index").iterdir() if path.is_file())
    assert b"45122519800614001" not in held
    assert b"13812345678" not in held
    for strayed_number in (
        "45122519850614002",
        "13912345678",
        "4 5 1 2 2 5 1 9",
        "４５１２２５",
        "451225199006140",
    ):
        assert strayed_number.encode() not in held
