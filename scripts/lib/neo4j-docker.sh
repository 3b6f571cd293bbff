# shellcheck shell=bash disable=SC2154 # scripts/neo4j, which sources this file, sets what is not set here
# Neo4j in a container, by the docker-compose.yml of this repository.

server_requirements() {
  docker_answers || lacks "a Docker engine that answers, with compose: see https://docs.docker.com/engine/install"
  [[ $password != */* ]] || die "the Neo4j image cannot take a password with a slash in it"
}

# One project a state folder, so that several can run side by side.
compose() {
  local tool files=(-f "$root/docker-compose.yml") project
  read -ra tool < <(compose_command)
  project=linktrail-$(printf '%s' "$state" | sha256sum | cut -c 1-8)
  [[ ! -f $state/extra.yml ]] || files+=(-f "$state/extra.yml")
  # Stopping needs no password, yet compose wants every variable of the file.
  NEO4J_PASSWORD=${password:-unused} NEO4J_BOLT_PORT=$bolt NEO4J_HTTP_PORT=$http NEO4J_GUIDE_PORT=$guide_port NEO4J_HEAP=$heap NEO4J_PAGECACHE=$pagecache \
    "${tool[@]}" -p "$project" "${files[@]}" "$@" 9>&-
}

container() { compose ps -q neo4j 2>/dev/null | head -n 1 | grep .; }

# The image takes settings as variables: '.' is written '_', and '_' is written '__'.
write_extra_configuration() {
  rm -f "$state/extra.yml"
  [[ -n ${NEO4J_EXTRA_CONF:-} ]] || return 0
  awk -F ' *= *' -v quote="'" '
    BEGIN {print "services:\n  neo4j:\n    environment:"}
    /^ *(#|$)/ {next}
    {key = $1; value = substr($0, index($0, "=") + 1)
     gsub(/^ +| +$/, "", key); gsub(/^ +| +$/, "", value)
     gsub(/_/, "__", key); gsub(/\./, "_", key); gsub(/\$/, "$$", value); gsub(quote, quote quote, value)
     print "      NEO4J_" key ": " quote value quote}' "$NEO4J_EXTRA_CONF" >"$state/extra.yml"
}

server_start() {
  write_extra_configuration
  compose up -d >&2 || { compose down >&2; die "the containers did not start, and are removed again; the data stays"; }
}

server_running() {
  local id
  id=$(container) && [[ $(docker inspect -f '{{.State.Running}}' "$id" 2>/dev/null) == true ]]
}

guide() { echo "http://127.0.0.1:$guide_port/guide.html"; }

server_describe() { printf 'container=%s\n' "$(container)"; }
server_reason() { compose logs --tail=20 neo4j 2>&1 | cut -c 1-300; }
server_stop() { compose stop -t 60 >&2; }
server_wipe() { compose down -v >&2; }

# The names alone: docker takes the values from our environment, so that they are not on a command line.
server_shell() {
  local terminal=-i
  [[ ! -t 0 ]] || terminal=-it
  docker exec "$terminal" -e NEO4J_USERNAME -e NEO4J_PASSWORD "$(container)" cypher-shell "$@"
}

server_admin() { compose run --rm --no-deps neo4j neo4j-admin "$@"; }
