// name: signals-without-verdict
// title: Urls with a warning sign that no provider calls malicious
// description: Urls that SmartScreen, Safe Links or an alert objected to, whose text shows another address or whose
//   domain imitates one of yours, and that are not rated malicious. Set [risk] signals to have such a
//   sign count.
// returns: table
// columns: url, severity, signals, messages, openers, hosts, first, last
// tags: url, intelligence

MATCH (url:Url)
WHERE url.signals IS NOT NULL AND NOT coalesce($case IN url.risky_in, url.risky, false)
  AND ($case IS NULL OR $case IN url.cases)
WITH url, [signal IN url.signals WHERE coalesce($case + '/' + signal IN url.signals_in, true)] AS signals
WHERE size(signals) > 0
CALL (url) {
  OPTIONAL MATCH (url)-[asked:HAS_VERDICT]->(verdict:Verdict)
  WHERE all(x IN [asked, verdict] WHERE $case IN x.cases)
  WITH url, collect(DISTINCT verdict.severity) AS said
  RETURN CASE
      WHEN $case IS NULL THEN url.severity
      ELSE coalesce(head([rating IN ['high', 'warning', 'information'] WHERE rating IN said]), 'unknown')
    END AS severity
}
RETURN url.id AS url, severity, signals,
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
ORDER BY hosts DESC, openers DESC, messages DESC, url, severity, signals, first, last;
