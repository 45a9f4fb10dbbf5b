"""Fills a template; everything that is put into it is escaped."""

import os
from typing import Any

from shared.page import numbers

# Templates are named from here: "shared/page/base.html.j2".
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_STYLE_FILE = os.path.join(_ROOT, "shared", "page", "page.css")


def page(template: str, **content: Any) -> str:
    """The text of a page.

    Args:
      template: its path in the project; it extends shared/page/base.html.j2.
      content: the names that it uses. One that is missing is an error.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_ROOT),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(numbers.FILTERS)
    return environment.get_template(template).render(style=_style(), **content)


def _style() -> Any:
    """The style sheet, as part of the page: not escaped."""
    import markupsafe

    with open(_STYLE_FILE, encoding="utf-8") as file:
        return markupsafe.Markup(file.read())
