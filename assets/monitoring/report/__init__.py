"""The daily report and its short form: what changed, what waits, what it is worth, what to distrust."""
