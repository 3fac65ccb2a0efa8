"""Wires the capabilities into one Dagster graph and starts it: settings, jobs, sensors, CLI."""
