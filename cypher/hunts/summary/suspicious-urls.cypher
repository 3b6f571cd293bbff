// name: suspicious-urls
// title: Every malicious url, wherever it was seen
// description: Malicious urls in messages, openings, clicks or connections. Providers are those that call it
//   malicious, senders and hosts are numbers of users who sent it and of hosts that were warned about it or
//   connected to it.
// returns: table
// columns: url, severity, providers, senders, hosts, first, last
// notebook: "Suspicious URLs that were shared:"
// tags: url, intelligence
// mitre: T1566.002

MATCH (url:Url {risky: true})
WHERE ($case IS NULL OR $case IN url.cases) AND coalesce($case IN url.risky_in, url.risky)
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
       COLLECT {
         MATCH (url)-[asked:HAS_VERDICT]->(verdict:Verdict {state: 'hit'})
         WHERE all(x IN [asked, verdict] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT verdict.provider + ':' + verdict.severity AS said
         ORDER BY said
       } AS providers,
       COUNT {
         MATCH (url)<-[contains:CONTAINS]-(message:Message)<-[sent:SENT]-(sender:User)
         WHERE all(x IN [contains, message, sent, sender] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT sender
       } AS senders,
       COUNT {
         MATCH (url)<-[seen:WARNED_ABOUT|CONNECTED_TO]-(host:Host)
         WHERE all(x IN [seen, host] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT host
       } AS hosts,
       url.first_seen AS first, url.last_seen AS last
ORDER BY senders DESC, hosts DESC, url, severity, providers, first, last;
