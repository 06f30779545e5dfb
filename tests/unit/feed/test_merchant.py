"""Google Merchant feeds and other XML: what is read, and what a hostile document gets."""

import gc
import io
from pathlib import Path

import pytest
from lxml import etree

from indexer.errors import UnreadableFeed
from indexer.feed.read import read_feed
from indexer.feed.sources.merchant import xml_rows
from indexer.feed.sources.rows import RawRow
from indexer.records import Money, Offer, Photo, Product, Rejected, Sale
from indexer.settings import FeedSettings

RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>
<title>A shop</title><link>https://shop.example</link><description>All of it</description>
<item>
  <g:id>007</g:id><title>plain title</title><g:title>Google's title</g:title>
  <description><![CDATA[<p>For <b>tea</b> &amp; more.</p>]]></description>
  <link>https://shop.example/007</link>
  <g:image_link>https://shop.example/1.jpg</g:image_link>
  <g:additional_image_link>https://shop.example/2.jpg</g:additional_image_link>
  <g:additional_image_link>https://shop.example/3.jpg</g:additional_image_link>
  <g:price>12.99 EUR</g:price><g:sale_price>9.99 EUR</g:sale_price>
  <g:sale_price_effective_date>2025-01-31T00:00Z/2025-02-28T00:00Z</g:sale_price_effective_date>
  <g:availability>in_stock</g:availability><g:gtin>4006381333931</g:gtin><g:brand>Acme</g:brand>
  <g:google_product_category>Home &amp; Garden &gt; Kitchen</g:google_product_category>
  <g:product_type>Home > Mugs</g:product_type><g:item_group_id>mugs</g:item_group_id>
  <g:color>red</g:color><g:condition>new</g:condition>
  <g:shipping><g:country>DE</g:country><g:price>4.90 EUR</g:price></g:shipping>
  <g:product_detail><g:section_name>General</g:section_name><g:attribute_name>Volume</g:attribute_name>
    <g:attribute_value>0.3 l</g:attribute_value></g:product_detail>
</item>
<!-- a comment --><item><g:id>8</g:id><g:price>5 EUR</g:price></item>
</channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">
<title>A shop</title>
<entry><id>tag:shop,2025:1</id><g:id>1</g:id><title>Mug</title><summary>For tea.</summary><link href="https://shop.example/1"/>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">A <b>fine</b> mug</div></content></entry></feed>"""


def rows(text: str | bytes) -> list[RawRow]:
    return [row for row in xml_rows(io.BytesIO(text.encode() if isinstance(text, str) else text), file="f") if isinstance(row, RawRow)]


def test_an_rss_feed_of_google_merchant(tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_text(RSS, encoding="utf-8")
    product, offer = read_feed(tmp_path / "feed.xml", FeedSettings())
    assert product == Product(
        id="007",
        title="Google's title",
        description="<p>For <b>tea</b> &amp; more.</p>",
        brand="Acme",
        category=("Home", "Mugs"),
        price=Money(1299, "EUR"),
        sale=Sale(Money(999, "EUR"), 1738281600000000, 1740700800000000),
        stock=1,
        gtin="4006381333931",
        photos=tuple(Photo(f"https://shop.example/{number}.jpg") for number in (1, 2, 3)),
        group="mugs",
        attributes={
            "link": "https://shop.example/007",
            "color": "red",
            "condition": "new",
            "Volume": "0.3 l",
            "shipping.country": "DE",
            "shipping.price": "4.90 EUR",
            "google_product_category": "Home & Garden > Kitchen",
        },
    )
    assert offer == Offer(id="8", price=Money(500, "EUR"))


def test_atom_entries_and_their_own_ids() -> None:
    (row,) = rows(ATOM)
    assert (row.line, dict(row.fields)) == (
        1,
        {
            "id": "1",
            "title": "Mug",
            "summary": "For tea.",
            "link": "https://shop.example/1",
            "content": "A fine mug",
        },
    )


def test_other_documents_of_products() -> None:
    images = "<images><image>a.png</image><image>b.png</image></images>"
    text = f'<shop><products><product sku="1"><name>Mug</name>{images}</product><product/></products></shop>'
    assert [dict(row.fields) for row in rows(text)] == [{"sku": "1", "name": "Mug", "images": ["a.png", "b.png"]}, {}]
    nested = "<items><item><id>1</id><offer><price>5</price></offer></item></items>"
    assert [dict(row.fields) for row in rows(nested)] == [{"id": "1", "offer": {"price": "5"}}]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "iso-8859-1"])
def test_the_document_says_its_encoding(encoding: str, tmp_path: Path) -> None:
    title = "Café" if encoding == "iso-8859-1" else "红色杯子"
    text = f'<?xml version="1.0" encoding="{encoding}"?><rss><channel><item><id>1</id><title>{title}</title></item></channel></rss>'
    (tmp_path / "feed").write_bytes(text.encode(encoding))
    (product,) = read_feed(tmp_path / "feed", FeedSettings())
    assert isinstance(product, Product)
    assert product.title == title


def test_an_empty_feed_has_no_rows_and_another_document_is_refused() -> None:
    assert rows("<rss><channel><title>A shop</title></channel></rss>") == []
    with pytest.raises(UnreadableFeed, match="without products") as refused:
        rows("<catalogue><thing/></catalogue>")
    assert "item" in refused.value.cure


@pytest.mark.parametrize("cut", [0.5, 0.9, 0.97, 0.999])
def test_a_document_that_is_cut_short_gives_what_is_whole(cut: float) -> None:
    text = "<rss><channel>" + "".join(f"<item><id>{n}</id></item>\n" for n in range(5000)) + "</channel></rss>"
    found: list[RawRow | Rejected] = []
    with pytest.raises(UnreadableFeed, match="broken or cut short behind product"):
        found.extend(xml_rows(io.BytesIO(text[: int(len(text) * cut)].encode()), file="f"))
    assert [row.line for row in found] == list(range(1, len(found) + 1))
    assert len(found) >= 5000 * cut - 1500  # the parser reads in pieces of 32 KB


HOSTILE = {
    "entities": '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><rss><channel><item><id>&b;</id></item></channel></rss>',
    "a file": '<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/passwd">]><rss><channel><item><id>&f;</id></item></channel></rss>',
    "a DTD": '<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd"><rss><channel><item><id>1</id></item></channel></rss>',
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_doctype_is_refused(text: str) -> None:
    with pytest.raises(UnreadableFeed, match="DOCTYPE"):
        rows(text)


def test_depth_size_and_unknown_entities_end_the_feed_and_not_the_process() -> None:
    for text in (
        "<rss><channel><item>" + "<a>" * 100_000,
        "<rss><channel><item><id>" + "x" * 11_000_000 + "</id></item></channel></rss>",
        "<rss><channel><item><id>&what;</id></item></channel></rss>",
        "<rss><channel>" + "<thing>x</thing>" * 1_500_000,
    ):
        with pytest.raises(UnreadableFeed):
            rows(text)


def test_products_that_were_read_are_forgotten() -> None:
    text = "<rss><channel>" + "<junk/><item><id>1</id></item>\n" * 3000 + "</channel></rss>"
    rows = xml_rows(io.BytesIO(text.encode()), file="f")
    # by type(), as isinstance asks the objects, and some of other libraries answer with a warning
    left = [sum(issubclass(type(thing), etree._Element) for thing in gc.get_objects()) for row in rows if row.line % 500 == 0]
    assert len(left) == 6
    assert max(left) < 2000  # what one piece of 32 KB holds at most
