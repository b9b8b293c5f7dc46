"""The trained network as an int8 ONNX file that onnxruntime reads, without torch.

The graph is written node by node: matrices in int8 with a scale per column, word vectors in int8
with a scale per row (one scale for all of them made the embeddings drift), the rest in float. So
the file does not depend on what an exporter makes of torch this year.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, checker, helper, numpy_helper, save

from moderation.training.network import SMALL

Array = npt.NDArray[Any]
_MICROSOFT: Final = "com.microsoft"
_TOP: Final = 63
"""7 bits: without VNNI (older processors) the pair sums of full int8 products overflow."""


class _Graph:
    """Nodes and weights as they are added."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self._count = 0

    def keep(self, name: str, array: Array) -> str:
        self.weights.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def add(
        self, op: str, *inputs: str, outputs: int = 1, domain: str = "", **attributes: Any
    ) -> Any:
        self._count += 1
        names = [f"{op}_{self._count}_{at}" for at in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, domain=domain, **attributes))
        return names[0] if outputs == 1 else names


def by_column(weight: Array) -> tuple[Array, Array]:
    """int8 [in, out] and its scales [out], from a torch weight [out, in]."""
    columns = weight.T.astype(np.float32)
    scales = np.maximum(np.abs(columns).max(axis=0), 1e-8) / _TOP
    return np.round(columns / scales).astype(np.int8), scales.astype(np.float32)


def by_row(table: Array) -> tuple[Array, Array]:
    """int8 of the same shape and its scales [rows, 1]."""
    scales = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-8) / 127
    return np.round(table / scales).astype(np.int8), scales.astype(np.float32)


def export(weights: Mapping[str, Array], path: Path) -> None:
    """Writes the file. weights: of moderation.training.network.Network, as float arrays by name.

    Inputs ids, parts, read: int32 [texts, tokens]; outputs heads [texts, heads] and
    marks [texts, tokens, marks], log-odds.
    """
    graph = _Graph()
    x = _embedded(graph, weights)
    for number in range(SMALL.layers):
        x = _layer(graph, weights, f"layers.{number}", x)
    _ends(graph, weights, x)
    model = helper.make_model(
        helper.make_graph(graph.nodes, "hearth", _inputs(), _outputs(weights), graph.weights),
        opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid(_MICROSOFT, 1)],
        ir_version=9,
    )
    checker.check_model(model)
    save(model, path)


def _inputs() -> list[Any]:
    return [
        helper.make_tensor_value_info(name, TensorProto.INT32, ["texts", "tokens"])
        for name in ("ids", "parts", "read")
    ]


def _outputs(weights: Mapping[str, Array]) -> list[Any]:
    heads, marks = len(weights["heads.bias"]), len(weights["marks.bias"])
    return [
        helper.make_tensor_value_info("heads", TensorProto.FLOAT, ["texts", heads]),
        helper.make_tensor_value_info("marks", TensorProto.FLOAT, ["texts", "tokens", marks]),
    ]


def _embedded(graph: _Graph, weights: Mapping[str, Array]) -> str:
    rows, scales = by_row(weights["words.weight"])
    row = graph.add("Gather", graph.keep("words", rows), "ids")
    scale = graph.add("Gather", graph.keep("words_scale", scales), "ids")
    words = graph.add("Mul", graph.add("Cast", row, to=TensorProto.FLOAT), scale)
    shape = graph.add("Shape", "ids", start=1, end=2)
    zero, one = graph.keep("zero", np.array([0])), graph.keep("one", np.array([1]))
    places = graph.add(
        "Slice", graph.keep("positions", weights["positions.weight"]), zero, shape, zero, one
    )
    parts = graph.add("Gather", graph.keep("part", weights["parts.weight"]), "parts")
    summed = graph.add("Add", graph.add("Add", words, places), parts)
    return _normalised(graph, weights, "norm", summed)


def _normalised(graph: _Graph, weights: Mapping[str, Array], name: str, x: str) -> str:
    scale = graph.keep(f"{name}.weight", weights[f"{name}.weight"])
    bias = graph.keep(f"{name}.bias", weights[f"{name}.bias"])
    return str(graph.add("LayerNormalization", x, scale, bias, axis=-1, epsilon=SMALL.epsilon))


def _layer(graph: _Graph, weights: Mapping[str, Array], name: str, x: str) -> str:
    mixed = _attention(graph, weights, f"{name}.qkv", x)
    x = _added(
        graph,
        weights,
        f"{name}.attended_norm",
        x,
        _times(graph, weights, f"{name}.attended", mixed),
    )
    inner = graph.add("Gelu", _times(graph, weights, f"{name}.inner", x))
    return _added(
        graph, weights, f"{name}.outer_norm", x, _times(graph, weights, f"{name}.outer", inner)
    )


def _added(graph: _Graph, weights: Mapping[str, Array], norm: str, x: str, more: str) -> str:
    """In two nodes: onnxruntime 1.32's one node for both takes a tenth longer over the whole graph."""
    return _normalised(graph, weights, norm, graph.add("Add", x, more))


def _times(graph: _Graph, weights: Mapping[str, Array], name: str, x: str) -> str:
    matrix, scales = by_column(weights[f"{name}.weight"])
    return str(
        graph.add(
            "DynamicQuantizeMatMul", x, graph.keep(f"{name}.weight", matrix),
            graph.keep(f"{name}.scale", scales), graph.keep(f"{name}.zero", np.zeros_like(scales, np.int8)),
            graph.keep(f"{name}.bias", weights[f"{name}.bias"]), domain=_MICROSOFT,
        )
    )  # fmt: skip


def _attention(graph: _Graph, weights: Mapping[str, Array], name: str, x: str) -> str:
    matrix, scales = by_column(weights[f"{name}.weight"])
    small, scale, zero = graph.add("DynamicQuantizeLinear", x, outputs=3)
    return str(
        graph.add(
            "QAttention", small, graph.keep(f"{name}.weight", matrix),
            graph.keep(f"{name}.bias", weights[f"{name}.bias"]), scale,
            graph.keep(f"{name}.scale", scales), "read", zero,
            graph.keep(f"{name}.zero", np.zeros_like(scales, np.int8)),
            num_heads=SMALL.attention, domain=_MICROSOFT,
        )
    )  # fmt: skip


def _ends(graph: _Graph, weights: Mapping[str, Array], x: str) -> None:
    """Heads over the first token beside the mean of the text's own; marks over every token."""
    answered = graph.add("Mul", "read", "parts")
    own = graph.add("Cast", graph.add("Sub", "read", answered), to=TensorProto.FLOAT)
    last, first = graph.keep("last", np.array([-1])), graph.keep("first", np.array([1]))
    own = graph.add("Unsqueeze", own, last)
    summed = graph.add("ReduceSum", graph.add("Mul", x, own), first, keepdims=0)
    mean = graph.add("Div", summed, graph.add("ReduceSum", own, first, keepdims=0))
    start = graph.add("Gather", x, graph.keep("start", np.array(0)), axis=1)
    pooled = graph.add("Concat", start, mean, axis=1)
    for name, inputs in (("heads", pooled), ("marks", x)):
        matrix = graph.keep(f"{name}.weight", weights[f"{name}.weight"].T)
        times = graph.add("MatMul", inputs, matrix)
        bias = graph.keep(f"{name}.bias", weights[f"{name}.bias"])
        graph.nodes.append(helper.make_node("Add", [times, bias], [name]))
