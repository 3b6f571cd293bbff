# shellcheck shell=bash disable=SC2154 # scripts/neo4j, which sources this file, sets what is not set here
# Neo4j from its own Maven artifacts: no container engine, no root. Linux only (it reads /proc).

jars=$cache/neo4j/$version

server_requirements() {
  need_java
  [[ -d $jars ]] || need_maven
}

# The jars are shared by every state folder, so only one process fetches them.
fetch_jars() {
  [[ -d $jars ]] && return
  local build=$cache/neo4j/build group artifact number
  mkdir -p "$build"
  exec 8>"$cache/neo4j/lock"
  flock 8
  if [[ ! -d $jars ]]; then
    say "fetching Neo4j $version through Maven (170 MB, about a minute, once)"
    {
      printf '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
      printf '<groupId>local</groupId><artifactId>neo4j</artifactId><version>1</version><packaging>pom</packaging><dependencies>\n'
      while IFS=: read -r group artifact number; do
        printf '<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency>\n' \
          "$group" "$artifact" "$number"
      done <<ARTIFACTS
org.neo4j:neo4j:$version
org.neo4j.app:neo4j-server:$version
org.neo4j:neo4j-bootcheck:$version
org.neo4j:neo4j-slf4j-provider:$version
org.neo4j:cypher-shell:$version
org.neo4j.client:neo4j-browser:$browser_version
ARTIFACTS
      printf '</dependencies></project>\n'
    } >"$build/pom.xml"
    rm -rf "$build/jars"
    mvn --batch-mode --no-transfer-progress --strict-checksums --quiet --file "$build/pom.xml" \
      org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
      -DincludeScope=runtime -DoutputDirectory="$build/jars" >"$build/log" 2>&1 </dev/null ||
      die "Maven could not fetch Neo4j:"$'\n'"$(grep ERROR "$build/log" | head -n 3)"$'\n'"all of it: $build/log"
    mv "$build/jars" "$jars"
  fi
  exec 8>&-
}

# Neo4j Browser with linktrail's guide and style in it: so Neo4j's own web server hands them out, from the origin that
# the Browser has. One jar for each version of them, shared by every state folder.
browser_with_guide() {
  local java=$1 sources=$root/cypher/browser jar work
  jar=$cache/neo4j/browser-$(cat "$sources/guide.html" "$sources/linktrail.grass" | sha256sum | cut -c 1-12).jar
  if [[ ! -s $jar ]]; then
    work=$(mktemp -d "$cache/neo4j/guide.XXXXXX")
    mkdir -p "$work/browser/linktrail"
    cp "$sources/guide.html" "$sources/linktrail.grass" "$work/browser/linktrail/"
    cp "$jars/neo4j-browser-$browser_version.jar" "$work/browser.jar"
    if "$java" -m jdk.jartool/sun.tools.jar.Main uf "$work/browser.jar" -C "$work" browser/linktrail >&2; then
      mv "$work/browser.jar" "$jar"
    fi
    rm -rf "$work"
  fi
  printf '%s\n' "$jar"
}

guide() { echo "http://127.0.0.1:$http/browser/linktrail/guide.html"; }

# Later lines win over earlier ones, since Neo4j refuses a setting that stands twice.
write_configuration() {
  mkdir -p "$server"/{conf,data,import,logs,run}
  printf '127.0.0.1 localhost %s\n::1 localhost\n' "$(uname -n)" >"$server/conf/hosts"
  {
    cat <<CONF
server.default_listen_address=127.0.0.1
server.default_advertised_address=127.0.0.1
server.bolt.listen_address=127.0.0.1:$bolt
server.bolt.advertised_address=127.0.0.1:$bolt
server.http.listen_address=127.0.0.1:$http
server.http.advertised_address=127.0.0.1:$http
server.memory.heap.initial_size=$heap
server.memory.heap.max_size=$heap
server.memory.pagecache.size=$pagecache
server.directories.import=import
# LOAD CSV reads no file and no address, and there are no procedures but those of Neo4j itself: a statement that
# somebody passed on cannot send what it reads elsewhere. The folder above is empty. Names are not looked up in the
# network either, by the option jdk.net.hosts.file: a look-up alone would carry text to whoever answers for the name.
dbms.security.allow_csv_import_from_file_urls=false
internal.dbms.cypher_ip_blocklist=0.0.0.0/0,::/0
dbms.security.procedures.allowlist=db.*,dbms.*,tx.*
db.tx_log.rotation.retention_policy=1 files
browser.remote_content_hostname_whitelist=$guide_hosts
dbms.usage_report.enabled=false
client.allow_telemetry=false
CONF
    [[ -z ${NEO4J_EXTRA_CONF:-} ]] || cat "$NEO4J_EXTRA_CONF"
  } | awk -F ' *= *' '/^ *(#|$)/ {next} {if (!($1 in line)) key[++n] = $1; line[$1] = $0} END {for (i = 1; i <= n; i++) print line[key[i]]}' \
    >"$server/conf/neo4j.conf"
}

