"""Demand and what drove it, as arrays over series and buckets. Not here: any model of it."""
