"""Figures that pages show, as small PNG bytes: made without a display and without state between them.

Not here: what is drawn, which each capability's ``pages`` says.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DOTS_PER_INCH = 80
# Enough for a dozen colours with soft edges; a page goes into Dagster's event log, so that size counts.
_COLOURS = 64


def blank_figure(width_in: float = 8.0, height_in: float = 3.5, *, layout: Literal["tight"] | None = "tight") -> Figure:
    """Return an empty figure of a size in inches; without ``layout`` its drawing places the axes itself."""
    # Without pyplot: no global state, and no display is looked for.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), dpi=_DOTS_PER_INCH, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def png_bytes(figure: Figure) -> bytes:
    """Return a figure as a PNG of few colours; the same drawing is the same bytes."""
    from PIL import Image

    canvas = figure.canvas
    canvas.draw()
    drawn = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba())  # type: ignore[attr-defined]
    few = drawn.convert("RGB").quantize(_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    few.save(buffer, format="png", optimize=True)
    return buffer.getvalue()
