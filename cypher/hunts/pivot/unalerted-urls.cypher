// name: unalerted-urls
// title: Malicious urls that no alert names
// description: What the products in place did not see: malicious urls without an alert, with how far they got.
//   Those that people opened or hosts went to come first.
// returns: table
// columns: url, severity, messages, openers, hosts, first, last
// tags: url, alert, gap

MATCH (url:Url {risky: true})
WHERE ($case IS NULL OR $case IN url.cases) AND coalesce($case IN url.risky_in, url.risky)
  AND NOT EXISTS {
    MATCH (url)<-[mentions:MENTIONS]-(alert:Alert)
    WHERE all(x IN [mentions, alert] WHERE $case IS NULL OR $case IN x.cases)
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
RETURN url.id AS url, severity,
       COUNT {
         MATCH (url)<-[contains:CONTAINS]-(message:Message)
         WHERE all(x IN [contains, message] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT message
       } AS messages,
       COUNT {
         MATCH (url)<-[did:OPENED|CLICKED]-(user:User)
         WHERE all(x IN [did, user] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT user
       } AS openers,
       COUNT {
         MATCH (url)<-[seen:WARNED_ABOUT|CONNECTED_TO]-(host:Host)
         WHERE all(x IN [seen, host] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT host
       } AS hosts,
       url.first_seen AS first, url.last_seen AS last
ORDER BY hosts DESC, openers DESC, messages DESC, url, severity, first, last;
