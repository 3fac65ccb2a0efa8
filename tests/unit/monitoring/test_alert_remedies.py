"""Every rule that can raise an alert names who answers for it, and a remedy with the command that starts it."""

import re

import pytest

from assets.feeds.contract import contract
from assets.monitoring.alerts import REFIT
from assets.monitoring.owners import STAGES, owner_of
from orchestration.cli.application import COMMANDS
from quality.suite import Rule, read_suite

RULES = [rule for suite in map(read_suite, ("feeds", "forecasts", "plan")) for rule in suite.rules]


def commands(remedy: str) -> list[str]:
    return re.findall(r"`equipoise (\w+)[^`]*`", remedy)


@pytest.mark.parametrize("rule", RULES, ids=[f"{rule.rule}-{number}" for number, rule in enumerate(RULES)])
def test_a_rules_remedy_is_one_sentence_with_a_command_that_exists(rule: Rule) -> None:
    assert set(commands(rule.remedy)) & set(COMMANDS), rule.remedy
    assert set(commands(rule.remedy)) <= set(COMMANDS), rule.remedy
    assert ". " not in rule.remedy
    assert "\n" not in rule.remedy


def test_every_table_that_a_rule_judges_has_an_owner_of_its_own() -> None:
    named = {table.name for table in contract()} | set(STAGES) | {"all"}
    judged = {feed for rule in RULES for feed in rule.feeds}
    assert judged <= named
    assert all(owner_of(feed) for feed in judged)


def test_a_site_is_named_beside_the_team() -> None:
    assert owner_of("wms_inventory", "S1") == "warehouse-operations at S1"
    assert owner_of("unheard_of") == "data-platform"


def test_drift_has_a_remedy_with_a_command() -> None:
    assert set(commands(REFIT)) <= set(COMMANDS)
    assert commands(REFIT)
