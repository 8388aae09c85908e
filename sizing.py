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
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from fractions import Fraction
from types import SimpleNamespace

__version__ = "2.0.0"
SCHEMA_VERSION = "2.0"
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


def number(value: float | str | None, lang: str) -> str:
    """`value` for a reader: thousands grouped, two decimals (three significant digits below 0.1)."""
    if value is None:
        return getattr(NOT_STATED, lang)
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
    text = repr(value)
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
    close = get_close_matches(str(wrong).lower(), names, 1)
    if close:
        return "; did you mean %r?" % close[0]
    return "; choose from %s%s" % (", ".join(names[:LISTED_NAMES]), ", ..." if len(names) > LISTED_NAMES else "")


def check_choice(value: object, known: Iterable[str]):
    """`value` if it is one of the words `known`; raises SizingError naming the nearest otherwise."""
    if not isinstance(value, str) or value not in known:
        raise SizingError("unknown value %s%s" % (short(value), nearest(value, known)))
    return value


# === Records: one catalog entry each; field names are the JSON keys ===

# Bytes of one stored K or V element. Per-tensor scales add nothing per token (vLLM 0.32.0 cache specs).
KV_PRECISIONS = {"fp8": 1, "int8": 1, "fp16": 2, "bf16": 2}
WEIGHT_PRECISIONS = ("bf16", "fp16", "fp8", "int8", "int4", "fp4", "mxfp4", "nvfp4")
STORAGE_TYPES = ("nvme_local", "network_ssd", "cloud_block_storage", "cloud_file_storage", "cloud_object_storage",
                 "parallel_filesystem", "all_flash_nas")
HA_MODES = {"none": 0, "n+1": 1, "n+2": 2}               # spare nodes
REQUEST_CHOICES = {"kv_precision": KV_PRECISIONS, "ha_mode": HA_MODES}

# A KV family is a list of layer groups and the explanation of its size. A group has the Model field that counts its
# layers, the one that bounds their tokens (None: the whole context), and what a layer keeps, as factors of a product:
# numbers, Model fields, `tokens` and `bytes_per_element`. The 2 is one key and one value.
KvFamily = namedtuple("KvFamily", "groups explanation")
LayerGroup = namedtuple("LayerGroup", "name layers window factors")
KEYS_AND_VALUES = (2, "tokens", "num_key_value_heads", "head_dim", "bytes_per_element")
KV_FAMILIES = {
    "full": KvFamily(
        (LayerGroup("full", "num_layers", None, KEYS_AND_VALUES),),
        Text("Em cada uma das {num_layers} camadas, cada token guarda uma chave e um valor (o fator 2) por cabeça KV, para "
             "todos os {effective_context} tokens. É o espaço de HBM que uma sessão ocupa enquanto existe.",
             "In each of the {num_layers} layers every token keeps one key and one value (the factor 2) per KV head, for all "
             "{effective_context} tokens. It is the HBM a session holds for as long as it lives.")),
    "sliding": KvFamily(
        (LayerGroup("sliding", "num_layers", "sliding_window", KEYS_AND_VALUES),),
        Text("Todas as {num_layers} camadas são de janela deslizante: guardam chave e valor (o fator 2) só dos últimos "
             "{sliding_window} tokens. É o estado estacionário; durante o prefill o motor pode reservar mais.",
             "All {num_layers} layers slide: they keep key and value (the factor 2) of the last {sliding_window} tokens "
             "only. This is the steady state; an engine may reserve more during prefill.")),
    "hybrid": KvFamily(
        (LayerGroup("full", "hybrid_full_layers", None, KEYS_AND_VALUES),
         LayerGroup("sliding", "hybrid_sliding_layers", "sliding_window", KEYS_AND_VALUES)),
        Text("{hybrid_full_layers} camadas guardam chave e valor (o fator 2) de todos os {effective_context} tokens; as outras "
             "{hybrid_sliding_layers}, só dos últimos {sliding_window}. É o estado estacionário; durante o prefill o motor "
             "pode reservar mais nas camadas de janela.",
             "{hybrid_full_layers} layers keep key and value (the factor 2) of all {effective_context} tokens; the other "
             "{hybrid_sliding_layers}, of the last {sliding_window} only. This is the steady state; an engine may reserve "
             "more in the window layers during prefill.")),
}


def family_fields(family: str) -> list[str]:
    """The Model fields that the layer groups of a family use."""
    return [name for group in KV_FAMILIES[family].groups for name in (group.layers, group.window, *group.factors)
            if isinstance(name, str) and name not in ("tokens", "bytes_per_element")]


# Fields that only some families use: null elsewhere.
FAMILY_FIELDS = sorted({name for family in KV_FAMILIES for name in family_fields(family)}
                       - {"num_layers", "num_key_value_heads", "head_dim"})
HBM_TOTAL_TOLERANCE = 0.01                               # gpus x hbm_per_gpu_gb against total_hbm_gb
DRIVER_TOLERANCE = 0.10     # driver memory against the brochure: the known GPUs are from +0.1 % (B300) to +7.4 % (MI355X)

# What a field of a catalog may hold beyond its annotation: one of these words, or at most this number.
FIELD_CHOICES = {"attention_pattern": tuple(KV_FAMILIES), "default_kv_precision": tuple(KV_PRECISIONS),
                 "weights_precision": WEIGHT_PRECISIONS, "type": STORAGE_TYPES}
FIELD_MAXIMA = {"num_layers": 10**4, "num_key_value_heads": 10**4, "head_dim": 10**5, "total_params": 10**15,
                "active_params": 10**15, "weights_gib": 10**5, "checkpoint_gib": 10**5, "gpus": 10**4, "hbm_per_gpu_gb": 10**4}


def check_record(record: Model | Server | StorageProfile) -> None:
    """Raise SizingError naming the first field of a catalog record that its annotation or FIELD_* refuses."""
    for f in fields(record):                             # f.type is text: annotations are not evaluated in this module
        value, (kind, _, nullable) = getattr(record, f.name), f.type.partition(" | ")
        if (value is None and nullable) or (value == "" and f.name == "source"):
            continue
        try:
            if f.name in FIELD_CHOICES:
                check_choice(value, FIELD_CHOICES[f.name])
            elif kind == "str":
                check_string(value)
            else:
                bound = COUNT if kind == "int" else AMOUNT
                check_number(value, bound._replace(high=FIELD_MAXIMA.get(f.name, bound.high)))
        except SizingError as error:
            raise SizingError("%s: %s" % (f.name, error)) from None


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
    total_params: int | None = None
    active_params: int | None = None
    source: str = ""

    def __post_init__(self):
        check_record(self)
        used = family_fields(self.attention_pattern)
        for name in FAMILY_FIELDS:
            if name in used and getattr(self, name) is None:
                raise SizingError("%s: missing, attention_pattern %r needs it" % (name, self.attention_pattern))
            if name not in used and name.endswith("_layers") and getattr(self, name) is not None:
                raise SizingError("%s: expected null with attention_pattern %r" % (name, self.attention_pattern))
        layers = [group.layers for group in KV_FAMILIES[self.attention_pattern].groups]
        counted = sum(getattr(self, name) for name in layers)
        if counted != self.num_layers:
            raise SizingError("%s: expected num_layers = %d, got %d" % (" + ".join(layers), self.num_layers, counted))
        if self.active_params and self.total_params and self.active_params > self.total_params:
            raise SizingError("active_params: expected at most total_params = %d, got %d" % (self.total_params, self.active_params))


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
    requested_context: int | None = None
    overhead_origin: str | None = None                   # computed, given or weights_unknown
    hbm_total_gib: float | None = None
    kv_budget_gib: float | None = None                   # negative by how much the engine alone overflows it
    sessions_with_headroom: int | None = None
    ha_extra_nodes: int | None = None
    planned_sessions_per_node: int | None = None
    kv_in_use_gib: float | None = None
    kv_free_gib: float | None = None
    reserved_gib: float | None = None
    binding_limit: str | None = None                     # a key of LIMITS
    recommended_nodes_final: int | None = None
    relative_cost: float | None = None


