#!/usr/bin/env python3
"""How many GPU nodes does it take to serve an LLM, and why?

    python3 sizing.py --model opt-oss-120b --server dgx300 --concurrency 1000 --effective-context 131072
    python3 sizing.py --list-models
    python3 sizing.py --help

Three scenarios are sized (minimum, recommended, ideal); every number comes with its formula, inputs and meaning.
Units: GB is 10**9 bytes, GiB is 2**30, TiB is 2**40; `*_gbps` is GB/s and `*_tbps` TB/s. A name carries its unit.
Exit status: 0 sized; 1 some scenario does not fit (the report says what would); 2 bad input or output; 130 Ctrl-C.
"""
from __future__ import annotations

import argparse
import json
import math
import os
import re
import stat
import sys
from collections import ChainMap, namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from fractions import Fraction
from functools import lru_cache
from types import SimpleNamespace

__version__ = "2.1.0"
SCHEMA_VERSION = "2.1"
GB = 10**9
MIB = 2**20
GIB = 2**30


# === Text and numbers: the only code that knows languages ===

Text = namedtuple("Text", "pt en")
LANGUAGES = Text._fields
NOT_STATED = Text("não informado", "not stated")
UNITS = {"gbps": "GB/s", "tbps": "TB/s", "gib": "GiB", "tib": "TiB", "gb": "GB", "tb": "TB", "mib": "MiB", "kw": "kW",
         "ms": "ms", "tflops": "TFLOPS", "context": "tokens", "embeddings": "tokens", "window": "tokens"}


def unit(name: str) -> str:
    """The unit a name carries, as shown beside its value ("" when it is a plain count or a ratio)."""
    return next((UNITS[word] for word in name.split("_") if word in UNITS), "")


MARKS = {"pt": str.maketrans(",.-", ".,−"), "en": str.maketrans("-", "−")}


def localised(digits: str, lang: str) -> str:
    """`digits` written with `,` for thousands and `.` for decimals, in the marks of `lang`."""
    return digits.translate(MARKS[lang])


def number(value: float | str | Text | None, lang: str) -> str:
    """`value` for a reader: thousands grouped, two decimals (three significant digits below 0.1)."""
    if value is None:
        return getattr(NOT_STATED, lang)
    if isinstance(value, Text):
        return getattr(value, lang)
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return localised("{:,}".format(value), lang)
    if 0 < abs(value) < 1e-6:
        return localised("%.3g" % value, lang)
    decimals = 2 if value == 0 or abs(value) >= 0.1 else 2 - math.floor(math.log10(abs(value)))
    digits = "{:,.{}f}".format(value, decimals)
    return localised((digits.rstrip("0").rstrip(".") if "." in digits else digits), lang)


def percent(ratio: float, lang: str) -> str:
    """A ratio as a percentage, e.g. `20 %`."""
    return "%s %%" % number(round(100 * ratio, 1) if ratio >= 0.01 else 100 * ratio, lang)


def signed_percent(ratio: float | None, lang: str) -> str:
    """A difference as `+67 %`, `−33 %` or, where it is small, `−0.3 %`; a dash where there is none."""
    if ratio is None:
        return "—"
    return ("+" if ratio > 0 else "") + "%s %%" % number(round(100 * ratio, 1 if abs(ratio) < 0.1 else None), lang)


def plain(value: float, lang: str) -> str:
    """`value` inside a formula: fifteen significant digits, thousands not grouped."""
    return localised("%d" % value if isinstance(value, int) else "%.15g" % value, lang)


def amount(name: str, value: float | str | None, lang: str) -> str:
    """A value beside the unit its name carries."""
    return ("%s %s" % (number(value, lang), unit(name) if value is not None else "")).strip()


# How a {slot} with this ending shows the fact before it; without one, as `number`.
FORMS: dict[str, Callable[..., str]] = {
    "amount": amount, "pct": lambda name, value, lang: percent(value, lang),
    "signed": lambda name, value, lang: signed_percent(value, lang)}


class Shown(dict):
    """Facts as words of one language: `{x}`, or `{x_FORM}` with one of FORMS."""

    def __init__(self, facts: Mapping, lang: str):
        super().__init__(facts)
        self.lang = lang

    def __missing__(self, key: str):
        name, _, form = key.rpartition("_")
        return FORMS[form](name, dict.__getitem__(self, name), self.lang)

    def __getitem__(self, key: str) -> str:
        return number(super().__getitem__(key), self.lang)


def fill(text: Text, facts: Mapping, lang: str) -> str:
    """The sentence of `lang` with its {slots} filled from `facts`."""
    return getattr(text, lang).format_map(Shown(facts, lang))


# === Errors and bounds: what a value may be, said once for flags, catalogs and Python callers ===

class SizingError(ValueError):
    """Whatever a user can get wrong; the message is one line that names the place and what was expected."""


# `low` itself is within the bound only when `closed`.
Bound = namedtuple("Bound", "kind low high closed note")
COUNT = Bound(int, 1, 10**9, True, "")
AMOUNT = Bound(float, 1e-6, 10**9, True, "")             # a physical quantity
BOUNDS = {
    "concurrency": COUNT,
    "effective_context": COUNT,
    "kv_budget_ratio": Bound(float, 0, 1, False, "0.70 means 70 %"),
    "runtime_overhead_gib": Bound(float, 0, 10**6, True, ""),
    "peak_headroom_ratio": Bound(float, 0, 10, True, "0.20 means 20 %"),
    "kv_per_session_gib": Bound(float, 0, 10**18, False, ""),
    "nodes": COUNT, "nodes_per_replica": COUNT, "replicas_per_node": COUNT,
    "input_tokens": COUNT, "output_tokens": COUNT, "measured_sessions": COUNT,
    "prefix_cache_hit_ratio": Bound(float, 0, 1, True, "0.30 means 30 %"), "active_ratio": Bound(float, 1e-6, 1, True, "0.25 means 25 %"),
    "tpot_ms": Bound(float, 0.001, 10**6, True, ""), "ttft_ms": Bound(float, 0.001, 10**7, True, ""),
    "measured_tpot_ms": Bound(float, 0.001, 10**6, True, ""),
    "max_num_batched_tokens": Bound(int, 1, 10**7, True, ""), "gpus": Bound(int, 1, 10**4, True, ""),
}


def flag(name: str) -> str:
    """The command-line flag of a parameter."""
    return "--" + name.replace("_", "-")


def expected(bound: Bound) -> str:
    """`bound` as words for an error message."""
    noun = "a whole number" if bound.kind is int else "a finite decimal number"
    low = "%s %s" % ("from" if bound.closed else "above", bound.low)
    return "%s %s up to %s%s" % (noun, low, bound.high, " (%s)" % bound.note if bound.note else "")


def short(value: object) -> str:
    """`repr(value)`, cut so that one hostile value cannot fill the screen."""
    try:
        text = repr(value)
    except RecursionError:                               # nested as deep as no reader would look
        text = type(value).__name__ + "..."
    return text if len(text) <= 60 else text[:57] + "..."


def check_number(value: object, bound: Bound):
    """`value` if it is a number within `bound`; raises SizingError otherwise (bool, NaN and infinity are no numbers)."""
    kinds = (int,) if bound.kind is int else (int, float)
    if type(value) not in kinds or not (bound.low < value <= bound.high or (bound.closed and value == bound.low)):
        raise SizingError("expected %s, got %s" % (expected(bound), short(value)))
    return value


LISTED_NAMES = 20                                        # in one error line


def nearest(wrong: object, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the closest of `known`, or the list of them when nothing is close."""
    from difflib import get_close_matches               # only a wrong word pays for it
    names = list(known)
    close = get_close_matches(str(wrong)[:100].lower(), names, 1)
    if close:
        return "; did you mean %r?" % close[0]
    return "; choose from %s%s" % (", ".join(names[:LISTED_NAMES]), ", ..." if len(names) > LISTED_NAMES else "")


def check_choice(value: object, known: Iterable[str]):
    """`value` if it is one of the words `known`; raises SizingError naming the nearest otherwise."""
    if not isinstance(value, str) or value not in known:
        raise SizingError("unknown value %s%s" % (short(value), nearest(value, known)))
    return value


# === Records: one catalog entry each; field names are the JSON keys ===

# Bytes of one stored K or V element. Per-tensor scales add nothing per token (vLLM 0.32.0 cache specs); nvfp4 packs two elements
# into a byte and adds an 8-bit scale per 16 (vLLM and TensorRT-LLM: kv cache dtype nvfp4); fp8_ds_mla is vLLM's packed layout of
# latent attention with an index, and its only fp8 one.
KV_PRECISIONS = {"fp8": 1, "int8": 1, "fp16": 2, "bf16": 2, "nvfp4": 0.5625, "fp8_ds_mla": 1}
NVFP4_ELEMENTS = 16
# Bytes of one stored weight, scales included: int4 with a 16-bit scale per 32 (compressed-tensors, as in Kimi-K2; files with groups
# of 128 take 8 % less), mxfp4 with an 8-bit scale per 32 (OCP Microscaling Formats 1.0), nvfp4 and fp4 with one per 16 (NVIDIA
# TensorRT Model Optimizer).
UNQUANTIZED_BYTES = 2
WEIGHT_PRECISIONS = {"bf16": 2, "fp16": 2, "fp8": 1, "int8": 1, "int4": 0.5625, "fp4": 0.5625, "mxfp4": 0.53125, "nvfp4": 0.5625}
STORAGE_TYPES = ("nvme_local", "network_ssd", "cloud_block_storage", "cloud_file_storage", "cloud_object_storage",
                 "parallel_filesystem", "all_flash_nas")
HA_MODES = {"none": 0, "n+1": 1, "n+2": 2}               # spare nodes
ENGINE_NAMES = ("generic", "vllm", "sglang", "trtllm")
REQUEST_CHOICES: dict[str, Iterable[str]] = {"kv_precision": KV_PRECISIONS, "ha_mode": HA_MODES, "engine": ENGINE_NAMES}

# What a layer of each kind keeps: the fields of its group, the one that bounds its tokens (None: the whole context), the
# bytes of one session as factors of a product (numbers, names, `tokens`; a tuple is a sum of names), how tensor parallel
# spreads it (heads: over the KV heads, then copied; copied: whole on every rank; split), and what it means.
LayerKind = namedtuple("LayerKind", "fields window factors spread meaning")
KEYS_AND_VALUES = (2, "tokens", "num_key_value_heads", "head_dim", "bytes_per_element")
KEYS_AND_NARROW_VALUES = ("tokens", "num_key_value_heads", ("head_dim", "v_head_dim"), "bytes_per_element")
PACKED_LATENT = ("tokens", ("kv_lora_rank", "latent_scale_bytes", "rope_bytes"))
LAYER_KINDS = {
    "full": LayerKind(
        ("num_key_value_heads", "head_dim", "v_head_dim"), None, KEYS_AND_VALUES, "heads",
        Text("{full_layers} camadas guardam chave e valor de todos os {effective_context} tokens, por cabeça KV.",
             "{full_layers} layers keep key and value of all {effective_context} tokens, per KV head.")),
    "sliding": LayerKind(
        ("num_key_value_heads", "head_dim", "v_head_dim", "sliding_window"), "sliding_window", KEYS_AND_VALUES, "heads",
        Text("{sliding_layers} camadas de janela deslizante guardam chave e valor só dos últimos {sliding_window} tokens.",
             "{sliding_layers} sliding layers keep key and value of the last {sliding_window} tokens only.")),
    "chunked": LayerKind(
        ("num_key_value_heads", "head_dim", "v_head_dim", "attention_chunk_size"), "attention_chunk_size", KEYS_AND_VALUES, "heads",
        Text("{chunked_layers} camadas locais guardam chave e valor de um bloco de no máximo {attention_chunk_size} tokens.",
             "{chunked_layers} local layers keep key and value of a chunk of at most {attention_chunk_size} tokens.")),
    "latent": LayerKind(
        ("kv_lora_rank", "qk_rope_head_dim"), None, ("tokens", ("kv_lora_rank", "qk_rope_head_dim"), "bytes_per_element"), "copied",
        Text("{latent_layers} camadas MLA guardam por token um só vetor latente (posto {kv_lora_rank}) e a parte posicional da chave "
             "({qk_rope_head_dim}), sem fator 2 e sem cabeças.",
             "{latent_layers} MLA layers keep one latent vector per token (rank {kv_lora_rank}) and the key's positional part "
             "({qk_rope_head_dim}), with no factor 2 and no heads.")),
    "index": LayerKind(
        ("index_head_dim",), None, ("tokens", ("index_head_dim", "index_scale_bytes")), "copied",
        Text("{index_layers} camadas guardam ainda uma chave de índice por token em 8 bits, com sua escala, em qualquer precisão.",
             "{index_layers} layers also keep one index key per token in 8 bits, with its scale, whatever the precision.")),
    "state": LayerKind(
        ("state_bytes", "state_pages"), None, ("state_bytes",), "split",
        Text("{state_layers} camadas lineares guardam um estado fixo de {state_bytes} bytes, que não cresce com o contexto.",
             "{state_layers} linear layers keep a fixed state of {state_bytes} bytes that does not grow with the context.")),
    "none": LayerKind(
        (), None, (0,), "split",
        Text("{none_layers} camadas não têm cache próprio.", "{none_layers} layers have no cache of their own.")),
}
# A KV cache of these on latent layers with an index is stored in PACKED_LATENT (vLLM 0.32.0).
PACKED_BY_INDEX = ("fp8", "fp8_ds_mla")
# The attention patterns whose groups are built from the first fields of Model: kind and field that counts its layers.
CLASSIC_PATTERNS = {"full": (("full", "num_layers"),), "sliding": (("sliding", "num_layers"),),
                    "hybrid": (("full", "hybrid_full_layers"), ("sliding", "hybrid_sliding_layers"))}
# The pattern a set of layer kinds is called by, the first that holds.
PATTERN_OF_KINDS = (("state", "linear"), ("index", "sparse_latent"), ("latent", "latent"), ("chunked", "chunked"))
ATTENTION_PATTERNS = (*CLASSIC_PATTERNS, *(pattern for _, pattern in PATTERN_OF_KINDS))
OPTIONAL_IN_GROUP = ("v_head_dim", "state_pages")
GROUP_FIELDS = {kind: [name for name in row.fields if name not in OPTIONAL_IN_GROUP] for kind, row in LAYER_KINDS.items()}
# What follows from a field of a group: packed formats keep a 4-byte scale per 128 elements and the rope part in 16 bits
# (vLLM 0.32.0: fp8_ds_mla 656 B = 512 + 16 + 128 per token, index key 132 B = 128 + 4).
DERIVED_IN_GROUP = {"kv_lora_rank": ("latent_scale_bytes", lambda rank: share_out(rank, 128) * 4),
                    "qk_rope_head_dim": ("rope_bytes", lambda width: 2 * width),
                    "index_head_dim": ("index_scale_bytes", lambda width: share_out(width, 128) * 4)}
FAMILY_FIELDS = ("hybrid_full_layers", "hybrid_sliding_layers", "sliding_window")    # null where a pattern has no such layers
EXPERT_FIELDS = ("num_experts", "num_experts_per_tok", "moe_layers", "expert_params")    # all null in a dense model

HBM_TOTAL_TOLERANCE = 0.01                               # gpus x hbm_per_gpu_gb against total_hbm_gb
DRIVER_TOLERANCE = 0.10     # driver memory against the brochure: the known GPUs are from +0.1 % (B300) to +7.4 % (MI355X)

# What a field of a catalog may hold beyond its annotation: one of these words, or at most this number.
FIELD_CHOICES = {"attention_pattern": ATTENTION_PATTERNS, "default_kv_precision": tuple(KV_PRECISIONS),
                 "weights_precision": tuple(WEIGHT_PRECISIONS), "type": STORAGE_TYPES, "weights_origin": ("computed", "safetensors"),
                 "gpu_interconnect": ("nvlink", "infinity_fabric", "pcie")}
PARAMETER_COUNT = 10**15
FIELD_MAXIMA = {"num_layers": 10**4, "num_key_value_heads": 10**4, "head_dim": 10**5, "weights_gib": 10**5, "checkpoint_gib": 10**5,
                "gpus": 10**4, "hbm_per_gpu_gb": 10**4, "hidden_size": 10**6, "num_attention_heads": 10**4, "vocab_size": 10**8,
                "num_experts": 10**5, "num_experts_per_tok": 10**5, "moe_layers": 10**4,
                **dict.fromkeys(("total_params", "active_params", "embedding_params", "expert_params", "unquantized_params", "mtp_params",
                                 "vision_params"), PARAMETER_COUNT)}


RECORD_FIELDS: dict[type, tuple] = {}                    # asked for by every entry of a catalog


def record_fields(cls: type) -> tuple:
    """(name, kind, "None" where it may be null) of the fields of a record; annotations are text, not evaluated in this module."""
    if cls not in RECORD_FIELDS:
        RECORD_FIELDS[cls] = tuple((f.name, *str(f.type).partition(" | ")[::2]) for f in fields(cls))
    return RECORD_FIELDS[cls]


def check_record(record: Model | Server | StorageProfile) -> None:
    """Raise SizingError naming the first field of a catalog record that its annotation or FIELD_* refuses."""
    values = vars(record)
    for name, kind, nullable in record_fields(type(record)):
        value = values[name]
        if (value is None and nullable) or (value == "" and name == "source"):
            continue
        try:
            if name in FIELD_CHOICES:
                check_choice(value, FIELD_CHOICES[name])
            elif kind == "list":
                if not isinstance(value, (list, tuple)):
                    raise SizingError("expected a list, got %s" % short(value))
            elif kind == "str":
                check_string(value)
            else:
                check_number(value, field_bound(name, kind))
        except SizingError as error:
            raise SizingError("%s: %s" % (name, error)) from None


def field_bound(name: str, kind: str) -> Bound:
    """What a number of a catalog may be."""
    bound = COUNT if kind == "int" else AMOUNT
    return bound._replace(high=FIELD_MAXIMA.get(name, bound.high))


# Fields of Model that cannot exceed another.
AT_MOST = (("active_params", "total_params"), ("embedding_params", "total_params"), ("unquantized_params", "total_params"),
           ("expert_params", "total_params"), ("num_experts_per_tok", "num_experts"), ("moe_layers", "num_layers"))
LEAST_BYTES_PER_PARAMETER = 0.25                         # two bits; the smallest weight format above takes 0.53 bytes


def group_shape(group: LayerGroup) -> tuple[int, int] | None:
    """(KV heads, width of a key) of a layer group; a latent counts as one head; None where nothing is kept per token and head."""
    field = {name: group.values[known] for name, known in group.names.items()}
    if group.kind == "latent":
        return 1, field["kv_lora_rank"] + field["qk_rope_head_dim"]
    return (field["num_key_value_heads"], field["head_dim"]) if "head_dim" in field else None


# One kind of layer in a model: for each of its fields the name formulas use, and the number behind each name.
LayerGroup = namedtuple("LayerGroup", "kind names values")


def layer_groups(model: Model) -> list[LayerGroup]:
    """What each kind of layer of `model` keeps: from its layer_groups, else from the classic fields; raises SizingError."""
    if "_groups" in vars(model):
        return vars(model)["_groups"]
    if model.layer_groups is None:
        classic = CLASSIC_PATTERNS.get(model.attention_pattern)
        if classic is None:
            raise SizingError("layer_groups: missing, attention_pattern %r needs it" % model.attention_pattern)
        return [named_group(kind, {name: name for name in GROUP_FIELDS[kind]}, layers, vars(model)) for kind, layers in classic]
    groups: list[LayerGroup] = []
    for index, entry in enumerate(model.layer_groups):
        where = "layer_groups[%d]" % index
        try:
            check_group(entry, groups)
        except SizingError as error:
            raise SizingError("%s%s" % (where, error)) from None
        present = [name for name in LAYER_KINDS[entry["kind"]].fields if entry.get(name) is not None]
        shared = [name for other in model.layer_groups if other is not entry and isinstance(other, dict) for name in other]
        groups.append(named_group(entry["kind"], {name: entry["kind"] + "_" + name if name in shared else name for name in present},
                                  entry["kind"] + "_layers", dict(entry, **{entry["kind"] + "_layers": entry["layers"]}, **{
                                      entry["kind"] + "_" + name: entry[name] for name in present})))
    return groups


def named_group(kind: str, names: dict, layers: str, known: Mapping) -> LayerGroup:
    """A group whose fields have the given `names`, with their numbers from `known` and those that follow from them."""
    names = dict(names, layers=layers)
    values = {name: known[name] for name in names.values()}
    for field, (derived, calc) in DERIVED_IN_GROUP.items():
        if field in names:
            values[derived] = calc(known[names[field]])
    return LayerGroup(kind, names, values)


def check_group(entry: object, before: Sequence[LayerGroup]) -> None:
    """Raise SizingError naming what is wrong with one of a model's layer_groups."""
    if not isinstance(entry, dict):
        raise SizingError(": expected an object, got %s" % short(entry))
    try:
        check_choice(entry.get("kind"), LAYER_KINDS)
    except SizingError as error:
        raise SizingError(".kind: %s" % error) from None
    if entry["kind"] in [group.kind for group in before]:
        raise SizingError(".kind: a second group of kind %r; one is expected" % entry["kind"])
    known = ("layers",) + LAYER_KINDS[entry["kind"]].fields
    for name in entry:
        if name not in known + ("kind",):
            raise SizingError(".%s: unknown key%s" % (short(name)[1:-1], nearest(name, known)))
    for name in known:
        if entry.get(name) is None and name in OPTIONAL_IN_GROUP:
            continue
        try:
            check_number(entry.get(name), field_bound({"layers": "num_layers"}.get(name, name), "int"))
        except SizingError as error:
            raise SizingError(".%s: %s" % (name, error)) from None


def pattern_of(kinds: Sequence[str]) -> str:
    """The attention pattern of a model with layers of these kinds."""
    named = [pattern for kind, pattern in PATTERN_OF_KINDS if kind in kinds]
    return (named or ["hybrid" if {"full", "sliding"} <= set(kinds) else "sliding" if "sliding" in kinds else "full"])[0]


def check_string(value: object) -> str:
    """`value` if it can be printed on one line; raises SizingError otherwise."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise SizingError("expected printable text, got %s" % short(value))
    return value


@dataclass(frozen=True)
class Model:
    """Geometry of one LLM, named as in its Hugging Face config.json, and what its weights take."""
    name: str
    num_layers: int
    num_key_value_heads: int
    head_dim: int
    max_position_embeddings: int
    attention_pattern: str
    hybrid_full_layers: int | None
    hybrid_sliding_layers: int | None
    sliding_window: int | None
    default_kv_precision: str
    weights_gib: float | None = None                     # in HBM, one replica
    checkpoint_gib: float | None = None                  # on disk
    weights_precision: str | None = None
    total_params: int | None = None                      # of the text model; multi-token prediction and vision are apart
    active_params: int | None = None                     # per token
    source: str = ""
    layer_groups: list | None = None                     # what each kind of layer keeps; None: built from the fields above
    hidden_size: int | None = None
    num_attention_heads: int | None = None
    vocab_size: int | None = None
    embedding_params: int | None = None                  # input embedding, not read while decoding
    num_experts: int | None = None                       # routed, per MoE layer
    num_experts_per_tok: int | None = None
    moe_layers: int | None = None
    expert_params: int | None = None                     # of one routed expert in one layer
    unquantized_params: int | None = None                # of total_params: what a quantized checkpoint keeps in 16 bits
    mtp_params: int | None = None
    vision_params: int | None = None
    rope_positions: int | None = None                    # of the rotary tables; None: max_position_embeddings
    weights_origin: str | None = None                    # computed or safetensors; None: the catalog's own
    config_read: list | None = None                      # where a config.json was read: its keys, and what follows from them
    config_derived: list | None = None

    def __post_init__(self):
        check_record(self)
        groups = layer_groups(self)
        object.__setattr__(self, "_groups", groups)      # every calculation asks for them
        pattern, kinds = self.attention_pattern, [group.kind for group in groups]
        if pattern != pattern_of(kinds):
            raise SizingError("attention_pattern: expected %r with layers of kind %s, got %r" % (pattern_of(kinds), ", ".join(kinds), pattern))
        for name in FAMILY_FIELDS:
            used = name in [field for _, field in CLASSIC_PATTERNS.get(pattern, ())] + ["sliding_window"] * ("sliding" in kinds)
            if used and getattr(self, name) is None:
                raise SizingError("%s: missing, attention_pattern %r needs it" % (name, pattern))
            if not used and name.endswith("_layers") and getattr(self, name) is not None:
                raise SizingError("%s: expected null with attention_pattern %r" % (name, pattern))
        counted = [group for group in groups if group.kind != "index"]
        layers = {group.kind: group.values[group.names["layers"]] for group in groups}
        if not set(kinds) - {"index", "none"}:
            raise SizingError("layer_groups: expected a kind of layer that keeps something, got %s" % (", ".join(kinds) or "none"))
        if layers.get("index", 0) > layers.get("latent", 0):
            raise SizingError("layer_groups: expected at most as many index layers as latent ones (%d), got %d"
                              % (layers.get("latent", 0), layers["index"]))
        for kind, name in CLASSIC_PATTERNS["hybrid"] if pattern == "hybrid" else ():
            if getattr(self, name) != layers[kind]:
                raise SizingError("%s: expected %d as in layer_groups, got %s" % (name, layers[kind], getattr(self, name)))
        windows = [group.values[group.names["sliding_window"]] for group in groups if group.kind == "sliding"]
        if windows and self.sliding_window not in (None, windows[0]):
            raise SizingError("sliding_window: expected %d as in layer_groups, got %d" % (windows[0], self.sliding_window))
        total = sum(group.values[group.names["layers"]] for group in counted)
        if total != self.num_layers:
            raise SizingError("%s: expected num_layers = %d, got %d"
                              % (" + ".join(group.names["layers"] for group in counted), self.num_layers, total))
        self.check_consistent(groups)
        experts = [name for name in EXPERT_FIELDS if getattr(self, name) is None]
        if experts and len(experts) < len(EXPERT_FIELDS):
            raise SizingError("%s: missing beside the other fields on experts" % experts[0])

    def check_consistent(self, groups: Sequence[LayerGroup]) -> None:
        """Raise SizingError naming the first figure that contradicts another."""
        for name, other in AT_MOST:
            limit = getattr(self, other)
            if getattr(self, name) is not None and limit is not None and getattr(self, name) > limit:
                raise SizingError("%s: expected at most %s = %s, got %s" % (name, other, limit, getattr(self, name)))
        shapes = {group.kind: group_shape(group) for group in groups if group_shape(group)}
        first = next((shapes[kind] for kind in ("full", "sliding", "chunked", "latent") if kind in shapes), None)
        if first and first != (self.num_key_value_heads, self.head_dim):
            raise SizingError("num_key_value_heads, head_dim: expected %d and %d as in layer_groups, got %d and %d"
                              % (*first, self.num_key_value_heads, self.head_dim))
        heads = self.num_attention_heads
        for kind, (count, _) in shapes.items():
            if heads is not None and kind != "latent" and heads % count:
                raise SizingError("num_attention_heads: expected a multiple of the %d KV heads, got %d" % (count, heads))
        if self.num_experts and self.total_params and self.num_experts * self.moe_layers * self.expert_params > self.total_params:
            raise SizingError("expert_params: expected num_experts x moe_layers x expert_params within total_params = %d" % self.total_params)
        if self.weights_gib and self.total_params and self.weights_gib * GIB < LEAST_BYTES_PER_PARAMETER * self.total_params:
            raise SizingError("weights_gib: expected at least %g bytes for each of total_params = %d, got %g GiB"
                              % (LEAST_BYTES_PER_PARAMETER, self.total_params, self.weights_gib))


@dataclass(frozen=True)
class Server:
    """One GPU node. `*_gb` is the brochure's figure; `driver_mib_per_gpu` is what nvidia-smi or rocm-smi reports."""
    name: str
    gpus: int
    hbm_per_gpu_gb: float
    total_hbm_gb: float
    nvlink_bandwidth_tbps: float | None                  # the node's aggregate, both directions
    system_memory_tb: float | None
    driver_mib_per_gpu: int | None = None
    hbm_bandwidth_per_gpu_tbps: float | None = None
    dense_tflops_bf16: float | None = None               # per GPU, without sparsity; so the two below
    dense_tflops_fp8: float | None = None
    dense_tflops_fp4: float | None = None
    max_power_kw: float | None = None
    rack_units: int | None = None
    source: str = ""
    gpu_interconnect: str | None = None                  # nvlink, infinity_fabric or pcie

    def __post_init__(self):
        check_record(self)
        summed_gb = self.gpus * self.hbm_per_gpu_gb
        if abs(summed_gb - self.total_hbm_gb) > HBM_TOTAL_TOLERANCE * self.total_hbm_gb:
            raise SizingError("total_hbm_gb: expected gpus x hbm_per_gpu_gb = %g, got %g" % (summed_gb, self.total_hbm_gb))
        driver_mib = self.driver_mib_per_gpu
        if driver_mib and abs(driver_mib * MIB / GB - self.hbm_per_gpu_gb) > DRIVER_TOLERANCE * self.hbm_per_gpu_gb:
            raise SizingError("driver_mib_per_gpu: expected about %d MiB for hbm_per_gpu_gb = %g, got %d"
                              % (self.hbm_per_gpu_gb * GB / MIB, self.hbm_per_gpu_gb, driver_mib))


@dataclass(frozen=True)
class StorageProfile:
    """Where checkpoints are read from. `*_gbps` is GB/s (decimal gigabytes per second, not gigabits)."""
    name: str
    type: str
    iops_read: float | None
    iops_write: float | None
    throughput_read_gbps: float | None
    throughput_write_gbps: float | None
    latency_read_ms_p50: float | None
    latency_read_ms_p99: float | None
    latency_write_ms_p50: float | None
    latency_write_ms_p99: float | None
    source: str = ""

    def __post_init__(self):
        check_record(self)
        for way in ("read", "write"):
            p50, p99 = (getattr(self, "latency_%s_ms_%s" % (way, rank)) for rank in ("p50", "p99"))
            if p50 is not None and p99 is not None and p99 < p50:
                raise SizingError("latency_%s_ms_p99: expected at least p50 = %g, got %g" % (way, p50, p99))


# What decides speed, as asked for; the lengths are the 1k/1k case of public serving benchmarks (InferenceX).
SpeedRequest = namedtuple("SpeedRequest", "input_tokens output_tokens prefix_cache_hit_ratio active_ratio tpot_ms ttft_ms engine "
                          "measured_tpot_ms measured_sessions", defaults=(1024, 1024, 0.0, 1.0, None, None, "generic", None, None))
SPEED_DEFAULTS = SpeedRequest()
DEFAULT_BATCHED_TOKENS = 8192                            # vLLM's default on server GPUs; the start-up logs below ran with it


@dataclass(frozen=True)
class SizingResult:
    """The whole plan of one scenario: the request, and every number that follows from it (None: does not fit)."""
    model: Model
    server: Server
    storage: StorageProfile
    concurrency: int
    effective_context: int                               # after clamping to the model's maximum
    kv_precision: str
    kv_budget_ratio: float
    runtime_overhead_gib: float
    peak_headroom_ratio: float
    ha_mode: str
    kv_per_session_gib: float
    kv_total_tib: float
    sessions_per_node: int
    nodes_minimum: int | None
    nodes_with_headroom: int | None
    nodes_final: int | None
    warnings: list[str]                                  # alert ids
    requested_context: int = 0
    overhead_origin: str | None = None                   # computed, given or weights_unknown
    tensor_parallel: int = 1                             # GPUs that share each layer of a replica
    pipeline_parallel: int = 1                           # groups of such GPUs that share its layers
    attention_ranks: int = 1                             # 1, or tensor_parallel when attention runs data-parallel
    stages_per_node: int = 1
    layer_share: float = 1.0                             # layers of the largest pipeline stage, as a share of all
    replicas_per_node: int = 1
    nodes_per_replica: int = 1
    kv_per_session_placed_gib: float = 0.0
    memory_sessions_per_replica: int = 0
    memory_sessions_per_node: int = 0
    sessions_per_replica: int = 0
    active_sessions_at_target: float | None = None       # with a target only: that may generate at once on a replica
    speed_sessions_per_replica: int | None = None
    speed_sessions_per_node: int | None = None
    speed_request: SpeedRequest = SPEED_DEFAULTS
    speed: dict | None = None                            # the terms of the time per output token at the planned load
    speed_missing: Sequence[str] = ()                    # why there are none
    weights_gib: float | None = None                     # of one replica
    layouts: Sequence[dict] = ()                         # every layout looked at, as rows
    max_concurrency: int | None = None
    nodes: int | None = None                             # given: how many there are
    max_effective_context: int | None = None             # found, when it was asked for
    nodes_one_token_more: int | None = None              # nodes_final for a context one token longer
    max_num_batched_tokens: int = DEFAULT_BATCHED_TOKENS
    kv_reserved_gib: float = 0.0                         # of one session while it prefills in chunks
    kv_pooled_gib: float = 0.0                           # of one session in vLLM's pool of blocks, on the replica's GPUs
    engine_max_concurrency: float = 0.0                  # what vLLM logs as maximum concurrency of one replica
    kv_without_hybrid_manager_gib: float | None = None   # of one session where every attention layer keeps the whole context
    nodes_final_reserved: int | None = None              # and nodes_final with each of these
    nodes_final_without_hybrid_manager: int | None = None
    engine_gib_per_gpu: float = 0.0
    hbm_total_gib: float = 0.0
    kv_budget_gib: float = 0.0                           # negative by how much the engine alone overflows it
    sessions_with_headroom: int = 0
    ha_extra_nodes: int = 0
    planned_sessions_per_node: int | None = None
    kv_in_use_gib: float | None = None
    kv_free_gib: float | None = None
    reserved_gib: float = 0.0
    binding_limit: str = "memory"                        # a key of LIMITS
    recommended_nodes_final: int | None = None
    relative_cost: float | None = None


# === Loading: the door for JSON; every error names file, entry and key ===

MAX_CATALOG_BYTES = 2**24                                # a thousand times what a catalog takes; /dev/zero never ends


def open_without_waiting(path: str, flags: int) -> int:
    """An `opener` for open(): a named pipe that nobody writes to is empty, instead of a wait without end."""
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    os.set_blocking(descriptor, True)
    return descriptor


def read_json(path: str, max_bytes: int = MAX_CATALOG_BYTES):
    """Decoded JSON of the file at `path`; NaN and Infinity pass, so that each field can be named when refused."""
    def unique(pairs):
        seen = dict(pairs)
        if len(seen) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise SizingError("duplicate key %s%s" % (short(twice), " in entry %s" % short(seen["name"]) if "name" in seen else ""))
        return seen
    try:
        with open(path, "rb", opener=open_without_waiting) as file:
            data = file.read(max_bytes + 1)
        if len(data) > max_bytes:
            raise SizingError("expected a file of at most %d bytes" % max_bytes)
        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=unique)
    except SizingError as error:
        raise SizingError("%s: %s" % (path, error)) from None
    except OSError as error:
        raise SizingError("%s: cannot read: %s" % (path, error.strerror or error)) from None
    except (ValueError, RecursionError) as error:
        raise SizingError("%s: expected JSON in UTF-8: %s" % (path, error)) from None


def parse(cls: type, entry: object, where: str):
    """`entry` as a record of `cls`; raises SizingError naming `where` and the key of what is wrong."""
    if not isinstance(entry, dict):
        raise SizingError("%s: expected an object, got %s" % (where, short(entry)))
    known = {name: nullable for name, _, nullable in record_fields(cls)}
    for key in entry:
        if key not in known:
            raise SizingError("%s.%s: unknown key%s" % (where, short(key)[1:-1], nearest(key, known)))
    for name, nullable in known.items():
        if name not in entry and not nullable:
            raise SizingError("%s.%s: missing" % (where, name))
    if not entry["source"]:
        raise SizingError("%s.source: expected where the numbers come from, got %s" % (where, short(entry["source"])))
    try:
        return cls(**{name: entry.get(name) for name in known})
    except SizingError as error:
        raise SizingError("%s.%s" % (where, error)) from None


ALONGSIDE = {"models": {"families"}}                    # what a catalog may hold beside its entries


def load_catalog(path: str, key: str, cls: type) -> dict:
    """`{name: record}` of the file at `path`, which holds `{key: [entry, ...]}`; raises SizingError."""
    data = read_json(path)
    if not isinstance(data, dict) or set(data) - ALONGSIDE.get(key, set()) != {key} or not isinstance(data[key], list) or not data[key]:
        raise SizingError('%s: expected {"%s": [one entry or more]} and nothing else' % (path, key))
    records = {}
    for index, entry in enumerate(data[key]):
        name = entry.get("name") if isinstance(entry, dict) else None
        record = parse(cls, entry, "%s: %s[%d]%s" % (path, key, index, " (%s)" % short(name) if name else ""))
        if record.name in records:
            raise SizingError("%s: %s[%d].name: duplicate name %s" % (path, key, index, short(record.name)))
        records[record.name] = record
    return records


def load_models(path: str) -> dict[str, Model]:
    """Models of a models.json, by name; raises SizingError."""
    return load_catalog(path, "models", Model)


def load_families(path: str | None = None) -> list:
    """How config.json files of each family are read: rows of "families" in a models.json, the shipped one by default; raises SizingError."""
    path = path or shipped_path("models")
    data = read_json(path)
    rows = data.get("families") if isinstance(data, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and isinstance(row.get("name"), str) for row in rows):
        raise SizingError('%s: expected "families": [objects with a name], to read a config.json' % path)
    return rows


def load_servers(path: str) -> dict[str, Server]:
    """Servers of a servers.json, by name; raises SizingError."""
    return load_catalog(path, "servers", Server)


def load_storage_profiles(path: str) -> dict[str, StorageProfile]:
    """Storage profiles of a storage.json, by name; raises SizingError."""
    return load_catalog(path, "profiles", StorageProfile)


# === Hugging Face config: everything specific to a family is a row of "families" in models.json ===

