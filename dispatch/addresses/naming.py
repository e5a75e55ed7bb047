"""Whose building it is: the compound's name in the text before a door, and the city before it."""

import re
from typing import NamedTuple

from dispatch.addresses.regions import CITIES, PROVINCES

GUESSED = "where the region ends and the compound begins is a guess"
WORDY = "the text before the door is more than a name"
TWO_NAMES = "two names stand before the door"
NUMBERED = "the compound has no name but its street and number"

_LONGEST_NAME = 20
_HAN = re.compile(r"[\u3400-\u9fff]")
_LABEL = re.compile(
    r"^(?:您好\s*,?)?(?:(?:(?:收货|收件|详细|配送|送货)?(?:地址|住址)|地点|收货人|收件人|寄件人|ADDRESS)"
    r"\s*[::]?\s*|(?:请|麻烦)+(?:帮忙)?[送寄](?:货|件)?[到至往])",
    re.IGNORECASE,
)
_QUALIFIER = re.compile(
    r"^(?:[东西南北中]区?|[东西南北][一二三四五六七八九十]区|[A-Z]\d?区?|\d{1,2}区|[一二三四五六七八九十\d]{1,3}[期区])$"
)
_SPLIT_HAN = re.compile(r"[,\s:/_.]+")
_SPLIT_OTHER = re.compile(r"[,/]+")
# What calls a piece of land a compound; alone it is no name.
_GENERIC = re.compile(
    r"(?:小区|社区|花园|家园|公寓|小镇|新村|新城|新区|大院|大厦|广场|名苑|宿舍|家属院|大楼|商城|名邸|苑|城|园|里|府|院|村|庄|区|内|家|栋|楼|住宅小?区|[一二三四五六七八九十\d]{1,3}[区期])?"
)
_WORDY = re.compile(
    r"[送请收寄交]|(?<![解开])放|[东西南北正后侧]门|电话|联系|快递|麻烦|门口|旁边|对面|附近|隔壁|后面|里面|路口|交叉|转角|地铁|公交|站|我|你|的|在|到|不|周[一二三四五六日末]|工作日|平时"
)
_PROVINCE = re.compile(
    r"^(?:中国)?(?P<name>" + "|".join(sorted(PROVINCES, key=len, reverse=True)) + r")"
    r"(?P<rank>省|市|自治区|壮族自治区|回族自治区|维吾尔自治区|特别行政区)?"
)
_CITY = re.compile(r"^(?P<name>[\u4e00-\u9fff]{2,4}?)(?P<rank>市(?![场民政区])|自治州|地区|盟)")
# The first characters before the names: most texts fail there at once.
_BARE_CITY = re.compile(
    "^(?=["
    + "".join(sorted({name[0] for name in CITIES}))
    + "])(?:"
    + "|".join(sorted(CITIES, key=len, reverse=True))
    + ")"
)
# 北京顺义, 上海奉贤南桥: city, district and town without their ranks.
_CITY_PART = re.compile(_BARE_CITY.pattern + r"[\u4e00-\u9fff]{2,4}")
# Villages, lakes and quarters before a name, which are no compounds themselves.
_LOCALITY = re.compile(
    r"^(?:[\u4e00-\u9fff]{1,4}[村庄湖岛山岭桥店口河江峪埔坪屯营岗滩泾洲东西南北]|中国)$|处$"
)
_NO_CITY = re.compile(r"[城都超门夜集菜闹上]$")
_DISTRICT = re.compile(
    r"^(?:[\u4e00-\u9fff]{1,7}?(?:自治县|新区|开发区|高新区|经开区)"
    r"|[\u4e00-\u9fff]{1,3}?(?:(?<![小社园片校院宅住厂矿库景东西南北中一二三四五六七八九十百新])区|县(?!城)|旗(?!舰)|(?<![城都超夜集])市(?![场民政区])))"
)
_INNER_DISTRICT = re.compile(
    r"^(?:[\u4e00-\u9fff]{1,7}?(?:自治县|新区|开发区|高新区|经开区)"
    r"|[\u4e00-\u9fff]{1,4}?(?:(?<![小社园片校院宅住厂矿库景一二三四五六七八九十百])区|县(?!城)|旗(?!舰)|(?<![城都超夜集])市(?![场民政区])))"
)
# Districts whose names look like a compound's wing.
_DOUBLE_DISTRICT = re.compile(
    r"^(?:东城|关中|南关|城东|城中|城北|城南|城西|岳西|市中|市北|市南|新北"
    r"|江东|江北|江南|江岸|河东|河西|浦东|海南|渝中|渝北|湖中|西城|龙华)区"
)
_TOWN = re.compile(r"^[\u4e00-\u9fff]{2,4}?(?:(?<!小)镇|乡|街道(?:办事处|办)?)")
_STREET_TOWN = re.compile(r"^[\u4e00-\u9fff]{2,5}?街道(?:办事处|办)?")
_STREET = re.compile(
    r"^[\u4e00-\u9fff\d]{1,6}?(?:大道|大街|胡同|(?<![丝铁公思网])路(?![易劲人遥桥])|街(?![区坊道])|巷)(?:[东西南北中]段)?(?:\d{1,4}号)?"
)


