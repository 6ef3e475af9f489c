"""What is indexed of a contract's parties and of its number, beside the plain text.

A party's rows stand in one field: readings (wei gui lan), initials (W G L), shapes and, as single tokens, the
name with one character left open (韦?兰). No token of one kind is taken for one of another.
"""

from functools import lru_cache

from archive.changes import PAPER, paper_key
from archive.index.shapes import shaped
from archive.index.sounds import initials, readings
from archive.index.words import BREAK, characters

Row = tuple[str, ...]

OPEN = "?"  # stands for any one character
ENDING, CHECKED = "*", "!"  # before the end of a number without and with its check character
SHARED = 18  # of a number's characters, village, year and template: too many contracts begin so to list them
LEAST_ENDING = 3  # digits
WHOLE_NUMBER = 25  # characters of a contract number without hyphens
PAPERS = 10**16  # stands for village and year of a paper, which has neither: papers come after all contracts
_CHECKS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LONGEST = 12  # characters of a name that may be mistyped


@lru_cache(maxsize=20_000)
def names_of(party: str) -> tuple[Row, ...]:
    """The folded characters of each party's name, of 甲、乙 two."""
    rows: list[Row] = []
    row: list[str] = []
    for character in (*characters(party), BREAK):
        if character != BREAK:
            row.append(character)
        elif row:
            rows.append(tuple(row))
            row = []
    return tuple(rows)


@lru_cache(maxsize=20_000)
def name_row(party: str) -> str:
    """The names' characters with BREAK around each name, then each name as a whole."""
    names = names_of(party)
    rows = [f"{' '.join(name)} {BREAK}" for name in names]
    return " ".join([BREAK, *rows, *(token for name in names for token in whole(name))])


@lru_cache(maxsize=20_000)
def similar_row(party: str) -> str:
    """What the names sound and look like, and what they are with one character mistyped."""
    tokens = [BREAK]
    single: list[str] = []
    for name in names_of(party):
        rows = [row for sounds in readings(name) for row in (sounds, initials(sounds))]
        if shaped(name) != name:
            rows.append(shaped(name))
        for row in dict.fromkeys(rows):
            tokens += [*row, BREAK]
            single += whole(row)
        single += one_open(name)
    return " ".join([*tokens, *single])


def whole(row: Row) -> Row:
    """What a row is looked for as where it is to be all of a name, or of several side by side.

    A name is a token of its own: as a phrase it would be compared with every name that has one of its characters.
    """
    return (BREAK, *row, BREAK) if BREAK in row else (f"{BREAK}{BREAK.join(row)}{BREAK}",)


def one_open(name: Row) -> list[str]:
    """The name with each of its characters left open in turn."""
    if not 2 <= len(name) <= _LONGEST:
        return []
    return ["".join((*name[:at], OPEN, *name[at + 1 :])) for at in range(len(name))]


def one_more(name: Row) -> list[str]:
    """The name with one character more, left open, at each place."""
    return ["".join((*name[:at], OPEN, *name[at:])) for at in range(len(name) + 1)]


def nearly(one: Row, other: Row) -> bool:
    """Whether two names differ in one character: another, one more or one less."""
    opened = {*one_open(one)}, {*one_open(other)}
    return bool(opened[0] & opened[1] or opened[0] & {*one_more(other)} or opened[1] & {*one_more(one)})


@lru_cache(maxsize=20_000)
def known_as(party: str) -> tuple[str, ...]:
    """What a name is suggested by, a tab, and the name: its folded characters, its pinyin, its initials."""
    found: dict[str, None] = {}
    for name in party.split("、"):
        for row in names_of(name):
            found[f"{''.join(row)}\t{name}"] = None
            for sounds in readings(row):
                found[f"{''.join(sounds)}\t{name}"] = None
                found[f"{''.join(initials(sounds)).lower()}\t{name}"] = None
    return tuple(found)


@lru_cache(maxsize=20_000)
def sorting_name(party: str) -> str:
    """What contracts are put in order by for their parties: the pinyin, then the name."""
    return f"{' '.join(''.join(readings(name)[0]) for name in names_of(party))}\t{party}"


@lru_cache(maxsize=5_000)
def beginnings(shared: str) -> str:
    """Every beginning of the part of a number's key that many share (SHARED)."""
    return " ".join(shared[:length] for length in range(1, len(shared) + 1))


def endings(key: str) -> list[str]:
    """What the end of a number may be given as: of 451225100201202602000123Y

    000123 and its last three to five digits, 123 alone, with the template (02000123), with the year as well, after
    ENDING; and each of them with the check character, after CHECKED. A paper's own number has none.
    """
    if len(key) != WHOLE_NUMBER:
        return []
    body, check = key[:-1], key[-1]
    serial = body[-6:]
    ends = [serial, serial[1:], serial[2:], serial[3:], body[-8:], body[-12:]]
    bare = serial.lstrip("0")
    if len(bare) < LEAST_ENDING:  # a longer one is there already
        ends.append(bare)
    return [f"{ENDING}{end}" for end in ends] + [f"{CHECKED}{end}{check}" for end in ends]


def number_tokens(key: str) -> str:
    """All that something is found by of its number, but what is longer than SHARED."""
    return f"{beginnings(key[:SHARED])} {' '.join(endings(key))}"


def packed(number: str) -> tuple[int, int]:
    """A whole contract number as two numbers in the same order: village and year, then the rest; or a paper_key."""
    if number.startswith(PAPER):
        return PAPERS, int(number.removeprefix(PAPER))
    key = number.replace("-", "")
    return int(key[:16]), int(key[16:24]) * 36 + int(key[24], 36)


def unpacked(first: int, rest: int) -> str:
    """The contract number, or the paper_key, that was packed so."""
    if first == PAPERS:
        return paper_key(rest)
    body, check = divmod(rest, 36)
    return (
        f"{first // 10000:012d}-{first % 10000:04d}-{body // 10**6:02d}-{body % 10**6:06d}-{_CHECKS[check]}"
    )
