"""``make bench`` prints nothing where other programs use the processors."""

from __future__ import annotations

import pytest

from tests.bench.others import Others, refuse_if_busy


@pytest.mark.parametrize(("part", "refused"), [(0.05, False), (0.35, True)])
def test_benchmark_is_refused_beside_other_programs(
    monkeypatch: pytest.MonkeyPatch, part: float, refused: bool
) -> None:
    monkeypatch.setattr(Others, "part_of_a_core", lambda _self: part)
    if not refused:
        refuse_if_busy(0)
        return
    with pytest.raises(SystemExit, match=r"Other programs use 35% of a core, .* no figures are printed\."):
        refuse_if_busy(0)
