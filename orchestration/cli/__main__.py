"""`python -m orchestration.cli` is `equipoise`."""

from orchestration.cli import main

main()
