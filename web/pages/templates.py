"""Templates: those in use, their versions and what changed, how they look; a new one checked and taken into use."""

import io
import zipfile
from contextlib import suppress
from functools import lru_cache
from typing import Any

from starlette.responses import Response

from pipeline.errors import TemplateUnknown, TemplateVersionSingle
from pipeline.settings import read_settings
from pipeline.template import DOCUMENT, MANIFEST, MAX_DOCX, MAX_TOML, Template, load_template
from pipeline.template_check import static_problems
from pipeline.template_diff import TemplateChanges, compared, two_of
from pipeline.template_problem import ERROR, TemplateProblem
from pipeline.templates_in_use import named, templates_in_use, versions
from web.asked import Asked, page, raw_page
from web.errors import BadForm, NotFound
from web.job_queue import Job, find_job
from web.roles import Permission
from web.whole_files import content_of, files_of, keep, kept, name_of, unsealed
from web.work import queued

MOST_BYTES = 2 * MAX_DOCX + MAX_TOML
SCOPES = {"household": "一户", "couple": "夫妻", "person": "一人", "village": "村委会", "unit": "单位"}
PACKED = "template.zip"  # what a template that was sent is called among the uploads


@page("/templates", Permission.READ)
def template_list(asked: Asked) -> Response:
    """All that are in use, with what is wrong as far as it shows without laying them out."""
    with asked.desk.home.reading() as connection:
        found = templates_in_use(connection)
    rows = [(one, _problems(asked, one.template)) for one in found]
    return asked.page("templates.html", rows=rows, scopes=SCOPES)


@raw_page("/templates", Permission.TEMPLATES, ("POST",))
async def send(asked: Asked) -> Response:
    """A new template, as a zip or as its two files; on to what is wrong with it and what it changes."""
    files = await files_of(asked, MOST_BYTES)
    (number,) = await kept(asked, [(PACKED, _packed(files))])
    return asked.to(f"/templates/new/{number}")


@page("/templates/new/{upload}", Permission.TEMPLATES)
def new(asked: Asked) -> Response:
    """A template that was sent and is not in use yet."""
    new_one = _sent(asked)
    with asked.desk.home.reading() as connection:
        in_use = [one.template for one in templates_in_use(connection)]
    try:
        before = named(in_use, new_one.manifest.name)
    except TemplateUnknown:
        before = None
    found = compared(before, new_one) if before else None
    problems = static_problems(new_one, _words(asked))
    values: dict[str, Any] = {"problems": problems, "scopes": SCOPES, "upload": asked.path("upload")}
    wrong = any(one.severity == ERROR for one in problems)
    return asked.page("template_new.html", new=new_one.manifest, found=found, wrong=wrong, **values)


@page("/templates/new/{upload}", Permission.TEMPLATES, ("POST",))
def use(asked: Asked) -> Response:
    """Lay it out and look at it, or take it into use: work of the queue."""
    new_one, upload = _sent(asked), asked.path("upload")
    title = new_one.manifest.title
    if asked.field("action") == "try":
        copy = keep(asked, PACKED, content_of(asked, upload))  # the work keeps what it is given
        there = f"{{in}}/{copy}/{PACKED}"
        return queued(asked, f"检查模板《{title}》", _looks(there), [copy], pages="/templates/jobs")
    command = ["template", "add", f"{{in}}/{upload}/{PACKED}"]
    return queued(asked, f"启用模板《{title}》", [command], [upload], pages="/templates/jobs")


@page("/templates/jobs/{job}", Permission.READ)
def looked(asked: Asked) -> Response:
    """What came of a look at a template: what is wrong, and its pages as pictures."""
    with asked.desk.database.reading() as connection:
        job = find_job(connection, asked.viewer, asked.number("job"))
    problems = [one for value in job.results if isinstance(value, dict) for one in value.get("problems", [])]
    return asked.page("template_job.html", job=job, problems=problems, pictures=_pictures(job))


@page("/templates/{template}", Permission.READ)
def template(asked: Asked) -> Response:
    """One: what it asks for, its versions, what changed between ?old= and ?new= or the last two."""
    with asked.desk.home.reading() as connection:
        in_use = templates_in_use(connection)
        one = next((one for one in in_use if one.template.manifest.name == asked.path("template")), None)
        if one is None:
            raise NotFound()
        known = versions(connection, one.template.manifest.name)
        asked_for = [asked.query(name) for name in ("old", "new") if asked.query(name)]
        found: TemplateChanges | None = None
        with suppress(TemplateVersionSingle):
            found = compared(*two_of(connection, one.template.manifest.name, asked_for))
    manifests = list(dict.fromkeys(each.manifest.version for each in known))
    values: dict[str, Any] = {"problems": _problems(asked, one.template), "scopes": SCOPES}
    return asked.page(
        "template.html", one=one, m=one.template.manifest, known=manifests, found=found, **values
    )


@page("/templates/{template}", Permission.TEMPLATES, ("POST",))
def look_at(asked: Asked) -> Response:
    """Lay one that is in use out, look for what is wrong, make pictures of it: work of the queue."""
    with asked.desk.home.reading() as connection:
        names = {
            one.template.manifest.name: one.template.manifest.title for one in templates_in_use(connection)
        }
    name = asked.path("template")
    if name not in names:
        raise NotFound()
    return queued(asked, f"检查模板《{names[name]}》", _looks(name), pages="/templates/jobs")


def _looks(name: str) -> list[list[str]]:
    return [["template", "check", name], ["template", "preview", name, "--out", "{out}"]]


def _pictures(job: Job) -> list[int]:
    """The places of a job's pictures among its files."""
    return [place for place, one in enumerate(job.files) if one.name.endswith(".png")]


def _sent(asked: Asked) -> Template:
    """The template in an upload of one's own. Raises NotFound, and what load_template does."""
    upload = asked.path("upload")
    if name_of(asked, upload) != PACKED:
        raise NotFound()
    with unsealed(asked, [upload]) as (path,):
        return load_template(path)


def _packed(files: list[tuple[str, bytes]]) -> bytes:
    """The files as a zip of ours. Raises BadForm where they are neither one zip nor a .docx and a .toml."""
    by_ending = {name.rpartition(".")[2].lower(): content for name, content in files}
    if len(files) == 1 and "zip" in by_ending:
        return by_ending["zip"]
    if len(files) != 2 or set(by_ending) != {"docx", "toml"}:
        raise BadForm(detail="请选一个 zip，或者合同的 .docx 和它的 .toml 两个文件。")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(DOCUMENT, by_ending["docx"])
        archive.writestr(MANIFEST, by_ending["toml"])
    return out.getvalue()


def _words(asked: Asked) -> tuple[str, ...]:
    return tuple(read_settings(asked.desk.home.settings).office.warning_words)


def _problems(asked: Asked, one: Template) -> list[TemplateProblem]:
    """What is wrong with one that is in use, without laying it out."""
    return _known_problems(one, _words(asked))


@lru_cache(maxsize=64)
def _known_problems(one: Template, words: tuple[str, ...]) -> list[TemplateProblem]:
    return static_problems(one, words)