# A row: what no config file says and what the family's keys mean. A formula is a sum of products of whole numbers and
# names (`2*hidden_size*head_dim + -1*x/y`; `!x` is 1 when x is 0); a name is a config key, or a row of `derived`.
#   like          the row it completes ("any" when absent): dictionaries are merged, the rest replaced
#   model_types   the text models it covers; wrappers: model_types that nest one of them under one of NESTED
#   names         {key: [older keys of the same meaning]}
#   defaults      {key: number, formula, true/false or null} where the file is silent: the defaults of the model class
#   derived       {name: formula}; `full.head_dim` and the like replace `head_dim` in layers of that kind
#   architectures the same models where the config has no model_type
#   layers, index, mlp    rules (LAYER_RULES) that give every layer a word; layers_words and so on: what that word means
#   params        {part: formula}, parameters of one module; the part's count is in PART_COUNTS
#   equal         pairs of formulas that must agree
#   uniform       keys whose value may be a list of one number repeated
#   context       the key that holds the longest context, when it is not max_position_embeddings
#   mtp           formula of the parameters of multi-token prediction; `last_layer` is one more attention layer with its MLP
#   keys          further keys that this family may hold and that change no number here; wrapper_keys: the same around it
NESTED = ("text_config", "llm_config", "language_config", "thinker_config")
INHERITED = ("tie_word_embeddings", "torch_dtype", "dtype", "quantization_config", "quantization", "vocab_size")
MAX_NESTING = 3                                          # Qwen omni: config > thinker_config > text_config
UNUSED_WINDOW = ("sliding_window", "max_window_layers")  # where use_sliding_window is false
TOWERS = ("vision", "visual", "vit", "image", "video", "audio", "speech", "projector", "media")    # a wrapper's own keys: no language model
COMPUTED = ("one", "experts", "state_layers", "none_layers", "index_layers", "moe_layers", "dense_layers", "shared_layers", "shared_full_layers",
            "shared_sliding_layers", "last_layer")       # names in formulas that no config holds
WINDOWS = {kind: row.window for kind, row in LAYER_KINDS.items() if row.window}    # null: such a layer is full
KEY_MAXIMA = {"num_hidden_layers": 10**4, "num_attention_heads": 10**4, "num_key_value_heads": 10**4, "head_dim": 10**5,
              "vocab_size": 10**9, "max_position_embeddings": 10**9, "sliding_window": 10**9, "attention_chunk_size": 10**9}
DTYPES = {"float32": 4, "float": 4, "bfloat16": 2, "float16": 2, "half": 2}   # bytes
WEIGHT_DTYPES = {"bfloat16": "bf16", "float16": "fp16", "half": "fp16"}

# A key that no rule reads is refused unless it is harmless by its beginning or ending (below) or its value is a string; with one of
# these words in the name a string is refused too: it could change the KV cache or the parameters.
SUSPECT = ("attn", "attention", "cache", "kv", "key", "value", "state", "window", "compress", "shar", "latent", "lora", "rank",
           "index", "sparse", "chunk", "recur", "conv", "mem", "head", "layer", "block", "mamba", "ssm", "rnn", "linear", "gqa",
           "mqa", "mla", "delta", "retention", "rwkv", "hybrid", "global", "local", "slid", "swa", "stride", "dilat", "segment",
           "cross", "loop", "repeat", "sink", "evict", "pool", "pattern", "interval", "period", "group", "dim", "expert", "moe",
           "mlp", "ffn", "hidden", "depth", "width", "select", "csa", "hca", "nsa", "cla", "share", "context", "seq", "embd",
           "vocab", "token_size", "mtp", "nextn", "yoco", "mixer", "lightning", "reuse", "ngram", "lookup", "ttt", "decoder", "encoder",
           "topk", "top_k", "rope_dim", "skip", "types", "bits")
NEGATIONS = ("no", "not", "non", "disable", "disabled", "skip", "without", "full", "causal", "only")   # such a key is not off when false
# Whatever the key begins or ends with; the names of dropouts apart, which begin with what they drop.
ALWAYS_SUSPECT = ("cache", "kv", "cross", "window", "compress", "shar", "state", "latent", "sink", "mem", "attn", "attention", "layer", "block",
                  "sparse", "chunk", "slid", "span")
DROPOUTS = ("dropout", "dropout_prob", "pdrop")
HARMLESS_ENDINGS = ("_token_id", "_token_ids", "_token_index", "_coef", "_eps", "_epsilon", "_std", "_version", "_act",
                    "_activation", "_theta", "_loss", "_init", "_lr")
HARMLESS_STARTS = (*TOWERS, "mm_", "spatial_merge", "patch_size", "img_", "unsloth", "tokenizer", "rope_theta", "rope_scaling", "rotary_",
                   "router_", "initializer", "init_",
                   "_attn_impl", "_name", "_commit", "_from", "_flash_attn", "_experts_impl")
COUNTS = ("num_", "n_")                                  # a key with such a beginning, or one of these endings, is off at 0
COUNT_ENDINGS = ("_size", "_rank", "_layers", "_experts")


def evaluate(formula: str | int, values) -> int:
    """The sum of products `formula` with its names looked up in `values`; raises SizingError where `/` leaves a remainder (`//` rounds down)."""
    total = 0
    for term in str(formula).split("+"):
        product = 1
        for factor in term.split("*"):
            numerator, *divisors = (operand.strip() for operand in factor.split("/"))
            product *= operand_value(numerator, values)
            for i, name in enumerate(divisors):
                if not name:                             # the gap inside //
                    continue
                divisor = operand_value(name, values)
                if not divisor or (product % divisor and (i == 0 or divisors[i - 1])):
                    raise SizingError("%s: expected a divisor of %d, got %d" % (name, product, divisor))
                product //= divisor
            if not product:
                break                                    # what is switched off need not be in the config
        total += product
    return total


def operand_value(operand: str, values) -> int:
    """A whole number, the value of a name, or for `!name` whether it is zero."""
    if operand.lstrip("-").isdigit():
        return int(operand)
    return int(not operand_value(operand[1:], values)) if operand[0] == "!" else int(values[operand] or 0)


def operands(formula: object) -> set:
    """The names in a formula."""
    words = str(formula).replace("+", "*").replace("/", "*").split("*")
    return {word.strip(" !") for word in words} if isinstance(formula, str) else set()


class Facts(dict):
    """Values of one config by their newest key: read, defaulted or derived on first use; `read` and `derived` say how."""

    def __init__(self, config: dict, row: dict):
        super().__init__()
        self.config, self.row = config, row
        self.read: list[str] = []
        self.derived: list[str] = []

    def find(self, name: str):
        """(key, value) of `name` under any of its keys; (None, None) where the config does not say."""
        found = []
        for key in [name, *self.row["names"].get(name, ())]:
            value = self.config
            for step in key.split("."):
                value = value.get(step) if isinstance(value, dict) else None
            if value is not None:
                found.append((key, value))
        for key, value in found[1:]:
            if value != found[0][1]:
                raise SizingError("%s: expected %s, as in %s, got %s" % (key, short(found[0][1]), found[0][0], short(value)))
        return found[0] if found else (None, None)

    def __missing__(self, name: str):
        formula = self.row["derived"].get(name)
        self[name] = self.value_of(name) if formula is None else evaluate(formula, self)
        return self[name]

    def value_of(self, name: str):
        """The checked value of a key, or the family's default; raises SizingError."""
        (key, value), defaults = self.find(name), self.row["defaults"]
        if key is None:
            return self.default_of(name)
        default = defaults.get(name)
        if name in self.row["uniform"] and isinstance(value, list) and value and all(one == value[0] for one in value):
            value = value[0]                             # one number per layer, all the same
        try:
            if isinstance(default, bool):
                if not isinstance(value, bool):
                    raise SizingError("expected true or false, got %s" % short(value))
            elif name.endswith("dtype"):
                if not isinstance(value, str) or value not in DTYPES:
                    raise SizingError("unknown value %s%s" % (short(value), nearest(short(value), DTYPES)))
                value = DTYPES[value]
            else:
                check_number(value, COUNT._replace(low=0 if default == 0 or name == "num_kv_shared_layers" else 1, high=KEY_MAXIMA.get(name, 10**7)))
        except SizingError as error:
            raise SizingError("%s: %s" % (key, error)) from None
        self.read.append("%s = %s%s" % (name, value, "" if key == name else " (%s)" % key))
        return value

    def default_of(self, name: str):
        """What the model class assumes where the config is silent; raises SizingError naming the keys that would say it."""
        defaults = self.row["defaults"]
        if name in WINDOWS.values() and name in self.config:
            return None                                  # an explicit null switches the window off
        if name not in defaults:
            raise SizingError("%s: missing; family %r needs it" % (" or ".join([name, *self.row["names"].get(name, ())]), self.row["name"]))
        default = defaults[name]
        if isinstance(default, str):
            value = evaluate(default, self)
            self.derived.append("%s = %d (%s)" % (name, value, default))
            return value
        if default and default is not True:
            self.derived.append("%s = %s (default of family %s)" % (name, default, self.row["name"]))
        return default


# --- families

def family_rows(families: list) -> dict:
    """{name: row}, with what a row inherits filled in."""
    rows: dict[str, dict] = {}
    for row in families:
        base = rows.get(row.get("like", "any"), {})
        rows[row["name"]] = {key: {**base.get(key, {}), **row[key]} if isinstance(row.get(key), dict) else row.get(key, base.get(key))
                             for key in {**base, **row} if key in row or key not in ("model_types", "wrappers", "architectures", "source")}
        rows[row["name"]]["keys"] = base.get("keys", []) + row.get("keys", [])
    return rows


def find_family(config: dict, rows: dict, field: str):
    """The row whose `field` (model_types or wrappers) has this config's model_type; None when there is no such row."""
    model_type = config.get("model_type")
    return next((row for row in rows.values() if isinstance(model_type, str) and model_type in row.get(field, ())), None)


def text_config(config: dict, rows: dict):
    """(the language model's own config, its row, [(place, wrapper config)], its place); raises SizingError."""
    wrappers: list[tuple[str, dict]] = []
    place, fallback = "", None
    for _ in range(MAX_NESTING):
        if not isinstance(config, dict):
            raise SizingError("%s: expected a JSON object, got %s" % (place or "config", short(config)))
        nested = [key for key in NESTED if config.get(key) is not None]
        if not nested:
            break
        row = find_family(config, rows, "wrappers")
        if row is None and not (wrappers and "model_type" not in config):
            raise unknown_model_type(config, place, rows, "wrappers")
        if len(nested) > 1:
            raise SizingError("%s%s: expected one nested language model, got %s too" % (place, nested[1], nested[0]))
        fallback = row or fallback
        wrappers.append((place, config))
        inner, place = config[nested[0]], "%s%s." % (place, nested[0])
        config = {**{key: config[key] for key in INHERITED if key in config}, **inner} if isinstance(inner, dict) else inner
    else:
        raise SizingError("%s: expected at most %d nested configs" % (place.rstrip("."), MAX_NESTING - 1))
    row = find_family(config, rows, "model_types")
    if row is None and "model_type" not in config:
        row = fallback if fallback and fallback.get("model_types") else by_architecture(config, rows)
    if row is None:
        raise unknown_model_type(config, place, rows, "model_types")
    return config, row, wrappers, place


def by_architecture(config: dict, rows: dict):
    """The row named by `architectures`; without one, the plain family, which then tolerates no key it does not know."""
    names = config.get("architectures")
    for name in names if isinstance(names, list) else ():
        row = next((row for row in rows.values() if name in row.get("architectures", ())), None)
        if row is None:
            raise SizingError("model_type: missing, and architectures names %s, which no family in models.json covers" % short(name))
        return row
    return {**rows["llama"], "name": "llama (assumed: no model_type)", "strict": True}


def unknown_model_type(config: dict, place: str, rows: dict, field: str) -> SizingError:
    """The error for a model_type without a row, naming the nearest that has one."""
    known = sorted(name for row in rows.values() for name in row.get(field, ()))
    model_type = config.get("model_type")
    if field == "wrappers" and find_family(config, rows, "model_types"):
        return SizingError("%s%s: model_type %r is not known to nest another config" % (place, next(k for k in NESTED if k in config), model_type))
    if field == "model_types" and find_family(config, rows, "wrappers"):
        return SizingError("%s%s: missing; model_type %r nests its language model there" % (place, NESTED[0], model_type))
    return SizingError("%smodel_type: no row under families in models.json covers %s, and none is guessed%s"
                       % (place, short(model_type), nearest(short(model_type), known).replace("did you mean", "nearest:").rstrip("?")))


# --- keys without a rule

def known_keys(row: dict) -> set:
    """The keys a family reads or knowingly ignores."""
    words = {*row["layers_words"], *row["index_words"], *row["mlp_words"]}
    keys = {name for table in ("defaults", "derived", "params") for formula in row[table].values() for name in operands(formula)}
    keys |= {name for table in ("layers", "index", "mlp") for rule in row[table] for argument in rule[1:] for name in operands(argument) - words}
    keys |= {name for kind in row["layers_words"].values() if kind for name in GROUP_FIELDS[kind]} | operands(row.get("mtp"))
    keys -= {*row["derived"], *COMPUTED}
    keys |= {"model_type", "num_hidden_layers", "max_position_embeddings", row["context"], *row["keys"], *row["defaults"], *NESTED, *INHERITED}
    if "expert" in row["params"]:
        keys |= {"num_experts", "num_experts_per_tok"}
    if row["index"]:
        keys |= {*GROUP_FIELDS["index"]}
    return keys | {old for name in keys for old in row["names"].get(name, ())}


def is_off(name: str, value: object) -> bool:
    """Whether a key says that something is absent."""
    if value is False:
        return not set(re.split("[_.]", name)) & {*NEGATIONS}
    if type(value) is int and value == 0:
        return name.startswith(COUNTS) or name.endswith(COUNT_ENDINGS)
    return value is None or value == [] or value == {} or value == ""


def is_harmless(name: str) -> bool:
    """Whether a key is about tokens, training, towers or numerics by its beginning or ending."""
    return name.endswith(HARMLESS_ENDINGS) or name.startswith(HARMLESS_STARTS)


def refuse_unknown_keys(config: dict, row: dict, known: set, place: str, prefix: str = "", depth: int = 0) -> None:
    """Raise SizingError naming the first key that could matter and that no rule of the family reads."""
    for key, value in config.items():
        name = prefix + str(key)
        parent = isinstance(value, dict) and any(other.startswith(name + ".") for other in known)
        off = is_off(name, value) or (name in UNUSED_WINDOW and config.get("use_sliding_window") is False)
        if off or (name in known and not parent):
            continue
        lower = name.lower()
        harmless = lower.endswith(DROPOUTS) or (is_harmless(lower) and not any(word in lower for word in ALWAYS_SUSPECT))
        if harmless and not parent:
            continue
        if not parent and (row.get("strict") or not isinstance(value, str) or any(word in lower for word in SUSPECT)):
            raise SizingError("%s%s: %s has no rule in family %r; it may change the KV cache: it needs a rule under families in models.json"
                              % (place, short(name).strip("'"), short(value), row["name"]))
        if isinstance(value, dict):
            if depth >= MAX_NESTING:
                raise SizingError("%s%s: expected at most %d nested objects" % (place, short(name), MAX_NESTING))
            refuse_unknown_keys(value, row, known, place, name + ".", depth + 1)


def refuse_wrapper_keys(wrapper: dict, config: dict, row: dict, known: set, place: str) -> None:
    """The same for a config around the language model's own, which may repeat the latter's keys but not add to them."""
    own = {key: value for key, value in wrapper.items() if key not in NESTED and key not in row["wrapper_keys"]
           and not (any(tower in str(key) for tower in TOWERS) and not any(word in str(key) for word in ALWAYS_SUSPECT))}
    for key, value in own.items():
        repeated = key in known and key not in INHERITED and key not in row["keys"] and key != "model_type"
        if repeated and not is_off(key, value) and config.get(key) != value:
            raise SizingError("%s%s: expected what the nested config says, %s, got %s" % (place, key, short(config.get(key)), short(value)))
    refuse_unknown_keys(own, row, known, place)


# --- layers


def words_each(facts, layers, name):
    """A list (or string) that names every layer."""
    key, value = facts.find(name)
    if not value:
        return None
    if not isinstance(value, (list, str)) or len(value) != layers:
        raise SizingError("%s: expected %d entries, one for each layer, got %s"
                          % (key, layers, len(value) if isinstance(value, (list, str)) else short(value)))
    for i, word in enumerate(value):
        if type(word) not in (int, str):
            raise SizingError("%s[%d]: expected a word or a whole number, got %s" % (key, i, short(word)))
    return [str(word) for word in value]


def words_cycle(facts, layers, name):
    """A string of letters that repeats; a remainder would leave the last layers open."""
    key, value = facts.find(name)
    if not isinstance(value, str):
        return None
    if not value or layers % len(value):
        raise SizingError("%s: expected a pattern whose length divides %d layers, got %s" % (key, layers, short(value)))
    return list(value) * (layers // len(value))


def words_every(facts, layers, period, offset, hit, miss):
    """`hit` for the layers at `offset` of each `period` (-1: the last one)."""
    step, first = evaluate(period, facts), evaluate(offset, facts)
    if step < 1 or first >= step:
        raise SizingError("%s: expected a whole number above %s, got %d" % (period, max(first, 0), step))
    return [hit if i % step == first % step else miss for i in range(layers)]


def words_from(facts, layers, start, hit, miss, stop="num_hidden_layers"):
    """`hit` from layer `start` on, up to and without layer `stop`."""
    first, last = evaluate(start, facts), evaluate(stop, facts)
    return [hit if first <= i < last else miss for i in range(layers)]


def words_among(facts, layers, name, base, hit, miss):
    """`hit` for the layers listed, counted from `base`."""
    key, value = facts.find(name)
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > layers or any(type(i) is not int or not base <= i < base + layers for i in value) \
            or len(set(value)) < len(value):
        raise SizingError("%s: expected different layer numbers from %d to %d, got %s" % (key, base, base + layers - 1, short(value)))
    chosen = set(value)
    return [hit if i + base in chosen else miss for i in range(layers)]


def words_if(facts, layers, name, word, otherwise):
    """One word for all layers, by a switch."""
    return [word if facts[name] else otherwise] * layers


def words_only(facts, layers, name, *allowed):
    """No word: refuses a value that the rules below do not cover."""
    key, value = facts.find(name)
    if value is not None and not any(value == one and type(value) is type(one) for one in allowed):
        raise SizingError("%s: family %r has a rule for %s only, got %s" % (key, facts.row["name"], " or ".join(map(repr, allowed)), short(value)))


def words_with(facts, layers, name, value, other):
    """No word: refuses `value` without the key `other`, whose default would be that of another value."""
    if facts.find(name)[1] == value and facts.find(other)[0] is None:
        raise SizingError("%s: missing; %s %r needs it" % (other, name, value))


LAYER_RULES: dict[str, Callable] = {
    "with": words_with, "each": words_each, "cycle": words_cycle, "every": words_every, "from": words_from, "among": words_among, "if": words_if,
    "only": words_only, "all": lambda facts, layers, word: [word] * layers}


def layer_roles(table: str, facts: Facts, layers: int) -> list:
    """What the rules of `table` (layers, index or mlp) make of every layer; a word without a meaning is refused."""
    meaning = {word: role for word, role in facts.row[table + "_words"].items() if role}
    for rule, *args in facts.row[table]:                 # the first that applies
        words = LAYER_RULES[rule](facts, layers, *args)
        if words is None:
            continue
        for i, word in enumerate(words):
            if word not in meaning:
                raise SizingError("%s[%d]: %s has no rule in family %r%s"
                                  % (args[0], i, short(word), facts.row["name"], nearest(short(word), meaning)))
        return [meaning[word] for word in words]
    if facts.row[table]:
        keys = " or ".join(args[0] for rule, *args in facts.row[table] if rule != "only")
        raise SizingError("%s: missing; family %r needs it" % (keys, facts.row["name"]))
    return []


def layer_kinds(facts: Facts, layers: int) -> list:
    """What each layer keeps: a kind of LAYER_KINDS."""
    row, kinds = facts.row, layer_roles("layers", facts, layers)
    for kind, window in WINDOWS.items():
        if kind in kinds and ((row["defaults"].get("use_sliding_window") is False and not facts["use_sliding_window"]) or facts[window] is None):
            facts.derived.append("%s layers keep the whole context: the window is off" % kind)
            kinds = ["full" if one == kind else one for one in kinds]
    shared = facts["num_kv_shared_layers"] if "num_kv_shared_layers" in row["defaults"] else 0
    if shared >= layers:
        raise SizingError("num_kv_shared_layers: expected less than num_hidden_layers = %d, got %d" % (layers, shared))
    facts.update(shared_layers=shared, **{"shared_%s_layers" % kind: kinds[layers - shared:].count(kind) for kind in ("full", "sliding")})
    return kinds[:layers - shared] + ["none"] * shared


def kind_facts(kind: str, facts: Facts):
    """The facts as layers of one kind see them: `full.head_dim` instead of `head_dim`."""
    own = {name[len(kind) + 1:]: facts[name] for name in facts.row["derived"] if name.startswith(kind + ".")}
    return ChainMap(own, facts)


def layer_group(kind: str, layers: int, facts: Facts) -> dict:
    """One entry of layer_groups."""
    view = kind_facts(kind, facts)
    shape = {field: view[field] for field in GROUP_FIELDS[kind]}
    if "num_key_value_heads" in shape and view["num_attention_heads"] % shape["num_key_value_heads"]:
        raise SizingError("num_key_value_heads: expected a divisor of num_attention_heads = %d, got %d"
                          % (view["num_attention_heads"], shape["num_key_value_heads"]))
    if kind == "state" and "state_pages" in facts.row["derived"]:
        shape["state_pages"] = facts["state_pages"]
    if "head_dim" in shape and "v_head_dim" in facts.row["defaults"] and view["v_head_dim"] != shape["head_dim"]:
        shape["v_head_dim"] = view["v_head_dim"]
    return {"kind": kind, "layers": layers, **shape}


# --- parameters

# How many modules of a part the model has; those of `_1d` parts (norms, biases) are never quantised.
PART_COUNTS = {"embedding": "one", "head": "one", "model": "one", "layer": "num_hidden_layers", "mlp": "dense_layers", "shared": "moe_layers",
               "router": "moe_layers", "expert": "experts", "state": "state_layers", "indexer": "index_layers", "none": "none_layers",
               "reused": "one", "lookup": "one"}
UNQUANTISED = ("embedding", "lookup", "head", "router")  # no method below quantises them unless told to
# What the modules that a quantised checkpoint leaves alone are called; the first match counts.
EXCLUDED = (("shared_expert", "shared"), ("experts", "expert"), ("linear_attn", "state"), ("mamba", "state"), ("conv", "state"),
            ("attn", "attention"), ("attention", "attention"), ("up_proj", "mlp"), ("down_proj", "mlp"), ("gate_proj", "mlp"), ("up|", "mlp"),
            ("mlp*", "mlp"), ("mlp$", "mlp"))
QUANT_METHODS = {"fp8": "fp8", "fbgemm_fp8": "fp8", "mxfp4": "mxfp4"}         # quantization_config.quant_method
BIT_METHODS = {"awq": 4, "gptq": 4, "auto-round": 4, "bitsandbytes": 4}       # ... whose `bits` decide, int4 or int8
QUANT_ALGOS = {"FP8": "fp8", "FP8_PER_CHANNEL_PER_TOKEN": "fp8", "FP8_PB_WO": "fp8", "NVFP4": "nvfp4", "NVFP4_AWQ": "nvfp4", "W4A16_NVFP4": "nvfp4",
               "W4A16_AWQ": "int4", "W4A8_AWQ": "int4", "INT8_SQ": "int8", "W8A16": "int8", "MXFP4": "mxfp4"}    # ModelOpt
GROUP_PRECISIONS = {("float", 8): "fp8", ("float", 4): "nvfp4", ("int", 8): "int8", ("int", 4): "int4"}       # compressed-tensors


def count_parameters(facts: Facts, groups: list) -> tuple:
    """({part: parameters of the text model}, {part: parameters of one module})."""
    parts, single = {}, {}
    for part, formula in facts.row["params"].items():
        base = part.replace("_1d", "")
        if base == "attention":
            shapes = [group for group in groups if group["kind"] in ("full", "sliding", "chunked", "latent")]
            sizes = [evaluate(formula, kind_facts(group["kind"], facts)) for group in shapes]
            parts[part], single[part] = sum(group["layers"] * size for group, size in zip(shapes, sizes)), sizes[0] if sizes else 0
        elif facts[PART_COUNTS[base]]:
            single[part] = evaluate(formula, facts)
            parts[part] = facts[PART_COUNTS[base]] * single[part]
    return parts, single


def mtp_parameters(facts: Facts, single: dict):
    """Parameters of the layers that predict further tokens, each one more attention layer with its MLP; None when there are none."""
    formula = facts.row.get("mtp")
    if not formula:
        return None
    mlp = ("expert", "shared", "router") if facts["moe_layers"] else ("mlp",)
    facts["last_layer"] = sum(size * (facts["num_experts"] if part == "expert" else 1) for part, size in single.items()
                              if part.replace("_1d", "") in ("attention", "indexer", "layer") + mlp)
    return evaluate(formula, facts) or None


def quantization(config: dict) -> dict:
    """quantization_config, flat; raises SizingError."""
    value = config.get("quantization_config") or config.get("compression_config") or {}
    if not isinstance(value, dict):
        raise SizingError("quantization_config: expected a JSON object, got %s" % short(value))
    inner = value.get("quantization")
    return {**value, **inner} if isinstance(inner, dict) else value


def quantized_weights(config: dict, derived: list) -> tuple:
    """(precision of the quantised weights or None, modules left in 16 bits); (None, None) for a checkpoint that is not quantised."""
    quant = quantization(config)
    if not quant:
        return None, None
    method, algorithm, groups = quant.get("quant_method"), quant.get("quant_algo"), quant.get("config_groups")
    kept = [name for key in ("modules_to_not_convert", "ignore", "exclude_modules") for name in as_list(quant.get(key))]
    precision = QUANT_METHODS.get(method) if isinstance(method, str) else None
    if isinstance(method, str) and method in BIT_METHODS:
        bits = 8 if quant.get("load_in_8bit") is True else quant.get("bits", BIT_METHODS[method])
        precision = {4: "int4", 8: "int8"}.get(bits if type(bits) is int else None)
    elif isinstance(algorithm, str) and algorithm in QUANT_ALGOS:
        precision = QUANT_ALGOS[algorithm]
    elif isinstance(groups, dict) and groups:
        groups = [group for group in groups.values() if isinstance(group, dict) and isinstance(group.get("weights"), dict)]
        main: dict = max(groups, key=lambda group: any("experts" in str(name) for name in as_list(group.get("targets"))), default={})
        kept += [name for group in groups if group is not main for name in as_list(group.get("targets"))]
        weights = main.get("weights", {})
        precision = GROUP_PRECISIONS.get((str(weights.get("type")), weights.get("num_bits") if type(weights.get("num_bits")) is int else None))
        if precision == "nvfp4" and weights.get("group_size") == 32:
            precision = "mxfp4"
        if len(groups) > 1:
            derived.append("weights in %s; the parts of other precisions are counted as bf16 (upper bound)" % precision)
    derived.append("weights_precision = %s (quantization_config)" % precision if precision
                   else "weights_precision unknown: no rule for quant_method %s" % short(method))
    return precision, kept


def as_list(value: object) -> list:
    """The strings of a list; an empty list for anything else."""
    return sorted({item for item in value if isinstance(item, str)}) if isinstance(value, list) else []


def kept_layers(kept: list) -> dict:
    """{part: numbers of the layers, None for all} whose modules of that part a quantised checkpoint leaves in 16 bits."""
    layers: dict[str, set] = {}
    for name in kept:
        if any(word in name for word in (*TOWERS, "mtp", "norm", "indexers_proj")):
            continue                                     # norms are in 16 bits anyway
        number = next((int(word) for word in name.replace("*", "").split(".") if word.isdigit()), None)
        part = next((part for word, part in EXCLUDED if word in name + "$"), None)
        if part:
            layers.setdefault(part, set()).add(number)
    return layers


def unquantized_parameters(parts: dict, kept: list, facts: Facts) -> int:
    """How many of the parameters a quantised checkpoint keeps in 16 bits."""
    layers, total = kept_layers(kept), 0
    counts = {"mlp": facts["dense_layers"], "expert": facts["moe_layers"], "shared": facts["moe_layers"], "state": facts["state_layers"]}
    for part, size in parts.items():
        out_of = counts.get(part, facts["num_hidden_layers"] - facts["state_layers"] - facts["none_layers"])
        numbers = layers.get("attention" if part in ("indexer", "none") else part, ())
        if part in UNQUANTISED or part.endswith("_1d") or None in numbers:
            total += size
        elif numbers:
            total += size * min(len(numbers), out_of) // out_of
    return total


def kv_precision(config: dict, dtype: str, sparse: bool) -> str:
    """What "auto" stores keys and values in: fp8 where the checkpoint names an fp8 KV cache, else its own 16 bits; raises SizingError."""
    quant = quantization(config)
    scheme, algorithm = quant.get("kv_cache_scheme"), quant.get("kv_cache_quant_algo")
    for key, value in quant.items():
        if "kv" in str(key) and key not in ("kv_cache_scheme", "kv_cache_quant_algo") and not is_off(str(key), value):
            raise SizingError("quantization_config.%s: %s has no rule" % (short(key).strip("'"), short(value)))
    if (not scheme and not algorithm) or sparse:         # vLLM 0.32.0 keeps a sparse latent cache in bf16 unless told otherwise
        return "fp16" if dtype == "fp16" else "bf16"
    if algorithm == "FP8" or (isinstance(scheme, dict) and scheme.get("num_bits") == 8 and scheme.get("type") == "float"):
        return "fp8"
    raise SizingError("quantization_config.%s: expected an fp8 KV cache or none, got %s"
                      % (("kv_cache_scheme", short(scheme)) if scheme else ("kv_cache_quant_algo", short(algorithm))))


def checkpoint_dtype(config: dict, derived: list) -> str:
    """bf16 or fp16; raises SizingError for a dtype that no engine would serve."""
    value = next((config[key] for key in ("torch_dtype", "dtype") if config.get(key) is not None), None)
    word = value.replace("torch.", "") if isinstance(value, str) else value
    if word not in (None, *DTYPES) if isinstance(word, (str, type(None))) else True:
        raise SizingError("torch_dtype: unknown value %s%s" % (short(value), nearest(short(value), DTYPES)))
    if word not in WEIGHT_DTYPES:
        derived.append("weights_precision = bf16 (torch_dtype %s: engines load it in 16 bits)" % (word or "absent"))
    return WEIGHT_DTYPES.get(word, "bf16")


def rope_positions(config: dict, max_position_embeddings: int) -> int:
    """Positions of the rotary tables: linear scaling stretches them, other kinds are within max_position_embeddings already."""
    scaling = config.get("rope_scaling")
    factor = scaling.get("factor") if isinstance(scaling, dict) and "linear" in (scaling.get("rope_type"), scaling.get("type")) else 1
    return int(max_position_embeddings * factor) if type(factor) in (int, float) and 1 <= factor <= 1000 else max_position_embeddings


def vision_parameters(configs: Sequence[dict]) -> int | None:
    """Parameters of the vision tower, from the attention and the two matrices of the MLP of its layers; None where they are not stated.

    From 98.2 % (SigLIP) to 88 % of what vLLM counts, with embeddings and projector; the tower is 0.1 % to 10 % of a model.
    """
    tower: dict = next((config["vision_config"] for config in configs if isinstance(config.get("vision_config"), dict)), {})
    layers, width, inner = (next((tower[key] for key in keys if type(tower.get(key)) is int), 0) for keys in (
        ("num_hidden_layers", "depth"), ("hidden_size",), ("intermediate_size",)))
    count = layers * (4 * width**2 + 2 * width * inner)
    return count if layers > 0 and width > 0 and inner > 0 and count <= PARAMETER_COUNT else None


# --- the model

def read_hf_config(config: dict, name: str, families: list) -> dict:
    """The Model fields that a Hugging Face config.json gives; raises SizingError naming the key that no rule covers."""
    rows = family_rows(families)
    config, row, wrappers, place = text_config(config, rows)
    known = known_keys(row)
    for where, wrapper in wrappers:
        refuse_wrapper_keys(wrapper, config, row, known, where)
    refuse_unknown_keys(config, row, known, place)
    facts = Facts(config, row)
    if row.get("strict"):
        facts.derived.append("family llama assumed: no model_type, and every key is one of its own")
    tower = vision_parameters([config] + [wrapper for _, wrapper in wrappers])
    if wrappers or config.get("vision_config") or config.get("audio_config"):
        facts.derived.append("total_params is the language model alone; the vision tower is %s"
                             % ("not counted" if tower is None else "vision_params, an estimate from its attention and MLP"))
    try:
        fields_read = model_fields(facts, name)
        for one, other in row.get("equal", ()):
            if all(type(config.get(key)) is int for key in operands(one)) and evaluate(one, facts) != evaluate(other, facts):
                raise SizingError("%s: expected %s = %d, got %d" % (one, other, evaluate(other, facts), evaluate(one, facts)))
        return dict(fields_read, vision_params=tower, rope_positions=rope_positions(config, fields_read["max_position_embeddings"]))
    except SizingError as error:
        raise SizingError("%s%s" % (place, error)) from None


def model_fields(facts: Facts, name: str) -> dict:
    """The fields, from a config whose keys are all known."""
    layers = facts["num_hidden_layers"]
    kinds = layer_kinds(facts, layers)
    groups = [layer_group(kind, kinds.count(kind), facts) for kind in GROUP_FIELDS if kind in kinds]
    indexed = layer_roles("index", facts, layers).count("index")
    if indexed:
        groups.insert(1, layer_group("index", indexed, facts))
    mlps = layer_roles("mlp", facts, layers)
    facts.update(one=1, index_layers=indexed, state_layers=kinds.count("state"), none_layers=kinds.count("none"),
                 moe_layers=mlps.count("moe") + mlps.count("both"), dense_layers=mlps.count("dense") + mlps.count("both"))
    facts["experts"] = facts["moe_layers"] and facts["moe_layers"] * facts["num_experts"]
    return {"name": name, **kv_fields(facts, groups), **weight_fields(facts, groups), "source": "config.json",
            "config_read": facts.read, "config_derived": facts.derived}


def kv_fields(facts: Facts, groups: list) -> dict:
    """What decides the KV cache."""
    by_kind = {group["kind"]: group for group in groups}
    full, sliding = by_kind.get("full", {}), by_kind.get("sliding", {})
    pattern = pattern_of(list(by_kind))
    first = next((by_kind[kind] for kind in ("full", "sliding", "chunked", "latent") if kind in by_kind), None)
    if first is None:
        raise SizingError("expected at least one attention layer: a model without any has no rule")
    latent = first["kind"] == "latent"
    shape = ("num_key_value_heads", "head_dim", "v_head_dim")
    alike = all(first.get(key) == group.get(key) for group in groups for key in shape) and "v_head_dim" not in first
    plain = alike and set(by_kind) <= {"full", "sliding"}
    facts.derived.append("layers: " + ", ".join("%d %s" % (group["layers"], group["kind"]) for group in groups))
    return {"num_layers": facts["num_hidden_layers"], "num_key_value_heads": 1 if latent else first["num_key_value_heads"],
            "head_dim": first["kv_lora_rank"] + first["qk_rope_head_dim"] if latent else first["head_dim"],
            "max_position_embeddings": facts[facts.row["context"]], "attention_pattern": pattern,
            "hybrid_full_layers": full["layers"] if pattern == "hybrid" else None,
            "hybrid_sliding_layers": sliding["layers"] if pattern == "hybrid" else None,
            "sliding_window": sliding["sliding_window"] if pattern in ("hybrid", "sliding") else None,
            "default_kv_precision": kv_precision(facts.config, checkpoint_dtype(facts.config, []), pattern == "sparse_latent"),
            "layer_groups": None if plain else groups}


def weight_fields(facts: Facts, groups: list) -> dict:
    """What decides the weights."""
    parts, single = count_parameters(facts, groups)
    dtype = checkpoint_dtype(facts.config, facts.derived)
    precision, kept = quantized_weights(facts.config, facts.derived)
    total, routed, moe = sum(parts.values()), parts.get("expert", 0), bool(parts.get("expert"))
    experts, chosen = (facts["num_experts"], facts["num_experts_per_tok"]) if moe else (None, None)
    if moe and chosen > experts:
        raise SizingError("num_experts_per_tok: expected at most num_experts = %d, got %d" % (experts, chosen))
    return {"weights_precision": dtype if kept is None else precision, "total_params": total,
            "active_params": total - routed + routed // experts * chosen if moe else total,
            "hidden_size": facts["hidden_size"], "num_attention_heads": facts["num_attention_heads"], "vocab_size": facts["vocab_size"],
            "embedding_params": parts["embedding"], "num_experts": experts, "num_experts_per_tok": chosen,
            "moe_layers": facts["moe_layers"] if moe else None, "expert_params": single["expert"] if moe else None,
            "unquantized_params": unquantized_parameters(parts, kept or [], facts),
            "mtp_params": mtp_parameters(facts, single)}


def model_from_hf_config(config: dict, name: str, families: list | None = None) -> Model:
    """The model that a Hugging Face config.json describes; raises SizingError naming the key that no family has a rule for.

    `families` are rows as under "families" in models.json, by default those of the shipped file.
    """
    return Model(**read_hf_config(config, check_string(name), load_families() if families is None else families))


# === Checkpoint: sizes from safetensors headers, never the tensors ===

MAX_HEADER_BYTES = 10**8                                 # the safetensors library refuses longer headers
INDEX_FILE = "model.safetensors.index.json"


def read_checkpoint(folder: str, num_layers: int) -> tuple[int, int] | None:
    """(bytes on disk, bytes an engine loads) of the safetensors in `folder`; None where there are none. Raises SizingError.

    With an index the files it names count, or its total_size where they are not all there; then nothing tells MTP layers apart.
    """
    index = os.path.join(folder, INDEX_FILE)
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".safetensors"))
    except OSError as error:
        raise SizingError("%s: cannot read: %s" % (folder, error.strerror or error)) from None
    if os.path.exists(index):
        data = read_json(index, MAX_HEADER_BYTES)        # Kimi-K2.5 lists 207,360 tensors in 24 MB
        listed = data.get("weight_map") if isinstance(data, dict) else None
        if not isinstance(listed, dict) or not all(
                isinstance(name, str) and os.path.basename(name) == name and name.endswith(".safetensors") for name in listed.values()):
            raise SizingError("%s.weight_map: expected an object of file names, got %s" % (index, short(listed)))
        if not set(listed.values()) <= set(names):
            total = data.get("metadata", {}).get("total_size") if isinstance(data.get("metadata"), dict) else None
            try:
                return (check_number(total, CHECKPOINT_BYTES),) * 2
            except SizingError as error:
                raise SizingError("%s.metadata.total_size: %s" % (index, error)) from None
        names = sorted(set(listed.values()))
    else:
        names = whole_checkpoint(folder, names)
    sizes = [size for name in names for size in tensor_sizes(os.path.join(folder, name)).items()]
    if not sizes:
        return None
    return sum(size for _, size in sizes), sum(size for name, size in sizes if not is_mtp(name, num_layers))


