// name: stale-verdicts
// title: Verdicts on urls that matter which are old by now
// description: Answers given before a date (30 days ago when none is given) about urls that are malicious or that
//   somebody opened, clicked, was warned about or went to: ask again before relying on them.
// parameters: before datetime optional example 2027-01-01
// returns: table
// columns: url, provider, state, severity, checked, risky, last
// tags: intelligence

CALL () {
  MATCH (url:Url {risky: true})
  WHERE ($case IS NULL OR $case IN url.cases) AND coalesce($case IN url.risky_in, url.risky)
  RETURN url
  UNION
  MATCH (url:Url)<-[did:OPENED|CLICKED|WARNED_ABOUT|CONNECTED_TO]-(somebody:User|Host)
  WHERE all(x IN [url, did, somebody] WHERE $case IS NULL OR $case IN x.cases)
  RETURN url
}
MATCH (url)-[asked:HAS_VERDICT]->(verdict:Verdict)
WHERE verdict.state IN ['hit', 'clean', 'not_found']
  AND verdict.checked < coalesce($before, datetime() - duration('P30D'))
  AND all(x IN [asked, verdict] WHERE $case IS NULL OR $case IN x.cases)
RETURN DISTINCT url.id AS url, verdict.provider AS provider, verdict.state AS state, verdict.severity AS severity,
       verdict.checked AS checked, coalesce($case IN url.risky_in, url.risky, false) AS risky, url.last_seen AS last
ORDER BY checked, url, provider, state, severity, risky, last;
