"""
Every error that this library raises on purpose; foreign errors are translated into these, at one border each.

IndexerError              retry?  meaning
├─ SettingsError          no      a setting is unknown, wrong, or contradicts another
├─ UnknownName            no      a name that nothing is registered under
├─ DuplicateName          no      a name that is taken
├─ FeedError              no      a whole feed can't be taken
│  ├─ UnreadableFeed      no      missing, not text, or in a format that we do not read
│  ├─ PathRefused         no      a path in a message lies outside the configured roots
│  ├─ MessageTooLarge     no      a message holds more than the stated size
│  ├─ BadMapping          no      a mapping file that names no field of ours, or is no mapping
│  ├─ TooManyRejects      no      more rows were rejected than the caller allows
│  └─ SnapshotRefused     no      a snapshot that would delete more products than its limit
├─ ProductError           no      one product is wrong: it is rejected or buried, the others go on
│  ├─ InvalidField        no      a field's value breaks its rule
│  ├─ UnusablePhoto       no      bytes that are no photo, or one that breaks a limit
│  ├─ AddressRefused      no      a photo's address may not be asked: host not allowed, or not public
│  └─ PhotoUnreachable    yes     a photo's address gives no photo now
├─ QueryError             no      a query can't be answered as it was asked
│  ├─ UnknownField        no      a filter, a facet or a share asks for a field that the index lacks
│  ├─ BadFilter           no      a filter that does not follow the grammar or the field's type
│  └─ CursorGone          no      a cursor that is none, belongs to another query, or whose time is over
├─ ModelError             no      an encoder or a fusion can't be used
│  ├─ ModelUnavailable    no      its package, weights or extra are not installed
│  ├─ BadDigest           no      weights that differ from what their spec promises
│  ├─ WidthMismatch       no      rows of another width than the spec's
│  ├─ DeviceFull          yes     no memory left on the device, even for one input
│  ├─ EncoderLate         yes     an encoder gave no vector in the time that a search has for it
│  ├─ ContractBroken      no      an encoder does not do what every encoder must
│  ├─ RerankerLate        yes     reranking was not done in the time that a search has for it
│  ├─ NotFinite           no      a row holds NaN or infinity
│  └─ ZeroRow             no      a row without length, so without direction
├─ LedgerError            no      the ledger refused
│  ├─ LedgerUnavailable   yes     the database does not answer, or is locked for too long
│  └─ LedgerTooNew        no      its tables were made by a later release
├─ BrokerUnavailable      yes     the broker does not answer
├─ EvaluationError        no      judgments, runs or queries that can't be measured
├─ LearningError          no      a training that can't begin or go on: too little to learn from, or a loss that is no number
├─ StoreError             no      OpenSearch refused
│  ├─ StoreUnavailable    yes     no connection, a time-out, or 502/503/504
│  ├─ StoreBusy           yes     429: it asks for a slower pace
│  ├─ StoreBlocked        yes     the index takes no writes now (a full disk does that)
│  ├─ IndexMissing        no      the alias or index does not exist yet
│  ├─ EmptyIndex          no      the index exists and holds no product
│  ├─ SchemaDrift         no      the index's mapping is not the one this release writes
│  ├─ EncoderMismatch     no      the index was built with another encoder or fusion
│  ├─ ForeignLedger       no      the index belongs to another ledger
│  └─ UnsafeMapping       no      a mapping that would kill an embedded server
└─ EngineError            no      an embedded engine can't be started
   ├─ NoJava              no      no Java 21 or newer
   ├─ BadChecksum         no      a fetched file differs from the list
   ├─ NoNetwork           yes     a first run could not fetch what it needs
   ├─ PortTaken           yes     another program holds the port
   ├─ DiskFull            no      no room left under the home folder
   └─ EngineDied          no      an engine ended while it started
"""

from typing import ClassVar


class IndexerError(Exception):
    """Base of all errors here; `retryable` says whether the same call may succeed later, unchanged."""

    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, cure: str = "") -> None:
        """Say what is wrong and why in `message`, and what the reader can do about it in `cure`."""
        self.message = message
        self.cure = cure
        super().__init__(f"{message} {cure}".strip())


class SettingsError(IndexerError):
    """A setting is unknown, wrong, or contradicts another."""


class UnknownName(IndexerError):
    """Nothing is registered under that name."""


class DuplicateName(IndexerError):
    """The name is taken."""


