"""The season of the year of daily demand: where a day lies in it, whether one shows, and how each series follows."""
