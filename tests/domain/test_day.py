"""A day is written in one way."""

from datetime import date

import pytest

from kajoom.domain.cycle import parse_day


def test_day_is_read_as_it_is_written() -> None:
    assert parse_day("2024-02-29") == date(2024, 2, 29)


@pytest.mark.parametrize("text", ["", "2022-11-1", "20221101", "2022-W44-2", "2022-11-01 ", "٢٠٢٢-11-01", "2022-02-29"])
def test_day_written_otherwise_is_no_day(text: str) -> None:
    with pytest.raises(ValueError, match="no"):
        parse_day(text)
