"""What an address may ask of the app, as its code says: parameters, and the views of each page."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import chain

from spectra.setting_values import ROOT

_PAGES = sorted((ROOT / "pages").glob("*.py"))
_CHOOSING = ("choosing.view", "choosing.one_of")
_CODE = [*_PAGES, *sorted((ROOT / "spectra" / "ui").rglob("*.py"))]


def parameters() -> set[str]:
    """Names that are read from the address: of widgets that are bound to it, and by themselves."""
    return set(chain.from_iterable(_names(ast.parse(path.read_text("utf-8"))) for path in _CODE))


def views() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Pages, each with the parameter that chooses its view and what there is to choose."""
    return {path.stem: _views(ast.parse(path.read_text("utf-8"))) for path in _PAGES}


def _names(tree: ast.Module) -> Iterator[str]:
    for call in _bound(tree):
        key = _text(tree, _keyword(call, "key"))
        # The filters of all pages share one call, which takes their names from a comprehension.
        yield from [key] if key else _looped(tree, call)


def _text(tree: ast.Module, node: ast.expr) -> str:
    """A constant, written there or under its name in the module; empty for another."""
    found = _named(tree, node)
    return str(found.value) if isinstance(found, ast.Constant) else ""


def _named(tree: ast.Module, node: ast.expr) -> ast.expr:
    """What a module calls by this name, or the expression itself."""
    named = {
        ast.unparse(one.targets[0]): one.value for one in tree.body if isinstance(one, ast.Assign)
    }
    return named.get(ast.unparse(node), node)


def _looped(tree: ast.Module, call: ast.Call) -> tuple[str, ...]:
    loops = [
        _named(tree, node.generators[0].iter)
        for node in ast.walk(tree)
        if isinstance(node, ast.DictComp) and call in set(ast.walk(node.value))
    ]
    return tuple(chain.from_iterable(map(ast.literal_eval, loops)))


def _views(tree: ast.Module) -> tuple[str, tuple[str, ...]]:
    named = {
        ast.unparse(node.targets[0]): ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple)
    }
    for call in _bound(tree):
        for options in map(ast.unparse, call.args):
            if options in named:
                return _text(tree, _keyword(call, "key")), named[options]
    return "", ()


def _bound(tree: ast.AST) -> list[ast.Call]:
    """Calls of widgets that are bound to the address."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (
            ast.unparse(node.func) in _CHOOSING
            or any(
                word.arg == "bind" and "query-params" in ast.unparse(word) for word in node.keywords
            )
        )
    ]


def _keyword(call: ast.Call, name: str) -> ast.expr:
    return next(word.value for word in call.keywords if word.arg == name)
