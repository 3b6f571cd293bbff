// name: chat-spread
// title: Chats into which a user put malicious urls, and who is in them
// description: One row for each message of the user in a chat and malicious url in it; participants are the others
//   in that chat, and those who received the message as Defender says. removed says whether the message was taken
//   away. The user is given by UPN, name or id.
// parameters: user string required example mila.hoffmann@contoso.com
// returns: table
// columns: sender, at, place, url, severity, message, participants, removed
// tags: user, place
// mitre: T1534

MATCH (user:User)
WHERE toLower($user) IN [toLower(user.upn), toLower(user.name), toLower(user.id)]
  AND ($case IS NULL OR $case IN user.cases)
WITH DISTINCT user
MATCH (user)-[sent:SENT]->(message:Message)-[contains:CONTAINS]->(url:Url {risky: true})
WHERE all(x IN [sent, message, contains, url] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN url.risky_in, url.risky)
MATCH (message)-[posted:POSTED_IN]->(chat:Chat)
WHERE all(x IN [posted, chat] WHERE $case IS NULL OR $case IN x.cases)
CALL (url) {
  OPTIONAL MATCH (url)-[asked:HAS_VERDICT]->(verdict:Verdict)
  WHERE all(x IN [asked, verdict] WHERE $case IN x.cases)
  WITH url, collect(DISTINCT verdict.severity) AS said
  RETURN CASE
      WHEN $case IS NULL THEN url.severity
      ELSE coalesce(head([rating IN ['high', 'warning', 'information'] WHERE rating IN said]), 'unknown')
    END AS severity
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
RETURN coalesce(user.upn, user.name, user.id) AS sender, coalesce(message.created, sent.at) AS at,
       'Chat: ' + coalesce(chat.topic, chat.kind, chat.id) AS place, url.id AS url, severity,
       message.id AS message,
       COLLECT {
         CALL (chat, message) {
           MATCH (chat)<-[takes_part:PARTICIPATES_IN]-(other:User)
           WHERE all(x IN [takes_part, other] WHERE $case IS NULL OR $case IN x.cases)
           RETURN other
           UNION
           MATCH (message)<-[got:RECEIVED]-(other:User)
           WHERE all(x IN [got, other] WHERE $case IS NULL OR $case IN x.cases)
           RETURN other
         }
         WITH other
         WHERE other <> user
         RETURN DISTINCT coalesce(other.upn, other.name, other.id) AS who
         ORDER BY who
       } AS participants, removed
ORDER BY at, message, url, sender, place, severity, participants, removed;
