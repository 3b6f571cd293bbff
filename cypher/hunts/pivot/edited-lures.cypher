// name: edited-lures
// title: Malicious links in messages that were edited after they were sent
// description: Messages with a malicious url whose text was changed, and that last changed at least that many
//   minutes after they were sent: the link may have been put in when nobody looked any more. modified is
//   the last change, reactions included.
// parameters: minutes integer optional default 5 example 60
// returns: table
// columns: created, modified, minutes, sender, place, urls, preview, message
// tags: message, lure
// mitre: T1036

MATCH (url:Url {risky: true})<-[contains:CONTAINS]-(message:Message {edited: true})
WHERE all(x IN [url, contains, message] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN message.edited_in, message.edited)
  AND coalesce($case IN url.risky_in, url.risky)
WITH message, url
ORDER BY url.id
WITH message, collect(DISTINCT url.id) AS urls,
     CASE
       WHEN $case IS NULL OR message.modified_in IS NULL THEN message.modified
       ELSE datetime(head([said IN message.modified_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)]))
     END AS modified
WHERE modified >= message.created + duration({minutes: $minutes})
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
RETURN message.created AS created, modified,
       duration.inSeconds(message.created, modified).seconds / 60 AS minutes,
       coalesce(sender.upn, sender.name, sender.id) AS sender, place, urls,
       message.preview AS preview, message.id AS message
ORDER BY minutes DESC, created, message, modified, sender, place, urls, preview;
