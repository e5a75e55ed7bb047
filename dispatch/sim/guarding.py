"""Posts of a day and who runs its compounds: ``posts.csv`` and ``property_company`` to values.

A compound is somebody's only where the day says so, or where a post of it has to be manned; the
others stay what they are, land behind gates.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence

from dispatch.core.compounds import Compound, Post
from dispatch.core.errors import InvalidValue
from dispatch.core.model import Availability, Courier
from dispatch.sim import columns
from dispatch.sim.compounds import check_compound, names_of
from dispatch.sim.rows import Known, note_faults, own_id
from dispatch.sim.table import Row

Tables = Mapping[str, list[Row]]


def posts_of(tables: Tables, known: Known) -> tuple[Post, ...]:
    """Return the posts of a day by id, noting what is wrong with their rows."""
    names = names_of(tables)
    seen: dict[Hashable, int] = {}
    found = [_post(row, known, names, seen) for row in tables[columns.POSTS]]
    return tuple(sorted((post for post in found if post), key=lambda post: post.id))


def _post(
    row: Row, known: Known, names: frozenset[str] | None, seen: dict[Hashable, int]
) -> Post | None:
    """Return the post of a row, None where it is bad. Not every post keeps a hub."""
    try:
        return Post(
            id=own_id(row, seen),
            compound=check_compound(row, names),
            hub=known.check_hub(row, "hub"),
            minimum=row.whole("minimum"),
        )
    except InvalidValue as error:
        note_faults(row, error, {})
        return None


def companies_of(tables: Tables, posts: Sequence[Post]) -> tuple[Compound, ...]:
    """Return the compounds that somebody runs or that have posts, by id."""
    guarded = {post.compound for post in posts}
    found: dict[str, Compound] = {}
    for row in tables[columns.COMPOUNDS]:
        compound, company = row.text("id"), row.text("property_company")
        if not compound or not (company or compound in guarded):
            continue
        try:
            found[compound] = Compound(id=compound, name=row.text("name"), company=company)
        except InvalidValue as error:
            note_faults(row, error, {"company": "property_company"})
    for compound in guarded - found.keys():
        found[compound] = Compound(id=compound)
    return tuple(found[compound] for compound in sorted(found))


def permits_of(
    companies: Iterable[Compound],
    posts: Sequence[Post],
    couriers: Iterable[Courier],
    availability: Iterable[tuple[str, Availability]],
) -> tuple[tuple[str, str], ...]:
    """Return (compound, courier) of those whom a company lets work in its compound, in order.

    Who lists the compound in ``access``, by its id or its name, and who has a slot at a post of
    it.
    """
    run = {compound.id: compound for compound in companies if compound.company}
    compound_of = {post.id: post.compound for post in posts}
    permits = {
        (compound.id, courier.id)
        for courier in couriers
        for compound in run.values()
        if {compound.id, compound.name} & set(courier.access)
    }
    permits |= {
        (compound_of[slot.post], courier)
        for courier, slot in availability
        if compound_of.get(slot.post) in run
    }
    return tuple(sorted(permits))
