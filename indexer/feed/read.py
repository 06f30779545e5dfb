"""A feed -> events and rejected rows, in order, lazily: from files, or from rows that someone sends."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import UnreadableFeed
from indexer.feed.columns import Roles
from indexer.feed.gather import feed_files
from indexer.feed.hints import hint_for
from indexer.feed.names import NAMES
from indexer.feed.places import Places
from indexer.feed.sources.opening import Source, recognise, source_rows
from indexer.feed.sources.packing import STANDARD_INPUT
from indexer.feed.sources.rows import RawRow
from indexer.feed.terms import Terms
from indexer.feed.validate import Validator
from indexer.feed.words import excerpt
from indexer.observe import log
from indexer.records import Event, Rejected
from indexer.settings import FeedSettings

_GUESSED = Terms()


@dataclass(frozen=True, slots=True)
class Named:
    """A source, and the file's name as its reader gave it."""

    source: Source
    name: str


def read_feed(
    feeds: Path | Sequence[Path], settings: FeedSettings, *, terms: Terms = _GUESSED, roots: Sequence[Path] | None = None
) -> Iterator[Event | Rejected]:
    """Every raw row of the feed as an event, or as rejected with file, line, field, reason and hint; in order, in constant memory.

    `feeds` are files, folders, patterns or `-` (standard input), in any format that is read here, and all of them are one feed. Relative
    photo paths start at their file's folder. `roots` (for paths that came in a message) bounds where files and photos may lie, and there
    is no standard input then. Raises, before the first row, UnreadableFeed, PathRefused and BadMapping. A source that is broken or was cut
    short gives its rows, then the other sources theirs; UnreadableFeed comes behind the last row of all.
    """
    named = open_feed(feeds, roots=roots)
    return _events(named, Validator(settings, Places(None, roots=roots), mapping=terms.mapping), roots)


def open_feed(feeds: Path | Sequence[Path], *, roots: Sequence[Path] | None = None) -> list[Named]:
    """The feed's sources, each recognised. Raises UnreadableFeed and PathRefused."""
    if roots is None:
        return [Named(recognise(path), str(path)) for path in feed_files(feeds)]
    allowed = Places(None, roots=roots)
    checked = [allowed.check_feed(path) for path in ([feeds] if isinstance(feeds, Path) else feeds)]
    return [Named(recognise(allowed.check_feed(path)), str(path)) for path in feed_files(checked)]


def read_rows(
    rows: Iterable[object],
    *,
    origin: str,
    settings: FeedSettings,
    terms: Terms = _GUESSED,
    roots: Sequence[Path] | None = None,
) -> Iterator[Event | Rejected]:
    """Every row (field names to JSON values) as an event, or as rejected under the name `origin`, with its place from 1; in order, lazily.

    Relative photo paths start at the current folder; with `roots` (rows of a message) they are refused, as is what lies outside the roots.
    Raises BadMapping.
    """
    validator = Validator(settings, Places(Path.cwd() if roots is None else None, roots=roots), mapping=terms.mapping)
    return _checked_rows(rows, origin, validator)


def checked_source(
    named: Named, validator: Validator, *, roots: Sequence[Path] | None = None, look: Callable[[RawRow], None] | None = None
) -> Iterator[Event | Rejected]:
    """One source's rows, checked; `look` sees each raw row before, with all its cells.

    Raises UnreadableFeed behind the last row, or before the first one of a table of which no column holds the id.
    """
    here = Path.cwd() if named.source.path == STANDARD_INPUT else named.source.path.parent
    validator.places = Places(here, roots=roots)

    def spare(column: str) -> bool:
        return look is None and not validator.roles[column].field

    with source_rows(named.source, name=named.name, spare=spare) as raw:
        rows = _with_id(raw, validator.roles) if named.source.format in ("csv", "parquet") else raw
        for row in rows:
            if look is not None and isinstance(row, RawRow):
                look(row)
            yield validator.check(row) if isinstance(row, RawRow) else row


def _events(sources: Sequence[Named], validator: Validator, roots: Sequence[Path] | None) -> Iterator[Event | Rejected]:
    broken: list[UnreadableFeed] = []
    for named in sources:
        try:
            yield from checked_source(named, validator, roots=roots)
        except UnreadableFeed as error:
            broken.append(error)
    if len(broken) == 1:
        raise broken[0]
    if broken:
        raise UnreadableFeed(
            f"{len(broken)} files could not be read to their end. {' '.join(error.message for error in broken[:5])}"
        ) from broken[0]


def _checked_rows(rows: Iterable[object], origin: str, validator: Validator) -> Iterator[Event | Rejected]:
    for number, row in enumerate(rows, 1):
        if isinstance(row, Mapping):
            yield validator.check(RawRow(origin, number, row))
        else:
            reason = "is no object with fields"
            yield Rejected(file=origin, line=number, field="", reason=reason, value=excerpt(row), hint=hint_for("", reason))


def _with_id(rows: Iterator[RawRow | Rejected], roles: Roles) -> Iterator[RawRow | Rejected]:
    """The rows of a table, once its header is known to have a column for the id; without one, every single row would be refused."""
    for row in rows:
        if isinstance(row, RawRow):
            if not any(roles[column].field == "id" for column in row.fields):
                columns = ", ".join(excerpt(column) for column in list(row.fields)[:20])
                raise UnreadableFeed(
                    f"{row.file} has no column for the id; its header names {columns}.",
                    cure=f"Give it a header line, and call that column one of {', '.join(NAMES['id'][:6])}; or tell by a mapping file.",
                )
            for column in roles.unseen(row.fields):
                log.warning("mapped_column_missing", file=row.file, column=column)
        yield row
        if isinstance(row, RawRow):
            break
    yield from rows
