#!/usr/bin/env bash
# Nove exemplos de sizing.py: o comando, o que ele imprime e uma conclusão. De qualquer pasta, sem deixar arquivos.
# Nine examples of sizing.py: the command, what it prints and a conclusion. From any folder, leaving no files.
#   bash examples.sh [--lang pt|en]
#   PYTHON=python3.12 bash examples.sh
set -euo pipefail
python=${PYTHON:-python3} lang=pt
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
export PYTHONUTF8=1 PYTHONDONTWRITEBYTECODE=1
case "$*" in
  '' | '--lang pt') ;;
  '--lang en') lang=en ;;
  *) echo "usage: bash examples.sh [--lang pt|en]" >&2; exit 2 ;;
esac

python3() { shift; command "$python" "$here/sizing.py" "$@"; }   # `python3 sizing.py` from any folder, with PYTHON

if [ $lang = pt ]; then
  english='' table='/^Cenário  /,/^IDEAL/p' plan='/^Cenário  /,/^O que/p' levers='/^Alavanca/,/^--server/p'
else
  english=' --lang en' table='/^Scenario  /,/^IDEAL/p' plan='/^Scenario  /,/^What limits/p' levers='/^Lever/,/^--server/p'
fi
number=0
title() { number=$((number + 1)); if [ $lang = pt ]; then printf '\n=== %s. %s ===\n\n' $number "$1"; else printf '\n=== %s. %s ===\n\n' $number "$2"; fi; }
conclude() { if [ $lang = pt ]; then printf '\nConclusão: %s\n' "$1"; else printf '\nConclusion: %s\n' "$2"; fi; }
try() { printf '$ %s\n' "$1"; shown=$(eval "$1"); printf '%s\n' "$shown"; }      # the command as it is typed, then its result
cell() { awk -F, -v row="$1" -v column="$2" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR == row + 1 { print $at[column] }' <<< "$shown"; }
rows="grep -E 'scenario|recommended' | awk '!seen[\$0]++'"             # the header once, then the rows of RECOMMENDED
oss='--model gpt-oss-120b --server dgx-b300'

title 'Produção: 1.000 sessões de 128k' 'Production: 1,000 sessions of 128k'
ask="$oss --concurrency 1000 --effective-context 128k"
try "python3 sizing.py $ask --summary$english | sed -n '$plan'"
conclude 'compre os nós do RECOMENDADO: com o de reserva parado, o pico, 20 % acima da carga, ainda cabe.' \
         'buy the nodes of RECOMMENDED: with the spare one down, the peak, 20 % above the load, still fits.'

title 'Piloto: o MÍNIMO basta' 'Pilot: the MINIMUM is enough'
ask='--model gpt-oss-20b --server dgx-h200 --concurrency 1000 --effective-context 32k'
try "python3 sizing.py $ask --summary$english | sed -n '$table'"
conclude 'sem folga nem reserva: se um nó para, o serviço para. Serve onde isso é aceitável.' \
         'no headroom and no spare: where a node down may stop the service.'

title 'KV em fp8 contra bf16' 'KV in fp8 against bf16'
ask="$oss --concurrency 6000 --effective-context 128k"
try "for kv in fp8 bf16; do python3 sizing.py $ask --kv-precision \$kv --csv | cut -d, -f4,7,8,13; done | $rows"
fp8=$(cell 1 nodes_final) bf16=$(cell 2 nodes_final)
conclude "$fp8 nós em vez de $bf16: meça a qualidade das respostas em fp8 antes de decidir." \
         "$fp8 nodes instead of $bf16: measure the quality of answers in fp8 before deciding."

title 'Quanto custa o contexto' 'What context costs'
try "for tokens in 1k 16k 128k; do python3 sizing.py $oss --concurrency 1000 --effective-context \$tokens --csv | cut -d, -f4,6,8,13,21; done | $rows"
conclude 'em contextos curtos quem limita é o motor (max_num_seqs), não a memória: use o p95 real das sessões.' \
         'in short contexts the engine (max_num_seqs) binds, not memory: use the real p95 of your sessions.'

title 'Memória contra velocidade' 'Memory against speed'
ask="$oss --concurrency 1000 --effective-context 128k --input-tokens 16k"
try "for ms in 100 40 15; do python3 sizing.py $ask --tpot-ms \$ms --csv | cut -d, -f4,8,13,21,28,44; done | $rows"
loose=$(cell 1 nodes_final) tight=$(cell 3 nodes_final)
conclude "de $loose a $tight nós: caber não é o mesmo que responder depressa." \
         "from $loose to $tight nodes: to fit is not to answer fast."

title 'Quando não cabe: as alavancas' 'Where it does not fit: the levers'
ask='--model llama-3.1-70b-instruct --server dgx-h100 --concurrency 100 --effective-context 16k --tpot-ms 10'
(set +e; try "python3 sizing.py $ask --summary$english | sed -n '$levers'; echo \"exit \${PIPESTATUS[0]}\"")
conclude 'cada linha muda uma coisa só, e diz a partir de que valor cada cenário cabe (código de saída 1).' \
         'each row changes one thing only, and says from what value each scenario fits (exit status 1).'

title 'Três perfis de armazenamento' 'Three storage profiles'
ask='--model mixtral-8x22b-v0.1 --server dgx-h200 --concurrency 200 --effective-context 64k'
try "for storage in profile_default profile_network_ssd profile_cloud_premium; do python3 sizing.py $ask --storage \$storage --csv | cut -d, -f3,4,8,23; done | $rows"
conclude 'os nós não mudam; muda o tempo de ler o modelo em cada reinício (slow_model_load).' \
         'the nodes do not change; the time to read the model at each restart does (slow_model_load).'

title 'Um modelo pelo config.json' 'A model by its config.json'
config='{"model_type": "qwen3", "num_hidden_layers": 40, "hidden_size": 5120, "intermediate_size": 17408, "num_attention_heads": 40, "head_dim": 128, "num_key_value_heads": 8, "vocab_size": 151936, "max_position_embeddings": 40960, "dtype": "bfloat16"}'
try "python3 sizing.py --model /dev/stdin --server dgx-h100 --concurrency 80 --effective-context 16k --summary$english <<< '$config' | sed -n '$table'"
conclude 'parâmetros, pesos e KV saem dele. Uma chave de atenção desconhecida é recusada, nunca suposta.' \
         'parameters, weights and KV come from it. An unknown attention key is refused, never guessed.'

title 'A frota que já existe' 'The fleet there is'
ask='--model llama-3.1-70b-instruct --server dgx-h100 --nodes 4 --kv-precision fp8'
try "for tokens in 8k 32k 128k; do python3 sizing.py $ask --effective-context \$tokens --csv | cut -d, -f4,6,8,14; done | $rows"
short=$(cell 1 max_concurrency) long=$(cell 3 max_concurrency)
conclude "nos mesmos 4 nós, $short sessões de 8k ou $long de 128k, com folga e um nó de reserva." \
         "on the same 4 nodes, $short sessions of 8k or $long of 128k, with headroom and a spare node."
