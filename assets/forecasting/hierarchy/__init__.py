"""Sums of series, and forecasts of sums and members made to agree. Not here: forecasts of item and site."""
