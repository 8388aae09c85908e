#!/usr/bin/env python3
"""How many GPU nodes does it take to serve an LLM, and why?

    python3 sizing.py --model opt-oss-120b --server dgx300 --concurrency 1000 --effective-context 131072
    python3 sizing.py --list-models
    python3 sizing.py --help

Three scenarios are sized (minimum, recommended, ideal); every number comes with its formula, inputs and
meaning. Units: GB is 10**9 bytes, GiB is 2**30, TiB is 2**40; `*_gbps` is GB/s and `*_tbps` TB/s. A name
carries its unit. Exit status: 0 sized; 1 some scenario does not fit (the report says what would); 2 bad input
or output; 130 Ctrl-C.

Inside, a number is one function: its name is the JSON key, its parameters are its inputs, and the expression
it returns is the formula that the report shows. A Sheet works out those that are asked for. The sections, top
down: text, errors, records, numbers, plan, levers, alerts, doors, parameter dictionary, report, renderers,
catalogs and model reader, command line, output.
"""
from __future__ import annotations

import argparse
import gc
import json
import linecache
import math
import os
import re
import stat
import sys
import warnings
from collections import ChainMap, Counter, namedtuple
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from fractions import Fraction
from functools import cached_property, lru_cache, partial
from itertools import chain, combinations, groupby, product, takewhile
from operator import itemgetter

__version__ = "2.3.0"
SCHEMA_VERSION = "2.3"
GB = 10**9
MIB = 2**20
GIB = 2**30


# === Text and numbers for readers: the only code that knows languages ===

Text = namedtuple("Text", "pt en")
LANGUAGES = Text._fields
NOT_STATED = Text("não informado", "not stated")
# Why a plan does not have a number: what stands in its place, and the sentence that explains it. The JSON
# says what stands before `__`.
Reason = namedtuple("Reason", "word sentence")
REASONS = {
    "does_not_fit": Reason(Text("não cabe", "does not fit"), Text(
        "Este cenário não cabe como pedido, e o número não existe; a tabela de alavancas diz o que faz "
        "caber.",
        "This scenario does not fit as asked, and the number does not exist; the table of levers says what "
        "would fit.")),
    "not_known": Reason(NOT_STATED, Text("O catálogo não informa tudo de que este número precisa.",
                                         "The catalog does not state all that this number needs.")),
    "speed_not_known": Reason(NOT_STATED, Text("Velocidade desconhecida aqui; falta: {speed_missing}.",
                                               "Speed is not known here; missing: {speed_missing}.")),
    "not_asked": Reason(Text("nenhum", "none"), Text("Não foi pedido.", "It was not asked for.")),
    "rack_too_small": Reason(Text("não cabe no rack", "does not fit the rack"), Text(
        "Um nó pede mais potência do que o rack entrega.", "One node draws more power than the rack gives.")),
    "no_sla": Reason(Text("sem SLA", "no SLA"), Text("Este cenário não tem meta de SLA.",
                                                     "This scenario has no SLA target.")),
    "sla_out_of_reach": Reason(Text("fora de alcance", "out of reach"), Text(
        "Nenhuma reserva alcança este SLA.", "No number of spares reaches this SLA.")),
    "not_applicable": Reason(Text("não se aplica", "does not apply"), Text(
        "Não se aplica a este modelo.", "It does not apply to this model.")),
    "not_applicable__spares": Reason(Text("não se aplica", "does not apply"), Text(
        "Este cenário não se aplica: a reserva dele toma todos os nós informados.",
        "This scenario does not apply: its spares use up all the nodes given.")),
    "not_applicable__recommended": Reason(Text("não se aplica", "does not apply"), Text(
        "O cenário RECOMENDADO, com que este se compara, não se aplica: a reserva dele toma todos os nós "
        "informados.",
        "The RECOMMENDED scenario, to which this one is compared, does not apply: its spares use up all the "
        "nodes given.")),
}
UNITS = {"us": "µs", "gbps": "GB/s", "tbps": "TB/s", "gib": "GiB", "tib": "TiB", "gb": "GB", "tb": "TB",
         "mib": "MiB", "kw": "kW", "mwh": "MWh", "kbtu": "kBTU/h", "hours": "h", "ms": "ms", "s": "s",
         "tflops": "TFLOPS", "context": "tokens",
         "embeddings": "tokens", "window": "tokens"}
# What may stand behind the unit in a name: per what, which percentile, in which precision.
BEHIND_UNIT = "(_per_[^_]+)*(_p50|_p99|_bf16|_fp8|_fp4)?$"


def unit(name: str) -> str:
    """The unit a name ends in, as shown beside its value ("" when it is a plain count or a ratio)."""
    return UNITS.get(re.sub(BEHIND_UNIT, "", name).lower().rpartition("_")[2], "")


MARKS = {"pt": str.maketrans(",.-", ".,−"), "en": str.maketrans("-", "−")}


def localised(digits: str, lang: str) -> str:
    """`digits` written with `,` for thousands and `.` for decimals, in the marks of `lang`."""
    return digits.translate(MARKS[lang])


YES, NO = Text("sim", "yes"), Text("não", "no")


def written(value: float | bool | str | Text | None, lang: str) -> str:
    """`value` for a reader: thousands grouped, two decimals (three significant digits below 0.1)."""
    if value is None:
        value = NOT_STATED
    elif isinstance(value, bool):
        return getattr(YES if value else NO, lang)
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
    return localised(digits.rstrip("0").rstrip("."), lang)


def percent(ratio: float, lang: str) -> str:
    return "%s %%" % written(round(100 * ratio, 1) if ratio >= 0.01 else 100 * ratio, lang)


def signed_percent(ratio: float | None, lang: str) -> str:
    """A difference as `+67 %`, `−33 %` or, where it is small, `−0.3 %`; a dash where there is none."""
    if ratio is None:
        return "—"
    digits = written(round(100 * ratio, 1 if abs(ratio) < 0.1 else None), lang)
    return "%s%s %%" % ("+" if ratio > 0 else "", digits)


MOST_NINES = 9                                           # decimals of a percentage that are written


def nines(ratio: float, lang: str) -> str:
    """An availability with the first digit of what it lacks, cut and not rounded: `99.993 %`."""
    whole = 100 * exact(float(ratio))
    lacking = float(100 - whole)
    decimals = max(1, min(MOST_NINES, -math.floor(math.log10(lacking)))) if lacking else 1
    percents, rest = divmod(math.floor(whole * 10**decimals), 10**decimals)
    digits = "%d.%0*d" % (percents, decimals, rest)
    return "%s %%" % localised(digits.rstrip("0").rstrip("."), lang)


def plain(value: float, lang: str) -> str:
    """`value` inside a formula: fifteen significant digits, thousands not grouped."""
    return localised("%d" % value if isinstance(value, int) else "%.15g" % value, lang)


def amount(name: str, value: float | str | None, lang: str) -> str:
    """A value beside the unit its name carries."""
    return ("%s %s" % (written(value, lang), unit(name) if isinstance(value, (int, float)) else "")).strip()


# How a {slot} with this ending shows the fact before it; without one, as `written`.
FORMS: dict[str, Callable[..., str]] = {
    "amount": amount, "pct": lambda name, value, lang: percent(value, lang),
    "flag": lambda name, value, lang: str(value),        # as a flag takes it
    "signed": lambda name, value, lang: signed_percent(value, lang),
    "nines": lambda name, value, lang: nines(value, lang)}


class Slots:
    """What the {slots} of a sentence stand for in one language: `{x}`, or `{x_FORM}` with one of FORMS.

    A name in capitals is a constant of this module; the others are asked of `facts`, a mapping or a Sheet.
    """

    def __init__(self, facts: Mapping, lang: str):
        self.facts, self.lang = facts, lang

    def fact(self, name: str):
        if name.isupper():
            return shown(globals()[name])
        if not isinstance(self.facts, Sheet):
            return self.facts[name]
        reason = self.facts.reason(name)
        return self.facts.find(name) if reason is None else REASONS[reason].word

    def __getitem__(self, slot: str) -> str:
        name, _, form = slot.rpartition("_")
        if form in FORMS:
            return FORMS[form](name, self.fact(name), self.lang)
        return written(self.fact(slot), self.lang)


def fill(text: Text, facts: Mapping, lang: str) -> str:
    """The sentence of `lang` with its {slots} filled from `facts`."""
    return getattr(text, lang).format_map(Slots(facts, lang))


# === Errors and bounds: what a value may be, said once for flags, catalogs and Python callers ===

class SizingError(ValueError):
    """Whatever a user can get wrong; the message is one line that names the place and what was expected."""


# `low` itself is within the bound only when `closed`.
Bound = namedtuple("Bound", "kind low high closed note", defaults=(True, ""))
COUNT = Bound(int, 1, 10**9)
AMOUNT = Bound(float, 1e-6, 10**9)                       # a physical quantity
# What a number given by name may be, where it is no count; the fields of Request add theirs below the class.
BOUNDS = {"kv_per_session_gib": Bound(float, 1e-9, 10**18), "load_tpot_ms": AMOUNT, "load_ttft_ms": AMOUNT}


def flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def expected(bound: Bound) -> str:
    noun = "a whole number" if bound.kind is int else "a finite decimal number"
    low = "%s %s" % ("from" if bound.closed else "above", bound.low)
    return "%s %s up to %s%s" % (noun, low, bound.high, " (%s)" % bound.note if bound.note else "")


def short(value: object) -> str:
    """`repr(value)`, cut so that one hostile value cannot fill the screen."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested as deep, or as many digits, as no reader would look at
        text = type(value).__name__ + "..."
    return text if len(text) <= 60 else text[:57] + "..."


def check_number(value: object, bound: Bound):
    """`value` if it is a number within `bound` (bool, NaN and infinity are none); raises SizingError."""
    if type(value) not in (int, bound.kind) or not (bound.low < value <= bound.high
                                                    or (bound.closed and value == bound.low)):
        raise SizingError("expected %s, got %s" % (expected(bound), short(value)))
    return value


LISTED_NAMES = 20                                        # in one error line


def stated(values: Mapping) -> dict:
    """Those of `values` that are not None."""
    return {name: value for name, value in values.items() if value is not None}


LEAST_PREFIX = 6                                         # letters that tell a name from others


def closest(wrong: object, known: Iterable[str]) -> str | None:
    """The nearest of `known`: one that it begins, or that begins it, else by likeness; None without one."""
    from difflib import get_close_matches               # only a wrong word pays for it
    text, names = (wrong if isinstance(wrong, str) else short(wrong))[:100].lower(), list(known)
    begun = [name for name in names if len(text) >= LEAST_PREFIX and name.startswith(text)]
    begins = [name for name in names if len(name) >= LEAST_PREFIX and text.startswith(name)]
    found = sorted(begun, key=len)[:1] or sorted(begins, key=len)[-1:] or get_close_matches(text, names, 1)
    return found[0] if found else None


def listed(known: Iterable[str]) -> str:
    names = list(known)
    return "; choose from %s%s" % (", ".join(names[:LISTED_NAMES]),
                                   ", ..." if len(names) > LISTED_NAMES else "")


def nearest(wrong: object, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the closest of `known`, or the list of them when nothing is close."""
    names = list(known)
    close = closest(wrong, names)
    return "; did you mean %r?" % close if close else listed(names)


def check_choice(value: object, known: Iterable[str]):
    """`value` if it is one of the words `known`; raises SizingError naming the nearest otherwise."""
    if not isinstance(value, str) or value not in known:
        raise SizingError("unknown value %s%s" % (short(value), nearest(value, known)))
    return value


def check_string(value: object) -> str:
    """`value` if it can be printed on one line; raises SizingError otherwise."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise SizingError("expected printable text, got %s" % short(value))
    return value


def check_arguments(values: Mapping, bounds: Mapping[str, Bound] = BOUNDS) -> None:
    """Raise SizingError naming the first of `values` that RECORDS, CHOICES or `bounds` refuses."""
    for name, value in values.items():
        try:                                             # at() would cost a sizing a tenth
            if name in RECORDS:
                expect(isinstance(value, RECORDS[name]), "a " + RECORDS[name].__name__, value)
            elif name in CHOICES:
                check_choice(value, CHOICES[name])
            elif name in SWITCHES:
                expect(type(value) is bool, "true or false", value)
            elif name in FREE_WORDS:
                check_string(value)
            else:
                check_number(value, bounds.get(name, COUNT))
        except SizingError as error:
            raise SizingError("%s: %s" % (name, error)) from None


# === Records: catalog entries, field names are the JSON keys; a request; a plan ===

# Bytes of one stored K or V element. Per-tensor scales add nothing per token (vLLM 0.32.0 cache specs); nvfp4
# packs two elements into a byte and adds an 8-bit scale per 16 (vLLM and TensorRT-LLM: kv cache dtype nvfp4);
# fp8_ds_mla is vLLM's packed layout of latent attention with an index, and its only fp8 one.
KV_PRECISIONS = {"fp8": 1, "int8": 1, "fp16": 2, "bf16": 2, "nvfp4": 0.5625, "fp8_ds_mla": 1}
NVFP4_ELEMENTS = 16
# A KV cache of these on latent layers with an index is stored in the packed layout (vLLM 0.32.0).
PACKED_BY_INDEX = ("fp8", "fp8_ds_mla")
# Bytes of one stored weight, scales included: int4 with a 16-bit scale per 32 (compressed-tensors, as in
# Kimi-K2), mxfp4 with an 8-bit scale per 32 (OCP Microscaling Formats 1.0), nvfp4 and fp4 with one per 16
# (NVIDIA TensorRT Model Optimizer).
SERVED_PRECISIONS = {"bf16": 2, "fp16": 2, "fp8": 1, "fp8_block": 1, "int8": 1, "int4": 0.5625, "fp4": 0.5625,
                     "mxfp4": 0.53125, "nvfp4": 0.5625}
# Read where a file has them and never proposed: odd widths of GPTQ, HQQ, EXL3 and MLX, half a bit more for
# scales, as MLX has it (a scale and a bias of 16 bits per 64 weights; mlx.core.quantize); int4 with a 16-bit
# scale and a zero point per 128 (AWQ, GPTQ: Qwen3-32B-AWQ is 18.00 GiB on disk).
WEIGHT_PRECISIONS = {**SERVED_PRECISIONS, "int6": 0.8125, "int4_g128": 0.51953125, "int3": 0.4375,
                     "int2": 0.3125}
# Fitted: what a layer takes more, by the share of such weights outside the routed experts; kernel tables
# agree.
FORMAT_MS = {"fp8_block": 0.055, "nvfp4": 0.015, "fp4": 0.015}
STORAGE_TYPES = ("nvme_local", "network_ssd", "cloud_block_storage", "cloud_file_storage",
                 "cloud_object_storage", "parallel_filesystem", "all_flash_nas")
HA_MODES = {"none": 0, "n+1": 1, "n+2": 2}               # spare nodes
# What each engine adds, in ms: the latency of one exchange between the GPUs of a replica (fitted; kernel
# tables up to 64 kB: vLLM 7-9 us, TensorRT-LLM 3-6, SGLang 3-7); widening 4-bit experts to multiply them, per
# MoE layer (fitted; kernel tables 18-77 us); index and selection, per sparse layer (kernel tables alone);
# prompt passes without graphs, per layer before the first token (2,111 measured points). committed_factor:
# expected TPOT x this holds for 80 % of the measured points of a model that the fit has not seen. SGLang as
# people start it is slower than the tuned runs of the calibration, for which 1.18 would do: 1.50 was set on
# 391 public points, and holds 57 % of the 42 that were run again here.
Engine = namedtuple("Engine", "all_reduce_latency_ms widening_ms sparse_layer_ms first_token_layer_ms "
                              "committed_factor")
ENGINES = {
    "generic": Engine(0.006, 0.026, 0.050, 0, 1.15),
    "vllm": Engine(0.012, 0.026, 0.110, 0, 1.10),
    "sglang": Engine(0.002, 0.026, 0.050, 1.5, 1.50),
    "trtllm": Engine(0.006, 0.055, 0.050, 0, 1.10),
}
# GB/s at which what loads a checkpoint reads it into one GPU, and into LOADER_RANKS of a node, on storage
# that gives 50 (InstantTensor's benchmark, by its maker, read 2026-11: 61 GB on one H200, 689 GB on eight;
# default on one GPU: median of 42 logs of vLLM 0.19 on H100, there 1.07). In between by a straight line: on
# two GPUs 1.39 to 1.48 was logged (here 1.62), on four 2.8 once (here 2.51).
Loader = namedtuple("Loader", "loader_one_gpu_gbps loader_node_gbps")
LOADERS = {"default": Loader(1.17, 4.3), "fastsafetensors": Loader(2.75, 9.08), "runai": Loader(6.57, 6.82),
           "instanttensor": Loader(34.5, 45.0)}
LOADER_RANKS = 8
# What each node reads for itself is not here: nvme_local, cloud_block_storage, and cloud_object_storage,
# which grows with its clients (aws_s3 states the limit of one instance).
SHARED_STORAGE = ("network_ssd", "cloud_file_storage", "parallel_filesystem", "all_flash_nas")
ATTENTIONS = ("auto", "tensor", "data")
# Requests of public traces, means: what a trace does not state is None. Azure LLM inference traces
# (AzurePublicDataset); Mooncake traces (FAST 2025), prefix hits with an unlimited cache; peak: the busiest
# 60 s over the mean. Figures computed from the data, 2026-11.
UseCase = namedtuple("UseCase", "trace input_tokens output_tokens prefix_cache_hit_ratio peak_headroom_ratio")
USE_CASES = {
    "chat": UseCase(Text("conversas do Azure, 2023-11", "Azure conversations, 2023-11"),
                    1155, 211, None, 0.52),
    "long-chat": UseCase(Text("conversas do Kimi (Mooncake), 2024-25",
                              "Kimi conversations (Mooncake), 2024-25"), 12035, 343, 0.374, 0.21),
    "code": UseCase(Text("código no Azure, 2023-11", "Azure code completion, 2023-11"), 2048, 28, None, 3.2),
    "rag": UseCase(Text("perguntas sobre documentos (Mooncake, sintético), 2024-25",
                        "questions on documents (Mooncake, synthetic), 2024-25"), 15325, 149, 0.651, None),
    "agent": UseCase(Text("agentes com ferramentas (Mooncake), 2024-25", "tool agents (Mooncake), 2024-25"),
                     8596, 182, 0.59, None),
}
SWITCHES = ("text_only_model",)                          # flags without a value
FREE_WORDS = ("currency",)                               # shown as given
CHOICES: dict[str, Iterable[str]] = {"kv_precision": KV_PRECISIONS, "ha_mode": HA_MODES, "engine": ENGINES,
                                     "attention": ATTENTIONS, "use_case": USE_CASES, "loader": LOADERS,
                                     "weights_precision": WEIGHT_PRECISIONS}

# The kinds of layers, in the order of formulas, with the fields of a group. What a layer of the kind keeps,
# reads and computes are numbers that begin with its name.
HEAD_FIELDS = ("num_key_value_heads", "head_dim", "v_head_dim")
LAYER_KINDS = {
    # chosen_layers of them attend to chosen_tokens tokens at most, those that an index finds
    # kv_heads_by_layer: KV heads of each such layer where they differ; num_key_value_heads is the most
    "full": (*HEAD_FIELDS, "kv_heads_by_layer", "chosen_layers", "chosen_tokens"),
    "sliding": (*HEAD_FIELDS, "sliding_window"),
    "chunked": (*HEAD_FIELDS, "attention_chunk_size"),
    "latent": ("kv_lora_rank", "qk_rope_head_dim"),
    "index": ("index_head_dim",),
    # Two kinds of entries in formats of their own, whole on each rank; the fields are of all such layers.
    # packed: packed_bytes per packed_tokens tokens of the whole context, of which a step reads
    # packed_scanned_bytes (null: all), and of the rest packed_chosen_bytes at most. ring: the last
    # ring_tokens tokens, ring_token_bytes each, ring_bytes in all; without the first two of one size.
    "packed": ("packed_bytes", "packed_tokens", "packed_scanned_bytes", "packed_chosen_bytes"),
    "ring": ("ring_bytes", "ring_token_bytes", "ring_tokens"),
    "state": ("state_bytes", "state_pages"),
    "none": (),
}
OPTIONAL_IN_GROUP = ("v_head_dim", "kv_heads_by_layer", "state_pages", "chosen_layers", "chosen_tokens",
                     "packed_tokens",
                     "packed_scanned_bytes", "packed_chosen_bytes", "ring_token_bytes", "ring_tokens")
GROUP_FIELDS = {kind: [name for name in names if name not in OPTIONAL_IN_GROUP]
                for kind, names in LAYER_KINDS.items()}
HEAD_KINDS = ("full", "sliding", "chunked")
OWN_FORMATS = ("packed", "ring")
# The patterns whose groups are built from the first fields of Model: kind, and field that counts its layers.
CLASSIC_PATTERNS = {"full": (("full", "num_layers"),), "sliding": (("sliding", "num_layers"),),
                    "hybrid": (("full", "hybrid_full_layers"), ("sliding", "hybrid_sliding_layers"))}
# The pattern of a model: the first whose kinds of layers it has.
KINDS_OF_PATTERN = {"linear": {"state"}, "sparse_latent": {"index"}, "sparse": {"packed"},
                    "latent": {"latent"}, "chunked": {"chunked"}, "hybrid": {"full", "sliding"},
                    "sliding": {"sliding"}}
ATTENTION_PATTERNS = tuple(dict.fromkeys((*CLASSIC_PATTERNS, *KINDS_OF_PATTERN)))
FAMILY_FIELDS = ("hybrid_full_layers", "hybrid_sliding_layers", "sliding_window")  # null without such layers
EXPERT_FIELDS = ("num_experts", "num_experts_per_tok", "moe_layers", "expert_params")  # null in a dense model

HBM_TOTAL_TOLERANCE = 0.01        # gpus x hbm_per_gpu_gb against total_hbm_gb
# driver memory against the brochure: from +0.1 % (B300) to +7.4 % (MI355X) where known
DRIVER_TOLERANCE = 0.10
LEAST_BYTES_PER_PARAMETER = 0.25  # two bits; the smallest weight format above takes 0.31 bytes

# What a field of a catalog may hold beyond its annotation: one of these words, or at most this number.
FIELD_CHOICES = {"attention_pattern": ATTENTION_PATTERNS, "default_kv_precision": KV_PRECISIONS,
                 "weights_precision": WEIGHT_PRECISIONS, "checkpoint_precision": WEIGHT_PRECISIONS,
                 "type": STORAGE_TYPES,
                 "weights_origin": ("computed", "estimated", "safetensors"), "task": ("score", "embed"),
                 "gpu_interconnect": ("nvlink", "infinity_fabric", "pcie")}
PARAMETER_COUNT = 10**15
FIELD_MAXIMA = {name: most for most, names in (
    (1, "measured_power_ratio"),
    (10**4, "num_layers layers moe_layers mtp_layers num_attention_heads num_key_value_heads gpus "
        "hbm_per_gpu_gb"),
    (10**5, "head_dim num_experts num_experts_per_tok weights_gib checkpoint_gib"),
    (10**6, "hidden_size"), (10**8, "vocab_size"),
    (PARAMETER_COUNT, "total_params active_params embedding_params expert_params unquantized_params "
                      "whole_params whole_unquantized_params mtp_params vision_params host_params"))
                 for name in names.split()}
# Fields of Model that cannot exceed another.
AT_MOST = (("active_params", "total_params"), ("embedding_params", "total_params"),
           ("unquantized_params", "total_params"), ("expert_params", "total_params"),
           ("whole_params", "total_params"), ("whole_unquantized_params", "whole_params"),
           ("num_experts_per_tok", "num_experts"), ("moe_layers", "num_layers"))


def record_fields(cls: type) -> tuple:
    """(name, kind, "None" where it may be null) of the fields of a record."""
    return RECORD_FIELDS[cls]


def check_record(record) -> None:
    """Raise SizingError naming the first field of a catalog record that its annotation or FIELD_* refuses."""
    values = vars(record)
    for name, kind, nullable in record_fields(type(record)):
        value = values[name]
        if (value is None and nullable) or (value == "" and name == "source"):
            continue
        try:                                             # at() would cost a run a twentieth
            check_field(name, kind, value)
        except SizingError as error:
            raise SizingError("%s: %s" % (name, error)) from None


def check_field(name: str, kind: str, value: object) -> None:
    if name in FIELD_CHOICES:
        check_choice(value, FIELD_CHOICES[name])
    elif kind == "list":
        if not isinstance(value, (list, tuple)):
            raise SizingError("expected a list, got %s" % short(value))
        for line in value if name != "layer_groups" else ():
            check_string(line)
            expect(name != "aliases" or line == line.lower(), "aliases in lower case", line)
    elif kind == "str":
        check_string(value)
    elif kind == "dict":
        expect(isinstance(value, dict), "an object", value)
    else:
        check_number(value, field_bound(name, kind))


@lru_cache(maxsize=None)                                 # asked for by every entry of a catalog
def field_bound(name: str, kind: str) -> Bound:
    bound = COUNT if kind == "int" else AMOUNT
    return bound._replace(high=FIELD_MAXIMA.get(name, bound.high))


def check_group(entry: object, before: Iterable[str]) -> None:
    """Raise SizingError naming what is wrong in one of layer_groups; `before` are the others' kinds."""
    if not isinstance(entry, dict):
        raise SizingError(": expected an object, got %s" % short(entry))
    with at(".kind"):
        check_choice(entry.get("kind"), LAYER_KINDS)
        if entry["kind"] in before:
            raise SizingError("a second group of kind %r; one is expected" % entry["kind"])
    known = ("layers", *LAYER_KINDS[entry["kind"]])
    for name in entry:
        if name not in known + ("kind", "beside"):
            raise SizingError(".%s: unknown key%s" % (short(name).strip("'"), nearest(name, known)))
    beside = entry.get("beside", False)
    expect(type(beside) is bool, "true or false", beside, ".beside")
    for name in known:
        if name == "kv_heads_by_layer" and entry.get(name) is not None:
            check_heads_by_layer(entry)
        elif entry.get(name) is not None or name not in OPTIONAL_IN_GROUP:
            with at("." + name):
                bound = field_bound(name, "int")
                check_number(entry.get(name), bound._replace(low=0) if name == "qk_rope_head_dim" else bound)


def check_heads_by_layer(entry: dict) -> None:
    """Raise SizingError unless the KV heads are one number for each layer, the most of them as stated."""
    counts = entry["kv_heads_by_layer"]
    with at(".kv_heads_by_layer"):
        expect(isinstance(counts, (list, tuple)) and len(counts) == entry["layers"],
               "a list of %s numbers, one for each layer" % entry["layers"], counts)
        for count in counts:
            check_number(count, field_bound("num_key_value_heads", "int"))
        expect(max(counts) == entry["num_key_value_heads"],
               "num_key_value_heads = %s as the most" % entry["num_key_value_heads"], max(counts))


def pattern_of(kinds: Collection[str]) -> str:
    """The attention pattern of a model with layers of these kinds."""
    rest = "sparse" if "ring" in kinds else "full"
    return next((pattern for pattern, needed in KINDS_OF_PATTERN.items() if needed <= {*kinds}), rest)


def head_shape(group: Mapping) -> tuple[int, int] | None:
    """(KV heads, width of a key) of a layer group; a latent counts as one head; None without keys."""
    if "kv_lora_rank" in group:
        return 1, group["kv_lora_rank"] + group["qk_rope_head_dim"]
    return (group["num_key_value_heads"], group["head_dim"]) if "head_dim" in group else None


@dataclass(frozen=True)
class Model:
    """Geometry of one LLM, named as in its Hugging Face config.json, and what its weights take."""
    name: str
    num_layers: int
    num_key_value_heads: int | None        # null, as head_dim, where no layer has heads with keys
    head_dim: int | None
    max_position_embeddings: int
    attention_pattern: str
    hybrid_full_layers: int | None
    hybrid_sliding_layers: int | None
    sliding_window: int | None
    default_kv_precision: str
    weights_gib: float | None = None       # in HBM, one replica
    checkpoint_gib: float | None = None    # on disk
    weights_precision: str | None = None
    total_params: int | None = None        # of the text model; multi-token prediction and vision are apart
    active_params: int | None = None       # per token
    source: str = ""
    layer_groups: list | None = None       # what each kind of layer keeps; None: built from the fields above
    hidden_size: int | None = None
    num_attention_heads: int | None = None
    vocab_size: int | None = None
    embedding_params: int | None = None    # input embedding, not read while decoding
    num_experts: int | None = None         # routed, per MoE layer
    num_experts_per_tok: int | None = None
    moe_layers: int | None = None
    expert_params: int | None = None       # of one routed expert in one layer
    unquantized_params: int | None = None  # of total_params: what a quantized checkpoint keeps in 16 bits
    params_by_precision: dict | None = None  # of total_params; None: unquantized_params and weights_precision
    as_quantized: dict | None = None       # {format: fields as its commonest checkpoint has them}
    whole_params: int | None = None        # of total_params: whole on each rank of tensor parallelism
    whole_unquantized_params: int | None = None  # of these, in 16 bits
    mtp_params: int | None = None
    host_params: int | None = None         # of lookup tables in host memory, in no other count
    mtp_layers: int | None = None
    vision_params: int | None = None
    rope_positions: int | None = None      # of the rotary tables; None: max_position_embeddings
    weights_origin: str | None = None      # computed or safetensors; None: the catalog's own
    config_read: list | None = None        # where a config.json was read: its keys, and what follows
    config_derived: list | None = None
    config_unread: list | None = None      # its keys that no rule reads
    config_accepted: list | None = None    # of those that may change the KV cache, the ones accepted by name
    task: str | None = None                # score or embed, of a config.json that is not for generating
    aliases: list | None = None            # other names, in lower case, that --model takes
    maker: str | None = None               # who trained it, whoever quantized it
    checkpoint_precision: str | None = None  # of the weights as stored, where another was asked for

    def __post_init__(self):
        check_record(self)
        self.check_pattern()
        self.check_layers()
        self.check_sizes()
        self.check_formats()
        self.check_as_quantized()
        missing = [name for name in EXPERT_FIELDS if getattr(self, name) is None]
        if missing and len(missing) < len(EXPERT_FIELDS):
            raise SizingError("%s: missing beside the other fields on experts" % missing[0])

    def __hash__(self):
        return hash(self.name)  # equal models have equal names, and lists have no hash

    @cached_property
    def groups(self) -> dict[str, dict]:
        """{kind: {"layers": how many, field: value, ...}} of layer_groups or the classic fields."""
        if self.layer_groups is None:
            classic = CLASSIC_PATTERNS.get(self.attention_pattern)
            if classic is None:
                raise SizingError("layer_groups: missing, attention_pattern %r needs it"
                                  % self.attention_pattern)
            for name in ("num_key_value_heads", "head_dim"):
                if getattr(self, name) is None:
                    raise SizingError("%s: missing, attention_pattern %r needs it" % (
                        name, self.attention_pattern))
            return {kind: dict({name: getattr(self, name) for name in GROUP_FIELDS[kind]},
                               layers=getattr(self, layers)) for kind, layers in classic}
        groups: dict[str, dict] = {}
        for index, entry in enumerate(self.layer_groups):
            with at("layer_groups[%d]" % index, ""):
                check_group(entry, groups)
            groups[entry["kind"]] = {name: value for name, value in entry.items()
                                     if name != "kind" and value is not None}
        return groups

    def check_pattern(self) -> None:
        pattern, kinds = self.attention_pattern, list(self.groups)
        if pattern != pattern_of(kinds):
            raise SizingError("attention_pattern: expected %r with layers of kind %s, got %r"
                              % (pattern_of(kinds), ", ".join(kinds), pattern))
        if not {*kinds} - {"index", "none"}:
            raise SizingError("layer_groups: expected a kind of layer that keeps something, got %s"
                              % (", ".join(kinds) or "none"))
        in_groups = {name: self.groups[kind]["layers"] for kind, name in CLASSIC_PATTERNS.get(pattern, ())}
        if "sliding" in kinds:
            in_groups["sliding_window"] = self.groups["sliding"]["sliding_window"]
        for name in FAMILY_FIELDS:
            value = getattr(self, name)
            if name in in_groups and value is None:
                raise SizingError("%s: missing, attention_pattern %r needs it" % (name, pattern))
            if name in in_groups and value != in_groups[name]:
                raise SizingError("%s: expected %d as in layer_groups, got %d"
                                  % (name, in_groups[name], value))
            if name not in in_groups and value is not None and name != "sliding_window":
                raise SizingError("%s: expected null with attention_pattern %r" % (name, pattern))

    def check_layers(self) -> None:
        layers = {kind: group["layers"] for kind, group in self.groups.items()}
        latent, index = layers.get("latent", 0), layers.pop("index", 0)
        if index > latent:
            raise SizingError("layer_groups: expected at most as many index layers as latent ones (%d), "
                              "got %d" % (latent, index))
        for kind, group in self.groups.items():
            if group.get("beside") and layers.pop(kind, 0) > self.num_layers:
                raise SizingError("layer_groups: expected at most num_layers = %d layers of %s beside others"
                                  ", got %d" % (self.num_layers, kind, group["layers"]))
        names = [kind + "_layers" for kind in layers]
        if self.layer_groups is None:
            names = [name for _, name in CLASSIC_PATTERNS[self.attention_pattern]]
        total = sum(layers.values())
        if total != self.num_layers:
            raise SizingError("%s: expected num_layers = %d, got %d"
                              % (" + ".join(names), self.num_layers, total))

    def check_sizes(self) -> None:
        for name, other in AT_MOST:
            value, limit = getattr(self, name), getattr(self, other)
            if value is not None and limit is not None and value > limit:
                raise SizingError("%s: expected at most %s = %s, got %s" % (name, other, limit, value))
        keyed = [kind for kind in (*HEAD_KINDS, "latent") if kind in self.groups]
        shape = head_shape(self.groups[keyed[0]]) if keyed else None
        if shape and shape != (self.num_key_value_heads, self.head_dim):
            raise SizingError("num_key_value_heads, head_dim: expected %s and %s as in layer_groups, "
                              "got %s and %s" % (*shape, self.num_key_value_heads, self.head_dim))
        for group in self.groups.values():
            count = group.get("num_key_value_heads", 1)
            if self.num_attention_heads is not None and self.num_attention_heads % count:
                raise SizingError("num_attention_heads: expected a multiple of the %d KV heads, got %d"
                                  % (count, self.num_attention_heads))
        total = self.total_params
        if total and self.routed_params() > total:
            raise SizingError("expert_params: expected num_experts x moe_layers x expert_params within "
                              "total_params = %d" % total)
        if self.weights_gib and total and self.weights_gib * GIB < LEAST_BYTES_PER_PARAMETER * total:
            raise SizingError("weights_gib: expected at least %g bytes for each of total_params = "
                              "%d, got %g GiB" % (LEAST_BYTES_PER_PARAMETER, total, self.weights_gib))

    def check_as_quantized(self) -> None:
        """Raise SizingError where a format changes another field, or beyond total_params."""
        for name, changes in (self.as_quantized or {}).items():
            with at("as_quantized"):
                check_choice(name, WEIGHT_PRECISIONS)
                expect(isinstance(changes, dict), "an object", changes, name)
                for field_name, value in changes.items():
                    with at("%s.%s" % (name, field_name)):
                        check_choice(field_name, QUANTIZED_FIELDS)
                        if value is not None:
                            check_number(value, Bound(int, 0, self.total_params or PARAMETER_COUNT))

    def check_formats(self) -> None:
        """Raise SizingError when the parameters by format are not those that the other fields state."""
        table = self.params_by_precision
        if table is None:
            return
        with at("params_by_precision"):
            for name, count in table.items():
                check_choice(name, WEIGHT_PRECISIONS)
                with at(name):
                    check_number(count, Bound(int, 0, PARAMETER_COUNT))
            kept = sum(count for name, count in table.items() if is_16_bit(name))
            for name, told, of_table in (("total_params", self.total_params, sum(table.values())),
                                         ("unquantized_params", self.unquantized_params, kept)):
                expect(told == of_table, "%s = %s" % (name, told), of_table)
            expect(self.weights_precision in table, "weights_precision among them", self.weights_precision)

    def routed_params(self) -> int:
        """Parameters of all routed experts; 0 in a dense model."""
        return (self.num_experts or 0) * (self.moe_layers or 0) * (self.expert_params or 0)


@dataclass(frozen=True)
class Server:
    """One GPU node.

    `*_gb` is the brochure's figure; `driver_mib_per_gpu` is what nvidia-smi or rocm-smi reports.
    """
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
    gpu: str | None = None                               # its name, which calibrations go by
    # an all-reduce as measured on the board, by number of GPUs: GB/s, and latency in microseconds
    all_reduce_gbps: dict | None = None
    all_reduce_us: dict | None = None
    product: str | None = None                           # as its maker or cloud calls it
    aliases: list | None = None
    measured_power_ratio: float | None = None            # the most of max_power_kw measured under load

    def __post_init__(self):
        check_record(self)
        self.check_all_reduce()
        summed_gb = self.gpus * self.hbm_per_gpu_gb
        if abs(summed_gb - self.total_hbm_gb) > HBM_TOTAL_TOLERANCE * self.total_hbm_gb:
            raise SizingError("total_hbm_gb: expected gpus x hbm_per_gpu_gb = %g, got %g"
                              % (summed_gb, self.total_hbm_gb))
        driver_mib, brochure_mib = self.driver_mib_per_gpu, self.hbm_per_gpu_gb * GB / MIB
        if driver_mib and abs(driver_mib - brochure_mib) > DRIVER_TOLERANCE * brochure_mib:
            raise SizingError("driver_mib_per_gpu: expected about %d MiB for hbm_per_gpu_gb = %g, got %d"
                              % (brochure_mib, self.hbm_per_gpu_gb, driver_mib))

    def __hash__(self):
        return hash(self.name)

    def check_all_reduce(self) -> None:
        rates, latencies = self.all_reduce_gbps or {}, self.all_reduce_us or {}
        for name, figures in (("all_reduce_gbps", rates), ("all_reduce_us", latencies)):
            with at(name):
                for gpus, figure in figures.items():
                    if gpus not in map(str, divisors(self.gpus)[1:]):
                        raise SizingError("expected numbers of GPUs from 2 that divide %d, got %s"
                                          % (self.gpus, short(gpus)))
                    with at(gpus):
                        check_number(figure, AMOUNT)
        if set(rates) != set(latencies):
            raise SizingError("all_reduce_gbps, all_reduce_us: expected figures for the same numbers of GPUs")


@dataclass(frozen=True)
class StorageProfile:
    """Where checkpoints are read from. `*_gbps` is GB/s (decimal gigabytes per second, not gigabits)."""
    name: str
    type: str
    iops_read: int | None
    iops_write: int | None
    throughput_read_gbps: float | None
    throughput_write_gbps: float | None
    latency_read_ms_p50: float | None
    latency_read_ms_p99: float | None
    latency_write_ms_p50: float | None
    latency_write_ms_p99: float | None
    source: str = ""
    aliases: list | None = None

    def __hash__(self):
        return hash(self.name)

    def __post_init__(self):
        check_record(self)
        for way in ("read", "write"):
            p50, p99 = (getattr(self, "latency_%s_ms_%s" % (way, rank)) for rank in ("p50", "p99"))
            if p50 is not None and p99 is not None and p99 < p50:
                raise SizingError("latency_%s_ms_p99: expected at least p50 = %g, got %g" % (way, p50, p99))


RECORDS: dict[str, type] = {"model": Model, "server": Server, "storage": StorageProfile}


# A name in a report: what it is, where it comes from, why it matters, what is often got wrong; and the flag
# that sets it, if one does: what a number may be, its default as --help words it, a word in place of a
# number, a default that is not the Request's.
Parameter = namedtuple("Parameter", "names description source importance common_error flag")
Flag = namedtuple("Flag", "metavar bound shown word default required",
                  defaults=(COUNT, None, None, None, False))


def parameter(names: str, *answers: str, flag: Flag | None = None) -> Parameter:
    """A row from its four answers, each in Portuguese and then in English."""
    return Parameter._make([names.split(), *map(Text, answers[::2], answers[1::2]), flag])


def request_field(default: object, flag: Flag | None, *answers: str, also: str = ""):
    """A field of Request: its default, its flag, four answers, and names that they explain too."""
    return field(default=default, metadata={"parameter": parameter(also, *answers, flag=flag)})


def listed_widths(lang: str) -> str:
    return ", ".join("%s %s" % (name, plain(width, lang)) for name, width in KV_PRECISIONS.items())


# The user's specification; vLLM's default gpu_memory_utilization.
USUAL_KV_BUDGET_RATIO, VLLM_DEFAULT_RATIO = 0.70, 0.9
# By memory of the GPU, from so many GiB: vLLM 0.32's server defaults of max_num_batched_tokens and
# max_num_seqs (an A100 takes those of small cards), and GiB per GPU outside torch under tensor parallel (NCCL
# and all-reduce buffers too) and of CUDA graphs, under tensor parallel and on one GPU (outside vLLM's budget
# up to 0.20, inside it from 0.21: counted). Fitted: from 70 GiB on 22 logs of vLLM 0.19 on H100; below on 8
# logs of L40S, L4, RTX and 16 GB cards (2026-11).
GpuClass = namedtuple("GpuClass", "from_gib max_num_batched_tokens max_num_seqs non_torch_gib cuda_graph_gib "
                                  "cuda_graph_one_gpu_gib")
GPU_CLASSES = (GpuClass(160, 16384, 1024, 2.1, 0.87, 0.93), GpuClass(70, 8192, 1024, 2.1, 0.87, 0.93),
               GpuClass(0, 2048, 256, 1.0, 0.5, 0.5))
SMALL_BATCH_GPUS = ("A100",)
MAX_NUM_BATCHED_TOKENS = GPU_CLASSES[1].max_num_batched_tokens    # of the speed doors, where none is given


def listed_defaults(name: str) -> str:
    """The defaults of GPU_CLASSES, one for each value: `8192 (≥ 70 GiB), 2048 (< 70 GiB, A100)`."""
    least = {getattr(one, name): one.from_gib for one in GPU_CLASSES}
    *large, small = ["%d (%s)" % (value, "≥ %d GiB" % gib if gib else "< %d GiB, %s" % (
        GPU_CLASSES[-2].from_gib, ", ".join(SMALL_BATCH_GPUS))) for value, gib in least.items()]
    return ", ".join([*large, small])


# Per node, when the catalog does not know the weights: the user's specification.
OVERHEAD_UNKNOWN_WEIGHTS_GIB = 120.0
FROM_TELEMETRY = ("Telemetria; o padrão é o caso 1k/1k dos testes públicos.",
                  "Telemetry; the default is the 1k/1k case of public benchmarks.")
NOT_THE_CONTEXT = ("Confundir com o contexto, que inclui o histórico.",
                   "Taking it for the context, which includes history.")
OF_A_TARGET = (
    "Com meta, dimensiona o menor entre memória e velocidade.",
    "With a target, the smaller of memory and speed sizes.",
    "Dimensionar só pela memória e prometer velocidade.", "Sizing by memory alone and promising speed.")
OF_THE_LOAD_FOUND = (
    "TPOT e TTFT com que --requests-per-s virou sessões, e a carga que os mantém.",
    "TPOT and TTFT with which --requests-per-s became sessions, and the load that keeps them.",
    "A meta, ou o TPOT para SLA e o TTFT esperado do RECOMENDADO nessa carga.",
    "The target, or RECOMMENDED's committed TPOT and expected TTFT at that load.",
    "Respostas mais lentas são mais sessões ao mesmo tempo.", "Slower answers are more sessions at once.",
    "Contar as sessões com a réplica vazia.", "Counting the sessions on an empty replica.")
PRICE = Bound(float, 0.0001, 10**12)                     # costs are divided by it
OF_A_PRICE = (
    "Proposta ou contrato; preços mudam (H100: 38 % em cinco meses até 2026-03), por isso não há padrão.",
    "An offer or contract; prices move (H100: 38 % in five months to 2026-03), so there is no default.",
    "Sem ele não há custo.", "Without it there is no cost.",
    "Comparar preços de datas ou condições diferentes.", "Comparing prices of other dates or terms.")
OF_A_MEASUREMENT = (
    "Seu teste de carga, com o mesmo modelo, GPU e disposição.",
    "Your load test, with the same model, GPU and layout.",
    "Uma medição remove o viés do motor.", "One measurement removes the engine's bias.",
    "Medir com outro tamanho de prompt ou resposta.", "Measuring with other prompt or answer lengths.")


@dataclass(frozen=True)
class Request:
    """What is asked: every parameter under its flag's name, with all that is said of it. None: not given."""
    model: Model = request_field(                                # with the weights it is to be served with
        MISSING, Flag("NAME", required=True),
        "O LLM: nome no catálogo, ou caminho de um config.json do Hugging Face ou da pasta dele.",
        "The LLM: a name in the catalog, or the path of a Hugging Face config.json or of its folder.",
        "Escolha do produto; a geometria vem do config.json.",
        "The product's choice; the geometry comes from config.json.",
        "Define KV e pesos: modelos de igual tamanho podem diferir 9 vezes em KV.",
        "Sets KV and weights: models of one size can differ 9 times in KV.",
        "Supor que o KV cresce com os parâmetros.", "Assuming that KV grows with the parameters.")
    server: Server = request_field(
        MISSING, Flag("NAME", required=True),
        "O nó GPU, pelo nome no catálogo.", "The GPU node, by its name in the catalog.",
        "Proposta do fornecedor ou instância de nuvem.", "The vendor's offer or a cloud instance.",
        "Define a HBM por nó, que limita as sessões.", "Sets the HBM per node, which limits sessions.",
        "Contar GPUs em vez da HBM que o driver entrega.",
        "Counting GPUs instead of the HBM the driver delivers.")
    storage: StorageProfile = request_field(
        MISSING, Flag("NAME", default="profile_default"),
        "Perfil de armazenamento de onde os pesos são lidos.", "Storage profile the weights are read from.",
        "Catálogo de perfis; meça o seu com a ferramenta fio.", "The profile catalog; measure your own with "
        "fio.",
        "Muda o tempo de inicialização e os alertas de E/S, não os nós.",
        "Changes start-up time and the I/O alerts, not the nodes.",
        "Ler *_gbps como gigabits: são GB/s.", "Reading *_gbps as gigabits: they are GB/s.")
    concurrency: int | None = request_field(                     # None: as many as `nodes` hold
        MISSING, Flag("SESSIONS", shown="required, or --nodes", required=True),
        "Sessões simultâneas cujo KV cache está em HBM.", "Simultaneous sessions whose KV cache is in HBM.",
        "Telemetria de pico, ou usuários × fração ativa.",
        "Peak telemetry, or users × the active share.",
        "Multiplica o KV, e com ele os nós.", "Multiplies KV, and so the nodes.",
        "Usar usuários cadastrados ou requisições/s.", "Using registered users or requests/s.")
    effective_context: int | str = request_field(
        MISSING, Flag("TOKENS", word="max", required=True),
        "Tokens que cada sessão mantém: prompt, histórico e resposta (max: o maior em --nodes).",
        "Tokens each session holds: prompt, history and answer (max: the longest on --nodes).",
        "Tamanhos reais (p95); é cortado no máximo do modelo.",
        "Real lengths (p95); clamped to the model's maximum.",
        "O KV das camadas full cresce linearmente com ele.", "KV of full layers grows linearly with it.",
        "Dimensionar tudo no máximo, ou esquecer os tokens gerados.",
        "Sizing all at the maximum, or forgetting the generated tokens.",
        also="requested_context max_effective_context")
    kv_precision: str = request_field(
        MISSING, Flag("NAME", shown="the model's"),
        "Formato do KV cache.", "KV cache format.",
        "kv_cache_dtype do motor, ou o do modelo.", "The engine's kv_cache_dtype, or the model's.",
        "Bytes por elemento, escalas incluídas: %s." % listed_widths("pt"),
        "Bytes per element, scales included: %s." % listed_widths("en"),
        "Supor fp8 com o motor em auto, em geral bf16.",
        "Assuming fp8 with the engine on auto, usually bf16.", also="default_kv_precision")
    kv_budget_ratio: float = request_field(
        USUAL_KV_BUDGET_RATIO, Flag("RATIO", Bound(float, 0, 1, False, "0.70 means 70 %")),
        "HBM que o motor usa, com os pesos (gpu_memory_utilization no vLLM).",
        "HBM the engine uses, weights included (gpu_memory_utilization in vLLM).",
        "Política de operação; padrão: %s aqui, %s no vLLM." % (USUAL_KV_BUDGET_RATIO, VLLM_DEFAULT_RATIO),
        "Operating policy; default: %s here, %s in vLLM." % (USUAL_KV_BUDGET_RATIO, VLLM_DEFAULT_RATIO),
        "Cada ponto percentual da HBM vira KV.", "Each percent of HBM becomes KV.",
        "Subir até faltar memória, ou contar só o KV.",
        "Raising it until memory runs out, or counting only KV.")
    runtime_overhead_gib: float | None = request_field(
        None, Flag("GIB", Bound(float, 0, 10**6), "computed"),
        "HBM por nó que não é KV: pesos, ativações e motor.",
        "HBM per node that is not KV: weights, activations and engine.",
        "Calculado dos pesos e de logs do motor, ou informado.",
        "Computed from the weights and engine logs, or given.",
        "Sai do orçamento antes da primeira sessão.", "Leaves the budget before the first session.",
        "Informar só os pesos, ou o checkpoint em disco.",
        "Giving the weights alone, or the checkpoint on disk.", also="overhead_origin")
    peak_headroom_ratio: float = request_field(
        0.20, Flag("RATIO", Bound(float, 0, 10, True, "0.20 means 20 %")),
        "Capacidade acima da carga nominal para picos.", "Capacity above the nominal load for peaks.",
        "Pico ÷ média na telemetria.", "Peak ÷ mean in telemetry.",
        "Sem ela o pico vira fila.", "Without it a peak becomes a queue.",
        "Somá-la ao que já era o pico.", "Adding it to a figure that already was the peak.")
    ha_mode: str = request_field(
        "none", None,
        "Nós de reserva para falhas: none, n+1 ou n+2.", "Spare nodes for failures: none, n+1 or n+2.",
        "Definido pelo cenário.", "Set by the scenario.",
        "Com a reserva parada, o pico ainda cabe.", "With the spares down, the peak still fits.",
        "Prometer a meta de SLA sem calcular a disponibilidade.",
        "Promising the SLA target without computing availability.", also="ha_extra_nodes")
    nodes: int | None = request_field(
        None, Flag("NODES"),
        "Nós que existem, em vez de --concurrency: quantas sessões cabem, com folga e reserva.",
        "Nodes there are, instead of --concurrency: how many sessions they hold, with headroom and spares.",
        "Inventário, orçamento ou proposta.", "Inventory, budget or offer.",
        "Inverte a conta: da frota para a carga (max_concurrency).",
        "Turns the sum around: from the fleet to the load (max_concurrency).",
        "Contar os nós de reserva como capacidade.", "Counting spares as capacity.",
        also="max_concurrency")
    tensor_parallel: int | str = request_field(
        "auto", Flag("GPUS", Bound(int, 1, 10**4), word="auto"),
        "GPUs que dividem cada camada de uma réplica.", "GPUs that share each layer of a replica.",
        "A mesma opção do motor.", "The engine's option of that name.",
        "Mais GPUs por réplica poupam cópias dos pesos e, acima das cabeças KV, copiam KV.",
        "More GPUs per replica save copies of the weights and, above the KV heads, copy KV.",
        "Pôr todas as GPUs em uma réplica com poucas cabeças KV.",
        "Putting all GPUs in one replica with few KV heads.")
    attention: str = request_field(
        "auto", Flag("KIND"),
        "Como a atenção se divide: tensor (por cabeças) ou data (data-parallel: cada rank com as suas "
        "sessões, os especialistas em todas as GPUs).",
        "How attention is divided: tensor (by heads) or data (data-parallel: each rank its own sessions, the "
            "experts over all GPUs).",
        "data_parallel_size e expert parallel no motor.", "The engine's data_parallel_size and expert "
        "parallel.",
        "Com data nenhuma cabeça KV é copiada, e cada rank guarda os pesos que não são de especialistas.",
        "With data no KV head is copied, and each rank keeps the weights that are not of experts.",
        "Usar data com respostas curtas: cada rank espera o prompt de qualquer outro.",
        "Using data with short answers: each rank waits for the prompt of any other.", also="attention_ranks")
    pipeline_parallel: int | str = request_field(
        "auto", Flag("STAGES", Bound(int, 1, 10**4), word="auto"),
        "Grupos de GPUs que dividem as camadas, um depois do outro.",
        "Groups of GPUs that share the layers, one after the other.",
        "A mesma opção do motor.", "The engine's option of that name.",
        "Só assim um modelo maior que um nó cabe; cada token passa por todos.",
        "The only way for a model larger than a node; each token passes all of them.",
        "Contar com a velocidade de uma réplica sem estágios.",
        "Counting on the speed of a replica without stages.")
    max_num_batched_tokens: int | None = request_field(
        None, Flag("TOKENS", Bound(int, 1, 10**7), "by GPU, as vLLM"),
        "Tokens que o motor processa de uma vez.", "Tokens the engine processes at once.",
        "Opção do vLLM; sem ela, o padrão dele pela memória da GPU: %s."
            % listed_defaults("max_num_batched_tokens"),
        "A vLLM option; without it, its default by the GPU's memory: %s."
            % listed_defaults("max_num_batched_tokens"),
        "Aumenta as ativações e o que uma janela reserva durante o prefill.",
        "Raises activations and what a window reserves during prefill.",
        "Subir sem contar a HBM que isso toma.", "Raising it without counting the HBM it takes.",
        also="max_num_batched_tokens_origin")
    max_num_seqs: int | None = request_field(
        None, Flag("SESSIONS", Bound(int, 1, 10**6), "by GPU, as vLLM"),
        "Sessões que o motor roda ao mesmo tempo em uma réplica (por rank com atenção data-parallel).",
        "Sessions the engine runs at once on a replica (on a rank with data-parallel attention).",
        "Opção do vLLM; sem ela, o padrão dele pela memória da GPU: %s." % listed_defaults("max_num_seqs"),
        "A vLLM option; without it, its default by the GPU's memory: %s." % listed_defaults("max_num_seqs"),
        "Um limite ao lado da memória; e cada uma toma HBM para os seus logits.",
        "A limit beside memory; and each takes HBM for its logits.",
        "Dimensionar pela memória sessões que o motor deixaria na fila.",
        "Sizing by memory sessions that the engine would leave in the queue.", also="max_num_seqs_origin")
    input_tokens: int = request_field(
        1024, Flag("TOKENS"), "Tokens do prompt de uma requisição.", "Prompt tokens of a request.",
        *FROM_TELEMETRY,
        "Prompts longos atrasam as outras sessões.", "Long prompts delay the other sessions.",
        *NOT_THE_CONTEXT)
    output_tokens: int = request_field(
        1024, Flag("TOKENS"), "Tokens da resposta de uma requisição.", "Tokens of the answer to a request.",
        *FROM_TELEMETRY,
        "Respostas longas ocupam a sessão por mais tempo.", "Long answers hold the session for longer.",
        *NOT_THE_CONTEXT)
    draft_tokens: int = request_field(
        0, Flag("TOKENS", Bound(int, 0, 16)),
        "Tokens que a decodificação especulativa propõe por passo.",
        "Tokens that speculative decoding proposes per step.",
        "num_speculative_tokens no motor.", "The engine's num_speculative_tokens.",
        "Sem --acceptance-length o dimensionamento supõe 1 token por passo; o relatório dá a faixa até "
            "draft_tokens + 1.",
        "Without --acceptance-length, 1 token per step is what sizes; the report gives the range up to "
            "draft_tokens + 1.",
        "Prometer o ganho medido com outro texto.", "Promising the gain measured on other text.")
    acceptance_length: float | None = request_field(
        None, Flag("TOKENS", Bound(float, 1, 17)),
        "Tokens que um passo rende, com os rascunhos aceitos.",
        "Tokens that a step yields, with the drafts that are accepted.",
        "Métrica do motor, com o seu texto. Medidos em prompts de código (InferenceX), com 1, 2 e 3 "
        "rascunhos: DeepSeek-V4 1,79, 2,27 e 2,49; Qwen3.5 1,93, 2,73 e 3,39; GLM-5.2 1,84, 2,50 e 2,99; "
        "Kimi-K2.5 (EAGLE3) 1,83, 2,43 e 2,88.",
        "The engine's metric, on your text. Measured on code prompts (InferenceX), with 1, 2 and 3 drafts: "
            "DeepSeek-V4 1.79, 2.27 and 2.49; Qwen3.5 1.93, 2.73 and 3.39; GLM-5.2 1.84, 2.50 and 2.99; "
            "Kimi-K2.5 (EAGLE3) 1.83, 2.43 and 2.88.",
        "Divide o tempo entre tokens; é do texto, não do modelo.",
        "Divides the time between tokens; it belongs to the text, not to the model.",
        "Usar o número de prompts de código em conversas.", "Using the figure of code prompts for chats.")
    prefix_cache_hit_ratio: float = request_field(
        0.0, Flag("RATIO", Bound(float, 0, 1, True, "0.30 means 30 %")),
        "Parte do prompt já no cache de prefixo, não recalculada.",
        "Share of the prompt in the prefix cache, not computed again.",
        "Métrica do motor (prefix cache hit rate).", "The engine's metric (prefix cache hit rate).",
        "Reduz o prefill na mesma proporção.", "Cuts prefill in proportion.",
        "Supor acertos sem prompts que se repetem.", "Assuming hits without prompts that repeat.")
    shared_prefix_tokens: int = request_field(
        0, Flag("TOKENS", Bound(int, 0, 10**9)),
        "Tokens iniciais que todas as sessões têm em comum.", "Leading tokens that all sessions have in "
        "common.",
        "O prompt de sistema, com o cache de prefixo ligado no motor.",
        "The system prompt, with prefix caching on in the engine.",
        "O KV deles fica uma vez por réplica (por rank com atenção data-parallel) nas camadas que guardam "
        "todo o contexto, e o prefill não os recalcula.",
        "Their KV is kept once per replica (per rank with data-parallel attention) in layers that keep the "
        "whole context, and prefill does not compute them again.",
        "Contá-los também em --prefix-cache-hit-ratio: vale o maior dos dois.",
        "Counting them in --prefix-cache-hit-ratio too: the larger of the two holds.")
    active_ratio: float = request_field(
        1.0, Flag("RATIO", Bound(float, 1e-6, 1, True, "0.25 means 25 %")),
        "Parte das sessões que gera no mesmo instante; as outras só ocupam KV.",
        "Share of the sessions generating at the same moment; the others only hold KV.",
        "Tempo de geração ÷ (geração + leitura do usuário).",
        "Generation time ÷ (generation + the user's reading time).",
        "Menos sessões ativas, tokens mais rápidos.", "Fewer active sessions, faster tokens.",
        "Deixar 1.0 em conversas que o usuário passa lendo.",
        "Leaving 1.0 for chats in which the user mostly reads.")
    tpot_ms: float | None = request_field(
        None, Flag("MS", Bound(float, 0.001, 10**6)),
        "Meta: tempo por token de saída (TPOT), comparada com o TPOT para SLA (p80).",
        "Target: time per output token (TPOT), held by the committed TPOT (p80).",
        "Acordo de serviço; 50 ms são 20 tokens/s.", "The service agreement; 50 ms is 20 tokens/s.",
        *OF_A_TARGET)
    ttft_ms: float | None = request_field(
        None, Flag("MS", Bound(float, 0.001, 10**7)),
        "Meta: tempo até o primeiro token (TTFT), comparada com o TTFT para SLA (p90).",
        "Target: time to first token (TTFT), held by the committed TTFT (p90).",
        "Acordo de serviço.", "The service agreement.", *OF_A_TARGET)
    engine: str = request_field(
        "generic", Flag("NAME"),
        "Motor cujas constantes valem.", "Engine whose constants count.",
        "O que será implantado; generic serve a todos.", "What will be deployed; generic suits all.",
        "Muda a velocidade, e com sglang e trtllm a regra que reparte a memória.",
        "Changes speed and, with sglang and trtllm, the rule that shares memory out.",
        "Comparar kv_budget_ratio entre motores: cada um o aplica a outra memória.",
        "Comparing kv_budget_ratio across engines: each applies it to other memory.")
    text_only_model: bool = request_field(
        False, Flag(None),
        "Só o modelo de texto: as torres de visão e áudio não são carregadas.",
        "The text model alone: vision and audio towers are not loaded.",
        "No vLLM, --language-model-only ou --limit-mm-per-prompt 0.",
        "In vLLM, --language-model-only or --limit-mm-per-prompt 0.",
        "As torres tomam de 4 a 9 % da HBM dos pesos de um modelo de 9 a 27 B.",
        "Towers take 4 to 9 % of the HBM of the weights of a 9 to 27 B model.",
        "Usar com imagens: o motor as recusa.", "Using it with images: the engine refuses them.")
    measured_tpot_ms: float | None = request_field(
        None, Flag("MS", Bound(float, 0.001, 10**6)),
        "TPOT que você mediu com --measured-sessions; a conta se ajusta a ele.",
        "TPOT you measured with --measured-sessions; the sizing is fitted to it.", *OF_A_MEASUREMENT)
    measured_ttft_ms: float | None = request_field(
        None, Flag("MS", Bound(float, 0.001, 10**7)),
        "TTFT que você mediu com --measured-sessions; a conta se ajusta a ele.",
        "TTFT you measured with --measured-sessions; the sizing is fitted to it.", *OF_A_MEASUREMENT)
    measured_sessions: int | None = request_field(
        None, Flag("SESSIONS"), "Sessões por réplica nessa medição.",
        "Sessions per replica of that measurement.", *OF_A_MEASUREMENT)
    users: int | None = request_field(
        None, Flag("USERS"),
        "Usuários, em vez de --concurrency: só a fração ativa ocupa KV.",
        "Users, instead of --concurrency: only the active share holds KV.",
        "Cadastro ou licenças.", "Registrations or licences.",
        "Com active_users_ratio dá as sessões.", "With active_users_ratio it gives the sessions.",
        "Dimensionar HBM para quem não está conversando.", "Sizing HBM for those who are not in a chat.")
    active_users_ratio: float | None = request_field(
        None, Flag("RATIO", Bound(float, 0, 1, False, "0.05 means 5 %")),
        "Parte dos usuários com uma sessão em HBM no pico.",
        "Share of the users with a session in HBM at the peak.",
        "Telemetria; não há valor geral.", "Telemetry; there is no general figure.",
        "Multiplica as sessões.", "Multiplies the sessions.",
        "Confundir com active_ratio, a parte das sessões que gera no mesmo instante.",
        "Taking it for active_ratio, the share of the sessions generating at the same moment.")
    requests_per_s: float | None = request_field(
        None, Flag("RATE", Bound(float, 1e-6, 10**9)),
        "Requisições por segundo, em vez de --concurrency.", "Requests a second, instead of --concurrency.",
        "Telemetria do gateway, no pico.", "The gateway's telemetry, at the peak.",
        "Lei de Little: sessões = requisições/s × duração de cada uma.",
        "Little's law: sessions = requests/s × the duration of each.",
        "Usar a média do dia.", "Using the average of the day.")
    load_tpot_ms: float | None = request_field(None, None, *OF_THE_LOAD_FOUND)
    load_ttft_ms: float | None = request_field(None, None, *OF_THE_LOAD_FOUND)
    load_sessions: int | None = request_field(None, None, *OF_THE_LOAD_FOUND)
    use_case: str | None = request_field(
        None, Flag("NAME"),
        "Tamanhos, acertos de prefixo e pico de uma trilha pública; o que você informa vale mais.",
        "Lengths, prefix hits and peak of a public trace; what you give counts more.",
        "; ".join("%s: %s" % (name, case.trace.pt) for name, case in USE_CASES.items()) + ".",
        "; ".join("%s: %s" % (name, case.trace.en) for name, case in USE_CASES.items()) + ".",
        "Um começo até haver telemetria; acertos são o teto, com cache ilimitado.",
        "A start until there is telemetry; hits are the ceiling, with an unlimited cache.",
        "Tomar a média da trilha pelo p95 do seu tráfego.", "Taking the trace's mean for your traffic's p95.",
        also="use_case_trace")
    power_use_ratio: float = request_field(
        1.0, Flag("RATIO", Bound(float, 0, 1, False, "0.80 means 80 %")),
        "Parte da potência máxima que os nós consomem em média.",
        "Share of the rated power that the nodes draw on average.",
        "Medição sua (measured_power_ratio: a maior medida em um nó igual); 1.0: a máxima.",
        "Your own measurement (measured_power_ratio: the largest measured on such a node); 1.0: rated.",
        "Multiplica a energia.", "Multiplies the energy.",
        "Medir só as GPUs: o nó consome mais.", "Measuring the GPUs alone: the node draws more.")
    pue: float | None = request_field(
        None, Flag("RATIO", Bound(float, 1, 10, True, "1.3 means 30 % for cooling and losses")),
        "Energia do datacenter ÷ energia dos equipamentos de TI.",
        "Energy of the data centre ÷ energy of its IT equipment.",
        "O operador do datacenter; sem ele a energia é só a de TI.",
        "The data centre's operator; without it the energy is that of IT alone.",
        "Multiplica a energia.", "Multiplies the energy.",
        "Supor o PUE de um hyperscaler.", "Assuming a hyperscaler's PUE.")
    rack_kw: float | None = request_field(
        None, Flag("KW", Bound(float, 0.001, 10**4)),
        "Potência que um rack entrega.", "Power that one rack delivers.",
        "O operador do datacenter.", "The data centre's operator.",
        "Com a altura, define os nós por rack.", "With the height, sets the nodes per rack.",
        "Dividir a potência total pelos racks: um nó não se divide.",
        "Dividing the total power by racks: a node does not divide.")
    node_price_per_hour: float | None = request_field(
        None, Flag("PRICE", PRICE), "Preço de uma hora de nó alugado.", "Price of an hour of a rented node.",
        *OF_A_PRICE)
    node_price: float | None = request_field(
        None, Flag("PRICE", PRICE), "Preço de um nó comprado.", "Price of a node that is bought.",
        *OF_A_PRICE)
    depreciation_years: float | None = request_field(
        None, Flag("YEARS", Bound(float, 0.1, 50)),
        "Anos em que o preço do nó é depreciado.", "Years over which a node's price is written off.",
        "Contabilidade (balanços de nuvens: 4 a 6).", "Accounting (filings of clouds: 4 to 6).",
        "Divide o preço do nó.", "Divides the node's price.",
        "Depreciar em mais anos do que a GPU será usada.",
        "Writing off over more years than the GPU will serve.")
    price_per_kwh: float | None = request_field(
        None, Flag("PRICE", Bound(float, 0, 10**6)),
        "Preço da energia, por kWh; 0: outro paga.", "Price of energy, per kWh; 0: another pays.",
        *OF_A_PRICE)
    currency: str | None = request_field(
        None, Flag("NAME"),
        "Moeda dos preços: só um rótulo.", "Currency of the prices: a label only.",
        *("Quem informa os preços.", "Whoever gives the prices."),
        "Nenhum valor é convertido.", "No amount is converted.",
        "Misturar moedas.", "Mixing currencies.")
    utilisation_ratio: float = request_field(
        1.0, Flag("RATIO", Bound(float, 0.0001, 1, True, "0.40 means 40 %")),
        "Carga média do ano ÷ carga nominal.", "Mean load of the year ÷ nominal load.",
        "Telemetria; 1.0: a carga nominal o ano todo.", "Telemetry; 1.0: the nominal load all year.",
        "Divide o custo por token.", "Divides the cost per token.",
        "Deixar 1.0 para um serviço que dorme à noite: o custo por token sai baixo demais.",
        "Leaving 1.0 for a service that sleeps at night: the cost per token comes out too low.")
    api_price_per_million_tokens: float | None = request_field(
        None, Flag("PRICE", PRICE),
        "Preço de uma API por milhão de tokens de saída.", "An API's price per million output tokens.",
        *OF_A_PRICE)
    node_availability: float | None = request_field(
        None, Flag("RATIO", Bound(float, 0, 1, False, "0.995 means 99.5 %"), "computed"),
        "Parte do tempo em que um nó está no ar.", "Share of the time in which a node is up.",
        "Sua telemetria; senão, falhas do Llama 3 (16.384 H100) e um reparo misto.",
        "Your telemetry; else the failures of Llama 3 (16,384 H100) and a mixed repair.",
        "Com a reserva, dá a disponibilidade.", "With the spares, gives the availability.",
        "Usar o SLA de uma nuvem: é um crédito, não uma medida.",
        "Using a cloud's SLA: it is a credit, not a measurement.")
    sla: float | None = request_field(
        None, Flag("RATIO", Bound(float, 0, 1, False, "0.999 means 99.9 %"), "by scenario"),
        "Disponibilidade que o pico deve ter.", "Availability that the peak must have.",
        "O contrato; padrão da especificação: 99,9 % no RECOMENDADO, 99,99 % no IDEAL.",
        "The contract; the specification's default: 99.9 % for RECOMMENDED, 99.99 % for IDEAL.",
        "Define spares_for_sla e o alerta sla_missed.", "Sets spares_for_sla and the alert sla_missed.",
        "Prometê-lo sem descontar rede, rack e site.", "Promising it without network, rack and site.")
    loader: str = request_field(
        "default", Flag("NAME"),
        "O que lê o checkpoint ao iniciar o motor.", "What reads the checkpoint when the engine starts.",
        "--load-format do vLLM; default é o safetensors.", "vLLM's --load-format; default is safetensors.",
        "Limita o reinício antes do armazenamento: o padrão lê 1,2 GB/s em uma GPU e 4,3 em oito.",
        "Limits a restart before storage does: the default reads 1.2 GB/s on one GPU and 4.3 on eight.",
        "Comprar armazenamento mais rápido que o carregador.", "Buying storage faster than the loader.")
    replaced_entries: tuple[str, ...] = request_field(           # names of RECORDS
        (), None,
        "Entradas do seu catálogo no lugar das que acompanham a ferramenta.",
        "Entries of your own catalog in place of those that come with the tool.",
        "--models-file, --servers-file e --storage-file.",
        "--models-file, --servers-file and --storage-file.",
        "Os números são os do seu arquivo, mesmo que o nome seja conhecido.",
        "The figures are those of your file, although the name is a known one.",
        "Comparar com relatórios feitos sem o seu arquivo.",
        "Comparing with reports made without your file.")

    def __hash__(self):
        return self.hash

    @cached_property
    def hash(self) -> int:                                       # every search asks for it again and again
        return hash(tuple(map(vars(self).__getitem__, REQUEST_NAMES)))

    @classmethod
    def of(cls, values: Mapping) -> Request:
        """A request of {field: value}, the others as by default: the constructor would set each by itself."""
        request = object.__new__(cls)
        vars(request).update(REQUEST_DEFAULTS, **values)
        return request

    def but(self, **changes) -> Request:
        """The request with other values; raises TypeError on names that it does not have."""
        if not changes.keys() <= ASKED.keys():
            raise TypeError("a Request has no %s" % ", ".join(sorted(changes.keys() - ASKED.keys())))
        values = {**vars(self), **changes}
        for cached in ("hash", "replica"):
            values.pop(cached, None)
        return Request.of(values)

    @cached_property
    def replica(self) -> Request:
        """What decides what a replica holds and how fast it is: no load, and the context the model takes."""
        context = self.effective_context
        clamped = min(context, self.model.max_position_embeddings) if isinstance(context, int) else context
        return replica_of(clamped, *map(vars(self).__getitem__, IN_A_REPLICA))

    @property
    def pins(self) -> Pins:
        return Pins(self.tensor_parallel, self.pipeline_parallel, self.attention, self.nodes)


# Annotations are text in this module.
RECORD_FIELDS = {cls: tuple((f.name, *str(f.type).partition(" | ")[::2]) for f in fields(cls))
                 for cls in (*RECORDS.values(), Request)}
ASKED = {f.name: f.metadata["parameter"]._replace(names=[f.name, *f.metadata["parameter"].names])
         for f in fields(Request)}
REQUEST_NAMES = tuple(ASKED)
REQUEST_DEFAULTS = {name: getattr(Request, name) for name in REQUEST_NAMES if hasattr(Request, name)}
BOUNDS.update((name, row.flag.bound) for name, row in ASKED.items() if row.flag and row.flag.bound != COUNT)
# What a replica's numbers never read: it leaves the request before layouts are placed. First what the load
# follows from, then what operating the nodes takes; the name of each in a sheet where a number has its own.
OF_TRAFFIC = ("users", "active_users_ratio", "requests_per_s", "load_tpot_ms", "load_ttft_ms",
              "load_sessions", "use_case")
OF_OPERATIONS = ("power_use_ratio", "pue", "rack_kw", "node_price_per_hour", "node_price",
                 "depreciation_years", "price_per_kwh", "currency", "utilisation_ratio",
                 "api_price_per_million_tokens", "node_availability", "sla", "loader")
NO_OPERATIONS = {name: REQUEST_DEFAULTS[name] for name in (*OF_TRAFFIC, *OF_OPERATIONS)}
OWN_NAMES = {"requests_per_s": "asked_requests_per_s", "node_availability": "given_node_availability"}
OF_THE_LOAD = (*RECORDS, "replaced_entries", "concurrency", "nodes", "peak_headroom_ratio", "ha_mode",
               "tensor_parallel", "pipeline_parallel", "attention", *NO_OPERATIONS)
OF_A_REPLICA = tuple(name for name in REQUEST_NAMES if name not in OF_THE_LOAD)
IN_A_REPLICA = ("model", "server", *(name for name in OF_A_REPLICA if name != "effective_context"))


@lru_cache(maxsize=2**12)
def replica_of(effective_context: int | None, model: Model, server: Server, *values) -> Request:
    """A request without load, layout and storage; one object for all that are equal, to be found by it."""
    return Request(model, server, None, None, effective_context,  # type: ignore[arg-type]
                   **dict(zip(IN_A_REPLICA[2:], values)))


# What every plan asks of its replica, whatever the load.
OF_ANY_LOAD = ("kv_per_session_gib", "sessions_per_node", "kv_pooled_gib", "state_blocks")
# Sessions of a unit under the other rules of memory, and the nodes that follow where it holds any.
OTHER_UNITS = {"reserved_unit_sessions": "nodes_final_reserved",
               "unmanaged_unit_sessions": "nodes_final_without_hybrid_manager"}
Layout = namedtuple("Layout", "tensor_parallel pipeline_parallel attention_ranks")
# What a request says of the layout, and the most nodes that a replica may span (None: any).
Pins = namedtuple("Pins", "tensor_parallel pipeline_parallel attention nodes")


@dataclass(frozen=True, eq=False)
class Placement:
    """One way to lay a replica out, its numbers, and why (a key of REFUSALS) it holds nothing.

    A replica spreads each layer over `tensor_parallel` GPUs, and its layers over `pipeline_parallel` such
    groups. With `attention_ranks` above 1 attention runs data-parallel: each rank keeps its own sessions and
    a copy of all but the experts. `sheet` is empty where the layers cannot be spread so.
    """
    layout: Layout
    sheet: Sheet
    refused: str | None = None
    speed_basis: str | None = None                       # measured, estimate, or None: not known

    @cached_property
    def whole_sheet(self) -> Sheet:
        """The sheet with what only plans ask for, and no load changes."""
        whole = self.sheet.bind(self.over_the_ranks)
        for name in (*OF_ANY_LOAD, *whole.parts["attention_flop"]):
            whole.find(name)
        unfit = [nodes for sessions, nodes in OTHER_UNITS.items() if not whole.find(sessions)]
        return whole.bind({}, absent=dict.fromkeys(unfit, "does_not_fit"))

    @cached_property
    def over_the_ranks(self) -> dict[str, float]:
        """GiB of a session on all ranks: as the engine may reserve it, and without a hybrid manager."""
        placed = self.sheet.what_if({name.replace("placed_bytes", "kv_bytes"): self.sheet[name]
                                     for name in self.sheet.parts["placed_bytes"]})
        return stated({"kv_reserved_placed_gib": placed.find("kv_reserved_gib"),
                       "kv_unmanaged_placed_gib": placed.find("kv_without_hybrid_manager_gib")})


@dataclass(frozen=True)
class SizingResult:
    """The plan of one scenario. Any number that follows from it is an attribute too (None: there is none)."""
    model: Model
    server: Server
    storage: StorageProfile
    concurrency: int | None
    effective_context: int | None                        # after clamping to the model's maximum
    kv_precision: str
    kv_budget_ratio: float
    runtime_overhead_gib: float
    peak_headroom_ratio: float
    ha_mode: str
    kv_per_session_gib: float | None
    kv_total_tib: float | None
    sessions_per_node: int | None
    nodes_minimum: int | None
    nodes_with_headroom: int | None
    nodes_final: int | None
    warnings: list[str]                                  # alert ids
    # How the plan was found, to be read only: every layout looked at, the one that is built, and all numbers
    # with the words of their explanations.
    layouts: Sequence[Placement] = field(default=(), repr=False, compare=False)
    placement: Placement = field(default_factory=lambda: Placement(Layout(1, 1, 1), Sheet()), repr=False,
                                 compare=False)
    sheet: Sheet = field(default_factory=lambda: Sheet({}), repr=False, compare=False)

    def __getattr__(self, name: str):
        if name == "warnings":
            vars(self)[name] = alerts_of(self)
            return self.warnings
        with suppress(KeyError):                         # a number of which an input is missing
            if "__" not in name and self.sheet.knows(name):
                return self.sheet.find(name)
        raise AttributeError("SizingResult has no number %r" % name)


# === Numbers: one function each; its name is the JSON key, what it returns is the formula ===

# `number` registers the function below it. With a label it is a result, shown with its formula, inputs and
# meaning; without one it is a term, written out in the formulas that use it. What differs between models,
# servers and layouts is bound, not branched: `name__case` takes the place of `name` where a Sheet's `cases`
# say so; `views` are other names of the same function, with other names for its parameters; `*parts` stands
# for the numbers that the Sheet's `parts` name, one for each kind of layer or limit of the plan. Exact
# numbers read decimals as they are written; a division of two whole numbers rounds, so it comes last. Numbers
# on speed work in floats.
Number = namedtuple("Number", "label meanings calc inputs parts bound also exact hidden",
                    defaults=(None, (), None, {}, (), True, False))
NUMBERS: dict[str, Number] = {}
CASES: dict[str, dict[str, str]] = {}                    # {case: {number: its `number__case`}}


def number(label: Text | None = None, *meanings: object, views: Mapping[str, Mapping] = {},
           **options: object):
    """Register a function as a number.

    `meanings` are Texts, or (condition on numbers, Text): the first that holds explains the value. Options:
    `also`, inputs shown beside those of the formula; `exact=False`, in floats; `hidden`, in the JSON only:
    True, or a condition. A view's label ends with the Text `of`, where its names have one.
    """
    def register(calc):
        taken = calc.__code__.co_argcount
        for name, bound in (views or {calc.__name__: {}}).items():
            if name in NUMBERS:
                raise TypeError("a second number %s" % name)
            of = bound.get("of")
            own = Text(*("%s, %s" % pair for pair in zip(label, of))) if label and of else label
            base, _, case = name.partition("__")
            if case:
                CASES.setdefault(case, {})[base] = name
            row = NUMBERS.get(base) or Number(own, meanings, **options)
            # a formula has no variables: what follows the parameters is *parts
            inputs = tuple([bound.get(each, each) for each in calc.__code__.co_varnames])
            NUMBERS[name] = row._replace(calc=calc, inputs=inputs[:taken], bound=bound,
                                         parts=inputs[taken] if inputs[taken:] else None,
                                         meanings=meanings or row.meanings)
        return calc
    return register


def taker(names: tuple[str, ...]) -> Callable[[Mapping], tuple]:
    """What takes these from a sheet, in order: of two or more, itemgetter is twice as fast as a loop."""
    return itemgetter(*names) if names[1:] else lambda sheet: tuple([sheet[name] for name in names])


@lru_cache(maxsize=None)                                 # conditions are asked of every sheet
def parameters(question: Callable) -> Callable[[Mapping], tuple]:
    """What takes from a sheet the numbers that a condition asks for."""
    return taker(question.__code__.co_varnames[:question.__code__.co_argcount])


# How a number is found: by which function, from what is taken, as a fraction or not, and whether it is shown.
Way = namedtuple("Way", "calc take exact is_result")
NO_WAYS: dict[str, Way] = {}                             # of a sheet of which no number was asked


class Absent(LookupError):
    """A number that a plan does not have; its text is a key of REASONS."""


class Sheet(dict):
    """The numbers of one question: those given, and those that follow, worked out when asked for.

    It holds what a reader sees: whole numbers, decimals, words. One that does not exist raises Absent.
    """
    cases: Mapping[str, str] = {}      # {name: the `name__case` that stands for it}
    parts: Mapping[str, tuple] = {}    # {a `*parts` parameter: the numbers it stands for}
    absent: Mapping[str, str] = {}     # {name: why there is no such number}
    later: Mapping[str, Callable] = {}  # {name: what finds it, given the sheet, by repeating the sizing}
    ways = NO_WAYS                     # {number: how it is found}, for all sheets of these cases and parts

    def bind(self, given: Mapping, cases: Mapping = {}, absent: Mapping = {}, parts: Mapping = {}) -> Sheet:
        """A sheet of its own with what this one holds, more given, and without what is absent.

        Numbers worked out already stay: give only what none of them follows from, or ask what_if.
        """
        sheet = Sheet(self, **given)
        for name in absent:
            sheet.pop(name, None)
        sheet.cases = {**self.cases, **cases} if cases else self.cases
        sheet.absent = {**self.absent, **absent} if absent else self.absent
        sheet.parts = {**self.parts, **parts} if parts else self.parts
        sheet.later = self.later
        sheet.ways = {} if cases or absent or parts else self.ways
        return sheet

    def __missing__(self, name: str):
        way = self.ways.get(name)
        if way is None:
            if name in self.later and name not in self.absent:
                self[name] = value = self.later[name](self)
                return value
            way = self.way_to(name)
            if self.ways is NO_WAYS:
                self.ways = {}
            self.ways[name] = way
        calc, take, is_exact, is_result = way
        values = take(self)
        if is_exact:
            if float in map(type, values):
                values = [exact(each) if type(each) is float else each for each in values]
            value = calc(*values)
            if is_result and type(value) is Fraction:
                value = float(value)  # as it is shown, and as the next number reads it
        else:
            value = calc(*values)
        self[name] = value
        return value

    def way_to(self, name: str) -> Way:
        """How the number `name` is found here; raises Absent, or KeyError where something is not given."""
        if name in self.absent:
            raise Absent(self.absent[name])
        row = NUMBERS.get(self.cases.get(name, name))
        if row is None:
            askers = [each for each, other in NUMBERS.items() if name in other.inputs] or ["a condition"]
            raise KeyError("no number and nothing given is %s, asked by %s" % (name, ", ".join(askers)))
        parts = self.parts[row.parts] if row.parts else ()
        return Way(row.calc, taker(row.inputs + parts), row.exact, row.label is not None)

    def what_if(self, given: Mapping) -> Sheet:
        """A sheet with the same givens but for those `given` (numbers too): what follows is found anew.

        Without any, all numbers are.
        """
        sheet = self.bind(given)
        anew = followers(frozenset([*given, *self.later])) if given else NUMBERS.keys() | self.later.keys()
        for name in sheet.keys() & anew - given.keys():
            del sheet[name]
        return sheet

    def holds(self, question: Callable) -> bool:
        """Whether a condition on numbers, its parameters, holds; it does not where one does not exist."""
        try:
            return bool(question(*parameters(question)(self)))
        except Absent:
            return False

    def may_hold(self, question: Callable) -> bool:
        """Whether a condition holds, or asks for what is not given yet."""
        try:
            return self.holds(question)
        except KeyError:
            return True

    def find(self, name: str):
        """The value of `name` as it is shown, None where there is none."""
        try:
            return shown(self[name])
        except Absent:
            return None

    def reason(self, name: str) -> str | None:
        """Why there is no number `name`, a key of REASONS; None when there is one."""
        try:
            self[name]
        except Absent as absent:
            return str(absent)
        return None

    def knows(self, name: str) -> bool:
        """Whether `name` is one of the names of this sheet, with a value or without."""
        return name in self or name in self.absent or name in NUMBERS or name in self.later


@lru_cache(maxsize=2**8)
def followers(names: frozenset[str]) -> frozenset[str]:
    """These names, and the numbers that may follow from them, in whatever case and with whatever parts."""
    found, grown = {*names}, True
    while grown:
        more = {name.partition("__")[0] for name, row in NUMBERS.items()
                if not found.isdisjoint(row.inputs) or not found.isdisjoint(possible_parts(row.parts))}
        grown, found = not more <= found, found | more
    return frozenset(found)


def possible_parts(parts: str | None) -> list[str]:
    """The numbers that `*parts` may stand for."""
    if parts == "limits":
        return [limit.number for limit in LIMITS.values()]
    return [kind + "_" + parts for kind in LAYER_KINDS] if parts else []


def shown(value):
    """A value as JSON takes it: a fraction as a whole number or the nearest decimal."""
    if type(value) is not Fraction:
        return value
    return value.numerator if value.denominator == 1 else float(value)


@lru_cache(maxsize=2**14)  # the same few numbers come again and again
def exact(value: float) -> Fraction:
    """The number as it is written in decimal: 0.1 is one tenth, not the nearest binary float."""
    return Fraction(repr(value))


BILLION = 10**9  # floor and ceil forgive one part of it: an exact fit fits


def floor(value) -> int:
    """Whole part; a billionth short of a whole number counts as it."""
    if type(value) is not Fraction:
        return math.floor(value + 1 / BILLION)
    # value + 1/BILLION over whole numbers: adding fractions would cost a sizing a tenth
    return (value.numerator * BILLION + value.denominator) // (value.denominator * BILLION)


def ceil(value) -> int:
    """Next whole number; a billionth above one counts as it, but what is not nothing is at least 1."""
    if type(value) is not Fraction:
        return -floor(-value) or int(value > 0)
    over, under = value.numerator, value.denominator
    return -((under - over * BILLION) // (under * BILLION)) or int(over > 0)


# --- KV cache of one session, in bytes, by kind of layer

# Names that each kind of layer has for itself.
OF_A_KIND = ("layers", "num_key_value_heads", "head_dim", "v_head_dim", "held_tokens", "kv_bytes",
             "token_bytes", "copies", "placed_bytes", "placed_token_bytes", "layers_padded", "pool_bytes",
             "read_tokens", "prefix_bytes")
CHUNKED = {"sliding_window": "attention_chunk_size"}  # chunked layers, as a view of sliding ones
WHOLE_KINDS = ("full", "latent", "index", "packed")   # keep every token of the context
TOKEN_KINDS = (*HEAD_KINDS, "latent", "index")        # keep something per token, in the pages of a KV cache


def of_kinds(name: str, kinds: Iterable[str], **names: str) -> dict[str, dict]:
    """The views of a number for `kinds`: `full_NAME` and so on, with the kind's own names and `names`."""
    own = {each: "{kind}_" + each for each in OF_A_KIND}
    return {kind + "_" + name: {key: text.format(kind=kind) for key, text in {**own, **names}.items()}
            for kind in kinds}


@number(views=of_kinds("held_tokens", WHOLE_KINDS))
def held_tokens(effective_context):
    return effective_context


@number(views={"sliding_held_tokens": {}, "chunked_held_tokens": CHUNKED})
def sliding_held_tokens(effective_context, sliding_window):
    return min(effective_context, sliding_window)


# Registered from the last to the first.
@number(Text("KV das camadas locais", "KV of the local layers"), Text(
    "{chunked_layers} camadas locais guardam chave e valor de um bloco de no máximo "
    "{attention_chunk_size} tokens.",
    "{chunked_layers} local layers keep key and value of a chunk of at most {attention_chunk_size} tokens."),
        views=of_kinds("kv_bytes", ("chunked",)), hidden=True)
@number(Text("KV das camadas de janela deslizante", "KV of the sliding layers"), Text(
    "{sliding_layers} camadas de janela deslizante guardam chave e valor só dos últimos "
    "{sliding_window} tokens.",
    "{sliding_layers} sliding layers keep key and value of the last {sliding_window} tokens only."),
        views=of_kinds("kv_bytes", ("sliding",)), hidden=True)
@number(Text("KV das camadas full", "KV of the full layers"), Text(
    "{full_layers} camadas guardam chave e valor de todos os {effective_context} tokens, por cabeça KV.",
    "{full_layers} layers keep key and value of all {effective_context} tokens, per KV head."),
        views=of_kinds("kv_bytes", ("full",)), hidden=True)
def kv_bytes(held_tokens, num_key_value_heads, head_dim, bytes_per_element, layers):
    return 2 * held_tokens * num_key_value_heads * head_dim * bytes_per_element * layers


@number(views=of_kinds("kv_bytes__narrow_values", HEAD_KINDS))
def kv_bytes_with_narrow_values(held_tokens, num_key_value_heads, head_dim, v_head_dim,
                                bytes_per_element, layers):
    return held_tokens * num_key_value_heads * (head_dim + v_head_dim) * bytes_per_element * layers


@number()
def full_kv_bytes__by_layer(full_held_tokens, kv_heads_of_layers, full_head_dim, bytes_per_element):
    return 2 * full_held_tokens * kv_heads_of_layers * full_head_dim * bytes_per_element


@number(Text("KV das camadas MLA", "KV of the MLA layers"), Text(
    "{latent_layers} camadas MLA guardam por token um só vetor latente (posto {kv_lora_rank}) e a parte "
    "posicional da chave ({qk_rope_head_dim}), sem fator 2 e sem cabeças.",
    "{latent_layers} MLA layers keep one latent vector per token (rank {kv_lora_rank}) and the key's "
    "positional part ({qk_rope_head_dim}), with no factor 2 and no heads."),
        hidden=True)
def latent_kv_bytes(latent_held_tokens, kv_lora_rank, qk_rope_head_dim, bytes_per_element, latent_layers):
    return latent_held_tokens * (kv_lora_rank + qk_rope_head_dim) * bytes_per_element * latent_layers


# Packed formats keep a 4-byte scale per 128 elements and the rope part in 16 bits (vLLM 0.32.0: fp8_ds_mla
# 656 B = 512 + 16 + 128 per token, index key 132 B = 128 + 4).
# The room of the rope part stays where a model has none (GLM-5.3-Flash).
ELEMENTS_PER_SCALE, SCALE_BYTES, ROPE_BYTES, ROPE_ELEMENTS = 128, 4, 2, 64


@number()
def latent_kv_bytes__packed(latent_held_tokens, kv_lora_rank, qk_rope_head_dim, latent_layers):
    return (latent_held_tokens * (kv_lora_rank + SCALE_BYTES * ceil(kv_lora_rank / ELEMENTS_PER_SCALE)
                                  + ROPE_BYTES * max(qk_rope_head_dim, ROPE_ELEMENTS)) * latent_layers)


@number(Text("Chaves de índice", "Index keys"), Text(
    "{index_layers} camadas guardam ainda uma chave de índice por token em 8 bits, com sua escala, em "
    "qualquer precisão.",
    "{index_layers} layers also keep one index key per token in 8 bits, with its scale, whatever "
    "the precision."), hidden=True)
def index_kv_bytes(index_held_tokens, index_head_dim, index_layers):
    return (index_held_tokens
            * (index_head_dim + SCALE_BYTES * ceil(index_head_dim / ELEMENTS_PER_SCALE)) * index_layers)


@number(Text("Entradas de formato próprio", "Entries in a format of their own"), Text(
    "{packed_layers} camadas guardam, juntas, {packed_bytes} bytes a cada {packed_tokens} tokens do contexto "
    "(latentes comprimidos, chaves de índice), iguais em qualquer precisão e inteiros em cada GPU.",
    "{packed_layers} layers together keep {packed_bytes} bytes per {packed_tokens} tokens of the context "
    "(compressed latents, index keys), the same at any precision and whole on each GPU."), hidden=True)
def packed_kv_bytes(packed_held_tokens, packed_bytes, packed_tokens):
    return packed_held_tokens * packed_bytes / packed_tokens


@number(Text("Janelas de formato próprio", "Windows in a format of their own"), Text(
    "{ring_layers} camadas guardam, juntas, {ring_bytes} bytes que não crescem com o contexto, iguais em "
    "qualquer precisão e inteiros em cada GPU.",
    "{ring_layers} layers together keep {ring_bytes} bytes that do not grow with the context, the same at "
    "any precision and whole on each GPU."), hidden=True)
def ring_kv_bytes(effective_context, ring_bytes, ring_token_bytes):
    return min(ring_bytes, effective_context * ring_token_bytes)


@number()
def ring_kv_bytes__fixed(ring_bytes):
    return ring_bytes


@number(Text("Estado das camadas lineares", "State of the linear layers"), Text(
    "{state_layers} camadas lineares guardam um estado fixo de {state_bytes} bytes, que não cresce "
    "com o contexto (com rascunhos, um estado a mais por token proposto).",
    "{state_layers} linear layers keep a fixed state of {state_bytes} bytes that does not grow "
    "with the context (with drafts, one state more per token proposed)."), hidden=True)
def state_kv_bytes(state_bytes, draft_tokens, state_layers):
    return state_bytes * (draft_tokens + 1) * state_layers


@number(Text("KV das camadas sem cache", "KV of the layers without a cache"), Text(
    "{none_layers} camadas não têm cache próprio.", "{none_layers} layers have no cache of their own."),
        hidden=True)
def none_kv_bytes(none_layers):
    return 0 * none_layers


@number(Text("KV cache por sessão", "KV cache per session"), Text(
    "É o estado estacionário.", "This is the steady state."),
    also=("model", "attention_pattern", "kv_precision"))
def kv_per_session_gib(*kv_bytes):
    return sum(kv_bytes) / 2**30


# --- KV on the ranks of a replica: no rank holds less than one KV head, or less than a whole latent

@number(views=of_kinds("copies", HEAD_KINDS))
def copies(kv_ranks, num_key_value_heads):
    return max(1, kv_ranks / num_key_value_heads)


@number()
def full_copies__by_layer(kv_heads_on_ranks, kv_heads_of_layers):
    return kv_heads_on_ranks / kv_heads_of_layers


@number(views=of_kinds("copies", ("latent", "index", *OWN_FORMATS)))
def copies_of_a_latent(kv_ranks):
    return kv_ranks


@number(views=of_kinds("placed_bytes", TOKEN_KINDS + OWN_FORMATS))
def placed_bytes(kv_bytes, copies):
    return kv_bytes * copies


@number(views=of_kinds("placed_bytes", ("state", "none")))
def placed_bytes_of_a_state(kv_bytes):
    return kv_bytes


@number(Text("KV por sessão nas GPUs da réplica", "KV per session on the replica's GPUs"), (
    lambda attention_ranks: attention_ranks > 1, Text(
        "Com atenção data-parallel cada sessão fica em um só rank: nada é copiado.",
        "With data-parallel attention each session stays on one rank: nothing is copied.")), (
    lambda kv_per_session_placed_gib, kv_per_session_gib: kv_per_session_placed_gib > kv_per_session_gib,
    Text(
        "Com tensor_parallel {tensor_parallel} há mais ranks que cabeças KV (o latente MLA conta como uma): "
        "o motor guarda cópias, e a sessão ocupa isto somando as GPUs da réplica.",
        "With tensor_parallel {tensor_parallel} there are more ranks than KV heads (an MLA latent counts as "
        "one): the engine keeps copies, and a session takes this over the replica's GPUs together.")), Text(
    "As cabeças KV se dividem pelos {tensor_parallel} ranks sem cópias.",
    "The KV heads divide over the {tensor_parallel} ranks with no copies."),
    also=("tensor_parallel",))
def kv_per_session_placed_gib(*placed_bytes):
    return sum(placed_bytes) / 2**30


# What layers that keep the whole context share of a common prefix; at least one token is a session's own.
@number(views=of_kinds("prefix_bytes", WHOLE_KINDS))
def prefix_bytes(placed_bytes, held_tokens, shared_prefix_tokens):
    return placed_bytes / held_tokens * min(shared_prefix_tokens, held_tokens - 1)


@number(Text("KV do prefixo comum, por réplica", "KV of the common prefix, per replica"), Text(
    "Os {shared_prefix_tokens} primeiros tokens de todas as sessões, guardados uma vez (por rank com atenção "
    "data-parallel) nas camadas que guardam todo o contexto.",
    "The first {shared_prefix_tokens} tokens of all sessions, kept once (per rank with data-parallel "
    "attention) in layers that keep the whole "
    "context."), hidden=lambda shared_prefix_tokens: shared_prefix_tokens == 0)
def shared_prefix_gib(*prefix_bytes):
    return sum(prefix_bytes) / 2**30


# --- KV that vLLM 0.32 admits at most for one session while it prefills in chunks, two in flight under
# asynchronous scheduling (from 0.26; one before), in whole blocks; and what it takes from its pool (`placed`:
# over all ranks, layers padded to equal groups). Blocks are 16 tokens, 64 where attention is latent; with
# linear layers they grow in steps of 16 until the page of the widest layer holds a state, and each such layer
# keeps STATE_PAGES for prefix caching unless its family says otherwise.
BLOCK_TOKENS, LATENT_BLOCK_TOKENS = 16, 64
OWN_FORMAT_BLOCK_TOKENS = 256  # DeepSeek-V4: the blocks of its entries, whatever their format (vLLM 0.32.0)
STATE_PAGES = 2
BATCHES_IN_FLIGHT = 2
ON_THE_RANKS = {"attention_block_tokens": "placed_attention_block_tokens",
                "token_bytes": "placed_token_bytes"}


@number(views=of_kinds("token_bytes", TOKEN_KINDS))
def token_bytes(kv_bytes, held_tokens, layers):
    return kv_bytes / held_tokens / layers


@number(views=of_kinds("placed_token_bytes", TOKEN_KINDS))
def placed_token_bytes(token_bytes, copies):
    return token_bytes * copies


@number(views={"attention_block_tokens": {}, "placed_attention_block_tokens": ON_THE_RANKS})
def attention_block_tokens(block_tokens):
    return block_tokens


@number(views={"attention_block_tokens__state": {}, "placed_attention_block_tokens__state": ON_THE_RANKS})
def attention_block_tokens_beside_state(block_tokens, state_bytes, *token_bytes):
    return block_tokens * ceil(state_bytes / (block_tokens * max(token_bytes)))


@number(views={"state_page_bytes": {}, "placed_state_page_bytes": ON_THE_RANKS})
def state_page_bytes(attention_block_tokens, *token_bytes):
    return attention_block_tokens * max(token_bytes)


@number(views={"state_page_bytes__state_alone": {}, "placed_state_page_bytes__state_alone": {}})
def state_page_bytes_alone(state_bytes):
    return state_bytes


@number(views=of_kinds("pool_bytes", HEAD_KINDS + ("latent",)))
def pool_bytes(placed_bytes, layers_padded, layers):
    return placed_bytes * layers_padded / layers


# vLLM pools an index with the layers it belongs to.
@number(views=of_kinds("pool_bytes", ("index", "packed")))
def pool_bytes_as_placed(placed_bytes):
    return placed_bytes


def reserved_views(*kinds: str) -> dict[str, dict]:
    """The views of what layers reserve: as it is, and as it comes out of the pool."""
    return {**of_kinds("reserved_bytes", kinds), **of_kinds(
        "pooled_bytes", kinds, kv_bytes="{kind}_pool_bytes",
        attention_block_tokens="placed_attention_block_tokens")}


@number(views={**reserved_views(*WHOLE_KINDS), **of_kinds("whole_bytes", (*TOKEN_KINDS, "packed"))})
def whole_bytes(kv_bytes, held_tokens, effective_context, attention_block_tokens):
    return kv_bytes / held_tokens * ceil(effective_context / attention_block_tokens) * attention_block_tokens


@number(views=reserved_views("sliding"))
def sliding_reserved_bytes(kv_bytes, held_tokens, effective_context, sliding_window, batches_in_flight,
                           max_num_batched_tokens, attention_block_tokens):
    return (kv_bytes / held_tokens * (ceil(min(
        effective_context, sliding_window - 1 + batches_in_flight * max_num_batched_tokens)
                                           / attention_block_tokens) + 1)
            * attention_block_tokens)  # one more: a window need not begin where a block does


@number(views=reserved_views("chunked"))
def chunked_reserved_bytes(kv_bytes, held_tokens, effective_context, attention_chunk_size, batches_in_flight,
                           max_num_batched_tokens, attention_block_tokens):
    return (kv_bytes / held_tokens * ceil(min(
        effective_context, attention_chunk_size + batches_in_flight * max_num_batched_tokens)
                                          / attention_block_tokens) * attention_block_tokens)


@number(views={"ring_reserved_bytes": {}, "ring_pooled_bytes": {"ring_kv_bytes": "ring_placed_bytes"}})
def ring_reserved_bytes(ring_kv_bytes, ring_bytes, ring_token_bytes, ring_tokens, effective_context,
                        batches_in_flight, max_num_batched_tokens):
    return (ring_kv_bytes / min(ring_bytes, effective_context * ring_token_bytes) * ring_token_bytes
            * min(effective_context, ring_tokens - 1 + batches_in_flight * max_num_batched_tokens))


@number(views={"ring_reserved_bytes__fixed": {}, "ring_pooled_bytes__fixed": {
    "ring_kv_bytes": "ring_placed_bytes"}})
def ring_reserved_bytes_fixed(ring_kv_bytes):
    return ring_kv_bytes


@number(views={"state_reserved_bytes": {}, "state_pooled_bytes": {
    "state_layers": "state_layers_padded", "state_page_bytes": "placed_state_page_bytes"}})
def state_reserved_bytes(state_layers, state_pages, draft_tokens, state_page_bytes):
    return state_layers * (state_pages + draft_tokens) * state_page_bytes


SHOWN_FROM = 1.01  # times what it stands beside: less says nothing new


@number(Text("KV reservado no prefill (vLLM)", "KV reserved in prefill (vLLM)"), Text(
    "O máximo que o vLLM 0.32 admite enquanto uma sessão entra em partes de {max_num_batched_tokens} tokens, "
    "duas em voo, em blocos inteiros e páginas de estado.",
    "The most vLLM 0.32 admits while a session comes in by chunks of {max_num_batched_tokens} tokens, two in "
    "flight, in whole blocks and pages of state."),
    hidden=lambda kv_reserved_gib, kv_per_session_gib: kv_reserved_gib <= SHOWN_FROM * kv_per_session_gib)
def kv_reserved_gib(*reserved_bytes):
    return sum(reserved_bytes) / 2**30


@number(Text("KV por sessão no cache do vLLM", "KV per session in vLLM's cache"), Text(
    "O que o vLLM desconta do seu cache (desde a 0.26): blocos inteiros, camadas em grupos iguais, dois "
    "lotes em voo.",
    "What vLLM takes from its cache (from 0.26): whole blocks, layers in equal groups, two batches in "
    "flight."),
    hidden=lambda kv_pooled_gib, kv_per_session_placed_gib:
    kv_pooled_gib <= SHOWN_FROM * kv_per_session_placed_gib)
def kv_pooled_gib(*pooled_bytes):
    return sum(pooled_bytes) / 2**30


@number(Text("KV por sessão sem gerenciador híbrido", "KV per session without a hybrid manager"), Text(
    "O que uma sessão ocupa em um motor que guarda o contexto inteiro em todas as camadas de atenção.",
    "What one session takes on an engine that keeps the whole context in all attention layers."),
    hidden=lambda hybrid_manager_matters: not hybrid_manager_matters)
def kv_without_hybrid_manager_gib(*whole_bytes):
    return sum(whole_bytes) / 2**30


@number()
def kv_without_hybrid_manager_gib__all_slide(kv_reserved_gib):
    return kv_reserved_gib


@number(Text("KV cache de toda a carga", "KV cache of the whole load"), Text(
    "HBM que as {concurrency} sessões simultâneas ocupam juntas, em todos os nós.",
    "HBM that the {concurrency} simultaneous sessions hold together, over all nodes."))
def kv_total_tib(kv_per_session_gib, concurrency):
    return kv_per_session_gib * concurrency / 1024


# --- Memory of a node: HBM, weights, engine, and what is left for KV

@number(Text("HBM de um nó", "HBM of one node"), Text(
    "O que o driver reporta em cada GPU ({gpus} por nó), não o número do folheto ({total_hbm_gb} GB).",
    "What the driver reports on each GPU ({gpus} per node), not the brochure's ({total_hbm_gb} GB)."),
    also=("server",))
def hbm_total_gib(gpus, driver_mib_per_gpu):
    return gpus * driver_mib_per_gpu / 1024


@number(None, Text(
    "Convertido do folheto ({total_hbm_gb} GB): o catálogo não informa o que o driver reporta, que em GPUs "
    "conhecidas fica de 0,1 % a 7,4 % acima.",
    "Converted from the brochure ({total_hbm_gb} GB): the catalog does not state what the driver reports, "
    "which on known GPUs is 0.1 % to 7.4 % higher."))
def hbm_total_gib__brochure(total_hbm_gb):
    return total_hbm_gb * 10**9 / 2**30


@number(Text("Pesos de uma réplica", "Weights of one replica"), (
    lambda weights_origin: weights_origin == "safetensors", Text(
        "Soma dos tensores dos arquivos safetensors, sem as camadas de previsão de múltiplos tokens (MTP).",
        "The sum of the tensors in the safetensors files, without the multi-token prediction (MTP) layers.")),
    Text(
    "Como o catálogo informa (ver source): o que um motor registrou ao carregar, ou parâmetros × bytes.",
    "As the catalog states (see source): what an engine logged when loading, or parameters × bytes."),
        also=("weights_precision", "total_params", "active_params"))
def weights_gib(stated_weights_gib):
    return stated_weights_gib


UNQUANTIZED_BYTES = 2


@number(None, (lambda weights_origin: weights_origin == "estimated", Text(
    "Estimativa para {weights_precision}: nenhum checkpoint nesse formato foi lido. Supõe em 16 bits "
    "{unquantized_params} parâmetros: o que o mais comum deixa, se conhecido, senão o que este deixa; outros "
    "variam (−8 a −24 % vistos sem contar isso).",
    "An estimate for {weights_precision}: no checkpoint of that format was read. It assumes "
    "{unquantized_params} parameters in 16 bits: what the commonest one leaves if known, else what this one "
    "leaves; others vary (−8 to −24 % seen without it).")), Text(
    "Parâmetros contados do config.json × bytes da precisão; embeddings, normas, roteadores e torre de visão "
    "em 16 bits. Ativos por token: {active_params} de {total_params}.",
    "Parameters counted from config.json × bytes of the precision; embeddings, norms, routers and vision "
    "tower in 16 bits. Active per token: {active_params} of {total_params}."))
def weights_gib__computed(total_params, unquantized_params, bytes_per_weight, loaded_vision_params):
    return ((total_params - unquantized_params) * bytes_per_weight
            + (unquantized_params + loaded_vision_params) * UNQUANTIZED_BYTES) / 2**30


@number(None, Text(
    "Parâmetros contados do config.json × bytes do formato de cada grupo de módulos: {stored_as}; torre de "
    "visão em 16 bits. Ativos por token: {active_params} de {total_params}.",
    "Parameters counted from config.json × bytes of the format of each group of modules: {stored_as}; vision "
    "tower in 16 bits. Active per token: {active_params} of {total_params}."))
def weights_gib__mixed(params_bytes, loaded_vision_params):
    return (params_bytes + loaded_vision_params * UNQUANTIZED_BYTES) / 2**30


@number(None, Text(
    "Como o catálogo informa ou os arquivos pesam, sem as torres, que --text-only-model não carrega.",
    "As the catalog states or the files weigh, without the towers, which --text-only-model does not load."))
def weights_gib__text_only(stated_weights_gib, vision_params):
    return max(0, stated_weights_gib - vision_params * UNQUANTIZED_BYTES / 2**30)


@number()
def host_tables_gib(tables_in_host):
    return tables_in_host * UNQUANTIZED_BYTES / 2**30


@number()
def rope_cache_gib(rotary_positions, rotary_width):
    return 2 * rotary_positions * rotary_width / 2**30


# GiB per GPU that are neither weights nor KV, from 22 start-up logs of vLLM 0.19.0 on H100 80GB
# (llm-d-planner, accuracy results, d3121e0; 15 models, tensor parallel 1, 2 and 4, 8192 batched tokens,
# without pipeline parallelism). At start vLLM profiles a step of max_num_batched_tokens tokens with logits
# for max_num_seqs rows, the whole vocabulary on every rank: least squares give 14.1 bytes per logit (bf16 and
# three fp32 copies) and 4.3 hidden states of 2 bytes per token.
BYTES_PER_LOGIT = Fraction(14)
LIVE_HIDDEN_STATES_BYTES = Fraction(4 * 2)
ACTIVATION_UNKNOWN_GIB = exact(2.24)    # mean of the logs, for a model without vocab_size or hidden_size
NON_TORCH_ONE_GPU_GIB = 0.27            # mean of 18 logs: CUDA context and cuBLAS; the rest by GPU_CLASSES


@number(Text("Motor, por GPU", "Engine, per GPU"), Text(
    "Ativações de um passo (logits de {max_num_seqs} sessões, {max_num_batched_tokens} tokens), memória fora "
    "do torch e grafos CUDA: o que o vLLM registra ao iniciar.",
    "Activations of one step (logits of {max_num_seqs} sessions, {max_num_batched_tokens} tokens), memory "
    "outside torch and CUDA graphs: what vLLM logs when it starts."),
        also=("tensor_parallel",))
def engine_gib_per_gpu(vocab_size, max_num_seqs, max_num_batched_tokens, hidden_size, non_torch_gib,
                       cuda_graph_gib, rope_cache_gib):
    return ((BYTES_PER_LOGIT * max_num_seqs * vocab_size
             + LIVE_HIDDEN_STATES_BYTES * max_num_batched_tokens * hidden_size)
            / 2**30 + non_torch_gib + cuda_graph_gib + rope_cache_gib)


@number(None, Text(
    "Ativações (média de logs: o catálogo não informa vocabulário ou largura), memória fora do torch e "
    "grafos CUDA.",
    "Activations (mean of logs: the catalog states no vocabulary or width), memory outside torch and CUDA "
    "graphs."))
def engine_gib_per_gpu__activation_unknown(non_torch_gib, cuda_graph_gib, rope_cache_gib):
    return ACTIVATION_UNKNOWN_GIB + non_torch_gib + cuda_graph_gib + rope_cache_gib


@number(Text("Pesos dos rascunhos, por réplica", "Weights of the drafts, per replica"), Text(
    "As camadas MTP do modelo, carregadas com --draft-tokens; 0 onde o catálogo não as informa.",
    "The model's MTP layers, loaded with --draft-tokens; 0 where the catalog does not state them."),
    hidden=lambda draft_tokens: draft_tokens == 0)
def draft_weights_gib(draft_params, bytes_per_draft_weight):
    return draft_params * bytes_per_draft_weight / 2**30


@number()
def stages_per_node(gpus, tensor_parallel):
    return floor(gpus / tensor_parallel)


@number()
def largest_stage_layers(num_layers, pipeline_parallel):
    return ceil(num_layers / pipeline_parallel)


@number()
def shared_weights_gib(weights_gib, moe_layers, num_experts, expert_params, bytes_per_weight):
    return max(0, weights_gib - bytes_per_weight * moe_layers * num_experts * expert_params / 2**30)


# What every rank of tensor parallelism holds whole (vLLM: ReplicatedLinear): down-projections of latent
# attention, indexers, routers.
@number()
def whole_weights_gib(whole_params, whole_unquantized_params, bytes_per_weight):
    return ((whole_params - whole_unquantized_params) * bytes_per_weight
            + whole_unquantized_params * UNQUANTIZED_BYTES) / 2**30


@number()
def replica_weights_gib(weights_gib):
    return weights_gib


@number()
def replica_weights_gib__whole(weights_gib, tensor_parallel, whole_weights_gib):
    return weights_gib + (tensor_parallel - 1) * whole_weights_gib


@number()
def weights_per_node_gib(replicas_per_node, replica_weights_gib, draft_weights_gib):
    return replicas_per_node * (replica_weights_gib + draft_weights_gib)


@number()
def weights_per_node_gib__data(replicas_per_node, weights_gib, draft_weights_gib, attention_ranks,
                               shared_weights_gib):
    return replicas_per_node * (weights_gib + draft_weights_gib
                                + (attention_ranks - 1) * shared_weights_gib)


@number()
def weights_per_node_gib__pipeline(stages_per_node, replica_weights_gib, draft_weights_gib,
                                   largest_stage_layers, num_layers):
    return stages_per_node * (replica_weights_gib * largest_stage_layers / num_layers + draft_weights_gib)


@number(Text("Pesos e motor, por nó", "Weights and engine, per node"), Text(
    "Pesos carregados ({weights_gib} GiB por réplica) mais o motor em cada GPU.",
    "Weights as loaded ({weights_gib} GiB per replica) plus the engine on each GPU."),
    also=("overhead_origin", "tensor_parallel"))
def runtime_overhead_gib(weights_per_node_gib, gpus, engine_gib_per_gpu):
    return weights_per_node_gib + gpus * engine_gib_per_gpu


@number(None, Text(
    "Pesos e memória fora do torch: na regra do SGLang (mem_fraction_static × memória livre − pesos) "
    "ativações e grafos ficam fora da fração.",
    "Weights and memory outside torch: under SGLang's rule (mem_fraction_static × free memory − weights) "
    "activations and graphs lie outside the share."))
def runtime_overhead_gib__sglang(weights_per_node_gib, gpus, non_torch_gib, kv_budget_ratio):
    return weights_per_node_gib + gpus * non_torch_gib * kv_budget_ratio


@number(None, Text(
    "Valor informado em --runtime-overhead-gib: pesos, ativações e motor, por nó.",
    "The figure given with --runtime-overhead-gib: weights, activations and engine, per node."))
def runtime_overhead_gib__given(given_overhead_gib):
    return given_overhead_gib


@number(None, Text(
    "O catálogo não informa os pesos: vale o padrão de {OVERHEAD_UNKNOWN_WEIGHTS_GIB} GiB por nó, que pode "
    "estar longe do real.",
    "The catalog does not state the weights: the default of {OVERHEAD_UNKNOWN_WEIGHTS_GIB} GiB per node "
    "holds, which may be far from the truth."))
def runtime_overhead_gib__weights_unknown():
    return OVERHEAD_UNKNOWN_WEIGHTS_GIB


@number(Text("Orçamento de KV por nó", "KV budget per node"), (
    lambda kv_budget_gib: kv_budget_gib < 0, Text(
        "Negativo: pesos e motor passam, por esses GiB, da fração da HBM que o motor pode usar "
        "({kv_budget_ratio_pct}), já sem nenhuma sessão.",
        "Negative: weights and engine exceed the share of HBM the engine may use ({kv_budget_ratio_pct}) "
        "by that much, before the first session.")), Text(
    "O que pesos e motor deixam dos {kv_budget_ratio_pct} da HBM que o motor pode usar.",
    "What weights and engine leave of the {kv_budget_ratio_pct} of HBM it may use."))
def kv_budget_gib(hbm_total_gib, kv_budget_ratio, runtime_overhead_gib):
    return hbm_total_gib * kv_budget_ratio - runtime_overhead_gib


@number(None, Text(
    "A regra do TensorRT-LLM: a fração ({kv_budget_ratio_pct}) do que fica livre depois de pesos e motor.",
    "TensorRT-LLM's rule: the share ({kv_budget_ratio_pct}) of what is free after weights and engine."))
def kv_budget_gib__trtllm(hbm_total_gib, runtime_overhead_gib, kv_budget_ratio):
    return (hbm_total_gib - runtime_overhead_gib) * kv_budget_ratio


# --- Replicas and the sessions they hold

@number(Text("Réplicas por nó", "Replicas per node"), Text(
    "Cópias do modelo que um nó serve, cada uma em {tensor_parallel} × {pipeline_parallel} GPUs.",
    "Copies of the model one node serves, each on {tensor_parallel} × {pipeline_parallel} GPUs."))
def replicas_per_node(gpus, tensor_parallel, pipeline_parallel):
    return max(1, floor(gpus / (tensor_parallel * pipeline_parallel)))


@number(Text("Nós por réplica", "Nodes per replica"), Text(
    "Acima de 1, as camadas de uma réplica se dividem entre nós (pipeline parallel), e os nós são contados "
    "nessas unidades.",
    "Above 1, the layers of a replica are split across nodes (pipeline parallel), and nodes are counted "
    "in those units."))
def nodes_per_replica(tensor_parallel, pipeline_parallel, gpus):
    return ceil(tensor_parallel * pipeline_parallel / gpus)


@number()
def replica_budget_gib(kv_budget_gib, replicas_per_node):
    return max(0, kv_budget_gib) / replicas_per_node


@number()
def replica_budget_gib__pipeline(kv_budget_gib, stages_per_node, num_layers, largest_stage_layers):
    return max(0, kv_budget_gib) / stages_per_node * num_layers / largest_stage_layers


# Sessions of a replica if each took what the engine may reserve, or what it keeps without a hybrid manager.
OTHER_KV = {"reserved": {"kv_per_session_placed_gib": "kv_reserved_placed_gib"},
            "unmanaged": {"kv_per_session_placed_gib": "kv_unmanaged_placed_gib"}}


@number(Text("Sessões por réplica (memória)", "Sessions per replica (memory)"), Text(
    "Sessões inteiras cujo KV cabe na parte do orçamento que é de uma réplica.",
    "Whole sessions whose KV fits the part of the budget that belongs to one replica."))
@number(views={kv + "_sessions_per_replica": names for kv, names in OTHER_KV.items()})
def memory_sessions_per_replica(replica_budget_gib, kv_per_session_placed_gib):
    return floor(replica_budget_gib / kv_per_session_placed_gib)


@number()
@number(views={kv + "_sessions_per_replica__data": names for kv, names in OTHER_KV.items()})
def memory_sessions_per_replica__data(attention_ranks, replica_budget_gib, kv_per_session_placed_gib):
    return attention_ranks * floor(replica_budget_gib / attention_ranks / kv_per_session_placed_gib)


# With a prefix that is kept once, each session takes the rest.
@number()
@number(views={kv + "_sessions_per_replica__shared": names for kv, names in OTHER_KV.items()})
def memory_sessions_per_replica__shared(replica_budget_gib, shared_prefix_gib, kv_per_session_placed_gib):
    return floor(max(0, replica_budget_gib - shared_prefix_gib)
                 / (kv_per_session_placed_gib - shared_prefix_gib))


@number()
@number(views={kv + "_sessions_per_replica__data_shared": names for kv, names in OTHER_KV.items()})
def memory_sessions_per_replica__data_shared(attention_ranks, replica_budget_gib, shared_prefix_gib,
                                             kv_per_session_placed_gib):
    return attention_ranks * floor(max(0, replica_budget_gib / attention_ranks - shared_prefix_gib)
                                   / (kv_per_session_placed_gib - shared_prefix_gib))


@number(Text("Sessões por nó, pela memória", "Sessions per node, by memory"), Text(
    "O que a memória de um nó segura; a próxima sessão ficaria na fila ou causaria preempção de outra.",
    "What the memory of one node holds; the next session would queue or preempt another."))
def memory_sessions_per_node(replicas_per_node, memory_sessions_per_replica, nodes_per_replica):
    return floor(replicas_per_node * memory_sessions_per_replica / nodes_per_replica)


@number(Text("Concorrência máxima que o vLLM registra", "Maximum concurrency that vLLM logs"), Text(
    "O número do log de inicialização de uma réplica assim: confira por ele a sua instalação. Depois do "
    "prefill cabem mais sessões.",
    "The figure in the start-up log of such a replica: check your installation by it. More sessions fit once "
    "past prefill."), hidden=lambda engine_is_vllm: not engine_is_vllm)
def engine_max_concurrency(replica_budget_gib, kv_pooled_gib):
    return replica_budget_gib / kv_pooled_gib


@number(Text("Sessões por réplica, pelo motor", "Sessions per replica, by the engine"), Text(
    "Até max_num_seqs geram ao mesmo tempo em cada rank da atenção; as outras esperam.",
    "Up to max_num_seqs generate at once on each rank of attention; the others wait."))
def engine_sessions_per_replica(max_num_seqs, attention_ranks, active_ratio):
    return floor(max_num_seqs * attention_ranks / active_ratio)


# vLLM refuses to start when max_num_seqs exceeds the blocks that hold a state on a rank.
@number()
def state_blocks(replica_budget_gib, attention_ranks, group_layers, placed_state_page_bytes):
    return floor(replica_budget_gib / attention_ranks * 2**30 / (group_layers * placed_state_page_bytes))


@number(Text("Sessões por réplica, pela velocidade", "Sessions per replica, by speed"), Text(
    "active_sessions_at_target foi encontrado repetindo a conta: com uma sessão a mais na réplica, o TPOT "
    "para SLA (p80) ou o TTFT para SLA (p90) passaria da meta.",
    "active_sessions_at_target was found by repeating the sizing: with one more session on the replica, the "
    "committed TPOT (p80) or TTFT (p90) would miss the target."),
        also=("tpot_ms", "ttft_ms"))
def speed_sessions_per_replica(active_sessions_at_target, active_ratio):
    return floor(active_sessions_at_target / active_ratio)


@number(Text("Sessões por nó, pela velocidade", "Sessions per node, by speed"), Text(
    "O que um nó atende dentro da meta de velocidade.", "What one node serves within the speed target."))
def speed_sessions_per_node(replicas_per_node, speed_sessions_per_replica, nodes_per_replica):
    return floor(replicas_per_node * speed_sessions_per_replica / nodes_per_replica)


# What may limit the sessions of a replica: the number that says how many, and the words when it binds.
Limit = namedtuple("Limit", "number texts")


def spans_nodes(nodes_per_replica) -> bool:
    return nodes_per_replica > 1


LIMITS = {
    "memory": Limit("memory_sessions_per_replica", (
        (spans_nodes, Text(
            "memória HBM (sessões por réplica: {sessions_per_replica}, em {nodes_per_replica} nós; KV por "
            "sessão: {kv_per_session_placed_gib} GiB)",
            "HBM memory (sessions per replica: {sessions_per_replica}, on {nodes_per_replica} nodes; KV per "
            "session: {kv_per_session_placed_gib} GiB)")),
        Text(
        "memória HBM (sessões por nó: {sessions_per_node}; KV por sessão: {kv_per_session_placed_gib} GiB)",
        "HBM memory (sessions per node: {sessions_per_node}; KV per session: {kv_per_session_placed_gib} "
        "GiB)"))),
    "engine": Limit("engine_sessions_per_replica", (
        (spans_nodes, Text(
            "motor (max_num_seqs {max_num_seqs}; sessões por réplica: {sessions_per_replica}; a memória "
            "seguraria {memory_sessions_per_replica})",
            "engine (max_num_seqs {max_num_seqs}; sessions per replica: {sessions_per_replica}; memory would "
            "hold {memory_sessions_per_replica})")),
        Text(
        "motor (max_num_seqs {max_num_seqs}; sessões por nó: {sessions_per_node}; a memória seguraria "
            "{memory_sessions_per_node})",
        "engine (max_num_seqs {max_num_seqs}; sessions per node: {sessions_per_node}; memory would hold "
            "{memory_sessions_per_node})"))),
    "speed": Limit("speed_sessions_per_replica", (
        (spans_nodes, Text(
            "velocidade (sessões por réplica: {sessions_per_replica}; a memória seguraria "
            "{memory_sessions_per_replica})",
            "speed (sessions per replica: {sessions_per_replica}; memory would hold "
            "{memory_sessions_per_replica})")),
        Text(
        "velocidade (sessões por nó: {sessions_per_node}; a memória seguraria {memory_sessions_per_node})",
        "speed (sessions per node: {sessions_per_node}; memory would hold {memory_sessions_per_node})"))),
}


@number(Text("Sessões por réplica", "Sessions per replica"), Text(
    "O menor dos limites, em uma réplica.", "The least of the limits, on one replica."))
def sessions_per_replica(*limits):
    return min(limits)


@number(Text("Sessões por nó", "Sessions per node"), Text(
    "Sessões que um nó atende ao mesmo tempo.", "Sessions one node serves at the same time."),
    hidden=spans_nodes)                                  # the whole part of a share says nothing
def sessions_per_node(replicas_per_node, sessions_per_replica, nodes_per_replica):
    return floor(replicas_per_node * sessions_per_replica / nodes_per_replica)


# --- The load, from users or requests

@number(Text("Sessões dos usuários", "Sessions of the users"), Text(
    "{users} usuários, {active_users_ratio_pct} com uma sessão em HBM: é a carga nominal. Quem está parado "
    "não ocupa KV.",
    "{users} users, {active_users_ratio_pct} with a session in HBM: the nominal load. Who is idle holds no "
    "KV."))
def concurrency_of_users(users, active_users_ratio):
    return ceil(users * active_users_ratio)


@number(Text("Sessões das requisições/s", "Sessions of the requests/s"), Text(
    "Lei de Little: requisições/s vezes a duração de cada uma, com {load_tpot_ms_amount} por token e "
    "{load_ttft_ms_amount} até o primeiro: é a carga nominal. Não menos que {load_sessions}: menos sessões "
    "teriam menos nós, e os tempos deles pediriam mais.",
    "Little's law: requests/s times the duration of each, at {load_tpot_ms_amount} a token and "
    "{load_ttft_ms_amount} to the first: the nominal load. Not below {load_sessions}: fewer sessions would "
    "have fewer nodes, and their times would ask for more."))
def concurrency_of_requests(load_sessions, asked_requests_per_s, load_ttft_ms, output_tokens, load_tpot_ms,
                            active_ratio):
    return max(load_sessions, ceil(asked_requests_per_s * (load_ttft_ms + output_tokens * load_tpot_ms)
                                   / (1000 * active_ratio)))


# --- Nodes

@number(Text("Nós para a carga nominal", "Nodes for the nominal load"), Text(
    "Nós que seguram {concurrency} sessões sem nenhuma folga: o piso físico.",
    "Nodes that hold {concurrency} sessions with no headroom at all: the physical floor."))
def nodes_minimum(concurrency, sessions_per_node):
    return ceil(concurrency / sessions_per_node)


@number(Text("Sessões com folga", "Sessions with headroom"), Text(
    "Carga nominal mais {peak_headroom_ratio_pct} de folga para picos.",
    "The nominal load plus {peak_headroom_ratio_pct} of headroom for peaks."))
def sessions_with_headroom(concurrency, peak_headroom_ratio):
    return ceil(concurrency * (1 + peak_headroom_ratio))


@number(Text("Nós com folga", "Nodes with headroom"), Text(
    "Nós que seguram o pico, sem reserva para falhas.",
    "Nodes that hold the peak, with no spare for failures."))
def nodes_with_headroom(sessions_with_headroom, sessions_per_node):
    return ceil(sessions_with_headroom / sessions_per_node)


@number(views={"nodes_minimum__spanning": {},
               "nodes_with_headroom__spanning": {"concurrency": "sessions_with_headroom"}})
def nodes_of_replicas(nodes_per_replica, concurrency, sessions_per_replica):
    return nodes_per_replica * ceil(concurrency / sessions_per_replica)


@number(Text("Nós a comprar", "Nodes to buy"), (
    lambda ha_extra_nodes: ha_extra_nodes > 0, Text(
        "Nós do pico mais a reserva ({ha_mode}): com ela parada, o pico ainda cabe.",
        "Nodes for the peak plus spares ({ha_mode}): without these it still fits.")), Text(
    "Sem reserva: um nó parado já tira capacidade da carga nominal.",
    "No spare: one node down already takes capacity from the nominal load."),
    also=("ha_mode",))
def nodes_final(nodes_with_headroom, ha_extra_nodes):
    return nodes_with_headroom + ha_extra_nodes


@number(views={"serving_nodes": {}, "serving_nodes__given": {"nodes_final": "nodes"}})
def serving_nodes(nodes_final, ha_extra_nodes):
    return max(0, nodes_final - ha_extra_nodes)


@number(Text("Sessões que esses nós seguram", "Sessions those nodes hold"), Text(
    "A carga nominal que esses nós seguram, com a mesma folga e a mesma reserva.",
    "The nominal load those nodes hold, headroom and spares unchanged."))
def max_concurrency(serving_nodes, sessions_per_node, peak_headroom_ratio):
    return floor(serving_nodes * sessions_per_node / (1 + peak_headroom_ratio))


@number()
def max_concurrency__spanning(serving_nodes, nodes_per_replica, sessions_per_replica, peak_headroom_ratio):
    return floor(floor(serving_nodes / nodes_per_replica) * sessions_per_replica / (1 + peak_headroom_ratio))


# If each session took what the engine may reserve, or what it keeps without a hybrid manager: sessions that
# the nodes for the peak hold, those of one unit (a node, or the nodes of a replica), and the nodes to buy.
UNMANAGED = {"reserved_sessions_per_replica": "unmanaged_sessions_per_replica",
             "reserved_unit_sessions": "unmanaged_unit_sessions"}


@number(views={"held_as_reserved": {}, "held_unmanaged": UNMANAGED})
def held_as_reserved(nodes_with_headroom, nodes_per_replica, reserved_unit_sessions):
    return nodes_with_headroom / nodes_per_replica * reserved_unit_sessions


@number(views={"reserved_unit_sessions": {}, "unmanaged_unit_sessions": UNMANAGED})
def reserved_unit_sessions(sessions_per_node, replicas_per_node, reserved_sessions_per_replica):
    return min(sessions_per_node, replicas_per_node * reserved_sessions_per_replica)


@number(views={"reserved_unit_sessions__spanning": {}, "unmanaged_unit_sessions__spanning": UNMANAGED})
def reserved_unit_sessions__spanning(sessions_per_replica, reserved_sessions_per_replica):
    return min(sessions_per_replica, reserved_sessions_per_replica)


@number(views={"nodes_final_reserved": {}, "nodes_final_without_hybrid_manager": UNMANAGED})
def nodes_final_reserved(nodes_per_replica, sessions_with_headroom, reserved_unit_sessions, ha_extra_nodes):
    return nodes_per_replica * ceil(sessions_with_headroom / reserved_unit_sessions) + ha_extra_nodes


# --- Speed: how fast a session's tokens come, from what a GPU must read, compute and wait for

# Fitted 2026-11 on 923 published serving measurements of plain decoding without a data flag (InferenceX
# results and NVIDIA aiconfigurator-core 0.12.0, Apache-2.0; H100, H200, B200; vLLM 0.11 to 0.19, TensorRT-LLM
# 1.0 to 1.3, SGLang 0.5), by robust least squares of log(TPOT), a group of n rows weighing like the root of
# n. "set": a round figure, errors of models, GPUs and engines left out of the fit are flat around it;
# "kernels": measured operator times of aiconfigurator-core, no serving row. What each engine adds stands in
# ENGINES, what each format of the weights adds in FORMAT_MS.
MEMORY_EFFICIENCY = 0.80                # set: share of the HBM bandwidth (aiconfigurator derates by 0.8 too)
AMD_MEMORY_EFFICIENCY = 0.60            # of 21 points on MI300X and MI355X, dense models: all within 30 %
DECODE_EFFICIENCY = 0.70                # set: share of dense peak in large matrix products while decoding
EXPERT_EFFICIENCY = 0.20                # set: of that again, in grouped products of routed experts
# fitted, rounded: share of dense peak that prompts reach; doubled peaks are not reached, FP8 least where FP4
# is
PREFILL_EFFICIENCY = {"bf16": 0.75, "fp8": 0.60, "fp4": 0.60}
FP8_BESIDE_FP4_EFFICIENCY = 0.45
LINK_EFFICIENCY = 0.50                  # set: share of NVLink bandwidth per direction in an all-reduce
LAYER_MS = 0.035                        # fitted: launches and latencies of one layer's kernels
EXPERT_LAYER_MS = 0.010                 # fitted: routing and grouped kernels, per MoE layer
SMALL_KERNELS_LAYER_MS = 0.035          # fitted: latent (MLA) and linear-state layers launch more kernels
SESSION_MS = 0.018                      # fitted: scheduling and sampling, per session of one scheduler
ROUTING_SPREAD = 3                      # set: how unevenly tokens choose experts (infinite: evenly)
SPARSE_EFFICIENCY = 0.38                # kernels: share of bandwidth in which a prompt gathers its latents
SPARSE_TOKEN_BYTES = 656                # of one packed latent (vLLM 0.32.0: fp8_ds_mla)
DRAFT_SESSION_MS = 0.05                 # fitted on 88 rows with drafts: drafting, per session and draft token
INDEX_TOPK = 2048                       # of a sparse latent layer: DeepSeek-V3.2's and GLM-5's config.json
LATENT_HEAD_DIM = 128                   # of an unpacked MLA key (no RoPE) and value: DeepSeek-V3, Kimi-K2
NETWORK_GBPS = 50                       # between nodes, per GPU: one 400 Gb/s port, as DGX H100 to B300 have
AMD_PROMPT_LAYER_MS = 2.5               # 13 points on MI300X: what a prompt between tokens adds per layer
# Of 2,111 published points. Idle: measured ÷ prefill 1.13 to 1.15 in the median, some 10 ms of it whatever
# the prompt. Loaded: leave-one-model-out median 30 %, p90 74 %, measured ÷ expected 0.77 to 3.8 (p10 to p90);
# on 954 calibration rows 26 %, 62 %, and 96 % within 3.8 times the expected one; fitted to one's own, 93 %
# within 1.5.
FIRST_TOKEN_MS, FIRST_TOKEN_QUEUED_MS = 10, 20
PREFILL_QUEUED, PREFILL_PER_SESSION = 1.6, 0.05
TTFT_SPREAD, TTFT_SPREAD_MEASURED = 3.8, 1.5


speed = partial(number, exact=False)


@speed()
def planned_sessions_per_replica(concurrency, nodes_per_replica, nodes_with_headroom, replicas_per_node):
    return ceil(concurrency * nodes_per_replica / (nodes_with_headroom * replicas_per_node))


@speed(Text("Sessões que geram ao mesmo tempo, por réplica",
            "Sessions generating at once, per replica"), Text(
    "A carga nominal nas réplicas que atendem, com a reserva parada, vezes active_ratio; pelo menos uma.",
    "The nominal load on the replicas that serve it, the spares down, times active_ratio; at least one."),
    hidden=True)
def active_sessions(planned_sessions_per_replica, active_ratio):
    return max(1, planned_sessions_per_replica * active_ratio)


@speed(Text("Sessões que geram no pico, por réplica", "Sessions generating at peak, per replica"), Text(
    "Com toda a folga usada e a reserva parada.", "With all of the headroom used and the spares down."),
    hidden=True)
def peak_active_sessions(sessions_with_headroom, nodes_per_replica, nodes_with_headroom, replicas_per_node,
                         active_ratio):
    return max(1, active_ratio * ceil(sessions_with_headroom * nodes_per_replica
                                      / (nodes_with_headroom * replicas_per_node)))


# Sessions that one step serves, and the tokens it computes: with drafts each session has its own checked too.
@speed()
def batch_sessions(active_sessions):
    return active_sessions


@speed()
def batch_sessions__pipeline(active_sessions, pipeline_parallel):
    return max(1, active_sessions / pipeline_parallel)


@speed(Text("Tokens de um passo", "Tokens of one step"), Text(
    "Um por sessão do lote e, com rascunhos, os que se conferem.",
    "One per session of the batch and, with drafts, those that are checked."), hidden=True)
def batch_tokens(batch_sessions, draft_tokens):
    return batch_sessions * (draft_tokens + 1)


# What one decode step reads on each GPU for one session: keys and values are split over the ranks by head, a
# latent and its index are whole on each; a state is read and written.
@speed(views=of_kinds("read_tokens", ("full", "latent", "index")))
def read_tokens(context_tokens):
    return context_tokens


@speed()
def latent_read_tokens__sparse(context_tokens):
    return min(context_tokens, INDEX_TOPK)


@speed()
def full_read_tokens__chosen(context_tokens, full_layers, chosen_layers, chosen_tokens):
    return (((full_layers - chosen_layers) * context_tokens
             + chosen_layers * min(context_tokens, chosen_tokens)) / full_layers)


@speed(views={"sliding_read_tokens": {}, "chunked_read_tokens": CHUNKED})
def sliding_read_tokens(context_tokens, sliding_window):
    return min(context_tokens, sliding_window)


@speed(views=of_kinds("read_bytes", HEAD_KINDS))
def read_bytes(kv_bytes, held_tokens, read_tokens, kv_ranks, num_key_value_heads):
    return kv_bytes / held_tokens * read_tokens / min(kv_ranks, num_key_value_heads)


@speed()
def full_read_bytes__by_layer(full_kv_bytes, full_held_tokens, full_read_tokens, kv_ranks, kv_heads_on_ranks,
                              kv_heads_of_layers):
    return (full_kv_bytes / full_held_tokens * full_read_tokens
            * kv_heads_on_ranks / kv_heads_of_layers / kv_ranks)


@speed(views=of_kinds("read_bytes", ("latent", "index")))
def read_bytes_of_a_latent(kv_bytes, held_tokens, read_tokens):
    return kv_bytes / held_tokens * read_tokens


@speed()
def packed_read_bytes(context_tokens, packed_tokens, packed_bytes, packed_scanned_bytes, packed_chosen_bytes):
    return (packed_scanned_bytes * context_tokens / packed_tokens
            + min(packed_chosen_bytes,
                  (packed_bytes - packed_scanned_bytes) * context_tokens / packed_tokens))


@speed()
def ring_read_bytes(ring_kv_bytes):
    return ring_kv_bytes


@speed()
def state_read_bytes(state_bytes, state_layers, kv_ranks):
    return 2 * state_bytes * state_layers / kv_ranks


@speed(Text("Cache de uma sessão lido por passo, em uma GPU",
            "Cache of one session read per step, on one GPU"), Text(
    "Com o contexto de {context_tokens} tokens: camadas de janela leem só a janela, e as MLA com índice "
    "{INDEX_TOPK} tokens; cabeças KV se dividem pelas GPUs, o latente não.",
    "With a context of {context_tokens} tokens: window layers read the window only, and MLA with an index "
    "{INDEX_TOPK} tokens; KV heads divide over the GPUs, the latent does not."))
def cache_read_bytes(*read_bytes):
    return sum(read_bytes)


@speed(Text("Tempo de leitura do cache", "Time to read the cache"), Text(
    "O que um passo lê em cada GPU do cache das sessões do lote, à fração medida da banda de HBM.",
    "What one step reads on each GPU of the cache of the batch's sessions, at the measured share of HBM "
    "bandwidth."))
def cache_ms(batch_sessions, attention_ranks, cache_read_bytes, hbm_bandwidth_per_gpu_tbps,
             memory_efficiency):
    return (batch_sessions / attention_ranks * cache_read_bytes / 10**9
            / (hbm_bandwidth_per_gpu_tbps * memory_efficiency))


# Operations of attention, all heads: decoding multiplies an MLA query by the latent itself, a prompt by the
# keys and values unpacked from it. Index and linear-state layers attend to nothing that counts.
@speed(views=of_kinds("attention_flop", HEAD_KINDS))
def attention_flop(layers, num_attention_heads, head_dim, v_head_dim, read_tokens):
    return layers * 2 * num_attention_heads * (head_dim + v_head_dim) * read_tokens


@speed()
def latent_attention_flop(latent_layers, num_attention_heads, kv_lora_rank, qk_rope_head_dim,
                          latent_read_tokens):
    return (latent_layers * 2 * num_attention_heads * (2 * kv_lora_rank + qk_rope_head_dim)
            * latent_read_tokens)


@speed()
def step_attention_flop(batch_tokens, *attention_flop):
    return batch_tokens * sum(attention_flop)


@speed()
def cached_tokens(input_tokens, prefix_cache_hit_ratio):
    return input_tokens * prefix_cache_hit_ratio


@speed()
def cached_tokens__shared(input_tokens, prefix_cache_hit_ratio, shared_prefix_tokens):
    return max(input_tokens * prefix_cache_hit_ratio, min(shared_prefix_tokens, input_tokens))


@speed(Text("Tokens do prompt a calcular", "Prompt tokens to compute"), Text(
    "O que o cache de prefixo não tem; o último token é sempre calculado.",
    "What the prefix cache does not hold; the last token is always computed."), hidden=True)
def prefill_tokens(input_tokens, cached_tokens):
    return max(1, input_tokens - cached_tokens)


@speed(views={"prefill_pairs": {}, "full_prefill_pairs": {}, "latent_prefill_pairs": {}})
def prefill_pairs(input_tokens, cached_tokens):
    return (input_tokens**2 - cached_tokens**2) / 2


@speed(views={"sliding_prefill_pairs": {}, "chunked_prefill_pairs": CHUNKED})
def sliding_prefill_pairs(prefill_pairs, prefill_tokens, sliding_window):
    return min(prefill_pairs, prefill_tokens * sliding_window)


@speed()
def latent_prefill_pairs__sparse(prefill_pairs, prefill_tokens):
    return min(prefill_pairs, prefill_tokens * INDEX_TOPK)


@speed()
def full_prefill_pairs__chosen(prefill_pairs, prefill_tokens, full_layers, chosen_layers, chosen_tokens):
    return (((full_layers - chosen_layers) * prefill_pairs
             + chosen_layers * min(prefill_pairs, prefill_tokens * chosen_tokens)) / full_layers)


@speed(views=of_kinds("prefill_flop", HEAD_KINDS, prefill_pairs="{kind}_prefill_pairs"))
def prefill_flop(layers, num_attention_heads, head_dim, v_head_dim, prefill_pairs):
    return layers * (2 * num_attention_heads * (head_dim + v_head_dim)) * prefill_pairs


@speed()
def latent_prefill_flop(latent_layers, num_attention_heads, qk_rope_head_dim, latent_prefill_pairs):
    return (latent_layers * (2 * num_attention_heads * (2 * LATENT_HEAD_DIM + qk_rope_head_dim))
            * latent_prefill_pairs)


@speed()
def prefill_attention_flop(*prefill_flop):
    return sum(prefill_flop)


@speed()
def prefill_bf16_active_params(bf16_params, hidden_size, vocab_size):
    return bf16_params - hidden_size * vocab_size        # only the last token needs the head


# Ranks of data-parallel attention take a prompt each at the same time: that many tokens meet in the experts.
@speed()
def pass_tokens(prefill_tokens, attention_ranks):
    return prefill_tokens * attention_ranks


# A pass of the model over `tokens`: those of each session that generates (a decode step), or those of a
# prompt (prefill); `together` are those of all ranks. GB per TB/s and TFLOP per 1000 TFLOPS are ms.
DECODING = {"tokens": "batch_tokens", "together": "batch_tokens", "bf16_active_params": "bf16_params",
            "attention_flop": "step_attention_flop", "of": Text("um passo", "one step")}
PREFILL = {"tokens": "prefill_tokens", "together": "pass_tokens",
           "bf16_active_params": "prefill_bf16_active_params", "attention_flop": "prefill_attention_flop",
           "of": Text("um prompt", "one prompt")}
CHUNK = {"message_ms": "chunk_message_ms", "of": Text("os prompts de um passo", "the prompts of a step")}


def of_a_pass(*texts: Text | None, chunk: bool = False, **options):
    """Register a function as a number of decoding and, under `prefill_` and its name, of prefill.

    With `chunk` it is also, under `chunk_` and its name, one of the prompts that share a step. Those of a
    pass that it uses stand before it.
    """
    def register(calc):
        name = calc.__name__
        PREFILL.setdefault(name, "prefill_" + name)
        views = {name: DECODING, "prefill_" + name: PREFILL, **({"chunk_" + name: CHUNK} if chunk else {})}
        return speed(*texts, views=views, **options)(calc)
    return register


between_gpus = partial(of_a_pass, chunk=True)


@of_a_pass(Text("Especialistas lidos", "Experts read"), Text(
    "Parte dos especialistas que algum token do lote usa: lotes maiores leem mais pesos (0 se denso).",
    "Share of the experts that some token of the batch uses: larger batches read more weights (0 if dense)."))
def expert_coverage(num_experts_per_tok, num_experts, together):
    return 1 - 1 / (1 + together * num_experts_per_tok / (num_experts * ROUTING_SPREAD)) ** ROUTING_SPREAD


# With experts whole on a GPU each (expert parallel) the fullest GPU sets the pace: the expected most of
# counts.
@of_a_pass()
def coverage_of_a_gpu(expert_coverage):
    return expert_coverage


@of_a_pass()
def coverage_of_a_gpu__spread(expert_coverage, expert_parallel, num_experts):
    return min(1, expert_coverage
               + (expert_coverage * (1 - expert_coverage) * expert_parallel / num_experts) ** (1 / 2))


@of_a_pass(Text("Tempo de leitura dos pesos", "Time to read the weights"), Text(
    "Bytes de pesos lidos em cada GPU, à fração medida da banda de HBM: especialistas se dividem por todas "
    "as GPUs da réplica, o resto pelos ranks da atenção.",
    "Bytes of weights read on each GPU, at the measured share of HBM bandwidth: experts divide over all GPUs "
    "of the replica, the rest over the ranks of attention."))
def weights_ms(bf16_params, bytes_per_weight, quantized_params, kv_ranks, num_experts, expert_params,
               moe_layers, coverage_of_a_gpu, tensor_parallel, hbm_bandwidth_per_gpu_tbps, memory_efficiency):
    return (((2 * bf16_params + bytes_per_weight * quantized_params) / kv_ranks
             + bytes_per_weight * num_experts * expert_params * moe_layers * coverage_of_a_gpu
             / tensor_parallel) / 10**9 / (hbm_bandwidth_per_gpu_tbps * memory_efficiency))


@of_a_pass(Text("Operações em 16 bits", "Operations in 16 bits"), Text(
    "Partes não quantizadas e a atenção.", "Parts that are not quantized, and attention."), hidden=True)
def bf16_tflop(tokens, bf16_active_params, attention_flop):
    return (2 * tokens * bf16_active_params + attention_flop) / 10**12


@of_a_pass(Text("Operações quantizadas", "Quantized operations"), Text(
    "Produtos com pesos quantizados que todo token usa.",
    "Products with quantized weights that every token uses."), hidden=True)
def quantized_tflop(tokens, quantized_params):
    return 2 * tokens * quantized_params / 10**12


@of_a_pass(Text("Operações de especialistas", "Expert operations"), Text(
    "Produtos com os especialistas que cada token usa.", "Products with the experts each token uses."),
    hidden=True)
def routed_tflop(tokens, num_experts_per_tok, expert_params, moe_layers):
    return 2 * tokens * num_experts_per_tok * expert_params * moe_layers / 10**12


@speed(Text("Tempo de cálculo de um passo", "Compute time of one step"), Text(
    "As operações à fração medida do pico da GPU; produtos agrupados de especialistas rendem menos.",
    "The operations at the measured share of the GPU's peak; grouped products of experts reach less."))
def compute_ms(bf16_tflop, dense_tflops_bf16, quantized_tflop, routed_tflop, dense_tflops, tensor_parallel):
    return (1000 * (bf16_tflop / dense_tflops_bf16
                    + (quantized_tflop + routed_tflop / EXPERT_EFFICIENCY) / dense_tflops)
            / (tensor_parallel * DECODE_EFFICIENCY))


@speed()
def prefill_products_ms(prefill_bf16_tflop, dense_tflops_bf16, bf16_efficiency, prefill_quantized_tflop,
                        prefill_routed_tflop, dense_tflops, prefill_efficiency, kv_ranks):
    return (1000 * (prefill_bf16_tflop / (dense_tflops_bf16 * bf16_efficiency)
                    + (prefill_quantized_tflop + prefill_routed_tflop / EXPERT_EFFICIENCY)
                    / (dense_tflops * prefill_efficiency)) / kv_ranks)


@speed(Text("Tempo de cálculo de um prompt", "Compute time of one prompt"), Text(
    "As operações à fração do pico que prompts alcançam em cada precisão, nas GPUs de um rank da atenção.",
    "The operations at the share of peak that prompts reach in each precision, on the GPUs of one rank of "
    "attention."))
def prefill_compute_ms(prefill_products_ms):
    return prefill_products_ms


# A sparse layer gathers latents for each token of a prompt, on every GPU, however many heads it has.
@speed()
def prefill_compute_ms__sparse(prefill_products_ms, sparse_layers, prefill_tokens,
                               hbm_bandwidth_per_gpu_tbps):
    return (prefill_products_ms
            + sparse_layers * prefill_tokens * min(prefill_tokens, INDEX_TOPK) * SPARSE_TOKEN_BYTES / 10**9
            / (hbm_bandwidth_per_gpu_tbps * SPARSE_EFFICIENCY))


@speed(Text("Tempo das camadas", "Time of the layers"), Text(
    "Disparo e latência dos kernels, que lote nenhum dilui; alguns formatos de peso e camadas MoE, latentes, "
    "com índice e lineares custam mais.",
    "Launch and latency of kernels, which no batch dilutes; some formats of weights, and MoE, latent, "
    "indexed and linear layers cost more."))
def layers_ms(num_layers, format_ms, quantized_params, bf16_params, moe_layers, widened, widening_ms,
              small_kernels_layers, sparse_layers, sparse_layer_ms):
    return (num_layers * (LAYER_MS + format_ms * quantized_params / (quantized_params + bf16_params))
            + moe_layers * (EXPERT_LAYER_MS + widened * widening_ms)
            + small_kernels_layers * SMALL_KERNELS_LAYER_MS + sparse_layers * sparse_layer_ms)


@of_a_pass(Text("Mensagem entre GPUs", "Message between GPUs"), Text(
    "Os vetores de um lote por um enlace, em uma direção.",
    "The vectors of one batch over one link, in one direction."), hidden=True)
def message_ms(together, hidden_size, link_tbps):
    return 2 * together * hidden_size / 10**9 / (link_tbps * LINK_EFFICIENCY)


@of_a_pass()
def message_ms__board(together, hidden_size, board_gbps):
    return 2 * together * hidden_size / 10**6 / board_gbps


# Prompts of the other sessions share decode steps: how many per token of one's own, at most what a batch
# takes; how many in one step that has any (a part of one, where one is longer than the batch).
@speed(Text("Prompts alheios por token", "Prompts of others per token"), Text(
    "Cada sessão traz um prompt a cada {output_tokens} tokens; um passo leva no máximo "
    "max_num_batched_tokens tokens deles.",
    "Each session brings a prompt every {output_tokens} tokens; a step takes at most max_num_batched_tokens "
    "tokens of them."), hidden=True)
def prompts_per_step(batch_sessions, output_tokens, attention_ranks, max_num_batched_tokens, prefill_tokens):
    return min(max(0, batch_sessions - 1) / output_tokens / attention_ranks,
               max_num_batched_tokens / prefill_tokens)


@speed(Text("Prompts em um passo que tem algum", "Prompts in a step that has any"), Text(
    "Uma parte de um, onde um é maior que o lote.", "A part of one, where one is longer than the batch."),
    hidden=True)
def prompts_at_once(prompts_per_step, max_num_batched_tokens, prefill_tokens):
    return max(prompts_per_step, min(1, max_num_batched_tokens / prefill_tokens))


@speed()
def chunk_message_ms(prefill_message_ms, prompts_at_once):
    return prefill_message_ms * prompts_at_once


@between_gpus(Text("All-reduce entre GPUs", "All-reduce between GPUs"), Text(
    "Duas somas por camada entre as GPUs da réplica: latência mais banda; 0 em uma GPU.",
    "Two sums per layer among the GPUs of the replica: latency plus bandwidth; 0 on one GPU."))
def all_reduce_ms(all_reduces, all_reduce_latency_ms, tensor_parallel, message_ms):
    return (all_reduces
            * min(all_reduce_latency_ms + (tensor_parallel - 1) * message_ms,
                  2 * all_reduce_latency_ms + 2 * (tensor_parallel - 1) / tensor_parallel * message_ms))


@between_gpus()
def all_reduce_ms__alone(tensor_parallel):
    return tensor_parallel - 1


# As measured on a board whose GPUs only PCIe connects.
@between_gpus()
def all_reduce_ms__board(all_reduces, all_reduce_latency_ms, message_ms):
    return all_reduces * (all_reduce_latency_ms + message_ms)


# Data-parallel attention: tokens of all ranks go to the experts and back.
@between_gpus(None, Text(
    "Duas trocas por camada MoE, os vetores de todos os ranks: latência mais banda.",
    "Two exchanges per MoE layer, the vectors of all ranks: latency plus bandwidth."))
def all_reduce_ms__data(moe_layers, all_reduce_latency_ms, tensor_parallel, message_ms):
    return (2 * moe_layers
            * (all_reduce_latency_ms + (tensor_parallel - 1) / tensor_parallel * message_ms))


@speed(Text("Passo de decodificação", "Decode step"), Text(
    "Um token para cada sessão que gera: o maior entre memória e cálculo, mais camadas, somas e agendamento.",
    "One token for each generating session: the larger of memory and compute, plus layers, sums "
    "and scheduling."))
def decode_step_ms(weights_ms, cache_ms, compute_ms, layers_ms, all_reduce_ms, batch_sessions,
                   attention_ranks):
    return (max(weights_ms + cache_ms, compute_ms) + layers_ms + all_reduce_ms
            + batch_sessions / attention_ranks * SESSION_MS)


# Each stage hands the vectors of its batch on.
@speed(None, Text(
    "A profundidade toda com o lote de um estágio, e uma passagem pela rede por estágio.",
    "The whole depth with the batch of one stage, and one hop over the network per stage."))
def decode_step_ms__pipeline(weights_ms, cache_ms, compute_ms, layers_ms, all_reduce_ms, batch_sessions,
                             pipeline_parallel, hidden_size):
    return (max(weights_ms + cache_ms, compute_ms) + layers_ms + all_reduce_ms + batch_sessions * SESSION_MS
            + pipeline_parallel * 2 * batch_sessions * hidden_size / 10**6 / NETWORK_GBPS)


@speed(Text("Prefill de um prompt", "Prefill of one prompt"), Text(
    "Tempo que {input_tokens} tokens levam em uma réplica sem outra carga.",
    "Time that {input_tokens} tokens take on a replica with no other load."))
def prefill_ms(prefill_weights_ms, prefill_compute_ms, layers_ms, prefill_all_reduce_ms):
    return max(prefill_weights_ms, prefill_compute_ms) + layers_ms + prefill_all_reduce_ms


@speed()
def prompts_in_step_ms(weights_ms, prefill_weights_ms, prompts_at_once, prefill_compute_ms, compute_ms,
                       cache_ms, chunk_all_reduce_ms):
    return (max(weights_ms, prefill_weights_ms, prompts_at_once * prefill_compute_ms + compute_ms) + cache_ms
            - max(weights_ms + cache_ms, compute_ms) + chunk_all_reduce_ms)


@speed(Text("O que um prompt soma a um passo", "What a prompt adds to a step"), Text(
    "Tokens de prompt entram no passo de decodificação: não pagam de novo os pesos nem o disparo das "
    "camadas.",
    "Prompt tokens enter the decode step: they pay neither the weights nor the launches again."))
def shared_prompt_ms(prompts_in_step_ms):
    return prompts_in_step_ms


@speed()
def shared_prompt_ms__amd(prompts_in_step_ms, num_layers):
    return prompts_in_step_ms + num_layers * AMD_PROMPT_LAYER_MS


@speed(Text("TPOT esperado", "Expected TPOT"), Text(
    "Tempo entre tokens de uma sessão na carga planejada, com o prefill das outras no meio; "
    "{active_sessions} sessões geram em cada réplica.",
    "Time between tokens of a session at the planned load, with the prefill of the others in between; "
    "{active_sessions} sessions generate on each replica."))
def tpot_expected_ms(tpot_factor, decode_step_ms, prompts_per_step, prompts_at_once, shared_prompt_ms):
    return tpot_factor * (decode_step_ms + prompts_per_step / prompts_at_once * shared_prompt_ms)


# A step checks the drafts of each session, and then drafts again; of each, so many tokens are kept.
@speed(Text("Rascunhos de um passo", "Drafts of one step"), Text(
    "{draft_tokens} tokens propostos por sessão: uma camada, a cabeça e o agendamento por token.",
    "{draft_tokens} tokens proposed per session: one layer, the head and the scheduling per token."),
    hidden=lambda draft_tokens: draft_tokens == 0)
def draft_ms(draft_tokens, decode_step_ms, num_layers, hidden_size, vocab_size, kv_ranks,
             hbm_bandwidth_per_gpu_tbps, memory_efficiency, batch_sessions, attention_ranks):
    return draft_tokens * (decode_step_ms / num_layers
                           + 2 * hidden_size * vocab_size / kv_ranks / 10**9
                           / (hbm_bandwidth_per_gpu_tbps * memory_efficiency)
                           + DRAFT_SESSION_MS * batch_sessions / attention_ranks)


@speed()
def tpot_expected_ms__drafts(tpot_factor, decode_step_ms, draft_ms, accepted_tokens, prompts_per_step,
                             prompts_at_once, shared_prompt_ms):
    return tpot_factor * ((decode_step_ms + draft_ms) / accepted_tokens
                          + prompts_per_step / prompts_at_once * shared_prompt_ms)


@speed(Text("TPOT para SLA (p80)", "Committed TPOT (p80)"), (
    lambda tpot_measured: tpot_measured, Text(
        "O próprio valor esperado, ajustado à sua medição: é com ele que a meta se compara, e é ele que se "
        "pode prometer.",
        "The expected figure itself, fitted to your measurement: the one a target is compared with, and the "
        "one you can promise.")),
    (lambda speed_estimated: speed_estimated, Text(
        "O esperado vezes o fator da estimativa: é o que uma meta compara e o que se pode prometer.",
        "The expected one times the factor of the estimate: what a target is compared with, and what can be "
        "promised.")),
    (lambda engine: engine == "sglang", Text(
        "O esperado vezes {committed_factor}: cobre as medições com o SGLang ajustado, mas 57 % de 42 pontos "
        "públicos de quem o inicia sem ajuste. Meça antes de prometer.",
        "The expected one times {committed_factor}: it covers the measurements of a tuned SGLang, but 57 % "
        "of 42 public points of those who start it untuned. Measure before you promise.")),
    Text(
    "Pelo menos 80 % das medições ficam até aqui: é o que se pode prometer.",
    "At least 80 % of measurements are at or below: what can be promised."))
def tpot_committed_ms(tpot_expected_ms, committed_factor):
    return tpot_expected_ms * committed_factor


@speed(Text("TPOT esperado no pico", "Expected TPOT at peak"), Text(
    "A mesma conta com {peak_active_sessions} sessões em cada réplica: toda a folga usada, a reserva parada.",
    "The same sizing with {peak_active_sessions} sessions on each replica: all headroom used, the spares "
    "down."),
    also=("peak_active_sessions",))
def tpot_peak_ms(tpot_at_peak_ms):
    return tpot_at_peak_ms


@speed(Text("TPOT para SLA (p80) no pico", "Committed TPOT (p80) at peak"), Text(
    "O que se pode prometer com toda a folga usada.", "What can be promised with all headroom used."))
def tpot_peak_committed_ms(tpot_peak_ms, committed_factor):
    return tpot_peak_ms * committed_factor


@speed(Text("TPOT esperado com o contexto cheio", "Expected TPOT with a full context"), Text(
    "A mesma conta com sessões que leem {effective_context} tokens em vez de {context_tokens}.",
    "The same sizing with sessions that read {effective_context} tokens instead of {context_tokens}."),
    also=("effective_context",),
    hidden=lambda effective_context, context_tokens: effective_context <= 2 * context_tokens)
def tpot_full_context_ms(tpot_at_full_context_ms):
    return tpot_at_full_context_ms


@speed(Text("TPOT com todos os rascunhos aceitos", "TPOT if every draft is accepted"), Text(
    "O outro extremo da faixa: {draft_tokens} + 1 tokens por passo. O número depende do texto: não o "
    "prometa.",
    "The other end of the range: {draft_tokens} + 1 tokens per step. It depends on the text: do not promise "
    "it."), also=("draft_tokens",), hidden=lambda draft_tokens: draft_tokens == 0)
def tpot_all_accepted_ms(tpot_at_all_accepted_ms):
    return tpot_at_all_accepted_ms


@speed(Text("TTFT sem outra carga", "TTFT with no other load"), Text(
    "Uma estimativa, não um piso: metade dos prompts longos sai antes.",
    "An estimate, not a floor: half of the long prompts come out faster."))
def ttft_idle_ms(prefill_ms, first_token_layer_ms, num_layers):
    return prefill_ms + first_token_layer_ms * num_layers + FIRST_TOKEN_MS


@speed(Text("TTFT esperado", "Expected TTFT"), (
    lambda ttft_measured: ttft_measured, Text(
        "Na carga planejada, ajustado à sua medição.", "At the planned load, fitted to your measurement.")),
    Text(
    "Na carga planejada, com os prompts das outras sessões na fila.",
    "At the planned load, with the prompts of the other sessions in the queue."))
def ttft_expected_ms(ttft_factor, decode_step_ms, prefill_ms, batch_sessions, attention_ranks,
                     first_token_layer_ms, num_layers):
    return ttft_factor * (
        FIRST_TOKEN_QUEUED_MS + decode_step_ms + first_token_layer_ms * num_layers
        + PREFILL_QUEUED * prefill_ms
        * (1 + PREFILL_PER_SESSION * (max(1, batch_sessions / attention_ranks) - 1)))


@speed(Text("TTFT para SLA (p90)", "Committed TTFT (p90)"), Text(
    "Pelo menos nove de dez medições ficam até aqui: é o que uma meta de TTFT compara.",
    "At least nine of ten measurements are at or below: what a target is compared with."))
def ttft_high_ms(ttft_expected_ms, ttft_spread):
    return ttft_expected_ms * ttft_spread


@speed(Text("Carga de prefill", "Prefill load"), Text(
    "Parte do tempo em que uma réplica calcula prompts: acima de {HIGH_PREFILL_LOAD} há um alerta, perto de "
    "1 a fila cresce sem fim.",
    "Share of the time in which a replica computes prompts: above {HIGH_PREFILL_LOAD} there is an alert, "
    "near 1 the queue grows without bound."))
def prefill_load(batch_sessions, attention_ranks, prefill_ms, ttft_expected_ms, output_tokens,
                 tpot_expected_ms):
    return (batch_sessions / attention_ranks * prefill_ms
            / (ttft_expected_ms + output_tokens * tpot_expected_ms))


@speed(Text("Tokens/s por sessão", "Tokens/s per session"), Text(
    "Velocidade que o usuário vê; abaixo de {SLOW_TOKENS_PER_S} há um alerta.",
    "The speed a user sees; below {SLOW_TOKENS_PER_S} there is an alert."))
def tokens_per_s_per_session(tpot_expected_ms):
    return 1000 / tpot_expected_ms


@speed(Text("Tokens/s por nó", "Tokens/s per node"), Text(
    "Produção de um nó na carga planejada, com a reserva parada.",
    "Output of one node at the planned load, the spares down."))
def tokens_per_s_per_node(tpot_expected_ms, planned_sessions_per_node, active_ratio):
    return 1000 / tpot_expected_ms * planned_sessions_per_node * active_ratio


@speed(Text("Requisições/s do cluster", "Requests/s of the cluster"), Text(
    "Lei de Little: sessões que geram ÷ duração de uma resposta de {output_tokens} tokens, TTFT incluído.",
    "Little's law: generating sessions ÷ duration of an answer of {output_tokens} tokens, TTFT included."))
def requests_per_s(concurrency, active_ratio, ttft_expected_ms, output_tokens, tpot_expected_ms):
    return 1000 * concurrency * active_ratio / (ttft_expected_ms + output_tokens * tpot_expected_ms)


# --- The load test that checks a replica, also one of which the speed is not known

PROMPTS_PER_SESSION = 10                # InferenceX: --num-prompts is 10 x --max-concurrency


@speed()
def load_test_sessions(concurrency, nodes_per_replica, nodes_with_headroom, replicas_per_node, active_ratio):
    return max(1, ceil(active_ratio * ceil(concurrency * nodes_per_replica
                                           / (nodes_with_headroom * replicas_per_node))))


@speed()
def load_test_prompts(load_test_sessions):
    return PROMPTS_PER_SESSION * load_test_sessions


@speed()
def load_test_prefix_tokens(cached_tokens, input_tokens):
    return min(floor(cached_tokens), input_tokens - 1)


@speed()
def load_test_input_tokens(input_tokens, load_test_prefix_tokens):
    return input_tokens - load_test_prefix_tokens


# --- Operations: what the answer means for the nodes, and their HBM at nominal load, the spares down

@number(Text("Maior contexto que cabe", "Longest context that fits"), (
    lambda nodes_one_token_more: True, Text(
        "Encontrado repetindo a conta: com {nodes} nós e {concurrency} sessões este contexto cabe, e um "
        "token a mais pediria {nodes_one_token_more} nós.",
        "Found by repeating the sizing: with {nodes} nodes and {concurrency} sessions this context fits, and "
        "one more token would take {nodes_one_token_more} nodes.")),
    Text(
        "É o máximo do modelo, ou com um token a mais nenhum número de nós seguraria uma sessão.",
        "It is the model's maximum, or with one more token no number of nodes would hold a session."),
    also=("nodes", "nodes_one_token_more"))
def max_effective_context(longest_fitting_context, max_position_embeddings):
    return min(longest_fitting_context, max_position_embeddings)


@number(Text("GPUs a comprar", "GPUs to buy"), Text(
    "As GPUs de todos os nós, reserva incluída.", "The GPUs of all nodes, spares included."))
def gpus_final(nodes_final, gpus):
    return nodes_final * gpus


@number(Text("Potência dos nós", "Power of the nodes"), Text(
    "A potência máxima de todos os nós; rede, armazenamento e refrigeração são à parte.",
    "The rated power of all nodes; network, storage and cooling come on top."))
def power_kw(nodes_final, max_power_kw):
    return nodes_final * max_power_kw


@number(Text("Altura dos nós no rack", "Height of the nodes in the rack"), Text(
    "Unidades de rack de todos os nós, reserva incluída.", "Rack units of all nodes, spares included."))
def rack_units_final(nodes_final, rack_units):
    return nodes_final * rack_units


HOURS_PER_YEAR = 8760
KBTU_PER_KWH = Fraction("3.412")                         # 1 kWh is 3,412 BTU
RACK_UNITS = 42                                          # of a full-height rack (EIA-310)


@number(Text("Calor", "Heat"), Text(
    "Calor por hora que a refrigeração retira, na potência máxima.",
    "Heat per hour that cooling takes away, at rated power."))
def heat_kbtu_per_h(power_kw):
    return power_kw * KBTU_PER_KWH


@number(Text("Energia por ano", "Energy per year"), Text(
    "Só os equipamentos de TI, a {power_use_ratio_pct} da potência máxima: sem --pue não há refrigeração nem "
    "perdas.",
    "IT equipment alone, at {power_use_ratio_pct} of rated power: without --pue no cooling and no losses."))
def energy_mwh_per_year(power_kw, power_use_ratio):
    return power_kw * power_use_ratio * HOURS_PER_YEAR / 1000


@number(None, Text(
    "A {power_use_ratio_pct} da potência máxima, com refrigeração e perdas (PUE {pue}).",
    "At {power_use_ratio_pct} of rated power, cooling and losses included (PUE {pue})."))
def energy_mwh_per_year__facility(power_kw, power_use_ratio, pue):
    return power_kw * power_use_ratio * pue * HOURS_PER_YEAR / 1000


@number(Text("Nós por rack", "Nodes per rack"), Text(
    "Nós inteiros em {rack_kw} kW e {RACK_UNITS} U, o menor dos dois; um nó mais alto é um rack.",
    "Whole nodes in {rack_kw} kW and {RACK_UNITS} U, the lesser of both; a taller node is a rack."))
def nodes_per_rack(rack_kw, max_power_kw, rack_units):
    return min(floor(rack_kw / max_power_kw), max(1, floor(RACK_UNITS / rack_units)))


@number(Text("Racks", "Racks"), Text("Um nó não se divide entre racks.", "A node is not split across racks."))
def racks(nodes_final, nodes_per_rack):
    return ceil(nodes_final / nodes_per_rack)


@number(Text("Custo por ano{in_currency}", "Cost per year{in_currency}"), Text(
    "Todos os nós alugados o ano todo, reserva incluída.",
    "All nodes rented all year, spares included."))
def cost_per_year(nodes_final, node_price_per_hour):
    return nodes_final * node_price_per_hour * HOURS_PER_YEAR


@number(None, Text(
    "Depreciação de todos os nós em {depreciation_years} anos, mais a energia; rede, espaço, pessoas e "
    "licenças são à parte.",
    "All nodes written off over {depreciation_years} years, plus energy; network, space, people and licences "
    "come on top."))
def cost_per_year__owned(nodes_final, node_price, depreciation_years, energy_mwh_per_year, price_per_kwh):
    return nodes_final * node_price / depreciation_years + energy_mwh_per_year * 1000 * price_per_kwh


@number(Text("Custo relativo ao RECOMENDADO", "Cost relative to RECOMMENDED"), Text(
    "Diferença em nós contra o cenário recomendado ({relative_cost_signed}); preço por nó igual.",
    "Difference in nodes against the recommended scenario ({relative_cost_signed}); same price per node."))
def relative_cost(nodes_final, recommended_nodes_final):
    return (nodes_final - recommended_nodes_final) / recommended_nodes_final


@speed(Text("Tokens/s do cluster", "Tokens/s of the cluster"), Text(
    "Tokens de saída por segundo de toda a carga nominal.",
    "Output tokens a second of the whole nominal load."))
def tokens_per_s(concurrency, active_ratio, tpot_expected_ms):
    return concurrency * active_ratio * 1000 / tpot_expected_ms


@speed(None, Text(
    "Os das requisições/s pedidas, ou das que os nós servem, se forem menos.",
    "Those of the requests/s asked for, or of what the nodes serve where that is less."))
def tokens_per_s__of_requests(asked_requests_per_s, requests_per_s, output_tokens):
    return min(asked_requests_per_s, requests_per_s) * output_tokens


@number(Text("Custo por milhão de tokens{in_currency}", "Cost per million tokens{in_currency}"), (
    lambda utilisation_ratio: utilisation_ratio == 1, Text(
        "Por milhão de tokens de saída, com a carga nominal o ano todo: o piso. Com metade da carga média "
        "(--utilisation-ratio 0.5) é o dobro.",
        "Per million output tokens, at the nominal load all year: the floor. At half the mean load "
        "(--utilisation-ratio 0.5) it doubles.")),
    Text(
        "Por milhão de tokens de saída, com carga média de {utilisation_ratio_pct} da nominal.",
        "Per million output tokens, at a mean load of {utilisation_ratio_pct} of the nominal one."))
def cost_per_million_tokens(cost_per_year, tokens_per_s, utilisation_ratio):
    return cost_per_year * 10**6 / (tokens_per_s * HOURS_PER_YEAR * 3600 * utilisation_ratio)


@number(Text("Utilização que empata com a API", "Utilisation that breaks even with the API"), (
    lambda api_break_even_ratio: api_break_even_ratio > 1, Text(
        "Acima de 1: nem com a carga nominal o ano todo estes nós custam menos que a API.",
        "Above 1: not even at the nominal load all year do these nodes cost less than the API.")),
    Text(
        "Carga média ÷ nominal a partir da qual estes nós custam menos que a API.",
        "Mean ÷ nominal load from which these nodes cost less than the API."))
def api_break_even_ratio(cost_per_year, tokens_per_s, api_price_per_million_tokens):
    return cost_per_year * 10**6 / (tokens_per_s * HOURS_PER_YEAR * 3600 * api_price_per_million_tokens)


# A node's mean time between failures: 419 unplanned interruptions of the Llama 3 405B training, 2,048 nodes
# of 8 H100 in 54 days (2024). To repair it, hours: 60 % of faults recover in 2.2 h (a study of Delta's A100
# and H100, 2025), 40 % are a replaced host, 72 h (Crusoe: 41.5 % of cases); the mix is an own estimate.
# Other fleets: 1,701 h (OPT-175B) to 10,256 h (RSC-2).
NODE_MTBF_H = 6335
NODE_MTTR_H = Fraction("30.1")


@number(Text("Disponibilidade de um nó", "Availability of one node"), Text(
    "Horas entre falhas de um nó com 8 H100 (Llama 3, 419 interrupções em 54 dias) e de reparo (mistura de "
    "reinício, 2,2 h, e troca, 72 h). Outras frotas: de 98,3 % a 99,7 %; informe a sua em "
    "--node-availability.",
    "Hours between failures of a node of 8 H100 (Llama 3, 419 interruptions in 54 days) and to repair (a mix "
    "of restarts, 2.2 h, and replacements, 72 h). Other fleets: 98.3 % to 99.7 %; give yours with "
    "--node-availability."))
def node_availability():
    return NODE_MTBF_H / (NODE_MTBF_H + NODE_MTTR_H)


@number(None, Text("Informada.", "Given."))
def node_availability__given(given_node_availability):
    return given_node_availability


INDEPENDENT = Text(
    "Soma binomial de nós independentes. Não são: rede, rack e site param vários de uma vez (Llama 3: 35 de "
    "419 interrupções na rede), e o SLA de uma nuvem é um crédito.",
    "Binomial sum of independent nodes. They are not: network, rack and site stop several at once (Llama 3: "
    "35 of 419 interruptions in the network), and a cloud's SLA is a credit.")


@number(Text("Disponibilidade na carga nominal", "Availability at nominal load"), (
    spans_nodes, Text(
        "Parte do tempo em que há réplicas no ar para a carga nominal; uma réplica está no ar com todos os "
        "seus nós. " + INDEPENDENT.pt,
        "Share of the time with replicas up for the nominal load; a replica is up with all of its nodes. "
        + INDEPENDENT.en)),
    Text(
        "Parte do tempo em que {nodes_minimum} de {nodes_final} nós ou mais estão no ar. " + INDEPENDENT.pt,
        "Share of the time in which {nodes_minimum} of {nodes_final} nodes or more are up. "
        + INDEPENDENT.en),
    also=("nodes_final", "nodes_minimum", "node_availability"))
def availability_nominal(short_at_nominal_ratio):
    return 1 - short_at_nominal_ratio


@number(Text("Disponibilidade no pico", "Availability at peak"), (
    spans_nodes, Text(
        "O mesmo para o pico: réplicas inteiras para todas as sessões com folga. " + INDEPENDENT.pt,
        "The same for the peak: whole replicas for all sessions with headroom. " + INDEPENDENT.en)),
    Text(
        "Parte do tempo em que {nodes_with_headroom} de {nodes_final} nós ou mais estão no ar. "
        + INDEPENDENT.pt,
        "Share of the time in which {nodes_with_headroom} of {nodes_final} nodes or more are up. "
        + INDEPENDENT.en),
    also=("nodes_final", "nodes_with_headroom", "node_availability"))
def availability_peak(short_at_peak_ratio):
    return 1 - short_at_peak_ratio


@number(Text("Horas por ano abaixo do pico", "Hours per year below the peak"), Text(
    "Horas em que, no pico, parte da carga espera ou é recusada.",
    "Hours in which, at the peak, part of the load waits or is refused."))
def short_hours_per_year(availability_peak):
    return HOURS_PER_YEAR * (1 - availability_peak)


@number(Text("Nós de reserva para o SLA", "Spare nodes for the SLA"), Text(
    "A menor reserva com que o pico fica no ar {sla_nines} do tempo; o cenário tem {ha_extra_nodes}.",
    "The fewest spares that keep the peak up {sla_nines} of the time; the scenario has {ha_extra_nodes}."),
    also=("sla",))
def spares_for_sla(nodes_for_sla, nodes_with_headroom):
    return nodes_for_sla - nodes_with_headroom


@number(Text("Sessões por nó na carga nominal", "Sessions per node at nominal load"), Text(
    "A carga nominal dividida pelos nós que atendem ({nodes_with_headroom}), sem contar com a reserva.",
    "The nominal load over the nodes that serve it ({nodes_with_headroom}), not counting on the spares."))
def planned_sessions_per_node(concurrency, nodes_with_headroom):
    return ceil(concurrency / nodes_with_headroom)


@number(Text("KV em uso por nó", "KV in use per node"), Text(
    "HBM ocupada por KV em cada nó na carga nominal.", "HBM that KV takes on each node at nominal load."))
def kv_in_use_gib(planned_sessions_per_node, kv_per_session_placed_gib):
    return planned_sessions_per_node * kv_per_session_placed_gib


@number()
def kv_in_use_gib__pipeline(concurrency, nodes_per_replica, nodes_with_headroom, kv_per_session_placed_gib,
                            largest_stage_layers, num_layers, stages_per_node, pipeline_parallel):
    return (ceil(concurrency * nodes_per_replica / nodes_with_headroom) * kv_per_session_placed_gib
            * largest_stage_layers * min(stages_per_node, pipeline_parallel) / num_layers)


@number()
def kv_in_use_gib__shared(planned_sessions_per_node, kv_per_session_placed_gib, shared_prefix_gib,
                          replicas_per_node, attention_ranks):
    return (planned_sessions_per_node * (kv_per_session_placed_gib - shared_prefix_gib)
            + replicas_per_node * attention_ranks * shared_prefix_gib)


@number()
def kv_in_use_gib__pipeline_shared(concurrency, nodes_per_replica, nodes_with_headroom,
                                   kv_per_session_placed_gib, shared_prefix_gib, replicas_per_node,
                                   largest_stage_layers, num_layers, stages_per_node, pipeline_parallel):
    return ((ceil(concurrency * nodes_per_replica / nodes_with_headroom)
             * (kv_per_session_placed_gib - shared_prefix_gib) + replicas_per_node * shared_prefix_gib)
            * largest_stage_layers * min(stages_per_node, pipeline_parallel) / num_layers)


@number()
def idle_kv_share(planned_sessions_per_node, active_ratio, kv_per_session_placed_gib, kv_budget_gib):
    return planned_sessions_per_node * (1 - active_ratio) * kv_per_session_placed_gib / kv_budget_gib


@number(Text("Livre no orçamento", "Free within the budget"), Text(
    "Espaço de KV que ainda recebe sessões em cada nó.",
    "Room for KV that still takes sessions on each node."))
def kv_free_gib(kv_budget_gib, kv_in_use_gib):
    return kv_budget_gib - kv_in_use_gib


@number(Text("HBM fora do orçamento", "HBM outside the budget"), Text(
    "HBM que o motor não pode usar: margem para fragmentação, picos de ativação e outros processos.",
    "HBM the engine may not use: margin for fragmentation, activation peaks and other processes."))
def reserved_gib(hbm_total_gib, kv_budget_ratio):
    return hbm_total_gib * (1 - kv_budget_ratio)


@number()
def reserved_gib__trtllm(hbm_total_gib, runtime_overhead_gib, kv_budget_ratio):
    return (hbm_total_gib - runtime_overhead_gib) * (1 - kv_budget_ratio)


# --- Restart: from the start of the engines until they answer

# Seconds until the first byte of the weights; of profiling, compiling, graphs and KV, and a layer's share of
# these: 59 start-up logs of vLLM 0.19 on H100 (llm-d-planner, 2026-04), half of which predict the other half.
# Then until the server answers: 4 to 6.
Start = namedtuple("Start", "boot_s init_s init_layer_s")
START = {False: Start(19, 10.1, 0.47)._asdict(), True: Start(32, 16.2, 0.47)._asdict()}  # several GPUs
READY_S = 5


@number(Text("Leitura do carregador", "Rate of the loader"), Text(
    "Do carregador {loader}, em uma réplica de um nó: medido em uma GPU e em {LOADER_RANKS} (por quem faz um "
    "deles), em linha reta entre elas. Réplicas de um nó leem cada uma por si, o que não foi medido.",
    "Of the loader {loader}, in one replica of a node: measured on one GPU and on {LOADER_RANKS} (by the "
    "maker of one of them), in a straight line between them. Replicas of a node read each on its own, which "
    "was not measured."),
    also=("loader",))
def loader_gbps(loader_one_gpu_gbps, loader_node_gbps, tensor_parallel, stages_per_node, pipeline_parallel):
    return (loader_one_gpu_gbps + (loader_node_gbps - loader_one_gpu_gbps)
            * (min(LOADER_RANKS, tensor_parallel * min(stages_per_node, pipeline_parallel)) - 1)
            / (LOADER_RANKS - 1))


@number(Text("Carga pelo carregador", "Load by the loader"), Text(
    "A parte do checkpoint que um nó lê para uma réplica, na velocidade do carregador.",
    "The share of the checkpoint that a node reads for a replica, at the loader's rate."))
def loader_load_s(checkpoint_gib, nodes_per_replica, loader_gbps):
    return checkpoint_gib * 2**30 / (10**9 * nodes_per_replica * loader_gbps)


# What the replicas of a node read at once; times the nodes that read at once where the profile is shared.
@number()
def node_read_s(checkpoint_gib, replicas_per_node, nodes_per_replica, throughput_read_gbps):
    return checkpoint_gib * 2**30 * replicas_per_node / (10**9 * nodes_per_replica * throughput_read_gbps)


@number(Text("Carga pelo armazenamento", "Load by the storage"), Text(
    "O que {storage} leva para servir todos os nós de uma vez; um perfil local ou em bloco serve o seu.",
    "What {storage} takes to serve all nodes at once; a local or block profile serves its own."))
def storage_load_s(node_read_s, storage_is_shared, nodes_final):
    return node_read_s * max(1, storage_is_shared * nodes_final)


@number(Text("Carga do modelo", "Load of the model"), Text(
    "Com todos os nós de uma vez limita {load_limit}; acima de {SLOW_MODEL_LOAD_S} s há um alerta.",
    "With all nodes at once {load_limit} limits; above {SLOW_MODEL_LOAD_S} s there is an alert."))
def model_load_s(loader_load_s, storage_load_s):
    return max(loader_load_s, storage_load_s)


@number()
def without_load_s(boot_s, init_s, init_layer_s, num_layers):
    return boot_s + init_s + init_layer_s * num_layers + READY_S


@number(Text("Início de um nó", "Start of a node"), Text(
    "Início do processo, leitura do checkpoint (o mais lento entre carregador e armazenamento, só este nó "
    "lendo) e preparo do motor: perfil, compilação, grafos.",
    "Start of the process, reading of the checkpoint (the slower of loader and storage, this node alone "
    "reading) and the engine's preparation: profile, compilation, graphs."))
def node_start_s(loader_load_s, node_read_s, without_load_s):
    return max(loader_load_s, node_read_s) + without_load_s


@number(Text("Início do cluster", "Start of the cluster"), Text(
    "Todos os nós de uma vez, reserva incluída.", "All nodes at once, spares included."))
def cluster_start_s(model_load_s, without_load_s):
    return model_load_s + without_load_s


@number(Text("Recuperação de uma réplica", "Recovery of a replica"), Text(
    "Depois de uma falha, os nós de uma réplica ({nodes_per_replica}) de uma vez; detectá-la é à parte.",
    "After a failure, the nodes of one replica ({nodes_per_replica}) at once; detecting it comes on top."),
    hidden=lambda nodes_per_replica: nodes_per_replica == 1)
def recovery_s(loader_load_s, node_read_s, storage_is_shared, nodes_per_replica, without_load_s):
    return max(loader_load_s, node_read_s * max(1, storage_is_shared * nodes_per_replica)) + without_load_s


@number(Text("Volume dos checkpoints", "Volume of the checkpoints"), Text(
    "A prover: uma cópia em um perfil compartilhado, uma por nó em um local ou em bloco.",
    "To provide: one copy on a shared profile, one per node on a local or block one."))
def storage_volume_gb(checkpoint_gib, storage_is_shared, nodes_final):
    return checkpoint_gib * max(1, (1 - storage_is_shared) * nodes_final) * 2**30 / 10**9


# --- KV offload: a session's KV kept outside HBM, against computing it again

HOST_TO_GPU_GBPS = 50                   # one way, to one H100 (vLLM blog, 2026-01-08: KV offloading)


@number(Text("Restaurar o KV de uma sessão", "Restoring the KV of a session"), Text(
    "O KV de uma sessão, uma cópia, lido de {storage} por uma restauração só; as simultâneas de um nó, e em "
    "um perfil compartilhado as de todos, repartem a leitura. Há um piso fora da conta: entre nós mediu-se "
    "de 0,03 s (gpt-oss-120b) a 1,3 s (modelo de 753 B).",
    "The KV of a session, one copy, read from {storage} by one restore alone; those at the same time on a "
    "node, and on a shared profile of all, share the rate. There is a floor that is not counted: between "
    "nodes 0.03 s (gpt-oss-120b) to 1.3 s (a model of 753 B) were measured."))
def kv_restore_s(kv_per_session_gib, throughput_read_gbps):
    return kv_per_session_gib * 2**30 / (10**9 * throughput_read_gbps)


@number(Text("Restaurar da memória do host", "Restoring from host memory"), Text(
    "Pelo enlace de uma GPU, como medido; as de uma réplica em paralelo devem levar menos, sem medição.",
    "Over the link of one GPU, as measured; those of a replica in parallel should take less, not measured."))
def kv_restore_from_host_s(kv_per_session_gib):
    return kv_per_session_gib * 2**30 / (10**9 * HOST_TO_GPU_GBPS)


@speed(Text("Recalcular o KV de uma sessão", "Computing the KV of a session again"), Text(
    "Prefill dos {effective_context} tokens em uma réplica sem outra carga.",
    "Prefill of the {effective_context} tokens on a replica with no other load."),
    also=("effective_context",))
def kv_recompute_s(prefill_of_context_ms):
    return prefill_of_context_ms / 1000


@number(Text("Ganho de restaurar", "Gain of restoring"), (
    lambda kv_restore_speedup: kv_restore_speedup >= 1, Text(
        "Restaurar de {storage} é {kv_restore_speedup} vezes mais rápido que recalcular.",
        "Restoring from {storage} is {kv_restore_speedup} times faster than computing again.")),
    Text(
    "Restaurar de {storage} é mais lento que recalcular: não guarde o KV ali.",
    "Restoring from {storage} is slower than computing again: do not keep KV there."))
def kv_restore_speedup(kv_recompute_s, kv_restore_s):
    return kv_recompute_s / kv_restore_s


@speed(Text("Leitura que empata com recalcular", "Rate that equals computing again"), Text(
    "Por réplica (por rank com atenção data-parallel): com mais que isto, restaurar uma sessão é mais rápido "
    "que recalculá-la.",
    "Per replica (per rank with data-parallel attention): with more than this, restoring a session is faster "
    "than computing it again."))
def kv_break_even_gbps(kv_per_session_gib, kv_recompute_s):
    return kv_per_session_gib * 2**30 / 10**9 / kv_recompute_s


@number(Text("Sessões por TB guardado", "Sessions per TB kept"), Text(
    "Cujo KV inteiro um TB (10^12 bytes) do armazenamento guarda.",
    "Whose whole KV a TB (10^12 bytes) of the storage keeps."))
def kv_sessions_per_tb(kv_per_session_gib):
    return floor(10**12 / (kv_per_session_gib * 2**30))


@number(Text("Sessões na memória do host, por nó", "Sessions in host memory, per node"), Text(
    "O máximo, com toda a memória: o que o próprio host usa não se conhece.",
    "The most, with all of the memory: what the host itself needs is not known."))
def kv_sessions_in_host_memory(system_memory_tb, kv_per_session_gib):
    return floor(system_memory_tb * 10**12 / (kv_per_session_gib * 2**30))


@number(Text("Offload compensa a partir de (sessões)", "Offload pays from (sessions)"), Text(
    "Sessões guardadas que a HBM dos nós para o pico já não segura. Medido com agentes (Kimi-K3, B300): "
    "abaixo o offload muda 1 a 5 %, acima a vazão é 5 vezes maior.",
    "Sessions kept that the HBM of the nodes for the peak does not hold any more. Measured with agents "
    "(Kimi-K3, B300): below it offload changes 1 to 5 %, above it throughput is 5 times as high."))
def offload_pays_from_sessions(nodes_with_headroom, nodes_per_replica, replicas_per_node,
                               memory_sessions_per_replica):
    return 1 + floor(nodes_with_headroom * replicas_per_node * memory_sessions_per_replica
                     / nodes_per_replica)


@number(Text("Volume do KV da carga", "Volume of the load's KV"), Text(
    "A prover, à parte dos checkpoints, se o KV de todas as {concurrency} sessões é guardado.",
    "To provide, beside the checkpoints, if the KV of all {concurrency} sessions is kept."))
def kv_volume_gb(kv_per_session_gib, concurrency):
    return kv_per_session_gib * concurrency * 2**30 / 10**9


RESULTS = tuple(name for name, row in NUMBERS.items() if row.label and "__" not in name)
SPEED_NUMBERS = tuple(name for name in RESULTS if not NUMBERS[name].exact)


def results_of(sheet: Sheet) -> list[str]:
    """The results of a plan: all but those of kinds of layers that its model does not have."""
    return [name for name in RESULTS if not name.endswith("_kv_bytes") or name in sheet.parts["kv_bytes"]]


# --- The formulas that the report shows

FUNCTIONS = {"ceil", "floor", "min", "max"}
NAME = re.compile(r"[A-Za-z_]\w*")


@lru_cache(maxsize=None)
def expression(calc: Callable) -> str:
    """What a number's function returns, as it stands in this file: from `return` to the blank line."""
    code = calc.__code__
    lines = linecache.getlines(code.co_filename, calc.__globals__)
    own = takewhile(str.strip, (lines[at] for at in range(code.co_firstlineno, len(lines))))
    head, found, text = "".join(own).partition("\n    return ")
    if not found or "def %s(" % calc.__name__ not in head:
        raise SizingError("%s: formulas are read from the program's file: expected one, unchanged since the "
                          "start" % code.co_filename)
    text = " ".join([line.partition("  #")[0].strip() for line in text.splitlines()])
    return unwrapped(text.replace("( ", "("))


def unwrapped(text: str) -> str:
    """An expression without brackets around the whole of it."""
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:  # what opens the text closes here
            return text[1:-1] if 0 < at == len(text) - 1 else text
    return text


class Formulas(dict):
    """{result: its formula over results and what is given}, with the terms it uses written out."""

    def __init__(self, cases: tuple, parts: tuple):
        super().__init__()
        self.cases, self.parts = dict(cases), dict(parts)

    def __missing__(self, name: str) -> str:
        row = NUMBERS[self.cases.get(name, name)]
        text = self.with_parts(row) if row.parts else expression(row.calc)
        self[name] = NAME.sub(lambda found: self.operand(
            row.bound.get(found[0], found[0]), text[:found.start()], text[found.end():]), text)
        return self[name]

    def with_parts(self, row: Number) -> str:
        """The expression of a number with the names that its `*parts` stand for."""
        text, names = expression(row.calc), self.parts[row.parts]
        parts = "(%s)" % row.calc.__code__.co_varnames[-1]
        if len(names) < 2:
            return re.sub(r"\w+" + re.escape(parts), "".join(names) or "0", text)
        text = text.replace("sum" + parts, "(%s)" % " + ".join(names))
        return unwrapped(text.replace(parts, "(%s)" % ", ".join(names)))

    def operand(self, name: str, before: str, after: str) -> str:
        """A name as it stands in a formula: a result or what is given by its name, a term by its expression.

        A term is in brackets where what stands `before` or `after` it binds more than its own signs.
        """
        row = NUMBERS.get(self.cases.get(name, name))
        if row is None or row.label:
            return name
        text = outside = self[name]
        if not before and not after.startswith((" *", " /")):
            return text
        while "(" in outside:
            outside = re.sub(r"\([^()]*\)", "", outside)
        tight = before.endswith(("/ ", "** ")) or after.startswith("**")
        return "(%s)" % text if re.search(" [-+*/] " if tight else " [-+] ", outside) else text


formulas_of = lru_cache(maxsize=2**8)(Formulas)  # of all sheets with the same cases and parts


def formulas(sheet: Sheet) -> Formulas:
    return formulas_of(tuple(sorted(sheet.cases.items())), tuple(sorted(sheet.parts.items())))


@lru_cache(maxsize=2**10)
def formula_inputs(formula: str) -> tuple[str, ...]:
    """Names that a formula uses, in order."""
    return tuple(name for name in dict.fromkeys(NAME.findall(formula)) if name not in FUNCTIONS)


def known_value(sheet: Sheet, name: str):
    """What a name of a formula stands for, in the sheet or as a constant; None where there is none."""
    if name.isupper():
        return shown(globals()[name])
    return sheet.find(name) if sheet.knows(name) else None


# === Plan: which sheets are made, and which is chosen ===

COUNTED_WEIGHTS = ("computed", "estimated")  # origins of weights that follow from the parameters
WEIGHTS_TOLERANCE = 1e-6  # stated against computed weights: beyond rounding they contradict


def params_bytes(params_by_precision: Mapping[str, int]) -> Fraction:
    """Bytes of parameters, each format by its own width."""
    return sum((count * exact(WEIGHT_PRECISIONS[name]) for name, count in params_by_precision.items()),
               Fraction(0))


def computed_weights_gib(model: Model, weights_precision: str) -> float | None:
    """GiB of the weights at a precision, unquantized parts and towers in 16 bits; None if unknown."""
    if model.params_by_precision and weights_precision == model.weights_precision:
        return float(weights_gib__mixed(params_bytes(model.params_by_precision), model.vision_params or 0))
    if model.total_params is None or model.unquantized_params is None:
        return None
    return float(weights_gib__computed(model.total_params, model.unquantized_params,
                                       exact(WEIGHT_PRECISIONS[weights_precision]), model.vision_params or 0))


def check_stated_weights(model: Model) -> None:
    """Raise SizingError when weights said to be computed are not those that the parameters give."""
    if model.weights_origin != "computed" or model.weights_gib is None:
        return
    found = model.weights_precision and computed_weights_gib(model, model.weights_precision)
    if not found:
        raise SizingError("weights_origin: computed weights need total_params, unquantized_params and "
                          "weights_precision")
    if abs(found - model.weights_gib) > WEIGHTS_TOLERANCE * found:
        raise SizingError("weights_gib: expected %.9g as computed from total_params, unquantized_params, "
                          "vision_params and weights_precision, got %.9g" % (found, model.weights_gib))


# Formats whose checkpoints leave the same parts in 16 bits as those of another.
KEPT_LIKE = {"fp4": "nvfp4", "fp8_block": "fp8", "int6": "int4", "int4_g128": "int4", "int3": "int4",
             "int2": "int4"}
# What a format may change of a model beside its weights.
QUANTIZED_FIELDS = ("unquantized_params", "whole_unquantized_params")


def is_16_bit(weights_precision: str | None) -> bool:
    return WEIGHT_PRECISIONS.get(weights_precision or "") == UNQUANTIZED_BYTES


def as_checkpoint(model: Model, precision: str) -> Model:
    """A model with what its commonest checkpoint of a format leaves in 16 bits, where one is known."""
    return replace(model, **(model.as_quantized or {}).get(KEPT_LIKE.get(precision, precision), {}))


@lru_cache(maxsize=2**10)
def with_weights(model: Model, weights_precision: str | None) -> Model:
    """`model` with weights of a precision: as stated where that is it, else computed; raises SizingError."""
    precision = weights_precision or model.weights_precision
    if precision is None or (precision == model.weights_precision and model.weights_gib is not None):
        return model
    if precision != model.weights_precision:             # else it says itself what it leaves
        model = as_checkpoint(model, precision)
    weights_gib = computed_weights_gib(model, precision)
    if weights_gib is None and weights_precision is None:
        return model
    if weights_gib is None:
        raise SizingError("weights_precision: %s states %s weights and not total_params and "
                          "unquantized_params, which other precisions need"
                          % (model.name, model.weights_precision or "no"))
    mtp_gib = float((model.mtp_params or 0) * exact(WEIGHT_PRECISIONS[precision]) / GIB)
    own, stored = precision == model.weights_precision, model.checkpoint_precision or model.weights_precision
    return replace(model, weights_precision=precision, weights_gib=weights_gib,
                   checkpoint_precision=None if precision == stored else stored,
                   params_by_precision=model.params_by_precision if own else None,
                   checkpoint_gib=weights_gib + mtp_gib,
                   weights_origin="computed" if own or is_16_bit(precision) else "estimated")


# --- The sheet of a model on a server

PART_NAMES = {row.parts for row in NUMBERS.values() if row.parts not in (None, "limits")}


def record_terms(record) -> tuple[dict, dict]:
    """(what a record states, by name; why a number is not there, for the fields that are null)."""
    values = {name: getattr(record, name) for name, kind, _ in record_fields(type(record))
              if kind not in ("list", "dict") and name not in ("name", "source")}
    return stated(values), {name: "not_known" for name, value in values.items() if value is None}


@lru_cache(maxsize=2**10)
def model_sheet(model: Model) -> Sheet:
    given, absent = record_terms(model)
    cases: dict[str, str] = {}
    given_by_kind(model, given, cases)
    given_by_weights(model, given, cases)
    terms = absent if model.weights_gib is None else given
    terms["stated_weights_gib"] = terms.pop("weights_gib")
    kinds = {*model.groups} - {"none", "index"}
    if kinds & {"state", "ring"}:
        absent.update(kv_without_hybrid_manager_gib="not_applicable",
                      kv_unmanaged_placed_gib="not_applicable")
    if not kinds & {*WHOLE_KINDS}:
        absent["shared_prefix_gib"] = "not_applicable"
    if "state" not in kinds and not kinds & {*WHOLE_KINDS}:
        cases.update(CASES["all_slide"])
    given["tables_in_host"] = model.host_params or 0
    given["kv_precision_matters"] = bool(kinds & {*TOKEN_KINDS})
    given["accepted_keys"] = ", ".join(model.config_accepted or ())
    given["hybrid_manager_matters"] = bool(kinds & {"sliding", "chunked"} and kinds & {"full", "latent"})
    parts = {part: tuple([kind + "_" + part for kind in model.groups if kind + "_" + part in NUMBERS])
             for part in PART_NAMES}
    for kind in LAYER_KINDS:
        if kind not in model.groups:
            absent.update((name, "not_applicable") for name in NUMBERS if name.startswith(kind + "_"))
    return Sheet().bind(given, cases, {name: why for name, why in absent.items() if name not in given}, parts)


@lru_cache(maxsize=2**10)
def server_sheet(server: Server) -> Sheet:
    given, absent = record_terms(server)
    amd = server.gpu_interconnect == "infinity_fabric"
    given.update(server=server.name,
                 memory_efficiency=AMD_MEMORY_EFFICIENCY if amd else MEMORY_EFFICIENCY)
    if server.nvlink_bandwidth_tbps is None:
        absent["link_tbps"] = "speed_not_known"
    else:
        given["link_tbps"] = server.nvlink_bandwidth_tbps / server.gpus / 2
    cases = {**({} if server.driver_mib_per_gpu else CASES["brochure"]), **(CASES["amd"] if amd else {})}
    return Sheet().bind(given, cases, absent)


@lru_cache(maxsize=2**10)
def site(model: Model, server: Server) -> Sheet:
    own = server_sheet(server)
    terms = precision_terms(model, server, model.weights_precision) if model.weights_precision else {}
    return model_sheet(model).bind({**own, **terms}, own.cases, own.absent)


def given_by_kind(model: Model, given: dict, cases: dict) -> None:
    """Fields of the layer groups; how vLLM pools and blocks them."""
    for kind, group in model.groups.items():
        for name, value in group.items():
            if name not in ("beside", "kv_heads_by_layer"):
                given[kind + "_" + name if name in OF_A_KIND else name] = value
        if kind in HEAD_KINDS:
            given.setdefault(kind + "_v_head_dim", group["head_dim"])
            if "v_head_dim" in group:
                cases[kind + "_kv_bytes"] = kind + "_kv_bytes__narrow_values"
    given.setdefault("state_pages", STATE_PAGES)
    given_by_own_formats(model, given, cases)
    layers = {kind: group["layers"] for kind, group in model.groups.items()}
    given.update(pool_terms(layers))
    given.update(batches_in_flight=BATCHES_IN_FLIGHT, block_tokens=BLOCK_TOKENS)
    beside = {*model.groups} & {*TOKEN_KINDS}
    if "state" in model.groups:
        cases.update(CASES["state" if beside else "state_alone"])
    elif "latent" in model.groups:
        given["block_tokens"] = LATENT_BLOCK_TOKENS
    elif not beside:
        given["block_tokens"] = OWN_FORMAT_BLOCK_TOKENS
    if has_indexed_latents(model.groups):
        cases.update(CASES["sparse"])
    own = {kind: count for kind, count in layers.items() if not model.groups[kind].get("beside")}
    given["small_kernels_layers"] = layers.get("latent", 0) + layers.get("state", 0) + own.get("ring", 0)
    given["sparse_layers"] = layers.get("index", 0) + layers.get("packed", 0)
    # where each layer is one mixer (Nemotron-H), attention and experts have one sum and a state has none
    given["all_reduces"] = (model.num_layers - layers["state"] if {"state", "none"} <= {*layers}
                            else 2 * model.num_layers)


def given_by_own_formats(model: Model, given: dict, cases: dict) -> None:
    """What packed entries and rings leave out, and how an index spares the full layers reading."""
    packed, ring = model.groups.get("packed", {}), model.groups.get("ring", {})
    given.setdefault("packed_tokens", 1)
    given.setdefault("packed_scanned_bytes", packed.get("packed_bytes"))
    given.setdefault("packed_chosen_bytes", 0)
    if "ring_token_bytes" not in ring:
        cases.update(CASES["fixed"])
    if "chosen_layers" in model.groups.get("full", {}):
        cases.update(CASES["chosen"])
    heads = model.groups.get("full", {}).get("kv_heads_by_layer")
    if heads:
        cases.update(CASES["by_layer"])
        given["kv_heads_of_layers"] = sum(heads)


def pool_terms(layers: Mapping[str, int]) -> dict:
    """How many layers vLLM groups, and those of each kind padded to whole groups."""
    pooled = {kind: count for kind, count in layers.items() if kind not in ("none", "index", *OWN_FORMATS)}
    if not pooled:
        return {}
    most, fewest = max(pooled.values()), min(pooled.values())
    # to multiples of one size (vLLM 0.19 to 0.32, kv_cache_utils.py)
    grouped = most if most < 1.5 * fewest else fewest
    return {"group_layers": grouped,
            **{kind + "_layers_padded": -(-count // grouped) * grouped for kind, count in pooled.items()}}


def given_by_weights(model: Model, given: dict, cases: dict) -> None:
    """Where the weights come from, and the rotary tables that stated weights include.

    Each GPU keeps two bytes per rotary element and position, as vLLM builds them (and logs them among the
    weights): Llama-4-Scout, 10 million positions, 53.12 GiB logged per GPU, 50.2 without; Gemma-3-4B, linear
    scaling by 8, 8.58 logged, 8.0 without.
    """
    if not model.num_experts:
        given.update(num_experts=1, num_experts_per_tok=0, moe_layers=0, expert_params=0)
    if model.weights_origin in COUNTED_WEIGHTS:
        cases.update(CASES["mixed" if model.params_by_precision else "computed"])
        given.update(mixed_terms(model.params_by_precision or {}))
    if model.whole_params and model.weights_precision:
        cases.update(CASES["whole"])
        given["whole_unquantized_params"] = model.whole_unquantized_params or 0
    if model.vocab_size is None or model.hidden_size is None:
        cases.update(CASES["activation_unknown"])
    widths = [group[name] for group in model.groups.values() for name in ("head_dim", "qk_rope_head_dim")
              if name in group]
    given.update(
        draft_tokens=0, model=model.name, name_says_quantised=says_quantised(model),
        loaded_vision_params=model.vision_params or 0,
        rotary_positions=model.rope_positions or model.max_position_embeddings,
        rotary_width=0 if model.weights_origin is None else max(widths, default=0))


QUANTISED_NAME = r"(?<![a-z])((nv|mx)?fp[48]|awq|gptq|int[48]|w[48]a(4|8|16))(?![0-9])"


def says_quantised(model: Model) -> bool:
    """Whether the name under which a config.json was read contradicts the 16 bits that it states."""
    told = any("quantization_config" in line for line in model.config_derived or ())
    return bool(model.config_read is not None and model.weights_origin != "safetensors" and not told
                and is_16_bit(model.weights_precision) and re.search(QUANTISED_NAME, model.name.lower()))


def mixed_terms(params_by_precision: Mapping[str, int]) -> dict:
    """What a checkpoint of several formats takes, and how much of it each is, largest first."""
    formats = sorted(params_by_precision, key=lambda name: -params_by_precision[name])
    return {"params_bytes": params_bytes(params_by_precision), "stored_as": Text(*(
        ", ".join("%s %s" % (name, written(params_by_precision[name], lang)) for name in formats)
        for lang in LANGUAGES))} if formats else {}


# The precisions in which products with weights may run, best first: a GPU without one takes the next.
COMPUTE_PRECISIONS = {"bf16": ("bf16",), "fp16": ("bf16",), "fp8": ("fp8", "bf16"),
                      "fp8_block": ("fp8", "bf16"), "int8": ("fp8", "bf16"),
                      **dict.fromkeys(("int6", "int4", "int4_g128", "int3", "int2"), ("bf16",)),
                      "fp4": ("fp4", "fp8", "bf16"), "nvfp4": ("fp4", "fp8", "bf16"),
                      "mxfp4": ("fp4", "fp8", "bf16")}


def precision_terms(model: Model, server: Server, weights_precision: str) -> dict:
    """What follows from the format of the weights."""
    bytes_per_weight = WEIGHT_PRECISIONS[weights_precision]
    terms = {"weights_precision": weights_precision, "bytes_per_weight": bytes_per_weight}
    compute = next((name for name in COMPUTE_PRECISIONS[weights_precision]
                    if getattr(server, "dense_tflops_" + name)), "")
    total, embedding = model.total_params, model.embedding_params
    width, vocabulary = model.hidden_size, model.vocab_size
    if total is None or embedding is None or width is None or vocabulary is None or not compute:
        return terms
    kept_params = head_params = width * vocabulary
    fixed_params = total - model.routed_params() - embedding
    if model.unquantized_params is not None:
        kept_params = max(0, model.unquantized_params - embedding)
    if kept_params < head_params:  # no head among them: it is the embedding table, read after all
        fixed_params, kept_params = fixed_params + head_params, kept_params + head_params
    bf16_params = fixed_params if bytes_per_weight == 2 else min(kept_params, fixed_params)
    return dict(terms, compute_precision=compute, dense_tflops=getattr(server, "dense_tflops_" + compute),
                format_ms=FORMAT_MS.get(weights_precision, 0), bf16_efficiency=PREFILL_EFFICIENCY["bf16"],
                prefill_efficiency=FP8_BESIDE_FP4_EFFICIENCY if compute == "fp8" and server.dense_tflops_fp4
                else PREFILL_EFFICIENCY[compute],
                bf16_params=bf16_params, quantized_params=fixed_params - bf16_params,
                # in whole bytes (0: 4 bits)
                widened=int(int(WEIGHT_PRECISIONS[compute]) > int(bytes_per_weight)))


# --- Layouts

# The rule, as the report prints it; `SLOW_TOKENS_PER_S` is the comfortable reading that the alert on slow
# tokens means too.
RULE = Text(
    "Regra: em um nó, a disposição com mais sessões a tempo (a meta, ou sem ela {SLOW_TOKENS_PER_S} tokens/s "
    "por sessão pelo TPOT para SLA); uma réplica só passa de um nó onde nenhuma cabe em um.",
    "Rule: on one node, the layout with most sessions in time (the target, or else {SLOW_TOKENS_PER_S} "
    "tokens/s per session by the committed TPOT); a replica spans nodes only where none fits one.")
SLOW_TOKENS_PER_S = 10
IN_TIME_MS = 1000 / SLOW_TOKENS_PER_S
REFUSALS = {
    "heads_not_divisible": Text("cabeças de atenção ({num_attention_heads}) não divisíveis",
                                "attention heads ({num_attention_heads}) not divisible"),
    "kv_heads_not_divisible": Text("cabeças KV não dividem nem são divididas",
                                   "KV heads neither divide nor are divided"),
    "weights_do_not_fit": Text("os pesos não cabem em uma réplica", "the weights do not fit a replica"),
    "no_session_fits": Text("nenhuma sessão cabe ao lado dos pesos", "no session fits beside the weights"),
    "speed_not_known": Text("velocidade desconhecida nesta disposição", "speed is not known for this layout"),
    "target_missed": Text("não cumpre a meta", "misses the target"),
}
# An all-reduce over PCIe where the catalog states none, (GB/s, microseconds): between two server cards, as on
# RTX PRO 6000 (14 public points); on cards without peer-to-peer between any (8 points, one machine).
TWO_SERVER_CARDS, NO_PEER = (38, 12), (1.6, 40)
SERVER_CARDS, CARDS_WITHOUT_PEER = ("H100", "H200", "RTX PRO 6000"), ("RTX 4090",)
# GPUs whose serving measurements the constants of speed were fitted on, and others of their families.
MEASURED_GPUS = ("H100", "H200", "B200", "GB200", "B300", "GB300")
# Where speed is an estimate: the same formula, with its own factor for what to commit to, and its evidence.
# The largest factor of those that apply holds.
Estimate = namedtuple("Estimate", "applies factor text")
ESTIMATES = {
    "data_parallel_attention": Estimate(
        lambda model, server, layout: layout.attention_ranks > 1, 1.4,
        Text("atenção data-parallel (31 medições: mediana 14 %, p90 34 %; respostas abaixo de 1.000 tokens "
             "ficam de 2 a 6 vezes mais lentas)",
             "data-parallel attention (31 measurements: median 14 %, p90 34 %; answers below 1,000 tokens "
             "run 2 to 6 times slower)")),
    "no_peer": Estimate(
        lambda model, server, layout: server.gpu_interconnect == "pcie" and layout.tensor_parallel > 1
        and server.gpu in CARDS_WITHOUT_PEER, 1.5,
        Text("placas sem comunicação direta (8 medições de uma só máquina)",
             "cards without peer-to-peer (8 measurements of one machine)")),
    "pcie": Estimate(
        lambda model, server, layout: server.gpu_interconnect == "pcie" and layout.tensor_parallel == 2
        and server.gpu not in CARDS_WITHOUT_PEER, 1.3,
        Text("duas GPUs ligadas por PCIe (14 medições: de −23 a +16 %)",
             "two GPUs connected over PCIe (14 measurements: −23 to +16 %)")),
    "pcie_wide": Estimate(
        lambda model, server, layout: server.gpu_interconnect == "pcie" and layout.tensor_parallel > 2
        and server.gpu not in CARDS_WITHOUT_PEER, 1.5,
        Text("GPUs ligadas por PCIe (somas medidas na placa, nenhuma medição de serviço)",
             "GPUs connected over PCIe (sums measured on the board, no serving measurement)")),
    "amd": Estimate(
        lambda model, server, layout: server.gpu_interconnect == "infinity_fabric", 1.3,
        Text("GPUs AMD, modelo denso (21 medições: todas a menos de 30 %, mediana 8 %)",
             "AMD GPUs, dense model (21 measurements: all within 30 %, median 8 %)")),
    "pipeline": Estimate(
        lambda model, server, layout: layout.pipeline_parallel > 1, 1.5,
        Text("pipeline parallel (só a conta, sem medição)", "pipeline parallel (arithmetic only, no "
            "measurement)")),
    "a100": Estimate(
        lambda model, server, layout: server.gpu == "A100", 1.5,
        Text("A100 (em carga alta, de 20 a 50 % mais lenta que a conta)",
             "A100 (under high load 20 to 50 % slower than the formula)")),
    "other_gpu": Estimate(
        lambda model, server, layout: server.gpu not in (*MEASURED_GPUS, "A100")
        and server.gpu_interconnect != "infinity_fabric", 1.3,
        Text("GPU fora das 923 medições (pontos públicos de uma só RTX 4090, 5090 ou PRO 6000: erro de 5 a "
             "16 %)",
             "a GPU outside the 923 measurements (public points of a single RTX 4090, 5090 or PRO 6000: off "
             "by 5 to 16 %)")),
    "own_format": Estimate(
        lambda model, server, layout: not {*OWN_FORMATS}.isdisjoint(model.groups), 1.5,
        Text("camadas com entradas de formato próprio (só a conta, sem medição)",
             "layers with entries in a format of their own (arithmetic only, no measurement)")),
    "small_model": Estimate(
        lambda model, server, layout: (model.total_params or SMALL_MODEL_PARAMS) < SMALL_MODEL_PARAMS, 1.5,
        Text("modelo abaixo de 3 bilhões de parâmetros (o hospedeiro o limita: cerca de 11 ms por passo)",
             "a model below 3 billion parameters (bound by its host: some 11 ms a step)")),
}
SMALL_MODEL_PARAMS = 3 * 10**9
# What no estimate covers: condition, and words.
OUTSIDE_SPEED = {
    "experts_on_amd": (
        lambda model, server, layout: server.gpu_interconnect == "infinity_fabric" and model.num_experts,
        Text("medições de modelos com especialistas em GPUs AMD (lá o software decide: de 0,83 a 3,1 vezes a "
             "conta)",
             "measurements of models with experts on AMD GPUs (software decides there: 0.83 to 3.1 times the "
             "formula)")),
}


@lru_cache(maxsize=2**8)
def divisors(number: int) -> tuple[int, ...]:
    return tuple(size for size in range(1, number + 1) if number % size == 0)


def sizes_of(server: Server, tensor_parallel: int | str) -> tuple[int, ...]:
    return divisors(server.gpus) if tensor_parallel == "auto" else (int(tensor_parallel),)


def refusal(model: Model, tensor_parallel: int) -> str | None:
    """Why the layers of `model` cannot be spread over so many GPUs, a key of REFUSALS; None when they can."""
    if model.num_attention_heads and model.num_attention_heads % tensor_parallel:
        return "heads_not_divisible"
    for kind in {*HEAD_KINDS} & {*model.groups}:
        group = model.groups[kind]
        for heads in group.get("kv_heads_by_layer", [group["num_key_value_heads"]]):
            if heads % tensor_parallel and tensor_parallel % heads:
                return "kv_heads_not_divisible"
    return None


def can_spread(model: Model) -> bool:
    """Whether attention can run data-parallel with the experts spread, and its memory is known."""
    return bool(model.moe_layers and model.weights_gib and model.weights_precision)


def board_figures(server: Server, gpus: int) -> tuple[float, float] | None:
    """(GB/s, microseconds) of an all-reduce between so many GPUs that PCIe connects; None if not known."""
    rates, latencies_us = server.all_reduce_gbps or {}, server.all_reduce_us or {}
    if str(gpus) in rates:
        return rates[str(gpus)], latencies_us[str(gpus)]
    if server.gpu_interconnect != "pcie":
        return None
    if server.gpu in CARDS_WITHOUT_PEER:
        return NO_PEER
    return TWO_SERVER_CARDS if gpus == 2 and server.gpu in SERVER_CARDS else None


def speed_unknowns(model: Model, server: Server, tensor_parallel: int) -> list[str]:
    """Names of the figures without which nothing can be said about speed; empty when all are known."""
    needed = ["total_params", "active_params", "hidden_size", "num_attention_heads", "vocab_size",
              "embedding_params"]
    if model.num_experts or (model.total_params and model.active_params
                             and model.active_params < model.total_params):
        needed += EXPERT_FIELDS
    missing = [name for name in needed if getattr(model, name) is None]
    missing += [name for name in ("hbm_bandwidth_per_gpu_tbps", "dense_tflops_bf16")
                if getattr(server, name) is None]
    if tensor_parallel > 1 and not board_figures(server, tensor_parallel):
        if server.gpu_interconnect == "pcie":
            missing.append("all_reduce_gbps")
        elif server.nvlink_bandwidth_tbps is None:
            missing.append("nvlink_bandwidth_tbps")
    return missing


@lru_cache(maxsize=2**10)
def speed_missing(model: Model, server: Server, layout: Layout) -> tuple[str, ...]:
    """Why the speed of a layout is not known: figures, or keys of OUTSIDE_SPEED; empty when it is."""
    missing = speed_unknowns(model, server, layout.tensor_parallel)
    if model.weights_precision is None:
        missing.append("weights_precision")
    return (*missing, *outside_speed(model, server, layout))


def outside_speed(model: Model, server: Server, layout: Layout) -> list[str]:
    """The keys of OUTSIDE_SPEED that apply to a layout."""
    return [name for name, (outside, _) in OUTSIDE_SPEED.items() if outside(model, server, layout)]


@lru_cache(maxsize=2**10)
def estimates_of(model: Model, server: Server, layout: Layout) -> tuple[str, ...]:
    """The keys of ESTIMATES that the speed of a layout rests on; empty where measurements cover it."""
    return tuple(name for name, row in ESTIMATES.items() if row.applies(model, server, layout))


def speed_basis(model: Model, server: Server, layout: Layout) -> str | None:
    """What the speed of a layout rests on: "measured", "estimate", or None where it is not known."""
    if speed_missing(model, server, layout):
        return None
    return "estimate" if estimates_of(model, server, layout) else "measured"


def listed_words(names: Iterable[str], words: Mapping[str, Text]) -> Text:
    """`names` as a reader sees them: the words of each, or the name where it is that of a figure."""
    named = [words.get(name, Text(name, name)) for name in names]
    return Text(*(", ".join(getattr(text, lang) for text in named) for lang in LANGUAGES))


def missing_words(missing: Iterable[str]) -> Text:
    return listed_words(missing, {name: text for name, (_, text) in OUTSIDE_SPEED.items()})


@lru_cache(maxsize=2**12)                                # searches and scenarios ask for the same ones
def place(asked: Request, layout: Layout, lenient: bool = False) -> Placement:
    """A layout with its numbers, and why it holds no session; `asked` is the `replica` of a request."""
    sheet = on_replica(asked, layout)
    sheet.update(at_any_context(before_context(asked), layout))
    sessions = sessions_at_target(asked, layout, lenient)
    if sessions is not None:
        sheet["active_sessions_at_target"] = sessions * exact(asked.active_ratio)
    known = [limit.number for limit in LIMITS.values() if sheet.reason(limit.number) is None]
    sheet = sheet.bind({}, parts={"limits": tuple(known)})
    sheet["holds_sessions"] = sheet["sessions_per_replica"] > 0
    sheet["holds_in_memory"] = sheet["memory_sessions_per_replica"] > 0
    return Placement(layout, sheet, refusal_of(sheet), speed_basis(asked.model, asked.server, layout))


def refusal_of(sheet: Sheet) -> str | None:
    """Why a placed layout holds no session, a key of REFUSALS; None when it holds one."""
    if sheet["holds_sessions"]:
        return None
    if sheet["kv_budget_gib"] < 0:
        return "weights_do_not_fit"
    if not sheet["holds_in_memory"]:
        return "no_session_fits"
    return "target_missed" if sheet["speed_known"] else "speed_not_known"


# Searches and scenarios ask again with another context, budget or target: what does not follow from these is
# worked out once.
BUDGET = ("kv_budget_ratio", "runtime_overhead_gib")
TARGETS = ("tpot_ms", "ttft_ms")
AT_ANY_CONTEXT = ("replicas_per_node", "nodes_per_replica", "stages_per_node", "largest_stage_layers",
                  "engine_gib_per_gpu", "runtime_overhead_gib", "kv_budget_gib")


@lru_cache(maxsize=2**12)
def without(asked: Request, *names: str) -> Request:
    return asked.but(**dict.fromkeys(names))


@lru_cache(maxsize=2**10)
def before_context(asked: Request) -> Request:
    return without(asked, "effective_context", *TARGETS)


@lru_cache(maxsize=2**10)
def at_any_budget(asked: Request) -> Request:
    return without(asked, *BUDGET, *TARGETS)


@lru_cache(maxsize=2**12)
def at_any_context(asked: Request, layout: Layout) -> dict:
    sheet = on_replica(asked, layout)
    return {name: sheet[name] for name in AT_ANY_CONTEXT}


def on_replica(asked: Request, layout: Layout) -> Sheet:
    given = stated({name: getattr(asked, name) for name in (*BUDGET, *TARGETS)})
    cases = {**CASES.get(asked.engine, {})}
    origin = "computed" if asked.model.weights_gib else "weights_unknown"
    if "runtime_overhead_gib" in given:
        origin, given["given_overhead_gib"] = "given", given.pop("runtime_overhead_gib")
    given["overhead_origin"] = origin
    if origin != "computed":
        cases["runtime_overhead_gib"] = "runtime_overhead_gib__" + origin
    return on_ranks(at_any_budget(asked), layout).bind(given, cases)


# The memory of a GPU, as the driver reports it or as the brochure states it, decides what engines default to.
@lru_cache(maxsize=2**10)
def gpu_class(server: Server) -> GpuClass:
    gib = server.driver_mib_per_gpu / 1024 if server.driver_mib_per_gpu else server.hbm_per_gpu_gb * GB / GIB
    return next(one for one in GPU_CLASSES if gib >= one.from_gib)


@lru_cache(maxsize=2**10)
def batch_defaults(server: Server) -> dict:
    found = GPU_CLASSES[-1] if server.gpu in SMALL_BATCH_GPUS else gpu_class(server)
    return {name: getattr(found, name) for name in ("max_num_batched_tokens", "max_num_seqs")}


def engine_memory(server: Server, tensor_parallel: int) -> dict:
    found = gpu_class(server)
    if tensor_parallel == 1:
        return {"non_torch_gib": NON_TORCH_ONE_GPU_GIB, "cuda_graph_gib": found.cuda_graph_one_gpu_gib}
    return {"non_torch_gib": found.non_torch_gib, "cuda_graph_gib": found.cuda_graph_gib}


@lru_cache(maxsize=2**10)                                # contexts, budgets and targets rest on the same
def on_ranks(asked: Request, layout: Layout) -> Sheet:
    """The sheet of the ranks of a replica."""
    model, server = asked.model, asked.server
    values = {name: getattr(asked, name) for name in OF_A_REPLICA}
    values["given_overhead_gib"] = values.pop("runtime_overhead_gib")
    if asked.effective_context is not None:
        # while decoding a session attends to what the request brings, and to no more than it holds
        values["context_tokens"] = min(asked.effective_context, asked.input_tokens + asked.output_tokens / 2)
    given = {**batch_defaults(server), **stated(values)}
    absent = {name: "not_asked" for name in (*values, "active_sessions_at_target") if name not in given}
    given.update(engine_memory(server, layout.tensor_parallel), tpot_factor=1, ttft_factor=1,
                 ttft_spread=TTFT_SPREAD, accepted_tokens=asked.acceptance_length or 1,
                 bytes_per_element=KV_PRECISIONS[asked.kv_precision], **engine_terms(asked.engine, server))
    given.update(layout_terms(layout, server, model), **basis_terms(asked, layout))
    given["committed_factor"] = max([given["committed_factor"], *(
        ESTIMATES[name].factor for name in estimates_of(model, server, layout))])
    cases = {**packed_case(model, asked.kv_precision), **layout_cases(layout, server),
             **pass_cases(layout.attention_ranks > 1, asked.draft_tokens)}
    if asked.shared_prefix_tokens:
        cases.update(prefix_cases(model, layout))
    if asked.text_only_model:
        given["loaded_vision_params"] = 0
        cases.update(CASES["text_only"] if model.vision_params and model.weights_origin not in COUNTED_WEIGHTS
                     else {})
    sheet = site(model, server).bind({**given, **draft_terms(model, asked.draft_tokens)}, cases, absent)
    fit_to_measurements(sheet, asked)
    sheet.find("kv_per_session_placed_gib")              # every context on these ranks reads it
    return sheet


def fit_to_measurements(sheet: Sheet, asked: Request) -> None:
    """Scale the expected TPOT and TTFT to what was measured: what was measured needs no engine's margin."""
    measured = sheet.bind({"active_sessions": asked.measured_sessions})
    if asked.measured_tpot_ms is not None and measured.find("tpot_expected_ms") is not None:
        sheet.update(tpot_factor=asked.measured_tpot_ms / measured["tpot_expected_ms"], committed_factor=1.0)
    if asked.measured_ttft_ms is not None and measured.find("ttft_expected_ms") is not None:
        sheet.update(ttft_factor=asked.measured_ttft_ms / measured["ttft_expected_ms"],
                     ttft_spread=TTFT_SPREAD_MEASURED)


def basis_terms(asked: Request, layout: Layout) -> dict:
    """What the speed of a layout rests on, and what it is missing."""
    missing = speed_missing(asked.model, asked.server, layout)
    rests_on = estimates_of(asked.model, asked.server, layout)
    basis = speed_basis(asked.model, asked.server, layout)
    return {"speed_known": not missing, "speed_missing": missing_words(missing),
            "speed_estimated": basis == "estimate",
            "speed_rests_on": listed_words(rests_on, {name: row.text for name, row in ESTIMATES.items()}),
            "basis": BASES["own" if asked.measured_tpot_ms else basis or "estimate"],
            "engine_is_vllm": asked.engine in ("generic", "vllm"),
            "tpot_measured": asked.measured_tpot_ms is not None,
            "ttft_measured": asked.measured_ttft_ms is not None}


def draft_terms(model: Model, draft_tokens: int) -> dict:
    """What drafts load and keep: the MTP layers of the model, beside those that attend to all tokens."""
    terms = {"draft_params": 0, "bytes_per_draft_weight": 0, "drafts_not_counted": False}
    if not draft_tokens:
        return terms
    if not (model.mtp_params and model.mtp_layers and model.weights_precision):
        return dict(terms, drafts_not_counted=True)
    layers = {kind: group["layers"] for kind, group in model.groups.items()}
    for kind in {*WHOLE_KINDS} & {*layers} - {"packed"}:  # whose bytes are stated for all layers together
        layers[kind] += model.mtp_layers
    return dict(terms, draft_params=model.mtp_params,
                bytes_per_draft_weight=WEIGHT_PRECISIONS[model.weights_precision],
                **{kind + "_layers": layers[kind] for kind in layers}, **pool_terms(layers))


# The cases that a layout brings; where two have the same number, the later one's holds. On one GPU (`alone`)
# nothing crosses a link.
BY_LAYOUT: dict[str, Callable[[Layout, Server], bool]] = {
    "alone": lambda layout, server: layout.tensor_parallel == 1,
    "board": lambda layout, server: layout.tensor_parallel > 1 and bool(
        board_figures(server, layout.tensor_parallel)),
    "data": lambda layout, server: layout.attention_ranks > 1,
    "pipeline": lambda layout, server: layout.pipeline_parallel > 1,
    "spanning": lambda layout, server: layout.tensor_parallel * layout.pipeline_parallel > server.gpus,
}


@lru_cache(maxsize=2**10)
def layout_cases(layout: Layout, server: Server) -> dict[str, str]:
    return {number: name for case, applies in BY_LAYOUT.items() if applies(layout, server)
            for number, name in CASES[case].items()}


def pass_cases(spread: bool, draft_tokens: int) -> dict[str, str]:
    """The cases of experts that are spread whole over the GPUs, and of drafts."""
    return {**(CASES["spread"] if spread else {}), **(CASES["drafts"] if draft_tokens else {})}


def prefix_cases(model: Model, layout: Layout) -> dict[str, str]:
    """The cases of a prefix of all sessions; a model that keeps no context whole shares only its prefill."""
    if not {*WHOLE_KINDS} & {*model.groups}:
        return {"cached_tokens": CASES["shared"]["cached_tokens"]}
    spread = ("data_shared" if layout.attention_ranks > 1 else
              "pipeline_shared" if layout.pipeline_parallel > 1 else "shared")
    return {**CASES["shared"], **CASES[spread]}


def has_indexed_latents(kinds: Iterable[str]) -> bool:
    """Whether layers of these kinds choose among latents by an index, in whatever format."""
    return "latent" in kinds and not {"index", "packed"}.isdisjoint(kinds)


def packed_case(model: Model, kv_precision: str) -> dict[str, str]:
    return CASES["packed"] if kv_precision in PACKED_BY_INDEX and has_indexed_latents(model.groups) else {}


def engine_terms(engine: str, server: Server) -> dict:
    """What an engine adds; before the first token AMD's software takes as long as SGLang's."""
    terms = ENGINES[engine]._asdict()
    if server.gpu_interconnect == "infinity_fabric":
        terms["first_token_layer_ms"] = max(one.first_token_layer_ms for one in ENGINES.values())
    return terms


def layout_terms(layout: Layout, server: Server, model: Model) -> dict:
    """The ranks of a layout, the KV heads that they hold together where layers differ in that, and how its
    GPUs exchange where the board was measured."""
    board = board_figures(server, layout.tensor_parallel) if layout.tensor_parallel > 1 else None
    terms = dict(layout._asdict(), kv_ranks=layout.tensor_parallel // layout.attention_ranks,
                 expert_parallel=layout.tensor_parallel if layout.attention_ranks > 1 else 1)
    heads = model.groups.get("full", {}).get("kv_heads_by_layer")
    if heads:
        terms.update(kv_heads_on_ranks=sum(max(count, terms["kv_ranks"]) for count in heads))
    if board:
        terms.update(board_gbps=board[0], all_reduce_latency_ms=board[1] / 1000)
    return terms


def sessions_at_target(asked: Request, layout: Layout, lenient: bool = False) -> int | None:
    """Sessions of a replica (active_ratio of them generating) whose committed figures hold the targets.

    None where there is no target; 0 where speed is not known. `lenient`: a TTFT that only the expected figure
    holds leaves one session generating.
    """
    if asked.tpot_ms is None and asked.ttft_ms is None:
        return None
    if speed_missing(asked.model, asked.server, layout):
        return 0
    held = [sessions_in_time(at_any_budget(asked), layout, number, limit_ms)
            for number, limit_ms in (("tpot_committed_ms", asked.tpot_ms), ("ttft_high_ms", asked.ttft_ms))
            if limit_ms is not None]
    if lenient and sessions_in_time(at_any_budget(asked), layout, "ttft_expected_ms", asked.ttft_ms or 0):
        one = last_within(1, COUNT.high, lambda sessions: sessions * asked.active_ratio)
        held[-1] = max(held[-1], one, 1)
    return min(held)


@lru_cache(maxsize=2**10)
def at_any_load(asked: Request, layout: Layout) -> Sheet:
    """The sheet of a replica with the numbers on speed that no load changes."""
    return with_what_no_load_changes(on_replica(asked, layout))


def with_what_no_load_changes(sheet: Sheet) -> Sheet:
    """The sheet of a replica, the numbers on speed that no load changes worked out in it."""
    for name in ("ttft_idle_ms", "cache_read_bytes"):
        sheet.find(name)
    return sheet


@lru_cache(maxsize=2**12)                                # memory does not matter here, and searches change it
def sessions_in_time(asked: Request, layout: Layout, number: str, limit_ms: float) -> int:
    """The most sessions of a replica at which a number on speed is within its limit; 0 if none."""
    sheet = at_any_load(asked, layout)
    return last_within(limit_ms, COUNT.high, lambda sessions: at_load(sheet, sessions * asked.active_ratio)[
        number])


def at_load(sheet: Sheet, active_sessions: float) -> Sheet:
    """A replica's sheet with so many sessions generating, one at least."""
    return sheet.bind({"active_sessions": max(1, active_sessions)})


def largest(low: int, high: int, good: Callable[[int], bool]) -> int | None:
    """The largest whole number from `low` to `high` that is good (as all below it); None if none is."""
    if low > high or not good(low):
        return None
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if good(middle) else (low, middle - 1)
    return low


def last_within(limit: float, high: int, curve: Callable[[int], float]) -> int:
    """The largest whole number from 1 to `high` at which a rising curve is within `limit`, else 0.

    Tried next is where a straight line through the last two meets the limit, and every third time the middle.
    """
    low, at_low, above, tried, rounds = 1, curve(1), high + 1, 2, 0
    if at_low > limit:
        return 0
    while above - low > 1:
        tried, rounds = min(max(tried, low + 1), above - 1), rounds + 1
        value = curve(tried)
        slope = (value - at_low) / (tried - low)
        if value <= limit:
            low, at_low = tried, value
        else:
            above = tried
        tried = low + int(min(high, (limit - at_low) / slope)) if slope > 0 else 2 * low
        if rounds % 3 == 0:
            tried = (low + above) // 2 if above <= high else 2 * tried
    return low


def per_node(placement: Placement) -> Fraction:
    sheet = placement.sheet
    return Fraction(sheet["replicas_per_node"] * sheet["sessions_per_replica"], sheet["nodes_per_replica"])


# The layouts of a replica that were looked at, the one to build, and what the speed of each that fits is
# missing.
Layouts = namedtuple("Layouts", "placements built missing")


@lru_cache(maxsize=2**11)
def lay_out(asked: Request, pins: Pins) -> Layouts:
    """The layouts of a replica that the pins allow.

    Where none of them commits to the target on TTFT, those count whose expected TTFT holds it.
    """
    found = placed_within(pins, asked, False)
    if asked.ttft_ms is not None and not any(
            one.sheet and one.sheet["sessions_per_replica"] for one in found):
        found = placed_within(pins, asked, True)
    fitting = [one for one in found if one.sheet and one.sheet["memory_sessions_per_replica"]]
    return Layouts(found, best(found),
                   [speed_missing(asked.model, asked.server, one.layout) for one in fitting])


@lru_cache(maxsize=2**11)
def placed_within(pins: Pins, asked: Request, lenient: bool) -> tuple[Placement, ...]:
    """The layouts that the pins allow; over nodes where none holds a session on one."""
    model, server = asked.model, asked.server
    refusals = {size: refusal(model, size) for size in sizes_of(server, pins.tensor_parallel)}
    usable = [size for size, why in refusals.items() if why is None]
    refused = [Placement(Layout(size, 1, 1), Sheet(), why) for size, why in refusals.items() if why]
    if pins.pipeline_parallel not in ("auto", 1):
        found = [place(asked, layout, lenient)
                 for layout in piped(server, usable, int(pins.pipeline_parallel))]
        within = [one for one in found if one.sheet["nodes_per_replica"] == 1]
        if any(one.sheet["memory_sessions_per_replica"] for one in within):
            found = within
        return (*refused, *found)
    layouts = [Layout(size, 1, 1) for size in usable] if pins.attention != "data" else []
    free = pins.attention == "auto" and pins.tensor_parallel == "auto"
    if pins.attention == "data" or (free and can_spread(model)):
        layouts += [Layout(size, 1, size) for size in usable if size > 1]
    found = [place(asked, layout, lenient) for layout in layouts]
    widest = max(size for size in divisors(server.gpus) if refusal(model, size) is None)
    if pins.pipeline_parallel == "auto" and pins.attention != "data" and widest in usable and not any(
            one.sheet["memory_sessions_per_replica"] for one in found):
        found += over_nodes(asked, widest, pins.nodes, lenient)
    return (*refused, *found)


def piped(server: Server, sizes: Iterable[int], stages: int) -> list[Layout]:
    """The layouts with so many stages that fill nodes, or divide one."""
    return [Layout(size, stages, 1) for size in sizes
            if server.gpus % (size * stages) == 0 or size * stages % server.gpus == 0]


def over_nodes(asked: Request, tensor_parallel: int, most_nodes: int | None,
               lenient: bool) -> list[Placement]:
    """The replica over the fewest nodes that hold a session, stages as wide as a node allows; [] if none."""
    stages = asked.server.gpus // tensor_parallel

    def on(nodes):
        return place(asked, Layout(tensor_parallel, stages * nodes, 1), lenient)
    most = min(asked.model.num_layers // stages, most_nodes or COUNT.high)
    spare = largest(0, most - 1, lambda fewer: on(most - fewer).sheet["memory_sessions_per_replica"] > 0)
    return [] if spare is None else [on(most - spare)]


def best(placements: Iterable[Placement]) -> Placement:
    """The layout to build, by RULE. One of unknown speed only where no other holds a session.

    On a tie one that was measured, then the widest tensor parallel, then attention divided by heads.
    """
    built = [one for one in placements if one.sheet]
    holding = next((found for found in (
        [one for one in built if one.sheet[sessions]]
        for sessions in ("sessions_per_replica", "memory_sessions_per_replica")) if found), built)
    rated = [one for one in holding if one.speed_basis] or holding
    found, highest = rated[0], (Fraction(-1), False, 0, 0)
    for one in sorted(rated, key=per_node, reverse=True):
        if per_node(one) < highest[0]:                   # not even if all of its sessions were in time
            break
        rank = (sessions_in_reading_time(one), one.speed_basis == "measured", one.layout.tensor_parallel,
                -one.layout.attention_ranks)
        if rank > highest:
            found, highest = one, rank
    return found


def sessions_in_reading_time(one: Placement) -> Fraction:
    """Sessions per node that get SLOW_TOKENS_PER_S, or hold the target; all where speed is not known."""
    sheet = with_what_no_load_changes(one.sheet) if one.speed_basis else one.sheet
    held = sheet["sessions_per_replica"]
    if one.speed_basis is None or "tpot_ms" in sheet or "ttft_ms" in sheet or not held:
        return per_node(one)
    ratio = sheet["active_ratio"]
    if at_load(sheet, held * ratio)["tpot_committed_ms"] > IN_TIME_MS:
        held = last_within(IN_TIME_MS, held, lambda sessions: at_load(sheet, sessions * ratio)[
            "tpot_committed_ms"])
    return Fraction(sheet["replicas_per_node"] * held, sheet["nodes_per_replica"])


# --- The plan of one scenario

NUMBERS_OF_A_PLAN = [f.name for f in fields(SizingResult)][3:16]       # between the records and the alerts
NUMBERS_OF_FITTING = ("nodes_minimum", "nodes_with_headroom", "nodes_final", *SPEED_NUMBERS)
# What a scenario has only where a context is searched, or beside other scenarios.
FOUND_WITH_OTHERS = dict.fromkeys(("no_context_fits", "longest_fitting_context", "nodes_one_token_more",
                                   "recommended_nodes_final", "given_budget_ratio", "capped"), "not_asked")


# (field, its default, whether it may be None): what check_request looks at one by one.
CHECKED_FIELDS = tuple((name, REQUEST_DEFAULTS.get(name, MISSING), other == "None")
                       for name, _, other in record_fields(Request)
                       if name not in ("tensor_parallel", "pipeline_parallel", "replaced_entries"))


def check_request(request: Request) -> None:
    """Raise SizingError naming the first parameter that makes no sense or asks what cannot be known."""
    values = vars(request)
    check_arguments({name: values[name] for name, default, nullable in CHECKED_FIELDS
                     if values[name] is not default and not (nullable and values[name] is None)})
    check_load(request)
    check_replica(request.replica)
    check_pins(request.model, request.server, request.pins)


@lru_cache(maxsize=2**12)                                # a replica in order stays so, whatever the load
def check_replica(asked: Request) -> None:
    check_stated_weights(asked.model)
    check_kv_precision(asked.model, asked.kv_precision)
    check_drafts(asked.draft_tokens, asked.acceptance_length)
    context = asked.effective_context
    expect(isinstance(context, int) and asked.shared_prefix_tokens < context,
           "fewer than the %s tokens of a session" % context, asked.shared_prefix_tokens,
           "shared_prefix_tokens")
    measured = asked.measured_tpot_ms is not None or asked.measured_ttft_ms is not None
    if measured != (asked.measured_sessions is not None):
        raise SizingError("measured_tpot_ms, measured_ttft_ms, measured_sessions: expected the last with one "
                          "of the others, or none")
    check_known_speed(asked, [speed_missing(asked.model, asked.server, Layout(1, 1, 1))], "")


LOADS = ("concurrency", "users", "requests_per_s", "nodes")  # the ways to state it


def check_load(request: Request) -> None:
    """Raise SizingError when the load is not stated, a part of what goes together is missing, or both prices
    are there.
    """
    if all(getattr(request, name) is None for name in LOADS):
        raise SizingError("concurrency: missing, and no users, requests_per_s or nodes given instead")
    for names in TOGETHER:
        missing = [name for name in names if getattr(request, name) is None]
        if 0 < len(missing) < len(names):
            raise SizingError("%s: expected together with %s" % (
                ", ".join(name for name in names if name not in missing), ", ".join(missing)))
    if all(getattr(request, name) is not None for name in NODE_PRICES):
        raise SizingError("%s: expected one of them" % ", ".join(NODE_PRICES))


NODE_PRICES = ("node_price_per_hour", "node_price")
# What says nothing without the others.
TOGETHER = (("users", "active_users_ratio"), ("node_price", "depreciation_years", "price_per_kwh"))


def check_kv_precision(model: Model, kv_precision: str) -> None:
    """Raise SizingError when no engine keeps the KV cache of `model` so."""
    if kv_precision == "fp8_ds_mla" and not has_indexed_latents(model.groups):
        raise SizingError("kv_precision: fp8_ds_mla is the layout of latents with an index; %s is %s: "
                          "expected fp8 for one byte per element" % (model.name, model.attention_pattern))
    widths = [group[name] for group in model.groups.values() for name in ("head_dim", "v_head_dim")
              if name in group]
    if kv_precision == "nvfp4" and (not widths or any(width % NVFP4_ELEMENTS for width in widths)):
        raise SizingError("kv_precision: nvfp4 packs heads of a multiple of %d elements; %s has "
                          "%s: expected fp8" % (NVFP4_ELEMENTS, model.name, widths or "latent attention"))


def check_pins(model: Model, server: Server, pins: Pins) -> None:
    """Raise SizingError when a layout that was asked for cannot be built."""
    check_tensor_parallel(model, server, pins.tensor_parallel)
    if pins.attention == "data" and not can_spread(model):
        raise SizingError("attention: expected auto or tensor: data-parallel attention spreads experts, and "
                          "%s has no %s" % (model.name, "experts" if not model.moe_layers else "weights_gib"
                                            if not model.weights_gib else "weights_precision"))
    if pins.attention == "data" and not any(
            size > 1 and refusal(model, size) is None for size in sizes_of(server, pins.tensor_parallel)):
        raise SizingError("attention: expected auto or tensor on one GPU, got data")
    check_stages(model, server, pins)


def check_stages(model: Model, server: Server, pins: Pins) -> None:
    stages = pins.pipeline_parallel
    if stages == "auto" or (type(stages) is int and stages == 1):
        return
    sizes = [size for size in sizes_of(server, pins.tensor_parallel) if refusal(model, size) is None]
    expect(type(stages) is int and stages > 0, "auto or a whole number from 1", stages, "pipeline_parallel")
    expect(pins.attention != "data", "auto or 1 with data-parallel attention", stages, "pipeline_parallel")
    expect(stages <= model.num_layers, "at most the %d layers of %s" % (model.num_layers, model.name), stages,
           "pipeline_parallel")
    expect(piped(server, sizes, stages), "stages that fill nodes of %d GPUs or divide one" % server.gpus,
           stages, "pipeline_parallel")


def check_tensor_parallel(model: Model, server: Server, tensor_parallel: int | str) -> None:
    if tensor_parallel == "auto":
        return
    sizes = [size for size in divisors(server.gpus) if refusal(model, size) is None]
    if type(tensor_parallel) is int and tensor_parallel in sizes:
        return
    reason = "%s has %d GPUs" % (server.name, server.gpus)
    if type(tensor_parallel) is int and tensor_parallel > 0 and server.gpus % tensor_parallel == 0:
        reason = fill(REFUSALS[refusal(model, tensor_parallel) or ""], vars(model), "en")
    raise SizingError("tensor_parallel: expected auto or one of %s, got %s: %s"
                      % (", ".join(map(str, sizes)), short(tensor_parallel), reason))


ON_SPEED = ("tpot_ms", "ttft_ms", "measured_tpot_ms", "measured_ttft_ms", "acceptance_length",
            "requests_per_s")


def asks_for_speed(request: Request) -> list[str]:
    return [name for name in ON_SPEED if getattr(request, name) is not None]


def check_known_speed(request: Request, missing: Sequence[Sequence[str]], where: str) -> None:
    """Raise SizingError when a speed is asked for and all layouts looked at are `missing` something."""
    wanted = asks_for_speed(request)
    if wanted and missing and all(missing):
        raise SizingError("%s: the speed of %s on %s%s is not known without %s" % (
            wanted[0], request.model.name, request.server.name, where, missing_words(missing[0]).en))


def layouts_of(request: Request) -> Layouts:
    """The layouts of a request; raises SizingError when those that fit have no speed, and it is asked for."""
    found = lay_out(request.replica, request.pins)
    check_known_speed(request, found.missing, ", in the layouts that memory holds,")
    return found


def has_nodes_left(nodes: int | None, ha_mode: str) -> bool:
    """Whether the spares leave some of the nodes given; otherwise a scenario does not apply."""
    return nodes is None or nodes > HA_MODES[ha_mode]


def unserved(request: Request) -> list[str]:
    """Numbers of a load that no node is left to serve."""
    searched = ["concurrency"] if request.concurrency is None else []
    return [*NUMBERS_OF_FITTING, "max_concurrency", *searched]


# Numbers of a restart that no load changes: worked out once, a sizing would pay a tenth for them.
OF_LOADING = ("loader_gbps", "loader_load_s", "node_read_s")


@lru_cache(maxsize=2**11)                                # loads and scenarios rest on the same
def before_load(built: Placement, storage: StorageProfile, loader: str, whole: bool,
                cases: tuple[str, ...]) -> Sheet:
    """A replica's numbers and those of its loading; all that plans ask for and no load changes, if `whole`.
    """
    given, absent = record_terms(storage)
    bound = {case.partition("__")[0]: case for case in cases}
    if "serving_nodes" not in bound:
        absent["nodes"] = "not_asked"
    several = built.layout.tensor_parallel * built.layout.pipeline_parallel > 1
    given.update(storage=storage.name, storage_is_shared=int(storage.type in SHARED_STORAGE), loader=loader,
                 nodes_given="serving_nodes" in bound, **LOADERS[loader]._asdict(), **START[several])
    sheet = (built.whole_sheet if whole else built.sheet).bind(given, bound, {**absent, **FOUND_WITH_OTHERS})
    sheet.later = BY_REPEATING
    for name in OF_LOADING:
        sheet.find(name)
    return sheet


@lru_cache(maxsize=2**11)
def open_alerts(built: Placement, storage: StorageProfile) -> list[Alert]:
    """The alerts that a load which fits may raise: all but those that replica and storage rule out alone."""
    given = dict(record_terms(storage)[0], fits=True, applies=True, no_context_fits=False)
    sheet = built.whole_sheet.bind(given, absent={"nodes": "not_asked"})   # read where they do not hold it
    return [alert for alert in ALERTS if sheet.may_hold(alert.when)]


def on_load(request: Request, built: Placement, whole: bool = False) -> Sheet:
    """A replica's numbers, and those of the load on nodes."""
    given = dict(request=request, ha_mode=request.ha_mode, ha_extra_nodes=HA_MODES[request.ha_mode],
                 peak_headroom_ratio=request.peak_headroom_ratio,
                 requested_context=request.effective_context, fits=True,
                 applies=has_nodes_left(request.nodes, request.ha_mode), concurrency_capped=False,
                 replaced_entries=", ".join(["%s %s" % (name, getattr(request, name).name)
                                             for name in request.replaced_entries]),
                 **stated({"concurrency": request.concurrency, "nodes": request.nodes}))
    sheet = before_load(built, request.storage, request.loader, whole, operation_cases(request)).bind(given)
    if not sheet["applies"]:
        return sheet.bind({"fits": False}, absent=dict.fromkeys(unserved(request), "not_applicable__spares"))
    if request.concurrency is None:
        sheet["concurrency"] = min(COUNT.high, sheet["max_concurrency"])
        sheet["concurrency_capped"] = sheet["max_concurrency"] > COUNT.high
    if not fits_nodes(sheet):
        return sheet.bind({"fits": False}, absent=dict.fromkeys(NUMBERS_OF_FITTING, "does_not_fit"))
    if not sheet["speed_known"]:
        return sheet.bind({}, absent=dict.fromkeys(SPEED_NUMBERS, "speed_not_known"))
    return sheet


CASES_OF_A_REQUEST = (("nodes", "serving_nodes__given"), ("node_price", "cost_per_year__owned"),
                      ("pue", "energy_mwh_per_year__facility"),
                      ("node_availability", "node_availability__given"),
                      ("requests_per_s", "tokens_per_s__of_requests"))


def operation_cases(request: Request) -> tuple[str, ...]:
    """The numbers that what was asked for gives another formula."""
    return tuple([case for name, case in CASES_OF_A_REQUEST if getattr(request, name) is not None])


def fits_nodes(sheet: Sheet) -> bool:
    held = sheet["sessions_per_node" if sheet["nodes_per_replica"] == 1 else "sessions_per_replica"]
    if not held or not sheet["concurrency"]:
        return False
    return "nodes" not in sheet or sheet["nodes_final"] <= sheet["nodes"]


# --- Availability

def short_ratio(nodes: int, needed: int, node_availability: float, nodes_per_replica: int = 1) -> float:
    """Share of the time in which fewer than `needed` of `nodes` nodes serve: an exact binomial sum.

    A replica is up when all of its nodes are; nodes that complete none do not count. The sum runs over the
    side of it that has less, from its largest term down, so that neither digits nor terms are lost.
    """
    units, spares = nodes // nodes_per_replica, nodes // nodes_per_replica - needed // nodes_per_replica
    replica = exact(float(node_availability))**nodes_per_replica
    up, fails = float(replica), float(1 - replica)
    if spares < 0 or up == 0:
        return 1.0
    if fails == 0 or spares >= units:
        return 0.0
    few = spares + 1 <= units * fails                    # no more down than are spare: the smaller side
    down, step = (spares, -1) if few else (spares + 1, 1)
    odds = fails / up
    term = math.exp(math.lgamma(units + 1) - math.lgamma(down + 1) - math.lgamma(units - down + 1)
                    + down * math.log(fails) + (units - down) * math.log(up))
    terms: list[float] = []
    while 0 <= down <= units and term > 0 and (len(terms) < 2 or term > terms[0] * NEGLIGIBLE):
        terms.append(term)
        term *= (units - down) / (down + 1) * odds if step > 0 else down / (units - down + 1) / odds
        down += step
    found = min(1.0, math.fsum(terms))
    return 1 - found if few else found


NEGLIGIBLE = 1e-18                                       # below the last digit of a sum
MOST_SPARES = 2**20                                      # where the search ends


def short_of(sheet: Sheet, needed: str) -> float:
    return short_ratio(sheet["nodes_final"], sheet[needed], sheet["node_availability"],
                       sheet["nodes_per_replica"])


def nodes_for_sla(sheet: Sheet) -> int:
    """The fewest nodes with which the peak reaches its SLA; raises Absent where none do."""
    needed, sla, by = sheet["nodes_with_headroom"], sheet["sla"], sheet["nodes_per_replica"]
    if sla == 1 and sheet["node_availability"] < 1:      # decimals of a float would reach it
        raise Absent("sla_out_of_reach")

    def misses(spares):
        return 1 - short_ratio(needed + spares * by, needed, sheet["node_availability"], by) < sla
    top = 1
    while misses(top):
        top *= 2
        if top > MOST_SPARES:
            raise Absent("sla_out_of_reach")
    most = largest(0, top, misses)
    return needed if most is None else needed + (most + 1) * by


# --- What operating the nodes takes, as asked

def asked_value(sheet: Sheet, name: str, reason: str = "not_asked"):
    """What the request says under a name; raises Absent where it says nothing."""
    value = getattr(sheet["request"], name)
    if value is None:
        raise Absent(reason)
    return value


def usable_rack_kw(sheet: Sheet) -> float:
    """Power of a rack; raises Absent where it does not feed one node."""
    rack_kw = asked_value(sheet, "rack_kw")
    if exact(float(rack_kw)) < exact(float(sheet["max_power_kw"])):
        raise Absent("rack_too_small")
    return rack_kw


def in_currency(sheet: Sheet) -> str:
    currency = sheet["request"].currency
    return " (%s)" % currency if currency else ""


ASKED_VALUES: dict[str, Callable] = {
    **{OWN_NAMES.get(name, name): partial(asked_value, name=name) for name in NO_OPERATIONS},
    "rack_kw": usable_rack_kw, "given_rack_kw": partial(asked_value, name="rack_kw"),
    "sla": partial(asked_value, name="sla", reason="no_sla"), "in_currency": in_currency,
    "use_case_trace": lambda sheet: USE_CASES[asked_value(sheet, "use_case")].trace}


# --- Numbers found by repeating the sizing, when something asks for them

def repeated(sheet: Sheet, name: str, **changes) -> float:
    """A number on speed with other givens; raises Absent where the plan has no speed."""
    sheet["tpot_expected_ms"]
    return sheet.what_if({"active_sessions": sheet["active_sessions"], **changes})[name]


def batch_that_starts(sheet: Sheet) -> int:
    """The largest max_num_batched_tokens with which one session's reservation fits its rank; 0 if none."""
    def starts(tokens):
        changed = sheet.what_if({"max_num_batched_tokens": tokens})
        return changed["kv_pooled_gib"] * changed["attention_ranks"] <= changed["replica_budget_gib"]
    return largest(1, sheet["max_num_batched_tokens"], starts) or 0


def seqs_that_start(sheet: Sheet) -> int:
    """The largest max_num_seqs that finds a block of state for each session; 0 if none."""
    def starts(sessions):
        return sheet.what_if({"max_num_seqs": sessions})["state_blocks"] >= sessions
    return largest(1, sheet["max_num_seqs"], starts) or 0


def sheet_if(sheet: Sheet, **changes) -> Sheet:
    """The sheet of a scenario with changes; raises Absent where it does not fit."""
    request = sheet["request"]
    found = on_load(request, built_if(request.replica, request.pins, **changes))
    if request.concurrency is not None:                  # else other replicas have another load
        found["sessions_with_headroom"] = sheet["sessions_with_headroom"]
    found["nodes_final"]
    return found


@lru_cache(maxsize=2**11)                                # whatever the load
def built_if(asked: Request, pins: Pins, **changes) -> Placement:
    return lay_out(asked.but(**changes).replica, pins).built


def check_halves(sheet: Sheet) -> None:
    """Raise Absent where the spares alone leave a scenario fewer nodes than could be halved."""
    if sheet["nodes_final"] < FACTOR_OF_NODES * (1 + sheet["ha_extra_nodes"]):
        raise Absent("not_applicable")


def at_engine_default(sheet: Sheet) -> Sheet:
    """The scenario at vLLM's own gpu_memory_utilization; raises Absent where that cannot halve its nodes."""
    if sheet["kv_budget_ratio"] >= VLLM_DEFAULT_RATIO or not sheet["engine_is_vllm"] or sheet["capped"]:
        raise Absent("not_applicable")                   # capped: the engine's default would be too
    if sheet["nodes_per_replica"] == 1:
        check_halves(sheet)
    return sheet_if(sheet, kv_budget_ratio=VLLM_DEFAULT_RATIO)


def without_target(sheet: Sheet) -> Sheet:
    """The scenario without its targets; raises Absent where that changes no layout."""
    if "tpot_ms" not in sheet and "ttft_ms" not in sheet:
        raise Absent("not_asked")
    free = sheet_if(sheet, tpot_ms=None, ttft_ms=None)
    if all(free[name] == sheet[name] for name in Layout._fields):
        raise Absent("not_applicable")
    return free


def at_given_ratio(sheet: Sheet) -> Sheet:
    """A scenario without its cap on kv_budget_ratio; raises Absent where it cannot halve its nodes."""
    if sheet["given_budget_ratio"] <= sheet["kv_budget_ratio"]:
        raise Absent("not_applicable")
    check_halves(sheet)
    return sheet_if(sheet, kv_budget_ratio=sheet["given_budget_ratio"])


# What limits the loading of all nodes at once, and what to do about it.
LOAD_LIMITS = {
    "loader": (Text("o carregador", "the loader"), Text(
        "Outro --loader lê mais (instanttensor, fastsafetensors, runai); melhor armazenamento não muda nada.",
        "Another --loader reads more (instanttensor, fastsafetensors, runai); better storage changes "
        "nothing.")),
    "shared": (Text("o armazenamento", "the storage"), Text(
        "Todos os nós o leem de uma vez: cópia de nó a nó (um só o lê), NVMe local ou perfil mais rápido.",
        "All nodes read it at once: copies from node to node (one alone reads), local NVMe or a faster "
        "profile.")),
    "own": (Text("o armazenamento", "the storage"), Text(
        "Um perfil mais rápido, ou menos réplicas por nó lendo ao mesmo tempo.",
        "A faster profile, or fewer replicas per node reading at once.")),
}


def limit_of_loading(sheet: Sheet) -> str:
    """What limits the loading, a key of LOAD_LIMITS; raises Absent where it is not known."""
    if sheet["loader_load_s"] >= sheet["storage_load_s"]:
        return "loader"
    return "shared" if sheet["storage_is_shared"] else "own"


BY_REPEATING: dict[str, Callable] = {
    **ASKED_VALUES,
    "short_at_nominal_ratio": partial(short_of, needed="nodes_minimum"),
    "short_at_peak_ratio": partial(short_of, needed="nodes_with_headroom"), "nodes_for_sla": nodes_for_sla,
    "tpot_at_peak_ms": lambda sheet: repeated(sheet, "tpot_expected_ms",
                                              active_sessions=sheet["peak_active_sessions"]),
    "tpot_at_full_context_ms": lambda sheet: repeated(sheet, "tpot_expected_ms",
                                                      context_tokens=sheet["effective_context"]),
    "tpot_at_all_accepted_ms": lambda sheet: repeated(sheet, "tpot_expected_ms",
                                                      accepted_tokens=sheet["draft_tokens"] + 1),
    "prefill_of_context_ms": lambda sheet: repeated(sheet, "prefill_ms", cached_tokens=0,
                                                    input_tokens=sheet["effective_context"]),
    "load_limit": lambda sheet: LOAD_LIMITS[limit_of_loading(sheet)][0],
    "load_remedy": lambda sheet: LOAD_LIMITS[limit_of_loading(sheet)][1],
    "ttft_of_one_session_ms": lambda sheet: repeated(sheet, "ttft_high_ms", active_sessions=1),
    "nodes_beside_spares": lambda sheet: sheet["ha_extra_nodes"] + 1,
    "batched_tokens_that_start": batch_that_starts,
    "seqs_that_start": seqs_that_start,
    "sheet_at_engine_default": at_engine_default,
    "nodes_at_engine_default": lambda sheet: sheet["sheet_at_engine_default"]["nodes_final"],
    "replica_nodes_at_engine_default": lambda sheet: sheet["sheet_at_engine_default"]["nodes_per_replica"],
    "nodes_at_given_ratio": lambda sheet: at_given_ratio(sheet)["nodes_final"],
    "nodes_without_target": lambda sheet: without_target(sheet)["nodes_final"],
}


def size(request: Request, given_budget_ratio: float, capped: bool = False, **found) -> SizingResult:
    """The plan of a request under a scenario's policy; raises SizingError.

    `given_budget_ratio` is kv_budget_ratio as configured, which a scenario may cap (`capped`); `found`, what
    a search for the longest context found.
    """
    layouts = layouts_of(request)
    sheet = on_load(request, layouts.built, whole=True)
    sheet.update(found, given_budget_ratio=given_budget_ratio, capped=capped)
    return result(request, layouts.built, layouts.placements, sheet)


def result(request: Request, built: Placement, layouts: Sequence[Placement], sheet: Sheet) -> SizingResult:
    """The plan of a sheet."""
    numbers = {name: sheet.find(name) for name in NUMBERS_OF_A_PLAN}
    plan = SizingResult(request.model, request.server, request.storage, **numbers, warnings=[],
                        layouts=layouts, placement=built, sheet=sheet)
    del vars(plan)["warnings"]                           # found when asked for: they cost more than the rest
    return plan


def alerts_of(plan: SizingResult) -> list[str]:
    """Ids of the alerts that a plan raises."""
    known = plan.sheet["fits"] and plan.sheet["speed_known"]    # all that a replica has
    table = open_alerts(plan.placement, plan.storage) if known else ALERTS
    return raised(plan.sheet, None if plan.sheet["applies"] else "nodes", table)


CURVE_POINTS = 60


def speed_curve(plan: SizingResult) -> dict[str, list[float]]:
    """The expected and the committed TPOT in ms, under their names: with one session on a replica, and at
    each of CURVE_POINTS steps up to what memory holds.
    """
    step = plan.sheet["memory_sessions_per_replica"] / CURVE_POINTS * plan.sheet["active_ratio"]
    sheets = [plan.placement.sheet.bind({"active_sessions": max(1, step * point)})
              for point in range(CURVE_POINTS + 1)]
    return {name: [sheet[name] for sheet in sheets] for name in ("tpot_expected_ms", "tpot_committed_ms")}


# --- Three scenarios

# kv_budget_ratio and peak_headroom_ratio follow from the configured value `c` of each.
Scenario = namedtuple("Scenario", "key name ha_mode headroom budget use risk typical_sla sla")
IDEAL_HEADROOM = 0.30  # the three scenarios' figures: the user's specification
IDEAL_BUDGET = 0.65
FOR_PRODUCTION = "recommended"                           # the scenario whose figures lead
SCENARIOS = (
    Scenario("minimum", Text("MÍNIMO", "MINIMUM"), "none", lambda c: 0.0, lambda c: c,
             Text("PoC, dev, testes", "PoC, dev, tests"),
             Text("alto: um nó parado já tira capacidade da carga", "high: one node down already takes "
                 "capacity from the load"),
             Text("nenhuma", "none"), None),
    Scenario("recommended", Text("RECOMENDADO", "RECOMMENDED"), "n+1", lambda c: c, lambda c: c,
             Text("produção", "production"),
             Text("equilibrado: tolera a falha de um nó", "balanced: one node may fail"),
             Text("99,9 %", "99.9 %"), 0.999),
    Scenario("ideal", Text("IDEAL", "IDEAL"), "n+2", lambda c: max(IDEAL_HEADROOM, c),
             lambda c: min(IDEAL_BUDGET, c), Text("missão crítica", "mission-critical"),
             Text("baixo: tolera a falha de dois nós", "low: two nodes may fail"),
             Text("99,99 % ou mais", "99.99 % or more"), 0.9999),
)


PRODUCTION = next(scenario for scenario in SCENARIOS if scenario.key == FOR_PRODUCTION)
SCENARIO_KEYS = tuple(scenario.key for scenario in SCENARIOS)


def in_scenario(request: Request, scenario: Scenario) -> Request:
    return request.but(ha_mode=scenario.ha_mode, kv_budget_ratio=scenario.budget(request.kv_budget_ratio),
                       peak_headroom_ratio=scenario.headroom(request.peak_headroom_ratio),
                       sla=scenario.sla if request.sla is None else request.sla)


def scenario_sheet(request: Request) -> Sheet:
    return on_load(request, layouts_of(request).built)


# --- The load, where users or requests state it

def of_use_case(use_case: str | None) -> dict[str, float]:
    """The parameters that the trace of a use case states."""
    if use_case is None:
        return {}
    found = stated(USE_CASES[use_case]._asdict())
    del found["trace"]
    return found


def with_load(request: Request, ruled: Request | None = None) -> Request:
    """The request with the sessions that its users or requests keep in HBM; raises SizingError.

    `ruled` is the request under the policy at whose speed requests become sessions: that of PRODUCTION.
    """
    stating = [name for name in ("users", "requests_per_s") if getattr(request, name) is not None]
    if len(stating) > 1:
        raise SizingError("%s: expected instead of %s" % tuple(stating))
    if not stating or (request.load_sessions and request.concurrency):   # a load found before stays
        return request
    if request.requests_per_s is not None and request.effective_context == "max":
        raise SizingError("requests_per_s: expected another way to state the load with effective_context max")
    if request.users is None:
        found = sessions_in_flight(ruled or in_scenario(request, PRODUCTION))
    else:
        sheet = Sheet(users=request.users, active_users_ratio=request.active_users_ratio)
        found = {"concurrency": sheet["concurrency_of_users"]}
    if request.concurrency not in (None, found["concurrency"]):
        raise SizingError("%s: expected instead of concurrency" % stating[0])
    return request.but(**found)


def sessions_in_flight(request: Request) -> dict[str, float]:
    """A load that keeps up with the requests/s, and its times; raises SizingError where none does.

    More sessions make a replica slower until more nodes share them, so the load is searched: one whose
    own times ask for no more sessions than it has, and with one session fewer for more.
    """
    built = layouts_of(request).built
    if not (built.sheet["speed_known"] or (request.tpot_ms and request.ttft_ms)):
        return {"load_sessions": 1, "concurrency": 1}    # no layout holds a session, whatever the load

    def times(sessions):
        sheet = on_load(request.but(concurrency=sessions), built)
        if not sheet["fits"]:
            sheet = at_load(built.sheet, 1)
        return {"load_tpot_ms": request.tpot_ms or sheet["tpot_committed_ms"],
                "load_ttft_ms": request.ttft_ms or sheet["ttft_expected_ms"]}

    def in_flight(sessions):
        return Sheet(times(sessions), load_sessions=1, asked_requests_per_s=request.requests_per_s,
                     active_ratio=request.active_ratio,
                     output_tokens=request.output_tokens)["concurrency_of_requests"]
    last = largest(1, COUNT.high, lambda sessions: in_flight(sessions) > sessions) or 0
    expect(last < COUNT.high, "a load of at most %d sessions" % COUNT.high, request.requests_per_s,
           "requests_per_s")
    return {**times(last + 1), "load_sessions": last + 1, "concurrency": last + 1}


def plan_scenario(request: Request, scenario: Scenario) -> SizingResult:
    """The plan of one scenario, with the longest context where "max" is asked for; raises SizingError."""
    ruled, capped = in_scenario(request, scenario), scenario.budget(1.0) < 1.0
    if request.effective_context != "max":
        return size(ruled, request.kv_budget_ratio, capped)
    found = longest_context(ruled) if has_nodes_left(ruled.nodes, ruled.ha_mode) else None
    if found is None:
        return without_context(ruled.but(effective_context=shortest_context(ruled)), request.kv_budget_ratio,
                               capped)
    more = {"longest_fitting_context": found}
    if found < request.model.max_position_embeddings:
        longer = scenario_sheet(ruled.but(effective_context=found + 1, nodes=None))
        more.update(stated({"nodes_one_token_more": longer.find("nodes_final")}))
    return size(ruled.but(effective_context=found), request.kv_budget_ratio, capped, **more)


def without_context(request: Request, given_budget_ratio: float, capped: bool) -> SizingResult:
    """The plan of a scenario in which not even the context of `request` fits: no number follows from it."""
    built = layouts_of(request).built
    loaded = on_load(request, built, whole=True)
    unfound = ["effective_context", "requested_context", "context_tokens", "longest_fitting_context"]
    if not loaded["applies"]:                            # no layout was asked for either
        unfound += [name for name in RESULTS if name != "hbm_total_gib"]
    sheet = loaded.what_if({}).bind(
        {"no_context_fits": True, "given_budget_ratio": given_budget_ratio, "capped": capped},
        absent=dict.fromkeys(unfound, loaded.absent["nodes_final"]))
    return result(request, built, (), sheet)


def shortest_context(request: Request) -> int:
    """The fewest tokens of a session: one beside what it shares with all others."""
    return request.shared_prefix_tokens + 1


def longest_context(request: Request) -> int | None:
    """The longest context for which the nodes of a scenario hold its sessions; None where there is none.

    A longer context may take replicas of more nodes, and these may hold more again: each size of replica is
    searched by itself.
    """
    def sheet_at(tokens):
        return scenario_sheet(request.but(effective_context=tokens))

    def replica_nodes(tokens):
        sheet = sheet_at(tokens)
        return sheet["nodes_per_replica"] if sheet["sessions_per_replica"] else math.inf

    def last_of_size(tokens):
        nodes = replica_nodes(tokens)
        return largest(tokens, top, lambda more: replica_nodes(more) <= nodes)
    found, low, top = None, shortest_context(request), request.model.max_position_embeddings
    while low <= top and replica_nodes(low) <= request.nodes:
        high = last_of_size(low)
        found = largest(low, high, lambda tokens: sheet_at(tokens).find("nodes_final") is not None) or found
        low = high + 1
    return found


def checked(request: Request) -> Request:
    """The request, if it makes sense, at the longest context of its model where one is searched."""
    check_request(request.but(effective_context=request.model.max_position_embeddings)
                  if request.effective_context == "max" else request)
    return request


def plan_all(request: Request, keys: Collection[str] = SCENARIO_KEYS) -> dict[str, SizingResult]:
    """The scenarios of `request` by key, each with its cost against RECOMMENDED; raises SizingError."""
    request = with_load(checked(request))
    plans = {scenario.key: plan_scenario(request, scenario) for scenario in SCENARIOS if scenario.key in keys}
    if FOR_PRODUCTION not in plans:
        return plans
    recommended = plans[FOR_PRODUCTION]
    why = "does_not_fit" if recommended.applies else "not_applicable__recommended"
    for plan in plans.values():
        if recommended.nodes_final is None:
            plan.sheet.absent = {**plan.sheet.absent, "recommended_nodes_final": why}
        else:
            plan.sheet["recommended_nodes_final"] = recommended.nodes_final
    return plans


# === Levers: what would make a request fit, each found by running the plan again ===

# Thresholds are searched in steps of 0.0001, of 0.001 GiB and of 0.01 ms.
RATIO_STEPS, OVERHEAD_STEPS, SPEED_STEPS = 10**4, 10**3, 10**2


@lru_cache(maxsize=2**12)
def fits_scenario(request: Request, scenario: Scenario) -> bool:
    try:
        check_kv_precision(request.model, request.kv_precision)
        check_pins(request.model, request.server, request.pins)
        sheet = scenario_sheet(in_scenario(request, scenario))
    except SizingError:  # a speed target asks for figures that not every layout has
        return False
    return sheet.find("nodes_final") is not None


class Fitting(namedtuple("Fitting", "request servers scenarios")):
    """Whether a request with changes fits, in each of some scenarios.

    Those that do not apply to the nodes of the request are not asked, unless the nodes change.
    """

    def __call__(self, **changes) -> bool:
        changed = self.request.but(**changes)
        return all(fits_scenario(changed, scenario) for scenario in self.scenarios
                   if "nodes" in changes or has_nodes_left(self.request.nodes, scenario.ha_mode))


def widest_that_fits(fits: Fitting, widths: Mapping[str, float], present: str | None, changes: Callable):
    """The widest format below the present one that fits."""
    narrower = [name for name in widths if widths[name] < widths[present or ""]]
    for name in sorted(narrower, key=lambda name: -widths[name]):
        with suppress(SizingError):                      # not every model can be had in every format
            if fits(**changes(name)):
                return name
    return None


def precision_that_fits(fits: Fitting):
    return widest_that_fits(fits, KV_PRECISIONS, fits.request.kv_precision,
                            lambda name: {"kv_precision": name})


def weights_that_fit(fits: Fitting):
    model = fits.request.model
    present = str(model.weights_precision)
    return widest_that_fits(fits, {**SERVED_PRECISIONS, present: WEIGHT_PRECISIONS[present]}, present,
                            lambda name: {"model": with_weights(model, name)})


def context_that_fits(fits: Fitting):
    return largest(shortest_context(fits.request), fits.request.effective_context,
                   lambda tokens: fits(effective_context=tokens))


def least(fits: Fitting, name: str, steps: int, top: float):
    """The least figure up to `top`, in `steps` to one, that fits (as all above it); None if none does."""
    highest = round(top * steps)

    def figure(fewer):
        return (highest - fewer) / steps if steps > 1 else highest - fewer
    spare = largest(0, highest - 1, lambda fewer: fits(**{name: figure(fewer)}))
    return None if spare is None else figure(spare)


def overhead_that_fits(fits: Fitting):
    """The largest overhead in GiB per node that fits, if the weights find room in it."""
    request = fits.request
    low = math.ceil(exact(request.model.weights_gib or 0) * OVERHEAD_STEPS)
    top = math.ceil(server_sheet(request.server)["hbm_total_gib"] * OVERHEAD_STEPS)
    step = largest(low, min(top, BOUNDS["runtime_overhead_gib"].high * OVERHEAD_STEPS),
                   lambda step: fits(runtime_overhead_gib=step / OVERHEAD_STEPS))
    return None if step is None else step / OVERHEAD_STEPS


# Beside its HBM, what decides whether a request fits a server: the first, and all for a speed.
BESIDE_HBM = ("gpus", "nvlink_bandwidth_tbps", "hbm_bandwidth_per_gpu_tbps", "dense_tflops_bf16",
              "dense_tflops_fp8", "dense_tflops_fp4", "gpu_interconnect", "gpu")


def server_that_fits(fits: Fitting):
    """The server with the least HBM that fits; a larger one alike but for that fits too."""
    def fits_at(places, index):
        return fits(server=servers[places[index]], tensor_parallel="auto", pipeline_parallel="auto")
    servers = sorted(fits.servers.values(), key=lambda server: server_sheet(server)["hbm_total_gib"])
    names = BESIDE_HBM if asks_for_speed(fits.request) else BESIDE_HBM[:1]
    alike: dict[tuple, list[int]] = {}
    for at, server in reversed([*enumerate(servers)]):
        alike.setdefault(tuple(getattr(server, name) for name in names), []).append(at)
    found = len(servers)
    for places in alike.values():
        smaller = [at for at in places if at < found]
        last = largest(0, len(smaller) - 1, partial(fits_at, smaller))
        found = found if last is None else smaller[last]
    return servers[found].name if found < len(servers) else None


def speed_that_fits(fits: Fitting, target: str, committed: Sequence[str]):
    """The lever of one target, in steps of 0.01 ms: searched on given nodes, else what one session takes."""
    request, most_ms = fits.request, BOUNDS[target].high
    if request.nodes is not None:
        return least(fits, target, SPEED_STEPS, most_ms)
    placements = lay_out(without(request.replica, *TARGETS), request.pins).placements
    found = {math.ceil(at_load(one.sheet, 1)[name] * SPEED_STEPS) / SPEED_STEPS
             for one in placements if one.speed_basis for name in committed}
    return next((ms for ms in sorted(found) if ms <= most_ms and fits(**{target: ms})), None)


LEVERS: dict[str, Callable] = {
    "nodes": partial(least, name="nodes", steps=1, top=COUNT.high),
    "tpot_ms": partial(speed_that_fits, target="tpot_ms", committed=("tpot_committed_ms",)),
    "ttft_ms": partial(speed_that_fits, target="ttft_ms", committed=("ttft_expected_ms",)),
    "weights_precision": weights_that_fit, "kv_precision": precision_that_fits,
    "effective_context": context_that_fits,
    "kv_budget_ratio": partial(least, name="kv_budget_ratio", steps=RATIO_STEPS, top=1),
    "runtime_overhead_gib": overhead_that_fits, "server": server_that_fits}


def find_levers(request: Request, plans: Mapping[str, SizingResult],
                servers: Mapping[str, Server]) -> list[dict]:
    """For each lever alone, the threshold at which each scenario, and `all`, would fit; [] when all do.

    Scenarios that do not apply count for nothing, but for `all` where the nodes change. A threshold is the
    present value where the scenario fits already, None where the lever does not help.
    """
    if all(plan.nodes_final is not None for plan in plans.values() if plan.applies):
        return []
    present = dict(vars(request), server=request.server.name,
                   weights_precision=request.model.weights_precision,
                   runtime_overhead_gib=plans["minimum"].runtime_overhead_gib)
    if request.effective_context == "max":               # it fits at some length
        present["effective_context"] = None
        request = request.but(effective_context=shortest_context(request))
    groups = dict({scenario.key: (scenario,) for scenario in SCENARIOS}, all=SCENARIOS[::-1])  # hardest first
    fitting = {key: Fitting(request, servers, scenarios) for key, scenarios in groups.items()
               if key == "all" or plans[key].applies}

    def threshold(key, name):
        if key not in fitting:
            return None
        return present[name] if fitting[key]() else LEVERS[name](fitting[key])
    return [{"lever": name, "flag": flag(name), "current": present[name],
             "thresholds": {key: threshold(key, name) for key in groups}}
            for name in LEVERS if present[name] is not None]


# === Alerts: one row each; conditions know no language ===

# `when` is a condition on numbers, its parameters their names; it rests where one of them does not exist.
# Decimals come as floats: exact() compares them as they are written.
# `scope` says what it needs: kv (a model, context and precision), storage (a profile, model and context),
# nodes (those given, and the spares) or the whole plan.
Alert = namedtuple("Alert", "id scope severity when brief meaning action")
SEVERITIES = {"error": Text("ERRO", "ERROR"), "warning": Text("AVISO", "WARNING"),
              "info": Text("INFORMAÇÃO", "INFO")}
# Thresholds, shown in the texts by these names: the user's specification, but for the load time, a round
# figure for a restart that operators notice, the reach of the calibration, and from published measurements
# the load of prefill from which queues grow and the answers that data-parallel attention serves slowly.
LONG_CONTEXT_TOKENS = 128_000
HIGH_KV_BUDGET_RATIO, LOW_KV_BUDGET_RATIO = 0.75, 0.50
LOW_OVERHEAD_GIB = 50
SLOW_MODEL_LOAD_S = 60
FP8_BYTES = KV_PRECISIONS["fp8"]
MEASURED_SESSIONS = 512                                 # per replica
HIGH_PREFILL_LOAD = 0.6
SHORT_ANSWER_TOKENS = 1000                               # under data-parallel attention
IDLE_RATIO = 0.5
TIMES_THE_REQUEST = 4
FACTOR_OF_NODES = 2                                      # from which another ratio is worth an alert


def alert(id: str, scope: str, severity: str, when: Callable[..., bool], *texts: str) -> Alert:
    """A row: one line on what it changes, its meaning, what to do; each in Portuguese, then in English."""
    return Alert(id, scope, severity, when, *map(Text, texts[::2], texts[1::2]))


# By consequence: what does not work; tokens too slow or in doubt; a factor in nodes; money; advice.
ALERTS = (
    alert("no_session_fits", "plan", "error",
        lambda memory_sessions_per_replica: memory_sessions_per_replica == 0,
        "Não cabe nem uma sessão ao lado dos pesos e do motor",
        "Not one session fits beside weights and engine",
        "Nenhuma sessão cabe: pesos e motor ({runtime_overhead_gib} GiB) mais o KV de uma sessão "
            "({kv_per_session_gib} GiB) passam da fração de {hbm_total_gib} GiB de HBM que kv_budget_ratio "
            "permite.",
        "No session fits: weights and engine ({runtime_overhead_gib} GiB) plus the KV of one session "
            "({kv_per_session_gib} GiB) exceed the share of {hbm_total_gib} GiB of HBM that kv_budget_ratio "
            "allows.",
        "Veja na tabela de alavancas a menor mudança que faz caber.",
        "The table of levers shows the smallest change that would fit."),
    alert("no_context_fits", "plan", "error",
        lambda no_context_fits, holds_in_memory: no_context_fits and not holds_in_memory,
        "Não cabe nem o contexto mais curto",
        "Not even the shortest context fits",
        "Nenhum contexto cabe em um nó, nem o mais curto: pesos e motor ({runtime_overhead_gib} GiB) mais o "
            "KV dele passam da fração de {hbm_total_gib} GiB de HBM que kv_budget_ratio permite.",
        "No context fits a node, not even the shortest: weights and engine ({runtime_overhead_gib} GiB) plus "
            "its KV exceed the share of {hbm_total_gib} GiB of HBM that kv_budget_ratio allows.",
        "Veja na tabela de alavancas a menor mudança que faz caber.",
        "The table of levers shows the smallest change that would fit."),
    alert("speed_target_missed", "plan", "error",
        lambda holds_sessions, holds_in_memory: holds_in_memory and not holds_sessions,
        "Nem uma sessão sozinha cumpre a meta de velocidade",
        "Not even one session alone holds the speed target",
        "Nem uma sessão sozinha na réplica cumpre a meta de velocidade com os números para SLA; a "
        "memória seguraria {memory_sessions_per_replica} por réplica.",
        "Not even one session alone on a replica holds the speed target with the committed figures; memory "
        "would hold {memory_sessions_per_replica} per replica.",
        "Veja na tabela de alavancas a menor meta possível, ou outra precisão ou servidor.",
        "The table of levers shows the least target that holds, or another precision or server."),
    alert("nodes_not_enough", "plan", "error",
        lambda nodes, fits, holds_sessions: not fits and holds_sessions,
        "Os nós informados ({nodes}) não seguram {concurrency} sessões",
        "The nodes given ({nodes}) do not hold {concurrency} sessions",
        "Os nós informados ({nodes}) não bastam neste cenário, descontadas a reserva ({ha_extra_nodes}) e a "
            "folga; sessões: {concurrency}.",
        "The nodes given ({nodes}) are not enough in this scenario, spares ({ha_extra_nodes}) and headroom "
            "taken off; sessions: {concurrency}.",
        "Veja na tabela de alavancas quantos nós bastam.",
        "The table of levers shows how many nodes would do."),
    alert("context_does_not_start", "plan", "error",
        lambda holds_in_memory, engine_is_vllm, kv_pooled_gib, attention_ranks, replica_budget_gib:
        holds_in_memory and engine_is_vllm and kv_pooled_gib * attention_ranks > replica_budget_gib,
        "O vLLM não inicia sem --max-num-batched-tokens {batched_tokens_that_start_flag} ou menos",
        "vLLM does not start without --max-num-batched-tokens {batched_tokens_that_start_flag} or less",
        "O vLLM não inicia: uma sessão em prefill reserva {kv_pooled_gib} GiB, mais que o KV de um rank de "
            "atenção; com max_num_batched_tokens até {batched_tokens_that_start} (e não "
            "{max_num_batched_tokens}) inicia; 0: com nenhum.",
        "vLLM does not start: one session in prefill reserves {kv_pooled_gib} GiB, more than the KV of a "
        "rank of attention; with max_num_batched_tokens up to {batched_tokens_that_start} (not "
        "{max_num_batched_tokens}) it does; 0: with none.",
        "Use no motor, e aqui, --max-num-batched-tokens {batched_tokens_that_start_flag}, ou reduza o "
        "contexto.",
        "Use in the engine, and here, --max-num-batched-tokens {batched_tokens_that_start_flag}, or "
        "lower the "
            "context."),
    alert("states_do_not_start", "plan", "error",
        lambda holds_in_memory, engine_is_vllm, max_num_seqs, state_blocks:
        holds_in_memory and engine_is_vllm and max_num_seqs > state_blocks,
        "O vLLM não inicia sem --max-num-seqs {seqs_that_start_flag} ou menos",
        "vLLM does not start without --max-num-seqs {seqs_that_start_flag} or less",
        "O vLLM não inicia: max_num_seqs ({max_num_seqs}) passa dos {state_blocks} blocos de estado que "
        "cabem.",
        "vLLM does not start: max_num_seqs ({max_num_seqs}) is above the {state_blocks} blocks of state that "
            "fit.",
        "Use no motor --max-num-seqs {seqs_that_start_flag} ou menos, e o mesmo aqui.",
        "Use in the engine --max-num-seqs {seqs_that_start_flag} or less, and the same here."),
    alert("overhead_below_weights", "plan", "error",
        lambda given_overhead_gib, weights_per_node_gib: exact(given_overhead_gib) < weights_per_node_gib,
        "Overhead de {runtime_overhead_gib} GiB é menor que os pesos ({weights_gib} GiB)",
        "An overhead of {runtime_overhead_gib} GiB is less than the weights ({weights_gib} GiB)",
        "O overhead informado, {runtime_overhead_gib} GiB por nó, é menor que os pesos do modelo "
            "({weights_gib} GiB): o resultado não é realizável.",
        "The given overhead, {runtime_overhead_gib} GiB per node, is less than the model's weights "
            "({weights_gib} GiB): the result cannot be built.",
        "Informe ao menos pesos + motor, ou omita --runtime-overhead-gib.",
        "Give at least weights + engine, or leave --runtime-overhead-gib out."),
    alert("slow_tokens", "plan", "warning",
        lambda tokens_per_s_per_session: tokens_per_s_per_session < SLOW_TOKENS_PER_S,
        "{tokens_per_s_per_session} tokens/s por sessão: lento para leitura",
        "{tokens_per_s_per_session} tokens/s per session: slow to read",
        "Na carga planejada cada sessão recebe {tokens_per_s_per_session} tokens/s, menos que "
            "{SLOW_TOKENS_PER_S}: lento para leitura.",
        "At the planned load each session gets {tokens_per_s_per_session} tokens/s, fewer than "
            "{SLOW_TOKENS_PER_S}: slow to read.",
        "Use uma meta de TPOT (--tpot-ms) mais apertada: com ela a velocidade também dimensiona os nós.",
        "Use a tighter TPOT target (--tpot-ms): speed then sizes the nodes as well."),
    alert("short_answers_with_data_attention", "plan", "warning",
        lambda attention_ranks, output_tokens, tpot_expected_ms:
        attention_ranks > 1 and output_tokens < SHORT_ANSWER_TOKENS,
        "Respostas de {output_tokens} tokens com atenção data-parallel: bem mais lentas",
        "Answers of {output_tokens} tokens under data-parallel attention: much slower",
        "Respostas de {output_tokens} tokens com atenção data-parallel ficam de 2 a 6 vezes mais "
            "lentas que o TPOT esperado: cada rank espera o prompt de qualquer outro.",
        "Answers of {output_tokens} tokens under data-parallel attention run 2 to 6 times slower than the "
            "expected TPOT: each rank waits for the prompt of any other.",
        "Compare com --attention tensor, ou meça e informe --measured-tpot-ms.",
        "Compare with --attention tensor, or measure and give --measured-tpot-ms."),
    alert("ttft_target_unlikely", "plan", "warning",
        lambda ttft_ms, ttft_of_one_session_ms: ttft_ms < ttft_of_one_session_ms,
        "TTFT de {ttft_ms} ms: nenhuma disposição pode prometê-lo",
        "A TTFT of {ttft_ms} ms: no layout can promise it",
        "Nenhuma disposição promete {ttft_ms} ms até o primeiro token: com uma só sessão na réplica o TTFT "
        "para SLA (p90) já é {ttft_of_one_session_ms_amount}. Só o esperado cabe na meta.",
        "No layout can promise {ttft_ms} ms to the first token: with one session alone on a replica, the "
        "committed TTFT (p90) already is {ttft_of_one_session_ms_amount}. Only the expected one is "
        "within the "
        "target.",
        "Afrouxe a meta, encurte os prompts (cache de prefixo) ou meça e informe --measured-ttft-ms.",
        "Loosen the target, shorten prompts (prefix caching) or measure and give --measured-ttft-ms."),
    alert("prefill_queue", "plan", "warning",
        lambda prefill_load: prefill_load > HIGH_PREFILL_LOAD,
        "Prompts tomam {prefill_load_pct} do tempo das réplicas: fila em qualquer pico",
        "Prompts take {prefill_load_pct} of the replicas' time: a queue at any peak",
        "Cada réplica passa {prefill_load_pct} do tempo calculando prompts: a fila até o primeiro token "
        "cresce com qualquer pico.",
        "Each replica spends {prefill_load_pct} of its time on prompts: the queue before the first token "
        "grows with any peak.",
        "Use uma meta de TTFT (--ttft-ms) mais apertada, menos sessões por réplica ou mais acertos no cache "
        "de prefixo.",
        "Use a tighter TTFT target (--ttft-ms), fewer sessions per replica or more prefix cache hits."),
    alert("beyond_measured_sessions", "plan", "warning",
        lambda active_sessions: active_sessions > MEASURED_SESSIONS,
        "{active_sessions} sessões por réplica: velocidade extrapolada",
        "{active_sessions} sessions per replica: speed is extrapolated",
        "{active_sessions} sessões geram ao mesmo tempo em cada réplica; as medições vão até "
            "{MEASURED_SESSIONS}: a velocidade é extrapolada.",
        "{active_sessions} sessions generate at once on each replica; measurements reach "
            "{MEASURED_SESSIONS}: speed is extrapolated.",
        "Confirme que o motor aceita tantas (max_num_seqs) e meça, ou informe --active-ratio se nem "
        "todas geram.",
        "Check that the engine takes so many (max_num_seqs) and measure, or give --active-ratio if not all "
            "generate."),
    alert("context_overflow", "kv", "warning",
        lambda requested_context, max_position_embeddings: requested_context > max_position_embeddings,
        "Contexto pedido de {requested_context} cortado em {max_position_embeddings} tokens",
        "Requested context of {requested_context} clamped to {max_position_embeddings} tokens",
        "O contexto pedido, {requested_context} tokens, passa do máximo do modelo; a conta usa "
            "{max_position_embeddings}.",
        "The requested context, {requested_context} tokens, is beyond the model's maximum; "
            "{max_position_embeddings} is used.",
        "Sessões mais longas serão recusadas ou cortadas: reduza --effective-context ou escolha outro "
            "modelo.",
        "Longer sessions will be refused or cut: lower --effective-context or choose another model."),
    alert("budget_below_engine_default", "plan", "warning",
        lambda nodes_given, nodes_final, nodes_per_replica, nodes_at_engine_default,
        replica_nodes_at_engine_default: not nodes_given and (
            nodes_final >= FACTOR_OF_NODES * nodes_at_engine_default
            or nodes_per_replica > replica_nodes_at_engine_default == 1),
        "{nodes_final} nós, {nodes_per_replica} por réplica; com kv_budget_ratio "
        "{VLLM_DEFAULT_RATIO} (vLLM): "
        "{nodes_at_engine_default}, {replica_nodes_at_engine_default} por réplica",
        "{nodes_final} nodes, {nodes_per_replica} per replica; at kv_budget_ratio "
        "{VLLM_DEFAULT_RATIO} (vLLM): "
        "{nodes_at_engine_default}, {replica_nodes_at_engine_default} per replica",
        "Com kv_budget_ratio {kv_budget_ratio} são {nodes_final} nós; no padrão do vLLM, "
        "{VLLM_DEFAULT_RATIO}, são {nodes_at_engine_default}.",
        "At kv_budget_ratio {kv_budget_ratio} it takes {nodes_final} nodes; at vLLM's own default, "
            "{VLLM_DEFAULT_RATIO}, {nodes_at_engine_default}.",
        "Compare com --kv-budget-ratio {VLLM_DEFAULT_RATIO_flag}, e com réplicas em mais nós "
        "(--tensor-parallel e --pipeline-parallel); decida com um teste de carga.",
        "Compare with --kv-budget-ratio {VLLM_DEFAULT_RATIO_flag}, and with replicas over more nodes "
        "(--tensor-parallel and --pipeline-parallel); decide by a load test."),
    alert("target_changes_layout", "plan", "warning",
        lambda nodes_without_target, nodes_final, nodes_given: not nodes_given,
        "A meta muda a disposição: {nodes_final} nós com ela, {nodes_without_target} sem",
        "The target changes the layout: {nodes_final} nodes with it, {nodes_without_target} without",
        "A meta muda a disposição: {nodes_final} nós com ela, {nodes_without_target} na disposição sem meta.",
        "The target changes the layout: {nodes_final} nodes with it, {nodes_without_target} in the layout "
            "without one.",
        "Compare as disposições na tabela da SEÇÃO 3.", "Compare the layouts in the table of SECTION 3."),
    alert("ideal_budget_costs_nodes", "plan", "warning",
        lambda nodes_at_given_ratio, nodes_final, nodes_given:
        not nodes_given and nodes_final >= FACTOR_OF_NODES * nodes_at_given_ratio,
        "O teto de {IDEAL_BUDGET} em kv_budget_ratio: {nodes_final} nós em vez de {nodes_at_given_ratio}",
        "The cap of {IDEAL_BUDGET} on kv_budget_ratio: {nodes_final} nodes instead of {nodes_at_given_ratio}",
        "O teto de {IDEAL_BUDGET} em kv_budget_ratio leva IDEAL a {nodes_final} nós; na fração pedida seriam "
            "{nodes_at_given_ratio}.",
        "The cap of {IDEAL_BUDGET} on kv_budget_ratio takes IDEAL to {nodes_final} nodes; at the ratio asked "
        "for it would be {nodes_at_given_ratio}.",
        "O IDEAL sem o teto é o RECOMENDADO com --peak-headroom-ratio {IDEAL_HEADROOM_flag} e um nó a mais: "
        "prefira-o depois de um teste de carga.",
        "IDEAL without the cap is RECOMMENDED with --peak-headroom-ratio {IDEAL_HEADROOM_flag} and one node "
        "more: prefer it after a load test."),
    alert("replica_spans_nodes", "plan", "warning", lambda nodes_per_replica: nodes_per_replica > 1,
        "Cada réplica ocupa {nodes_per_replica} nós: um nó parado derruba a réplica",
        "Each replica takes {nodes_per_replica} nodes: one node down stops it",
        "Cada réplica divide as camadas por {nodes_per_replica} nós (pipeline parallel). Um nó parado "
        "derruba a réplica.",
        "Each replica splits its layers across {nodes_per_replica} nodes (pipeline parallel). One node down "
            "stops the replica.",
        "Use rede rápida e meça a velocidade; mais HBM por nó ou pesos em menor precisão evitam isso.",
        "Use a fast network and measure speed; more HBM per node or weights in fewer bits avoid it."),
    alert("requests_not_served", "plan", "warning",
        lambda requests_per_s, asked_requests_per_s: requests_per_s < asked_requests_per_s,
        "{nodes_final} nós servem {requests_per_s} das {asked_requests_per_s} requisições/s",
        "{nodes_final} nodes serve {requests_per_s} of the {asked_requests_per_s} requests/s",
        "As sessões são as do RECOMENDADO, e neste cenário uma resposta leva mais tempo: os nós servem "
        "{requests_per_s} requisições/s, e não {asked_requests_per_s}.",
        "The sessions are those of RECOMMENDED, and in this scenario an answer takes longer: the nodes serve "
        "{requests_per_s} requests/s, not {asked_requests_per_s}.",
        "Use os nós do RECOMENDADO, ou peça neste cenário mais requisições/s na mesma proporção.",
        "Use the nodes of RECOMMENDED, or ask for more requests/s in this scenario in proportion."),
    alert("sla_missed", "plan", "warning",
        lambda sla, availability_peak: availability_peak < sla,
        "Disponibilidade no pico de {availability_peak_nines}, abaixo do SLA de {sla_nines}; reserva que "
        "basta: {spares_for_sla}",
        "Availability at peak of {availability_peak_nines}, below the SLA of {sla_nines}; spares that do: "
        "{spares_for_sla}",
        "A reserva ({ha_extra_nodes}) mantém o pico no ar {availability_peak_nines} do tempo, menos que os "
        "{sla_nines} do SLA: {short_hours_per_year} horas por ano abaixo do pico.",
        "The spares ({ha_extra_nodes}) keep the peak up {availability_peak_nines} of the time, less than the "
        "{sla_nines} of the SLA: {short_hours_per_year} hours a year below the peak.",
        "Nós de reserva que alcançam o SLA: {spares_for_sla}; ou informe a disponibilidade medida dos seus "
        "nós (--node-availability).",
        "Spare nodes that reach the SLA: {spares_for_sla}; or give the availability measured on your nodes "
        "(--node-availability)."),
    alert("rack_too_small", "plan", "warning",
        lambda given_rack_kw, max_power_kw: exact(float(given_rack_kw)) < exact(float(max_power_kw)),
        "Um nó pede {max_power_kw} kW; o rack entrega {given_rack_kw}",
        "One node draws {max_power_kw} kW; the rack gives {given_rack_kw}",
        "Um nó pede até {max_power_kw} kW, mais que os {given_rack_kw} kW de um rack: não há onde ligá-lo.",
        "One node draws up to {max_power_kw} kW, more than the {given_rack_kw} kW of a rack: there is "
        "nowhere to plug it in.",
        "Peça racks de ao menos {max_power_kw} kW, ou escolha um servidor menor.",
        "Ask for racks of at least {max_power_kw} kW, or choose a smaller server."),
    alert("hybrid_manager_needed", "plan", "warning",
        lambda hybrid_manager_matters, nodes_given, held_unmanaged, sessions_with_headroom:
        hybrid_manager_matters and not nodes_given and held_unmanaged < sessions_with_headroom,
        "Em motor sem gerenciador de cache híbrido: {nodes_final_without_hybrid_manager} nós em vez de "
        "{nodes_final}",
        "On an engine without a hybrid cache manager: {nodes_final_without_hybrid_manager} nodes instead "
        "of {nodes_final}",
        "Em um motor sem gerenciador de cache híbrido cada sessão ocupa "
        "{kv_without_hybrid_manager_gib} GiB em "
            "vez de {kv_per_session_gib}. Nós: {nodes_final}; sem o gerenciador: "
            "{nodes_final_without_hybrid_manager}.",
        "On an engine without a hybrid cache manager each session takes {kv_without_hybrid_manager_gib} GiB "
            "instead of {kv_per_session_gib}. Nodes: {nodes_final}; without the manager: "
            "{nodes_final_without_hybrid_manager}.",
        "Confirme no log do motor que ele está ligado (conectores de KV o desligam).",
        "Check in the engine's log that it is on (KV connectors switch it off)."),
    alert("reservation_needs_nodes", "plan", "warning",
        lambda nodes_given, held_as_reserved, sessions_with_headroom:
        not nodes_given and held_as_reserved < sessions_with_headroom,
        "Com todas as sessões em prefill no vLLM: {nodes_final_reserved} nós em vez de {nodes_final}",
        "With all sessions in prefill on vLLM: {nodes_final_reserved} nodes instead of {nodes_final}",
        "O vLLM pode reservar {kv_reserved_gib} GiB por sessão durante o prefill (estado estacionário: "
            "{kv_per_session_gib}). Nós: {nodes_final}; para todas entrando ao mesmo tempo: "
            "{nodes_final_reserved}.",
        "vLLM may reserve {kv_reserved_gib} GiB per session during prefill (steady state: "
            "{kv_per_session_gib}). Nodes: {nodes_final}; for all of them coming in at once: "
            "{nodes_final_reserved}.",
        "Reduza max_num_batched_tokens no motor (e em --max-num-batched-tokens), ou conte os nós a mais.",
        "Lower max_num_batched_tokens in the engine (and in --max-num-batched-tokens), or count the "
            "extra nodes."),
    alert("context_beyond_request", "plan", "warning",
        lambda effective_context, input_tokens, output_tokens, tpot_expected_ms:
        effective_context > TIMES_THE_REQUEST * (input_tokens + output_tokens),
        "Com o contexto cheio o TPOT esperado é {tpot_full_context_ms_amount}, e não "
        "{tpot_expected_ms_amount}",
        "With a full context expected TPOT is {tpot_full_context_ms_amount}, not {tpot_expected_ms_amount}",
        "A velocidade vale para {input_tokens} tokens de prompt e {output_tokens} de resposta. Com o "
        "contexto cheio ({effective_context} tokens) o TPOT esperado é {tpot_full_context_ms_amount} em vez "
        "de {tpot_expected_ms_amount}.",
        "Speed is for {input_tokens} prompt and {output_tokens} answer tokens. With a full context "
            "({effective_context} tokens) expected TPOT is {tpot_full_context_ms_amount} instead of "
            "{tpot_expected_ms_amount}.",
        "Informe os tamanhos reais (--input-tokens, --output-tokens); sessões longas terão o TPOT de "
        "contexto "
        "cheio.",
        "Give the real lengths (--input-tokens, --output-tokens); long sessions will see the full-context "
        "TPOT."),
    alert("request_beyond_context", "plan", "warning",
        lambda effective_context, input_tokens, output_tokens, tpot_expected_ms:
        effective_context < input_tokens + output_tokens,
        "A velocidade supõe {input_tokens} + {output_tokens} tokens, mais que o contexto",
        "Speed assumes {input_tokens} + {output_tokens} tokens, more than the context",
        "A velocidade é a de {input_tokens} tokens de prompt e {output_tokens} de resposta, que passam do "
        "contexto de {effective_context}.",
        "Speed is that of {input_tokens} prompt and {output_tokens} answer tokens, which exceed the "
        "context of "
        "{effective_context}.",
        "Informe os tamanhos reais (--input-tokens, --output-tokens), ou um contexto maior.",
        "Give the real lengths (--input-tokens, --output-tokens), or a larger context."),
    alert("does_not_generate", "plan", "warning", lambda task: task in ("score", "embed"),
        "O modelo pontua ou faz embeddings: não gera texto",
        "The model scores or embeds: it does not generate text",
        "{model} pontua ou faz embeddings (é o que dizem as suas architectures ou o nome): não gera texto, e "
        "TPOT e tokens de resposta não se aplicam.",
        "{model} scores or embeds (its architectures or its name say so): it does not generate text, and "
        "TPOT and answer tokens do not apply.",
        "Use a memória e o TTFT, com --output-tokens 1.", "Use memory and TTFT, with --output-tokens 1."),
    alert("high_kv_precision", "kv", "warning",
        lambda kv_precision_matters, bytes_per_element: kv_precision_matters and (
            bytes_per_element > FP8_BYTES),
        "KV em {kv_precision}: {bytes_per_element} bytes por elemento, contra {FP8_BYTES} de fp8",
        "KV in {kv_precision}: {bytes_per_element} bytes per element, against {FP8_BYTES} of fp8",
        "KV cache em {kv_precision} ocupa {bytes_per_element} bytes por elemento, contra {FP8_BYTES} de fp8: "
            "cabem menos sessões.",
        "A {kv_precision} KV cache takes {bytes_per_element} bytes per element, against {FP8_BYTES} of fp8: "
            "fewer sessions fit.",
        "Compare com --kv-precision fp8 e meça a qualidade das respostas no seu caso antes de trocar.",
        "Compare with --kv-precision fp8, and measure answer quality on your own case before switching."),
    alert("packed_kv", "kv", "warning", lambda bytes_per_element: bytes_per_element < FP8_BYTES,
        "KV em {kv_precision}: poucas GPUs e motores o oferecem, e a qualidade pode cair",
        "KV in {kv_precision}: few GPUs and engines offer it, and quality may drop",
        "KV cache em {kv_precision}: {bytes_per_element} bytes por elemento, escalas incluídas, contra "
            "{FP8_BYTES} de fp8. Poucas GPUs e motores o oferecem, e a qualidade das respostas pode cair.",
        "A {kv_precision} KV cache: {bytes_per_element} bytes per element, scales included, against "
            "{FP8_BYTES} of fp8. Few GPUs and engines offer it, and answer quality may drop.",
        "Confirme no seu motor e GPU (Blackwell, no vLLM e no TensorRT-LLM) e meça a qualidade no seu caso.",
        "Check your engine and GPU (Blackwell, in vLLM and TensorRT-LLM), and measure quality on your own "
            "case."),
    alert("idle_sessions_hold_hbm", "plan", "warning",
        lambda active_ratio, planned_sessions_per_node: active_ratio < IDLE_RATIO,
        "Sessões ociosas ocupam {idle_kv_share_pct} do orçamento de KV",
        "Silent sessions hold {idle_kv_share_pct} of the KV budget",
        "Sessões ociosas ocupam {idle_kv_share_pct} do orçamento de KV: só {active_ratio_pct} geram ao mesmo "
            "tempo.",
        "Silent sessions hold {idle_kv_share_pct} of the KV budget: only {active_ratio_pct} generate at "
        "once.",
        "Conte só as sessões que precisam ficar em HBM (--users com --active-users-ratio); as outras "
        "recomeçam do cache de prefixo ou de um novo prefill.",
        "Count only sessions that must stay in HBM (--users with --active-users-ratio); the others start "
        "again from the prefix cache or a new prefill."),
    alert("quantised_name_16_bit", "plan", "warning", lambda name_says_quantised: name_says_quantised,
        "O nome {model} diz quantizado, e o config.json não: pesos em 16 bits",
        "The name {model} says quantised, and its config.json does not: weights in 16 bits",
        "O nome do modelo, {model}, é de um checkpoint quantizado, mas nem o config.json nem um "
            "hf_quant_config.json ao lado o diz: os pesos contam em {weights_precision}, {weights_gib} GiB.",
        "The model's name, {model}, is that of a quantised checkpoint, but neither its config.json nor an "
            "hf_quant_config.json beside it says so: the weights count in {weights_precision}, {weights_gib} "
            "GiB.",
        "Informe o formato com --weights-precision, ou use o config.json do próprio checkpoint.",
        "Give the format with --weights-precision, or use the checkpoint's own config.json."),
    alert("draft_weights_unknown", "plan", "warning", lambda drafts_not_counted: drafts_not_counted,
        "Pesos e KV dos rascunhos não estão na conta",
        "Weights and KV of the drafts are not counted",
        "O catálogo não informa camadas MTP deste modelo: pesos e KV dos rascunhos não estão na conta.",
        "The catalog states no MTP layers of this model: weights and KV of the drafts are not counted.",
        "Some os do modelo de rascunho em --runtime-overhead-gib.",
        "Add those of the draft model in --runtime-overhead-gib."),
    alert("tables_in_host_memory", "plan", "warning", lambda tables_in_host: tables_in_host > 0,
        "{host_tables_gib} GiB de tabelas na memória do host, fora da HBM",
        "{host_tables_gib} GiB of tables in host memory, not in HBM",
        "O modelo consulta tabelas de {tables_in_host} parâmetros ({host_tables_gib} GiB em 16 bits), que "
            "aqui ficam na memória do host: não contam nos pesos.",
        "The model looks up tables of {tables_in_host} parameters ({host_tables_gib} GiB in 16 bits), which "
            "lie in host memory here: they are not among the weights.",
        "Confira que o motor as deixa no host; senão, some-as em --runtime-overhead-gib.",
        "Check that the engine leaves them there; else add them in --runtime-overhead-gib."),
    alert("accepted_keys", "plan", "warning", lambda accepted_keys: accepted_keys != "",
        "Lido sem regra, por sua palavra: {accepted_keys}",
        "Read without a rule, at your word: {accepted_keys}",
        "O config.json tem chaves que podem mudar o KV e que nenhuma regra lê; por sua palavra elas não "
            "mudam nada: {accepted_keys}.",
        "The config.json has keys that may change the KV cache and that no rule reads; at your word they "
            "change nothing: {accepted_keys}.",
        "Confira na classe do modelo no motor; se mudam, a família precisa de uma regra (README).",
        "Check the engine's model class; if they do, the family needs a rule (README)."),
    alert("high_kv_budget", "plan", "warning", lambda kv_budget_ratio: kv_budget_ratio > HIGH_KV_BUDGET_RATIO,
        "kv_budget_ratio acima de {HIGH_KV_BUDGET_RATIO}: risco de falta de memória",
        "kv_budget_ratio above {HIGH_KV_BUDGET_RATIO}: out-of-memory risk",
        "kv_budget_ratio acima de {HIGH_KV_BUDGET_RATIO}: pouca sobra para fragmentação e picos, risco de "
            "falta de memória.",
        "kv_budget_ratio above {HIGH_KV_BUDGET_RATIO}: little room for fragmentation and peaks, "
            "out-of-memory risk.",
        "O limite é cauteloso: o vLLM opera em {VLLM_DEFAULT_RATIO} por padrão. Suba só depois de um teste "
            "de carga.",
        "The limit is cautious: vLLM itself runs at {VLLM_DEFAULT_RATIO} by default. Raise it only after a "
            "load test."),
    alert("low_runtime_overhead", "plan", "warning",
        lambda given_overhead_gib: given_overhead_gib < LOW_OVERHEAD_GIB,
        "Overhead de {runtime_overhead_gib} GiB por nó: provavelmente subestimado",
        "An overhead of {runtime_overhead_gib} GiB per node: probably underestimated",
        "Overhead informado de {runtime_overhead_gib} GiB por nó, abaixo de {LOW_OVERHEAD_GIB}: "
            "provavelmente subestimado.",
        "A given overhead of {runtime_overhead_gib} GiB per node, below {LOW_OVERHEAD_GIB}: probably "
            "underestimated.",
        "Omita --runtime-overhead-gib para que seja calculado, ou informe o valor do log do motor.",
        "Leave --runtime-overhead-gib out to have it computed, or give the figure of the engine's log."),
    alert("long_context_io", "storage", "warning",
        lambda effective_context: effective_context > LONG_CONTEXT_TOKENS,
        "Contexto acima de {LONG_CONTEXT_TOKENS} tokens: prefill longo e pressão de E/S",
        "Context above {LONG_CONTEXT_TOKENS} tokens: long prefill and I/O pressure",
        "Contexto de {effective_context} tokens (acima de {LONG_CONTEXT_TOKENS}): prefill longo e pressão de "
            "E/S ({storage}: leitura a {throughput_read_gbps_amount}, p99 {latency_read_ms_p99_amount}).",
        "A context of {effective_context} tokens (above {LONG_CONTEXT_TOKENS}): long prefill and I/O "
            "pressure ({storage}: reads at {throughput_read_gbps_amount}, p99 {latency_read_ms_p99_amount}).",
        "Meça o TTFT com prompts desse tamanho; prefill em partes e cache de prefixo aliviam.",
        "Measure TTFT with prompts of that length; chunked prefill and prefix caching relieve it."),
    alert("cloud_storage_latency", "storage", "warning", lambda type: type.startswith("cloud"),
        "Armazenamento de nuvem: latência variável",
        "Cloud storage: latency varies",
        "{storage} é armazenamento de nuvem: a latência varia com a carga de outros clientes (p99 de "
            "leitura: {latency_read_ms_p99_amount}).",
        "{storage} is cloud storage: latency varies with other tenants' load (read p99: "
            "{latency_read_ms_p99_amount}).",
        "Mantenha pesos e KV fora do caminho crítico: NVMe local ou cache, e réplicas já carregadas.",
        "Keep weights and KV off the critical path: local NVMe or a cache, and replicas already loaded."),
    alert("slow_model_load", "storage", "warning", lambda model_load_s: model_load_s > SLOW_MODEL_LOAD_S,
        "Carregar o modelo em todos os nós leva {model_load_s} s: limita {load_limit}",
        "Loading the model on all nodes takes {model_load_s} s: {load_limit} limits it",
        "Ler o checkpoint ({checkpoint_gib} GiB) em todos os nós de uma vez leva {model_load_s} s, mais que "
            "{SLOW_MODEL_LOAD_S} s. Limita {load_limit} (carregador {loader}: {loader_gbps_amount} por "
            "réplica e nó; {storage}: {throughput_read_gbps_amount}).",
        "Reading the checkpoint ({checkpoint_gib} GiB) on all nodes at once takes {model_load_s} s, more "
            "than {SLOW_MODEL_LOAD_S} s. What limits it is {load_limit} (loader {loader}: "
            "{loader_gbps_amount} per replica and node; {storage}: {throughput_read_gbps_amount}).",
        "Conte esse tempo em reinícios e trocas de nó. {load_remedy}",
        "Count it in restarts and node swaps. {load_remedy}"),
    alert("spares_use_up_nodes", "nodes", "info",
        lambda applies: not applies,
        "Não se aplica: a reserva toma todos os nós; informe ao menos --nodes {nodes_beside_spares_flag}",
        "Does not apply: its spares use up all nodes; give at least --nodes {nodes_beside_spares_flag}",
        "O cenário não se aplica: a reserva dele ({ha_extra_nodes}) toma todos os nós informados ({nodes}).",
        "The scenario does not apply: its spares ({ha_extra_nodes}) use up all the nodes given ({nodes}).",
        "Para ele, informe ao menos --nodes {nodes_beside_spares_flag}.",
        "For it, give at least --nodes {nodes_beside_spares_flag}."),
    alert("speed_is_estimate", "plan", "info",
        lambda speed_estimated, tpot_measured, tpot_expected_ms: speed_estimated and not tpot_measured,
        "A velocidade é uma estimativa",
        "Speed is an estimate",
        "A velocidade é uma estimativa: {speed_rests_on}. Por isso o TPOT para SLA é "
        "{committed_factor} vezes "
        "o esperado.",
        "Speed is an estimate: {speed_rests_on}. So the committed figure is {committed_factor} times the "
            "expected one.",
        "Meça uma réplica e informe --measured-tpot-ms com --measured-sessions.",
        "Measure one replica and give --measured-tpot-ms with --measured-sessions."),
    alert("kv_copies", "plan", "info",
        lambda kv_per_session_placed_gib, kv_per_session_gib: kv_per_session_placed_gib > kv_per_session_gib,
        "KV copiado: {kv_per_session_placed_gib} GiB por sessão em vez de {kv_per_session_gib}",
        "KV is copied: {kv_per_session_placed_gib} GiB per session instead of {kv_per_session_gib}",
        "Com tensor_parallel {tensor_parallel} o motor guarda cópias do KV: {kv_per_session_placed_gib} GiB "
            "por sessão em vez de {kv_per_session_gib}. É a disposição que a regra escolheu neste cenário, "
            "ou a pedida.",
        "With tensor_parallel {tensor_parallel} the engine keeps copies of KV: {kv_per_session_placed_gib} "
            "GiB per session instead of {kv_per_session_gib}. It is the layout that the rule chose in this "
            "scenario, or the one asked for.",
        "Compare as disposições na tabela da SEÇÃO 3.", "Compare the layouts in the table of SECTION 3."),
    alert("low_kv_budget", "plan", "info", lambda kv_budget_ratio: kv_budget_ratio < LOW_KV_BUDGET_RATIO,
        "kv_budget_ratio abaixo de {LOW_KV_BUDGET_RATIO}: HBM paga e não usada",
        "kv_budget_ratio below {LOW_KV_BUDGET_RATIO}: HBM paid for and not used",
        "kv_budget_ratio abaixo de {LOW_KV_BUDGET_RATIO}: mais da metade da HBM é paga e não usada.",
        "kv_budget_ratio below {LOW_KV_BUDGET_RATIO}: more than half of the HBM is paid for and not used.",
        "Suba --kv-budget-ratio para perto de {USUAL_KV_BUDGET_RATIO_flag}, se outro processo não divide as "
        "GPUs.",
        "Raise --kv-budget-ratio towards {USUAL_KV_BUDGET_RATIO_flag} unless another process shares the "
        "GPUs."),
    alert("sessions_capped", "plan", "info",
        lambda concurrency_capped: concurrency_capped,
        "A conta para em {concurrency} sessões, o máximo que se pode pedir",
        "The sizing stops at {concurrency} sessions, the most that can be asked",
        "Os nós informados seguram {max_concurrency} sessões; a conta para em {concurrency}, o máximo que se "
            "pode pedir.",
        "The nodes given hold {max_concurrency} sessions; the sizing stops at {concurrency}, the most that "
            "can be asked.",
        "Informe menos nós.", "Give fewer nodes."),
    alert("catalog_entry_replaced", "plan", "info", lambda replaced_entries: replaced_entries != "",
        "Do seu catálogo: {replaced_entries}", "From your own catalog: {replaced_entries}",
        "Do seu catálogo, no lugar da entrada de mesmo nome que acompanha a ferramenta: {replaced_entries}.",
        "From your own catalog, in place of the entry of that name that comes with the tool: "
        "{replaced_entries}.",
        "Dê outro nome à sua entrada se a troca não é desejada.",
        "Give your entry another name if that is not meant."),
)


def raised(sheet: Sheet, scope: str | None = None, table: Iterable[Alert] = ALERTS) -> list[str]:
    """Ids of the alerts of a table that a sheet raises; with a `scope`, of that part of it only."""
    return [alert.id for alert in table if scope in (None, alert.scope) and sheet.holds(alert.when)]


# === Doors: the public functions bind their arguments and ask the sheet ===

# Ten are parameters of calculate_sizing, and only the command line replaces entries.
MORE_OF_A_SIZING = (*(name for name in REQUEST_NAMES[10:] if name != "replaced_entries"), "weights_precision")


def calculate_sizing(model: Model, server: Server, storage: StorageProfile,
                     concurrency: int | None, effective_context: int,
                     kv_precision: str, kv_budget_ratio: float, runtime_overhead_gib: float | None,
                     peak_headroom_ratio: float, ha_mode: str, **more) -> SizingResult:
    """One scenario, sized; without `runtime_overhead_gib` it is computed. Raises SizingError.

    `more`: further fields of Request by name, and `weights_precision`, the format to load the weights in.
    With `nodes` and no `concurrency`, the most sessions those nodes hold; with both, whether they hold them.
    """
    for name in more:
        if name not in MORE_OF_A_SIZING:
            raise SizingError("unknown argument %s%s" % (short(name), nearest(name, MORE_OF_A_SIZING)))
    weights_precision = more.pop("weights_precision", None)
    check_arguments({"model": model, **stated({"weights_precision": weights_precision,
                                               "use_case": more.get("use_case")})})
    request = Request.of(dict(
        {**of_use_case(more.get("use_case")), **more}, model=with_weights(model, weights_precision),
        server=server, storage=storage,
        concurrency=concurrency, effective_context=effective_context, kv_precision=kv_precision,
        kv_budget_ratio=kv_budget_ratio, runtime_overhead_gib=runtime_overhead_gib,
        peak_headroom_ratio=peak_headroom_ratio, ha_mode=ha_mode))
    check_request(request)
    return size(with_load(request, request), kv_budget_ratio)


def size_many(requests: Iterable[Request], scenarios: Iterable[str] = SCENARIO_KEYS,
              ) -> Iterator[dict[str, SizingResult] | SizingError]:
    """Each request sized as it is asked for, in order: {scenario: plan}, or the SizingError that refuses it.

    A Request names a model (of another weight format: with_weights(model, "fp8")), a server, a storage
    profile, sessions, context and KV format, and whatever else the command line can (use_case is a name only:
    its lengths are given too); `but` and dataclasses.replace vary it. kv_budget_ratio and peak_headroom_ratio
    are as configured: each scenario makes its own of them. calculate_sizing sizes one scenario. Raises
    SizingError on unknown scenarios only.

    >>> base = Request(Model("m", 32, 8, 128, 8192, "full", None, None, None, "fp16"),
    ...                Server("s", 8, 100.0, 800.0, None, None),
    ...                StorageProfile("disk", "nvme_local", *[None] * 8), 100, 8192, "fp16")
    >>> plans = size_many(base.but(concurrency=sessions) for sessions in (100, 1000))
    >>> [{key: plan.nodes_final for key, plan in each.items()} for each in plans]
    [{'minimum': 1, 'recommended': 2, 'ideal': 3}, {'minimum': 3, 'recommended': 4, 'ideal': 6}]
    """
    keys = [check_choice(key, SCENARIO_KEYS) for key in scenarios]
    return (sized(request, keys) for request in requests)


def sized(request: Request, keys: Collection[str] = SCENARIO_KEYS) -> dict[str, SizingResult] | SizingError:
    try:
        expect(isinstance(request, Request), "a Request", request, "requests")
        return plan_all(request, keys)
    except SizingError as error:
        return error


def calc_kv_per_session_gib(model: Model, effective_context: int,
                            kv_precision: str) -> tuple[float, list[str]]:
    """KV cache in GiB of a session in steady state, and ids of the alerts it raises; raises SizingError.

    Layers of a sliding window stop growing at the window. The context is clamped to max_position_embeddings.

    >>> calc_kv_per_session_gib(Model("m", 32, 8, 128, 8192, "full", None, None, None, "fp16"), 8192, "fp16")
    (1.0, ['high_kv_precision'])
    """
    check_arguments({"model": model, "effective_context": effective_context, "kv_precision": kv_precision})
    check_kv_precision(model, kv_precision)
    sheet = kv_sheet(model, effective_context, kv_precision)
    return sheet["kv_per_session_gib"], raised(sheet, "kv")


def kv_sheet(model: Model, effective_context: int, kv_precision: str) -> Sheet:
    given = dict(effective_context=min(effective_context, model.max_position_embeddings),
                 requested_context=effective_context, kv_precision=kv_precision,
                 bytes_per_element=KV_PRECISIONS[kv_precision])
    return model_sheet(model).bind(given, packed_case(model, kv_precision))


def calc_sessions_per_node(server: Server, kv_per_session_gib: float, kv_budget_ratio: float,
                           runtime_overhead_gib: float, *, replicas_per_node: int = 1) -> int:
    """Sessions whose KV fits one node, 0 when none does; raises SizingError on figures that make no sense.

    >>> calc_sessions_per_node(Server("s", 8, 100.0, 800.0, None, None), 1.0, 0.70, 120.0)
    401
    """
    given = dict(kv_budget_ratio=kv_budget_ratio, runtime_overhead_gib=runtime_overhead_gib,
                 kv_per_session_gib=kv_per_session_gib, replicas_per_node=replicas_per_node)
    check_arguments({"server": server, **given})
    sheet = server_sheet(server).bind(
        dict(given, kv_per_session_placed_gib=kv_per_session_gib, nodes_per_replica=1))
    return sheet["memory_sessions_per_node"]


def calc_nodes_required(concurrency: int, sessions_per_node: int, peak_headroom_ratio: float,
                        ha_mode: str, *, nodes_per_replica: int = 1) -> tuple[int, int, int]:
    """(nodes_minimum, nodes_with_headroom, nodes_final); raises SizingError when a node holds no session.

    With `nodes_per_replica` above 1, `sessions_per_node` is what so many nodes hold together; spares are
    single nodes.

    >>> calc_nodes_required(100, 10, 0.1, "n+1")
    (10, 11, 12)
    """
    given = dict(concurrency=concurrency, peak_headroom_ratio=peak_headroom_ratio, ha_mode=ha_mode,
                 nodes_per_replica=nodes_per_replica)
    check_arguments(given)
    if sessions_per_node == 0:
        raise SizingError("sessions_per_node: expected a whole number from 1, got 0: no session fits a node")
    with at("sessions_per_node"):
        check_number(sessions_per_node, COUNT._replace(high=10**18))
    sheet = Sheet().bind(dict(given, sessions_per_replica=sessions_per_node,
                              ha_extra_nodes=HA_MODES[ha_mode]), CASES["spanning"])
    return sheet["nodes_minimum"], sheet["nodes_with_headroom"], sheet["nodes_final"]


def generate_storage_warnings(storage: StorageProfile, model: Model, effective_context: int,
                              server: Server) -> list[str]:
    """Ids of the alerts on storage, for a context within the model's maximum; raises SizingError."""
    check_arguments(dict(storage=storage, model=model, effective_context=effective_context, server=server))
    given, absent = record_terms(storage)
    # nodes and loader are not known here: the storage by itself, one replica on one node
    given.update(effective_context=effective_context, storage_is_shared=0, nodes_final=1, nodes_per_replica=1,
                 replicas_per_node=1, loader_load_s=0)
    return raised(site(model, server).bind(given, absent=absent), "storage")


# The doors to speed take fractions of tokens and sessions, as a curve does.
SPEED_BOUNDS = {
    **BOUNDS,
    **dict.fromkeys(("sessions_per_replica", "context_tokens", "prompt_tokens", "input_tokens",
                     "output_tokens"), Bound(float, 1, 10**9)),
    **dict.fromkeys(("tpot_target_ms", "tpot_factor", "margin"), Bound(float, 0, 10**9, False)),
    "draft_tokens": Bound(int, 0, 16), "acceptance_length": Bound(float, 1, 17),
}


def speed_sheet(model: Model, server: Server, tensor_parallel: int, **given) -> Sheet:
    """A replica's sheet for the speed doors; raises SizingError naming what is wrong or missing."""
    check_arguments({"model": model, "server": server})
    ranks = given.pop("attention_data_parallel", 1)
    sizes = divisors(server.gpus)
    if type(tensor_parallel) is not int or tensor_parallel not in sizes:
        raise SizingError("tensor_parallel: expected one of %s (they divide the %d GPUs of %s), got %s" % (
            ", ".join(map(str, sizes)), server.gpus, server.name, short(tensor_parallel)))
    gpus = tensor_parallel * check_among("attention_data_parallel", ranks, divisors(
        server.gpus // tensor_parallel))
    check_among("expert_parallel", given.setdefault("expert_parallel", 1), divisors(gpus))
    check_arguments(given, SPEED_BOUNDS)
    check_drafts(given.get("draft_tokens", 0), given.get("acceptance_length"))
    layout = Layout(gpus, 1, ranks)
    unknown = [*speed_unknowns(model, server, gpus), *outside_speed(model, server, layout)]
    if unknown:
        raise SizingError("speed of %s on %s: not known without %s"
                          % (model.name, server.name, missing_words(unknown).en))
    kv_precision = given.get("kv_precision", model.default_kv_precision)
    check_kv_precision(model, kv_precision)
    spread = given["expert_parallel"] > 1 and bool(model.num_experts)
    sheet = site(model, server).bind({
        "prefix_cache_hit_ratio": 0.0, "tpot_factor": 1.0, "draft_tokens": 0,
        "max_num_batched_tokens": MAX_NUM_BATCHED_TOKENS,
        **engine_terms(given.get("engine", "generic"), server), **layout_terms(layout, server, model),
        **given,
        **precision_terms(model, server, given["weights_precision"]),
        "bytes_per_element": KV_PRECISIONS[kv_precision], "effective_context": model.max_position_embeddings},
        {**packed_case(model, kv_precision), **layout_cases(layout, server),
         **pass_cases(spread, given.get("draft_tokens", 0))})
    sheet.setdefault("accepted_tokens", given.get("acceptance_length") or 1)
    if "output_tokens" in given:
        sheet.setdefault("context_tokens", given["input_tokens"] + given["output_tokens"] / 2)
    return sheet


def check_among(name: str, value: object, sizes: Sequence[int]) -> int:
    """`value` if it is one of the whole numbers `sizes`; raises SizingError naming it."""
    if type(value) is not int or value not in sizes:
        raise SizingError("%s: expected one of %s, got %s" % (name, ", ".join(map(str, sizes)), short(value)))
    return value


def check_drafts(draft_tokens: int, acceptance_length: float | None) -> None:
    """Raise SizingError when more tokens are kept than a step checks, or drafts are not asked for."""
    if acceptance_length is not None and acceptance_length > draft_tokens + 1:
        raise SizingError("acceptance_length: expected at most draft_tokens + 1 = %d, got %s"
                          % (draft_tokens + 1, acceptance_length))


def calc_decode_step_ms(model: Model, server: Server, sessions_per_replica: float, context_tokens: float, *,
                        tensor_parallel: int, kv_precision: str, weights_precision: str) -> float:
    """Milliseconds of a decode step, one token for each session of a replica; raises SizingError."""
    sheet = speed_sheet(model, server, tensor_parallel, sessions_per_replica=sessions_per_replica,
                        context_tokens=context_tokens, kv_precision=kv_precision,
                        weights_precision=weights_precision)
    return at_load(sheet, sessions_per_replica)["decode_step_ms"]


def calc_prefill_ms(model: Model, server: Server, prompt_tokens: float, *, tensor_parallel: int,
                    weights_precision: str) -> float:
    """Milliseconds of one prompt on a replica with no other load; raises SizingError."""
    sheet = speed_sheet(model, server, tensor_parallel, prompt_tokens=prompt_tokens,
                        weights_precision=weights_precision)
    return sheet.bind({"input_tokens": prompt_tokens})["prefill_ms"]


def calc_tpot_ms(model: Model, server: Server, sessions_per_replica: float,
                 input_tokens: float, output_tokens: float, *,
                 tensor_parallel: int, kv_precision: str, weights_precision: str, engine: str = "generic",
                 prefix_cache_hit_ratio: float = 0.0, context_tokens: float | None = None,
                 attention_data_parallel: int = 1, expert_parallel: int = 1, draft_tokens: int = 0,
                 acceptance_length: float | None = None,
                 max_num_batched_tokens: int = MAX_NUM_BATCHED_TOKENS) -> float:
    """Expected milliseconds per output token of each session under continuous batching; raises SizingError.

    A replica takes `tensor_parallel` x `attention_data_parallel` GPUs: so many ranks keep their own sessions,
    of the `sessions_per_replica` of all. `expert_parallel`: so many groups of GPUs, each with whole experts.
    `acceptance_length` is how many tokens a step with `draft_tokens` yields, 1 when not given.
    `context_tokens` is what a session attends to while decoding: input + output / 2 when not given.
    """
    sheet = speed_sheet(model, server, tensor_parallel, sessions_per_replica=sessions_per_replica,
                        input_tokens=input_tokens, output_tokens=output_tokens, kv_precision=kv_precision,
                        weights_precision=weights_precision, engine=engine,
                        prefix_cache_hit_ratio=prefix_cache_hit_ratio,
                        attention_data_parallel=attention_data_parallel, expert_parallel=expert_parallel,
                        draft_tokens=draft_tokens, max_num_batched_tokens=max_num_batched_tokens,
                        **stated({"context_tokens": context_tokens, "acceptance_length": acceptance_length}))
    return at_load(sheet, sessions_per_replica)["tpot_expected_ms"]


def calc_sessions_at_tpot(model: Model, server: Server, tpot_target_ms: float,
                          input_tokens: float, output_tokens: float, *, tensor_parallel: int,
                          kv_precision: str, weights_precision: str, engine: str = "generic",
                          prefix_cache_hit_ratio: float = 0.0, context_tokens: float | None = None,
                          tpot_factor: float | None = None, margin: float = 1.0,
                          attention_data_parallel: int = 1, expert_parallel: int = 1, draft_tokens: int = 0,
                          acceptance_length: float | None = None,
                          max_num_batched_tokens: int = MAX_NUM_BATCHED_TOKENS) -> int:
    """The most sessions per replica whose expected TPOT, times `margin`, holds the target; 0 if none.

    `tpot_factor` scales the expected TPOT, as a measurement does; the others as in calc_tpot_ms. Raises
    SizingError.
    """
    sheet = speed_sheet(model, server, tensor_parallel, tpot_target_ms=tpot_target_ms,
                        input_tokens=input_tokens, output_tokens=output_tokens,
                        kv_precision=kv_precision, weights_precision=weights_precision,
                        engine=engine, prefix_cache_hit_ratio=prefix_cache_hit_ratio, margin=margin,
                        attention_data_parallel=attention_data_parallel, expert_parallel=expert_parallel,
                        draft_tokens=draft_tokens, max_num_batched_tokens=max_num_batched_tokens,
                        **stated({"context_tokens": context_tokens, "tpot_factor": tpot_factor,
                                  "acceptance_length": acceptance_length}))
    return last_within(tpot_target_ms, COUNT.high,
                       lambda sessions: at_load(sheet, sessions)["tpot_expected_ms"] * margin)


# === Parameter dictionary: what each word of the report means ===

FROM_CONFIG = Text("config.json do modelo.", "The model's config.json.")
FROM_SERVER_SHEET = Text("Ficha do servidor.", "The server's data sheet.")
FROM_CALLER = Text("Quem chama.", "The caller.")
FROM_MAKER_OR_FIO = Text("Ficha do fabricante ou fio.", "The maker's data sheet, or fio.")
PARAMETERS = (
    *ASKED.values(),
    parameter("weights_precision",
        "Formato dos pesos.", "Format of the weights.",
        "config.json (quantization_config) e cartão do modelo.",
        "config.json (quantization_config) and the model card.",
        "Bytes por peso: o que sobra da HBM é KV.", "Bytes per weight: what is left of HBM is KV.",
        "Supor que todo parâmetro é quantizado.", "Assuming that every parameter is quantized.",
        flag=Flag("NAME", shown="the model's")),
    parameter("accept_keys",
        "Chaves sem regra que não mudam o KV, por sua palavra.",
        "Keys without a rule that do not change the KV cache, at your word.",
        "O código da classe do modelo no motor.", "The source of the engine's model class.",
        "Um config.json com elas é lido; um alerta as repete.",
        "A config.json with them is read; an alert repeats them.",
        "Aceitar sem ter lido a classe.", "Accepting them without having read the class.",
        flag=Flag("NAME,NAME", default=())),
    parameter("num_layers",
        "Camadas do transformer (num_hidden_layers no config.json).",
        "Transformer layers (num_hidden_layers in config.json).",
        *FROM_CONFIG,
        "Cada camada guarda o próprio KV.", "Each layer keeps its own KV.",
        "Contar como full as camadas de janela deslizante.", "Counting sliding-window layers as full ones."),
    parameter("num_key_value_heads",
        "Cabeças de chave e valor por camada (GQA, MQA).", "Key and value heads per layer (GQA, MQA).",
        *FROM_CONFIG,
        "O KV é proporcional a elas, não às de atenção.",
        "KV is proportional to them, not to attention heads.",
        "Usar num_attention_heads: erro de 2 a 16 vezes.",
        "Using num_attention_heads: wrong by 2 to 16 times."),
    parameter("head_dim",
        "Elementos de cada cabeça.", "Elements of each head.",
        "config.json; se ele não informa, hidden_size / num_attention_heads.",
        "config.json; where it is silent, hidden_size / num_attention_heads.",
        "O KV é proporcional a ele.", "KV is proportional to it.",
        "Dividir hidden_size pelas cabeças onde há head_dim.",
        "Dividing hidden_size by the heads where head_dim is given."),
    parameter("max_position_embeddings",
        "Maior contexto do modelo, em tokens.", "The model's longest context, in tokens.",
        *FROM_CONFIG,
        "O contexto pedido é cortado nele.", "The requested context is clamped to it.",
        "Vender um contexto que o modelo não aceita.", "Selling a context that the model does not take."),
    parameter("attention_pattern hybrid_full_layers hybrid_sliding_layers layer_groups",
        "O que cada camada guarda: full, sliding, hybrid, chunked, latent, sparse_latent, sparse ou linear.",
        "What each layer keeps: full, sliding, hybrid, chunked, latent, sparse_latent, sparse or linear.",
        *FROM_CONFIG,
        "Só algumas camadas crescem com o contexto.", "Only some layers grow with the context.",
        "Tratar todo modelo como full, ou meio a meio.",
        "Treating all as full, or as half and half."),
    parameter("hidden_size num_attention_heads vocab_size embedding_params",
        "Largura, cabeças de consulta, vocabulário e parâmetros da tabela de embeddings.",
        "Width, query heads, vocabulary and parameters of the embedding table.",
        *FROM_CONFIG,
        "Dão as ativações do motor e em quantas GPUs as camadas se dividem.",
        "Give the engine's activations and over how many GPUs the layers divide.",
        "Dividir por um número que não divide as cabeças.",
        "Dividing by a number that does not divide the heads."),
    parameter("num_experts num_experts_per_tok moe_layers expert_params",
        "Especialistas por camada MoE, quantos um token usa, camadas que os têm e tamanho de um.",
        "Experts per MoE layer, how many a token uses, layers that have them and the size of one.",
        *FROM_CONFIG,
        "Todos ocupam HBM; poucos são lidos por token.", "All take HBM; few are read per token.",
        "Tratar os parâmetros ativos como memória.", "Treating active parameters as memory."),
    parameter("unquantized_params params_by_precision as_quantized whole_params whole_unquantized_params "
              "mtp_params host_params mtp_layers vision_params rope_positions weights_origin config_read "
              "config_derived "
              "config_unread config_accepted task checkpoint_precision",
        "O que se leu e derivou do config.json: o que fica em 16 bits ou inteiro em cada rank, MTP, visão.",
        "What was read and derived from config.json: what is in 16 bits or whole on each rank, MTP, vision.",
        "A leitura de --model com um caminho.", "Reading --model with a path.",
        "Separam o que está no disco do que é carregado.", "Tell what is on disk from what is loaded.",
        "Confiar sem conferir o que foi suposto.", "Trusting what was assumed without checking."),
    parameter("sliding_window",
        "Tokens que uma camada de janela deslizante guarda.", "Tokens a sliding-window layer keeps.",
        *FROM_CONFIG,
        "Limita o KV dessas camadas.", "Bounds the KV of those layers.",
        "Usar o número que o modelo declara não usar (use_sliding_window false).",
        "Using a figure that the model says it does not use (use_sliding_window false)."),
    parameter("weights_gib checkpoint_gib total_params active_params",
        "Pesos em HBM e em disco; parâmetros, e os ativos por token.",
        "Weights in HBM and on disk; parameters, and those active per token.",
        "Log do motor; arquivos safetensors.", "The engine's log; the safetensors files.",
        "Os pesos ocupam HBM, ativos ou não; o checkpoint define a carga.",
        "Weights take HBM, active or not; the checkpoint sets the load time.",
        "Tomar os parâmetros ativos pelo total.",
        "Counting only the active parameters."),
    parameter("gpus total_hbm_gb hbm_per_gpu_gb driver_mib_per_gpu",
        "GPUs e a sua memória: a do folheto (GB) e a do driver (MiB).",
        "GPUs and their memory: the brochure's (GB) and the driver's (MiB).",
        "Ficha do servidor; nvidia-smi ou rocm-smi.", "The server's data sheet; nvidia-smi or rocm-smi.",
        "Vale a do driver, em GiB.", "The driver's counts, in GiB.",
        "Ler GB como GiB, ou um rack inteiro como um nó.",
        "Reading GB as GiB, or a whole rack as one node."),
    parameter("gpu gpu_interconnect nvlink_bandwidth_tbps all_reduce_gbps all_reduce_us "
              "hbm_bandwidth_per_gpu_tbps dense_tflops_bf16 dense_tflops_fp8 dense_tflops_fp4",
        "A GPU, o que as liga, e velocidades de pico: NVLink do nó (as duas direções), HBM e cálculo denso; "
        "em placas PCIe, GB/s e microssegundos de uma soma entre tantas GPUs.",
        "The GPU, what connects them, and peak rates: the node's NVLink (both directions), HBM and dense "
        "compute; on PCIe boards, GB/s and microseconds of a sum over so many GPUs.",
        "Ficha do fabricante, sem esparsidade.", "The maker's data sheet, without sparsity.",
        "Delas vem a velocidade dos tokens.", "Token speed comes from them.",
        "Usar o número com esparsidade, o dobro, ou comparar servidores só pela HBM.",
        "Using the figure with sparsity, twice as high, or comparing servers by HBM alone."),
    parameter("system_memory_tb",
        "Memória do host, em TB.", "Host memory, in TB.",
        *FROM_SERVER_SHEET,
        "Cache de pesos e de KV fora da HBM.", "A cache of weights and KV outside HBM.",
        "Somá-la à HBM.", "Adding it to the HBM."),
    parameter("max_power_kw rack_units",
        "Potência máxima e altura do nó.", "Maximum power and height of the node.",
        *FROM_SERVER_SHEET,
        "Decidem se o datacenter recebe os nós.", "Decide whether the data centre takes the nodes.",
        "Esquecer rede, armazenamento e refrigeração.", "Forgetting network, storage and cooling."),
    parameter("measured_power_ratio",
        "Quanto da potência máxima já se mediu num nó desses sob carga.",
        "How much of the maximum power has been measured on such a node under load.",
        "Artigos que mediram o nó inteiro na tomada; a fonte do servidor os cita.",
        "Papers that measured the whole node at the wall; the server's source names them.",
        "Referência para estimar o consumo; nenhum número a usa.",
        "A reference for estimating consumption; no number uses it.",
        "Tomar por ela o consumo das placas, ou uma média.",
        "Taking the boards alone, or an average, for it."),
    parameter("type iops_read iops_write",
        "Tipo do armazenamento e operações por segundo.", "Kind of storage and operations per second.",
        *FROM_MAKER_OR_FIO,
        "Os de nuvem geram alerta; operações importam pouco para checkpoints.",
        "Cloud kinds raise an alert; operations matter little for checkpoints.",
        "Tratar um volume de nuvem como NVMe local.", "Treating a cloud volume as local NVMe."),
    parameter("throughput_read_gbps throughput_write_gbps",
        "Vazão em GB/s (10^9 bytes por segundo), não gigabits.",
        "Throughput in GB/s (10^9 bytes per second), not gigabits.",
        *FROM_MAKER_OR_FIO,
        "Dá o piso do tempo de carga do modelo.", "Gives the floor of the model's load time.",
        "Esperar a da ficha: o carregador padrão lê de 1,2 a 4,3 GB/s (--loader).",
        "Expecting the data sheet's: the default loader reads 1.2 to 4.3 GB/s (--loader)."),
    parameter("latency_read_ms_p50 latency_read_ms_p99 latency_write_ms_p50 latency_write_ms_p99",
        "Latência mediana e p99, em ms.", "Median and p99 latency, in ms.",
        "Medição; nenhum fabricante publica p99.", "Measurement; no vendor publishes p99.",
        "Pesa se KV ou prompts são lidos ao atender.", "Weighs if KV or prompts are read while serving.",
        "Tomar a média como p99.", "Taking the mean for the p99."),
    parameter("output_json_file output_markdown_file output_html_file",
        "Grava também um arquivo, inclusive quando não cabe.",
        "Also writes a file, even when the request does not fit.",
        *FROM_CALLER,
        "A troca é atômica: nunca fica meio arquivo.", "The swap is atomic: never half a file.",
        "Ler só o arquivo e ignorar o código de saída.",
        "Reading the file alone and ignoring the exit status.", flag=Flag("PATH")),
    parameter("models_file servers_file storage_file",
        "Um catálogo seu, no mesmo formato, somado ao que acompanha; com um nome nos dois, vale o seu.",
        "A catalog of your own, in the same format, added to the shipped one; with a name in both, yours "
            "counts.",
        "Os arquivos ao lado de sizing.py.", "The files beside sizing.py.",
        "Catálogos próprios sem tocar nos que acompanham.",
        "Catalogs of your own without touching those shipped.",
        "Copiar um número sem a fonte.", "Copying a figure without its source.",
        flag=Flag("PATH")),
    parameter("aliases product maker",
        "Outros nomes que as opções aceitam, o nome do produto e quem fez o modelo.",
        "Other names that the flags take, the product's name, and who made the model.",
        "Nomes no Hugging Face, do fabricante ou da nuvem.",
        "Names on Hugging Face, of the maker or of the cloud.",
        "O relatório mostra o nome do catálogo, qualquer que seja o digitado.",
        "The report shows the catalog's name, whichever was typed.",
        "Procurar o modelo só pelo nome do catálogo.", "Looking for a model by the catalog's name alone."),
    parameter("lang",
        "Idioma do relatório.", "Language of the report.",
        *FROM_CALLER,
        "Muda só a prosa, nunca números ou chaves.", "Changes prose only, never numbers or keys.",
        "Esperar erros traduzidos: são sempre em inglês.",
        "Expecting translated errors: they are always English.", flag=Flag("LANG", default="pt")),
    parameter("scenario",
        "Cenário cujos números o resumo mostra.", "Scenario whose figures the summary shows.",
        *FROM_CALLER,
        "Os três são sempre dimensionados.", "All three are always sized.",
        "Ler a velocidade de um cenário como a de outro.", "Reading the speed of one scenario as another's.",
        flag=Flag("NAME", default=FOR_PRODUCTION)),
    parameter("sort_by",
        "Número pelo qual se ordenam os casos de listas.", "Number by which the cases of lists are sorted.",
        *FROM_CALLER,
        "Crescente, no cenário de --scenario (=-NAME: decrescente); sem valor, por último.",
        "Ascending, in the scenario of --scenario (=-NAME: descending); those without a value come last.",
        "Comparar só os nós de servidores com GPUs diferentes.",
        "Comparing the nodes alone of servers with different GPUs.", flag=Flag("NAME")),
    parameter("json_only text_only markdown_only html_only summary csv full list_models list_servers "
              "list_storage completion version",
        "Uma só saída em vez de texto e JSON, o catálogo, o script com que um shell completa as opções, ou a "
            "versão.",
        "One output only instead of text and JSON, the catalog, the script with which a shell completes the "
            "flags, or the version.",
        *FROM_CALLER,
        "--json-only alimenta scripts; as listas dão os nomes que as outras opções aceitam.",
        "--json-only feeds scripts; the lists give the names the other flags take.",
        "Analisar o texto com expressões regulares.", "Parsing the text with regular expressions."),
)


# === Report: which numbers stand where, once for all renderers; nothing is worked out here ===

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


# Words stand under their English, in lower case and with `_` for a space; what is longer, under a name.
WORDS = {word.lower().replace(" ", "_"): Text(translated, word) for word, translated in {
    "Replicas per node": "Réplicas por nó", "Sessions per node": "Sessões por nó", "Remark": "Observação",
    "Scenario": "Cenário", "Headroom": "Folga", "Spares": "Reserva", "Cost": "Custo",
    "Use": "Uso", "none": "nenhuma", "Layout": "Disposição",
    "What limits": "O que limita",
    "all scenarios": "todos os cenários", "Lever": "Alavanca", "Now": "Hoje", "ALL": "TODOS", "no": "não",
    "fits": "já cabe", "Request": "Requisição", "Model": "Modelo", "Server": "Servidor",
    "Storage": "Armazenamento", "Parameter": "Parâmetro", "Source": "Origem", "Importance": "Importância",
    "Common error": "Erro comum", "Number": "Número", "Inputs": "Inputs",
    "Alert": "Alerta", "low": "baixo", "medium": "médio", "high": "alto",
    "short": "curto", "long": "longo", "small": "pequeno", "large": "grande", "extreme": "extremo"}.items()}
WORDS.update((name, Text(*both)) for name, both in {
    "title": ("DIMENSIONAMENTO DE NÓS GPU PARA SERVIR LLM", "GPU NODE SIZING FOR LLM SERVING"),
    "subject": (
        "{subject_model} em {subject_server}: {concurrency} sessões de {effective_context} "
        "tokens{requested}, "
        "KV em {kv_precision}",
        "{subject_model} on {subject_server}: {concurrency} sessions of {effective_context} tokens"
        "{requested}, KV in {kv_precision}"),
    "subject_nodes": (
        "{subject_model} em {subject_server}, nós: {nodes}; sessões de {effective_context} tokens"
        "{requested}, KV em {kv_precision}",
        "{subject_model} on {subject_server}, nodes: {nodes}; sessions of {effective_context} tokens"
        "{requested}, KV in {kv_precision}"),
    "nodes_final": ("Nós", "Nodes"), "gpus_final": ("GPUs", "GPUs"), "power_kw": ("kW", "kW"),
    "rack_units_final": ("U", "U"), "cost_per_year": ("Por ano{in_currency}", "Per year{in_currency}"),
    "availability_peak": ("Disp.", "Avail."),
    "tpot_nominal": ("TPOT nominal", "TPOT, nominal"), "ttft_nominal": ("TTFT nominal", "TTFT, nominal"),
    "target": ("Meta", "Target"), "tpot_peak": ("TPOT no pico", "TPOT at peak"),
    "max_concurrency": ("Sessões", "Sessions"),
    "max_effective_context": ("Contexto máximo", "Longest context"),
    "requested": (" (pedido: {requested_context})", " (requested: {requested_context})"),
    "layouts": (
        "Disposições do modelo em um nó ({lead})", "Layouts of the model on a node ({lead})"),
    "gpus_per_replica": ("Tensor × pipeline", "Tensor × pipeline"),
    "kv_per_session_placed_gib": ("KV por sessão (GiB)", "KV per session (GiB)"),
    "memory_sessions_per_node": ("Por memória", "By memory"),
    "speed_sessions_per_node": ("Por velocidade", "By speed"), "chosen": ("← escolhida", "← chosen"),
    "refused": ("Inviável ({reason}): {names}", "Not viable ({reason}): {names}"),
    "attention_data": (" (data-parallel)", " (data-parallel)"),
    "risks": ("Risco, meta de SLA e disponibilidade calculada", "Risk, SLA target and computed availability"),
    "risk": ("{risk}; SLA: {typical_sla}; no pico: {availability_peak_nines}",
             "{risk}; SLA: {typical_sla}; at peak: {availability_peak_nines}"),
    "risk_unfit": ("{risk}; SLA: {typical_sla}", "{risk}; SLA: {typical_sla}"),
    "independent": (
        "Disp.: nós independentes, no ar {node_availability_nines} do tempo, no pico; rede, rack e site à "
        "parte",
        "Avail.: independent nodes, each up {node_availability_nines} of the time, at peak; network, rack "
        "and site apart"),
    "production": ("← use este", "← use this"),
    "picture": (
        "TPOT esperado ({lead}): de {first_ms} ms com uma sessão por réplica a {last_ms} ms com "
        "{last_sessions} por nó",
        "Expected TPOT ({lead}): from {first_ms} ms with one session per replica to {last_ms} ms with "
        "{last_sessions} per node"),
    "tpot_target": ("meta de TPOT: {tpot_ms_amount}", "TPOT target: {tpot_ms_amount}"),
    "chart": ("Nós por cenário", "Nodes per scenario"),
    "alerts": ("Alertas ({told} de {count}; todos na SEÇÃO 4 do relatório)",
               "Alerts ({told} of {count}; all in SECTION 4 of the report)"),
    "no_alert": ("Nenhum alerta.", "No alert."),
    "bar": ("HBM de um nó na carga nominal, a reserva parada ({lead}), em GiB: {hbm_total_gib}",
            "HBM of one node at nominal load, the spares down ({lead}), in GiB: {hbm_total_gib}"),
    "bar_unfit": ("HBM de um nó sem nenhuma sessão ({lead}), em GiB: {hbm_total_gib}",
                  "HBM of one node with no session ({lead}), in GiB: {hbm_total_gib}"),
    "rest_of_summary": (
        "Relatório: --text-only, --html-only | cada número com fórmula: --full | dados: --json-only, --csv",
        "Report: --text-only, --html-only | every number with its formula: --full | "
        "data: --json-only, --csv"),
    "cases": ("Casos: {count}. Igual em todos:", "Cases: {count}. The same in all of them:"),
    "of_the_lead": (
        "Nós dos três cenários; o resto é do {lead}. —: não cabe, ou não informado.",
        "Nodes of all three scenarios; the rest is that of {lead}. —: does not fit, or not stated."),
    "would_fit": ("Faria caber, cada mudança sozinha", "What would make it fit, each change alone"),
    "unfit_cases": (
        "Não cabem em algum cenário: {count}. Rode um deles sozinho para ver o que o faria caber.",
        "Do not fit in some scenario: {count}. Run one by itself to see what would make it fit."),
    "rest_of_cases": (
        "Todos os números: --csv, --json-only | ordem: --sort-by | a conta de um caso: rode-o sozinho",
        "Every number: --csv, --json-only | order: --sort-by | the proof of one case: run it by itself"),
    "progress": ("{done} de {count} casos ({share_pct})", "{done} of {count} cases ({share_pct})"),
    "rest_of_report": (
        "Cada número com fórmula e o dicionário inteiro: --full. Só o começo: --summary.",
        "Every number with its formula and the whole dictionary: --full. Summary only: --summary."),
    "levers": (
        "O que faria caber: o limiar de cada alavanca sozinha (não: não resolve)",
        "What would make it fit: the threshold of each lever alone (no: does not help)"),
    "combine": (
        "Nenhuma alavanca sozinha faz caber os três cenários: combine duas ou mais, ou traga um servidor "
            "maior para o catálogo.",
        "No lever alone makes all three scenarios fit: combine two or more, or bring a larger server into "
            "the catalog."),
    "section1": ("SEÇÃO 1: ENTRADAS", "SECTION 1: INPUTS"),
    "section2": ("SEÇÃO 2: DICIONÁRIO DE PARÂMETROS", "SECTION 2: PARAMETER DICTIONARY"),
    "description": ("O que é", "What it is"),
    "section3": ("SEÇÃO 3: RESULTADOS POR CENÁRIO", "SECTION 3: RESULTS BY SCENARIO"),
    "calculated": ("Como foi calculado", "How it was calculated"),
    "differs": ("Muda com o cenário", "Differs by scenario"),
    "shared": ("Igual em todos os cenários", "The same in all scenarios"),
    "formula": ("Racional: Fórmula", "Rationale: Formula"),
    "source_of": ("Fonte (em inglês)", "Source"),
    "explanation": ("Interpretação", "Interpretation"),
    "hand_over": ("Como montar e testar uma réplica ({lead})", "How to build and test a replica ({lead})"),
    "measured_back": (
        "As médias medidas voltam com --measured-tpot-ms, --measured-ttft-ms, --measured-sessions "
        "{load_test_sessions_flag}",
        "The measured means come back with --measured-tpot-ms, --measured-ttft-ms, --measured-sessions "
        "{load_test_sessions_flag}"),
    "section4": ("SEÇÃO 4: ALERTAS E RISCOS", "SECTION 4: ALERTS AND RISKS"),
    "meaning": ("O que significa", "What it means"), "action": ("O que fazer", "What to do"),
    "accuracy": ("Precisão das estimativas", "Accuracy"),
}.items())
# What a field of a record or of the request is called in a report, under its name in the JSON.
LABELS = {name: Text(*both) for name, both in {
    "model": ("Modelo", "Model"), "server": ("Servidor", "Server"), "storage": ("Armazenamento", "Storage"),
    "num_layers": ("Camadas", "Layers"), "num_key_value_heads": ("Cabeças KV", "KV heads"),
    "head_dim": ("Largura da cabeça", "Head width"),
    "max_position_embeddings": ("Contexto máximo", "Longest context"),
    "attention_pattern": ("Tipo de atenção", "Attention pattern"),
    "hybrid_full_layers": ("Camadas full", "Full layers"),
    "hybrid_sliding_layers": ("Camadas de janela", "Sliding layers"),
    "sliding_window": ("Janela", "Window"), "default_kv_precision": ("KV padrão", "Default KV"),
    "layer_groups": ("Grupos de camadas", "Layer groups"), "weights_gib": ("Pesos em HBM", "Weights in HBM"),
    "checkpoint_gib": ("Checkpoint em disco", "Checkpoint on disk"),
    "weights_precision": ("Formato dos pesos", "Weight format"),
    "weights_origin": ("Origem dos pesos", "Origin of the weights"),
    "checkpoint_precision": ("Formato do checkpoint", "Format of the checkpoint"),
    "total_params": ("Parâmetros", "Parameters"), "active_params": ("Parâmetros ativos", "Active parameters"),
    "embedding_params": ("Parâmetros de embedding", "Embedding parameters"),
    "unquantized_params": ("Parâmetros em 16 bits", "Parameters in 16 bits"),
    "params_by_precision": ("Parâmetros por formato", "Parameters by format"),
    "as_quantized": ("Se quantizado", "If quantised"),
    "whole_params": ("Parâmetros inteiros por rank", "Parameters whole on each rank"),
    "whole_unquantized_params": ("Destes, em 16 bits", "Of these, in 16 bits"),
    "host_params": ("Parâmetros na memória do host", "Parameters in host memory"),
    "mtp_params": ("Parâmetros MTP", "MTP parameters"), "mtp_layers": ("Camadas MTP", "MTP layers"),
    "vision_params": ("Parâmetros de visão", "Vision parameters"),
    "rope_positions": ("Posições rotativas", "Rotary positions"),
    "hidden_size": ("Dimensão oculta", "Hidden size"),
    "num_attention_heads": ("Cabeças de consulta", "Query heads"),
    "vocab_size": ("Vocabulário", "Vocabulary"),
    "num_experts": ("Especialistas", "Experts"),
    "num_experts_per_tok": ("Especialistas por token", "Experts per token"),
    "moe_layers": ("Camadas MoE", "MoE layers"),
    "expert_params": ("Parâmetros por especialista", "Parameters per expert"),
    "config_read": ("Lido do config.json", "Read from config.json"),
    "config_derived": ("Derivado do config.json", "Derived from config.json"), "task": ("Tarefa", "Task"),
    "accept_keys": ("Chaves aceitas sem regra", "Keys accepted without a rule"),
    "config_unread": ("Não lido do config.json", "Not read from config.json"),
    "config_accepted": ("Aceito sem regra, por sua palavra", "Accepted without a rule, at your word"),
    "gpus": ("GPUs por nó", "GPUs per node"), "gpu": ("GPU", "GPU"),
    "hbm_per_gpu_gb": ("HBM nominal por GPU", "Nominal HBM per GPU"),
    "total_hbm_gb": ("HBM nominal", "Nominal HBM"),
    "driver_mib_per_gpu": ("HBM por GPU", "HBM per GPU"),
    "hbm_bandwidth_per_gpu_tbps": ("Banda por GPU", "Bandwidth per GPU"),
    "nvlink_bandwidth_tbps": ("Interconexão", "Interconnect"),
    "gpu_interconnect": ("Tipo de interconexão", "Kind of interconnect"),
    "all_reduce_gbps": ("All-reduce medido", "Measured all-reduce"),
    "all_reduce_us": ("Latência de all-reduce", "All-reduce latency"),
    "dense_tflops_bf16": ("BF16 denso por GPU", "Dense BF16 per GPU"),
    "dense_tflops_fp8": ("FP8 denso por GPU", "Dense FP8 per GPU"),
    "dense_tflops_fp4": ("FP4 denso por GPU", "Dense FP4 per GPU"),
    "system_memory_tb": ("Memória do host", "Host memory"),
    "max_power_kw": ("Potência máxima", "Maximum power"), "rack_units": ("Altura (U)", "Height (U)"),
    "measured_power_ratio": ("Potência medida sob carga", "Power measured under load"),
    "type": ("Tipo", "Kind"), "iops_read": ("IOPS de leitura", "Read IOPS"),
    "iops_write": ("IOPS de escrita", "Write IOPS"),
    "throughput_read_gbps": ("Leitura", "Read"), "throughput_write_gbps": ("Escrita", "Write"),
    "latency_read_ms_p50": ("Latência de leitura p50", "Read latency p50"),
    "latency_read_ms_p99": ("Leitura p99", "Read p99"),
    "latency_write_ms_p50": ("Latência de escrita p50", "Write latency p50"),
    "latency_write_ms_p99": ("Latência de escrita p99", "Write latency p99"),
    "concurrency": ("Sessões", "Sessions"), "effective_context": ("Contexto", "Context"),
    "requested_context": ("Contexto pedido", "Requested context"),
    "kv_precision": ("Formato do KV", "KV format"),
    "kv_budget_ratio": ("Fração da HBM", "Share of HBM"),
    "runtime_overhead_gib": ("Pesos e motor", "Weights and engine"),
    "overhead_origin": ("Origem do overhead", "Origin of the overhead"),
    "peak_headroom_ratio": ("Folga", "Headroom"), "ha_mode": ("Reserva", "Spares"),
    "ha_extra_nodes": ("Nós de reserva", "Spare nodes"), "nodes": ("Nós informados", "Nodes given"),
    "tensor_parallel": ("GPUs por réplica", "GPUs per replica"), "attention": ("Atenção", "Attention"),
    "attention_ranks": ("Ranks de atenção", "Attention ranks"),
    "pipeline_parallel": ("Estágios (pipeline)", "Pipeline stages"),
    "max_num_batched_tokens": ("Tokens por lote", "Tokens per batch"),
    "max_num_batched_tokens_origin": ("Origem dos tokens por lote", "Origin of tokens per batch"),
    "max_num_seqs": ("Sessões por lote", "Sessions per batch"),
    "max_num_seqs_origin": ("Origem das sessões por lote", "Origin of sessions per batch"),
    "input_tokens": ("Tokens de entrada", "Input tokens"),
    "output_tokens": ("Tokens de saída", "Output tokens"),
    "draft_tokens": ("Rascunhos por passo", "Drafts per step"),
    "acceptance_length": ("Tokens por passo", "Tokens per step"),
    "prefix_cache_hit_ratio": ("Acertos no cache de prefixo", "Prefix cache hits"),
    "shared_prefix_tokens": ("Prefixo comum", "Shared prefix"),
    "text_only_model": ("Só o modelo de texto", "Text model alone"),
    "loader": ("Carregador", "Loader"),
    "active_ratio": ("Sessões ativas", "Active sessions"), "tpot_ms": ("Meta de TPOT", "TPOT target"),
    "ttft_ms": ("Meta de TTFT", "TTFT target"), "engine": ("Motor", "Engine"),
    "measured_tpot_ms": ("TPOT medido", "Measured TPOT"),
    "measured_ttft_ms": ("TTFT medido", "Measured TTFT"),
    "measured_sessions": ("Sessões da medição", "Sessions of the measurement"),
    "output_json_file": ("Arquivos de saída", "Output files"), "models_file": ("Catálogos", "Catalogs"),
    "users": ("Usuários", "Users"), "active_users_ratio": ("Usuários ativos", "Active users"),
    "requests_per_s": ("Requisições/s", "Requests/s"), "load_tpot_ms": ("TPOT da carga", "TPOT of the load"),
    "load_ttft_ms": ("TTFT da carga", "TTFT of the load"),
    "load_sessions": ("Menor carga", "Least load"), "use_case": ("Uso", "Use case"),
    "use_case_trace": ("Trilha do uso", "Trace of the use case"),
    "power_use_ratio": ("Uso da potência", "Power use"), "pue": ("PUE", "PUE"),
    "rack_kw": ("Potência por rack", "Power per rack"),
    "node_price_per_hour": ("Preço por hora de nó", "Price per node hour"),
    "node_price": ("Preço do nó", "Price of a node"), "depreciation_years": ("Depreciação (anos)",
                                                                             "Depreciation (years)"),
    "price_per_kwh": ("Preço do kWh", "Price per kWh"), "currency": ("Moeda", "Currency"),
    "utilisation_ratio": ("Utilização média", "Mean utilisation"),
    "api_price_per_million_tokens": ("Preço da API por milhão de tokens", "API price per million tokens"),
    "node_availability": ("Disponibilidade do nó", "Availability of a node"), "sla": ("SLA", "SLA"),
    "replaced_entries": ("Entradas do seu catálogo", "Entries of your own catalog"),
    "aliases": ("Outros nomes", "Other names"), "product": ("Produto", "Product"),
    "maker": ("Desenvolvedor", "Maker"),
    "lang": ("Idioma", "Language"), "scenario": ("Cenário do resumo", "Scenario of the summary"),
    "sort_by": ("Ordem dos casos", "Order of the cases"),
    "json_only": ("Saídas e listas", "Outputs and lists"),
}.items()}
# Fields that only the full report shows.
DETAILS = ("hidden_size", "num_attention_heads", "vocab_size", "embedding_params", "num_experts",
           "num_experts_per_tok", "moe_layers", "expert_params", "unquantized_params", "params_by_precision",
           "as_quantized", "whole_params", "whole_unquantized_params", "mtp_params",
           "vision_params", "rope_positions", "default_kv_precision", "gpu_interconnect", "hbm_per_gpu_gb",
           "iops_read", "iops_write", "latency_read_ms_p50", "latency_write_ms_p50", "latency_write_ms_p99",
           "max_num_batched_tokens_origin", "max_num_seqs_origin", "layer_groups", "all_reduce_gbps",
           "all_reduce_us", "throughput_write_gbps", "load_tpot_ms", "load_ttft_ms", "load_sessions",
           "aliases", "product", "maker", "measured_power_ratio")
# The parameters that shape any answer; what was asked for beside them shapes its own.
SHAPING = ("concurrency", "effective_context", "kv_precision", "kv_budget_ratio", "runtime_overhead_gib",
           "peak_headroom_ratio", "ha_mode", "num_key_value_heads", "attention_pattern", "weights_gib",
           "gpus")
# The numbers that a customer asks about: the report shows how they come about.
ASKED_ABOUT = ("kv_per_session_gib", "hbm_total_gib", "runtime_overhead_gib", "kv_budget_gib",
               "memory_sessions_per_replica", "concurrency_of_users", "concurrency_of_requests",
               "sessions_per_node", "nodes_with_headroom", "nodes_final", "max_effective_context",
               "tpot_committed_ms", "cost_per_year", "cost_per_million_tokens")
# What stands in the summary, or says there again what another number says.
TOLD_ELSEWHERE = ("gpus_final", "power_kw", "rack_units_final", "relative_cost", "node_availability",
                  "availability_peak", "memory_sessions_per_node", "planned_sessions_per_node",
                  "sessions_per_replica", "kv_in_use_gib", "kv_free_gib", "reserved_gib",
                  "kv_per_session_placed_gib", "engine_gib_per_gpu", "nodes_minimum",
                  "sessions_with_headroom")
# Where all scenarios share them, the summary and section 1 have told them.
TOLD_BEFORE = ("kv_budget_ratio", *Layout._fields, "replicas_per_node", "nodes_per_replica", "weights_gib")
# Of restarts and offload, what only the full report shows.
IN_FULL = ("loader_gbps", "loader_load_s", "storage_load_s", "model_load_s", "storage_volume_gb",
           "kv_restore_from_host_s", "kv_restore_speedup", "kv_sessions_per_tb", "kv_sessions_in_host_memory",
           "kv_volume_gb")
# The numbers on speed that say something without their formula; the full report shows the others too.
SPEEDS_TOLD = ("tpot_peak_committed_ms", "tpot_full_context_ms", "tpot_all_accepted_ms", "ttft_idle_ms",
               "ttft_high_ms", "tokens_per_s", "requests_per_s", "kv_recompute_s", "kv_break_even_gbps")
# How far off the numbers can be: (the condition under which it concerns a plan, text).
ACCURACY = (
    (lambda: True,
     Text("KV por sessão: idêntico, byte a byte, ao do vLLM 0.32.0 em 107 modelos públicos, em bf16 e fp8.",
          "KV per session: byte-identical to vLLM 0.32.0's for 107 public models, in bf16 and fp8.")),
    (lambda weights_origin: weights_origin in COUNTED_WEIGHTS,
     Text("Pesos: parâmetros contados do config.json, iguais aos do vLLM em 97 de 97 modelos; por GPU, "
          "16 logs de motores ficam a até 3,5 % da conta, e os de mxfp4 até 9 % acima.",
          "Weights: parameters counted from config.json, equal to vLLM's for 97 of 97 models; per GPU, 16 "
          "logs of engines are within 3.5 % of the figure, and those of mxfp4 up to 9 % above.")),
    (lambda overhead_origin, engine: overhead_origin == "computed" and engine not in ("sglang", "trtllm"),
     Text("Memória do motor: contra 22 logs do vLLM em H100, a memória livre para KV erra 0,2 % na mediana e "
          "1,8 % no pior caso; contra 8 de placas abaixo de 70 GiB, 3 % e 7 %; em A100, H200 e MI300X (7 "
          "logs) até 6 %, em RTX PRO 6000 (2 logs) 8 %.",
          "Engine memory: against 22 logs of vLLM on H100, the memory free for KV is off by 0.2 % median and "
          "1.8 % at worst; against 8 of cards below 70 GiB, 3 % and 7 %; on A100, H200 and MI300X (7 "
          "logs) by "
          "up to 6 %, on RTX PRO 6000 (2 logs) 8 %.")),
    (lambda overhead_origin, engine: overhead_origin == "computed" and engine in ("sglang", "trtllm"),
     Text("Memória do motor: pela regra do motor, com a memória que o vLLM registra; contra 4 logs públicos "
          "do SGLang e 3 do TensorRT-LLM, a memória livre para KV erra até 3,5 %.",
          "Engine memory: by the engine's rule, with the memory that vLLM logs; against 4 public logs of "
          "SGLang and 3 of TensorRT-LLM, the memory free for KV is off by up to 3.5 %.")),
    (lambda tpot_expected_ms, tpot_measured, speed_estimated: not tpot_measured and not speed_estimated,
     Text("Velocidade: contra 923 medições publicadas (H100, H200, B200 e família; vLLM, SGLang e "
          "TensorRT-LLM; 2 a 512 sessões) o TPOT esperado erra 6 % na mediana e 15 % no p90, e 7 % e 16 % em "
          "modelos fora do ajuste; 84 % ficam até o TPOT para SLA (p80). Uma medição sua "
          "(--measured-tpot-ms) vale mais.",
          "Speed: against 923 published measurements (H100, H200, B200 and family; vLLM, SGLang and "
          "TensorRT-LLM; 2 to 512 sessions) expected TPOT is off by 6 % median and 15 % p90, and by 7 % and "
          "16 % for models left out of the fit; 84 % are at or below the committed TPOT (p80). A measurement "
          "of your own (--measured-tpot-ms) is worth more.")),
    (lambda tpot_expected_ms, tpot_measured, speed_estimated: not tpot_measured and speed_estimated,
     Text("Velocidade: apoia-se em uma estimativa, a mesma conta com outras constantes: {speed_rests_on}. O "
          "TPOT para SLA é {committed_factor} vezes o esperado.",
          "Speed: rests on an estimate, the same formula with other constants: {speed_rests_on}. The "
          "committed "
          "figure is {committed_factor} times the expected one.")),
    (lambda tpot_expected_ms, tpot_measured: tpot_measured,
     Text("Velocidade: ajustada à sua medição ({measured_tpot_ms} ms com {measured_sessions} sessões por "
          "réplica); quanto mais longe dela, mais incerta. O TPOT para SLA é o próprio valor esperado.",
          "Speed: fitted to your measurement ({measured_tpot_ms} ms with {measured_sessions} sessions per "
          "replica); the farther from it, the less certain. The committed figure is the expected one.")),
    (lambda tpot_expected_ms, ttft_measured: ttft_measured,
     Text("TTFT: ajustado à sua medição ({measured_ttft_ms} ms com {measured_sessions} sessões por réplica); "
          "longe dela erra 11 % na mediana, e 93 % das medições ficam até o TTFT para SLA (p90).",
          "TTFT: fitted to your measurement ({measured_ttft_ms} ms with {measured_sessions} sessions per "
          "replica); away from it, off by 11 % median, and 93 % of measurements are at or below the "
          "committed "
          "TTFT (p90).")),
    (lambda tpot_expected_ms, ttft_measured: not ttft_measured,
     Text("TTFT: contra 954 medições (H100, H200 e B200) o esperado erra 26 % na mediana e 62 % no p90, e 30 "
          "% e 74 % em modelos fora do ajuste; 96 % ficam até o TTFT para SLA (p90).",
          "TTFT: against 954 measurements (H100, H200 and B200) the expected figure is off by 26 % median "
          "and 62 % p90, and by 30 % and 74 % for models left out of the fit; 96 % keep the "
          "committed TTFT (p90).")),
    (lambda node_start_s: True,
     Text("Reinício: contra 59 logs do vLLM 0.19 (H100) erra 7 a 9 % na mediana, 28 % no p90, e em "
          "multimodais fica 30 a 44 % abaixo; os maiores MoE de 2026 levam de 277 s a 40 min (kernels, fora "
          "da conta).",
          "Restart: against 59 logs of vLLM 0.19 (H100) off by 7 to 9 % median, 28 % p90, and 30 to 44 % "
          "too low for multimodal models; the largest MoE of 2026 take 277 s to 40 min (kernels, not "
          "counted).")),
    (lambda kv_recompute_s: True,
     Text("Offload: 5 restaurações ficam a 7 % de 25,5 ms + bytes ÷ 9,1 GB/s; o recálculo, a 14 % (H200).",
          "Offload: 5 restores are within 7 % of 25.5 ms + bytes ÷ 9.1 GB/s; recomputing, 14 % (H200).")),
    (lambda tpot_expected_ms: True,
     Text("Fora do modelo: prefill desagregado, tensor parallel entre nós, preempção por falta de KV.",
          "Outside the model: disaggregated prefill, tensor parallel across nodes, preemption for lack of "
          "KV.")),
    (lambda tpot_expected_ms, draft_tokens: draft_tokens > 0,
     Text("Rascunhos: com os tokens por passo que se mediram, 88 medições (DeepSeek, MTP) erram 8 % na "
          "mediana e 19 % no p90; o que o seu texto aceita, ninguém sabe antes de medir.",
          "Drafts: given the tokens per step that were measured, 88 measurements (DeepSeek, MTP) are off by "
          "8 % median and 19 % p90; what your text accepts, nobody knows before measuring.")),
    (lambda tpot_expected_ms, weights_precision, compute_precision:
     COMPUTE_PRECISIONS[weights_precision][0] != compute_precision,
     Text("Esta GPU não calcula em {weights_precision}: os produtos rodam na precisão seguinte que ela tem "
          "({compute_precision}).",
          "This GPU does not compute in {weights_precision}: its products run in the next precision it has "
          "({compute_precision}).")),
    (lambda speed_missing: speed_missing.en != "",
     Text("Velocidade: desconhecida aqui; falta: {speed_missing}. Caber em memória não garante TTFT nem "
          "TPOT: teste uma réplica com carga antes de comprar.",
          "Speed is not sized here; missing: {speed_missing}. Fitting in memory promises neither TTFT nor "
          "TPOT: load-test one replica before buying.")),
)
HBM_SEGMENTS = (("runtime_overhead_gib", "█", Text("pesos e motor", "weights and engine")),
                ("kv_in_use_gib", "▓", Text("KV em uso", "KV in use")),
                ("kv_free_gib", "░", Text("livre", "free")),
                ("reserved_gib", "·", Text("fora do orçamento", "outside the budget")))
# Words on the speed and on the layout of a replica: the first whose condition holds.
TPOTS = Text("esperado {tpot_expected_ms_amount}; para SLA (p80) {tpot_committed_ms_amount}; "
             "{tokens_per_s_per_session} tokens/s por sessão",
             "expected {tpot_expected_ms_amount}; committed (p80) {tpot_committed_ms_amount}; "
             "{tokens_per_s_per_session} tokens/s per session")
SPEEDS: tuple = (
    (lambda tpot_expected_ms, draft_tokens, acceptance_length: draft_tokens > 0,
     Text(TPOTS.pt + ", com {acceptance_length} tokens por passo ({basis})",
          TPOTS.en + ", at {acceptance_length} tokens a step ({basis})")),
    (lambda tpot_expected_ms, draft_tokens: draft_tokens > 0, Text(
        "esperado de {tpot_expected_ms_amount} (nenhum rascunho aceito; é o que dimensiona) a "
        "{tpot_all_accepted_ms_amount} (todos); para SLA (p80) {tpot_committed_ms_amount} ({basis})",
        "expected from {tpot_expected_ms_amount} (no draft accepted; what sizes) to "
        "{tpot_all_accepted_ms_amount} (all of them); committed (p80) {tpot_committed_ms_amount} ({basis})")),
    (lambda tpot_expected_ms: True, Text(TPOTS.pt + " ({basis})", TPOTS.en + " ({basis})")),
    (lambda speed_missing: speed_missing.en != "",
     Text("desconhecido; falta: {speed_missing}", "not known; missing: {speed_missing}")),
    Text("nenhum: não cabe", "none: it does not fit"),
)
NOTHING_TO_SAY = Text("", "")
PEAKS: tuple = (
    (lambda tpot_peak_ms: True, Text(
        "esperado {tpot_peak_ms_amount}; para SLA (p80) {tpot_peak_committed_ms_amount}",
        "expected {tpot_peak_ms_amount}; committed (p80) {tpot_peak_committed_ms_amount}")),
    NOTHING_TO_SAY,
)
# What was asked of the speed, held by the committed figures.
TARGETS_TOLD: tuple = (
    (lambda tpot_ms, ttft_ms: True,
     Text("TPOT para SLA até {tpot_ms_amount} e TTFT para SLA até {ttft_ms_amount}",
          "committed TPOT up to {tpot_ms_amount} and TTFT up to {ttft_ms_amount}")),
    (lambda tpot_ms: True,
     Text("TPOT para SLA até {tpot_ms_amount}", "committed TPOT up to {tpot_ms_amount}")),
    (lambda ttft_ms: True,
     Text("TTFT para SLA até {ttft_ms_amount}", "committed TTFT up to {ttft_ms_amount}")),
    NOTHING_TO_SAY,
)
FIRST_TOKENS: tuple = (
    (lambda prefill_load: prefill_load >= 1, Text(
        "sem limite: os prompts pedem {prefill_load_pct} do tempo das réplicas, e a fila cresce sem fim",
        "without bound: prompts take {prefill_load_pct} of the replicas' time, and the queue grows without "
        "end")),
    (lambda ttft_expected_ms: True, Text(
        "esperado {ttft_expected_ms_amount}; para SLA (p90) {ttft_high_ms_amount}; prompts ocupam "
        "{prefill_load_pct} do tempo",
        "expected {ttft_expected_ms_amount}; committed (p90) {ttft_high_ms_amount}; prompts take "
        "{prefill_load_pct} of the time")),
    NOTHING_TO_SAY,
)
# The workload that the figures of speed assume, and the share of HBM: the first that holds.
ASSUMED_TOKENS = Text(
    "Supõe {input_tokens} + {output_tokens} tokens (entrada + saída), {active_ratio_pct} ativas, "
    "{prefix_cache_hit_ratio_pct} em cache, kv_budget_ratio {kv_budget_ratio}",
    "Assumes {input_tokens} + {output_tokens} tokens (input + output), {active_ratio_pct} active, "
    "{prefix_cache_hit_ratio_pct} cached, kv_budget_ratio {kv_budget_ratio}")
WITH_PREFIX = Text(", prefixo comum {shared_prefix_tokens}", ", shared prefix {shared_prefix_tokens}")
WITH_DRAFTS = Text(", rascunhos {draft_tokens}", ", drafts {draft_tokens}")
ASSUMED: tuple = (
    (lambda shared_prefix_tokens, draft_tokens: shared_prefix_tokens and draft_tokens,
     Text(*map("".join, zip(ASSUMED_TOKENS, WITH_PREFIX, WITH_DRAFTS)))),
    (lambda shared_prefix_tokens: shared_prefix_tokens > 0,
     Text(*map("".join, zip(ASSUMED_TOKENS, WITH_PREFIX)))),
    (lambda draft_tokens: draft_tokens > 0, Text(*map("".join, zip(ASSUMED_TOKENS, WITH_DRAFTS)))),
    ASSUMED_TOKENS,
)
# Where the load and the lengths come from, by what was asked for; of several texts, the first that holds.
TRAFFIC = {
    "users": (Text("Carga: {users} usuários, {active_users_ratio_pct} com uma sessão em HBM",
                   "Load: {users} users, {active_users_ratio_pct} with a session in HBM"),),
    "requests_per_s": ((lambda load_tpot_ms: True, Text(
        "Carga: {asked_requests_per_s} requisições/s, de {load_ttft_ms_amount} até o primeiro token e "
        "{load_tpot_ms_amount} por token",
        "Load: {asked_requests_per_s} requests/s, {load_ttft_ms_amount} to the first token and "
        "{load_tpot_ms_amount} a token")),
        Text("Carga: {asked_requests_per_s} requisições/s", "Load: {asked_requests_per_s} requests/s")),
    "use_case": (Text("Uso {use_case}: {use_case_trace}", "Use case {use_case}: {use_case_trace}"),),
}
BASES = {"measured": Text("calibrado", "calibrated"),
         "estimate": Text("estimativa", "an estimate"), "own": Text("ajustado à sua medição",
                                                                    "fitted to your measurement")}
REPLICAS = Text("réplicas por nó: {replicas_per_node}; GPUs por réplica: {tensor_parallel}",
                "replicas per node: {replicas_per_node}; GPUs per replica: {tensor_parallel}")
STAGES = " × {pipeline_parallel} (pipeline parallel)"
PLACEMENTS = (
    (spans_nodes,
     Text("nós por réplica: {nodes_per_replica}; GPUs por réplica: {tensor_parallel}" + STAGES,
          "nodes per replica: {nodes_per_replica}; GPUs per replica: {tensor_parallel}" + STAGES)),
    (lambda attention_ranks: attention_ranks > 1,
     Text(REPLICAS.pt + ", com atenção data-parallel",
          REPLICAS.en + ", with data-parallel attention")),
    (lambda pipeline_parallel: pipeline_parallel > 1, Text(REPLICAS.pt + STAGES, REPLICAS.en + STAGES)),
    REPLICAS,
)


# --- The answer, and what every renderer shows of it

# request, {scenario: plan}, levers, language, the scenario that leads; then, made once: {scenario: {number:
# Card}}, alerts.
Answer = namedtuple("Answer", "request plans levers lang lead cards alerts")
Card = namedtuple("Card", "label value reason formula inputs explanation")


def make_answer(request: Request, servers: Mapping[str, Server], lang: str,
                lead: str = FOR_PRODUCTION) -> Answer:
    """Everything the renderers show, the scenario `lead` first, if it applies; raises SizingError."""
    request = with_load(checked(request))
    plans = plan_all(request)
    lead = leading(plans, lead)
    cards = {key: make_cards(plan.sheet, lang) for key, plan in plans.items()}
    return Answer(request, plans, find_levers(request, plans, servers), lang, lead, cards,
                  alert_rows(plans, lang, lead))


def leading(plans: Mapping[str, SizingResult], lead: str) -> str:
    """The scenario `lead`, or the first that applies."""
    return next(key for key in (lead, FOR_PRODUCTION, *plans) if plans[key].applies)


def make_cards(sheet: Sheet, lang: str) -> dict[str, Card]:
    texts = formulas(sheet)
    return {name: make_card(name, texts[name], sheet, lang) for name in results_of(sheet)}


def make_card(name: str, formula: str, sheet: Sheet, lang: str) -> Card:
    row, reason = NUMBERS[sheet.cases.get(name, name)], sheet.reason(name)
    inputs = {each: known_value(sheet, each) for each in (*formula_inputs(formula), *row.also)}
    sentences = meanings(row, sheet) if reason is None else [REASONS[reason].sentence]
    return Card(fill(row.label, sheet, lang), sheet.find(name), reason, formula, inputs,
                " ".join(fill(text, sheet, lang) for text in sentences))


def meanings(row: Number, sheet: Sheet) -> list[Text]:
    """The sentences that explain a number: those of the results it sums, and its own."""
    parts = [] if row.parts in (None, "limits") else [NUMBERS[part] for part in sheet.parts[row.parts]]
    return [*(part.meanings[0] for part in parts if part.label is not None),
            first_that_holds(row.meanings, sheet)]


def first_that_holds(texts: Iterable, sheet: Sheet) -> Text:
    """The first of Texts, or (condition on numbers, Text), that holds."""
    found = next(text for text in texts if isinstance(text, Text) or sheet.holds(text[0]))
    return found if isinstance(found, Text) else found[1]


def alert_rows(plans: Mapping[str, SizingResult], lang: str, lead: str = FOR_PRODUCTION) -> list[dict]:
    """Every alert raised, with its scenarios; once more where its numbers differ.

    Errors first, then what concerns the scenario `lead`, each by consequence as ALERTS has them.
    """
    rows: dict[tuple, dict] = {}
    for alert in ALERTS:
        for key, plan in plans.items():
            if alert.id in plan.warnings:
                brief, meaning, action = (fill(text, plan.sheet, lang)
                                          for text in (alert.brief, alert.meaning, alert.action))
                row = {"id": alert.id, "severity": alert.severity, "scenarios": [], "brief": brief,
                       "meaning": meaning, "action": action, "message": "%s %s" % (meaning, action)}
                rows.setdefault((alert.id, row["message"]), row)["scenarios"].append(key)
    return sorted(rows.values(), key=lambda row: (row["severity"] != "error", lead not in row["scenarios"]))


def words(lang: str, *keys: str) -> list[str]:
    return [getattr(WORDS[key], lang) for key in keys]


def name_of(key: str, lang: str) -> str:
    return next(getattr(scenario.name, lang) for scenario in SCENARIOS if scenario.key == key)


def scenario_names(keys: Sequence[str], lang: str) -> str:
    """The display names of scenarios, listed, or that it is all of them."""
    if len(keys) == len(SCENARIOS):
        return written(WORDS["all_scenarios"], lang)
    return ", ".join(name_of(scenario.key, lang) for scenario in SCENARIOS if scenario.key in keys)


# What is not shown as a number beside its unit.
SHOWN_AS: dict[str, Callable[..., str]] = {
    "relative_cost": signed_percent, "api_break_even_ratio": percent,
    "cost_per_year": lambda value, lang: written(round(value) if value >= 1000 else value, lang),
    **dict.fromkeys(("node_availability", "availability_nominal", "availability_peak", "sla"), nines)}


def classed_amount(name: str, value, reason: str, lang: str) -> str:
    """A value, its unit and, where `name` has a scale, its class; without a value the words for `reason`."""
    if value is None:
        return written(REASONS[reason].word, lang)
    if name in SHOWN_AS:
        return SHOWN_AS[name](value, lang)
    text = amount(name, value, lang)
    if name in SCALES:
        text += " (%s)" % words(lang, str(classify(name, value)))[0]
    return text


def by_scenario(values: Mapping[str, str], lang: str) -> str:
    """One value where all scenarios share it, else each behind its scenario."""
    keys: dict[str, list[str]] = {}
    for key, value in values.items():
        keys.setdefault(value, []).append(key)
    if len(keys) == 1:
        return next(iter(keys))
    return " | ".join("%s %s" % (scenario_names(names, lang), value) for value, names in keys.items())


# --- Summary: one screen

def summary_blocks(answer: Answer) -> list[tuple]:
    """Nodes per scenario and which is for production; then, of the scenario that leads, what was assumed,
    how fast it is, what binds, what worries, the HBM.
    """
    lang, found = answer.lang, summed_columns(answer)
    blocks = [
        ("title", *words(lang, "title")), *subject_blocks(answer),
        ("table", [fill(WORDS[name], answer.plans[answer.lead].sheet, lang)
                   for name in ("scenario", *found, "cost", "headroom", "spares", "use")],
         [scenario_row(scenario, answer.plans[scenario.key], found, lang) for scenario in SCENARIOS]),
        *told_blocks(answer)]
    if answer.levers:
        blocks += [("heading", *words(lang, "levers")), lever_table(answer)]
        if all(lever["thresholds"]["all"] is None for lever in answer.levers):
            blocks += [("paragraph", *words(lang, "combine"))]
    return [*blocks, *worst_alerts(answer)]


def pictures(answer: Answer) -> list[tuple]:
    return [*hbm_blocks(answer), *picture_blocks(answer)]


def subject_blocks(answer: Answer) -> list[tuple]:
    """What is sized, and the workload that its figures assume."""
    plan = answer.plans[answer.lead]
    model, server, sheet = plan.model, plan.server, plan.sheet
    as_asked = sheet.find("requested_context") == plan.effective_context
    facts = {"requested": "" if as_asked else fill(WORDS["requested"], sheet, answer.lang),
             "effective_context": plan.effective_context or "—",
             "subject_model": known_as(model), "subject_server": known_as(server)}
    subject = WORDS["subject_nodes" if answer.request.concurrency is None else "subject"]
    return [("paragraph", fill(subject, sheet.bind(facts), answer.lang)),
            ("line", fill(first_that_holds(ASSUMED, sheet), sheet, answer.lang)),
            *([("line", fill(WORDS["independent"], sheet, answer.lang))] if sheet["fits"] else []),
            *(("line", fill(first_that_holds(texts, sheet), sheet, answer.lang))
              for name, texts in TRAFFIC.items() if getattr(answer.request, name) is not None)]


def other_name(record) -> str:
    """The product's name or the first alias of a catalog entry where that says more than its name."""
    other = getattr(record, "product", None) or (record.aliases or [""])[0]
    more = record.name not in other and not all(word.lower() in record.name for word in other.split())
    return other if more else ""


def known_as(record) -> str:
    other = other_name(record)
    return "%s (%s)" % (record.name, other) if other else record.name


def told_blocks(answer: Answer) -> list[tuple]:
    """Layout, speed and limit of the scenario that leads."""
    lang, sheet = answer.lang, answer.plans[answer.lead].sheet
    limit = binding_limit(sheet)
    bound = first_that_holds(LIMITS[limit].texts, sheet) if limit else REASONS["does_not_fit"].word
    told = {"target": first_that_holds(TARGETS_TOLD, sheet), "layout": first_that_holds(PLACEMENTS, sheet),
            "tpot_nominal": first_that_holds(SPEEDS, sheet),
            "tpot_peak": first_that_holds(PEAKS, sheet),
            "ttft_nominal": first_that_holds(FIRST_TOKENS, sheet),
            "what_limits": bound}
    return [("heading", name_of(answer.lead, lang)),
            ("pairs", [(words(lang, name)[0], fill(text, sheet, lang)) for name, text in told.items()
                       if text is not NOTHING_TO_SAY])]


def binding_limit(sheet: Sheet) -> str | None:
    """The limit that gives the fewest sessions, a key of LIMITS: the first on a tie."""
    if not sheet.get("applies", True):
        return None
    known = {name: sheet.find(limit.number) for name, limit in LIMITS.items()
             if limit.number in sheet.parts["limits"]}
    return None if None in known.values() else min(known, key=lambda name: known[name])


# Whatever is worse, the first screen says these too: they name another number of nodes.
FIRST_SCREEN = ("budget_below_engine_default", "target_changes_layout", "ideal_budget_costs_nodes",
                "spares_use_up_nodes", "catalog_entry_replaced")
SHOWN_ALERTS = 6


def worst_alerts(answer: Answer) -> list[tuple]:
    """What changes a decision, a line each: errors, then what the scenario that leads raises."""
    first: dict[str, dict] = {}
    for row in answer.alerts:
        first.setdefault(row["id"], row)
    rows = [row for row in first.values() if row["severity"] == "error" or row["id"] in FIRST_SCREEN
            or (row["severity"] == "warning" and answer.lead in row["scenarios"])]
    if len(rows) > SHOWN_ALERTS:
        rows = sorted(rows, key=lambda row: row["severity"] != "error" and row["id"] not in FIRST_SCREEN)
    if not rows:
        return []
    told = rows[:SHOWN_ALERTS]
    return [("heading", fill(WORDS["alerts"], {"count": len(first), "told": len(told)}, answer.lang)),
            ("pairs", [alert_line(row, answer) for row in told])]


def alert_line(row: dict, answer: Answer) -> tuple[str, str]:
    key = answer.lead if answer.lead in row["scenarios"] else row["scenarios"][0]
    severity = written(SEVERITIES[row["severity"]], answer.lang)
    return "%s %s" % (severity, name_of(key, answer.lang)), row["brief"]


def found_columns(request: Request) -> list[str]:
    """What was searched."""
    asked = {"max_concurrency": request.concurrency is None,
             "max_effective_context": request.effective_context == "max"}
    return [name for name, wanted in asked.items() if wanted]


# What the summary adds up for each scenario, where there is something to add.
SUMMED = ("nodes_final", "gpus_final", "power_kw", "rack_units_final", "cost_per_year", "availability_peak")


def summed_columns(answer: Answer) -> list[str]:
    request, plans = answer.request, answer.plans.values()
    wanted = {"cost_per_year": any(getattr(request, price) is not None for price in NODE_PRICES),
              "availability_peak": any(plan.nodes_final is not None for plan in plans)}
    return [*found_columns(request), *(name for name in SUMMED if wanted.get(name, True))]


def scenario_row(scenario: Scenario, plan: SizingResult, summed: Iterable[str], lang: str) -> list[str]:
    cells = [scenario.name, *(shown_cell(name, number_cell(name, plan.sheet), lang) for name in summed),
             signed_percent(plan.relative_cost, lang), percent(plan.peak_headroom_ratio, lang),
             plan.ha_mode.upper() if plan.ha_extra_nodes else WORDS["none"],
             marked(scenario, plan, lang)]
    return [written(cell, lang) for cell in cells]


def number_cell(name: str, sheet: Sheet):
    """A number, or the word for why there is none: a dash where another cell of the row says it."""
    reason = sheet.reason(name)
    if name != "nodes_final" and (sheet.reason("nodes_final") or reason not in (None, "not_known")):
        return "—"
    return sheet.find(name) if reason is None else REASONS[reason].word


def shown_cell(name: str, cell, lang: str) -> str:
    return written(cell, lang) if isinstance(cell, (str, Text)) else SHOWN_AS.get(name, written)(cell, lang)


def marked(scenario: Scenario, plan: SizingResult, lang: str) -> str:
    """What a scenario is for, with a mark behind that of the one for production, if it can be built."""
    broken = {alert.id for alert in ALERTS if alert.severity == "error"}.intersection(plan.warnings)
    for_production = scenario.key == FOR_PRODUCTION and plan.nodes_final is not None and not broken
    return " ".join([written(scenario.use, lang), *(words(lang, "production") if for_production else [])])


def hbm_blocks(answer: Answer) -> list[tuple]:
    """The HBM of one node as a bar."""
    lang, sheet = answer.lang, answer.plans[answer.lead].sheet
    if not sheet["fits"]:
        sheet = sheet.bind({"kv_in_use_gib": 0.0, "kv_free_gib": max(0.0, sheet["kv_budget_gib"])})
    told = sheet.bind({"lead": name_of(answer.lead, lang)})
    segments = [(glyph, written(label, lang), sheet.find(name), written(sheet.find(name), lang))
                for name, glyph, label in HBM_SEGMENTS]
    return [("bar", fill(WORDS["bar" if sheet["fits"] else "bar_unfit"], told, lang),
             float(sheet["hbm_total_gib"]), unit("hbm_total_gib"), segments)]


# What the curve of speed marks: letter, the sessions per node, words.
MARKED = (("P", "planned_sessions_per_node", Text("carga planejada: {sessions}",
                                                  "planned load: {sessions}")),
          ("M", "memory_sessions_per_node", Text("limite da memória: {sessions}",
                                                 "memory limit: {sessions}")),
          ("V", "speed_sessions_per_node", Text("limite da meta de velocidade: {sessions}",
                                                "limit of the speed target: {sessions}")))


def picture_blocks(answer: Answer) -> list[tuple]:
    """How the time per token grows with the sessions of a node, and where limits, load and target lie."""
    plan, lang = answer.plans[answer.lead], answer.lang
    sheet = plan.sheet
    if sheet.reason("tpot_expected_ms") is not None or sheet["memory_sessions_per_node"] < 2:
        return []
    top = sheet["memory_sessions_per_node"]
    marks = [(mark, sheet[name], fill(text, {"sessions": sheet[name]}, lang)) for mark, name, text in MARKED
             if sheet.reason(name) is None and sheet[name] <= top]
    found = speed_curve(plan)
    times = found["tpot_expected_ms"]
    facts = {"first_ms": times[0], "last_ms": times[-1], "last_sessions": top,
             "lead": name_of(answer.lead, lang)}
    curves = [(written(NUMBERS[name].label, lang), times) for name, times in found.items()]
    target = [(fill(WORDS["tpot_target"], sheet, lang), sheet["tpot_ms"])] if "tpot_ms" in sheet else []
    return [("curve", fill(WORDS["picture"], facts, lang), *words(lang, "sessions_per_node"), top,
             "TPOT (ms)", curves, marks, target)]


NODES_CHARTED = ("nodes_minimum", "nodes_with_headroom", "nodes_final")


def nodes_blocks(answer: Answer) -> list[tuple]:
    """The nodes of each scenario, for the renderers that draw: for the load, with headroom, to buy."""
    lang, names = answer.lang, [written(scenario.name, answer.lang) for scenario in SCENARIOS]
    series = [(written(NUMBERS[name].label, lang),
               [plan.sheet.find(name) for plan in answer.plans.values()]) for name in NODES_CHARTED]
    return [("chart", *words(lang, "chart", "scenario"), names, *words(lang, "nodes_final"), series)]


def lever_table(answer: Answer) -> tuple:
    """One row per lever: today's value, and what the flag must be for each scenario, and all, to fit."""
    lang = answer.lang
    no_help, fits = words(lang, "no", "fits")
    fitting = {key: fits if plan.applies else written(REASONS["not_applicable"].word, lang)
               for key, plan in answer.plans.items() if plan.nodes_final is not None or not plan.applies}
    rows = []
    for lever in answer.levers:
        thresholds = {**lever["thresholds"], **fitting}.values()
        rows.append([lever["flag"], as_flag(lever["current"]),
                     *(no_help if value is None else as_flag(value) for value in thresholds)])
    names = [written(scenario.name, lang) for scenario in SCENARIOS]
    return ("table", words(lang, "lever", "now") + names + words(lang, "all"), rows)


def as_flag(value) -> str:
    """A value as a flag takes it; of one that was computed, the decimals a reader can use."""
    return str(round(value, 4) if isinstance(value, float) else value)


# --- Many cases: a table with a row for each

# Flags that take a list: the first varies slowest.
SWEPT = ("model", "server", "storage", "concurrency", "users", "requests_per_s", "effective_context",
         "kv_precision", "weights_precision", "tpot_ms", "nodes")
# The values that tell a case from others, by flag; the request and its plans, or the error that says why
# there are none; the values of all flags.
Case = namedtuple("Case", "values request plans error asked")
# What is kept of a case: the cells of its row, the nodes of the scenario that leads, what it is sorted by,
# why it has no numbers, whether all scenarios fit, and {format: where its piece of the output lies}.
CaseRow = namedtuple("CaseRow", "cells nodes key error fits pieces")
# All of them: the rows in the order of the lists, and as they are to be shown; {flag: the texts of its list};
# the workload that all assume; what stands below the table.
Cases = namedtuple("Cases", "given shown axes assumed told lead lang")
CASE_NUMBERS = ("gpus_final", "sessions_per_node", "tpot_committed_ms", "power_kw", "cost_per_year",
                "cost_per_million_tokens", "availability_peak")
CASE_HEADINGS = {name: Text(*both) for name, both in {
    "max_concurrency": ("Sessões", "Sessions"),
    "max_effective_context": ("Contexto máximo", "Longest context"),
    "nodes_of_all": ("Nós mín / rec / ideal", "Nodes min / rec / ideal"), "gpus_final": ("GPUs", "GPUs"),
    "layout": ("TP×PP", "TP×PP"), "sessions_per_node": ("Sess. por nó", "Sess. per node"),
    "tpot_committed_ms": ("TPOT SLA (ms)", "TPOT, SLA (ms)"), "power_kw": ("kW", "kW"),
    "cost_per_year": ("Por ano", "Per year"), "cost_per_million_tokens": ("Por milhão", "Per million"),
    "availability_peak": ("Disp.", "Avail."), "limit": ("Limite", "Limit"),
    "alert": ("Alerta", "Alert"), "currency": ("Moeda", "Currency")}.items()}
LIMIT_WORDS = {"memory": Text("memória", "memory"), "engine": Text("motor", "engine"),
               "speed": Text("veloc.", "speed")}
MOST_SERIES = 12                                         # of a chart
MOST_REASONS = 12                                        # why there are no numbers, below the table
MOST_WITH_LEVERS = 3                                     # each takes as long as hundreds of cases


def case_cells(case: Case, lead: str, lang: str) -> dict[str, str]:
    """{column: text} of a case: what tells it from others, then what the scenario that leads found."""
    told = {**case.values, "currency": case.asked["currency"]}
    cells = {name: written(value, lang) for name, value in told.items() if value is not None}
    if case.plans is None:
        return {**cells, "nodes_of_all": "—"}
    plan = case.plans[lead]
    nodes = [short_cell("", number_cell("nodes_final", one.sheet), lang) for one in case.plans.values()]
    priced = any(getattr(case.request, name) is not None for name in NODE_PRICES)
    found = {name: number_cell(name, plan.sheet) for name in (*found_columns(case.request), *CASE_NUMBERS)
             if plan.sheet.reason(name) != "not_asked" and (priced or not name.startswith("cost_"))}
    limit = binding_limit(plan.sheet)
    return {**cells, "nodes_of_all": ("/" if len("".join(nodes)) < FOLDED_NODES else " / ").join(nodes),
            **{name: short_cell(name, cell, lang) for name, cell in found.items()},
            "layout": layout_cell(plan), "limit": written(LIMIT_WORDS[limit], lang) if limit else "—",
            "alert": worst_alert(plan) or "—"}


FOLDED_NODES = 9                                         # signs from which the nodes of scenarios may fold
# Columns that show a decimal less from so much on: decimals, and from how much.
NARROWED = {"tpot_committed_ms": (2, 10), "power_kw": (1, 100)}


def short_cell(name: str, cell, lang: str) -> str:
    """A number for a narrow column; a dash in place of the words for why there is none."""
    if isinstance(cell, float) and name in NARROWED:
        cell = round(cell, NARROWED[name][0] - (cell >= NARROWED[name][1]))
    return "—" if isinstance(cell, Text) else shown_cell(name, cell, lang)


def layout_cell(plan: SizingResult) -> str:
    layout = plan.placement.layout
    if plan.nodes_final is None:
        return "—"
    return "%d×%d%s" % (*layout[:2], " data" if layout.attention_ranks > 1 else "")


def worst_alert(plan: SizingResult) -> str | None:
    """The id of the alert of a plan that matters most."""
    severities = {alert.id: [*SEVERITIES].index(alert.severity) for alert in ALERTS}
    return min(plan.warnings, key=severities.__getitem__, default=None)


def case_blocks(cases: Cases) -> list[tuple]:
    """What is the same in all cases, once; what differs, a row each; then why some have no numbers."""
    lang, rows = cases.lang, cases.shown
    columns = [name for name in (*SWEPT, *CASE_HEADINGS) if any(name in row.cells for row in rows)]
    values = {name: {row.cells.get(name, "—") for row in rows} for name in columns}
    shared = [(case_heading(name, lang), *values[name]) for name in columns if is_shared(name, values[name])]
    columns = [name for name in columns if not is_shared(name, values[name])]
    alerts = numbered([row.cells.get("alert") for row in rows if "alert" in columns], "[{}]")
    reasons = numbered([row.error for row in rows], "({})")
    table = [[case_cell(name, row, alerts, reasons) for name in columns] for row in rows]
    severities = {alert.id: written(SEVERITIES[alert.severity], lang) for alert in ALERTS}
    below = [*((mark, "%s %s" % (severities[id], id)) for id, mark in alerts.items()),
             *((mark, reason) for reason, mark in [*reasons.items()][:MOST_REASONS]),
             *([("...", "--csv, --json-only")] if len(reasons) > MOST_REASONS else [])]
    return [("title", *words(lang, "title")), ("heading", fill(WORDS["cases"], {"count": len(rows)}, lang)),
            ("grid", shared), *([("line", cases.assumed)] if cases.assumed else []),
            ("line", fill(WORDS["of_the_lead"], {"lead": name_of(cases.lead, lang)}, lang)),
            ("table", [case_heading(name, lang) for name in columns], table), *chart_blocks(cases),
            *([("pairs", below)] if below else []), *cases.told, ("paragraph", *words(lang, "rest_of_cases"))]


def numbered(texts: Iterable[str | None], form: str) -> dict[str, str]:
    """{text: its number} for what is told below a table."""
    found = dict.fromkeys(text for text in texts if text not in (None, "—"))
    return {text: form.format(at + 1) for at, text in enumerate(found)}


def case_cell(name: str, row: CaseRow, alerts: Mapping[str, str], reasons: Mapping[str, str]) -> str:
    cell = row.cells.get(name, "—")
    if name == "nodes_of_all" and row.error:
        return "%s %s" % (cell, reasons[row.error])
    return alerts.get(cell, cell) if name == "alert" else cell


def is_shared(name: str, values: Collection[str]) -> bool:
    """Whether a column says the same of all cases; the nodes always stand in the table."""
    return len(values) == 1 and name != "nodes_of_all"


def case_heading(name: str, lang: str) -> str:
    if name in CASE_HEADINGS:
        return written(CASE_HEADINGS[name], lang)
    return " ".join(filter(None, [written(LABELS[name], lang), unit(name) and "(%s)" % unit(name)]))


def chart_blocks(cases: Cases) -> list[tuple]:
    """Nodes of the scenario that leads against the longest list, a series for each value of the others."""
    axes, lang = cases.axes, cases.lang
    across = max(axes, key=lambda name: (len(axes[name]), name not in (*RECORDS, *CHOICES)))
    series: dict[tuple, list] = {}
    for places, row in zip(product(*[range(len(labels)) for labels in axes.values()]), cases.given):
        others = tuple((name, at) for name, at in zip(axes, places) if name != across)
        series.setdefault(others, []).append(row.nodes)
    if len(cases.given) < 2 or len(series) > MOST_SERIES:
        return []
    x_name, y_name = case_heading(across, lang), words(lang, "nodes_final")[0]
    lead = name_of(cases.lead, lang)
    title = "%s × %s (%s)" % (y_name, x_name, lead)
    return [("chart", title, x_name, list(axes[across]), y_name, [
        (", ".join([axes[name][at] for name, at in others]) or lead, nodes)
        for others, nodes in series.items()])]


def lever_line(levers: Sequence[Mapping], lang: str) -> str:
    """The changes of which each alone makes all scenarios fit."""
    found = ["%s %s" % (lever["flag"], as_flag(lever["thresholds"]["all"])) for lever in levers
             if lever["thresholds"]["all"] is not None]
    return " | ".join(found) or words(lang, "combine")[0]


# --- The sections

def input_blocks(answer: Answer, full: bool) -> list[tuple]:
    """Section 1: the fields of the records that count here, and what was asked; all that apply, if `full`."""
    lang = answer.lang
    blocks: list[tuple] = [("section", *words(lang, "section1"))]
    for key in RECORDS:
        record = record_as_used(answer, key)
        blocks += [("heading", "%s: %s" % (words(lang, key)[0], record["name"])),
                   *field_blocks(record, full, lang)]
        if full and record["source"]:
            blocks.append(("line", "%s: %s" % (words(lang, "source_of")[0], record["source"])))
    asked = nfr(answer)
    del asked["weights_precision"]                       # the model's, as it is loaded
    if asked["requested_context"] == asked["effective_context"]:
        del asked["requested_context"]
    return blocks + [("heading", *words(lang, "request")), *field_blocks(asked, full, lang)]


def record_as_used(answer: Answer, key: str) -> dict:
    """The fields of a record of the request; the model's weights without what was asked not to be loaded."""
    record = asdict(getattr(answer.request, key))
    weights_gib = answer.plans[answer.lead].sheet.find("weights_gib") if key == "model" else None
    if answer.request.text_only_model and weights_gib is not None:
        record.update(weights_gib=weights_gib, vision_params=0)
    return record


def field_blocks(values: Mapping, full: bool, lang: str) -> list[tuple]:
    """Labelled fields side by side, and lists of lines below them; what does not apply is left out."""
    shown_fields = {name: value for name, value in values.items()
                    if name in LABELS and (full or name not in DETAILS) and not is_unused(name, value)}
    cells = [(field_label(name, full, lang), field_value(name, value, lang))
             for name, value in shown_fields.items() if not isinstance(value, (list, tuple))]
    lines = [("line", "%s: %s" % (field_label(name, True, lang), field_value(name, value, lang)))
             for name, value in shown_fields.items() if isinstance(value, (list, tuple))]
    return [("grid", cells), *lines]


# Null where a pattern has no such layers, a model no experts, nothing had to be read, GPUs have no such link.
NOT_UNKNOWN = (*FAMILY_FIELDS, *EXPERT_FIELDS, "num_key_value_heads", "head_dim", "all_reduce_gbps",
               "all_reduce_us", "mtp_layers", "host_params", "params_by_precision", "as_quantized",
               "whole_params", "whole_unquantized_params", "layer_groups", "config_read", "config_derived",
               "config_unread", "config_accepted", "weights_origin", "checkpoint_precision", "rope_positions",
               "task", "product",
               "aliases", "maker", "nvlink_bandwidth_tbps", "dense_tflops_fp8", "dense_tflops_fp4",
               "measured_power_ratio", "use_case_trace", *REQUEST_NAMES)


def is_unused(name: str, value) -> bool:
    """Whether a field says that something was not asked for, does not apply, or is empty."""
    if value is None:
        return name in NOT_UNKNOWN
    if name in NO_OPERATIONS and value == NO_OPERATIONS[name]:
        return True
    return value in ((), [], {}, "auto") or (value == 0 and REQUEST_DEFAULTS.get(name) == 0)


def field_label(name: str, with_name: bool, lang: str) -> str:
    label = getattr(LABELS[name], lang)
    return "%s (%s)" % (label, name) if with_name else label


# Where a number of the request comes from, by its word in the JSON.
ORIGINS = {"given": Text("informado", "given"), "computed": Text("calculado", "computed"),
           "estimated": Text("estimado", "estimated"),
           "weights_unknown": Text("padrão sem os pesos", "default without the weights"),
           "gpu_default": Text("padrão do vLLM pela memória da GPU", "vLLM's default by the GPU's memory")}


def field_value(name: str, value, lang: str) -> str:
    """A field as the reader sees it."""
    if name.endswith("_origin"):
        return written(ORIGINS.get(value, value), lang)
    if isinstance(value, (list, tuple)):
        return "\n".join([json.dumps(one) if isinstance(one, dict) else one for one in value])
    if isinstance(value, dict):
        return ", ".join("%s: %s" % (key, field_value(name, figure, lang)) for key, figure in value.items())
    if name.endswith("_ratio"):
        return percent(value, lang)
    return classed_amount(name, value, "not_known", lang)


def nfr(answer: Answer) -> dict:
    """Every request parameter under its flag's name, as configured, with what became of it in the lead."""
    plan = answer.plans[answer.lead]
    asked = {name: getattr(answer.request, name) for name in REQUEST_NAMES
             if name not in (*RECORDS, "ha_mode")}
    for name in batch_defaults(answer.request.server):
        asked.update({name: plan.sheet[name],
                      name + "_origin": "gpu_default" if asked[name] is None else "given"})
    trace = plan.sheet.find("use_case_trace")
    return dict(asked, replaced_entries=[*answer.request.replaced_entries],
                use_case_trace=trace and getattr(trace, answer.lang),
                weights_precision=plan.model.weights_precision,
                runtime_overhead_gib=plan.runtime_overhead_gib, overhead_origin=plan.sheet["overhead_origin"],
                effective_context=plan.effective_context, requested_context=plan.requested_context)


ANSWERS = Parameter._fields[1:-1]


def dictionary_blocks(answer: Answer, full: bool) -> list[tuple]:
    """Section 2: the parameters that shape this answer; all of them, if `full`."""
    lang = answer.lang
    rows = [[parameter_title(row, full, lang), *(getattr(getattr(row, key), lang) for key in ANSWERS)]
            for row in PARAMETERS if full or shapes(row, answer.request)]
    return [("section", *words(lang, "section2")),
            ("cards" if full else "entries", words(lang, "parameter", *ANSWERS), rows)]


def parameter_title(row: Parameter, full: bool, lang: str) -> str:
    return "%s (%s)" % (getattr(LABELS[row.names[0]], lang), ", ".join(row.names if full else row.names[:1]))


def shapes(row: Parameter, request: Request) -> bool:
    """Whether a parameter shapes the answer: always, or because it was asked for."""
    name = row.names[0]
    return name in SHAPING or (name in REQUEST_DEFAULTS
                               and getattr(request, name) != REQUEST_DEFAULTS[name])


def result_blocks(answer: Answer, full: bool) -> list[tuple]:
    """Section 3: the layouts, the numbers a customer asks about with their rationale, the rest as values."""
    lang, sheet = answer.lang, answer.plans[answer.lead].sheet
    listed = [name for name in answer.cards[answer.lead] if is_listed(name, sheet)]
    told = listed if full else [name for name in listed if name in ASKED_ABOUT]
    rest = [] if full else [name for name in listed if name not in told and not is_left_out(name)]
    return [("section", *words(lang, "section3")), *layout_blocks(answer),
            ("heading", *words(lang, "calculated")),
            ("cards", words(lang, "number", "formula", "inputs", "explanation"),
             [number_card(name, answer) for name in told]),
            *value_blocks(rest, full, answer), *hand_over_blocks(answer)]


def is_listed(name: str, sheet: Sheet) -> bool:
    """Whether a number has a card in the text: it says something beside the others, or does not fit."""
    row, reason = NUMBERS[name], sheet.reason(name)
    if reason is not None and (reason in ("not_asked", "not_applicable") or name in SPEED_NUMBERS):
        return False
    return not (sheet.holds(row.hidden) if callable(row.hidden) else row.hidden)


def layout_blocks(answer: Answer) -> list[tuple]:
    plan, lang = answer.plans[answer.lead], answer.lang
    if not plan.layouts:
        return []
    columns = ["replicas_per_node", "kv_per_session_placed_gib", "sessions_per_node"]
    if "tpot_ms" in plan.sheet or "ttft_ms" in plan.sheet:
        columns[2:] = ["memory_sessions_per_node", "speed_sessions_per_node"]
    rows = [layout_row(one, plan, columns, lang) for one in plan.layouts if holds_any(one)]
    return [("heading", fill(WORDS["layouts"], {"lead": name_of(answer.lead, lang)}, lang)),
            ("line", fill(RULE, {}, lang)), *refused_lines(plan, lang),
            *([("table", words(lang, "gpus_per_replica", *columns, "remark"), rows)] if rows else [])]


def holds_any(one: Placement) -> bool:
    """Whether the memory of a layout holds a session: one that does has figures to show."""
    return bool(one.sheet and one.sheet["memory_sessions_per_replica"])


def refused_lines(plan: SizingResult, lang: str) -> list[tuple]:
    """The layouts that hold nothing, one line for each reason."""
    refused: dict[str, list[str]] = {}
    for one in plan.layouts:
        if not holds_any(one):
            refused.setdefault(why_refused(one, plan, lang), []).append(layout_name(one, lang))
    return [("line", fill(WORDS["refused"], {"reason": reason, "names": "; ".join(names)}, lang))
            for reason, names in refused.items()]


def layout_name(one: Placement, lang: str) -> str:
    ranks = words(lang, "attention_data") if one.layout.attention_ranks > 1 else []
    return "".join(["%d × %d" % one.layout[:2], *ranks])


def why_refused(one: Placement, plan: SizingResult, lang: str) -> str:
    return fill(REFUSALS[one.refused], vars(plan.model), lang) if one.refused else ""


def layout_row(one: Placement, plan: SizingResult, columns: Iterable[str], lang: str) -> list[str]:
    chosen = words(lang, "chosen") if one is plan.placement else []
    remark = "; ".join(filter(None, [*chosen, why_refused(one, plan, lang)]))
    numbers = {name: one.sheet[name] if one.sheet.reason(name) is None else "—" for name in columns}
    if one.sheet["nodes_per_replica"] > 1:
        numbers["replicas_per_node"] = "1/%d" % one.sheet["nodes_per_replica"]
    return [written(cell, lang) for cell in (layout_name(one, lang), *numbers.values(), remark)]


def is_left_out(name: str) -> bool:
    """Whether a number says little without the formula it is a term of, or stands elsewhere."""
    return name in TOLD_ELSEWHERE or name in IN_FULL or (name in SPEED_NUMBERS and name not in SPEEDS_TOLD)


POLICY = ("peak_headroom_ratio", "ha_mode", "ha_extra_nodes", "kv_budget_ratio", *Layout._fields)


def configuration(answer: Answer, scenario: Scenario) -> dict:
    plan = answer.plans[scenario.key]
    prose = {name: getattr(getattr(scenario, name), answer.lang) for name in ("use", "risk", "typical_sla")}
    return {**{name: getattr(plan, name) for name in POLICY}, "sla": plan.sheet.find("sla"), **prose}


def value_blocks(names: Iterable[str], full: bool, answer: Answer) -> list[tuple]:
    """Numbers without their rationale: side by side where the scenarios share them, else a table."""
    lang, policy = answer.lang, POLICY if full else ("kv_budget_ratio", *Layout._fields)
    rows = {name: (getattr(LABELS[name], lang), {key: field_value(name, getattr(plan, name), lang)
                                                 for key, plan in answer.plans.items()}) for name in policy
            if full or any(getattr(plan, name) != 1 for plan in answer.plans.values())}
    rows.update((name, (answer.cards[answer.lead][name].label,
                        {key: card_value(name, cards[name], lang) for key, cards in answer.cards.items()}))
                for name in names)
    shared = [(label, values[answer.lead]) for name, (label, values) in rows.items()
              if len({*values.values()}) == 1 and (full or name not in TOLD_BEFORE)]
    differing = [[label, *values.values()] for label, values in rows.values() if len({*values.values()}) > 1]
    header = [*words(lang, "differs"), *(getattr(scenario.name, lang) for scenario in SCENARIOS)]
    return [("table", header, differing), ("heading", *words(lang, "shared")), ("grid", shared)]


def card_value(name: str, card: Card, lang: str) -> str:
    return classed_amount(name, card.value, card.reason, lang)


def number_card(name: str, answer: Answer) -> list[str]:
    """A number of all scenarios: title, formula worked once for each, inputs, meaning where it leads."""
    lang, lead = answer.lang, answer.cards[answer.lead][name]
    values = {key: card_value(name, cards[name], lang) for key, cards in answer.cards.items()}
    alike = len({cards[name].explanation for cards in answer.cards.values()}) == 1
    whose = "" if alike else name_of(answer.lead, lang) + ": "
    return ["%s (%s): %s" % (lead.label, name, by_scenario(values, lang)), worked_formula(name, answer),
            " | ".join(listed_inputs(name, answer)), whose + lead.explanation]


def listed_inputs(name: str, answer: Answer) -> Iterator[str]:
    """The inputs of a number with all their digits, one value for each scenario where they differ."""
    cards = [cards[name] for cards in answer.cards.values()]
    for each in dict.fromkeys(each for card in cards for each in card.inputs):
        cells = [exact_amount(each, card.inputs.get(each), answer.lang) for card in cards]
        alike = {cell for card, cell in zip(cards, cells) if each in card.inputs}
        yield "%s = %s" % (each, alike.pop() if len(alike) == 1 else " · ".join(cells))


def exact_amount(name: str, value, lang: str) -> str:
    """A value with its unit and ten digits: enough to repeat what a formula made of it."""
    if value is None:
        return "—"
    if not isinstance(value, float):
        return amount(name, value, lang)
    return ("%s %s" % (localised("%.10g" % value, lang), unit(name))).strip()


def pretty(formula: str, lang: str, inputs: Mapping | None = None) -> str:
    """A formula for people: × and ÷, and the numbers put in where `inputs` are given."""
    formula = formula.replace("**", "^").replace("*", "×").replace("/", "÷").replace(" - ", " − ")
    if lang == "pt":
        formula = formula.replace(", ", "; ")
    if inputs is None:
        return formula
    return NAME.sub(lambda found: found[0] if found[0] in FUNCTIONS else plain(inputs[found[0]], lang),
                    formula)


SHORT_FORMULAS = 84                                      # characters of those that share a line


def worked_formula(name: str, answer: Answer) -> str:
    """Each formula of a number in names, then with the numbers of the scenarios that have it."""
    lang = answer.lang
    found: dict[str, dict[str, list[str]]] = {}
    for key, cards in answer.cards.items():
        formula = "%s = %s" % (name, pretty(cards[name].formula, lang))
        found.setdefault(formula, {}).setdefault(worked_lines(name, answer, key), []).append(key)
    lines = []
    for formula, worked in found.items():
        texts = [text if len(keys) == len(answer.cards) else "%s %s" % (scenario_names(keys, lang), text)
                 for text, keys in worked.items()]
        short = len("".join(texts)) <= SHORT_FORMULAS and "\n" not in "".join(texts)
        lines += [formula, *([" | ".join(texts)] if short else texts)]
    return "\n".join(lines)


def worked_lines(name: str, answer: Answer, key: str) -> str:
    """The formula with the numbers of one scenario; that of KV has one line for each kind of layer."""
    lang, cards, sheet = answer.lang, answer.cards[key], answer.plans[key].sheet
    card = cards[name]
    if card.reason is not None:
        return written(REASONS[card.reason].word, lang)
    value = "= " + plain(card.value, lang)
    if name == "kv_per_session_gib":
        kinds = [(part.partition("_")[0], cards[part]) for part in sheet.parts["kv_bytes"]]
        lines = ["%s attention: %s" % (sheet["attention_pattern"].replace("_", " ").capitalize(), " + ".join(
            "%d %s" % (sheet[kind + "_layers"], kind) for kind, _ in kinds))]
        lines += ["%s: %s" % (kind.capitalize(), pretty(part.formula, lang, part.inputs))
                  for kind, part in kinds if kind != "none"]
        return "\n".join([*lines, value])
    if any(card.inputs[each] is None for each in formula_inputs(card.formula)):
        return value
    worked = "= " + pretty(card.formula, lang, card.inputs)
    return value if worked == value else "%s %s" % (worked, value)


# --- The hand-over: commands that build the layout of a plan and load-test one replica of it

# Each flag with the fact (launch_facts) that it states: names and values as in vLLM 0.32.0 (EngineArgs),
# SGLang 0.5.23 (ServerArgs) and TensorRT-LLM 1.2 (commands/serve.py). SGLang divides batch and sessions by
# the ranks of data-parallel attention; it deprecates --enable-dp-attention, which its earlier versions need.
LAUNCHES = {
    "vllm": {
        "vllm serve": "checkpoint", "--tensor-parallel-size": "kv_ranks",
        "--pipeline-parallel-size": "stages", "--data-parallel-size": "ranks",
        "--enable-expert-parallel": "spread", "--nnodes": "nodes", "--node-rank": "node_rank",
        "--master-addr": "head_node", "--quantization": "quantization", "--gpu-memory-utilization": "ratio",
        "--max-model-len": "context", "--kv-cache-dtype": "kv", "--max-num-batched-tokens": "batch_tokens",
        "--max-num-seqs": "batch_sessions", "--enable-prefix-caching": "prefix",
        "--language-model-only": "text_only", "--speculative-config.method": "method",
        "--speculative-config.model": "draft_model",
        "--speculative-config.num_speculative_tokens": "drafts", "--port": "port"},
    "sglang": {
        "python3 -m sglang.launch_server": "run", "--model-path": "checkpoint", "--tp-size": "gpus",
        "--pp-size": "stages", "--dp-size": "ranks", "--enable-dp-attention": "spread",
        "--ep-size": "experts", "--nnodes": "nodes", "--node-rank": "node_rank",
        "--dist-init-addr": "head_port", "--quantization": "quantization", "--mem-fraction-static": "ratio",
        "--context-length": "context", "--kv-cache-dtype": "kv", "--chunked-prefill-size": "all_batch_tokens",
        "--max-running-requests": "all_batch_sessions", "--language-model-only": "text_only",
        "--speculative-algorithm": "algorithm", "--speculative-draft-model-path": "draft_model",
        "--speculative-num-steps": "drafts", "--speculative-eagle-topk": "drafts_at_once",
        "--speculative-num-draft-tokens": "checked_tokens", "--port": "own_port"},
    "trtllm": {
        "mpirun -n": "mpi_ranks", "trtllm-llmapi-launch": "spans", "trtllm-serve": "checkpoint",
        "--tp_size": "gpus", "--pp_size": "stages", "--ep_size": "experts",
        "--kv_cache_free_gpu_memory_fraction": "ratio", "--max_seq_len": "context",
        "--max_num_tokens": "batch_tokens", "--max_batch_size": "batch_sessions",
        "--enable_chunked_prefill": "chunked", "--extra_llm_api_options": "options_file", "--port": "port"},
}
# What each calls a format of the KV cache; one that is not here it does not take by name.
KV_WORDS = {
    "vllm": {"fp8": "fp8", "fp8_ds_mla": "fp8_ds_mla", "fp16": "float16", "bf16": "bfloat16",
             "nvfp4": "nvfp4"},
    "sglang": {"fp8": "fp8_e4m3", "bf16": "bfloat16", "nvfp4": "nvfp4"},
    "trtllm": {"fp8": "fp8", "nvfp4": "nvfp4"},
}
QUANTIZED_AT_LOAD = {"vllm": ("fp8",), "sglang": ("fp8",), "trtllm": ()}   # from a checkpoint in 16 bits
LOAD_TEST = {                                            # vLLM 0.32.0: vllm bench serve
    "vllm bench serve": "run", "--backend": "backend", "--model": "checkpoint", "--dataset-name": "dataset",
    "--random-prefix-len": "prefix_tokens", "--random-input-len": "input_tokens",
    "--random-output-len": "output_tokens", "--max-concurrency": "sessions", "--num-prompts": "prompts",
    "--ignore-eos": "ignore_eos", "--percentile-metrics": "metrics", "--metric-percentiles": "percentiles"}
OPTIONS_FILE = "trtllm.yaml"
FIRST_PORT = 8000                                        # vLLM's and TensorRT-LLM's; SGLang's is 30000
HEAD_NODE, HEAD_PORT = "<node-0>", 5000
CODE_COLUMNS = 76                                        # of a command, for a terminal of 80 and a page
# A repository of the hub, not a piece of a path or of an address.
REPOSITORY = r"(?<![\w./~-])\w[\w.-]*/[\w.-]*\w(?![\w/])"


def hand_over_blocks(answer: Answer) -> list[tuple]:
    """The commands for the scenario that leads, and how what they measure comes back."""
    lang, plan = answer.lang, answer.plans[answer.lead]
    if not can_be_built(plan):
        return []
    measured = plan.sheet.reason("tpot_expected_ms") is None
    return [("heading", fill(WORDS["hand_over"], {"lead": name_of(answer.lead, lang)}, lang)),
            ("code", engine_command(plan) + load_test(plan)),
            *([("line", fill(WORDS["measured_back"], plan.sheet, lang))] if measured else [])]


def can_be_built(plan: SizingResult) -> bool:
    return plan.applies and plan.nodes_final is not None


def launched(plan: SizingResult) -> str:
    """The engine whose commands are shown: vLLM's where none was chosen."""
    return plan.engine if plan.engine in LAUNCHES else "vllm"


def engine_command(plan: SizingResult) -> list[str]:
    """The lines of a shell that start one replica of a plan, on its first node."""
    engine = launched(plan)
    facts = launch_facts(plan, engine)
    lines = launch_notes(plan, engine, facts)
    options = trtllm_options(facts) if engine == "trtllm" else []
    if options:
        facts["options_file"] = OPTIONS_FILE
        lines += ["cat > %s <<'EOF'" % OPTIONS_FILE, *options, "EOF"]
    command = shell_words(LAUNCHES[engine], facts)
    if "port" in facts:
        amd = plan.server.gpu_interconnect == "infinity_fabric"
        command.insert(0, "%s_VISIBLE_DEVICES=%s" % ("HIP" if amd else "CUDA", listed_gpus(plan, 0)))
    return lines + folded(command)


def launch_facts(plan: SizingResult, engine: str) -> dict:
    """What an engine has to be told of a plan, by the names of LAUNCHES."""
    sheet, layout, ranks = plan.sheet, plan.placement.layout, plan.attention_ranks
    tokens, sessions = sheet["max_num_batched_tokens"], sheet["max_num_seqs"]
    facts = {
        "checkpoint": checkpoint(plan.model, engine), "quantization": made_at_load(plan.model, engine),
        "gpus": layout.tensor_parallel, "kv_ranks": sheet["kv_ranks"], "ratio": plan.kv_budget_ratio,
        "context": plan.effective_context, "kv": kv_word(plan, engine), "batch_tokens": tokens,
        "batch_sessions": sessions, "all_batch_tokens": ranks * tokens,
        "all_batch_sessions": ranks * sessions, "run": True, "chunked": True, "own_port": FIRST_PORT,
        "prefix": sheet["cached_tokens"] > 0 or None,
        "text_only": (plan.text_only_model and bool(plan.model.vision_params)) or None}
    if ranks > 1:
        facts.update(spread=True, ranks=ranks, experts=layout.tensor_parallel)
    if layout.pipeline_parallel > 1:
        facts["stages"] = layout.pipeline_parallel
    if sheet["replicas_per_node"] > 1:
        facts["port"] = FIRST_PORT
    if sheet["nodes_per_replica"] > 1:
        facts.update(spans=True, nodes=sheet["nodes_per_replica"], node_rank=0, head_node=HEAD_NODE,
                     head_port="%s:%d" % (HEAD_NODE, HEAD_PORT),
                     mpi_ranks=layout.tensor_parallel * layout.pipeline_parallel)
    return stated({**facts, **(draft_facts(plan) if plan.draft_tokens else {})})


def draft_facts(plan: SizingResult) -> dict:
    """How tokens are drafted: by layers of the model itself, else by what only the user can name."""
    drafts = plan.draft_tokens
    how = ({"method": "mtp", "algorithm": "NEXTN"} if plan.model.mtp_layers else
           dict.fromkeys(("method", "algorithm"), "<method>"))
    return {**how, "draft_model": None if plan.model.mtp_layers else "<draft-model>", "drafts": drafts,
            "drafts_at_once": 1, "checked_tokens": drafts + 1}


def checkpoint(model: Model, engine: str) -> str:
    """The repository that holds the weights, where the catalog tells it; never a path."""
    as_stored = model.checkpoint_precision is None or made_at_load(model, engine)
    return (as_stored and repository(model)) or "<model>"


def repository(model: Model) -> str | None:
    """The one that the source of a catalog entry names, if it is called like the entry."""
    found = {name.rpartition("/")[2].lower(): name for name in re.findall(REPOSITORY, model.source)}
    return next((found[name] for name in (model.name.lower(), *(model.aliases or ())) if name in found), None)


def made_at_load(model: Model, engine: str) -> str | None:
    """The format in which an engine loads a checkpoint of 16 bits, if that was asked for."""
    changed = is_16_bit(model.checkpoint_precision) and model.weights_precision in QUANTIZED_AT_LOAD[engine]
    return model.weights_precision if changed else None


def kv_word(plan: SizingResult, engine: str) -> str | None:
    """The format of the KV cache as an engine calls it; with an index `auto` may be fp8."""
    own = plan.kv_precision == plan.model.default_kv_precision and is_16_bit(plan.kv_precision)
    return "auto" if own and not has_indexed_latents(plan.model.groups) else (
        KV_WORDS[engine].get(plan.kv_precision))


def trtllm_options(facts: Mapping) -> list[str]:
    """The YAML for what trtllm-serve has no flag; a kv_cache_config there replaces what its flags say."""
    lines = []
    if facts.get("kv", "auto") != "auto":
        lines += ["kv_cache_config:", "  dtype: %s" % facts["kv"],
                  "  free_gpu_memory_fraction: %s" % facts["ratio"]]
    if "spread" in facts:
        lines.append("enable_attention_dp: true")
    if "draft_model" in facts:
        lines += ["speculative_config:", "  decoding_type: <method>", "  max_draft_len: %d" % facts["drafts"],
                  "  speculative_model: <draft-model>"]
    elif "drafts" in facts:
        lines += ["speculative_config:", "  decoding_type: MTP",
                  "  num_nextn_predict_layers: %d" % facts["drafts"]]
    return lines


def launch_notes(plan: SizingResult, engine: str, facts: Mapping) -> list[str]:
    """Comments: what the command stands for, what is to be put in, what the engine does not take."""
    weights, nodes = plan.model.weights_precision, facts.get("nodes", 1)
    spanning = {"vllm": "node 0 of %d; on the others --node-rank 1 and on, --headless",
                "sglang": "node 0 of %d; on the others --node-rank 1 and on",
                "trtllm": "over %d nodes: name them to mpirun"}[engine] % nodes
    notes = {
        "the first of %d processes on a node; the next: GPUs %s, port %d" % (
            plan.replicas_per_node, listed_gpus(plan, 1), FIRST_PORT + 1): "port" in facts,
        spanning: nodes > 1,
        "%s weights, made at load from a checkpoint in 16 bits" % weights: "quantization" in facts,
        "<model>: a checkpoint with %s weights" % weights: facts["checkpoint"] == "<model>" and weights,
        "KV cache in %s: not by name in %s; left to its default" % (plan.kv_precision, engine):
            "kv" not in facts,
        "drafts: name the method and its model": "draft_model" in facts,
        "trtllm-serve has no flag for the text model alone": "text_only" in facts and engine == "trtllm"}
    return ["# " + note for note, holds in notes.items() if holds]


def listed_gpus(plan: SizingResult, replica: int) -> str:
    """The numbers of the GPUs of a node that hold its n-th replica."""
    gpus = plan.tensor_parallel * plan.pipeline_parallel
    return ",".join(map(str, range(replica * gpus, (replica + 1) * gpus)))


def load_test(plan: SizingResult) -> list[str]:
    """The lines of a shell that load one replica as planned, below what the plan expects."""
    context = plan.sheet["effective_context"]
    if plan.input_tokens + plan.output_tokens > context:
        return ["# no load test: %d + %d tokens in a context of %d; give --input-tokens, --output-tokens"
                % (plan.input_tokens, plan.output_tokens, context)]
    facts = {"run": True, "backend": "openai", "checkpoint": checkpoint(plan.model, launched(plan)),
             "dataset": "random", "prefix_tokens": plan.load_test_prefix_tokens or None,
             "input_tokens": plan.load_test_input_tokens, "output_tokens": plan.output_tokens,
             "sessions": plan.load_test_sessions, "prompts": plan.load_test_prompts, "ignore_eos": True,
             "metrics": "ttft,tpot", "percentiles": "80,90"}
    drafts = "# drafts: random text has few accepted; test with prompts of yours"
    return [*expected_means(plan), *([drafts] if plan.draft_tokens else []),
            *folded(shell_words(LOAD_TEST, stated(facts)))]


def expected_means(plan: SizingResult) -> list[str]:
    """A comment on what the plan expects, where it knows it; none of a TTFT without bound."""
    if plan.sheet.reason("tpot_expected_ms") is not None:
        return []
    told = "# plan: mean TPOT %.2f ms (committed %.2f)" % (plan.tpot_expected_ms, plan.tpot_committed_ms)
    bounded = plan.prefill_load < 1
    return [told + (", TTFT %.2f ms (%.2f)" % (plan.ttft_expected_ms, plan.ttft_high_ms) if bounded else "")]


def shell_words(flags: Mapping[str, str], facts: Mapping) -> list[str]:
    """The flags of which there is a fact, each with its value as a shell takes it."""
    from shlex import quote                              # only these forms pay for it
    return [flag if facts[fact] is True else "%s %s" % (flag, quote(str(facts[fact])))
            for flag, fact in flags.items() if fact in facts]


def folded(command: Sequence[str]) -> list[str]:
    """A command in lines of CODE_COLUMNS, where its words permit."""
    lines = [command[0]]
    for word in command[1:]:
        if len(lines[-1]) + len(word) + len("  \\") <= CODE_COLUMNS:
            lines[-1] += " " + word
        else:
            lines[-1] += " \\"
            lines.append("  " + word)
    return lines


def risk_blocks(answer: Answer) -> list[tuple]:
    """Section 4: alerts, the scenarios' risks, and how far off the estimate can be."""
    lang = answer.lang
    by_id: dict[str, list[dict]] = {}
    for row in answer.alerts:
        by_id.setdefault(row["id"], []).append(row)
    cards = [alert_card(rows, answer) for rows in by_id.values()]
    return [("section", *words(lang, "section4")),
            ("entries", words(lang, "alert", "meaning", "action"), cards) if cards
            else ("line", *words(lang, "no_alert")),
            ("heading", *words(lang, "risks")),
            ("pairs", [(getattr(s.name, lang), told_risk(s, answer)) for s in SCENARIOS]),
            ("line", fill(INDEPENDENT, {}, lang)),
            ("heading", *words(lang, "accuracy"))] + [("line", text) for text in accuracy(answer)]


def told_risk(scenario: Scenario, answer: Answer) -> str:
    """What may happen to a scenario, the availability that is usually promised, and what was computed."""
    sheet = answer.plans[scenario.key].sheet
    told = WORDS["risk" if sheet.reason("availability_peak") is None else "risk_unfit"]
    return fill(told, sheet.bind({"risk": scenario.risk, "typical_sla": scenario.typical_sla}), answer.lang)


SENTENCE_END = r"(?<=[.;]) (?=[A-ZÀ-Ú0-9])"


def alert_card(rows: Sequence[dict], answer: Answer) -> list[str]:
    """An alert with all its scenarios; of further ones, the sentences whose numbers are others."""
    lang, first = answer.lang, rows[0]
    keys = [key for row in rows for key in row["scenarios"]]
    title = "%s (%s), %s" % (written(SEVERITIES[first["severity"]], lang), first["id"],
                             scenario_names(keys, lang))
    same = re.split(SENTENCE_END, first["meaning"])
    meaning = [first["meaning"] if len(rows) == 1
               else "%s: %s" % (scenario_names(first["scenarios"], lang), first["meaning"])]
    for row in rows[1:]:
        other = [text for text in re.split(SENTENCE_END, row["meaning"]) if text not in same]
        meaning.append("%s: %s" % (scenario_names(row["scenarios"], lang), " ".join(other)))
    actions = {key: row["action"] for row in rows for key in row["scenarios"]}
    return [title, " ".join(meaning), by_scenario(actions, lang)]


def accuracy(answer: Answer) -> list[str]:
    sheet = answer.plans[answer.lead].sheet
    return [fill(text, sheet, answer.lang) for when, text in ACCURACY if sheet.holds(when)]


def report_blocks(answer: Answer, full: bool = False) -> list[tuple]:
    blocks = summary_blocks(answer) + nodes_blocks(answer) + pictures(answer)
    for part in (input_blocks, dictionary_blocks, result_blocks):
        blocks += part(answer, full)
    rest = [] if full else [("line", *words(answer.lang, "rest_of_report"))]
    return blocks + risk_blocks(answer) + rest


def screen_blocks(answer: Answer) -> list[tuple]:
    """The summary by itself, levers in place of pictures of what fits: it ends with the way to the rest."""
    crowded = answer.levers and answer.plans[answer.lead].sheet["fits"]
    return [*summary_blocks(answer), *([] if crowded else pictures(answer)),
            ("paragraph", *words(answer.lang, "rest_of_summary"))]


# --- The report as data: unrounded numbers, English keys; only prose follows the language

# Numbers of each row of `layouts`.
LAYOUT_NUMBERS = ("stages_per_node", "replicas_per_node", "nodes_per_replica", "engine_gib_per_gpu",
                  "runtime_overhead_gib", "kv_budget_gib", "kv_per_session_placed_gib",
                  "memory_sessions_per_replica", "memory_sessions_per_node", "speed_sessions_per_replica",
                  "speed_sessions_per_node", "sessions_per_replica", "sessions_per_node")


def report_json(answer: Answer) -> dict:
    lang = answer.lang
    return {
        "schema_version": SCHEMA_VERSION, "tool_version": __version__,
        "inputs": {**{name: record_as_used(answer, name) for name in RECORDS}, "nfr": nfr(answer)},
        "parameter_dictionary": {name: {key: getattr(getattr(row, key), lang)
                                        for key in ANSWERS}
                                 for row in PARAMETERS for name in row.names},
        "scenarios": {scenario.key: scenario_json(answer, scenario) for scenario in SCENARIOS},
        "alerts": [{name: row[name] for name in ("id", "severity", "message", "scenarios")}
                   for row in answer.alerts],
        "levers": answer.levers, "accuracy": accuracy(answer),
    }


# The columns of the CSV: what a reader compares, then the rest of the request, the policy and the numbers.
CSV_FIRST = ("model", "server", "storage", "scenario", "concurrency", "effective_context", "kv_precision",
             "nodes_final", "gpus_final", "power_kw", "rack_units_final", "relative_cost",
             "sessions_per_node", "max_concurrency", "max_effective_context", "kv_per_session_gib",
             "tpot_expected_ms", "tpot_committed_ms", "ttft_expected_ms", "ttft_high_ms", "binding_limit",
             "speed_basis", "alerts", *POLICY)
CSV_REQUEST = ("weights_precision", *(name for name in REQUEST_NAMES
                                      if name not in (*RECORDS, *SWITCHES, *NO_OPERATIONS,
                                                      "replaced_entries", "ha_mode")))
CSV_HEADERS = tuple(dict.fromkeys((*CSV_FIRST, *CSV_REQUEST, *RESULTS, *SWITCHES,
                                   *(OWN_NAMES.get(name, name) for name in NO_OPERATIONS), "error")))


def csv_rows(answer: Answer) -> Iterator[list]:
    """One row for each scenario, under CSV_HEADERS; a number that there is not is an empty cell."""
    asked = {OWN_NAMES.get(name, name): value for name, value in nfr(answer).items()}
    for key, plan in answer.plans.items():
        row = {**asked, **{name: getattr(plan, name) for name in ("effective_context", *POLICY)},
               **values_of_results(plan),
               **{name: getattr(plan, name).name for name in RECORDS}, "scenario": key,
               "binding_limit": binding_limit(plan.sheet), "speed_basis": plan.placement.speed_basis,
               "alerts": " ".join(plan.warnings)}
        yield list(map(row.get, CSV_HEADERS))


def values_of_results(plan: SizingResult) -> dict:
    return {name: plan.sheet.find(name) for name in results_of(plan.sheet)}


def answer_of(case: Case, lead: str, lang: str) -> Answer:
    """A case that was sized, as far as the data of the report needs it."""
    return Answer(case.request, case.plans, [], lang, leading(case.plans, lead), {}, [])


def case_csv(case: Case, lead: str, lang: str) -> list[list]:
    """The rows of a case under CSV_HEADERS; without numbers, what was asked and why there are none."""
    if case.plans is not None:
        return [*csv_rows(answer_of(case, lead, lang))]
    asked = {OWN_NAMES.get(name, name): value for name, value in {**case.asked, **case.values}.items()}
    asked["error"] = case.error
    return [list(map({**asked, "scenario": key}.get, CSV_HEADERS)) for key in SCENARIO_KEYS]


def case_json(case: Case, lead: str, lang: str, full: bool) -> dict:
    """A case as data: as the report of its own, with ids in place of prose; rationale if `full`."""
    if case.plans is None:
        results = {name: None for name in RESULTS if not name.endswith("_kv_bytes")}
        empty: dict = {"results": results, "classification": dict.fromkeys(SCALES), "binding_limit": None,
                       "speed_basis": None, "warnings": []}
        records = {name: {"name": case.values[name]} for name in RECORDS}
        return {"inputs": {**records, "nfr": case.asked}, "scenarios": dict.fromkeys(SCENARIO_KEYS, empty),
                "alerts": [], "error": case.error}
    answer = answer_of(case, lead, lang)
    ids = {id for plan in case.plans.values() for id in plan.warnings}
    return {"inputs": {**{name: record_as_used(answer, name) for name in RECORDS}, "nfr": nfr(answer)},
            "scenarios": {key: case_scenario_json(plan, lang, full) for key, plan in case.plans.items()},
            "alerts": [alert.id for alert in ALERTS if alert.id in ids], "error": None}


def case_scenario_json(plan: SizingResult, lang: str, full: bool) -> dict:
    data = {"results": values_of_results(plan), "classification": classification(plan),
            "binding_limit": binding_limit(plan.sheet), "speed_basis": plan.placement.speed_basis,
            "warnings": plan.warnings}
    if full:
        cards = make_cards(plan.sheet, lang)
        data["rationale"] = {name: rationale(name, card) for name, card in cards.items()}
    return data


def scenario_json(answer: Answer, scenario: Scenario) -> dict:
    plan, cards = answer.plans[scenario.key], answer.cards[scenario.key]
    told = {row["id"]: row["message"] for row in answer.alerts if scenario.key in row["scenarios"]}
    return {
        "name": getattr(scenario.name, answer.lang),
        "configuration": configuration(answer, scenario),
        "results": {name: card.value for name, card in cards.items()},
        "classification": classification(plan),
        "binding_limit": binding_limit(plan.sheet),
        "speed_basis": plan.placement.speed_basis,
        "speed_rests_on": list(estimates_of(plan.model, plan.server, plan.placement.layout)
                               if plan.placement.speed_basis else ()),
        "speed_missing": list(speed_missing(plan.model, plan.server, plan.placement.layout)),
        "layouts": [layout_json(one, plan.placement) for one in plan.layouts],
        "rationale": {name: rationale(name, card) for name, card in cards.items()},
        "warnings": [told[id] for id in plan.warnings],
        "hand_over": {name: "\n".join(lines(plan)) if can_be_built(plan) else None
                      for name, lines in (("engine_command", engine_command), ("load_test", load_test))},
    }


def classification(plan: SizingResult) -> dict:
    return {name: classify(name, getattr(plan, name) if plan.applies else None) for name in SCALES}


def rationale(name: str, card: Card) -> dict:
    why = {"formula": "%s = %s" % (name, card.formula), "inputs": card.inputs,
           "explanation": card.explanation}
    return why if card.reason is None else dict(why, reason=card.reason.partition("__")[0])


def layout_json(one: Placement, built: Placement) -> dict:
    """One layout as data; null where it cannot be built."""
    numbers = {name: one.sheet.find(name) if one.sheet else None for name in LAYOUT_NUMBERS}
    return {**one.layout._asdict(), **numbers,
            "binding_limit": binding_limit(one.sheet) if one.sheet else None,
            "chosen": one is built, "speed_basis": one.speed_basis, "refused": one.refused}


# === Renderers: layout only ===

MAX_COLUMNS = 100
MIN_COLUMNS = 60


def visible(text: str, escape=lambda character: character.encode("unicode_escape").decode()) -> str:
    """`text` with what a terminal would act on (control and bidi characters, not line ends) as escapes."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(c if c == "\n" or c.isprintable() else escape(c) for c in text)


def visible_content(content):
    """A block or a part of it, every text in it visible: the one way into text and Markdown."""
    if isinstance(content, (list, tuple)):
        return [visible_content(part) for part in content]
    return visible(content) if isinstance(content, str) else content


def render_json(data: object) -> str:
    """Indented JSON that no reader has to repair and no terminal acts on."""
    text = json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False)
    return visible(text, lambda character: json.dumps(character)[1:-1]) + "\n"


def render_csv(headers: Sequence[str], rows: Iterable[Sequence]) -> str:
    """RFC 4180: CRLF, numbers unrounded with a point, nothing where there is none, no cell a formula."""
    return csv_lines([headers, *rows])


def csv_lines(rows: Iterable[Sequence]) -> str:
    from csv import writer
    from io import StringIO
    file = StringIO(newline="")
    writer(file).writerows([safe_cell(cell) for cell in row] for row in rows)
    return file.getvalue()


# Where a spreadsheet may begin a cell (in Brazil a `;` ends one, whatever the quotes) with a formula: its
# signs, the wide ones too, behind what it may skip.
FORMULA_START = r"(^|[;\n])(?=\s*[-=+@＝＋－＠])"


def safe_cell(cell):
    """A text of which a spreadsheet takes no part for a formula: an apostrophe stands before its sign."""
    return visible(re.sub(FORMULA_START, r"\1'", cell)) if isinstance(cell, str) else cell


def render_text(blocks: Sequence[tuple], width: int) -> str:
    lines = (line.rstrip() for kind, *content in visible_content(blocks)
             for line in TEXT[kind](width, *content))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"


# The space between a number and its unit: they stay on one line.
BEFORE_UNIT = "(?<=[0-9]) (?=(?:%s)(?![A-Za-z]))" % "|".join({**dict.fromkeys(UNITS.values()), "%": None})


def joined_to_units(text: str) -> str:
    return re.sub(BEFORE_UNIT, "\xa0", text)


def wrapped(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """The lines of `text`, each folded, the first indented by `first` and the others by `rest`."""
    from textwrap import wrap                            # only text reports pay for it
    lines: list[str] = []
    for part in joined_to_units(text).split("\n"):
        lines += wrap(part, width, initial_indent=rest if lines else first, subsequent_indent=rest,
                      break_on_hyphens=False) or [""]
    return [line.replace("\xa0", " ") for line in lines]


def underlined(sign: str, width: int, text: str) -> list[str]:
    return ["", *wrapped(text, width), sign * min(width, len(text))]


def text_pairs(width: int, pairs: Sequence[tuple]) -> list[str]:
    """Labels in one column, values beside them."""
    label_width = max(len(label) for label, _ in pairs)
    return [line for label, value in pairs
            for line in wrapped(value, width, label.ljust(label_width) + "  ", " " * (label_width + 2))]


def text_table(width: int, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns; where they do not fit even folded between words, rows below their first cells, or cards."""
    widths = column_widths(width, list(zip(headers, *rows)))
    if widths is None and len({row[0] for row in rows}) < len(rows):
        return text_groups(width, headers[1:], [(title, [row[1:] for row in group])
                                                for title, group in groupby(rows, lambda row: row[0])])
    if widths is None:
        return text_cards(width, headers, rows) + [""]
    return ["", *text_rows([headers, ["-" * w for w in widths], *rows], widths), ""]


def text_rows(rows: Iterable[Sequence[str]], widths: Sequence[int]) -> list[str]:
    return [line for row in rows
            for line in side_by_side([wrapped(cell, w) for cell, w in zip(row, widths)], widths)]


def text_groups(width: int, headers: Sequence[str],
                groups: Sequence[tuple[str, Sequence[Sequence[str]]]]) -> list[str]:
    """A table whose rows stand in groups, each below its title and all in the same columns."""
    widths = column_widths(width, list(zip(headers, *(row for _, rows in groups for row in rows))))
    lines = [] if widths is None else ["", *text_rows([headers, ["-" * w for w in widths]], widths)]
    for title, rows in groups:
        shown = text_cards(width, headers, rows) if widths is None else text_rows(rows, widths)
        lines += ["", *wrapped(title, width), *shown]
    return lines + [""]


def column_widths(width: int, columns: Sequence[Sequence[str]]) -> list[int] | None:
    """The columns' widths in `width`, taken from the widest first; None where words would have to break."""
    words = [max(len(word) for cell in column for word in joined_to_units(cell).split(" "))
             for column in columns]
    room = width - 2 * (len(columns) - 1)
    if sum(words) > room:
        return None
    widths = [min(room, max(map(len, column))) for column in columns]
    for _ in range(sum(widths) - room):
        foldable = [at for at in range(len(widths)) if widths[at] > words[at]]
        widths[max(foldable, key=lambda at: widths[at])] -= 1
    return widths


def text_cards(width: int, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """One row after the other, its first cell as the title."""
    lines: list[str] = []
    for title, *cells in rows:
        lines += wrapped(title, width, "* ", "  ")
        for label, cell in zip(headers[1:], cells):
            lines += wrapped("%s: %s" % (label, cell), width, "  ", "    ")
    return lines


def text_entries(width: int, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """One row after the other, each a paragraph that its first cell begins."""
    lines: list[str] = []
    for title, *cells in rows:
        told = ["%s: %s" % pair for pair in zip(headers[1:], cells)]
        lines += wrapped("%s. %s" % (title, " ".join(told)), width, "* ", "  ")
    return lines


GRID_GAP = 2


def text_grid(width: int, pairs: Sequence[tuple]) -> list[str]:
    """Labelled values in as many columns as fit, filled downwards; one too wide for its column folds."""
    cells = ["%s: %s" % (label, value) for label, value in pairs]
    lengths = sorted(map(len, cells))
    usual = lengths[len(cells) * 3 // 4] if cells else width
    count = max(1, (width + GRID_GAP) // (usual + GRID_GAP))
    room, depth = (width + GRID_GAP) // count - GRID_GAP, -(-len(cells) // count)
    columns = [[line for cell in cells[at:at + depth] for line in wrapped(cell, room, "", "  ")]
               for at in range(0, len(cells), depth or 1)]
    return side_by_side(columns, [room] * len(columns), " " * GRID_GAP)


BAR_CELLS = 58
LEVELS = "▁▂▃▄▅▆▇█"


def bar_glyphs(total: float, _unit: str, segments: Sequence[Sequence]) -> tuple[list[str], str]:
    """A bar of one glyph per cell, what does not fit cut at its end; and what the glyphs mean."""
    cells, filled = "", 0.0
    for glyph, _, value, _ in segments:
        filled += value
        cells += glyph * (min(BAR_CELLS, round(BAR_CELLS * filled / total)) - len(cells))
    return ["[%s]" % cells], " | ".join("%s %s %s" % (glyph, label, told)
                                        for glyph, label, _, told in segments)


def curve_glyphs(_x_name: str, top: float, _y_name: str, curves: Sequence[Sequence],
                 marks: Sequence[Sequence], _target: Sequence) -> tuple[list[str], str]:
    """The first curve as levels, the marks below it; and what these mean."""
    _, *heights = curves[0][1]
    ruler = [" "] * len(heights)
    for letter, at, _ in marks:
        ruler[min(len(heights), max(1, math.ceil(len(heights) * at / top))) - 1] = letter
    levels = "".join(LEVELS[min(7, int(8 * height / heights[-1]))] for height in heights)
    return [levels, "".join(ruler).rstrip()], " | ".join("%s %s" % (letter, text)
                                                         for letter, _, text in marks)


def text_figure(width: int, title: str, lines: list[str], legend: str) -> list[str]:
    return ["", *wrapped(title, width), *lines, *wrapped(legend, width, "", "  ")]


def side_by_side(columns: Sequence[Sequence[str]], widths: Sequence[int], gap: str = "  ") -> list[str]:
    """Columns of lines as lines, each cell filled to its column's width."""
    from itertools import zip_longest
    return [gap.join(cell.ljust(room) for cell, room in zip(cells, widths))
            for cells in zip_longest(*columns, fillvalue="")]


def text_code(width: int, lines: Sequence[str]) -> list[str]:
    """Lines of a shell as they are; one that does not fit, a flag to a line."""
    return [part for line in lines for part in
            ([line] if len(line) <= width else wrapped(line, width, "", "# ") if line.startswith("#")
             else re.sub(r"(?<=\S) (?=--)", " \\\\\n  ", line).split("\n"))]


TEXT: dict[str, Callable[..., list[str]]] = {
    "title": partial(underlined, "="), "section": partial(underlined, "="),
    "pairs": text_pairs, "table": text_table, "groups": text_groups, "cards": text_cards,
    "paragraph": lambda width, text: [""] + wrapped(text, width),
    "heading": lambda width, text: ["", *wrapped(text, width)],
    "line": lambda width, text: wrapped(text, width, "", "  "), "grid": text_grid, "entries": text_entries,
    "bar": lambda width, title, *content: text_figure(width, title, *bar_glyphs(*content)),
    "curve": lambda width, title, *content: text_figure(width, title, *curve_glyphs(*content)),
    "chart": lambda width, *content: [], "code": text_code,
}


def render_markdown(blocks: Sequence[tuple]) -> str:
    """GitHub-flavoured Markdown; tables and cards are tables."""
    return "\n".join(filter(None, (MARKDOWN[kind](*content) for kind, *content in visible_content(blocks))))


# What Markdown acts on within a line; not a `*` between spaces or a `_` within a word, as in formulas.
INLINE_MARKUP = r"[\\`\[|$]|(?<! )[*~]|[*~](?! )|(?<!\w)_+|_+(?!\w)|(?<!\S)#+$"
# And at the start of one: headings, rules, bullets, numbers of a list.
LEADING_MARKUP = r"^([0-9]*)([-+#]|[.)](?= |$))"


def escaped(text: str) -> str:
    """`text` as one piece of Markdown that shows as it is, such as a cell."""
    from html import escape
    marked = re.sub(INLINE_MARKUP, lambda found: re.sub("(.)", r"\\\1", found[0]), text)
    return escape(marked, quote=False).replace("\n", "<br>")


def markdown_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [[escaped(cell) for cell in row] for row in [headers, *rows]]
    lines.insert(1, ["---"] * len(headers))
    return "".join("| %s |\n" % " | ".join(line) for line in lines)


def markdown_groups(headers: Sequence[str], groups: Sequence[tuple[str, Sequence[Sequence[str]]]]) -> str:
    """One table for each group, below its title."""
    return "\n".join(MARKDOWN["heading"](title) + "\n" + markdown_table(headers, rows)
                     for title, rows in groups)


def markdown_paragraph(text: str) -> str:
    return re.sub(LEADING_MARKUP, r"\1\\\2", escaped(text.lstrip(" "))) + "\n"


def fenced(language: str, lines: Sequence[str]) -> str:
    """Lines as they are, in a fence that none of them ends."""
    text = "\n".join(lines)
    fence = "`" * (1 + max(2, *map(len, re.findall("`*", text))))
    return "%s%s\n%s\n%s\n" % (fence, language, text, fence)


def markdown_figure(title: str, lines: Sequence[str], legend: str) -> str:
    return "\n".join([markdown_paragraph(title), fenced("text", lines), markdown_paragraph(legend)])


MARKDOWN: dict[str, Callable[..., str]] = {
    "title": lambda text: "# %s\n" % escaped(text), "section": lambda text: "## %s\n" % escaped(text),
    "heading": lambda text: "### %s\n" % escaped(text),
    "line": markdown_paragraph, "paragraph": markdown_paragraph,
    "table": markdown_table, "cards": markdown_table, "entries": markdown_table, "groups": markdown_groups,
    "grid": lambda pairs: " · ".join("**%s**: %s" % tuple(map(escaped, pair)) for pair in pairs) + "\n",
    "pairs": lambda pairs: "".join("- **%s**: %s\n" % tuple(map(escaped, pair)) for pair in pairs),
    "bar": lambda title, *content: markdown_figure(title, *bar_glyphs(*content)),
    "curve": lambda title, *content: markdown_figure(title, *curve_glyphs(*content)),
    "chart": lambda *content: "", "code": partial(fenced, "sh"),
}


# --- HTML: one page, complete in itself; pictures are drawn in SVG

STYLE = """\
:root{--ink:#1b1e21;--soft:#565d64;--line:#c9ced3;--back:#fff;--band:#f2f4f6;
--a:#123f63;--b:#4f97c7;--c:#c8e1f1}
@media screen and (prefers-color-scheme:dark){:root{--ink:#e4e7ea;--soft:#a9b0b7;--line:#454c53;
--back:#15181b;--band:#20252a;--a:#2873a6;--b:#7fb8dd;--c:#d3e8f5;color-scheme:dark}}
*{box-sizing:border-box}
body{margin:0;font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere;color:var(--ink);
background:var(--back)}
main{max-width:78rem;margin:auto;padding:1rem}
main>:not(.wide){max-width:62rem}
h1{font-size:1.5rem;line-height:1.2;margin:.5rem 0}
h2{font-size:1.15rem;margin:1.5rem 0 .5rem}
h3{font-size:1rem;margin:1.25rem 0 .4rem}
h2.section{font-size:1.3rem;margin:2.5rem 0 .75rem;border-bottom:2px solid var(--ink)}
p{margin:.5rem 0}
.wide{overflow-x:auto;margin:.75rem 0}
table{border-collapse:collapse;overflow-wrap:normal;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .9rem .25rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
thead th{vertical-align:bottom;border-bottom:2px solid var(--line);color:var(--soft)}
.n{text-align:right}
.n+:not(.n){padding-left:.5rem}
th[scope=rowgroup]{padding-top:1rem}
dl,dd{margin:0}
dt{font-weight:600}
.pairs{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:.5rem 0}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(14rem,1fr));gap:.35rem 1.25rem;
margin:.5rem 0}
.grid dt{font-weight:400;font-size:.85rem;color:var(--soft);line-height:1.3}
.entries>div{margin:.9rem 0}
.entries b,.card dt{font-weight:400;color:var(--soft)}
details{border-bottom:1px solid var(--line)}
summary{padding:.4rem 0;cursor:pointer;font-weight:600}
.card{padding:0 0 .75rem 1.1rem}
.card dd{margin-bottom:.4rem}
figure{margin:1.5rem 0;max-width:42rem}
figcaption{font-weight:600;margin-bottom:.4rem}
pre{white-space:pre-wrap;background:var(--band);padding:.6rem .8rem;margin:.5rem 0}
svg{display:block;width:100%;height:auto;overflow:visible;font:12px system-ui,sans-serif;fill:var(--ink)}
.name{fill:var(--soft)}
.mark{paint-order:stroke;stroke:var(--back);stroke-width:4px}
.axis{stroke:var(--line)}
.at{stroke:var(--ink)}
.aim{stroke:#c0392b;stroke-width:1.5;stroke-dasharray:7 4}
rect{stroke:var(--ink);stroke-width:.75}
.f0{fill:var(--a)}.f1{fill:var(--b)}.f2{fill:var(--c)}.f3{fill:none;stroke-dasharray:4 3}
.t0{fill:#fff}.t1,.t2{fill:#10161b}.t3{fill:var(--ink)}
.l{fill:none;stroke:var(--l);stroke-width:2;stroke-dasharray:var(--d)}
.m{fill:var(--l)}
.l0{--l:var(--a)}.l1{--l:#c2571a;--d:6 3}.l2{--l:#2e8b57;--d:2 3}.l3{--l:#8e44ad;--d:9 3 2 3}
.l4{--l:var(--b)}.l5{--l:#a08000;--d:12 4}
.key{list-style:none;margin:.4rem 0 0;padding:0;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;font-size:.9rem}
.key svg{display:inline-block;width:1.6rem;height:.8rem;margin-right:.4rem;vertical-align:-.05rem}
@media(max-width:35rem){.grid{grid-template-columns:repeat(auto-fill,minmax(9rem,1fr))}
.pairs{display:block}.pairs dd{margin-bottom:.5rem}
th,td{font-size:.85rem;padding-right:.6rem}td:not(.n):last-child{min-width:9rem}}
@page{size:A4;margin:14mm}
@media print{html{font-size:9.5pt}main{max-width:none;padding:0}.wide{overflow:visible}
th,td{font-size:1rem;padding-right:.5rem;overflow-wrap:break-word}figure{max-width:13cm}
tbody th{overflow-wrap:anywhere;min-width:9rem}
tr,figure,details,.entries>*,.pairs>*,.grid>*,.card>*{break-inside:avoid}
h1,h2,h3,dt,summary,figcaption{break-after:avoid}
details::details-content{content-visibility:visible}}"""
PAGE = """\
<!DOCTYPE html>
<html lang="%s">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<style>
%s
</style>
</head>
<body>
<main>
%s
</main>
</body>
</html>
"""
LANGUAGE_TAGS = {"pt": "pt-BR", "en": "en"}


def render_html(blocks: Sequence[tuple], lang: str) -> str:
    """A page; a heading that no section holds is one level up."""
    if blocks[0][0] != "title":
        blocks = [("title", *words(lang, "title")), *blocks]
    content = visible_content(blocks)
    names = [html_text(parts[0], " ") for kind, *parts in content[:2] if kind in ("title", "paragraph")]
    body = "\n".join(filter(None, (HTML[kind](lang, *parts) for kind, *parts in content)))
    head, section, rest = body.partition('<h2 class="section"')
    return PAGE % (LANGUAGE_TAGS[lang], " · ".join(names), STYLE,
                   head.replace("h3>", "h2>") + section + rest)


def html_escape(text: str) -> str:
    from html import escape                              # only pages pay for it
    return escape(text)


def html_text(text: str, line_end: str = "<br>") -> str:
    """`text` as HTML that shows it as it is; with another line end, as an attribute's value too."""
    return html_escape(joined_to_units(text)).replace("\n", line_end)


def tagged(form: str, *rows: Iterable[str]) -> str:
    """`form` filled with each row of texts."""
    return "".join(form % tuple(map(html_text, row)) for row in rows)


# A cell of a column that is aligned as numbers are.
NUMBER_CELL = r"([+−]?[\d.,]+( \S{1,6})?|—|)"


def html_groups(_lang: str, headers: Sequence[str], groups: Sequence[Sequence]) -> str:
    """A table whose rows stand in groups, each below its title if it has one; nothing without rows."""
    columns = [*zip(*(row for _, rows in groups for row in rows))]
    if not columns:
        return ""
    _, *looks = [' class="n"' if all(re.fullmatch(NUMBER_CELL, cell) for cell in column) else ""
                 for column in columns]
    head = '<th scope="col">%s</th>' + "".join('<th scope="col"%s>%%s</th>' % look for look in looks)
    row = '<tr><th scope="row">%s</th>' + "".join("<td%s>%%s</td>" % look for look in looks) + "</tr>\n"
    over = '<tr><th scope="rowgroup" colspan="%d">%%s</th></tr>\n' % len(columns)
    bodies = ["<tbody>\n%s%s</tbody>\n" % (tagged(over, *[[title]] * bool(title)), tagged(row, *rows))
              for title, rows in groups]
    return '<div class="wide" tabindex="0"><table>\n<thead><tr>%s</tr></thead>\n%s</table></div>' % (
        tagged(head, headers), "".join(bodies))


def html_cards(_lang: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """One row after the other, folded away below its first cell."""
    return "\n".join('<details><summary>%s</summary>\n<dl class="card">%s</dl></details>' % (
        html_text(title), tagged("<dt>%s</dt><dd>%s</dd>", *zip(headers[1:], cells)))
        for title, *cells in rows)


def html_entries(_lang: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """One row after the other, below its first cell."""
    return '<dl class="entries">\n%s</dl>' % "".join("<div><dt>%s</dt>%s</div>\n" % (
        html_text(title), tagged("<dd><b>%s:</b> %s</dd>", *zip(headers[1:], cells)))
        for title, *cells in rows)


# Of a drawing, in its own units: its width, the height of what it plots and of a line of text, the width of a
# letter (of common fonts, rather more).
WIDE, HIGH, LINE, LETTER = 460, 150, 15, 6.8
HALO = 'class="mark"'                                    # of a text over lines
BAR_KEY = '<rect class="f%d" x="1" y="1" width="22" height="10"/>'
LOOKS = 6                                                # of lines in STYLE
MARKERS = ("m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z", "m-3-3h6v6h-6z", "m0-4l4 7h-8z",
           "m0-4.5l4.5 4.5-4.5 4.5-4.5-4.5z")            # each drawn around the point it follows
MOST_BARS, MOST_MARKERS = 15, 60                         # more would touch


def figure(title: str, height: float, parts: Iterable[str], keys: Iterable[tuple[str, str]]) -> str:
    """A drawing below its title, and what its keys, pieces of SVG, mean."""
    told = "".join('<li><svg viewBox="0 0 24 12" aria-hidden="true">%s</svg>%s</li>' % (key, html_text(text))
                   for key, text in keys)
    return ('<figure><figcaption>%s</figcaption>\n<svg role="img" aria-label="%s" viewBox="0 0 %d %d">\n%s\n'
            "</svg>%s</figure>" % (html_text(title), html_text(title, " "), WIDE, height, "\n".join(parts),
                                   '\n<ul class="key">%s</ul>' % told if told else ""))


def svg_text(x: float, y: float, text: str, anchor: str = "start", more: str = 'class="name"') -> str:
    return '<text x="%.4g" y="%.4g" text-anchor="%s" %s>%s</text>' % (
        x, y, anchor, more, html_text(text, " "))


def svg_line(number: int, points: Sequence[str], marker: str = "") -> str:
    """A line through points, broken where one is "", with a marker on each."""
    path = "".join(("L" if before else "M") + point for before, point in zip(["", *points], points) if point)
    dots = "".join("M" + point + marker for point in points if point and marker)
    return '<path class="l l%d" d="%s"/>' % (number % LOOKS, path) + (
        '<path class="m l%d" d="%s"/>' % (number % LOOKS, dots) if dots else "")


def line_key(number: int, marker: str = "") -> str:
    return svg_line(number, ["0 6", "24 6"]) + svg_line(number, ["12 6"], marker)


def ticks(top: float, whole: bool) -> list[float]:
    """Even round numbers from 0 to the first that is not below `top`: six at most."""
    power = 10.0 ** math.floor(math.log10(top / 5))
    step = next(power * each for each in (1, 2, 5, 10) if top <= 5.000001 * power * each)
    step = max(1, round(step)) if whole else step
    return [step * count for count in range(math.ceil(top / step - 1e-6) + 1)]


def axis(lang: str, top: float, whole: bool, name: str, above: float) -> tuple:
    """(the left edge of what is plotted, a function from a value to its y, the axis of values in SVG)."""
    values = ticks(top, whole)
    texts = [written(value, lang) for value in values]
    left = 8 + LETTER * max(map(len, texts))

    def y(value: float) -> float:
        return 24 + above + HIGH * (1 - value / values[-1])
    lines = "".join("M%.4g %.4gH%d" % (left, y(value), WIDE) for value in values)
    return left, y, ['<path class="axis" d="%s"/>' % lines, svg_text(0, 11, name),
                     *(svg_text(left - 5, y(value) + 4, text, "end") for value, text in zip(values, texts))]


def html_bar(_lang: str, title: str, total: float, unit_of_all: str, segments: Sequence[Sequence]) -> str:
    """One bar of parts; what does not fit is cut at its end."""
    parts, keys, left = [], [], 0.0
    for number, (_, label, value, told) in enumerate(segments):
        width = max(0.0, min(WIDE - left, WIDE * value / total))
        parts.append('<rect class="f%d" x="%.4g" y="0" width="%.4g" height="36"/>' % (number, left, width))
        if width > LETTER * (len(told) + 1):
            parts.append(svg_text(left + width / 2, 22, told, "middle", 'class="t%d"' % number))
        keys.append((BAR_KEY % number, "%s: %s %s" % (label, told, unit_of_all)))
        left += width
    return figure(title, 36, parts, keys)


def html_curve(lang: str, title: str, x_name: str, top: float, y_name: str, curves: Sequence[Sequence],
               marks: Sequence[Sequence], target: Sequence[Sequence]) -> str:
    """Curves over even steps up to `top`, with marks on that axis and a target on the other."""
    highest, above = max(height for _, heights in curves for height in heights), LINE * len([*marks, *target])
    near = [height for _, height in target if height <= 2 * highest]
    left, y, parts = axis(lang, max([highest, *near]), False, y_name, above)
    right = WIDE - LETTER * len(written(top, lang)) / 2

    def x(at: float) -> float:
        return left + (right - left) * at / top
    parts += [svg_text(x(at), y(0) + LINE, written(at, lang), "middle")
              for at in ticks(top, True) if at <= top]
    for number, (_, heights) in enumerate(curves):
        steps = len(heights) - 1
        parts.append(svg_line(number, ["%.4g %.4g" % (x(top * step / steps), y(height))
                                       for step, height in enumerate(heights)]))
    for text, height in target:
        parts += svg_target(text, y(height) if height in near else None, height > highest, left, right,
                            above + 20)
    parts += svg_marks([(x(at), "%s %s" % (letter, text)) for letter, at, text in marks], y(0))
    parts.append(svg_text(WIDE, y(0) + 2 * LINE, x_name, "end"))
    return figure(title, y(0) + 2 * LINE + 5, parts,
                  [(line_key(number), name) for number, (name, _) in enumerate(curves)])


def svg_target(text: str, y: float | None, above_curves: bool, left: float, right: float,
               y_above: float) -> list[str]:
    """A line across, its words on the side of it where no curve is; words alone for one too far above."""
    if y is None:
        return [svg_text(left + 5, y_above, "↑ " + text, "start", HALO)]
    return ['<path class="aim" d="M%.4g %.4gH%d"/>' % (left, y, WIDE),
            svg_text(left + 5, y - 4, text, "start", HALO) if above_curves
            else svg_text(right - 5, y + 13, text, "end", HALO)]


def svg_marks(marks: Sequence[tuple[float, str]], base: float) -> list[str]:
    """Lines down to `base`, each with its words in a row of their own, on the side that has the room."""
    lines = ['<path class="at" d="M%.4g %dV%.4g"/>' % (x, LINE * row + 16, base)
             for row, (x, _) in enumerate(marks)]
    return lines + [svg_text(x + 4 if x < WIDE / 2 else x - 4, LINE * row + 27, text,
                             "start" if x < WIDE / 2 else "end", HALO)
                    for row, (x, text) in enumerate(marks)]


def html_chart(lang: str, title: str, x_name: str, x_labels: Sequence[str], y_name: str,
               series: Sequence[Sequence]) -> str:
    """Bars where there are few, else lines; nothing where no value is known."""
    known = [value for _, values in series for value in values if value is not None]
    if not known:
        return ""
    whole = all(isinstance(value, int) for value in known)
    left, y, parts = axis(lang, max([0, *known]) or 1, whole, y_name, 0)
    slot = (WIDE - left) / len(x_labels)
    centres = [left + slot * (at + 0.5) for at in range(len(x_labels))]
    if len(series) <= 3 and len(series) * len(x_labels) <= MOST_BARS:
        parts += svg_bars(lang, centres, slot, y, series)
        keys = [(BAR_KEY % (len(series) - 1 - number), name) for number, (name, _) in enumerate(series)]
    else:
        parts += svg_lines(centres, y, series)
        keys = [(line_key(number, MARKERS[number % len(MARKERS)]), name)
                for number, (name, _) in enumerate(series)]
    labels, base = svg_labels(x_labels, centres, slot, y(0) + LINE)
    parts += [*labels, svg_text(WIDE, base, x_name, "end")]
    return figure(title, base + 5, parts, keys)


def svg_bars(lang: str, centres: Sequence[float], slot: float, y: Callable[[float], float],
             series: Sequence[Sequence]) -> list[str]:
    """Bars side by side around each centre, the last series the darkest, each below its value."""
    parts, width = [], 0.84 * slot / len(series)
    for number, (_, values) in enumerate(series):
        for centre, value in zip(centres, values):
            x, top = centre + width * (number - len(series) / 2), y(max(0, value or 0))
            told = "—" if value is None else written(value, lang)
            parts += ['<rect class="f%d" x="%.4g" y="%.4g" width="%.4g" height="%.4g"/>' % (
                len(series) - 1 - number, x, top, width, y(0) - top)] * (value is not None)
            parts.append(svg_text(x + width / 2, top - 4, told, "middle",
                                  'font-size="%.3g"' % min(12, 12 * width / LETTER / (len(told) + 1))))
    return parts


def svg_lines(centres: Sequence[float], y: Callable[[float], float],
              series: Sequence[Sequence]) -> list[str]:
    """A line through each series, broken where a value is not known; markers where there is room for them."""
    return [svg_line(number, ["" if value is None else "%.4g %.4g" % (x, y(value))
                              for x, value in zip(centres, values)],
                     MARKERS[number % len(MARKERS)] if len(centres) <= MOST_MARKERS else "")
            for number, (_, values) in enumerate(series)]


def svg_labels(texts: Sequence[str], centres: Sequence[float], slot: float,
               y: float) -> tuple[list[str], float]:
    """Folded texts below their centres, as many as there is room for; and where the next line is."""
    each = math.ceil((1 + min(9, max(map(len, texts)))) * LETTER / slot)
    folded = [label_lines(text, max(2, math.floor(each * slot / LETTER) - 1)) for text in texts[::each]]
    parts = [svg_text(x, y + LINE * row, line, "middle") for x, lines in zip(centres[::each], folded)
             for row, line in enumerate(lines)]
    return parts, y + LINE * max(map(len, folded))


def label_lines(text: str, letters: int) -> list[str]:
    """Four lines at most, folded at spaces and hyphens: textwrap does not on every Python."""
    lines = [""]
    for piece in re.findall("[^ -]{1,%d}[ -]?|[ -]" % (letters - 1), text):
        if len(lines[-1] + piece.rstrip(" ")) > letters:
            lines.append("")
        lines[-1] += piece
    return lines if len(lines) <= 4 else [*lines[:3], lines[3][:letters - 1] + "…"]


HTML: dict[str, Callable[..., str]] = {
    "title": lambda lang, text: "<h1>%s</h1>" % html_text(text),
    "section": lambda lang, text: '<h2 class="section">%s</h2>' % html_text(text),
    "heading": lambda lang, text: "<h3>%s</h3>" % html_text(text),
    "line": lambda lang, text: "<p>%s</p>" % html_text(text),
    "paragraph": lambda lang, text: "<p>%s</p>" % html_text(text),
    "table": lambda lang, headers, rows: html_groups(lang, headers, [("", rows)]),
    "groups": html_groups, "cards": html_cards, "entries": html_entries,
    "grid": lambda lang, pairs: '<dl class="grid">%s</dl>' % tagged(
        "<div><dt>%s</dt><dd>%s</dd></div>\n", *pairs),
    "pairs": lambda lang, pairs: '<dl class="pairs">\n%s</dl>' % tagged("<dt>%s</dt><dd>%s</dd>\n", *pairs),
    "bar": html_bar, "curve": html_curve, "chart": html_chart,
    "code": lambda lang, lines: "<pre><code>%s</code></pre>" % html_escape("\n".join(lines)),
}


# === Catalogs and model reader: the door for JSON; every error names file, entry and key ===

MAX_CATALOG_BYTES = 2**24  # /dev/zero never ends
MAX_JSON_COMMAS = 500_000  # twice those of the longest index; millions take gigabytes
MAX_ENTRIES = 10**4  # of one catalog
MAX_DIGITS = 300  # of a whole number: more are infinite, as 1e999 is


@contextmanager
def at(place: str, joint: str = ": "):
    """A SizingError from inside names `place` first; a file that cannot be read becomes one."""
    try:
        yield
    except OSError as error:
        raise SizingError("%s: cannot read: %s" % (place, error.strerror or error)) from None
    except SizingError as error:
        raise SizingError("%s%s%s" % (place, joint, error)) from None


def expect(holds: object, expected: str, value: object, place: str = "") -> None:
    """Raise SizingError unless it `holds` that the `value` at `place` is what was `expected`."""
    if not holds:
        raise SizingError("%sexpected %s, got %s" % (place and place + ": ", expected, short(value)))


def open_without_waiting(path: str, flags: int) -> int:
    """An `opener` for open(): a named pipe that nobody writes to is empty."""
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    os.set_blocking(descriptor, True)
    return descriptor


def without_duplicates(pairs: list[tuple]) -> dict:
    found = dict(pairs)
    if len(found) < len(pairs):
        times = Counter(key for key, _ in pairs)
        twice = next(key for key in times if times[key] > 1)
        where = " in entry %s" % short(found["name"]) if "name" in found else ""
        raise SizingError("duplicate key %s%s" % (short(twice), where))
    return found


def whole_number(digits: str) -> float:
    """int() would take minutes for a million digits."""
    return int(digits) if len(digits) <= MAX_DIGITS else float(digits)


def decode_json(data: bytes, encoding: str, what: str):
    """`data` as JSON; NaN and Infinity pass, so that their field can be named later."""
    if data.count(b",") > MAX_JSON_COMMAS:
        raise SizingError("expected at most %d commas, got more" % MAX_JSON_COMMAS)
    try:
        return json.loads(data.decode(encoding), object_pairs_hook=without_duplicates, parse_int=whole_number)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise SizingError("expected %s: %s" % (what, error)) from None


def file_bytes(path: str, max_bytes: int = MAX_CATALOG_BYTES) -> bytes:
    expect(isinstance(path, (str, bytes, os.PathLike)), "a path", path)  # open() closes the file of a number
    with at(path):
        try:
            with open(path, "rb", opener=open_without_waiting) as file:
                data = file.read(max_bytes + 1)
        except ValueError as error:  # a zero byte in the path
            raise SizingError("cannot read: %s" % error) from None
        if len(data) > max_bytes:
            raise SizingError("expected a file of at most %d bytes" % max_bytes)
        return data


def read_json(path: str, max_bytes: int = MAX_CATALOG_BYTES):
    data = file_bytes(path, max_bytes)
    with at(path):
        return decode_json(data, "utf-8-sig", "JSON in UTF-8")


def parse(cls: type, entry, where: str):
    expect(isinstance(entry, dict), "an object", entry, where)
    known = {name: nullable for name, _, nullable in record_fields(cls)}
    with at(where, "."):
        for key in entry:
            if key not in known:
                raise SizingError("%s: unknown key%s" % (short(key)[1:-1], nearest(key, known)))
        for name, nullable in known.items():
            if name not in entry and not nullable:
                raise SizingError("%s: missing" % name)
        expect(entry["source"], "where the numbers come from", entry["source"], "source")
        record = cls(**{name: entry.get(name) for name in known})
        if isinstance(record, Model):
            check_stated_weights(record)
    return record


def load_catalog(path: str, key: str, cls: type) -> dict:
    """`{name: record}` of the file at `path`, which holds `{key: [entry, ...]}`; raises SizingError."""
    return catalog_records(read_json(path), path, key, cls)


def catalog_records(data: object, path: str, key: str, cls: type) -> dict:
    entries = data.get(key) if isinstance(data, dict) else None
    if not isinstance(entries, list) or not entries or not isinstance(data, dict) or set(data) != {key}:
        rest = ', {"families": [one row or more]} or both' if key == "models" else " and nothing else"
        raise SizingError('%s: expected {"%s": [one entry or more]}%s' % (path, key, rest))
    if len(entries) > MAX_ENTRIES:
        raise SizingError("%s: %s: expected at most %d entries" % (path, key, MAX_ENTRIES))
    records: dict = {}
    taken: dict[str, str] = {}
    for index, entry in enumerate(entries):
        where = "%s: %s[%d]" % (path, key, index)
        name = entry.get("name") if isinstance(entry, dict) else None
        record = parse(cls, entry, "%s (%s)" % (where, short(name)) if name else where)
        if record.name in records:
            raise SizingError("%s.name: duplicate name %s" % (where, short(record.name)))
        claim_names(record, taken, where)
        records[record.name] = record
    return records


def claim_names(record, taken: dict[str, str], where: str) -> None:
    """Put name and aliases of `record` in {name in lower case: entry}; raises SizingError where one is."""
    for key, words in (("name", [record.name]), ("aliases", record.aliases or ())):
        for word in words:
            owner = taken.setdefault(word.lower(), record.name)
            if owner != record.name:
                raise SizingError("%s (%s).%s: %s is a name of entry %s already"
                                  % (where, short(record.name), key, short(word), short(owner)))


class Models(dict):
    """Models by name, and `families`, the rows that the user's own file holds beside them or alone."""
    families: Sequence[dict] = ()


def load_models(path: str) -> Models:
    """Models of a models.json, by name; raises SizingError."""
    data = models_alone(path) if is_shipped(path) else read_json(path)
    families = own_rows(data.pop("families"), path) if isinstance(data, dict) and "families" in data else ()
    alone = families and not data
    models = Models({} if alone else catalog_records(data, path, "models", Model))
    models.families = families
    return models


def is_shipped(path: str) -> bool:
    with suppress(OSError, ValueError, TypeError):
        return os.path.samefile(path, shipped_path("models"))
    return False


def models_alone(path: str):
    """The shipped models without the families behind them, which only a model's path needs; all that the file
    holds where they stand elsewhere or something is wrong."""
    data = file_bytes(path)
    behind = re.search(rb'\],\s*"families": \[', data)
    if behind and re.search(rb"\]\s*\}\s*\Z", data):
        with suppress(SizingError):
            return decode_json(data[:behind.start()] + b"]}", "utf-8-sig", "")
    with at(path):
        found = decode_json(data, "utf-8-sig", "JSON in UTF-8")
    return {key: found[key] for key in found if key != "families"} if isinstance(found, dict) else found


def load_servers(path: str) -> dict[str, Server]:
    """Servers of a servers.json, by name; raises SizingError."""
    return load_catalog(path, "servers", Server)


def load_storage_profiles(path: str) -> dict[str, StorageProfile]:
    """Storage profiles of a storage.json, by name; raises SizingError."""
    return load_catalog(path, "profiles", StorageProfile)


def load_families(path: str | None = None) -> list:
    """How config.json files are read: the rows of "families" in a models.json, by default the shipped one.

    A row is checked when it is needed: a bad one harms no other. Raises SizingError.
    """
    path = path or shipped_path("models")
    data = read_json(path)
    rows = data.get("families") if isinstance(data, dict) else None
    return named_rows(rows, path) if is_shipped(path) else own_rows(rows, path)


def named_rows(rows: object, path: str) -> list:
    if not isinstance(rows, list) or not are_named(rows):
        raise SizingError('%s: expected "families": [objects with a name], to read a config.json' % path)
    return rows


def own_rows(rows: object, path: str) -> list:
    """The rows of a user's file, which they name; raises SizingError where one is wrong by itself."""
    own = [{**row, FILE: path} for row in named_rows(rows, path)]
    times = Counter(row["name"] for row in own)
    for row in own:
        check_row(row, times[row["name"]])
    return own


def with_shipped(own: Sequence[dict]) -> list:
    """The rows `own`, which count first, and the shipped ones that they do not replace by name."""
    names = {row["name"] for row in own}
    return [*own, *(row for row in load_families() if row["name"] not in names)]


def are_named(rows) -> bool:
    return isinstance(rows, list) and len(rows) <= MAX_ENTRIES and all(
        isinstance(row, dict) and isinstance(row.get("name"), str) for row in rows)


# --- families: everything specific to a kind of config.json is a row of "families" in models.json

# A row says what no config file says. A formula is a sum of products of numbers and names
# (`2*hidden_size*head_dim + -1*x/y`; `!x` is 1 when x is 0): config keys, or those of `derived`.
# A key's path may number the item of a list (`sizes.0`); `sum_of.KEY` and `length_of.KEY` are of a list, and
# `sum_of.LIST.KEY` of what its objects say under KEY, 0 where there is none.
#   like: the row it completes ("any" when absent): dictionaries and keys are merged, the rest replaced
#   model_types: the text models it covers; wrappers: those that nest one under one of NESTED
#   architectures: the same models where the config has no model_type
#   names: {key: [older keys]}
#   defaults: {key: the model class's own number, formula, true/false or null, where the file is silent}
#   derived: {name: formula}; `full.head_dim` replaces `head_dim` in layers of that kind
#   layers, index, mlp: rules (LAYER_RULES), of which the first that applies gives each layer a word, and
#     which other LISTED ones of the file must confirm; layers_words and so on: its meaning,
#     for layers a kind, or a list of the kind and of others that the same layer keeps beside it.
#     `layers_of.WORD`, `index_of.WORD` and `mlp_of.WORD` are the layers of a word, for formulas
#   blocks: the key of a list with an object for each layer; of_blocks: {name: formula} on each of them, whose
#     dotted names are its keys (0 where it has none, `x_millionths` for a number with decimals): elsewhere a
#     name is the sum over all layers; `kv_heads` are those of each layer with keys
#   nested_defaults: defaults too, but only where another config nests this one (which saves what differs)
#   nested: {model_type: row} that a wrapper reads its language model by, in place of that type's own row
#   params: {part: formula}, parameters of one module; PART_COUNTS says how many there are
#   modules: {word: [parts]}, what a name in a quantization_config stands for where it is not as usual
#   whole: {part: formula}, of those parameters the ones that tensor parallelism does not divide
#   kept: {format: parts that its commonest public checkpoint leaves in 16 bits beside UNQUANTISED}
#   equal: pairs of formulas that must agree
#   uniform: keys whose value may be a list of one number repeated
#   context: the key of the longest context
#   tower: the key of a vision or audio tower (`""`: what lies beside one), whose parameters `params` gives as
#     `layer`, for each of its `used_layers` or num_hidden_layers, and `model`; tower_of: the model_types of
#     the config around it, tower_types: its own. Its formulas also know `text.KEY` and `wrapper.KEY`
#   mtp: parameters of multi-token prediction; `last_layer` is one more attention layer with its MLP
#   host: parameters of lookup tables that lie in host memory
#   keys: others that change no number here; wrapper_keys: the same around the language model
# `tower` is not among these, but a row is found by the one it states itself.
NOT_INHERITED = ("model_types", "wrappers", "nested", "nested_defaults", "architectures", "tower_of",
                 "tower_types", "source")
FILE = "(file)"  # of a row of the user's: where it was read from
MAX_LIKE = 10  # rows completed one by another; the shipped ones need 5
MAX_FORMULA = 1000  # characters; the longest shipped one has 403
OPERAND = r" *!{0,2}(?:-?[0-9]{1,15}|[A-Za-z_][A-Za-z0-9_.]*) *"
FORMULA = "%s(?:(?:[*+]|//?)%s)*" % (OPERAND, OPERAND)
MAX_PRODUCT = 10**100  # no count comes near, and none grows for minutes
# How many modules of a part the model has; those of `_1d` parts (norms, biases) are never quantised.
PART_COUNTS = {"embedding": "one", "head": "one", "model": "one", "layer": "num_hidden_layers",
               "mlp": "dense_layers", "shared": "moe_layers", "router": "moe_layers", "expert": "experts",
               "state": "state_layers", "indexer": "index_layers", "none": "none_layers", "reused": "one",
               "lookup": "one"}
PARTS = (*PART_COUNTS, "attention")


def check_formula(value: object) -> None:
    formula = str(value) if type(value) is int else value
    expect(isinstance(formula, str) and len(formula) <= MAX_FORMULA and re.fullmatch(FORMULA, formula),
           "a formula such as 2*hidden_size + -1*x/y", formula)


def check_default(value: object) -> None:
    if isinstance(value, str):
        check_formula(value)
    elif value is not None and type(value) is not bool:
        check_number(value, COUNT._replace(low=0))


def role(*words: str) -> Callable:
    """A check for one of `words`, or null: a word of the row it completes that is none of this one."""
    return lambda value: value is None or check_choice(value, words)


def check_kinds(value: object) -> None:
    """Of a word of `layers`: its kind, null, or the kind and those beside it."""
    kinds = value if isinstance(value, list) and value else [value]
    for kind in kinds if value is not None else ():
        check_choice(kind, [kind for kind in GROUP_FIELDS if kind != "index"])


def check_rule(rule) -> None:
    expect(isinstance(rule, list) and rule, "a rule and its words", rule)
    check_choice(rule[0], LAYER_RULES)
    _, shapes, optional = LAYER_RULES[rule[0]]
    least, given = len(shapes) - optional, len(rule) - 1
    words = "%d to %d words" % (least, len(shapes)) if optional else "%d words" % least
    expect(least <= given <= len(shapes), "%s after %r" % (words, rule[0]), given)
    for index, (value, check) in enumerate(zip(rule[1:], shapes), 1):
        with at("word %d" % index):
            check(value)


# What each word of a row holds: a check, [of each item], [twice: of a pair] or {of each key: of each value}.
STRINGS, RULES = [check_string], [check_rule]
ROW_SHAPES: dict[str, object] = {
    **dict.fromkeys(("name", "like", "source", "context", "blocks"), check_string),
    "nested": {check_string: check_string}, "of_blocks": {check_string: check_formula},
    "tower": lambda value: value == "" or check_string(value),
    **dict.fromkeys(("model_types", "wrappers", "architectures", "tower_of", "tower_types", "keys",
                     "wrapper_keys", "uniform"), STRINGS),
    "nested_defaults": {check_string: check_default},
    "names": {check_string: STRINGS}, **dict.fromkeys(("layers", "index", "mlp"), RULES),
    "defaults": {check_string: check_default}, "derived": {check_string: check_formula},
    **dict.fromkeys(("mtp", "host"), check_formula),
    "params": {role(*PARTS, *(part + "_1d" for part in PARTS)): check_formula},
    "whole": {role(*PARTS, "model_1d"): check_formula}, "modules": {check_string: [role(*PARTS)]},
    "kept": {partial(check_choice, known=WEIGHT_PRECISIONS): [role(*PARTS)]},
    "equal": [[check_formula] * 2],
    "layers_words": {check_string: check_kinds},
    "index_words": {check_string: role("index", *OWN_FORMATS, "none")},
    "mlp_words": {check_string: role("moe", "dense", "both", "none")}}
OPTIONAL = ("like", "tower", "mtp", "host", "equal", "blocks", "of_blocks", "modules", "whole", "kept")
COMPLETE = tuple(word for word in ROW_SHAPES if word not in (*NOT_INHERITED, *OPTIONAL))


def check_shape(value, shape, where: str) -> None:
    """Raise SizingError naming `where` in `value` something is not as `shape` says."""
    if callable(shape):
        with at(where):
            shape(value)
    elif isinstance(shape, dict):
        expect(isinstance(value, dict), "an object", value, where)
        ((of_key, of_value),) = shape.items()
        for key, item in value.items():
            check_shape(key, of_key, where)
            check_shape(item, of_value, "%s.%s" % (where, key))
    else:
        expect(isinstance(value, list) and len(shape) in (1, len(value)),
               "a list" if len(shape) == 1 else "a list of %d" % len(shape), value, where)
        for index, item in enumerate(value):
            check_shape(item, shape[0], "%s[%d]" % (where, index))


def file_of(row: dict) -> str:
    return row.get(FILE, "models.json")


def row_place(row: dict, word: str) -> str:
    return "family %r in %s: %s" % (row["name"], file_of(row), word)


def check_row(row: dict, times: int = 1) -> None:
    """Raise SizingError where a row, found so many times by its name, is wrong by itself."""
    with at("family %s in %s" % (short(row["name"]), file_of(row))):
        expect(times == 1, "one row of this name", times)
        for word, value in row.items():
            if word != FILE:
                check_choice(word, ROW_SHAPES)
                check_shape(value, ROW_SHAPES[word], word)


def checked_row(families: list, name: str) -> dict:
    found = [row for row in families if row["name"] == name]
    row = (found or [{"name": name}])[0]
    check_row(row, len(found))
    return row


def inherited_row(families: list, name: str, before: Sequence[str] = ()) -> dict:
    """The row `name` completed by those it is like; `before` are the rows that it completes."""
    row, chain, base = checked_row(families, name), [*before, name], {}
    if name != "any" or "like" in row:
        like = row.get("like", "any")
        with at(row_place(row, "like")):
            check_choice(like, [other["name"] for other in families])
            if like in chain or len(chain) == MAX_LIKE:
                raise SizingError("expected at most %d rows up to 'any', got %s behind %s" % (
                    MAX_LIKE, short(like), short(chain)))
        base = inherited_row(families, like, chain)
    merged = {word: value for word, value in base.items() if word not in NOT_INHERITED}
    for word, value in row.items():
        merged[word] = {**base.get(word, {}), **value} if isinstance(value, dict) else value
    return {**merged, **{word: base.get(word, []) + row.get(word, []) for word in ("keys", "wrapper_keys")}}


def family_row(families: list, name: str) -> dict:
    """The complete row `name`; raises SizingError naming the row and word at fault."""
    row = inherited_row(families, name)
    missing = [word for word in COMPLETE if word not in row]
    missing += [word for word in ("layers", "mlp") if not row.get(word) and word not in missing]
    if missing or "embedding" not in row["params"]:
        raise SizingError("%s: missing" % row_place(row, ", ".join(missing or ["params.embedding"])))
    return row


def find_family(config: dict, families: list, field: str):
    model_type = config.get("model_type")
    rows = (row for row in families if model_type in words_of(row, field))
    return next(rows, None) if isinstance(model_type, str) else None


def words_of(row: dict, field: str) -> list:
    """The list under `field` of a row not checked yet; anything else covers nothing."""
    words: object = row.get(field)
    return words if isinstance(words, list) else []


# --- which family: the language model inside a config.json

NESTED = ("text_config", "llm_config", "language_config", "thinker_config")
INHERITED = ("tie_word_embeddings", "torch_dtype", "dtype", "quantization_config", "quantization",
             "vocab_size")
MAX_NESTING = 3  # Qwen omni: config > thinker_config > text_config


# What generates no text by itself: (key of its config, pattern of one of its words, what to say). The first
# that matches counts; a row that covers a model_type takes it out of this list.
DRAFTER = "is a drafter's: give the config.json of the model it drafts for, and --draft-tokens"
ENCODER = "generates no text and keeps no KV cache: give the config.json of a model that generates"
TWO_STACKS = "is an encoder with a decoder, or hears speech: only models of a decoder alone are sized"
ADAPTER = "is an adapter's (LoRA), not a model's: give the config.json of its base model"
DIFFUSION = "is a diffusion pipeline's: it generates no text and keeps no KV cache"
LOOPED = "computes a token in several passes over its layers, which no speed here covers"
NOT_SIZED = (
    ("peft_type", ".*", ADAPTER), ("_diffusers_version", ".*", DIFFUSION),
    *((key, ".*", DRAFTER) for key in ("speculators_config", "draft_vocab_size", "eagle_config",
                                       "dflash_config", "medusa_num_heads", "medusa_num_layers")),
    ("architectures", "Eagle3?[A-Z][a-z].*|EAGLE.*|.*Eagle3?(For[A-Z]|Model).*|.*(Eagle3?|MTP|MTPModel)|"
     ".*(Medusa|MLPSpeculator|DFlash|DSpark|Draft(Model|er)|Speculator).*", DRAFTER),
    ("model_type", "eagle3?|medusa|mlp_speculator|dflash|dspark|.*_(mtp|draft|eagle3?)", DRAFTER),
    ("model_type", "(m|um|long|switch_)?t5|m?bart|pegasus(_x)?|marian|m2m_100|nllb.*|led|blenderbot.*|"
     "whisper|cohere_asr|canary|prophetnet|florence2?|seamless_m4t.*|speech_to_text|moonshine|"
     "(.*-)?encoder-decoder",
     TWO_STACKS),
    ("model_type", "ouro|hrm_text|iquestloopcoder|diffusion_.*|.*_diffusion|llada.*|dream", LOOPED),
    ("model_type", ".*bert([_-].*)?|.*roberta.*|.*deberta.*|electra|mpnet|ernie(_m)?|new|gte|funnel|"
     "longformer|roformer|big_bird|layoutlm.*|luke|(chinese_|alt)?clip(_.*|seg)?|siglip2?(_.*)?|vit(_.*)?|deit|beit|"
     "dinov.*|swin(v2)?|convnext(v2)?|intern_?vit.*|sam2?|owl.*|detr|wav2vec2.*|w2v.*|hubert|wavlm|clap|parakeet_.*|"
     "data2vec-.*|.*bidirec.*|nvembed", ENCODER),
    ("architectures", ".*(EncoderModel|ForMaskedLM|VisionModel|TextModelWithProjection|ForCTC|"
     "BidirectionalModel|For(Image|Audio|Video)Classification|For(Object|Keypoint)Detection|"
     "For(Semantic|Universal|Instance|Image)Segmentation|ForDepthEstimation)", ENCODER))
# Classes over the layers of a model that generates: (their names, task, parameters in place of the LM head).
HEADLESS = (
    (r"\w+For(Sequence|Token)Classification|\w+For(Process)?RewardModel", "score", "num_labels*hidden_size"),
    ("(Llama|Mistral|Ministral3|Qwen2|Qwen2Moe|Qwen3|Qwen3Moe|Gemma|Gemma2|Gemma3|Gemma3Text|Phi3|Olmo2)Model",
     "embed", "0"))
TASK_NAMES = (("score", "(?i)rerank|reward"), ("embed", "(?i)embedding"))  # in the name of a model
SCORES = 2  # num_labels of a transformers config that lists none


def words_under(config: dict, key: str) -> list:
    value = config.get(key)
    return [word for word in (value if isinstance(value, list) else [value]) if word not in (None, False)]


def refuse_not_sized(config: dict, families: list, place: str) -> None:
    """Raise SizingError saying what to give instead of a config that generates no text by itself."""
    covered = find_family(config, families, "model_types") or find_family(config, families, "wrappers")
    for key, pattern, told in NOT_SIZED:
        found = [word for word in words_under(config, key) if re.fullmatch("(?s)" + pattern, str(word)[:99])]
        if found and not (covered and key == "model_type"):
            base = config.get("base_model_name_or_path") if told is ADAPTER else None
            raise SizingError("%s%s: %s %s%s" % (
                place, key, short(found[0]), told, ", %s" % short(base) if isinstance(base, str) else ""))


def task_of(config: dict, name: str) -> tuple[str, str, str | None]:
    """(task, what says so, formula of the head) of a model that scores or embeds; else ("", "", None)."""
    for pattern, task, head in HEADLESS:
        for word in words_under(config, "architectures")[:1]:
            if isinstance(word, str) and re.fullmatch(pattern, word):
                return task, word, head
    named = (task for task, pattern in TASK_NAMES if re.search(pattern, name))
    return next(((task, "the name " + name, None) for task in named), ("", "", None))


def label_count(config: dict) -> int:
    labels = config.get("id2label")
    found = config.get("num_labels", len(labels) if isinstance(labels, dict) else SCORES)
    with at("num_labels"):
        return check_number(found, COUNT._replace(high=10**6))


TOLD_TASK = {"score": "scores, it does not generate text", "embed": "embeds, it does not generate text"}


def with_task(facts: Facts, outer: dict, name: str) -> str | None:
    """The task of a model that does not generate, its head put in place of the LM head; None of others."""
    task, by, head = task_of(outer, name)
    if not task:
        return None
    facts.derived.append("the model %s (%s)" % (TOLD_TASK[task], by))
    if head:
        facts["num_labels"] = label_count(outer)
        facts.derived.append("parameters of the head = %s, in place of the LM head's" % head)
        params = {part: formula for part, formula in facts.row["params"].items() if part != "head_1d"}
        facts.row = {**facts.row, "params": {**params, "head": head}}
    return task


def text_config(config, families: list):
    """(the language model's config, its row, [(place, config around it)], its place)."""
    wrappers: list[tuple[str, dict]] = []
    place, fallback = "", None
    for _ in range(MAX_NESTING):
        expect(isinstance(config, dict), "a JSON object", config, place or "config")
        refuse_not_sized(config, families, place)
        nested = [key for key in NESTED if config.get(key) is not None]
        if not nested:
            row = language_family(config, fallback, place, families)
            if wrappers and not row.get("strict"):  # transformers saves of it what differs from its class
                row["defaults"] = {**row["defaults"], **row.get("nested_defaults", {})}
            return config, row, wrappers, place
        row = find_family(config, families, "wrappers")
        if row is None and not (wrappers and "model_type" not in config):
            raise unknown_model_type(config, place, families, "wrappers")
        if len(nested) > 1:
            raise SizingError("%s%s: expected one nested language model, got %s too" % (
                place, nested[1], nested[0]))
        fallback = row or fallback
        wrappers.append((place, config))
        place += nested[0] + "."
        inherited = {name: config[name] for name in INHERITED if name in config}
        inner = config[nested[0]]
        config = {**inherited, **inner, **tie_around(config, inner)} if isinstance(inner, dict) else inner
    raise SizingError("%s: expected at most %d nested configs" % (place[:-1], MAX_NESTING - 1))


TIE = "tie_word_embeddings"
# Classes around a language model (transformers 5.24) that take a true one from the config inside; those that
# say false where the file is silent; and those whose model in vLLM 0.32 asks the config inside alone: of the
# others, VllmConfig.with_hf_config copies it inwards.
TIED_FROM_INSIDE = ("fast_vlm", "glm4v", "glm46v", "glm4v_moe", "glm_ocr", "hunyuan_vl", "llava",
                    "llava_next_video", "llava_onevision", "minimax_m3_vl", "paddleocr_vl", "qwen2_vl",
                    "qwen2_5_vl", "video_llama_3")
UNTIED_UNLESS_SAID = ("aria", "cohere_compass", "exaone4_5", "idefics3", "llama4", "llava_next",
                      "qwen3_omni_moe_thinker", "qwen3_vl", "qwen3_vl_moe", "smolvlm")
TIED_INSIDE = ("dots3_note", "glm5_next", "minicpmv4_6", "molmo2", "qwen2_5_omni_thinker", "qwen3_5",
               "qwen3_5_moe", "qwen4_exp")


def tie_around(wrapper: dict, inner: dict) -> dict:
    """{TIE: false} where the config around says that the head is not the embedding and so decides, else {}.

    A true one around a false one does not decide: vLLM loads the head that the checkpoint has.
    """
    around, inside, kind = wrapper.get(TIE), inner.get(TIE), wrapper.get("model_type")
    if around is None and kind in UNTIED_UNLESS_SAID:
        around = False
    decides = kind not in (TIED_INSIDE if inside is not True else TIED_INSIDE + TIED_FROM_INSIDE)
    return {TIE: False} if decides and around is False and inside in (True, None) else {}


def language_family(config: dict, fallback: dict | None, place: str, families: list) -> dict:
    """The complete row of a language model's config; `fallback` is the row of what it is nested in."""
    names, nested = config.get("architectures"), (fallback or {}).get("nested")
    if "model_type" in config:
        row = find_family(config, families, "model_types")
        if isinstance(nested, dict) and isinstance(config["model_type"], str):
            name = nested.get(config["model_type"])
            row = {"name": name} if name else row
        if row is None and fallback and config["model_type"] in fallback.get("wrappers", ()):
            row = fallback if fallback.get("model_types") else None  # named as what it is nested in
        if row is None:
            raise unknown_model_type(config, place, families, "model_types")
    elif fallback and fallback.get("model_types"):
        row = fallback
    elif not isinstance(names, list) or not names:  # the plain family: no unknown key passes
        return {**family_row(families, "llama"), "name": "llama (assumed: no model_type)", "strict": True}
    else:
        row = next((row for row in families if names[0] in words_of(row, "architectures")), None)
        if row is None:
            raise SizingError("model_type: missing, and architectures names %s, which no family in "
                              "models.json covers" % short(names[0]))
    return family_row(families, row["name"])


def unknown_model_type(config: dict, place: str, families: list, field: str) -> SizingError:
    model_type, nests = config.get("model_type"), field == "wrappers"
    other = find_family(config, families, "model_types" if nests else "wrappers")
    for row in [other] if other else families:
        if row.get(field, []) != words_of(row, field):  # it may be the one that was meant
            checked_row(families, row["name"])
    if other:
        nested = next((key for key in NESTED if key in config), NESTED[0])
        problem = ("model_type %r is not known to nest another config" if nests
                   else "missing; model_type %r nests its language model there")
        return SizingError("%s%s: %s" % (place, nested, problem % model_type))
    named = {word for row in families for word in words_of(row, field) if isinstance(word, str)}
    files = dict.fromkeys(["models.json", *map(file_of, families)])
    said = "%smodel_type: no row under families in %s covers %s, and none is guessed%s; %s" % (
        place, " or ".join(files), short(model_type), look_alikes(short(model_type)[1:-1], named), A_ROW)
    return SizingError(with_keys(said, *row_needs(config, families, nests)))


NAMES_ALIKE = 3  # shown at most
MAX_LINE = 600  # characters of a message that lists keys
MAX_REFUSED = 50  # keys that one refusal names; no config seen has more without a rule
A_ROW = 'a row of "families" in a --models-file of your own says how (README, "Uma família nova"): '


def look_alikes(wrong: str, names: Iterable[str]) -> str:
    from difflib import get_close_matches               # only a wrong word pays for it
    alike = get_close_matches(wrong[:100], sorted(filter(str.isprintable, names)), NAMES_ALIKE)
    return "; names like it: " + ", ".join(alike) if alike else ""


def row_needs(config: dict, families: list, nests: bool) -> tuple[str, list[str]]:
    """What a row for a config of an unknown model_type needs, and which of its keys llama's does not know."""
    text = next((config[key] for key in NESTED if isinstance(config.get(key), dict)), {}) if nests else config
    listed = '"%s" with this name' % ("wrappers" if nests else "model_types")
    if nests and find_family(text, families, "model_types"):
        return listed, []
    keys = keys_to_know(text, families)
    like = '"like" the row that it resembles, and what differs'
    return listed + (", one for what it nests, " if nests else ", ") + (
        like if keys else '"like": "llama", which knows every key here'), keys


def with_keys(text: str, needs: str, keys: list[str]) -> str:
    """The line, with as many of `keys` as fit."""
    line = text + needs + "; keys here that may matter: "
    shown = [key for index, key in enumerate(keys) if len(line + ", ".join(keys[:index + 1])) < MAX_LINE - 5]
    return line + ", ".join(shown + ["..."] * (len(shown) < len(keys))) if shown else text + needs


def keys_to_know(config: dict, families: list) -> list[str]:
    """Keys with a suspect name that the plain family does not read, those of caches first."""
    known: set = set()
    with suppress(SizingError):
        known = known_keys(family_row(families, "llama"))
    keys = [key.name for key in unread_keys(config, known, "", "") if is_suspect(key.name)]
    return sorted(filter(str.isprintable, keys), key=lambda key: not re.search(CACHE_WORDS, key.lower()))


# --- values: what a config says of a name, or what follows from the family's row

KEY_MAXIMA = {key: most for most, keys in (
    (10**4, "num_hidden_layers num_attention_heads num_key_value_heads"), (10**5, "head_dim"),
    (10**9, "vocab_size max_position_embeddings sliding_window attention_chunk_size "
            "ngram_vocab_size_base"))
              for key in keys.split()}
DTYPES = {"float32": 4, "float": 4, "bfloat16": 2, "float16": 2, "half": 2}  # bytes
WINDOWS = {"sliding": "sliding_window", "chunked": "attention_chunk_size"}  # null: such a layer is full
OF_FEATURES = ("n_shared_experts", "first_k_dense_replace", "hidden_size_per_layer_input")  # off at 0 or null
OFF_AT_NULL = (*WINDOWS.values(), *OF_FEATURES)
MAY_BE_ZERO = (*OF_FEATURES, "num_kv_shared_layers", "max_window_layers")
SAID_AT_ZERO = (*OF_FEATURES, "num_shared_experts", TIE)  # defaults that change the weights by over 1 %
MAX_DERIVED = 50  # names that follow one from another; the shipped rows need 7
LIST_FACTS: dict[str, Callable] = {"sum_of": sum, "length_of": len}  # of a list under a key, for formulas


def evaluate(formula: str | int, values) -> int:
    """The formula with its names looked up in `values`; `/` must leave no remainder, `//` may."""
    total = 0
    for term in str(formula).split("+"):
        product = 1
        for factor in term.replace(" ", "").split("*"):
            for slashes, name in re.findall("(/*)([^/]+)", factor):
                value = operand_value(name, values)
                if not slashes:
                    product *= value
                elif not value or (slashes == "/" and product % value):
                    raise SizingError("%s: expected a divisor of %d, got %d" % (name, product, value))
                else:
                    product //= value
            if not product:
                break  # what is switched off need not be in the config
            if abs(product) > MAX_PRODUCT:
                raise SizingError("%s: expected at most 100 digits, got more" % formula)
        total += product
    return total


def operand_value(operand: str, values) -> int:
    if operand[0] == "!":
        return int(not operand_value(operand[1:], values))
    return int(operand) if operand.lstrip("-").isdigit() else int(values[operand] or 0)


def unknown_value(value: object, known: Iterable[str]) -> str:
    return "unknown value %s%s" % (short(value), nearest(short(value), known))


def operands(*formulas: object) -> set:
    """The names and numbers in those of `formulas` that are text."""
    return {word.strip(" !") for formula in formulas if isinstance(formula, str)
            for word in re.split("[+*/]+", formula)}


class Facts(dict):
    """Values of one config by their newest key, found on first use; `read` and `derived` say how."""

    def __init__(self, config: dict, row: dict):
        super().__init__()
        self.config, self.row = config, row
        self.read: list[str] = []
        self.derived: list[str] = []
        self.pending: list[str] = []  # what is being worked out
        self.defaulted = False  # whether a number of the model class stands in
        self.missing: list[str] = []  # what the config should say: 1 stands in for it until all are known
        self.of_blocks: dict[str, list] | None = None
        self.roles: dict[str, list] = {}  # what each layer is, by the table that says it
        self.weights_given = False  # the format of the weights is given beside the file

    def find(self, name: str):
        """(key, value) of `name` under any of its keys; (None, None) where the config does not say."""
        found = []
        for key in [name, *self.row["names"].get(name, ())]:
            value: object = self.config
            for step in key.split("."):
                if step == "*":  # what all entries of an object agree on
                    entries = list(value.values()) if isinstance(value, dict) else []
                    value = entries[0] if entries and all(one == entries[0] for one in entries) else None
                elif isinstance(value, list):
                    value = value[int(step)] if step.isdecimal() and int(step) < len(value) else None
                else:
                    value = value.get(step) if isinstance(value, dict) else None
            if value is not None:
                found.append((key, value))
        for key, value in found[1:]:
            expect(value == found[0][1], "%s, as in %s" % (short(found[0][1]), found[0][0]), value, key)
        return found[0] if found else (None, None)

    def __missing__(self, name: str):
        expect(name not in self.pending and len(self.pending) < MAX_DERIVED, "a formula of other names",
               " > ".join([*self.pending, name]), row_place(self.row, name))
        self.pending.append(name)
        formula, (about, _, key) = self.row["derived"].get(name), name.partition(".")
        if about in LIST_FACTS:
            self[name] = LIST_FACTS[about](self.listed(key, about))
        else:
            self[name] = self.value_of(name) if formula is None else evaluate(formula, self)
        self.pending.pop()
        return self[name]

    def blocks(self, layers: int) -> dict[str, list]:
        """{name: what its formula gives for each layer} of the row's of_blocks; the names become the sums."""
        if self.of_blocks is None:
            key = self.row["blocks"]
            listed = self.config.get(key)
            if not isinstance(listed, list) or len(listed) != layers:
                raise SizingError("%s: expected %d objects, one for each layer, got %s" % (
                    key, layers, len(listed) if isinstance(listed, list) else short(listed)))
            views = []
            for index, block in enumerate(listed):
                place = "%s[%d]" % (key, index)
                expect(isinstance(block, dict), "an object", block, place)
                with at(place, "."):
                    views.append(Block(block, self))
                    for name, formula in self.row["of_blocks"].items():
                        views[-1][name] = evaluate(formula, views[-1])
            self.of_blocks = {name: [view[name] for view in views] for name in self.row["of_blocks"]}
            self.update({name: sum(numbers) for name, numbers in self.of_blocks.items()})
        return self.of_blocks

    def listed(self, name: str, about: str):
        """The list under `name`; of LIST.KEY, what its objects say under KEY. Empty where there is none."""
        key, value = self.find(name)
        if key is None and "." in name:
            name, inner = name.rsplit(".", 1)
            key, value = self.find(name)
            value = [item[inner] for item in value if isinstance(item, dict)
                     and item.get(inner) is not None] if isinstance(value, list) else value
        if key is None:
            return ()
        with at(key):
            expect(isinstance(value, list) or (about == "length_of" and isinstance(value, str)),
                   "a list", value)
            expect(len(value) <= KEY_MAXIMA["num_hidden_layers"], "at most 10000 entries", len(value))
            for number in value if about == "sum_of" else ():
                check_number(number, COUNT._replace(low=0))
        return value

    def value_of(self, name: str):
        key, value = self.find(name)
        if key is None:
            return self.default_of(name)
        if name in self.row["uniform"] and isinstance(value, list) and value:
            value = value[0] if all(one == value[0] for one in value) else value
        default = self.row["defaults"].get(name)
        with at(key):
            if isinstance(default, bool):
                expect(isinstance(value, bool), "true or false", value)
            elif name.endswith("dtype"):
                if not isinstance(value, str) or value not in DTYPES:
                    raise SizingError(unknown_value(value, DTYPES))
                value = DTYPES[value]
            else:
                low = 0 if default == 0 or name in MAY_BE_ZERO else 1
                check_number(value, COUNT._replace(low=low, high=KEY_MAXIMA.get(name, 10**7)))
        self.read.append("%s = %s%s" % (name, value, "" if key == name else " (%s)" % key))
        return value

    def lacks(self, keys: str) -> None:
        if keys not in self.missing:
            self.missing.append(keys)

    def default_of(self, name: str):
        defaults, family = self.row["defaults"], self.row["name"]
        if name in OFF_AT_NULL and name in self.config:
            return None  # an explicit null switches it off
        if name not in defaults:
            self.lacks(" or ".join([name, *self.row["names"].get(name, ())]))
            return 1
        default = value = defaults[name]
        if isinstance(default, str):
            value = evaluate(default, self)
            self.derived.append("%s = %d (%s)" % (name, value, default))
        elif default or (name in SAID_AT_ZERO and default is not None):
            self.derived.append("%s = %s (default of family %s)" % (name, str(default).lower(), family))
            self.defaulted = True
        if type(value) is int:
            with at(row_place(self.row, "defaults." + name)):
                check_number(value, COUNT._replace(low=0, high=KEY_MAXIMA.get(name, COUNT.high)))
        return value

    def count(self, name: str) -> int:
        value = self[name]
        with at(row_place(self.row, name)):
            return check_number(value, COUNT)


class Block(dict):
    """What formulas see of the object that a config holds for one layer."""

    def __init__(self, block: dict, facts: Facts):
        super().__init__()
        self.block, self.facts = block, facts

    def __missing__(self, name: str):
        if "." not in name:
            return self.facts[name]
        millionths = name.endswith("_millionths")
        value: object = self.block
        for step in (name[:-len("_millionths")] if millionths else name).split("."):
            value = value.get(step) if isinstance(value, dict) else None
        if millionths and type(value) is float and abs(value) < 10**9:
            value = round(value * 10**6)
        elif millionths and type(value) is int:
            value *= 10**6
        if not isinstance(value, int):
            expect(value is None, "a whole number, true or false", value, name)
            return 0
        return int(value)


# --- keys without a rule

MAX_KEYS = 10**4  # of one object
TOWERS = "vision|visual|vit|image|video|audio|speech|projector|projection|media"
# A key that no rule reads is refused where one of these words stands anywhere in its name, or one of SUSPECT
# begins a word of it, and its value is not off: an engine's class may read it.
CACHE_WORDS = ("cache|kv|cross|window|compress|shar|state|latent|sink|mem|attn|attention|layer|block|spars|"
               "chunk|slid|span|recur")
SUSPECT = r"%s|(?:\A|[^a-z])(?:%s)|(?:\A|[^a-z])cla(?:\Z|[^a-z])" % (CACHE_WORDS, (
    "merg|index|key|value|lora|rank|conv|head|mamba|ssm|rnn|linear|gqa|mqa|mla|delta|retention|hybrid|"
    "global|local|swa|stride|dilat|segment|loop|repeat|evict|pool|pattern|interval|period|group|dim|expert|moe|"
    "mlp|ffn|hidden|depth|width|select|csa|hca|nsa|context|seq|embd|vocab|token_size|mtp|nextn|yoco|mixer|"
    "lightning|reuse|ngram|lookup|ttt|decoder|encoder|topk|top_k|skip|types|bits|multi_query|rolling|meta_token|"
    "interleav|ut_steps|dsa|kda|moba|lookback|"
    "token_budget|k_eq"))
# With one of these words a key is not off when it is false.
NEGATIONS = {"no", "not", "non", "disable", "disabled", "skip", "without", "full", "causal", "only"}
# Names of factors and of chances while training: whatever they belong to, they keep nothing.
FACTORS = (r"(?s:.*)_(beta|alpha|eps|epsilon|theta|std|coef|loss|lr|dropout|prob|pdrop|act|activation|"
           r"softcap|softcapping|multiplier|scale|temperature)\Z|.*dropout\Z|"
           r"_[a-z]|(use_)?flash_att|mergekit|merge_method|merged_from|mrope_|base_model_")
HARMLESS = (
    TOWERS + "|mm_|spatial_merge|patch_size|img_|unsloth|tokenizer|rope_theta|rope_scaling|rotary_|"
    r"router_|init_|initializer|_name|_commit|_from|_experts_impl|(?s:.*)_(token_ids?|token_index|version|init)\Z")
COUNTED = r"(?s)num_|n_|.*_(size|rank|layers|experts)\Z"  # off at 0


def known_keys(row: dict) -> set:
    keys = operands(*row["defaults"].values(), *row["derived"].values(), *row["params"].values(),
                    row.get("mtp"))
    for table in ("layers", "index", "mlp"):
        arguments = [argument for rule in row[table] for argument in rule[1:]]
        keys |= operands(*arguments) - {*row["layers_words"], *row["index_words"], *row["mlp_words"]}
    keys |= {name for kinds in row["layers_words"].values() for kind in kinds_of(kinds)
             for name in GROUP_FIELDS[kind]}
    # names in formulas that no config holds
    keys -= {*row["derived"], *PART_COUNTS.values(), *COUNTED_LAYERS, *row.get("of_blocks", ())}
    keys |= {*filter(None, [row.get("blocks")])}
    keys = {key for key in keys if not key.startswith(tuple(table + "_of." for table in WORD_TABLES))}
    keys = {key.partition(".")[2] if key.partition(".")[0] in LIST_FACTS else key for key in keys}
    keys |= {"model_type", "num_hidden_layers", "max_position_embeddings", row["context"], *row["keys"],
             *row["defaults"], *NESTED, *INHERITED}
    if "expert" in row["params"]:
        keys |= {"num_experts", "num_experts_per_tok"}
    if row["index"]:
        keys.update(name for kind in row["index_words"].values() if kind for name in GROUP_FIELDS[kind])
    return keys | {old for name in keys for old in row["names"].get(name, ())}


def is_off(name: str, value: object) -> bool:
    if value is False:
        return not set(re.split("[_.]", name)) & NEGATIONS
    if type(value) is int and value == 0:
        return bool(re.match(COUNTED, name))
    return value in (None, [], {}, "")


def is_harmless(name: str) -> bool:
    """Whether a name says of itself that its value changes no number."""
    lower = name.lower()
    return bool(re.match(FACTORS, lower) or (re.match(HARMLESS, lower) and not re.search(CACHE_WORDS, lower)))


def is_suspect(name: str) -> bool:
    return bool(re.search(SUSPECT, name.lower()))


OF_A_WINDOW = ("sliding_window", "max_window_layers")    # unused where use_sliding_window is false


class Unread(namedtuple("Unread", "place name value owner")):
    """A key that no rule reads; `owner` is whose class might."""

    def __str__(self):
        return short(self.place + self.name).strip("'")


def unread_keys(config: dict, known: set, place: str, owner: str, prefix: str = "") -> Iterator[Unread]:
    """The keys that no rule reads and whose name does not say that they change nothing."""
    expect(len(config) <= MAX_KEYS, "at most %d keys" % MAX_KEYS, len(config),
           place + (prefix.rstrip(".") or "config"))
    unused = OF_A_WINDOW if config.get("use_sliding_window") is False else ()
    objects = {other[:dot.start()] for other in known for dot in re.finditer(r"\.", other)}
    for key, value in config.items():
        name = prefix + str(key)
        read = name in known and not isinstance(value, dict)
        if read or name in unused or is_off(name, value) or is_harmless(name):
            continue
        inside = unread_keys(value, known, place, owner, name + ".") if isinstance(value, dict) else ()
        if isinstance(value, dict) and name + ".*" in objects:
            for entry in filter(as_dict, value.values()):  # no more than the rule reads
                yield from unread_keys(entry, known, place, owner, name + ".*.")
        elif name in objects:
            yield from inside
        elif name not in known:
            suspect = [] if is_suspect(name) else [one for one in inside if is_suspect(one.name)]
            yield from suspect or [Unread(place, name, value, owner)]


def nested_value(key: str, config: dict, row: dict) -> object:
    """What a language model's config says of `key`, under any of its names; else its class's default."""
    name = next((new for new, olds in row["names"].items() if key in olds), key)
    found = (config.get(other) for other in (key, name, *row["names"].get(name, ())))
    default = row["defaults"].get(name)
    return next((value for value in found if value is not None),
                None if isinstance(default, str) else default)


def wrapper_keys(wrapper: dict, config: dict, row: dict, known: set, place: str,
                 harmless: Iterable[str] = ()) -> Iterator[Unread]:
    """Those of a config around the language model's, which may repeat its keys but not add to them."""
    passed = (*NESTED, *row["wrapper_keys"], *harmless)
    own = {key: value for key, value in wrapper.items() if key not in passed
           and (re.search(CACHE_WORDS, str(key)) or not re.search(TOWERS, str(key)))}
    repeated = known - {*INHERITED, *row["keys"], "model_type"}
    if config.get("use_sliding_window") is False:
        repeated -= set(OF_A_WINDOW)
    for key, value in own.items():
        if key in repeated and not is_off(key, value):
            nested = nested_value(key, config, row)
            expect(nested == value, "what the nested config says, " + short(nested), value, place + key)
    return unread_keys(own, known, place, "wrapper %s" % short(wrapper.get("model_type")))


def judged_keys(unread: Sequence[Unread], strict: bool, accepted: Iterable[str]) -> tuple[list, list]:
    """(keys not read, keys accepted at the user's word), each as `key = value`.

    Raises SizingError naming all that may change the KV cache, or what was accepted and is no such key. A
    `strict` row lets none pass.
    """
    names = {name: key for key in unread for name in (key.name, key.place + key.name)}
    taken = []
    for name in dict.fromkeys(accepted):
        if name not in names:
            close = nearest(name, names) if names else "; every key of this file is read or harmless"
            raise SizingError("--accept-keys: no key that lacks a rule is %s%s" % (short(name), close))
        taken.append(names[name])
    refused = [key for key in unread if key not in taken and (strict or is_suspect(key.name))]
    if refused:
        raise SizingError(no_rule(refused))
    return [told(key) for key in unread if key not in taken], [told(key) for key in taken]


def told(key: Unread) -> str:
    return "%s = %s" % (key, short(key.value))


def no_rule(refused: Sequence[Unread]) -> str:
    """Why keys are refused, by whose class may read them, and what to do."""
    told_of = []
    shown, more = refused[:MAX_REFUSED], len(refused) - MAX_REFUSED
    for owner in dict.fromkeys(key.owner for key in shown):
        keys = ["%s: %s" % (key, short(key.value)) for key in shown if key.owner == owner]
        told_of.append("%s %s no rule in %s" % (", ".join(keys), "has" if len(keys) == 1 else "have", owner))
    told_of += ["%d more keys" % more] * (more > 0)
    which, need = ("it", "it needs a rule") if len(refused) == 1 else ("they", "they need rules")
    return ("%s; %s may change the KV cache: %s under families in models.json, or your word that nothing "
            "changes (--accept-keys %s%s)" % (" and ".join(told_of), which, need, ",".join(map(str, shown)),
                                              ",..." * (more > 0)))


# --- layers

def words_each(facts, layers, name):
    key, value = facts.find(name)
    if not value:
        return None
    listed = isinstance(value, (list, str))
    expect(listed and len(value) == layers, "%d entries, one for each layer" % layers,
           len(value) if listed else value, key)
    for index, word in enumerate(value):
        expect(type(word) in (int, str), "a word or a whole number", word, "%s[%d]" % (key, index))
    return [str(word) for word in value]


def words_first(facts, layers, name):
    """As `each`, where the list goes on with layers that predict further tokens."""
    value = facts.find(name)[1]
    if isinstance(value, list) and len(value) > layers:
        facts = Facts({name: value[:layers]}, {**facts.row, "names": {}})
    return words_each(facts, layers, name)


def words_cycle(facts, layers, name):
    """A string of letters that repeats; a remainder would leave the last layers open."""
    key, value = facts.find(name)
    if not isinstance(value, str):
        return None
    expect(value and not layers % len(value), "a pattern whose length divides %d layers" % layers, value, key)
    return value * (layers // len(value))


def words_every(facts, layers, period, offset, hit, miss):
    """`hit` for the layers at `offset` of each `period` (-1: the last one)."""
    step, first = evaluate(period, facts), evaluate(offset, facts)
    expect(step > max(first, 0), "a whole number above %s" % max(first, 0), step, period)
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
    numbers = range(base, base + layers)
    if isinstance(value, str) and re.fullmatch("( *[0-9]{1,9} *,)* *[0-9]{1,9} *", value):
        value = [int(number) for number in value.split(",")]  # "3,4,5"
    expect(isinstance(value, list) and all(type(number) is int and number in numbers for number in value)
           and len(set(value)) == len(value),
           "different layer numbers from %d to %d" % (base, numbers[-1]), value, key)
    chosen = set(value)
    return [hit if number in chosen else miss for number in numbers]


def words_is(facts, layers, name, word, *values):
    """`word` for every layer when `name` has one of `values`."""
    value = facts.find(name)[1]
    return [word] * layers if any(value == one and type(value) is type(one) for one in values) else None


def words_blocks(facts, layers, name, hit, miss):
    """`hit` for the layers of which the number `name` of their block is not 0."""
    return [hit if number else miss for number in facts.blocks(layers)[name]]


def words_overridden(facts, layers, name, others, hit, miss):
    """`hit` for layers with an entry in the object `name`; `others` may list the words, and must agree."""
    key, value = facts.find(name)
    if not isinstance(value, dict):
        return None
    numbers = {layer_number(str(number), key) for number in value}
    expect(all(number < layers for number in numbers), "layers up to %d" % (layers - 1), max(numbers), key)
    words = [hit if number in numbers else miss for number in range(layers)]
    listed = words_each(facts, layers, others)
    expect(listed in (None, words), "entries for the %s layers" % hit, sorted(numbers), key)
    return words


def words_only(facts, layers, name, *allowed):
    """No word: refuses a value that the next rules do not cover."""
    key, value = facts.find(name)
    if value is not None and not any(value == one and type(value) is type(one) for one in allowed):
        rule = "a rule for %s only" % " or ".join(map(short, allowed)) if allowed else "no rule for it"
        raise SizingError("%s: family %r has %s, got %s" % (key, facts.row["name"], rule, short(value)))


def words_with(facts, layers, name, value, other):
    """No word: refuses `value` without the key `other`, whose default would be that of another value."""
    if facts.find(name)[1] == value and facts.find(other)[0] is None:
        raise SizingError("%s: missing; %s %r needs it" % (other, name, value))


# Rules: how they find the words, what stands behind their names, and how much of that may be left out.
FORMULAS, BASE = [check_formula], [partial(check_number, bound=COUNT._replace(low=0, high=1))]
LAYER_RULES: dict[str, tuple[Callable, list, int]] = {
    "with": (words_with, STRINGS * 3, 0),
    "each": (words_each, STRINGS, 0),
    "first": (words_first, STRINGS, 0),
    "cycle": (words_cycle, STRINGS, 0),
    "every": (words_every, FORMULAS * 2 + STRINGS * 2, 0),
    "from": (words_from, FORMULAS + STRINGS * 2 + FORMULAS, 1),
    "among": (words_among, STRINGS + BASE + STRINGS * 2, 0),
    "if": (lambda facts, layers, name, hit, miss: [hit if facts[name] else miss] * layers, STRINGS * 3, 0),
    "is": (words_is, STRINGS * 2 + [lambda value: None] * 9, 8),
    "blocks": (words_blocks, STRINGS * 3, 0),
    "overridden": (words_overridden, STRINGS * 4, 0),
    "only": (words_only, STRINGS + [lambda value: None] * 9, 9),
    "all": (lambda facts, layers, word: [word] * layers, STRINGS, 0)}


WORD_TABLES = ("layers", "index", "mlp")
COUNTED_LAYERS = ("shared_layers", "shared_full_layers", "shared_sliding_layers", "last_layer",
                  "packed_layers", "ring_layers")


def kinds_of(kinds: str | list | None) -> list:
    """What a word of `layers` means: the kind of the layer, then those it keeps beside it."""
    return kinds if isinstance(kinds, list) else [kinds] if kinds else []


LISTED = ("each", "first", "cycle", "among")  # rules that read a list: of one row, they say the same


def meant(words: Sequence, meaning: Mapping, key: str, family: str) -> list:
    """What each of the `words` under `key` means; raises SizingError where one has no rule."""
    for index, word in enumerate(words):
        if word not in meaning:
            raise SizingError("%s[%d]: %s has no rule in family %r%s" % (
                key, index, short(word), family, nearest(short(word), meaning)))
    return [meaning[word] for word in words]


def check_lists(key: str, roles: Sequence, other_key: str, other_roles: Sequence) -> None:
    """Raise SizingError naming both keys where two lists make different layers of one."""
    for index, (role, other) in enumerate(zip(roles, other_roles)):
        expect(role == other, "of layer %d (from 0) what %s says, %s" % (
            index, key, " and ".join(kinds_of(role))), " and ".join(kinds_of(other)), other_key)


def layer_roles(table: str, facts: Facts, layers: int) -> list:
    """What the rules of `table` (one of WORD_TABLES) make of every layer."""
    row = facts.row
    meaning = {word: role for word, role in row[table + "_words"].items() if role}
    for place, (rule, *args) in enumerate(row[table]):  # the first that applies
        words = LAYER_RULES[rule][0](facts, layers, *args)
        if words is not None:
            roles = meant(words, meaning, args[0], row["name"])
            for other, key, *others in row[table][place + 1:]:
                if rule in LISTED and other in LISTED and key != args[0]:
                    again = LAYER_RULES[other][0](facts, layers, key, *others)
                    check_lists(args[0], roles, key, meant(again or (), meaning, key, row["name"]))
            counts = Counter(words)
            facts.update(("%s_of.%s" % (table, word), counts[word]) for word in meaning)
            return roles
    if row[table]:
        keys = " or ".join(args[0] for rule, *args in row[table] if rule != "only")
        facts.lacks(keys or table)
        return [next(iter(meaning.values()), "none")] * layers
    return []


def layer_kinds(facts: Facts, layers: int) -> tuple[list, Counter]:
    """(the kind of each layer, how many layers keep a kind beside their own)."""
    every = [kinds_of(kinds) for kinds in layer_roles("layers", facts, layers)]
    facts.roles.update(index=layer_roles("index", facts, layers), beside=[kinds[1:] for kinds in every])
    beside = Counter(kind for kinds in every for kind in kinds[1:])
    beside.update(kind for kind in facts.roles["index"] if kind != "none")
    defaults, kinds = facts.row["defaults"], [kinds[0] for kinds in every]
    for kind, window in WINDOWS.items():
        if kind not in kinds:
            continue
        switched_off = defaults.get("use_sliding_window") is False and not facts["use_sliding_window"]
        if switched_off or facts[window] is None:
            facts.derived.append("%s layers keep the whole context: the window is off" % kind)
            kinds = ["full" if one == kind else one for one in kinds]
    shared = facts["num_kv_shared_layers"] or 0 if "num_kv_shared_layers" in defaults else 0
    expect(shared < layers, "less than num_hidden_layers = %d" % layers, shared, "num_kv_shared_layers")
    facts["shared_layers"] = shared
    for kind in ("full", "sliding"):
        facts["shared_%s_layers" % kind] = kinds[layers - shared:].count(kind)
    return kinds[:layers - shared] + ["none"] * shared, beside


def kind_facts(kind: str, facts: Facts):
    """The facts as layers of one kind see them: `full.head_dim` instead of `head_dim`."""
    own = {name[len(kind) + 1:]: facts[name] for name in facts.row["derived"] if name.startswith(kind + ".")}
    return ChainMap(own, facts)


def layer_group(kind: str, layers: int, facts: Facts) -> dict:
    view = kind_facts(kind, facts)
    further = [name for name in LAYER_KINDS[kind] if name in facts.row["derived"] and name != "v_head_dim"]
    shape = {name: view[name] for name in dict.fromkeys([*GROUP_FIELDS[kind], *further])}
    for name, value in shape.items():
        expect(type(value) is int, "a whole number", value, row_place(facts.row, name))
    kv_heads: int = shape.get("num_key_value_heads", 0)
    heads = view["num_attention_heads"] if kv_heads else 0
    expect(type(heads) is int and not (kv_heads and heads % kv_heads),
           "a divisor of num_attention_heads = %s" % heads, kv_heads, "num_key_value_heads")
    if kind == "full" and "kv_heads" in facts.row.get("of_blocks", {}):
        counts = [count for count in facts.blocks(facts["num_hidden_layers"])["kv_heads"] if count]
        for count in counts:
            expect(not heads % count, "a divisor of num_attention_heads = %s" % heads, count, "kv_heads")
        shape["num_key_value_heads"] = max(counts)
        if min(counts) < max(counts):
            shape["kv_heads_by_layer"] = counts
    v_head_dim = view["v_head_dim"] if "head_dim" in shape and "v_head_dim" in facts.row["defaults"] else None
    if v_head_dim not in (None, shape.get("head_dim")):
        shape["v_head_dim"] = v_head_dim
    return {"kind": kind, "layers": layers, **shape}


# --- parameters

ATTENTION_KINDS = ("full", "sliding", "chunked", "latent", "ring")  # a ring only where it is all a layer has
MTP_LAYERS = ("num_nextn_predict_layers", "mtp_num_hidden_layers")
WHOLE_PARTS = ("router", "indexer")  # under tensor parallelism, beside what a row's `whole` says
UNQUANTISED = ("embedding", "lookup", "head", "router")  # by all methods unless told to


def count_parameters(facts: Facts, groups: list) -> tuple:
    """({part: parameters of the text model}, {part: parameters of one module})."""
    parts, single = {}, {}
    for part, formula in facts.row["params"].items():
        modules = module_views(part, facts, groups)
        if modules and modules[0][0]:
            single[part] = evaluate(formula, modules[0][1])
            parts[part] = sum(count * evaluate(formula, view) for count, view in modules)
    return parts, single


def module_views(part: str, facts: Facts, groups: list) -> list:
    """[(number of modules of a part, the facts as they see them)]."""
    base = part.replace("_1d", "")
    if base != "attention":
        return [(facts[PART_COUNTS[base]], facts)]
    return [(group["layers"], kind_facts(group["kind"], facts)) for group in groups
            if group["kind"] in ATTENTION_KINDS and not (group["kind"] == "ring" and "beside" in group)]


def whole_parameters(parts: Mapping, facts: Facts, groups: list) -> dict:
    """{part: the parameters of it that every rank of tensor parallelism holds whole}."""
    found = {part: parts[part] for part in WHOLE_PARTS if part in parts}
    for part, formula in facts.row.get("whole", {}).items():
        found[part] = sum(count * evaluate(formula, view) for count, view in module_views(part, facts, groups)
                          if count)
    return found


def mtp_parameters(facts: Facts, single: dict):
    """Parameters of the layers that predict further tokens, each attention with its MLP; None."""
    mlp = ("expert", "shared", "router") if facts["moe_layers"] else ("mlp",)
    facts["last_layer"] = sum(size * (facts["num_experts"] if part == "expert" else 1)
                              for part, size in single.items()
                              if part.replace("_1d", "") in ("attention", "indexer", "layer") + mlp)
    return evaluate(facts.row.get("mtp", 0), facts) or None


def mtp_layers(facts: Facts) -> int | None:
    """How many such layers a config.json states."""
    found = [facts.find(name)[1] for name in MTP_LAYERS]
    return next((count for count in found if type(count) is int), None)


# --- quantisation: the format of each group of modules, as a config.json states it

# Modules stored alike: a format of WEIGHT_PRECISIONS or IN_16_BITS, and their names (none: all linear ones).
Stored = namedtuple("Stored", "precision modules", defaults=((),))
IN_16_BITS = "16 bits"
UNREAD = ("quantization_config: nothing known says the bits of %s: give the format of the weights with "
          "--weights-precision")
# The narrowest format that holds so many bits, by kind of number.
FORMATS_OF_BITS = {"int": {2: "int2", 3: "int3", 4: "int4", 5: "int6", 6: "int6", 8: "int8", 16: IN_16_BITS},
                   "float": {4: "nvfp4", 8: "fp8", 16: IN_16_BITS}}
MX_GROUP = 32  # weights to a scale: of mxfp4, not of nvfp4
# quantization_config.quant_method that says all by its name
QUANT_METHODS = {"fp8": "fp8", "fbgemm_fp8": "fp8", "ptpc_fp8": "fp8", "mxfp8": "fp8", "mxfp4": "mxfp4",
                 "bitnet": "int2", "experts_int8": "int8"}
# ... that its `bits` explain, 4 where they are not stated
FOUR_BITS = ("awq", "gptq", "auto-round", "intel/auto-round", "inc", "bitsandbytes")
BIT_METHODS = (*FOUR_BITS, "awq_marlin", "gptq_marlin", "mlx", "exl2", "exl3", "higgs", "spqr", "ipex")
BIT_KEYS = ("bits", "w_bit", "wbits", "nbits", "weight_bits")
QUANT_ALGOS = {"FP8": "fp8", "FP8_PER_CHANNEL_PER_TOKEN": "fp8", "FP8_PB_WO": "fp8_block", "MXFP8": "fp8",
               "NVFP4": "nvfp4", "NVFP4_AWQ": "nvfp4", "W4A16_NVFP4": "nvfp4", "W4A8_NVFP4_FP8": "nvfp4",
               "W4A16_AWQ": "int4", "W4A8_AWQ": "int4", "INT4_AWQ": "int4", "INT8_SQ": "int8",
               "W8A16": "int8", "MXFP4": "mxfp4", "W4A8_MXFP4_FP8": "mxfp4"}  # of ModelOpt
# Words of other formats that a type's name holds, in the order looked for.
TYPE_WORDS = {"nvfp4": "nvfp4", "mxfp4": "mxfp4", "mxfp8": "fp8", "mx_fp": "mxfp4", "nv_fp": "nvfp4",
              "float8": "fp8", "fp8": "fp8", "float4": "nvfp4", "fp4": "nvfp4",
              **{name: name for name in ("int8", "int6", "int4", "int3", "int2")},
              **dict.fromkeys(("bfloat16", "bf16", "float16"), IN_16_BITS)}
EXPERT_DTYPES = {"fp4": "mxfp4"}  # of DeepSeek-V4, beside what quantization_config says of the rest
MAX_NAME = 10**4  # characters of a module's name or pattern
QUANTIZATION_KEYS = ("quantization_config", "compression_config", "quantization")  # the last of MLX
KV_KEYS = ("kv_cache_scheme", "kv_cache_quant_algo")
KEPT_KEYS = ("modules_to_not_convert", "ignore", "exclude_modules", "exclude", "skip_modules",
             "linear_weights_not_to_quantize", "llm_int8_skip_modules")
WEIGHT_DTYPES = {"bfloat16": "bf16", "float16": "fp16", "half": "fp16"}


def quantization(config: dict) -> dict:
    value: object = next((config[key] for key in QUANTIZATION_KEYS if config.get(key)), {})
    expect(isinstance(value, dict), "a JSON object", value, "quantization_config")
    block = as_dict(value)
    return {**block, **as_dict(block.get("quantization"))}


def as_list(value: object) -> list:
    """The distinct strings of a list, or the one that stands in place of a list."""
    items = value if isinstance(value, list) else [value]
    return sorted({item for item in items if isinstance(item, str)})


def as_dict(value: object) -> dict:
    return value if isinstance(value, dict) else {}


def format_of_bits(kind: object, bits: object) -> str | None:
    """The format of whole or (EXL3) broken bits; None where it is not known."""
    if type(bits) not in (int, float) or not 1 <= bits <= 16:  # type: ignore[operator]
        return None
    return FORMATS_OF_BITS.get(str(kind), {}).get(math.ceil(bits))  # type: ignore[call-overload]


def format_of_type(word: object) -> str | None:
    """The format that the name of a type holds, such as float8_e4m3fn; None where it is not known."""
    lower = str(word).lower()
    return next((precision for part, precision in TYPE_WORDS.items() if part in lower), None)


WIDE_GROUP = 128  # weights to a scale, from which int4 takes less


def in_wide_groups(precision: str | None, size: object) -> str | None:
    """`precision`, or that of int4 with a scale for so many weights (-1: for a whole row)."""
    wide = isinstance(size, int) and (size >= WIDE_GROUP or size == -1)
    return "int4_g128" if precision == "int4" and wide else precision


def format_of_block(block: dict, bits: object = None) -> str | None:
    """The format that `bits` and the data type of a block say; `bits` where it states none."""
    if block.get("load_in_8bit") is True:
        return "int8"
    kind = str(block.get("data_type", block.get("mode", "int")))
    bits = next((block[key] for key in BIT_KEYS if block.get(key) is not None), bits)
    if re.match("mx|nv", kind):
        return "fp8" if bits == 8 else format_of_type(kind)
    found = format_of_bits("float" if kind.startswith(("fp", "float")) else "int", bits)
    return in_wide_groups(found, block.get("group_size", block.get("q_group_size")))


def format_of_group(weights: dict) -> str | None:
    """The format of the `weights` of a group of compressed-tensors or ModelOpt."""
    precision = format_of_bits(weights.get("type"), weights.get("num_bits"))
    if precision == "nvfp4" and weights.get("group_size") == MX_GROUP:
        return "mxfp4"
    if precision == "fp8" and weights.get("strategy") == "block":
        return "fp8_block"
    return in_wide_groups(precision, weights.get("group_size"))


def read_groups(quant: dict) -> list:
    """Groups of compressed-tensors: a class of layers such as Linear stands for all of them."""
    found = []
    for group in map(as_dict, as_dict(quant.get("config_groups")).values()):
        targets = as_list(group.get("targets"))
        if group.get("weights"):
            precision = format_of_group(as_dict(group["weights"]))
            found += [Stored(precision)] if "Linear" in targets or not targets else []
            found += [Stored(precision, names) for names in [[each for each in targets if each != "Linear"]]
                      if names]
    return found


def read_layers(quant: dict) -> list:
    """ModelOpt's MIXED_PRECISION: a format for each module."""
    layers = as_dict(quant.get("quantized_layers"))
    of_format: dict = {}
    for name, layer in layers.items():
        of_format.setdefault(QUANT_ALGOS.get(str(as_dict(layer).get("quant_algo"))), []).append(str(name))
    return [Stored(precision, names) for precision, names in of_format.items()]


MLX_TABLES = ("lm_head", "embed_tokens")  # which MLX quantises as the rest, where it does not say otherwise


def read_bits(quant: dict) -> list:
    """One number of bits, and others for the modules that a block of its own names."""
    method = str(quant.get("quant_method", "mlx"))
    precision = format_of_block(quant, 4 if method in FOUR_BITS else None)
    found = [Stored(precision, block_modules(quant))]
    of_modules = {**as_dict(quant.get("extra_config")), **as_dict(quant.get("dynamic"))}
    if method == "mlx":
        of_modules = {name: block for name, block in quant.items() if "." in str(name) or name in MLX_TABLES}
        found += [Stored(precision, [table]) for table in MLX_TABLES
                  if not any(str(name).endswith(table) for name in of_modules)]
    for name, block in of_modules.items():
        kept = block is False or str(name).startswith("-:")
        own = IN_16_BITS if kept else format_of_block({**quant, **as_dict(block)}, 4)
        found.append(Stored(own, [re.sub(r"^[+-]:", "re:", str(name))]))
    if quant.get("lm_head") is True:
        found.append(Stored(precision, ["lm_head"]))
    if quant.get("head_bits") is not None:
        found.append(Stored(format_of_bits("int", quant["head_bits"]), ["lm_head"]))
    return found


def block_modules(quant: dict) -> list:
    """Of GPTQ: the only modules of each layer that are quantised; none named, all linear ones are."""
    lists = quant.get("modules_in_block_to_quantize")
    inner = lists if isinstance(lists, list) else []
    return as_list([name for names in inner for name in (names if isinstance(names, list) else [names])])


def read_torchao(quant: dict) -> list:
    """The words of a type before `weight`: Int8DynamicActivationInt4Weight is int4."""
    kind = quant.get("quant_type")
    default = as_dict(kind).get("default", kind)
    word = str(as_dict(default).get("_type", default)).lower().replace("_", "").partition("weight")
    activation = word[0].rpartition("activation")[2]
    return [Stored(format_of_type(activation) if word[1] else None)]


def read_quark(quant: dict) -> list:
    def stored(block: object) -> str | None:
        weight = as_dict(block).get("weight")
        inner = as_dict(weight[-1] if isinstance(weight, list) and weight else weight)  # as it is stored
        precision = format_of_type(inner.get("dtype"))
        return "mxfp4" if precision == "nvfp4" and inner.get("group_size") == MX_GROUP else precision
    return [Stored(stored(quant.get("global_quant_config"))),
            *(Stored(stored(block), [name])
              for name, block in as_dict(quant.get("layer_quant_config")).items())]


def read_hqq(quant: dict) -> list:
    found = []
    for name, block in {"": quant.get("quant_config"), **as_dict(quant.get("quant_config"))}.items():
        weights = as_dict(as_dict(block).get("weight_quant_params"))
        if weights:
            found.append(Stored(format_of_block(weights), [name] if name else []))
    return found or [Stored(None)]


def read_aqlm(quant: dict) -> list:
    counts = [quant.get(name) for name in ("nbits_per_codebook", "num_codebooks", "in_group_size")]
    if not all(type(count) is int and 0 < count < 1000 for count in counts):
        return [Stored(None)]
    bits, books, size = counts
    return [Stored(format_of_bits("int", max(2, bits * books / size)))]  # type: ignore[operator]


METHOD_READERS: dict[str, Callable[[dict], list]] = {
    **dict.fromkeys(BIT_METHODS, read_bits), "torchao": read_torchao, "quark": read_quark, "hqq": read_hqq,
    "aqlm": read_aqlm, "fp_quant": lambda quant: [Stored(format_of_type(quant.get("forward_dtype")))],
    **dict.fromkeys(("eetq", "quanto"), lambda quant: [Stored(format_of_type(quant.get("weights")))])}


METHODS = (*QUANT_METHODS, *METHOD_READERS)


def stored_groups(quant: dict) -> list:
    """How a quantization_config stores the weights; raises SizingError where it does not say."""
    if "quant_method" not in quant and (quant.get("load_in_4bit") or quant.get("load_in_8bit")):
        quant = {**quant, "quant_method": "bitsandbytes"}    # as files were before they said so
    method, algorithm = quant.get("quant_method"), quant.get("quant_algo")
    groups = read_groups(quant)
    only_kv = any(quant.get(name) for name in KV_KEYS) and not (groups or algorithm or str(method) in METHODS)
    loads = [quant[key] for key in ("load_in_4bit", "load_in_8bit") if key in quant]
    if method == "bitsandbytes" and loads and not any(loads):
        return []
    if not quant or only_kv or ("quant_algo" in quant and algorithm is None and not groups):
        return []
    if str(method) in QUANT_METHODS:
        found = [Stored(QUANT_METHODS[str(method)])]
    elif str(method) in METHOD_READERS or (method is None and "bits" in quant):
        found = METHOD_READERS[str(method or "mlx")](quant)
    elif algorithm == "MIXED_PRECISION" and quant.get("quantized_layers"):
        found = read_layers(quant)
    elif str(algorithm) in QUANT_ALGOS and len(groups) < 2:
        found = [Stored(QUANT_ALGOS[str(algorithm)])]
    else:
        found = groups
    if not found or None in [group.precision for group in found]:
        raise SizingError(UNREAD % ("quant_method %s" % short(method) + (
            ", quant_algo %s" % short(algorithm) if algorithm else "")))
    found += read_layers(quant) if algorithm != "MIXED_PRECISION" else []
    found += [Stored(QUANT_ALGOS[word], ["experts"]) for word in [str(quant.get("moe_quant_algo"))]
              if word in QUANT_ALGOS]
    if quant.get("weight_block_size"):
        found = [group._replace(precision="fp8_block") if group.precision == "fp8" else group
                 for group in found]
    found += [Stored(IN_16_BITS, names) for names in [kept_modules(quant)] if names]
    for name in (name for group in found for name in group.modules if not is_readable(name)):
        raise SizingError(UNREAD % ("the modules behind %s" % short(name)))
    return found


def kept_modules(quant: dict) -> list:
    return [name for key in KEPT_KEYS for name in as_list(quant.get(key))]


def is_readable(name: str) -> bool:
    """Whether a pattern says what it means, and not what it does not mean."""
    return len(name) <= MAX_NAME and not re.search(r"\(\?<?[!=]", name) and (
        not is_pattern(name) or (compiled(name) is not None and not some_experts(name)))


def states_weights(config: dict) -> bool:
    """Whether the quantization_config of a config.json is there and says how the weights are stored."""
    with suppress(SizingError):
        return bool(stored_groups(quantization(config)))
    return False


# --- modules: which parts of the model, and in which layers, a name in a quantization_config stands for

# In 16 bits anyway, not loaded, or next to nothing.
SMALL = (r"mtp|nextn|norm|rotary|indexers_proj|weights_proj|conv1d|in_proj_(a|b|ba)\Z|e_score|eh_proj|"
         r"(\A|[._])(gate|router)\Z")
MLP_PARTS = ("mlp", "expert", "shared")
OF_A_LAYER = ("attention", "indexer", "none", "state", *MLP_PARTS)
# Words of a name and the parts it stands for; the first match counts, and where it has alternatives all.
PARTS_NAMED = {"lm_head": ("head",), "embed_tokens|embedding": ("embedding",), "shared?_": ("shared",),
               r"(?<!shared_)(?<!share_)expert|fusedmoe": ("expert",),
               r"linear_attn|mamba|conv|mixer\.in_proj": ("state",), "indexer": ("indexer",),
               "attn|attention": ("attention", "indexer", "none"),
               r"\b(layers|h|blocks)\.[^.]+(\.mixer.*)?\Z": OF_A_LAYER,
               r"(mlp|feed_forward|moe|ffn)\Z": ("block",)}
MLP_WORDS = r"(up|down|gate)_proj|(up|down)\||\bw[123]\b|\bfc[12]\b"
ATTENTION_WORDS = r"\b[qkvo]_proj|\b[qkvo]\||qkv|(q|kv|o)_[ab]_proj"
ALL_LINEAR = r"[^a-z]*(linear|proj)?\Z"
# Modules of what reads images and sound, beside those with a word of TOWERS in their name.
TOWER_MODULES = (r"resampler|aligner|perceive|patch_merge|talker|code2wav|token2wav|mlp_ar|adapter|connector|"
                 r"(\A|[^a-z])encoder\.")


def bare(name: str) -> str:
    """A name or pattern in lower case, without the signs that mean any ending."""
    lower = name.lower().replace("re:", "").replace(r"\d+", "*").replace("[0-9]+", "*").replace("\\", "")
    found = lower.rstrip(".*$^()").replace(".weight", "").lstrip("^")
    return found + ")" * (found.count("(") - found.count(")"))


def parts_named(name: str, own: Mapping[str, Sequence[str]]) -> tuple:
    """The parts that a bare name stands for; none where they are in 16 bits anyway, or of a tower.

    `own` are names that the family gives its parts, before those of all.
    """
    if any(re.search(words, name) for words in (TOWERS, TOWER_MODULES, SMALL)):
        return ()
    found = [tuple(parts) for word, parts in own.items() if word in name]
    found += [parts for words, parts in PARTS_NAMED.items() if re.search(words, name)]
    if found:
        return tuple(dict.fromkeys(part for parts in found for part in parts)) if "|" in name else found[0]
    mlp = (MLP_PARTS[:1] if re.search("mlp|feed_forward", name) else MLP_PARTS) if re.search(
        MLP_WORDS, name) else ()
    attention = ("attention", "none") if re.search(ATTENTION_WORDS, name) else ()
    return mlp + attention or (OF_A_LAYER if re.match(ALL_LINEAR, name) else ())


def layers_named(name: str) -> list:
    """The numbers of the layers in a bare name: [None] for all."""
    for word in re.sub(r"experts\.[^.]*", "experts", name).replace("*", "").split("."):
        if word.isdigit():
            return [layer_number(word, name)]
        if re.fullmatch(r"\((\?:)?[0-9]{1,9}(\|[0-9]{1,9})*\)", word):
            return [int(number) for number in re.findall("[0-9]+", word)]
        if re.fullmatch(r"\[[0-9]-[0-9]\]", word):
            return list(range(int(word[1]), int(word[3]) + 1))
    return [None]


def layer_number(word: str, name: str) -> int:
    expect(re.fullmatch("[0-9]{1,9}", word), "a layer number of 1 to 9 digits", word, short(name))
    return int(word)


def layers_of_parts(facts: Facts) -> dict:
    """{part: the layers that have it}; those of which the model has one are not there."""
    kinds, roles = facts.roles["layers"], facts.roles["mlp"]
    attention = [layer for layer, kind in enumerate(kinds) if kind in ATTENTION_KINDS]
    indexed = facts.roles["index"]
    dense, moe = ([layer for layer, role in enumerate(roles) if role in (one, "both")]
                  for one in ("dense", "moe"))
    return {"attention": attention, "mlp": dense, "expert": moe, "shared": moe,
            "indexer": [layer for layer in attention if indexed and indexed[layer] != "none"],
            "none": [layer for layer, kind in enumerate(kinds) if kind == "none"],
            "state": [layer for layer, kind in enumerate(kinds)
                      if kind == "state" or "state" in facts.roles["beside"][layer]]}


# --- units: the projections of a part, as far as the terms of its formula tell them apart

REST = ""  # what of a part no projection's name means, only the name of the part
GATED, PLAIN = ("gate", "up", "down"), ("up", "down")
# The projections of an attention formula's term, as many equal shares of it.
TERM_UNITS = {
    "2*hidden_size*num_attention_heads*head_dim": ("q", "o"),
    "3*hidden_size*num_attention_heads*head_dim": ("q", "q", "o"),  # a gate with the queries
    "hidden_size*num_attention_heads*head_dim": ("q",), "hidden_size*num_key_value_heads*head_dim": ("k",),
    "2*hidden_size*num_key_value_heads*head_dim": ("k", "v"),
    "value_projections*hidden_size*num_key_value_heads*head_dim": ("v",),
    "hidden_size*num_key_value_heads*v_head_dim": ("v",),
    "hidden_size*num_attention_heads*v_head_dim": ("o",),
    "num_attention_heads*v_head_dim*hidden_size": ("o",), "!q_lora_rank*hidden_size*query_size": ("q",),
    "hidden_size*q_lora_rank": ("q_a",), "q_lora_rank*query_size": ("q_b",),
    "hidden_size*kv_lora_rank": ("kv_a",), "hidden_size*qk_rope_head_dim": ("kv_a",),
    "kv_lora_rank*num_attention_heads*qk_nope_head_dim": ("kv_b",),
    "kv_lora_rank*num_attention_heads*v_head_dim": ("kv_b",)}
# What the last word of a module's name means of its part.
LEAF_UNITS = {
    **{"%s_proj" % unit: (unit,) for unit in (*GATED, *"qkvo", "q_a", "q_b", "kv_a", "kv_b", "o_a", "o_b")},
    "kv_a_proj_with_mqa": ("kv_a",), "gate_up_proj": ("gate", "up"), "qkv_proj": tuple("qkv"),
    "w1": ("gate",), "w3": ("up",), "w2": ("down",), "fc1": ("up",), "fc2": ("down",)}
LATENT_UNITS = ("q_a", "q_b", "kv_a", "kv_b", "o_a", "o_b")  # that no other part is called by


def term_units(part: str, term: str, formula: str) -> tuple:
    if part in MLP_PARTS:
        first = formula[:2]
        return GATED if first == term[:2] == "3*" else PLAIN if first == term[:2] else (REST,)
    return TERM_UNITS.get(term, (REST,)) if part in ("attention", "none") else (REST,)


def units_of_parts(formulas: Mapping, facts: Facts, groups: list) -> dict:
    """{part: {projection: its parameters}}, of all modules of the part."""
    found: dict = {}
    for part, formula in formulas.items():
        for count, view in module_views(part, facts, groups):
            for term in (word.strip() for word in str(formula).split(" + ")) if count else ():
                units, size = term_units(part, term, str(formula)), count * evaluate(term, view)
                for unit in units if size else ():
                    of_part = found.setdefault(part, {})
                    of_part[unit] = of_part.get(unit, 0) + Fraction(size, len(units))
    return found


def leaf_units(name: str, units: Iterable) -> tuple:
    """The projections, of the `units` of a part, that a bare name means: all without one's own name."""
    words = re.findall("[a-z0-9_]+", name)
    meant = LEAF_UNITS.get(words[-1]) if words and "|" not in name else None
    if meant is None:
        return tuple(units)
    if set(units) == {REST}:  # of sizes not told: the whole part, but for what is small beside it
        return () if set(meant) <= set(LATENT_UNITS) else (REST,)
    return tuple(unit for unit in units if unit in meant)


# --- patterns: matched with the names of modules as engines give them

MAX_REPEATS = 8  # in a pattern, with a word between any two but one
MAX_LOOSE = 4  # and alternatives, where those are no words
MAX_NESTED = 9
MAX_MATCHES = 10**6  # patterns times names: 3 s
MAX_DRAFTING = 9  # layers of multi-token prediction, numbered on; the most seen are 7
# What stands before the number of a layer, by the word of a pattern that tells (the first: always).
PREFIXES = {"": "model.layers", "model.language_model": "model.language_model.layers",
            "language_model": "language_model.model.layers", "backbone": "backbone.layers",
            "transformer": "transformer.h", "^layers": "layers"}
ATTENTION_LEAVES = ("q_proj", "k_proj", "v_proj", "o_proj", "q_a_proj", "q_b_proj", "kv_a_proj_with_mqa",
                    "kv_b_proj", "qkv_proj", "x")
MLP_LEAVES = ("gate_proj", "up_proj", "down_proj", "gate_up_proj", "w1", "w2", "w3", "fc1", "fc2", "x")
# What the modules of a part are called inside a layer, and their last words (x: any other).
MODULE_NAMES: dict[str, tuple] = {
    "attention": (("self_attn", "attention", "mixer"), ATTENTION_LEAVES),
    "none": (("cross_attn",), ATTENTION_LEAVES),
    "indexer": (("self_attn.indexer",), ("wq_b", "wk")),
    "state": (("linear_attn", "mamba", "mixer", "conv"), ("in_proj", "in_proj_qkv", "in_proj_z", "x")),
    "mlp": (("mlp", "feed_forward"), MLP_LEAVES),
    "expert": (("mlp.experts.0", "block_sparse_moe.experts.0", "feed_forward.experts.0", "mixer.experts.0"),
               MLP_LEAVES),
    "shared": (("mlp.shared_experts", "mlp.shared_expert", "block_sparse_moe.shared_experts",
                "feed_forward.shared_expert", "mixer.shared_experts"), MLP_LEAVES)}


def is_pattern(name: str) -> bool:
    return name.startswith("re:")


def some_experts(pattern: str) -> bool:
    """Whether a pattern means experts by their number, of which only all are told apart from none."""
    return bool(re.search(r"experts\\?\.[^.a-z]*[0-9]", re.sub(r"\\d[+*]?|\[0-9\][+*]?", "", pattern)))


def runs_long(pattern: str) -> bool:
    """Whether matching a name of 60 characters may take more than some 10^4 steps."""
    if re.search(r"(?<!\\)\)[*+{]", pattern):
        return True
    text = re.sub(r"\\d\+?|\[[0-9-]+\]\+?", "00", pattern).replace("(?:", "(").replace("\\.", "_")
    text = re.sub(r"\{[0-9,]*\}", "*", re.sub(r"\\.|\[[^]]*\]", ".", text))
    for _ in range(MAX_NESTED):
        text = re.sub(r"\(([^()|]*)\)", r"\1", re.sub(r"\([\w|-]*\)", "__", text))
    if "(" in text:  # a group of alternatives that are no words
        return len(re.findall(r"[*+?|]", text)) > MAX_LOOSE
    return any(len(gaps) >= MAX_REPEATS or sum(not re.search(r"\w\w", gap[:-1]) for gap in gaps) > 1
               for gaps in (re.split("[*+?]+", one)[1:-1] for one in text.split("|")))


@lru_cache(maxsize=2**10)
def compiled(name: str) -> re.Pattern | None:
    """The expression behind `re:`; None where it is none, or could take for ever."""
    pattern = name[3:]
    if runs_long(pattern):
        return None
    with suppress(re.error, RecursionError, OverflowError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return re.compile(pattern)
    return None


def module_names(units: Mapping, layers: Mapping, own: Mapping, both: bool) -> list:
    """[(part, units, layer, name inside the layers)] of modules as engines call them.

    `both`: experts stand beside an MLP that all tokens take, and not inside it.
    """
    found = []
    for part, (places, leaves) in MODULE_NAMES.items():
        beside = ("experts.0", "moe.experts.0") if both and part == "expert" else places
        called = [word for word, parts in own.items() if part in parts]
        of_part = units.get(part, {REST: 1})
        for place in dict.fromkeys([*beside, *called]):
            for leaf in leaves:
                meant = leaf_units(leaf, of_part) if leaf in LEAF_UNITS else (REST,)
                if meant:
                    found += [(part, meant, layer, "%d.%s.%s" % (layer, place, leaf))
                              for layer in layers.get(part, ())]
    return found


def matched(pattern: re.Pattern, modules: list, layers: Mapping) -> list:
    """[(part, unit, layer or None for all that have it)] of the modules that a pattern matches."""
    if pattern.match("lm_head"):
        return [("head", REST, None), *matched_in_layers(pattern, modules, layers)]
    return matched_in_layers(pattern, modules, layers)


def matched_in_layers(pattern: re.Pattern, modules: list, layers: Mapping) -> list:
    told = pattern.pattern.replace("\\", "")
    prefixes = [prefix for word, prefix in PREFIXES.items() if word in told]
    for find in (pattern.match, *([] if told.startswith(".*") else [pattern.search])):
        for prefix in prefixes:
            of_unit: dict = {}
            for part, meant, layer, name in modules:
                if find("%s.%s" % (prefix, name)):
                    told_apart = any(layer in of_unit.get((part, unit), ()) for unit in meant)
                    # `.*up_proj` means gate_up_proj only where the two are one
                    for unit in meant if not told_apart else ():
                        of_unit.setdefault((part, unit), set()).add(layer)
            if of_unit:
                return [(part, unit, layer) for (part, unit), found in of_unit.items()
                        for layer in ([None] if len(found) == len(layers[part]) else sorted(found))]
    return []


def check_layers_read(name: str, lower: str, layers: list) -> None:
    """Raise SizingError where a name says layers in a way that nothing here reads."""
    place = re.search(r"\b(?:layers|h|blocks)\.([^.]*)", lower)
    if layers == [None] and place and re.search("[0-9]", place[1]):
        raise SizingError("%s: expected a layer number, or a pattern behind re: that says the layers"
                          % short(name))


def votes_by_part(stored: Iterable[Stored], block: Sequence[str], own: Mapping, units: Mapping,
                  layers: Mapping) -> dict:
    """{(part, unit, layer or None for all): Counter of the formats that names give it}.

    `block` are the parts of what is called the MLP of a layer, `own` the family's names of parts.
    """
    votes: dict = {}
    known: dict = {}
    modules = module_names(units, layers, own, len(block) == 1)
    patterns = sum(is_pattern(name) for group in stored for name in group.modules)
    expect(patterns * len(modules) <= MAX_MATCHES, "at most %d patterns for so many layers"
           % (MAX_MATCHES // max(1, len(modules))), patterns, "modules")
    for group in stored:
        for name in group.modules:
            pattern = compiled(name) if is_pattern(name) else None
            found = matched(pattern, modules, layers) if pattern else []
            if pattern and not found and matched_in_layers(pattern, drafting(modules), layers):
                continue
            for key in found or named(name, block, own, units, known):
                votes.setdefault(key, Counter())[group.precision] += 1
    return votes


def drafting(modules: list) -> list:
    """The modules of the last layer as those that may follow it are called: of multi-token prediction."""
    last = max((layer for _, _, layer, _ in modules), default=0)
    return [(part, meant, last + ahead, "%d.%s" % (last + ahead, name.partition(".")[2]))
            for part, meant, layer, name in modules if layer == last for ahead in range(1, MAX_DRAFTING + 1)]


def named(name: str, block: Sequence[str], own: Mapping, units: Mapping, known: dict) -> list:
    """[(part, unit, layer or None for all)] of a name, by its words.

    `known` holds what names alike but for numbers mean, which files have 10^5 of.
    """
    lower = bare(name)
    alike = re.sub(r"(?<=\.)[0-9]+|[0-9]{2,}", "0", lower)
    if alike not in known:
        parts = parts_named(lower, own)
        known[alike] = [(part, unit) for part in (block if parts == ("block",) else parts)
                        for unit in leaf_units(lower, units.get(part, {REST: 1}))]
    if not known[alike]:
        return []
    layers = layers_named(lower)
    check_layers_read(name, lower, layers)
    return [(part, unit, layer) for part, unit in known[alike] for layer in layers]


def share_out(size: int, layers: Sequence, part: str, votes: Mapping, otherwise: str,
              units: Mapping) -> Counter:
    """{format: parameters} of a part; where names of several formats mean one layer, as many shares.

    `units` are the sizes of its projections, of which each layer has as much.
    """
    shares: dict = {}
    whole = sum(units.values())
    for unit, weight in units.items():
        of_all = votes.get((part, unit, None), {})
        for layer in layers:
            of_layer = votes.get((part, unit, layer)) or of_all or {otherwise: 1}
            if IN_16_BITS in of_layer or IN_16_BITS in of_all:
                of_layer = {IN_16_BITS: 1}
            for precision, count in of_layer.items():
                own = Fraction(count * weight) / (sum(of_layer.values()) * len(layers) * whole)
                shares[precision] = shares.get(precision, 0) + own
    found = Counter({precision: math.floor(size * share) for precision, share in shares.items()})
    found[next(iter(found), otherwise)] += size - sum(found.values())
    return found


def votes_of_model(stored: Iterable[Stored], facts: Facts, units: Mapping) -> dict:
    with at("quantization_config"):
        # beside an MLP that all tokens take (Gemma 4), experts go by their own name
        return votes_by_part(stored, MLP_PARTS[:1] if "both" in facts.roles["mlp"] else MLP_PARTS,
                             facts.row.get("modules", {}), units, layers_of_parts(facts))


def parameters_by_format(parts: Mapping, stored: Sequence[Stored], facts: Facts,
                         units: Mapping | None = None, votes: Mapping | None = None) -> Counter:
    """{format: parameters of the text model}; what no group names is in 16 bits.

    `units` are the sizes of the projections of each part, where they are known; `votes` those of its names.
    """
    units = units or {}
    votes = votes_of_model(stored, facts, units) if votes is None else votes
    layers, found = layers_of_parts(facts), Counter()  # type: tuple[dict, Counter]
    default = next((group.precision for group in stored if not group.modules), IN_16_BITS)
    for part, size in parts.items():
        if part.endswith("_1d"):
            found[IN_16_BITS] += size
            continue
        otherwise = IN_16_BITS if part in UNQUANTISED else default
        found += share_out(size, layers.get(part) or [None], part, votes, otherwise,
                           units.get(part) or {REST: 1})
    return found


def stored_weights(facts: Facts) -> list:
    """How the file stores the weights; raises SizingError where it does not say, and nobody else does."""
    try:
        stored = stored_groups(quantization(facts.config))
        said = facts.config.get("expert_dtype") or quantization(facts.config).get("expert_dtype")
        experts = EXPERT_DTYPES.get(str(said))
        told = any("expert" in name for group in stored for name in group.modules)
        return [*stored, Stored(experts, ["experts"])] if stored and experts and not told else stored
    except SizingError:
        if not facts.weights_given:
            raise
    kept = [name for name in kept_modules(quantization(facts.config)) if is_readable(name)]
    return [Stored(None), Stored(IN_16_BITS, kept)]


def format_fields(parts: Mapping, whole: Mapping, facts: Facts, groups: list) -> dict:
    """The formats of the weights, and how many of the parameters, of the `whole` ones too, have which."""
    dtype, stored = checkpoint_dtype(facts.config, facts.derived), stored_weights(facts)
    as_stored = stored or [Stored(dtype)]
    units = units_of_parts(facts.row["params"], facts, groups)
    whole_units = {**units, **units_of_parts(facts.row.get("whole", {}), facts, groups)}
    votes = votes_of_model(as_stored, facts, units)
    found = parameters_by_format(parts, as_stored, facts, units, votes)
    of_experts = parameters_by_format({"expert": parts.get("expert", 0)}, stored, facts, units, votes)
    kept = found.pop(IN_16_BITS, 0)
    fields: dict = {"weights_precision": main_format(of_experts) or main_format(found) or dtype,
              "unquantized_params": kept, "whole_params": sum(whole.values()) or None,
              "whole_unquantized_params": parameters_by_format(
                  whole, as_stored, facts, whole_units, votes)[IN_16_BITS] or None}
    fields["as_quantized"] = commonest_checkpoints((parts, whole), dtype, facts)
    if stored and None in found:
        facts.derived.append("weights_precision not read from quantization_config: --weights-precision holds")
        return {**fields, "weights_precision": None}
    if stored:
        facts.derived.append("weights_precision = %s (quantization_config)" % fields["weights_precision"])
    if len(found) > 1:
        fields["params_by_precision"] = {**found, dtype: kept}
        facts.derived.append("parameters: " + ", ".join(
            "%d in %s" % (count, name) for name, count in fields["params_by_precision"].items()))
    return fields


def commonest_checkpoints(counts: Sequence[Mapping], dtype: str, facts: Facts) -> dict | None:
    """{format: what stays in 16 bits of each of `counts` (all parameters, the whole ones)}, by the row's
    `kept`, whatever the format of this checkpoint is."""
    always = [parameters_by_format(parts, [Stored(dtype)], facts)[IN_16_BITS] for parts in counts]
    return {name: {field: share_kept(parts, kept, before)
                   for field, parts, before in zip(QUANTIZED_FIELDS, counts, always)}
            for name, kept in facts.row.get("kept", {}).items()} or None


def share_kept(parts: Mapping, kept: Iterable[str], before: int) -> int | None:
    """What stays in 16 bits once some more parts do."""
    return before + sum(parts.get(part, 0) for part in kept if part not in UNQUANTISED) or None


def main_format(found: Mapping) -> str | None:
    """The format of most parameters that are not in 16 bits."""
    quantised = {name: count for name, count in found.items() if count and name not in (None, IN_16_BITS)}
    return max(quantised, key=quantised.__getitem__, default=None)


def stored_kv_precision(config: dict, sparse: bool) -> str:
    """What "auto" stores the KV cache in."""
    dtype, quant = checkpoint_dtype(config, []), quantization(config)
    scheme, algorithm = (quant.get(name) for name in KV_KEYS)
    for name, value in quant.items():
        if "kv" in str(name) and name not in KV_KEYS and not is_off(str(name), value):
            raise SizingError("quantization_config.%s: %s has no rule" % (
                short(name).strip("'"), short(value)))
    if sparse or not (scheme or algorithm):  # vLLM 0.32.0 keeps a sparse latent cache in bf16
        return dtype
    return kv_format(scheme or algorithm, "quantization_config." + KV_KEYS[not scheme])


KV_FORMATS = ("fp8", "nvfp4", "int8")


def kv_format(stated_form: object, place: str) -> str:
    """The format of KV that a word or a block of bits says; raises SizingError naming `place`."""
    block = as_dict(stated_form)
    word = str(format_of_bits(block.get("type"), block.get("num_bits")) if block else stated_form).lower()
    found = next((name for name in KV_FORMATS if word.startswith(name)), None)
    if found is None:
        raise SizingError("%s: expected an fp8, int8 or nvfp4 KV cache or none, got %s"
                          % (place, short(stated_form)))
    return found


def checkpoint_dtype(config: dict, derived: list) -> str:
    value = config.get("dtype") if config.get("torch_dtype") is None else config["torch_dtype"]
    word = value.replace("torch.", "") if isinstance(value, str) else ""
    if value is not None and word not in DTYPES:
        raise SizingError("torch_dtype: " + unknown_value(value, DTYPES))
    if word not in WEIGHT_DTYPES:
        derived.append("weights_precision = bf16 (torch_dtype %s: engines load it in 16 bits)" % (
            word or "absent"))
    return WEIGHT_DTYPES.get(word, "bf16")


# Rope types whose factor multiplies the positions a file states (vLLM 0.32; not YaRN, longrope or llama3);
# the one that lengthens the rotary tables too; what is in the model types whose files state the product.
STRETCHING, LENGTHENING, STRETCHED_ALREADY = ("linear", "dynamic"), ("linear",), "gemma3"


def rope_settings(config: dict) -> list[dict]:
    """Those of all layers, or of each type of layer, in either spelling."""
    given = [config[key] for key in ("rope_parameters", "rope_scaling") if isinstance(config.get(key), dict)]
    return given + [one for settings in given for one in settings.values() if isinstance(one, dict)]


def rope_factor(config: dict, kinds: Sequence[str]) -> float:
    """What the rope settings of these kinds multiply positions by: 1 where there are none."""
    factors: list = [settings.get("factor") for settings in rope_settings(config)
                     if any(settings.get(key) in kinds for key in ("rope_type", "type"))]
    for factor in factors:
        expect(factor is None or (type(factor) in (int, float) and factor - factor == 0), "a number", factor,
               "factor of the rope settings")
    return max([1, *(one for one in factors if one is not None and 1 <= one <= 1000)])


def model_context(facts: Facts) -> int:
    stated, kind = facts.count(facts.row["context"]), str(facts.config.get("model_type"))
    factor = 1 if STRETCHED_ALREADY in kind else rope_factor(facts.config, STRETCHING)
    if factor != 1:
        facts.derived.append("longest context = %d (%d, times the factor %g of the rope settings)" % (
            stated * factor, stated, factor))
    return int(stated * factor)


# --- towers: the parameters beside the language model, which read images or sound

TOWER_KEYS = ("vision_config", "audio_config")


def tower_parameters(configs: Sequence[dict], text: Facts, families: list) -> tuple[int | None, list[str]]:
    """(parameters of all towers or None, what is to be said of them) of the `configs`, outermost first."""
    found: dict[str, Facts] = {}  # by the key that holds the tower
    estimated: dict[str, int | None] = {}
    counts, said, used = [], [], set()
    for config in configs:
        for row in sorted(tower_rows(config, families), key=lambda row: not row["tower"]):
            key = row["tower"]
            inner = config.get(key, {}) if key else config
            if row["name"] in used or not isinstance(inner, dict):
                continue  # null: a model without this tower
            if key and key not in config and any(key in other for other in configs):
                continue  # a config inside states it
            used.add(row["name"])
            facts = tower_facts(inner, config, row["name"], text, found, families)
            if key and key not in config and "num_hidden_layers" not in facts.row["defaults"]:
                continue  # whose class has no tower unless one is stated
            try:
                counts.append(tower_count(facts))
                found[key] = facts
            except SizingError as problem:
                said.append("%s: not in the formula of tower %s (%s)" % (
                    key or "projector", row["name"], problem))
        estimated.update((key, plain_tower(config[key])) for key in TOWER_KEYS
                         if isinstance(config.get(key), dict) and config[key] and key not in found)
    said += ["%s is %s" % (key, "not counted" if count is None else "estimated from its attention and MLP")
             for key, count in estimated.items()]
    total = sum(counts) + sum(filter(None, estimated.values()))
    return (total if 0 < total <= PARAMETER_COUNT else None), said


def tower_rows(config: dict, families: list) -> list:
    """The rows of the towers in `config`: those of its own model_type, else of that of each tower."""
    rows = [row for row in families if isinstance(row.get("tower"), str)]
    chosen = [row for row in rows if is_one_of(config.get("model_type"), row, "tower_of")]
    taken = {row["tower"] for row in chosen}
    for key in TOWER_KEYS:
        inner = config.get(key)
        if isinstance(inner, dict) and key not in taken:
            chosen += [row for row in rows
                       if row["tower"] == key and is_one_of(inner.get("model_type"), row, "tower_types")][:1]
    return chosen


def is_one_of(model_type: object, row: dict, field: str) -> bool:
    return isinstance(model_type, str) and model_type in words_of(row, field)


def tower_facts(inner: dict, wrapper: dict, name: str, text: Facts, found: dict, families: list) -> Facts:
    """What formulas see of a tower: its config, that around it, the text model and the towers read before."""
    facts = Facts(inner, inherited_row(families, name))
    facts.update(("text.%s" % key, value) for key, value in text.items())
    facts.update(("wrapper.%s" % key, value) for key, value in wrapper.items()
                 if type(value) in (int, bool) and abs(value) <= COUNT.high)
    for place, tower in found.items():
        facts.update(("%s.%s" % (place, key), value) for key, value in tower.items())
    return facts


def tower_count(facts: Facts) -> int:
    params, layers = facts.row["params"], "num_hidden_layers"
    if "used_layers" in facts.row["derived"]:
        layers = "used_layers"
    count = facts[layers] * evaluate(params["layer"], facts) if "layer" in params else 0
    count += evaluate(params.get("model", 0), facts)
    if facts.missing:
        raise SizingError("%s: missing" % ", ".join(facts.missing))
    return count


def plain_tower(config: dict) -> int | None:
    """Attention and MLP (two matrices) of a tower without a row: 70 % to 98.2 % of what vLLM counts."""
    sizes = {key: value for key, value in config.items() if type(value) is int}
    layers = sizes.get("num_hidden_layers", sizes.get("depth", 0))
    width, inner = sizes.get("hidden_size", 0), sizes.get("intermediate_size", 0)
    count = layers * (4 * width**2 + 2 * width * inner)
    return count if min(layers, width, inner) > 0 and count <= PARAMETER_COUNT else None


# --- the model

def read_hf_config(config: dict, name: str, families: list, accept_keys: Sequence[str],
                   weights_precision: str | None = None) -> dict:
    """The Model fields that a config.json gives; `accept_keys` have no rule and change nothing."""
    expect(are_named(families), "a list of objects with a name", families, "families")
    config, row, wrappers, place = text_config(config, families)
    known = known_keys(row)
    unread: list[Unread] = []
    for where, wrapper in wrappers:
        own = words_of(find_family(wrapper, families, "wrappers") or {}, "wrapper_keys")
        unread += wrapper_keys(wrapper, config, row, known, where, own)
    unread += unread_keys(config, known, place, "family %r" % row["name"])
    passed, taken = judged_keys(unread, row.get("strict", False), accept_keys)
    facts = Facts(config, row)
    facts.weights_given = weights_precision is not None
    if FILE in row:
        facts.derived.append("family %r: rows of %s, which count before the shipped ones" % (
            row["name"], short(os.path.basename(row[FILE])).strip("'")))
    if row.get("strict"):
        facts.derived.append("family llama assumed: no model_type, and every key is one of its own")
    task = with_task(facts, wrappers[0][1] if wrappers else config, name)
    with at(place, ""), refuse_missing(facts):
        fields = model_fields(facts, name)
    towers, said = tower_parameters([*(wrapper for _, wrapper in wrappers), config], facts, families)
    if wrappers or towers or said:
        facts.derived.append("total_params is the language model alone; what reads images and sound is %s" % (
            "not counted" if towers is None else "vision_params"))
    facts.derived += said
    found = {**fields, "vision_params": towers, "config_unread": passed, "config_accepted": taken,
             "task": task}
    if facts.defaulted and row.get("source"):
        facts.derived.append("source of the defaults of family %s: %s" % (row["name"], row["source"]))
    return found


@contextmanager
def refuse_missing(facts: Facts):
    """Instead of what follows from them, a SizingError that names every key the config should have said."""
    try:
        yield
    except SizingError:
        if not facts.missing:
            raise
    if facts.missing:
        used = [formula for part, formula in facts.row["params"].items()
                if facts.get(PART_COUNTS.get(part.replace("_1d", ""), ""), 1)]
        for formula in (*used, facts.row["context"]):
            with suppress(SizingError):
                evaluate(formula, facts)
        keys, them = ", ".join(facts.missing), "it" if len(facts.missing) == 1 else "them"
        raise SizingError("%s: missing; family %r needs %s" % (keys, facts.row["name"], them)) from None


def model_fields(facts: Facts, name: str) -> dict:
    layers = facts.count("num_hidden_layers")
    kinds, beside = layer_kinds(facts, layers)
    counts = Counter(kinds) + beside
    mlps = layer_roles("mlp", facts, layers)
    facts.roles.update(layers=kinds, mlp=mlps)
    moe_layers, dense_layers = (mlps.count(kind) + mlps.count("both") for kind in ("moe", "dense"))
    facts.update({kind + "_layers": counts[kind] for kind in ("state", "none", *OWN_FORMATS)}, one=1,
                 index_layers=counts["index"] or beside["packed"], moe_layers=moe_layers,
                 dense_layers=dense_layers)
    groups = [layer_group(kind, counts[kind], facts) for kind in GROUP_FIELDS if counts[kind]]
    for group in groups:
        if group["kind"] not in (*kinds, "index"):
            group["beside"] = True
    facts["experts"] = moe_layers and moe_layers * facts.count("num_experts")
    found = {"name": name, **kv_fields(facts, groups), **weight_fields(facts, groups),
             "source": "config.json", "config_read": facts.read, "config_derived": facts.derived}
    for one, other in facts.row.get("equal", ()):
        if all(type(facts.config.get(key)) is int for key in operands(one)):
            left, right = evaluate(one, facts), evaluate(other, facts)
            expect(left == right, "%s = %d" % (other, right), left, one)
    return found


def kv_fields(facts: Facts, groups: list) -> dict:
    by_kind = {group["kind"]: group for group in groups}
    heads, width = next(filter(None, map(head_shape, groups)), (None, None))
    classic = (set(by_kind) <= {"full", "sliding"} and len({head_shape(group) for group in groups}) == 1
               and not any("v_head_dim" in group or "kv_heads_by_layer" in group for group in groups))
    pattern = pattern_of(by_kind)
    hybrid, sliding = pattern == "hybrid", by_kind.get("sliding", {})
    facts.derived.append("layers: " + ", ".join("%(layers)d %(kind)s" % group for group in groups))
    stated = facts.count(facts.row["context"])
    return {"num_layers": facts["num_hidden_layers"], "num_key_value_heads": heads, "head_dim": width,
            "max_position_embeddings": model_context(facts),
            "rope_positions": int(stated * rope_factor(facts.config, LENGTHENING)),
            "attention_pattern": pattern, "layer_groups": None if classic else groups,
            "hybrid_full_layers": by_kind["full"]["layers"] if hybrid else None,
            "hybrid_sliding_layers": sliding["layers"] if hybrid else None,
            "sliding_window": sliding.get("sliding_window"),
            "default_kv_precision": stored_kv_precision(facts.config, has_indexed_latents(by_kind))}


def attends(groups: list) -> bool:
    return any(group["kind"] in ATTENTION_KINDS for group in groups)


def weight_fields(facts: Facts, groups: list) -> dict:
    parts, single = count_parameters(facts, groups)
    active = total = sum(parts.values())
    draft_params = mtp_parameters(facts, single)
    routed, experts = parts.get("expert", 0), {}
    if routed:
        count, chosen = facts.count("num_experts"), facts.count("num_experts_per_tok")
        expect(chosen <= count, "at most num_experts = %d" % count, chosen, "num_experts_per_tok")
        active += routed // count * chosen - routed
        experts = {"num_experts": count, "num_experts_per_tok": chosen, "moe_layers": facts["moe_layers"],
                   "expert_params": single["expert"]}
    whole = whole_parameters(parts, facts, groups)
    return {**format_fields(parts, whole, facts, groups), "total_params": total, "active_params": active,
            "embedding_params": parts["embedding"], **experts,
            **{name: facts[name] for name in ("hidden_size", "vocab_size")},
            "num_attention_heads": facts["num_attention_heads"] if attends(groups) else None,
            "host_params": evaluate(facts.row.get("host", 0), facts) or None,
            "mtp_params": draft_params, "mtp_layers": mtp_layers(facts) if draft_params else None}


def model_from_hf_config(config: dict, name: str, families: list | None = None,
                         accept_keys: Sequence[str] = (), weights_precision: str | None = None) -> Model:
    """The model that a Hugging Face config.json describes.

    `families` are rows as under "families" in models.json, by default those of the shipped file. Raises
    SizingError naming every key whose name says that it may change the KV cache and that no rule reads, but
    for those of `accept_keys`. With `weights_precision`, in which size() or with_weights() will load them, a
    file is read that does not say the format of its weights.
    """
    try:
        rows = load_families() if families is None else families
        with at("name"):
            check_string(name)
        return Model(**read_hf_config(config, name, rows, accept_keys, weights_precision))
    except RecursionError:
        raise SizingError("config: expected fewer objects and lists one inside the other") from None


# --- checkpoint: sizes from safetensors headers, never the tensors

MAX_HEADER_BYTES = 2**24  # real ones are below 5 MB
MAX_INDEX_BYTES = 2**25  # Kimi-K2.5 lists 207,360 tensors in 24 MB
MAX_TENSORS = 300_000  # of all files of a checkpoint
INDEX_FILE = "model.safetensors.index.json"
SHARD = r"(?s)(.*)-([0-9]{1,6})-of-([0-9]{1,6})\.safetensors"
CHECKPOINT_BYTES = Bound(int, 1, 10**14, True, "")
DTYPE_BITS = {  # by the names of the safetensors library
    "BF16": 16, "F16": 16, "U16": 16, "I16": 16, "U8": 8, "I8": 8, "BOOL": 8, "F8_E4M3": 8, "F8_E5M2": 8,
    "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F32": 32, "U32": 32, "I32": 32, "F64": 64, "U64": 64,
    "I64": 64, "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6}


def read_checkpoint(folder: str, num_layers: int) -> tuple[int, int] | None:
    """(bytes on disk, bytes an engine loads) of the safetensors in `folder`; None where there are none.

    With an index the files it names count, or its total_size where they are not all there; then nothing tells
    MTP layers apart. Raises SizingError.
    """
    index, total = os.path.join(folder, INDEX_FILE), None
    indexed = os.path.exists(index)
    with at(folder):
        present = safetensors_in(folder)
        names = present if indexed else whole_checkpoint(present)
    if indexed:
        names, total = read_index(index)
    if set(names) <= set(present):
        return checkpoint_bytes(folder, names, num_layers) if names else None
    with at(index + ".metadata.total_size"):
        return (check_number(total, CHECKPOINT_BYTES),) * 2


def safetensors_in(folder: str) -> list[str]:
    return sorted(name for name in os.listdir(folder or ".") if name.endswith(".safetensors"))


def read_index(path: str) -> tuple[list[str], object]:
    """(names of the files that an index lists, the total size that it states)."""
    data = read_json(path, MAX_INDEX_BYTES)
    listed = data.get("weight_map") if isinstance(data, dict) else None
    values = listed.values() if isinstance(listed, dict) else ()
    names = sorted({name if isinstance(name, str) else "" for name in values})
    with at(path + ".weight_map"):
        expect(names and all(os.path.basename(name) == name and name.endswith(".safetensors")
                             for name in names), "an object of file names", listed)
        check_shards(names)
    metadata = data.get("metadata")
    return names, metadata.get("total_size") if isinstance(metadata, dict) else None


def check_shards(names: Iterable[str]) -> None:
    """Raise SizingError where the numbered ones of these files are not of one checkpoint."""
    numbered = [found for found in (re.fullmatch(SHARD, name) for name in names) if found]
    seen: dict[int, str] = {}
    for found in numbered:
        name, first, number, total = found[0], numbered[0], int(found[2]), int(found[3])
        if found[1] != first[1] or total != int(first[3]) or number in seen:
            raise SizingError("expected numbered safetensors files of one checkpoint, got %s and %s"
                              % (short(seen.get(number, first[0])), short(name)))
        expect(number <= total, "file numbers up to %d" % total, name)
        seen[number] = name


def whole_checkpoint(names: list[str]) -> list[str]:
    """Those of the files `names` that are the checkpoint; others hold the same tensors again, or adapters."""
    numbered = [name for name in names if re.fullmatch(SHARD, name)]
    if numbered:
        total = int(re.sub(SHARD, r"\3", numbered[0]))
        expect(len(numbered) == total, "%d numbered safetensors files" % total, len(numbered))
        check_shards(numbered)
        return numbered
    if "model.safetensors" in names:
        return ["model.safetensors"]
    if len(names) > 1:
        raise SizingError("expected model.safetensors, numbered files or %s, got %s" % (
            INDEX_FILE, short(", ".join(names))))
    return names


def checkpoint_bytes(folder: str, names: Sequence[str], num_layers: int) -> tuple[int, int]:
    on_disk = loaded = 0
    file_of: dict[str, str] = {}
    for name in names:
        path = os.path.join(folder, name)
        with at(path):
            for tensor, size in tensor_sizes(path).items():
                if tensor in file_of:
                    raise SizingError("%s: expected each tensor once, got it in %s too" % (
                        short(tensor), short(file_of[tensor])))
                file_of[tensor] = name
                on_disk += size
                loaded += 0 if is_mtp(tensor, num_layers) else size
            if len(file_of) > MAX_TENSORS:
                raise SizingError("expected at most %d tensors in all files, got more" % MAX_TENSORS)
    return on_disk, loaded


def read_header(path: str) -> tuple[dict, int]:
    """(header of a safetensors file, bytes behind it)."""
    with open(path, "rb", opener=open_without_waiting) as file:
        available = os.fstat(file.fileno()).st_size - 8
        length = int.from_bytes(file.read(8), "little")
        most = min(available, MAX_HEADER_BYTES)
        expect(2 <= length <= most, "a safetensors header of at most %d bytes" % most, length)
        header = decode_json(file.read(length), "utf-8", "a safetensors header in JSON")
    expect(isinstance(header, dict), "a safetensors header with an object", header)
    return header, available - length


def tensor_sizes(path: str) -> dict[str, int]:
    """Bytes of each tensor of a safetensors file."""
    header, available = read_header(path)
    header.pop("__metadata__", None)
    spans, name = [], ""
    try:
        for name, tensor in header.items():
            spans.append((*tensor_span(tensor, available), name))
    except SizingError as error:
        raise SizingError("%s.%s" % (short(name), error)) from None
    if not spans:
        raise SizingError("expected at least one tensor, got none")
    end, before = 0, ""
    for start, stop, name in sorted(spans):
        if start < end:
            raise SizingError("expected tensors that do not overlap, got %s and %s" % (
                short(before), short(name)))
        if start > end:
            raise SizingError("expected no gap between tensors, got %d bytes before %s" % (
                start - end, short(name)))
        end, before = stop, name
    expect(end == available, "no bytes behind the last tensor", available - end)
    return {name: stop - start for start, stop, name in spans}


def tensor_span(tensor: object, available: int) -> tuple[int, int]:
    entry: dict = tensor if isinstance(tensor, dict) else {}
    offsets, dtype, shape = (entry.get(key) for key in ("data_offsets", "dtype", "shape"))
    if (not isinstance(offsets, list) or [type(place) for place in offsets] != [int, int]
            or not 0 <= offsets[0] <= offsets[1] <= available):
        raise SizingError("data_offsets: expected two places within the file, got %s" % short(offsets))
    if not isinstance(dtype, str) or dtype not in DTYPE_BITS:
        raise SizingError("dtype: " + unknown_value(dtype, DTYPE_BITS))
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        raise SizingError("shape: expected a list of whole numbers, got %s" % short(shape))
    bits, size_bytes = DTYPE_BITS[dtype], offsets[1] - offsets[0]
    for size in shape:
        bits *= size
        if bits > 2**70:  # more than any file has; a product of thousands would take long
            break
    if bits != 8 * size_bytes:
        raise SizingError("data_offsets: expected as many bytes as dtype %s and shape %s take, got %d" % (
            dtype, short(shape), size_bytes))
    return offsets[0], offsets[1]


def is_mtp(tensor: str, num_layers: int) -> bool:
    """Whether a tensor is of multi-token prediction, loaded to speculate only."""
    if tensor.startswith(("mtp.", "model.mtp.")):
        return True
    words = tensor.split(".")
    digits = [after for word, after in zip(words, words[1:-1]) if word == "layers" and after.isdigit()]
    return bool(digits) and layer_number(digits[0], tensor) >= num_layers and "vis" not in tensor


# --- a model named by its path

QUANTIZATION_FILE = "hf_quant_config.json"  # where ModelOpt puts it instead of config.json


def model_place(path: str) -> tuple[str, str, bool]:
    """(folder, config file, whether files beside it belong to the model) of a --model value."""
    if os.path.isdir(path):
        return path, os.path.join(path, "config.json"), True
    return os.path.dirname(path), path, os.path.basename(path) == "config.json"


# Files that are no config.json, by their names: what to say of one, or of a folder that has it instead.
NO_CONFIG = (
    (r"adapter_config\.json", ADAPTER), (r"model_index\.json", DIFFUSION),
    (r".*\.gguf", "is GGUF, which is not read: give the config.json of the model it was made from, and "
     "--weights-precision"),
    (r"params\.json|consolidated.*", "is in Mistral's own format: give the config.json of the same model"),
    (r"((tokenizer|generation|(pre|image_|video_pre)?processor|hf_quant|quant(ize)?)_config|tokenizer|"
     r"vocab|special_tokens_map|chat_template|modules)\.json",
     "does not say how it is built: give its config.json"),
    (r".*\.(safetensors|bin|pth?|onnx)(\.index\.json)?",
     "is of weights: give the folder that has them and config.json"))


def no_config(path: str) -> str:
    """What to say of a file that is no config.json, or of a folder that only has such; "" otherwise."""
    folder = os.path.isdir(path)
    with suppress(OSError):
        for pattern, told in NO_CONFIG:
            for name in sorted(os.listdir(path)) if folder else [os.path.basename(path)]:
                if re.fullmatch(pattern, name.lower()):
                    file = os.path.join(path, name) if folder else path
                    return "%s %s%s" % (short(file), told, adapter_base(file) if told is ADAPTER else "")
    return ""


def adapter_base(path: str) -> str:
    with suppress(SizingError):
        data = read_json(path)
        base = data.get("base_model_name_or_path") if isinstance(data, dict) else None
        return ", " + short(base) if isinstance(base, str) else ""
    return ""


def model_files(path: str) -> list[str]:
    """Every file that reading the model at `path` reads, or would read if it were there."""
    folder, file, whole_folder = model_place(path)
    if not whole_folder:
        return [file]
    names = ["config.json", QUANTIZATION_FILE, INDEX_FILE]
    with suppress(OSError):
        names += safetensors_in(folder)
    return [os.path.join(folder, name) for name in names]


def joined(beside: object, own: object) -> object:
    """The block of QUANTIZATION_FILE, completed by what config.json itself says."""
    return {**beside, **stated(own)} if isinstance(beside, dict) and isinstance(own, dict) else beside


def read_model(path: str, families: list, accept_keys: Sequence[str] = (),
               weights_precision: str | None = None) -> Model:
    """The model of a config.json, or of a folder with one and maybe safetensors; raises SizingError.

    `weights_precision` is for files that do not say the format of their weights.
    """
    folder, file, whole_folder = model_place(path)
    config = read_json(file)
    with at(file):
        beside = os.path.join(folder, QUANTIZATION_FILE)
        if (whole_folder and isinstance(config, dict) and not states_weights(config)
                and os.path.exists(beside)):
            config["quantization_config"] = joined(read_json(beside), config.get("quantization_config"))
        named = os.path.dirname(os.path.abspath(file)) if whole_folder else path
        name = re.sub(r"\.json$", "", os.path.basename(os.path.abspath(named)))
        model = model_from_hf_config(config, name, families, accept_keys, weights_precision)
    sizes = read_checkpoint(folder or ".", model.num_layers) if whole_folder else None
    if sizes is None:
        return model
    params = model.total_params or 0
    least = params * LEAST_BYTES_PER_PARAMETER
    with at(folder or "."):
        if sizes[1] < least:
            raise SizingError("expected at least %d bytes of safetensors for %d parameters, got %d: "
                              "are all files there?" % (least, params, sizes[1]))
        return replace(model, checkpoint_gib=sizes[0] / GIB, weights_gib=sizes[1] / GIB,
                       weights_precision=model.weights_precision or weights_precision,
                       weights_origin="safetensors")


# === Command line ===

FLAGS = {name: row for row in PARAMETERS if row.flag
         for name in (row.names[:1] if row.names[0] in ASKED else row.names)}
FLAG_CHOICES: dict[str, Iterable[str]] = dict(CHOICES, lang=LANGUAGES, scenario=SCENARIO_KEYS)
SHOWN_CHOICES = dict(FLAG_CHOICES, weights_precision=SERVED_PRECISIONS)
OUTPUTS = {"json_only": "the JSON only", "text_only": "the text only", "markdown_only": "Markdown only",
           "html_only": "one HTML page only, to read or print",
           "summary": "one screen: nodes, speed, alerts",
           "csv": "a row for each scenario"}
OUTPUT_FILES = ("json", "markdown", "html")
OUTPUTS_OF_LISTS = ("json_only", "text_only", "markdown_only", "html_only")
OUTPUTS_IN_FULL = OUTPUTS_OF_LISTS                       # JSON of one case is never less
EXAMPLES = """\
examples:
  python3 sizing.py --model opt-oss-120b --server dgx300 --concurrency 1000 \\
      --effective-context 131072
  python3 sizing.py --model llama-3.1-70b-instruct --server dgx200 \\
      --concurrency 200 --effective-context 8192 --tpot-ms 40 --text-only
  python3 sizing.py --model opt-oss-120b --server dgx300 --nodes 4 \\
      --effective-context 131072 --lang en --json-only
  python3 sizing.py --list-models

How many GPU nodes does it take to serve an LLM, and why? In three scenarios.
"""
USAGE = "python3 sizing.py --model NAME --server NAME [options]"
# The groups of --help, and what it says of each flag that takes a value. A flag that is not here stands among
# the outputs, with the dictionary's words.
OUTPUT_GROUP = "output (default: --summary at a terminal, else text, then JSON)"
TOOL_GROUP = "catalogs, lists and this tool"
HELP: dict[str, dict[str, str]] = {
    "what to size": {
        "model": "LLM of --list-models, or a config.json or its folder",
        "server": "GPU node of --list-servers", "storage": "profile that weights are read from",
        "concurrency": "sessions with their KV in HBM; 1k is 1,000",
        "effective_context": "tokens of a session, its answer included; 128k is 131,072; max: "
            "the most on --nodes",
        "kv_precision": "", "nodes": "nodes there are, in place of --concurrency (beside it for max)",
        "users": "in place of --concurrency, with the next",
        "active_users_ratio": "share of them with a session in HBM",
        "requests_per_s": "in place of --concurrency: sessions by Little's law",
        "use_case": "lengths, hits and peak of a public trace"},
    "memory, capacity and layout": {
        "kv_budget_ratio": "share of HBM for weights and KV together",
        "runtime_overhead_gib": "HBM per node that is not KV, weights too", "weights_precision": "",
        "shared_prefix_tokens": "first tokens all sessions share",
        "peak_headroom_ratio": "capacity above the load",
        "tensor_parallel": "GPUs that share each layer",
        "pipeline_parallel": "groups of such GPUs, one after the other", "attention": "how it is divided"},
    "requests and speed targets": {
        "input_tokens": "prompt of a request", "output_tokens": "answer to a request",
        "active_ratio": "share of the sessions generating at once",
        "prefix_cache_hit_ratio": "share of the prompt in cache",
        "tpot_ms": "target: committed time per output token",
        "ttft_ms": "target: committed time to first token"},
    "engine and measurements": {
        "engine": "whose constants count", "max_num_batched_tokens": "tokens the engine takes per step",
        "max_num_seqs": "sessions a replica runs at once",
        "text_only_model": "vision and audio towers are not loaded",
        "loader": "reads weights",
        "draft_tokens": "tokens speculated per step",
        "acceptance_length": "tokens that such a step yields",
        "measured_tpot_ms": "TPOT you measured, to fit the speed to",
        "measured_ttft_ms": "TTFT you measured, to fit the speed to",
        "measured_sessions": "sessions per replica in that measurement"},
    "power, money and availability": {
        "power_use_ratio": "mean share of rated power", "pue": "of the data centre",
        "rack_kw": "power of one rack", "node_price_per_hour": "of a rented node",
        "node_price": "of a node that is bought, with the next two",
        "depreciation_years": "over which it is written off",
        "price_per_kwh": "of energy; 0: another pays", "currency": "label of all prices",
        "utilisation_ratio": "mean load ÷ nominal load",
        "api_price_per_million_tokens": "of an API, to compare with",
        "node_availability": "share of the time a node is up",
        "sla": "availability that the peak must have"},
    OUTPUT_GROUP: {
        "output_json_file": "write the JSON there too", "output_markdown_file": "write Markdown there too",
        "output_html_file": "write the HTML there too",
        "lang": "language of the report", "scenario": "whose figures the summary shows",
        "sort_by": "number that orders the cases of lists"},
    TOOL_GROUP: {
        "accept_keys": "keys of config.json that change nothing",
        "models_file": "your own entries, added to models.json",
        "servers_file": "your own entries, added to servers.json",
        "storage_file": "your own entries, added to storage.json"},
}
LISTS_TAKEN = """\
lists (a,b,c; of the first three also: all) make a table of cases: model,
server, storage, concurrency, users, requests-per-s, effective-context,
kv-precision, weights-precision, tpot-ms, nodes; and a price of nodes for each
server
"""
EXIT_STATUS = "exit: 0 sized; 1 some scenario does not fit; 2 bad input or output; 130 Ctrl-C"
LONGEST_FLAG = 35                                        # columns of --help before its texts
LONGEST_NUMBER = 40                                      # characters; beyond any bound, below int()'s limit
# What engines, and people, call our flags; `_` counts as `-`.
OTHER_FLAGS = {
    "model": "model-path model-id model-name hf-model",
    "server": "gpu gpu-type gpu-model hardware node-type instance-type",
    "server and --nodes": "gpus num-gpus n-gpus gpu-count",
    "requests_per_s": "rps qps request-rate requests-per-second",
    "concurrency": "sessions concurrent-users concurrent-sessions concurrent-requests max-concurrency",
    "effective_context": "max-model-len context-length context-len context context-window context-size "
        "max-seq-len max-context-length ctx ctx-size n-ctx seq-len",
    "kv_precision": "kv-cache-dtype kv-dtype kv-cache-precision kv-cache-quantization",
    "kv_budget_ratio": "gpu-memory-utilization mem-fraction-static kv-cache-free-gpu-memory-fraction "
        "kv-cache-free-gpu-mem-fraction free-gpu-memory-fraction gpu-mem-util",
    "nodes": "nnodes num-nodes node-count",
    "tensor_parallel": "tp tp-size tensor-parallel-size tensor-parallelism",
    "pipeline_parallel": "pp pp-size pipeline-parallel-size pipeline-parallelism",
    "attention data": "enable-dp-attention enable-attention-dp enable-expert-parallel ep ep-size",
    "attention data; replicas are worked out": "dp dp-size data-parallel data-parallel-size",
    "max_num_batched_tokens": "max-num-tokens chunked-prefill-size max-prefill-tokens",
    "max_num_seqs": "max-running-requests max-batch-size",
    "input_tokens": "isl input-len max-input-len random-input-len prompt-tokens",
    "output_tokens": "osl output-len max-output-len random-output-len max-tokens max-new-tokens",
    "draft_tokens": "num-speculative-tokens speculative-num-draft-tokens max-draft-len speculative-config",
    "prefix_cache_hit_ratio": "prefix-cache-hit-rate cache-hit-rate",
    "tpot_ms": "itl itl-ms slo", "output_json_file": "output out",
    "weights_precision": "quantization quant dtype",
    "text_only_model": "language-model-only limit-mm-per-prompt", "loader": "load-format model-loader",
}
ENGINE_FLAGS = {"--" + word: flag(name) for name, words in OTHER_FLAGS.items() for word in words.split()}


def argument(check: Callable) -> Callable[[str], object]:
    """`check` as an argparse type: its SizingError becomes the argument's error message."""
    def convert(text: str):
        try:
            return check(text)
        except SizingError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
    return convert


# Behind whole digits; model makers write context lengths in 1,024.
LETTERS = {"k": 10**3, "m": 10**6}
LETTERS_OF_TOKENS = {"k": 2**10, "m": 2**20}
NUMBER_PATTERNS = {int: r"(\d+(?:_\d+)*)([kKmM]?)", float: r"(-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)()"}


def letters_of(row: Flag) -> dict[str, int]:
    return LETTERS_OF_TOKENS if row.metavar == "TOKENS" else LETTERS


def number_of(text: str, row: Flag):
    """The number, or the flag's word, that `text` is; None where the flag does not take it."""
    if row.word and text.lower() == row.word:
        return row.word
    found = len(text) <= LONGEST_NUMBER and re.fullmatch(NUMBER_PATTERNS[row.bound.kind], text, re.ASCII)
    if not found:
        return None
    number = row.bound.kind(found[1]) * letters_of(row).get(found[2].lower(), 1)
    with suppress(SizingError):
        return check_number(number + 0, row.bound)       # + 0: no negative zero
    return None


def read_number(text: str, row: Flag):
    """A number as users write it: digits (`1_000`, `128k`), a decimal such as `0.7` or `7e-1`, the word."""
    number = number_of(text, row)
    if number is None:
        typed = number_to_type(text, row)
        raise SizingError("expected %s, got %s%s" % (expected_of(row), short(text), typed))
    return number


def expected_of(row: Flag) -> str:
    return expected(row.bound) + (" or %s" % row.word if row.word else "")


def without_marks(digits: str) -> str:
    return re.sub(r"\D", "", digits)


def as_percent(digits: str) -> str:
    """`70` as `0.70`, `12.5` as `0.125`."""
    whole, _, decimals = digits.replace(",", ".").partition(".")
    return "%s.%s%s" % (whole.zfill(3)[:-2].lstrip("0") or "0", whole.zfill(2)[-2:], decimals)


# Numbers as people write them elsewhere: the pattern, and what it is as typed here. Marks group thousands.
MARK = "[., '\u00a0\u202f]"
OTHER_NUMBERS: tuple[tuple[str, Callable], ...] = (
    (r"[1-9]\d{0,2}(?:(%s)\d{3})(?:\1\d{3})*" % MARK, lambda found, row: without_marks(found[0])),
    (r"(\d+|[1-9]\d{0,2}(?:[. ']\d{3})+),(\d+)", lambda found, row: without_marks(found[1]) + "." + found[2]),
    (r"([1-9]\d{0,2}(?:[, ]\d{3})+)\.(\d+)", lambda found, row: without_marks(found[1]) + "." + found[2]),
    (r"(\d+(?:[.,]\d+)?) ?%", lambda found, row: as_percent(found[1]) if row.metavar == "RATIO" else ""),
    (r"\d{2,3}(?:\.\d{1,2})?", lambda found, row: as_percent(found[0]) if row.metavar == "RATIO" else ""),
    (r"(\d+)\.00?|(\d+)[eE]\+?(\d)", lambda found, row: found[1] or found[2] + "0" * int(found[3])),
    (r"(\d+(?:\.\d+)?) ?ms", lambda found, row: found[1] if row.metavar == "MS" else ""),
    (r"(\d+) ?s", lambda found, row: found[1] + "000" if row.metavar == "MS" else ""),
    (r"(\d+(?:\.\d+)?) ?GiB", lambda found, row: found[1] if row.metavar == "GIB" else ""),
    (r"(\d*)[.,](\d{1,2})([kKmM])", lambda found, row: "%d" % (
        int(found[1] + found[2]) * letters_of(row)[found[3].lower()] // 10**len(found[2]))))


def number_to_type(text: str, row: Flag) -> str:
    """`; type 0.9` for a number written another way; "" where it is none that the flag takes."""
    found = [(re.fullmatch(pattern, text[:LONGEST_NUMBER + 1], re.ASCII), meant)
             for pattern, meant in OTHER_NUMBERS]
    typed = dict.fromkeys(meant(match, row) for match, meant in found if match)
    taken = [one for one in typed if number_of(one, row) is not None]
    return "; type " + " or ".join(taken) if taken else ""


ALL = "all"                                              # in place of a list: every entry of a catalog
# A list that reads as one number, as people write them elsewhere; a space behind the comma tells it from one.
READ_AS_ONE = {"TOKENS": r"[1-9]\d{0,2}(,\d{3})+|\d?,\d{1,3}[kKmM]", "MS": r"\d+,\d",
               "RATE": r"\d+,\d", "PRICE": r"\d+,\d{1,2}|[1-9]\d{0,2}(,\d{3})+",
               **dict.fromkeys(("SESSIONS", "USERS", "NODES"), r"[1-9],\d{3}|\d?,\d{1,3}[kKmM]")}


class Several(tuple):
    """The values of a flag that was given a list."""


def parts_of(text: str) -> list[str]:
    """The parts of a list, a space behind its commas or none; raises SizingError."""
    first, *others = text.split(",")
    parts = [first, *(part.lstrip(" ") for part in others)]
    if "" in parts:
        raise SizingError("expected a value before and behind each comma, got %s" % short(text))
    return parts


def without_repeats(values: Sequence) -> Several:
    """A list of values; raises SizingError where one stands twice."""
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        raise SizingError("expected each value once, got %s twice" % short(twice[0]))
    return Several(values)


def read_numbers(text: str, row: Flag):
    """The number, or Several, that `text` is; raises SizingError."""
    if "," not in text:
        return read_number(text, row)
    parts = parts_of(text)
    values = {part: number_in_list(part, row) for part in parts}
    wrong = [part for part, value in values.items() if value is None]
    as_one = re.fullmatch(READ_AS_ONE[row.metavar], text, re.ASCII)
    if not wrong and not as_one:
        return without_repeats([values[part] for part in parts])
    got, typed = short(text), number_to_type(text, row)
    if as_one and not wrong:
        typed += '%s "%s" for a list' % (", or" if typed else "; type", ", ".join(parts))
    elif not any(re.fullmatch(pattern, text, re.ASCII) for pattern, _ in OTHER_NUMBERS):
        got = "%s in %s" % (short(wrong[0]), got)
    raise SizingError("expected %s, got %s%s" % (expected_of(row), got, typed))


def read_prices(text: str, row: Flag):
    """The price, or Several, one for each server of a list; raises SizingError."""
    if "," not in text or re.fullmatch(READ_AS_ONE[row.metavar], text, re.ASCII):
        return read_numbers(text, row)
    return Several([read_number(part, row) for part in parts_of(text)])


def number_in_list(text: str, row: Flag):
    """As number_of; what begins with a 0 is the end of a number that a comma divides."""
    return None if re.match(r"0\d", text) else number_of(text, row)


def read_names(text: str, name: str):
    """The name, or Several, that `text` is; a path may have a comma. Raises SizingError."""
    if text.lower() == ALL:
        return Several([text])
    if "," not in text or (name == "model" and os.path.lexists(text)):
        return text
    return without_repeats(parts_of(text))


def read_choices(text: str, known: Iterable[str]):
    """The word, or Several, that `text` is; raises SizingError."""
    if "," not in text:
        return read_choice(text, known)
    return without_repeats([read_choice(part, known) for part in parts_of(text)])


# What engines and people call words of ours.
OTHER_WORDS = {"fp8_e4m3": "fp8", "fp8_e5m2": "fp8", "float16": "fp16", "half": "fp16", "bfloat16": "bf16",
               "awq": "int4", "gptq": "int4", "modelopt_fp4": "nvfp4", "pt-br": "pt", "en-us": "en",
               "dp": "data", "tp": "tensor", "tensorrt-llm": "trtllm", "tensorrt_llm": "trtllm"}


def read_choice(text: str, known: Iterable[str]) -> str:
    word = text.lower()
    if word in known:
        return word
    if word in OTHER_WORDS and OTHER_WORDS[word] in known:
        raise SizingError("unknown value %s; here it is %r" % (short(text), OTHER_WORDS[word]))
    return check_choice(text, known)


def read_path(text: str) -> str:
    if not text or "\0" in text:
        raise SizingError("expected a file's path, got %s" % short(text))
    return text


def reader(name: str) -> Callable[[str], object]:
    """What turns the text of a flag into its value, as an argparse type."""
    row = FLAGS[name].flag
    if name in FLAG_CHOICES:
        read = read_choices if name in SWEPT else read_choice
        return argument(lambda text: read(text, FLAG_CHOICES[name]))
    if name == "sort_by":
        return argument(lambda text: check_choice(text[text.startswith("-"):], RESULTS) and text)
    if row.metavar == "PATH":
        return argument(read_path)
    if name == "accept_keys":
        return argument(lambda text: tuple(check_string(word.strip()) for word in text.split(",")))
    if name in FREE_WORDS:
        return argument(check_string)
    if name in RECORDS:
        return argument(lambda text: read_names(text, name))
    read_one = read_numbers if name in SWEPT else read_prices if name in NODE_PRICES else read_number
    return argument(lambda text: read_one(text, row))


def default_of(name: str) -> object:
    return REQUEST_DEFAULTS.get(name, FLAGS[name].flag.default)


def help_of(name: str, text: str) -> str:
    """What --help says of a flag: a text, its words, and its default where it has one."""
    row, default = FLAGS[name].flag, default_of(name)
    if name in SWITCHES:
        return text
    says = ": ".join(filter(None, [text, ", ".join(SHOWN_CHOICES.get(name, ()))]))
    told = row.shown or ("%g" % default if type(default) is float else default)
    if row.required:
        return "%s (%s)" % (says, told or "required")
    return says if told in (None, ()) else "%s (default: %s)" % (says, told)


def help_format(prog: str) -> argparse.HelpFormatter:
    return argparse.RawDescriptionHelpFormatter(prog, max_help_position=LONGEST_FLAG, width=text_columns())


class Finished(Exception):
    """A flag such as --help has its whole output ready."""


class Once(argparse.Action):
    """Keeps a value, and in `given` that it was given; a second one is no correction of the first."""

    def __call__(self, parser, namespace, values, option_string=None):
        given = vars(namespace).setdefault("given", {})
        if self.dest in given:
            raise SizingError("argument %s: given twice (%s, %s); expected once" % (
                flag(self.dest), *[short(",".join(map(str, each)) if isinstance(each, Several) else each)
                                   for each in (given[self.dest], values)]))
        given[self.dest] = values
        setattr(namespace, self.dest, values)


class Switch(Once):
    """Keeps that a flag without a value was given."""

    def __call__(self, parser, namespace, values, option_string=None):
        super().__call__(parser, namespace, True, option_string)


class Show(argparse.Action):
    """Ends the run with what `const` returns of the parser and the value, if the flag has one."""

    def __call__(self, parser, namespace, values, option_string=None):
        raise Finished(self.const(parser, *filter(None, [values])))


class Parser(argparse.ArgumentParser):
    """argparse whose errors are SizingError: one line, no usage dump."""

    def error(self, message: str):
        raise SizingError(message)


def build_parser() -> Parser:
    parser = Parser(prog="sizing.py", usage=USAGE, description=EXAMPLES, epilog=LISTS_TAKEN + EXIT_STATUS,
                    allow_abbrev=False, add_help=False, formatter_class=help_format)
    groups = {title: parser.add_argument_group(title) for title in HELP}
    for title, texts in helped().items():
        if title == OUTPUT_GROUP:
            one_of(groups[title], {flag(name): dict(help=text, action="store_true")
                                   for name, text in OUTPUTS.items()})
            groups[title].add_argument("--full", action="store_true",
                                       help="every number and parameter in the text")
        for name, text in texts.items():
            if name in SWITCHES:
                groups[title].add_argument(flag(name), action=Switch, nargs=0, default=False, help=text)
                continue
            groups[title].add_argument(flag(name), action=Once, metavar=FLAGS[name].flag.metavar,
                                       default=default_of(name), type=reader(name), help=help_of(name, text))
    group = groups[TOOL_GROUP]
    one_of(group, {"--list-" + name: dict(help="%s as a table, or as JSON" % row.file, dest="listing",
                                          action="store_const", const=name) for name, row in LISTS.items()})
    group.add_argument("--completion", action=Show, metavar="SHELL", const=completion,
                       type=argument(lambda text: check_choice(text, COMPLETIONS)),
                       help="script that completes flags and names: " + ", ".join(COMPLETIONS))
    group.add_argument("--version", action=Show, nargs=0,
                       const=lambda parser: "sizing.py %s\n" % __version__, help="the version")
    group.add_argument("-h", "--help", action=Show, nargs=0, const=Parser.format_help, help="this help")
    return parser


def one_of(group: argparse._ArgumentGroup, options: Mapping[str, Mapping]) -> None:
    """Options of which a command line has one at most."""
    exclusive = group.add_mutually_exclusive_group()
    for option, settings in options.items():
        exclusive.add_argument(option, **settings)


def helped() -> dict[str, dict[str, str]]:
    """HELP with every flag that has a value."""
    told = {name for texts in HELP.values() for name in texts}
    others = {name: row.description.en.rstrip(".") for name, row in FLAGS.items() if name not in told}
    return {**HELP, OUTPUT_GROUP: {**HELP[OUTPUT_GROUP], **others}}


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line as checked values; raises SizingError."""
    parser = build_parser()
    try:
        args, unknown = parser.parse_known_args(argv)
    except IndexError:                                   # argparse before Python 3.10, on `-h=`
        raise SizingError("argument -h/--help: expected no value") from None
    if unknown:
        known = [option for action in parser._actions for option in action.option_strings]
        raise SizingError("unknown argument %s%s" % (short(unknown[0]), flag_meant(unknown[0], known)))
    for name in FLAGS:
        if isinstance(getattr(args, name), list):        # `--flag=--` before Python 3.13
            raise SizingError("argument %s: expected one argument" % flag(name))
    given = vars(args).setdefault("given", {})
    for name, value in of_use_case(args.use_case).items():
        if name not in given:
            given[name] = value
            setattr(args, name, value)
    if not args.listing:
        for context in values_of(args.effective_context):
            check_together(with_values(args, effective_context=context))
    check_outputs(args)
    return args


def values_of(value) -> tuple:
    return value if isinstance(value, Several) else (value,)


def with_values(args: argparse.Namespace, **values) -> argparse.Namespace:
    return argparse.Namespace(**{**vars(args), **values})


def check_outputs(args: argparse.Namespace) -> None:
    """Raise SizingError when an output is asked for that a list, or --full, does not have."""
    for name in OUTPUTS:
        if getattr(args, name) and args.listing and name not in OUTPUTS_OF_LISTS:
            raise SizingError("argument %s: not allowed with argument --list-%s" % (flag(name), args.listing))
        if getattr(args, name) and args.full and name not in OUTPUTS_IN_FULL:
            raise SizingError("argument --full: not allowed with argument %s" % flag(name))


def flag_meant(text: str, known: Iterable[str]) -> str:
    """What an unknown argument is called here: by the engines' flags, or the nearest of ours."""
    word = text.partition("=")[0]
    ours = ENGINE_FLAGS.get("--" + word.lstrip("-").replace("_", "-").lower()) if word[:1] == "-" else None
    return "; here it is %s" % ours if ours else nearest(word, known)


def check_together(args: argparse.Namespace) -> None:
    """Raise SizingError when flags are missing or contradict each other."""
    needed = [name for name, row in FLAGS.items() if row.flag.required]
    searched = args.effective_context == "max"
    loads = [name for name in LOADS if getattr(args, name) is not None and not (searched and name == "nodes")]
    if searched:
        needed.append("nodes")
        expect(args.requests_per_s is None, "another way to state the load with --effective-context max",
               args.requests_per_s, "argument --requests-per-s")
    if len(loads) > 1:
        first, *_, last = loads
        raise SizingError("argument %s: expected instead of %s%s" % (
            flag(last), flag(first), ", or both with --effective-context max" if last == "nodes" else ""))
    if loads:
        needed.remove("concurrency")
    check_pairs(args)
    if args.acceptance_length is not None and not args.draft_tokens:
        raise SizingError("argument --acceptance-length: expected together with --draft-tokens")
    measured = [name for name in ("measured_tpot_ms", "measured_ttft_ms") if getattr(args, name) is not None]
    if measured and args.measured_sessions is None:
        raise SizingError("argument %s: expected together with --measured-sessions" % flag(measured[0]))
    if not measured and args.measured_sessions is not None:
        raise SizingError("argument --measured-sessions: expected together with --measured-tpot-ms or "
                          "--measured-ttft-ms")
    missing = ["--concurrency or --nodes" if name == "concurrency" and "nodes" not in needed else flag(name)
               for name in needed if getattr(args, name) is None]
    if missing:
        raise SizingError("missing %s; see --help, --list-models and --list-servers" % ", ".join(missing))


def check_pairs(args: argparse.Namespace) -> None:
    """Raise SizingError when flags that say nothing alone, or two prices of the nodes, are given."""
    given = [name for name in FLAGS if getattr(args, name) is not None]
    for names in TOGETHER:
        missing = [name for name in names if name not in given]
        if len(missing) < len(names) and missing:
            raise SizingError("argument %s: expected together with %s" % (
                flag(next(name for name in names if name in given)), " and ".join(map(flag, missing))))
    prices = [name for name in NODE_PRICES if name in given]
    servers = len(values_of(args.server))
    several = [name for name in prices if len(values_of(getattr(args, name))) > 1]
    if several and ALL in map(str.lower, values_of(args.server)):
        raise SizingError("argument %s: expected one price with --server all, or one for each server that "
                          "--server names" % flag(several[0]))
    for name in prices:
        count = len(values_of(getattr(args, name)))
        expect(count in (1, servers), "one price, its decimals behind a point, or one for each of %d servers"
               % servers, count, "argument " + flag(name))
    if len(prices) > 1:
        raise SizingError("argument --node-price: expected instead of --node-price-per-hour")
    if "api_price_per_million_tokens" in given and not prices:
        raise SizingError("argument --api-price-per-million-tokens: expected together with "
                          "--node-price-per-hour or --node-price")


def check_length(args: argparse.Namespace, model: Model) -> None:
    """Raise SizingError when the request asked for is longer than the context of its session."""
    given = args.given
    if "input_tokens" not in given and "output_tokens" not in given:
        return
    most, total = model.max_position_embeddings, args.input_tokens + args.output_tokens
    context = most if args.effective_context == "max" else min(args.effective_context, most)
    if total <= context:
        return
    sizes = " + ".join("%s%s %d" % ("" if name in given else "the default ", flag(name), getattr(args, name))
                       for name in ("input_tokens", "output_tokens"))
    raise SizingError("argument --effective-context: expected at least %d (%s), got %d%s" % (
        total, sizes, context, "; %s takes at most %d" % (short(model.name), most) if total > most else ""))


def is_path(text: str) -> bool:
    """Whether a --model value that is in no catalog may name a file or folder."""
    return os.sep in text or "/" in text or text.endswith(".json") or text in (os.curdir, os.pardir)


def kv_per_token_kib(model: Model) -> float:
    """KV of one more token at the model's maximum context, at its default precision."""
    sheets = [kv_sheet(model, model.max_position_embeddings - less, model.default_kv_precision)
              for less in (0, 1)]
    grown, before = (sum(sheet[name] for name in sheet.parts["kv_bytes"]) for sheet in sheets)
    return (grown - before) / 1024


def narrowed(value: float, decimals: int, wide: int) -> float:
    """`value` for a narrow column: from `wide` on with a decimal less."""
    return round(value, decimals - (value >= wide))


def titled(record) -> str:
    return " = ".join(filter(None, [record.name, other_name(record)]))


def gpu_link(server: Server) -> float | str | None:
    return "PCIe" if server.gpu_interconnect == "pcie" else server.nvlink_bandwidth_tbps


# What --list-* shows: the catalog's key, file and loader; per column its heading and a field or function; a
# note. Words are short: a table has 80 columns.
Listing = namedtuple("Listing", "key file load columns note")
OTHER_MAKERS = Text("outros", "other")
LISTS = {
    "models": Listing("models", "models.json", load_models, (
        (Text("Modelo", "Model"), titled),
        (Text("Família", "Family"), lambda model: model.attention_pattern.replace("_", " ")),
        (Text("Máx. tokens (k)", "Max. tokens (k)"), lambda model: model.max_position_embeddings / 1024),
        ("KV", "default_kv_precision"),
        (Text("KV por token (KiB)", "KV per token (KiB)"),
         lambda model: narrowed(kv_per_token_kib(model), 2, 100)),
        (Text("KV máx. (GiB)", "KV max. (GiB)"), lambda model: round(calc_kv_per_session_gib(
            model, model.max_position_embeddings, model.default_kv_precision)[0], 1)),
        (Text("Pesos (GiB)", "Weights (GiB)"),
         lambda model: model.weights_gib and narrowed(model.weights_gib, 1, 1000))),
        Text("Máx. tokens: o maior contexto, k = 1.024; KV: precisão padrão; KV por token: de um token a "
             "mais no maior contexto; KV máx.: de uma sessão nele.",
             "Max. tokens: the longest context, k = 1,024; KV: default precision; KV per token: of one token "
             "more at the longest context; KV max.: of one session there.")),
    "servers": Listing("servers", "servers.json", load_servers, (
        (Text("Servidor", "Server"), titled), ("GPU", "gpu"), ("GPUs", "gpus"),
        (Text("HBM do nó (GiB)", "HBM of node (GiB)"),
         lambda server: round(float(server_sheet(server)["hbm_total_gib"]), 1)),
        (Text("HBM por GPU (TB/s)", "HBM per GPU (TB/s)"), "hbm_bandwidth_per_gpu_tbps"),
        (Text("Entre GPUs (TB/s)", "GPU to GPU (TB/s)"), gpu_link),
        (Text("Potência (kW)", "Power (kW)"), "max_power_kw"),
        (Text("Altura (U)", "Height (U)"), "rack_units")),
        Text("Entre GPUs: NVLink ou Infinity Fabric do nó, as duas direções somadas.",
             "GPU to GPU: the node's NVLink or Infinity Fabric, both directions together.")),
    "storage": Listing("profiles", "storage.json", load_storage_profiles, (
        (Text("Perfil", "Profile"), titled), (Text("Tipo", "Type"), "type"),
        (Text("Leitura (GB/s)", "Read (GB/s)"), "throughput_read_gbps"),
        ("p50 (ms)", "latency_read_ms_p50"), ("p99 (ms)", "latency_read_ms_p99")),
        Text("p50 e p99: latência de leitura.", "p50 and p99: latency of a read.")),
}
KINDS = {name: name if name in LISTS else name + "s" for name in RECORDS}


def catalog_blocks(kind: str, records: Mapping, lang: str) -> list[tuple]:
    def cell(record, value):
        found = value(record) if callable(value) else getattr(record, value)
        return "—" if found is None else written(found, lang)
    columns, note = LISTS[kind].columns, written(LISTS[kind].note, lang)
    rows = {name: [cell(record, value) for _, value in columns] for name, record in records.items()}
    if any("—" in row for row in rows.values()):
        note += " —: %s." % written(NOT_STATED, lang)
    headings = [written(heading, lang) for heading, _ in columns]
    if kind != "models":
        return [("table", headings, list(rows.values())), ("paragraph", note)]
    makers: dict[str, list] = {}
    for name in sorted(rows, key=lambda name: (not records[name].maker, (records[name].maker or "").lower())):
        makers.setdefault(records[name].maker or written(OTHER_MAKERS, lang), []).append(rows[name])
    return [("groups", headings, list(makers.items())), ("paragraph", note)]


def catalog_path(args: argparse.Namespace, kind: str) -> str:
    return getattr(args, kind + "_file") or shipped_path(kind)


def shipped_path(kind: str) -> str:
    """The catalog beside this module, through a link to it too."""
    return os.path.join(os.path.dirname(os.path.realpath(__file__)), LISTS[kind].file)


def catalog(args: argparse.Namespace, kind: str) -> dict:
    """The user's entries, if any, and the shipped ones that they do not replace.

    An entry that replaces another is known by the aliases of that one too.
    """
    shipped, own = LISTS[kind].load(shipped_path(kind)), getattr(args, kind + "_file")
    if own is None:
        return shipped
    records: dict = LISTS[kind].load(own)
    names = {name.lower(): name for name in records}
    left = {}
    for name, record in shipped.items():
        mine = names.get(name.lower())
        if mine is None:
            left[name] = record
        elif record.aliases:
            aliases = [*(records[mine].aliases or ()), *record.aliases]
            records[mine] = replace(records[mine], aliases=list(dict.fromkeys(aliases)))
    records.update(left)
    return records


def replaces(record, shipped: Mapping) -> bool:
    found = find_entry(record.name, shipped)
    return found is not None and found.name.lower() == record.name.lower() and found != record


def find_entry(wanted: str, records: Mapping):
    """The record of that name, else of that name whatever its case, else of that alias; None without one."""
    folded = wanted.lower()
    named = [record for name, record in records.items() if name.lower() == folded]
    aliased = (record for record in records.values() if folded in (record.aliases or ()))
    return records.get(wanted) or next(iter(named), None) or next(aliased, None)


# A GPU's generation in a name: its letters and digits, or the digits alone as in dgx300. A cloud's instance
# type stands for one.
GENERATION = r"(gb|gh|mi|[abhlvtp])[-_ ]?(\d{2,3})|(\d{3,4})"
INSTANCE_TYPE = r"a\d-[a-z]+gpu|(?<![a-z0-9])[pg]\d[a-z]*(?=[.-])|nd\d+[a-z]+"


def generation(text: str) -> str:
    found = re.search(GENERATION, text.lower())
    return "".join(part or "" for part in found.groups()) if found else ""


def names_of(record) -> list[str]:
    return [record.name, *(record.aliases or ())]


def same_generation(wanted: str, record) -> bool:
    """Whether a wrong name may mean a record: only its own GPU generation, where it names one."""
    named, cloud = generation(wanted), re.search(INSTANCE_TYPE, wanted.lower())
    if not isinstance(record, Server):
        return True
    if cloud and not named:
        return any(cloud[0] in re.findall(INSTANCE_TYPE, name.lower()) for name in names_of(record))
    gpu = generation(record.gpu or record.name)
    return named in gpu if named.isdigit() else gpu.startswith(named)


def nearest_entry(wanted: str, records: Mapping) -> str:
    """`; did you mean 'x'?` for the entry whose name or alias is closest, or a list of them."""
    likely = {name: record for name, record in records.items() if same_generation(wanted, record)}
    words = {word: name for name, record in likely.items() for word in names_of(record)}
    close = closest(wanted, words)
    if close is None:
        return listed(likely or records)
    return "; did you mean %r%s?" % (words[close], "" if close == words[close] else " (%s)" % close)


def pick(args: argparse.Namespace, name: str, kind: str, records: Mapping):
    """The record the user named with the flag `name`; raises SizingError naming the nearest."""
    wanted = getattr(args, name)
    record = find_entry(wanted, records)
    if record is None:
        raise SizingError("argument %s: %s is not in %s%s; see --list-%s%s" % (
            flag(name), short(wanted), catalog_names(args, kind), nearest_entry(wanted, records), kind,
            ", or " + TO_GIVE if name == "model" else ""))
    return record


def catalog_names(args: argparse.Namespace, kind: str) -> str:
    files = [catalog_path(args, kind), shipped_path(kind)]
    return " or ".join(dict.fromkeys(map(os.path.basename, files)))


TO_GIVE = "give the path of the model's config.json or of the folder that holds it"


def pick_model(args: argparse.Namespace, models: Mapping) -> Model:
    """The model of a catalog name, a path or a hub's `org/name`, in this order; raises SizingError."""
    wanted = args.model
    record = find_entry(wanted, models)
    if record is None and (is_path(wanted) or wanted.lower().endswith(".gguf")):
        record = None if os.path.lexists(wanted) else find_entry(hub_model(wanted), models)
        return record or read_model_path(args, models)
    return record or pick(args, "model", "models", models)


def hub_model(wanted: str) -> str:
    """The model in a hub's `org/name`; "" where it is none."""
    org, _, name = wanted.partition("/")
    return name if org.strip(".") and "/" not in name else ""


def read_model_path(args: argparse.Namespace, models: Mapping) -> Model:
    """The model in a file or folder; raises SizingError, which says what to give instead."""
    path = args.model
    folder = os.path.isdir(path)
    bare = folder and not os.path.lexists(os.path.join(path, "config.json"))
    asked = bare or (not folder and (os.path.lexists(path) or path.lower().endswith(".gguf")))
    told = no_config(path) if asked else ""
    if told:
        raise SizingError("argument --model: " + told)
    if bare:
        raise SizingError("argument --model: %s is a folder without config.json; %s" % (short(path), TO_GIVE))
    if not path.endswith(".json") and not os.path.lexists(path):
        near = nearest_entry(hub_model(path), models) if hub_model(path) else ""
        raise SizingError("argument --model: %s is not in %s and no path%s; see --list-models, or %s"
                          % (short(path), catalog_names(args, "models"), near, TO_GIVE))
    return read_model(path, with_shipped(getattr(models, "families", ())), args.accept_keys,
                      args.weights_precision)


# A record, and whether it is the user's in place of one shipped by its name.
Picked = namedtuple("Picked", "record replaces")


def pick_record(args: argparse.Namespace, name: str, known: Mapping[str, Mapping]) -> Picked:
    """The record that the flag `name` means, among those known by kind; raises SizingError."""
    kind = KINDS[name]
    record = pick_model(args, known[kind]) if name == "model" else pick(args, name, kind, known[kind])
    if known[kind].get(record.name) is not record:       # read from a path
        return Picked(record, False)
    if name == "model" and args.accept_keys:
        raise SizingError("argument --accept-keys: expected with a --model that is a path, got %s of %s"
                          % (short(args.model), catalog_names(args, "models")))
    own = getattr(args, kind + "_file") is not None
    return Picked(record, own and replaces(record, LISTS[kind].load(shipped_path(kind))))


def catalogs(args: argparse.Namespace) -> dict[str, dict]:
    return {kind: catalog(args, kind) for kind in LISTS}


def read_request(args: argparse.Namespace) -> tuple[Request, dict[str, Server]]:
    """What was asked for, and the server catalog; raises SizingError."""
    known = catalogs(args)
    return request_of(args, {name: pick_record(args, name, known) for name in RECORDS}), known["servers"]


def request_of(args: argparse.Namespace, picked: Mapping[str, Picked]) -> Request:
    """The request of a command line without lists; raises SizingError."""
    records = {name: one.record for name, one in picked.items()}
    check_length(args, records["model"])
    model = with_weights(records["model"], args.weights_precision)
    asked = {name: value for name, value in vars(args).items() if name in REQUEST_NAMES}
    return Request.of({**asked, **records, "model": model,
                       "replaced_entries": tuple(name for name, one in picked.items() if one.replaces),
                       "kv_precision": args.kv_precision or model.default_kv_precision})


def respond(args: argparse.Namespace) -> tuple[int, Mapping[str, Callable[[], str | Pieces]]]:
    """(exit status, {format: what renders it}) of a checked command line; raises SizingError."""
    if args.listing:
        records = catalog(args, args.listing)
        return 0, formats(args.lang, lambda: catalog_blocks(args.listing, records, args.lang),
                          lambda: {LISTS[args.listing].key: [asdict(record) for record in records.values()]})
    if any(isinstance(getattr(args, name), Several) for name in SWEPT):
        return respond_to_many(args)
    found = make_answer(*read_request(args), args.lang, args.scenario)
    return 1 if found.levers else 0, {
        **formats(args.lang, lambda: report_blocks(found, args.full), lambda: report_json(found)),
        "summary": lambda: render_text(screen_blocks(found), text_columns()),
        "csv": lambda: render_csv(CSV_HEADERS, csv_rows(found))}


def formats(lang: str, blocks: Callable[[], list[tuple]],
            data: Callable[[], dict]) -> dict[str, Callable[[], str]]:
    return {"text": lambda: render_text(blocks(), text_columns()), "json": lambda: render_json(data()),
            "markdown": lambda: render_markdown(blocks()), "html": lambda: render_html(blocks(), lang)}


def shown_formats(args: argparse.Namespace) -> list[str]:
    """What standard output gets: as chosen; else what a terminal has room for, or text, then JSON."""
    chosen = [name.replace("_only", "") for name in OUTPUTS if getattr(args, name)]
    if chosen:
        return chosen
    if args.listing or (args.full and is_terminal(sys.stdout)):
        return ["text"]
    return ["summary"] if is_terminal(sys.stdout) else ["text", "json"]


def is_terminal(stream) -> bool:
    descriptor = descriptor_of(stream)
    return descriptor >= 0 and os.isatty(descriptor)


def text_columns() -> int:
    """COLUMNS, or those of the terminal, within what the report can use; the widest when there is neither."""
    asked = os.environ.get("COLUMNS", "")
    if re.fullmatch("0*[1-9][0-9]{0,5}", asked):
        return max(MIN_COLUMNS, min(MAX_COLUMNS, int(asked)))
    try:
        columns = os.get_terminal_size(descriptor_of(sys.stdout)).columns
    except OSError:                                      # no terminal, or no standard output at all
        return MAX_COLUMNS
    return max(MIN_COLUMNS, min(MAX_COLUMNS, columns or MAX_COLUMNS))


# --- Many cases

MOST_CASES = 10**5                                       # some minutes to size and write
PROGRESS_AFTER_S, PROGRESS_EVERY_S = 2, 0.2
KEPT_BYTES = 2**25                                       # of CSV or JSON in memory; more lies on disk


def lists_of(args: argparse.Namespace, known: Mapping[str, Mapping]) -> dict[str, Sequence]:
    """{flag: its values} of the flags with a list; raises SizingError when they make too many cases."""
    lists = {name: getattr(args, name) for name in SWEPT if isinstance(getattr(args, name), Several)}
    for name in {*RECORDS} & {*lists}:
        records = known[KINDS[name]]
        if [text.lower() for text in lists[name]] == [ALL] and find_entry(ALL, records) is None:
            lists[name] = Several(records)
    count = math.prod(map(len, lists.values()))
    if count > MOST_CASES:
        raise SizingError("%s: %d combinations (%s); expected at most %d" % (
            ", ".join(map(flag, lists)), count, " x ".join(str(len(values)) for values in lists.values()),
            MOST_CASES))
    return lists


def pick_each(args: argparse.Namespace, lists: Mapping[str, Sequence],
              known: Mapping[str, Mapping]) -> dict[tuple, Picked]:
    """{(flag, value, weights_precision): what it means}; raises SizingError, for two that are one too."""
    found: dict[tuple, Picked] = {}
    precisions = lists.get("weights_precision", [args.weights_precision])
    for name, precision in product(RECORDS, precisions):     # a config.json is read for a weight format
        meant: dict = {}                                     # {record: the value that means it}
        for value in lists.get(name, [getattr(args, name)]):
            one = pick_record(with_values(args, weights_precision=precision, **{name: value}), name, known)
            if one.record in meant:
                raise SizingError("argument %s: expected each value once, got %s and %s"
                                  % (flag(name), short(meant[one.record]), short(value)))
            meant[one.record] = value
            found[name, value, precision] = one
    return found


def each_case(args: argparse.Namespace, lists: Mapping[str, Sequence],
              picked: Mapping[tuple, Picked]) -> Iterator[Case]:
    """Every combination of the lists, the last varying fastest, each sized."""
    for values in product(*lists.values()):
        one = with_values(args, **dict(zip(lists, values)))
        for name in NODE_PRICES:
            prices = values_of(getattr(args, name))
            if len(prices) > 1:
                setattr(one, name, prices[args.server.index(one.server)])
        chosen = {name: picked[name, getattr(one, name), one.weights_precision] for name in RECORDS}
        asked = {name: getattr(one, name) for name in FLAGS if name in REQUEST_NAMES and name not in RECORDS}
        asked.update(requested_context=one.effective_context, weights_precision=one.weights_precision)
        told = {**{name: getattr(one, name) for name in SWEPT},
                **{name: picked_one.record.name for name, picked_one in chosen.items()},
                "kv_precision": one.kv_precision or chosen["model"].record.default_kv_precision}
        try:
            request = with_load(checked(request_of(one, chosen)))
            plans = sized(request)
        except SizingError as error:
            request, plans = None, error
        failed = isinstance(plans, SizingError)
        yield Case(told, request, None if failed else plans, str(plans) if failed else None, asked)


class Pieces:
    """A long text that is written piece by piece: those of a spool, and what stands around them."""

    def __init__(self, spool: Spool, spans: Iterable[tuple[int, int]], *around: str):
        self.spool, self.spans, (self.head, self.between, self.tail) = spool, list(spans), around

    def __iter__(self) -> Iterator[str]:
        yield self.head
        for at, span in enumerate(self.spans):
            yield (self.between if at else "") + self.spool.read(*span)
        yield self.tail


class Spool:
    """Pieces of text that are read again in any order; on disk when they are many. Raises SizingError."""

    def __init__(self) -> None:
        from tempfile import SpooledTemporaryFile        # only lists pay for it
        self.file, self.end = SpooledTemporaryFile(KEPT_BYTES), 0    # noqa: SIM115  closed with its reader

    def __del__(self) -> None:
        self.file.close()

    def add(self, text: str) -> tuple[int, int]:
        data = text.encode("utf-8")
        try:
            self.file.write(data)
        except OSError as error:
            raise SizingError("cannot write a temporary file: %s" % (error.strerror or error)) from None
        self.end += len(data)
        return self.end - len(data), len(data)

    def read(self, start: int, length: int) -> str:
        self.file.seek(start)
        return self.file.read(length).decode("utf-8")


@contextmanager
def progress(count: int, lang: str) -> Iterator[Callable[[int], None]]:
    """A function that tells a terminal's stderr how many are done, once they take long; no line stays."""
    from time import monotonic
    shown, width, watched = monotonic() + PROGRESS_AFTER_S - PROGRESS_EVERY_S, 0, is_terminal(sys.stderr)

    def tell(done: int) -> None:
        nonlocal shown, width
        if watched and monotonic() - shown >= PROGRESS_EVERY_S:
            line = fill(WORDS["progress"], {"done": done, "count": count, "share": done / count}, lang)
            shown, width = monotonic(), len(line)
            write_stream(sys.stderr, "\r" + line)
    try:
        yield tell
    finally:
        if width:
            write_stream(sys.stderr, "\r%s\r" % (" " * width))


def respond_to_many(args: argparse.Namespace) -> tuple[int, Mapping[str, Callable[[], str | Pieces]]]:
    """As respond, for a command line with lists."""
    known = catalogs(args)
    lists = lists_of(args, known)
    picked = pick_each(args, lists, known)
    wanted = {*shown_formats(args), *stated({name: output_file(args, name) for name in OUTPUT_FILES})}
    spools = {name: Spool() for name in ("csv", "json") if name in wanted}
    rows: list[CaseRow] = []
    unfit: list[Case] = []
    assumed = ""
    with progress(math.prod(map(len, lists.values())), args.lang) as tell:
        for case in each_case(args, lists, picked):
            rows.append(case_row(case, args, spools, bool(wanted - {*spools})))
            if not (rows[-1].fits or rows[-1].error) and len(unfit) < MOST_WITH_LEVERS:
                unfit.append(case)
            assumed = assumed or workload(case, args)
            tell(len(rows))
    order = in_order(rows, args.sort_by)
    spans = {name: [row.pieces[name] for row in order] for name in spools}
    names = {(name, value): one.record.name for (name, value, _), one in picked.items()}
    axes = {name: [written(names.get((name, value), value), args.lang) for value in values]
            for name, values in lists.items()}

    def blocks():
        told = what_would_fit(unfit, sum(not row.fits and not row.error for row in rows), lists, known, args)
        return case_blocks(Cases(rows, order, axes, assumed, told, args.scenario, args.lang))
    return int(not all(row.fits for row in rows)), {
        **formats(args.lang, blocks, dict), "summary": lambda: render_text(blocks(), text_columns()),
        "csv": lambda: Pieces(spools["csv"], spans["csv"], csv_lines([CSV_HEADERS]), "", ""),
        "json": lambda: Pieces(spools["json"], spans["json"], *JSON_OF_CASES)}


JSON_OF_CASES = (render_json({"schema_version": SCHEMA_VERSION, "tool_version": __version__})[:-3]
                 + ',\n  "cases": [\n', ",\n", "\n  ]\n}\n")


def case_row(case: Case, args: argparse.Namespace, spools: Mapping[str, Spool], in_table: bool) -> CaseRow:
    lead, lang = args.scenario, args.lang
    pieces = {}
    if "csv" in spools:
        pieces["csv"] = spools["csv"].add(csv_lines(case_csv(case, lead, lang)))
    if "json" in spools:
        text = render_json(case_json(case, lead, lang, args.full)).rstrip()
        pieces["json"] = spools["json"].add("    " + text.replace("\n", "\n    "))
    cells = case_cells(case, lead, lang) if in_table else {}
    if case.plans is None:
        return CaseRow(cells, None, None, case.error, False, pieces)
    sheet = case.plans[lead].sheet
    key = sheet.find(args.sort_by.lstrip("-")) if args.sort_by else None
    fits = all(plan.nodes_final is not None for plan in case.plans.values() if plan.applies)
    return CaseRow(cells, sheet.find("nodes_final"), key, None, fits, pieces)


def workload(case: Case, args: argparse.Namespace) -> str:
    """What the figures of a case assume, which no list changes; "" where it was not sized."""
    if case.plans is None:
        return ""
    sheet = case.plans[leading(case.plans, args.scenario)].sheet
    tables = [ASSUMED, *([TRAFFIC["use_case"]] if case.request.use_case else [])]
    return "; ".join(fill(first_that_holds(table, sheet), sheet, args.lang) for table in tables)


def in_order(rows: Sequence[CaseRow], sort_by: str | None) -> list[CaseRow]:
    """The rows as given, or sorted by their key, those without one last."""
    if sort_by is None:
        return [*rows]
    keyed = sorted((row for row in rows if row.key is not None), key=lambda row: row.key,
                   reverse=sort_by.startswith("-"))
    return [*keyed, *(row for row in rows if row.key is None)]


def what_would_fit(unfit: Sequence[Case], count: int, lists: Mapping[str, Sequence],
                   known: Mapping[str, Mapping], args: argparse.Namespace) -> list[tuple]:
    """What would make the cases fit that do not, where they are few; else how to find out."""
    lang = args.lang
    if count > MOST_WITH_LEVERS:
        return [("paragraph", fill(WORDS["unfit_cases"], {"count": count}, lang))]
    lines = [(", ".join(written(case.values[name], lang) for name in lists),
              lever_line(find_levers(case.request, case.plans, known["servers"]), lang))
             for case in unfit]
    return [("heading", *words(lang, "would_fit")), ("pairs", lines)] if lines else []


# --- Completion by shells, for what the parser knows

# An option's spellings, the words its value may be (None: it has none), whether also a file, and its help.
Completed = namedtuple("Completed", "spellings words files help")
BASH = """\
# Completes sizing.py in bash: source <(python3 sizing.py --completion bash)
# `python3 sizing.py` too, in place of what completes python3: complete -o default -F _sizing python3
_sizing() {
    local word words=() files= current=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD-1]}
    COMPREPLY=()
    if [[ ${COMP_WORDS[0]##*/} == python* ]]; then
        [[ $COMP_CWORD -gt 1 && ${COMP_WORDS[1]##*/} == sizing.py ]] || return 0
    fi
    [[ $current == = ]] && current=
    [[ $flag == = ]] && flag=${COMP_WORDS[COMP_CWORD-2]}
    case $flag in
%s
        *) words=(%s);;
    esac
    for word in "${words[@]}"; do
        [[ $word == "$current"* ]] && COMPREPLY+=("$(printf %%q "$word")")
    done
    if [[ $files && ${#COMPREPLY[@]} -eq 0 ]]; then
        compopt -o filenames 2>/dev/null
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current")
    fi
    return 0
}
complete -F _sizing sizing.py
"""
ZSH = """\
# Completes sizing.py in zsh, after compinit: source <(python3 sizing.py --completion zsh)
# `python3 sizing.py` too, in place of what completes python3: compdef _sizing python3
_sizing() {
    if [[ ${words[1]:t} == python* ]]; then
        if [[ $CURRENT -le 2 || ${words[2]:t} != sizing.py ]]; then _files; return; fi
        shift words
        (( CURRENT-- ))
    fi
%s
    _arguments %s
}
compdef _sizing sizing.py
"""
FISH = """\
# Completes sizing.py and python3 sizing.py in fish: python3 sizing.py --completion fish | source
function _sizing
    complete -c sizing.py $argv
    complete -c python3 -n 'string match -q -- "*sizing.py" (commandline -opc)[2]' $argv
end
complete -c sizing.py -f
%s
"""


def completion(parser: Parser, shell: str = "") -> str:
    """The script with which a shell completes command lines; raises SizingError."""
    if not shell:                                        # `--completion=--` before Python 3.13
        raise SizingError("argument --completion: expected one argument")
    return COMPLETIONS[shell]([
        Completed(action.option_strings, None if action.nargs == 0 else value_words(action.dest),
                  action.dest == "model" or action.metavar == "PATH", action.help or "")
        for action in parser._actions])


def value_words(name: str) -> list[str]:
    """What the value of a flag may be, as far as it is words: a choice, or a name of the shipped catalogs."""
    if name in RECORDS:
        kind = KINDS[name]
        return [word for record in LISTS[kind].load(shipped_path(kind)).values()
                for word in (record.name, *(record.aliases or ()))]
    choices = {**FLAG_CHOICES, "completion": COMPLETIONS}.get(name, ())
    return [*choices, *filter(None, [FLAGS[name].flag.word if name in FLAGS else None])]


def quoted(words: Iterable[str]) -> str:
    from shlex import quote
    return " ".join(map(quote, words))


def spellings(rows: Iterable[Completed]) -> list[str]:
    return [spelling for row in rows for spelling in row.spellings]


def for_bash(rows: Sequence[Completed]) -> str:
    told = [row for row in rows if row.words or row.files]
    free = spellings(row for row in rows if row.words == [] and not row.files)
    cases = ["%s) words=(%s)%s;;" % ("|".join(row.spellings), quoted(row.words), " files=1" * row.files)
             for row in told]
    cases += ["|".join(free) + ") ;;"] if free else []
    return BASH % ("\n".join("        " + case for case in cases), quoted(spellings(rows)))


def for_zsh(rows: Sequence[Completed]) -> str:
    arrays, specs = [], []
    for row in rows:
        for spelling in row.spellings:
            name, takes = "of" + spelling.replace("-", "_"), row.words is not None
            found = ["compadd -a " + name] * bool(row.words) + ["_files"] * row.files
            if row.words:
                arrays.append("    local -a %s=(%s)" % (name, quoted(row.words)))
            specs.append("%s%s[%s]%s" % (spelling, "=" * takes, re.sub(r"([][\\:])", r"\\\1", row.help),
                                         ":value:{%s}" % ("; ".join(found) or "true") if takes else ""))
    return ZSH % ("\n".join(arrays), " \\\n        ".join(map(quoted, [[spec] for spec in specs])))


def for_fish(rows: Sequence[Completed]) -> str:
    def quote(text):
        return "'%s'" % text.replace("\\", "\\\\").replace("'", "\\'")
    lines = []
    for row in rows:
        names = ["-%s %s" % ("l" if one.startswith("--") else "s", one.lstrip("-"))
                 for one in row.spellings]
        value = "" if row.words is None else " -rF" if row.files else " -rf"
        value += " -a " + quote(" ".join(map(quote, row.words))) if row.words else ""
        lines.append("_sizing %s%s -d %s" % (" ".join(names), value, quote(row.help)))
    return FISH % "\n".join(lines)


COMPLETIONS: dict[str, Callable[[Sequence[Completed]], str]] = {
    "bash": for_bash, "zsh": for_zsh, "fish": for_fish}


# === Output: files first, whole or not at all; then standard output ===

def write_files(contents: Mapping[str, str | Pieces], protected: Mapping[str, str]) -> None:
    """Write {path: text}; raises SizingError when one cannot be written or is one of `protected`.

    A regular file is replaced by a finished temporary beside it, and only when all temporaries are finished;
    a device, pipe or link target is written in place before.
    """
    path = ""
    try:
        with temporaries_removed() as temporaries:
            for path in contents:
                check_target(path, protected)
                if not in_place(path):
                    temporaries[path] = os.path.join(os.path.dirname(path), ".%s.tmp" % os.urandom(6).hex())
                    write_temporary(temporaries[path], path, contents[path])
            for path in contents:
                if in_place(path):
                    with open(path, "w", encoding="utf-8", newline="\n") as file:
                        file.writelines(pieces_of(contents[path]))
            for path, temporary in temporaries.items():
                os.replace(temporary, path)
    except OSError as error:
        raise SizingError("%s: cannot write: %s" % (path, error.strerror or error)) from None


ENDING_SIGNALS = ("SIGHUP", "SIGTERM", "SIGQUIT", "SIGXCPU")


@contextmanager
def temporaries_removed() -> Iterator[dict[str, str]]:
    """{path: its temporary}, of which an error or a signal leaves none."""
    import signal                                        # only files pay for it
    temporaries: dict[str, str] = {}

    def remove() -> None:
        for temporary in temporaries.values():           # those that were not moved
            with suppress(OSError):
                os.unlink(temporary)

    def end(number: int, _frame: object) -> None:
        remove()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def handle(handler) -> None:
        with suppress(ValueError):                       # only the main thread may handle signals
            for number in handled:
                signal.signal(number, handler)

    handled = [number for number in signal.Signals
               if number.name in ENDING_SIGNALS and signal.getsignal(number) == signal.SIG_DFL]
    try:
        handle(end)
        yield temporaries
    finally:
        remove()
        handle(signal.SIG_DFL)


def in_place(path: str) -> bool:
    """Whether `path` is something that must not be replaced: a link, a device, a pipe."""
    return os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode)


def is_same_file(path: str, other: str) -> bool:
    """Whether two names mean one file, by links or another spelling too; it may still have to be made."""
    try:
        if os.path.exists(path) and os.path.exists(other):
            return os.path.samefile(path, other)
        return os.path.realpath(path) == os.path.realpath(other)
    except (OSError, ValueError):                        # without a working folder a relative name is none
        return False


def protected_files(args: argparse.Namespace) -> dict[str, str]:
    """{path: what it is} of all that a run reads or could read."""
    model = [file for path in values_of(args.model) if path and is_path(path) for file in model_files(path)]
    catalogs = [path for kind in LISTS for path in (catalog_path(args, kind), shipped_path(kind))]
    return {**dict.fromkeys(model, "a file of the model"), **dict.fromkeys(catalogs, "a catalog"),
            __file__: "this program"}


def check_target(path: str, protected: Mapping[str, str]) -> None:
    """Raise SizingError when writing `path` would destroy what is `protected` or run into standard output."""
    for other, meaning in protected.items():
        if is_same_file(path, other):
            raise SizingError("%s: is %s; choose another output file" % (path, meaning))
    stdout = descriptor_of(sys.stdout)
    if stdout >= 0 and os.path.exists(path):
        found = os.stat(path)
        if os.path.samestat(found, os.fstat(stdout)) and not stat.S_ISCHR(found.st_mode):
            raise SizingError("%s: is standard output already; choose another output file" % path)


def write_temporary(temporary: str, path: str, text: str | Pieces) -> None:
    """A finished file at `temporary`, with the permissions of `path` where that exists."""
    mode = None
    if os.path.exists(path):
        mode = stat.S_IMODE(os.stat(path).st_mode)
        os.close(os.open(path, os.O_WRONLY))             # a file that may not be written stays
    with open(temporary, "x", encoding="utf-8", newline="\n") as file:
        file.writelines(pieces_of(text))
    if mode is not None:
        os.chmod(temporary, mode)


def descriptor_of(stream) -> int:
    """The file descriptor of standard output or error; -1 when it is captured or closed."""
    try:
        return stream.fileno()
    except (AttributeError, ValueError, OSError):
        return -1


def write_stream(stream, text: str | Iterable[str]) -> None:
    """Write a text, or its pieces, as UTF-8 whatever the locale, past the buffer, which the exit would write
    again.
    """
    if getattr(stream, "closed", stream is None):
        raise OSError("it is closed")
    descriptor = descriptor_of(stream)
    if descriptor < 0:
        stream.writelines(pieces_of(text))
        return
    stream.flush()
    with open(descriptor, "wb", closefd=False) as raw:
        raw.writelines(piece.encode("utf-8") for piece in pieces_of(text))


def write_stdout(text: str | Iterable[str]) -> None:
    """Print `text`; a reader that has gone is no error. Raises SizingError."""
    try:
        write_stream(sys.stdout, text)
    except BrokenPipeError:
        return
    except OSError as error:
        raise SizingError("cannot write standard output: %s" % (error.strerror or error)) from None


LONGEST_COMPLAINT = 2000                                 # characters; a name may be a megabyte long


def complain(message: str) -> None:
    """One visible line on stderr; nobody listening is no reason to change the exit status."""
    line = visible(" ".join(message.split()))
    line = line if len(line) <= LONGEST_COMPLAINT else line[:LONGEST_COMPLAINT] + "..."
    with suppress(OSError):                              # it is closed, or full
        write_stream(sys.stderr, "sizing.py: error: %s\n" % line)


def output_file(args: argparse.Namespace, name: str) -> str | None:
    return getattr(args, "output_%s_file" % name)


def pieces_of(text: str | Iterable[str]) -> Iterable[str]:
    return [text] if isinstance(text, str) else text


def run(argv: Sequence[str] | None) -> int:
    """One command; its exit status. Raises SizingError."""
    try:
        args = parse_arguments(argv)
    except Finished as finished:
        write_stdout(str(finished))
        return 0
    status, renderers = respond(args)
    files = stated({name: output_file(args, name) for name in OUTPUT_FILES})
    for name, other in combinations(files, 2):
        if is_same_file(files[name], files[other]):
            raise SizingError("--output-%s-file and --output-%s-file: expected two files, got one: %s"
                              % (name, other, short(files[name])))
    rendered = {name: renderers[name]() for name in dict.fromkeys([*shown_formats(args), *files])}
    write_files({path: rendered[name] for name, path in files.items()}, protected_files(args))
    write_stdout(piece for at, name in enumerate(shown_formats(args))
                 for piece in chain(["\n"] * bool(at), pieces_of(rendered[name])))
    return status


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status and prints nothing on stdout when it is 2."""
    try:
        try:
            return run(argv)
        except SizingError as error:
            complain(str(error))
            return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    gc.freeze()                                          # no collection walks through what the module defines
    sys.exit(main())
