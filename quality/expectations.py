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
from quality.suite import Rule, Suite

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
    table = profile.reset_index(drop=True)
    result = _batch(_columns_by_rule(table, suite)).validate(
        _expectation_suite(suite), result_format={"result_format": "COMPLETE", "unexpected_index_column_names": PLACE}
    )
    found = {one.expectation_config.meta["number"]: one for one in result.results}
    places = pd.MultiIndex.from_frame(table[PLACE])
    failing = [table.loc[_failing(found[n], rule, places)] for n, rule in enumerate(suite.rules)]
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
    _library()
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
    context = _library().get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas("equipoise")
    definition = source.add_dataframe_asset("profile").add_batch_definition_whole_dataframe("whole")
    return definition.get_batch({"dataframe": frame})


def _library() -> Any:
    # Read on import; nothing leaves the machine.
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations

    return great_expectations


def _expectation_suite(suite: Suite) -> Any:
    expectations = [_expectation(number, rule) for number, rule in enumerate(suite.rules)]
    return _library().ExpectationSuite(name=suite.gate, expectations=expectations)


def _expectation(number: int, rule: Rule) -> Any:
    name = "".join(part.capitalize() for part in rule.expectation.split("_"))
    try:
        expectation = getattr(_library().expectations, name)
    except AttributeError as error:
        raise EquipoiseError(
            f"there is no expectation called {rule.expectation}", where=f"rule {rule.rule}", remedy="Correct the suite"
        ) from error
    return expectation(
        column=_label(number, rule),
        meta={"rule": rule.rule, "number": number, "action": rule.action},
        description=f"{rule.rule} of {', '.join(rule.feeds) or 'every feed'} ({rule.action}): {rule.column}",
        **rule.kwargs,
    )


def _label(number: int, rule: Rule) -> str:
    return f"{number + 1:02d} {rule.rule}: {rule.column}"


def _columns_by_rule(profile: pd.DataFrame, suite: Suite) -> pd.DataFrame:
    """Return a column per rule: its measure where the rule holds, nothing elsewhere.

    The library's own row conditions do the same and take ten times as long.
    """
    scope = pd.Series("site", index=profile.index)
    scope[profile["site_id"] == ""] = "feed"
    scope[profile["item_id"] != ""] = "item"
    columns = {
        _label(number, rule): profile[rule.column].where(_is_about(profile["feed"], rule) & (scope == rule.scope))
        if rule.column in profile.columns
        else float("nan")
        for number, rule in enumerate(suite.rules)
    }
    return pd.concat([profile[PLACE], pd.DataFrame(columns, index=profile.index, dtype="float64")], axis=1)


def _is_about(feeds: pd.Series[str], rule: Rule) -> pd.Series[bool]:
    """Return for each feed whether a rule is about it."""
    return feeds.map({feed: rule.holds_for(feed) for feed in feeds.unique()}).astype(bool)


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
