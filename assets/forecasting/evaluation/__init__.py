"""Rolling backtests, what a forecast is judged by, and quantiles from its errors. Not here: any model."""
