// 2 Mark what is malicious (writes labels)
// Gives malicious urls, the messages that hold one and their senders the label Risky, for which the style has
// vermilion, messages that were taken away the label Removed (pale), and people from outside the label Outside (hollow).
// Hunts and loads do not look at them. Run it again after a load.
MATCH (node:Risky|Removed|Outside)
REMOVE node:Risky:Removed:Outside;
MATCH (url:Url {risky: true})
SET url:Risky;
MATCH (:Url {risky: true})<-[:CONTAINS]-(message:Message)
SET message:Risky;
MATCH (message:Message {risky: true})
SET message:Risky;
MATCH (message:Risky)<-[:SENT]-(user:User)
SET user:Risky;
MATCH (message:Risky)
WHERE message:Message
  AND (message.zapped IS NOT NULL OR message.deleted IS NOT NULL OR toLower(coalesce(message.delivery, 'Teams')) <> 'teams')
SET message:Removed;
MATCH (user:User)
WHERE user.type IN ['external', 'anonymous']
SET user:Outside;
