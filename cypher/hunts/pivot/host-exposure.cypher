// name: host-exposure
// title: Which urls a host was warned about or went to, and whose host it is
// description: Urls of the investigation, malicious or not, that SmartScreen on the host warned about or that it
//   connected to; matched tells whether that very url was requested or only its host. users are all who worked on
//   the host. It is given by name, by the first part of its name, or by id.
// parameters: host string required example fin-lt-014.contoso.com
// returns: table
// columns: host, url, severity, risky, how, matched, first, last, count, users
// tags: host
// mitre: T1204.001

MATCH (host:Host)
WHERE toLower($host) IN [toLower(host.name), head(split(toLower(host.name), '.')), host.id]
  AND ($case IS NULL OR $case IN host.cases)
WITH DISTINCT host
MATCH (host)-[seen:WARNED_ABOUT|CONNECTED_TO]->(url:Url)
WHERE all(x IN [seen, url] WHERE $case IS NULL OR $case IN x.cases)
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
       coalesce($case IN url.risky_in, url.risky, false) AS risky,
       CASE type(seen) WHEN 'WARNED_ABOUT' THEN 'warned' ELSE 'connected' END AS how,
       CASE
         WHEN $case IS NULL OR seen.match_in IS NULL THEN seen.match
         ELSE head([said IN seen.match_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
       END AS matched,
       seen.first_seen AS first, seen.last_seen AS last, seen.count AS count,
       COLLECT {
         MATCH (host)<-[used:USED]-(user:User)
         WHERE all(x IN [used, user] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT coalesce(user.upn, user.name, user.id) AS who
         ORDER BY who
       } AS users
ORDER BY first, host, url, how, severity, risky, matched, last, count, users;