_PERSON = re.compile(r"先生|女士|小姐|老师|阿姨|叔叔|师傅|同学|经理|医生|[收转]$")
_REGION_END = re.compile(r"(?:街道(?:办事处|办)?|[镇乡路街道巷省市县区]|\d+号?|[期弄院])$")
_LAND = re.compile(
    r"[\u4e00-\u9fff]{1,8}(?:路|街|道|巷|胡同|里|[东西南北中]段)[甲乙]?\d{1,5}(?:弄|号院)"
)
# Who is found there is told by a desk, not by a door.
_INSTITUTION = re.compile(
    r"(?:软件|科技|产业|工业|创意|物流)园|门诊|住院|病房|科楼|大学|学院|学校|中学|小学|幼儿园|医院|公司|集团|酒店|宾馆|银行|超市|商场|市场"
    r"|工厂|厂区|派出所|法院|研究院|研究所|政府|驿站|菜鸟|营业部|车站|机场|[路街道巷号弄]$|[内旁侧口]$"
)
_NAME_INSIDE = re.compile(
    r"(?<=.)(?:小区|社区|花园|(?<!新)家园|公寓|新村|广场|苑|(?<=..)园(?![林都])"
    r"|(?<=..)城(?![市建区]))(?!(?:小区|新村|公寓|社区|大厦|广场)$)(?=.{2,}$)"
)
_ENDING = re.compile(r"(?:[东西南北中A-Za-z\d]区|[\d一二三四五六七八九十]+[期区])+$")
# 区 or 路 within a name: perhaps a region that was not recognised.
_REGION_INSIDE = re.compile(
    r"(?:(?<![小社])区|(?<![城都])市|[县镇乡路街巷道])(?=.{2,})"
    # 梅溪湖金茂悦: a lake or a hill, and the compound at it.
    r"|(?<=^..)[湖湾头岭桥店口洲岛滩泾岗](?=.{3,})"
)
_MASKED = re.compile(r"\d{5}|[*Xx]{3}")
_ROAD = re.compile(r"\b(?:ROAD|RD|STREET|ST|AVENUE|AVE|LU|JIE|LANE)\.?$", re.IGNORECASE)
_VILLAGE = re.compile(r"(?<![新一二三四五六七八九十])村$|\d组$|[组社队屯]$")
# What only says that people live or work there.
_NO_NAME = re.compile(
    r"(?:员工|职工|教师|教工|学生|单位|公司|工厂|学校|大学|单身|人才|机关|干部)*"
    r"(?:宿舍楼?|家属[区院楼]|公寓楼?|安置房|安置小区|回迁房|生活区|小区|大院|住宅区)"
)
_SURNAME = re.compile(
    r"[王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段钱汤尹黎易常武乔贺赖龚文]"
    r"[\u4e00-\u9fff]{1,2}"
)
# Names that end so are a compound's, also where a locality stands before them.
_SURE_END = re.compile(
    r"(?:小区|花园|家园|公寓|新村|花苑|嘉园|佳园|华庭|豪庭|名苑|山庄|家苑|花城|雅苑|名邸|公馆|庄园|华府|雅居|嘉苑|名都|新苑|水岸|国际)$"
)
_ESTATE_END = re.compile(
    r"[园苑城里府居邸庭轩阁院寓郡墅厦堡舍坊都座]$|(?<![大街])道$|小区$|新村$|山庄$|广场$|中心$"
)


