"""When a recipient gets a new code: for a counter, or for a door that asks for one.

The code itself is nowhere in the rules: see `dispatch.core.keeping.Code`.
"""

from dispatch.core.draft import Draft
from dispatch.core.keeping import code_key
from dispatch.core.messages import CodeMinted
from dispatch.core.model import Parcel, ProofKind


def mint(draft: Draft, parcel: Parcel, hub: str, recipient: str) -> None:
    """Give a recipient a new code; an empty ``hub`` is the door."""
    old = draft.state.codes.get(code_key(hub, recipient))
    draft.tell(
        CodeMinted(
            at=draft.now,
            hub=hub,
            recipient=recipient,
            parcel=parcel.id,
            serial=old.serial + 1 if old else 1,
        )
    )


def mint_door_code(draft: Draft, parcel: Parcel) -> None:
    """Give the recipient of a parcel that asks for a code at its door a new one."""
    if ProofKind.PIN in parcel.proofs:
        mint(draft, parcel, "", parcel.id)


def has_door_code(draft: Draft, parcel: Parcel) -> bool:
    """Whether the recipient has been told a code for the door."""
    return code_key("", parcel.id) in draft.state.codes
