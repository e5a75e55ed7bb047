"""Posts, companies, permits and rosters of a day folder, and what is wrong with some."""

from typing import Any

import pytest

from dispatch.core import messages as m
from dispatch.core.compounds import Compound, Post
from dispatch.core.model import Duty
from dispatch.sim.folder import DayError, read_day
from dispatch.sim.opening import SETTER_UP, opening

COMPOUNDS = "id,name,property_company\nG,Garden,Acme\nL,Lake,\n"
POSTS = "id,compound,hub,minimum\nq1,G,h2,1\n"
ROSTER = (
    "courier_id,opens_at,closes_at,post,duty\n"
    "c2,09:00,09:45,q1,POST\nc2,09:45,10:30,q1,PATROL\nc1,08:00,12:00,,\n"
)
COURIERS = (
    "id,kind,mode,lat,lon,access,carriers\n"
    "c1,rider,ebike,36.65,117.0,Garden;L,sf;yto\nc2,guard,foot,36.651,117.002,,\n"
)


def problems(path: Any) -> list[str]:
    """Return what is wrong with a folder."""
    with pytest.raises(DayError) as caught:
        read_day(path)
    return caught.value.problems


def test_a_guarded_day_begins_with_its_posts_and_permits(good_day: Any) -> None:
    """Compounds, posts and permits stand before anybody's slots; access by name counts as by id.

    No permit where nobody runs the compound, and carriers are the rider's own.
    """
    day = read_day(
        good_day.write(
            compounds__csv=COMPOUNDS,
            posts__csv=POSTS,
            availability__csv=ROSTER,
            couriers__csv=COURIERS,
        )
    )
    commands = list(opening(day))
    of_compounds = [
        command
        for command in commands
        if isinstance(command, m.CreateCompound | m.CreatePost | m.PermitCourier)
    ]
    assert of_compounds == [
        m.CreateCompound(compound=Compound(id="G", name="Garden", company="Acme")),
        m.CreatePost(post=Post(id="q1", compound="G", hub="h2")),
        m.PermitCourier(compound="G", courier="c1", actor=SETTER_UP),
        m.PermitCourier(compound="G", courier="c2", actor=SETTER_UP),
    ]
    assert all(isinstance(command, m.AddAvailability) for command in commands[-2:])
    guard = [slot for courier, slot in day.availability if courier == "c2"]
    assert [(slot.post, slot.duty) for slot in guard] == [("q1", Duty.POST), ("q1", Duty.PATROL)]
    assert {courier.id: courier.carriers for courier in day.couriers} == {
        "c1": ("sf", "yto"),
        "c2": (),
    }


def test_a_day_without_posts_begins_as_before(good_day: Any) -> None:
    """Hubs, couriers and slots alone; a post that nothing says more of is only a word."""
    roster = "courier_id,opens_at,closes_at,post,duty\nc2,09:00,09:45,east gate,POST\n"
    day = read_day(good_day.write(availability__csv=roster))
    kinds = [type(command).__name__ for command in opening(day)]
    assert kinds == ["CreateHub"] * 2 + ["CreateCourier"] * 2 + ["AddAvailability"]
    assert day.availability[0][1].post == "east gate"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"posts__csv": POSTS, "availability__csv": ROSTER.replace("q1,PATROL", "q7,PATROL")},
            ["availability.csv:3: post: there is no post 'q7'"],
        ),
        (
            {
                "posts__csv": POSTS,
                "availability__csv": ROSTER.replace("09:45,10:30", "09:30,10:30"),
            },
            [
                (
                    "availability.csv:3: opens_at: the slot overlaps the one in line 2: "
                    "nobody is at two places at once"
                )
            ],
        ),
        (
            {"compounds__csv": COMPOUNDS, "posts__csv": POSTS.replace("q1,G", "q1,X")},
            ["posts.csv:2: compound: there is no compound 'X'"],
        ),
        (
            {"compounds__csv": COMPOUNDS.replace("Acme", "Acme & Sons")},
            [
                (
                    "compounds.csv:2: property_company: 'Acme & Sons' is not an id: 1 to 63 "
                    "letters, digits and . _ ~ -, the first a letter or digit"
                )
            ],
        ),
        (
            {"posts__csv": POSTS + "q1,G,h2,x\n,G,,1\n"},
            [
                "posts.csv:3: id: 'q1' is already in line 2",
                "posts.csv:3: minimum: 'x' is not a number",
                "posts.csv:4: id: is missing",
            ],
        ),
    ],
)
def test_bad_rosters_and_posts_are_told(
    good_day: Any, files: dict[str, str], expected: list[str]
) -> None:
    """Each with its line, and nothing is guessed."""
    assert problems(good_day.write(**files)) == expected
