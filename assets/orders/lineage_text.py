"""A lineage as text for people: a tree, each node in one line.

Not here: what the tree consists of (``lineage``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assets.orders.lineage import Node

_ALIKE_SHOWN = 3
_VERSIONS = ("plan_digest", "model_version", "feature_version", "run_id")


def told_as_tree(root: Node) -> str:
    """Return a node and everything below it, one line a node; long rows of like nodes are shortened."""
    return "\n".join([_told(root), *_branches(root.inputs, "")])


def _branches(nodes: Sequence[Node], indent: str) -> list[str]:
    shown: list[tuple[str, Node | None]] = []
    for run in _runs(nodes):
        if len(run) > 2 * _ALIKE_SHOWN:
            head, tail = run[:_ALIKE_SHOWN], run[-_ALIKE_SHOWN:]
            middle = len(run) - 2 * _ALIKE_SHOWN
            shown += [(_told(node), node) for node in head]
            shown += [(f"… {middle} more of {run[0].facts.get('feed', run[0].kind)} …", None)]
            shown += [(_told(node), node) for node in tail]
        else:
            shown += [(_told(node), node) for node in run]
    text = []
    for number, (line, shown_node) in enumerate(shown, 1):
        last = number == len(shown)
        text.append(f"{indent}{'└─' if last else '├─'} {line}")
        if shown_node is not None:
            text += _branches(shown_node.inputs, indent + ("   " if last else "│  "))
    return text


def _runs(nodes: Sequence[Node]) -> list[list[Node]]:
    """Group neighbours of one kind and feed."""
    groups: list[list[Node]] = []
    for node in nodes:
        alike = groups and _alike(groups[-1][-1]) == _alike(node)
        groups[-1].append(node) if alike else groups.append([node])
    return groups


def _alike(node: Node) -> tuple[str, Any]:
    return node.kind, node.facts.get("feed")


def _told(node: Node) -> str:
    facts = node.facts
    match node.kind:
        case "order":
            ends = f"{facts['origin']} to {facts['destination']}".strip()
            return (
                f"{facts['document']} {node.name} r{facts['revision']}: {ends}, "
                f"{facts['plan_date']}, {facts['channel']}, {facts['status']}"
            )
        case "item_site":
            return f"{node.name} on {facts['plan_date']}: {facts['decision']}. {facts['reason']}"
        case "line":
            return f"line {facts['line_number']}: {node.name}, worth {facts['value']:,.2f}. {facts['reason']}"
        case "table":
            versions = [f"{key} {facts[key]}" for key in _VERSIONS if facts.get(key)]
            return ", ".join([f"{node.name} {facts['digest'] or 'not published'}", *versions])
        case "selection":
            champions = ", ".join(f"{segment} {model}" for segment, model in facts["champions"].items())
            how = "chosen" if facts["is_refit"] else "reused"
            return f"models {node.name} of {facts['selected_for']}, {how}: {champions}"
        case "batch":
            return f"{facts['feed']} of {facts['business_date']}: batch {node.name}, content {facts['content_hash']}"
    return f"{node.kind} {node.name}"
