"""Judgments: how well products fit queries, by people or by clicks; read and written as TREC qrels and as CSV."""

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import EvaluationError
from indexer.evaluate.sheets import Form, Row, read_sheet, trec_coded

_WHOLE = re.compile(r"[+-]?[0-9]{1,4}")


@dataclass(frozen=True, slots=True)
class Judgments:
    """Grades by query id and product id, in the order in which they came; 0 (and less) fits not at all.

    `form` tells whether a query's id is its own text (csv) or stands for one (trec).
    """

    grades: Mapping[str, Mapping[str, int]]
    form: Form = "csv"

    @property
    def queries(self) -> tuple[str, ...]:
        """The ids of the judged queries."""
        return tuple(self.grades)

    @property
    def pairs(self) -> int:
        """How many products were judged, over all queries."""
        return sum(map(len, self.grades.values()))

    def relevant(self, query: str, *, least: int = 1) -> int:
        """How many products were judged at least that good for the query."""
        return sum(grade >= least for grade in self.grades[query].values())

    def answerable(self, *, least: int = 1) -> "Judgments":
        """Those of the queries with a product judged at least that good; on the others every run scores zero."""
        kept = {query: products for query, products in self.grades.items() if self.relevant(query, least=least)}
        return Judgments(kept, self.form)

    @property
    def digest(self) -> str:
        """The sha-256 (hex) over all pairs, whatever their order and the file's form."""
        state = hashlib.sha256()
        for query, product, grade in sorted(self._rows()):
            state.update(f"{trec_coded(query)} {trec_coded(product)} {grade}\n".encode())
        return state.hexdigest()

    def renamed(self, names: Mapping[str, str]) -> "Judgments":
        """The same under other query ids (those not in `names` stay). Raises EvaluationError where two queries become one."""
        renamed = {names.get(query, query): products for query, products in self.grades.items()}
        if len(renamed) < len(self.grades):
            raise EvaluationError("Two judged queries are one and the same in the queries file.", cure="Give each its own query_id.")
        return Judgments(renamed, self.form)

    def trec(self) -> str:
        """TREC qrels: `query 0 product grade` a line."""
        return "".join(f"{trec_coded(query)} 0 {trec_coded(product)} {grade}\n" for query, product, grade in self._rows())

    def csv(self) -> str:
        """CSV with the header query,product_id,grade."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("query", "product_id", "grade"))
        writer.writerows(self._rows())
        return text.getvalue()

    def _rows(self) -> Iterator[tuple[str, str, int]]:
        return ((query, product, grade) for query, products in self.grades.items() for product, grade in products.items())


def read_judgments(path: Path) -> Judgments:
    """The judgments of a TREC or CSV file, found by content. Raises EvaluationError with file, line, reason and cure."""
    sheet = read_sheet(path, needed=("query", "product_id", "grade"), width=4)
    grades: dict[str, dict[str, int]] = {}
    found = _trec(sheet.rows) if sheet.form == "trec" else ((row, (r["query"], r["product_id"], r["grade"])) for row, r in sheet.named())
    for row, (query, product, written) in found:
        if not query or not product:
            raise row.wrong("the query or the product is empty", cure="Fill it in, or take the line out.")
        grade = _grade(row, written)
        if grades.setdefault(query, {}).setdefault(product, grade) != grade:
            raise row.wrong(
                f"{product!r} was judged {grades[query][product]} for {query!r} before, now {grade}", cure="Keep one of the two."
            )
    if not grades:
        raise EvaluationError(f"{path} holds no judgment.", cure="Add lines below the header.")
    return Judgments(grades, sheet.form)


def _trec(rows: tuple[Row, ...]) -> Iterator[tuple[Row, tuple[str, str, str]]]:
    for row in rows:
        if len(row.fields) != 4:
            raise row.wrong(f"{len(row.fields)} fields where TREC judgments have 4", cure="Write: query 0 product grade.")
        query, _, product, grade = row.fields
        yield row, (query, product, grade)


def _grade(row: Row, written: str) -> int:
    if not _WHOLE.fullmatch(written):
        raise row.wrong(f"the grade {written!r} is no whole number", cure="Grade by whole numbers: 0 does not fit, 1 and more fit.")
    return int(written)
