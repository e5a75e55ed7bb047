"""Labels that do not cover each other: each is put beside its point where there is room."""

from html import escape

_LETTER_PX = 7.6
_WIDE_LETTER_PX = 14.0
_HEIGHT_PX = 15.0
_GAP_PX = 10.0
_FIRST_WIDE = "\u2e80"

Box = tuple[float, float, float, float]


def text_px(text: str, scale: float = 1.0) -> float:
    """Estimate how wide a text is: Chinese letters fill a square."""
    widths = (_WIDE_LETTER_PX if letter >= _FIRST_WIDE else _LETTER_PX for letter in text)
    return scale * sum(widths)


class Labels:
    """The labels of one picture.

    Parameters
    ----------
    width_px, height_px : float
        Of the picture; no label leaves it.
    """

    def __init__(self, width_px: float, height_px: float) -> None:
        self._width_px = width_px
        self._height_px = height_px
        self._taken: list[Box] = []

    def keep_clear(self, x: float, y: float, radius_px: float) -> None:
        """Let no label cover a mark."""
        self._taken.append((x - radius_px, y - radius_px, x + radius_px, y + radius_px))

    def beside(self, x: float, y: float, text: str, *, css_class: str, scale: float = 1.0) -> str:
        """Return a label right, left, below or above a point; empty where there is no room."""
        width = text_px(text, scale)
        half, high = width / 2, _HEIGHT_PX
        for left, top in (
            (x + _GAP_PX, y - high / 2),
            (x - _GAP_PX - width, y - high / 2),
            (x - half, y + _GAP_PX),
            (x - half, y - _GAP_PX - high),
            (x + _GAP_PX - 2, y + 5),
            (x - _GAP_PX - width + 2, y + 5),
        ):
            box = (left, top, left + width, top + high)
            if self._is_free(box):
                self._taken.append(box)
                return (
                    f'<text class="{css_class}" x="{left:.1f}" y="{top + 12:.1f}">'
                    f"{escape(text)}</text>"
                )
        return ""

    def _is_free(self, box: Box) -> bool:
        left, top, right, bottom = box
        if left < 0 or top < 0 or right > self._width_px or bottom > self._height_px:
            return False
        return not any(
            left < other[2] and other[0] < right and top < other[3] and other[1] < bottom
            for other in self._taken
        )
