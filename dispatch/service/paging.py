"""Pages of lists: how much they hold, and where the next one begins."""

from collections.abc import Sequence
from typing import Protocol

from dispatch.core.errors import Fault, InvalidValue
from dispatch.service import cursors

PAGE_SIZE = 50
LARGEST_PAGE = 1000


class Listing(Protocol):
    """A request for a page."""

    parent: str
    page_size: int
    page_token: str


def page_size(asked: int) -> int:
    """Return how many a page holds.

    Raises
    ------
    InvalidValue
        If a negative number was asked for.
    """
    if asked < 0:
        raise InvalidValue([Fault("page_size", f"{asked} is negative")])
    return min(asked or PAGE_SIZE, LARGEST_PAGE)


def page(
    keys: Sequence[str],
    collection: str,
    request: Listing,
) -> tuple[Sequence[str], str]:
    """Return the keys of a page, out of all of them in order, and the next page's token.

    Raises
    ------
    InvalidValue
        If the page's size or token is none.
    """
    question = (collection, request.parent)
    if request.page_token:
        after = cursors.unseal(request.page_token, "page_token", str, *question)
        keys = [key for key in keys if key > after]
    size = page_size(request.page_size)
    token = cursors.seal(keys[size - 1], *question) if len(keys) > size else ""
    return keys[:size], token
