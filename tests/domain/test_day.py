"""Parsing of dates."""

from datetime import date

import pytest

from kajoom.domain.cycle import parse_day


def test_iso_date_is_parsed() -> None:
    assert parse_day("2024-02-29") == date(2024, 2, 29)


@pytest.mark.parametrize("text", ["", "2022-11-1", "20221101", "2022-W44-2", "2022-11-01 ", "٢٠٢٢-11-01", "2022-02-29"])
def test_other_formats_and_impossible_dates_are_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="no"):
        parse_day(text)
