// name: rare-domains
// title: Domains seen in one message only, to which somebody went
// description: Domains with a single url, in no more than one message, that a user opened or clicked or a host was
//   warned about or went to. A domain that nobody else ever sent is worth a look even when no provider
//   knows it.
// returns: table
// columns: domain, url, risky, severity, at, sender, place, users, hosts
// tags: infrastructure, url
// mitre: T1583.001

MATCH (url:Url)<-[did:OPENED|CLICKED|WARNED_ABOUT|CONNECTED_TO]-(somebody:User|Host)
WHERE all(x IN [url, did, somebody] WHERE $case IS NULL OR $case IN x.cases)
WITH DISTINCT url
MATCH (url)-[on:ON_DOMAIN]->(domain:Domain)
WHERE all(x IN [on, domain] WHERE $case IS NULL OR $case IN x.cases)
  AND COUNT {
    MATCH (domain)<-[also:ON_DOMAIN]-(other:Url)
    WHERE all(x IN [also, other] WHERE $case IS NULL OR $case IN x.cases)
    RETURN DISTINCT other
  } = 1
  AND COUNT {
    MATCH (url)<-[held:CONTAINS]-(any:Message)
    WHERE all(x IN [held, any] WHERE $case IS NULL OR $case IN x.cases)
    RETURN DISTINCT any
  } <= 1
OPTIONAL MATCH (url)<-[contains:CONTAINS]-(message:Message)
WHERE all(x IN [contains, message] WHERE $case IS NULL OR $case IN x.cases)
OPTIONAL MATCH (message)<-[sent:SENT]-(sender:User)
WHERE all(x IN [sent, sender] WHERE $case IS NULL OR $case IN x.cases)
CALL (message) {
  OPTIONAL MATCH (message)-[posted:POSTED_IN]->(spot:Channel|Chat)
  WHERE all(x IN [posted, spot] WHERE $case IS NULL OR $case IN x.cases)
  OPTIONAL MATCH (spot)<-[holds:HAS_CHANNEL]-(team:Team)
  WHERE all(x IN [holds, team] WHERE $case IS NULL OR $case IN x.cases)
  RETURN CASE
      WHEN spot:Chat THEN 'Chat: ' + coalesce(spot.topic, spot.kind, spot.id)
      ELSE coalesce(coalesce(team.name, team.id) + ' / ', '') + coalesce(spot.name, spot.id)
    END AS place
  ORDER BY place
  LIMIT 1
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
RETURN domain.id AS domain, url.id AS url, coalesce($case IN url.risky_in, url.risky, false) AS risky, severity,
       coalesce(message.created, sent.at) AS at, coalesce(sender.upn, sender.name, sender.id) AS sender, place,
       COUNT {
         MATCH (url)<-[acted:OPENED|CLICKED]-(user:User)
         WHERE all(x IN [acted, user] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT user
       } AS users,
       COUNT {
         MATCH (url)<-[seen:WARNED_ABOUT|CONNECTED_TO]-(host:Host)
         WHERE all(x IN [seen, host] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT host
       } AS hosts
ORDER BY risky DESC, domain, url, severity, at, sender, place, users, hosts;
