// name: deleted-messages
// title: Channel messages that were deleted
// description: Messages of channels, with the time at which they were deleted as Microsoft Graph tells it. A message
//   that Graph gives no longer is not among them, and deleted messages of chats are not collected, since they hold no
//   link. What was said cannot be read any more: urls are those that another case read before, and other_lures counts
//   the other messages of the same sender that hold a malicious url.
// returns: table
// columns: created, deleted, minutes, sender, place, urls, other_lures, message
// tags: message, evidence
// mitre: T1070

MATCH (message:Message)
WHERE message.deleted IS NOT NULL AND ($case IS NULL OR $case IN message.cases)
WITH message,
     CASE
       WHEN $case IS NULL OR message.deleted_in IS NULL THEN message.deleted
       ELSE datetime(head([said IN message.deleted_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)]))
     END AS deleted
WHERE deleted IS NOT NULL
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
RETURN coalesce(message.created, sent.at) AS created, deleted,
       duration.inSeconds(message.created, deleted).seconds / 60 AS minutes,
       coalesce(sender.upn, sender.name, sender.id) AS sender, place,
       COLLECT {
         MATCH (message)-[contains:CONTAINS]->(url:Url)
         WHERE all(x IN [contains, url] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT url.id AS id
         ORDER BY id
       } AS urls,
       COUNT {
         MATCH (sender)-[wrote:SENT]->(other:Message)-[held:CONTAINS]->(bad:Url {risky: true})
         WHERE other <> message AND all(x IN [wrote, other, held, bad] WHERE $case IS NULL OR $case IN x.cases)
           AND coalesce($case IN bad.risky_in, bad.risky)
         RETURN DISTINCT other
       } AS other_lures, message.id AS message
ORDER BY deleted, message, created, minutes, sender, place, urls, other_lures;
