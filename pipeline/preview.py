"""A template filled with an invented household, to be looked at: a PDF and a PNG of every sheet."""

import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pypdfium2 as pdfium

from archive.numbers import Number
from pipeline import facts, press
from pipeline.bodies import Body
from pipeline.campaigns import SIGNING_DAYS, Campaign
from pipeline.contracts import Printable
from pipeline.cover import BatchFacts
from pipeline.errors import TemplateFaulty
from pipeline.facts import Place
from pipeline.layout import Layout
from pipeline.people import HEAD, MARRIED, Household, Person
from pipeline.plan import Offer
from pipeline.planning import content_of
from pipeline.press import Batch
from pipeline.render_layout import render
from pipeline.responsibles import Responsibles
from pipeline.template import Template
from pipeline.template_check import static_problems
from pipeline.template_problem import ERROR

DPI = 110
VILLAGE = "451225100001"
PLACE = Place("罗城仫佬族自治县", "东门镇", "凤凰社区居委会", "东门镇计划生育技术服务站")
# Invented people; their numbers are sound by GB 11643 and belong to a division code that was never used.
_IDS = ("999999198805120013", "99999919900321002X", "999999202406010019", "999999196102140027")


def invented_household() -> Household:
    """Four people no one is: a couple, a child under three and a grandmother."""

    def person(name: str, sex: str, birth: date, number: str, relation: str, marital: str) -> Person:
        away = ("广东省佛山市南海区狮山镇", date(birth.year + 30, 2, 20)) if relation == HEAD else ("", None)
        return Person(
            name=name,
            sex=sex,
            birth=birth,
            id_number=number,
            relation=relation,
            phone="13800000000",
            marital=marital,
            away_to=away[0],
            away_from=away[1],
            away_until=None,
            away_readable=True,
            wants_service=True,
            wants_pension=True,
            wants_choice=True,
        )

    return Household(
        village_code=VILLAGE,
        group=3,
        number="0018",
        head="韦样例",
        responsible="覃示范",
        members=(
            person("韦样例", "男", date(1988, 5, 12), _IDS[0], HEAD, MARRIED),
            person("蓝㛃例", "女", date(1990, 3, 21), _IDS[1], "配偶", MARRIED),
            person("韦小样", "男", date(2024, 6, 1), _IDS[2], "儿子", "未婚"),
            person("欧阳示例", "女", date(1961, 2, 14), _IDS[3], "母亲", "丧偶"),
        ),
    )


def invented_contract(template: Template, day: date) -> tuple[Printable, BatchFacts]:
    """The template's contract with the invented household, every optional clause in it."""
    household, manifest = invented_household(), template.manifest
    parties = _parties(manifest.scope, household)
    if isinstance(parties[0], Body):
        household = Household(VILLAGE, 0, "", "", "莫包村", ())
    campaign = Campaign(0, f"{day.year}春（样张）", day, date.fromordinal(day.toordinal() + SIGNING_DAYS))
    starts, ends = facts.term_of(manifest.term, day, household.members[0] if household.members else None)
    offer = Offer(manifest, household, parties, day, starts, ends, tuple(manifest.clauses))
    charge = Responsibles({(None, None): "莫包村"})
    contract = as_printable(template, offer, 1, campaign, PLACE, charge)
    place = PLACE.town + PLACE.village
    return contract, BatchFacts(VILLAGE, place, campaign.name, campaign.day, campaign.closes)


def as_printable(
    template: Template, offer: Offer, serial: int, campaign: Campaign, place: Place, charge: Responsibles
) -> Printable:
    """The contract that a plan would make of an offer, without an archive."""
    household = offer.household
    number = str(Number(household.village_code, offer.day.year, offer.manifest.number, serial))
    return Printable(
        number=number,
        template_sha256=template.sha256,
        template=offer.manifest.name,
        group=household.group,
        household=household.number,
        responsible=household.responsible,
        starts=offer.starts,
        ends=offer.ends,
        parties=tuple((party.name, party.id_number) for party in offer.parties),
        content=content_of(offer, number, campaign, place, charge),
    )


def _parties(scope: str, household: Household) -> tuple[Person | Body, ...]:
    if scope == "village":
        return (Body(PLACE.village, "", f"village/{VILLAGE}"),)
    if scope == "unit":
        return (Body("东门镇中心卫生院", "莫示例", f"unit/{VILLAGE}/东门镇中心卫生院"),)
    return household.members[:2] if scope == "couple" else household.members[:1]


def preview_files(templates: Sequence[Template], out: Path, day: date) -> list[Path]:
    """Write NAME.pdf and NAME-1.png, NAME-2.png … for every template into `out`; returns the paths.

    Raises TemplateFaulty, LibreOfficeMissing, LayoutFaulty.
    """
    for template in templates:
        faults = [one for one in static_problems(template) if one.severity == ERROR]
        if faults:
            detail = "".join(f"{one.where}：{one.message}" for one in faults[:3])
            raise TemplateFaulty(title=template.manifest.title, detail=detail)
    out.mkdir(parents=True, exist_ok=True)
    contracts = [invented_contract(template, day) for template in templates]
    wanted = [press.variant_of(contract) for contract, _ in contracts]
    layouts = list(render(list(zip(templates, wanted, strict=True))))
    made: list[Path] = []
    for template, (contract, batch_facts), layout in zip(templates, contracts, layouts, strict=True):
        pdf = _contract_pdf(template, contract, batch_facts, layout)
        path = out / f"{template.manifest.name}.pdf"
        path.write_bytes(pdf)
        made.append(path)
        document = pdfium.PdfDocument(pdf)
        for index, page in enumerate(document, 1):
            picture = out / f"{template.manifest.name}-{index}.png"
            page.render(scale=DPI / 72).to_pil().save(picture)
            made.append(picture)
        document.close()
    return made


def _contract_pdf(template: Template, contract: Printable, batch_facts: BatchFacts, layout: Layout) -> bytes:
    """The contract alone; its code is signed with no archive's key, so that no archive takes it for its own."""
    out = io.BytesIO()
    batch = Batch(batch_facts, [(contract, layout)], {template.sha256: template}, b"preview")
    press.write_contracts(out, batch, f"{template.manifest.title}（样张）")
    return out.getvalue()
