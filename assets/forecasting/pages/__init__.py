"""What people see of forecasts: tables and plots. Not here: any number that decides."""
