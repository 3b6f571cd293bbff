// name: clicked-through
// title: Who went on past a warning
// description: Users who clicked a url, were warned by Safe Links and went on to it at least once.
// returns: table
// columns: user, url, severity, risky, first, last, count, actions, ips
// tags: user
// mitre: T1204.001

MATCH (user:User)-[clicked:CLICKED {clicked_through: true}]->(url:Url)
WHERE all(x IN [user, clicked, url] WHERE $case IS NULL OR $case IN x.cases)
CALL (url) {
  OPTIONAL MATCH (url)-[asked:HAS_VERDICT]->(verdict:Verdict)
  WHERE all(x IN [asked, verdict] WHERE $case IN x.cases)
  WITH url, collect(DISTINCT verdict.severity) AS said
  RETURN CASE
      WHEN $case IS NULL THEN url.severity
      ELSE coalesce(head([rating IN ['high', 'warning', 'information'] WHERE rating IN said]), 'unknown')
    END AS severity
}
RETURN coalesce(user.upn, user.name, user.id) AS user, url.id AS url, severity,
       coalesce($case IN url.risky_in, url.risky, false) AS risky,
       clicked.first_seen AS first, clicked.last_seen AS last, clicked.count AS count,
       coalesce(clicked.actions, []) AS actions, coalesce(clicked.ips, []) AS ips
ORDER BY risky DESC, first, user, url, severity, last, count, actions, ips;
