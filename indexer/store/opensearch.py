"""The store on OpenSearch, for threads and for event loops: two short loops that send what the plans ask for."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from pydantic import SecretStr

from indexer.errors import StoreError
from indexer.settings import IndexSettings
from indexer.store.asking import Kept, ask_plan, open_point_plan
from indexer.store.base import Document, Leg, LegAnswer, Stored, Written
from indexer.store.bulk import write_plan
from indexer.store.calls import Call, Plan
from indexer.store.capabilities import Capabilities, capabilities_plan
from indexer.store.client import make_async_client, make_client, our_errors, request_arguments
from indexer.store.drift import Drift, drift_plan
from indexer.store.identity import Coming, Description, Identity
from indexer.store.moves import drop_plan, hold_plan, made_for_plan, make_next_plan, next_body, note_plan, own_alias, switch_plan
from indexer.store.versions import adopt_plan, describe_plan, ensure_plan
from indexer.store.walking import remove_plan, walk_plan
from indexer.text.cleaning import DEFAULT, Cleaning

T = TypeVar("T")


class OpenSearchStore:
    """The product store behind an alias of an OpenSearch; safe across threads, not across a fork."""

    def __init__(
        self,
        url: SecretStr,
        settings: IndexSettings | None = None,
        *,
        timeout_s: float = 10.0,
        bulk_bytes: int = 8_000_000,
        cleaning: Cleaning = DEFAULT,
    ) -> None:
        """Prepare a client; nothing is asked of the server yet. Raises SettingsError for an address that is none."""
        self._cleaning = cleaning
        self._settings = settings or IndexSettings()
        self._alias = self._settings.alias
        self._client = make_client(url, timeout_s=timeout_s)
        self._bulk_bytes = bulk_bytes
        self._again = partial(OpenSearchStore, url, timeout_s=timeout_s, bulk_bytes=bulk_bytes, cleaning=cleaning)
        self._widths: dict[str, int] = {}
        self._kept = Kept()
        self._describing = threading.Lock()

    def capabilities(self) -> Capabilities:
        """What the server is and can do."""
        return self._run(capabilities_plan())

    def ensure(self, identity: Identity) -> str:
        """Make index and alias if they are missing, check them if not; return the index's name. Raises as ProductStore says."""
        index = self._run(ensure_plan(self._settings, identity))
        self._widths[""] = identity.width
        self._kept.forget()
        return index

    def describe(self, *, fresh: bool = False) -> Description:
        """The index behind the alias; kept for some seconds unless `fresh`. Raises IndexMissing, StoreUnavailable."""
        with self._describing:  # when it is stale, one thread asks and the others wait for its answer
            known = None if fresh else self._kept.recent()
            return known or self._kept.keep(self._run(describe_plan(self._alias)))

    def ask(self, legs: Sequence[Leg], *, point: str = "") -> list[LegAnswer]:
        """All legs in one request, answered in order, of the index as it stood at that point. Raises as ProductReader says."""
        return self._run(ask_plan(self._alias, legs, self._kept, self._cleaning, point=point))

    def open_point(self, *, keep_s: float) -> str:
        """Freeze the index as it stands for so long (at most a minute longer); the point's name. Raises IndexMissing, StoreBusy."""
        return self._run(open_point_plan(self._alias, keep_s=keep_s))

    def hold(self, index: str, identity: Identity) -> None:
        """Check that version, and see that it can be written to by its name. Raises as ProductStore says."""
        self._run(hold_plan(index, identity))
        self._widths[index] = identity.width

    def write(self, documents: Sequence[Document], *, index: str = "") -> list[Written]:
        """One result per document, in order. Raises as ProductStore says, and IndexMissing."""
        alias, width = own_alias(index) if index else self._alias, self._widths.get(index)
        return self._run(write_plan(alias, documents, width=width, bulk_bytes=self._bulk_bytes, cleaning=self._cleaning))

    def refresh(self) -> None:
        """Make all that was written searchable, and counted by the next description."""
        self._send(Call(method="POST", path=f"/{self._alias}/_refresh", timeout_s=60.0))
        self._kept.forget()

    def walk(self, *, after: str = "", limit: int = 1000, deleted_before: int | None = None) -> list[Stored]:
        """The next searchable documents by id, at most 10,000 at once, or tombstones below a version alone. Raises IndexMissing."""
        return self._run(walk_plan(self._alias, after=after, limit=limit, deleted_before=deleted_before))

    def remove(self, versions: Mapping[str, int]) -> list[Written]:
        """Delete documents for good, each under its version; one result each, in order. Raises as ProductStore.write, and IndexMissing."""
        return self._run(remove_plan(self._alias, versions))

    def adopt(self, identity: Identity) -> None:
        """Write the new identity over the index's, where only the fusion differs. Raises as ProductStore says."""
        self._run(adopt_plan(self._alias, identity))
        self._kept.forget()

    def make_next(self, identity: Identity, *, profile: str, made_for: str, taken: Sequence[str] = ()) -> str:
        """Make an index without the alias, under a name that was not taken; its name. Raises as `ensure`."""
        body = next_body(self._settings, identity, profile=profile, made_for=made_for)
        return self._run(make_next_plan(self._settings, body, made_for=made_for, taken=taken))

    def made_for(self, what: str) -> str:
        """The name of the index that was made for that; empty where there is none."""
        return self._run(made_for_plan(self._settings.alias, what))

    def note(self, index: str, *, profile: str | None = None, coming: Coming | None = None) -> None:
        """Note in an index how its vectors are made, and what is to come after it."""
        self._run(note_plan(index, profile=profile, coming=coming))
        self._kept.forget()

    def switch(self, index: str) -> None:
        """Let the alias stand for that version, in one request. Raises IndexMissing, SchemaDrift."""
        self._run(switch_plan(self._alias, index))
        self._kept.forget()

    def drop(self, index: str) -> None:
        """Delete a version that is not in use. Raises StoreError for the one that is."""
        self._run(drop_plan(self._alias, index))

    def at(self, index: str) -> "OpenSearchStore":
        """A store for that version alone, by its own alias; close it by itself."""
        return self._again(self._settings.model_copy(update={"alias": own_alias(index)}))

    def drift(self, *, photo_vector: bool = False) -> Drift:
        """How the index differs from what would be made now, with the photos' own vector or without. Raises IndexMissing, SchemaDrift."""
        return self._run(drift_plan(self._settings, photo_vector=photo_vector))

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _run(self, plan: Plan[T]) -> T:
        try:
            call = next(plan)
            while True:
                try:
                    answer = self._send(call)
                except StoreError as error:
                    call = plan.throw(error)
                else:
                    call = plan.send(answer)
        except StopIteration as end:
            value: T = end.value
            return value

    def _send(self, call: Call) -> Any:
        with our_errors(self._alias):
            return self._client.transport.perform_request(**request_arguments(call))


