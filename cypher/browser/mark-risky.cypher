// 2 Mark what is malicious (writes a label)
// Gives malicious urls, the messages that hold one and their senders the label Risky, for which the style has
// vermilion. Hunts and loads do not look at it. Run it again after a load.
MATCH (node:Risky)
REMOVE node:Risky;
MATCH (url:Url {risky: true})
SET url:Risky;
MATCH (:Url {risky: true})<-[:CONTAINS]-(message:Message)
SET message:Risky;
MATCH (:Url {risky: true})<-[:CONTAINS]-(:Message)<-[:SENT]-(user:User)
SET user:Risky;
