"""What all sections of a policy release are: frozen, and without a key that nobody knows."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of a release."""

    model_config = ConfigDict(extra="forbid", frozen=True)
