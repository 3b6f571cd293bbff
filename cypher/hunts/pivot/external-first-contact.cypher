// name: external-first-contact
// title: Who wrote here from outside, and whom they reached
// description: Senders from outside (type external or anonymous) with the first message with a link that is known of
//   each: when it was sent, to whom and where. A window knows no earlier ones: since leaves only those who first wrote
//   then or later. people counts everybody who received a message of theirs in a chat, messages their messages, risky
//   the malicious ones among them, and urls lists the malicious urls in them. Those with a malicious message come first,
//   then those who reached the most people. domain is that of the address; onmicrosoft.com is a tenant that anybody can
//   open.
// parameters: since datetime optional example 2026-10-15
// returns: table
// columns: sender, name, domain, tenant, at, to, place, people, messages, risky, urls, message
// tags: sender, recipients, outside
// mitre: T1566.003, T1199

MATCH (sender:User)
WHERE $case IS NULL OR $case IN sender.cases
WITH sender, CASE
    WHEN $case IS NULL OR sender.type_in IS NULL THEN sender.type
    ELSE head([said IN sender.type_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
  END AS type
WHERE type IN ['external', 'anonymous']
MATCH (sender)-[sent:SENT]->(message:Message)
WHERE all(x IN [sent, message] WHERE $case IS NULL OR $case IN x.cases)
WITH sender, message, coalesce(message.created, sent.at) AS at
ORDER BY at, message.id
WITH sender, collect(DISTINCT message) AS all_sent, min(at) AS at
WHERE $since IS NULL OR at >= $since
WITH sender, all_sent, at, head(all_sent) AS message
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
WITH sender, message, at, place, all_sent,
     COLLECT {
       MATCH (message)<-[got:RECEIVED]-(reader:User)
       WHERE all(x IN [got, reader] WHERE $case IS NULL OR $case IN x.cases)
       RETURN DISTINCT coalesce(reader.upn, reader.name, reader.id) AS who
       ORDER BY who
     } AS to,
     COUNT {
       UNWIND all_sent AS one
       MATCH (one)<-[got:RECEIVED]-(reader:User)
       WHERE all(x IN [got, reader] WHERE $case IS NULL OR $case IN x.cases)
       RETURN DISTINCT reader
     } AS people,
     size([one IN all_sent WHERE coalesce($case IN one.risky_in, one.risky)]) AS risky,
     COLLECT {
       UNWIND all_sent AS one
       MATCH (one)-[contains:CONTAINS]->(url:Url {risky: true})
       WHERE all(x IN [contains, url] WHERE $case IS NULL OR $case IN x.cases)
         AND coalesce($case IN url.risky_in, url.risky)
       RETURN DISTINCT url.id AS id
       ORDER BY id
     } AS urls
RETURN coalesce(sender.upn, sender.name, sender.id) AS sender, sender.name AS name,
       CASE
         WHEN coalesce(sender.mail, sender.upn, sender.id) CONTAINS '@'
         THEN toLower(last(split(coalesce(sender.mail, sender.upn, sender.id), '@')))
       END AS domain,
       CASE
         WHEN $case IS NULL OR sender.tenant_in IS NULL THEN sender.tenant
         ELSE head([said IN sender.tenant_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
       END AS tenant,
       at, to, place, people, size(all_sent) AS messages, risky, urls, message.id AS message
ORDER BY risky > 0 DESC, people DESC, at, sender, name, domain, tenant, to, place, messages, risky, urls, message;
