"""Reading YAML into the closed models: every problem at once, each with file and line."""

from __future__ import annotations

import copy
import difflib
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from naturalistic.errors import ConfigError, MappingError, UserError
from naturalistic.settings.config import AnalysisSettings, Config, Disclosure
from naturalistic.settings.mapping import Mapping
from naturalistic.settings.primary import Primary

Model = TypeVar("Model", bound=BaseModel)
Location = tuple[str | int, ...]

ASK = "ASK"
"""Stands in a draft of `init` where an answer is missing."""

COHORT = "{cohort}"
"""Stands in a shared mapping for the name of each cohort."""

PROFILES_FROM_LAX_TO_STRICT = ("none", "nhs_england", "opensafely", "strict10")


def load_config(path: Path) -> Config:
    """The settings of a run.

    Raises
    ------
    ConfigError
        Every problem in the file, each with its line.
    """
    return _load(path, Config, ConfigError)


def load_mapping(path: Path, shared_by: str | None = None) -> Mapping:
    """The mapping of one cohort.

    Parameters
    ----------
    path : Path
        The file.
    shared_by : str, optional
        Name of the cohort where several are read through this file: it takes the place of every `{cohort}` in it, and a
        synthetic cohort is drawn from a seed of its own.

    Raises
    ------
    MappingError
        Every problem in the file, each with its line; or a shared file that would read the same extract for all.
    """
    if shared_by is None:
        return _load(path, Mapping, MappingError)
    mapping = _load(path, Mapping, MappingError, {COHORT: shared_by})
    if COHORT not in path.read_text(encoding="utf-8-sig"):
        raise MappingError(
            f"{path.as_posix()} is shared by several cohorts, but holds no {COHORT}: all would read the same files. "
            f"Write {COHORT} where the name of the cohort stands in the paths."
        )
    how = mapping.synthetic
    if how is None:
        return mapping
    own_seed = zlib.crc32(f"{how.seed}:{shared_by}".encode())
    return mapping.model_copy(update={"synthetic": how.model_copy(update={"seed": own_seed})})


def cohort_settings(config: Config, mapping: Mapping) -> AnalysisSettings:
    """The analysis settings of a run with what one cohort changes in them."""
    choices = mapping.choices
    values = {name: getattr(config, name) for name in AnalysisSettings.model_fields}
    changed = choices.primary.model_dump(exclude_none=True)
    values["primary"] = Primary(**{**config.primary.model_dump(), **changed})
    for name in (
        "form_windows",
        "episodes",
        "reliable_change",
        "dropout",
        "service_change",
        "closing",
        "equity",
        "outcome_models",
        "predictors",
    ):
        if (value := getattr(choices, name)) is not None:
            values[name] = value
    values["reference_levels"] = {**config.reference_levels, **choices.reference_levels}
    return AnalysisSettings(**values)


def cohort_disclosure(config: Config, mapping: Mapping) -> Disclosure:
    """The stricter of the run's and the cohort's disclosure profile: a cohort can only be stricter."""
    asked = [config.disclosure]
    asked += [mapping.choices.disclosure] if mapping.choices.disclosure else []
    return max(asked, key=lambda d: PROFILES_FROM_LAX_TO_STRICT.index(d.profile))


def _load(
    path: Path, model: type[Model], error: type[UserError], filled: dict[str, str] | None = None
) -> Model:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as missing:
        raise error(f"{path.as_posix()} does not exist.") from missing
    except UnicodeDecodeError as bad:
        raise error(f"{path.as_posix()} is not UTF-8 text: save it as UTF-8.") from bad
    for placeholder, word in (filled or {}).items():
        text = text.replace(placeholder, word)
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        data = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as bad:
        raise error(_yaml_problem(path, bad)) from bad
    if not isinstance(data, dict):
        raise error(f"{path.as_posix()}: the file must hold keys and values.")
    repeated = [f"{path.as_posix()}, line {line}: {text}" for line, text in _repeated_keys(node)]
    if repeated:
        raise error(repeated)
    if still_open := [
        f"{path.as_posix()}, line {line}: {text}" for line, text in _open_questions(node)
    ]:
        raise error(still_open)
    try:
        return model.model_validate(data)
    except ValidationError as invalid:
        found = list(_problems(path, invalid, node, model))
        found += _problems_behind(path, invalid, node, model, data)
        raise error(list(dict.fromkeys(found))) from invalid


