// name: verdict-coverage
// title: Which providers had an answer, and for how many urls
// description: Numbers of urls by provider, state and severity. Urls that no provider was asked about have the
//   state not_asked.
// returns: table
// columns: provider, state, severity, count
// tags: intelligence, gap

CALL () {
  MATCH (verdict:Verdict)
  WHERE ($case IS NULL OR $case IN verdict.cases)
  RETURN verdict.provider AS provider, verdict.state AS state, verdict.severity AS severity, count(*) AS count
  UNION ALL
  MATCH (url:Url)
  WHERE ($case IS NULL OR $case IN url.cases) AND NOT EXISTS {
      MATCH (url)-[asked:HAS_VERDICT]->(verdict:Verdict)
      WHERE all(x IN [asked, verdict] WHERE $case IS NULL OR $case IN x.cases)
    }
  WITH count(url) AS count
  WHERE count > 0
  RETURN null AS provider, 'not_asked' AS state, null AS severity, count
}
RETURN provider, state, severity, count
ORDER BY provider, state, severity, count;
