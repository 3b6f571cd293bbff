// name: channels-with-risky-messages
// title: Channels in which a malicious url stands
// description: Channels with at least one message that holds a malicious url. Chats are in
//   malicious-urls-by-sender and chat-spread.
// returns: table
// columns: team, channel, messages, senders, urls
// notebook: "Channels with risky messages:"
// tags: place
// mitre: T1566.002

MATCH (url:Url {risky: true})<-[contains:CONTAINS]-(message:Message)-[posted:POSTED_IN]->(channel:Channel)
WHERE all(x IN [url, contains, message, posted, channel] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN url.risky_in, url.risky)
OPTIONAL MATCH (message)<-[sent:SENT]-(sender:User)
WHERE all(x IN [sent, sender] WHERE $case IS NULL OR $case IN x.cases)
WITH channel, message, sender, url
ORDER BY url.id
WITH channel, count(DISTINCT message) AS messages, count(DISTINCT sender) AS senders,
     collect(DISTINCT url.id) AS urls
CALL (channel) {
  OPTIONAL MATCH (channel)<-[holds:HAS_CHANNEL]-(team:Team)
  WHERE all(x IN [holds, team] WHERE $case IS NULL OR $case IN x.cases)
  RETURN coalesce(team.name, team.id) AS team
  ORDER BY team
  LIMIT 1
}
RETURN team, coalesce(channel.name, channel.id) AS channel, messages, senders, urls
ORDER BY messages DESC, team, channel, senders, urls;
