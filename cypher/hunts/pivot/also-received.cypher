// name: also-received
// title: Who else received what this user received
// description: For the malicious messages that the user received in chats, the other people who received the same
//   message (how message), another message with one of its malicious urls (url), or anything else from the same sender
//   from outside (sender; such a sender writes to each person in a chat of their own). The closest is given once for
//   each person and message. urls are the malicious ones in it, and outcome the worst that is known of the person and
//   these urls (past the block, reached, allowed, opened, warned, blocked). The user is given by UPN, name or id.
// parameters: user string required example mila.hoffmann@contoso.com
// returns: table
// columns: user, name, how, at, sender, place, urls, outcome, message
// tags: user, recipients
// mitre: T1566.003

MATCH (given:User)
WHERE toLower($user) IN [toLower(given.upn), toLower(given.name), toLower(given.id)]
  AND ($case IS NULL OR $case IN given.cases)
WITH DISTINCT given
MATCH (given)-[got:RECEIVED]->(lure:Message {risky: true})
WHERE all(x IN [got, lure] WHERE $case IS NULL OR $case IN x.cases) AND coalesce($case IN lure.risky_in, lure.risky)
WITH DISTINCT given, lure
CALL (given, lure) {
  MATCH (lure)<-[got:RECEIVED]-(user:User)
  WHERE user <> given AND all(x IN [got, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN user, lure AS message, 0 AS way
  UNION
  MATCH (lure)-[held:CONTAINS]->(url:Url {risky: true})<-[contains:CONTAINS]-(message:Message)<-[got:RECEIVED]-(user:User)
  WHERE user <> given AND all(x IN [held, url, contains, message, got, user] WHERE $case IS NULL OR $case IN x.cases)
    AND coalesce($case IN url.risky_in, url.risky)
  RETURN user, message, 1 AS way
  UNION
  MATCH (lure)<-[sent:SENT]-(sender:User)-[wrote:SENT]->(message:Message)<-[got:RECEIVED]-(user:User)
  WHERE user <> given AND all(x IN [sent, sender, wrote, message, got, user] WHERE $case IS NULL OR $case IN x.cases)
    AND CASE
        WHEN $case IS NULL OR sender.type_in IS NULL THEN sender.type
        ELSE head([said IN sender.type_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
      END IN ['external', 'anonymous']
  RETURN user, message, 2 AS way
}
WITH user, message, min(way) AS way
CALL (user, message) {
  OPTIONAL MATCH (message)-[contains:CONTAINS]->(url:Url {risky: true})
  WHERE all(x IN [contains, url] WHERE $case IS NULL OR $case IN x.cases)
    AND coalesce($case IN url.risky_in, url.risky)
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
  WITH url, outcome
  ORDER BY url.id
  RETURN collect(DISTINCT url.id) AS urls, collect(DISTINCT outcome) AS outcomes
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
OPTIONAL MATCH (message)<-[sent:SENT]-(sender:User)
WHERE all(x IN [sent, sender] WHERE $case IS NULL OR $case IN x.cases)
RETURN coalesce(user.upn, user.name, user.id) AS user, user.name AS name,
       ['message', 'url', 'sender'][way] AS how, coalesce(message.created, sent.at) AS at,
       coalesce(sender.upn, sender.name, sender.id) AS sender, place, urls,
       head([word IN ['past the block', 'reached', 'allowed', 'opened', 'warned', 'blocked'] WHERE word IN outcomes]) AS outcome,
       message.id AS message
ORDER BY way, at, user, message, name, how, sender, place, urls, outcome;
