"""A Searcher as the plain search that runs are made of: page by page to the depth that is wanted."""

from dataclasses import replace

from indexer.read_path import Searcher
from indexer.records import Hit, Query


class Asking:
    """Callable: text and depth -> hits, best first. `degraded` keeps why an answer lacked a part, by the query's text."""

    def __init__(self, searcher: Searcher, *, per_page: int = 100) -> None:
        """Ask `searcher`, at most `per_page` hits at once; further pages come from the frozen answer of the first."""
        self._searcher, self._per_page = searcher, per_page
        self.degraded: dict[str, str] = {}

    def __call__(self, text: str, depth: int) -> list[Hit]:
        """The first `depth` hits, or as many as there are. Raises what Searcher.search raises."""
        query = Query(text=text, per_page=min(self._per_page, depth), freeze=depth > self._per_page)
        hits: list[Hit] = []
        while True:
            answer = self._searcher.search(query)
            hits += answer.hits
            if answer.degraded:
                self.degraded[text] = "; ".join(f"{one.part}: {one.reason}" for one in answer.degraded)
            if not answer.hits or len(hits) >= min(depth, answer.total):
                return hits[:depth]
            query = replace(query, page=query.page + 1, cursor=answer.cursor)
