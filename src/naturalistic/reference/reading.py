"""Reads one YAML file into its model: duplicate keys refused, every error kept, each with its place."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)


class InvalidReferenceError(ValueError):
    """A reference file is not valid; ``problems`` holds one sentence for each fault."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


class _StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the base is chosen at run time: libyaml where it is built in
    """A safe loader that refuses a key given twice instead of keeping the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping of keys that each stand once."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue  # an own key beside merged ones overrides on purpose
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                line = key_node.start_mark.line + 1
                raise InvalidReferenceError([f'line {line}: key "{key}" is given twice'])
            seen.add(key)
        return super().construct_mapping(node, deep)


def shipped(folder: str) -> list[Traversable]:
    """Return the YAML files of a folder of this package, by name; works inside a zipped wheel."""
    place = files("naturalistic.reference").joinpath(folder)
    found = [item for item in place.iterdir() if item.name.endswith(".yaml")]
    return sorted(found, key=lambda item: item.name)


def shipped_file(name: str) -> Traversable:
    """Return one YAML file at the top of this package."""
    return files("naturalistic.reference").joinpath(name)


def read_yaml(item: Traversable) -> Any:
    """Read a YAML file.

    Raises
    ------
    InvalidReferenceError
        If the file cannot be read or parsed, or gives a key twice.
    """
    try:
        text = item.read_text(encoding="utf-8")
        return yaml.load(text, Loader=_StrictLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidReferenceError([f"{item.name}: cannot be read ({error})"]) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or "not valid YAML"
        raise InvalidReferenceError([f"{item.name}{where}: {what}"]) from error
    except InvalidReferenceError as error:
        raise InvalidReferenceError([f"{item.name}, {each}" for each in error.problems]) from None


def with_provenance(
    node: Any, sources: Mapping[str, str], checked: datetime.date | None = None
) -> Any:
    """Return a copy in which every sourced entry has its date and its citation in full.

    An entry is sourced when it has a ``status`` and a ``source``. Its ``date`` falls back to the
    file's ``checked``; a ``source`` that is a key of `sources` becomes the citation, anything else
    is a citation already.
    """
    if isinstance(node, list):
        return [with_provenance(item, sources, checked) for item in node]
    if not isinstance(node, dict):
        return node
    filled = {key: with_provenance(value, sources, checked) for key, value in node.items()}
    if "status" in filled and isinstance(filled.get("source"), str):
        filled["source"] = sources.get(filled["source"], filled["source"])
        if checked is not None:
            filled.setdefault("date", checked)
    return filled


def parse(model: type[Model], item: Traversable, sources: Mapping[str, str]) -> Model:
    """Read a file into a model.

    Raises
    ------
    InvalidReferenceError
        With every fault of the file, each naming the file and the key.
    """
    data = read_yaml(item)
    if not isinstance(data, dict):
        raise InvalidReferenceError([f"{item.name}: must hold keys and values"])
    checked = data.pop("checked", None)
    if not isinstance(checked, datetime.date):
        raise InvalidReferenceError([f"{item.name}: checked: give the date as YYYY-MM-DD"])
    try:
        return model.model_validate(with_provenance(data, sources, checked))
    except ValidationError as error:
        raise InvalidReferenceError(_sentences(item.name, error)) from error


def _sentences(name: str, error: ValidationError) -> list[str]:
    """One sentence for each fault, without repeating the (possibly long) input."""
    sentences = []
    for fault in error.errors(include_url=False, include_input=False, include_context=False):
        place = ".".join(str(part) for part in fault["loc"]) or "whole file"
        message = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            message = "unknown key"
        elif fault["type"] == "missing":
            message = "is required"
        sentences.append(f"{name}: {place}: {message}")
    return sentences