# === Loading: the door for JSON; every error names file, entry and key ===

MAX_CATALOG_BYTES = 2**24                                # a thousand times what a catalog takes; /dev/zero never ends


def read_json(path: str):
    """Decoded JSON of the file at `path`; NaN and Infinity pass, so that each field can be named when refused."""
    def unique(pairs):
        seen = dict(pairs)
        if len(seen) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise SizingError("duplicate key %s%s" % (short(twice), " in entry %s" % short(seen["name"]) if "name" in seen else ""))
        return seen
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_CATALOG_BYTES + 1)
        if len(data) > MAX_CATALOG_BYTES:
            raise SizingError("expected a catalog of at most %d bytes" % MAX_CATALOG_BYTES)
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
    known = {f.name: f for f in fields(cls)}
    for key in entry:
        if key not in known:
            raise SizingError("%s.%s: unknown key%s" % (where, short(key)[1:-1], nearest(key, known)))
    for name, f in known.items():
        if name not in entry and "None" not in f.type:
            raise SizingError("%s.%s: missing" % (where, name))
    if not entry["source"]:
        raise SizingError("%s.source: expected where the numbers come from, got %s" % (where, short(entry["source"])))
    try:
        return cls(**{name: entry.get(name) for name in known})
    except SizingError as error:
        raise SizingError("%s.%s" % (where, error)) from None


def load_catalog(path: str, key: str, cls: type) -> dict:
    """`{name: record}` of the file at `path`, which holds `{key: [entry, ...]}`; raises SizingError."""
    data = read_json(path)
    if not isinstance(data, dict) or set(data) != {key} or not isinstance(data[key], list) or not data[key]:
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


def load_servers(path: str) -> dict[str, Server]:
    """Servers of a servers.json, by name; raises SizingError."""
    return load_catalog(path, "servers", Server)


def load_storage_profiles(path: str) -> dict[str, StorageProfile]:
    """Storage profiles of a storage.json, by name; raises SizingError."""
    return load_catalog(path, "profiles", StorageProfile)


# === Calculations: pure arithmetic in exact fractions; no language, no rounding ===

# GiB per GPU that are neither weights nor KV: activations + non-torch memory + CUDA graphs + what the driver counts and
# the engine does not see. Means of vLLM 0.19.0 start-up logs on H100 80GB at 8192 batched tokens (llm-d-planner accuracy
# results; those with pipeline parallelism or float32 left out): 17 logs of one GPU (2.56 + 0.93, from 1.86 to 5.39 in
# all), 4 of tensor parallel 2 and 4 (4.16 + 0.87, from 4.21 to 6.49). Unseen: 79.65 - 79.19 GiB, of which 0.95 was used.
ENGINE_GIB_ONE_GPU = 3.92
ENGINE_GIB_TENSOR_PARALLEL = 5.46
OVERHEAD_UNKNOWN_WEIGHTS_GIB = 120      # per node, when the catalog does not know the weights: the user's specification
REPLICAS_PER_NODE = 1                   # one copy of the weights, spread over all GPUs of the node
TIE = Fraction(1, 10**9)                # floor and ceil forgive this much: an exact fit fits


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
    bytes_per_element = KV_PRECISIONS[kv_precision]
    context = min(effective_context, model.max_position_embeddings)
    kv_bytes = sum(calc_group_bytes(model, group, context, bytes_per_element)
                   for group in KV_FAMILIES[model.attention_pattern].groups)
    subject = SimpleNamespace(model=model, requested_context=effective_context, kv_precision=kv_precision)
    return kv_bytes / GIB, raised(subject, "kv")


def calc_group_bytes(model: Model, group: LayerGroup, effective_context: int, bytes_per_element: int) -> int:
    """Bytes one session keeps in one layer group."""
    tokens = min(effective_context, getattr(model, group.window)) if group.window else effective_context
    known = {"tokens": tokens, "bytes_per_element": bytes_per_element}
    product = getattr(model, group.layers)
    for factor in group.factors:
        product *= factor if isinstance(factor, int) else known.get(factor) or getattr(model, factor)
    return product


def kv_term(group: LayerGroup) -> str:
    """The formula of `calc_group_bytes`."""
    tokens = "min(effective_context, %s)" % group.window if group.window else "effective_context"
    return " * ".join(tokens if factor == "tokens" else str(factor) for factor in (*group.factors, group.layers))


def calc_kv_total_tib(kv_per_session_gib: float, concurrency: int) -> float:
    """KV cache in TiB of the whole load."""
    return float(exact(kv_per_session_gib) * concurrency / 1024)


def calc_hbm_total_gib(server: Server) -> float:
    """HBM of one node in GiB: what the driver reports where the catalog knows it, else the brochure's GB."""
    if server.driver_mib_per_gpu:
        return float(exact(server.gpus) * server.driver_mib_per_gpu / 1024)
    return float(exact(server.total_hbm_gb) * GB / GIB)


def engine_gib_per_gpu(server: Server) -> float:
    """GiB the engine takes on each GPU beside weights and KV."""
    return ENGINE_GIB_TENSOR_PARALLEL if server.gpus > 1 else ENGINE_GIB_ONE_GPU


def calc_runtime_overhead_gib(model: Model, server: Server, given_overhead_gib: float | None = None) -> float:
    """GiB per node that are not KV: what the user gives, else weights and engine, else a fixed figure (weights unknown)."""
    if given_overhead_gib is not None:
        return given_overhead_gib
    if model.weights_gib is None:
        return float(OVERHEAD_UNKNOWN_WEIGHTS_GIB)
    return float(REPLICAS_PER_NODE * exact(model.weights_gib) + server.gpus * exact(engine_gib_per_gpu(server)))


def calc_kv_budget_gib(hbm_total_gib: float, kv_budget_ratio: float, runtime_overhead_gib: float) -> float:
    """GiB per node left for KV; negative when weights and engine alone exceed the engine's share."""
    return float(exact(hbm_total_gib) * exact(kv_budget_ratio) - exact(runtime_overhead_gib))