def whole_checkpoint(folder: str, names: Sequence[str]) -> list[str]:
    """Those of the safetensors files `names` that are one checkpoint: numbered shards, model.safetensors, or the only one; raises SizingError."""
    shards = {name: re.search(r"-(\d+)-of-(\d+)\.safetensors$", name) for name in names}
    numbered = [name for name, found in shards.items() if found]
    if numbered:                                         # others beside them are the same tensors in another form, or adapters
        expected_shards = int(shards[numbered[0]][2])
        if len(numbered) != expected_shards:
            raise SizingError("%s: expected %d numbered safetensors files, got %d" % (folder, expected_shards, len(numbered)))
        return numbered
    if "model.safetensors" in names:
        return ["model.safetensors"]
    if len(names) > 1:
        raise SizingError("%s: expected model.safetensors, numbered files or %s, got %s" % (folder, INDEX_FILE, short(", ".join(names))))
    return list(names)


CHECKPOINT_BYTES = Bound(int, 1, 10**14, True, "")


def tensor_sizes(path: str) -> dict[str, int]:
    """Bytes of each tensor of a safetensors file, from its header; raises SizingError."""
    try:
        with open(path, "rb", opener=open_without_waiting) as file:
            available = os.fstat(file.fileno()).st_size - 8
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(available, MAX_HEADER_BYTES):
                raise SizingError("%s: expected a safetensors header of at most %d bytes, got %d" % (path, min(available, MAX_HEADER_BYTES), length))
            header = json.loads(file.read(length).decode("utf-8"))
    except OSError as error:
        raise SizingError("%s: cannot read: %s" % (path, error.strerror or error)) from None
    except (ValueError, RecursionError) as error:
        if isinstance(error, SizingError):
            raise
        raise SizingError("%s: expected a safetensors header in JSON: %s" % (path, error)) from None
    if not isinstance(header, dict):
        raise SizingError("%s: expected a safetensors header with an object, got %s" % (path, short(header)))
    sizes = {}
    for name, tensor in header.items():
        if name == "__metadata__":
            continue
        offsets = tensor.get("data_offsets") if isinstance(tensor, dict) else None
        if not isinstance(offsets, list) or len(offsets) != 2 or not all(type(at) is int for at in offsets) \
                or not 0 <= offsets[0] <= offsets[1] <= available - length:
            raise SizingError("%s: %s.data_offsets: expected two places within the file, got %s" % (path, short(name), short(offsets)))
        sizes[name] = offsets[1] - offsets[0]
    if sum(sizes.values()) > available - length:
        raise SizingError("%s: expected tensors that do not overlap" % path)
    return sizes


def is_mtp(tensor: str, num_layers: int) -> bool:
    """Whether a tensor belongs to multi-token prediction, which engines load for speculative decoding only."""
    layer = re.search(r"(?:^|\.)layers\.(\d+)\.", tensor)
    return bool(re.match(r"(model\.)?mtp\.", tensor)) or (layer is not None and int(layer[1]) >= num_layers and "vis" not in tensor)


# === Calculations: pure arithmetic in exact fractions; no language, no rounding ===

# GiB per GPU that are neither weights nor KV, from 22 start-up logs of vLLM 0.19.0 on H100 80GB (llm-d-planner, accuracy
# results, d3121e0; 15 models, tensor parallel 1, 2 and 4, 8192 batched tokens, without pipeline parallelism). At start vLLM
# profiles a step of max_num_batched_tokens tokens with logits for max_num_seqs rows, the whole vocabulary on every rank: least
# squares give 14.1 bytes per logit (bf16 and three fp32 copies) and 4.3 hidden states of 2 bytes per token.
BYTES_PER_LOGIT = 14
LOGIT_ROWS = 1024                       # vLLM's default max_num_seqs on GPUs of 70 GiB and more
LIVE_HIDDEN_STATES_BYTES = 4 * 2
ACTIVATION_UNKNOWN_GIB = 2.24           # mean of the logs, for a model without vocab_size or hidden_size
NON_TORCH_ONE_GPU_GIB = 0.27            # mean of 18 logs: CUDA context and cuBLAS
NON_TORCH_TENSOR_PARALLEL_GIB = 2.11    # mean of 4 logs: NCCL and all-reduce buffers too
CUDA_GRAPH_GIB = 0.92                   # mean of the logs; outside vLLM's budget up to 0.20, inside it from 0.21: always counted
OVERHEAD_UNKNOWN_WEIGHTS_GIB = 120      # per node, when the catalog does not know the weights: the user's specification
TIE = Fraction(1, 10**9)                # floor and ceil forgive this much: an exact fit fits


@lru_cache(maxsize=2**12)                                # the same few numbers come again and again in a search
def exact(value) -> Fraction:
    """The number as it is written in decimal: 0.1 is one tenth, not the nearest binary float."""
    return Fraction(value if isinstance(value, int) else str(value))


def floor(value: Fraction) -> int:
    """Whole part; a billionth short of a whole number counts as it."""
    return math.floor(value + TIE)


def ceil(value: Fraction) -> int:
    """Next whole number; a billionth above a whole number counts as it."""
    return math.ceil(value - TIE)


