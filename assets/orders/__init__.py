"""Order documents: composed from a plan, kept in an event-sourced ledger, shown as assets."""
