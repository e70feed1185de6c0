"""``strata versions``: what is promised to whom, and for how long."""

from app.cli.output import AsJson, show_json, show_table


def versions(as_json: AsJson = False) -> None:
    """List the versions of the API with the dates of their lives."""
    from versions.registry import VERSIONS  # noqa: PLC0415 - only this command pays for the import

    fields = ("released", "deprecated_at", "sunset_at", "successor")
    found = [
        {
            "name": version.name,
            "status": version.status.value,
            **{name: None if (value := getattr(version, name)) is None else str(value) for name in fields},
            "prefix": version.prefix,
            "contract": f"contracts/{version.name}.openapi.json",
        }
        for version in VERSIONS
    ]
    if as_json:
        show_json(found)
        return
    columns = ("name", "status", *fields, "prefix")
    show_table(
        [column.removesuffix("_at") for column in columns],
        [[(one[column] or "-").removesuffix("+00:00") for column in columns] for one in found],
        empty="No version is registered.",
    )
