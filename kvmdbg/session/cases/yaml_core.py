"""Safe YAML as the case files mean it: `on` is a word, and a key given twice is a mistake."""

from __future__ import annotations

import re
from typing import Any

import yaml

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _CoreLoader(_Loader):  # type: ignore[misc]   # the C loader where PyYAML was built with it: ten times as fast
    """PyYAML's safe loader without YAML 1.1's yes/no/on/off, which would make a boolean of the key `on`."""


_CoreLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}
_CoreLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def _mapping(loader: Any, node: Any) -> dict[Any, Any]:
    """A map whose keys are all different. raises: yaml.MarkedYAMLError on a repeated key."""
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if isinstance(key, (list, dict)) or key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"key {key!r} twice", key_node.start_mark)
        seen.add(key)
    result: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return result


_CoreLoader.add_constructor("tag:yaml.org,2002:map", _mapping)


def load(text: str) -> Any:
    """The one document of `text` as plain Python values. raises: yaml.YAMLError when it is not YAML."""
    return yaml.load(text, Loader=_CoreLoader)
