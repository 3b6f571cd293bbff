// name: exposed-but-silent
// title: Who could read a malicious url, and is not known to have reacted
// description: Members of teams (standard channels, as far as teams were read) and participants of chats in which
//   a malicious url stands, who did not send it, are not known to have opened or clicked it, and whose hosts are
//   not known to have gone there. Nothing known is not nothing done: they are the ones to ask. last is when the
//   url was last put before them.
// returns: table
// columns: user, name, urls, places, messages, last
// tags: user
// technique: T1204.001

MATCH (url:Url {risky: true})
WHERE ($case IS NULL OR $case IN url.cases)
WITH url, COLLECT {
       MATCH (url)<-[contains:CONTAINS]-(message:Message)<-[sent:SENT]-(user:User)
       WHERE all(x IN [contains, message, sent, user] WHERE $case IS NULL OR $case IN x.cases)
       RETURN user
       UNION
       MATCH (url)<-[did:OPENED|CLICKED]-(user:User)
       WHERE all(x IN [did, user] WHERE $case IS NULL OR $case IN x.cases)
       RETURN user
       UNION
       MATCH (url)<-[seen:WARNED_ABOUT|CONNECTED_TO]-(host:Host)<-[used:USED]-(user:User)
       WHERE all(x IN [seen, host, used, user] WHERE $case IS NULL OR $case IN x.cases)
       RETURN user
     } AS reacted
MATCH (url)<-[contains:CONTAINS]-(message:Message)
WHERE all(x IN [contains, message] WHERE $case IS NULL OR $case IN x.cases)
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
CALL (message) {
  MATCH (message)-[posted:POSTED_IN]->(channel:Channel)<-[holds:HAS_CHANNEL]-(team:Team)<-[member:MEMBER_OF]-(user:User)
  WHERE coalesce(channel.membership, 'standard') = 'standard'
    AND all(x IN [posted, channel, holds, team, member, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN user
  UNION
  MATCH (message)-[posted:POSTED_IN]->(chat:Chat)<-[takes_part:PARTICIPATES_IN]-(user:User)
  WHERE all(x IN [posted, chat, takes_part, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN user
}
WITH url, reacted, message, place, user
WHERE NOT user IN reacted
WITH user, url.id AS url, message, place
ORDER BY url
WITH user, collect(DISTINCT url) AS urls, collect(DISTINCT place) AS places, count(DISTINCT message) AS messages,
     max(message.created) AS last
RETURN coalesce(user.upn, user.name, user.id) AS user, user.name AS name, urls,
       COLLECT { UNWIND places AS place RETURN place ORDER BY place } AS places, messages, last
ORDER BY messages DESC, user, name, urls, places, last;