class AsyncOpenSearchStore:
    """The read side of the same store, for one event loop."""

    def __init__(
        self, url: SecretStr, settings: IndexSettings | None = None, *, timeout_s: float = 10.0, cleaning: Cleaning = DEFAULT
    ) -> None:
        """Prepare a client; its connections open at the first request, in the loop that makes it. Raises as OpenSearchStore does."""
        self._settings = settings or IndexSettings()
        self._alias = self._settings.alias
        self._cleaning = cleaning
        self._again = partial(AsyncOpenSearchStore, url, timeout_s=timeout_s, cleaning=cleaning)
        self._client = make_async_client(url, timeout_s=timeout_s)
        self._kept = Kept()
        self._describing = asyncio.Lock()

    async def describe(self, *, fresh: bool = False) -> Description:
        """The index behind the alias; kept for some seconds unless `fresh`. Raises IndexMissing, StoreUnavailable."""
        async with self._describing:
            known = None if fresh else self._kept.recent()
            return known or self._kept.keep(await self._run(describe_plan(self._alias)))

    async def ask(self, legs: Sequence[Leg], *, point: str = "") -> list[LegAnswer]:
        """All legs in one request, answered in order, of the index as it stood at that point. Raises as ProductReader says."""
        return await self._run(ask_plan(self._alias, legs, self._kept, self._cleaning, point=point))

    async def open_point(self, *, keep_s: float) -> str:
        """Freeze the index as it stands for so long (at most a minute longer); the point's name. Raises IndexMissing, StoreBusy."""
        return await self._run(open_point_plan(self._alias, keep_s=keep_s))

    def at(self, index: str) -> "AsyncOpenSearchStore":
        """A store for that version alone, by its own alias; close it by itself."""
        return self._again(self._settings.model_copy(update={"alias": own_alias(index)}))

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.close()

    async def _run(self, plan: Plan[T]) -> T:
        try:
            call = next(plan)
            while True:
                try:
                    answer = await self._send(call)
                except StoreError as error:
                    call = plan.throw(error)
                else:
                    call = plan.send(answer)
        except StopIteration as end:
            value: T = end.value
            return value

    async def _send(self, call: Call) -> Any:
        with our_errors(self._alias):
            return await self._client.transport.perform_request(**request_arguments(call))
