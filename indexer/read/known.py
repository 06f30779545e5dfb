"""The encoders that a searcher has: those of its settings, and those of an index that tells its profile.

An index says in its `_meta` how its vectors are made, and what is to come after it. So a searcher follows the alias from one index to
the next (and back) without being started again: what is to come is built and warmed beside, before it is needed.
"""

import contextlib
import threading
from collections.abc import Callable

from indexer.encoders import Encoders, space_of
from indexer.errors import EncoderMismatch, IndexerError
from indexer.observe import log
from indexer.store.identity import Description, Identity

Build = Callable[[str], Encoders]
"""A profile to encoders. Raises SettingsError for what is none, and what making them raises."""

KEPT = 3
"""Encoders besides our own: those in use, those to come, and those of a rollback."""


class Known:
    """Encoders by the space that their queries fit. Safe across threads."""

    def __init__(self, own: Encoders, build: Build | None = None, *, ahead: bool = True) -> None:
        """`own` are the settings'; without `build` no others can be made, and without `ahead` none before they are needed."""
        self.own = own
        self._ahead = ahead
        self._build = build
        self._lock = threading.Lock()
        self._building = threading.Lock()
        self._others: dict[str, Encoders] = {}
        self._tried: set[str] = set()
        self._warm: set[str] = set()

    def of(self, identity: Identity) -> Encoders:
        """The encoders of an index that was checked; our own where it was not."""
        space = space_of(identity)
        with self._lock:
            return self._others.get(space, self.own)

    def check(self, described: Description) -> None:
        """See that the index's encoders are here, making them by its profile if need be. Raises EncoderMismatch where they can't be."""
        space = space_of(described.identity)
        with self._lock:
            if space in self._others or space == self.own.space:
                return
        if self._build is not None and described.profile and self._make(described.profile, space) is not None:
            return
        self.own.check(described.identity)

    def fitting(self, described: Description | None) -> Encoders:
        """The encoders of that index where they are here or can be made; else our own, and the search will say what is wrong."""
        if described is None:
            return self.own
        with contextlib.suppress(EncoderMismatch):
            self.check(described)
        return self.of(described.identity)

    def ready(self, profile: str) -> bool:
        """Whether the encoders of what is to come were made and warmed here."""
        with self._lock:
            return profile in self._warm

    def notice(self, described: Description) -> None:
        """Get ready, on a thread of its own, for what is to come after this index; what fails is logged, and not tried again."""
        profile = described.coming.profile if described.coming is not None else ""
        with self._lock:
            if self._build is None or not self._ahead or not profile or profile in self._tried:
                return
            self._tried.add(profile)
        threading.Thread(target=self._prepare, args=(profile,), name="fusedex-coming", daemon=True).start()

    def _prepare(self, profile: str) -> None:
        made = self._make(profile)
        if made is None:
            return
        try:
            made.warm()
        except IndexerError as error:
            log.warning("coming_not_warm", error=type(error).__name__, reason=error.message)
        else:
            log.info("coming_warm", recipe=made.recipe)
            with self._lock:
                self._warm.add(profile)

    def _make(self, profile: str, wanted: str = "") -> Encoders | None:
        """The profile's encoders, kept; None where they can't be made, or are not of the space that is wanted."""
        with self._building:  # of many searches that meet a new index, one builds and the others find it built
            with self._lock:
                if wanted and wanted in self._others:
                    return self._others[wanted]
            try:
                made = self._build(profile) if self._build is not None else None
            except IndexerError as error:
                log.warning("profile_not_made", error=type(error).__name__, reason=error.message)
                return None
            if made is None or (wanted and made.space != wanted):
                return None
            with self._lock:
                if made.space == self.own.space:
                    return self.own
                kept = self._others.setdefault(made.space, made)
                while len(self._others) > KEPT:
                    self._others.pop(next(iter(self._others)))
                return kept
