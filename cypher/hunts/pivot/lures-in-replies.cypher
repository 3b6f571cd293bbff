// name: lures-in-replies
// title: Malicious links put into a thread that somebody else began
// description: Replies with a malicious url under a message of another sender: a conversation that people trust is
//   used. thread_by is who began the thread, where that is known.
// returns: table
// columns: at, sender, thread_by, place, urls, message, thread
// tags: message, sender, lure
// mitre: T1534

MATCH (url:Url {risky: true})<-[contains:CONTAINS]-(message:Message)
WHERE all(x IN [url, contains, message] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN url.risky_in, url.risky)
WITH message, url
ORDER BY url.id
WITH message, collect(DISTINCT url.id) AS urls
MATCH (message)-[answers:REPLY_TO]->(root:Message)
WHERE all(x IN [answers, root] WHERE $case IS NULL OR $case IN x.cases)
OPTIONAL MATCH (message)<-[sent:SENT]-(sender:User)
WHERE all(x IN [sent, sender] WHERE $case IS NULL OR $case IN x.cases)
OPTIONAL MATCH (root)<-[began:SENT]-(author:User)
WHERE all(x IN [began, author] WHERE $case IS NULL OR $case IN x.cases)
WITH message, root, sent, sender, author, urls
WHERE author IS NULL OR sender IS NULL OR author <> sender
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
RETURN coalesce(message.created, sent.at) AS at, coalesce(sender.upn, sender.name, sender.id) AS sender,
       coalesce(author.upn, author.name, author.id) AS thread_by, place, urls,
       message.id AS message, root.id AS thread
ORDER BY at, message, sender, thread_by, place, urls, thread;
