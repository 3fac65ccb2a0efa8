"""Demand and lead times as distributions: series, candidates, backtest, calibration."""
