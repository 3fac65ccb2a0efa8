"""Optimisers as pure functions of arrays: the only importers of OR-Tools, one module a kind of problem.

Not here: what a node, a column or a row means to whoever asks.
"""
