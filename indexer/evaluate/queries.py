"""The queries behind the ids: their texts, kinds and languages, from a small CSV file where they are not their own text."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import EvaluationError
from indexer.evaluate.judgments import Judgments, read_judgments
from indexer.evaluate.sheets import read_sheet
from indexer.text import has_han

ALIASES = {"query_id": ("query_id", "qid", "id"), "query": ("query", "text", "title")}
LISTED = 3
"""Ids that an error names before it counts the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A query to be measured: id, text, kind (as the shop tells its queries apart, may be empty), language (zh, en, ...)."""

    id: str
    text: str
    kind: str = ""
    language: str = ""


def language_of(text: str) -> str:
    """A guess where the queries file names no language: zh with any Chinese character, else en."""
    return "zh" if has_han(text) else "en"


def read_topics(path: Path) -> tuple[Topic, ...]:
    """The queries of a CSV file with the header query_id,query[,kind][,language]. Raises EvaluationError with file, line and cure."""
    sheet = read_sheet(path, needed=("query_id", "query"), width=0, aliases=ALIASES)
    topics: dict[str, Topic] = {}
    for row, fields in sheet.named():
        id_, text = fields["query_id"], fields["query"]
        if not id_ or not text:
            raise row.wrong("the query or its id is empty", cure="Fill it in, or take the line out.")
        if id_ in topics:
            raise row.wrong(f"the query id {id_!r} was there before", cure="Give each query its own id.")
        language = fields.get("language", "") or language_of(text)
        topics[id_] = Topic(id=id_, text=text, kind=fields.get("kind", ""), language=language)
    if not topics:
        raise EvaluationError(f"{path} holds no query.", cure="Add lines below the header.")
    return tuple(topics.values())


def topics_csv(topics: Iterable[Topic]) -> str:
    """The file that `read_topics` reads."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("query_id", "query", "kind", "language"))
    writer.writerows((one.id, one.text, one.kind, one.language) for one in topics)
    return text.getvalue()


def joined(judgments: Judgments, known: tuple[Topic, ...] | None) -> tuple[Judgments, tuple[Topic, ...]]:
    """The judgments under the ids of the queries file, and one topic for each judged query, in the judgments' order.

    Judgments may name a query by its id or by its text. Without a file each query is its own text. Raises EvaluationError
    where the file lacks a judged query.
    """
    if known is None:
        return judgments, tuple(Topic(id=id_, text=id_, language=language_of(id_)) for id_ in judgments.queries)
    names, topics = by_name(known), {one.id: one for one in known}
    missing = [query for query in judgments.queries if query not in names]
    if missing:
        listed = ", ".join(map(repr, missing[:LISTED])) + (f" and {len(missing) - LISTED} more" if len(missing) > LISTED else "")
        raise EvaluationError(f"The queries file lacks judged queries: {listed}.", cure="Add them, by id or by text.")
    renamed = judgments.renamed(names)
    return renamed, tuple(topics[id_] for id_ in renamed.queries)


def judged_texts(judgments: Path, queries: Path | None) -> tuple[Judgments, tuple[Topic, ...]]:
    """The judgments of a file and the texts to search for, those of a queries file where one is given.

    Raises EvaluationError where ids stand for texts that no file tells, and what reading the two raises.
    """
    read = read_judgments(judgments)
    if read.form == "trec" and queries is None:
        raise EvaluationError(
            f"{judgments} names its queries by ids, so there are no texts to search for.", cure="Give them by --queries FILE."
        )
    return joined(read, read_topics(queries) if queries else None)


def by_name(topics: Iterable[Topic]) -> Mapping[str, str]:
    """The id of each query by its id, and by its text where only one has that text; ids win."""
    texts: dict[str, list[str]] = {}
    ids: dict[str, str] = {}
    for one in topics:
        texts.setdefault(one.text, []).append(one.id)
        ids[one.id] = one.id
    return {text: found[0] for text, found in texts.items() if len(found) == 1} | ids
