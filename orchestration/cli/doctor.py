"""`equipoise doctor`: what is wrong with the installation. Not here: the checks."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console

from assets.kernel.errors import EquipoiseError
from orchestration.cli.command import command
from orchestration.cli.console import Output, table

if TYPE_CHECKING:
    from orchestration.doctor import Finding


@command(needs=None)
def doctor(out: Output) -> None:
    """Check the installation and say what is wrong; exit 1 if anything is."""
    from orchestration.doctor import examine
    from orchestration.settings import read_settings

    settings = read_settings()
    with out.working("Examining"):
        findings = examine(settings)
    out.answer([asdict(finding) for finding in findings], lambda console: show(console, findings))
    wrong = [finding for finding in findings if not finding.ok]
    if wrong:
        raise EquipoiseError(
            f"{len(wrong)} of {len(findings)} checks failed, first {wrong[0].check}: {wrong[0].detail}",
            where="equipoise doctor",
            remedy=wrong[0].remedy,
        )


def show(console: Console, findings: list[Finding]) -> None:
    """Print findings for people, the remedy beside what is wrong."""
    rows = [[finding.check, "ok" if finding.ok else "WRONG", finding.detail, finding.remedy] for finding in findings]
    console.print(table("Installation", ["check", "", "found", "remedy"], rows))
