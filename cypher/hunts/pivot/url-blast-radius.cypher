// name: url-blast-radius
// title: Everyone and everything a url reached
// description: Who sent the url, who got it (recipients as Defender names them, members of the team of a standard
//   channel, as far as teams were read, and participants of the chat), who reported it, who opened or clicked it, and which hosts went
//   there. opened is the first time that the user did; at is the time of the message, else of the opening or the
//   connection. recipients-of says what each of them did and what was taken away. Neo4j Browser draws the sender, the
//   recipients, who clicked and who reported it. The url may be defanged.
// parameters: url string required example https://login.contoso-payroll.example/oauth2/authorize?client_id=hr&state=8f21
// returns: table
// columns: user, message, at, place, opened, host
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
  RETURN user, message
  UNION
  MATCH (url)<-[contains:CONTAINS]-(message:Message)<-[got:RECEIVED]-(user:User)
  WHERE all(x IN [contains, message, got, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN user, message
  UNION
  MATCH (url)<-[contains:CONTAINS]-(message:Message)<-[told:REPORTED]-(user:User)
  WHERE all(x IN [contains, message, told, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN user, message
  UNION
  MATCH (url)<-[contains:CONTAINS]-(message:Message)-[posted:POSTED_IN]->(channel:Channel)
        <-[holds:HAS_CHANNEL]-(team:Team)<-[member:MEMBER_OF]-(user:User)
  WHERE 'standard' = coalesce(CASE
      WHEN $case IS NULL OR channel.membership_in IS NULL THEN channel.membership
      ELSE head([said IN channel.membership_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
    END, 'standard')
    AND all(x IN [contains, message, posted, channel, holds, team, member, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN user, message
  UNION
  MATCH (url)<-[contains:CONTAINS]-(message:Message)-[posted:POSTED_IN]->(chat:Chat)
        <-[takes_part:PARTICIPATES_IN]-(user:User)
  WHERE all(x IN [contains, message, posted, chat, takes_part, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN user, message
  UNION
  MATCH (url)<-[did:OPENED|CLICKED]-(user:User)
  WHERE all(x IN [did, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN user, null AS message
  UNION
  MATCH (url)<-[seen:WARNED_ABOUT|CONNECTED_TO]-(host:Host)
  WHERE all(x IN [seen, host] WHERE $case IS NULL OR $case IN x.cases)
  OPTIONAL MATCH (host)<-[used:USED]-(user:User)
  WHERE all(x IN [used, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN user, null AS message
}
WITH url, user, collect(DISTINCT message) AS messages
WITH url, user, CASE WHEN size(messages) = 0 THEN [null] ELSE messages END AS messages,
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
UNWIND messages AS message
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
RETURN coalesce(user.upn, user.name, user.id) AS user, message.id AS message,
       coalesce(message.created, opened, connected) AS at, place, opened, coalesce(host.name, host.id) AS host,
       COLLECT {
         MATCH path = (url)<-[:CONTAINS]-(message)<-[:SENT|RECEIVED|REPORTED]-(user)
         WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
         RETURN path
         UNION
         MATCH path = (user)-[:SENT]->(message)-[:POSTED_IN]->(:Channel|Chat)
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
ORDER BY at, user, message, place, opened, host;
