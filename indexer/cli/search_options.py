"""The options of `fusedex search`, each with its help."""

from pathlib import Path
from typing import Annotated

import typer

from indexer.records import Blend, Bound, Rerank, Strategy

Text = Annotated[str, typer.Argument(help="What to look for, in any language; leave it out to browse.")]
Image = Annotated[Path | None, typer.Option("--image", "-i", help="A photo to look for: JPEG, PNG, WebP or GIF.")]
Filters = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        "-f",
        metavar="FILTER",
        help="brand=Nike, brand!=Nike, 'price<1500', price=100..200, 'colour=red|blue'; prices in major units; repeatable.",
    ),
]
Facets = Annotated[
    list[str] | None,
    typer.Option("--facet", metavar="FIELD", help="Count by brand, category, an attribute, or in ranges: 'price=..50|50..'; repeatable."),
]
Sorts = Annotated[
    list[str] | None,
    typer.Option(metavar="FIELD", help="price (ascending), price:desc, popularity:desc, since:desc, an attribute; repeatable."),
]
Like = Annotated[
    list[str] | None, typer.Option(metavar="ID", help="A product's id that the answer is to be like, ID^2 for more; repeatable.")
]
Unlike = Annotated[
    list[str] | None, typer.Option("--not", metavar="WORDS", help="Words to keep away from, 'brown leather^0.5' for less; repeatable.")
]
Page = Annotated[int, typer.Option(help="Which page, from 1.")]
PerPage = Annotated[int, typer.Option(help="Hits on a page.")]
Way = Annotated[
    Strategy | None,
    typer.Option(metavar="WAY", help="How candidates are found: msearch, hybrid, rescore, exact, lexical or vector (docs/ranking.md)."),
]
Blending = Annotated[
    Blend | None, typer.Option(metavar="HOW", help="How scores become one: min_max, z_score, l2 or rrf (docs/ranking.md).")
]
End = Annotated[Bound | None, typer.Option(metavar="WHERE", help="Where the answer ends: score, gap, top or all (docs/ranking.md).")]
Reranking = Annotated[
    Rerank | None,
    typer.Option(
        "--rerank", metavar="HOW", help="What puts the best hits in a new order: none, cross_encoder, learned or plugin (docs/ranking.md)."
    ),
]
Grouped = Annotated[bool | None, typer.Option("--group/--no-group", help="Show one variant of each group.")]
Diverse = Annotated[float | None, typer.Option(help="How much hits must differ from those before them, 0 to 1.")]
InStockFirst = Annotated[bool | None, typer.Option("--in-stock-first/--no-in-stock-first", help="Put what is sold out behind.")]
TextWeight = Annotated[float, typer.Option(help="How much the words count beside a photo.")]
PhotoWeight = Annotated[float, typer.Option(help="How much the photo counts beside words.")]
PhotoShare = Annotated[
    float, typer.Option(help="The products' photos alone as a share of nearness, 0 to 1; the index needs vectors of them (docs/search.md).")
]
Explain = Annotated[bool, typer.Option("--explain", help="Show each score in lines that add up.")]
Highlight = Annotated[bool, typer.Option("--highlight", help="Show what the words hit.")]
Freeze = Annotated[
    bool, typer.Option("--freeze", help="Give a cursor for --cursor: further pages as the index stands now, for five minutes.")
]
Cursor = Annotated[str, typer.Option(help="A former answer's cursor, with the same query.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]
