"""`fusedex upgrade`: a new model, fusion or mapping goes live beside the old one, and can be switched back."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from indexer.build.upgrading import Gate, Road
from indexer.cli.progress import Display, display
from indexer.cli.upgrade_fill import fill
from indexer.ledger.base import Step, Upgrade
from indexer.observe import configure_logs
from indexer.operate.evidence import read_evidence
from indexer.operate.gate import Limits
from indexer.operate.trial import FOLDER, forget_tallies, read_tallies
from indexer.settings import Settings

REFUSED, UNFINISHED = 1, 3

upgrade = typer.Typer(no_args_is_help=True, help="Build another index beside the one in use, prove it, switch to it, and back.")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Judgments = Annotated[Path | None, typer.Option(help="Judge by these judgments (nDCG@10), not by the overlap with the old answers.")]
Queries = Annotated[Path | None, typer.Option(help="CSV with query_id, query: the texts to ask; without it titles are asked.")]
MaxLoss = Annotated[float, typer.Option(min=0, help="The mean nDCG@10 that may be lost.")]
MinOverlap = Annotated[float, typer.Option(min=0, max=1, help="The share of the first ten hits that has to stay, without judgments.")]
Timeout = Annotated[float, typer.Option(min=0, help="Give up waiting after so many seconds without progress; 0: do not wait.")]


@upgrade.command()
def start(
    *,
    config: Annotated[Path | None, typer.Option(help="A TOML file; its tables encode and index are laid over the settings.")] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Also where the encoders stay the same: for another mapping.")] = False,
    judgments: Judgments = None,
    queries: Queries = None,
    max_loss: MaxLoss = 0.01,
    min_overlap: MinOverlap = 0.5,
    switch_too: Annotated[bool, typer.Option("--switch", help="Switch at once where the gate lets it pass.")] = False,
    timeout: Timeout = 600,
    as_json: Json = False,
) -> None:
    """Build the index of other settings, and judge it. Exit code 1: the gate refused it; 3: it is not built yet (`resume`)."""
    gate = Gate(judgments=judgments, queries=queries, limits=Limits(max_loss=max_loss, min_overlap=min_overlap))
    with _road(config) as road:
        begun = road.start(rebuild=rebuild)
        _go_on(road, begun, gate, patience_s=timeout, switch_too=switch_too, as_json=as_json)


upgrade.command()(fill)


@upgrade.command()
def resume(
    *,
    judgments: Judgments = None,
    queries: Queries = None,
    max_loss: MaxLoss = 0.01,
    min_overlap: MinOverlap = 0.5,
    switch_too: Annotated[bool, typer.Option("--switch", help="Switch at once where the gate lets it pass.")] = False,
    timeout: Timeout = 600,
    as_json: Json = False,
) -> None:
    """Go on where an upgrade was cut short, whatever it was doing; judge it (again) where it is built."""
    gate = Gate(judgments=judgments, queries=queries, limits=Limits(max_loss=max_loss, min_overlap=min_overlap))
    with _road() as road:
        current = road.upgrades.current()
        if current.step in (Step.PLANNED, Step.LISTING, Step.BUILDING, Step.READY, Step.REFUSED):
            _go_on(road, current, gate, patience_s=timeout, switch_too=switch_too, as_json=as_json)
            return
        with display() as shown:
            current = road.upgrades.resume(current, told=_Phases(shown))
        _tell(road, current, as_json=as_json)


@upgrade.command()
def status(as_json: Json = False) -> None:
    """Show where the upgrade stands, what is still to be done, and what the gate found."""
    with _road() as road:
        _tell(road, road.upgrades.current(), as_json=as_json)


@upgrade.command("try")
def try_out(
    *,
    share: Annotated[
        float, typer.Option(min=0, max=1, help="The share of the queries (by session) that take part; 0 ends the trial.")
    ] = 0.1,
    shadow: Annotated[bool, typer.Option("--shadow", help="Ask both indices, show the old one's answer, and compare.")] = False,
    whatever: Annotated[bool, typer.Option("--whatever", help="Also where the gate refused it.")] = False,
    as_json: Json = False,
) -> None:
    """Let a share of the queries ask the new index before the switch; searchers follow within seconds. `status` tells what came of it."""
    with _road() as road:
        _tell(road, road.upgrades.try_out(road.upgrades.current(), share=share, shadow=shadow, whatever=whatever), as_json=as_json)


@upgrade.command()
def switch(
    *,
    whatever: Annotated[bool, typer.Option("--whatever", help="Also where the gate refused it.")] = False,
    as_json: Json = False,
) -> None:
    """Let the alias stand for the new index, in one request. The old one is kept up, so `rollback` is as quick."""
    with _road() as road:
        _tell(road, road.upgrades.switch(road.upgrades.current(), whatever=whatever), as_json=as_json)


@upgrade.command()
def rollback(as_json: Json = False) -> None:
    """Let the alias stand for the old index again, in one request; it has had every change meanwhile."""
    with _road() as road:
        _tell(road, road.upgrades.roll_back(road.upgrades.current()), as_json=as_json)


@upgrade.command()
def clean(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Delete the index that is not in use, and end the upgrade; after that there is no rollback."""
    with _road() as road:
        current = road.upgrades.current()
        goes = current.old_index if current.step in (Step.LIVE, Step.CLEANING) else current.new_index
        if current.keeping and not yes:
            typer.confirm(f"Delete the index {goes or '(not made yet)'}?", abort=True, err=True)
        with display() as shown:
            current = road.upgrades.clean(current, told=_Phases(shown))
        if current.ended:
            forget_tallies(road.own.home / FOLDER)
        _tell(road, current, as_json=as_json)


