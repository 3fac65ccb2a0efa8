"""Shared words: what every capability means by a site, a bucket, a frame or an error.

Nothing here knows a feed, a model or a framework.
"""
