#!/usr/bin/env bash
# Nove exemplos de sizing.py. Rodam de qualquer pasta, sem perguntas, e não deixam arquivos.
#   bash examples.sh
#   PYTHON=python3.12 bash examples.sh      com outro Python
set -euo pipefail
python=${PYTHON:-python3}
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
export PYTHONUTF8=1 PYTHONDONTWRITEBYTECODE=1

# show CABEÇALHO LINHA CONCLUSÃO: lê um ou mais JSON de sizing.py; LINHA vale para cada um, CONCLUSÃO para o último e,
# em p[0], p[1]..., para todos. {recommended[nodes_final]} é um resultado; {nfr[...]}, a requisição.
helper='
import json, sys, textwrap

LIMITS = {"memory": "memória", "speed": "velocidade", "engine": "motor"}

def shown(value):
    if value is None:
        return "nenhuma"
    if isinstance(value, float):
        return ("%.2f" % value).replace(".", ",")
    return "{:,}".format(value).replace(",", ".") if isinstance(value, int) else value

def facts(data):
    storage = data["inputs"]["storage"]
    raised = [alert["id"] for alert in data["alerts"]]
    checkpoint_gb = data["inputs"]["model"]["checkpoint_gib"] * 2**30 / 10**9
    found = {"model": {name: shown(value) for name, value in data["inputs"]["model"].items()}, "nfr": {name: shown(value) for name, value in data["inputs"]["nfr"].items()}, "storage": storage["name"],
             "load_s": "%.0f" % (checkpoint_gb / storage["throughput_read_gbps"]),
             "storage_alerts": ", ".join(id for id in raised if id in ("cloud_storage_latency", "slow_model_load")) or "nenhum"}
    for key, scenario in data["scenarios"].items():
        results, spares = scenario["results"], scenario["configuration"]["ha_extra_nodes"]
        found[key] = dict({name: shown(value) for name, value in results.items()}, spares=spares,
                          limit=LIMITS[scenario["binding_limit"]], tensor_parallel=scenario["configuration"]["tensor_parallel"],
                          cost=("%+.0f %%" % (100 * results["relative_cost"])).replace("-", "−"))
    return found

header, row, conclusion = sys.argv[1:]
text, plans = sys.stdin.read(), []
while text:
    data, end = json.JSONDecoder().raw_decode(text)
    plans.append(facts(data))
    text = text[end:].lstrip()
if header:
    print(header, *[row.format(**plan) for plan in plans], sep="\n")
print("\n" + textwrap.fill("Conclusão: " + conclusion.format(p=plans, **plans[-1]), 78))
'
show() { "$python" -c "$helper" "$@"; }
size() { "$python" "$here/sizing.py" "$@" --json-only; }
title() { printf '\n=== %s ===\n%s\n\n' "$1" "$2"; }

header='                        KV (GiB)  sessões/nó  MÍNIMO  RECOMENDADO  IDEAL'
numbers='{recommended[kv_per_session_gib]:>10}{recommended[sessions_per_node]:>12}{minimum[nodes_final]:>8}{recommended[nodes_final]:>13}{ideal[nodes_final]:>7}'
base=(--model opt-oss-120b --server dgx300)

title '1. Produção com reserva N+1' 'opt-oss-120b em dgx300, 1.000 sessões de 131.072 tokens, KV em fp8'
plan=("${base[@]}" --concurrency 1000 --effective-context 131072 --kv-precision fp8)
"$python" "$here/sizing.py" "${plan[@]}" --text-only | sed -n '/^Cenário  *Nós/,/^IDEAL/p'
size "${plan[@]}" | show '' '' 'compre {recommended[nodes_final]} nós (RECOMENDADO): {recommended[nodes_with_headroom]} seguram o pico de {recommended[sessions_with_headroom]} sessões, até {recommended[sessions_per_node]} em cada um, e {recommended[spares]} fica de reserva: com um nó parado, o pico ainda cabe.'

title '2. Econômico' 'opt-oss-20b em dgx200, 1.000 sessões de 32.768 tokens, KV em fp8'
size --model opt-oss-20b --server dgx200 --concurrency 1000 --effective-context 32768 --kv-precision fp8 |
    show "$header" "opt-oss-20b em dgx200 $numbers" 'para um piloto basta o MÍNIMO, {minimum[nodes_final]} nó: cabem {minimum[sessions_per_node]} sessões e a carga é de {nfr[concurrency]}. Em nós são {minimum[cost]} contra o RECOMENDADO, mas sem reserva: se o nó para, tudo para.'

title '3. fp8 contra fp16' 'opt-oss-120b em dgx300, 1.000 sessões de 131.072 tokens'
for precision in fp8 fp16; do
    size "${base[@]}" --concurrency 1000 --effective-context 131072 --kv-precision "$precision"
done | show "$header" "KV em {nfr[kv_precision]:<16}$numbers" 'em produção, {p[1][recommended][nodes_final]} nós com fp16 e {p[0][recommended][nodes_final]} com fp8. O KV por sessão cai à metade, mas os nós não, porque a reserva é a mesma: sem ela seriam {p[1][recommended][nodes_with_headroom]} e {p[0][recommended][nodes_with_headroom]}. Antes de decidir, meça a qualidade das respostas em fp8.'

title '4. Contextos extremos' 'opt-oss-120b em dgx300, 1.000 sessões'
for tokens in 1_024 16_384 131_072 1_000_000; do
    size "${base[@]}" --concurrency 1000 --effective-context "$tokens"
