// name: domain-pivot
// title: All urls on a domain, and how far each got
// description: Every url on the registrable domain or address, malicious or not: by how many users and in how many
//   messages it was sent, how many users opened or clicked it, how many hosts were warned about it or connected to
//   it.
// parameters: domain string required example contoso-payroll.example
// returns: table
// columns: domain, url, risky, severity, senders, messages, openers, hosts, first, last
// tags: url, infrastructure
// mitre: T1583.001

WITH replace(toLower($domain), '[.]', '.') AS wanted
MATCH (domain:Domain)
WHERE wanted IN [domain.id, domain.unicode] AND ($case IS NULL OR $case IN domain.cases)
WITH DISTINCT domain
MATCH (domain)<-[on:ON_DOMAIN]-(url:Url)
WHERE all(x IN [on, url] WHERE $case IS NULL OR $case IN x.cases)
CALL (url) {
  OPTIONAL MATCH (url)-[asked:HAS_VERDICT]->(verdict:Verdict)
  WHERE all(x IN [asked, verdict] WHERE $case IN x.cases)
  WITH url, collect(DISTINCT verdict.severity) AS said
  RETURN CASE
      WHEN $case IS NULL THEN url.severity
      ELSE coalesce(head([rating IN ['high', 'warning', 'information'] WHERE rating IN said]), 'unknown')
    END AS severity
}
RETURN domain.id AS domain, url.id AS url, coalesce($case IN url.risky_in, url.risky, false) AS risky, severity,
       COUNT {
         MATCH (url)<-[contains:CONTAINS]-(message:Message)<-[sent:SENT]-(sender:User)
         WHERE all(x IN [contains, message, sent, sender] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT sender
       } AS senders,
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
ORDER BY risky DESC, url, domain, severity, senders, messages, openers, hosts, first, last;
