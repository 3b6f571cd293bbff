// name: clicked-through
// title: Who went on past a warning
// description: Users who clicked a url, were warned by Safe Links and went on to it at least once.
// returns: table
// columns: user, url, severity, risky, first, last, count, actions, ips
// tags: user
// mitre: T1204.001

MATCH (user:User)-[clicked:CLICKED {clicked_through: true}]->(url:Url)
WHERE all(x IN [user, clicked, url] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN clicked.clicked_through_in, clicked.clicked_through)
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
       clicked.first_seen AS first, clicked.last_seen AS last,
       CASE
         WHEN $case IS NULL OR clicked.count_in IS NULL THEN clicked.count
         ELSE toInteger(head([said IN clicked.count_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)]))
       END AS count,
       [action IN coalesce(clicked.actions, []) WHERE coalesce($case + '/' + action IN clicked.actions_in, true)] AS actions,
       [ip IN coalesce(clicked.ips, []) WHERE coalesce($case + '/' + ip IN clicked.ips_in, true)] AS ips
ORDER BY risky DESC, first, user, url, severity, last, count, actions, ips;