done | show "$header" "{nfr[requested_context]:>9} tokens      $numbers" '{nfr[requested_context]} tokens passam do máximo do modelo: a conta usou {nfr[effective_context]} e avisou (context_overflow). No outro extremo a memória seguraria {p[0][recommended][memory_sessions_per_node]} sessões por nó e quem manda é o {p[0][recommended][limit]}, que aceita {p[0][recommended][sessions_per_node]} (max_num_seqs).'

title '5. Três perfis de armazenamento' 'mixtral-8x22b-v0.1 em dgx200, 200 sessões de 65.536 tokens'
for profile in profile_default profile_network_ssd profile_cloud_premium; do
    size --model mixtral-8x22b-v0.1 --server dgx200 --storage "$profile" --concurrency 200 --effective-context 65536
done | show '                       nós  leitura (s)  alertas de armazenamento' '{storage:<23}{recommended[nodes_final]:>3}{load_s:>13}  {storage_alerts}' 'os nós do RECOMENDADO são os mesmos ({recommended[nodes_final]}) nos três. O que muda é ler o checkpoint: de {p[0][load_s]} a {load_s} segundos por nó, no melhor caso (tamanho ÷ vazão), a cada reinício ou troca de nó.'

title '6. Alta concorrência' 'opt-oss-120b em dgx300, sessões de 131.072 tokens'
for sessions in 1_000 10_000 100_000; do
    size "${base[@]}" --concurrency "$sessions" --effective-context 131072
done | show '                  MÍNIMO  RECOMENDADO  IDEAL  custo MÍNIMO  custo IDEAL' '{nfr[concurrency]:>8} sessões {minimum[nodes_final]:>7}{recommended[nodes_final]:>13}{ideal[nodes_final]:>7}{minimum[cost]:>14}{ideal[cost]:>13}' 'em escala a reserva quase não pesa: {recommended[spares]} nó em {recommended[nodes_final]}. Quem pesa é a folga: {recommended[nodes_with_headroom]} nós para o pico contra {recommended[nodes_minimum]} para a carga nominal. Tire-a da telemetria.'

title '7. Memória contra velocidade' 'opt-oss-120b em dgx300, 1.000 sessões de 131.072 tokens, prompts de 16.384: sem meta, com 40 e com 15 ms por token'
for target in '' --tpot-ms=40 --tpot-ms=15; do
    size "${base[@]}" --concurrency 1000 --effective-context 131072 --input-tokens 16384 ${target:+"$target"}
done | show '  meta (ms)  GPUs/réplica  sessões/nó  MÍNIMO  RECOMENDADO  IDEAL  no pico (ms)  limite' '{nfr[tpot_ms]:>11}{recommended[tensor_parallel]:>14}{recommended[sessions_per_node]:>12}{minimum[nodes_final]:>8}{recommended[nodes_final]:>13}{ideal[nodes_final]:>7}{recommended[tpot_peak_committed_ms]:>14}  {recommended[limit]}' 'só pela memória são {p[0][recommended][nodes_final]} nós, e no pico se podem prometer {p[0][recommended][tpot_peak_committed_ms]} ms por token. Uma meta de {p[1][nfr][tpot_ms]} ms troca a disposição e pede {p[1][recommended][nodes_final]}; com {nfr[tpot_ms]} ms são {recommended[nodes_final]}, e quem manda é a {recommended[limit]}: caber não é o mesmo que responder depressa.'

title '8. Um modelo pelo config.json' 'um derivado do Qwen3 14B em dgx-h100, 80 sessões de 16.384 tokens'
config='{"model_type": "qwen3", "num_hidden_layers": 40, "hidden_size": 5120, "intermediate_size": 17408, "num_attention_heads": 40, "head_dim": 128, "num_key_value_heads": 8, "vocab_size": 151936, "max_position_embeddings": 40960, "dtype": "bfloat16"}'
for precision in bf16 fp8; do
    size --model /dev/stdin --server dgx-h100 --concurrency 80 --effective-context 16384 --weights-precision "$precision" <<< "$config"
done | show '       parâmetros  pesos        (GiB)  KV (GiB)  sessões/nó  RECOMENDADO' '{model[total_params]:>17}  {model[weights_precision]:<5}{model[weights_gib]:>13}{recommended[kv_per_session_gib]:>10}{recommended[sessions_per_node]:>12}{recommended[nodes_final]:>13}' 'o config.json basta: parâmetros, pesos e KV saem dele. Com a pasta inteira (--model pasta/) os pesos viriam dos safetensors. Uma chave de atenção desconhecida seria recusada, não suposta.'

title '9. A frota que já existe' 'llama-3.1-70b-instruct em 4 nós dgx-h100: quantas sessões?'
for tokens in 8_192 32_768 131_072; do
    size --model llama-3.1-70b-instruct --server dgx-h100 --nodes 4 --effective-context "$tokens" --kv-precision fp8
done | show '                  KV (GiB)  sessões: MÍNIMO  RECOMENDADO  IDEAL' '{nfr[effective_context]:>8} tokens {recommended[kv_per_session_gib]:>10}{minimum[max_concurrency]:>17}{recommended[max_concurrency]:>13}{ideal[max_concurrency]:>7}' 'nos mesmos nós, o contexto decide: {p[0][recommended][max_concurrency]} sessões de {p[0][nfr][effective_context]} tokens ou {recommended[max_concurrency]} de {nfr[effective_context]}, com folga e um nó de reserva.'