def calc_sessions_per_node(server: Server, kv_per_session_gib: float, kv_budget_ratio: float,
                           runtime_overhead_gib: float) -> int:
    """Sessions whose KV fits one node, 0 when none does; raises SizingError on figures that make no sense.

    >>> calc_sessions_per_node(Server("s", 8, 100.0, 800.0, None, None), 1.0, 0.70, 120.0)
    401
    """
    check_request(kv_budget_ratio=kv_budget_ratio, runtime_overhead_gib=runtime_overhead_gib, kv_per_session_gib=kv_per_session_gib)
    kv_budget_gib = calc_kv_budget_gib(calc_hbm_total_gib(server), kv_budget_ratio, runtime_overhead_gib)
    return floor(max(exact(0), exact(kv_budget_gib)) / exact(kv_per_session_gib))


def calc_sessions_with_headroom(concurrency: int, peak_headroom_ratio: float) -> int:
    """Sessions to provide for, peaks included."""
    return ceil(concurrency * (1 + exact(peak_headroom_ratio)))


def calc_nodes_required(concurrency: int, sessions_per_node: int, peak_headroom_ratio: float,
                        ha_mode: str) -> tuple[int, int, int]:
    """(nodes_minimum, nodes_with_headroom, nodes_final); raises SizingError when a node holds no session.

    >>> calc_nodes_required(100, 10, 0.1, "n+1")
    (10, 11, 12)
    """
    check_request(concurrency=concurrency, peak_headroom_ratio=peak_headroom_ratio, ha_mode=ha_mode)
    if type(sessions_per_node) is not int or sessions_per_node < 1:
        raise SizingError("sessions_per_node: expected a whole number from 1, got %s: no session fits a node"
                          % short(sessions_per_node))
    nodes_minimum = share_out(concurrency, sessions_per_node)
    nodes_with_headroom = share_out(calc_sessions_with_headroom(concurrency, peak_headroom_ratio), sessions_per_node)
    return nodes_minimum, nodes_with_headroom, nodes_with_headroom + HA_MODES[ha_mode]


