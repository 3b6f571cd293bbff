# shellcheck shell=bash disable=SC2034 # what is set here is for the scripts that source this file
# What the scripts in this folder share: where things are, and what must be installed first.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=$(realpath -m "${LINKTRAIL_CACHE:-$root/target/cache}")
state=$(realpath -m "${NEO4J_STATE:-$cache/neo4j/home}") # of the Neo4j server
program=${0##*/}

say() { printf '%s: %s\n' "$program" "$*" >&2; }
die() { say "$*"; exit 1; }

# The comment at the head of a script is its manual.
usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; }

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# at_least 20.1 20: is the first dotted version the second one or a later one?
at_least() { [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]; }

# The Java release of a `java`: 17, 21, …; nothing when it does not run.
java_release() {
  "$1" -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java.specification.version = //p'
}

# Every Java here. NEO4J_JAVA_HOME is a choice, so it shuts out the others.
javas() {
  if [[ -n ${NEO4J_JAVA_HOME:-} ]]; then
    printf '%s\n' "$NEO4J_JAVA_HOME/bin/java"
  else
    printf '%s\n' ${JAVA_HOME:+"$JAVA_HOME/bin/java"} "$(command -v java || true)" /usr/lib/jvm/*/bin/java
  fi
}

# The Java to run Neo4j 5.26 with: 17 or 21, for which it is made, else a later one.
find_java() {
  local java release later=
  while read -r java; do
    [[ -x $java ]] || continue
    release=$(java_release "$java")
    case $release in
      17 | 21) printf '%s\n' "$java"; return ;;
      1.* | [0-9] | 1[0-6] | '') ;;
      *) later=${later:-$java} ;;
    esac
  done < <(javas)
  [[ -n $later ]] && printf '%s\n' "$later"
}

docker_answers() { command -v docker >/dev/null && timeout 10 docker info >/dev/null 2>&1 && compose_command >/dev/null; }

# Docker's own compose, or the stand-alone one that Debian ships.
compose_command() {
  if docker compose version >/dev/null 2>&1; then echo docker compose
  elif command -v docker-compose >/dev/null; then echo docker-compose
  else return 1; fi
}

missing=()
lacks() { missing+=("$1"); }

need_rust() {
  local want have
  want=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml")
  have=$(cd "$root" && cargo --version 2>/dev/null | cut -d ' ' -f 2) || true
  if [[ -z $have ]] || ! at_least "$have" "$want"; then
    lacks "cargo $want or newer (found: ${have:-none}). Debian's is older: install rustup from https://rustup.rs, then 'rustup default stable'"
  fi
  command -v cc >/dev/null || lacks "a C compiler: apt-get install build-essential"
}

need_java() {
  local java found=()
  find_java >/dev/null && return
  while read -r java; do
    [[ ! -x $java ]] || found+=("$(java_release "$java") at $java")
  done < <(javas)
  lacks "a JDK, 17 or newer (found: ${found[*]:-none}): apt-get install default-jdk-headless, or point NEO4J_JAVA_HOME at one"
}

need_maven() { command -v mvn >/dev/null || lacks "Maven: apt-get install maven"; }

need_node() {
  local have
  have=$(node --version 2>/dev/null | tr -d v) || true
  if [[ -z $have ]] || ! at_least "$have" 20; then
    lacks "Node.js 20 or newer (found: ${have:-none}): apt-get install nodejs on Debian 13; for Debian 12 see https://nodejs.org/en/download"
  fi
  command -v npm >/dev/null || lacks "npm: apt-get install npm, unless your Node.js brings it"
}

need_python() {
  local have
  have=$(python3 -c 'import platform; print(platform.python_version())' 2>/dev/null) || true
  if [[ -z $have ]] || ! at_least "$have" 3.11; then
    lacks "Python 3.11 or newer (found: ${have:-none}): apt-get install python3 python3-venv"
  elif ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
    lacks "Python's venv: apt-get install python3-venv"
  fi
}

# A Debian package that a step of scripts/test installs itself: as root, or by a sudo that does not ask.
need_package() {
  if ! command -v apt-get >/dev/null || { ((EUID)) && ! sudo -n true 2>/dev/null; }; then
    lacks "$1: apt-get install $1"
  fi
}

# Names all that is missing at once, so that one round of installing is enough.
stop_if_missing() {
  ((${#missing[@]})) || return 0
  say "missing on this machine:"
  printf '  - %s\n' "${missing[@]}" >&2
  exit 2
}