class _Phases:
    """Shows phases as they are told."""

    def __init__(self, shown: Display) -> None:
        self._shown = shown
        self._phase = ""

    def __call__(self, phase: str, done: int, total: int) -> None:
        if phase != self._phase:
            self._phase = phase
            self._shown.begin(phase, total=total)
        self._shown.at(done)


@contextmanager
def _road(config: Path | None = None) -> Iterator[Road]:
    settings = Settings.load()
    configure_logs(settings.log, level=logging.WARNING)
    with Road(settings, config=config) as road:
        yield road


def _go_on(road: Road, current: Upgrade, gate: Gate, *, patience_s: float, switch_too: bool, as_json: bool) -> None:
    with display() as shown:
        built = road.build(current, told=_Phases(shown), patience_s=patience_s)
    current = road.upgrades.current()
    if built:
        current = road.judge(current, gate)
        if switch_too and current.step is Step.READY:
            current = road.upgrades.switch(current)
    _tell(road, current, as_json=as_json)
    if not built:
        if patience_s:
            print(
                f"For {patience_s:g} seconds nothing was written. Are workers running (fusedex status), and what do they log?",
                file=sys.stderr,
            )
        raise typer.Exit(UNFINISHED)
    if current.step is Step.REFUSED:
        raise typer.Exit(REFUSED)


def _tell(road: Road, current: Upgrade, *, as_json: bool) -> None:
    left, (given_up, _) = road.ledger.next.dirty(), road.ledger.next.given_up()
    trouble = road.ledger.next.trouble() if left and current.keeping else ""
    evidence = read_evidence(current.evidence)
    trial = road.upgrades.trial(current)
    arms = {
        name: arm.figures() for name, arm in read_tallies(road.own.home / FOLDER, current.new_index).items() if arm.answers or arm.failed
    }
    if as_json:
        told = {
            "number": current.number,
            "step": str(current.step),
            "old_index": current.old_index,
            "new_index": current.new_index,
            "left": left,
            "given_up": given_up,
            "trouble": trouble,
            "evidence": json.loads(current.evidence) if current.evidence else None,
            "trial": {"share": trial.share, "shadow": trial.shadow} if trial else None,
            "arms": arms,
        }
        print(json.dumps(told))
        return
    print(f"Upgrade {current.number}: {current.step}. Old index {current.old_index}, new index {current.new_index or 'not made yet'}.")
    if current.keeping:
        print(f"{left:,} products are still to be written to the new index, {given_up:,} were given up.")
    if trouble:
        print(f"What last kept some from it: {trouble}")
    if evidence is not None:
        figures = ", ".join(f"{name} {value:g}" for name, value in evidence.figures.items())
        print(f"The gate, by {evidence.by}: {'passed' if evidence.passed else 'refused'} ({figures}).")
        for reason in evidence.against:
            print(f"  - {reason}")
    if trial is not None:
        how = "ask both (the old index is shown)" if trial.shadow else "ask the new index"
        print(f"{trial.share:.1%} of the queries {how}. End it: fusedex upgrade try --share 0")
    for name, counted in arms.items():
        print(f"Tried, by searchers of this home, {name}: " + ", ".join(f"{what} {value:g}" for what, value in counted.items()))
    print(_THEN[current.step])


_THEN = {
    Step.PLANNED: "Go on: fusedex upgrade resume",
    Step.LISTING: "Go on: fusedex upgrade resume",
    Step.BUILDING: "Workers fill it; then: fusedex upgrade resume",
    Step.READY: "Switch to it: fusedex upgrade switch. Or try it with some queries first: fusedex upgrade try --share 0.1",
    Step.REFUSED: "The old index stays in use. Drop the new one: fusedex upgrade clean",
    Step.SWITCHING: "Go on: fusedex upgrade resume",
    Step.LIVE: "It is in use. Back: fusedex upgrade rollback. For good: fusedex upgrade clean",
    Step.ROLLING_BACK: "Go on: fusedex upgrade resume",
    Step.ROLLED_BACK: "The old index is in use. Try again: fusedex upgrade switch. Drop the new one: fusedex upgrade clean",
    Step.CLEANING: "Go on: fusedex upgrade resume",
    Step.DROPPING: "Go on: fusedex upgrade resume",
    Step.DONE: "Only the new index is left. Start what was set to the old encoders again with the new settings, when it suits.",
    Step.DROPPED: "Only the old index is left.",
}