java_main() {
  local java
  java=$(find_java) || die "no JDK 17 or newer"
  "$java" -XX:TieredStopAtLevel=1 --enable-native-access=ALL-UNNAMED -cp "$jars/*" "$@"
}

# The first password goes through a file, because an argument could be read by every user in `ps`.
set_first_password() {
  local quoted=${password//\\/\\\\} argument=$server/run/password output
  printf '"%s"\n' "${quoted//\"/\\\"}" >"$argument"
  output=$(server_admin dbms set-initial-password "@$argument" 2>&1) || { rm -f "$argument"; die "no first password: $output"; }
  rm -f "$argument"
}

# An archive of the classes loaded saves a third of every later start. Writing one costs a slow start and a slow
# stop, so that is left to the second full start: a first look, or a server for a test, does not pay for it.
class_archive() { printf '%s/neo4j/classes-%s.jsa' "$cache" "$( ("$1" -version 2>&1; echo "$1 $jars $2") | sha256sum | cut -c 1-12)"; }

server_start() {
  local java archive browser options=(-Xlog:cds=off -Xlog:cds+dynamic=off)
  fetch_jars
  write_configuration
  java=$(find_java) || die "no JDK 17 or newer"
  browser=$(browser_with_guide "$java")
  archive=$(class_archive "$java" "$browser")
  if [[ -s $archive ]]; then
    options+=("-XX:SharedArchiveFile=$archive")
  elif [[ -e $server/data/databases/system && ${NEO4J_JIT:-} != c1 ]]; then
    options+=("-XX:ArchiveClassesAtExit=$server/run/classes.jsa")
  fi
  [[ -e $server/data/databases/system ]] || set_first_password
  [[ ${NEO4J_JIT:-} != c1 ]] || options+=(-XX:TieredStopAtLevel=1)
  (
    cd "$server" || exit
    unset NEO4J_PASSWORD
    exec setsid "$java" "-Xms$heap" "-Xmx$heap" -XX:+UseG1GC -XX:+ExitOnOutOfMemoryError -XX:-OmitStackTraceInFastThrow \
      --add-opens=java.base/java.nio=ALL-UNNAMED --add-opens=java.base/java.io=ALL-UNNAMED \
      --add-opens=java.base/sun.nio.ch=ALL-UNNAMED --enable-native-access=ALL-UNNAMED \
      "-Djdk.net.hosts.file=$server/conf/hosts" -Dio.netty.tryReflectionSetAccessible=true -Dlog4j2.disable.jmx=true "${options[@]}" -cp "$browser:$jars/*" \
      org.neo4j.server.CommunityEntryPoint "--home-dir=$server" "--config-dir=$server/conf" \
      </dev/null >"$server/logs/console.log" 2>&1 9>&- &
    echo $! >"$state/pid"
    # Until it has become Java it does not look like ours, and on a busy machine that takes a moment.
    for _ in {1..100}; do
      if server_running || ! kill -0 $! 2>/dev/null; then break; fi
      sleep 0.1
    done
  )
}

# A process id is ours only while that process runs with our home folder: ids are used again.
server_pid() {
  local pid
  pid=$(cat "$state/pid" 2>/dev/null) || return 1
  grep -qzxF -- "--home-dir=$server" "/proc/$pid/cmdline" 2>/dev/null && echo "$pid"
}

server_running() { server_pid >/dev/null; }
server_describe() { printf 'pid=%s\nlogs=%s\n' "$(server_pid)" "$server/logs"; }

server_reason() {
  cat "$server/logs/console.log" "$server/logs/neo4j.log" 2>/dev/null |
    grep -E 'ERROR|Caused by|Exception|Error|Invalid|Unrecogni[sz]ed' | tail -n 5 | cut -c 1-300
}

server_stop() {
  local pid java archive
  pid=$(server_pid) || return 0
  kill "$pid"
  for _ in {1..900}; do
    [[ -d /proc/$pid ]] || break
    sleep 0.1
  done
  if server_running; then
    say "pid $pid did not stop within 90 seconds, so it is killed"
    kill -KILL "$pid"
  elif [[ -s $server/run/classes.jsa ]]; then
    java=$(find_java)
    archive=$(class_archive "$java" "$(browser_with_guide "$java")")
    mv "$server/run/classes.jsa" "$archive.$$" # perhaps from another disk, hence two steps
    mv "$archive.$$" "$archive"
  fi
  rm -f "$state/pid"
}

server_wipe() { rm -rf "$server" "$state/pid"; }

server_shell() { NEO4J_CYPHER_SHELL_HISTORY=$state/shell-history java_main org.neo4j.shell.Main -a "bolt://127.0.0.1:$bolt" "$@"; }

server_admin() {
  fetch_jars
  NEO4J_HOME=$server NEO4J_CONF=$server/conf java_main org.neo4j.cli.AdminTool "$@"
}
