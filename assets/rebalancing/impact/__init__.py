"""What an event touches: the graph of items, sites, suppliers and lanes, and what is exposed without a part of it.

Pure reading of published frames: nothing is planned again.
"""
