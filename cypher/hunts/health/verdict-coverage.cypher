// name: verdict-coverage
// title: Which providers had an answer, and for how many urls
// description: Numbers of urls by provider, state and severity. Urls that no provider outside the tenant was told of
//   have the state withheld, other urls about which nobody said anything the state no_verdict. Without a case the
//   answers of each case count.
// returns: table
// columns: provider, state, severity, count
// tags: intelligence, gap

CALL () {
  // Without a case an index on the three alone is read, and no node.
  WITH $case AS wanted
  WHERE wanted IS NULL
  MATCH (verdict:Verdict)
  WHERE verdict.provider IS NOT NULL AND verdict.state IS NOT NULL AND verdict.severity IS NOT NULL
  RETURN verdict.provider AS provider, verdict.state AS state, verdict.severity AS severity, count(*) AS count
  UNION ALL
  WITH $case AS wanted
  WHERE wanted IS NULL
  MATCH (verdict:Verdict)
  WHERE verdict.state IN ['skipped', 'rate_limited', 'unavailable'] AND verdict.severity IS NULL
  RETURN verdict.provider AS provider, verdict.state AS state, verdict.severity AS severity, count(*) AS count
  UNION ALL
  WITH $case AS wanted
  WHERE wanted IS NULL
  MATCH (url:Url)
  WHERE url.withheld IS NOT NULL OR NOT EXISTS { (url)-[:HAS_VERDICT]->() }
  WITH url.withheld IS NOT NULL AS withheld, count(url) AS count
  RETURN null AS provider, CASE WHEN withheld THEN 'withheld' ELSE 'no_verdict' END AS state, null AS severity, count
  UNION ALL
  WITH $case AS wanted
  WHERE wanted IS NOT NULL
  MATCH (verdict:Verdict)
  WHERE wanted IN verdict.cases
  RETURN verdict.provider AS provider, verdict.state AS state, verdict.severity AS severity, count(*) AS count
  UNION ALL
  WITH $case AS wanted
  WHERE wanted IS NOT NULL
  MATCH (url:Url)
  WHERE wanted IN url.cases
  WITH url, wanted,
    CASE
      WHEN $case IS NULL OR url.withheld_in IS NULL THEN url.withheld
      ELSE head([said IN url.withheld_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
    END IS NOT NULL AS withheld
  WHERE withheld OR NOT EXISTS {
      MATCH (url)-[asked:HAS_VERDICT]->(verdict:Verdict)
      WHERE wanted IN asked.cases AND wanted IN verdict.cases
    }
  WITH withheld, count(url) AS count
  RETURN null AS provider, CASE WHEN withheld THEN 'withheld' ELSE 'no_verdict' END AS state, null AS severity, count
}
RETURN provider, state, severity, count
ORDER BY provider, state, severity, count;
