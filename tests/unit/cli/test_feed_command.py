"""`fusedex feed` over a real ledger, hashed encoders and the store's twin, with a worker beside it."""

import io
import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import typer
from rich.console import Console
from rich.progress import Progress
from typer.testing import CliRunner, Result

from indexer.cli import feed as command
from indexer.cli.job import describe, exit_code
from indexer.cli.job import show as show_job
from indexer.cli.progress import LOG_EVERY_S, Bars, Lines, Rate
from indexer.errors import BadMapping, SnapshotRefused, TooManyRejects, UnreadableFeed
from indexer.feed.terms import Terms
from indexer.ledger.base import Letter
from indexer.records import LANES, Event, Rejected
from indexer.write_path import Feed, Indexer
from tests.data.broken import FLAWS, write_broken_feed
from tests.data.catalogue import CSV, JSONL
from tests.unit.write_path.shop import Shop


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    monkeypatch.setattr(command, "build_indexer", lambda settings: shop.another_indexer())
    monkeypatch.setattr(command, "LOOK_S", 0.2)
    yield shop
    shop.close()


@pytest.fixture
def worker(shop: Shop) -> Iterator[None]:
    """Works every lane, until the test is over."""
    over = threading.Event()

    def work() -> None:
        indexer = shop.another_indexer()
        while not over.wait(0.01):
            for lane in LANES:
                indexer.work(lane)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    over.set()
    thread.join()


def run(*words: object) -> Result:
    app = typer.Typer()
    app.command()(command.feed)
    return CliRunner().invoke(app, [str(word) for word in words])


def told(result: Result) -> dict[str, object]:
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def counts(found: dict[str, object]) -> dict[str, int]:
    given = found["counts"]
    assert isinstance(given, dict)
    assert set(given) - {"dropped"} == {"encoded", "offer_only", "unchanged", "stale", "deleted", "conflict", "future", "rejected"}
    return {name: number for name, number in given.items() if number}


def settled_runs(shop: Shop) -> dict[str, int]:
    return dict(shop.ledger.counts().counters)


@pytest.mark.usefixtures("worker")
def test_the_catalogue_is_searchable_when_the_command_ends(shop: Shop) -> None:
    result = run(JSONL, "--json")
    assert result.exit_code == 0, result.output
    found = told(result)
    assert counts(found) == {"encoded": 30}
    assert (found["searchable"], found["dead"], found["rejected"]) == (True, 0, [])
    assert found["files"] == [str(JSONL)]
    assert len(shop.products()) == 30


@pytest.mark.usefixtures("worker")
def test_the_same_file_again_does_nothing_and_says_so(shop: Shop) -> None:
    assert run(JSONL).exit_code == 0
    before = settled_runs(shop)
    again = run(CSV)  # the same products under other column names
    assert again.exit_code == 0
    assert "30 unchanged" in again.stdout
    assert "Nothing to do: 0 encoded, 0 written." in again.stdout
    assert settled_runs(shop) == before
    found = told(run(JSONL, "--json"))
    assert (counts(found), found["written"], found["model_runs"]) == ({"unchanged": 30}, 0, {"texts": 0, "photos": 0})
    assert found["searchable"] is True


@pytest.mark.usefixtures("worker")
def test_a_changed_price_runs_no_model(shop: Shop, tmp_path: Path) -> None:
    assert run(JSONL).exit_code == 0
    before = settled_runs(shop)
    offers, deletes = tmp_path / "offers.csv", tmp_path / "deletes.jsonl"
    offers.write_text("id,price,stock,version\n0001,5.00 EUR,1,2\n0002,6.00 EUR,1,0\n", encoding="utf-8")
    deletes.write_text('{"id": "0003", "deleted": true, "version": 2}\n', encoding="utf-8")
    found = told(run(offers, deletes, "--json"))
    assert counts(found) == {"offer_only": 1, "stale": 1, "deleted": 1}
    assert found["model_runs"] == {"texts": 0, "photos": 0}
    assert settled_runs(shop)["texts"] == before["texts"]
    products = shop.products()
    price = products["0001"].price
    assert price is not None
    assert price.minor == 500
    assert "0003" not in products


