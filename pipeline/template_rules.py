"""What a manifest says that no contract can keep: unknown facts, double labels, sizes, boxes that must be there."""

from collections import Counter
from collections.abc import Iterator

from pipeline import marks
from pipeline.facts import FACTS, SOURCES
from pipeline.manifest import Box, Condition, Field, Manifest, Range
from pipeline.template import MANIFEST
from pipeline.template_problem import TemplateProblem, error, nearest

SEAL = (42.0, 42.0)  # mm: a round seal of 40 mm and a little room
LEAST = {"signature": (30.0, 10.0), "date": (30.0, 8.0), "tick": (3.5, 3.5)}
_YES_NO = frozenset("away_open wants_service wants_pension wants_choice newly_married".split())
_WORDS = frozenset({"sex", "marital"})
_DATES = ("birth", "date", "start", "end", "from")
_SECRET = ("id_number", "phone")
# The sources of the names of who signs: sheet 1 must carry them.
PARTY = {
    "household": ("party.name",),
    "couple": ("husband.name", "wife.name"),
    "person": ("party.name",),
    "village": ("village.name",),
    "unit": ("unit.name",),
}
TITLE, VERSION, PROMISE = 50, 30, 40  # characters
_LISTS = {"household": ("members",)}


def manifest_problems(manifest: Manifest) -> Iterator[TemplateProblem]:
    """Every fault of a manifest that its shape alone does not show."""
    yield from _condition(manifest, "who", manifest.who)
    for name, clause in manifest.clauses.items():
        yield from _condition(manifest, f"clauses.{name}", clause.when)
    yield from _term(manifest)
    for name, field in manifest.fields.items():
        yield from _field(f"fields.{name}", field, SOURCES[manifest.scope])
    for rows, fields in manifest.rows.items():
        if rows not in _LISTS.get(manifest.scope, ()):
            yield _problem(
                f"rows.{rows}", "没有这个列表。只有每户一份的合同可以有列表，名称是 members（家庭成员）。"
            )
        for name, field in fields.items():
            yield from _field(f"rows.{rows}.{name}", field, SOURCES["member"])
    yield from _names(manifest)
    yield from _labels(manifest)
    for name, box in manifest.boxes.items():
        yield from _box(name, box)
    yield from _consent(manifest)
    yield from _party(manifest)
    yield from _promises(manifest)


def _problem(key: str, message: str) -> TemplateProblem:
    return error(f"{MANIFEST} 的 {key}", message)


def _condition(manifest: Manifest, key: str, condition: Condition) -> Iterator[TemplateProblem]:
    known = FACTS[manifest.scope]
    if condition and not known:
        yield _problem(key, "每个村、每个单位各一份的合同没有条件可写，请删去。")
        return
    for fact, wanted in condition.items():
        if fact not in known:
            yield _problem(f"{key}.{fact}", f"没有“{fact}”这个条件。{nearest(fact, known, '可以用的条件')}")
        elif fact in _YES_NO:
            if not isinstance(wanted, bool):
                yield _problem(f"{key}.{fact}", f"“{fact}”应当写 true 或 false。")
        elif fact in _WORDS:
            if not isinstance(wanted, str):
                yield _problem(f"{key}.{fact}", f"“{fact}”应当写带引号的文字，例如 sex = “女”。")
        elif not isinstance(wanted, Range):
            yield _problem(f"{key}.{fact}", f"“{fact}”应当写范围，例如 {{ min = 18, max = 49 }}。")
        elif wanted.min is not None and wanted.max is not None and wanted.min > wanted.max:
            yield _problem(f"{key}.{fact}", f"最小 {wanted.min} 大于最大 {wanted.max}，没有人符合，请对调。")


def _term(manifest: Manifest) -> Iterator[TemplateProblem]:
    if manifest.term.kind == "years" and manifest.term.years < 1:
        yield _problem("term.years", "期限按年算，请写几年，例如 years = 3。")
    if manifest.term.kind != "years" and manifest.term.years:
        yield _problem("term.years", "只有 kind = “years” 才写年数，请删去，或者改 kind。")
    if manifest.term.kind == "away" and manifest.scope != "person":
        yield _problem("term.kind", "外出期间只适用于个人合同（scope = “person”）。")


def _field(key: str, field: Field, sources: frozenset[str]) -> Iterator[TemplateProblem]:
    last = field.source.rpartition(".")[2]
    if field.source not in sources:
        yield _problem(
            key, f"来源“{field.source}”不存在。{nearest(field.source, sources, '这里可以用的来源')}"
        )
    elif field.format == "masked" and last not in _SECRET:
        yield _problem(key, f"只有证件号码和电话可以遮盖（masked），“{field.source}”不可以，请删去 format。")
    elif (field.format == "date") != (last in _DATES):
        yield _problem(
            key,
            f"“{field.source}”是日期，请加上 format = “date”。"
            if last in _DATES
            else f"“{field.source}”不是日期，请删去 format = “date”。",
        )


