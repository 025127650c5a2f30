"""`flask catalog load` prints what it changed, or fails with every error."""

from pathlib import Path

from flask import Flask

from kajoom.cli.catalog import catalog_command

DEMO = Path(__file__).parents[2] / "demo" / "catalog.toml"


def test_load_prints_what_it_added_and_then_that_nothing_changed(app: Flask) -> None:
    run = app.test_cli_runner()
    trial = run.invoke(catalog_command, ["load", str(DEMO), "--dry-run"])
    assert trial.exit_code == 0
    assert "Nothing was written; this would be catalogue 1." in trial.output
    first = run.invoke(catalog_command, ["load", str(DEMO)])
    assert "added: groups.hosting.plans.b\n" in first.output
    assert "This is now catalogue 1." in first.output
    second = run.invoke(catalog_command, ["load", str(DEMO)])
    assert "added" not in second.output
    assert "Catalogue 1 already has what is in the file." in second.output


def test_file_with_an_error_fails(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "catalog.toml"
    file.write_text(DEMO.read_text(encoding="utf-8").replace('"225.00"', '"225.005"'), encoding="utf-8")
    result = app.test_cli_runner().invoke(catalog_command, ["load", str(file)])
    assert result.exit_code == 1
    assert "groups.hosting.plans.b.prices.CAD.monthly: not an amount" in result.stderr
    assert "1 error: nothing was written." in result.stderr


def test_missing_file_is_a_usage_error(app: Flask) -> None:
    assert app.test_cli_runner().invoke(catalog_command, ["load", "nowhere.toml"]).exit_code == 2