@pytest.mark.usefixtures("worker")
def test_a_broken_feed_ends_with_3_and_names_every_line(shop: Shop, tmp_path: Path) -> None:
    path, report = tmp_path / "broken.jsonl", tmp_path / "report.jsonl"
    broken = write_broken_feed(path)
    result = run(path, "--report", report)
    assert result.exit_code == 3, result.output
    lines = result.stdout.splitlines()
    assert [line.split(": ")[0] for line in lines[:20]] == [f"{path}:{number}" for number in sorted(broken)[:20]]
    assert lines[20] == f"... and {len(FLAWS) - 20} more rejected rows; all of them are in {report}"
    rows = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    assert {row["line"]: row["field"] for row in rows} == {line: flaw.field for line, flaw in broken.items()}
    assert len(shop.products()) == 9 * len(FLAWS)
    found = told(run(path, "--json"))
    assert counts(found) == {"unchanged": 9 * len(FLAWS), "rejected": len(FLAWS)}
    assert found["rejected"] == rows


def test_no_wait_ends_at_once_and_the_job_tells_the_rest(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    result = run(JSONL, "--no-wait", "--job", "monday")
    assert result.exit_code == 0
    assert "`fusedex job monday` tells" in result.stdout
    found = describe(shop.ledger, "monday")
    assert (found["committed"], found["pending"], found["indexed"], exit_code(found)) == (True, 30, False, 0)
    shop.drain()
    found = describe(shop.ledger, "monday")
    assert (found["pending"], found["indexed"]) == (0, True)
    show_job(found)
    assert "All of it is searchable." in capsys.readouterr().out


@pytest.mark.usefixtures("worker")
def test_the_same_job_again_is_the_same_job(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "broken.jsonl"
    write_broken_feed(path, lines=20)
    first = told(run(path, "--job", "tuesday", "--json"))
    again = run(path, "--job", "tuesday", "--json")
    assert again.exit_code == 3
    assert "was accepted before" in again.stderr
    found = told(again)
    assert (found["job"], found["counts"], found["rejected"]) == ("tuesday", first["counts"], first["rejected"])


def test_without_a_worker_it_gives_up_when_nothing_moves(shop: Shop) -> None:
    result = run(JSONL, "--timeout", 1, "--json")
    assert result.exit_code == 1
    found = told(result)
    assert (found["searchable"], found["pending"]) == (False, 30)


def test_dead_letters_of_the_job_are_a_failure(shop: Shop) -> None:
    assert run(JSONL, "--no-wait", "--job", "wednesday").exit_code == 0
    (row, *_) = shop.ledger.claim("encode_new", owner="test", limit=1, lease_s=60)
    letter = Letter(id=row.id, row_version=row.row_version, error="UnusablePhoto", reason="why", attempts=1, first_seen=1, last_seen=1)
    shop.ledger.bury("test", [letter])
    shop.drain()
    result = run(JSONL, "--job", "wednesday")
    assert result.exit_code == 1
    assert "1 rows are dead letters" in result.stdout
    assert exit_code(describe(shop.ledger, "wednesday")) == 1


def test_wrong_usage(shop: Shop, tmp_path: Path) -> None:
    for words in ((), (JSONL, CSV, "--job", "x"), (JSONL, "--report", tmp_path / "no" / "folder"), (JSONL, "--timeout", 0)):
        assert run(*words).exit_code == 2, words
    assert not shop.ledger.counts().products


def test_nothing_is_fed_when_one_of_the_files_is_missing(shop: Shop, tmp_path: Path) -> None:
    result = run(JSONL, tmp_path / "none.csv")
    assert result.exit_code != 0
    assert not shop.ledger.counts().products


def test_ctrl_c_leaves_what_was_accepted(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    class Impatient(Indexer):
        """Is interrupted after the first batch."""

        def _batches(self, feed: Feed, terms: Terms, roots: Sequence[Path] | None) -> Iterator[list[Event | Rejected]]:
            yield next(super()._batches(feed, terms, roots))
            raise KeyboardInterrupt

    one = shop.indexer
    impatient = Impatient(one.ledger, one.publisher, one.workshop, one.settings)
    monkeypatch.setattr(command, "build_indexer", lambda settings: impatient)
    result = run(JSONL)
    assert result.exit_code == 130
    assert "goes on where it stopped" in result.stderr
    assert shop.ledger.counts().products == 10
    monkeypatch.setattr(command, "build_indexer", lambda settings: shop.another_indexer())
    assert counts(told(run(JSONL, "--no-wait", "--json"))) == {"unchanged": 10, "encoded": 20}


def rows(*numbers: int) -> str:
    return "".join(f'{{"id": "{number:03d}", "title": "Mug {number}"}}\n' for number in numbers)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_dry_run_needs_no_engine_and_changes_nothing(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "build_indexer", lambda settings: pytest.fail("nothing is to be built"))
    path = written(tmp_path / "a.csv", "Art;Name;Preis;Bild\n1;Tasse;12,50 EUR;a.png\n2;Teller;teuer;b.png\n")
    mapping = written(tmp_path / "map.toml", 'id = "Art"\nprice = "Preis"\nphotos = "Bild"\n')
    result = run(path, CSV, "--dry-run", "--mapping", mapping)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == f"{path}: CSV, UTF-8, separated by semicolons"
    assert [line.split("->")[1].split()[0] for line in lines[1:5]] == ["id", "title", "price", "photos"]
    assert "Tasse | Teller" in lines[2]
    assert f"{path}:3: price: is no single price (column 'Preis') [teuer]" in lines
    assert "All 2 rows: 1 products, 0 offers, 0 deletes, 1 rejected." in lines
    assert "The mapping names the column 'Art', which is not there." in lines  # in the second file
    assert lines[-1] == "Nothing was changed."
    found = told(run(path, "--dry-run", "--mapping", mapping, "--json"))
    assert found["dry_run"] is True
    assert isinstance(found["files"], list)
    (file,) = found["files"]
    assert (file["encoding"], file["delimiter"], file["counts"]["products"], file["rejected"][0]["id"]) == ("utf-8", ";", 1, "2")
    assert not shop.ledger.counts().products


@pytest.mark.usefixtures("worker")
def test_a_mapping_a_folder_and_standard_input_are_fed(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    written(folder / "a.csv", "Art;Name\n1;Tasse\n")
    written(folder / "b.jsonl", rows(2))
    mapping = written(tmp_path / "map.json", '{"id": ["Art"]}')
    found = told(run(folder, "--mapping", mapping, "--json"))
    assert counts(found) == {"encoded": 2}
    assert found["files"] == [str(folder / "a.csv"), str(folder / "b.jsonl")]
    app = typer.Typer()
    app.command()(command.feed)
    piped = CliRunner().invoke(app, ["-", "--json"], input=rows(2, 3))
    assert counts(told(piped)) == {"unchanged": 1, "encoded": 1}
    assert set(shop.products()) == {"1", "002", "003"}


@pytest.mark.usefixtures("worker")
def test_a_snapshot_deletes_what_it_lacks_within_its_limit(shop: Shop, tmp_path: Path) -> None:
    one, two = written(tmp_path / "1.jsonl", rows(*range(20))), written(tmp_path / "2.jsonl", rows(*range(20, 40)))
    assert run(one, two).exit_code == 0
    written(two, rows(*range(20, 38)))
    result = run(one, two, "--snapshot", "--job", "nightly")
    assert result.exit_code == 0, result.output
    assert "Snapshot: 2 products that it no longer holds were deleted." in result.stdout
    assert len(shop.products()) == 38
    refused = run(one, "--snapshot", "--drop-limit", "0.2")
    assert isinstance(refused.exception, SnapshotRefused)
    assert len(shop.products()) == 38
    assert run(one, "--snapshot", "--drop-limit", "50%").exit_code == 0
    assert len(shop.products()) == 20


def test_a_snapshot_that_is_cut_short_or_rejected_too_often_deletes_nothing(shop: Shop, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", rows(*range(40)))
    assert run(path, "--no-wait").exit_code == 0
    written(path, rows(*range(39)) + '{"id": "039", "ti')
    cut = run(path, "--snapshot", "--no-wait")
    assert isinstance(cut.exception, UnreadableFeed)
    assert "cut short" in str(cut.exception)
    assert "a.jsonl:40: is no JSON to its end" in cut.stdout
    written(path, rows(*range(37)) + "nonsense\n" * 3)
    report = tmp_path / "report.jsonl"
    many = run(path, "--snapshot", "--no-wait", "--max-rejects", 2, "--report", report)
    assert isinstance(many.exception, TooManyRejects)
    assert "3 × is no JSON" in many.stdout
    assert len(report.read_text(encoding="utf-8").splitlines()) == 3
    assert shop.ledger.counts().products == 40
    assert run(path, "--no-wait", "--max-rejects", 3).exit_code == 3


def test_the_summary_says_how_often_why_and_what_would_cure_it(shop: Shop, tmp_path: Path) -> None:
    bad = "".join(f'{{"id": "x{number}", "title": "{"t" * (1001 + number)}"}}\n' for number in range(25))
    result = run(written(tmp_path / "a.jsonl", rows(1) + bad + '{"title": "Mug"}\n'), "--no-wait")
    lines = result.stdout.splitlines()
    assert lines[20] == "... and 6 more rejected rows; --report FILE writes all of them"
    assert lines[21:24] == [
        "Rejected: 26 rows.",
        "  25 × title: is longer than … characters. Keep titles under 1,000 characters; the rest belongs into the description.",
        "  1 × id: is missing. Give each product an id, or tell by a mapping file which column holds it.",
    ]
    found = told(run(tmp_path / "a.jsonl", "--no-wait", "--json"))
    assert found["reasons"] == {"title: is longer than … characters": 25, "id: is missing": 1}


def test_wrong_options(shop: Shop, tmp_path: Path) -> None:
    for words in (("--drop-limit", "110%"), ("--drop-limit", "much"), ("--max-rejects", -1)):
        assert run(JSONL, *words).exit_code == 2, words
    assert isinstance(run(JSONL, "--mapping", written(tmp_path / "m.toml", 'titel = "x"')).exception, BadMapping)
    assert isinstance(run(tmp_path / "*.csv").exception, UnreadableFeed)
    assert isinstance(run(JSONL, "-", tmp_path / "none.csv").exception, UnreadableFeed)
    assert not shop.ledger.counts().products


def test_unknown_and_failed_jobs(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    show_job(describe(shop.ledger, "never"))
    assert exit_code(describe(shop.ledger, "never")) == 1
    shop.ledger.begin_job("broken", "feed.csv")
    shop.ledger.fail_job("broken", "no column for the id")
    show_job(describe(shop.ledger, "broken"))
    assert exit_code(describe(shop.ledger, "broken")) == 1
    out = capsys.readouterr().out
    assert "No job never is known here." in out
    assert "failed: no column for the id" in out


def test_progress_in_a_log_is_plain_lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    lines = Lines()
    lines.begin("reading a.csv", total=100)
    lines.at(10)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(lines, "_told", lines._told - 2 * LOG_EVERY_S)
    lines.at(20)
    lines.end()
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("reading a.csv: 20 of about 100 rows, ")
    assert first.endswith(" s left")
    assert last.startswith("reading a.csv: 20 rows, ")


def test_progress_on_a_terminal_is_a_bar_a_phase_with_its_rate() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    progress = Progress("{task.description}", Rate(), console=console, auto_refresh=False)
    bars = Bars(progress)
    with progress:
        for phase, total in (("reading", 50), ("indexing", 0)):
            bars.begin(phase, total=total)
            bars.at(20)
            bars.at(40)
            bars.end()
    assert [(task.description, task.completed, task.total) for task in progress.tasks] == [("reading", 40, 40), ("indexing", 40, 40)]
    assert Rate().render(progress.tasks[0]).plain.endswith("/s")
