"""Any fusion of any parts: a unit row of the spec's width, whatever their order."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from indexer.fuse.base import Fusion, PartRow
from indexer.fuse.checkpoint import CheckpointSpec
from indexer.fuse.mlp import MlpFusion
from indexer.fuse.weighted import WeightedFusion
from indexer.vectors import cosine

WIDTH = 6


def mlp() -> MlpFusion:
    spec = CheckpointSpec(
        name="test", revision="1", licence="Apache-2.0", origin="a test", text_width=WIDTH, photo_width=WIDTH, width=WIDTH
    )
    random = np.random.default_rng(1)
    layer = random.normal(size=(WIDTH, spec.inputs)).astype(np.float32), random.normal(size=WIDTH).astype(np.float32)
    return MlpFusion(spec, (layer,), sha256="x")


fusions = pytest.mark.parametrize(
    "fusion", [WeightedFusion(title=0.4, description=0.2, photo=0.4, width=WIDTH), mlp()], ids=["weighted", "mlp"]
)


@st.composite
def part_rows(draw: st.DrawFn) -> PartRow:
    row = np.random.default_rng(draw(st.integers(0, 50))).normal(size=WIDTH)
    kind = draw(st.sampled_from(["title", "description", "photo", "text"]))
    sign = draw(st.sampled_from([1, -1]))  # opposites come up often
    return PartRow(kind, np.asarray(sign * row / np.linalg.norm(row), dtype=np.float32), draw(st.sampled_from([0.0, 0.5, 1.0, 3.0])))


@fusions
@given(parts=st.lists(part_rows(), max_size=6))
def test_a_unit_row_or_nothing(fusion: Fusion, parts: list[PartRow]) -> None:
    row = fusion.fuse(parts)
    if not any(part.weight > 0 for part in parts):
        assert row is None
    else:
        assert row is not None
        assert row.shape == (fusion.spec.width,)
        assert np.linalg.norm(row) == pytest.approx(1, abs=1e-5)


@fusions
@given(parts=st.lists(part_rows(), min_size=2, max_size=6))
def test_order_does_not_matter(fusion: Fusion, parts: list[PartRow]) -> None:
    total = sum(part.weight * part.row.astype(np.float64) for part in parts)
    assume(np.linalg.norm(np.asarray(total)) > 0.2)  # where rows cancel out, the first of equals is taken
    assume(len({part.row.tobytes() for part in parts} & {(-part.row).tobytes() for part in parts}) == 0)
    left, right = fusion.fuse(parts), fusion.fuse(list(reversed(parts)))
    if left is not None and right is not None:
        assert cosine(left, right) > 0.999


@given(part=part_rows(), scale=st.floats(0.01, 100))
def test_only_ratios_of_weights_matter(part: PartRow, scale: float) -> None:
    fusion = WeightedFusion(title=0.4, description=0.2, photo=0.4, width=WIDTH)
    other = PartRow("photo", np.eye(WIDTH, dtype=np.float32)[0], 1.0)
    left = fusion.fuse([part, other])
    right = fusion.fuse([PartRow(part.kind, part.row, part.weight * scale), PartRow("photo", other.row, scale)])
    assert left == pytest.approx(right, abs=1e-4)