class Named(NamedTuple):
    """The name before a door.

    Attributes
    ----------
    compound
        Empty where there is none.
    city
        Empty where the line names none; without its rank.
    why
        What speaks against certainty.
    """

    compound: str
    city: str
    why: str


def name_in(text: str, street: str = "") -> Named:
    """Return the compound that a text ends in.

    Parameters
    ----------
    text : str
        What stands before the door, after its street and number.
    street : str
        What stands before that, with street and number; empty where the line has none.
    """
    text = _LABEL.sub("", text.strip())
    region = city = ""
    if street:
        region, city, _ = _without_region(_LABEL.sub("", street.strip()), keeps_street=True)
    parts = [part for part in _split(text) if part]
    ending = ""
    while parts:
        part = parts.pop()
        if _QUALIFIER.match(part.upper()) and parts:
            ending = part + ending
            continue
        rest, found, doubt = _without_region(part)
        city = city or found
        for before in () if city else parts:
            city = city or _without_region(before)[1]
        if rest:
            named = _checked(rest + ending, city, doubt)
            is_sure = bool(parts) and _SURE_END.search(rest) is not None
            is_second = bool(parts) and any(
                _may_be_name(before, is_first=not index, needs_end=is_sure)
                for index, before in enumerate(parts)
            )
            return named._replace(why=named.why or (TWO_NAMES if is_second else ""))
        if not parts and not region:
            return Named(ending, city, WORDY if ending else "")
    if not region:
        return Named(ending, city, "")
    # 号院 and 弄 are land of their own; a mere number may be one house of many.
    region = re.sub(r"\s+(?=[\d弄号院])", "", region)
    region = _split(region)[-1]
    is_land = _LAND.fullmatch(region) and not ending and not _BARE_CITY.match(region)
    return Named(region, city, "" if is_land else NUMBERED)


def is_village(name: str) -> bool:
    """Whether a name is a village's, where a number is a house and not a building of many."""
    return _VILLAGE.search(name) is not None


def city_in(text: str) -> str:
    """Return the city with which a text begins, without its rank; empty where it names none."""
    return _without_region(_LABEL.sub("", text.strip()))[1]


def _split(text: str) -> list[str]:
    return (_SPLIT_HAN if _HAN.search(text) else _SPLIT_OTHER).split(text.strip(" ,.-_/:#"))


def _may_be_name(text: str, *, is_first: bool, needs_end: bool) -> bool:
    """Whether a text before the name could be the name as well: no region, no person, no note.

    Parameters
    ----------
    is_first
        Whether the line begins with it: a recipient's name does.
    needs_end
        Whether the name itself is surely one, so that only what is called a compound counts.
    """
    rest = _without_region(text)[0]
    is_estate = _ESTATE_END.search(rest) is not None
    if is_first and not is_estate and (_SURNAME.fullmatch(rest) or _CITY_PART.fullmatch(text)):
        return False
    if not is_estate and (needs_end or _LOCALITY.search(rest)):
        return False
    return bool(
        len(rest) > 1
        and _HAN.search(rest)
        and not _PERSON.search(rest)
        and not _STREET.fullmatch(rest)
        and (is_estate or not _is_district(text))
        and (is_estate or not _REGION_END.search(rest))
        and _GENERIC.fullmatch(rest) is None
    )


