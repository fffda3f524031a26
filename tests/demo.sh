#!/bin/sh
# The whole road on one example: scaffold it, walk the six phases with a gate after each, write the report.
# Usage: tests/demo.sh breast_cancer|diabetes, with crispq and python on PATH.
set -eu

example=$1
project="demo/$example"

say() {
    printf '\n== %s\n' "$*"
}

rm -rf "$project"
mkdir -p demo
say "crispq new $project --example $example"
crispq new "$project" --example "$example"
cd "$project"

for phase in 1 2 3 4 5 6; do
    say "crispq run $phase"
    closed=0
    crispq run "$phase" || closed=$?
    case $closed in
        0) ;;
        1) say "The gate is closed: the lines above say why, and nobody has signed yet." ;;
        *) exit "$closed" ;;
    esac

    say "Nobody sits here to sign phase $phase: the demo signs for the roles. In your project, people do."
    crispq sign "$phase" --all-roles

    if [ "$phase" = 6 ]; then
        say "crispq gate 6 (the last phase is never left: its gate is asked whenever new data arrives)"
        crispq gate 6
    else
        say "crispq advance"
        crispq advance
    fi
done

say "crispq report"
crispq report
say "The demo is done. The project lies in $project, its report where the lines above say."
