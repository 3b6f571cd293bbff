// name: connected-without-click
// title: Hosts that went to a malicious url without a known click
// description: Hosts that connected to a malicious url although nobody who works on them is known to have opened or
//   clicked it: it came by mail or another browser, somebody else works there, or something already runs
//   there. users are those known to work on the host.
// returns: table
// columns: host, url, severity, matched, sources, first, last, count, users
// tags: host
// mitre: T1204.001

MATCH (url:Url {risky: true})<-[seen:CONNECTED_TO]-(host:Host)
WHERE all(x IN [url, seen, host] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN url.risky_in, url.risky)
  AND NOT EXISTS {
    MATCH (host)<-[used:USED]-(somebody:User)-[did:OPENED|CLICKED]->(url)
    WHERE all(x IN [used, somebody, did] WHERE $case IS NULL OR $case IN x.cases)
  }
CALL (url) {
  OPTIONAL MATCH (url)-[asked:HAS_VERDICT]->(verdict:Verdict)
  WHERE all(x IN [asked, verdict] WHERE $case IN x.cases)
  WITH url, collect(DISTINCT verdict.severity) AS said
  RETURN CASE
      WHEN $case IS NULL THEN url.severity
      ELSE coalesce(head([rating IN ['high', 'warning', 'information'] WHERE rating IN said]), 'unknown')
    END AS severity
}
RETURN coalesce(host.name, host.id) AS host, url.id AS url, severity,
       CASE
         WHEN $case IS NULL OR seen.match_in IS NULL THEN seen.match
         ELSE head([said IN seen.match_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
       END AS matched,
       CASE
         WHEN $case IS NULL OR seen.sources_in IS NULL THEN coalesce(seen.sources, [])
         ELSE [said IN seen.sources_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)]
       END AS sources, seen.first_seen AS first, seen.last_seen AS last, seen.count AS count,
       COLLECT {
         MATCH (host)<-[used:USED]-(user:User)
         WHERE all(x IN [used, user] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT coalesce(user.upn, user.name, user.id) AS who
         ORDER BY who
       } AS users
ORDER BY first, host, url, severity, matched, sources, last, count, users;
