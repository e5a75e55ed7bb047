"""An address line made plain: one width of characters, no notes, no phones, digits for numerals.

Lines that cannot be an address are told apart here, with a reason that quotes nothing of them.
"""

# ruff: noqa: RUF001 - characters that are replaced look like others: that is why
import re
import unicodedata
from typing import NamedTuple

LONGEST = 200
"""Characters of the longest line that is looked at; the longest real ones have about 80."""

EMPTY = "the line is empty"
TOO_LONG = f"the line is longer than {LONGEST} characters"
CONTROL = "the line holds control characters"

_UPPER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DASHES = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−﹣~～ー", "-"),
        **dict.fromkeys("，、；;|｜", ","),
        "。": " ",
        "•": "·",
        **dict.fromkeys("【[〔{「『", "("),
        **dict.fromkeys("】]〕}」』", ")"),
        "〇": "零",
        "○": "零",
        "＃": "#",
        "№": "#",
        "棟": "栋",
        "號": "号",
        "單": "单",
        "樓": "楼",
        "層": "层",
        "區": "区",
    }
)
_HAS_OTHERS = re.compile("[" + re.escape("".join(map(chr, _DASHES))) + "]")
# Controls, and what turns the direction of writing or cannot be seen.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffd]")
_PICTURE = re.compile(
    "[\u200b-\u200f\u2060\ufe00-\ufe0f\u20e3\u2190-\u21ff\u2300-\u23ff\u2500-\u27bf\u2b00-\u2bff"
    "\U0001f000-\U0001faff\U000e0000-\U000e007f]+"
)
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\xad]")
_BRACKETS = re.compile(r"\(([^()]*)\)")
_INSIDE = re.compile(
    r"\d\s*(?:号楼|号院|栋|幢|座|单元|层|楼|室|户|号|弄|#|-\d)|[A-Z甲乙丙丁东西南北]\s*[座栋区]|[一二三四五六七八九十]期"
)
_PHASE = re.compile(
    r"(?:[东西南北中A-Z]|[一二三四五六七八九十\d]{1,2})区|[一二三四五六七八九十\d]{1,2}期"
)
_MAY_NAME = re.compile(r"(?:(?![请放送勿电联近靠旁对原])[\u4e00-\u9fff]){2,10}")
_DOOR = re.compile(r"\d\s*(?:[号栋幢座#室-]|单元)")
# 8/2/301 and 3.2.501; years are none of them.
_SPLIT_DOOR = re.compile(r"(?<![\d/.-])(\d{1,3})([/.])(\d{1,2})\2(?!19|20)(\d{3,4})(?![\d/.-])")
_NUMBER_SIGN = re.compile(r"\b[Nn][Oo]\.\s?(?=\d)")
_NOTES = re.compile(
    r"[\d一二两三四五]室[\d一二两三]厅(?:[\d一二两三]卫)?"
    r"|(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)(?:转\d{1,6}|-\d{4}(?!\d))?"
    r"|(?<!\d)0\d{2,3}-?\d{7,8}(?!\d)"
    r"|(?<![\dA-Z-])\d{6}(?![\dA-Z号-])"
    r"|复式|跃层|LOFT"
)
_MARKS = (
    r"号楼|号栋|栋|幢|座|单元|层|楼(?!盘|市)|室|户(?!外)|房(?!产)|弄"
    r"|号(?!院|公馆|府|公寓)|门(?!口|卫)|#|-"
)
_NUMERAL = re.compile(
    rf"(?:(?<=[元栋幢座楼层弄室号门#-])|(?<=[元栋幢座楼层弄室号门#]\s))"
    rf"(?:[零一二三四五六七八九十百两]{{2,5}}|[零一二三四五六七八九0]{{3,4}})(?=$|[\s,室户房号-])"
    rf"|[零一二三四五六七八九十百两]+(?=(?:{_MARKS}))"
    r"|[壹贰叁肆伍陆柒捌玖拾]+(?=号楼|栋|幢|单元)"
)
_VALUES = {
    character: value
    for row in ("零一二三四五六七八九", "〇壹贰叁肆伍陆柒捌玖", "0123456789")
    for value, character in enumerate(row)
} | {"两": 2}
_TEN = frozenset("十拾")
_HUNDRED = "百"
_HAS_NUMERAL = re.compile(r"[零一二三四五六七八九十壹贰叁肆伍陆柒捌玖拾]")


