"""The one place that knows Great Expectations: a suite against a profile, and its pages as HTML.

The library takes seconds to import, so it is imported when a gate judges. Not here: what a
failed expectation means (``gate``).
"""

from __future__ import annotations

import html
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from assets.kernel.errors import EquipoiseError
from quality.suite import EVERY_FEED, Rule, Suite

PLACE = ["feed", "site_id", "item_id"]
_DOCS_SHOWN = 60


@dataclass(frozen=True)
class Judgement:
    """What the expectations found.

    Attributes
    ----------
    failing : tuple of DataFrame
        For each rule of the suite, in order, the rows of the profile that fail it, each with its
        number in the profile as index.
    document : object
        The validation result as Great Expectations knows it, for its pages.
    """

    failing: tuple[pd.DataFrame, ...]
    document: Any


def judge(profile: pd.DataFrame, suite: Suite) -> Judgement:
    """Hold a profile against a suite.

    Parameters
    ----------
    profile : DataFrame
        One row per feed, site and item with a column per measure (``profiles.wide``), indexed from 0.
    suite : Suite
        The rules.

    Raises
    ------
    EquipoiseError
        If an expectation cannot be evaluated.
    """
    batch_frame = _with_every_column(profile, suite)
    result = _batch(batch_frame).validate(
        _expectation_suite(suite), result_format={"result_format": "COMPLETE", "unexpected_index_column_names": PLACE}
    )
    found = {one.expectation_config.meta["number"]: one for one in result.results}
    places = pd.MultiIndex.from_frame(batch_frame[PLACE])
    failing = [batch_frame.loc[_failing(found[n], rule, places)] for n, rule in enumerate(suite.rules)]
    return Judgement(tuple(failing), result)


def write_data_docs(judgement: Judgement, suite: Suite, plan_date: str, directory: Path) -> Path:
    """Write the pages of a judgement as HTML and list them in the index.

    Parameters
    ----------
    judgement : Judgement
        Of :func:`judge`.
    suite : Suite
        The suite judged by.
    plan_date : str
        ISO date; the page of a date replaces the one before.
    directory : Path
        Root of the data docs.

    Returns
    -------
    Path
        The page of this judgement.
    """
    from great_expectations.render.renderer import ExpectationSuitePageRenderer, ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    view = DefaultJinjaPageView()
    # As deep as the library's own sites, whose pages link upwards by relative paths.
    page = directory / "validations" / suite.gate / plan_date / "gate" / "profile.html"
    rules = directory / "expectations" / f"{suite.gate}.html"
    for path, content in (
        (page, ValidationResultsPageRenderer().render(judgement.document)),
        (rules, ExpectationSuitePageRenderer().render(_expectation_suite(suite))),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(view.render(content, show_how_to_buttons=False), encoding="utf-8")
    (directory / "index.html").write_text(_index(directory), encoding="utf-8")
    return page


def _batch(frame: pd.DataFrame) -> Any:
    # Read by the library on import; nothing leaves the machine.
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas("equipoise")
    definition = source.add_dataframe_asset("profile").add_batch_definition_whole_dataframe("whole")
    return definition.get_batch({"dataframe": frame})


def _expectation_suite(suite: Suite) -> Any:
    import great_expectations as gx

    expectations = [_expectation(number, rule) for number, rule in enumerate(suite.rules)]
    return gx.ExpectationSuite(name=suite.gate, expectations=expectations)


def _expectation(number: int, rule: Rule) -> Any:
    import great_expectations.expectations as gxe
    from great_expectations.expectations.row_conditions import Column

    name = "".join(part.capitalize() for part in rule.expectation.split("_"))
    try:
        expectation = getattr(gxe, name)
    except AttributeError as error:
        raise EquipoiseError(
            f"there is no expectation called {rule.expectation}", where=f"rule {rule.rule}", remedy="Correct the suite"
        ) from error
    condition = Column("feed").is_in(list(rule.feeds)) if rule.feeds else Column("feed") != EVERY_FEED
    return expectation(
        column=rule.column,
        row_condition=condition & (Column("scope") == rule.scope),
        meta={"rule": rule.rule, "number": number, "action": rule.action},
        description=f"{rule.rule} ({rule.action}): {rule.remedy}",
        **rule.kwargs,
    )


def _with_every_column(profile: pd.DataFrame, suite: Suite) -> pd.DataFrame:
    """Return the profile with its scope and with a column of nothing for what nobody measured."""
    frame = profile.reset_index(drop=True).copy()
    frame["scope"] = "site"
    frame.loc[frame["site_id"] == "", "scope"] = "feed"
    frame.loc[frame["item_id"] != "", "scope"] = "item"
    for column in sorted({rule.column for rule in suite.rules} - set(frame.columns)):
        frame[column] = float("nan")
    return frame


def _failing(result: Any, rule: Rule, places: pd.MultiIndex) -> list[int]:
    raised: Sequence[Any] = [result.exception_info]
    if not result.success and "unexpected_index_list" not in (result.result or {}):
        raise EquipoiseError(
            f"the expectation could not be evaluated: {raised[0]}",
            where=f"rule {rule.rule}",
            remedy="Correct the suite",
        )
    rows = result.result.get("unexpected_index_list") or []
    wanted = [tuple(row[column] for column in PLACE) for row in rows]
    return sorted(int(n) for n in places.get_indexer(pd.MultiIndex.from_tuples(wanted, names=PLACE))) if wanted else []


def _index(directory: Path) -> str:
    pages = sorted((directory / "validations").glob("*/*/gate/profile.html"), key=lambda p: p.parts[-3], reverse=True)
    entries = "\n".join(
        f'<li><a href="{html.escape(str(page.relative_to(directory)))}">'
        f"{html.escape(page.parts[-3])}: {html.escape(page.parts[-4])}</a></li>"
        for page in pages[:_DOCS_SHOWN]
    )
    suites = "\n".join(
        f'<li><a href="expectations/{html.escape(path.name)}">{html.escape(path.stem)}</a></li>'
        for path in sorted((directory / "expectations").glob("*.html"))
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Quality gates</title></head><body>\n'
        f"<h1>Quality gates</h1>\n<h2>Judgements</h2>\n<ul>\n{entries}\n</ul>\n"
        f"<h2>Suites</h2>\n<ul>\n{suites}\n</ul>\n</body></html>\n"
    )
