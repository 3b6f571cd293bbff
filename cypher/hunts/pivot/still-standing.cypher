// name: still-standing
// title: Malicious messages that nobody has taken away
// description: Messages with a malicious url, or that Defender itself rated phishing or malware, that are not known to
//   have been taken out after delivery, deleted, or kept from Teams: they can still be clicked. Those that most people
//   can read come first. recipients counts the people who received it, as Defender says; where it says nothing, the
//   others in the chat or in the team of the standard channel; where neither is known it is absent. owned says whether
//   the place is this tenant's, so that the message can be removed here; when it is false nobody here can, but the
//   sender can be blocked; absent is unknown. threats is what Defender found.
// returns: table
// columns: at, sender, place, urls, threats, recipients, owned, web_url, message
// tags: message, removal
// mitre: T1566.002

MATCH (message:Message {risky: true})
WHERE ($case IS NULL OR $case IN message.cases) AND coalesce($case IN message.risky_in, message.risky)
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
WITH message
WHERE NOT removed
OPTIONAL MATCH (message)-[posted:POSTED_IN]->(spot:Channel|Chat)
WHERE all(x IN [posted, spot] WHERE $case IS NULL OR $case IN x.cases)
// The readers of a place are the same for all its messages: so they are looked up once for each place.
WITH spot, collect(message) AS messages
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
WITH spot, place, messages, COLLECT {
       MATCH (spot)<-[holds:HAS_CHANNEL]-(team:Team)<-[member:MEMBER_OF]-(user:User)
       WHERE 'standard' = coalesce(CASE
           WHEN $case IS NULL OR spot.membership_in IS NULL THEN spot.membership
           ELSE head([said IN spot.membership_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
         END, 'standard')
         AND all(x IN [holds, team, member, user] WHERE $case IS NULL OR $case IN x.cases)
       RETURN user
       UNION
       MATCH (spot)<-[takes_part:PARTICIPATES_IN]-(user:User)
       WHERE all(x IN [takes_part, user] WHERE $case IS NULL OR $case IN x.cases)
       RETURN user
     } AS readers
UNWIND messages AS message
OPTIONAL MATCH (message)<-[sent:SENT]-(sender:User)
WHERE all(x IN [sent, sender] WHERE $case IS NULL OR $case IN x.cases)
WITH spot, place, readers, message, sender, coalesce(message.created, sent.at) AS at,
     CASE
       WHEN $case IS NULL OR message.recipients_in IS NULL THEN message.recipients
       ELSE toInteger(head([said IN message.recipients_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)]))
     END AS named,
     COUNT {
       MATCH (message)<-[got:RECEIVED]-(reader:User)
       WHERE all(x IN [got, reader] WHERE $case IS NULL OR $case IN x.cases)
       RETURN DISTINCT reader
     } AS received
RETURN at, coalesce(sender.upn, sender.name, sender.id) AS sender, place,
       COLLECT {
         MATCH (message)-[contains:CONTAINS]->(url:Url {risky: true})
         WHERE all(x IN [contains, url] WHERE $case IS NULL OR $case IN x.cases)
           AND coalesce($case IN url.risky_in, url.risky)
         RETURN DISTINCT url.id AS id
         ORDER BY id
       } AS urls,
       [threat IN coalesce(message.threats, []) WHERE coalesce($case + '/' + threat IN message.threats_in, true)] AS threats,
       CASE
         WHEN received > coalesce(named, 0) THEN received
         WHEN named > 0 THEN named
         WHEN any(reader IN readers WHERE sender IS NULL OR reader <> sender)
         THEN size([reader IN readers WHERE sender IS NULL OR reader <> sender])
       END AS recipients,
       coalesce(message.owned, spot.owned) AS owned, message.web_url AS web_url, message.id AS message
ORDER BY coalesce(recipients, 0) DESC, at, message, recipients, sender, place, urls, threats, owned, web_url;
