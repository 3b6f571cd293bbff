// name: first-contact-lures
// title: Senders whose first known message was malicious
// description: Users of whom no message with a link is known before the first one with a malicious url. later
//   counts their messages with a link after it. A message is known when it lies in the window and in a
//   team that was read.
// returns: table
// columns: sender, type, tenant, at, place, urls, message, later
// tags: sender, lure
// mitre: T1566.003

MATCH (url:Url {risky: true})<-[contains:CONTAINS]-(message:Message)<-[sent:SENT]-(sender:User)
WHERE all(x IN [url, contains, message, sent, sender] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN url.risky_in, url.risky)
WITH sender, message, coalesce(message.created, sent.at) AS at, url
ORDER BY url.id
WITH sender, message, at, collect(DISTINCT url.id) AS urls
ORDER BY at, message.id
WITH sender, head(collect({message: message, at: at, urls: urls})) AS lure
WITH sender, lure.message AS message, lure.at AS at, lure.urls AS urls
WHERE NOT EXISTS {
  MATCH (sender)-[earlier:SENT]->(before:Message)-[held:CONTAINS]->(any:Url)
  WHERE coalesce(before.created, earlier.at) < at
    AND all(x IN [earlier, before, held, any] WHERE $case IS NULL OR $case IN x.cases)
}
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
RETURN coalesce(sender.upn, sender.name, sender.id) AS sender,
       CASE
         WHEN $case IS NULL OR sender.type_in IS NULL THEN sender.type
         ELSE head([said IN sender.type_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
       END AS type,
       CASE
         WHEN $case IS NULL OR sender.tenant_in IS NULL THEN sender.tenant
         ELSE head([said IN sender.tenant_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
       END AS tenant,
       at, place, urls, message.id AS message,
       COUNT {
         MATCH (sender)-[after:SENT]->(next:Message)-[held:CONTAINS]->(any:Url)
         WHERE coalesce(next.created, after.at) > at
           AND all(x IN [after, next, held, any] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT next
       } AS later
ORDER BY at, sender, type, tenant, place, urls, message, later;