def calc_hbm_use(hbm_total_gib: float, kv_budget_ratio: float, kv_budget_gib: float, kv_per_session_gib: float,
                 concurrency: int, nodes_with_headroom: int | None) -> dict:
    """How a node's HBM is spent when the nominal load runs on the nodes that remain without the spares."""
    reserved_gib = float(exact(hbm_total_gib) * (1 - exact(kv_budget_ratio)))
    if nodes_with_headroom is None:
        return {"planned_sessions_per_node": None, "kv_in_use_gib": None, "kv_free_gib": None, "reserved_gib": reserved_gib}
    planned = share_out(concurrency, nodes_with_headroom)
    kv_in_use_gib = float(planned * exact(kv_per_session_gib))
    return {"planned_sessions_per_node": planned, "kv_in_use_gib": kv_in_use_gib,
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


# What may limit the sessions of a node, one row each: sessions allowed, the same as a formula, and what the summary says.
Limit = namedtuple("Limit", "calc formula text")
LIMITS = {
    "memory": Limit(
        calc_sessions_per_node, "floor(max(0, kv_budget_gib) / kv_per_session_gib)",
        Text("memória HBM (sessões por nó: {sessions_per_node}; KV por sessão: {kv_per_session_gib} GiB)",
             "HBM memory (sessions per node: {sessions_per_node}; KV per session: {kv_per_session_gib} GiB)")),
}


def calc_binding_limit(server: Server, kv_per_session_gib: float, kv_budget_ratio: float,
                       runtime_overhead_gib: float) -> tuple[int, str]:
    """(sessions per node, the limit that sets them): the least of what each of LIMITS allows."""
    return min((limit.calc(server, kv_per_session_gib, kv_budget_ratio, runtime_overhead_gib), name) for name, limit in LIMITS.items())


def sessions_formula() -> str:
    """The formula of `calc_binding_limit`."""
    allowed = [limit.formula for limit in LIMITS.values()]
    return "sessions_per_node = " + (allowed[0] if len(allowed) == 1 else "min(%s)" % ", ".join(allowed))


def calculate_sizing(model: Model, server: Server, storage: StorageProfile, concurrency: int, effective_context: int,
                     kv_precision: str, kv_budget_ratio: float, runtime_overhead_gib: float | None,
                     peak_headroom_ratio: float, ha_mode: str) -> SizingResult:
    """One scenario, sized; `runtime_overhead_gib` None is computed from weights and engine. Raises SizingError."""
    check_request(concurrency=concurrency, effective_context=effective_context, kv_precision=kv_precision,
                  peak_headroom_ratio=peak_headroom_ratio, ha_mode=ha_mode)
    origin = "given" if runtime_overhead_gib is not None else "computed" if model.weights_gib else "weights_unknown"
    overhead = calc_runtime_overhead_gib(model, server, runtime_overhead_gib)
    kv_gib, _ = calc_kv_per_session_gib(model, effective_context, kv_precision)
    sessions, binding_limit = calc_binding_limit(server, kv_gib, kv_budget_ratio, overhead)
    nodes = calc_nodes_required(concurrency, sessions, peak_headroom_ratio, ha_mode) if sessions else (None, None, None)
    hbm = calc_hbm_total_gib(server)
    budget = calc_kv_budget_gib(hbm, kv_budget_ratio, overhead)
    plan = SizingResult(
        model, server, storage, concurrency, min(effective_context, model.max_position_embeddings), kv_precision,
        kv_budget_ratio, overhead, peak_headroom_ratio, ha_mode, kv_per_session_gib=kv_gib,
        kv_total_tib=calc_kv_total_tib(kv_gib, concurrency), sessions_per_node=sessions, nodes_minimum=nodes[0],
        nodes_with_headroom=nodes[1], nodes_final=nodes[2], warnings=[], requested_context=effective_context,
        overhead_origin=origin, hbm_total_gib=hbm, kv_budget_gib=budget,
        sessions_with_headroom=calc_sessions_with_headroom(concurrency, peak_headroom_ratio), ha_extra_nodes=HA_MODES[ha_mode],
        binding_limit=binding_limit, **calc_hbm_use(hbm, kv_budget_ratio, budget, kv_gib, concurrency, nodes[1]))
    return replace(plan, warnings=raised(plan))


def plan_scenario(scenario: Scenario, request: Mapping) -> SizingResult:
    """`request` (the arguments of calculate_sizing but ha_mode) under the policy of one scenario."""
    return calculate_sizing(**dict(
        request, ha_mode=scenario.ha_mode, kv_budget_ratio=scenario.budget(request["kv_budget_ratio"]),
        peak_headroom_ratio=scenario.headroom(request["peak_headroom_ratio"])))


def plan_all(request: Mapping) -> dict[str, SizingResult]:
    """Every scenario of `request` by key, each with its cost against the recommended one."""
    plans = {scenario.key: plan_scenario(scenario, request) for scenario in SCENARIOS}
    nodes = plans["recommended"].nodes_final
    return {key: replace(plan, recommended_nodes_final=nodes, relative_cost=calc_relative_cost(plan.nodes_final, nodes))
            for key, plan in plans.items()}


# === Levers: what would make a request fit, each found by running the plan again ===

RATIO_STEPS = 10**4                                      # thresholds are searched in steps of 0.0001
OVERHEAD_STEPS = 10**3                                   # and of 0.001 GiB


def fits(request: Mapping, scenarios: Sequence[Scenario], **changes) -> bool:
    """Whether `request` with `changes` holds at least one session per node in all of `scenarios`."""
    changed = dict(request, **changes)
    model, server = changed["model"], changed["server"]
    overhead = calc_runtime_overhead_gib(model, server, changed["runtime_overhead_gib"])
    kv_gib, _ = calc_kv_per_session_gib(model, changed["effective_context"], changed["kv_precision"])
    return all(calc_binding_limit(server, kv_gib, scenario.budget(changed["kv_budget_ratio"]), overhead)[0] for scenario in scenarios)


def largest(low: int, high: int, good: Callable[[int], bool]) -> int | None:
    """The largest whole number from `low` to `high` that is good, when all below a good one are; None if none is."""
    if low > high or not good(low):
        return None
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if good(middle) else (low, middle - 1)
    return low


def precision_that_fits(request, scenarios, servers):
    """The widest KV precision below the present one that fits."""
    present = KV_PRECISIONS[request["kv_precision"]]
    return next((name for name, width in sorted(KV_PRECISIONS.items(), key=lambda item: -item[1])
                 if width < present and fits(request, scenarios, kv_precision=name)), None)


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
    weights_gib = REPLICAS_PER_NODE * (request["model"].weights_gib or 0)
    return None if step is None or step / OVERHEAD_STEPS < weights_gib else step / OVERHEAD_STEPS


def server_that_fits(request, scenarios, servers):
    """The server of the catalog with the least HBM that fits."""
    return next((s.name for s in sorted(servers.values(), key=calc_hbm_total_gib) if fits(request, scenarios, server=s)), None)


LEVERS = {"kv_precision": precision_that_fits, "effective_context": context_that_fits, "kv_budget_ratio": budget_that_fits,
          "runtime_overhead_gib": overhead_that_fits, "server": server_that_fits}


def find_levers(request: Mapping, plans: Mapping[str, SizingResult], servers: Mapping[str, Server]) -> list[dict]:
    """For each lever alone, the threshold at which each scenario, and `all` of them, would fit; [] when all do.

    A threshold is the present value where the scenario fits already, None where the lever does not help.
    """
    if all(plan.sessions_per_node for plan in plans.values()):
        return []
    present = dict(request, server=request["server"].name, runtime_overhead_gib=plans["recommended"].runtime_overhead_gib)
    groups = dict({scenario.key: (scenario,) for scenario in SCENARIOS}, all=SCENARIOS)
    return [{"lever": name, "flag": flag(name), "current": present[name],
             "thresholds": {key: present[name] if fits(request, group) else find(request, group, servers)
                            for key, group in groups.items()}}
            for name, find in LEVERS.items()]


# === Alerts: one row each; conditions know no language ===

# `scope` says what the condition needs: kv (model, requested_context, kv_precision), storage (storage, model,
# effective_context, server) or the whole plan. {slots} are names in `facts`.
Alert = namedtuple("Alert", "id scope severity when meaning action")
SEVERITIES = {"error": Text("ERRO", "ERROR"), "warning": Text("AVISO", "WARNING"), "info": Text("INFORMAÇÃO", "INFO")}
# Thresholds, shown in the texts by these names: the user's specification, but for the load time, a round figure for a
# restart that operators notice, and vLLM's default gpu_memory_utilization.
THRESHOLDS = {"long_context_tokens": 128_000, "high_kv_budget_ratio": 0.75, "low_kv_budget_ratio": 0.50, "low_overhead_gib": 50,
              "slow_model_load_s": 60, "vllm_default_ratio": 0.9}
ALERTS = (
    Alert("context_overflow", "kv", "warning",
          lambda p: p.requested_context > p.model.max_position_embeddings,
          Text("O contexto pedido, {requested_context} tokens, passa do máximo do modelo; a conta usa {max_position_embeddings}.",
               "The requested context, {requested_context} tokens, is beyond the model's maximum; {max_position_embeddings} is used."),
          Text("Sessões mais longas serão recusadas ou cortadas: reduza --effective-context ou escolha outro modelo.",
               "Longer sessions will be refused or cut: lower --effective-context or choose another model.")),
    Alert("kv_heads_below_gpus", "plan", "warning",
          lambda p: p.server.gpus > p.model.num_key_value_heads,
          Text("O nó tem mais GPUs ({gpus}) que o modelo cabeças KV ({num_key_value_heads}): com tensor parallel em todas, o motor "
               "replica o KV e cabem menos sessões do que aqui.",
               "The node has more GPUs ({gpus}) than the model KV heads ({num_key_value_heads}): with tensor parallel over all of "
               "them the engine replicates KV, and fewer sessions fit than shown."),
          Text("Sirva réplicas de no máximo {num_key_value_heads} GPUs e informe em --runtime-overhead-gib os pesos de cada uma mais "
               "o motor.",
               "Serve replicas of at most {num_key_value_heads} GPUs, and give the weights of each plus the engine with "
               "--runtime-overhead-gib.")),
    Alert("high_kv_precision", "kv", "warning",
          lambda p: KV_PRECISIONS[p.kv_precision] > KV_PRECISIONS["fp8"],
          Text("KV cache em {kv_precision} ocupa 2 bytes por elemento, o dobro de fp8: metade das sessões por GiB.",
               "A {kv_precision} KV cache takes 2 bytes per element, twice fp8: half the sessions per GiB."),
          Text("Compare com --kv-precision fp8 e meça a qualidade das respostas no seu caso antes de trocar.",
               "Compare with --kv-precision fp8, and measure answer quality on your own case before switching.")),
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
          lambda p: p.overhead_origin == "given" and p.runtime_overhead_gib < REPLICAS_PER_NODE * (p.model.weights_gib or 0),
          Text("O overhead informado, {runtime_overhead_gib} GiB por nó, é menor que os pesos do modelo ({weights_gib} GiB): "
               "o resultado não é realizável.",
               "The given overhead, {runtime_overhead_gib} GiB per node, is less than the model's weights ({weights_gib} GiB): "
               "the result cannot be built."),
          Text("Informe ao menos pesos + motor, ou omita --runtime-overhead-gib.",
               "Give at least weights + engine, or leave --runtime-overhead-gib out.")),
    Alert("no_session_fits", "plan", "error",
          lambda p: p.sessions_per_node == 0,
          Text("Nenhuma sessão cabe em um nó: pesos e motor ({runtime_overhead_gib} GiB) mais o KV de uma sessão "
               "({kv_per_session_gib} GiB) passam da fração de {hbm_total_gib} GiB de HBM que kv_budget_ratio permite.",
               "No session fits a node: weights and engine ({runtime_overhead_gib} GiB) plus the KV of one session "
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
    return dict(
        vars(plan.model), **{**vars(plan.server), **vars(plan.storage), **vars(plan),
                             "model": plan.model.name, "server": plan.server.name, "storage": plan.storage.name},
        bytes_per_element=KV_PRECISIONS[plan.kv_precision], replicas_per_node=REPLICAS_PER_NODE,
        engine_gib_per_gpu=engine_gib_per_gpu(plan.server), given_overhead_gib=plan.runtime_overhead_gib,
        default_overhead_gib=OVERHEAD_UNKNOWN_WEIGHTS_GIB, model_load_s=calc_model_load_s(plan.storage, plan.model),
        **THRESHOLDS)


# === Results: one row per number; the formula shown is the formula followed (a test evaluates it) ===

# `case` picks the variant of formula and explanation; `also` names inputs shown beside those of the formula.
Result = namedtuple("Result", "name label case variants also")
Variant = namedtuple("Variant", "formula explanation")
FUNCTIONS = {"ceil", "floor", "min", "max"}


def result(name: str, label: Text, formula: str, explanation: Text, also: Sequence[str] = ()) -> Result:
    """A row whose formula and explanation do not depend on the case."""
    return Result(name, label, lambda plan: "", {"": Variant(formula, explanation)}, also)


def node_result(name: str, label: Text, formula: str, explanation: Text, also: Sequence[str] = ()) -> Result:
    """A row that has no number when no session fits a node."""
    return Result(name, label, lambda plan: plan.nodes_final is not None,
                  {True: Variant(formula, explanation), False: Variant(formula, NO_NODES)}, also)


def kv_formula(family: str) -> str:
    """The formula of kv_per_session_gib: one term per layer group."""
    return "kv_per_session_gib = (%s) / 2**30" % " + ".join(map(kv_term, KV_FAMILIES[family].groups))


NO_NODES = Text("Sem nenhuma sessão por nó este número não existe; a tabela de alavancas diz o que faz caber.",
                "With no session per node this number does not exist; the table of levers says what would fit.")
RESULTS = (
    Result("kv_per_session_gib", Text("KV cache por sessão", "KV cache per session"), lambda plan: plan.model.attention_pattern,
           {name: Variant(kv_formula(name), family.explanation) for name, family in KV_FAMILIES.items()},
           ("model", "attention_pattern", "kv_precision")),
    result("kv_total_tib", Text("KV cache de toda a carga", "KV cache of the whole load"),
           "kv_total_tib = kv_per_session_gib * concurrency / 1024",
           Text("HBM que as {concurrency} sessões simultâneas ocupam juntas, em todos os nós.",
                "HBM that the {concurrency} simultaneous sessions hold together, over all nodes.")),
    Result("hbm_total_gib", Text("HBM de um nó", "HBM of one node"),
           lambda plan: "driver" if plan.server.driver_mib_per_gpu else "brochure",
           {"driver": Variant("hbm_total_gib = gpus * driver_mib_per_gpu / 1024",
                              Text("O que o driver reporta em cada GPU ({gpus} por nó), não o número do folheto ({total_hbm_gb} GB).",
                                   "What the driver reports on each GPU ({gpus} per node), not the brochure's figure ({total_hbm_gb} GB).")),
            "brochure": Variant("hbm_total_gib = total_hbm_gb * 10**9 / 2**30",
                                Text("Convertido do folheto ({total_hbm_gb} GB): o catálogo não informa o que o driver reporta, que "
                                     "em GPUs conhecidas fica de 0,1 % a 7,4 % acima.",
                                     "Converted from the brochure ({total_hbm_gb} GB): the catalog does not state what the driver "
                                     "reports, which on known GPUs is 0.1 % to 7.4 % higher."))},
           ("server",)),
    Result("runtime_overhead_gib", Text("Pesos e motor, por nó", "Weights and engine, per node"), lambda plan: plan.overhead_origin,
           {"computed": Variant("runtime_overhead_gib = replicas_per_node * weights_gib + gpus * engine_gib_per_gpu",
                                Text("Uma cópia dos pesos como carregados ({weights_gib} GiB) mais, em cada GPU, ativações, memória "
                                     "fora do torch, grafos CUDA e o que o motor não enxerga: média de logs de partida do vLLM 0.19 em "
                                     "H100, da qual esses logs se afastam até 2 GiB por GPU, e outros casos mais (ver SEÇÃO 4).",
                                     "One copy of the weights as loaded ({weights_gib} GiB) plus, on each GPU, activations, memory "
                                     "outside torch, CUDA graphs and what the engine does not see: the mean of vLLM 0.19 start-up logs "
                                     "on H100, from which those logs differ by up to 2 GiB per GPU, and other cases by more (see SECTION 4).")),
            "given": Variant("runtime_overhead_gib = given_overhead_gib",
                             Text("Valor informado em --runtime-overhead-gib: pesos, ativações e motor, por nó.",
                                  "The figure given with --runtime-overhead-gib: weights, activations and engine, per node.")),
            "weights_unknown": Variant("runtime_overhead_gib = default_overhead_gib",
                                       Text("O catálogo não informa os pesos deste modelo: vale o padrão de {default_overhead_gib} GiB "
                                            "por nó, que pode estar longe do real.",
                                            "The catalog does not state this model's weights: the default of {default_overhead_gib} GiB "
                                            "per node holds, which may be far from the truth."))},
           ("overhead_origin",)),
    Result("kv_budget_gib", Text("Orçamento de KV por nó", "KV budget per node"), lambda plan: plan.kv_budget_gib >= 0,
           {positive: Variant("kv_budget_gib = hbm_total_gib * kv_budget_ratio - runtime_overhead_gib", text) for positive, text in {
               True: Text("O que sobra para KV depois de pesos e motor, dentro da fração da HBM que o motor pode usar "
                          "({kv_budget_ratio_pct}).",
                          "What is left for KV after weights and engine, within the share of HBM the engine may use "
                          "({kv_budget_ratio_pct})."),
               False: Text("Negativo: pesos e motor passam, por esses GiB, da fração da HBM que o motor pode usar "
                           "({kv_budget_ratio_pct}), já sem nenhuma sessão.",
                           "Negative: weights and engine exceed the share of HBM the engine may use ({kv_budget_ratio_pct}) by "
                           "that much, before the first session.")}.items()}, ()),
    result("sessions_per_node", Text("Sessões por nó", "Sessions per node"),
           sessions_formula(),
           Text("Sessões inteiras cujo KV cabe no orçamento de um nó; a próxima ficaria na fila ou expulsaria outra.",
                "Whole sessions whose KV fits one node's budget; the next one would queue or evict another.")),
    node_result("nodes_minimum", Text("Nós para a carga nominal", "Nodes for the nominal load"),
                "nodes_minimum = ceil(concurrency / sessions_per_node)",
                Text("Nós que seguram {concurrency} sessões sem nenhuma folga: o piso físico.",
                     "Nodes that hold {concurrency} sessions with no headroom at all: the physical floor.")),
    result("sessions_with_headroom", Text("Sessões com folga", "Sessions with headroom"),
           "sessions_with_headroom = ceil(concurrency * (1 + peak_headroom_ratio))",
           Text("Carga nominal mais {peak_headroom_ratio_pct} de folga para picos.",
                "The nominal load plus {peak_headroom_ratio_pct} of headroom for peaks.")),
    node_result("nodes_with_headroom", Text("Nós com folga", "Nodes with headroom"),
                "nodes_with_headroom = ceil(sessions_with_headroom / sessions_per_node)",
                Text("Nós que seguram o pico, sem reserva para falhas.", "Nodes that hold the peak, with no spare for failures.")),
    Result("nodes_final", Text("Nós a comprar", "Nodes to buy"),
           lambda plan: "unfit" if plan.nodes_final is None else "spares" if plan.ha_extra_nodes else "alone",
           {case: Variant("nodes_final = nodes_with_headroom + ha_extra_nodes", text) for case, text in {
               "spares": Text("Nós do pico mais {ha_extra_nodes} de reserva ({ha_mode}): com essa quantidade parada, o pico ainda cabe.",
                              "Nodes for the peak plus {ha_extra_nodes} spare ({ha_mode}): with that many down, the peak still fits."),
               "alone": Text("Sem reserva: um nó parado já tira capacidade da carga nominal.",
                             "No spare: one node down already takes capacity from the nominal load."),
               "unfit": NO_NODES}.items()}, ("ha_mode",)),
    Result("relative_cost", Text("Custo relativo ao RECOMENDADO", "Cost relative to RECOMMENDED"),
           lambda plan: plan.relative_cost is not None,
           {True: Variant("relative_cost = nodes_final / recommended_nodes_final - 1",
                          Text("Diferença em nós contra o cenário recomendado ({relative_cost_signed}); preço por nó igual.",
                               "Difference in nodes against the recommended scenario ({relative_cost_signed}); same price per node.")),
            False: Variant("relative_cost = nodes_final / recommended_nodes_final - 1", NO_NODES)}, ()),
    node_result("planned_sessions_per_node", Text("Sessões por nó na carga nominal", "Sessions per node at nominal load"),
                "planned_sessions_per_node = ceil(concurrency / nodes_with_headroom)",
                Text("A carga nominal dividida pelos nós que atendem ({nodes_with_headroom}), sem contar com a reserva.",
                     "The nominal load over the nodes that serve it ({nodes_with_headroom}), not counting on the spares.")),
    node_result("kv_in_use_gib", Text("KV em uso por nó", "KV in use per node"),
                "kv_in_use_gib = planned_sessions_per_node * kv_per_session_gib",
                Text("HBM ocupada por KV em cada nó na carga nominal.", "HBM that KV takes on each node at nominal load.")),
    node_result("kv_free_gib", Text("Livre no orçamento", "Free within the budget"),
                "kv_free_gib = kv_budget_gib - kv_in_use_gib",
                Text("Espaço de KV que ainda recebe sessões em cada nó.", "Room for KV that still takes sessions on each node.")),
    result("reserved_gib", Text("HBM fora do orçamento", "HBM outside the budget"),
           "reserved_gib = hbm_total_gib * (1 - kv_budget_ratio)",
           Text("HBM que o motor não pode usar: margem para fragmentação, picos de ativação e outros processos.",
                "HBM the engine may not use: margin for fragmentation, activation peaks and other processes.")),
)


def formula_inputs(formula: str) -> list[str]:
    """Names the right-hand side of a formula uses, in order."""
    names = re.findall(r"[A-Za-z_]\w*", formula.split("=", 1)[1])
    return [name for name in dict.fromkeys(names) if name not in FUNCTIONS]


def rationale(row: Result, plan: SizingResult, known: Mapping, lang: str) -> dict:
    """{formula, inputs, explanation} of one number; `known` is facts(plan)."""
    variant = row.variants[row.case(plan)]
    names = formula_inputs(variant.formula) + list(row.also)
    return {"formula": variant.formula, "inputs": {name: known[name] for name in names},
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
              Text("O LLM a servir, pelo nome no catálogo de modelos.", "The LLM to serve, by its name in the model catalog."),
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
    Parameter(("effective_context", "requested_context"),
              Text("Tokens que cada sessão mantém: prompt, histórico e resposta. requested_context é o valor pedido, antes do corte "
                   "no máximo do modelo.",
                   "Tokens each session holds: prompt, history and answer. requested_context is the figure asked for, before it is "
                   "clamped to the model's maximum."),
              Text("Distribuição real de tamanhos (p95), não o máximo do modelo.",
                   "The real distribution of lengths (p95), not the model's maximum."),
              Text("O KV das camadas full cresce linearmente com ele.", "KV of full layers grows linearly with it."),
              Text("Dimensionar todas as sessões no contexto máximo, ou esquecer os tokens gerados.",
                   "Sizing every session at the maximum context, or forgetting the generated tokens.")),
    Parameter(("kv_precision", "default_kv_precision"),
              Text("Formato de cada elemento do KV: fp8 e int8 ocupam 1 byte, fp16 e bf16 ocupam 2.",
                   "Format of each KV element: fp8 and int8 take 1 byte, fp16 and bf16 take 2."),
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
              Text("Família de KV: full, sliding ou hybrid.", "KV family: full, sliding or hybrid."),
              Text("layer_types e sliding_window do config.json.", "layer_types and sliding_window of config.json."),
              Text("Muda o KV por sessão em várias vezes no contexto longo.", "Changes KV per session several times at long context."),
              Text("Tratar todo modelo como full.", "Treating every model as full.")),
    Parameter(("hybrid_full_layers", "hybrid_sliding_layers"),
              Text("Quantas camadas de um modelo híbrido guardam o contexto todo e quantas só a janela.",
                   "How many layers of a hybrid model keep the whole context, and how many only the window."),
              Text("layer_types do config.json.", "layer_types of config.json."),
              Text("Só as full crescem com o contexto.", "Only the full ones grow with the context."),
              Text("Supor metade e metade: Gemma 3 tem 10 full em 62.", "Assuming half and half: Gemma 3 has 10 full in 62.")),
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
              Text("Limitam a velocidade dos tokens, que este dimensionamento por memória não calcula.",
                   "Bound token speed, which this sizing by memory does not compute."),
              Text("Usar o número com esparsidade, o dobro.", "Using the figure with sparsity, twice as high.")),
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
    "scenario": Text("Cenário", "Scenario"), "nodes": Text("Nós", "Nodes"), "headroom": Text("Folga", "Headroom"),
    "spares": Text("Reserva", "Spares"), "cost": Text("Custo", "Cost"), "use": Text("Uso", "Use"),
    "risk": Text("Risco", "Risk"), "typical_sla": Text("SLA citado (não calculado)", "Quoted SLA (not computed)"),
    "production": Text("← usar em produção", "← use in production"),
    "unfit": Text("não cabe", "does not fit"), "no_spares": Text("nenhuma", "none"),
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
     Text("KV por sessão: igual ao byte ao que o vLLM 0.32.0 calcula, em bf16 e fp8, para os modelos do catálogo que acompanha a "
          "ferramenta, em estado estacionário.",
          "KV per session: equal to the byte to what vLLM 0.32.0 computes, in bf16 and fp8, for the models of the shipped catalog, "
          "in steady state.")),
    (lambda plan: plan.overhead_origin == "computed",
     Text("Memória do motor: contra os 21 logs de que saiu a média (vLLM 0.19, H100, a fração de HBM de cada log), a memória livre "
          "para KV erra 2 % na mediana, 9 % no p90 e 10 % no pior caso. Fora deles já se viram 8,5 GiB por GPU (gpt-oss-120b em um "
          "H100) e 15,7 (MI300X, vLLM 0.9); outras GPUs não foram medidas.",
          "Engine memory: against the 21 logs the mean was taken from (vLLM 0.19, H100, each log's own share of HBM), the memory "
          "free for KV is off by 2 % median, 9 % p90 and 10 % at worst. Outside them 8.5 GiB per GPU has been seen (gpt-oss-120b on "
          "one H100), and 15.7 (MI300X, vLLM 0.9); other GPUs were not measured.")),
    (lambda plan: True,
     Text("Velocidade não é dimensionada: caber em memória não garante TTFT nem TPOT. Meça antes de prometer.",
          "Speed is not sized: fitting in memory promises neither TTFT nor TPOT. Measure before you promise.")),
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
    formula = row.variants[row.case(plan)].formula
    if row.name == "kv_per_session_gib":
        groups = KV_FAMILIES[plan.model.attention_pattern].groups
        lines = ["%s attention: %s" % (plan.model.attention_pattern.capitalize(),
                                       " + ".join("%d %s" % (getattr(plan.model, g.layers), g.name) for g in groups))]
        lines += ["%s: %s" % (g.name.capitalize(), pretty(kv_term(g), lang, known)) for g in groups]
    elif any(known[name] is None for name in formula_inputs(formula)):
        lines = []                                       # no number to put in when nothing fits
    else:
        lines = ["= " + pretty(formula.split(" = ", 1)[1], lang, known)]
    value = getattr(plan, row.name)
    outcome = "= %s" % (getattr(WORDS["unfit"], lang) if value is None else plain(value, lang))
    lines += [outcome] if outcome not in lines else []
    return "\n".join([pretty(formula, lang)] + lines)


def shown_value(row: Result, plan: SizingResult, lang: str) -> str:
    """The headline of one number: value, unit, class."""
    value = getattr(plan, row.name)
    if row.name == "relative_cost":
        return signed_percent(value, lang)
    text = getattr(WORDS["unfit"], lang) if value is None else amount(row.name, value, lang)
    return with_scale(row.name, value, text, lang)


def with_scale(name: str, value: float | None, text: str, lang: str) -> str:
    """`text` followed by the class of `value`, where `name` has a scale."""
    scale = classify(name, value) if name in SCALES else None
    return text if scale is None else "%s (%s: %s)" % (text, *words(lang, "scale"), getattr(CLASS_WORDS[scale], lang))


def alert_rows(known: Mapping[str, Mapping], plans: Mapping[str, SizingResult], lang: str) -> list[dict]:
    """Every alert raised by some scenario, the worst first, with the scenarios it concerns."""
    rows = []
    for alert in sorted(ALERTS, key=lambda alert: list(SEVERITIES).index(alert.severity)):
        keys = [key for key, plan in plans.items() if alert.id in plan.warnings]
        if keys:
            rows.append({"id": alert.id, "severity": alert.severity, "scenarios": keys,
                         "meaning": fill(alert.meaning, known[keys[0]], lang), "action": fill(alert.action, known[keys[0]], lang)})
    return rows


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
        ("table", words(lang, "scenario", "nodes", "headroom", "spares", "cost", "use"),
         [scenario_row(scenario, answer.plans[scenario.key], lang) for scenario in SCENARIOS]),
        ("pairs", list(zip(words(lang, "binding", "worst"), [
            fill(LIMITS[plan.binding_limit].text, known, lang),
            fill(WORDS["more"], worst, lang) if worst else getattr(WORDS["no_alert"], lang)]))),
    ]
    if answer.levers:
        blocks += [("heading", *words(lang, "levers")), lever_table(answer.levers, answer.plans, lang)]
        if all(lever["thresholds"]["all"] is None for lever in answer.levers):
            blocks += [("paragraph", *words(lang, "combine"))]
    return blocks + [("paragraph", bar), ("bar", hbm_cells(plan)),
                     ("pairs", [("%s %s" % (glyph, getattr(label, lang)), amount(name, gib, lang))
                                for (name, glyph, label), gib in zip(HBM_SEGMENTS, hbm_segments(plan))])]


def scenario_row(scenario: Scenario, plan: SizingResult, lang: str) -> list[str]:
    """One scenario in the summary's table."""
    unfit, production, no_spares = words(lang, "unfit", "production", "no_spares")
    use = getattr(scenario.use, lang) + (" " + production if scenario.key == "recommended" else "")
    return [getattr(scenario.name, lang), unfit if plan.nodes_final is None else number(plan.nodes_final, lang),
            percent(plan.peak_headroom_ratio, lang), plan.ha_mode.upper() if plan.ha_extra_nodes else no_spares,
            signed_percent(plan.relative_cost, lang), use]


def hbm_segments(plan: SizingResult) -> list:
    """GiB of each of HBM_SEGMENTS; with no session in use, the whole budget is free."""
    empty = {"kv_in_use_gib": 0.0, "kv_free_gib": max(0.0, plan.kv_budget_gib or 0.0)} if plan.nodes_final is None else {}
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
        if key in plans and plans[key].sessions_per_node:
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
                     ("pairs", [(name, with_scale(name, value, amount(name, value, lang), lang)) for name, value in nfr(answer).items()])]


