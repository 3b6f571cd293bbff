// name: verdict-disagreements
// title: Malicious urls on which the providers disagree
// description: Urls that one provider calls malicious and another one rates lower or does not know. Look at these
//   by hand before anything is blocked, or ask the others again.
// returns: table
// columns: url, severity, malicious, not_malicious, last
// tags: intelligence, url

MATCH (url:Url {risky: true})-[asked:HAS_VERDICT]->(verdict:Verdict)
WHERE all(x IN [url, asked, verdict] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN url.risky_in, url.risky)
WITH url, verdict
ORDER BY verdict.provider, verdict.state
WITH url, collect(DISTINCT CASE WHEN verdict.state = 'hit' THEN verdict.provider + ':' + verdict.severity END) AS malicious,
     collect(DISTINCT CASE WHEN verdict.state IN ['clean', 'not_found'] THEN verdict.provider + ':' + verdict.state END)
       AS not_malicious
WHERE size(malicious) > 0 AND size(not_malicious) > 0
CALL (url) {
  OPTIONAL MATCH (url)-[asked:HAS_VERDICT]->(verdict:Verdict)
  WHERE all(x IN [asked, verdict] WHERE $case IN x.cases)
  WITH url, collect(DISTINCT verdict.severity) AS said
  RETURN CASE
      WHEN $case IS NULL THEN url.severity
      ELSE coalesce(head([rating IN ['high', 'warning', 'information'] WHERE rating IN said]), 'unknown')
    END AS severity
}
RETURN url.id AS url, severity, malicious, not_malicious, url.last_seen AS last
ORDER BY url, severity, malicious, not_malicious, last;
