// name: message-timeline
// title: Every link in every message, in the order of time
// description: One row for each url in a message, malicious or not.
// returns: table
// columns: at, risky, sender, place, url
// notebook: "Timeline of message posts"
// tags: message, time

MATCH (message:Message)-[contains:CONTAINS]->(url:Url)
WHERE all(x IN [message, contains, url] WHERE $case IS NULL OR $case IN x.cases)
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
RETURN coalesce(message.created, sent.at) AS at, coalesce(url.risky, false) AS risky,
       coalesce(sender.upn, sender.name, sender.id) AS sender, place, url.id AS url
ORDER BY at, url, sender, place, risky;