class Plain(NamedTuple):
    """A line made plain.

    Attributes
    ----------
    text
        With digits and letters of one width.
    upper
        The same with capital letters; character by character as long.
    doubt
        What was left out and may have mattered, in words; empty where nothing did.
    """

    text: str
    upper: str
    doubt: str


def refusal(line: str) -> str:
    """Return why a line is not looked at; empty where it is."""
    if len(line) > LONGEST:
        return TOO_LONG
    if not line or line.isspace():
        return EMPTY
    return CONTROL if _CONTROL.search(line) else ""


def plain(line: str) -> Plain:
    """Return a line without what is no part of an address.

    Parameters
    ----------
    line : str
        One that `refusal` does not refuse.
    """
    doubt = ""
    text = unicodedata.normalize("NFKC", line.replace("№", "#"))
    if _HAS_OTHERS.search(text):
        text = text.translate(_DASHES)
    if not text.isascii():
        text = _INVISIBLE.sub("", text)
        bare = _PICTURE.sub(" ", text)
        if bare.strip() != text.strip():
            doubt = "the line holds pictures"
        text = bare
    if "(" in text:
        text, lost = _without_brackets(text)
        doubt = lost or doubt
    if "." in text or "/" in text:
        text = _NUMBER_SIGN.sub("", _SPLIT_DOOR.sub(r"\1-\3-\4", text))
    upper = text.translate(_UPPER)
    if _NOTES.search(upper):
        text = _blanked(_NOTES, text, upper)
        upper = text.translate(_UPPER)
    if _HAS_NUMERAL.search(text):
        text = _NUMERAL.sub(_digits, text)
        upper = text.translate(_UPPER)
    return Plain(text, upper, doubt)


def _without_brackets(text: str) -> tuple[str, str]:
    """Return the text without its brackets, and a doubt where they hold part of an address.

    A phase or wing in brackets belongs to the name before it.
    """
    doubt, parts, end = "", [], 0
    for match in _BRACKETS.finditer(text):
        inside = match[1].strip().translate(_UPPER)
        is_phase = _PHASE.fullmatch(inside) is not None
        parts += [text[end : match.start()], inside if is_phase else " "]
        end = match.end()
        is_name = match.start() > 0 and _MAY_NAME.fullmatch(inside) and _DOOR.search(text, end)
        if not is_phase and (_INSIDE.search(inside) or is_name):
            doubt = "brackets hold part of the address"
    return "".join([*parts, text[end:]]), doubt


def _blanked(pattern: re.Pattern[str], text: str, upper: str) -> str:
    """Return the text with spaces where the pattern matches its capitals."""
    parts, end = [], 0
    for match in pattern.finditer(upper):
        parts += [text[end : match.start()], " "]
        end = match.end()
    return "".join([*parts, text[end:]])


def _digits(match: re.Match[str]) -> str:
    return number_of(match.group())


def number_of(numeral: str) -> str:
    """Return a Chinese numeral in digits: ``二十三`` is 23, and ``五零一`` is 501."""
    if not any(character in _TEN or character == _HUNDRED for character in numeral):
        return "".join(str(_VALUES[character]) for character in numeral)
    total = digit = 0
    for character in numeral:
        if character == _HUNDRED:
            total, digit = total + (digit or 1) * 100, 0
        elif character in _TEN:
            total, digit = total + (digit or 1) * 10, 0
        else:
            digit = _VALUES[character]
    return str(total + digit)


def name_key(name: str) -> str:
    """Return what names are compared by: without spaces, numerals as digits, small letters."""
    text = unicodedata.normalize("NFKC", name).translate(_DASHES).casefold()
    text = _PART.sub(lambda match: number_of(match.group()), text)
    return _NO_LETTER.sub("", text)


_NO_LETTER = re.compile(r"[\W_]+")
_PART = re.compile(r"[零一二三四五六七八九十]+(?=[期区])")
