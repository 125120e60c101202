# SPDX-License-Identifier: Apache-2.0
# Sourced by the scripts: one line per step with its time, what is running shown all the time, and the
# log's last lines when a step ends badly.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
logs=$root/build/logs

clear=  # what takes a repainted line away
[ ! -t 1 ] || clear=$'\r\033[K'

clock() { date +%s; }

took() { # took SECONDS
  if (( $1 < 60 )); then printf '%d s' "$1"; else printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); fi
}

# step NAME COMMAND… : runs the command with its output in build/logs/NAME.log. On a terminal the
# running time and the log's last line are repainted; elsewhere, and beside another step, a line comes every 30 s.
step() {
  local name=$1 started log pid now last shown=0 status=0 repaint=false
  [ ! -t 1 ] || [ -n "${beside:-}" ] || repaint=true
  shift
  mkdir -p "$logs"
  log=$logs/${name// /-}.log
  started=$(clock)
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  $repaint || echo " .. $name: started $(date +%H:%M:%S), log ${log#"$root"/}"
  while kill -0 "$pid" 2>/dev/null; do
    read -rt 1 <> <(:) || true # a pause of one second without a process
    now=$(($(clock) - started))
    last=$(tail -c 300 "$log" | tr '\r' '\n' | tail -n 1 | tr -cd '[:print:]' | cut -c1-60)
    if $repaint; then
      printf '\r\033[K  • %-14s %-60s %s' "$name" "$last" "$(took $now)"
    elif (( now - shown >= 30 )); then
      shown=$now
      echo "$clear .. $name: $(took $now): $last"
    fi
  done
  wait "$pid" || status=$?
  printf '%s' "$clear"
  if (( status == 0 )); then
    printf ' ✓ %-74s %s\n' "$name" "$(took $(($(clock) - started)))"
    return 0
  fi
  printf ' ✗ %-74s %s\n' "$name" "$(took $(($(clock) - started)))"
  tail -n 40 "$log" >&2
  echo "   the whole log: ${log#"$root"/}" >&2
  return "$status"
}

# step_beside NAME COMMAND… : the same while other steps run; `step_join` waits for it. It ends with the script.
step_beside() {
  set -m  # a process group of its own, so that all of it can be ended
  beside=1 step "$@" &
  beside_pid=$!
  set +m
  trap 'kill -- "-$beside_pid" 2>/dev/null || true' EXIT
}

step_join() {
  wait "$beside_pid"
  trap - EXIT
}
