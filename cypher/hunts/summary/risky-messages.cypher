// name: risky-messages
// title: Messages that hold a malicious url
// description: Every message with a malicious url in the order of time; urls are the malicious ones in it.
// returns: table
// columns: at, sender, place, urls, preview, message
// notebook: "Risky Messages:"
// tags: message
// mitre: T1566.002

MATCH (url:Url {risky: true})<-[contains:CONTAINS]-(message:Message)
WHERE all(x IN [url, contains, message] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN url.risky_in, url.risky)
WITH message, url
ORDER BY url.id
WITH message, collect(DISTINCT url.id) AS urls
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
RETURN coalesce(message.created, sent.at) AS at, coalesce(sender.upn, sender.name, sender.id) AS sender, place, urls,
       message.preview AS preview, message.id AS message
ORDER BY at, message, sender, place, urls, preview;
