"""A file a release of the ledger's schema."""
