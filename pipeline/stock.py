"""The templates that ship with the program."""

from contract_templates import stock_folder
from pipeline.template import Template, load_template


def stock_templates() -> list[Template]:
    """The six, by number."""
    found = [load_template(manifest.parent) for manifest in stock_folder().glob("*/contract.toml")]
    return sorted(found, key=lambda template: template.manifest.number)