def _names(manifest: Manifest) -> Iterator[TemplateProblem]:
    """Title and version stand in lists, covers and ledgers, on one line."""
    for key, name, most in (("title", manifest.title, TITLE), ("version", manifest.version, VERSION)):
        if marks.INVISIBLE.search(name) or name != name.strip() or len(name) > most:
            yield _problem(key, f"不能有换行等看不见的字符，首尾不能有空格，最多 {most} 个字，请改正。")


def _labels(manifest: Manifest) -> Iterator[TemplateProblem]:
    """A label must name one thing, or a mark would mean two."""
    fields = [field.label for field in manifest.fields.values()]
    fields += [field.label for rows in manifest.rows.values() for field in rows.values()]
    boxes = [box.label for box in manifest.boxes.values()]
    clauses = [clause.label for clause in manifest.clauses.values()]
    for section, labels in (("fields", fields), ("boxes", boxes), ("clauses", clauses)):
        for label, times in Counter(labels).items():
            if times > 1:
                yield _problem(section, f"标签“{label}”用了 {times} 次，分不清是哪一个，请改成不同的标签。")
            if set(label) & set("{}") or label != label.strip() or marks.INVISIBLE.search(label):
                yield _problem(
                    section, f"标签“{label}”里不能有大括号和看不见的字符，首尾不能有空格，请重新输入。"
                )


def _promises(manifest: Manifest) -> Iterator[TemplateProblem]:
    """A promise must have a day, and a label of its own that stands in lists on one line."""
    times = Counter(promise.label for promise in manifest.promises.values())
    for name, promise in manifest.promises.items():
        key, label = f"promises.{name}", promise.label
        if promise.days is None and promise.every_months is None:
            yield _problem(
                key,
                "没有写什么时候兑现，请加上 days（归档齐全后几天内）或 every_months（期限内每几个月一次）。",
            )
        if marks.INVISIBLE.search(label) or label != label.strip() or len(label) > PROMISE:
            yield _problem(
                key, f"承诺不能有换行等看不见的字符，首尾不能有空格，最多 {PROMISE} 个字，请改正。"
            )
        if times[label] > 1:
            yield _problem(key, f"承诺“{label}”写了 {times[label]} 次，分不清是哪一项，请改成不同的说法。")


def _box(name: str, box: Box) -> Iterator[TemplateProblem]:
    if box.kind == "seal" and (box.w, box.h) != SEAL:
        yield _problem(f"boxes.{name}", "盖章框应当是 42 × 42 毫米，请改成 w = 42, h = 42。")
    least = LEAST.get(box.kind)
    if least and (box.w < least[0] or box.h < least[1]):
        yield _problem(
            f"boxes.{name}",
            f"框太小，{_KIND[box.kind]}框至少要宽 {least[0]:g} 毫米、高 {least[1]:g} 毫米，请改大。",
        )
    if box.required and (box.kind == "tick" or name.endswith("privacy_consent")):
        what = "勾选" if box.kind == "tick" else "单独同意签名"
        yield _problem(f"boxes.{name}", f"{what}可以留空，请加上 required = false。")


_KIND = {"signature": "签名", "date": "日期", "tick": "勾选"}


def _consent(manifest: Manifest) -> Iterator[TemplateProblem]:
    """Whoever's data a contract holds has a consent box of their own (《个人信息保护法》)."""
    wanted = {
        "couple": ("husband_privacy_consent", "wife_privacy_consent"),
        "person": ("privacy_consent",),
        "household": ("privacy_consent",),
    }
    for name in wanted.get(manifest.scope, ()):
        if name not in manifest.boxes:
            yield _problem(
                "boxes", f"缺少单独同意的签名框 {name}。合同里有个人信息，请加上这个框，并写明可以留空。"
            )
    if not any(box.kind == "signature" and box.required for box in manifest.boxes.values()):
        yield _problem("boxes", "没有一个必须签名的框，签没签看不出来，请加上。")


def _party(manifest: Manifest) -> Iterator[TemplateProblem]:
    """Whose contract it is must be printed: by the name a returned sheet is checked."""
    sources = {field.source for field in manifest.fields.values()}
    for source in PARTY[manifest.scope]:
        if source not in sources:
            yield _problem(
                "fields", f"没有印当事人名称的空格（source = “{source}”），收回来认不出是谁的，请加上。"
            )