def _problems_behind(
    path: Path, invalid: ValidationError, node: yaml.Node | None, model: type[BaseModel], data: Any
) -> list[str]:
    """What is wrong beside unknown keys: it is only looked at without them, and everything is said at once."""
    unknown = [p["loc"] for p in invalid.errors() if p["type"] == "extra_forbidden"]
    known = copy.deepcopy(data)
    for *above, key in unknown:
        place: Any = known
        for part in above:
            if part in (range(len(place)) if isinstance(place, list) else place):
                place = place[part]  # else a member of a union, which does not stand in the file
        if isinstance(place, dict):
            place.pop(key, None)
    try:
        model.model_validate(known)
    except ValidationError as others:
        return list(_problems(path, others, node, model))
    return []


def _yaml_problem(path: Path, bad: yaml.YAMLError) -> str:
    mark = getattr(bad, "problem_mark", None)
    line = f", line {mark.line + 1}" if mark else ""
    what = getattr(bad, "problem", None) or "not valid YAML"
    return f"{path.as_posix()}{line}: {what}. Check indentation, colons and quotes there."


def _repeated_keys(node: yaml.Node | None) -> Iterator[tuple[int, str]]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield key.start_mark.line + 1, f"{key.value!r} stands twice; keep one of them."
            seen.add(key.value)
            yield from _repeated_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _repeated_keys(value)


def _open_questions(node: yaml.Node | None) -> Iterator[tuple[int, str]]:
    """Lines of a draft where answers are missing; the questions stand above them as comments."""
    missing = Counter(
        scalar.start_mark.line + 1 for scalar in _scalars(node) if scalar.value == ASK
    )
    for line, n in sorted(missing.items()):
        what = "an answer is" if n == 1 else f"{n} answers are"
        yield (
            line,
            f"{what} missing ({ASK}). The question stands above the line; replace {ASK} by an answer, or delete what it "
            "stands for.",
        )


def _scalars(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    """Every plain value of a document; keys and quoted texts are none."""
    if isinstance(node, yaml.ScalarNode) and not node.style:
        yield node
    elif isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from _scalars(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _scalars(value)


def _line(node: yaml.Node | None, location: Location) -> int:
    """Line of the deepest part of `location` that stands in the file."""
    line = node.start_mark.line + 1 if node else 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if found is None:
                continue  # pydantic names the member of a union, which does not stand in the file
            line, node = found[0].start_mark.line + 1, found[1]
        elif (
            isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value)
        ):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def _problems(
    path: Path, invalid: ValidationError, node: yaml.Node | None, model: type[BaseModel]
) -> Iterator[str]:
    for problem in invalid.errors(include_url=False):
        location: Location = problem["loc"]
        where = ".".join(str(part) for part in location)
        start = f"{path.as_posix()}, line {_line(node, location)}: "
        if problem["type"] == "extra_forbidden":
            yield start + _unknown_key(location, model)
        elif problem["type"] == "missing":
            yield start + f"{where} is missing."
        else:
            yield start + f"{where}: {_plain(problem)}".replace(": Value error, ", ": ")


def _plain(problem: Any) -> str:
    text = str(problem["msg"]).removeprefix("Value error, ")
    return text if text.endswith(".") else text + "."


def _unknown_key(location: Location, model: type[BaseModel]) -> str:
    allowed = _allowed_keys(location[:-1], model)
    key = str(location[-1])
    close = difflib.get_close_matches(key, allowed, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else f" Accepted: {', '.join(allowed)}."
    return f"unknown key {'.'.join(str(p) for p in location)!r}.{hint if allowed else ''}"


def _allowed_keys(location: Location, model: type[BaseModel]) -> list[str]:
    """Keys of the model that `location` leads to, following nested models, lists and dictionaries."""
    current: Any = model
    in_dictionary = False
    for part in location:
        if in_dictionary:
            in_dictionary = False  # a key of the file's own: the model of its value stays
            continue
        if isinstance(current, type) and issubclass(current, BaseModel):
            field = current.model_fields.get(str(part))
            current = _inner_model(field.annotation) if field else None
            in_dictionary = field is not None and _is_dictionary(field.annotation)
        # a list index stays with the model inside it
    if isinstance(current, type) and issubclass(current, BaseModel):
        return [field.alias or name for name, field in current.model_fields.items()]
    return []


def _is_dictionary(annotation: Any) -> bool:
    parts = (annotation, *getattr(annotation, "__args__", ()))
    return any(part is dict or getattr(part, "__origin__", None) is dict for part in parts)


def _inner_model(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        if (found := _inner_model(argument)) is not None:
            return found
    return None
