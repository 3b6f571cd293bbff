// name: alert-context
// title: What the investigation knows of everything an alert names
// description: One row for each url, user, host, message, channel and chat that the alert names. messages are those that
//   hold the url, the malicious ones that the user sent, or those that stand in the channel or chat; users opened or
//   clicked the url, or worked on the host; hosts were warned about the url or connected to it, or the user worked on
//   them. recipients received a message with the url, that message, or a malicious one in that chat; of a user it is
//   absent. A user is risky who sent a malicious url, a host that was warned about one or connected to one, a place in
//   which a malicious message stands. The alert is given by id or name.
// parameters: alert string required example A potentially malicious URL click was detected
// returns: table
// columns: alert, at, severity, kind, entity, risky, messages, users, hosts, recipients
// tags: alert

MATCH (alert:Alert)
WHERE toLower($alert) IN [toLower(alert.id), toLower(alert.name)] AND ($case IS NULL OR $case IN alert.cases)
CALL (alert) {
  MATCH (alert)-[mentions:MENTIONS]->(url:Url)
  WHERE all(x IN [mentions, url] WHERE $case IS NULL OR $case IN x.cases)
  RETURN 'url' AS kind, url.id AS entity, coalesce($case IN url.risky_in, url.risky, false) AS risky,
         COUNT {
           MATCH (url)<-[contains:CONTAINS]-(message:Message)
           WHERE all(x IN [contains, message] WHERE $case IS NULL OR $case IN x.cases)
           RETURN DISTINCT message
         } AS messages,
         COUNT {
           MATCH (url)<-[did:OPENED|CLICKED]-(user:User)
           WHERE all(x IN [did, user] WHERE $case IS NULL OR $case IN x.cases)
           RETURN DISTINCT user
         } AS users,
         COUNT {
           MATCH (url)<-[seen:WARNED_ABOUT|CONNECTED_TO]-(host:Host)
           WHERE all(x IN [seen, host] WHERE $case IS NULL OR $case IN x.cases)
           RETURN DISTINCT host
         } AS hosts,
         COUNT {
           MATCH (url)<-[contains:CONTAINS]-(message:Message)<-[got:RECEIVED]-(reader:User)
           WHERE all(x IN [contains, message, got, reader] WHERE $case IS NULL OR $case IN x.cases)
           RETURN DISTINCT reader
         } AS recipients
  UNION
  MATCH (alert)-[mentions:MENTIONS]->(user:User)
  WHERE all(x IN [mentions, user] WHERE $case IS NULL OR $case IN x.cases)
  WITH user, COUNT {
         MATCH (user)-[sent:SENT]->(message:Message)-[contains:CONTAINS]->(url:Url {risky: true})
         WHERE all(x IN [sent, message, contains, url] WHERE $case IS NULL OR $case IN x.cases)
           AND coalesce($case IN url.risky_in, url.risky)
         RETURN DISTINCT message
       } AS messages
  RETURN 'user' AS kind, coalesce(user.upn, user.name, user.id) AS entity, messages > 0 AS risky, messages,
         null AS users,
         COUNT {
           MATCH (user)-[used:USED]->(host:Host)
           WHERE all(x IN [used, host] WHERE $case IS NULL OR $case IN x.cases)
           RETURN DISTINCT host
         } AS hosts, null AS recipients
  UNION
  MATCH (alert)-[mentions:MENTIONS]->(message:Message)
  WHERE all(x IN [mentions, message] WHERE $case IS NULL OR $case IN x.cases)
  RETURN 'message' AS kind, message.id AS entity, coalesce($case IN message.risky_in, message.risky, false) AS risky,
         null AS messages, null AS users, null AS hosts,
         COUNT {
           MATCH (message)<-[got:RECEIVED]-(reader:User)
           WHERE all(x IN [got, reader] WHERE $case IS NULL OR $case IN x.cases)
           RETURN DISTINCT reader
         } AS recipients
  UNION
  MATCH (alert)-[mentions:MENTIONS]->(spot:Channel|Chat)
  WHERE all(x IN [mentions, spot] WHERE $case IS NULL OR $case IN x.cases)
  WITH spot, COLLECT {
         MATCH (spot)<-[posted:POSTED_IN]-(message:Message {risky: true})
         WHERE all(x IN [posted, message] WHERE $case IS NULL OR $case IN x.cases)
           AND coalesce($case IN message.risky_in, message.risky)
         RETURN DISTINCT message
       } AS lures
  RETURN CASE WHEN spot:Chat THEN 'chat' ELSE 'channel' END AS kind,
         CASE
           WHEN spot:Chat THEN 'Chat: ' + coalesce(spot.topic, spot.kind, spot.id)
           ELSE coalesce(spot.name, spot.id)
         END AS entity, size(lures) > 0 AS risky,
         COUNT {
           MATCH (spot)<-[posted:POSTED_IN]-(message:Message)
           WHERE all(x IN [posted, message] WHERE $case IS NULL OR $case IN x.cases)
           RETURN DISTINCT message
         } AS messages, null AS users, null AS hosts,
         COUNT {
           UNWIND lures AS lure
           MATCH (lure)<-[got:RECEIVED]-(reader:User)
           WHERE all(x IN [got, reader] WHERE $case IS NULL OR $case IN x.cases)
           RETURN DISTINCT reader
         } AS recipients
  UNION
  MATCH (alert)-[mentions:MENTIONS]->(host:Host)
  WHERE all(x IN [mentions, host] WHERE $case IS NULL OR $case IN x.cases)
  RETURN 'host' AS kind, coalesce(host.name, host.id) AS entity,
         EXISTS {
           MATCH (host)-[seen:WARNED_ABOUT|CONNECTED_TO]->(url:Url {risky: true})
           WHERE all(x IN [seen, url] WHERE $case IS NULL OR $case IN x.cases)
             AND coalesce($case IN url.risky_in, url.risky)
         } AS risky,
         null AS messages,
         COUNT {
           MATCH (host)<-[used:USED]-(user:User)
           WHERE all(x IN [used, user] WHERE $case IS NULL OR $case IN x.cases)
           RETURN DISTINCT user
         } AS users,
         null AS hosts, null AS recipients
}
RETURN coalesce(alert.name, alert.id) AS alert, coalesce(alert.time, alert.first_seen) AS at,
       alert.severity AS severity, kind, entity, risky, messages, users, hosts, recipients
ORDER BY at, alert, kind, entity, severity, risky, messages, users, hosts, recipients;