def field_value(record: object, name: str, lang: str) -> str:
    """A field as the reader sees it: what a family does not use is no unknown."""
    value = getattr(record, name)
    if value is None and name in FAMILY_FIELDS:
        return getattr(WORDS["not_applicable"], lang)
    return amount(name, value, lang)


def nfr(answer: Answer) -> dict:
    """Every request parameter under its flag's name, as configured, with what became of it."""
    plan = answer.plans["recommended"]
    return dict({name: value for name, value in answer.request.items() if name not in ("model", "server", "storage")},
                runtime_overhead_gib=plan.runtime_overhead_gib, overhead_origin=plan.overhead_origin,
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
        why = [(getattr(plan, row.name), rationale(row, plan, answer.known[key], lang)) for key, plan in [first] + others]
        return all(one == why[0] for one in why)
    shared = [row for row in RESULTS if same(row)]
    blocks = [("section", *words(lang, "section3")),
              ("heading", *words(lang, "shared")), result_cards(shared, first[1], answer.known[first[0]], lang)]
    for scenario in SCENARIOS:
        plan, mark = answer.plans[scenario.key], words(lang, "production") if scenario.key == "recommended" else []
        blocks += [("heading", " ".join([getattr(scenario.name, lang)] + mark)),
                   ("pairs", [(name, number(value, lang)) for name, value in configuration(scenario, plan, lang).items()]),
                   result_cards([row for row in RESULTS if row not in shared], plan, answer.known[scenario.key], lang)]
    return blocks


def configuration(scenario: Scenario, plan: SizingResult, lang: str) -> dict:
    """What a scenario sets, and its prose."""
    return dict({name: getattr(plan, name) for name in ("peak_headroom_ratio", "ha_mode", "ha_extra_nodes", "kv_budget_ratio")},
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
    message = {row["id"]: "%s %s" % (row["meaning"], row["action"]) for row in alerts}
    return {
        "schema_version": SCHEMA_VERSION, "tool_version": __version__,
        "inputs": {"model": asdict(answer.request["model"]), "server": asdict(answer.request["server"]),
                   "storage": asdict(answer.request["storage"]), "nfr": nfr(answer)},
        "parameter_dictionary": {name: {key: getattr(getattr(row, key), lang) for key in Parameter._fields[1:]}
                                 for row in PARAMETERS for name in row.names},
        "scenarios": {scenario.key: {
            "name": getattr(scenario.name, lang),
            "configuration": configuration(scenario, answer.plans[scenario.key], lang),
            "results": {row.name: getattr(answer.plans[scenario.key], row.name) for row in RESULTS},
            "classification": {name: classify(name, getattr(answer.plans[scenario.key], name)) for name in SCALES},
            "binding_limit": answer.plans[scenario.key].binding_limit,
            "rationale": {row.name: rationale(row, answer.plans[scenario.key], answer.known[scenario.key], lang) for row in RESULTS},
            "warnings": [message[id] for id in answer.plans[scenario.key].warnings],
        } for scenario in SCENARIOS},
        "alerts": [{"id": row["id"], "severity": row["severity"], "message": message[row["id"]], "scenarios": row["scenarios"]}
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
    "bar": "```text\n[{}]\n```\n".format,
}


def kv_at_maximum_gib(model: Model) -> float:
    """KV of one session at the model's maximum context and default precision."""
    return calc_kv_per_session_gib(model, model.max_position_embeddings, model.default_kv_precision)[0]


# What --list-* shows: the catalog's key, file and loader; per column its heading and the field or function shown.
Listing = namedtuple("Listing", "key file load columns")
LISTS = {
    "models": Listing("models", "models.json", load_models, (
        (Text("Modelo", "Model"), "name"), (Text("Família", "Family"), "attention_pattern"),
        (Text("Contexto (tokens)", "Context (tokens)"), "max_position_embeddings"), (Text("KV padrão", "Default KV"), "default_kv_precision"),
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


def parse_number(bound: Bound) -> Callable[[str], object]:
    """A number as users write it: digits (`1_000` too), or a decimal such as `0.7` or `7e-1`."""
    def convert(text: str):
        pattern = r"\d+(_\d+)*" if bound.kind is int else r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
        try:
            if len(text) <= LONGEST_NUMBER and re.fullmatch(pattern, text, re.ASCII):
                return check_number(bound.kind(text) + 0, bound)     # + 0: no negative zero
        except SizingError:
            pass                                         # the message below shows what the user typed
        raise SizingError("expected %s, got %s" % (expected(bound), short(text)))
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
    Flag("model", "NAME", None, "required", "model, by its name in the catalog", str),
    Flag("server", "NAME", None, "required", "server, by its name in the catalog", str),
    Flag("storage", "NAME", "profile_default", "profile_default", "storage profile, by its name in the catalog", str),
    Flag("concurrency", "SESSIONS", None, "required", "simultaneous sessions", parse_number(BOUNDS["concurrency"])),
    Flag("effective_context", "TOKENS", None, "required", "tokens each session holds: prompt, history and answer",
         parse_number(BOUNDS["effective_context"])),
    Flag("kv_precision", "NAME", None, "the model's default_kv_precision", "KV cache format: %s" % ", ".join(KV_PRECISIONS),
         one_of(KV_PRECISIONS)),
    Flag("kv_budget_ratio", "RATIO", 0.70, "0.70", "share of HBM the engine may use, weights and KV together",
         parse_number(BOUNDS["kv_budget_ratio"])),
    Flag("runtime_overhead_gib", "GIB", None, "computed; %d if the weights are unknown" % OVERHEAD_UNKNOWN_WEIGHTS_GIB,
         "weights, activations and engine, GiB per node", parse_number(BOUNDS["runtime_overhead_gib"])),
    Flag("peak_headroom_ratio", "RATIO", 0.20, "0.20", "capacity above the nominal load for peaks",
         parse_number(BOUNDS["peak_headroom_ratio"])),
    Flag("lang", "LANG", "pt", "pt", "language of the report: %s" % ", ".join(LANGUAGES), one_of(LANGUAGES)),
    Flag("output_json_file", "PATH", None, "none", "also write the JSON to a file", argument(parse_path)),
    Flag("output_markdown_file", "PATH", None, "none", "also write the Markdown to a file", argument(parse_path)),
    Flag("models_file", "PATH", None, "models.json beside sizing.py", "another model catalog", argument(parse_path)),
    Flag("servers_file", "PATH", None, "servers.json beside sizing.py", "another server catalog", argument(parse_path)),
    Flag("storage_file", "PATH", None, "storage.json beside sizing.py", "another storage catalog", argument(parse_path)),
)
REQUESTED = ("concurrency", "effective_context", "kv_precision", "kv_budget_ratio", "runtime_overhead_gib", "peak_headroom_ratio")
OUTPUTS = {"json_only": "print the JSON only", "text_only": "print the text only", "markdown_only": "print Markdown only"}
EXAMPLES = """\
examples:
  python3 sizing.py --model opt-oss-120b --server dgx300 --concurrency 1000 --effective-context 131072
  python3 sizing.py --model qwen3-32b --server dgx-h100 --concurrency 200 --effective-context 32768 --lang en
  python3 sizing.py --model opt-oss-20b --server dgx200 --concurrency 50 --effective-context 8192 --json-only
  python3 sizing.py --list-models

How many GPU nodes does it take to serve an LLM, and why? Three scenarios (minimum, recommended,
ideal), every number with its formula, inputs and meaning. Prints text, then JSON.
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
        default = row.shown_default if row.shown_default == "required" else "default: %s" % row.shown_default
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
    missing = [flag(row.name) for row in FLAGS if row.shown_default == "required" and getattr(args, row.name) is None]
    if missing and not args.listing:
        raise SizingError("missing %s; see --help, --list-models and --list-servers" % ", ".join(missing))
    return args


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
    request = {"model": pick(args, "model", "models", catalog(args, "models")), "server": pick(args, "server", "servers", servers),
               "storage": pick(args, "storage", "storage", catalog(args, "storage"))}
    request.update((name, getattr(args, name)) for name in REQUESTED)
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
