"""The packages that training needs, looked for without importing them."""

import importlib.util

from indexer.errors import ModelUnavailable


def need(*packages: str, extra: str = "learn") -> None:
    """Raise ModelUnavailable with the cure where one of the packages is not installed."""
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise ModelUnavailable(
                f"This needs the package {package!r}, which is not installed.", cure=f"pip install 'fusedex[models,{extra}]'"
            )
