"""The report as one HTML page that needs nothing else: no script, no network, no file beside it.

Everything that comes from data is escaped, and a policy in the page forbids scripts even so. Not here:
what the report says (``compose``), or what of it a reader may see.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from assets.monitoring.report import plots
from assets.monitoring.report.words import change, count, figure, money, percent, plain_text, sentence, signed, units

_TEMPLATES = Path(__file__).parent / "templates"


def page(report: Mapping[str, Any]) -> str:
    """Return a report as an HTML page.

    Parameters
    ----------
    report : mapping
        As ``compose`` returns it, after what the reader may not see was hidden.
    """
    return rendered("report.html", report=report, plots=_plots(report))


def rendered(template: str, **values: Any) -> str:
    """Return a template filled in; values are escaped in HTML, and made one printable line each in text."""
    return _environment(template.endswith(".html")).get_template(template).render(**values)


@cache
def _environment(html: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=None if html else plain_text,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "money": money, "units": units, "percent": percent, "signed": signed, "count": count, "sentence": sentence,
        "change": change, "figure": figure,
    }  # fmt: skip
    return environment


def _plots(report: Mapping[str, Any]) -> dict[str, str]:
    """Return the plots as addresses that hold their own data; empty where there is nothing to draw."""
    currency, distrust = report["currency"], report["distrust"]
    drawn = {
        "costs_more": plots.costs_more(report["worth"]["policies"], currency),
        "sites": plots.stock_by_site(report["changed"]["sites"], currency),
        "demand": plots.demand(distrust["demand"]["past"], distrust["demand"]["ahead"]),
        "bias": plots.bias_by_segment(distrust["segments"]),
    }
    return {
        name: f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}" if svg else ""
        for name, svg in drawn.items()
    }
