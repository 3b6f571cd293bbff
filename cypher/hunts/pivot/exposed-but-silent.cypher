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

MATCH (url:Url {risky: true})<-[contains:CONTAINS]-(message:Message)
WHERE all(x IN [url, contains, message] WHERE $case IS NULL OR $case IN x.cases)
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
WITH url, message, user
WHERE NOT EXISTS {
    MATCH (user)-[sent:SENT]->(earlier:Message)-[holds:CONTAINS]->(url)
    WHERE all(x IN [sent, earlier, holds] WHERE $case IS NULL OR $case IN x.cases)
  }
  AND NOT EXISTS {
    MATCH (user)-[did:OPENED|CLICKED]->(url)
    WHERE ($case IS NULL OR $case IN did.cases)
  }
  AND NOT EXISTS {
    MATCH (user)-[used:USED]->(host:Host)-[seen:WARNED_ABOUT|CONNECTED_TO]->(url)
    WHERE all(x IN [used, host, seen] WHERE $case IS NULL OR $case IN x.cases)
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
WITH user, url.id AS url, message, place
ORDER BY url
WITH user, collect(DISTINCT url) AS urls, collect(DISTINCT place) AS places, count(DISTINCT message) AS messages,
     max(message.created) AS last
RETURN coalesce(user.upn, user.name, user.id) AS user, user.name AS name, urls,
       COLLECT { UNWIND places AS place RETURN place ORDER BY place } AS places, messages, last
ORDER BY messages DESC, user, name, urls, places, last;
