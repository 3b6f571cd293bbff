// name: exposed-but-silent
// title: Who could read a malicious url, and is not known to have reacted
// description: Recipients of messages with a malicious url as Defender names them, members of teams (standard channels,
//   as far as teams were read) and participants of chats in which one stands, who did not send or report it, are not
//   known to have opened or clicked it, and whose hosts are not known to have gone there. Nothing known is not nothing
//   done: they are the ones to ask. last is when the url was last put before them.
// returns: table
// columns: user, name, urls, places, messages, last
// tags: user, recipients
// mitre: T1204.001

MATCH (url:Url {risky: true})
WHERE ($case IS NULL OR $case IN url.cases) AND coalesce($case IN url.risky_in, url.risky)
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
       UNION
       MATCH (url)<-[contains:CONTAINS]-(message:Message)<-[told:REPORTED]-(user:User)
       WHERE all(x IN [contains, message, told, user] WHERE $case IS NULL OR $case IN x.cases)
       RETURN user
     } AS reacted
// The readers of a place are the same for all its messages: so they are looked up once for each place.
MATCH (url)<-[contains:CONTAINS]-(message:Message)-[posted:POSTED_IN]->(spot:Channel|Chat)
WHERE all(x IN [contains, message, posted, spot] WHERE $case IS NULL OR $case IN x.cases)
WITH url, reacted, spot, collect(DISTINCT message) AS messages, max(message.created) AS last
WITH spot, collect({url: url.id, reacted: reacted, messages: messages, last: last}) AS lures
CALL (spot) {
  OPTIONAL MATCH (spot)<-[holds:HAS_CHANNEL]-(team:Team)
  WHERE all(x IN [holds, team] WHERE $case IS NULL OR $case IN x.cases)
  RETURN CASE
      WHEN spot:Chat THEN 'Chat: ' + coalesce(spot.topic, spot.kind, spot.id)
      ELSE coalesce(coalesce(team.name, team.id) + ' / ', '') + coalesce(spot.name, spot.id)
    END AS place
  ORDER BY place
  LIMIT 1
}
CALL (spot, lures) {
  MATCH (spot)<-[holds:HAS_CHANNEL]-(team:Team)<-[member:MEMBER_OF]-(user:User)
  WHERE 'standard' = coalesce(CASE
      WHEN $case IS NULL OR spot.membership_in IS NULL THEN spot.membership
      ELSE head([said IN spot.membership_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
    END, 'standard')
    AND all(x IN [holds, team, member, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN DISTINCT user, null AS theirs
  UNION ALL
  MATCH (spot)<-[takes_part:PARTICIPATES_IN]-(user:User)
  WHERE all(x IN [takes_part, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN DISTINCT user, null AS theirs
  UNION ALL
  // Defender names the recipients of each message.
  UNWIND range(0, size(lures) - 1) AS number
  UNWIND lures[number].messages AS message
  MATCH (message)<-[got:RECEIVED]-(user:User)
  WHERE all(x IN [got, user] WHERE $case IS NULL OR $case IN x.cases)
  WITH lures, user, number, collect(DISTINCT message) AS messages, max(message.created) AS last
  RETURN user, collect({url: lures[number].url, reacted: lures[number].reacted, messages: messages, last: last}) AS theirs
}
WITH user, place, [lure IN coalesce(theirs, lures) WHERE NOT user IN lure.reacted] AS unanswered
WHERE size(unanswered) > 0
WITH user, collect(DISTINCT place) AS places, collect(unanswered) AS found
WITH user, places, reduce(all = [], some IN found | all + some) AS lures
RETURN coalesce(user.upn, user.name, user.id) AS user, user.name AS name,
       COLLECT { UNWIND lures AS lure RETURN DISTINCT lure.url AS url ORDER BY url } AS urls,
       COLLECT { UNWIND places AS place RETURN place ORDER BY place } AS places,
       COUNT { UNWIND lures AS lure UNWIND lure.messages AS message RETURN DISTINCT message } AS messages,
       reduce(last = null, lure IN lures | CASE WHEN last IS NULL OR lure.last > last THEN lure.last ELSE last END) AS last
ORDER BY messages DESC, user, name, urls, places, last;
