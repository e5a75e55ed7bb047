"""A small compound behind one gate, on drawn streets, as a folder whose cells a test can change."""

from pathlib import Path

NODES = {
    1: (60.17, 24.94),
    2: (60.17, 24.9436),
    3: (60.17, 24.9472),
    4: (60.1703, 24.9436),
    5: (60.171, 24.9436),
    6: (60.171, 24.9446),
}
WAYS = {100: ("residential", (1, 2, 3)), 101: ("service", (2, 4, 5, 6))}
LAKE = "POLYGON((24.942 60.1703, 24.9455 60.1703, 24.9455 60.1716, 24.942 60.1716, 24.942 60.1703))"

FILES = {
    "compounds.csv": f'id,name,property_company,boundary\nlake,Lake Garden,lakeside,"{LAKE}"\n',
    "gates.csv": "id,compound,lat,lon,rule,modes\nmain,lake,60.1703,24.9436,SIGN_IN,\n",
    "entrances.csv": (
        "compound,building,entrance,lat,lon,floors,lift\n"
        "lake,1,1,60.1711,24.9436,6,no\n"
        "lake,2,1,60.1711,24.9446,18,yes\n"
    ),
    "posts.csv": "id,compound,hub,minimum\ngate-post,lake,booth,1\n",
    "hubs.csv": (
        "id,kind,operator,lat,lon,slots_s,slots_m,slots_l,compound\n"
        "booth,booth,lakeside,60.17035,24.9437,20,10,2,lake\n"
    ),
    "hub_hours.csv": "hub,opens_at,closes_at\nbooth,08:00,20:00\n",
    "couriers.csv": (
        "id,kind,mode,lat,lon\nwang,guard,foot,60.1703,24.9436\nli,guard,foot,60.1703,24.9436\n"
    ),
    "availability.csv": (
        "courier_id,opens_at,closes_at,post,duty\n"
        "wang,08:00,14:00,gate-post,POST\n"
        "wang,14:00,20:00,gate-post,PATROL\n"
        "li,08:00,12:00,gate-post,POST\n"
        "li,12:00,20:00,gate-post,POST\n"
    ),
}


def write(folder: Path, **changes: str | bytes | tuple[str, str]) -> Path:
    """Write the folder; a change is a whole file, or (old, new) within it, "-" for "."."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        change = changes.get(name.removesuffix(".csv"), text)
        if isinstance(change, tuple):
            assert change[0] in text, (name, change)
            change = text.replace(*change)
        if change == "":
            continue
        (folder / name).write_bytes(change if isinstance(change, bytes) else change.encode())
    return folder


def town(folder: Path) -> Path:
    """Write the streets as an OSM file."""
    nodes = [f'<node id="{own}" lat="{lat}" lon="{lon}"/>' for own, (lat, lon) in NODES.items()]
    ways = [
        f'<way id="{own}">'
        + "".join(f'<nd ref="{node}"/>' for node in along)
        + f'<tag k="highway" v="{kind}"/></way>'
        for own, (kind, along) in WAYS.items()
    ]
    path = folder / "town.osm"
    path.write_text("\n".join(['<osm version="0.6">', *nodes, *ways, "</osm>"]))
    return path
