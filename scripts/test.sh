#!/bin/bash
# `npm test`: builds everything and runs every test. A line for each step, with its time; the
# output of step X is in build/logs/X.log, and its end is shown if it fails.
set -uo pipefail
cd "$(dirname "$0")/.."
shopt -s nullglob

logs=build/logs
mkdir -p "$logs"
passed=0
failed=0

# step <name> <command…>: something that works or does not.
step() {
  local name=$1 log=$logs/${1// /-}.log start=$SECONDS
  shift
  if "$@" > "$log" 2>&1; then
    printf 'ok    %-28s %4d s\n' "$name" $((SECONDS - start))
  else
    failed=$((failed + 1))
    show_failure "$name" "$log" "$start"
    return 1
  fi
}

# suite <name> <command…>: a step that counts its tests, and must have run at least one.
suite() {
  local name=$1 log=$logs/${1// /-}.log start=$SECONDS status=0 good bad
  shift
  "$@" > "$log" 2>&1 || status=$?
  read -r good bad <<< "$(counts "$log")"
  if [ $((good + bad)) = 0 ] || { [ "$status" != 0 ] && [ "$bad" = 0 ]; }; then bad=1; fi
  passed=$((passed + good))
  failed=$((failed + bad))
  if [ "$bad" = 0 ]; then
    printf 'ok    %-28s %4d s  %6d tests\n' "$name" $((SECONDS - start)) "$good"
  else
    show_failure "$name" "$log" "$start" "$bad of $((good + bad)) tests"
    return 1
  fi
}

show_failure() {  # <name> <log> <start> [what]
  printf 'FAIL  %-28s %4d s  %s  (%s)\n' "$1" $((SECONDS - $3)) "${4:-}" "$2"
  grep -aE -m 20 '(^|[^a-z])(FAILED|FAIL |not ok|error:|Error:)' "$2" | sed 's/^/      /'
  tail -n 30 "$2" | sed 's/^/      | /'
}

# counts <log>: "<passed> <failed>", as Catch2, ctest, node and our own programs say it.
counts() {
  sed 's/\x1b\[[0-9;]*m//g' "$1" | awk '
    /^All tests passed \(/ { for (i = 1; i < NF; i++) if ($(i + 1) == "test") good += $i }
    /^test cases:/ {
      for (i = 2; i <= NF; i++) {
        if ($i == "passed") good += $(i - 1)
        if ($i == "failed") bad += $(i - 1)
      }
    }
    /tests? passed, [0-9]+ tests? failed out of [0-9]+$/ { bad += $4; good += $NF - $4 }
    /^[0-9]+ passed, [0-9]+ failed/ { good += $1; bad += $3 }
    /^# pass [0-9]+$/ { good += $3 }
    /^# (fail|cancelled) [0-9]+$/ { bad += $3 }
    END { print good + 0, bad + 0 }'
}

# shares <program>: all tests of a Catch2 program, a share of them on each core at a time.
shares() {
  local program=$1 names=$logs/names
  rm -f "$names"*
  "$program" --list-test-names-only > "$names" || true  # exits with their number
  sed -i 's/[],["\\]/\\&/g' "$names"
  split --number=r/8 --suffix-length=1 --numeric-suffixes "$names" "$names."
  printf '%s\n' "$names".? | xargs -P "$(nproc)" -I{} \
    sh -c '"$0" --use-colour no --input-file {} > {}.log 2>&1' "$program" || true
  cat "$names".?.log
  # Each that was listed must have passed.
  [ "$(counts <(cat "$names".?.log))" = "$(wc -l < "$names") 0" ]
}

# 10,000 schedules, by the seeds from 1 on.
simulate() {
  printf '%s\n' 1 5001 | xargs -P 2 -I{} build/release/simulate --schedules 5000 --seed {}
}

fixtures=tests/vectors/fixtures/index.json
fuzzers=$(printf ',%s' tests/fuzz/*_fuzz.cpp | sed -E 's#tests/fuzz/(\w+)_fuzz.cpp#fuzz_\1#g')
wasm=freehold-core,freehold-core-idbfs,freehold-verify,freehold_tests,fixtures_test
js_tests=(tests/js/*.test.js tests/native/*.test.js tests/browser/*.test.js)

step 'setup' scripts/build.sh --browser || exit 1
suite 'tidy' node tests/tidy.js
step 'build dev' scripts/build.sh "dev:freehold_tests,native_tests$fuzzers" && {
  suite 'dev core' shares build/dev/freehold_tests
  suite 'dev native' shares build/dev/native_tests
  suite 'dev fuzz corpus' ctest --preset dev -R '^fuzz_' --output-on-failure
}
step 'build release' scripts/build.sh release:freehold,fixtures_test,simulate && {
  suite 'release fixtures' build/release/fixtures_test "$fixtures"
  suite 'release simulator' simulate
}
step 'build wasm' scripts/build.sh "wasm:$wasm" && {
  suite 'wasm core' node build/wasm/freehold_tests.js --use-colour no
  suite 'wasm fixtures' node build/wasm/fixtures_test.js "$fixtures"
}
[ ! -e js/tsconfig.json ] || step 'types' node_modules/.bin/tsc --noEmit -p js
[ ${#js_tests[@]} = 0 ] || suite 'js' node --test --test-reporter=tap "${js_tests[@]}"
suite 'size' node scripts/size.mjs
grep -a 'gzipped' "$logs/size.log" | sed 's/^/      /'

echo "all in $SECONDS s"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