class FeedError(IndexerError):
    """A whole feed can't be taken."""


class UnreadableFeed(FeedError):
    """The feed is missing, is not text, or has a format that we do not read."""


class PathRefused(FeedError):
    """A path in a message lies outside the configured roots."""


class MessageTooLarge(FeedError):
    """A message holds more than the stated size."""


class BadMapping(FeedError):
    """A mapping file that names no field of ours, or is no mapping."""


class TooManyRejects(FeedError):
    """More rows were rejected than the caller allows; nothing was deleted."""


class SnapshotRefused(FeedError):
    """A snapshot would delete more products than its limit; nothing was deleted."""


class ProductError(IndexerError):
    """One product is wrong; the others go on."""


class InvalidField(ProductError):
    """A field's value breaks its rule."""


class UnusablePhoto(ProductError):
    """Bytes that are no photo, or a photo that breaks a limit."""


class AddressRefused(ProductError):
    """A photo's address may not be asked: its host is not allowed, or an address behind it is not public."""


class PhotoUnreachable(ProductError):
    """A photo's address gives no photo now."""

    retryable = True


class QueryError(IndexerError):
    """The query can't be answered as it was asked."""


class UnknownField(QueryError):
    """A filter, a facet or a share asks for a field that the index lacks."""


class BadFilter(QueryError):
    """A filter that does not follow the grammar or the field's type."""


class CursorGone(QueryError):
    """A cursor that is none, belongs to another query, or whose time is over."""


class ModelError(IndexerError):
    """An encoder or a fusion can't be used."""


class ModelUnavailable(ModelError):
    """The model's package, weights or extra are not installed."""


class BadDigest(ModelError):
    """Weights that differ from what their spec promises."""


class WidthMismatch(ModelError):
    """Rows of another width than the spec's."""


class DeviceFull(ModelError):
    """The device has no memory left, even for one input."""

    retryable = True


class EncoderLate(ModelError):
    """An encoder gave no vector in the time that a search has for it."""

    retryable = True


class ContractBroken(ModelError):
    """An encoder does not do what every encoder must."""


class RerankerLate(ModelError):
    """Reranking was not done in the time that a search has for it."""

    retryable = True


class NotFinite(ModelError):
    """A row holds NaN or infinity."""


class ZeroRow(ModelError):
    """A row without length has no direction."""


class LedgerError(IndexerError):
    """The ledger refused."""


class LedgerUnavailable(LedgerError):
    """The ledger's database does not answer, or is locked for too long."""

    retryable = True


class LedgerTooNew(LedgerError):
    """The ledger's tables were made by a later release."""


class BrokerUnavailable(IndexerError):
    """The broker does not answer."""

    retryable = True


class EvaluationError(IndexerError):
    """Judgments, runs or queries that can't be measured as they are."""


class LearningError(IndexerError):
    """A training can't begin or go on: too little to learn from, or a loss that is no number."""


class StoreError(IndexerError):
    """OpenSearch refused; `status` and `kind` are its HTTP status and its own name for the error, where it gave them."""

    status: int | None = None
    kind: str = ""


class StoreUnavailable(StoreError):
    """No connection to OpenSearch, a time-out, or 502/503/504."""

    retryable = True


class StoreBusy(StoreError):
    """OpenSearch answers 429: it asks for a slower pace."""

    retryable = True


class StoreBlocked(StoreError):
    """The index takes no writes now; a full disk does that."""

    retryable = True


class IndexMissing(StoreError):
    """The alias or the index does not exist yet."""


class EmptyIndex(StoreError):
    """The index exists and holds no product."""


class SchemaDrift(StoreError):
    """The index's mapping is not the one this release writes."""


class EncoderMismatch(StoreError):
    """The index was built with another encoder or another fusion."""


class ForeignLedger(StoreError):
    """The index belongs to another ledger."""


class UnsafeMapping(StoreError):
    """A mapping that would kill an embedded server."""


class EngineError(IndexerError):
    """An embedded engine can't be started."""


class NoJava(EngineError):
    """No Java 21 or newer can be used."""


class BadChecksum(EngineError):
    """A fetched file differs from the list."""


class NoNetwork(EngineError):
    """A first run could not fetch what it needs."""

    retryable = True


class PortTaken(EngineError):
    """Another program holds the port."""

    retryable = True


class DiskFull(EngineError):
    """No room is left under the home folder."""


class EngineDied(EngineError):
    """An engine ended while it started."""
