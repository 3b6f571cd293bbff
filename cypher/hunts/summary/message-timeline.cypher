// name: message-timeline
// title: Every link in every message, in the order of time
// description: One row for each url in a message, malicious or not. from and to narrow it to messages sent then; of
//   longer timelines the first limit messages are shown.
// parameters: from datetime optional example 2026-10-26; to datetime optional example 2026-10-30;
//   limit integer optional default 10000 example 50000
// returns: table
// columns: at, risky, sender, place, url
// notebook: "Timeline of message posts"
// tags: message, time

MATCH (message:Message)
WHERE message.created >= coalesce($from, datetime('0000-01-01T00:00:00Z'))
  AND message.created < coalesce($to, datetime('9999-12-31T00:00:00Z'))
  AND ($case IS NULL OR $case IN message.cases)
  AND EXISTS {
    MATCH (message)-[holds:CONTAINS]->(any:Url)
    WHERE all(x IN [holds, any] WHERE $case IS NULL OR $case IN x.cases)
  }
WITH message
ORDER BY message.created
LIMIT toInteger($limit)
MATCH (message)-[contains:CONTAINS]->(url:Url)
WHERE all(x IN [contains, url] WHERE $case IS NULL OR $case IN x.cases)
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
RETURN message.created AS at, coalesce($case IN url.risky_in, url.risky, false) AS risky,
       coalesce(sender.upn, sender.name, sender.id) AS sender, place, url.id AS url
ORDER BY at, url, sender, place, risky;
