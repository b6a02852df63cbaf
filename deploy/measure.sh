#!/usr/bin/env bash
# Measures the judgements: on the texts in this tree, and on labelled appeals where there are any.
set -euo pipefail
cd "$(dirname "$0")/.."
huiliu=$1
data=${2:-}

printf '== On the texts of this tree: where, how bad, who accuses whom\n'
cargo test --locked --quiet -p huiliu --lib -- --nocapture --test-threads=1 \
    no_address_is_taken few_mere_complaints no_accusation_is_dispatched the_accused_is_recognised colours_are_as_expected danger_in_unusual

printf '\n== Who accuses whom: each set of texts judged by what all the others teach\n'
HUILIU_UNSEEN=1 cargo test --locked --quiet -p huiliu --lib each_set_unseen -- --nocapture | grep ' leak, '

printf '\n== How bad: each set of texts judged by what all the others teach\n'
HUILIU_UNSEEN=1 cargo test --locked --quiet -p huiliu --lib each_set_of_dangers -- --nocapture | grep 'call a person'

printf '\n== Time a text\n'
cargo bench --locked --quiet -p huiliu --bench judgements

untaught=gateway/src/judgement/matter/untaught.jsonl
classify=("$huiliu" classify eval --text-field body,text --label-field level1,matter --directory deploy/directory/330205)
if [ ! -f "$data/appeals/labelled.jsonl" ]; then
    printf '\n!!! SKIPPED: no labelled appeals (MEASURE_DATA names no folder with appeals/labelled.jsonl)\n' >&2
    printf '\n== What, by the shipped words alone, on texts of classes nobody was taught\n'
    exec "${classify[@]}" --words-only "$untaught"
fi
printf '\n== What: cross-validated on the labelled appeals, with texts of classes never taught; time a text\n'
"${classify[@]}" "$data/appeals/labelled.jsonl" --untaught "$untaught" --time
printf '\n== What: the earlier 70 %% taught, the later 30 %% judged\n'
"${classify[@]}" "$data/appeals/labelled.jsonl" --later 0.3
printf '\n== What: the shipped words alone\n'
"${classify[@]}" "$data/appeals/labelled.jsonl" --words-only
