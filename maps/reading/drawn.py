"""What an OSM file draws: ways, nodes and relations as plain values.

Between the reader, which knows the library, and the modules that make a network of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Tags: TypeAlias = tuple[tuple[str, str], ...]
"""Pairs of key and value, sorted by key: a combination that can be counted."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ways:
    """Roads; W ways with R references to nodes in all.

    Attributes
    ----------
    way_id : (W,) int64, OSM ids, ascending
    ref_count : (W,) int64, references of each way
    refs : (R,) int64, OSM ids of nodes, way after way
    tag_set : (W,) int32, index into `tag_sets`
    tag_sets : combinations of tags, sorted
    """

    way_id: NDArray[np.int64]
    ref_count: NDArray[np.int64]
    refs: NDArray[np.int64]
    tag_set: NDArray[np.int32]
    tag_sets: Sequence[Tags]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nodes:
    """Nodes that the file has and somebody asked for.

    Attributes
    ----------
    node_id : (N,) int64, OSM ids, ascending
    lat, lon : (N,) float64, degrees
    is_barrier : (N,) bool, has a ``barrier`` of any kind
    blocked : (N, M) bool, modes that it stops
    """

    node_id: NDArray[np.int64]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    is_barrier: NDArray[np.bool_]
    blocked: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of a relation: ``kind`` is n, w or r."""

    kind: str
    ref: int
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A relation with all its tags and members in order."""

    id: int
    tags: Mapping[str, str]
    members: tuple[Member, ...]
