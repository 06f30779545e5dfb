"""XML: Google Merchant feeds (RSS 2.0 and Atom, `g:` names), and any other document of repeated product elements; element by element."""

from collections.abc import Iterator
from typing import BinaryIO

from lxml import etree

from indexer.errors import UnreadableFeed
from indexer.feed.sources.rows import ROW_CAP, RawRow
from indexer.records import Rejected

RECORDS = ("item", "entry", "product", "offer", "article", "Product", "Item", "Offer", "PRODUCT", "ITEM", "SHOPITEM")
"""Names of the elements that are products, whatever their namespace; one inside another is a part of it."""

_GOOGLE = "{http://base.google.com/ns/1.0"
_XHTML = "http://www.w3.org/1999/xhtml"
_AGAIN = "Fetch or write it again, and feed it whole."
_DEPTH = 8


class _Bounded:
    """Bytes for the parser, at most so many between two products."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self._name = name
        self.spent = 0

    def read(self, size: int = -1) -> bytes:
        """The stream's next bytes. Raises UnreadableFeed where one entry takes more than any product needs."""
        piece = self._stream.read(size)
        self.spent += len(piece)
        if self.spent > ROW_CAP:
            raise UnreadableFeed(
                f"{self._name} has {ROW_CAP:,} bytes in a row without a whole product.",
                cure=f"Products are elements called {', '.join(RECORDS[:5])}.",
            )
        return piece


def xml_rows(stream: BinaryIO, *, file: str) -> Iterator[RawRow | Rejected]:
    """Yield one raw row per product element, in order, numbered from 1; all values as text, repeated elements as lists.

    No entity is resolved, nothing is fetched, and a DOCTYPE is refused. Raises UnreadableFeed behind the last whole product of a document
    that is not well-formed, cut short, or has no product at all.
    """
    source = _Bounded(stream, file)
    place = inside = 0
    events = etree.iterparse(
        source,
        events=("start", "end"),
        tag=[f"{{*}}{name}" for name in RECORDS],
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for event, element in events:
            if event == "start":
                if not place and not inside:
                    _refuse_doctype(element, file)
                inside += 1
                continue
            inside -= 1
            if not inside:
                place += 1
                source.spent = 0
                yield RawRow(file, place, _fields(element))
                _forget(element)
    except etree.XMLSyntaxError as error:
        raise UnreadableFeed(f"{file} is broken or cut short behind product {place:,}: {_told(error)}.", cure=_AGAIN) from error
    if not place and _name(events.root) not in ("rss", "feed", "RDF"):
        raise UnreadableFeed(f"{file} is XML without products.", cure=f"Products are elements called {', '.join(RECORDS[:5])}.")


def _refuse_doctype(element: etree._Element, file: str) -> None:
    if element.getroottree().docinfo.internalDTD is not None:
        raise UnreadableFeed(f"{file} has a DOCTYPE, which a feed does not need.", cure="Take the DOCTYPE line out.")


def _forget(element: etree._Element) -> None:
    """Free the product and all that stood before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _name(element: etree._Element | None) -> str:
    return "" if element is None else etree.QName(element).localname


def _fields(record: etree._Element) -> dict[str, object]:
    """The element's children by their local names; Google's win over plain ones of the same name, attributes of the element come first."""
    fields: dict[str, object] = {str(etree.QName(name).localname): value for name, value in record.attrib.items()}
    google: dict[str, object] = {}
    for child in record:
        if not isinstance(child.tag, str):
            continue  # an entity that is not resolved
        space, _, name = child.tag.rpartition("}")
        if name == "product_detail":
            _detail(child, fields)
        else:
            _add(google if space == _GOOGLE else fields, name, _value(child, _DEPTH))
    return fields | google


def _add(fields: dict[str, object], name: str, value: object) -> None:
    known = fields.get(name)
    if known is None or known == "":
        fields[name] = value
    elif isinstance(known, list):
        known.append(value)
    else:
        fields[name] = [known, value]


def _value(element: etree._Element, depth: int) -> object:
    if not len(element):
        return (element.text or "").strip() or element.get("href", "") or element.get("url", "")
    children = [child for child in element if isinstance(child.tag, str)]
    if not children or not depth or any(etree.QName(child).namespace == _XHTML for child in children):
        text = "".join(str(piece) for piece in element.itertext()).strip()
        return text or element.get("href", "") or element.get("url", "")
    found: dict[str, object] = {}
    for child in children:
        _add(found, etree.QName(child).localname, _value(child, depth - 1))
    return next(iter(found.values())) if len(found) == 1 and isinstance(next(iter(found.values())), list) else found


def _detail(element: etree._Element, fields: dict[str, object]) -> None:
    """One of Google's product details is an attribute of the product by its own name."""
    told = {etree.QName(child).localname: (child.text or "").strip() for child in element if isinstance(child.tag, str)}
    if told.get("attribute_name"):
        _add(fields, told["attribute_name"], told.get("attribute_value", ""))


def _told(error: etree.XMLSyntaxError) -> str:
    return f"{' '.join(str(error.msg or 'it ends too early').split())[:200]}"
