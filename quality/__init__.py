"""Judges what arrives and what is decided; never repairs."""
