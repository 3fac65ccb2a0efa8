"""Every shared table, declared once: its columns, types, units and key."""

from assets.kernel.frames.schema import Column, Frame, Kind

__all__ = ["Column", "Frame", "Kind"]
