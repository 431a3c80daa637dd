"""What an address may ask of the app, as its code says: parameters, and the views of each page."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import chain

from spectra.settings import ROOT

_PAGES = sorted((ROOT / "pages").glob("*.py"))
_CODE = [*_PAGES, *sorted((ROOT / "spectra" / "ui").rglob("*.py"))]


def parameters() -> set[str]:
    """Names that are read from the address: of widgets that are bound to it, and by themselves."""
    return set(chain.from_iterable(_names(ast.parse(path.read_text("utf-8"))) for path in _CODE))


def views() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Pages, each with the parameter that chooses its view and what there is to choose."""
    return {path.stem: _views(ast.parse(path.read_text("utf-8"))) for path in _PAGES}


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "st.query_params.get":
            yield ast.literal_eval(node.args[0])
    for call in _bound(tree):
        key = _keyword(call, "key")
        # The filters of all pages share one call, which takes their names from a comprehension.
        yield from [key.value] if isinstance(key, ast.Constant) else _looped(tree, call)


def _looped(tree: ast.AST, call: ast.Call) -> tuple[str, ...]:
    (loop,) = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.DictComp) and call in set(ast.walk(node.value))
    ]
    return tuple(ast.literal_eval(loop.generators[0].iter))


def _views(tree: ast.Module) -> tuple[str, tuple[str, ...]]:
    named = {
        ast.unparse(node.targets[0]): ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple)
    }
    for call in _bound(tree):
        if (options := ast.unparse(call.args[1])) in named:
            return str(ast.literal_eval(_keyword(call, "key"))), named[options]
    return "", ()


def _bound(tree: ast.AST) -> list[ast.Call]:
    """Calls of widgets that are bound to the address."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and any(
            word.arg == "bind" and "query-params" in ast.unparse(word) for word in node.keywords
        )
    ]


def _keyword(call: ast.Call, name: str) -> ast.expr:
    return next(word.value for word in call.keywords if word.arg == name)
