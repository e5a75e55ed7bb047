"""The pieces of a plain line that number something: buildings, entrances, floors, rooms.

One regular expression finds them all from left to right. What a piece means is decided by its
neighbours, in `dispatch.addresses.grammar`; here each only gets a letter for its kind:

===  ======================================================================
S    street and number, ``文三路123号``; the line's compound comes after it
L    lane, ``123弄``
B    building with its sign, ``3号楼``, ``A座``, ``3#``, ``Building 3``
U    entrance with its sign, ``2单元``, ``Unit 2``
F    floor with its sign, ``5层``, ``5楼``, ``B1``, ``G层``
R    room with its sign, ``501室``, ``Room 501``
H    a bare ``4号``: a building in a lane, else a room or a house
T    a side of a landing, ``东户``
P    a shop on the ground, ``底商``
D    numbers with dashes between them, ``3-2-501``
n    a bare number
x    anything else between two pieces
===  ======================================================================
"""

import re
from typing import NamedTuple

_STEM = "甲乙丙丁戊己庚辛"
_SIGNED = rf"(?:[A-Z]{{1,2}}\d{{0,3}}|\d{{1,3}}[A-Z]?|[{_STEM}]\d{{0,3}}|[东西南北中](?=[座栋]))"
_PART = rf"(?:[A-Z]?\d{{1,4}}[A-Z]?|[A-Z]|[{_STEM}])"
_FREE = r"(?<![A-Z0-9])"

_PIECE = re.compile(
    # A street with its number, and a lane.
    r"(?P<S>(?:路|街|道|巷|胡同|[东西南北中]段)\s?[甲乙]?\d{1,5}(?:-\d{1,4})?\s?(?:号院|号(?![楼栋幢座室])))"
    r"|(?P<L>\d{1,5}\s?弄(?:\s?\d{1,4}\s?支?弄)?)"
    r"|(?P<Y>[甲乙]?\d{1,4}\s?号院)"
    # English, where the sign comes first.
    rf"|{_FREE}(?:BUILDING|BLDG\.?|BLOCK|BLK\.?|TOWER)\s*(?:NO\.?\s*)?#?(?P<B1>{_PART})(?![A-Z0-9])"
    rf"|{_FREE}(?:NO\.?\s*)?#?(?P<B3>{_PART})\s*(?:BUILDING|BLDG)(?![A-Z]|\.?\s*#?[A-Z]?\d)"
    rf"|{_FREE}(?:UNIT|ENTRANCE)\s*(?:NO\.?\s*)?#?(?P<U1>[A-Z]|\d{{1,4}}[A-Z]?)(?![A-Z0-9])"
    rf"|{_FREE}(?:ROOM|RM\.?|FLAT|APT\.?|APARTMENT|SUITE)\s*(?:NO\.?\s*)?#?(?P<R1>{_PART})(?![A-Z0-9])"
    rf"|{_FREE}(?:FLOOR|LEVEL)\s*(?P<F1>-?\d{{1,2}}|[BGM]\d?)(?![A-Z0-9])"
    rf"|{_FREE}(?P<F2>\d{{1,2}})\s?(?:(?:ST|ND|RD|TH)\s?(?:FLOOR|FL\.?|F)|/F|FLOOR|FL?)(?![A-Z0-9])"
    # Floors under the ground and without a number.
    rf"|{_FREE}(?P<F3>(?:地下|负|-)\s?(?P<depth>\d?)\s?(?:层|楼)|B(?P<below>\d)(?:层|楼|(?![A-Z0-9座栋区幢#-])))"
    r"|(?P<F4>地下室)|(?P<F5>(?:[GM]|LG|UG|底|首|夹|顶)层)"
    # Shops.
    r"|(?P<P>(?:沿街|临街)?(?:底商|商铺|门面房?|(?<![厦江荆天玉石])门市房?|铺位|底层商铺|店面))"
    r"|(?P<B4>[东西南北])楼(?=\s?\d{3,4}(?!\d))"
    # Chinese, where the sign comes last.
    rf"|{_FREE}(?:第\s?)?(?P<B2>{_SIGNED})\s?(?:号楼|号栋|号幢|号座|#楼|#栋|栋楼?|幢楼?|座(?!机)|#)"
    rf"|{_FREE}(?:第\s?)?(?P<U2>\d{{1,2}}|[A-Z]|[{_STEM}]|[东西中](?=\s?单元))\s?(?:单元|号门(?!口)|门洞|门(?![口卫前外厅铃市面禁牌])|梯)"
    rf"|{_FREE}(?P<D>{_PART}(?:\s?-\s?{_PART}){{1,3}})(?![A-Z0-9-]|\s?(?:单元|号楼|栋|幢|座|层|楼|弄|#))\s?(?:号房|室|户|房)?"
    rf"|{_FREE}(?:第\s?)?(?P<F6>\d{{1,3}})\s?(?P<storey>层|楼(?![盘市下道]))"
    rf"|{_FREE}(?P<R2>[A-Z]?\d{{1,5}}[A-Z]?|[A-Z]|[{_STEM}])\s?(?:号室|号房|室(?!内)|房间|房(?!产)|户(?!外))"
    r"|(?P<T>[东西南北中]{1,2}[户室])"
    rf"|{_FREE}(?P<H>[甲乙丙丁]?\d{{1,4}}[A-Z]?)\s?号(?!线|公馆|府|院)"
    rf"|{_FREE}(?P<n>[A-Z]?\d{{1,5}}[A-Z]?)(?![A-Z0-9])"
)
_KINDS = {
    **{name: name[0] for name in _PIECE.groupindex if name not in {"depth", "below", "storey"}},
    "F7": "F",
    "Y": "S",
}
_SEPARATOR = re.compile(r"[\s,.\-_/:#·的]*")


class Piece(NamedTuple):
    """One numbered thing of a line.

    Attributes
    ----------
    kind
        One of the letters above.
    value
        What stands on its sign.
    start, end
        Characters of the line.
    name
        The group that found it; ``F6`` is a floor that was written with 楼, ``F7`` with 层.
    """

    kind: str
    value: str
    start: int
    end: int
    name: str


def pieces_of(upper: str) -> list[Piece]:
    """Return the pieces of a plain line in capitals, from left to right."""
    found = []
    for match in _PIECE.finditer(upper):
        name = match.lastgroup or ""
        if name == "storey":
            name = "F6" if match.group("storey") == "楼" else "F7"
            value = match.group("F6")
        elif name == "F3":
            value = f"-{match.group('depth') or match.group('below') or 1}"
        else:
            value = match.group(name)
        found.append(Piece(_KINDS[name], value, match.start(), match.end(), name))
    return found


def is_gap(upper: str, start: int, end: int) -> bool:
    """Whether something stands between two pieces that is more than punctuation."""
    match = _SEPARATOR.match(upper, start, end)
    return match is None or match.end() != end
