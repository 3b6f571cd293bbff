// name: url-blast-radius
// title: Everyone and everything a url reached
// description: Who sent the url, who got it (recipients as Defender names them, members of the team of a standard
//   channel, as far as teams were read, and participants of the chat), who opened or clicked it, and which hosts went
//   there. opened is the first time that the user did; at is the time of the message, else of the opening or the
//   connection. how is sent, received, member, opened or host; outcome the worst that is known of the user and the url
//   (past the block, reached, allowed, opened, warned, blocked); reported when the user reported the message; removed
//   whether the message was taken away. Neo4j Browser draws it. The url may be defanged.
// parameters: url string required example https://login.contoso-payroll.example/oauth2/authorize?client_id=hr&state=8f21
// returns: table
// columns: user, message, at, place, opened, host, how, outcome, reported, removed
// drawn: picture
// tags: url, recipients, picture
// mitre: T1566.002

WITH CASE
    WHEN $url STARTS WITH 'hxxp' THEN 'http' + substring($url, 4)
    WHEN $url STARTS WITH 'fxp' THEN 'ftp' + substring($url, 3)
    ELSE $url
  END AS wanted
WITH replace(replace(replace(wanted, '[.]', '.'), '[:]', ':'), '[@]', '@') AS wanted
MATCH (url:Url)
WHERE url.id IN [wanted, wanted + '/', $url] AND ($case IS NULL OR $case IN url.cases)
CALL (url) {
  MATCH (url)<-[contains:CONTAINS]-(message:Message)<-[sent:SENT]-(user:User)
  WHERE all(x IN [contains, message, sent, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN user, message, 0 AS way
  UNION
  MATCH (url)<-[contains:CONTAINS]-(message:Message)<-[got:RECEIVED]-(user:User)
  WHERE all(x IN [contains, message, got, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN user, message, 1 AS way
  UNION
  MATCH (url)<-[contains:CONTAINS]-(message:Message)-[posted:POSTED_IN]->(channel:Channel)
        <-[holds:HAS_CHANNEL]-(team:Team)<-[member:MEMBER_OF]-(user:User)
  WHERE 'standard' = coalesce(CASE
      WHEN $case IS NULL OR channel.membership_in IS NULL THEN channel.membership
      ELSE head([said IN channel.membership_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
    END, 'standard')
    AND all(x IN [contains, message, posted, channel, holds, team, member, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN user, message, 2 AS way
  UNION
  MATCH (url)<-[contains:CONTAINS]-(message:Message)-[posted:POSTED_IN]->(chat:Chat)
        <-[takes_part:PARTICIPATES_IN]-(user:User)
  WHERE all(x IN [contains, message, posted, chat, takes_part, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN user, message, 2 AS way
  UNION
  MATCH (url)<-[did:OPENED|CLICKED]-(user:User)
  WHERE all(x IN [did, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN user, null AS message, 3 AS way
  UNION
  MATCH (url)<-[seen:WARNED_ABOUT|CONNECTED_TO]-(host:Host)
  WHERE all(x IN [seen, host] WHERE $case IS NULL OR $case IN x.cases)
  OPTIONAL MATCH (host)<-[used:USED]-(user:User)
  WHERE all(x IN [used, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN user, null AS message, 4 AS way
}
WITH url, user, message, min(way) AS way
WITH url, user, collect({message: message, way: way}) AS met
// Who opened the url or used a host has a row without a message only where none is known.
WITH url, user,
     CASE
       WHEN any(one IN met WHERE one.message IS NOT NULL) THEN [one IN met WHERE one.message IS NOT NULL]
       ELSE [{way: reduce(least = 4, one IN met | CASE WHEN one.way < least THEN one.way ELSE least END)}]
     END AS met,
     COLLECT {
       MATCH (url)<-[seen:WARNED_ABOUT|CONNECTED_TO]-(host:Host)
       WHERE all(x IN [seen, host] WHERE $case IS NULL OR $case IN x.cases)
         AND CASE
           WHEN user IS NULL THEN NOT EXISTS {
             MATCH (host)<-[used:USED]-(somebody:User)
             WHERE all(x IN [used, somebody] WHERE $case IS NULL OR $case IN x.cases)
           }
           ELSE EXISTS {
             MATCH (host)<-[used:USED]-(user)
             WHERE ($case IS NULL OR $case IN used.cases)
           }
         END
       RETURN DISTINCT host
     } AS hosts
UNWIND met AS one
WITH url, user, one.message AS message, one.way AS way, hosts
UNWIND CASE WHEN size(hosts) = 0 THEN [null] ELSE hosts END AS host
CALL (url, user, host) {
  OPTIONAL MATCH (user)-[did:OPENED|CLICKED]->(url)
  WHERE ($case IS NULL OR $case IN did.cases)
  WITH url, host, min(did.first_seen) AS opened
  OPTIONAL MATCH (host)-[seen:WARNED_ABOUT|CONNECTED_TO]->(url)
  WHERE ($case IS NULL OR $case IN seen.cases)
  RETURN opened, min(seen.first_seen) AS connected
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
CALL (user, url) {
  OPTIONAL MATCH (user)-[clicked:CLICKED]->(url)
  WHERE ($case IS NULL OR $case IN clicked.cases)
  OPTIONAL MATCH (user)-[opening:OPENED]->(url)
  WHERE ($case IS NULL OR $case IN opening.cases)
  WITH user, url, clicked, opening,
       coalesce($case IN clicked.clicked_through_in, clicked.clicked_through, false) AS passed,
       [action IN coalesce(clicked.actions, []) WHERE coalesce($case + '/' + action IN clicked.actions_in, true)] AS actions,
       EXISTS {
         MATCH (user)-[used:USED]->(device:Host)-[seen:CONNECTED_TO]->(url)
         WHERE all(x IN [used, device, seen] WHERE $case IS NULL OR $case IN x.cases)
       } AS reached,
       EXISTS {
         MATCH (user)-[used:USED]->(device:Host)-[seen:WARNED_ABOUT]->(url)
         WHERE all(x IN [used, device, seen] WHERE $case IS NULL OR $case IN x.cases)
       } AS warned
  RETURN CASE
      WHEN passed THEN 'past the block'
      WHEN reached THEN 'reached'
      WHEN 'ClickAllowed' IN actions THEN 'allowed'
      WHEN clicked IS NOT NULL AND NOT all(action IN actions WHERE action STARTS WITH 'ClickBlocked') THEN 'opened'
      WHEN clicked IS NOT NULL AND size(actions) = 0 THEN 'opened'
      WHEN opening IS NOT NULL AND NOT warned THEN 'opened'
      WHEN warned THEN 'warned'
      WHEN clicked IS NOT NULL THEN 'blocked'
    END AS outcome
}
CALL (message) {
  WITH message,
       CASE
         WHEN $case IS NULL OR message.delivery_in IS NULL THEN message.delivery
         ELSE head([said IN message.delivery_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
       END AS delivery,
       CASE
         WHEN $case IS NULL OR message.zapped_in IS NULL THEN message.zapped
         ELSE datetime(head([said IN message.zapped_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)]))
       END AS zapped,
       CASE
         WHEN $case IS NULL OR message.deleted_in IS NULL THEN message.deleted
         ELSE datetime(head([said IN message.deleted_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)]))
       END AS deleted
  RETURN zapped IS NOT NULL OR deleted IS NOT NULL OR toLower(coalesce(delivery, 'Teams')) <> 'teams' AS removed,
         coalesce(zapped, deleted) AS removed_at
}
OPTIONAL MATCH (user)-[told:REPORTED]->(message)
WHERE ($case IS NULL OR $case IN told.cases)
RETURN coalesce(user.upn, user.name, user.id) AS user, message.id AS message,
       coalesce(message.created, opened, connected) AS at, place, opened, coalesce(host.name, host.id) AS host,
       ['sent', 'received', 'member', 'opened', 'host'][way] AS how, outcome, told.at AS reported,
       CASE WHEN message IS NOT NULL THEN removed END AS removed,
       COLLECT {
         MATCH path = (url)<-[:CONTAINS]-(message)<-[:SENT|RECEIVED|REPORTED]-(user)
         WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
         RETURN path
         UNION
         MATCH path = (url)<-[:CONTAINS]-(message)-[:POSTED_IN]->(:Channel|Chat)
         WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
         RETURN path
         UNION
         MATCH path = (url)<-[:OPENED|CLICKED]-(user)
         WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
         RETURN path
         UNION
         MATCH path = (url)<-[:WARNED_ABOUT|CONNECTED_TO]-(host)
         WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
         RETURN path
         UNION
         MATCH path = (url)<-[:WARNED_ABOUT|CONNECTED_TO]-(host)<-[:USED]-(user)
         WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
         RETURN path
       } AS picture
ORDER BY at, user, message, place, opened, host, how, outcome, reported, removed;
