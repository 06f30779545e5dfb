"""What Bayesian search may draw, by which seed, and that optuna is as loud afterwards as it was."""

import optuna
import pytest

from indexer.evaluate.bayes import quiet, sampler, suggested
from indexer.evaluate.space import Axis, Range, Value, Values

AXES: tuple[Axis, ...] = (
    Values("rate", (1e-4, 1e-3, 5e-3)),
    Values("join", ("gate", "mlp")),
    Range("weight", 0.0, 1.0, whole=False),
    Range("depth", 10, 20, whole=True),
)


def drawn(seed: int, count: int = 12) -> list[dict[str, Value]]:
    with quiet():
        study = optuna.create_study(sampler=sampler(seed=seed))
        found = []
        for number in range(count):
            trial = study.ask()
            found.append(suggested(trial, AXES))
            study.tell(trial, float(number))
    return found


def test_each_axis_gives_a_value_of_its_own() -> None:
    for one in drawn(0):
        assert list(one) == ["rate", "join", "weight", "depth"]
        assert one["rate"] in (1e-4, 1e-3, 5e-3)
        assert one["join"] in ("gate", "mlp")
        assert isinstance(one["weight"], float)
        assert 0 <= one["weight"] <= 1
        assert one["weight"] == round(one["weight"], 4)
        assert isinstance(one["depth"], int)
        assert 10 <= one["depth"] <= 20
    assert {one["join"] for one in drawn(0)} == {"gate", "mlp"}


def test_the_seed_decides() -> None:
    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)
    assert drawn(2**32 + 3) == drawn(3), "large ones are brought into numpy's range"


def test_optuna_is_as_loud_afterwards_as_before() -> None:
    before = optuna.logging.get_verbosity()
    with quiet():
        assert optuna.logging.get_verbosity() == optuna.logging.ERROR
    assert optuna.logging.get_verbosity() == before
    with pytest.raises(RuntimeError), quiet():
        raise RuntimeError
    assert optuna.logging.get_verbosity() == before