def share_out(count: int, size: int) -> int:
    """How many groups of `size` hold `count`: whole numbers need no forgiving."""
    return -(-count // size)


def check_request(**values) -> None:
    """Raise SizingError naming the first of `values` that BOUNDS or REQUEST_CHOICES refuses."""
    for name, value in values.items():
        try:
            if name in REQUEST_CHOICES:
                check_choice(value, REQUEST_CHOICES[name])
            else:
                check_number(value, BOUNDS[name])
        except SizingError as error:
            raise SizingError("%s: %s" % (name, error)) from None


def calc_kv_per_session_gib(model: Model, effective_context: int, kv_precision: str) -> tuple[float, list[str]]:
    """KV cache in GiB of one session in steady state, and the ids of the alerts it raises.

    Layers of a sliding window stop growing at the window. The context is clamped to max_position_embeddings.

    >>> calc_kv_per_session_gib(Model("m", 32, 8, 128, 8192, "full", None, None, None, "fp16"), 8192, "fp16")
    (1.0, ['high_kv_precision'])
    """
    check_request(effective_context=effective_context, kv_precision=kv_precision)
    check_kv_precision(model, kv_precision)
    context = min(effective_context, model.max_position_embeddings)
    kv_bytes = sum(calc_group_bytes(model, context, kv_precision).values())
    subject = SimpleNamespace(model=model, requested_context=effective_context, kv_precision=kv_precision)
    return float(kv_bytes / GIB), raised(subject, "kv")


def calc_group_bytes(model: Model, effective_context: int, kv_precision: str, tensor_parallel: int = 1) -> dict[str, Fraction]:
    """Bytes one session keeps in the layers of each kind, over all ranks; a fraction where elements are packed."""
    groups = layer_groups(model)
    return {group.kind: product(group_factors(group, groups, kv_precision),
                                dict(group.values, **kv_known(group, effective_context, kv_precision)))
            * copies(group, tensor_parallel) for group in groups if group.kind != "none"}


def copies(group: LayerGroup, tensor_parallel: int) -> Fraction:
    """How many times `tensor_parallel` ranks together hold what one session keeps: no rank holds less than one KV head."""
    spread = LAYER_KINDS[group.kind].spread
    if spread == "heads":
        return max(Fraction(1), Fraction(tensor_parallel, group.values[group.names["num_key_value_heads"]]))
    return Fraction(tensor_parallel if spread == "copied" else 1)


def copies_term(group: LayerGroup) -> str:
    """The formula of `copies`, as a factor to append."""
    spread = LAYER_KINDS[group.kind].spread
    heads = " * max(1, tensor_parallel / %s)" % group.names.get("num_key_value_heads")
    return {"heads": heads, "copied": " * tensor_parallel", "split": ""}[spread]


# Tokens of one block of vLLM's KV cache (0.32.0: 16; 64 where attention is latent), and batches of prefill in flight under
# asynchronous scheduling. Pages of state per linear layer under prefix caching are the family's own; 2 where it says nothing.
BLOCK_TOKENS, LATENT_BLOCK_TOKENS = 16, 64
BATCHES_IN_FLIGHT = 2
STATE_PAGES = 2


def calc_token_bytes(model: Model, kv_precision: str, tensor_parallel: int = 1) -> dict[str, Fraction]:
    """Bytes one layer of each kind keeps per token, over all ranks."""
    groups = layer_groups(model)
    return {group.kind: product(group_factors(group, groups, kv_precision)[:-1], dict(group.values, **dict(
                kv_known(group, 1, kv_precision), tokens=1))) * copies(group, tensor_parallel)
            for group in groups if group.kind not in ("state", "none")}


def calc_attention_block_tokens(model: Model, kv_precision: str, tensor_parallel: int = 1) -> int:
    """Tokens of one block of attention KV: grown in steps of 16 until its page holds the state of one linear layer."""
    groups = {group.kind: group for group in layer_groups(model)}
    widest = max(calc_token_bytes(model, kv_precision, tensor_parallel).values(), default=0)
    if "state" in groups and widest:
        return BLOCK_TOKENS * math.ceil(groups["state"].values["state_bytes"] / (BLOCK_TOKENS * widest))
    return LATENT_BLOCK_TOKENS if "latent" in groups else BLOCK_TOKENS


def in_blocks(tokens: int, block_tokens: int) -> int:
    """`tokens` rounded up to whole blocks."""
    return share_out(tokens, block_tokens) * block_tokens


def reserved_tokens(group: LayerGroup, effective_context: int, block_tokens: int, in_flight: int) -> int:
    """Tokens one layer may hold while its session prefills in chunks; a window need not begin where a block does."""
    if group.kind == "sliding":
        window = group.values[group.names["sliding_window"]]
        return in_blocks(min(effective_context, window - 1 + in_flight), block_tokens) + block_tokens
    if group.kind == "chunked":
        return in_blocks(min(effective_context, group.values["attention_chunk_size"] + in_flight), block_tokens)
    return in_blocks(effective_context, block_tokens)


def padded_layers(model: Model) -> dict[str, int]:
    """Layers of each kind as vLLM pools them: padded to a multiple of one group size (0.19 to 0.32, kv_cache_utils.py)."""
    layers = {group.kind: group.values[group.names["layers"]] for group in layer_groups(model) if group.kind not in ("none", "index")}
    size = max(layers.values()) if max(layers.values()) < 1.5 * min(layers.values()) else min(layers.values())
    return {kind: in_blocks(count, size) for kind, count in layers.items()}


def calc_kv_reserved_gib(model: Model, effective_context: int, kv_precision: str, max_num_batched_tokens: int, tensor_parallel: int = 1, *,
                         batches_in_flight: int = BATCHES_IN_FLIGHT, padded: bool = False) -> float:
    """GiB that vLLM 0.32 admits at most for one session while it prefills in chunks, over all ranks of a replica.

    With one batch in flight and layers `padded` to equal groups it is what the logged maximum concurrency counts.
    """
    pool = padded_layers(model) if padded else {}
    block = calc_attention_block_tokens(model, kv_precision, tensor_parallel)
    widths = calc_token_bytes(model, kv_precision, tensor_parallel)
    total = Fraction(0)
    for group in layer_groups(model):
        if group.kind == "state":                        # a page is as large as a block of attention, or the bare state
            page = block * max(widths.values()) if widths else group.values["state_bytes"]
            total += pool.get("state", group.values["state_layers"]) * group.values.get("state_pages", STATE_PAGES) * page
        elif group.kind != "none":
            total += (pool.get(group.kind, group.values[group.names["layers"]]) * widths[group.kind]
                      * reserved_tokens(group, effective_context, block, batches_in_flight * max_num_batched_tokens))
    return float(total / GIB)


def calc_kv_without_hybrid_manager_gib(model: Model, effective_context: int, kv_precision: str, max_num_batched_tokens: int,
                                       tensor_parallel: int = 1) -> float | None:
    """GiB of one session where every attention layer keeps the whole context; None where a model cannot be served so.

    A model whose layers all slide needs no hybrid cache manager: the figure is its reservation.
    """
    groups = [group for group in layer_groups(model) if group.kind != "none"]
    kinds = {group.kind for group in groups}
    if "state" in kinds:
        return None
    if not kinds & {"full", "latent"}:
        return calc_kv_reserved_gib(model, effective_context, kv_precision, max_num_batched_tokens, tensor_parallel)
    widths = calc_token_bytes(model, kv_precision, tensor_parallel)
    tokens = in_blocks(effective_context, calc_attention_block_tokens(model, kv_precision, tensor_parallel))
    return float(sum(group.values[group.names["layers"]] * widths[group.kind] for group in groups) * tokens / GIB)


def check_kv_precision(model: Model, kv_precision: str) -> None:
    """Raise SizingError when no engine keeps the KV cache of `model` so."""
    if kv_precision == "fp8_ds_mla" and model.attention_pattern != "sparse_latent":
        raise SizingError("kv_precision: fp8_ds_mla is the layout of sparse_latent models; %s is %s: expected fp8 for one byte per element"
                          % (model.name, model.attention_pattern))
    widths = [group.values[group.names[name]] for group in layer_groups(model) for name in ("head_dim", "v_head_dim") if name in group.names]
    if kv_precision == "nvfp4" and (not widths or any(width % NVFP4_ELEMENTS for width in widths)):
        raise SizingError("kv_precision: nvfp4 packs heads of a multiple of %d elements; %s has %s: expected fp8"
                          % (NVFP4_ELEMENTS, model.name, widths or "latent attention"))


def group_factors(group: LayerGroup, groups: Sequence[LayerGroup], kv_precision: str) -> list:
    """The bytes one session keeps in one layer group, as factors whose names are those of formulas."""
    factors = LAYER_KINDS[group.kind].factors
    if "v_head_dim" in group.names:
        factors = KEYS_AND_NARROW_VALUES
    if group.kind == "latent" and kv_precision in PACKED_BY_INDEX and any(other.kind == "index" for other in groups):
        factors = PACKED_LATENT
    return [tuple(group.names.get(name, name) for name in factor) if isinstance(factor, tuple) else group.names.get(factor, factor)
            for factor in (*factors, "layers")]


def kv_known(group: LayerGroup, effective_context: int, kv_precision: str) -> dict:
    """What the factors of a group need beside its own numbers."""
    window = LAYER_KINDS[group.kind].window
    return {"tokens": min(effective_context, group.values[group.names[window]]) if window else effective_context,
            "bytes_per_element": exact(KV_PRECISIONS[kv_precision])}


def product(factors: Sequence, known: Mapping) -> Fraction:
    """The value of factors: numbers, names in `known`, and tuples that are sums of names."""
    value = Fraction(1)
    for factor in factors:
        value *= factor if isinstance(factor, int) else sum(known[name] for name in factor) if isinstance(factor, tuple) else known[factor]
    return value


def kv_term(group: LayerGroup, groups: Sequence[LayerGroup], kv_precision: str) -> str:
    """The formula of one layer group: the factors of `product`, written."""
    window = LAYER_KINDS[group.kind].window
    tokens = "min(effective_context, %s)" % group.names[window] if window else "effective_context"
    return " * ".join(tokens if factor == "tokens" else "(%s)" % " + ".join(factor) if isinstance(factor, tuple) else str(factor)
                      for factor in group_factors(group, groups, kv_precision))


def calc_kv_total_tib(kv_per_session_gib: float, concurrency: int) -> float:
    """KV cache in TiB of the whole load."""
    return float(exact(kv_per_session_gib) * concurrency / 1024)


def calc_hbm_total_gib(server: Server) -> float:
    """HBM of one node in GiB: what the driver reports where the catalog knows it, else the brochure's GB."""
    if server.driver_mib_per_gpu:
        return float(exact(server.gpus) * server.driver_mib_per_gpu / 1024)
    return float(exact(server.total_hbm_gb) * GB / GIB)


def calc_engine_gib_per_gpu(model: Model, tensor_parallel: int, max_num_batched_tokens: int = DEFAULT_BATCHED_TOKENS) -> float:
    """GiB the engine takes on each GPU beside weights and KV: activations, memory outside torch, CUDA graphs."""
    activation_gib = exact(ACTIVATION_UNKNOWN_GIB)
    if activation_known(model):
        activation_gib = Fraction(BYTES_PER_LOGIT * LOGIT_ROWS * model.vocab_size
                                  + LIVE_HIDDEN_STATES_BYTES * max_num_batched_tokens * model.hidden_size, GIB)
    return float(activation_gib + exact(non_torch_gib(tensor_parallel)) + exact(CUDA_GRAPH_GIB) + exact(calc_rope_cache_gib(model)))


def calc_weights_gib(model: Model, weights_precision: str) -> float | None:
    """GiB of the weights at a precision: what is never quantized, and a vision tower, in 16 bits; None where a count is unknown."""
    if model.total_params is None or model.unquantized_params is None:
        return None
    kept = model.unquantized_params + (model.vision_params or 0)
    quantized = model.total_params - model.unquantized_params
    return float((quantized * exact(WEIGHT_PRECISIONS[weights_precision]) + kept * UNQUANTIZED_BYTES) / GIB)


def with_weights(model: Model, weights_precision: str | None) -> Model:
    """`model` with weights of a precision: as stated where it is the stated one, else computed; raises SizingError."""
    precision = weights_precision or model.weights_precision
    if precision is None or (precision == model.weights_precision and model.weights_gib is not None):
        return model
    weights_gib = calc_weights_gib(model, precision)
    if weights_gib is None:
        if weights_precision is None:
            return model
        raise SizingError("weights_precision: %s states %s weights and not total_params and unquantized_params, which other precisions need"
                          % (model.name, model.weights_precision or "no"))
    mtp_gib = float(exact(model.mtp_params or 0) * exact(WEIGHT_PRECISIONS[precision]) / GIB)
    return replace(model, weights_precision=precision, weights_gib=weights_gib, checkpoint_gib=weights_gib + mtp_gib, weights_origin="computed")


def calc_rope_cache_gib(model: Model) -> float:
    """GiB of rotary tables that each GPU keeps, for the model's whole maximum context; 0 where the stated weights include them.

    Two bytes per rotary element and position, as vLLM builds them (and logs them among the weights): Llama-4-Scout, 10 million
    positions, 53.12 GiB logged per GPU, 50.2 without; Gemma-3-4B, linear scaling by 8, 8.58 logged, 8.0 without.
    """
    if model.weights_origin is None:
        return 0.0
    width = max([group.values[group.names[name]] for group in layer_groups(model) for name in ("head_dim", "qk_rope_head_dim")
                 if name in group.names], default=0)
    return float(Fraction(2 * (model.rope_positions or model.max_position_embeddings) * width, GIB))


def activation_known(model: Model) -> bool:
    """Whether the activations of `model` can be computed."""
    return model.vocab_size is not None and model.hidden_size is not None


def non_torch_gib(tensor_parallel: int) -> float:
    """GiB per GPU that torch does not allocate."""
    return NON_TORCH_TENSOR_PARALLEL_GIB if tensor_parallel > 1 else NON_TORCH_ONE_GPU_GIB


# A replica spreads each layer over `tensor_parallel` GPUs, and its layers over `pipeline_parallel` such groups. With
# `attention_ranks` above 1 attention runs data-parallel: each rank keeps its own sessions and a copy of all but the experts.
Layout = namedtuple("Layout", "tensor_parallel pipeline_parallel attention_ranks")


def whole_node(server: Server) -> Layout:
    """One replica over all GPUs of the node."""
    return Layout(server.gpus, 1, 1)


def calc_layer_share(model: Model, layout: Layout) -> Fraction:
    """Share of the layers in the largest pipeline stage."""
    return Fraction(share_out(model.num_layers, layout.pipeline_parallel), model.num_layers)


def calc_shared_weights_gib(model: Model) -> float:
    """Weights outside the routed experts, which each data-parallel attention rank holds a copy of."""
    expert_bytes = model.moe_layers * model.num_experts * model.expert_params * exact(WEIGHT_PRECISIONS[model.weights_precision])
    return float(max(Fraction(0), exact(model.weights_gib) - expert_bytes / GIB))


def calc_runtime_overhead_gib(model: Model, server: Server, given_overhead_gib: float | None = None, *,
                              layout: Layout | None = None, max_num_batched_tokens: int = DEFAULT_BATCHED_TOKENS) -> float:
    """GiB per node that are not KV: what the user gives, else weights and engine, else a fixed figure (weights unknown)."""
    if given_overhead_gib is not None:
        return given_overhead_gib
    if model.weights_gib is None:
        return float(OVERHEAD_UNKNOWN_WEIGHTS_GIB)
    layout = layout or whole_node(server)
    engine_gib = exact(calc_engine_gib_per_gpu(model, layout.tensor_parallel, max_num_batched_tokens))
    return float(calc_weights_per_node_gib(model, server, layout) + server.gpus * engine_gib)


def calc_weights_per_node_gib(model: Model, server: Server, layout: Layout) -> Fraction:
    """GiB of weights on a node: one copy per replica, or the part of its pipeline stages; a copy of what attention ranks do not share."""
    weights_gib = exact(model.weights_gib)
    if layout.attention_ranks > 1:
        weights_gib += (layout.attention_ranks - 1) * exact(calc_shared_weights_gib(model))
    return server.gpus // layout.tensor_parallel * weights_gib * calc_layer_share(model, layout)


def calc_kv_budget_gib(hbm_total_gib: float, kv_budget_ratio: float, runtime_overhead_gib: float) -> float:
    """GiB per node left for KV; negative when weights and engine alone exceed the engine's share."""
    return float(exact(hbm_total_gib) * exact(kv_budget_ratio) - exact(runtime_overhead_gib))


def calc_kv_per_session_placed_gib(model: Model, effective_context: int, kv_precision: str, layout: Layout) -> float:
    """GiB one session takes on all ranks of a replica together, copies included."""
    ranks = 1 if layout.attention_ranks > 1 else layout.tensor_parallel
    context = min(effective_context, model.max_position_embeddings)
    return float(sum(calc_group_bytes(model, context, kv_precision, ranks).values()) / GIB)


def calc_sessions_per_replica(kv_budget_gib: float, kv_per_session_placed_gib: float, stages_per_node: int = 1,
                              layer_share: Fraction = Fraction(1), attention_ranks: int = 1) -> int:
    """Sessions whose KV fits one replica: its fullest pipeline stage, or its ranks of data-parallel attention."""
    parts = stages_per_node * attention_ranks
    return attention_ranks * floor(max(exact(0), exact(kv_budget_gib)) / parts / (exact(kv_per_session_placed_gib) * layer_share))


def calc_sessions_per_node(server: Server, kv_per_session_gib: float, kv_budget_ratio: float,
                           runtime_overhead_gib: float, *, replicas_per_node: int = 1) -> int:
    """Sessions whose KV fits one node, 0 when none does; raises SizingError on figures that make no sense.

    >>> calc_sessions_per_node(Server("s", 8, 100.0, 800.0, None, None), 1.0, 0.70, 120.0)
    401
    """
    check_request(kv_budget_ratio=kv_budget_ratio, runtime_overhead_gib=runtime_overhead_gib, kv_per_session_gib=kv_per_session_gib,
                  replicas_per_node=replicas_per_node)
    kv_budget_gib = calc_kv_budget_gib(calc_hbm_total_gib(server), kv_budget_ratio, runtime_overhead_gib)
    return replicas_per_node * calc_sessions_per_replica(kv_budget_gib, kv_per_session_gib, replicas_per_node)


def calc_sessions_with_headroom(concurrency: int, peak_headroom_ratio: float) -> int:
    """Sessions to provide for, peaks included."""
    return ceil(concurrency * (1 + exact(peak_headroom_ratio)))


def calc_nodes_required(concurrency: int, sessions_per_node: int, peak_headroom_ratio: float,
                        ha_mode: str, *, nodes_per_replica: int = 1) -> tuple[int, int, int]:
    """(nodes_minimum, nodes_with_headroom, nodes_final); raises SizingError when a node holds no session.

    With `nodes_per_replica` above 1, `sessions_per_node` is what so many nodes hold together; spares are single nodes.

    >>> calc_nodes_required(100, 10, 0.1, "n+1")
    (10, 11, 12)
    """
    check_request(concurrency=concurrency, peak_headroom_ratio=peak_headroom_ratio, ha_mode=ha_mode, nodes_per_replica=nodes_per_replica)
    if type(sessions_per_node) is not int or sessions_per_node < 1:
        raise SizingError("sessions_per_node: expected a whole number from 1, got %s: no session fits a node"
                          % short(sessions_per_node))
    nodes_minimum = nodes_per_replica * share_out(concurrency, sessions_per_node)
    nodes_with_headroom = nodes_per_replica * share_out(calc_sessions_with_headroom(concurrency, peak_headroom_ratio), sessions_per_node)
    return nodes_minimum, nodes_with_headroom, nodes_with_headroom + HA_MODES[ha_mode]


def calc_max_concurrency(nodes: int, sessions_per_node: int, peak_headroom_ratio: float, ha_mode: str, *, nodes_per_replica: int = 1) -> int:
    """The most sessions for which calc_nodes_required asks for at most `nodes`; 0 when the spares leave none.

    >>> calc_max_concurrency(12, 10, 0.1, "n+1")
    100
    """
    check_request(nodes=nodes, peak_headroom_ratio=peak_headroom_ratio, ha_mode=ha_mode, nodes_per_replica=nodes_per_replica)
    serving = max(0, nodes - HA_MODES[ha_mode]) // nodes_per_replica
    return floor(serving * sessions_per_node / (1 + exact(peak_headroom_ratio)))


def calc_hbm_use(hbm_total_gib: float, kv_budget_ratio: float, kv_budget_gib: float, kv_per_session_placed_gib: float,
                 concurrency: int, nodes_with_headroom: int | None, nodes_per_replica: int = 1, node_share: Fraction = Fraction(1)) -> dict:
    """How a node's HBM is spent when the nominal load runs on the nodes that remain without the spares.

    `node_share` is the share of a session's KV on one node of its replica.
    """
    reserved_gib = float(exact(hbm_total_gib) * (1 - exact(kv_budget_ratio)))
    if nodes_with_headroom is None:
        return {"planned_sessions_per_node": None, "kv_in_use_gib": None, "kv_free_gib": None, "reserved_gib": reserved_gib}
    held = share_out(concurrency * nodes_per_replica, nodes_with_headroom)
    kv_in_use_gib = float(held * exact(kv_per_session_placed_gib) * node_share)
    return {"planned_sessions_per_node": share_out(concurrency, nodes_with_headroom), "kv_in_use_gib": kv_in_use_gib,
            "kv_free_gib": float(exact(kv_budget_gib) - exact(kv_in_use_gib)), "reserved_gib": reserved_gib}


def calc_relative_cost(nodes_final: int | None, recommended_nodes_final: int | None) -> float | None:
    """Cost against the recommended scenario in nodes: 0.5 is half as much again, None where either does not fit."""
    if nodes_final is None or recommended_nodes_final is None:
        return None
    return float(Fraction(nodes_final, recommended_nodes_final) - 1)


def calc_model_load_s(storage: StorageProfile, model: Model) -> float | None:
    """Seconds one node takes to read the checkpoint at the profile's full speed; None when either is unknown."""
    if model.checkpoint_gib is None or storage.throughput_read_gbps is None:
        return None
    return float(exact(model.checkpoint_gib) * GIB / GB / exact(storage.throughput_read_gbps))


# Upper bounds belong to the class; what is above the last one is "extreme".
SCALES = {
    "concurrency": ((100, "low"), (1000, "medium"), (10000, "high")),
    "effective_context": ((16384, "short"), (65536, "medium"), (131072, "long")),
    "kv_per_session_gib": ((0.5, "small"), (2, "medium"), (5, "large")),
    "sessions_per_node": ((100, "low"), (1000, "medium"), (5000, "high")),
    "nodes_final": ((2, "small"), (10, "medium"), (50, "large")),
}


def classify(name: str, value: float | None) -> str | None:
    """The class of `value` on the scale of `name`: an English word, or None when there is no value."""
    if value is None:
        return None
    return next((word for bound, word in SCALES[name] if value <= bound), "extreme")


# === Speed: how fast a session's tokens come, from what a GPU must read, compute and wait for ===

# Fitted 2026-11-22 on 1,149 published serving measurements (InferenceX results shipped with NVIDIA aiconfigurator-core
# 0.12.0, Apache-2.0; H100, H200, B200; vLLM 0.11 to 0.19, TensorRT-LLM 1.0 to 1.3, SGLang 0.5; 2025-12 to 2026-04).
# "set": a round figure, errors of models, GPUs and engines left out of the fit are flat around it; "fitted": by robust least
# squares of log(TPOT), a group of n rows weighing like the root of n.
SPEED = {
    "memory_efficiency": 0.80,          # set: share of the data sheet's HBM bandwidth (aiconfigurator derates by 0.8 too)
    "compute_efficiency": 0.70,         # set: share of dense peak in large matrix products
    "expert_efficiency": 0.20,          # set: of that again, in grouped products of routed experts
    "link_efficiency": 0.50,            # set: share of NVLink bandwidth per direction in an all-reduce
    "all_reduce_latency_ms": 0.006,     # set: one exchange between the GPUs of a replica
    "layer_ms": 0.041,                  # fitted: launches and latencies of one layer's kernels
    "quantizing_layer_ms": 0.010,       # set: scaling activations to 8 or 4 bits before the products, by the share of such weights
    "expert_layer_ms": 0.006,           # fitted: routing and grouped kernels, per MoE layer and expert a token takes (as measured: 4 to 8)
    "widening_layer_ms": 0.050,         # fitted: per MoE layer whose weights the GPU cannot multiply as they are stored
    "small_kernels_layer_ms": 0.010,    # set: latent (MLA) and linear-state layers launch more kernels
    "session_ms": 0.018,                # fitted: scheduling and sampling, per session
}
# tpot_factor: what the engine adds to the whole, fitted. prefill_share: part of the others' prefill that falls between
# one's own tokens; an engine that prefills first lets the rest wait before the first token. committed_factor: expected TPOT x
# this holds for 80 % of the measured points of a model that the fit has not seen (85 to 87 % of those it has).
Engine = namedtuple("Engine", "tpot_factor prefill_share committed_factor")
ENGINES = {
    "generic": Engine(0.965, 1.0, 1.15),
    "vllm": Engine(1.0, 1.0, 1.12),
    "sglang": Engine(0.96, 0.7, 1.30),
    "trtllm": Engine(0.935, 1.0, 1.18),
}
# The precisions in which the matrix products of weights may run, best first: a GPU without one takes the next.
COMPUTE_PRECISIONS = {"bf16": ("bf16",), "fp16": ("bf16",), "fp8": ("fp8", "bf16"), "int8": ("fp8", "bf16"), "int4": ("bf16",),
                      "fp4": ("fp4", "fp8", "bf16"), "nvfp4": ("fp4", "fp8", "bf16"), "mxfp4": ("fp4", "fp8", "bf16")}
INDEX_TOPK = 2048       # tokens a sparse latent layer attends to: index_topk of DeepSeek-V3.2's and GLM-5's config.json
LATENT_HEAD_DIM = 128   # width of an uncompressed MLA key (without RoPE) and value: DeepSeek-V3's and Kimi-K2's config.json


def group_fields(model: Model) -> list[dict]:
    """The layer groups of a model by the plain names of their fields."""
    return [dict({field: group.values[name] for field, name in group.names.items()}, kind=group.kind) for group in layer_groups(model)]


def attention_limit(model: Model, group: dict) -> float:
    """Tokens that a layer of the group attends to at most."""
    if group["kind"] == "latent" and model.attention_pattern == "sparse_latent":
        return INDEX_TOPK
    return group.get("sliding_window") or group.get("attention_chunk_size") or math.inf


def session_terms(model: Model, tensor_parallel: int, context_tokens: float, kv_precision: str) -> dict:
    """What one decode step reads on each GPU and computes for one session: bytes of its cache, operations of its attention.

    Keys and values are split over the GPUs by head, a latent and its index are whole on each; a state is read and written.
    """
    widths = calc_token_bytes(model, kv_precision)
    read = flop = 0.0
    for group in group_fields(model):
        tokens = min(context_tokens, attention_limit(model, group))
        if group["kind"] == "state":
            read += 2 * group["layers"] * group["state_bytes"] / tensor_parallel
        elif group["kind"] != "none":
            read += group["layers"] * float(widths[group["kind"]]) * tokens / min(tensor_parallel, group.get("num_key_value_heads", 1))
        flop += group["layers"] * calc_attention_flop(model, group, True) * tokens
    return {"cache_read_bytes": read, "flop_per_session": flop, "context_tokens": context_tokens}


def cache_read_formula(model: Model) -> str:
    """The formula of `cache_read_bytes`."""
    terms = []
    for group, fields_of in zip(layer_groups(model), group_fields(model)):
        names, limit = group.names, attention_limit(model, fields_of)
        if group.kind == "state":
            terms.append("2 * %s * state_bytes / tensor_parallel" % names["layers"])
        elif group.kind != "none":
            bound = names.get(LAYER_KINDS[group.kind].window or "", "index_topk")
            tokens = "context_tokens" if limit == math.inf else "min(context_tokens, %s)" % bound
            spread = " / min(tensor_parallel, %s)" % names["num_key_value_heads"] if "num_key_value_heads" in names else ""
            terms.append("%s * %s_token_bytes * %s%s" % (names["layers"], group.kind, tokens, spread))
    return "cache_read_bytes = " + " + ".join(terms)


def calc_attention_flop(model: Model, group: dict, decoding: bool) -> float:
    """Operations of one layer for one token and one token it attends to, all heads; 0 where nothing is attended to."""
    kind = group["kind"]
    if kind == "latent":        # decoding multiplies by the latent itself, a prompt by the keys and values unpacked from it
        width = 2 * group["kv_lora_rank"] if decoding else 2 * LATENT_HEAD_DIM
        return 2 * model.num_attention_heads * (width + group["qk_rope_head_dim"])
    if kind in ("index", "state", "none"):
        return 0
    return 2 * model.num_attention_heads * (group["head_dim"] + (group.get("v_head_dim") or group["head_dim"]))


def compute_precision(server: Server, weights_precision: str) -> str | None:
    """The precision of the matrix products: the first that suits the weights and whose speed the catalog knows."""
    return next((name for name in COMPUTE_PRECISIONS[weights_precision] if getattr(server, "dense_tflops_" + name)), None)


def speed_unknowns(model: Model, server: Server, tensor_parallel: int | None = None) -> list[str]:
    """Names of the figures without which nothing can be said about speed; empty when all are known."""
    needed = ["total_params", "active_params", "hidden_size", "num_attention_heads", "vocab_size", "embedding_params"]
    if model.num_experts or (model.total_params and model.active_params and model.active_params < model.total_params):
        needed += EXPERT_FIELDS
    figures = ["hbm_bandwidth_per_gpu_tbps", "dense_tflops_bf16"]
    if (tensor_parallel or server.gpus) > 1:
        figures.append("nvlink_bandwidth_tbps")
    return [name for name in needed if getattr(model, name) is None] + [name for name in figures if getattr(server, name) is None]


SPEED_BOUNDS = {name: Bound(float, low, 10**9, closed, "") for name, low, closed in (
    ("sessions_per_replica", 1, True), ("context_tokens", 1, True), ("prompt_tokens", 1, True), ("input_tokens", 1, True),
    ("output_tokens", 1, True), ("tpot_target_ms", 0, False), ("tpot_factor", 0, False))}
SPEED_BOUNDS["prefix_cache_hit_ratio"] = BOUNDS["prefix_cache_hit_ratio"]
SPEED_CHOICES: dict[str, Iterable[str]] = {"kv_precision": KV_PRECISIONS, "weights_precision": WEIGHT_PRECISIONS, "engine": ENGINES}


def check_speed(model: Model, server: Server, tensor_parallel, **values) -> None:
    """Raise SizingError naming the argument that is wrong, or the figures of model and server that are missing."""
    sizes = divisors(server.gpus)
    if type(tensor_parallel) is not int or tensor_parallel not in sizes:
        raise SizingError("tensor_parallel: expected one of %s (they divide the %d GPUs of %s), got %r"
                          % (", ".join(map(str, sizes)), server.gpus, server.name, tensor_parallel))
    for name, value in values.items():
        try:
            if name in SPEED_CHOICES:
                check_choice(value, SPEED_CHOICES[name])
            else:
                check_number(value, SPEED_BOUNDS[name])
        except SizingError as error:
            raise SizingError("%s: %s" % (name, error)) from None
    unknown = speed_unknowns(model, server, tensor_parallel)
    if unknown:
        raise SizingError("speed of %s on %s: not known without %s" % (model.name, server.name, ", ".join(unknown)))


# A pass of the model over `tokens`: one of each session (decoding), or those of a prompt (prefill). Formulas of the terms of
# `calc_pass`, in its order; GB per TB/s and TFLOP per 1000 TFLOPS are ms.
PASS_FORMULAS = {
    "routed_params": "num_experts * expert_params * moe_layers",
    "expert_coverage": "1 - (1 - num_experts_per_tok / num_experts) ** tokens",
    "weights_read_gb": "(2 * bf16_params + bytes_per_weight * (quantized_params + routed_params * expert_coverage)) / 10**9",
    "memory_ms": "(weights_read_gb / tensor_parallel + cache_read_gb) / (hbm_bandwidth_per_gpu_tbps * memory_efficiency)",
    "bf16_tflop": "(2 * tokens * bf16_active_params + attention_flop) / 10**12",
    "quantized_tflop": "2 * tokens * quantized_params / 10**12",
    "routed_tflop": "2 * tokens * num_experts_per_tok * expert_params * moe_layers / 10**12",
    "compute_ms": "1000 * (bf16_tflop / dense_tflops_bf16 + (quantized_tflop + routed_tflop / expert_efficiency) / dense_tflops)"
                  " / (tensor_parallel * compute_efficiency)",
    "layers_ms": "num_layers * (layer_ms + quantizing_layer_ms * quantized_params / (quantized_params + bf16_params))"
                 " + moe_layers * (min(max(num_experts_per_tok, 4), 8) * expert_layer_ms + widened * widening_layer_ms)"
                 " + small_kernels_layers * small_kernels_layer_ms",
    "message_ms": "2 * tokens * hidden_size / 10**9 / (link_tbps * link_efficiency)",
    "all_reduce_ms": "2 * num_layers * min(all_reduce_latency_ms + (tensor_parallel - 1) * message_ms,"
                     " 2 * all_reduce_latency_ms + 2 * (tensor_parallel - 1) / tensor_parallel * message_ms) * min(1, tensor_parallel - 1)",
}
# What differs between the two passes: as it stands for decoding, with `prefill_` before it for a prompt.
PASS_OWN = ("tokens", "expert_coverage", "weights_read_gb", "memory_ms", "bf16_tflop", "quantized_tflop", "routed_tflop", "compute_ms",
            "message_ms", "all_reduce_ms", "cache_read_gb", "attention_flop", "bf16_active_params")


def pass_formula(name: str, prefix: str = "") -> str:
    """`name = expression` of a term of PASS_FORMULAS, decoding or (`prefill_`) for a prompt."""
    own = {word: prefix + word for word in PASS_OWN}
    own["tokens"] = prefix + "tokens" if prefix else "active_sessions"
    return re.sub(r"[a-z_]\w*", lambda found: own.get(found[0], found[0]), "%s = %s" % (name, PASS_FORMULAS[name]))


SPEED_FORMULAS = {
    "cache_read_gb": "active_sessions * cache_read_bytes / 10**9",
    "decode_step_ms": "max(memory_ms, compute_ms) + layers_ms + all_reduce_ms + active_sessions * session_ms",
    "prefill_ms": "max(prefill_memory_ms, prefill_compute_ms) + layers_ms + prefill_all_reduce_ms",
    "tpot_expected_ms": "tpot_factor * (decode_step_ms + prefill_share * (active_sessions - 1) * prefill_ms / output_tokens)",
}


def speed_inputs(model: Model, server: Server, tensor_parallel: int, weights_precision: str) -> dict:
    """What every pass of a replica has in common, by the names of PASS_FORMULAS."""
    bytes_per_weight, compute = WEIGHT_PRECISIONS[weights_precision], compute_precision(server, weights_precision)
    experts = model.num_experts or 1                     # a dense model has one expert that nothing is routed to
    per_token, layers, size = (getattr(model, name) or 0 for name in ("num_experts_per_tok", "moe_layers", "expert_params"))
    head_params = model.hidden_size * model.vocab_size
    fixed_params = model.total_params - experts * size * layers - model.embedding_params
    kept_params = head_params if model.unquantized_params is None else max(0, model.unquantized_params - model.embedding_params)
    if kept_params < head_params:                        # no head among the unquantised: it is the embedding table, read after all
        fixed_params, kept_params = fixed_params + head_params, kept_params + head_params
    bf16_params = fixed_params if bytes_per_weight == 2 else min(kept_params, fixed_params)
    return dict(
        SPEED, num_layers=model.num_layers, hidden_size=model.hidden_size, head_params=head_params, bf16_params=bf16_params,
        quantized_params=fixed_params - bf16_params, num_experts=experts, num_experts_per_tok=per_token, moe_layers=layers,
        expert_params=size, bytes_per_weight=bytes_per_weight,
        widened=int(int(WEIGHT_PRECISIONS[compute]) > int(bytes_per_weight)),    # whole bytes (0: 4 bits)
        small_kernels_layers=sum(g["layers"] for g in group_fields(model) if g["kind"] in ("latent", "state")),
        tensor_parallel=tensor_parallel, hbm_bandwidth_per_gpu_tbps=server.hbm_bandwidth_per_gpu_tbps,
        dense_tflops_bf16=server.dense_tflops_bf16, dense_tflops=getattr(server, "dense_tflops_" + compute),
        link_tbps=(server.nvlink_bandwidth_tbps or 1) / server.gpus / 2)             # without one nothing crosses: all_reduce_ms is 0


def calc_pass(inputs: dict, tokens: float, cache_read_gb: float, bf16_active_params: float, attention_flop: float) -> dict:
    """The terms of PASS_FORMULAS with their inputs."""
    t = SimpleNamespace(tokens=tokens, cache_read_gb=cache_read_gb, bf16_active_params=bf16_active_params, attention_flop=attention_flop, **inputs)
    gpus = t.tensor_parallel
    t.routed_params = t.num_experts * t.expert_params * t.moe_layers
    t.expert_coverage = 1 - (1 - t.num_experts_per_tok / t.num_experts) ** tokens
    t.weights_read_gb = (2 * t.bf16_params + t.bytes_per_weight * (t.quantized_params + t.routed_params * t.expert_coverage)) / 10**9
    t.memory_ms = (t.weights_read_gb / gpus + cache_read_gb) / (t.hbm_bandwidth_per_gpu_tbps * t.memory_efficiency)
    t.bf16_tflop = (2 * tokens * bf16_active_params + attention_flop) / 10**12
    t.quantized_tflop = 2 * tokens * t.quantized_params / 10**12
    t.routed_tflop = 2 * tokens * t.num_experts_per_tok * t.expert_params * t.moe_layers / 10**12
    t.compute_ms = (1000 * (t.bf16_tflop / t.dense_tflops_bf16 + (t.quantized_tflop + t.routed_tflop / t.expert_efficiency) / t.dense_tflops)
                    / (gpus * t.compute_efficiency))
    t.layers_ms = (t.num_layers * (t.layer_ms + t.quantizing_layer_ms * t.quantized_params / (t.quantized_params + t.bf16_params))
                   + t.moe_layers * (min(max(t.num_experts_per_tok, 4), 8) * t.expert_layer_ms + t.widened * t.widening_layer_ms)
                   + t.small_kernels_layers * t.small_kernels_layer_ms)
    t.message_ms = 2 * tokens * t.hidden_size / 10**9 / (t.link_tbps * t.link_efficiency)
    t.all_reduce_ms = (2 * t.num_layers * min(t.all_reduce_latency_ms + (gpus - 1) * t.message_ms,
                                              2 * t.all_reduce_latency_ms + 2 * (gpus - 1) / gpus * t.message_ms) * min(1, gpus - 1))
    return vars(t)


def decode_terms(inputs: dict, session: dict, sessions_per_replica: float) -> dict:
    """The terms of a decode step with their inputs; `session` is what session_terms gives."""
    terms = calc_pass(inputs, sessions_per_replica, sessions_per_replica * session["cache_read_bytes"] / 10**9, inputs["bf16_params"],
                      sessions_per_replica * session["flop_per_session"])
    step_ms = max(terms["memory_ms"], terms["compute_ms"]) + terms["layers_ms"] + terms["all_reduce_ms"] + sessions_per_replica * terms["session_ms"]
    return dict(terms, **session, active_sessions=sessions_per_replica, decode_step_ms=step_ms)


def prefill_terms(model: Model, inputs: dict, prompt_tokens: float, prefix_cache_hit_ratio: float = 0.0) -> dict:
    """The terms of one prompt's prefill with their inputs; what the prefix cache holds is attended to, not computed."""
    cached = prompt_tokens * prefix_cache_hit_ratio
    tokens = max(1, prompt_tokens - cached)              # the last token is always computed
    pairs = (prompt_tokens**2 - cached**2) / 2
    flop = sum(g["layers"] * calc_attention_flop(model, g, False) * min(pairs, tokens * attention_limit(model, g)) for g in group_fields(model))
    terms = calc_pass(inputs, tokens, 0, inputs["bf16_params"] - inputs["head_params"], flop)      # only the last token needs the head
    return dict(terms, prefill_ms=max(terms["memory_ms"], terms["compute_ms"]) + terms["layers_ms"] + terms["all_reduce_ms"])


def tpot_terms(inputs: dict, session: dict, prefill: dict, sessions_per_replica: float, output_tokens: float, engine: str,
               tpot_factor: float | None) -> dict:
    """The terms of the time per output token with their inputs."""
    terms = decode_terms(inputs, session, sessions_per_replica)
    factor, share, prefill_ms = tpot_factor or ENGINES[engine].tpot_factor, ENGINES[engine].prefill_share, prefill["prefill_ms"]
    return dict(terms, tpot_factor=factor, prefill_share=share, prefill_ms=prefill_ms, prefill=prefill, output_tokens=output_tokens,
                tpot_ms=factor * (terms["decode_step_ms"] + share * (sessions_per_replica - 1) * prefill_ms / output_tokens))


def calc_decode_step_ms(model: Model, server: Server, sessions_per_replica: float, context_tokens: float, *, tensor_parallel: int,
                        kv_precision: str, weights_precision: str) -> float:
    """Milliseconds of one decode step of a replica, one token for each of its sessions; raises SizingError."""
    check_speed(model, server, tensor_parallel, sessions_per_replica=sessions_per_replica, context_tokens=context_tokens,
                kv_precision=kv_precision, weights_precision=weights_precision)
    inputs = speed_inputs(model, server, tensor_parallel, weights_precision)
    return decode_terms(inputs, session_terms(model, tensor_parallel, context_tokens, kv_precision), sessions_per_replica)["decode_step_ms"]


def calc_prefill_ms(model: Model, server: Server, prompt_tokens: float, *, tensor_parallel: int, weights_precision: str) -> float:
    """Milliseconds one prompt takes on an idle replica: the floor of the time to the first token; raises SizingError."""
    check_speed(model, server, tensor_parallel, prompt_tokens=prompt_tokens, weights_precision=weights_precision)
    return prefill_terms(model, speed_inputs(model, server, tensor_parallel, weights_precision), prompt_tokens)["prefill_ms"]


def tpot_at(model: Model, server: Server, input_tokens: float, output_tokens: float, *, tensor_parallel: int, kv_precision: str,
            weights_precision: str, engine: str, prefix_cache_hit_ratio: float, context_tokens: float | None,
            tpot_factor: float | None = None) -> Callable[[float], dict]:
    """The function from sessions per replica to the terms of their time per output token; raises SizingError."""
    given = {name: value for name, value in (("context_tokens", context_tokens), ("tpot_factor", tpot_factor)) if value is not None}
    check_speed(model, server, tensor_parallel, input_tokens=input_tokens, output_tokens=output_tokens, kv_precision=kv_precision,
                weights_precision=weights_precision, engine=engine, prefix_cache_hit_ratio=prefix_cache_hit_ratio, **given)
    inputs = speed_inputs(model, server, tensor_parallel, weights_precision)
    prefill = prefill_terms(model, inputs, input_tokens, prefix_cache_hit_ratio)
    context = input_tokens + output_tokens / 2 if context_tokens is None else context_tokens
    session = session_terms(model, tensor_parallel, context, kv_precision)
    return lambda sessions: tpot_terms(inputs, session, prefill, sessions, output_tokens, engine, tpot_factor)


def calc_tpot_ms(model: Model, server: Server, sessions_per_replica: float, input_tokens: float, output_tokens: float, *,
                 tensor_parallel: int, kv_precision: str, weights_precision: str, engine: str = "generic",
                 prefix_cache_hit_ratio: float = 0.0, context_tokens: float | None = None) -> float:
    """Expected milliseconds per output token of each session under continuous batching; raises SizingError.

    `context_tokens` is what a session attends to while decoding: input + output / 2 when not given.
    """
    check_speed(model, server, tensor_parallel, sessions_per_replica=sessions_per_replica)
    return tpot_at(model, server, input_tokens, output_tokens, tensor_parallel=tensor_parallel, kv_precision=kv_precision,
                   weights_precision=weights_precision, engine=engine, prefix_cache_hit_ratio=prefix_cache_hit_ratio,
                   context_tokens=context_tokens)(sessions_per_replica)["tpot_ms"]


def calc_sessions_at_tpot(model: Model, server: Server, tpot_target_ms: float, input_tokens: float, output_tokens: float, *,
                          tensor_parallel: int, kv_precision: str, weights_precision: str, engine: str = "generic",
                          prefix_cache_hit_ratio: float = 0.0, context_tokens: float | None = None, tpot_factor: float | None = None,
                          margin: float = 1.0) -> int:
    """The most sessions per replica whose time per output token, times `margin`, holds the target; 0 when not even one does.

    `tpot_factor` is a measured one instead of the engine's. Raises SizingError.
    """
    check_speed(model, server, tensor_parallel, tpot_target_ms=tpot_target_ms)
    at = tpot_at(model, server, input_tokens, output_tokens, tensor_parallel=tensor_parallel, kv_precision=kv_precision,
                 weights_precision=weights_precision, engine=engine, prefix_cache_hit_ratio=prefix_cache_hit_ratio,
                 context_tokens=context_tokens, tpot_factor=tpot_factor)
    return largest_from_below(BOUNDS["concurrency"].high, lambda sessions: at(sessions)["tpot_ms"] * margin <= tpot_target_ms)


# === Plan: the only place that calls several calculations ===

# kv_budget_ratio and peak_headroom_ratio follow from the configured value `c` of each.
Scenario = namedtuple("Scenario", "key name ha_mode headroom budget use risk typical_sla")
IDEAL_HEADROOM = 0.30                                    # the three scenarios' figures: the user's specification
IDEAL_BUDGET = 0.65
SCENARIOS = (
    Scenario("minimum", Text("MÍNIMO", "MINIMUM"), "none", lambda c: 0.0, lambda c: c,
             Text("PoC, desenvolvimento, testes", "PoC, development, tests"),
             Text("alto: qualquer falha derruba o serviço", "high: any failure is downtime"),
             Text("nenhum", "none")),
    Scenario("recommended", Text("RECOMENDADO", "RECOMMENDED"), "n+1", lambda c: c, lambda c: c,
             Text("produção", "production"),
             Text("equilibrado: tolera a falha de um nó", "balanced: one node may fail"),
             Text("99,9 %", "99.9 %")),
    Scenario("ideal", Text("IDEAL", "IDEAL"), "n+2", lambda c: max(IDEAL_HEADROOM, c), lambda c: min(IDEAL_BUDGET, c),
             Text("missão crítica", "mission-critical"),
             Text("baixo: tolera a falha de dois nós", "low: two nodes may fail"),
             Text("99,99 % ou mais", "99.99 % or more")),
)


# Time in the queue and the prefill before the first token, as a multiple of the prefill alone: 1.8 is the default of NVIDIA
# aiconfigurator, 5.5 a Poisson load at 90 % of capacity (Kingman's formula).
TTFT_BAND = (1.8, 5.5)
MEASURED_SESSIONS = 512                                  # per replica: what the calibration reaches


def has_target(speed: SpeedRequest) -> bool:
    """Whether sessions must come at some speed."""
    return speed.tpot_ms is not None or speed.ttft_ms is not None


def speed_missing(model: Model, server: Server, layout: Layout) -> list[str]:
    """Why the speed of a layout is not known; empty when it is."""
    missing = speed_unknowns(model, server, layout.tensor_parallel)
    missing += ["weights_precision"] * (model.weights_precision is None)
    return missing + [name for name, (outside, _) in OUTSIDE_SPEED.items() if outside(server, layout)]


# What the constants were not measured on: condition, and words.
OUTSIDE_SPEED = {
    "measurements_on_amd": (lambda server, layout: server.gpu_interconnect == "infinity_fabric",
                            Text("medições em GPUs AMD", "measurements on AMD GPUs")),
    "measurements_over_pcie": (lambda server, layout: server.gpu_interconnect == "pcie" and layout.tensor_parallel > 1,
                               Text("medições com GPUs ligadas por PCIe", "measurements of GPUs connected over PCIe")),
    "measurements_of_pipeline_parallel": (lambda server, layout: layout.pipeline_parallel > 1,
                                          Text("medições de pipeline parallel", "measurements of pipeline parallel")),
    "measurements_of_data_parallel_attention": (lambda server, layout: layout.attention_ranks > 1,
                                                Text("medições de atenção em paralelo de dados", "measurements of data-parallel attention")),
}


def missing_words(missing: Sequence[str]) -> Text:
    """What speed lacks, in words: names of figures as they are."""
    named = [OUTSIDE_SPEED[name][1] if name in OUTSIDE_SPEED else Text(name, name) for name in missing]
    return Text(*(", ".join(getattr(text, lang) for text in named) for lang in LANGUAGES))


def speed_at(model: Model, server: Server, layout: Layout, effective_context: int, kv_precision: str,
             speed: SpeedRequest) -> tuple[Callable[[float], dict], float]:
    """(sessions generating on a replica -> terms of their time per token, committed over expected time)."""
    known = {"tensor_parallel": layout.tensor_parallel, "kv_precision": kv_precision, "weights_precision": model.weights_precision,
             "engine": speed.engine, "prefix_cache_hit_ratio": speed.prefix_cache_hit_ratio,
             "context_tokens": min(effective_context, model.max_position_embeddings)}
    if speed.measured_tpot_ms is None:
        return tpot_at(model, server, speed.input_tokens, speed.output_tokens, **known), ENGINES[speed.engine].committed_factor
    unscaled = tpot_at(model, server, speed.input_tokens, speed.output_tokens, tpot_factor=1, **known)
    factor = speed.measured_tpot_ms / unscaled(speed.measured_sessions)["tpot_ms"]
    return tpot_at(model, server, speed.input_tokens, speed.output_tokens, tpot_factor=factor, **known), 1.0


def calc_sessions_at_target(model: Model, server: Server, layout: Layout, effective_context: int, kv_precision: str,
                          speed: SpeedRequest) -> int | None:
    """Sessions of a replica, of which `active_ratio` generate at once, that hold the targets with their committed figures.

    None where there is no target, or none on TPOT and the prefill holds that on TTFT; 0 where speed is not known.
    """
    if not has_target(speed):
        return None
    if speed_missing(model, server, layout):
        return 0
    at, margin = speed_at(model, server, layout, effective_context, kv_precision, speed)
    if speed.ttft_ms is not None and at(1)["prefill_ms"] * margin > speed.ttft_ms:
        return 0
    if speed.tpot_ms is None:
        return None
    return largest_from_below(BOUNDS["concurrency"].high,
                              lambda sessions: at(max(1, sessions * speed.active_ratio))["tpot_ms"] * margin <= speed.tpot_ms)


def calc_speed(plan: SizingResult, layout: Layout, speed: SpeedRequest) -> dict:
    """The terms of speed at the planned load: the nominal load on the nodes that remain when the spares are lost."""
    at, margin = speed_at(plan.model, plan.server, layout, plan.effective_context, plan.kv_precision, speed)
    serving = plan.nodes_with_headroom * plan.replicas_per_node
    planned = share_out(plan.concurrency * plan.nodes_per_replica, serving)
    terms = at(max(1, planned * speed.active_ratio))
    tpot_ms, prefill_ms = terms["tpot_ms"], terms["prefill_ms"]
    prefill = {"prefill_" + name: value for name, value in terms["prefill"].items() if name in PASS_OWN}
    return dict(terms, **prefill, tpot_expected_ms=tpot_ms, tpot_committed_ms=tpot_ms * margin, committed_factor=margin,
                planned_sessions_per_replica=planned, ttft_band_low=TTFT_BAND[0], ttft_band_high=TTFT_BAND[1],
                tokens_per_s_per_session=1000 / tpot_ms,
                tokens_per_s_per_node=1000 / tpot_ms * plan.planned_sessions_per_node * speed.active_ratio,
                requests_per_s=1000 * plan.concurrency * speed.active_ratio / (prefill_ms + speed.output_tokens * tpot_ms),
                ttft_low_ms=prefill_ms * TTFT_BAND[0], ttft_high_ms=prefill_ms * TTFT_BAND[1])


# Why a layout cannot be built.
REFUSALS = {
    "heads_not_divisible": Text("cabeças de atenção ({num_attention_heads}) não divisíveis", "attention heads ({num_attention_heads}) not divisible"),
    "kv_heads_not_divisible": Text("cabeças KV não dividem nem são divididas", "KV heads neither divide nor are divided"),
    "weights_do_not_fit": Text("os pesos não cabem em uma réplica", "the weights do not fit a replica"),
    "no_session_fits": Text("nenhuma sessão cabe ao lado dos pesos", "no session fits beside the weights"),
    "speed_not_known": Text("velocidade desconhecida nesta disposição", "speed is not known for this layout"),
    "target_missed": Text("nem uma sessão cumpre a meta de velocidade", "not even one session holds the speed target"),
}
LAYOUT_FIELDS = ("tensor_parallel", "pipeline_parallel", "attention_ranks", "stages_per_node", "replicas_per_node", "nodes_per_replica",
                 "engine_gib_per_gpu", "runtime_overhead_gib", "kv_budget_gib", "kv_per_session_placed_gib", "memory_sessions_per_replica",
                 "memory_sessions_per_node", "speed_sessions_per_replica", "speed_sessions_per_node", "sessions_per_replica", "sessions_per_node",
                 "binding_limit", "refused")


def divisors(number: int) -> list[int]:
    """The whole numbers that divide `number`, ascending."""
    return [size for size in range(1, number + 1) if number % size == 0]


def refusal(model: Model, tensor_parallel: int) -> str | None:
    """Why the layers of `model` cannot be spread over so many GPUs, a key of REFUSALS; None when they can."""
    if model.num_attention_heads and model.num_attention_heads % tensor_parallel:
        return "heads_not_divisible"
    heads = [group.values[group.names["num_key_value_heads"]] for group in layer_groups(model) if "num_key_value_heads" in group.names]
    return "kv_heads_not_divisible" if any(count % tensor_parallel and tensor_parallel % count for count in heads) else None


def calc_layout(model: Model, server: Server, layout: Layout, effective_context: int, kv_precision: str, kv_budget_ratio: float,
                given_overhead_gib: float | None, max_num_batched_tokens: int, speed: SpeedRequest) -> dict:
    """Every number of one layout, by LAYOUT_FIELDS."""
    per_replica = layout.tensor_parallel * layout.pipeline_parallel
    overhead_gib = calc_runtime_overhead_gib(model, server, given_overhead_gib, layout=layout, max_num_batched_tokens=max_num_batched_tokens)
    stages, share = server.gpus // layout.tensor_parallel, calc_layer_share(model, layout)
    budget_gib = calc_kv_budget_gib(calc_hbm_total_gib(server), kv_budget_ratio, overhead_gib)
    placed_gib = calc_kv_per_session_placed_gib(model, effective_context, kv_precision, layout)
    replicas, nodes = max(1, server.gpus // per_replica), share_out(per_replica, server.gpus)
    by_memory = calc_sessions_per_replica(budget_gib, placed_gib, stages, share, layout.attention_ranks)
    by_speed = calc_sessions_at_target(model, server, layout, effective_context, kv_precision, speed)
    allowed = {"memory": by_memory} if by_speed is None else {"memory": by_memory, "speed": by_speed}
    binding_limit = min(allowed, key=lambda name: allowed[name])
    sessions = allowed[binding_limit]
    refused = "weights_do_not_fit" if budget_gib < 0 else "no_session_fits" if not by_memory else \
        "speed_not_known" if speed_missing(model, server, layout) else "target_missed"
    return dict(layout._asdict(), stages_per_node=stages, layer_share=float(share), replicas_per_node=replicas, nodes_per_replica=nodes,
                engine_gib_per_gpu=calc_engine_gib_per_gpu(model, layout.tensor_parallel, max_num_batched_tokens), runtime_overhead_gib=overhead_gib,
                kv_budget_gib=budget_gib, kv_per_session_placed_gib=placed_gib, memory_sessions_per_replica=by_memory,
                memory_sessions_per_node=replicas * by_memory // nodes,
                active_sessions_at_target=None if by_speed is None else by_speed * speed.active_ratio, speed_sessions_per_replica=by_speed,
                speed_sessions_per_node=None if by_speed is None else replicas * by_speed // nodes, sessions_per_replica=sessions,
                sessions_per_node=replicas * sessions // nodes, binding_limit=binding_limit,
                refused=None if sessions else refused)


# Judgements on replicas that span nodes, which costs speed and loses a whole replica with one node. They are built only where a node
# then holds this many times the sessions of a replica within one node, or where none fits one; on the fewest nodes, and with the
# widest tensor parallel and the fewest stages, that reach this share of the most sessions per node.
SPANNING_GAIN = 8
LEAST_SHARE = Fraction(1, 2)


def per_node(row: Mapping, name: str = "sessions_per_replica") -> Fraction:
    """Sessions of a layout per node, not rounded."""
    return Fraction(row["replicas_per_node"] * row[name], row["nodes_per_replica"])


def calc_layouts(model: Model, server: Server, tensor_parallel: int | str, least_budget_ratio: float, *request) -> list[dict]:
    """The layouts of a model on a server, each evaluated; those that span nodes only where they hold far more (SPANNING_GAIN).

    Whether they do is judged by `least_budget_ratio`, the least kv_budget_ratio of the scenarios: a cluster is built in one way.
    """
    sizes: list = divisors(server.gpus) if tensor_parallel == "auto" else [tensor_parallel]
    usable = [size for size in sizes if refusal(model, size) is None]
    rows = [calc_layout(model, server, Layout(size, 1, 1), *request) for size in usable]
    if model.moe_layers and model.weights_gib and model.weights_precision and any(group.kind == "latent" for group in layer_groups(model)):
        spread = [calc_layout(model, server, Layout(size, 1, size), *request) for size in usable if size > 1]
        rows += [row for row in spread if row["memory_sessions_per_replica"]]
    if not any(row["memory_sessions_per_replica"] for row in rows):
        rows += [calc_layout(model, server, Layout(size, stages, 1), *request) for size in usable
                 for stages in divisors(server.gpus // size)[1:] if stages <= model.num_layers]
    refused = [{"tensor_parallel": size, "pipeline_parallel": 1, "attention_ranks": 1, "sessions_per_node": None,
                "refused": refusal(model, size)} for size in sizes if size not in usable]
    nodes = calc_spanning_nodes(model, server, rows, usable, least_budget_ratio, *request)
    return refused + rows + spanning_layouts(model, server, usable, nodes, *request)


def spanning_layouts(model: Model, server: Server, sizes: Sequence[int], nodes: int, *request) -> list[dict]:
    """The layouts of a replica over so many nodes, one per tensor parallel size that its layers allow; [] on one node."""
    stages = [server.gpus // size * nodes for size in sizes]
    return [calc_layout(model, server, Layout(size, count, 1), *request) for size, count in zip(sizes, stages)
            if nodes > 1 and count <= model.num_layers]


def calc_spanning_nodes(model: Model, server: Server, rows: Sequence[Mapping], sizes: Sequence[int], least_budget_ratio: float, *request) -> int:
    """Nodes that a replica should span, at the least budget; 1 where one node does (see SPANNING_GAIN)."""
    effective_context, kv_precision, _, *others = request
    tight = (effective_context, kv_precision, least_budget_ratio, *others)
    session_gib = calc_kv_per_session_placed_gib(model, effective_context, kv_precision, Layout(1, 1, 1))
    most_ever = calc_hbm_total_gib(server) * least_budget_ratio / session_gib
    at_least = [calc_layout(model, server, Layout(*(row[name] for name in Layout._fields)), *tight) for row in rows]
    held = "sessions_per_replica" if any(row["memory_sessions_per_replica"] for row in at_least) else "memory_sessions_per_replica"

    within = max(per_node(row, held) for row in at_least)
    if SPANNING_GAIN * within > most_ever:               # not even without weights
        return 1

    def most(nodes):
        return max((per_node(row, held) for row in spanning_layouts(model, server, sizes, nodes, *tight)), default=Fraction(0))
    widest = [model.num_layers * size // server.gpus for size in sizes]
    goal = LEAST_SHARE * max(map(most, widest))
    if goal == 0 and least_budget_ratio != request[2]:   # nothing can be placed there at all
        return calc_spanning_nodes(model, server, rows, sizes, request[2], *request)
    if goal == 0 or within >= goal:
        return 1
    nodes = next(nodes for nodes in range(2, max(widest) + 1) if most(nodes) >= goal)
    built = best_layout(spanning_layouts(model, server, sizes, nodes, *tight))
    return nodes if per_node(built, held) >= SPANNING_GAIN * within else 1


def best_layout(rows: Sequence[Mapping]) -> Mapping:
    """The layout to build: most sessions per node; on a tie what memory holds, the widest tensor parallel, no copies of attention.

    Each pipeline stage adds to the time of a token: of those with stages, the widest tensor parallel, then the fewest stages, within
    LEAST_SHARE of the most.
    """
    built = [row for row in rows if "nodes_per_replica" in row]
    best = max(built, key=lambda row: (row["sessions_per_replica"] > 0, row["refused"] != "speed_not_known", per_node(row),
                                       per_node(row, "memory_sessions_per_replica"), row["tensor_parallel"], -row["attention_ranks"]))
    if best["pipeline_parallel"] == 1 or not best["sessions_per_replica"]:
        return best
    return max((row for row in built if row["nodes_per_replica"] == best["nodes_per_replica"] and per_node(row) >= LEAST_SHARE * per_node(best)),
               key=lambda row: (row["tensor_parallel"], -row["pipeline_parallel"]))


# What may limit the sessions of a node: what the summary says of each.
LIMITS = {
    "memory": Text("memória HBM (sessões por nó: {sessions_per_node}; KV por sessão: {kv_per_session_gib} GiB)",
                   "HBM memory (sessions per node: {sessions_per_node}; KV per session: {kv_per_session_gib} GiB)"),
    "speed": Text("velocidade (sessões por nó: {sessions_per_node}; a memória seguraria {memory_sessions_per_node})",
                  "speed (sessions per node: {sessions_per_node}; memory would hold {memory_sessions_per_node})"),
}


def check_tensor_parallel(model: Model, server: Server, tensor_parallel: int | str) -> None:
    """Raise SizingError when `tensor_parallel` is no layout of the model on the server."""
    if tensor_parallel == "auto":
        return
    sizes = [size for size in divisors(server.gpus) if refusal(model, size) is None]
    if type(tensor_parallel) is not int or tensor_parallel not in sizes:
        reason = "%s has %d GPUs" % (server.name, server.gpus)
        if type(tensor_parallel) is int and server.gpus % max(1, tensor_parallel) == 0:
            reason = REFUSALS[refusal(model, tensor_parallel) or ""].en.format_map(Shown(vars(model), "en"))
        raise SizingError("tensor_parallel: expected auto or one of %s, got %s: %s" % (", ".join(map(str, sizes)), short(tensor_parallel), reason))


def check_known_speed(model: Model, server: Server, speed: SpeedRequest, layouts: Sequence[Mapping]) -> None:
    """Raise SizingError when a speed is asked for and memory only holds layouts whose speed is not known."""
    fitting = [row for row in layouts if row.get("memory_sessions_per_replica")]
    missing = [speed_missing(model, server, Layout(*(row[name] for name in Layout._fields))) for row in fitting]
    wanted = [name for name in ("tpot_ms", "ttft_ms", "measured_tpot_ms") if getattr(speed, name) is not None]
    if wanted and fitting and all(missing):
        raise SizingError("%s: the speed of %s on %s, in the layouts that memory holds, is not known without %s"
                          % (wanted[0], model.name, server.name, missing_words(missing[0]).en))


def check_speed_request(model: Model, server: Server, speed: SpeedRequest) -> None:
    """Raise SizingError when a speed is asked for that cannot be known, or a measurement lacks its other half."""
    if (speed.measured_tpot_ms is None) != (speed.measured_sessions is None):
        raise SizingError("measured_tpot_ms, measured_sessions: expected both or none")
    missing = speed_missing(model, server, Layout(1, 1, 1))
    wanted = [name for name in ("tpot_ms", "ttft_ms", "measured_tpot_ms") if getattr(speed, name) is not None]
    if wanted and missing:
        raise SizingError("%s: the speed of %s on %s is not known without %s" % (wanted[0], model.name, server.name, missing_words(missing).en))


def calculate_sizing(model: Model, server: Server, storage: StorageProfile, concurrency: int | None, effective_context: int,
                     kv_precision: str, kv_budget_ratio: float, runtime_overhead_gib: float | None,
                     peak_headroom_ratio: float, ha_mode: str, *, tensor_parallel: int | str = "auto", nodes: int | None = None,
                     max_num_batched_tokens: int = DEFAULT_BATCHED_TOKENS, least_budget_ratio: float | None = None, **speed) -> SizingResult:
    """One scenario, sized; `runtime_overhead_gib` None is computed from weights and engine. Raises SizingError.

    With `nodes` and no `concurrency`, the most sessions those nodes hold; with both, whether they hold them. `speed`: the fields of
    SpeedRequest, each by its name; with `tpot_ms` or `ttft_ms` no more sessions than hold them. `least_budget_ratio` is the least
    kv_budget_ratio of the scenarios that share a layout over nodes.
    """
    arguments = locals()
    arguments.update(arguments.pop("speed"))
    plan = outline(**arguments)
    layout = Layout(*(getattr(plan, name) for name in Layout._fields))
    missing = speed_missing(model, server, layout)
    plan = replace(plan, **calc_bounds(plan, calc_layer_share(model, layout)), speed_missing=missing,
                   speed=None if missing or plan.nodes_final is None else calc_speed(plan, layout, plan.speed_request))
    return replace(plan, warnings=raised(plan))


def outline(model: Model, server: Server, storage: StorageProfile, concurrency: int | None, effective_context: int, kv_precision: str,
            kv_budget_ratio: float, runtime_overhead_gib: float | None, peak_headroom_ratio: float, ha_mode: str, *,
            tensor_parallel: int | str = "auto", nodes: int | None = None, max_num_batched_tokens: int = DEFAULT_BATCHED_TOKENS,
            least_budget_ratio: float | None = None, **speed) -> SizingResult:
    """The plan of calculate_sizing without what no node count needs: engine bounds, speed at the planned load, alerts."""
    asked = SpeedRequest(**speed)
    check_request(effective_context=effective_context, kv_precision=kv_precision, kv_budget_ratio=kv_budget_ratio,
                  peak_headroom_ratio=peak_headroom_ratio, ha_mode=ha_mode, max_num_batched_tokens=max_num_batched_tokens,
                  **{name: value for name, value in dict(speed, concurrency=concurrency, nodes=nodes,
                                                         runtime_overhead_gib=runtime_overhead_gib).items() if value is not None})
    if concurrency is None and nodes is None:
        raise SizingError("concurrency: missing, and no nodes given instead")
    check_tensor_parallel(model, server, tensor_parallel)
    check_speed_request(model, server, asked)
    layouts = calc_layouts(model, server, tensor_parallel, least_budget_ratio or kv_budget_ratio, effective_context, kv_precision,
                           kv_budget_ratio, runtime_overhead_gib, max_num_batched_tokens, asked)
    check_known_speed(model, server, asked, layouts)
    layout = dict(best_layout(layouts))
    layout.pop("refused")
    unit = {"nodes_per_replica": layout["nodes_per_replica"]}
    in_unit = layout["sessions_per_node"] if layout["nodes_per_replica"] == 1 else layout["sessions_per_replica"]
    sessions = concurrency
    if sessions is None:
        sessions = min(BOUNDS["concurrency"].high, calc_max_concurrency(nodes, in_unit, peak_headroom_ratio, ha_mode, **unit))
    counts = calc_nodes_required(sessions, in_unit, peak_headroom_ratio, ha_mode, **unit) if in_unit and sessions else (None,) * 3
    if nodes is not None and counts[2] is not None and counts[2] > nodes:
        counts = (None,) * 3
    hbm_gib, kv_gib = calc_hbm_total_gib(server), calc_kv_per_session_gib(model, effective_context, kv_precision)[0]
    placed = Layout(*(layout[name] for name in Layout._fields))
    share = calc_layer_share(model, placed)
    return SizingResult(
        model, server, storage, sessions, min(effective_context, model.max_position_embeddings), kv_precision,
        kv_budget_ratio, layout.pop("runtime_overhead_gib"), peak_headroom_ratio, ha_mode, kv_per_session_gib=kv_gib,
        kv_total_tib=calc_kv_total_tib(kv_gib, sessions), sessions_per_node=layout.pop("sessions_per_node"), nodes_minimum=counts[0],
        nodes_with_headroom=counts[1], nodes_final=counts[2], warnings=[], requested_context=effective_context, speed_request=asked,
        overhead_origin="given" if runtime_overhead_gib is not None else "computed" if model.weights_gib else "weights_unknown",
        weights_gib=model.weights_gib, hbm_total_gib=hbm_gib, sessions_with_headroom=calc_sessions_with_headroom(sessions, peak_headroom_ratio),
        ha_extra_nodes=HA_MODES[ha_mode], nodes=nodes, max_num_batched_tokens=max_num_batched_tokens, layouts=layouts,
        max_concurrency=calc_max_concurrency(nodes or counts[2], in_unit, peak_headroom_ratio, ha_mode, **unit) if nodes or counts[2] else None,
        **layout, **calc_hbm_use(hbm_gib, kv_budget_ratio, layout["kv_budget_gib"], layout["kv_per_session_placed_gib"], sessions,
                                 counts[1], layout["nodes_per_replica"], share * min(layout["stages_per_node"], placed.pipeline_parallel)))


def calc_bounds(plan: SizingResult, share: Fraction) -> dict:
    """What a session takes by each of the two engine bounds, and the nodes that would mean; `share` of the layers in a stage."""
    in_unit = plan.sessions_per_node if plan.nodes_per_replica == 1 else plan.sessions_per_replica
    known = (plan.model, plan.effective_context, plan.kv_precision, plan.max_num_batched_tokens)
    ranks = 1 if plan.attention_ranks > 1 else plan.tensor_parallel
    pooled_gib = calc_kv_reserved_gib(*known, ranks, batches_in_flight=1, padded=True)
    found = {"kv_pooled_gib": pooled_gib, "engine_max_concurrency": float(
        max(exact(0), exact(plan.kv_budget_gib)) / plan.stages_per_node / (exact(pooled_gib) * share))}
    for name, calc in (("reserved", calc_kv_reserved_gib), ("without_hybrid_manager", calc_kv_without_hybrid_manager_gib)):
        found["kv_%s_gib" % name] = calc(*known)
        placed_gib = calc(*known, ranks)
        if placed_gib is None or plan.nodes_final is None:
            continue
        sessions = calc_sessions_per_replica(plan.kv_budget_gib, placed_gib, plan.stages_per_node, share, plan.attention_ranks)
        sessions = min(in_unit, sessions * plan.replicas_per_node)
        if sessions:
            found["nodes_final_%s" % name] = calc_nodes_required(plan.concurrency, sessions, plan.peak_headroom_ratio, plan.ha_mode,
                                                                 nodes_per_replica=plan.nodes_per_replica)[2]
    return found


def policy_of(scenario: Scenario, request: Mapping) -> dict:
    """`request` (the arguments of calculate_sizing but ha_mode) under the policy of one scenario."""
    return dict(request, ha_mode=scenario.ha_mode, kv_budget_ratio=scenario.budget(request["kv_budget_ratio"]),
                peak_headroom_ratio=scenario.headroom(request["peak_headroom_ratio"]),
                least_budget_ratio=min(each.budget(request["kv_budget_ratio"]) for each in SCENARIOS))


def plan_scenario(scenario: Scenario, request: Mapping) -> SizingResult:
    """The plan of one scenario."""
    policy = policy_of(scenario, request)
    if request["effective_context"] != "max":
        return calculate_sizing(**policy)
    found = longest_context(policy)
    plan = replace(calculate_sizing(**dict(policy, effective_context=found or 1)), max_effective_context=found)
    if found in (None, request["model"].max_position_embeddings):
        return plan
    return replace(plan, nodes_one_token_more=outline(**dict(policy, effective_context=found + 1, nodes=None)).nodes_final)


def longest_context(policy: Mapping) -> int | None:
    """The longest context for which the nodes of a scenario hold its sessions; None where they hold them at no length.

    A longer context may take replicas of more nodes, and these may hold more again: each size of replica is searched by itself.
    """
    def plan_at(tokens):
        return outline(**dict(policy, effective_context=tokens))

    def replica_nodes(tokens):
        plan = plan_at(tokens)
        return plan.nodes_per_replica if plan.sessions_per_replica else math.inf

    def last_of_size(tokens):
        size = replica_nodes(tokens)
        return largest(tokens, top, lambda more: replica_nodes(more) <= size)
    found, low, top = None, 1, policy["model"].max_position_embeddings
    while low <= top and replica_nodes(low) <= policy["nodes"]:
        high = last_of_size(low)
        found = largest(low, high, lambda tokens: plan_at(tokens).nodes_final is not None) or found
        low = high + 1
    return found


def plan_all(request: Mapping) -> dict[str, SizingResult]:
    """Every scenario of `request` by key, each with its cost against the recommended one."""
    plans = {scenario.key: plan_scenario(scenario, request) for scenario in SCENARIOS}
    nodes = plans["recommended"].nodes_final
    return {key: replace(plan, recommended_nodes_final=nodes, relative_cost=calc_relative_cost(plan.nodes_final, nodes))
            for key, plan in plans.items()}


# === Levers: what would make a request fit, each found by running the plan again ===

RATIO_STEPS = 10**4                                      # thresholds are searched in steps of 0.0001
OVERHEAD_STEPS = 10**3                                   # and of 0.001 GiB
SPEED_STEPS = 10**2                                      # and of 0.01 ms


def fits(request: Mapping, scenarios: Sequence[Scenario], **changes) -> bool:
    """Whether `request` with `changes` can be built in all of `scenarios`; where the longest context is asked for, at any length."""
    changed = dict(request, **changes)
    if changed["effective_context"] == "max":
        changed["effective_context"] = 1
    try:
        return all(outline(**policy_of(scenario, changed)).nodes_final is not None for scenario in scenarios)
    except SizingError:                                  # a speed target asks for figures that not every layout has
        return False


def largest(low: int, high: int, good: Callable[[int], bool]) -> int | None:
    """The largest whole number from `low` to `high` that is good, when all below a good one are; None if none is."""
    if low > high or not good(low):
        return None
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if good(middle) else (low, middle - 1)
    return low


def largest_from_below(high: int, good: Callable[[int], bool]) -> int:
    """The largest whole number up to `high` that is good, 0 if none is: doubled from 1, where most answers are small."""
    if not good(1):
        return 0
    low = 1
    while low < high and good(min(high, 2 * low)):
        low = min(high, 2 * low)
    return largest(low, min(high, 2 * low - 1), good) or low


def precision_that_fits(request, scenarios, servers):
    """The widest KV precision below the present one that fits."""
    present = KV_PRECISIONS[request["kv_precision"]]
    for name, width in sorted(KV_PRECISIONS.items(), key=lambda item: -item[1]):
        with suppress(SizingError):                      # not every model can be kept in every precision
            if width < present and fits(request, scenarios, kv_precision=name):
                return name
    return None


def context_that_fits(request, scenarios, servers):
    """The longest context that fits, in tokens."""
    return largest(1, request["effective_context"],
                   lambda tokens: fits(request, scenarios, effective_context=tokens))


def budget_that_fits(request, scenarios, servers):
    """The smallest share of HBM that fits."""
    spare = largest(0, RATIO_STEPS - 1, lambda step: fits(request, scenarios, kv_budget_ratio=(RATIO_STEPS - step) / RATIO_STEPS))
    return None if spare is None else (RATIO_STEPS - spare) / RATIO_STEPS


def overhead_that_fits(request, scenarios, servers):
    """The largest overhead in GiB per node that fits, if the weights find room in it."""
    top = math.ceil(calc_hbm_total_gib(request["server"]) * OVERHEAD_STEPS)
    step = largest(0, min(top, BOUNDS["runtime_overhead_gib"].high * OVERHEAD_STEPS),
                   lambda n: fits(request, scenarios, runtime_overhead_gib=n / OVERHEAD_STEPS))
    return None if step is None or step / OVERHEAD_STEPS < (request["model"].weights_gib or 0) else step / OVERHEAD_STEPS


def server_that_fits(request, scenarios, servers):
    """The server of the catalog with the least HBM that fits."""
    for server in sorted(servers.values(), key=calc_hbm_total_gib):
        with suppress(SizingError):                      # a speed target needs figures that not every server has
            if fits(request, scenarios, server=server, tensor_parallel="auto"):
                return server.name
    return None


def nodes_that_fit(request, scenarios, servers):
    """The fewest nodes that do."""
    spare = largest(0, BOUNDS["nodes"].high - 1, lambda fewer: fits(request, scenarios, nodes=BOUNDS["nodes"].high - fewer))
    return None if spare is None else BOUNDS["nodes"].high - spare


def speed_that_fits(target: str, term: str) -> Callable:
    """The lever of one target: the least figure that fits, in hundredths of a ms; on given nodes by search, else what one session takes."""
    def find(request, scenarios, servers):
        if request["nodes"] is not None:
            top = round(BOUNDS[target].high * SPEED_STEPS)
            spare = largest(0, top - 1, lambda fewer: fits(request, scenarios, **{target: (top - fewer) / SPEED_STEPS}))
            return None if spare is None else (top - spare) / SPEED_STEPS
        model, server, speed = request["model"], request["server"], SpeedRequest(**{name: request[name] for name in SpeedRequest._fields})
        sizes = divisors(server.gpus) if request["tensor_parallel"] == "auto" else [request["tensor_parallel"]]
        layouts = [Layout(size, 1, 1) for size in sizes if refusal(model, size) is None]
        context = 1 if request["effective_context"] == "max" else request["effective_context"]
        found = []
        for layout in layouts:
            if not speed_missing(model, server, layout):
                at, margin = speed_at(model, server, layout, context, request["kv_precision"], speed)
                found.append(math.ceil(at(1)[term] * margin * SPEED_STEPS) / SPEED_STEPS)
        return next((value for value in sorted(found) if fits(request, scenarios, **{target: value})), None)
    return find


def weights_that_fit(request, scenarios, servers):
    """The widest format of the weights below the present one that fits."""
    present = WEIGHT_PRECISIONS[request["model"].weights_precision]
    for name, width in sorted(WEIGHT_PRECISIONS.items(), key=lambda item: -item[1]):
        with suppress(SizingError):
            if width < present and fits(request, scenarios, model=with_weights(request["model"], name)):
                return name
    return None


LEVERS = {"nodes": nodes_that_fit, "tpot_ms": speed_that_fits("tpot_ms", "tpot_ms"), "ttft_ms": speed_that_fits("ttft_ms", "prefill_ms"),
          "weights_precision": weights_that_fit, "kv_precision": precision_that_fits, "effective_context": context_that_fits,
          "kv_budget_ratio": budget_that_fits, "runtime_overhead_gib": overhead_that_fits, "server": server_that_fits}


def find_levers(request: Mapping, plans: Mapping[str, SizingResult], servers: Mapping[str, Server]) -> list[dict]:
    """For each lever alone, the threshold at which each scenario, and `all` of them, would fit; [] when all do.

    A threshold is the present value where the scenario fits already, None where the lever does not help.
    """
    if all(plan.nodes_final is not None for plan in plans.values()):
        return []
    present = dict(request, server=request["server"].name, weights_precision=request["model"].weights_precision,
                   runtime_overhead_gib=plans["recommended"].runtime_overhead_gib)
    groups = dict({scenario.key: (scenario,) for scenario in SCENARIOS}, all=SCENARIOS)
    if request["effective_context"] == "max":
        present["effective_context"] = None
    levers = {name: find for name, find in LEVERS.items() if present.get(name) is not None}
    return [{"lever": name, "flag": flag(name), "current": present[name],
             "thresholds": {key: present[name] if fits(request, group) else find(request, group, servers)
                            for key, group in groups.items()}}
            for name, find in levers.items()]


# === Alerts: one row each; conditions know no language ===

# `scope` says what the condition needs: kv (model, requested_context, kv_precision), storage (storage, model,
# effective_context, server) or the whole plan. {slots} are names in `facts`.
Alert = namedtuple("Alert", "id scope severity when meaning action")
SEVERITIES = {"error": Text("ERRO", "ERROR"), "warning": Text("AVISO", "WARNING"), "info": Text("INFORMAÇÃO", "INFO")}
# Thresholds, shown in the texts by these names: the user's specification, but for the load time, a round figure for a
# restart that operators notice, vLLM's default gpu_memory_utilization, comfortable reading and the reach of the calibration.
THRESHOLDS = {"long_context_tokens": 128_000, "high_kv_budget_ratio": 0.75, "low_kv_budget_ratio": 0.50, "low_overhead_gib": 50,
              "slow_model_load_s": 60, "vllm_default_ratio": 0.9, "slow_tokens_per_s": 10, "measured_sessions_limit": MEASURED_SESSIONS}
ALERTS = (
    Alert("context_overflow", "kv", "warning",
          lambda p: p.requested_context > p.model.max_position_embeddings,
          Text("O contexto pedido, {requested_context} tokens, passa do máximo do modelo; a conta usa {max_position_embeddings}.",
               "The requested context, {requested_context} tokens, is beyond the model's maximum; {max_position_embeddings} is used."),
          Text("Sessões mais longas serão recusadas ou cortadas: reduza --effective-context ou escolha outro modelo.",
               "Longer sessions will be refused or cut: lower --effective-context or choose another model.")),
    Alert("replica_spans_nodes", "plan", "warning",
          lambda p: p.nodes_per_replica > 1,
          Text("Cada réplica ocupa {nodes_per_replica} nós, com as camadas divididas entre eles (pipeline parallel): um só não a segura, "
               "ou seguraria menos de 1/{spanning_gain} das sessões. Um nó parado derruba a réplica inteira.",
               "Each replica takes {nodes_per_replica} nodes, its layers split across them (pipeline parallel): one does not hold it, or "
               "would hold less than 1/{spanning_gain} of the sessions. One node down takes the whole replica down."),
          Text("Ligue os nós com rede rápida e meça a velocidade; um servidor com mais HBM ou pesos em menor precisão evita isso.",
               "Connect the nodes with a fast network and measure speed; a server with more HBM or weights in fewer bits avoid it.")),
    Alert("kv_copies", "plan", "info",
          lambda p: p.kv_per_session_placed_gib > p.kv_per_session_gib,
          Text("Com tensor_parallel {tensor_parallel} o motor guarda cópias do KV: {kv_per_session_placed_gib} GiB por sessão em vez de "
               "{kv_per_session_gib}. Ainda assim é a disposição com mais sessões por nó (com meta de velocidade, das que a cumprem), ou a pedida.",
               "With tensor_parallel {tensor_parallel} the engine keeps copies of KV: {kv_per_session_placed_gib} GiB per session instead "
               "of {kv_per_session_gib}. It still is the layout with most sessions per node (with a speed target, of those that hold it), or the "
               "one asked for."),
          Text("Compare as disposições na tabela da SEÇÃO 3.", "Compare the layouts in the table of SECTION 3.")),
    Alert("reservation_needs_nodes", "plan", "warning",
          lambda p: p.nodes is None and p.nodes_final is not None and p.nodes_final_reserved != p.nodes_final,
          Text("O vLLM pode reservar {kv_reserved_gib} GiB por sessão durante o prefill (estado estacionário: {kv_per_session_gib}): se "
               "todas entrassem ao mesmo tempo, seriam {nodes_final_reserved} nós em vez de {nodes_final}.",
               "vLLM may reserve {kv_reserved_gib} GiB per session during prefill (steady state: {kv_per_session_gib}): were all of them "
               "to come in at once, it would be {nodes_final_reserved} nodes instead of {nodes_final}."),
          Text("Reduza max_num_batched_tokens no motor (e em --max-num-batched-tokens), ou conte os nós a mais.",
               "Lower max_num_batched_tokens in the engine (and in --max-num-batched-tokens), or count the additional nodes.")),
    Alert("hybrid_manager_needed", "plan", "warning",
          lambda p: (manager_matters(p) and p.nodes is None and p.nodes_final is not None
                     and p.nodes_final_without_hybrid_manager != p.nodes_final),
          Text("Em um motor sem gerente de cache híbrido cada sessão ocupa {kv_without_hybrid_manager_gib} GiB em vez de "
               "{kv_per_session_gib}: nós: {nodes_final_without_hybrid_manager} em vez de {nodes_final}.",
               "On an engine without a hybrid cache manager each session takes {kv_without_hybrid_manager_gib} GiB instead of "
               "{kv_per_session_gib}: nodes: {nodes_final_without_hybrid_manager} instead of {nodes_final}."),
          Text("Confirme no log de partida que o gerente híbrido está ligado (conectores de KV e alguns motores o desligam).",
               "Check in the start-up log that the hybrid manager is on (KV connectors and some engines switch it off).")),
    Alert("speed_target_missed", "plan", "error",
          lambda p: p.sessions_per_replica == 0 and p.memory_sessions_per_replica > 0,
          Text("Nem uma sessão por réplica cumpre a meta de velocidade com os números de compromisso.",
               "Not even one session per replica holds the speed target with the committed figures."),
          Text("Veja na tabela de alavancas a menor meta possível, ou outra precisão ou servidor.",
               "The table of levers shows the least target that holds, or another precision or server.")),
    Alert("slow_tokens", "plan", "warning",
          lambda p: p.speed is not None and p.speed["tokens_per_s_per_session"] < THRESHOLDS["slow_tokens_per_s"],
          Text("Na carga planejada cada sessão recebe {tokens_per_s_per_session} tokens/s, menos que {slow_tokens_per_s}: lento para leitura.",
               "At the planned load each session gets {tokens_per_s_per_session} tokens/s, fewer than {slow_tokens_per_s}: slow to read."),
          Text("Dê uma meta com --tpot-ms, e a velocidade também dimensiona os nós.",
               "Give a target with --tpot-ms, and speed sizes the nodes as well.")),
    Alert("beyond_measured_sessions", "plan", "warning",
          lambda p: p.speed is not None and p.speed["active_sessions"] > MEASURED_SESSIONS,
          Text("{active_sessions} sessões geram ao mesmo tempo em cada réplica; as medições vão até {measured_sessions_limit}: "
               "a velocidade é extrapolada.",
               "{active_sessions} sessions generate at once on each replica; measurements reach {measured_sessions_limit}: speed is extrapolated."),
          Text("Confirme que o motor aceita tantas (max_num_seqs) e meça, ou dê --active-ratio se nem todas geram.",
               "Check that the engine takes so many (max_num_seqs) and measure, or give --active-ratio if not all generate.")),
    Alert("nodes_not_enough", "plan", "error",
          lambda p: p.nodes is not None and p.nodes_final is None and p.sessions_per_replica > 0,
          Text("Os nós informados ({nodes}) não bastam neste cenário, descontadas a reserva ({ha_extra_nodes}) e a folga; sessões pedidas: "
               "{concurrency}.",
               "The nodes given ({nodes}) are not enough in this scenario, spares ({ha_extra_nodes}) and headroom taken off; sessions "
               "asked for: {concurrency}."),
          Text("Veja na tabela de alavancas quantos nós bastam.", "The table of levers shows how many nodes would do.")),
    Alert("high_kv_precision", "kv", "warning",
          lambda p: KV_PRECISIONS[p.kv_precision] > KV_PRECISIONS["fp8"],
          Text("KV cache em {kv_precision} ocupa 2 bytes por elemento, o dobro de fp8: metade das sessões por GiB.",
               "A {kv_precision} KV cache takes 2 bytes per element, twice fp8: half the sessions per GiB."),
          Text("Compare com --kv-precision fp8 e meça a qualidade das respostas no seu caso antes de trocar.",
               "Compare with --kv-precision fp8, and measure answer quality on your own case before switching.")),
    Alert("packed_kv", "kv", "warning",
          lambda p: KV_PRECISIONS[p.kv_precision] < KV_PRECISIONS["fp8"],
          Text("KV cache em {kv_precision}: quatro bits por elemento, com escala por bloco. Só algumas GPUs e motores o oferecem, e a "
               "qualidade das respostas pode cair.",
               "A {kv_precision} KV cache: four bits per element, with a scale per block. Only some GPUs and engines offer it, and answer "
               "quality may drop."),
          Text("Confirme no seu motor e GPU (Blackwell, no vLLM e no TensorRT-LLM) e meça a qualidade no seu caso.",
               "Check your engine and GPU (Blackwell, in vLLM and TensorRT-LLM), and measure quality on your own case.")),
    Alert("long_context_io", "storage", "warning",
          lambda p: p.effective_context > THRESHOLDS["long_context_tokens"],
          Text("Contexto de {effective_context} tokens (acima de {long_context_tokens}): prefill longo e pressão de E/S "
               "({storage}: leitura a {throughput_read_gbps_amount}, p99 {latency_read_ms_p99_amount}).",
               "A context of {effective_context} tokens (above {long_context_tokens}): long prefill and I/O pressure "
               "({storage}: reads at {throughput_read_gbps_amount}, p99 {latency_read_ms_p99_amount})."),
          Text("Meça o TTFT com prompts desse tamanho; prefill em partes e cache de prefixo aliviam.",
               "Measure TTFT with prompts of that length; chunked prefill and prefix caching relieve it.")),
    Alert("high_kv_budget", "plan", "warning",
          lambda p: p.kv_budget_ratio > THRESHOLDS["high_kv_budget_ratio"],
          Text("kv_budget_ratio acima de {high_kv_budget_ratio}: pouca sobra para fragmentação e picos, risco de falta de memória.",
               "kv_budget_ratio above {high_kv_budget_ratio}: little room for fragmentation and peaks, out-of-memory risk."),
          Text("O limite é cauteloso: o vLLM opera em {vllm_default_ratio} por padrão. Suba só depois de um teste de carga.",
               "The limit is cautious: vLLM itself runs at {vllm_default_ratio} by default. Raise it only after a load test.")),
    Alert("low_kv_budget", "plan", "info",
          lambda p: p.kv_budget_ratio < THRESHOLDS["low_kv_budget_ratio"],
          Text("kv_budget_ratio abaixo de {low_kv_budget_ratio}: mais da metade da HBM é paga e não usada.",
               "kv_budget_ratio below {low_kv_budget_ratio}: more than half of the HBM is paid for and not used."),
          Text("Suba --kv-budget-ratio para perto de 0.70, se outro processo não divide as GPUs.",
               "Raise --kv-budget-ratio towards 0.70 unless another process shares the GPUs.")),
    Alert("low_runtime_overhead", "plan", "warning",
          lambda p: p.overhead_origin == "given" and p.runtime_overhead_gib < THRESHOLDS["low_overhead_gib"],
          Text("Overhead informado de {runtime_overhead_gib} GiB por nó, abaixo de {low_overhead_gib}: provavelmente subestimado.",
               "A given overhead of {runtime_overhead_gib} GiB per node, below {low_overhead_gib}: probably underestimated."),
          Text("Omita --runtime-overhead-gib para que seja calculado, ou informe o valor do log de partida do motor.",
               "Leave --runtime-overhead-gib out to have it computed, or give the figure of the engine's start-up log.")),
    Alert("overhead_below_weights", "plan", "error",
          lambda p: p.overhead_origin == "given" and p.model.weights_gib is not None and p.runtime_overhead_gib < calc_weights_per_node_gib(
              p.model, p.server, Layout(p.tensor_parallel, p.pipeline_parallel, p.attention_ranks)),
          Text("O overhead informado, {runtime_overhead_gib} GiB por nó, é menor que os pesos do modelo ({weights_gib} GiB): "
               "o resultado não é realizável.",
               "The given overhead, {runtime_overhead_gib} GiB per node, is less than the model's weights ({weights_gib} GiB): "
               "the result cannot be built."),
          Text("Informe ao menos pesos + motor, ou omita --runtime-overhead-gib.",
               "Give at least weights + engine, or leave --runtime-overhead-gib out.")),
    Alert("no_session_fits", "plan", "error",
          lambda p: p.memory_sessions_per_replica == 0,
          Text("Nenhuma sessão cabe: pesos e motor ({runtime_overhead_gib} GiB) mais o KV de uma sessão "
               "({kv_per_session_gib} GiB) passam da fração de {hbm_total_gib} GiB de HBM que kv_budget_ratio permite.",
               "No session fits: weights and engine ({runtime_overhead_gib} GiB) plus the KV of one session "
               "({kv_per_session_gib} GiB) exceed the share of {hbm_total_gib} GiB of HBM that kv_budget_ratio allows."),
          Text("Veja na tabela de alavancas a menor mudança que faz caber.",
               "The table of levers shows the smallest change that would fit.")),
    Alert("cloud_storage_latency", "storage", "warning",
          lambda p: p.storage.type.startswith("cloud"),
          Text("{storage} é armazenamento de nuvem: a latência varia com a carga de outros clientes (p99 de leitura: "
               "{latency_read_ms_p99_amount}).",
               "{storage} is cloud storage: latency varies with other tenants' load (read p99: {latency_read_ms_p99_amount})."),
          Text("Mantenha pesos e KV fora do caminho crítico: NVMe local ou cache, e réplicas já carregadas.",
               "Keep weights and KV off the critical path: local NVMe or a cache, and replicas already loaded.")),
    Alert("slow_model_load", "storage", "warning",
          lambda p: (calc_model_load_s(p.storage, p.model) or 0) > THRESHOLDS["slow_model_load_s"],
          Text("Ler o checkpoint ({checkpoint_gib} GiB) a {throughput_read_gbps_amount} leva {model_load_s} s por nó, "
               "mais que {slow_model_load_s} s, e no melhor caso.",
               "Reading the checkpoint ({checkpoint_gib} GiB) at {throughput_read_gbps_amount} takes {model_load_s} s per node, "
               "more than {slow_model_load_s} s, at best."),
          Text("Conte esse tempo em reinícios e trocas de nó; um perfil mais rápido ou cópia local o reduz.",
               "Count it in restarts and node swaps; a faster profile or a local copy shortens it.")),
)


def raised(plan, scope: str | None = None) -> list[str]:
    """Ids of the alerts that `plan` raises; with a `scope`, of that part of the table only."""
    return [alert.id for alert in ALERTS if scope in (None, alert.scope) and alert.when(plan)]


def generate_storage_warnings(storage: StorageProfile, model: Model, effective_context: int, server: Server) -> list[str]:
    """Ids of the alerts that concern storage, for a context already clamped to the model's maximum; raises SizingError."""
    check_request(effective_context=effective_context)
    return raised(SimpleNamespace(storage=storage, model=model, effective_context=effective_context, server=server), "storage")


def facts(plan: SizingResult) -> dict:
    """Every number and word of a plan by its one name, for formulas and sentences."""
    groups = layer_groups(plan.model)
    kept = {name: value for group in groups for name, value in dict(
        group.values, **{group.kind + "_layers": group.values[group.names["layers"]]}).items()}
    speed = plan.speed or {}
    known = {**vars(plan.model), **vars(plan.server), **vars(plan.storage), **kept, **THRESHOLDS, **bound_facts(plan), **speed, **vars(plan),
             **plan.speed_request._asdict(), "model": plan.model.name, "server": plan.server.name, "storage": plan.storage.name,
             "speed_missing": missing_words(plan.speed_missing),
             "compute_precision": plan.speed and compute_precision(plan.server, plan.model.weights_precision)}
    known.update(
        bytes_per_element=KV_PRECISIONS[plan.kv_precision], given_overhead_gib=plan.runtime_overhead_gib,
        longest_fitting_context=plan.max_effective_context, stated_weights_gib=plan.model.weights_gib,
        index_topk=INDEX_TOPK, spanning_gain=SPANNING_GAIN, loaded_vision_params=plan.model.vision_params or 0, unquantized_bytes=UNQUANTIZED_BYTES,
        bytes_per_weight=WEIGHT_PRECISIONS.get(plan.model.weights_precision or ""),
        bytes_per_logit=BYTES_PER_LOGIT, logit_rows=LOGIT_ROWS, live_hidden_states_bytes=LIVE_HIDDEN_STATES_BYTES,
        activation_unknown_gib=ACTIVATION_UNKNOWN_GIB, non_torch_gib=non_torch_gib(plan.tensor_parallel), cuda_graph_gib=CUDA_GRAPH_GIB,
        rope_cache_gib=calc_rope_cache_gib(plan.model),
        shared_weights_gib=calc_shared_weights_gib(plan.model) if plan.attention_ranks > 1 else None,
        default_overhead_gib=OVERHEAD_UNKNOWN_WEIGHTS_GIB, model_load_s=calc_model_load_s(plan.storage, plan.model))
    return known


def bound_facts(plan: SizingResult) -> dict:
    """What the formulas of the two engine bounds name, for one rank."""
    widths = calc_token_bytes(plan.model, plan.kv_precision)
    block = calc_attention_block_tokens(plan.model, plan.kv_precision)
    known = {kind + "_token_bytes": number_of(width) for kind, width in widths.items()}
    states = [group for group in layer_groups(plan.model) if group.kind == "state"]
    known["attention_block_tokens"] = block
    ranks = 1 if plan.attention_ranks > 1 else plan.tensor_parallel
    placed, placed_block = calc_token_bytes(plan.model, plan.kv_precision, ranks), calc_attention_block_tokens(plan.model, plan.kv_precision, ranks)
    known.update({"placed_%s_token_bytes" % kind: number_of(width) for kind, width in placed.items()})
    known.update({kind + "_layers_padded": count for kind, count in padded_layers(plan.model).items()})
    known["placed_attention_block_tokens"] = placed_block
    if states:
        known["placed_state_page_bytes"] = number_of(placed_block * max(placed.values())) if placed else states[0].values["state_bytes"]
        known["state_pages"] = states[0].values.get("state_pages", STATE_PAGES)
        known["state_page_bytes"] = number_of(block * max(widths.values())) if widths else states[0].values["state_bytes"]
    return known


def number_of(value: Fraction) -> float:
    """A fraction as a whole number where it is one."""
    return int(value) if value.denominator == 1 else float(value)


# === Results: one row per number; the formula shown is the formula followed (a test evaluates it) ===

# `variant` gives formula and explanation for a plan; `also` names inputs shown beside those of the formula; `shown` is whether
# the row says anything beside the others (the JSON always has it).
Result = namedtuple("Result", "name label variant also shown", defaults=((), lambda plan: True))
Variant = namedtuple("Variant", "formula explanation")
FUNCTIONS = {"ceil", "floor", "min", "max"}


def result(name: str, label: Text, formula: str, explanation: Text, also: Sequence[str] = ()) -> Result:
    """A row whose formula and explanation do not depend on the case."""
    return Result(name, label, lambda plan: Variant(formula, explanation), also)


def case_result(name: str, label: Text, case: Callable, variants: Mapping, also: Sequence[str] = ()) -> Result:
    """A row whose formula and explanation are those of the case of a plan."""
    return Result(name, label, lambda plan: Variant(*variants[case(plan)]), also)


def node_result(name: str, label: Text, formula: str, explanation: Text, also: Sequence[str] = (), spanning: str | None = None) -> Result:
    """A row that has no number when no session fits; `spanning` is its formula where a replica spans nodes."""
    return Result(name, label, lambda plan: Variant(spanning if spanning and plan.nodes_per_replica > 1 else formula,
                                                    explanation if plan.nodes_final is not None else NO_NODES), also)


def kv_terms(plan: SizingResult, copied: bool = False) -> list[tuple[LayerGroup, str]]:
    """What each kind of layer keeps, as a formula in bytes; `copied` over the ranks of a replica."""
    groups = layer_groups(plan.model)
    return [(group, kv_term(group, groups, plan.kv_precision) + (copies_term(group) if copied else ""))
            for group in groups if group.kind != "none"]


def kv_variant(plan: SizingResult) -> Variant:
    """The formula of kv_per_session_gib, one term per kind of layer, and what each kind keeps."""
    meanings = [LAYER_KINDS[group.kind].meaning for group in layer_groups(plan.model)]
    return Variant("kv_per_session_gib = (%s) / 2**30" % " + ".join(term for _, term in kv_terms(plan)),
                   Text(*(" ".join(sentences) for sentences in zip(*meanings, STEADY_STATE))))


def placed_variant(plan: SizingResult) -> Variant:
    """The formula of kv_per_session_placed_gib: copies that tensor parallel makes, none when attention runs data-parallel."""
    if plan.attention_ranks > 1:
        return Variant("kv_per_session_placed_gib = kv_per_session_gib", PLACED_TEXTS["data"])
    copies_made = plan.kv_per_session_placed_gib > plan.kv_per_session_gib
    return Variant("kv_per_session_placed_gib = (%s) / 2**30" % " + ".join(term for _, term in kv_terms(plan, True)),
                   PLACED_TEXTS["copied" if copies_made else "single"])


RESERVED_TOKENS = {
    "full": "ceil(effective_context / attention_block_tokens) * attention_block_tokens",
    "sliding": "(ceil(min(effective_context, {window} - 1 + {batches} * max_num_batched_tokens) / attention_block_tokens) + 1)"
               " * attention_block_tokens",
    "chunked": "ceil(min(effective_context, {window} + {batches} * max_num_batched_tokens) / attention_block_tokens) * attention_block_tokens",
}


def bound_terms(plan: SizingResult, reserved: bool, pooled: bool = False) -> str:
    """What each kind of layer reserves, or keeps with no hybrid cache manager, as a formula in bytes."""
    terms = []
    for group in layer_groups(plan.model):
        layers, window = group.names["layers"], LAYER_KINDS[group.kind].window
        if pooled and group.kind != "index":
            layers = group.kind + "_layers_padded"
        prefix = "placed_" if pooled else ""
        if group.kind == "state":
            terms.append("%s * state_pages * %sstate_page_bytes" % (layers, prefix))
        elif group.kind != "none":
            tokens = RESERVED_TOKENS.get(group.kind if reserved else "full", RESERVED_TOKENS["full"]).format(
                window=group.names.get(window), batches=1 if pooled else BATCHES_IN_FLIGHT)
            tokens = tokens.replace("attention_block_tokens", prefix + "attention_block_tokens")
            terms.append("%s * %s * %s%s_token_bytes" % (layers, tokens, prefix, group.kind))
    return " + ".join(terms)


def manager_matters(plan: SizingResult) -> bool:
    """Whether a model keeps less than the whole context in some layers beside others that keep it."""
    kinds = {group.kind for group in layer_groups(plan.model)}
    return bool(kinds & {"sliding", "chunked"}) and bool(kinds & {"full", "latent"})


STEADY_STATE = Text("É o estado estacionário, a HBM que uma sessão ocupa enquanto existe.",
                    "This is the steady state, the HBM a session holds for as long as it lives.")
PLACED_TEXTS = {
    "data": Text("Com atenção em paralelo de dados cada sessão fica em um só rank: nada é copiado.",
                 "With data-parallel attention each session stays on one rank: nothing is copied."),
    "copied": Text("Com tensor_parallel {tensor_parallel} há mais ranks que cabeças KV (o latente MLA conta como uma): o motor guarda "
                   "cópias, e a sessão ocupa isto somando as GPUs da réplica.",
                   "With tensor_parallel {tensor_parallel} there are more ranks than KV heads (an MLA latent counts as one): the engine "
                   "keeps copies, and a session takes this over the replica's GPUs together."),
    "single": Text("As cabeças KV se dividem pelos {tensor_parallel} ranks sem cópias.",
                   "The KV heads divide over the {tensor_parallel} ranks with no copies."),
}


def layout_case(plan: SizingResult) -> str:
    """How a replica is laid out: tensor, data (attention runs data-parallel) or pipeline."""
    return "data" if plan.attention_ranks > 1 else "pipeline" if plan.pipeline_parallel > 1 else "tensor"


def overhead_case(plan: SizingResult) -> str:
    """Where the overhead comes from; for a computed one, how the replica is laid out."""
    return layout_case(plan) if plan.overhead_origin == "computed" else plan.overhead_origin


def speed_result(name: str, label: Text, formula: str, explanation: Text, shown: bool = True) -> Result:
    """A row on speed: no number, and nothing in the text, where speed is not known."""
    return Result(name, label, lambda plan: Variant(formula, explanation if plan.speed else NO_SPEED), (),
                  lambda plan: shown and plan.speed is not None)


def speed_terms(prefix: str, of: Text) -> list[Result]:
    """The rows of one pass of the model; `of` says which."""
    return [speed_result(prefix + name, Text(*("%s, %s" % pair for pair in zip(label, of))), pass_formula(name, prefix), text, shown and not prefix)
            for name, (label, text, shown) in PASS_TEXTS.items()]


NO_SPEED = Text("Velocidade desconhecida aqui; falta: {speed_missing}.", "Speed is not known here; missing: {speed_missing}.")
PASS_TEXTS = {
    "expert_coverage": (Text("Especialistas lidos", "Experts read"), Text(
        "Parte dos especialistas que algum token do lote usa: em um MoE, lotes maiores leem mais pesos (0 em um modelo denso).",
        "Share of the experts that some token of the batch uses: in an MoE, larger batches read more weights (0 in a dense model)."), True),
    "weights_read_gb": (Text("Pesos lidos", "Weights read"), Text(
        "Bytes de pesos que as GPUs da réplica leem juntas.", "Bytes of weights that the GPUs of the replica read together."), True),
    "memory_ms": (Text("Tempo de memória", "Memory time"), Text(
        "Pesos e cache lidos em cada GPU, à fração medida da banda de HBM.",
        "Weights and cache read on each GPU, at the measured share of HBM bandwidth."), True),
    "bf16_tflop": (Text("Operações em 16 bits", "Operations in 16 bits"), Text(
        "Partes não quantizadas e a atenção.", "Parts that are not quantized, and attention."), False),
    "quantized_tflop": (Text("Operações quantizadas", "Quantized operations"), Text(
        "Produtos com pesos quantizados que todo token usa.", "Products with quantized weights that every token uses."), False),
    "routed_tflop": (Text("Operações de especialistas", "Expert operations"), Text(
        "Produtos com os especialistas que cada token usa.", "Products with the experts each token uses."), False),
    "compute_ms": (Text("Tempo de cálculo", "Compute time"), Text(
        "As operações à fração medida do pico da GPU; produtos agrupados de especialistas rendem menos.",
        "The operations at the measured share of the GPU's peak; grouped products of experts reach less."), True),
    "message_ms": (Text("Mensagem entre GPUs", "Message between GPUs"), Text(
        "Os vetores de um lote por um enlace, em uma direção.", "The vectors of one batch over one link, in one direction."), False),
    "all_reduce_ms": (Text("Somas entre GPUs", "Sums between GPUs"), Text(
        "Duas somas por camada entre as GPUs da réplica: latência mais banda; 0 em uma GPU.",
        "Two sums per layer among the GPUs of the replica: latency plus bandwidth; 0 on one GPU."), True),
}
LONGEST_CONTEXT = {
    False: Text("Encontrado repetindo a conta: com {nodes} nós e {concurrency} sessões este contexto cabe, e um token a mais pediria "
                "{nodes_one_token_more} nós.",
                "Found by repeating the sizing: with {nodes} nodes and {concurrency} sessions this context fits, and one more token would "
                "take {nodes_one_token_more} nodes."),
    True: Text("É o máximo do modelo, ou com um token a mais nenhum número de nós seguraria uma sessão.",
               "It is the model's maximum, or with one more token no number of nodes would hold a session."),
}
SPEED_RESULTS = (
    Result("cache_read_bytes", Text("Cache de uma sessão lido por passo, em uma GPU", "Cache of one session read per step, on one GPU"),
           lambda plan: Variant(
        cache_read_formula(plan.model), NO_SPEED if plan.speed is None else Text(
            "Com o contexto de {context_tokens} tokens: camadas de janela leem só a janela, e as MLA com índice {index_topk} tokens; cabeças KV se "
            "dividem pelas GPUs, o latente não.",
            "With a context of {context_tokens} tokens: window layers read the window only, and MLA with an index {index_topk} tokens; KV heads "
            "divide over the GPUs, the latent does not.")), (), lambda plan: plan.speed is not None),
    speed_result("cache_read_gb", Text("Cache lido, por GPU", "Cache read, per GPU"), "cache_read_gb = " + SPEED_FORMULAS["cache_read_gb"], Text(
        "O que um passo lê do cache das {active_sessions} sessões que geram; cresce com o contexto de cada uma.",
        "What one step reads of the cache of the {active_sessions} generating sessions; grows with the context of each.")),
    *speed_terms("", Text("um passo", "one step")),
    speed_result("layers_ms", Text("Tempo das camadas", "Time of the layers"), "layers_ms = " + PASS_FORMULAS["layers_ms"], Text(
        "Disparo e latência dos kernels de cada camada, que lote nenhum dilui; camadas MoE, latentes e lineares custam mais.",
        "Launch and latency of each layer's kernels, which no batch dilutes; MoE, latent and linear layers cost more.")),
    speed_result("decode_step_ms", Text("Passo de decodificação", "Decode step"), "decode_step_ms = " + SPEED_FORMULAS["decode_step_ms"], Text(
        "Um token para cada sessão que gera: o maior entre memória e cálculo, mais camadas, somas e agendamento.",
        "One token for each generating session: the larger of memory and compute, plus layers, sums and scheduling.")),
    *speed_terms("prefill_", Text("um prompt", "one prompt")),
    speed_result("prefill_ms", Text("Prefill de um prompt (piso do TTFT)", "Prefill of one prompt (floor of TTFT)"),
                 "prefill_ms = " + SPEED_FORMULAS["prefill_ms"], Text(
        "Tempo até o primeiro token de {input_tokens} tokens em uma réplica sem fila; o TTFT sob carga é maior.",
        "Time to the first token of {input_tokens} tokens on a replica with no queue; TTFT under load is longer.")),
    speed_result("ttft_low_ms", Text("TTFT, fila curta", "TTFT, short queue"), "ttft_low_ms = prefill_ms * ttft_band_low", Text(
        "Com chegadas suavizadas por um roteador. Faixa, não promessa: nenhuma fórmula estática prevê o TTFT sob carga.",
        "With arrivals smoothed by a router. A band, not a promise: no static formula predicts TTFT under load.")),
    speed_result("ttft_high_ms", Text("TTFT, fila longa", "TTFT, long queue"), "ttft_high_ms = prefill_ms * ttft_band_high", Text(
        "Com chegadas ao acaso a 90 % da capacidade.", "With random arrivals at 90 % of capacity.")),
    speed_result("tpot_expected_ms", Text("TPOT esperado", "Expected TPOT"), "tpot_expected_ms = " + SPEED_FORMULAS["tpot_expected_ms"], Text(
        "Tempo entre tokens de uma sessão na carga planejada, com o prefill das outras no meio; {active_sessions} sessões geram em cada réplica.",
        "Time between tokens of a session at the planned load, with the prefill of the others in between; {active_sessions} sessions generate "
        "on each replica.")),
    speed_result("tpot_committed_ms", Text("TPOT para compromisso", "TPOT to commit to"),
                 "tpot_committed_ms = tpot_expected_ms * committed_factor", Text(
        "Pelo menos 80 % das medições ficam até aqui: é o que uma meta compara e o que se pode prometer.",
        "At least 80 % of measurements are at or below: what a target is compared with, and what can be promised.")),
    speed_result("tokens_per_s_per_session", Text("Tokens/s por sessão", "Tokens/s per session"),
                 "tokens_per_s_per_session = 1000 / tpot_expected_ms", Text(
        "Velocidade que o usuário vê; abaixo de {slow_tokens_per_s} há um alerta.",
        "The speed a user sees; below {slow_tokens_per_s} there is an alert.")),
    speed_result("tokens_per_s_per_node", Text("Tokens/s por nó", "Tokens/s per node"),
                 "tokens_per_s_per_node = 1000 / tpot_expected_ms * planned_sessions_per_node * active_ratio", Text(
        "Produção de um nó na carga planejada, com a reserva parada.", "Output of one node at the planned load, the spares down.")),
    speed_result("requests_per_s", Text("Requisições/s do cluster", "Requests/s of the cluster"),
                 "requests_per_s = 1000 * concurrency * active_ratio / (prefill_ms + output_tokens * tpot_expected_ms)", Text(
        "Lei de Little: sessões que geram ÷ duração de uma resposta de {output_tokens} tokens, com o prefill como TTFT (piso): otimista sob fila.",
        "Little's law: generating sessions ÷ duration of an answer of {output_tokens} tokens, with the prefill as TTFT (its floor): optimistic "
        "under a queue.")),
)


def max_concurrency_variant(plan: SizingResult) -> Variant:
    """The formula of max_concurrency: of the nodes given, else of those to buy; in units of nodes where a replica spans them."""
    serving = "max(0, %s - ha_extra_nodes)" % ("nodes_final" if plan.nodes is None else "nodes")
    held = "%s * sessions_per_node" % serving
    if plan.nodes_per_replica > 1:
        held = "floor(%s / nodes_per_replica) * sessions_per_replica" % serving
    return Variant("max_concurrency = floor(%s / (1 + peak_headroom_ratio))" % held, NO_NODES if plan.max_concurrency is None else Text(
        "A carga nominal que esses nós seguram, com a mesma folga e a mesma reserva.",
        "The nominal load those nodes hold, headroom and spares unchanged."))


NO_NODES = Text("Este cenário não cabe como pedido, e o número não existe; a tabela de alavancas diz o que faz caber.",
                "This scenario does not fit as asked, and the number does not exist; the table of levers says what would fit.")
LAYER_SHARE = "ceil(num_layers / pipeline_parallel) / num_layers"
ENGINE_MEMORY = Text("Ativações de um passo do motor (os logits de todo o vocabulário e alguns vetores por token), memória fora do "
                     "torch e grafos CUDA, em cada GPU: o que o vLLM 0.19 registra ao partir em H100.",
                     "Activations of one engine step (the logits of the whole vocabulary and some vectors per token), memory outside "
                     "torch and CUDA graphs, on each GPU: what vLLM 0.19 logs when it starts on H100.")
COMPUTED_OVERHEAD = Text("Os pesos como carregados ({weights_gib} GiB por réplica) mais o motor em cada GPU. Sai da HBM antes da primeira "
                         "sessão; quanto menos GPUs por réplica, mais cópias dos pesos por nó.",
                         "The weights as loaded ({weights_gib} GiB per replica) plus the engine on each GPU. It leaves the HBM before the "
                         "first session; the fewer GPUs per replica, the more copies of the weights per node.")
MEMORY_SESSIONS = Text("Sessões inteiras cujo KV cabe na parte do orçamento que é de uma réplica.",
                       "Whole sessions whose KV fits the part of the budget that belongs to one replica.")
RESULTS = (
    Result("kv_per_session_gib", Text("KV cache por sessão", "KV cache per session"), kv_variant, ("model", "attention_pattern", "kv_precision")),
    Result("kv_per_session_placed_gib", Text("KV por sessão nas GPUs da réplica", "KV per session on the replica's GPUs"), placed_variant,
           ("tensor_parallel",)),
    Result("kv_reserved_gib", Text("KV que o vLLM reserva por sessão no prefill", "KV that vLLM reserves per session in prefill"),
           lambda plan: Variant("kv_reserved_gib = (%s) / 2**30" % bound_terms(plan, True), Text(
               "Limite superior ao lado do estado estacionário: o que o vLLM 0.32 admite enquanto uma sessão entra em partes de "
               "{max_num_batched_tokens} tokens, duas em voo, em blocos inteiros e com duas ou mais páginas de estado por camada linear.",
               "An upper bound beside the steady state: what vLLM 0.32 admits while a session comes in by chunks of "
               "{max_num_batched_tokens} tokens, two in flight, in whole blocks and with two or more pages of state per linear layer.")),
           (), lambda plan: plan.kv_reserved_gib > 1.01 * plan.kv_per_session_gib),
    Result("kv_pooled_gib", Text("KV por sessão no cache do vLLM, na réplica", "KV per session in vLLM's cache, on the replica"),
           lambda plan: Variant("kv_pooled_gib = (%s) / 2**30" % bound_terms(plan, True, True), Text(
               "O que o vLLM desconta do seu cache por sessão: blocos inteiros, camadas agrupadas por igual, um lote de prefill em voo.",
               "What vLLM takes from its cache per session: whole blocks, layers in equal groups, one batch of prefill in flight.")),
           (), lambda plan: plan.kv_pooled_gib > 1.01 * plan.kv_per_session_placed_gib),
    Result("kv_without_hybrid_manager_gib", Text("KV por sessão sem gerente híbrido", "KV per session without a hybrid manager"),
           lambda plan: Variant("kv_without_hybrid_manager_gib = (%s) / 2**30" % bound_terms(plan, not manager_matters(plan)), Text(
               "O que uma sessão ocupa em um motor que guarda o contexto inteiro em todas as camadas de atenção (sem gerente de "
               "cache híbrido, ou com ele desligado); sem número onde o modelo não pode ser servido assim.",
               "What one session takes on an engine that keeps the whole context in all attention layers (without a hybrid cache "
               "manager, or with it off); no number where the model cannot be served so.")),
           (), manager_matters),
    result("kv_total_tib", Text("KV cache de toda a carga", "KV cache of the whole load"),
           "kv_total_tib = kv_per_session_gib * concurrency / 1024",
           Text("HBM que as {concurrency} sessões simultâneas ocupam juntas, em todos os nós.",
                "HBM that the {concurrency} simultaneous sessions hold together, over all nodes.")),
    case_result("hbm_total_gib", Text("HBM de um nó", "HBM of one node"),
           lambda plan: "driver" if plan.server.driver_mib_per_gpu else "brochure",
           {"driver": ("hbm_total_gib = gpus * driver_mib_per_gpu / 1024",
                              Text("O que o driver reporta em cada GPU ({gpus} por nó), não o número do folheto ({total_hbm_gb} GB).",
                                   "What the driver reports on each GPU ({gpus} per node), not the brochure's figure ({total_hbm_gb} GB).")),
            "brochure": ("hbm_total_gib = total_hbm_gb * 10**9 / 2**30",
                                Text("Convertido do folheto ({total_hbm_gb} GB): o catálogo não informa o que o driver reporta, que "
                                     "em GPUs conhecidas fica de 0,1 % a 7,4 % acima.",
                                     "Converted from the brochure ({total_hbm_gb} GB): the catalog does not state what the driver "
                                     "reports, which on known GPUs is 0.1 % to 7.4 % higher."))},
           ("server",)),
    case_result("weights_gib", Text("Pesos de uma réplica", "Weights of one replica"), lambda plan: "unknown" if plan.weights_gib is None else
                plan.model.weights_origin, {
        "unknown": ("weights_gib = stated_weights_gib", Text("O catálogo não informa os pesos deste modelo.",
                                                             "The catalog does not state this model's weights.")),
        None: ("weights_gib = stated_weights_gib",
               Text("Como o catálogo informa (ver source): o que um motor registrou ao carregar, ou parâmetros × bytes.",
                    "As the catalog states (see source): what an engine logged when loading, or parameters × bytes.")),
        "safetensors": ("weights_gib = stated_weights_gib",
                        Text("Soma dos tensores dos arquivos safetensors, sem as camadas de previsão de múltiplos tokens (MTP).",
                             "The sum of the tensors in the safetensors files, without the multi-token prediction (MTP) layers.")),
        "computed": ("weights_gib = ((total_params - unquantized_params) * bytes_per_weight + (unquantized_params + loaded_vision_params)"
                     " * unquantized_bytes) / 2**30",
                     Text("Parâmetros contados do config.json × bytes da precisão; embeddings, normas, roteadores e torre de visão em 16 bits. "
                          "Ativos por token: {active_params} de {total_params}.",
                          "Parameters counted from config.json × bytes of the precision; embeddings, norms, routers and vision tower in 16 bits. "
                          "Active per token: {active_params} of {total_params}."))},
        ("weights_precision", "total_params", "active_params")),
    case_result("engine_gib_per_gpu", Text("Motor, por GPU", "Engine, per GPU"), lambda plan: activation_known(plan.model), {
        True: ("engine_gib_per_gpu = (bytes_per_logit * logit_rows * vocab_size + live_hidden_states_bytes * max_num_batched_tokens"
               " * hidden_size) / 2**30 + non_torch_gib + cuda_graph_gib + rope_cache_gib", ENGINE_MEMORY),
        False: ("engine_gib_per_gpu = activation_unknown_gib + non_torch_gib + cuda_graph_gib + rope_cache_gib",
                Text("Ativações (média de logs: o catálogo não informa o vocabulário ou a largura do modelo), memória fora do torch e grafos "
                     "CUDA.", "Activations (mean of logs: the catalog does not state the model's vocabulary or width), memory outside torch "
                     "and CUDA graphs."))}, ("tensor_parallel",)),
    case_result("runtime_overhead_gib", Text("Pesos e motor, por nó", "Weights and engine, per node"), overhead_case, {
        "tensor": ("runtime_overhead_gib = replicas_per_node * weights_gib + gpus * engine_gib_per_gpu", COMPUTED_OVERHEAD),
        "data": ("runtime_overhead_gib = replicas_per_node * (weights_gib + (attention_ranks - 1) * shared_weights_gib)"
                 " + gpus * engine_gib_per_gpu", COMPUTED_OVERHEAD),
        "pipeline": ("runtime_overhead_gib = stages_per_node * weights_gib * %s + gpus * engine_gib_per_gpu" % LAYER_SHARE, COMPUTED_OVERHEAD),
        "given": ("runtime_overhead_gib = given_overhead_gib",
                  Text("Valor informado em --runtime-overhead-gib: pesos, ativações e motor, por nó.",
                       "The figure given with --runtime-overhead-gib: weights, activations and engine, per node.")),
        "weights_unknown": ("runtime_overhead_gib = default_overhead_gib",
                            Text("O catálogo não informa os pesos deste modelo: vale o padrão de {default_overhead_gib} GiB "
                                 "por nó, que pode estar longe do real.",
                                 "The catalog does not state this model's weights: the default of {default_overhead_gib} GiB "
                                 "per node holds, which may be far from the truth."))},
        ("overhead_origin", "tensor_parallel")),
    case_result("kv_budget_gib", Text("Orçamento de KV por nó", "KV budget per node"), lambda plan: plan.kv_budget_gib >= 0,
                {positive: ("kv_budget_gib = hbm_total_gib * kv_budget_ratio - runtime_overhead_gib", text) for positive, text in {
                    True: Text("O que sobra para KV depois de pesos e motor, dentro da fração da HBM que o motor pode usar "
                               "({kv_budget_ratio_pct}).",
                               "What is left for KV after weights and engine, within the share of HBM the engine may use "
                               "({kv_budget_ratio_pct})."),
                    False: Text("Negativo: pesos e motor passam, por esses GiB, da fração da HBM que o motor pode usar "
                                "({kv_budget_ratio_pct}), já sem nenhuma sessão.",
                                "Negative: weights and engine exceed the share of HBM the engine may use ({kv_budget_ratio_pct}) by "
                                "that much, before the first session.")}.items()}),
    result("replicas_per_node", Text("Réplicas por nó", "Replicas per node"),
           "replicas_per_node = max(1, floor(gpus / (tensor_parallel * pipeline_parallel)))",
           Text("Cópias do modelo que um nó serve, cada uma em {tensor_parallel} × {pipeline_parallel} GPUs.",
                "Copies of the model one node serves, each on {tensor_parallel} × {pipeline_parallel} GPUs.")),
    result("nodes_per_replica", Text("Nós por réplica", "Nodes per replica"),
           "nodes_per_replica = ceil(tensor_parallel * pipeline_parallel / gpus)",
           Text("Acima de 1, as camadas de uma réplica se dividem entre nós (pipeline parallel), e os nós são contados nessas unidades.",
                "Above 1, the layers of a replica are split across nodes (pipeline parallel), and nodes are counted in those units.")),
    case_result("memory_sessions_per_replica", Text("Sessões por réplica, pela memória", "Sessions per replica, by memory"), layout_case, {
        "tensor": ("memory_sessions_per_replica = floor(max(0, kv_budget_gib) / replicas_per_node / kv_per_session_placed_gib)", MEMORY_SESSIONS),
        "data": ("memory_sessions_per_replica = attention_ranks * floor(max(0, kv_budget_gib) / replicas_per_node / attention_ranks"
                 " / kv_per_session_placed_gib)", MEMORY_SESSIONS),
        "pipeline": ("memory_sessions_per_replica = floor(max(0, kv_budget_gib) / stages_per_node / (kv_per_session_placed_gib * %s))"
                     % LAYER_SHARE, MEMORY_SESSIONS)}),
    result("memory_sessions_per_node", Text("Sessões por nó, pela memória", "Sessions per node, by memory"),
           "memory_sessions_per_node = floor(replicas_per_node * memory_sessions_per_replica / nodes_per_replica)",
           Text("O que a memória de um nó segura; a próxima sessão ficaria na fila ou expulsaria outra.",
                "What the memory of one node holds; the next session would queue or evict another.")),
    Result("engine_max_concurrency", Text("Concorrência máxima que o vLLM registra", "Maximum concurrency that vLLM logs"), lambda plan: Variant(
        "engine_max_concurrency = max(0, kv_budget_gib) / %s" % (
            "stages_per_node / (kv_pooled_gib * %s)" % LAYER_SHARE if plan.pipeline_parallel > 1 else "replicas_per_node / kv_pooled_gib"),
        Text("O número do log de partida de uma réplica com este orçamento e este contexto: confira por ele a sua instalação. Sessões que não "
             "estão em prefill cabem mais.",
             "The figure in the start-up log of a replica with this budget and this context: check your installation by it. More sessions fit "
             "once they are past prefill."))),
    Result("speed_sessions_per_replica", Text("Sessões por réplica, pela velocidade", "Sessions per replica, by speed"), lambda plan: Variant(
        "speed_sessions_per_replica = floor(active_sessions_at_target / active_ratio)",
        Text("active_sessions_at_target foi encontrado repetindo a conta: com uma sessão a mais na réplica (active_ratio delas gerando), o "
             "TPOT para compromisso (ou já o prefill) passaria da meta.",
             "active_sessions_at_target was found by repeating the sizing: with one more session on the replica (active_ratio of them "
             "generating), the committed TPOT (or the prefill already) would miss the target.")),
           ("tpot_ms", "ttft_ms"), lambda plan: plan.speed_sessions_per_replica is not None),
    Result("speed_sessions_per_node", Text("Sessões por nó, pela velocidade", "Sessions per node, by speed"), lambda plan: Variant(
        "speed_sessions_per_node = floor(replicas_per_node * speed_sessions_per_replica / nodes_per_replica)",
        Text("O que um nó atende dentro da meta de velocidade.", "What one node serves within the speed target.")),
           (), lambda plan: plan.speed_sessions_per_replica is not None),
    case_result("sessions_per_replica", Text("Sessões por réplica", "Sessions per replica"), lambda plan: plan.speed_sessions_per_replica is None, {
        targetless: (formula, Text("O menor dos limites, em uma réplica.", "The least of the limits, on one replica.")) for targetless, formula in (
            (True, "sessions_per_replica = memory_sessions_per_replica"),
            (False, "sessions_per_replica = min(memory_sessions_per_replica, speed_sessions_per_replica)"))}),
    result("sessions_per_node", Text("Sessões por nó", "Sessions per node"),
           "sessions_per_node = floor(replicas_per_node * sessions_per_replica / nodes_per_replica)",
           Text("Sessões que um nó atende ao mesmo tempo. Onde uma réplica ocupa vários nós é a parte inteira da conta por nó, e pode ser 0.",
                "Sessions one node serves at the same time. Where a replica takes several nodes it is the whole part per node, and may be 0.")),
    node_result("nodes_minimum", Text("Nós para a carga nominal", "Nodes for the nominal load"),
                "nodes_minimum = ceil(concurrency / sessions_per_node)",
                Text("Nós que seguram {concurrency} sessões sem nenhuma folga: o piso físico.",
                     "Nodes that hold {concurrency} sessions with no headroom at all: the physical floor."),
                (), "nodes_minimum = nodes_per_replica * ceil(concurrency / sessions_per_replica)"),
    result("sessions_with_headroom", Text("Sessões com folga", "Sessions with headroom"),
           "sessions_with_headroom = ceil(concurrency * (1 + peak_headroom_ratio))",
           Text("Carga nominal mais {peak_headroom_ratio_pct} de folga para picos.",
                "The nominal load plus {peak_headroom_ratio_pct} of headroom for peaks.")),
    node_result("nodes_with_headroom", Text("Nós com folga", "Nodes with headroom"),
                "nodes_with_headroom = ceil(sessions_with_headroom / sessions_per_node)",
                Text("Nós que seguram o pico, sem reserva para falhas.", "Nodes that hold the peak, with no spare for failures."),
                (), "nodes_with_headroom = nodes_per_replica * ceil(sessions_with_headroom / sessions_per_replica)"),
    case_result("nodes_final", Text("Nós a comprar", "Nodes to buy"),
           lambda plan: "unfit" if plan.nodes_final is None else "spares" if plan.ha_extra_nodes else "alone",
           {case: ("nodes_final = nodes_with_headroom + ha_extra_nodes", text) for case, text in {
               "spares": Text("Nós do pico mais {ha_extra_nodes} de reserva ({ha_mode}): com essa quantidade parada, o pico ainda cabe.",
                              "Nodes for the peak plus {ha_extra_nodes} spare ({ha_mode}): with that many down, the peak still fits."),
               "alone": Text("Sem reserva: um nó parado já tira capacidade da carga nominal.",
                             "No spare: one node down already takes capacity from the nominal load."),
               "unfit": NO_NODES}.items()}, ("ha_mode",)),
    Result("max_concurrency", Text("Sessões que esses nós seguram", "Sessions those nodes hold"), max_concurrency_variant),
    *SPEED_RESULTS,
    Result("max_effective_context", Text("Maior contexto que cabe", "Longest context that fits"), lambda plan: Variant(
        "max_effective_context = min(longest_fitting_context, max_position_embeddings)",
        NO_NODES if plan.max_effective_context is None else LONGEST_CONTEXT[plan.nodes_one_token_more is None]),
        ("nodes", "nodes_one_token_more"), lambda plan: plan.max_effective_context is not None),
    case_result("relative_cost", Text("Custo relativo ao RECOMENDADO", "Cost relative to RECOMMENDED"),
                lambda plan: plan.relative_cost is not None,
                {True: ("relative_cost = nodes_final / recommended_nodes_final - 1",
                        Text("Diferença em nós contra o cenário recomendado ({relative_cost_signed}); preço por nó igual.",
                             "Difference in nodes against the recommended scenario ({relative_cost_signed}); same price per node.")),
                 False: ("relative_cost = nodes_final / recommended_nodes_final - 1", NO_NODES)}),
    node_result("planned_sessions_per_node", Text("Sessões por nó na carga nominal", "Sessions per node at nominal load"),
                "planned_sessions_per_node = ceil(concurrency / nodes_with_headroom)",
                Text("A carga nominal dividida pelos nós que atendem ({nodes_with_headroom}), sem contar com a reserva.",
                     "The nominal load over the nodes that serve it ({nodes_with_headroom}), not counting on the spares.")),
    Result("kv_in_use_gib", Text("KV em uso por nó", "KV in use per node"), lambda plan: Variant(
        "kv_in_use_gib = ceil(concurrency * nodes_per_replica / nodes_with_headroom) * kv_per_session_placed_gib * %s"
        " * min(stages_per_node, pipeline_parallel)" % LAYER_SHARE if plan.pipeline_parallel > 1 else
        "kv_in_use_gib = planned_sessions_per_node * kv_per_session_placed_gib",
        NO_NODES if plan.nodes_final is None else
        Text("HBM ocupada por KV em cada nó na carga nominal.", "HBM that KV takes on each node at nominal load."))),
    node_result("kv_free_gib", Text("Livre no orçamento", "Free within the budget"),
                "kv_free_gib = kv_budget_gib - kv_in_use_gib",
                Text("Espaço de KV que ainda recebe sessões em cada nó.", "Room for KV that still takes sessions on each node.")),
    result("reserved_gib", Text("HBM fora do orçamento", "HBM outside the budget"),
           "reserved_gib = hbm_total_gib * (1 - kv_budget_ratio)",
           Text("HBM que o motor não pode usar: margem para fragmentação, picos de ativação e outros processos.",
                "HBM the engine may not use: margin for fragmentation, activation peaks and other processes.")),
)


def value_of(row: Result, plan: SizingResult) -> float | None:
    """The number of a row in a plan; None where it has none."""
    return getattr(plan, row.name) if hasattr(plan, row.name) else (plan.speed or {}).get(row.name)


def formula_inputs(formula: str) -> list[str]:
    """Names the right-hand side of a formula uses, in order."""
    names = re.findall(r"[A-Za-z_]\w*", formula.split("=", 1)[1])
    return [name for name in dict.fromkeys(names) if name not in FUNCTIONS]


def rationale(row: Result, plan: SizingResult, known: Mapping, lang: str) -> dict:
    """{formula, inputs, explanation} of one number; `known` is facts(plan)."""
    variant = row.variant(plan)
    names = formula_inputs(variant.formula) + list(row.also)
    return {"formula": variant.formula, "inputs": {name: known.get(name) for name in names},
            "explanation": fill(variant.explanation, known, lang)}


CLASS_WORDS = {
    "low": Text("baixo", "low"), "medium": Text("médio", "medium"), "high": Text("alto", "high"),
    "short": Text("curto", "short"), "long": Text("longo", "long"), "small": Text("pequeno", "small"),
    "large": Text("grande", "large"), "extreme": Text("extremo", "extreme"),
}


# === Parameter dictionary: what each word of the report means ===

Parameter = namedtuple("Parameter", "names description source importance common_error")
PARAMETERS = (
    Parameter(("model",),
              Text("O LLM a servir: nome no catálogo, ou caminho de um config.json do Hugging Face ou da pasta dele.",
                   "The LLM to serve: a name in the catalog, or the path of a Hugging Face config.json or of its folder."),
              Text("Escolha do produto; a geometria vem do config.json publicado.",
                   "The product's choice; the geometry comes from the published config.json."),
              Text("Define o KV por token e os pesos: dois modelos de igual tamanho podem diferir 9 vezes em KV.",
                   "Sets KV per token and weights: two models of one size can differ 9 times in KV."),
              Text("Supor que o KV cresce com o número de parâmetros.", "Assuming that KV grows with the parameter count.")),
    Parameter(("server",),
              Text("O nó GPU, pelo nome no catálogo de servidores.", "The GPU node, by its name in the server catalog."),
              Text("Proposta do fornecedor ou instância de nuvem.", "The vendor's offer or a cloud instance."),
              Text("Define a HBM por nó, o recurso que limita as sessões.", "Sets the HBM per node, the resource that limits sessions."),
              Text("Contar GPUs em vez da HBM que o driver entrega.", "Counting GPUs instead of the HBM the driver delivers.")),
    Parameter(("storage",),
              Text("O perfil de armazenamento de onde os pesos são lidos.", "The storage profile the weights are read from."),
              Text("Catálogo de perfis; meça o seu com fio.", "The profile catalog; measure your own with fio."),
              Text("Não muda os nós: muda o tempo de partida e os alertas de E/S.",
                   "Does not change the nodes: it changes start-up time and the I/O alerts."),
              Text("Ler *_gbps como gigabits: aqui é GB/s, 10^9 bytes por segundo.",
                   "Reading *_gbps as gigabits: here it is GB/s, 10^9 bytes per second.")),
    Parameter(("concurrency",),
              Text("Sessões simultâneas cujo KV cache está em HBM.", "Simultaneous sessions whose KV cache is in HBM."),
              Text("Telemetria de pico ou usuários × fração ativa.", "Peak telemetry, or users × the share that is active."),
              Text("Multiplica o KV por sessão: os nós crescem na mesma proporção.",
                   "Multiplies KV per session: nodes grow in proportion."),
              Text("Usar usuários cadastrados, ou requisições por segundo, como sessões.",
                   "Using registered users, or requests per second, as sessions.")),
    Parameter(("nodes", "max_concurrency"),
              Text("Nós que existem, em lugar de --concurrency: quantas sessões eles seguram (max_concurrency), com folga e reserva.",
                   "Nodes there are, instead of --concurrency: how many sessions they hold (max_concurrency), headroom and spares kept."),
              Text("Inventário, orçamento ou proposta.", "Inventory, budget or offer."),
              Text("Inverte a conta: da frota para a carga.", "Turns the sum around: from the fleet to the load."),
              Text("Contar os nós de reserva como capacidade.", "Counting the spare nodes as capacity.")),
    Parameter(("tensor_parallel", "pipeline_parallel", "attention_ranks"),
              Text("GPUs que dividem cada camada de uma réplica; grupos que dividem as camadas; ranks com atenção em paralelo de dados.",
                   "GPUs that share each layer of a replica; groups that share the layers; ranks with data-parallel attention."),
              Text("auto: a disposição com mais sessões por nó, dentro da meta de velocidade se houver uma; o motor recebe o mesmo número.",
                   "auto: the layout with most sessions per node, within the speed target if there is one; the engine is given the same "
                   "figure."),
              Text("Mais GPUs por réplica poupam cópias dos pesos e, acima das cabeças KV, copiam KV.",
                   "More GPUs per replica save copies of the weights and, above the KV heads, copy KV."),
              Text("Usar todas as GPUs em uma réplica de um modelo com poucas cabeças KV.",
                   "Putting all GPUs in one replica of a model with few KV heads.")),
    Parameter(("max_num_batched_tokens",),
              Text("Tokens que o motor processa de uma vez no prefill.", "Tokens the engine prefills at once."),
              Text("Opção de mesmo nome no vLLM; 8192 é o padrão dele em GPUs de servidor.",
                   "The vLLM option of that name; 8192 is its default on server GPUs."),
              Text("Aumenta as ativações e o que uma janela reserva durante o prefill.",
                   "Raises activations and what a window reserves during prefill."),
              Text("Subir para acelerar o prefill sem contar a HBM que isso toma.",
                   "Raising it to speed prefill up without counting the HBM it takes.")),
    Parameter(("effective_context", "requested_context", "max_effective_context"),
              Text("Tokens que cada sessão mantém: prompt, histórico e resposta. requested_context é o valor pedido, antes do corte "
                   "no máximo do modelo; com max, procura-se o maior que cabe em --nodes (max_effective_context).",
                   "Tokens each session holds: prompt, history and answer. requested_context is the figure asked for, before it is "
                   "clamped to the model's maximum; with max the longest that fits --nodes is found (max_effective_context)."),
              Text("Distribuição real de tamanhos (p95), não o máximo do modelo.",
                   "The real distribution of lengths (p95), not the model's maximum."),
              Text("O KV das camadas full cresce linearmente com ele.", "KV of full layers grows linearly with it."),
              Text("Dimensionar todas as sessões no contexto máximo, ou esquecer os tokens gerados.",
                   "Sizing every session at the maximum context, or forgetting the generated tokens.")),
    Parameter(("kv_precision", "default_kv_precision"),
              Text("Formato de cada elemento do KV: fp8 e int8 ocupam 1 byte, fp16 e bf16 ocupam 2, nvfp4 ocupa 0,5625 com a escala; "
                   "fp8_ds_mla é o formato compacto da atenção latente com índice.",
                   "Format of each KV element: fp8 and int8 take 1 byte, fp16 and bf16 take 2, nvfp4 takes 0.5625 with its scale; "
                   "fp8_ds_mla is the packed layout of latent attention with an index."),
              Text("Opção kv_cache_dtype do motor; sem --kv-precision vale a do modelo.",
                   "The engine's kv_cache_dtype option; without --kv-precision the model's holds."),
              Text("Dobra ou divide por dois as sessões por nó.", "Doubles or halves the sessions per node."),
              Text("Supor fp8 quando o motor está em auto, que costuma ser bf16.",
                   "Assuming fp8 when the engine is on auto, which usually means bf16.")),
    Parameter(("kv_budget_ratio",),
              Text("Fração da HBM que o motor pode usar, pesos e KV juntos (gpu_memory_utilization no vLLM).",
                   "Share of HBM the engine may use, weights and KV together (gpu_memory_utilization in vLLM)."),
              Text("Política de operação; 0.70 é o padrão desta ferramenta, 0.9 o do vLLM.",
                   "Operating policy; 0.70 is this tool's default, 0.9 is vLLM's."),
              Text("Cada ponto percentual de um nó de 2 TiB vale 20,5 GiB de KV.",
                   "Each percent of a 2 TiB node is worth 20.5 GiB of KV."),
              Text("Subir até faltar memória sob fragmentação, ou contar só o KV nessa fração.",
                   "Raising it until memory runs out under fragmentation, or counting only KV in that share.")),
    Parameter(("runtime_overhead_gib", "overhead_origin"),
              Text("HBM por nó que não é KV: pesos, ativações e motor. overhead_origin diz se foi calculado (computed), informado "
                   "(given) ou o padrão por falta dos pesos (weights_unknown).",
                   "HBM per node that is not KV: weights, activations and engine. overhead_origin says whether it was computed, "
                   "given, or the default for unknown weights (weights_unknown)."),
              Text("Calculado dos pesos do catálogo e de logs do vLLM, ou informado.",
                   "Computed from the catalog's weights and vLLM logs, or given."),
              Text("Sai do orçamento antes da primeira sessão.", "Leaves the budget before the first session."),
              Text("Informar só os pesos, ou o tamanho do checkpoint em disco.",
                   "Giving the weights alone, or the size of the checkpoint on disk.")),
    Parameter(("input_tokens", "output_tokens"),
              Text("Tokens do prompt e da resposta de uma requisição.", "Tokens of a request's prompt and of its answer."),
              Text("Telemetria; 1024 e 1024 são o caso 1k/1k dos testes públicos.",
                   "Telemetry; 1024 and 1024 are the 1k/1k case of public benchmarks."),
              Text("Prompts longos atrasam os tokens das outras sessões.", "Long prompts delay the tokens of the other sessions."),
              Text("Confundir com effective_context, que inclui todo o histórico.",
                   "Taking them for effective_context, which includes all history.")),
    Parameter(("prefix_cache_hit_ratio",),
              Text("Parte do prompt que o cache de prefixo já tem e não é recalculada.",
                   "Share of the prompt that the prefix cache has and that is not computed again."),
              Text("Métrica do motor (prefix cache hit rate).", "The engine's metric (prefix cache hit rate)."),
              Text("Reduz o prefill na mesma proporção.", "Cuts prefill in proportion."),
              Text("Supor acertos sem prompts que de fato se repetem.", "Assuming hits without prompts that do repeat.")),
    Parameter(("active_ratio",),
              Text("Parte das sessões que está gerando no mesmo instante; as outras só ocupam KV.",
                   "Share of the sessions that are generating at the same moment; the others only hold KV."),
              Text("Tempo de geração ÷ (geração + leitura do usuário).", "Generation time ÷ (generation + the user's reading time)."),
              Text("Menos sessões ativas, tokens mais rápidos.", "Fewer active sessions, faster tokens."),
              Text("Deixar 1.0 para conversas em que o usuário passa a maior parte do tempo lendo.",
                   "Leaving 1.0 for chats in which the user reads most of the time.")),
    Parameter(("tpot_ms", "ttft_ms"),
              Text("Metas: tempo por token de saída (TPOT) e até o primeiro token (TTFT).",
                   "Targets: time per output token (TPOT) and to the first token (TTFT)."),
              Text("Acordo de serviço; 50 ms são 20 tokens/s.", "The service agreement; 50 ms are 20 tokens/s."),
              Text("Com meta, o menor entre memória e velocidade dimensiona o cluster.",
                   "With a target the smaller of memory and speed sizes the cluster."),
              Text("Dimensionar só pela memória e prometer velocidade.", "Sizing by memory alone and promising speed.")),
    Parameter(("engine",),
              Text("Motor cujo fator medido vale: generic, vllm, sglang ou trtllm.",
                   "Engine whose measured factor counts: generic, vllm, sglang or trtllm."),
              Text("O que será implantado; generic serve a todos.", "What will be deployed; generic suits all."),
              Text("Muda o TPOT em poucos por cento.", "Changes TPOT by a few percent."),
              Text("Esperar que o motor mude a memória: só a velocidade muda.", "Expecting the engine to change memory: only speed changes.")),
    Parameter(("measured_tpot_ms", "measured_sessions"),
              Text("Um TPOT que você mediu e com quantas sessões por réplica; substitui o fator do motor.",
                   "A TPOT you measured, and with how many sessions per replica; replaces the engine's factor."),
              Text("Seu teste de carga, com o mesmo modelo, GPU e disposição.", "Your load test, with the same model, GPU and layout."),
              Text("Uma medição remove o viés do motor.", "One measurement removes the engine's bias."),
              Text("Medir com outro tamanho de prompt ou de resposta.", "Measuring with other prompt or answer lengths.")),
    Parameter(("peak_headroom_ratio",),
              Text("Capacidade acima da carga nominal para picos; 0.20 é 20 %.", "Capacity above the nominal load for peaks; 0.20 is 20 %."),
              Text("Relação entre pico e média na telemetria.", "The ratio of peak to mean in telemetry."),
              Text("Sem folga, o primeiro pico vira fila.", "Without it the first peak becomes a queue."),
              Text("Somar folga a uma concorrência que já era a de pico.", "Adding headroom to a concurrency that already was the peak.")),
    Parameter(("ha_mode", "ha_extra_nodes"),
              Text("Nós de reserva para falhas: none, n+1 ou n+2; ha_extra_nodes é a quantidade.",
                   "Spare nodes for failures: none, n+1 or n+2; ha_extra_nodes is how many."),
              Text("Definido pelo cenário.", "Set by the scenario."),
              Text("Com a reserva parada, o pico ainda cabe.", "With the spares down, the peak still fits."),
              Text("Prometer o SLA citado sem calcular a disponibilidade do nó.",
                   "Promising the quoted SLA without computing the node's availability.")),
    Parameter(("num_layers",),
              Text("Camadas do transformer (num_hidden_layers no config.json).", "Transformer layers (num_hidden_layers in config.json)."),
              Text("config.json do modelo.", "The model's config.json."),
              Text("Cada camada guarda o próprio KV.", "Each layer keeps its own KV."),
              Text("Contar como full as camadas de janela deslizante.", "Counting sliding-window layers as full ones.")),
    Parameter(("num_key_value_heads",),
              Text("Cabeças de chave e valor por camada (GQA, MQA).", "Key and value heads per layer (GQA, MQA)."),
              Text("config.json do modelo.", "The model's config.json."),
              Text("O KV é proporcional a elas, não às cabeças de atenção.", "KV is proportional to them, not to the attention heads."),
              Text("Usar num_attention_heads: erro de 2 a 16 vezes.", "Using num_attention_heads: wrong by 2 to 16 times.")),
    Parameter(("head_dim",),
              Text("Elementos de cada cabeça.", "Elements of each head."),
              Text("config.json; hidden_size / num_attention_heads só quando ele não informa.",
                   "config.json; hidden_size / num_attention_heads only where it is silent."),
              Text("O KV é proporcional a ele.", "KV is proportional to it."),
              Text("Dividir hidden_size pelas cabeças quando head_dim está no arquivo.",
                   "Dividing hidden_size by the heads when head_dim is in the file.")),
    Parameter(("max_position_embeddings",),
              Text("Maior contexto que o modelo aceita, em tokens.", "The longest context the model takes, in tokens."),
              Text("config.json do modelo.", "The model's config.json."),
              Text("O contexto pedido é cortado nele.", "The requested context is clamped to it."),
              Text("Vender um contexto que o modelo não aceita.", "Selling a context that the model does not take.")),
    Parameter(("attention_pattern",),
              Text("Família de KV: full, sliding, hybrid (full e sliding), chunked (blocos locais), latent (MLA), sparse_latent (MLA com "
                   "índice) ou linear (camadas de estado fixo).",
                   "KV family: full, sliding, hybrid (full and sliding), chunked (local chunks), latent (MLA), sparse_latent (MLA with an "
                   "index) or linear (layers of fixed state)."),
              Text("Chaves do config.json que a família lê.", "Keys of config.json that the family reads."),
              Text("Muda o KV por sessão em várias vezes no contexto longo.", "Changes KV per session several times at long context."),
              Text("Tratar todo modelo como full.", "Treating every model as full.")),
    Parameter(("hybrid_full_layers", "hybrid_sliding_layers"),
              Text("Quantas camadas de um modelo híbrido guardam o contexto todo e quantas só a janela.",
                   "How many layers of a hybrid model keep the whole context, and how many only the window."),
              Text("layer_types do config.json.", "layer_types of config.json."),
              Text("Só as full crescem com o contexto.", "Only the full ones grow with the context."),
              Text("Supor metade e metade: Gemma 3 tem 10 full em 62.", "Assuming half and half: Gemma 3 has 10 full in 62.")),
    Parameter(("layer_groups",),
              Text("O que cada tipo de camada guarda, quando os campos clássicos não bastam: kind (full, sliding, chunked, latent, index, "
                   "state, none), layers e os campos do tipo.",
                   "What each kind of layer keeps, where the classic fields do not suffice: kind (full, sliding, chunked, latent, index, "
                   "state, none), layers and the fields of the kind."),
              Text("Lido do config.json.", "Read from config.json."),
              Text("O KV é a soma dos grupos.", "KV is the sum of the groups."),
              Text("Contar como atenção comum uma camada que guarda estado, ou nada.",
                   "Counting a layer that keeps a state, or nothing, as plain attention.")),
    Parameter(("hidden_size", "num_attention_heads", "vocab_size", "embedding_params"),
              Text("Largura do modelo, cabeças de consulta, vocabulário e parâmetros da tabela de embeddings.",
                   "Width of the model, query heads, vocabulary and parameters of the embedding table."),
              Text("config.json do modelo.", "The model's config.json."),
              Text("Dão as ativações do motor e dizem em quantas GPUs as camadas se dividem.",
                   "Give the engine's activations, and say over how many GPUs the layers divide."),
              Text("Dividir um modelo por um número que não divide as cabeças.", "Spreading a model over a number that does not divide the heads.")),
    Parameter(("num_experts", "num_experts_per_tok", "moe_layers", "expert_params"),
              Text("Especialistas por camada MoE, quantos cada token usa, quantas camadas os têm, e o tamanho de um.",
                   "Experts per MoE layer, how many a token uses, how many layers have them, and the size of one."),
              Text("config.json do modelo.", "The model's config.json."),
              Text("Todos ocupam HBM; poucos são lidos por token.", "All take HBM; few are read per token."),
              Text("Tratar os parâmetros ativos como memória.", "Treating active parameters as memory.")),
    Parameter(("unquantized_params", "mtp_params", "vision_params"),
              Text("Parâmetros que um checkpoint quantizado deixa em 16 bits; os de previsão de múltiplos tokens e os da torre de visão, à "
                   "parte do total.",
                   "Parameters that a quantized checkpoint leaves in 16 bits; those of multi-token prediction and of the vision tower, apart "
                   "from the total."),
              Text("Contados do config.json.", "Counted from config.json."),
              Text("Separam o que está no disco do que é carregado.", "Tell what is on disk from what is loaded."),
              Text("Multiplicar todos os parâmetros pelos bytes do formato.", "Multiplying all parameters by the format's bytes.")),
    Parameter(("rope_positions",),
              Text("Posições das tabelas rotativas que cada GPU guarda.", "Positions of the rotary tables that each GPU keeps."),
              Text("max_position_embeddings, esticado por um rope_scaling linear.", "max_position_embeddings, stretched by a linear rope_scaling."),
              Text("Pesa em contextos de milhões de tokens.", "Weighs with contexts of millions of tokens."),
              Text("Esquecer 2,5 GiB por GPU no Llama 4 Scout.", "Forgetting 2.5 GiB per GPU on Llama 4 Scout.")),
    Parameter(("config_read", "config_derived", "weights_origin"),
              Text("O que foi lido de um config.json, o que dele se derivou, e de onde vêm os pesos (computed, safetensors ou o catálogo).",
                   "What was read from a config.json, what was derived from it, and where the weights come from (computed, safetensors or "
                   "the catalog)."),
              Text("A leitura de --model com um caminho.", "Reading --model with a path."),
              Text("Permite conferir cada número.", "Lets every number be checked."),
              Text("Confiar sem conferir o que foi suposto.", "Trusting what was assumed without checking.")),
    Parameter(("sliding_window",),
              Text("Tokens que uma camada de janela deslizante guarda.", "Tokens a sliding-window layer keeps."),
              Text("config.json do modelo.", "The model's config.json."),
              Text("Limita o KV dessas camadas.", "Bounds the KV of those layers."),
              Text("Usar o número quando o modelo declara que não o usa (use_sliding_window false).",
                   "Using the figure where the model says it does not (use_sliding_window false).")),
    Parameter(("weights_gib", "checkpoint_gib"),
              Text("Pesos como carregados em HBM, e como estão em disco.", "Weights as loaded into HBM, and as they are on disk."),
              Text("Log de partida do motor; arquivos safetensors.", "The engine's start-up log; the safetensors files."),
              Text("Os pesos saem da HBM de cada nó; o checkpoint define o tempo de carga.",
                   "The weights come off each node's HBM; the checkpoint sets the load time."),
              Text("Tomar um pelo outro: gpt-oss-120b tem 60,8 GiB em disco e até 66,0 em HBM.",
                   "Taking one for the other: gpt-oss-120b is 60.8 GiB on disk and up to 66.0 in HBM.")),
    Parameter(("weights_precision", "total_params", "active_params"),
              Text("Formato dos pesos, parâmetros totais e ativos por token.", "Weight format, total parameters and those active per token."),
              Text("config.json (quantization_config) e cartão do modelo.", "config.json (quantization_config) and the model card."),
              Text("Explicam os pesos; em MoE os ativos são poucos, mas todos ocupam HBM.",
                   "Explain the weights; in MoE few are active, yet all take HBM."),
              Text("Dimensionar a memória de um MoE pelos parâmetros ativos.", "Sizing an MoE's memory by its active parameters.")),
    Parameter(("gpus",),
              Text("GPUs de um nó.", "GPUs of one node."),
              Text("Ficha do servidor.", "The server's data sheet."),
              Text("Os pesos se espalham por todas; o motor ocupa memória em cada uma.",
                   "The weights spread over all of them; the engine takes memory on each."),
              Text("Contar GPUs de um rack inteiro como um nó.", "Counting a whole rack's GPUs as one node.")),
    Parameter(("total_hbm_gb", "hbm_per_gpu_gb"),
              Text("HBM do folheto, por nó e por GPU, em GB.", "The brochure's HBM, per node and per GPU, in GB."),
              Text("Ficha do fabricante.", "The maker's data sheet."),
              Text("Só vale para a conta quando falta o número do driver.", "Counts only where the driver's figure is missing."),
              Text("Ler GB como GiB: 7 % a mais em dgx300.", "Reading GB as GiB: 7 % too much on dgx300.")),
    Parameter(("driver_mib_per_gpu",),
              Text("Memória por GPU que o driver reporta, em MiB.", "Memory per GPU that the driver reports, in MiB."),
              Text("nvidia-smi ou rocm-smi.", "nvidia-smi or rocm-smi."),
              Text("É a HBM que existe de fato: H200 de 141 GB mostra 140,4 GiB.", "It is the HBM that exists: the 141 GB H200 shows 140.4 GiB."),
              Text("Converter o folheto com uma regra só: não há regra comum aos fabricantes.",
                   "Converting brochures with one rule: no rule fits all makers.")),
    Parameter(("nvlink_bandwidth_tbps", "hbm_bandwidth_per_gpu_tbps", "dense_tflops_bf16", "dense_tflops_fp8", "dense_tflops_fp4"),
              Text("Velocidades de pico: NVLink do nó (as duas direções), HBM e cálculo denso por GPU.",
                   "Peak rates: the node's NVLink (both directions), HBM and dense compute per GPU."),
              Text("Ficha do fabricante, sem esparsidade.", "The maker's data sheet, without sparsity."),
              Text("Delas vem a velocidade dos tokens.", "Token speed comes from them."),
              Text("Usar o número com esparsidade, o dobro.", "Using the figure with sparsity, twice as high.")),
    Parameter(("gpu_interconnect",),
              Text("O que liga as GPUs do nó: nvlink, infinity_fabric ou pcie.", "What connects the node's GPUs: nvlink, infinity_fabric or pcie."),
              Text("Ficha do servidor.", "The server's data sheet."),
              Text("Com PCIe, dividir camadas entre GPUs custa tempo em cada token.",
                   "Over PCIe, sharing layers among GPUs costs time on each token."),
              Text("Comparar servidores só pela HBM.", "Comparing servers by HBM alone.")),
    Parameter(("system_memory_tb",),
              Text("Memória do hospedeiro, em TB.", "Host memory, in TB."),
              Text("Ficha do servidor.", "The server's data sheet."),
              Text("Serve de cache de pesos e de KV fora da HBM.", "Serves as a cache of weights and of KV outside HBM."),
              Text("Somá-la à HBM.", "Adding it to the HBM.")),
    Parameter(("max_power_kw", "rack_units"),
              Text("Potência máxima e altura do nó.", "Maximum power and height of the node."),
              Text("Ficha do servidor.", "The server's data sheet."),
              Text("Decidem se o datacenter recebe os nós.", "Decide whether the data centre takes the nodes."),
              Text("Esquecer rede, armazenamento e refrigeração.", "Forgetting network, storage and cooling.")),
    Parameter(("type",),
              Text("Tipo do armazenamento; os de nuvem geram alerta.", "Kind of storage; cloud kinds raise an alert."),
              Text("Catálogo de perfis.", "The profile catalog."),
              Text("Indica quanto a latência varia.", "Tells how much latency varies."),
              Text("Tratar um volume de nuvem como NVMe local.", "Treating a cloud volume as local NVMe.")),
    Parameter(("iops_read", "iops_write"),
              Text("Operações por segundo.", "Operations per second."),
              Text("Ficha do fabricante ou fio.", "The maker's data sheet, or fio."),
              Text("Importam para muitos arquivos pequenos, pouco para checkpoints.", "Matter for many small files, little for checkpoints."),
              Text("Somar IOPS de vários volumes acima do teto da VM.", "Adding up volumes beyond the VM's cap.")),
    Parameter(("throughput_read_gbps", "throughput_write_gbps"),
              Text("Vazão em GB/s: gigabytes decimais por segundo, não gigabits.", "Throughput in GB/s: decimal gigabytes per second, not gigabits."),
              Text("Ficha do fabricante ou fio.", "The maker's data sheet, or fio."),
              Text("Dá o piso do tempo de carga do modelo.", "Gives the floor of the model's load time."),
              Text("Esperar a vazão da ficha: carregadores medidos ficam em 0,3 a 7,5 GB/s.",
                   "Expecting the data sheet's rate: measured loaders reach 0.3 to 7.5 GB/s.")),
    Parameter(("latency_read_ms_p50", "latency_read_ms_p99", "latency_write_ms_p50", "latency_write_ms_p99"),
              Text("Latência mediana e p99, em ms.", "Median and p99 latency, in ms."),
              Text("Medição; nenhum fabricante publica p99.", "Measurement; no vendor publishes p99."),
              Text("Pesa quando KV ou prompts são lidos durante o atendimento.", "Weighs when KV or prompts are read while serving."),
              Text("Tomar a média como p99.", "Taking the mean for the p99.")),
    Parameter(("json_only", "text_only", "markdown_only"),
              Text("Uma só saída, em vez de texto seguido de JSON.", "One output only, instead of text followed by JSON."),
              Text("Quem chama.", "The caller."),
              Text("--json-only alimenta scripts; as chaves não mudam com o idioma.",
                   "--json-only feeds scripts; keys never change with the language."),
              Text("Analisar o texto com expressões regulares.", "Parsing the text with regular expressions.")),
    Parameter(("output_json_file", "output_markdown_file"),
              Text("Grava também um arquivo, inclusive quando não cabe.", "Also writes a file, even when it does not fit."),
              Text("Quem chama.", "The caller."),
              Text("A troca é atômica: nunca fica um arquivo pela metade.", "The swap is atomic: no half-written file is left."),
              Text("Ler só o arquivo e ignorar o código de saída.", "Reading the file alone and ignoring the exit status.")),
    Parameter(("models_file", "servers_file", "storage_file"),
              Text("Outros catálogos, no mesmo formato.", "Other catalogs, in the same format."),
              Text("Os arquivos ao lado de sizing.py.", "The files beside sizing.py."),
              Text("Permitem catálogos próprios sem tocar nos que acompanham.", "Allow catalogs of your own without touching those shipped."),
              Text("Copiar um número sem a fonte.", "Copying a figure without its source.")),
    Parameter(("lang",),
              Text("Idioma do relatório: pt ou en.", "Language of the report: pt or en."),
              Text("Quem chama.", "The caller."),
              Text("Muda só a prosa, nunca números ou chaves.", "Changes prose only, never numbers or keys."),
              Text("Esperar mensagens de erro traduzidas: são sempre em inglês.", "Expecting translated error messages: they are always English.")),
    Parameter(("list_models", "list_servers", "list_storage", "version"),
              Text("Mostra o que há no catálogo, ou a versão, e termina.", "Shows what the catalog holds, or the version, and ends."),
              Text("Quem chama.", "The caller."),
              Text("Dão os nomes que as outras opções aceitam.", "Give the names the other flags take."),
              Text("Adivinhar nomes: o erro sugere o mais próximo.", "Guessing names: the error suggests the nearest.")),
)


# === Report: content as blocks, the same for text and Markdown ===

WORDS = {
    "title": Text("DIMENSIONAMENTO DE NÓS GPU PARA SERVIR LLM", "GPU NODE SIZING FOR LLM SERVING"),
    "subject": Text("{model} em {server} | sessões: {concurrency} | contexto: {effective_context} tokens{requested} | "
                    "KV: {kv_precision} | {storage}",
                    "{model} on {server} | sessions: {concurrency} | context: {effective_context} tokens{requested} | "
                    "KV: {kv_precision} | {storage}"),
    "requested": Text(" (pedido: {requested_context})", " (requested: {requested_context})"),
    "sessions": Text("Sessões", "Sessions"), "longest_context": Text("Contexto máximo", "Longest context"),
    "layouts": Text("Disposições do modelo em um nó do cenário RECOMENDADO", "Layouts of the model on a RECOMMENDED node"),
    "layout": Text("GPUs por réplica (tensor × pipeline)", "GPUs per replica (tensor × pipeline)"),
    "replicas": Text("Réplicas por nó", "Replicas per node"), "kv_placed": Text("KV por sessão (GiB)", "KV per session (GiB)"),
    "sessions_node": Text("Sessões por nó", "Sessions per node"), "remark": Text("Observação", "Remark"),
    "chosen": Text("← escolhida", "← chosen"), "attention_data": Text("(atenção em paralelo de dados)", "(data-parallel attention)"),
    "scenario": Text("Cenário", "Scenario"), "nodes": Text("Nós", "Nodes"), "headroom": Text("Folga", "Headroom"),
    "spares": Text("Reserva", "Spares"), "cost": Text("Custo", "Cost"), "use": Text("Uso", "Use"),
    "risk": Text("Risco", "Risk"), "typical_sla": Text("SLA citado (não calculado)", "Quoted SLA (not computed)"),
    "production": Text("← usar em produção", "← use in production"),
    "unfit": Text("não cabe", "does not fit"), "no_spares": Text("nenhuma", "none"),
    "placement": Text("Disposição", "Layout"), "pace": Text("Velocidade", "Speed"),
    "picture": Text("TPOT esperado conforme as sessões por nó (cenário RECOMENDADO): de {first_ms} ms com uma sessão por réplica a "
                    "{last_ms} ms com {last_sessions} por nó",
                    "Expected TPOT by sessions per node (RECOMMENDED scenario): from {first_ms} ms with one session per replica to "
                    "{last_ms} ms with {last_sessions} per node"),
    "mark_planned": Text("carga planejada: {sessions}", "planned load: {sessions}"),
    "mark_memory": Text("limite da memória: {sessions}", "memory limit: {sessions}"),
    "mark_speed": Text("limite da meta de velocidade: {sessions}", "limit of the speed target: {sessions}"),
    "by_memory": Text("Por memória", "By memory"), "by_speed": Text("Por velocidade", "By speed"),
    "binding": Text("Limite determinante", "Binding limit"), "worst": Text("Maior alerta", "Worst alert"),
    "more": Text("{severity} ({names}): {meaning} (alertas: {count}; ver SEÇÃO 4)",
                 "{severity} ({names}): {meaning} (alerts: {count}; see SECTION 4)"),
    "every_scenario": Text("todos os cenários", "all scenarios"),
    "no_alert": Text("nenhum", "none"),
    "bar": Text("HBM de um nó do cenário RECOMENDADO na carga nominal, com a reserva parada: {hbm_total_gib} GiB",
                "HBM of one RECOMMENDED node at nominal load, the spares down: {hbm_total_gib} GiB"),
    "bar_unfit": Text("HBM de um nó do cenário RECOMENDADO, sem nenhuma sessão: {hbm_total_gib} GiB",
                      "HBM of one RECOMMENDED node, with no session: {hbm_total_gib} GiB"),
    "levers": Text("O que faria caber: o limiar de cada alavanca sozinha (não: não resolve)",
                   "What would make it fit: the threshold of each lever alone (no: does not help)"),
    "lever": Text("Alavanca", "Lever"), "now": Text("Hoje", "Now"), "all": Text("TODOS", "ALL"),
    "no_help": Text("não", "no"),
    "fits_already": Text("já cabe", "fits"),
    "combine": Text("Nenhuma alavanca sozinha faz caber os três cenários: combine duas ou mais, ou traga um servidor maior para o catálogo.",
                    "No lever alone makes all three scenarios fit: combine two or more, or bring a larger server into the catalog."),
    "not_applicable": Text("não se aplica", "does not apply"),
    "section1": Text("SEÇÃO 1: ENTRADAS", "SECTION 1: INPUTS"), "request": Text("Requisição", "Request"),
    "model": Text("Modelo", "Model"), "server": Text("Servidor", "Server"), "storage": Text("Armazenamento", "Storage"),
    "section2": Text("SEÇÃO 2: DICIONÁRIO DE PARÂMETROS", "SECTION 2: PARAMETER DICTIONARY"), "parameter": Text("Parâmetro", "Parameter"),
    "description": Text("O que é", "What it is"), "source": Text("Origem", "Source"),
    "importance": Text("Importância", "Importance"), "common_error": Text("Erro comum", "Common error"),
    "section3": Text("SEÇÃO 3: RESULTADOS POR CENÁRIO", "SECTION 3: RESULTS BY SCENARIO"),
    "shared": Text("IGUAL EM TODOS OS CENÁRIOS", "THE SAME IN ALL SCENARIOS"), "number": Text("Número", "Number"),
    "formula": Text("Racional · Fórmula", "Rationale · Formula"), "inputs": Text("Inputs", "Inputs"),
    "explanation": Text("Interpretação", "Interpretation"), "scale": Text("escala", "scale"),
    "section4": Text("SEÇÃO 4: ALERTAS E RISCOS", "SECTION 4: ALERTS AND RISKS"), "alert": Text("Alerta", "Alert"),
    "meaning": Text("O que significa", "What it means"), "action": Text("O que fazer", "What to do"), "scenarios": Text("Cenários", "Scenarios"),
    "accuracy": Text("Quão certo é", "How right it is"),
}
# How far off the numbers can be: (when it concerns a plan, text).
ACCURACY = (
    (lambda plan: True,
     Text("KV por sessão: igual ao byte ao que o vLLM 0.32.0 calcula, em bf16 e fp8, em estado estacionário e nos dois limites do motor, "
          "para 88 modelos públicos.",
          "KV per session: equal to the byte to what vLLM 0.32.0 computes, in bf16 and fp8, in steady state and for the two engine "
          "bounds, for 88 public models.")),
    (lambda plan: plan.model.weights_origin == "computed",
     Text("Pesos: parâmetros contados do config.json, iguais aos do vLLM em 84 de 84 modelos; em bf16 e fp8 motores registraram até 2,3 % a "
          "mais ao carregar, e em mxfp4 até 9 %.",
          "Weights: parameters counted from config.json, equal to vLLM's for 84 of 84 models; loading bf16 and fp8, engines logged up to 2.3 % "
          "more, and mxfp4 up to 9 %.")),
    (lambda plan: plan.overhead_origin == "computed",
     Text("Memória do motor: contra 22 logs de partida do vLLM 0.19 em H100 (a fração de HBM e os pesos de cada log), a memória livre para "
          "KV erra 0,2 % na mediana, 0,8 % no p90 e 1,7 % no pior caso. Fora deles: 9 % a 11 % em MI300X com vLLM 0.9, 20 % em uma A100, "
          "até 95 % em placas pequenas; H200, B200 e outros motores não foram medidos. O motor vê de 0,3 % a 0,6 % menos HBM do que o driver "
          "informa.",
          "Engine memory: against 22 start-up logs of vLLM 0.19 on H100 (each log's own share of HBM and weights), the memory free for KV "
          "is off by 0.2 % median, 0.8 % p90 and 1.7 % at worst. Outside them: 9 % to 11 % on MI300X with vLLM 0.9, 20 % on one A100, "
          "up to 95 % on small cards; H200, B200 and other engines were not measured. The engine sees 0.3 % to 0.6 % less HBM than the driver "
          "reports.")),
    (lambda plan: plan.speed is not None and plan.speed_request.measured_tpot_ms is None,
     Text("Velocidade: contra 1.149 medições publicadas (H100, H200 e B200; vLLM, SGLang e TensorRT-LLM; 2 a 512 sessões) o TPOT esperado "
          "erra 9 % na mediana e 29 % no p90; em modelos deixados de fora do ajuste, 11 % e 36 %. Pelo menos 80 % das medições ficam até o "
          "TPOT para compromisso. Uma medição sua (--measured-tpot-ms) vale mais.",
          "Speed: against 1,149 published measurements (H100, H200 and B200; vLLM, SGLang and TensorRT-LLM; 2 to 512 sessions) expected TPOT is "
          "off by 9 % median and 29 % p90; for models left out of the fit, by 11 % and 36 %. At least 80 % of measurements are at or below the "
          "TPOT to commit to. A measurement of your own (--measured-tpot-ms) is worth more.")),
    (lambda plan: plan.speed is not None and plan.speed_request.measured_tpot_ms is not None,
     Text("Velocidade: ajustada à sua medição ({measured_tpot_ms} ms com {measured_sessions} sessões por réplica); quanto mais longe dela, mais "
          "incerta. O compromisso é o próprio valor esperado.",
          "Speed: fitted to your measurement ({measured_tpot_ms} ms with {measured_sessions} sessions per replica); the farther from it, the "
          "less certain. The figure to commit to is the expected one.")),
    (lambda plan: plan.speed is not None,
     Text("TTFT: só um piso (o prefill) e uma faixa de fila; sob carga nenhuma fórmula estática o prevê. Fora do modelo: decodificação "
          "especulativa, prefill separado da decodificação, tensor parallel entre nós, despejo por falta de KV.",
          "TTFT: only a floor (the prefill) and a band for the queue; under load no static formula predicts it. Outside the model: speculative "
          "decoding, prefill disaggregated from decoding, tensor parallel across nodes, eviction for lack of KV.")),
    (lambda plan: plan.speed is not None and COMPUTE_PRECISIONS[plan.model.weights_precision][0] != compute_precision(
        plan.server, plan.model.weights_precision),
     Text("Esta GPU não calcula em {weights_precision}: os produtos rodam na precisão seguinte que ela tem ({compute_precision}).",
          "This GPU does not compute in {weights_precision}: its products run in the next precision it has ({compute_precision}).")),
    (lambda plan: plan.speed is not None and plan.server.gpu_interconnect == "pcie",
     Text("Servidor só com PCIe: nenhuma medição de velocidade usou um assim.", "A PCIe-only server: no speed measurement used one.")),
    (lambda plan: plan.speed is None and plan.speed_missing,
     Text("Velocidade não é dimensionada aqui (falta: {speed_missing}): caber em memória não garante TTFT nem TPOT.",
          "Speed is not sized here (missing: {speed_missing}): fitting in memory promises neither TTFT nor TPOT.")),
)
HBM_SEGMENTS = (("runtime_overhead_gib", "█", Text("pesos e motor", "weights and engine")),
                ("kv_in_use_gib", "▓", Text("KV em uso", "KV in use")),
                ("kv_free_gib", "░", Text("livre no orçamento", "free within the budget")),
                ("reserved_gib", "·", Text("fora do orçamento", "outside the budget")))
BAR_CELLS = 58

Answer = namedtuple("Answer", "request plans known levers")   # known: facts of each plan


def make_answer(request: Mapping, servers: Mapping[str, Server]) -> Answer:
    """Everything the renderers show."""
    plans = plan_all(request)
    return Answer(request, plans, {key: facts(plan) for key, plan in plans.items()}, find_levers(request, plans, servers))


SPEEDS = {
    "known": Text("TPOT esperado {tpot_expected_ms_amount}, para compromisso {tpot_committed_ms_amount}; {tokens_per_s_per_session} tokens/s por "
                  "sessão; prefill (piso do TTFT) {prefill_ms_amount}",
                  "TPOT expected {tpot_expected_ms_amount}, to commit to {tpot_committed_ms_amount}; {tokens_per_s_per_session} tokens/s per "
                  "session; prefill (floor of TTFT) {prefill_ms_amount}"),
    "missing": Text("desconhecida; falta: {speed_missing}", "not known; missing: {speed_missing}"),
    "unfit": Text("nenhuma: não cabe", "none: it does not fit"),
}
PLACEMENTS = {
    "tensor": Text("réplicas por nó: {replicas_per_node}; GPUs por réplica: {tensor_parallel}",
                   "replicas per node: {replicas_per_node}; GPUs per replica: {tensor_parallel}"),
    "data": Text("réplicas por nó: {replicas_per_node}; GPUs por réplica: {tensor_parallel}, com atenção em paralelo de dados",
                 "replicas per node: {replicas_per_node}; GPUs per replica: {tensor_parallel}, with data-parallel attention"),
    "pipeline": Text("réplicas por nó: {replicas_per_node}; GPUs por réplica: {tensor_parallel} × {pipeline_parallel} (pipeline parallel)",
                     "replicas per node: {replicas_per_node}; GPUs per replica: {tensor_parallel} × {pipeline_parallel} (pipeline parallel)"),
    "spanning": Text("nós por réplica: {nodes_per_replica}; GPUs por réplica: {tensor_parallel} × {pipeline_parallel} (pipeline parallel)",
                     "nodes per replica: {nodes_per_replica}; GPUs per replica: {tensor_parallel} × {pipeline_parallel} (pipeline parallel)"),
}


def words(lang: str, *keys: str) -> list[str]:
    """Headings and labels of `lang`."""
    return [getattr(WORDS[key], lang) for key in keys]


def pretty(formula: str, lang: str, known: Mapping | None = None) -> str:
    """A formula for people: × and ÷, and the numbers put in when `known` has them."""
    for code, sign in (("**", "^"), ("*", "×"), ("/", "÷"), (" - ", " − "), (", ", "; " if lang == "pt" else ", ")):
        formula = formula.replace(code, sign)
    if known is None:
        return formula
    return re.sub(r"[A-Za-z_]\w*", lambda found: found[0] if found[0] in FUNCTIONS else plain(known[found[0]], lang), formula)


def worked_formula(row: Result, plan: SizingResult, known: Mapping, lang: str) -> str:
    """The formula in names, then with its numbers; the KV formula has one line per layer group."""
    formula = row.variant(plan).formula
    if row.name == "kv_per_session_gib":
        lines = ["%s attention: %s" % (plan.model.attention_pattern.replace("_", " ").capitalize(), " + ".join(
            "%d %s" % (group.values[group.names["layers"]], group.kind) for group in layer_groups(plan.model)))]
        lines += ["%s: %s" % (group.kind.capitalize(), pretty(term, lang, known)) for group, term in kv_terms(plan)]
    elif any(known.get(name) is None for name in formula_inputs(formula)):
        lines = []                                       # no number to put in when nothing fits
    else:
        lines = ["= " + pretty(formula.split(" = ", 1)[1], lang, known)]
    value = value_of(row, plan)
    missing = getattr(WORDS["unfit"], lang) if plan.nodes_final is None else getattr(NOT_STATED, lang)
    outcome = "= %s" % (missing if value is None else plain(value, lang))
    lines += [outcome] if outcome not in lines else []
    return "\n".join([pretty(formula, lang)] + lines)


def shown_value(row: Result, plan: SizingResult, lang: str) -> str:
    """The headline of one number: value, unit, class."""
    value = value_of(row, plan)
    if row.name == "relative_cost":
        return signed_percent(value, lang)
    missing = getattr(WORDS["unfit"], lang) if plan.nodes_final is None else getattr(NOT_STATED, lang)
    text = missing if value is None else amount(row.name, value, lang)
    return with_scale(row.name, value, text, lang)


def with_scale(name: str, value: float | None, text: str, lang: str) -> str:
    """`text` followed by the class of `value`, where `name` has a scale."""
    scale = classify(name, value) if name in SCALES else None
    return text if scale is None else "%s (%s: %s)" % (text, *words(lang, "scale"), getattr(CLASS_WORDS[scale], lang))


def alert_rows(known: Mapping[str, Mapping], plans: Mapping[str, SizingResult], lang: str) -> list[dict]:
    """Every alert raised, the worst first, with the scenarios it concerns; once more where its numbers differ."""
    rows: dict[tuple, dict] = {}
    for alert in sorted(ALERTS, key=lambda alert: list(SEVERITIES).index(alert.severity)):
        for key, plan in plans.items():
            if alert.id in plan.warnings:
                meaning, action = (fill(text, known[key], lang) for text in (alert.meaning, alert.action))
                row = {"id": alert.id, "severity": alert.severity, "scenarios": [], "meaning": meaning, "action": action}
                rows.setdefault((alert.id, meaning, action), row)["scenarios"].append(key)
    return list(rows.values())


def scenario_names(keys: Sequence[str], lang: str) -> str:
    """The display names of scenarios, listed, or that it is all of them."""
    if len(keys) == len(SCENARIOS):
        return getattr(WORDS["every_scenario"], lang)
    return ", ".join(getattr(s.name, lang) for s in SCENARIOS if s.key in keys)


def summary_blocks(answer: Answer, lang: str) -> list[tuple]:
    """Ten seconds: nodes per scenario, which one for production, what binds, what worries, how the HBM is spent."""
    known, alerts = answer.known["recommended"], alert_rows(answer.known, answer.plans, lang)
    worst = dict(alerts[0], severity=getattr(SEVERITIES[alerts[0]["severity"]], lang), count=len(alerts),
                 names=scenario_names(alerts[0]["scenarios"], lang)) if alerts else None
    plan = answer.plans["recommended"]
    requested = fill(WORDS["requested"], known, lang) if plan.requested_context != plan.effective_context else ""
    bar = fill(WORDS["bar_unfit" if plan.nodes_final is None else "bar"], known, lang)
    blocks = [
        ("title", *words(lang, "title")), ("paragraph", fill(WORDS["subject"], dict(known, requested=requested), lang)),
        ("table", words(lang, "scenario", *found_columns(answer.request), "nodes", "headroom", "spares", "cost", "use"),
         [scenario_row(scenario, answer.plans[scenario.key], found_columns(answer.request), lang) for scenario in SCENARIOS]),
        ("pairs", list(zip(words(lang, "placement", "pace", "binding", "worst"), [
            fill(PLACEMENTS["spanning" if plan.nodes_per_replica > 1 else layout_case(plan)], known, lang),
            fill(SPEEDS["known" if plan.speed else "missing" if plan.speed_missing else "unfit"], known, lang),
            fill(LIMITS[plan.binding_limit], known, lang),
            fill(WORDS["more"], worst, lang) if worst else getattr(WORDS["no_alert"], lang)]))),
    ]
    if answer.levers:
        blocks += [("heading", *words(lang, "levers")), lever_table(answer.levers, answer.plans, lang)]
        if all(lever["thresholds"]["all"] is None for lever in answer.levers):
            blocks += [("paragraph", *words(lang, "combine"))]
    return blocks + [("paragraph", bar), ("bar", hbm_cells(plan)),
                     ("pairs", [("%s %s" % (glyph, getattr(label, lang)), amount(name, gib, lang))
                                for (name, glyph, label), gib in zip(HBM_SEGMENTS, hbm_segments(plan))])] + picture_blocks(plan, lang)


def found_columns(request: Mapping) -> list[str]:
    """What was asked for and found, beside the nodes: keys of WORDS."""
    return ["sessions"] * (request["concurrency"] is None) + ["longest_context"] * (request["effective_context"] == "max")


def scenario_row(scenario: Scenario, plan: SizingResult, found: Sequence[str], lang: str) -> list[str]:
    """One scenario in the summary's table."""
    unfit, production, no_spares = words(lang, "unfit", "production", "no_spares")
    use = getattr(scenario.use, lang) + (" " + production if scenario.key == "recommended" else "")
    shown = {"sessions": number(plan.max_concurrency or 0, lang), "longest_context": number(plan.max_effective_context or 0, lang)}
    return [getattr(scenario.name, lang), *(shown[key] for key in found), unfit if plan.nodes_final is None else number(plan.nodes_final, lang),
            percent(plan.peak_headroom_ratio, lang), plan.ha_mode.upper() if plan.ha_extra_nodes else no_spares,
            signed_percent(plan.relative_cost, lang), use]


def layout_blocks(plan: SizingResult, lang: str) -> list[tuple]:
    """The layouts looked at, and why some cannot be built."""
    def row(layout):
        size = "%d × %d" % (layout["tensor_parallel"], layout["pipeline_parallel"])
        size += " " + getattr(WORDS["attention_data"], lang) if layout["attention_ranks"] > 1 else ""
        chosen = all(layout[name] == getattr(plan, name) for name in Layout._fields)
        limits = ["memory_sessions_per_node", "speed_sessions_per_node"][:1 + has_target(plan.speed_request)]
        if not layout.get("memory_sessions_per_replica"):
            return [size, "—", "—"] + ["—"] * len(limits) + [fill(REFUSALS[layout["refused"]], vars(plan.model), lang)]
        return [size, number(layout["replicas_per_node"], lang) if layout["nodes_per_replica"] == 1 else "1/%d" % layout["nodes_per_replica"],
                number(layout["kv_per_session_placed_gib"], lang), *("—" if layout[name] is None else number(layout[name], lang) for name in limits),
                fill(REFUSALS[layout["refused"]], vars(plan.model), lang) if layout["refused"] else words(lang, "chosen")[0] if chosen else ""]
    headers = ["layout", "replicas", "kv_placed"] + (["by_memory", "by_speed"] if has_target(plan.speed_request) else ["sessions_node"])
    return [("heading", *words(lang, "layouts")), ("table", words(lang, *headers, "remark"), [row(layout) for layout in plan.layouts])]


PICTURE_CELLS = 60
LEVELS = "▁▂▃▄▅▆▇█"


def picture_blocks(plan: SizingResult, lang: str) -> list[tuple]:
    """How the time per token grows with the sessions of a node, and where the limits and the planned load lie."""
    if plan.speed is None:
        return []
    layout = Layout(*(getattr(plan, name) for name in Layout._fields))
    at, _ = speed_at(plan.model, plan.server, layout, plan.effective_context, plan.kv_precision, plan.speed_request)
    marks = {"P": ("mark_planned", plan.planned_sessions_per_node), "M": ("mark_memory", plan.memory_sessions_per_node),
             "V": ("mark_speed", plan.speed_sessions_per_node)}
    marks = {mark: found for mark, found in marks.items() if found[1] is not None}
    top = max(PICTURE_CELLS, *(sessions for _, sessions in marks.values()))
    times = [at(max(1, top * cell / PICTURE_CELLS / plan.replicas_per_node * plan.speed_request.active_ratio))["tpot_ms"]
             for cell in range(1, PICTURE_CELLS + 1)]
    ruler = [" "] * PICTURE_CELLS
    for mark, (_, sessions) in marks.items():
        ruler[min(PICTURE_CELLS, max(1, math.ceil(PICTURE_CELLS * sessions / top))) - 1] = mark
    known = {"first_ms": at(1)["tpot_ms"], "last_ms": times[-1], "last_sessions": top}
    return [("paragraph", fill(WORDS["picture"], known, lang)),
            ("picture", ["".join(LEVELS[min(7, int(8 * ms / times[-1]))] for ms in times), "".join(ruler).rstrip()]),
            ("pairs", [(mark, fill(WORDS[word], {"sessions": sessions}, lang)) for mark, (word, sessions) in marks.items()])]


def hbm_segments(plan: SizingResult) -> list:
    """GiB of each of HBM_SEGMENTS; with no session in use, the whole budget is free."""
    empty = {"kv_in_use_gib": 0.0, "kv_free_gib": max(0.0, plan.kv_budget_gib)} if plan.nodes_final is None else {}
    return [empty.get(name, getattr(plan, name)) for name, _, _ in HBM_SEGMENTS]


def hbm_cells(plan: SizingResult) -> str:
    """The bar of one node's HBM, one glyph per cell; what does not fit is cut at the end of the bar."""
    cells, filled_gib, total_gib = "", 0.0, calc_hbm_total_gib(plan.server)
    for (_, glyph, _), gib in zip(HBM_SEGMENTS, hbm_segments(plan)):
        filled_gib += gib
        cells += glyph * (min(BAR_CELLS, round(BAR_CELLS * filled_gib / total_gib)) - len(cells))
    return cells


def lever_table(levers: Sequence[Mapping], plans: Mapping[str, SizingResult], lang: str) -> tuple:
    """One row per lever: today's value and the threshold, as the flag takes it, at which each scenario, and all of them, fit."""
    no_help, fits_already, every = words(lang, "no_help", "fits_already", "all")

    def threshold(lever, key):
        if key in plans and plans[key].nodes_final is not None:
            return fits_already
        return no_help if lever["thresholds"][key] is None else str(lever["thresholds"][key])
    return ("table", words(lang, "lever", "now") + [getattr(s.name, lang) for s in SCENARIOS] + [every],
            [[lever["flag"], str(lever["current"])] + [threshold(lever, key) for key in lever["thresholds"]] for lever in levers])


def input_blocks(answer: Answer, lang: str) -> list[tuple]:
    """Section 1: every field of the records, and the request."""
    blocks: list[tuple] = [("section", *words(lang, "section1"))]
    for key in ("model", "server", "storage"):
        record = answer.request[key]
        blocks += [("heading", *words(lang, key)),
                   ("pairs", [(f.name, field_value(record, f.name, lang)) for f in fields(record)])]
    return blocks + [("heading", *words(lang, "request")),
                     ("pairs", [(name, requested_value(name, value, lang)) for name, value in nfr(answer).items()])]


def requested_value(name: str, value, lang: str) -> str:
    """A request parameter as the reader sees it: what was not asked for is none, not unknown."""
    return getattr(WORDS["no_alert"], lang) if value is None else with_scale(name, value, amount(name, value, lang), lang)


READ_FIELDS = ("layer_groups", "config_read", "config_derived", "weights_origin", "rope_positions")    # null where nothing had to be read or computed


def field_value(record: object, name: str, lang: str) -> str:
    """A field as the reader sees it: what a family does not use is no unknown."""
    value = getattr(record, name)
    if value is None and name in (*FAMILY_FIELDS, *EXPERT_FIELDS, *READ_FIELDS):
        return getattr(WORDS["not_applicable"], lang)
    if isinstance(value, (list, tuple)):
        return "\n".join(json.dumps(one) if isinstance(one, dict) else one for one in value) or getattr(WORDS["no_alert"], lang)
    return amount(name, value, lang)


def nfr(answer: Answer) -> dict:
    """Every request parameter under its flag's name, as configured, with what became of it."""
    plan = answer.plans["recommended"]
    return dict({name: value for name, value in answer.request.items() if name not in ("model", "server", "storage")},
                weights_precision=plan.model.weights_precision, runtime_overhead_gib=plan.runtime_overhead_gib,
                overhead_origin=plan.overhead_origin,
                effective_context=plan.effective_context, requested_context=plan.requested_context)


def dictionary_blocks(answer: Answer, lang: str) -> list[tuple]:
    """Section 2: what each parameter is, where it comes from, why it matters, what goes wrong."""
    return [("section", *words(lang, "section2")),
            ("cards", words(lang, "parameter", *Parameter._fields[1:]),
             [[", ".join(row.names)] + [getattr(text, lang) for text in row[1:]] for row in PARAMETERS])]


def result_blocks(answer: Answer, lang: str) -> list[tuple]:
    """Section 3: every number with its rationale; what is the same in all scenarios once."""
    first, *others = answer.plans.items()

    def same(row):
        why = [(value_of(row, plan), rationale(row, plan, answer.known[key], lang)) for key, plan in [first] + others]
        return all(one == why[0] for one in why)
    shown = [row for row in RESULTS if row.shown(answer.plans["recommended"])]
    shared = [row for row in shown if same(row)]
    blocks = [("section", *words(lang, "section3")), *layout_blocks(answer.plans["recommended"], lang),
              ("heading", *words(lang, "shared")), result_cards(shared, first[1], answer.known[first[0]], lang)]
    for scenario in SCENARIOS:
        plan, mark = answer.plans[scenario.key], words(lang, "production") if scenario.key == "recommended" else []
        blocks += [("heading", " ".join([getattr(scenario.name, lang)] + mark)),
                   ("pairs", [(name, number(value, lang)) for name, value in configuration(scenario, plan, lang).items()]),
                   result_cards([row for row in shown if row not in shared], plan, answer.known[scenario.key], lang)]
    return blocks


def configuration(scenario: Scenario, plan: SizingResult, lang: str) -> dict:
    """What a scenario sets, and its prose."""
    return dict({name: getattr(plan, name) for name in ("peak_headroom_ratio", "ha_mode", "ha_extra_nodes", "kv_budget_ratio", *Layout._fields)},
                **{name: getattr(getattr(scenario, name), lang) for name in ("use", "risk", "typical_sla")})


def result_cards(rows: Sequence[Result], plan: SizingResult, known: Mapping, lang: str) -> tuple:
    """Numbers with formula, inputs and interpretation."""
    cards = []
    for row in rows:
        why = rationale(row, plan, known, lang)
        inputs = " | ".join("%s = %s" % (name, "—" if value is None else amount(name, value, lang))
                            for name, value in why["inputs"].items())
        cards.append(["%s (%s): %s" % (getattr(row.label, lang), row.name, shown_value(row, plan, lang)),
                      worked_formula(row, plan, known, lang), inputs, why["explanation"]])
    return ("cards", words(lang, "number", "formula", "inputs", "explanation"), cards)


def risk_blocks(answer: Answer, lang: str) -> list[tuple]:
    """Section 4: alerts, the scenarios' risks, and how far off the estimate can be."""
    cards = [["%s: %s" % (getattr(SEVERITIES[row["severity"]], lang), row["id"]), row["meaning"], row["action"],
              scenario_names(row["scenarios"], lang)] for row in alert_rows(answer.known, answer.plans, lang)]
    return [("section", *words(lang, "section4")),
            ("cards", words(lang, "alert", "meaning", "action", "scenarios"), cards) if cards else ("paragraph", *words(lang, "no_alert")),
            ("table", words(lang, "scenario", "risk", "typical_sla"),
             [[getattr(text, lang) for text in (s.name, s.risk, s.typical_sla)] for s in SCENARIOS]),
            ("heading", *words(lang, "accuracy"))] + [("paragraph", text) for text in accuracy(answer, lang)]


def accuracy(answer: Answer, lang: str) -> list[str]:
    """How right this answer is, and what it does not know."""
    return [fill(text, answer.known["recommended"], lang) for when, text in ACCURACY if when(answer.plans["recommended"])]


def report_blocks(answer: Answer, lang: str) -> list[tuple]:
    """The whole report."""
    return [block for part in (summary_blocks, input_blocks, dictionary_blocks, result_blocks, risk_blocks)
            for block in part(answer, lang)]


def report_json(answer: Answer, lang: str) -> dict:
    """The report as data: unrounded numbers, English keys; only prose follows `lang`."""
    alerts = alert_rows(answer.known, answer.plans, lang)
    message = {(row["id"], key): "%s %s" % (row["meaning"], row["action"]) for row in alerts for key in row["scenarios"]}
    return {
        "schema_version": SCHEMA_VERSION, "tool_version": __version__,
        "inputs": {"model": asdict(answer.request["model"]), "server": asdict(answer.request["server"]),
                   "storage": asdict(answer.request["storage"]), "nfr": nfr(answer)},
        "parameter_dictionary": {name: {key: getattr(getattr(row, key), lang) for key in Parameter._fields[1:]}
                                 for row in PARAMETERS for name in row.names},
        "scenarios": {scenario.key: {
            "name": getattr(scenario.name, lang),
            "configuration": configuration(scenario, answer.plans[scenario.key], lang),
            "results": {row.name: value_of(row, answer.plans[scenario.key]) for row in RESULTS},
            "classification": {name: classify(name, getattr(answer.plans[scenario.key], name)) for name in SCALES},
            "binding_limit": answer.plans[scenario.key].binding_limit,
            "speed_missing": list(answer.plans[scenario.key].speed_missing),
            "layouts": [{name: layout.get(name) for name in LAYOUT_FIELDS} for layout in answer.plans[scenario.key].layouts],
            "rationale": {row.name: rationale(row, answer.plans[scenario.key], answer.known[scenario.key], lang) for row in RESULTS},
            "warnings": [message[id, scenario.key] for id in answer.plans[scenario.key].warnings],
        } for scenario in SCENARIOS},
        "alerts": [{"id": row["id"], "severity": row["severity"], "message": message[row["id"], row["scenarios"][0]], "scenarios": row["scenarios"]}
                   for row in alerts],
        "levers": answer.levers,
        "accuracy": accuracy(answer, lang),
    }


# === Renderers: layout only ===

MAX_COLUMNS = 100
MIN_COLUMNS = 60


def render_json(data: object) -> str:
    """Indented JSON that no reader has to repair."""
    return json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def render_text(blocks: Iterable[tuple], width: int) -> str:
    """Plain text within `width` columns."""
    lines = (line.rstrip() for kind, *content in blocks for line in TEXT[kind](width, *content))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"


def wrapped(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """The lines of `text`, each folded, the first indented by `first` and the others by `rest`."""
    from textwrap import wrap                            # only text reports pay for it
    lines: list[str] = []
    for part in text.split("\n"):
        lines += wrap(part, width, initial_indent=rest if lines else first, subsequent_indent=rest,
                      break_on_hyphens=False) or [""]
    return lines


def text_title(width: int, text: str) -> list[str]:
    """The report's name, underlined."""
    return wrapped(text, width) + ["=" * min(width, len(text))]


def text_section(width: int, text: str) -> list[str]:
    """One of the four parts."""
    return [""] + wrapped(text, width) + ["=" * min(width, len(text))]


def text_heading(width: int, text: str) -> list[str]:
    """A part of a section."""
    return [""] + wrapped(text, width) + ["-" * min(width, len(text))]


def text_pairs(width: int, pairs: Sequence[tuple]) -> list[str]:
    """Labels in one column, values beside them."""
    label_width = max(len(label) for label, _ in pairs)
    return [line for label, value in pairs
            for line in wrapped(value, width, label.ljust(label_width) + "  ", " " * (label_width + 2))]


def text_table(width: int, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns; where they do not fit even folded between words, cards."""
    columns = list(zip(headers, *rows))
    widths = [max(map(len, column)) for column in columns]
    slack = [wide - max(len(word) for cell in column for word in cell.split(" ")) for wide, column in zip(widths, columns)]
    excess = sum(widths) + 2 * (len(widths) - 1) - width
    if sum(slack) < excess:
        return text_cards(width, headers, rows) + [""]
    for _ in range(excess):
        at = max((i for i in range(len(widths)) if slack[i]), key=lambda i: widths[i])
        widths[at], slack[at] = widths[at] - 1, slack[at] - 1
    lines = [""]
    for row in [headers, ["-" * w for w in widths]] + list(rows):
        folded = [wrapped(cell, w) for cell, w in zip(row, widths)]
        for at in range(max(map(len, folded))):
            lines.append("  ".join((cell[at] if at < len(cell) else "").ljust(w) for cell, w in zip(folded, widths)))
    return lines + [""]


def text_cards(width: int, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """One row after the other, its first cell as the title."""
    lines: list[str] = []
    for title, *cells in rows:
        lines += [""] + wrapped(title, width, "* ", "  ")
        for label, cell in zip(headers[1:], cells):
            lines += wrapped("%s: %s" % (label, cell), width, "  ", "    ")
    return lines


TEXT: dict[str, Callable[..., list[str]]] = {
    "title": text_title, "section": text_section, "heading": text_heading, "pairs": text_pairs, "table": text_table,
    "cards": text_cards, "paragraph": lambda width, text: [""] + wrapped(text, width),
    "bar": lambda width, cells: wrapped("[%s]" % cells, width),
    "picture": lambda width, lines: lines,
}


def render_markdown(blocks: Iterable[tuple]) -> str:
    """GitHub-flavoured Markdown; tables and cards are tables."""
    return "\n".join(MARKDOWN[kind](*content) for kind, *content in blocks)


def escaped(text: str) -> str:
    """`text` as one Markdown cell."""
    from html import escape
    return escape(text, quote=False).replace("|", "\\|").replace("\n", "<br>")


def markdown_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns, or cards as columns."""
    lines = [headers, ["---"] * len(headers)] + [[escaped(cell) for cell in row] for row in rows]
    return "".join("| %s |\n" % " | ".join(line) for line in lines)


MARKDOWN: dict[str, Callable[..., str]] = {
    "title": "# {}\n".format, "section": "## {}\n".format, "heading": "### {}\n".format, "table": markdown_table, "cards": markdown_table,
    "paragraph": lambda text: escaped(text) + "\n",
    "pairs": lambda pairs: "".join("- **%s**: %s\n" % (label, escaped(value)) for label, value in pairs),
    "bar": "```text\n[{}]\n```\n".format, "picture": lambda lines: "```text\n%s\n```\n" % "\n".join(lines),
}


def kv_per_token_kib(model: Model) -> float:
    """KV that a token takes at the default precision in the layers that still grow at the model's maximum context."""
    top, precision = model.max_position_embeddings, model.default_kv_precision
    grown, before = (sum(calc_group_bytes(model, context, precision).values()) for context in (top, top - 1))
    return float((grown - before) / 1024)


def kv_at_maximum_gib(model: Model) -> float:
    """KV of one session at the model's maximum context and default precision."""
    return calc_kv_per_session_gib(model, model.max_position_embeddings, model.default_kv_precision)[0]


# What --list-* shows: the catalog's key, file and loader; per column its heading and the field or function shown.
Listing = namedtuple("Listing", "key file load columns")
LISTS = {
    "models": Listing("models", "models.json", load_models, (
        (Text("Modelo", "Model"), "name"), (Text("Família", "Family"), "attention_pattern"),
        (Text("Contexto (tokens)", "Context (tokens)"), "max_position_embeddings"), (Text("KV padrão", "Default KV"), "default_kv_precision"),
        (Text("KV por token a mais (KiB)", "KV per further token (KiB)"), kv_per_token_kib),
        (Text("KV no máximo (GiB)", "KV at maximum (GiB)"), kv_at_maximum_gib), (Text("Pesos (GiB)", "Weights (GiB)"), "weights_gib"))),
    "servers": Listing("servers", "servers.json", load_servers, (
        (Text("Servidor", "Server"), "name"), (Text("GPUs", "GPUs"), "gpus"), (Text("HBM (GiB)", "HBM (GiB)"), calc_hbm_total_gib),
        (Text("NVLink (TB/s)", "NVLink (TB/s)"), "nvlink_bandwidth_tbps"), (Text("Potência (kW)", "Power (kW)"), "max_power_kw"))),
    "storage": Listing("profiles", "storage.json", load_storage_profiles, (
        (Text("Perfil", "Profile"), "name"), (Text("Tipo", "Type"), "type"), (Text("Leitura (GB/s)", "Read (GB/s)"), "throughput_read_gbps"),
        (Text("p50 (ms)", "p50 (ms)"), "latency_read_ms_p50"), (Text("p99 (ms)", "p99 (ms)"), "latency_read_ms_p99"))),
}


def catalog_blocks(kind: str, records: Mapping, lang: str) -> list[tuple]:
    """The list of one catalog as a table."""
    def shown(record, value):
        return number(value(record) if callable(value) else getattr(record, value), lang)
    return [("table", [getattr(heading, lang) for heading, _ in LISTS[kind].columns],
             [[shown(record, value) for _, value in LISTS[kind].columns] for record in records.values()])]


# === Command line ===

# `shown_default` is the default as --help words it; "required" is meant.
Flag = namedtuple("Flag", "name metavar default shown_default help convert")
LONGEST_NUMBER = 40                                      # characters; beyond any bound, and short of what int() refuses


def argument(check: Callable) -> Callable[[str], object]:
    """`check` as an argparse type: its SizingError becomes the argument's error message."""
    def convert(text: str):
        try:
            return check(text)
        except SizingError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
    return convert


def parse_number(bound: Bound, word: str | None = None) -> Callable[[str], object]:
    """A number as users write it: digits (`1_000` too), or a decimal such as `0.7` or `7e-1`; or the `word`, where there is one."""
    def convert(text: str):
        pattern = r"\d+(_\d+)*" if bound.kind is int else r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
        if word and text == word:
            return word
        try:
            if len(text) <= LONGEST_NUMBER and re.fullmatch(pattern, text, re.ASCII):
                return check_number(bound.kind(text) + 0, bound)     # + 0: no negative zero
        except SizingError:
            pass                                         # the message below shows what the user typed
        raise SizingError("expected %s%s, got %s" % (expected(bound), " or %s" % word if word else "", short(text)))
    return argument(convert)


def parse_path(text: str) -> str:
    """A file's path; the empty one names nothing."""
    if not text or "\0" in text:
        raise SizingError("expected a file's path, got %s" % short(text))
    return text


def one_of(known: Iterable[str]) -> Callable[[str], object]:
    """One of the words `known`."""
    return argument(lambda text: check_choice(text, known))


FLAGS = (
    Flag("model", "NAME", None, "required", "model, by its name in the catalog, or path of a Hugging Face config.json or of its folder", str),
    Flag("server", "NAME", None, "required", "server, by its name in the catalog", str),
    Flag("storage", "NAME", "profile_default", "profile_default", "storage profile, by its name in the catalog", str),
    Flag("concurrency", "SESSIONS", None, "required, or --nodes", "simultaneous sessions", parse_number(BOUNDS["concurrency"])),
    Flag("nodes", "NODES", None, "none", "nodes there are, instead of --concurrency: how many sessions do they hold?", parse_number(BOUNDS["nodes"])),
    Flag("effective_context", "TOKENS", None, "required", "tokens each session holds: prompt, history and answer; max: the longest that "
         "--concurrency sessions on --nodes nodes can have", parse_number(BOUNDS["effective_context"], "max")),
    Flag("kv_precision", "NAME", None, "the model's default_kv_precision", "KV cache format: %s" % ", ".join(KV_PRECISIONS),
         one_of(KV_PRECISIONS)),
    Flag("kv_budget_ratio", "RATIO", 0.70, "0.70", "share of HBM the engine may use, weights and KV together",
         parse_number(BOUNDS["kv_budget_ratio"])),
    Flag("runtime_overhead_gib", "GIB", None, "computed; %d if the weights are unknown" % OVERHEAD_UNKNOWN_WEIGHTS_GIB,
         "weights, activations and engine, GiB per node", parse_number(BOUNDS["runtime_overhead_gib"])),
    Flag("tensor_parallel", "GPUS", "auto", "auto: most sessions per node, within a target if there is one",
         "GPUs that share each layer of a replica",
         parse_number(BOUNDS["gpus"], "auto")),
    Flag("max_num_batched_tokens", "TOKENS", DEFAULT_BATCHED_TOKENS, str(DEFAULT_BATCHED_TOKENS), "tokens an engine prefills at once",
         parse_number(BOUNDS["max_num_batched_tokens"])),
    Flag("weights_precision", "NAME", None, "the model's", "format of the weights: %s" % ", ".join(WEIGHT_PRECISIONS), one_of(WEIGHT_PRECISIONS)),
    Flag("input_tokens", "TOKENS", SPEED_DEFAULTS.input_tokens, str(SPEED_DEFAULTS.input_tokens), "prompt tokens of a request",
         parse_number(BOUNDS["input_tokens"])),
    Flag("output_tokens", "TOKENS", SPEED_DEFAULTS.output_tokens, str(SPEED_DEFAULTS.output_tokens), "tokens of an answer",
         parse_number(BOUNDS["output_tokens"])),
    Flag("prefix_cache_hit_ratio", "RATIO", 0.0, "0", "share of the prompt found in the prefix cache, not computed again",
         parse_number(BOUNDS["prefix_cache_hit_ratio"])),
    Flag("active_ratio", "RATIO", 1.0, "1.0", "share of the sessions that generate at the same moment", parse_number(BOUNDS["active_ratio"])),
    Flag("tpot_ms", "MS", None, "none", "target: time per output token, held by the committed figure", parse_number(BOUNDS["tpot_ms"])),
    Flag("ttft_ms", "MS", None, "none", "target: time to first token, compared with the prefill, its floor", parse_number(BOUNDS["ttft_ms"])),
    Flag("engine", "NAME", "generic", "generic", "engine whose measured factor counts: %s" % ", ".join(ENGINE_NAMES), one_of(ENGINE_NAMES)),
    Flag("measured_tpot_ms", "MS", None, "none", "TPOT you measured with --measured-sessions; replaces the engine's factor",
         parse_number(BOUNDS["measured_tpot_ms"])),
    Flag("measured_sessions", "SESSIONS", None, "none", "sessions per replica of that measurement", parse_number(BOUNDS["measured_sessions"])),
    Flag("peak_headroom_ratio", "RATIO", 0.20, "0.20", "capacity above the nominal load for peaks",
         parse_number(BOUNDS["peak_headroom_ratio"])),
    Flag("lang", "LANG", "pt", "pt", "language of the report: %s" % ", ".join(LANGUAGES), one_of(LANGUAGES)),
    Flag("output_json_file", "PATH", None, "none", "also write the JSON to a file", argument(parse_path)),
    Flag("output_markdown_file", "PATH", None, "none", "also write the Markdown to a file", argument(parse_path)),
    Flag("models_file", "PATH", None, "models.json beside sizing.py", "another model catalog", argument(parse_path)),
    Flag("servers_file", "PATH", None, "servers.json beside sizing.py", "another server catalog", argument(parse_path)),
    Flag("storage_file", "PATH", None, "storage.json beside sizing.py", "another storage catalog", argument(parse_path)),
)
REQUESTED = ("concurrency", "nodes", "effective_context", "kv_precision", "kv_budget_ratio", "runtime_overhead_gib", "peak_headroom_ratio",
             "tensor_parallel", "max_num_batched_tokens", *SpeedRequest._fields)
OUTPUTS = {"json_only": "print the JSON only", "text_only": "print the text only", "markdown_only": "print Markdown only"}
EXAMPLES = """\
examples:
  python3 sizing.py --model opt-oss-120b --server dgx300 --concurrency 1000 --effective-context 131072
  python3 sizing.py --model qwen3-32b --server dgx-h100 --concurrency 200 --effective-context 32768 --lang en
  python3 sizing.py --model opt-oss-20b --server dgx200 --concurrency 50 --effective-context 8192 --json-only
  python3 sizing.py --model llama-3.1-70b-instruct --server dgx200 --concurrency 200 --effective-context 8192 --tpot-ms 40
  python3 sizing.py --model opt-oss-120b --server dgx300 --nodes 4 --effective-context 131072
  python3 sizing.py --list-models

How many GPU nodes does it take to serve an LLM, and why? Three scenarios (minimum, recommended,
ideal), by memory and, with a target, by speed; every number with its formula, inputs and meaning.
--model also takes a Hugging Face config.json or its folder. Prints text, then JSON.
"""
EXIT_STATUS = "exit status: 0 sized; 1 some scenario does not fit; 2 bad input or output; 130 Ctrl-C"


class Finished(Exception):
    """A flag such as --help has its whole output ready."""


class Show(argparse.Action):
    """Ends the run with what `const(parser)` returns."""

    def __call__(self, parser, namespace, values, option_string=None):
        raise Finished(self.const(parser))


class Parser(argparse.ArgumentParser):
    """argparse whose errors are SizingError: one line, no usage dump."""

    def error(self, message: str):
        raise SizingError(message)


def build_parser() -> Parser:
    """The command line, from FLAGS, OUTPUTS and LISTS."""
    parser = Parser(prog="sizing.py", usage="python3 sizing.py --model NAME --server NAME --concurrency SESSIONS --effective-context TOKENS "
                    "[options]", description=EXAMPLES, epilog=EXIT_STATUS, allow_abbrev=False,
                    add_help=False, formatter_class=argparse.RawDescriptionHelpFormatter)
    for row in FLAGS:
        default = row.shown_default if row.shown_default.startswith("required") else "default: %s" % row.shown_default
        parser.add_argument(flag(row.name), metavar=row.metavar, default=row.default, type=row.convert,
                            help="%s (%s)" % (row.help, default))
    outputs = parser.add_mutually_exclusive_group()
    for name, text in OUTPUTS.items():
        outputs.add_argument(flag(name), action="store_true", help="%s (default: text, then JSON)" % text)
    lists = parser.add_mutually_exclusive_group()
    for name in LISTS:
        lists.add_argument("--list-" + name, dest="listing", action="store_const", const=name,
                           help="show what %s holds and end; with --json-only as JSON" % LISTS[name].file)
    parser.add_argument("--version", action=Show, nargs=0, const=lambda parser: "sizing.py %s\n" % __version__,
                        help="print the version and end")
    parser.add_argument("-h", "--help", action=Show, nargs=0, const=Parser.format_help, help="print this help and end")
    return parser


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line as checked values; raises SizingError."""
    parser = build_parser()
    try:
        args, unknown = parser.parse_known_args(argv)
    except IndexError:                                   # argparse before Python 3.10, on `-h=`
        raise SizingError("argument -h/--help: expected no value") from None
    if unknown:
        known = [option for action in parser._actions for option in action.option_strings]
        raise SizingError("unknown argument %s%s" % (short(unknown[0]), nearest(unknown[0].split("=")[0], known)))
    for row in FLAGS:
        if isinstance(getattr(args, row.name), list):    # `--flag=--` before Python 3.13
            raise SizingError("argument %s: expected one argument" % flag(row.name))
    if not args.listing:
        check_together(args)
    return args


def check_together(args: argparse.Namespace) -> None:
    """Raise SizingError when flags are missing or contradict each other."""
    missing = [flag(row.name) for row in FLAGS if row.shown_default.startswith("required") and getattr(args, row.name) is None]
    if args.nodes is not None and args.concurrency is None:
        missing.remove("--concurrency")
    if args.effective_context == "max":
        missing += [flag(name) for name in ("concurrency", "nodes") if getattr(args, name) is None and flag(name) not in missing]
    elif args.nodes is not None and args.concurrency is not None:
        raise SizingError("argument --nodes: expected instead of --concurrency, or both with --effective-context max")
    if (args.measured_tpot_ms is None) != (args.measured_sessions is None):
        raise SizingError("argument --measured-tpot-ms: expected together with --measured-sessions")
    missing = ["--concurrency or --nodes" if name == "--concurrency" and args.effective_context != "max" else name for name in missing]
    if missing:
        raise SizingError("missing %s; see --help, --list-models and --list-servers" % ", ".join(missing))


def is_path(text: str) -> bool:
    """Whether a --model value that is in no catalog names a file or folder."""
    return os.sep in text or "/" in text or text.endswith(".json")


def read_model(path: str, families: list) -> Model:
    """The model of a Hugging Face config.json, or of the folder that holds one and maybe safetensors; raises SizingError."""
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    file = os.path.join(path, "config.json") if os.path.isdir(path) else path
    quantization = os.path.join(folder, "hf_quant_config.json")          # where ModelOpt puts it instead
    name = os.path.basename(os.path.abspath(path if os.path.basename(file) != "config.json" else os.path.dirname(os.path.abspath(file))))
    try:
        config = read_json(file)
        if (isinstance(config, dict) and "quantization_config" not in config and os.path.basename(file) == "config.json"
                and os.path.exists(quantization)):
            config["quantization_config"] = read_json(quantization)
        model = model_from_hf_config(config, re.sub(r"\.json$", "", name), families)
    except SizingError as error:
        raise SizingError(error if str(error).startswith(file) else "%s: %s" % (file, error)) from None
    if not os.path.isdir(path) and os.path.basename(file) != "config.json":
        return model
    sizes = read_checkpoint(folder or ".", model.num_layers)
    if sizes is None:
        return model
    if sizes[1] < model.total_params * LEAST_BYTES_PER_PARAMETER:
        raise SizingError("%s: expected at least %d bytes of safetensors for %d parameters, got %d: are all files there?"
                          % (folder or ".", model.total_params * LEAST_BYTES_PER_PARAMETER, model.total_params, sizes[1]))
    return replace(model, checkpoint_gib=sizes[0] / GIB, weights_gib=sizes[1] / GIB, weights_origin="safetensors")


def catalog_path(args: argparse.Namespace, kind: str) -> str:
    """The file the user named, or the one beside this module."""
    return getattr(args, kind + "_file") or shipped_path(kind)


def shipped_path(kind: str) -> str:
    """The catalog beside this module, through a link to it too."""
    return os.path.join(os.path.dirname(os.path.realpath(__file__)), LISTS[kind].file)


def catalog(args: argparse.Namespace, kind: str) -> dict:
    """The records of one catalog by name; raises SizingError."""
    return LISTS[kind].load(catalog_path(args, kind))


def pick(args: argparse.Namespace, name: str, kind: str, records: Mapping):
    """The record the user named with the flag `name`; raises SizingError naming the nearest."""
    wanted = getattr(args, name)
    if wanted not in records:
        raise SizingError("argument %s: %s is not in %s%s; see --list-%s" % (
            flag(name), short(wanted), os.path.basename(catalog_path(args, kind)), nearest(wanted, records), kind))
    return records[wanted]


def read_request(args: argparse.Namespace) -> tuple[dict, dict[str, Server]]:
    """The arguments of plan_all, and the server catalog; raises SizingError."""
    servers = catalog(args, "servers")
    models = catalog(args, "models")
    named = args.model in models or not is_path(args.model)
    model = pick(args, "model", "models", models) if named else read_model(args.model, load_families())
    request = {"model": model, "server": pick(args, "server", "servers", servers),
               "storage": pick(args, "storage", "storage", catalog(args, "storage"))}
    request.update((name, getattr(args, name)) for name in REQUESTED)
    request["model"] = with_weights(request["model"], args.weights_precision)
    request["kv_precision"] = args.kv_precision or request["model"].default_kv_precision
    return request, servers


def respond(args: argparse.Namespace) -> tuple[int, dict[str, Callable[[], str]]]:
    """(exit status, {format: what renders it}) of a checked command line; raises SizingError."""
    if args.listing:
        records = catalog(args, args.listing)
        return 0, formats(lambda: catalog_blocks(args.listing, records, args.lang),
                          lambda: {LISTS[args.listing].key: [asdict(record) for record in records.values()]})
    found = make_answer(*read_request(args))
    return 1 if found.levers else 0, formats(lambda: report_blocks(found, args.lang), lambda: report_json(found, args.lang))


def formats(blocks: Callable[[], list[tuple]], data: Callable[[], dict]) -> dict[str, Callable[[], str]]:
    """{format: what renders it} of one answer."""
    return {"text": lambda: render_text(blocks(), text_columns()), "json": lambda: render_json(data()),
            "markdown": lambda: render_markdown(blocks())}


def shown_formats(args: argparse.Namespace) -> list[str]:
    """The formats that go to standard output."""
    chosen = [name.replace("_only", "") for name in OUTPUTS if getattr(args, name)]
    return chosen or (["text"] if args.listing else ["text", "json"])


def text_columns() -> int:
    """Columns of the terminal, within what the report can use; the widest when there is none."""
    try:
        columns = os.get_terminal_size(stdout_descriptor() or -1).columns
    except OSError:                                      # no terminal, or no standard output at all
        return MAX_COLUMNS
    return max(MIN_COLUMNS, min(MAX_COLUMNS, columns or MAX_COLUMNS))


# === Output: files first, whole or not at all; then standard output ===

def write_files(contents: Mapping[str, str], protected: Iterable[str]) -> None:
    """Write {path: text}; raises SizingError when any of them cannot be written, or would overwrite one of `protected`.

    A regular file is replaced by a finished temporary beside it, and only when all temporaries are finished; a device,
    pipe or link target is written in place before.
    """
    temporaries: dict[str, str] = {}
    path = ""
    try:
        for path in contents:
            check_target(path, protected)
            if not in_place(path):
                temporaries[path] = os.path.join(os.path.dirname(path), ".%s.tmp" % os.urandom(6).hex())
                write_temporary(temporaries[path], path, contents[path])
        for path in contents:
            if in_place(path):
                with open(path, "w", encoding="utf-8", newline="\n") as file:
                    file.write(contents[path])
        for path, temporary in temporaries.items():
            os.replace(temporary, path)
    except OSError as error:
        raise SizingError("%s: cannot write: %s" % (path, error.strerror or error)) from None
    finally:
        for temporary in temporaries.values():           # those that were not moved
            with suppress(OSError):
                os.unlink(temporary)


def in_place(path: str) -> bool:
    """Whether `path` is something that must not be replaced: a link, a device, a pipe."""
    return os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode)


def check_target(path: str, protected: Iterable[str]) -> None:
    """Raise SizingError when writing `path` would destroy a catalog or run into standard output."""
    if not os.path.exists(path):
        return
    if any(os.path.exists(other) and os.path.samefile(path, other) for other in protected):
        raise SizingError("%s: is a catalog; choose another output file" % path)
    stdout = stdout_descriptor()
    found = os.stat(path)
    if stdout is not None and os.path.samestat(found, os.fstat(stdout)) and not stat.S_ISCHR(found.st_mode):
        raise SizingError("%s: is standard output already; choose another output file" % path)


def write_temporary(temporary: str, path: str, text: str) -> None:
    """A finished file at `temporary`, with the permissions of `path` where that exists."""
    mode = None
    if os.path.exists(path):
        mode = stat.S_IMODE(os.stat(path).st_mode)
        os.close(os.open(path, os.O_WRONLY))             # a file that may not be written is not replaced either
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    if mode is not None:
        os.chmod(temporary, mode)


def stdout_descriptor() -> int | None:
    """The file descriptor of standard output; None when it is captured or closed."""
    try:
        return sys.stdout.fileno()
    except (AttributeError, ValueError, OSError):
        return None


def write_stdout(text: str) -> None:
    """Print `text` as UTF-8 whatever the locale; a reader that has gone is no error. Raises SizingError."""
    descriptor = stdout_descriptor()
    if sys.stdout is None:
        raise SizingError("cannot write standard output: it is closed")
    try:
        if descriptor is None:
            sys.stdout.write(text)
            return
        sys.stdout.flush()
        with open(descriptor, "wb", closefd=False) as stream:
            stream.write(text.encode("utf-8"))
    except BrokenPipeError:
        return
    except OSError as error:
        raise SizingError("cannot write standard output: %s" % (error.strerror or error)) from None


def run(argv: Sequence[str] | None) -> int:
    """One command; its exit status. Raises SizingError, and Finished with what --help and --version print."""
    args = parse_arguments(argv)
    status, renderers = respond(args)
    files = {getattr(args, "output_%s_file" % name): name for name in ("json", "markdown")}
    files.pop(None, None)
    if len({os.path.realpath(path) for path in files}) < sum(map(bool, (args.output_json_file, args.output_markdown_file))):
        raise SizingError("--output-json-file and --output-markdown-file: expected two files, got one: %s" % short(args.output_json_file))
    rendered = {name: renderers[name]() for name in dict.fromkeys(shown_formats(args) + list(files.values()))}
    write_files({path: rendered[name] for path, name in files.items()},
                [path for kind in LISTS for path in (catalog_path(args, kind), shipped_path(kind))])
    write_stdout("\n".join(rendered[name] for name in shown_formats(args)))
    return status


LONGEST_COMPLAINT = 2000                                 # characters; a name may be a megabyte long


def complain(message: str) -> None:
    """One line on stderr that no control character reaches; nobody listening is no reason to change the exit status."""
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in " ".join(message.split()))
    line = line if len(line) <= LONGEST_COMPLAINT else line[:LONGEST_COMPLAINT] + "..."
    if sys.stderr is not None:
        with suppress(OSError):
            print("sizing.py: error: %s" % line, file=sys.stderr, flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status and prints nothing on stdout when it is 2."""
    try:
        try:
            return run(argv)
        except Finished as finished:
            write_stdout(str(finished))
            return 0
    except SizingError as error:
        complain(str(error))
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
