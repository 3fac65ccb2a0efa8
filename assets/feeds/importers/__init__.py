"""Public data sets, brought into the feed contract; each importer states what it had to assume."""
