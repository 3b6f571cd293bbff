// name: replies-to-lures
// title: Who answered under a malicious link
// description: Messages in the thread of a message with a malicious url, with what they say and the urls in them.
//   Replies are in the graph when they hold a link or were read with their thread; other answers are
//   not.
// returns: table
// columns: at, user, lure_sender, place, preview, urls, message, lure
// tags: message, user
// mitre: T1204.001

MATCH (bad:Url {risky: true})<-[held:CONTAINS]-(lure:Message)
WHERE all(x IN [bad, held, lure] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN bad.risky_in, bad.risky)
WITH DISTINCT lure
MATCH (lure)<-[answers:REPLY_TO]-(reply:Message)
WHERE all(x IN [answers, reply] WHERE $case IS NULL OR $case IN x.cases)
OPTIONAL MATCH (lure)<-[lured:SENT]-(author:User)
WHERE all(x IN [lured, author] WHERE $case IS NULL OR $case IN x.cases)
OPTIONAL MATCH (reply)<-[sent:SENT]-(user:User)
WHERE all(x IN [sent, user] WHERE $case IS NULL OR $case IN x.cases)
CALL (lure) {
  OPTIONAL MATCH (lure)-[posted:POSTED_IN]->(spot:Channel|Chat)
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
RETURN coalesce(reply.created, sent.at) AS at, coalesce(user.upn, user.name, user.id) AS user,
       coalesce(author.upn, author.name, author.id) AS lure_sender, place,
       reply.preview AS preview,
       COLLECT {
         MATCH (reply)-[contains:CONTAINS]->(url:Url)
         WHERE all(x IN [contains, url] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT url.id AS id
         ORDER BY id
       } AS urls, reply.id AS message, lure.id AS lure
ORDER BY at, message, user, lure_sender, place, preview, urls, lure;
