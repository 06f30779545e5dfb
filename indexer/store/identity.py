"""What an index tells of itself, in the mapping's `_meta`: who may write and search it, how its vectors are made, what comes after it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who may write to an index and search it, kept in the mapping's `_meta`; `text`, `photo`, `fusion` are digests of their specs.

    `photo_vector`: beside the fused row, of `width` too, products have one of their photos alone.
    """

    ledger: str
    text: str
    photo: str
    fusion: str
    width: int
    schema: str = "products.v1"
    photo_vector: bool = False


@dataclass(frozen=True, slots=True)
class Coming:
    """The index that is to take this one's place, and the profile of its encoders: whoever searches gets them ready.

    `share` of the queries (0 to 1) try it; `shadow`: they ask both, and this one is shown.
    """

    index: str
    profile: str
    share: float = 0.0
    shadow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """An index as it stands: its real name behind the alias, its identity, how many live products, which attributes.

    `profile` is the encoders' settings as JSON, empty where the index does not tell: a claim, which its identity proves.
    """

    index: str
    identity: Identity
    products: int
    attributes: tuple[str, ...]
    profile: str = ""
    coming: Coming | None = None
