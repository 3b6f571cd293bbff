// name: verdict-coverage
// title: Which providers had an answer, and for how many urls
// description: Numbers of urls by provider, state and severity. Urls that no provider was asked about have the
//   state not_asked.
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
  WHERE NOT EXISTS { (url)-[:HAS_VERDICT]->() }
  WITH count(url) AS count
  WHERE count > 0
  RETURN null AS provider, 'not_asked' AS state, null AS severity, count
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
  WHERE wanted IN url.cases AND NOT EXISTS {
      MATCH (url)-[asked:HAS_VERDICT]->(verdict:Verdict)
      WHERE wanted IN asked.cases AND wanted IN verdict.cases
    }
  WITH count(url) AS count
  WHERE count > 0
  RETURN null AS provider, 'not_asked' AS state, null AS severity, count
}
RETURN provider, state, severity, count
ORDER BY provider, state, severity, count;
