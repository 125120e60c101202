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

# end_group PID : a child's process group, asked first. Zombies count as living, so both waits have an end.
end_group() {
  local count=0 patience
  kill -TERM -- "-$1" 2>/dev/null || return 0
  { read -rt 10 <> <(:) || kill -KILL -- "-$1"; } 2>/dev/null &
  patience=$!
  wait "$1" 2>/dev/null || true
  kill "$patience" 2>/dev/null || true
  while ((count++ < 30)) && kill -0 -- "-$1" 2>/dev/null; do read -rt 0.1 <> <(:) || true; done
  kill -KILL -- "-$1" 2>/dev/null || true
}

# step NAME COMMAND… : runs the command with its output in build/logs/NAME.log. On a terminal the
# running time and the log's last line are repainted; elsewhere, and beside another step, a line comes every
# 30 s. A signal that ends the script ends the command with all that it started.
step() {
  local name=$1 started log pid now last shown=0 status=0 repaint=false
  [ ! -t 1 ] || [ -n "${beside:-}" ] || repaint=true
  shift
  mkdir -p "$logs"
  log=$logs/${name// /-}.log
  started=$(clock)
  set -m # a process group of its own; else it would ignore Ctrl-C, and live on
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  set +m
  trap 'end_group "$pid"; exit 130' INT TERM HUP
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
  trap - INT TERM HUP
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
  beside=1 step "$@" &
  beside_pid=$!
  trap '{ kill "$beside_pid" && wait "$beside_pid"; } 2>/dev/null || true' EXIT
}

step_join() {
  wait "$beside_pid"
  trap - EXIT
}