def _checked(name: str, city: str, doubt: str) -> Named:
    name = name.strip(" .-_#")
    if len(name) > _LONGEST_NAME and _HAN.search(name):
        return Named(name[:200], city, WORDY)
    if _HAN.search(name) and (_WORDY.search(name) or _MASKED.search(name)):
        return Named(name, city, WORDY)
    if len(name) < 2:  # noqa: PLR2004 - one character names nothing
        return Named(name, city, WORDY)
    bare = _ENDING.sub("", name)
    if not _HAN.search(name):
        if _ROAD.search(name):
            return Named(name, city, WORDY)
        is_short = sum(character.isalpha() for character in name) < 4  # noqa: PLR2004
        return Named(name, city, WORDY if is_short else doubt)
    if _INSTITUTION.search(bare) or _NO_NAME.fullmatch(bare):
        return Named(name, city, WORDY)
    if not doubt and (_REGION_INSIDE.search(bare) or _NAME_INSIDE.search(bare)):
        doubt = GUESSED
    if not doubt and name.endswith(("东", "西", "南", "北", "中", "甲", "乙")):
        doubt = GUESSED
    return Named(name, city, doubt)


def _without_region(text: str, *, keeps_street: bool = False) -> tuple[str, str, str]:
    """Return a text without province, city, district and street; the city; and a doubt."""
    if not text:
        return "", "", ""
    rest, city, doubt, is_inside = text.strip(), "", "", False
    for pattern in (_PROVINCE, _CITY):
        match = pattern.match(rest)
        if match is None or not _is_place(match, rest):
            continue
        name = match["name"]
        city = name if name in CITIES or pattern is _CITY else city
        rest, is_inside = rest[match.end() :], True
    if not city or rest == text:
        bare = _BARE_CITY.match(rest)
        if bare and (_is_district(rest[bare.end() :]) or rest == bare.group()):
            city, rest, is_inside = bare.group(), rest[bare.end() :], True
    district = _district(rest, is_inside=is_inside)
    if district and _is_name(rest[district.end() :]):
        rest, is_inside = rest[district.end() :], True
    town = (_TOWN if is_inside or keeps_street else _STREET_TOWN).match(rest)
    if town and _is_name(rest[town.end() :]):
        rest, is_inside = rest[town.end() :], True
    street = None if keeps_street else _STREET.match(rest)
    if street and _is_name(rest[street.end() :]):
        shorter = rest[street.end() :]
        # 江南大道中富力海珠城: the direction may be the street's.
        is_split = street.group().endswith("大道") and shorter[0] in "东西南北中"
        doubt = GUESSED if is_split or not is_inside else ""
        rest, is_inside = shorter, True
    is_deep = bool(district or town or street) or (is_inside and bool(city))
    bare = None if is_deep else _BARE_CITY.match(rest)
    if bare and len(rest) - bare.end() > 2:  # noqa: PLR2004 - 黄山花园 is a name, 黄山 its first half
        doubt = GUESSED
    return rest, city, doubt


def _district(text: str, *, is_inside: bool) -> re.Match[str] | None:
    """Return the district with which a text begins; after a city it may end in a direction."""
    if is_inside:
        return _INNER_DISTRICT.match(text)
    found = _DOUBLE_DISTRICT.match(text) or _DISTRICT.match(text)
    return found if found and len(found.group()) > 2 else None  # noqa: PLR2004 - 东区 is part of a name


def _is_place(match: re.Match[str], text: str) -> bool:
    """Whether the beginning of a text is a province or city, and not of a compound's name."""
    rest, name = text[match.end() :], match["name"]
    if match["rank"] is None:
        # 北京 before a city or district is the region, before anything else perhaps a name.
        return (
            rest == ""
            or _is_district(rest)
            or _CITY.match(rest) is not None
            or (name not in CITIES and _BARE_CITY.match(rest) is not None)
        )
    if name in CITIES or name in PROVINCES:
        return True
    return not _NO_CITY.search(name) and (_is_name(rest) or rest == "")


def _is_district(text: str) -> bool:
    return bool(_DISTRICT.match(text) or _DOUBLE_DISTRICT.match(text))


def _is_name(text: str) -> bool:
    """Whether a text can be a compound's name, or leads to one."""
    return len(text) > 1 and _GENERIC.fullmatch(text) is None
