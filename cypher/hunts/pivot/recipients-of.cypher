// name: recipients-of
// title: Who got a url, what they did with it, and whether it was taken away again
// description: Everybody before whom the url was put: how is received when Defender names the person among the
//   recipients of the message (chats only), or member when the person is in the chat, or in the team of the standard
//   channel, as far as these were read. outcome is the worst that is known of the person and the url (past the block,
//   reached, allowed, opened, warned, blocked), and absent when nothing is known. reported is when the person reported
//   the message. removed says that the message was taken out after delivery, deleted, or never arrived in Teams, and
//   removed_at since when, where that is known. Who went furthest comes first. Who got it behind another url is not among
//   them: redirect-chains shows what led to it. The url may be defanged.
// parameters: url string required example https://login.contoso-payroll.example/oauth2/authorize?client_id=hr&state=8f21
// returns: table
// columns: user, name, how, at, outcome, reported, sender, place, removed, removed_at, message
// tags: url, recipients, user
// mitre: T1566.002

WITH CASE
    WHEN $url STARTS WITH 'hxxp' THEN 'http' + substring($url, 4)
    WHEN $url STARTS WITH 'fxp' THEN 'ftp' + substring($url, 3)
    ELSE $url
  END AS wanted
WITH replace(replace(replace(wanted, '[.]', '.'), '[:]', ':'), '[@]', '@') AS wanted
MATCH (url:Url)
WHERE url.id IN [wanted, wanted + '/', $url] AND ($case IS NULL OR $case IN url.cases)
MATCH (url)<-[contains:CONTAINS]-(message:Message)
WHERE all(x IN [contains, message] WHERE $case IS NULL OR $case IN x.cases)
WITH DISTINCT url, message
CALL (message) {
  MATCH (message)<-[got:RECEIVED]-(user:User)
  WHERE all(x IN [got, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN user, 0 AS way
  UNION
  MATCH (message)-[posted:POSTED_IN]->(chat:Chat)<-[takes_part:PARTICIPATES_IN]-(user:User)
  WHERE all(x IN [posted, chat, takes_part, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN user, 1 AS way
  UNION
  MATCH (message)-[posted:POSTED_IN]->(channel:Channel)<-[holds:HAS_CHANNEL]-(team:Team)<-[member:MEMBER_OF]-(user:User)
  WHERE 'standard' = coalesce(CASE
      WHEN $case IS NULL OR channel.membership_in IS NULL THEN channel.membership
      ELSE head([said IN channel.membership_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
    END, 'standard')
    AND all(x IN [posted, channel, holds, team, member, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN user, 1 AS way
}
WITH url, message, user, min(way) AS way
WHERE NOT EXISTS { MATCH (user)-[wrote:SENT]->(message) WHERE ($case IS NULL OR $case IN wrote.cases) }
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
OPTIONAL MATCH (message)<-[sent:SENT]-(sender:User)
WHERE all(x IN [sent, sender] WHERE $case IS NULL OR $case IN x.cases)
OPTIONAL MATCH (user)-[told:REPORTED]->(message)
WHERE ($case IS NULL OR $case IN told.cases)
RETURN coalesce(user.upn, user.name, user.id) AS user, user.name AS name,
       CASE way WHEN 0 THEN 'received' ELSE 'member' END AS how, coalesce(message.created, sent.at) AS at, outcome,
       told.at AS reported, coalesce(sender.upn, sender.name, sender.id) AS sender, place, removed, removed_at,
       message.id AS message
ORDER BY head([n IN range(0, 5)
               WHERE ['past the block', 'reached', 'allowed', 'opened', 'warned', 'blocked'][n] = outcome]),
         how DESC, at, user, message, name, outcome, reported, sender, place, removed, removed_at;
