"""The catalogue of thirty products that many tests feed. `catalogue.jsonl` is written by hand; the rest is made from it.

`python -m tests.data.catalogue` writes catalogue.csv (the same products as another shop would name its columns) and photos/ anew.
"""

import csv
import json
from pathlib import Path
from typing import Any

from tests.data.drawing import draw_all

HERE = Path(__file__).parent
JSONL, CSV, PHOTOS = HERE / "catalogue.jsonl", HERE / "catalogue.csv", HERE / "photos"

Raw = dict[str, Any]


def rows() -> list[Raw]:
    """All thirty products as raw rows, their photos by absolute path: what a backend would send."""
    found: list[Raw] = [json.loads(line) for line in JSONL.read_text(encoding="utf-8").splitlines()]
    for row in found:
        row["photos"] = [str(HERE / name) for name in row["photos"]]
    return found


def write_csv(path: Path) -> None:
    """Write the products as a table, with other column names, prices as text and photos by relative path."""
    records = [_record(json.loads(line)) for line in JSONL.read_text(encoding="utf-8").splitlines()]
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, fieldnames=list(records[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(records)


def _record(row: Raw) -> dict[str, object]:
    price = str(row["price"]) if row["currency"] == "JPY" else f"{row['price']:.2f}"
    return {
        "Product ID": row["id"],
        "Product Name": row["title"],
        "Body": row["description"],
        "Vendor": row["brand"],
        "Product Type": " > ".join(row["category"]),
        "Price": f"{price} {row['currency']}",
        "Inventory": row["stock"],
        "Locale": row["language"],
        "Item Group ID": row["group"],
        "Image Link": "|".join(row["photos"]),
        "Updated At": "1970-01-01T00:00:00.000001Z",
        "attr_t_colour": row["attributes"]["colour"],
        "attr_n_weight_kg": row["attributes"]["weight_kg"],
        "attr_b_in_season": "yes" if row["attributes"]["in_season"] else "no",
    }


if __name__ == "__main__":
    write_csv(CSV)
    draw_all(PHOTOS)
