"""What forecasts a mean, and what each is told. Not here: which one decides, or its quantiles."""
