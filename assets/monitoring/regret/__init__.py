"""The regret ledger: decisions about orders against hindsight. Not here: what Dagster or the command line show."""
