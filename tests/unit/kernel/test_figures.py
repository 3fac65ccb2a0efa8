"""Figures of pages are bytes that depend on nothing but the drawing."""

from assets.kernel.figures import blank_figure, png_bytes


def drawn() -> bytes:
    figure = blank_figure(2, 1)
    figure.add_subplot().plot([0, 1], [1, 0])
    return png_bytes(figure)


def test_the_same_drawing_is_the_same_png() -> None:
    assert drawn() == drawn()
    assert drawn().startswith(b"\x89PNG")
