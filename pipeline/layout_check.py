"""Everything that can be wrong with a template: its marks and words, and how every variant lies on paper."""

from pipeline.template import Template


def template_problems(template: Template) -> list:
    return []
